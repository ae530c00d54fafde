#include <cmath>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "hebb/optim.hpp"
#include "optim/option_text.hpp"

namespace hebb {

double OptimizerMethod::initial_state(int) const { return 0; }

void OptimizerMethod::coefficients(std::int64_t, double learning_rate, std::span<double> out) const {
  out[0] = learning_rate;
}

Optimizer::Optimizer() : Optimizer(Sgd()) {}

Optimizer::Optimizer(std::shared_ptr<const OptimizerMethod> method, double learning_rate, double weight_decay)
    : method_(std::move(method)), learning_rate_(learning_rate), weight_decay_(weight_decay) {
  const std::string what(method_->name());
  require_option(std::isfinite(learning_rate) && learning_rate > 0, what + " learning_rate",
                 "a positive number", learning_rate);
  require_option(std::isfinite(weight_decay) && weight_decay >= 0, what + " weight_decay",
                 "zero or a positive number", weight_decay);
}

void Optimizer::coefficients(std::int64_t step, double learning_rate, std::span<double> out) const {
  method_->coefficients(step, learning_rate, out);
  if (weight_decay_ != 0)
    out[static_cast<std::size_t>(method_->coefficient_count())] = 1 - learning_rate * weight_decay_;
}

ParameterUpdate Optimizer::update(const Tensor& parameter, const Tensor& gradient,
                                  std::span<const Tensor> state, std::span<const Tensor> coefficients) const {
  const auto own = static_cast<std::size_t>(method_->coefficient_count());
  const Tensor decayed = weight_decay_ != 0 ? parameter * coefficients[own] : parameter;
  return method_->update(decayed, gradient, state, coefficients.first(own));
}

std::vector<std::string_view> optimizer_names() {
  return {"gd", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "rprop"};
}

Optimizer Optimizer::parse(std::string_view text) {
  const OptionText options("optimizer", text);
  const std::string& name = options.name();
  const auto to = [](double& target) { return [&target](double value) { target = value; }; };
  if (name == "gd" || name == "sgd") {
    SgdOptions o;
    options.assign({{"learning_rate", to(o.learning_rate)}, {"weight_decay", to(o.weight_decay)}});
    return Sgd(o);
  }
  if (name == "momentum" || name == "nesterov") {
    MomentumOptions o;
    options.assign({{"learning_rate", to(o.learning_rate)},
                    {"momentum", to(o.momentum)},
                    {"weight_decay", to(o.weight_decay)}});
    return name == "momentum" ? Momentum(o) : Nesterov(o);
  }
  if (name == "adagrad") {
    AdagradOptions o;
    options.assign({{"learning_rate", to(o.learning_rate)},
                    {"epsilon", to(o.epsilon)},
                    {"learning_rate_decay", to(o.learning_rate_decay)},
                    {"initial_accumulator", to(o.initial_accumulator)},
                    {"weight_decay", to(o.weight_decay)}});
    return Adagrad(o);
  }
  if (name == "rmsprop") {
    RmspropOptions o;
    options.assign({{"learning_rate", to(o.learning_rate)},
                    {"decay", to(o.decay)},
                    {"epsilon", to(o.epsilon)},
                    {"momentum", to(o.momentum)},
                    {"weight_decay", to(o.weight_decay)}});
    return Rmsprop(o);
  }
  if (name == "adam" || name == "adamw") {
    AdamOptions o = {.weight_decay = name == "adamw" ? 0.01 : 0.0};
    options.assign({{"learning_rate", to(o.learning_rate)},
                    {"beta1", to(o.beta1)},
                    {"beta2", to(o.beta2)},
                    {"epsilon", to(o.epsilon)},
                    {"weight_decay", to(o.weight_decay)}});
    return name == "adam" ? Adam(o) : AdamW(o);
  }
  if (name == "rprop") {
    RpropOptions o;
    options.assign({{"learning_rate", to(o.learning_rate)},
                    {"shrink", to(o.shrink)},
                    {"grow", to(o.grow)},
                    {"smallest_step", to(o.smallest_step)},
                    {"largest_step", to(o.largest_step)}});
    return Rprop(o);
  }
  throw ConfigError(unknown_name("optimizer", name, optimizer_names()));
}

}  // namespace hebb
