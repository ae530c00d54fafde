/// Tests generated from the registry: every op gets them by its row.

#include "hebb/ops.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

#include "graph/interpreter.hpp"
#include "graph/op.hpp"
#include "graph/sampler.hpp"
#include "hebb/gradcheck.hpp"
#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "hebb/transforms.hpp"

namespace hebb {

/// How GoogleTest names an op.
void PrintTo(const Op* op, std::ostream* out) { *out << op->name; }

namespace {

class EveryOp : public ::testing::TestWithParam<const Op*> {
 protected:
  const Op& op() const { return *GetParam(); }
  Tensor sample(std::uint64_t index, bool allow_empty = true) const {
    Sampler sampler(41, index, allow_empty);
    return op().sample(sampler);
  }
};

/// The same op on the absolute values of its operands: what sums and products are measured by.
Tensor on_absolute_values(const Tensor& y) {
  Tensors inputs;
  for (const Tensor& input : y.node().inputs) {
    const bool real = input.dtype() == DType::f32;
    inputs.push_back(real ? interpret<double>({abs(input)})[0] : input);
  }
  return apply(*y.node().op, inputs, y.node().attributes);
}

double largest(const Tensor& y) {
  double result = 1;
  for (const Tensor& input : y.node().inputs) {
    if (input.dtype() != DType::f32) continue;
    for (const double v : input.to_vector()) {
      if (std::isfinite(v)) result = std::max(result, std::abs(v));
    }
  }
  return result;
}

TEST_P(EveryOp, IsWithinItsErrorBoundOfTheReference) {
  std::int64_t elements = 0;
  std::int64_t empty = 0;
  for (std::uint64_t i = 0; i < 60; ++i) {
    const Tensor y = sample(i);
    if (y.dtype() == DType::f64) continue;  // plans compute f32
    SCOPED_TRACE("case " + std::to_string(i) + ", shape " + to_string(y.shape()));
    const std::vector<double> fast = evaluate(y).to_vector();
    const std::vector<double> exact = interpret<double>({y})[0].to_vector();
    ASSERT_EQ(fast.size(), exact.size());
    const ErrorBound& bound = op().error;
    std::vector<double> magnitude;
    if (bound.scale == ErrorBound::Scale::operands)
      magnitude = interpret<double>({on_absolute_values(y)})[0].to_vector();
    const double operand = largest(y);
    const double terms = bound.terms == nullptr ? 0 : static_cast<double>(bound.terms(y.node()));
    for (std::size_t k = 0; k < exact.size(); ++k) {
      if (std::isnan(exact[k]) || std::isinf(exact[k])) {
        ASSERT_TRUE(std::isnan(exact[k]) ? std::isnan(fast[k]) : fast[k] == exact[k]) << "element " << k;
        continue;
      }
      double scale = std::abs(exact[k]);
      if (bound.scale == ErrorBound::Scale::operands) scale = std::abs(magnitude[k]);
      if (bound.scale == ErrorBound::Scale::one) scale = std::max(scale, operand);
      // Plans flush denormal numbers, those below 2^-126, to zero.
      const double allowed = (bound.ulp + terms) * 0x1p-24 * scale + 0x1p-126;
      ASSERT_LE(std::abs(fast[k] - exact[k]), allowed)
          << "element " << k << ": " << fast[k] << ", exact " << exact[k];
    }
    elements += static_cast<std::int64_t>(exact.size());
    empty += exact.empty() ? 1 : 0;
  }
  EXPECT_GT(elements + empty, 0);
}

/// The tensor with every third element or so replaced by one that is not finite.
Tensor spoilt(const Tensor& tensor, Random& random) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kOdd[] = {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity};
  const auto values = tensor.data<float>();
  return Tensor::make<float>(tensor.shape(), [&](float* to) {
    for (std::size_t i = 0; i < values.size(); ++i)
      to[i] = random.below(3) == 0 ? kOdd[random.below(3)] : values[i];
  });
}

TEST_P(EveryOp, TreatsNanAndInfinityAsTheReferenceDoes) {
  const auto kind = [](double x) { return std::isnan(x) ? 2 : std::isinf(x) ? std::copysign(1.0, x) : 0.0; };
  for (std::uint64_t i = 0; i < 40; ++i) {
    const Tensor drawn = sample(i, false);
    if (drawn.node().is_leaf()) continue;
    Random random(43, i);
    Tensors inputs;
    for (const Tensor& input : drawn.node().inputs) {
      const Tensor value = evaluate(input);
      inputs.push_back(value.dtype() == DType::f32 ? spoilt(value, random) : value);
    }
    const Tensor y = apply(op(), inputs, drawn.node().attributes);
    if (y.dtype() == DType::f64) continue;
    const std::vector<double> fast = evaluate(y).to_vector();
    const std::vector<double> exact = interpret<double>({y})[0].to_vector();
    for (std::size_t k = 0; k < exact.size(); ++k) {
      if (op().pads_with_zeros && std::isnan(fast[k])) continue;
      ASSERT_EQ(kind(fast[k]), kind(exact[k]))
          << "case " << i << ", element " << k << ": " << fast[k] << ", reference " << exact[k];
      if (y.dtype() == DType::i32) {
        ASSERT_EQ(fast[k], exact[k]) << "case " << i << ", element " << k;
      }
    }
  }
}

TEST_P(EveryOp, ComputesTheSameBitsWithAnyNumberOfThreads) {
  const int before = threads();
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Tensor y = sample(i);
    if (y.dtype() == DType::f64 || y.node().is_leaf()) continue;  // a leaf: nothing was to be done
    std::vector<double> first;
    for (const int count : {1, 2, 3}) {
      set_threads(count);
      const std::vector<double> values =
          evaluate(apply(op(), y.node().inputs, y.node().attributes)).to_vector();
      if (count == 1) first = values;
      ASSERT_EQ(values.size(), first.size());
      for (std::size_t k = 0; k < values.size(); ++k) {
        ASSERT_TRUE(values[k] == first[k] || (std::isnan(values[k]) && std::isnan(first[k])))
            << count << " threads";
      }
    }
  }
  set_threads(before);
}

TEST_P(EveryOp, HasTheGradientThatDifferencesGive) {
  const GradientReport report = check_op(op().name, 12, 7);
  EXPECT_TRUE(report.passed) << report.failure;
  if (op().derivative == Derivative::smooth && op().vjp != nullptr && op().name != "cast") {
    EXPECT_GT(report.largest_gradient, 0) << "zero against zero";
    EXPECT_GT(report.elements, 0);
  }
}

TEST_P(EveryOp, HasSecondDerivativesThatDifferencesGive) {
  if (op().derivative != Derivative::smooth) return;  // there is none to check
  int checked = 0;
  double largest = 0;
  for (std::uint64_t i = 0; i < 12 && checked < 3; ++i) {
    const Tensor drawn = sample(i, false);
    if (drawn.size() == 0 || drawn.size() > 200) continue;
    Tensors inputs;
    Tensors leaves;
    for (const Tensor& input : drawn.node().inputs) {
      if (input.dtype() == DType::i32 || input.dtype() == DType::u8) {
        inputs.push_back(input);
        continue;
      }
      const std::vector<double> values = input.to_vector();
      inputs.push_back(Tensor::from(std::span<const double>(values), input.shape()));
      leaves.push_back(inputs.back());
    }
    if (leaves.empty()) continue;
    const Tensor y = apply(op(), inputs, drawn.node().attributes);
    if (y.dtype() != DType::f64) continue;
    // Cubed, so that linear ops, and square roots, have a second derivative to get wrong too.
    Tensor slopes = full(0.0, {}, DType::f64);
    for (const Tensor& g : gradients(sum(y * y * y), leaves)) slopes = slopes + sum(g * g);
    const GradientReport report = check_gradient(slopes, leaves, 4);
    EXPECT_LT(report.largest_error, 100) << "case " << i << ": " << report.failure;
    largest = std::max(largest, report.largest_gradient);
    ++checked;
  }
  EXPECT_GT(checked, 0);
  EXPECT_GT(largest, 0) << "zero against zero";
}

TEST_P(EveryOp, IsDocumented) {
  EXPECT_FALSE(op().formula.empty());
  EXPECT_NE(op().sample, nullptr);
  EXPECT_EQ(find_op(op().name), &op());
}

INSTANTIATE_TEST_SUITE_P(Ops, EveryOp, ::testing::ValuesIn(registry().begin(), registry().end()),
                         [](const auto& param) { return std::string(param.param->name); });

// ---- docs/ops.md
// --------------------------------------------------------------------------------------------------------

std::string documentation() {
  std::ostringstream out;
  out << "# Operations\n\nWritten from the registry by `HEBB_UPDATE_DOCS=1 test_graph`. What each takes and "
         "throws stands "
         "in\n[hebb/ops.def](../include/hebb/ops.def).\n\n"
         "The derivative is *smooth* where differences can check it, *zero* by definition (steps), or *none* "
         "(no real\n"
         "function). The error is how far the float32 result may be from the exact one, in units of 2^-24 of "
         "the result, "
         "of\nthe result on absolute operands, or of the larger of 1 and the operands; *+ n* stands for one "
         "more for each of "
         "n\nterms that are added up.\n\n| operation | formula | derivative | error |\n|---|---|---|---|\n";
  for (const Op* op : registry()) {
    const char* derivative = op->derivative == Derivative::smooth ? "smooth"
                             : op->derivative == Derivative::zero ? "zero"
                                                                  : "none";
    const char* scale = op->error.scale == ErrorBound::Scale::output     ? "result"
                        : op->error.scale == ErrorBound::Scale::operands ? "absolute operands"
                                                                         : "max(1, operands)";
    std::string formula(op->formula);
    for (std::size_t at = 0; (at = formula.find('|', at)) != std::string::npos; at += 2)
      formula.insert(at, "\\");
    out << "| `" << op->name << "` | " << formula << " | " << derivative << " | " << op->error.ulp
        << (op->error.terms != nullptr ? " + n" : "") << " of " << scale << " |\n";
  }
  return out.str();
}

TEST(Documentation, OfTheOpsIsThatOfTheRegistry) {
  const std::string path = std::string(HEBB_TEST_SOURCE_DIR) + "/../docs/ops.md";
  if (std::getenv("HEBB_UPDATE_DOCS") != nullptr) std::ofstream(path) << documentation();
  std::ifstream in(path);
  std::ostringstream found;
  found << in.rdbuf();
  EXPECT_TRUE(found.str() == documentation())
      << path << " is not what the registry gives; run with HEBB_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace hebb
