#include "hebb/gradcheck.hpp"

#include <algorithm>
#include <cmath>

#include "core/names.hpp"
#include "graph/interpreter.hpp"
#include "graph/op.hpp"
#include "graph/sampler.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "hebb/random.hpp"

namespace hebb {

namespace {

constexpr double kStep = 1e-3;
constexpr double kTolerance = 1e-6;

Tensor with_element(const std::vector<double>& values, const Shape& shape, std::size_t at, double change) {
  std::vector<double> changed = values;
  changed[at] += change;
  return Tensor::from(std::span<const double>(changed), shape);
}

/// The derivative of `value` with respect to one element of a leaf.
double difference(const Tensor& value, const Tensor& leaf, std::size_t at) {
  const std::vector<double> values = leaf.to_vector();
  const auto quotient = [&](double h) {
    const auto f = [&](double change) {
      return interpret<double>({value}, {{leaf, with_element(values, leaf.shape(), at, change)}})[0].item();
    };
    return (f(h) - f(-h)) / (2 * h);
  };
  return (4 * quotient(kStep / 2) - quotient(kStep)) / 3;
}

std::string_view name_of(Derivative derivative) {
  switch (derivative) {
    case Derivative::zero: return "zero";
    case Derivative::none: return "none";
    case Derivative::smooth: break;
  }
  return "smooth";
}

void merge(GradientReport& into, const GradientReport& from) {
  into.elements += from.elements;
  into.largest_error = std::max(into.largest_error, from.largest_error);
  into.largest_gradient = std::max(into.largest_gradient, from.largest_gradient);
  if (from.passed) return;
  into.passed = false;
  if (into.failure.empty()) into.failure = from.failure;
}

bool is_real(const Tensor& tensor) { return tensor.dtype() == DType::f32 || tensor.dtype() == DType::f64; }

/// Differences would step over the jumps of such an op: its gradient must be zero, that is all.
GradientReport check_zero(const Tensor& value, const Tensors& leaves) {
  GradientReport report;
  for (const Tensor& gradient : gradients(value, leaves)) {
    for (const double g : interpret<double>({gradient})[0].to_vector()) {
      ++report.elements;
      report.largest_gradient = std::max(report.largest_gradient, std::abs(g));
    }
  }
  return report;
}

/// One sample of an op, summed under random weights so that every element of the result counts differently.
GradientReport check_sample(const Op& op, std::uint64_t seed, std::uint64_t index) {
  Sampler sampler(seed, index, false);
  const Tensor drawn = op.sample(sampler);
  GradientReport report;
  if (!is_real(drawn) || drawn.size() == 0) return report;
  // The same op on f64 leaves.
  Tensors inputs;
  Tensors leaves;
  for (const Tensor& input : drawn.node().inputs) {
    if (!is_real(input)) {
      inputs.push_back(input);
      continue;
    }
    const std::vector<double> values = input.to_vector();
    inputs.push_back(Tensor::from(std::span<const double>(values), input.shape()));
    leaves.push_back(inputs.back());
  }
  if (leaves.empty()) return report;
  const Tensor result = apply(op, inputs, drawn.node().attributes);
  if (!is_real(result)) return report;
  Random random(seed, index + 0x1000);
  std::vector<double> weights(static_cast<std::size_t>(result.size()));
  for (double& w : weights) w = random.normal();
  const Tensor weight = Tensor::from(std::span<const double>(weights), result.shape());
  const Tensor value = sum(cast(result, DType::f64) * weight);
  return op.derivative == Derivative::zero ? check_zero(value, leaves) : check_gradient(value, leaves, 6);
}

GradientReport check(const Op& op, std::int64_t cases, std::uint64_t seed) {
  GradientReport report{.name = std::string(op.name), .derivative = std::string(name_of(op.derivative))};
  if (op.derivative == Derivative::none) {
    Sampler sampler(seed, 0, false);
    const Tensor y = op.sample(sampler);
    const bool silent = op.vjp == nullptr;
    for (const Tensor& g : silent ? Tensors() : op.vjp(y, full(1.0, y.shape()))) report.passed &= g.empty();
    if (!report.passed) report.failure = "it has no derivative, but gives one";
    return report;
  }
  for (std::int64_t i = 0; i < cases; ++i)
    merge(report, check_sample(op, seed, static_cast<std::uint64_t>(i)));
  const bool zero = report.largest_gradient == 0;
  if (report.passed && report.elements > 0 && zero != (op.derivative == Derivative::zero)) {
    report.passed = false;
    report.failure =
        zero ? "every gradient is zero: nothing has been tested" : "its derivative should be zero";
  }
  return report;
}

}  // namespace

GradientReport check_gradient(const Tensor& value, const Tensors& leaves, std::int64_t most) {
  GradientReport report;
  const Tensors gradient = gradients(value, leaves);
  const double scale = std::abs(interpret<double>({value})[0].item());
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    const std::vector<double> exact = interpret<double>({gradient[k]})[0].to_vector();
    double largest = 0;
    for (const double g : exact) largest = std::max(largest, std::abs(g));
    report.largest_gradient = std::max(report.largest_gradient, largest);
    const auto count = static_cast<std::int64_t>(exact.size());
    const std::int64_t stride = std::max<std::int64_t>(1, count / std::max<std::int64_t>(1, most));
    for (std::int64_t at = 0; at < count; at += stride) {
      const auto i = static_cast<std::size_t>(at);
      const double numeric = difference(value, leaves[k], i);
      const double allowed = kTolerance * std::max({1.0, largest, scale});
      const double error = std::abs(numeric - exact[i]) / allowed;
      ++report.elements;
      report.largest_error = std::max(report.largest_error, std::isnan(error) ? HUGE_VAL : error);
      if (error <= 1 || !report.passed) continue;
      report.passed = false;
      report.failure = "operand " + std::to_string(k) + " " + to_string(leaves[k].shape()) + ", element " +
                       std::to_string(at) + ": the gradient is " + std::to_string(exact[i]) +
                       ", differences give " + std::to_string(numeric);
    }
  }
  return report;
}

GradientReport check_op(std::string_view name, std::int64_t cases, std::uint64_t seed) {
  if (const Op* op = find_op(name); op != nullptr) return check(*op, cases, seed);
  std::vector<std::string_view> names;
  for (const Op* op : registry()) names.push_back(op->name);
  throw ConfigError(unknown_name("operation", name, names));
}

std::vector<GradientReport> check_ops(std::int64_t cases, std::uint64_t seed) {
  std::vector<GradientReport> reports;
  for (const Op* op : registry()) reports.push_back(check(*op, cases, seed));
  return reports;
}

std::vector<GradientReport> check_model(const Module& model, const Shape& input_shape, const Loss& loss,
                                        std::uint64_t seed) {
  constexpr std::int64_t kSamples = 5;
  const std::unique_ptr<Module> copy = model.clone();
  std::vector<NamedTensor> named = parameters(*copy);
  for (const NamedTensor& p : named) {
    const std::vector<double> values = p.value->to_vector();
    *p.value = Tensor::from(std::span<const double>(values), p.value->shape());
  }
  Random random(seed, 0x2000);
  const auto normal = [&](const Shape& shape) {
    std::vector<double> values(static_cast<std::size_t>(shape.elements()));
    for (double& v : values) v = random.normal();
    return Tensor::from(std::span<const double>(values), shape);
  };
  std::vector<std::int64_t> extents = {kSamples};
  extents.insert(extents.end(), input_shape.extents().begin(), input_shape.extents().end());
  ForwardContext context;  // outside training: dropout would draw anew for every difference
  const Tensor prediction = copy->forward(normal(Shape(std::move(extents))), context);
  const std::int64_t outputs = prediction.size() / kSamples;
  Tensor target = normal(prediction.shape());
  if (loss.is_classification()) {
    std::vector<std::int32_t> labels;
    for (std::int64_t i = 0; i < kSamples; ++i) {
      labels.push_back(static_cast<std::int32_t>(
          random.below(static_cast<std::uint32_t>(std::max<std::int64_t>(2, outputs)))));
    }
    target = Tensor::from(std::span<const std::int32_t>(labels), Shape{kSamples});
  }
  const Tensor value = loss(prediction, target);
  std::vector<GradientReport> reports;
  for (const NamedTensor& p : named) {
    if (!p.trainable) continue;
    GradientReport report = check_gradient(value, {*p.value});
    report.name = p.name;
    report.derivative = "smooth";
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace hebb
