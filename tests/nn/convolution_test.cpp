#include <gtest/gtest.h>

#include <numeric>

#include "hebb/error.hpp"
#include "hebb/gradcheck.hpp"
#include "hebb/model.hpp"
#include "hebb/ops.hpp"

namespace hebb {
namespace {

/// 0, 1, 2, ... in that shape.
Tensor counted(const Shape& shape) {
  return Tensor::make<float>(shape, [&](float* to) { std::iota(to, to + shape.elements(), 0.0F); });
}

std::vector<double> forward(const Layer& layer, const Tensor& x) {
  ForwardContext context;
  return layer.forward(x, context).to_vector();
}

TEST(ConvolutionLayers, SayWhatTheyAre) {
  for (const char* text :
       {"conv(32) conv(8, kernel=5, stride=2, padding=same, dilation=2, groups=4, act=relu, bias=false, "
        "init=xavier_uniform)",
        "conv(6, kernel=1, padding=3, act=leaky_relu(0.2)) maxpool(3) avgpool(2) maxpool(3, stride=2, "
        "padding=same) "
        "avgpool(3, stride=1, padding=1) globalavgpool dense(10)"}) {
    EXPECT_EQ(Sequential::parse(text).to_string(), text);
  }
  EXPECT_EQ(Sequential::parse("conv(4, padding=valid) maxpool").to_string(), "conv(4) maxpool(2)");
}

TEST(ConvolutionLayers, RefuseWhatMakesNoSense) {
  for (const auto& [text, message] : std::vector<std::pair<const char*, const char*>>{
           {"conv(0)", "expected channels from 1"},
           {"conv(4, kernel=0)", "expected a kernel from 1"},
           {"conv(4, stride=-1)", "stride"},
           {"conv(4, padding=sane)", "'same', 'valid' or a number, got 'sane'"},
           {"conv(4, groups=3)", "3 groups do not divide 4 channels"},
           {"maxpool(0)", "expected a size from 1"},
           {"maxpool(2, stride=0)", "expected a stride from"},
           {"avgpool(2, padding=2)", "leaves windows of 2 pixels empty"},
           {"conv(4, kernal=3)", "did you mean 'kernel'"}}) {
    try {
      Sequential::parse(text);
      ADD_FAILURE() << text << ": nothing thrown";
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << text << ": " << error.what();
    }
  }
  EXPECT_THROW(Conv2d(4).output_shape({2, 8, 1}), ShapeError);
  EXPECT_THROW(Conv2d(4).output_shape({7}), ShapeError);
  EXPECT_THROW(Conv2d(4, {.groups = 2}).output_shape({8, 8, 3}), ShapeError);
  EXPECT_THROW(MaxPool2d({.size = 3}).output_shape({2, 8, 1}), ShapeError);
}

TEST(ConvolutionLayers, InferShapesAndSizes) {
  EXPECT_EQ(Conv2d(6, {.kernel = 5}).output_shape({28, 30, 3}), (Shape{24, 26, 6}));
  EXPECT_EQ(Conv2d(6, {.kernel = 5, .padding = kSamePadding}).output_shape({28, 28}), (Shape{28, 28, 6}));
  EXPECT_EQ(Conv2d(6, {.kernel = 3, .stride = 2, .padding = kSamePadding}).output_shape({7, 8, 1}),
            (Shape{4, 4, 6}));
  EXPECT_EQ(Conv2d(6, {.kernel = 3, .padding = 1, .dilation = 2}).output_shape({7, 8, 1}), (Shape{5, 6, 6}));
  EXPECT_EQ(Conv2d(6, {.kernel = 5}).parameter_count({28, 28, 3}), 5 * 5 * 3 * 6 + 6);
  EXPECT_EQ(Conv2d(6, {.kernel = 3, .groups = 3, .bias = false}).parameter_count({8, 8, 3}), 3 * 3 * 6);
  EXPECT_EQ(Conv2d(6, {.kernel = 5}).flops({28, 28, 3}), 2 * 5 * 5 * 3 * 24 * 24 * 6);
  EXPECT_EQ(MaxPool2d().output_shape({5, 9, 3}), (Shape{2, 4, 3}));
  EXPECT_EQ(MaxPool2d({.size = 3, .stride = 2, .padding = kSamePadding}).output_shape({5, 8, 3}),
            (Shape{3, 4, 3}));
  EXPECT_EQ(AveragePool2d({.size = 3, .stride = 1, .padding = 1}).output_shape({5, 8}), (Shape{5, 8, 1}));
  EXPECT_EQ(GlobalAveragePool2d().output_shape({5, 9, 3}), (Shape{3}));
}

TEST(ConvolutionLayers, PoolWindowsBesideEachOther) {
  // One image of 3 x 5 pixels with two channels: pixel (y, x) holds 10 y + 2 x and one more.
  const Tensor x = counted({1, 3, 5, 2});
  EXPECT_EQ(forward(MaxPool2d(), x), (std::vector<double>{12, 13, 16, 17}));
  EXPECT_EQ(forward(AveragePool2d(), x), (std::vector<double>{6, 7, 10, 11}));
  EXPECT_EQ(forward(GlobalAveragePool2d(), counted({1, 2, 4, 2})), (std::vector<double>{7, 8}));
}

TEST(ConvolutionLayers, PoolWindowsThatOverlapAndReachBeyondTheImage) {
  const Tensor x = counted({1, 3, 4, 1});  // 0 1 2 3, 4 5 6 7, 8 9 10 11
  EXPECT_EQ(forward(MaxPool2d({.size = 3, .stride = 2, .padding = 1}), x),
            (std::vector<double>{5, 7, 9, 11}));
  EXPECT_EQ(forward(AveragePool2d({.size = 3, .stride = 2, .padding = 1}), x),
            (std::vector<double>{2.5, 4, 6.5, 8}));
  // 4 columns in steps of 3, padded by one column at the end: the last window sees one column.
  EXPECT_EQ(forward(AveragePool2d({.size = 2, .stride = 3, .padding = kSamePadding}), x),
            (std::vector<double>{2.5, 5}));
}

TEST(ConvolutionLayers, ConvolveWithBiasAndActivation) {
  Random random(1);
  const Conv2d layer = built(Conv2d(5, {.padding = kSamePadding, .activation = "tanh"}), {4, 6}, random);
  const Tensor x = counted({2, 4, 6}) * 0.1;
  const Tensor y = conv2d(reshape(x, {2, 4, 6, 1}), layer.filter(), {.padding = {1, 1, 1, 1}});
  EXPECT_EQ(forward(layer, evaluate(x)), tanh(y + layer.bias()).to_vector());
}

TEST(ConvolutionLayers, HaveTheGradientsThatDifferencesGive) {
  Sequential model = Sequential::parse(
      "conv(4, kernel=3, padding=same, act=tanh) avgpool(2) conv(6, kernel=2, stride=2, groups=2, "
      "act=sigmoid) "
      "maxpool(2) globalavgpool dense(3)");
  model.build({12, 9}, 3);
  for (const GradientReport& report : check_model(model, {12, 9}, "mse", 5)) {
    EXPECT_TRUE(report.passed) << report.name << ": " << report.failure;
    EXPECT_GT(report.largest_gradient, 0) << report.name;
  }
}

}  // namespace
}  // namespace hebb
