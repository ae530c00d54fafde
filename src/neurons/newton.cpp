// Newton's step for regression: of logistic regression, iteratively reweighted least squares.
#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"
#include "kernels/weighted_sums.hpp"
#include "neurons/batch_solver.hpp"
#include "neurons/cholesky.hpp"

namespace hebb::neurons {

namespace {

/// The parameters of one output: the bias, where there is one, and the weights. The bias comes first, so that
/// of it and a constant input the input is the one that goes without a weight.
class NewtonSystem {
 public:
  NewtonSystem(const LinearProblem& problem, const std::vector<double>& slopes, const LinearModel& model)
      : problem_(problem),
        slopes_(slopes),
        model_(model),
        bias_(problem.form().bias ? 1 : 0),
        size_(model.inputs + bias_),
        outputs_(model.outputs),
        scale_(1 / static_cast<double>(problem.x().count())) {
    // Samples with a 1 before them.
    const Samples& x = problem.x();
    for (std::int64_t i = 0; i < x.count(); ++i) {
      if (bias_ == 1) rows_.push_back(1);
      rows_.insert(rows_.end(), x.row(i), x.row(i) + x.features());
    }
  }

  LinearModel solve() const {
    LinearModel direction = zero_model(model_.inputs, outputs_);
    if (problem_.form().link != Link::softmax) {
      for (std::int64_t c = 0; c < outputs_; ++c) {
        std::vector<double> hessian(static_cast<std::size_t>(size_ * size_));
        add_block(c, c, hessian.data(), size_);
        factorise(hessian, size_);
        std::vector<double> step(static_cast<std::size_t>(size_));
        gradient_of(c, step.data());
        solve_factorised(hessian, step);
        put(step.data(), c, direction);
      }
      return direction;
    }
    const std::int64_t all = size_ * outputs_;
    std::vector<double> hessian(static_cast<std::size_t>(all * all));
    double trace = 0;
    for (std::int64_t a = 0; a < outputs_; ++a)
      for (std::int64_t b = 0; b <= a; ++b)
        add_block(a, b, hessian.data() + a * size_ * all + b * size_, all);
    for (std::int64_t i = 0; i < all; ++i) trace += hessian[static_cast<std::size_t>(i * (all + 1))];
    // The same added to the scores of all classes changes nothing, and no gradient points that way: with any
    // curvature there the system has one solution, which is the same whatever the curvature.
    const double curvature = trace / static_cast<double>(all);
    for (std::int64_t a = 0; a < outputs_; ++a)
      for (std::int64_t b = 0; b <= a; ++b)
        for (std::int64_t j = 0; j < size_; ++j)
          hessian[static_cast<std::size_t>((a * size_ + j) * all + b * size_ + j)] += curvature;
    factorise(hessian, all);
    std::vector<double> step(static_cast<std::size_t>(all));
    for (std::int64_t c = 0; c < outputs_; ++c) gradient_of(c, step.data() + c * size_);
    solve_factorised(hessian, step);
    for (std::int64_t c = 0; c < outputs_; ++c) put(step.data() + c * size_, c, direction);
    return direction;
  }

 private:
  double slope(std::int64_t i, std::int64_t c) const {
    return slopes_[static_cast<std::size_t>(i * outputs_ + c)];
  }

  /// The second derivative of sample i's loss by the scores of outputs a and b.
  double curvature(std::int64_t i, std::int64_t a, std::int64_t b) const {
    if (problem_.form().link == Link::identity) return 2;
    const double p = probability(i, a);
    if (a == b) return p * (1 - p);
    return -p * probability(i, b);
  }

  double probability(std::int64_t i, std::int64_t c) const { return slope(i, c) + problem_.target(i, c); }

  /// Adds the lower triangle of block (a, b) of the Hessian, whose rows are `stride` apart; all of it unless
  /// a is b.
  void add_block(std::int64_t a, std::int64_t b, double* to, std::int64_t stride) const {
    const std::int64_t count = problem_.x().count();
    std::vector<double> weights;
    for (std::int64_t i = 0; i < count; ++i) weights.push_back(scale_ * curvature(i, a, b));
    parallel_for(size_, [&](std::int64_t j) {
      const std::int64_t length = a == b ? j + 1 : size_;
      for (std::int64_t i = 0; i < count; ++i) {
        const float* row = rows_.data() + i * size_;
        move_along(to + j * stride, length, 1, weights[static_cast<std::size_t>(i)] * double{row[j]}, row);
      }
    });
    if (a != b) return;
    for (std::int64_t j = bias_; j < size_; ++j) to[j * stride + j] += 2 * problem_.form().l2;
  }

  void gradient_of(std::int64_t c, double* to) const {
    for (std::int64_t i = 0; i < problem_.x().count(); ++i)
      move_along(to, size_, 1, scale_ * slope(i, c), rows_.data() + i * size_);
    add_multiple(to + bias_, model_.inputs, 2 * problem_.form().l2,
                 model_.weights.data() + c * model_.inputs);
  }

  void put(const double* step, std::int64_t c, LinearModel& direction) const {
    if (bias_ == 1) direction.bias[static_cast<std::size_t>(c)] = step[0];
    std::copy_n(step + bias_, model_.inputs, direction.weights.begin() + c * model_.inputs);
  }

  const LinearProblem& problem_;
  const std::vector<double>& slopes_;
  const LinearModel& model_;
  std::int64_t bias_;
  std::int64_t size_;
  std::int64_t outputs_;
  double scale_;
  std::vector<float> rows_;
};

/// The largest element of the gradient that the slopes make.
double largest_gradient(const LinearProblem& problem, const std::vector<double>& slopes,
                        const LinearModel& model, LinearModel& gradient) {
  gradient = zero_model(model.inputs, model.outputs);
  const double scale = 1 / static_cast<double>(problem.x().count());
  for (std::int64_t i = 0; i < problem.x().count(); ++i) {
    for (std::int64_t c = 0; c < model.outputs; ++c) {
      const double slope = scale * slopes[static_cast<std::size_t>(i * model.outputs + c)];
      move_along(gradient.weights.data() + c * model.inputs, model.inputs, 1, slope, problem.x().row(i));
      if (problem.form().bias) gradient.bias[static_cast<std::size_t>(c)] += slope;
    }
  }
  add_multiple(gradient.weights.data(), std::ssize(gradient.weights), 2 * problem.form().l2,
               model.weights.data());
  double largest = 0;
  for (const double value : gradient.weights) largest = std::max(largest, std::abs(value));
  for (const double value : gradient.bias) largest = std::max(largest, std::abs(value));
  return largest;
}

}  // namespace

double BatchSolver::newton(const LinearProblem& problem) {
  constexpr double kSufficientDecrease = 1e-4;
  constexpr double kShortest = 1e-10;
  std::vector<double> slopes;
  const double before = problem.exact_loss(model_, slopes);
  LinearModel gradient;
  converged_ = largest_gradient(problem, slopes, model_, gradient) <= options_.tolerance;
  if (converged_) return before;
  const LinearModel direction = NewtonSystem(problem, slopes, model_).solve();
  const double slope = dot(gradient.weights.data(), direction.weights.data(), std::ssize(gradient.weights)) +
                       dot(gradient.bias.data(), direction.bias.data(), std::ssize(gradient.bias));
  for (double length = 1; length > kShortest; length /= 2) {
    LinearModel trial = model_;
    add_multiple(trial.weights.data(), std::ssize(trial.weights), -length, direction.weights.data());
    add_multiple(trial.bias.data(), std::ssize(trial.bias), -length, direction.bias.data());
    if (!(problem.exact_loss(trial, slopes) <= before - kSufficientDecrease * length * slope)) continue;
    model_ = std::move(trial);
    return before;
  }
  converged_ = true;  // no step is better than none: what is left is rounding
  return before;
}

}  // namespace hebb::neurons
