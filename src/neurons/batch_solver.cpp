#include "neurons/batch_solver.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "hebb/error.hpp"
#include "kernels/weighted_sums.hpp"

namespace hebb::neurons {

namespace {

double largest(const std::vector<double>& values) {
  double result = 0;
  for (const double value : values) result = std::max(result, std::abs(value));
  return result;
}

double absolute_sum(const std::vector<double>& values) {
  double result = 0;
  for (const double value : values) result += std::abs(value);
  return result;
}

}  // namespace

BatchSolver::BatchSolver(const BatchOptions& options, LinearModel start)
    : options_(options), model_(std::move(start)) {}

double BatchSolver::iterate(const LinearProblem& problem) {
  switch (options_.solver) {
    case Solver::gradient_descent: return descend(problem);
    case Solver::newton: return newton(problem);
    case Solver::proximal: return proximal(problem);
    default: return lbfgs(problem);
  }
}

double BatchSolver::descend(const LinearProblem& problem) {
  LinearModel gradient;
  const double l1 = options_.penalty.l1;
  const double rate = options_.learning_rate;
  const double before = problem.loss_and_gradient(model_, gradient) + l1 * absolute_sum(model_.weights);
  converged_ = l1 == 0 && std::max(largest(gradient.weights), largest(gradient.bias)) <= options_.tolerance;
  add_multiple(model_.weights.data(), std::ssize(model_.weights), -rate, gradient.weights.data());
  add_multiple(model_.bias.data(), std::ssize(model_.bias), -rate, gradient.bias.data());
  if (l1 > 0) soften(model_.weights.data(), std::ssize(model_.weights), rate * l1);
  return before;
}

double BatchSolver::lbfgs(const LinearProblem& problem) {
  if (!coordinates_) coordinates_.emplace(problem.x(), options_.penalty.l2);
  if (!lbfgs_) {
    lbfgs_.emplace(LbfgsOptions{.gradient_tolerance = options_.tolerance, .change_tolerance = 0});
    point_ = coordinates_->of(model_);
  }
  LinearModel gradient;
  const double before = lbfgs_->step(point_, [&](std::span<const double> at, std::span<double> slope) {
    coordinates_->model_at(at, model_);
    const double loss = problem.loss_and_gradient(model_, gradient);
    coordinates_->turn(gradient, slope);
    return loss;
  });
  coordinates_->model_at(point_, model_);
  converged_ = lbfgs_->converged();
  return before;
}

/// FISTA in the coordinates (weights, bias of centred inputs), where steps may be longest. The L1 penalty
/// sees the weights as they are.
double BatchSolver::proximal(const LinearProblem& problem) {
  constexpr double kNoise = 4e-7;  // of the loss, whose terms are float32
  const std::int64_t inputs = model_.inputs;
  const auto count = std::ssize(model_.weights);
  const double l1 = options_.penalty.l1;
  if (means_.empty()) {
    means_.assign(static_cast<std::size_t>(inputs), 0);
    const double share = 1 / static_cast<double>(problem.x().count());
    for (std::int64_t i = 0; problem.form().bias && i < problem.x().count(); ++i)
      move_along(means_.data(), inputs, 1, share, problem.x().row(i));
  }
  if (previous_.weights.empty()) previous_ = model_;

  const double next_momentum = (1 + std::sqrt(1 + 4 * momentum_ * momentum_)) / 2;
  const double ahead = (momentum_ - 1) / next_momentum;
  LinearModel at = model_;
  for (std::size_t j = 0; j < at.weights.size(); ++j)
    at.weights[j] += ahead * (at.weights[j] - previous_.weights[j]);
  for (std::size_t c = 0; c < at.bias.size(); ++c) at.bias[c] += ahead * (at.bias[c] - previous_.bias[c]);
  LinearModel gradient;
  const double loss = problem.loss_and_gradient(at, gradient);
  for (std::int64_t c = 0; c < at.outputs; ++c)
    add_multiple(gradient.weights.data() + c * inputs, inputs, -gradient.bias[static_cast<std::size_t>(c)],
                 means_.data());
  LinearModel to;
  LinearModel unused;
  if (steepness_ == 0) steepness_ = 1e-3;
  for (;; steepness_ *= 2) {
    to = at;
    add_multiple(to.weights.data(), count, -1 / steepness_, gradient.weights.data());
    soften(to.weights.data(), count, l1 / steepness_);
    double expected = loss;
    double square = 0;
    for (std::size_t j = 0; j < to.weights.size(); ++j) {
      const double moved = to.weights[j] - at.weights[j];
      expected += gradient.weights[j] * moved;
      square += moved * moved;
    }
    for (std::int64_t c = 0; c < at.outputs; ++c) {
      const auto k = static_cast<std::size_t>(c);
      const double moved = -gradient.bias[k] / steepness_;
      expected += gradient.bias[k] * moved;
      square += moved * moved;
      to.bias[k] += moved + dot(at.weights.data() + c * inputs, means_.data(), inputs) -
                    dot(to.weights.data() + c * inputs, means_.data(), inputs);
    }
    expected += steepness_ / 2 * square;
    // The loss alone is wanted here; its gradient costs as much again, and steps are rarely refused.
    const double reached = problem.loss_and_gradient(to, unused);
    if (reached <= expected + kNoise * std::abs(loss) || !(steepness_ < 1e30)) break;
  }
  double furthest = 0;
  double turned_back = 0;
  for (std::size_t j = 0; j < to.weights.size(); ++j) {
    furthest = std::max(furthest, std::abs(to.weights[j] - at.weights[j]));
    turned_back += (at.weights[j] - to.weights[j]) * (to.weights[j] - model_.weights[j]);
  }
  converged_ = steepness_ * furthest <= options_.tolerance && largest(gradient.bias) <= options_.tolerance;
  momentum_ = turned_back > 0 ? 1 : next_momentum;
  const double before = loss + l1 * absolute_sum(at.weights);
  previous_ = std::exchange(model_, std::move(to));
  return before;
}

std::vector<double> BatchSolver::state() const {
  std::vector<double> numbers = {converged_ ? 1.0 : 0.0, momentum_, steepness_};
  const auto add = [&](const std::vector<double>& values) {
    numbers.push_back(static_cast<double>(values.size()));
    numbers.insert(numbers.end(), values.begin(), values.end());
  };
  for (const LinearModel* model : {&model_, &previous_}) {
    add(model->weights);
    add(model->bias);
  }
  add(point_);
  add(lbfgs_ ? lbfgs_->state() : std::vector<double>());
  return numbers;
}

void BatchSolver::restore(std::span<const double> state) {
  const auto refuse = [] { throw FormatError("regression: not a state that `state` gives"); };
  const auto take = [&] {
    if (state.empty() || !(state[0] >= 0 && state[0] <= static_cast<double>(state.size() - 1))) refuse();
    const auto size = static_cast<std::size_t>(state[0]);
    std::vector<double> values(state.begin() + 1, state.begin() + 1 + static_cast<std::ptrdiff_t>(size));
    state = state.subspan(1 + size);
    return values;
  };
  if (state.size() < 3) refuse();
  BatchSolver next(options_, model_);
  next.converged_ = state[0] != 0;
  next.momentum_ = state[1];
  next.steepness_ = state[2];
  state = state.subspan(3);
  next.model_.weights = take();
  next.model_.bias = take();
  next.previous_ = model_;
  next.previous_.weights = take();
  next.previous_.bias = take();
  next.point_ = take();
  const std::vector<double> inner = take();
  const auto fits = [&](const LinearModel& m, bool may_be_empty) {
    return (m.weights.size() == model_.weights.size() && m.bias.size() == model_.bias.size()) ||
           (may_be_empty && m.weights.empty() && m.bias.empty());
  };
  const bool point_fits =
      next.point_.empty() || next.point_.size() == model_.weights.size() + model_.bias.size();
  if (!state.empty() || !fits(next.model_, false) || !fits(next.previous_, true) || !point_fits ||
      next.point_.empty() != inner.empty())
    refuse();
  if (!inner.empty()) {
    next.lbfgs_.emplace(LbfgsOptions{.gradient_tolerance = options_.tolerance, .change_tolerance = 0});
    next.lbfgs_->set_state(inner);
    if (inner[0] != static_cast<double>(next.point_.size())) refuse();
  }
  *this = std::move(next);
}

}  // namespace hebb::neurons
