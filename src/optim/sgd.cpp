/// Gradient descent and its forms with momentum.

#include "hebb/ops.hpp"
#include "hebb/optim.hpp"
#include "optim/option_text.hpp"

namespace hebb {

namespace {

class SgdMethod final : public OptimizerMethod {
 public:
  std::string_view name() const override { return "sgd"; }
  ParameterUpdate update(const Tensor& p, const Tensor& g, std::span<const Tensor>,
                         std::span<const Tensor> rate) const override {
    return {p - rate[0] * g, {}};
  }
};

class MomentumMethod final : public OptimizerMethod {
 public:
  MomentumMethod(double momentum, bool nesterov) : momentum_(momentum), nesterov_(nesterov) {
    require_option(momentum >= 0 && momentum < 1, nesterov ? "nesterov momentum" : "momentum momentum",
                   "a number in [0, 1)", momentum);
  }
  std::string_view name() const override { return nesterov_ ? "nesterov" : "momentum"; }
  int slots() const override { return 1; }
  ParameterUpdate update(const Tensor& p, const Tensor& g, std::span<const Tensor> state,
                         std::span<const Tensor> rate) const override {
    const Tensor velocity = momentum_ * state[0] + g;
    const Tensor along = nesterov_ ? momentum_ * velocity + g : velocity;
    return {p - rate[0] * along, {velocity}};
  }

 private:
  double momentum_;
  bool nesterov_;
};

}  // namespace

Optimizer Sgd(SgdOptions o) { return {std::make_shared<SgdMethod>(), o.learning_rate, o.weight_decay}; }

Optimizer Momentum(MomentumOptions o) {
  return {std::make_shared<MomentumMethod>(o.momentum, false), o.learning_rate, o.weight_decay};
}

Optimizer Nesterov(MomentumOptions o) {
  return {std::make_shared<MomentumMethod>(o.momentum, true), o.learning_rate, o.weight_decay};
}

}  // namespace hebb
