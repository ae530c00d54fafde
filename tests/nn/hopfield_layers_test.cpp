#include "hebb/hopfield_layers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/modern_memory.hpp"
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

void expect_equal(const Tensor& a, const Tensor& b, double tolerance) {
  ASSERT_EQ(a.shape(), b.shape());
  const auto got = a.to_vector();
  const auto want = b.to_vector();
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], tolerance) << i;
}

TEST(HopfieldLayers, AreThoseOfPyTorch) { testing::expect_golden_layers("nn/golden/hopfield_layers.txt"); }

TEST(HopfieldLayers, SayWhatTheyAre) {
  for (const char* text :
       {"hopfield", "hopfield(8, heads=4, beta=learned, steps=2, mask_zero=true, bias=false, init=he_normal)",
        "hopfield(heads=2, beta=0.25)", "hopfield_pooling(8)",
        "hopfield_pooling(heads=2, quantity=3, mask_zero=true) dense(2)", "hopfield_lookup(10)",
        "hopfield_lookup(10, size=6, heads=3, beta=2) flatten",
        "residual(hopfield(heads=2)) layer_norm hopfield_pooling"}) {
    EXPECT_EQ(Sequential::parse(text).to_string(), text);
  }
  EXPECT_EQ(
      Sequential::parse("hopfield(size=8, beta=auto) hopfield_lookup(3, 4) hopfield_pooling(quantity=1)")
          .to_string(),
      "hopfield(8) hopfield_lookup(3, size=4) hopfield_pooling");
}

TEST(HopfieldLayers, RefuseWhatMakesNoSense) {
  for (const auto& [text, message] : std::vector<std::pair<const char*, const char*>>{
           {"hopfield(-1)", "hopfield: expected a size from 0"},
           {"hopfield(8, heads=3)", "3 heads do not divide a size of 8"},
           {"hopfield(heads=0)", "hopfield: expected heads from 1"},
           {"hopfield(steps=0)", "hopfield: expected steps from 1"},
           {"hopfield(beta=-1)", "expected a beta that is not negative"},
           {"hopfield(beta=1e60)", "expected a beta that is not negative nor infinite"},
           {"hopfield(beta=warm)", "column 15: expected a beta of 'auto', 'learned' or a number"},
           {"hopfield(beta=learned(2))", "column 15: expected a beta of 'auto', 'learned' or a number"},
           {"hopfield(beta=auto(2))", "column 15: expected a beta of 'auto', 'learned' or a number"},
           {"hopfield(steps=1000000000)", "hopfield: expected steps from 1 to 1024, got 1000000000"},
           {"hopfield(quantity=2)", "unknown option 'quantity'"},
           {"hopfield_pooling(quantity=0)", "hopfield_pooling: expected a quantity from 1"},
           {"hopfield_lookup", "'hopfield_lookup' needs quantity"},
           {"hopfield_lookup(0)", "hopfield_lookup: expected a quantity from 1"},
           {"hopfield_lookup(4, mask_zero=true)", "unknown option 'mask_zero'"},
           {"hopfeld", "did you mean 'hopfield'"}}) {
    try {
      Sequential::parse(text);
      ADD_FAILURE() << text << ": nothing thrown";
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << text << ": " << error.what();
    }
  }
  EXPECT_THROW(HopfieldLookup(3, {.mask_zero = true}), ConfigError);
}

TEST(HopfieldLayers, RefuseInputsTheyCannotTake) {
  for (const auto& [text, input, message] : std::vector<std::tuple<const char*, Shape, const char*>>{
           {"hopfield", {4}, "hopfield: expected tokens [tokens, features], got [4]"},
           {"hopfield", {4, 4, 1}, "got [4, 4, 1]"},
           {"hopfield_pooling", {0, 3}, "got [0, 3]"},
           {"hopfield_lookup(2)", {}, "got []"},
           {"hopfield(heads=2)", {4, 3}, "2 heads do not divide the 3 features"},
           {"hopfield_lookup(2147483647, size=2147483647)", {3}, "too many parameters"}}) {
    try {
      Sequential::parse(text).build(input);
      ADD_FAILURE() << text << ": nothing thrown";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << text << ": " << error.what();
    }
  }
  Random random(1);
  const HopfieldPooling layer = built(HopfieldPooling(), {4, 3}, random);
  EXPECT_THROW(layer.forward(drawn({2, 4, 5}, random), Tensor()), ShapeError);
  EXPECT_THROW(layer.forward(drawn({2, 4, 3}, random), drawn({2, 3}, random)), ShapeError);
  EXPECT_THROW(HopfieldPooling().forward(drawn({2, 4, 3}, random), Tensor()), Error);
}

TEST(HopfieldLayers, KeepTheirPromisesOfSizes) {
  Random random(5);
  const auto number = [&](std::uint32_t low, std::uint32_t high) {
    return std::to_string(low + random.below(high - low + 1));
  };
  for (int i = 0; i < 60; ++i) {
    const std::uint32_t heads = 1 + random.below(3);
    std::string options = "size=" + std::to_string(heads * (1 + random.below(4))) +
                          ", heads=" + std::to_string(heads) + ", steps=" + number(1, 3) +
                          (random.below(2) == 0 ? ", beta=learned" : "") +
                          (random.below(2) == 0 ? ", bias=false" : "");
    if (i % 3 != 2 && random.below(2) == 0) options += ", mask_zero=true";
    const std::string text = i % 3 == 0   ? "hopfield(" + options + ")"
                             : i % 3 == 1 ? "hopfield_pooling(quantity=" + number(1, 3) + ", " + options + ")"
                                          : "hopfield_lookup(" + number(1, 4) + ", " + options + ")";
    const Shape input = i % 3 == 2 && random.below(2) == 0 ? Shape{3} : Shape{1 + random.below(5), 3};
    SCOPED_TRACE(text + " on " + to_string(input));
    Sequential model = Sequential::parse(text);
    const Shape output = model.build(input, 1);
    EXPECT_EQ(model.parameter_count(input), count_trainable(parameters(model)));
    std::vector<std::int64_t> extents = input.extents();
    extents.insert(extents.begin(), 4);
    const Tensor x = drawn(Shape(extents), random);
    const Tensor y = evaluate(model(x));
    extents = output.extents();
    extents.insert(extents.begin(), 4);
    ASSERT_EQ(y.shape(), Shape(extents));
    // What the saved graph computes is the same.
    const TracedGraph graph = trace_graph(model, input);
    const std::unique_ptr<Module> copy = module_from_graph(graph.text);
    std::vector<NamedValue> values = parameter_values(model);
    values.insert(values.end(), graph.constants.begin(), graph.constants.end());
    load_exactly(parameters(*copy), values);
    EXPECT_EQ(y.to_vector(), (*copy)(x).to_vector());
  }
}

TEST(HopfieldLayers, CountOperations) {
  // Multiplications and additions: 3 projections of 5 tokens and one back, similarities and sums of values.
  EXPECT_EQ(Hopfield({.size = 8}).flops({5, 6}), 2 * (4 * 5 * 6 * 8 + 2 * 5 * 5 * 8));
  EXPECT_EQ(Hopfield({.size = 8, .heads = 2, .steps = 3}).flops({5, 6}),
            2 * (4 * 5 * 6 * 8 + 3 * 2 * 5 * 5 * 8));
  EXPECT_EQ(HopfieldPooling({.size = 8}, 3).flops({5, 6}), 2 * ((2 * 5 + 3) * 6 * 8 + 2 * 3 * 5 * 8));
  EXPECT_EQ(HopfieldLookup(7, {.size = 8}).flops({5, 6}), 2 * (2 * 5 * 6 * 8 + 2 * 5 * 7 * 8));
  EXPECT_EQ(HopfieldLookup(7).flops({6}), 2 * (2 * 6 * 6 + 2 * 7 * 6));
}

TEST(HopfieldPooling, DoesNotCareForTheOrderOfTokens) {
  Random random(3);
  const Shape input = {6, 4};
  const HopfieldPooling layer = built(HopfieldPooling({.size = 6, .heads = 2}, 2), input, random);
  const Tensor x = drawn({3, 6, 4}, random);
  const Tensor other = concat({slice(x, 1, 4, 6), slice(x, 1, 0, 4)}, 1);
  expect_equal(layer.forward(x, Tensor()), layer.forward(other, Tensor()), 1e-6);
  const Tensor weights = layer.weights(x);
  EXPECT_EQ(weights.shape(), (Shape{3, 2, 2, 6}));
  expect_equal(sum(weights, {-1}), full(1, {3, 2, 2}), 1e-6);
}

TEST(HopfieldLayers, DoNotSeeWhatIsMaskedOut) {
  // A bag with padding gives what the shorter bag gives, whatever the padding holds.
  Random random(4);
  const Shape input = {7, 4};
  const HopfieldPooling pooling = built(HopfieldPooling({.heads = 2, .steps = 2}), input, random);
  const Hopfield self = built(Hopfield({.heads = 2}), input, random);
  const Tensor x = drawn({2, 7, 4}, random);
  const Tensor shorter = slice(x, 1, 0, 5);
  const Tensor mask = concat({full(1, {2, 5}), full(0, {2, 2})}, 1);
  expect_equal(pooling.forward(x, mask), pooling.forward(shorter, Tensor()), 1e-6);
  const Tensor found = self.forward(x, mask);
  expect_equal(slice(found, 1, 0, 5), self.forward(shorter, Tensor()), 1e-6);
  expect_equal(slice(found, 1, 5, 7), full(0, {2, 2, 4}), 0);
  // The same by zeros.
  const Hopfield zeros = built(Hopfield({.heads = 2, .mask_zero = true}), input, random);
  const Tensor padded = x * reshape(mask, {2, 7, 1});
  ForwardContext context;
  expect_equal(zeros.forward(padded, context), zeros.forward(x, mask), 1e-6);
  // Nothing but padding gives no NaN, neither as a value nor as a gradient.
  const Tensor nothing = Tensor::from(std::vector<float>(2 * 7 * 4), {2, 7, 4});
  for (const Tensor& t : {zeros.forward(nothing, context),
                          gradients(sum(square(zeros.forward(nothing, context))), {nothing})[0]}) {
    for (const double v : t.to_vector()) EXPECT_EQ(v, 0);
  }
}

TEST(Attention, IsTheUpdateOfAModernMemory) {
  Random random(6);
  const Tensor patterns = drawn({9, 5}, random);
  const Tensor cues = drawn({4, 5}, random);
  memory::ModernMemory memory(5, {.beta = 0.8});
  memory.store_all(patterns.data<float>());
  const std::vector<memory::Recall> recalls = memory.recall_batch(cues.data<float>(), {.max_sweeps = 3});
  const Tensor states = attention(cues, patterns, patterns, {.beta = Tensor(0.8), .steps = 3});
  ASSERT_EQ(states.shape(), (Shape{4, 5}));
  const auto got = states.to_vector();
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], recalls[i / 5].state[i % 5], 1e-5);
}

TEST(Attention, MasksOfQueriesAndOperandsWithoutABatch) {
  Random random(7);
  const Tensor queries = drawn({3, 4}, random);
  const Tensor keys = drawn({2, 5, 4}, random);
  const Tensor values = drawn({2, 5, 6}, random);
  std::vector<float> seen(2 * 3 * 5);
  for (float& v : seen) v = random.below(2) == 0 ? 0.0F : 1.0F;
  std::fill_n(seen.begin(), 5, 0.0F);  // the first query of the first sample sees nothing
  const Tensor mask = Tensor::from(seen, {2, 3, 5});
  for (const std::int64_t heads : {1, 2}) {
    const AttentionOptions options = {.heads = heads, .mask = mask};
    const Tensor got = evaluate(attention(queries, keys, values, options));
    ASSERT_EQ(got.shape(), (Shape{2, 3, 6}));
    for (std::int64_t sample = 0; sample < 2; ++sample) {
      const auto part = [&](const Tensor& x) { return evaluate(slice(x, 0, sample, sample + 1)); };
      std::vector<std::uint8_t> sees;
      for (const double v : part(mask).to_vector()) sees.push_back(v != 0);
      const std::vector<float> want =
          memory::associate(queries.data<float>(), part(keys).data<float>(), part(values).data<float>(),
                            {.width = 4, .value_width = 6, .heads = heads, .mask = sees});
      expect_equal(reshape(part(got), {18}), Tensor::from(want, {18}), 1e-6);
    }
  }
  EXPECT_THROW(attention(queries, keys, drawn({2, 4, 6}, random)), ShapeError);
  EXPECT_THROW(attention(drawn({3, 5}, random), keys, values), ShapeError);
  EXPECT_THROW(attention(queries, keys, values, {.heads = 3}), ShapeError);
  EXPECT_THROW(attention(queries, keys, values, {.heads = 0}), ShapeError);
  EXPECT_THROW(attention(queries, keys, values, {.steps = 0}), ConfigError);
  EXPECT_THROW(attention(queries, keys, values, {.beta = drawn({3}, random)}), ShapeError);
  EXPECT_THROW(attention(queries, keys, values, {.mask = drawn({5}, random)}), ShapeError);
  EXPECT_THROW(attention(queries, keys, values, {.mask = drawn({2, 4}, random)}), ShapeError);
  EXPECT_THROW(attention(drawn({4}, random), keys, values), ShapeError);
}

}  // namespace
}  // namespace hebb
