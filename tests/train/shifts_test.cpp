#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "hebb/error.hpp"
#include "hebb/evaluation.hpp"
#include "hebb/model.hpp"
#include "hebb/random.hpp"

namespace hebb {
namespace {

/// Pixel by pixel, in double.
TEST(Shifts, AreAveragedAsProbabilities) {
  constexpr std::int64_t kHeight = 4;
  constexpr std::int64_t kWidth = 5;
  constexpr std::int64_t kChannels = 2;
  constexpr std::int64_t kBatch = 3;
  const Shape image = {kHeight, kWidth, kChannels};
  Random random(4);
  std::vector<float> pixels(static_cast<std::size_t>(kBatch * image.elements()));
  for (float& pixel : pixels) pixel = random.normal();
  struct Case {
    const char* loss;
    const char* model;
  };
  for (const Case& c : {Case{"cross_entropy", "conv(3, kernel=3) flatten dense(3)"},
                        Case{"binary_cross_entropy", "flatten dense(1)"}, Case{"mse", "flatten dense(2)"}}) {
    SCOPED_TRACE(c.loss);
    const Loss loss = Loss::parse(c.loss);
    Sequential model = Sequential::parse(c.model);
    model.build(image, 2);
    std::vector<double> expected;
    for (std::int64_t dy = -1; dy <= 1; ++dy) {
      for (std::int64_t dx = -1; dx <= 1; ++dx) {
        std::vector<float> moved;
        for (std::int64_t n = 0; n < kBatch; ++n) {
          for (std::int64_t y = 0; y < kHeight; ++y) {
            for (std::int64_t x = 0; x < kWidth; ++x) {
              const std::int64_t from_y = std::clamp<std::int64_t>(y - dy, 0, kHeight - 1);
              const std::int64_t from_x = std::clamp<std::int64_t>(x - dx, 0, kWidth - 1);
              for (std::int64_t k = 0; k < kChannels; ++k)
                moved.push_back(pixels[static_cast<std::size_t>(
                    ((n * kHeight + from_y) * kWidth + from_x) * kChannels + k)]);
            }
          }
        }
        const std::vector<double> p =
            loss.probabilities(model(Tensor::from(moved, Shape{kBatch, kHeight, kWidth, kChannels})))
                .to_vector();
        expected.resize(p.size());
        for (std::size_t i = 0; i < p.size(); ++i) expected[i] += p[i] / 9;
      }
    }
    const std::unique_ptr<Module> averaged = average_over_shifts(model, loss, image, 1);
    const Tensor x = Tensor::from(pixels, Shape{kBatch, kHeight, kWidth, kChannels});
    const std::vector<double> got = loss.probabilities((*averaged)(x)).to_vector();
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-6);
    const std::unique_ptr<Module> as_it_is = average_over_shifts(model, loss, image, 0);
    const std::vector<double> plain = loss.probabilities(model(x)).to_vector();
    const std::vector<double> same = loss.probabilities((*as_it_is)(x)).to_vector();
    for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(same[i], plain[i], 1e-6);
  }
  Sequential model = Sequential::parse("dense(2)");
  model.build({4}, 1);
  EXPECT_THROW(average_over_shifts(model, "mse", {4}, 1), ConfigError);
  EXPECT_THROW(average_over_shifts(model, "mse", {2, 2}, 2), ConfigError);
  EXPECT_THROW(average_over_shifts(model, "mse", {20, 20}, 5), ConfigError);
  EXPECT_THROW(average_over_shifts(model, "mse", {20, 20}, -1), ConfigError);
}

}  // namespace
}  // namespace hebb
