/// How parameters move: optimisers, learning-rate schedules, gradient clipping, L-BFGS.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/tensor.hpp"
#include "hebb/transforms.hpp"

namespace hebb {

/// A parameter's new value and new optimiser state, as expressions.
struct ParameterUpdate {
  Tensor parameter;
  std::vector<Tensor> state;
};

/// One kind of optimiser; see the classes' factories below. Immutable.
class OptimizerMethod {
 public:
  virtual ~OptimizerMethod() = default;
  virtual std::string_view name() const = 0;
  /// State tensors for each parameter, of its shape; and the value they start with.
  virtual int slots() const { return 0; }
  virtual double initial_state(int slot) const;
  /// Numbers that change from step to step: computed in double once a step, then fed to the expressions.
  virtual int coefficient_count() const { return 1; }
  virtual void coefficients(std::int64_t step, double learning_rate, std::span<double> out) const;
  virtual ParameterUpdate update(const Tensor& parameter, const Tensor& gradient,
                                 std::span<const Tensor> state,
                                 std::span<const Tensor> coefficients) const = 0;
};

/// A first-order optimiser. Its rule is an expression, so that a whole training step is one plan, and the
/// same formula can be checked in float64. In the formulas p is the parameter, g its gradient, r the learning
/// rate, t = 1, 2, ... the step. `weight_decay` w is decoupled everywhere (Loshchilov and Hutter 2019): p is
/// multiplied by 1 - r w before the step.
class Optimizer {
 public:
  /// Gradient descent with learning rate 0.01.
  Optimizer();
  Optimizer(std::shared_ptr<const OptimizerMethod> method, double learning_rate, double weight_decay);

  /// Reads "adam", "momentum(momentum=0.8)", "adamw(weight_decay=0.1, learning_rate=0.002)": a name of
  /// `optimizer_names`, options as in the aggregates below. Throws ConfigError, with the nearest name, for
  /// what it does not know and for values out of their range.
  static Optimizer parse(std::string_view text);

  std::string_view name() const { return method_->name(); }
  double learning_rate() const { return learning_rate_; }
  double weight_decay() const { return weight_decay_; }
  int slots() const { return method_->slots(); }
  double initial_state(int slot) const { return method_->initial_state(slot); }
  int coefficient_count() const { return method_->coefficient_count() + (weight_decay_ != 0 ? 1 : 0); }
  /// Writes coefficient_count() numbers for step t = 1, 2, ...
  void coefficients(std::int64_t step, double learning_rate, std::span<double> out) const;
  /// The new parameter and state; `coefficients` are scalars.
  ParameterUpdate update(const Tensor& parameter, const Tensor& gradient, std::span<const Tensor> state,
                         std::span<const Tensor> coefficients) const;

 private:
  std::shared_ptr<const OptimizerMethod> method_;
  double learning_rate_;
  double weight_decay_;
};

/// Names that `Optimizer::parse` knows: gd, sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, rprop.
std::vector<std::string_view> optimizer_names();

struct SgdOptions {
  double learning_rate = 0.01;
  double weight_decay = 0;
};
/// p -= r g: gradient descent, stochastic when batches are parts of the data. Also called `gd`.
Optimizer Sgd(SgdOptions options = {});

struct MomentumOptions {
  double learning_rate = 0.01;
  double momentum = 0.9;
  double weight_decay = 0;
};
/// v = m v + g, p -= r v (Polyak 1964; PyTorch's form).
Optimizer Momentum(MomentumOptions options = {});
/// v = m v + g, p -= r (g + m v) (Nesterov 1983; Sutskever et al. 2013; PyTorch's form).
Optimizer Nesterov(MomentumOptions options = {});

struct AdagradOptions {
  double learning_rate = 0.01;
  double epsilon = 1e-10;
  double learning_rate_decay = 0;  ///< r becomes r / (1 + (t - 1) decay)
  double initial_accumulator = 0;
  double weight_decay = 0;
};
/// s += g^2, p -= r g / (sqrt(s) + epsilon) (Duchi et al. 2011).
Optimizer Adagrad(AdagradOptions options = {});

struct RmspropOptions {
  double learning_rate = 0.01;
  double decay = 0.99;
  double epsilon = 1e-8;
  double momentum = 0;
  double weight_decay = 0;
};
/// s = d s + (1 - d) g^2, p -= r g / (sqrt(s) + epsilon) (Tieleman and Hinton 2012); with momentum m the last
/// term is gathered in v = m v + g / (sqrt(s) + epsilon) first.
Optimizer Rmsprop(RmspropOptions options = {});

struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
};
/// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, p -= r / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon)
/// (Kingma and Ba 2015, algorithm 1).
Optimizer Adam(AdamOptions options = {});
/// Adam with a decoupled weight decay of 0.01 unless said otherwise (Loshchilov and Hutter 2019).
Optimizer AdamW(AdamOptions options = {.weight_decay = 0.01});

struct RpropOptions {
  double learning_rate = 0.01;  ///< the first step size of every element
  double shrink = 0.5;
  double grow = 1.2;
  double smallest_step = 1e-6;
  double largest_step = 50;
};
/// Steps of a size of their own for each element, which grows while the gradient keeps its sign and shrinks
/// when it turns; then the element rests once (Riedmiller and Braun 1993; the variant iRprop-, as in
/// PyTorch). For full batches.
Optimizer Rprop(RpropOptions options = {});

// ---- gradient clipping
// --------------------------------------------------------------------------------------------

struct ClipOptions {
  double value = 0;  ///< each element is limited to [-value, value]; 0: no limit
  double norm =
      0;  ///< all gradients are scaled so that their joint Euclidean norm is at most this; 0: no limit
};
/// The gradients, first limited by value, then by norm: multiplied by min(1, limit / (norm + 1e-6)), as
/// PyTorch does. Throws ConfigError for a negative or non-finite limit.
Tensors clip_gradients(const Tensors& gradients, const ClipOptions& options);

// ---- schedules
// ----------------------------------------------------------------------------------------------------

/// How the learning rate changes. Steps are counted from 0.
struct ScheduleOptions {
  /// constant: r. step: r gamma^floor(epoch / epochs). exponential: r gamma^epoch (whole epochs). cosine:
  /// from r to `least` over the whole training, half a cosine, step by step (Loshchilov and Hutter 2017).
  /// one_cycle: from r / 25 up to r over the first `peak` of all steps, then down to r / 250000, both by half
  /// a cosine (Smith and Topin 2018; PyTorch's form). plateau: r times `gamma` whenever the watched loss has
  /// not improved for more than `patience` epochs. inverse: r / (1 + step)^power, step by step (Robbins and
  /// Monro 1951).
  std::string kind = "constant";
  double gamma = 0.1;
  std::int64_t epochs = 10;    ///< step: epochs between reductions
  double least = 0;            ///< cosine and plateau: lowest rate
  double peak = 0.3;           ///< one_cycle: share of steps before the peak
  std::int64_t patience = 10;  ///< plateau
  double threshold = 1e-4;     ///< plateau: relative improvement that counts
  double power = 0.5;          ///< inverse
  std::int64_t warmup = 0;     ///< steps of linear warm-up from r / (warmup + 1) before any kind
};

/// A learning-rate schedule; a value. Only `plateau` has a state.
class Schedule {
 public:
  /// Throws ConfigError for an unknown kind (with the nearest) or values out of range.
  explicit Schedule(ScheduleOptions options);
  Schedule() : Schedule(ScheduleOptions()) {}
  /// Reads "cosine", "step(epochs=5, gamma=0.5)", "constant(warmup=100)".
  static Schedule parse(std::string_view text);
  std::string describe() const;

  const ScheduleOptions& options() const { return options_; }
  /// The rate of a step. `steps_per_epoch` and `total_steps` are positive.
  double rate(double base, std::int64_t step, std::int64_t steps_per_epoch, std::int64_t total_steps) const;
  /// To be told the watched loss after each epoch; matters for plateau alone.
  void observe(double loss);
  /// What `observe` has gathered, for resumption.
  std::vector<double> state() const;
  /// Throws FormatError for a list of the wrong length.
  void set_state(std::span<const double> state);

 private:
  ScheduleOptions options_;
  double best_;
  double factor_ = 1;
  std::int64_t bad_epochs_ = 0;
};

std::vector<std::string_view> schedule_names();

// ---- L-BFGS
// -------------------------------------------------------------------------------------------------------

struct LbfgsOptions {
  double learning_rate = 1;          ///< first trial length of each line search
  int history = 10;                  ///< pairs of steps and gradient changes that are kept
  double gradient_tolerance = 1e-7;  ///< stop when no element of the gradient is larger
  double change_tolerance = 1e-9;    ///< stop when neither loss nor parameters change more
  int most_evaluations = 25;         ///< of one line search
};

/// The value at x and the gradient there.
using LossAndGradient = std::function<double(std::span<const double> x, std::span<double> gradient)>;

/// Limited-memory BFGS with a line search for the strong Wolfe conditions (Nocedal and Wright 2006,
/// algorithms 7.4, 7.5, 3.5 and 3.6, c1 = 1e-4, c2 = 0.9). Deterministic; for full batches.
class Lbfgs {
 public:
  /// Throws ConfigError for options out of range.
  explicit Lbfgs(LbfgsOptions options);
  Lbfgs() : Lbfgs(LbfgsOptions()) {}
  /// Reads "lbfgs", "lbfgs(history=20)".
  static LbfgsOptions parse(std::string_view text);

  /// One iteration from x, which is moved; returns the loss at x before. Sets `converged`.
  double step(std::span<double> x, const LossAndGradient& f);
  bool converged() const { return converged_; }

  /// Everything the next step depends on, as numbers, for resumption.
  std::vector<double> state() const;
  /// Throws FormatError for what `state` cannot have given.
  void set_state(std::span<const double> state);

 private:
  struct Pair {
    std::vector<double> step, change;
    double rho;
  };
  std::vector<double> direction(std::span<const double> gradient) const;

  LbfgsOptions options_;
  std::vector<Pair> pairs_;  // oldest first
  std::vector<double> gradient_;
  double loss_ = 0;
  std::int64_t steps_ = 0;
  bool converged_ = false;
};

}  // namespace hebb
