#include "hebb/inspection.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "hebb/error.hpp"
#include "hebb/random.hpp"

namespace hebb {
namespace {

Tensor noise(const Shape& shape, std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(shape.elements()));
  Random random(seed, 7);
  for (float& v : values) v = static_cast<float>(random.normal());
  return Tensor::from(std::span<const float>(values), shape);
}

TEST(Inspection, SeesWhatEveryLayerGives) {
  Sequential model =
      Sequential::parse("conv(3, kernel=2, act=relu) batch_norm residual(dropout(0.5) tanh) dense(4)");
  model.build({5, 4, 2}, 3);
  const Tensor x = noise({2, 5, 4, 2}, 1);
  const std::vector<LayerOutput> outputs = layer_outputs(model, x);
  ASSERT_EQ(outputs.size(), 4U);
  EXPECT_EQ(outputs[0].name, "conv_1");
  EXPECT_EQ(outputs[0].description, "conv(3, kernel=2, act=relu)");
  EXPECT_EQ(outputs[0].value.shape(), (Shape{2, 4, 3, 3}));
  EXPECT_EQ(outputs[2].name, "residual_1");
  // The same as of a model that ends there, and for the last layer as of the whole one.
  Sequential head;
  head.add(model.layer(0));
  head.build({5, 4, 2}, 3);
  EXPECT_EQ(outputs[0].value.to_vector(), head(x).to_vector());
  EXPECT_EQ(outputs[3].value.to_vector(), model(x).to_vector());
  const std::vector<double> before = outputs[1].value.to_vector();
  const std::vector<double> after = outputs[2].value.to_vector();
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_NEAR(after[i], before[i] + std::tanh(before[i]), 1e-6);
  EXPECT_THROW(layer_outputs(Sequential::parse("dense(2)"), x), Error);
  EXPECT_THROW(layer_outputs(model, noise({2, 2, 2, 2}, 1)), ShapeError);
}

TEST(Inspection, SaliencyIsTheSizeOfTheDerivative) {
  Sequential model = Sequential::parse("conv(3, kernel=2, act=tanh) flatten dense(4)");
  model.build({4, 3, 2}, 5);
  const Tensor x = noise({2, 4, 3, 2}, 2);
  const std::vector<double> found = saliency(model, x, 1).to_vector();
  ASSERT_EQ(found.size(), 48U);
  const auto values = x.data<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    constexpr float kStep = 1e-2F;
    std::vector<double> y;
    for (const float step : {-kStep, kStep}) {
      std::vector<float> moved(values.begin(), values.end());
      moved[i] += step;
      y.push_back(model(Tensor::from(std::span<const float>(moved), x.shape())).to_vector()[i / 24 * 4 + 1]);
    }
    EXPECT_NEAR(found[i], std::abs(y[1] - y[0]) / (2 * static_cast<double>(kStep)), 2e-4);
  }
  EXPECT_THROW(saliency(model, x, 4), ShapeError);
  EXPECT_THROW(saliency(model, x, -1), ShapeError);
  EXPECT_THROW(saliency(model, noise({2, 2}, 1), 0), ShapeError);
}

}  // namespace
}  // namespace hebb
