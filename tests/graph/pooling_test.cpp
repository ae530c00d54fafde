#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "golden.hpp"
#include "graph/interpreter.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "hebb/transforms.hpp"

namespace hebb {
namespace {

using testing::expect_near;
using testing::find;
using testing::find_whole;
using testing::Golden;
using testing::read_golden;

/// Values and gradients, equal elements among them: the references in float64, and the kernels.
TEST(Pooling, AgreesWithPyTorch) {
  const Golden golden = read_golden("graph/golden/pooling.txt");
  for (int i = 0; i < 4; ++i) {
    const std::string prefix = std::to_string(i) + " ";
    SCOPED_TRACE(prefix);
    const std::vector<std::int64_t> o = find_whole(golden, prefix + "options");
    const PoolOptions options = {
        .window = {o[0], o[1]}, .stride = {o[2], o[3]}, .padding = {o[4], o[4], o[5], o[5]}};
    const Tensor images =
        Tensor::from(find(golden, prefix + "images"), Shape(find_whole(golden, prefix + "shape")));
    for (const DType type : {DType::f64, DType::f32}) {
      const Tensor x = evaluate(cast(images, type));
      const double tolerance = type == DType::f64 ? 1e-12 : 2e-6;
      for (const auto& [name, y] :
           {std::pair<std::string, Tensor>("max", max_pool(x, options)), {"mean", avg_pool(x, options)}}) {
        SCOPED_TRACE(name);
        const Tensor slope = Tensor::from(find(golden, prefix + name + " slope"), y.shape());
        expect_near(y.to_vector(), find(golden, prefix + name), tolerance);
        expect_near(gradients(sum(y * evaluate(cast(slope, type))), {x})[0].to_vector(),
                    find(golden, prefix + name + " gradient"), tolerance);
      }
    }
  }
}

/// Images that threads share in bands of rows, and channels that fill vectors or do not: the kernels are the
/// references, with any number of threads.
TEST(Pooling, OfFewLargeImages) {
  struct Case {
    Shape images;
    PoolOptions options;
  };
  const int before = threads();
  Random random(4, 0);
  for (const Case& c :
       std::vector<Case>{{{1, 61, 67, 5}, {.window = {2, 2}}},
                         {{1, 40, 41, 24}, {.window = {3, 2}, .stride = {2, 1}, .padding = {1, 1, 1, 1}}},
                         {{2, 90, 83, 3}, {.window = {2, 2}}},
                         {{1, 1, 9000, 2}, {.window = {1, 4}, .stride = {1, 6}}},
                         {{3, 50, 30, 17}, {.window = {5, 5}, .stride = {5, 5}}}}) {
    SCOPED_TRACE(to_string(c.images));
    const Tensor x = Tensor::make<float>(c.images, [&](float* to) {
      for (std::int64_t i = 0; i < c.images.elements(); ++i) to[i] = random.normal();
    });
    Tensors all = {max_pool(x, c.options), avg_pool(x, c.options)};
    all.push_back(gradients(sum(square(all[0])), {x})[0]);
    all.push_back(gradients(sum(square(all[1])), {x})[0]);
    const Tensors exact = interpret<double>(all);
    for (const int count : {1, 2, 3}) {
      set_threads(count);
      const Tensors fast = evaluate(all);
      for (std::size_t i = 0; i < all.size(); ++i)
        expect_near(fast[i].to_vector(), exact[i].to_vector(), 2e-6);
    }
  }
  set_threads(before);
}

TEST(Pooling, SaysWhatDoesNotFit) {
  const auto message = [](const Shape& images, const PoolOptions& options) -> std::string {
    try {
      max_pool(full(0.0, images), options);
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "nothing thrown";
  };
  EXPECT_NE(message({2, 5, 5}, {}).find("expected images"), std::string::npos);
  EXPECT_NE(message({2, 1, 5, 3}, {}).find("the window has 2 rows"), std::string::npos);
  EXPECT_NE(
      message({2, 5, 5, 3}, {.window = {2, 2}, .padding = {0, 2, 0, 0}}).find("smaller than the window"),
      std::string::npos);
  EXPECT_NE(message({2, 5, 5, 3}, {.stride = {0, 1}}).find("stride must be 2 numbers from 1"),
            std::string::npos);
  EXPECT_NE(message({1, 5000, 5000, 1}, {.window = {5000, 5000}}).find("2^24"), std::string::npos);
}

}  // namespace
}  // namespace hebb
