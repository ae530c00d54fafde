#include "neurons/linear_problem.hpp"

#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"
#include "kernels/gemm.hpp"
#include "kernels/weighted_sums.hpp"

namespace hebb::neurons {

namespace {

constexpr std::int64_t kRows = 256;  // samples that are looked at together: they stay in the cache
constexpr std::int64_t kMostTasks = 32;

/// The two products of one block of samples: scores = X W and gradient = slopes^T X.
struct BlockProducts {
  BlockProducts(std::int64_t rows, std::int64_t inputs, std::int64_t outputs)
      : scores({.m = rows,
                .n = outputs,
                .k = inputs,
                .a_stride = inputs,
                .b_stride = outputs,
                .c_stride = outputs}),
        gradient({.m = outputs,
                  .n = inputs,
                  .k = rows,
                  .transpose_a = true,
                  .a_stride = outputs,
                  .b_stride = inputs,
                  .c_stride = inputs}) {}
  Gemm scores;
  Gemm gradient;
};

}  // namespace

LinearModel zero_model(std::int64_t inputs, std::int64_t outputs) {
  return {.inputs = inputs,
          .outputs = outputs,
          .weights = std::vector<double>(static_cast<std::size_t>(inputs * outputs)),
          .bias = std::vector<double>(static_cast<std::size_t>(outputs))};
}

LinearProblem::LinearProblem(const Samples& x, const Targets& targets, const Form& form)
    : x_(x), targets_(targets), form_(form) {}

double LinearProblem::penalty(const LinearModel& model) const {
  return form_.l2 * dot(model.weights.data(), model.weights.data(), std::ssize(model.weights));
}

double LinearProblem::target(std::int64_t i, std::int64_t c) const {
  const auto at = static_cast<std::size_t>(i);
  if (form_.link == Link::identity) return static_cast<double>(targets_.values[at]);
  return targets_.labels[at] == (form_.outputs == 1 ? 1 : c) ? 1 : 0;
}

template <class T>
double LinearProblem::compare(std::int64_t i, const T* scores, T* slopes) const {
  const auto at = static_cast<std::size_t>(i);
  const std::int64_t outputs = form_.outputs;
  if (form_.link == Link::identity) {
    const double error = static_cast<double>(scores[0]) - static_cast<double>(targets_.values[at]);
    slopes[0] = static_cast<T>(2 * error);
    return error * error;
  }
  const std::int64_t label = targets_.labels[at];
  double loss = 0;
  if (form_.link == Link::logistic) {
    for (std::int64_t c = 0; c < outputs; ++c) {
      const double t = target(i, c);
      const auto s = static_cast<double>(scores[c]);
      const double e = std::exp(-std::abs(s));
      loss += std::log1p(e) + std::max(s, 0.0) - t * s;
      slopes[c] = static_cast<T>((s >= 0 ? 1 / (1 + e) : e / (1 + e)) - t);
    }
    return loss;
  }
  T largest = scores[0];
  for (std::int64_t c = 1; c < outputs; ++c) largest = std::max(largest, scores[c]);
  double sum = 0;
  for (std::int64_t c = 0; c < outputs; ++c) {
    slopes[c] = std::exp(scores[c] - largest);
    sum += static_cast<double>(slopes[c]);
  }
  loss = std::log(sum) - static_cast<double>(scores[label] - largest);
  for (std::int64_t c = 0; c < outputs; ++c) slopes[c] = static_cast<T>(static_cast<double>(slopes[c]) / sum);
  slopes[label] -= 1;
  return loss;
}

double LinearProblem::loss_and_gradient(const LinearModel& model, LinearModel& gradient) const {
  const std::int64_t count = x_.count();
  const std::int64_t inputs = model.inputs;
  const std::int64_t outputs = model.outputs;
  std::vector<float> weights(model.weights.size());  // [inputs, outputs]
  for (std::int64_t c = 0; c < outputs; ++c)
    for (std::int64_t j = 0; j < inputs; ++j)
      weights[static_cast<std::size_t>(j * outputs + c)] =
          static_cast<float>(model.weights[static_cast<std::size_t>(c * inputs + j)]);

  const std::int64_t blocks = (count + kRows - 1) / kRows;
  const std::int64_t tasks = std::min(blocks, kMostTasks);
  const BlockProducts whole(std::min(count, kRows), inputs, outputs);
  const BlockProducts last(count - (blocks - 1) * kRows, inputs, outputs);
  std::vector<LinearModel> parts(static_cast<std::size_t>(tasks), zero_model(inputs, outputs));
  std::vector<double> losses(static_cast<std::size_t>(tasks));
  parallel_for(tasks, [&](std::int64_t task) {
    LinearModel& part = parts[static_cast<std::size_t>(task)];
    std::vector<float> scores(static_cast<std::size_t>(kRows * outputs));
    std::vector<float> slopes(scores.size());
    std::vector<float> product(weights.size());
    for (std::int64_t block = blocks * task / tasks; block < blocks * (task + 1) / tasks; ++block) {
      const std::int64_t begin = block * kRows;
      const std::int64_t rows = std::min(kRows, count - begin);
      const BlockProducts& products = block + 1 == blocks ? last : whole;
      products.scores.run({.a = x_.row(begin), .b = weights.data(), .c = scores.data()});
      for (std::int64_t i = 0; i < rows; ++i) {
        float* s = scores.data() + i * outputs;
        float* slope = slopes.data() + i * outputs;
        for (std::int64_t c = 0; c < outputs; ++c)
          s[c] += static_cast<float>(model.bias[static_cast<std::size_t>(c)]);
        losses[static_cast<std::size_t>(task)] += compare(begin + i, s, slope);
        for (std::int64_t c = 0; c < outputs; ++c)
          part.bias[static_cast<std::size_t>(c)] += static_cast<double>(slope[c]);
      }
      products.gradient.run({.a = slopes.data(), .b = x_.row(begin), .c = product.data()});
      move_along(part.weights.data(), std::ssize(product), 1, 1, product.data());
    }
  });

  const double scale = 1 / static_cast<double>(count);
  double loss = 0;
  gradient = zero_model(inputs, outputs);
  for (std::size_t task = 0; task < parts.size(); ++task) {
    loss += losses[task] * scale;
    for (std::size_t j = 0; j < gradient.weights.size(); ++j) gradient.weights[j] += parts[task].weights[j];
    for (std::size_t c = 0; c < gradient.bias.size(); ++c) gradient.bias[c] += parts[task].bias[c];
  }
  for (std::size_t j = 0; j < gradient.weights.size(); ++j)
    gradient.weights[j] = gradient.weights[j] * scale + 2 * form_.l2 * model.weights[j];
  for (double& value : gradient.bias) value = form_.bias ? value * scale : 0;
  return loss + penalty(model);
}

double LinearProblem::exact_loss(const LinearModel& model, std::vector<double>& slopes) const {
  const std::vector<double> scores = model.scores(x_);
  slopes.resize(scores.size());
  double loss = 0;
  for (std::int64_t i = 0; i < x_.count(); ++i)
    loss += compare(i, scores.data() + i * form_.outputs, slopes.data() + i * form_.outputs);
  return loss / static_cast<double>(x_.count()) + penalty(model);
}

}  // namespace hebb::neurons
