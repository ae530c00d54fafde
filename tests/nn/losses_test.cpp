#include "hebb/losses.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "golden.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "hebb/transforms.hpp"

namespace hebb {
namespace {

using testing::find;
using testing::read_golden;

Tensor labels_of(const std::vector<double>& values) {
  const std::vector<std::int32_t> labels(values.begin(), values.end());
  return Tensor::from(labels, Shape{static_cast<std::int64_t>(labels.size())});
}

TEST(Losses, AndGradientsAreThoseOfPyTorchInFloat64) {
  const auto golden = read_golden("nn/golden/losses.txt");
  const auto matrix = [&](const std::string& name) { return Tensor::from(find(golden, name), Shape{5, 4}); };
  int checked = 0;
  for (const auto& [key, expected] : golden) {
    if (key == "P" || key == "T" || key == "Q" || key == "labels" || key == "binary") continue;
    SCOPED_TRACE(key);
    const std::size_t space = key.rfind(' ');
    const std::string kind = space == std::string::npos ? "values" : key.substr(0, space);
    const std::string text = space == std::string::npos ? key : key.substr(space + 1);
    Loss loss = Loss::parse(text);
    if (kind == "labels weighted") loss = Loss::parse("cross_entropy(class_weights=1 2 0.5 3)");
    Tensor p = matrix("P");
    if (kind == "binary") p = evaluate(slice(p, 1, 0, 1));
    Tensor target = matrix("T");
    if (kind == "probabilities") target = matrix("Q");
    if (kind.starts_with("labels")) target = labels_of(find(golden, "labels"));
    if (kind == "binary") target = labels_of(find(golden, "binary"));
    const Tensor value = loss(p, target);
    EXPECT_NEAR(value.item(), expected[0], 1e-12);
    const std::vector<double> gradient = gradients(value, {p})[0].to_vector();
    ASSERT_EQ(gradient.size() + 1, expected.size());
    for (std::size_t i = 0; i < gradient.size(); ++i) EXPECT_NEAR(gradient[i], expected[i + 1], 1e-12) << i;
    ++checked;
  }
  EXPECT_EQ(checked, 14);
}

TEST(Losses, TakeLabelsInPlaceOfValues) {
  const Tensor p = Tensor::rows({{0.25F, 0.5F}, {1.0F, 0.0F}});
  const Tensor labels = Tensor::from(std::vector<std::int32_t>{1, 0}, Shape{2});
  EXPECT_DOUBLE_EQ(Loss("sse")(p, labels).item(), 0.25 * 0.25 + 0.5 * 0.5);
  const Tensor column = Tensor::from({0.25F, 1.0F}, Shape{2, 1});
  EXPECT_DOUBLE_EQ(Loss("mse")(column, labels).item(), (0.75 * 0.75 + 1) / 2);
}

TEST(Losses, AreReadWrittenAndRefused) {
  for (const char* text :
       {"sse", "huber(0.5)", "cross_entropy(label_smoothing=0.1)", "kl_divergence",
        "cross_entropy(class_weights=1 0.1 30)", "cross_entropy(label_smoothing=0.1, class_weights=1 2.5)"}) {
    EXPECT_EQ(Loss::parse(text).describe(), text);
  }
  EXPECT_EQ(Loss::parse("huber(delta=1)").describe(), "huber");
  for (const char* text : {"", "see", "sse(1)", "huber(0)", "huber(nan)", "cross_entropy(label_smoothing=1)",
                           "sse mse", "cross_entropy(class_weights=1 0)", "cross_entropy(class_weights=1 x)",
                           "cross_entropy(class_weights=)", "cross_entropy(class_weights=1e-60 1)",
                           "cross_entropy(1 2)", "mse(class_weights=1 2)"}) {
    EXPECT_THROW(Loss::parse(text), ConfigError) << text;
  }
  EXPECT_THROW(Loss("cross_entropy", {.class_weights = {1, -1}}), ConfigError);
  const Tensor p = Tensor::rows({{1, 2, 3}});
  EXPECT_THROW(Loss("mse")(p, Tensor::rows({{1, 2}})), ShapeError);
  EXPECT_THROW(Loss("cross_entropy")(p, labels_of({1, 2})), ShapeError);
  EXPECT_THROW(Loss("cross_entropy")(Tensor::from({1.0F}, Shape{1, 1}), labels_of({0})), ShapeError);
}

TEST(Penalty, CountsWeightsNotBiases) {
  Tensor w = Tensor::rows({{1, -2}, {3, 0}});
  Tensor b = Tensor::from({100.0F, 100.0F});
  Tensor frozen = Tensor::rows({{50}});
  const std::vector<NamedTensor> parameters = {{"w", &w}, {"b", &b}, {"frozen", &frozen, false}};
  EXPECT_DOUBLE_EQ(penalty(parameters, {.l1 = 0.5, .l2 = 0.25}).item(), 0.5 * 6 + 0.25 * 14);
  EXPECT_DOUBLE_EQ(penalty(parameters, {}).item(), 0);
  EXPECT_THROW(penalty(parameters, {.l1 = -1}), ConfigError);
}

}  // namespace
}  // namespace hebb
