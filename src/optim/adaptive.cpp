/// Optimisers that scale each element by the history of its gradient.

#include <cmath>

#include "hebb/ops.hpp"
#include "hebb/optim.hpp"
#include "optim/option_text.hpp"

namespace hebb {

namespace {

class AdagradMethod final : public OptimizerMethod {
 public:
  explicit AdagradMethod(const AdagradOptions& options) : o_(options) {
    require_option(o_.epsilon > 0, "adagrad epsilon", "a positive number", o_.epsilon);
    require_option(o_.learning_rate_decay >= 0, "adagrad learning_rate_decay", "zero or a positive number",
                   o_.learning_rate_decay);
    require_option(o_.initial_accumulator >= 0, "adagrad initial_accumulator", "zero or a positive number",
                   o_.initial_accumulator);
  }
  std::string_view name() const override { return "adagrad"; }
  int slots() const override { return 1; }
  double initial_state(int) const override { return o_.initial_accumulator; }
  void coefficients(std::int64_t step, double learning_rate, std::span<double> out) const override {
    out[0] = learning_rate / (1 + static_cast<double>(step - 1) * o_.learning_rate_decay);
  }
  ParameterUpdate update(const Tensor& p, const Tensor& g, std::span<const Tensor> state,
                         std::span<const Tensor> rate) const override {
    const Tensor total = g * g + state[0];
    return {p - rate[0] * g / (sqrt(total) + o_.epsilon), {total}};
  }

 private:
  AdagradOptions o_;
};

class RmspropMethod final : public OptimizerMethod {
 public:
  explicit RmspropMethod(const RmspropOptions& options) : o_(options) {
    require_option(o_.decay >= 0 && o_.decay < 1, "rmsprop decay", "a number in [0, 1)", o_.decay);
    require_option(o_.epsilon > 0, "rmsprop epsilon", "a positive number", o_.epsilon);
    require_option(o_.momentum >= 0 && o_.momentum < 1, "rmsprop momentum", "a number in [0, 1)",
                   o_.momentum);
  }
  std::string_view name() const override { return "rmsprop"; }
  int slots() const override { return o_.momentum > 0 ? 2 : 1; }
  ParameterUpdate update(const Tensor& p, const Tensor& g, std::span<const Tensor> state,
                         std::span<const Tensor> rate) const override {
    const Tensor average = o_.decay * state[0] + (1 - o_.decay) * (g * g);
    const Tensor scaled = g / (sqrt(average) + o_.epsilon);
    if (o_.momentum == 0) return {p - rate[0] * scaled, {average}};
    const Tensor velocity = o_.momentum * state[1] + scaled;
    return {p - rate[0] * velocity, {average, velocity}};
  }

 private:
  RmspropOptions o_;
};

class AdamMethod final : public OptimizerMethod {
 public:
  AdamMethod(const AdamOptions& options, std::string_view name) : o_(options), name_(name) {
    require_option(o_.beta1 >= 0 && o_.beta1 < 1, std::string(name) + " beta1", "a number in [0, 1)",
                   o_.beta1);
    require_option(o_.beta2 >= 0 && o_.beta2 < 1, std::string(name) + " beta2", "a number in [0, 1)",
                   o_.beta2);
    require_option(o_.epsilon > 0, std::string(name) + " epsilon", "a positive number", o_.epsilon);
  }
  std::string_view name() const override { return name_; }
  int slots() const override { return 2; }
  // The corrections of both averages change with the step alone: two numbers, in double.
  int coefficient_count() const override { return 2; }
  void coefficients(std::int64_t step, double learning_rate, std::span<double> out) const override {
    const auto t = static_cast<double>(step);
    out[0] = learning_rate / (1 - std::pow(o_.beta1, t));
    out[1] = 1 / std::sqrt(1 - std::pow(o_.beta2, t));
  }
  ParameterUpdate update(const Tensor& p, const Tensor& g, std::span<const Tensor> state,
                         std::span<const Tensor> k) const override {
    const Tensor m = o_.beta1 * state[0] + (1 - o_.beta1) * g;
    const Tensor v = o_.beta2 * state[1] + (1 - o_.beta2) * (g * g);
    return {p - k[0] * m / (sqrt(v) * k[1] + o_.epsilon), {m, v}};
  }

 private:
  AdamOptions o_;
  std::string_view name_;
};

class RpropMethod final : public OptimizerMethod {
 public:
  explicit RpropMethod(const RpropOptions& options) : o_(options) {
    require_option(o_.shrink > 0 && o_.shrink < 1, "rprop shrink", "a number in (0, 1)", o_.shrink);
    require_option(o_.grow > 1, "rprop grow", "a number above 1", o_.grow);
    require_option(o_.smallest_step > 0, "rprop smallest_step", "a positive number", o_.smallest_step);
    require_option(o_.largest_step >= o_.smallest_step, "rprop largest_step",
                   "a number not below smallest_step", o_.largest_step);
  }
  std::string_view name() const override { return "rprop"; }
  int slots() const override { return 2; }  // the last gradient that moved the element, and its step size
  double initial_state(int slot) const override { return slot == 0 ? 0 : o_.learning_rate; }
  ParameterUpdate update(const Tensor& p, const Tensor& g, std::span<const Tensor> state,
                         std::span<const Tensor>) const override {
    const Tensor agreement = g * state[0];
    const Tensor turned = less(agreement, 0.0);
    const Tensor factor = where(turned, o_.shrink, where(less(0.0, agreement), o_.grow, 1.0));
    const Tensor size = clip(state[1] * factor, o_.smallest_step, o_.largest_step);
    const Tensor moving = where(turned, 0.0, g);
    return {p - sign(moving) * size, {moving, size}};
  }

 private:
  RpropOptions o_;
};

}  // namespace

Optimizer Adagrad(AdagradOptions o) {
  return {std::make_shared<AdagradMethod>(o), o.learning_rate, o.weight_decay};
}
Optimizer Rmsprop(RmspropOptions o) {
  return {std::make_shared<RmspropMethod>(o), o.learning_rate, o.weight_decay};
}
Optimizer Adam(AdamOptions o) {
  return {std::make_shared<AdamMethod>(o, "adam"), o.learning_rate, o.weight_decay};
}
Optimizer AdamW(AdamOptions o) {
  return {std::make_shared<AdamMethod>(o, "adamw"), o.learning_rate, o.weight_decay};
}
Optimizer Rprop(RpropOptions o) { return {std::make_shared<RpropMethod>(o), o.learning_rate, 0}; }

}  // namespace hebb
