// Kernels that move elements: transpose, gather, scatter, one-hot, argmax, block copies.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "kernels/copy.hpp"
#include "kernels/gather.hpp"
#include "kernels/transpose.hpp"

namespace hebb {
namespace {

using Numbers = std::vector<std::int64_t>;

template <class T>
void check_transposition(const Numbers& extents, const Numbers& order) {
  std::int64_t count = 1;
  for (const std::int64_t extent : extents) count *= extent;
  std::vector<T> x(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i * 7 + 1);
  std::vector<T> expected(x.size());
  for (std::int64_t linear = 0; linear < count; ++linear) {
    Numbers index(extents.size());
    std::int64_t rest = linear;
    for (std::size_t axis = extents.size(); axis-- > 0;) {
      index[axis] = rest % extents[axis];
      rest /= extents[axis];
    }
    std::int64_t to = 0;
    for (const std::int64_t axis : order) {
      to = to * extents[static_cast<std::size_t>(axis)] + index[static_cast<std::size_t>(axis)];
    }
    expected[static_cast<std::size_t>(to)] = x[static_cast<std::size_t>(linear)];
  }
  const Transposition transposition(extents, order, sizeof(T));
  for (const int threads : {1, 2, 3}) {
    set_threads(threads);
    std::vector<T> y(x.size() + 1, T{99});
    transposition.run(x.data(), y.data());
    ASSERT_EQ(y.back(), T{99});
    y.pop_back();
    ASSERT_EQ(y, expected);
  }
  set_threads(1);
}

TEST(Transpose, MatricesOfEverySize) {
  for (std::int64_t rows = 1; rows < 40; rows += 3) {
    for (std::int64_t columns = 1; columns < 70; ++columns)
      check_transposition<float>({rows, columns}, {1, 0});
  }
  check_transposition<float>({301, 257}, {1, 0});
  check_transposition<float>({2, 40000}, {1, 0});
  check_transposition<float>({40000, 2}, {1, 0});
}

TEST(Transpose, EveryOrderOfFourAxes) {
  for (const Numbers& extents :
       {Numbers{3, 4, 5, 6}, Numbers{1, 9, 1, 17}, Numbers{2, 1, 33, 8}, Numbers{4, 0, 3, 2}}) {
    Numbers order = {0, 1, 2, 3};
    do {
      check_transposition<float>(extents, order);
      check_transposition<std::int32_t>(extents, order);
      check_transposition<std::uint8_t>(extents, order);
      check_transposition<double>(extents, order);
    } while (std::next_permutation(order.begin(), order.end()));
  }
  check_transposition<float>({}, {});
  check_transposition<float>({5}, {0});
}

TEST(Gather, RowsAndTheirTranspose) {
  Random random(1);
  for (const std::int64_t width : {0, 1, 3, 64, 300}) {
    const std::int64_t rows = 50;
    const std::int64_t count = 500;
    std::vector<float> table(static_cast<std::size_t>(rows * width));
    for (float& v : table) v = random.normal();
    std::vector<std::int32_t> indices(static_cast<std::size_t>(count));
    for (auto& index : indices) index = static_cast<std::int32_t>(random.below(60)) - 5;
    indices[0] = std::numeric_limits<std::int32_t>::min();
    indices[1] = std::numeric_limits<std::int32_t>::max();
    const RowIndices p = {indices.data(), count, rows, width};
    std::vector<float> x(static_cast<std::size_t>(count * width));
    std::vector<float> back(table.size());
    gather_rows(p, table.data(), x.data());
    std::vector<float> sums(table.size(), 0.0F);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t row = indices[static_cast<std::size_t>(i)];
      for (std::int64_t k = 0; k < width; ++k) {
        float& value = x[static_cast<std::size_t>(i * width + k)];
        if (row < 0 || row >= rows) {
          ASSERT_TRUE(std::isnan(value));
          value = 1.0F;  // must not arrive anywhere
          continue;
        }
        ASSERT_EQ(value, table[static_cast<std::size_t>(row * width + k)]);
        sums[static_cast<std::size_t>(row * width + k)] += value;
      }
    }
    for (const int threads : {1, 2, 3}) {
      set_threads(threads);
      scatter_add_rows(p, x.data(), back.data());
      ASSERT_EQ(back, sums) << threads << " threads";  // the same additions in the same order
    }
    set_threads(1);
  }
}

TEST(Gather, EmptyTable) {
  const std::vector<std::int32_t> indices = {0, 1};
  std::vector<float> x(4);
  gather_rows({indices.data(), 2, 0, 2}, nullptr, x.data());
  EXPECT_TRUE(std::all_of(x.begin(), x.end(), [](float v) { return std::isnan(v); }));
  scatter_add_rows({indices.data(), 2, 0, 2}, x.data(), nullptr);
}

TEST(OneHot, LabelsOutOfRangeGiveZeros) {
  const std::vector<std::int32_t> labels = {2, 0, -1, 3};
  std::vector<float> y(12, 5.0F);
  one_hot_rows({labels.data(), 4, 3, 1}, y.data());
  EXPECT_EQ(y, (std::vector<float>{0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Argmax, FirstOfEqualOnesAndNaN) {
  const float nan = std::nanf("");
  const std::vector<float> x = {1, 3, 3, -1, 5, nan, 9, nan, -7, -7, -8, -9};
  std::vector<std::int32_t> index(3);
  argmax(3, 4, 1, x.data(), index.data());
  EXPECT_EQ(index, (std::vector<std::int32_t>{1, 1, 0}));
  index.resize(4);
  argmax(1, 3, 4, x.data(), index.data());
  EXPECT_EQ(index, (std::vector<std::int32_t>{1, 1, 1, 1}));
}

TEST(Copy, Blocks) {
  std::vector<float> x(1000);
  std::iota(x.begin(), x.end(), 0.0F);
  std::vector<float> y(2000, -1.0F);
  copy_blocks({100, 3 * sizeof(float), 10 * sizeof(float), 20 * sizeof(float)}, x.data() + 2, y.data() + 5);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t block = i / 20;
    const std::size_t k = i % 20;
    ASSERT_EQ(y[i], k >= 5 && k < 8 ? x[block * 10 + 2 + k - 5] : -1.0F);
  }
  fill_blocks(10, 2, 200, -4.0F, y.data() + 1);
  EXPECT_EQ(std::count(y.begin(), y.end(), -4.0F), 20);
  EXPECT_EQ(y[201], -4.0F);
}

}  // namespace
}  // namespace hebb
