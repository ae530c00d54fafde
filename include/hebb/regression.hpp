/// Regression: a line through values, and the probability of classes, from one slope corrected by its errors
/// to methods that look at all samples before each step.
#pragma once

#include <memory>

#include "hebb/neurons.hpp"

namespace hebb::neurons {

/// The simplest learner: y = slope x, the slope corrected by each example's error.
class LinearPredictor {
 public:
  /// One example, looked at.
  struct Correction {
    double prediction = 0;  ///< by the slope before
    double error = 0;       ///< target - prediction
    double change = 0;  ///< of the slope: rate error / x, which makes `rate` of the error vanish; 0 at x = 0
  };

  /// Throws ConfigError unless the rate is in (0, 2), where the errors of one example shrink.
  explicit LinearPredictor(double learning_rate = 0.5, double slope = 0);

  double predict(double x) const { return slope_ * x; }
  double slope() const { return slope_; }
  /// Learns one example. Throws DataError for a number that is not finite.
  Correction learn(double x, double target);
  /// Learns examples in their order; one correction each. Throws ShapeError when the counts differ.
  std::vector<Correction> partial_fit(std::span<const float> x, std::span<const float> targets);
  /// The same from the slope it was made with, for so many epochs; the corrections of the last one.
  std::vector<Correction> fit(std::span<const float> x, std::span<const float> targets,
                              std::int64_t epochs = 1);

 private:
  double rate_;
  double start_;
  double slope_;
};

/// How weights are found that make a mean over all samples small.
enum class Solver : std::uint8_t {
  automatic,  ///< proximal with an L1 penalty, else newton for LinearRegression, lbfgs for LogisticRegression
  gradient_descent,  ///< weights -= rate gradient
  /// Newton's method, of logistic regression iteratively reweighted least squares, of squares the normal
  /// equations; in float64 throughout. Where inputs depend on each other (a constant one and the bias), one
  /// of them gets no weight. At most kMostNewton parameters.
  newton,
  /// L-BFGS on inputs that are centred and made independent first, which changes nothing but its way.
  /// Products of samples and weights are float32.
  lbfgs,
  /// Accelerated proximal gradient steps: weights that the L1 penalty makes zero are exactly zero (Beck,
  /// Teboulle, SIAM J. Imaging Sciences 2, 183 (2009), with backtracking and restarts). Products are float32.
  proximal,
};
inline constexpr std::int64_t kMostNewton = 4096;

struct BatchOptions {
  Solver solver = Solver::automatic;
  PenaltyOptions penalty = {};
  double learning_rate = 0.1;     ///< gradient_descent
  std::int64_t max_epochs = 100;  ///< iterations: each looks at all samples at least once
  /// Enough when no element of the gradient is larger (lbfgs: of that in its coordinates; proximal: of the
  /// step over its rate).
  double tolerance = 1e-6;
  bool bias = true;
  std::int64_t classes = 0;  ///< LogisticRegression; 0: as many as the labels tell
  /// LogisticRegression: one distribution over the classes (softmax), or one neuron for each.
  Multiclass multiclass = Multiclass::together;
};

class BatchSolver;  // the inside

/// Least squares: the mean over samples of (weights . x + bias - target)^2, with penalties l2 |weights|^2
/// (ridge) and l1 sum |weights| (lasso); the bias bears none.
class LinearRegression {
 public:
  /// Throws ConfigError for options out of range.
  explicit LinearRegression(BatchOptions options = {});
  ~LinearRegression();
  LinearRegression(LinearRegression&&) noexcept;
  LinearRegression& operator=(LinearRegression&&) noexcept;

  /// Throws DataError for no samples and values that are not finite, ShapeError when counts differ.
  void fit(const Samples& x, std::span<const float> targets);
  /// One iteration more, on the same samples.
  void partial_fit(const Samples& x, std::span<const float> targets);
  /// [count].
  std::vector<double> predict(const Samples& x) const;

  const LinearModel& model() const;
  const EpochSummary& last_epoch() const { return last_epoch_; }
  std::int64_t epochs() const { return epochs_; }
  bool converged() const;

 private:
  BatchOptions options_;
  std::unique_ptr<BatchSolver> solver_;
  std::int64_t epochs_ = 0;
  EpochSummary last_epoch_;
};

/// Logistic regression: the mean over samples of -log p(label), p = softmax of the scores (two classes: the
/// sigmoid of one score), with penalties l2 |weights|^2 and l1 sum |weights|; the bias bears none. Of
/// scikit-learn's C: l2 = 1 / (2 C samples).
class LogisticRegression : public Classifier {
 public:
  explicit LogisticRegression(BatchOptions options = {});
  ~LogisticRegression() override;

  const LinearModel& model() const;
  const BatchOptions& options() const { return options_; }
  /// [count, classes], rows of sum 1.
  std::vector<double> predict_proba(const Samples& x) const;

  bool finished() const override;
  std::string report(std::span<const std::string> names = {}) const override;
  std::string describe() const override;
  Sequential network(const Shape& input_shape = Shape()) const override;
  Loss loss() const override;
  std::vector<double> state() const override;

 protected:
  void reset() override;
  EpochSummary pass(const Samples& x, std::span<const std::int32_t> labels) override;
  void scores(const Samples& x, std::span<double> to) const override;
  void restore(std::span<const double> state) override;

 private:
  bool softmax() const { return outputs() > 1 && options_.multiclass == Multiclass::together; }
  BatchOptions options_;
  std::unique_ptr<BatchSolver> solver_;
};

/// The name of a solver: "newton".
std::string_view to_string(Solver solver);
/// Throws ConfigError, with the nearest name.
Solver parse_solver(std::string_view name);

}  // namespace hebb::neurons
