#include "hebb/image_layers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "hebb/error.hpp"
#include "hebb/gradcheck.hpp"
#include "hebb/model.hpp"
#include "hebb/ops.hpp"
#include "hebb/transforms.hpp"
#include "nn/golden_layers.hpp"

namespace hebb {
namespace {

/// Normal numbers.
Tensor drawn(const Shape& shape, Random& random) {
  return Tensor::make<float>(shape, [&](float* to) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) to[i] = random.normal();
  });
}

std::int64_t integer(Random& random, std::int64_t low, std::int64_t high) {
  return low + random.below(static_cast<std::uint32_t>(high - low + 1));
}

Shape with_batch(std::int64_t n, const Shape& sample) {
  std::vector<std::int64_t> extents = sample.extents();
  extents.insert(extents.begin(), n);
  return Shape(extents);
}

TEST(ImageLayers, AreThoseOfPyTorch) { testing::expect_golden_layers("nn/golden/image_layers.txt"); }

TEST(ImageLayers, SayWhatTheyAre) {
  for (const char* text :
       {"conv1d(8, kernel=5, stride=2, padding=same, dilation=2, groups=4, act=relu, bias=false, "
        "init=he_normal)",
        "conv_transpose(8, kernel=4, stride=3, padding=1, output_padding=2, act=elu(0.5), bias=false)",
        "conv_transpose(4, padding=same) group_norm(32) group_norm(4, epsilon=0.001) instance_norm",
        "spatial_dropout(0.2) upsample(2) upsample(3, mode=bilinear) subsample(2) subsample(3, channels=8)",
        "residual(conv(4) relu, projection=conv(4, kernel=1) batch_norm) globalmaxpool",
        "instance_norm(epsilon=0.5) residual(residual(relu, projection=tanh), projection=residual(relu))"}) {
    EXPECT_EQ(Sequential::parse(text).to_string(), text);
  }
  EXPECT_EQ(
      Sequential::parse("upsample upsample(factor=3, mode=nearest) subsample group_norm spatial_dropout")
          .to_string(),
      "upsample(2) upsample(3) subsample(2) group_norm(32) spatial_dropout(0.5)");
}

TEST(ImageLayers, RefuseWhatMakesNoSense) {
  for (const auto& [text, message] : std::vector<std::pair<const char*, const char*>>{
           {"conv1d(0)", "column 1: conv1d: expected channels from 1"},
           {"conv1d(4, groups=3)", "3 groups do not divide 4 channels"},
           {"conv1d", "'conv1d' needs channels"},
           {"conv_transpose(4, kernel=0)", "conv_transpose: expected a kernel from 1"},
           {"conv_transpose(4, stride=2, output_padding=2)", "below the stride, 2, got 2"},
           {"conv_transpose(4, output_padding=-1)", "an output_padding from 0"},
           {"conv_transpose(4, stride=2, padding=same, output_padding=1)", "no output_padding"},
           {"conv_transpose(4, groups=2)", "unknown option 'groups'"},
           {"group_norm(0)", "expected groups from 1"},
           {"group_norm(2, epsilon=0)", "expected a positive epsilon"},
           {"instance_norm(epsilon=-1)", "expected a positive epsilon"},
           {"spatial_dropout(1)", "spatial_dropout: expected a rate from 0 to below 1, got 1"},
           {"upsample(0)", "expected a factor from 1 to 1024, got 0"},
           {"upsample(2, mode=bilinaer)", "column 18: unknown mode 'bilinaer'; did you mean 'bilinear'"},
           {"subsample(0)", "expected a stride from 1"},
           {"subsample(2, channels=-1)", "expected channels from 0"},
           {"residual(relu, projection=)", "expected a value"},
           {"residual(projection=relu)", "expected at least one layer"},
           {"residual(relu, projektion=relu)", "did you mean 'projection'"},
           {"globalmaxpool(2)", "takes no such argument"}}) {
    try {
      Sequential::parse(text);
      ADD_FAILURE() << text << ": nothing thrown";
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << text << ": " << error.what();
    }
  }
}

TEST(ImageLayers, RefuseInputsTheyCannotTake) {
  for (const auto& [text, input, message] : std::vector<std::tuple<const char*, Shape, const char*>>{
           {"conv1d(4)",
            {2, 3},
            "conv1d_1: conv1d: the filter covers 3 places, the input [2, 3] with its padding has 2"},
           {"conv1d(4)", {8, 8, 1}, "expected sequences [length, channels], got [8, 8, 1]"},
           {"conv1d(4, groups=2)", {8, 3}, "2 groups do not divide the 3 channels"},
           {"conv_transpose(4, padding=2)", {2, 3, 1}, "a padding of 2 leaves nothing of 4 places"},
           {"conv_transpose(4)", {7}, "expected images [height, width, channels], got [7]"},
           {"conv_transpose(4)", {7, 0, 1}, "got [7, 0, 1]"},
           {"group_norm(2)", {4, 4, 3}, "2 groups do not divide the 3 channels"},
           {"upsample", {4}, "upsample: expected images"},
           {"subsample(2, channels=3)", {4, 4, 4}, "has more than 3 channels"},
           {"globalmaxpool", {4, 0, 3}, "globalmaxpool: expected images"},
           {"residual(conv(3))",
            {4, 4, 3},
            "but give [2, 2, 3]; a projection=... can bring the input to that"},
           {"residual(conv(4, padding=same), projection=conv(4))",
            {6, 6, 3},
            "the projection gives the shape [4, 4, 4], the layers [6, 6, 4]"},
           {"residual(relu, projection=conv(4))",
            {2, 2, 1},
            "residual_1: projection: conv_1: conv: the filter"},
           {"upsample(1024) upsample(1024) upsample(1024) upsample(1024)", {1024, 1024, 1024}, "elements"}}) {
    try {
      Sequential::parse(text).build(input);
      ADD_FAILURE() << text << ": nothing thrown";
    } catch (const ShapeError& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << text << ": " << error.what();
    }
  }
  EXPECT_THROW(Sequential::parse("conv_transpose(2000000000)").build({4, 4, 2000000000}), ConfigError);
  EXPECT_THROW(Sequential::parse("upsample(1024) upsample(1024) upsample(1024)").build({1 << 20, 1 << 20, 1}),
               Error);
}

/// A random layer of each kind, and a sample's shape it takes.
std::pair<std::string, Shape> random_layer(int kind, Random& random) {
  const auto number = [&](std::int64_t low, std::int64_t high) {
    return std::to_string(integer(random, low, high));
  };
  const auto channels = integer(random, 1, 5);
  const Shape plane = {integer(random, 1, 7), integer(random, 1, 7)};
  const Shape image = channels == 1 ? plane : Shape{plane[0], plane[1], channels};
  const bool same = random.below(3) == 0;
  const std::string padding = same ? "same" : number(0, 3);
  const std::int64_t stride = integer(random, 1, 4);
  switch (kind) {
    case 0: {
      const std::int64_t groups = integer(random, 1, 3);
      const std::int64_t kernel = integer(random, 1, 3);
      return {"conv1d(" + std::to_string(groups * integer(random, 1, 3)) +
                  ", kernel=" + std::to_string(kernel) + ", stride=" + std::to_string(stride) +
                  ", padding=" + padding + ", dilation=2, groups=" + std::to_string(groups) + ")",
              {integer(random, 5, 12), groups * channels}};
    }
    case 1: {
      const std::string extra = same ? "" : ", output_padding=" + number(0, stride - 1);
      return {"conv_transpose(" + number(1, 4) + ", kernel=" + number(same ? 1 : 7, 8) +
                  ", stride=" + std::to_string(stride) + ", padding=" + padding + extra + ")",
              image};
    }
    case 2: return {"group_norm(" + std::to_string(channels) + ")", {image[0], channels * 3}};
    case 3: return {"instance_norm", image};
    case 4: return {"upsample(" + number(1, 4) + ")", image};
    case 5: return {"upsample(" + number(1, 4) + ", mode=bilinear)", image};
    case 6: return {"subsample(" + number(1, 9) + ", channels=" + number(channels, 8) + ")", image};
    case 7: return {"spatial_dropout(0.5)", image};
    case 8: return {"globalmaxpool", image};
    default: {
      const std::string s = std::to_string(stride);
      const std::string block = "residual(conv(6, kernel=3, stride=" + s + ", padding=1), projection=";
      return {block + (same ? "subsample(" + s + ", channels=6))" : "conv(6, kernel=1, stride=" + s + "))"),
              image};
    }
  }
}

TEST(ImageLayers, KeepTheirPromisesOfSizes) {
  Random random(5);
  for (int i = 0; i < 200; ++i) {
    const auto [text, input] = random_layer(i % 10, random);
    SCOPED_TRACE(text + " on " + to_string(input));
    Sequential model = Sequential::parse(text);
    const Shape output = model.build(input, 1);
    EXPECT_EQ(model.parameter_count(input), count_trainable(parameters(model)));
    EXPECT_GE(model.summary()[0].flops, 0);
    const Tensor x = drawn(with_batch(3, input), random);
    const Tensor y = model(x);
    EXPECT_EQ(y.shape(), with_batch(3, output));
    // What the plan computes is what the references of the ops give, and what the saved graph does.
    const TracedGraph graph = trace_graph(model, input);
    const std::unique_ptr<Module> copy = module_from_graph(graph.text);
    std::vector<NamedValue> values = parameter_values(model);
    values.insert(values.end(), graph.constants.begin(), graph.constants.end());
    load_exactly(parameters(*copy), values);
    EXPECT_EQ(y.to_vector(), (*copy)(x).to_vector());
  }
}

TEST(ImageLayers, CountOperations) {
  EXPECT_EQ(Conv1d(6, {.kernel = 5}).flops({28, 3}), 2 * 5 * 3 * 24 * 6);
  EXPECT_EQ(ConvTranspose2d(6, {.kernel = 5, .stride = 2}).flops({4, 3, 2}), 2 * 5 * 5 * 2 * 4 * 3 * 6);
  EXPECT_EQ(ConvTranspose2d(6, {.kernel = 2, .stride = 2, .activation = "relu"}).flops({4, 3, 2}),
            2 * 2 * 2 * 2 * 4 * 3 * 6 + 8 * 6 * 6);
  EXPECT_EQ(Upsample2d(2).flops({4, 3, 2}), 0);
  EXPECT_EQ(Upsample2d(2, UpsampleMode::bilinear).flops({4, 3, 2}), 5 * (8 * 3 * 2 + 8 * 6 * 2));
  const Sequential block = Sequential::parse("residual(conv(4, padding=1), projection=conv(4, kernel=1))");
  EXPECT_EQ(block.layer(0).flops({5, 5, 2}), 2 * 25 * 4 * (9 * 2 + 2) + 25 * 4);
}

TEST(Conv1d, IsTheSumOverItsWindow) {
  Random random(7);
  for (int i = 0; i < 60; ++i) {
    const std::int64_t groups = integer(random, 1, 3);
    const std::int64_t per_group = integer(random, 1, 3);
    const std::int64_t outputs = integer(random, 1, 3);
    const Conv1dOptions options = {.kernel = integer(random, 1, 4),
                                   .stride = integer(random, 1, 6),
                                   .padding = integer(random, 0, 6),
                                   .dilation = integer(random, 1, 3),
                                   .groups = groups};
    const std::int64_t least = options.dilation * (options.kernel - 1) + 1 - 2 * options.padding;
    const Shape input = {integer(random, std::max<std::int64_t>(1, least), 20), groups * per_group};
    Random weights(static_cast<std::uint64_t>(i));
    const Conv1d layer = built(Conv1d(groups * outputs, options), input, weights);
    SCOPED_TRACE(layer.describe() + " on " + to_string(input));
    const Tensor x = drawn(with_batch(2, input), random);
    ForwardContext context;
    const Tensor y = evaluate(layer.forward(x, context));
    const std::int64_t length =
        (input[0] + 2 * options.padding - options.dilation * (options.kernel - 1) - 1) / options.stride + 1;
    ASSERT_EQ(y.shape(), (Shape{2, length, groups * outputs}));
    const std::span<const float> in = x.data<float>();
    const std::span<const float> filter = layer.filter().data<float>();
    for (std::int64_t e = 0; e < y.size(); ++e) {
      const std::int64_t o = e % (groups * outputs);
      const std::int64_t place = e / (groups * outputs) % length;
      const std::int64_t n = e / (groups * outputs) / length;
      double exact = 0;
      double size = 0;
      for (std::int64_t k = 0; k < options.kernel; ++k) {
        const std::int64_t at = place * options.stride + k * options.dilation - options.padding;
        if (at < 0 || at >= input[0]) continue;
        for (std::int64_t c = 0; c < per_group; ++c) {
          const std::int64_t channel = o / outputs * per_group + c;
          const double product =
              static_cast<double>(in[static_cast<std::size_t>((n * input[0] + at) * input[1] + channel)]) *
              static_cast<double>(
                  filter[static_cast<std::size_t>((k * per_group + c) * groups * outputs + o)]);
          exact += product;
          size += std::abs(product);
        }
      }
      const double terms = static_cast<double>(options.kernel * per_group);
      EXPECT_NEAR(y.data<float>()[static_cast<std::size_t>(e)], exact, terms * 0x1p-24 * size) << e;
    }
  }
}

TEST(ConvTranspose2d, IsTheTransposeOfAConvolution) {
  // <conv(x), y> = <x, conv_transpose(y)> for every x and y.
  Random random(9);
  for (int i = 0; i < 60; ++i) {
    ConvTranspose2dOptions options = {
        .kernel = integer(random, 1, 5), .stride = integer(random, 1, 6), .bias = false};
    const bool same = random.below(3) == 0;
    options.padding = same ? kSamePadding : integer(random, 0, options.kernel / 2);
    options.output_padding = same ? 0 : integer(random, 0, options.stride - 1);
    const Shape input = {integer(random, 1, 4), integer(random, 1, 4), integer(random, 1, 3)};
    const ConvTranspose2d layer(integer(random, 1, 3), options);
    Shape output;
    try {
      output = layer.output_shape(input);
    } catch (const ShapeError&) {
      continue;  // the padding leaves nothing
    }
    Random weights(static_cast<std::uint64_t>(i));
    const ConvTranspose2d transpose = built(layer, input, weights);
    SCOPED_TRACE(transpose.describe() + " on " + to_string(input));
    Conv2d conv(
        input[2],
        {.kernel = options.kernel, .stride = options.stride, .padding = options.padding, .bias = false});
    conv.build(output, weights);
    *parameters(conv)[0].value = transpose.filter();
    const Tensor x = drawn(with_batch(2, output), random);
    const Tensor y = drawn(with_batch(2, input), random);
    ForwardContext context;
    const Tensor a = conv.forward(x, context) * y;
    const Tensor b = x * transpose.forward(y, context);
    const double size = sum(abs(a)).item() + sum(abs(b)).item();
    EXPECT_NEAR(sum(a).item(), sum(b).item(), 1e-5 * size);
  }
}

TEST(GroupNorm, IsInstanceNormWithAGroupForEachChannelAndStandardisesEach) {
  Random random(3);
  for (const Shape& input : {Shape{5, 4, 6}, Shape{9, 6}, Shape{1, 1, 6}}) {
    const Tensor x = drawn(with_batch(3, input), random) * 3.0 + 1.0;
    Sequential group = Sequential::parse("group_norm(6)");
    Sequential instance = Sequential::parse("instance_norm");
    group.build(input);
    instance.build(input);
    const auto a = group(x).to_vector();
    const auto b = instance(x).to_vector();
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 2e-6);
    Sequential two = Sequential::parse("group_norm(2)");
    two.build(input);
    const std::int64_t places = input.elements() / 6;
    const Tensor grouped = reshape(two(x), {3, places, 2, 3});
    for (const double m : mean(grouped, {1, 3}).to_vector()) EXPECT_NEAR(m, 0, 1e-6);
    for (const double v : var(grouped, {1, 3}).to_vector()) EXPECT_NEAR(v, 1, 1e-3);
  }
}

TEST(Upsample2d, FollowsTheFormula) {
  Random random(4);
  for (int i = 0; i < 40; ++i) {
    const std::int64_t h = integer(random, 1, 5);
    const std::int64_t w = integer(random, 1, 5);
    const std::int64_t f = integer(random, 1, 5);
    const Tensor x = drawn({1, h, w, 2}, random);
    const std::span<const float> in = x.data<float>();
    const auto pixel = [&](std::int64_t row, std::int64_t column, std::int64_t c) {
      row = std::clamp<std::int64_t>(row, 0, h - 1);
      column = std::clamp<std::int64_t>(column, 0, w - 1);
      return static_cast<double>(in[static_cast<std::size_t>((row * w + column) * 2 + c)]);
    };
    ForwardContext context;
    const auto nearest = Upsample2d(f).forward(x, context).to_vector();
    const auto bilinear = Upsample2d(f, UpsampleMode::bilinear).forward(x, context).to_vector();
    ASSERT_EQ(nearest.size(), static_cast<std::size_t>(h * f * w * f * 2));
    for (std::int64_t e = 0; e < h * f * w * f * 2; ++e) {
      const std::int64_t row = e / 2 / (w * f);
      const std::int64_t column = e / 2 % (w * f);
      const std::int64_t c = e % 2;
      EXPECT_EQ(nearest[static_cast<std::size_t>(e)], pixel(row / f, column / f, c));
      const double y = (static_cast<double>(row) + 0.5) / static_cast<double>(f) - 0.5;
      const double x_place = (static_cast<double>(column) + 0.5) / static_cast<double>(f) - 0.5;
      const auto top = static_cast<std::int64_t>(std::floor(y));
      const auto left = static_cast<std::int64_t>(std::floor(x_place));
      const double down = y - std::floor(y);
      const double right = x_place - std::floor(x_place);
      const double exact =
          (1 - down) * ((1 - right) * pixel(top, left, c) + right * pixel(top, left + 1, c)) +
          down * ((1 - right) * pixel(top + 1, left, c) + right * pixel(top + 1, left + 1, c));
      const double largest =
          std::max({std::abs(pixel(top, left, c)), std::abs(pixel(top, left + 1, c)),
                    std::abs(pixel(top + 1, left, c)), std::abs(pixel(top + 1, left + 1, c))});
      // Twice a rounded weight, a product and two sums of numbers that do not exceed the largest.
      EXPECT_NEAR(bilinear[static_cast<std::size_t>(e)], exact, 2 * 4 * 0x1p-24 * largest);
    }
  }
}

TEST(SpatialDropout, DropsWholeChannels) {
  Sequential model{SpatialDropout(0.25)};
  model.build({3, 2, 4000});
  Random random(1);
  const Tensor x = drawn({5, 3, 2, 4000}, random);
  EXPECT_THROW(
      {
        ForwardContext context{.training = true};
        model(x, context);
      },
      Error);
  const auto run = [&](std::int32_t step) {
    ForwardContext context{.training = true,
                           .key = Tensor::from(std::vector<std::int32_t>{1, step}, Shape{2})};
    return evaluate(model(x, context)).to_vector();
  };
  const auto y = run(0);
  EXPECT_EQ(y, run(0));
  EXPECT_NE(y, run(1));
  EXPECT_EQ(model(x).to_vector(), x.to_vector());
  const auto in = x.to_vector();
  std::int64_t dropped = 0;
  for (std::size_t n = 0; n < 5; ++n) {
    for (std::size_t c = 0; c < 4000; ++c) {
      const bool gone = y[n * 24000 + c] == 0;
      dropped += gone ? 1 : 0;
      for (std::size_t place = 0; place < 6; ++place) {
        const std::size_t i = n * 24000 + place * 4000 + c;
        // Both factors are rounded: 1 / 0.75, and the product.
        EXPECT_NEAR(y[i], gone ? 0 : in[i] / 0.75, std::abs(in[i]) * 0x1p-22);
      }
    }
  }
  EXPECT_NEAR(static_cast<double>(dropped) / 20000, 0.25, 5 * std::sqrt(0.25 * 0.75 / 20000));
}

TEST(Residual, NamesTheParametersOfItsProjection) {
  Sequential model = Sequential::parse(
      "residual(conv(4, stride=2, padding=1, bias=false), projection=conv(4, kernel=1, stride=2) "
      "batch_norm)");
  EXPECT_EQ(model.build({6, 5, 3}), (Shape{3, 3, 4}));
  std::vector<std::string> names;
  for (const NamedTensor& p : parameters(model)) names.push_back(p.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{
                "residual_1.conv_1.filter", "residual_1.projection.conv_1.filter",
                "residual_1.projection.conv_1.bias", "residual_1.projection.batch_norm_1.scale",
                "residual_1.projection.batch_norm_1.shift", "residual_1.projection.batch_norm_1.running_mean",
                "residual_1.projection.batch_norm_1.running_variance"}));
}

TEST(ImageLayers, HaveTheGradientsThatDifferencesGive) {
  for (const auto& [text, input] : std::vector<std::pair<const char*, Shape>>{
           {"conv1d(6, kernel=3, stride=2, padding=1, act=tanh) group_norm(3) conv1d(4, padding=same, "
            "groups=2) "
            "instance_norm dense(2)",
            {9, 2}},
           {"conv_transpose(4, stride=2, padding=1, output_padding=1, act=sigmoid) instance_norm "
            "conv(3) upsample(2, mode=bilinear) conv_transpose(2, kernel=2, padding=same) globalmaxpool",
            {3, 2, 2}},
           {"residual(conv(4, stride=2, padding=1) batch_norm tanh, projection=conv(4, kernel=1, stride=2)) "
            "residual(conv(6, stride=2, padding=1) tanh, projection=subsample(2, channels=6)) upsample(3) "
            "dense(2)",
            {5, 6, 2}}}) {
    Sequential model = Sequential::parse(text);
    model.build(input, 3);
    for (const GradientReport& report : check_model(model, input, "mse", 5)) {
      EXPECT_TRUE(report.passed) << text << ": " << report.name << ": " << report.failure;
      EXPECT_GT(report.largest_gradient, 0) << text << ": " << report.name;
    }
  }
}

/// The residual network of 20 layers for images of 32 x 32 pixels (He et al. 2016, section 4.2): three stages
/// of three blocks.
std::string resnet20(const std::string& shortcut_to_32, const std::string& shortcut_to_64) {
  const auto block = [](const std::string& channels, const std::string& stride, const std::string& shortcut) {
    return " residual(conv(" + channels + stride + ", padding=1, bias=false) batch_norm relu conv(" +
           channels + ", padding=1, bias=false) batch_norm" + shortcut + ") relu";
  };
  const auto stage = [&](const std::string& channels, const std::string& shortcut) {
    const bool first = shortcut.empty();
    return block(channels, first ? "" : ", stride=2", first ? "" : ", projection=" + shortcut) +
           block(channels, "", "") + block(channels, "", "");
  };
  return "conv(16, padding=1, bias=false) batch_norm relu" + stage("16", "") + stage("32", shortcut_to_32) +
         stage("64", shortcut_to_64) + " globalavgpool dense(10)";
}

// Options A and B of the paper's section 4.1; table 6 tells of 0.27 million parameters.
TEST(ResidualNetwork, HasTheSizeOfThePaper) {
  Sequential a = Sequential::parse(resnet20("subsample(2, channels=32)", "subsample(2, channels=64)"));
  EXPECT_EQ(a.parameter_count({32, 32, 3}), 269722);
  EXPECT_EQ(a.build({32, 32, 3}, 1), Shape{10});
  EXPECT_EQ(count_trainable(parameters(a)), 269722);
  const Sequential b = Sequential::parse(resnet20("conv(32, kernel=1, stride=2, bias=false) batch_norm",
                                                  "conv(64, kernel=1, stride=2, bias=false) batch_norm"));
  EXPECT_EQ(b.parameter_count({32, 32, 3}), 269722 + 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64);
  // 40.6 million multiplications with additions in the convolutions and the dense layer.
  std::int64_t products = 0;
  for (const SummaryRow& row : a.summary()) products += row.flops / 2;
  EXPECT_GT(products, 40'551'040);
  EXPECT_LT(products, 1.1 * 40'551'040);
}

}  // namespace
}  // namespace hebb
