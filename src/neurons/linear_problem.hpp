/// What regression makes small: a mean over samples of a loss of their scores, and a square penalty.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hebb/regression.hpp"

namespace hebb::neurons {

/// How a score is compared with its target.
enum class Link : std::uint8_t {
  identity,  ///< (s - t)^2
  logistic,  ///< each output by itself: log(1 + exp(-s)) + (1 - t) s, t of 0 or 1
  softmax,   ///< -log softmax(s) at the label
};

/// What the samples' targets are: of identity [count] values, else [count] labels. Of one logistic output the
/// label is the target; of more, 1 at the label's output.
struct Targets {
  std::span<const float> values = {};
  std::span<const std::int32_t> labels = {};
};

class LinearProblem {
 public:
  struct Form {
    std::int64_t outputs = 1;
    Link link = Link::identity;
    bool bias = true;
    double l2 = 0;
  };
  LinearProblem(const Samples& x, const Targets& targets, const Form& form);

  const Samples& x() const { return x_; }
  const Form& form() const { return form_; }

  /// The loss at a model and its gradient, which has the model's sizes (a bias that is not wanted has
  /// gradient 0). The same bits with any number of threads.
  double loss_and_gradient(const LinearModel& model, LinearModel& gradient) const;

  /// The same of scores [outputs] of sample i: the loss and its derivative by each score.
  template <class T>
  double compare(std::int64_t i, const T* scores, T* slopes) const;

  /// The same in float64 throughout, with the slopes [count, outputs] of each sample.
  double exact_loss(const LinearModel& model, std::vector<double>& slopes) const;

  double penalty(const LinearModel& model) const;
  /// The target of output c.
  double target(std::int64_t i, std::int64_t c) const;

 private:
  const Samples& x_;
  Targets targets_;
  Form form_;
};

/// A model of zeros.
LinearModel zero_model(std::int64_t inputs, std::int64_t outputs);

}  // namespace hebb::neurons
