#include <gtest/gtest.h>

#include <string>

#include "golden.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
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
