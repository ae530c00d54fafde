/// The solvers of regression, an iteration at a time.
#pragma once

#include <memory>
#include <optional>

#include "neurons/linear_problem.hpp"

namespace hebb::neurons {

/// Coordinates in which L-BFGS has an easy way: of a model (W, b) for inputs x, weights V with W = V T^T, and
/// the bias that goes with centred inputs, b + W mean. With T T^T the inverse of what the Hessian would be if
/// every probability were a half, the inputs' covariance / 4, and the penalty's.
class Coordinates {
 public:
  Coordinates(const Samples& x, double l2);
  /// [weights..., bias...] of the model, in these coordinates, and back.
  std::vector<double> of(const LinearModel& model) const;
  void model_at(std::span<const double> point, LinearModel& model) const;
  /// The gradient by the model's parameters, turned into that by the point's.
  void turn(const LinearModel& gradient, std::span<double> to) const;

 private:
  std::int64_t inputs_;
  std::vector<double> mean_;
  /// Lower triangle, rows one after the other: T^T. Where inputs are many, its diagonal alone.
  std::vector<double> triangle_;
  bool diagonal_;
};

class BatchSolver {
 public:
  BatchSolver(const BatchOptions& options, LinearModel start);

  /// One iteration; returns the objective before it, penalties included.
  double iterate(const LinearProblem& problem);
  bool converged() const { return converged_; }
  const LinearModel& model() const { return model_; }

  std::vector<double> state() const;
  /// FormatError for what `state` cannot have given.
  void restore(std::span<const double> state);

 private:
  double descend(const LinearProblem& problem);
  double newton(const LinearProblem& problem);
  double lbfgs(const LinearProblem& problem);
  double proximal(const LinearProblem& problem);

  BatchOptions options_;
  LinearModel model_;
  bool converged_ = false;
  // lbfgs
  std::optional<Lbfgs> lbfgs_;
  std::vector<double> point_;
  std::optional<Coordinates> coordinates_;  // made of the samples anew after a resumption
  // proximal
  std::vector<double> means_;  // of the inputs
  LinearModel previous_;
  double momentum_ = 1;
  double steepness_ = 0;  // 1 / rate
};

}  // namespace hebb::neurons
