#include "kernels/bit_sums.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "hebb/random.hpp"

namespace hebb {
namespace {

struct alignas(64) Line {
  std::uint64_t words[kLineWords];
  bool get(std::size_t p) const { return (words[p / 64] >> (p % 64) & 1) != 0; }
};

std::vector<Line> random_lines(std::size_t count, Random& random) {
  std::vector<Line> lines(count);
  for (Line& line : lines) {
    for (std::uint64_t& word : line.words) word = std::uint64_t{random.bits()} << 32 | random.bits();
  }
  if (count > 1) lines[0] = Line{};
  return lines;
}

template <class T>
struct alignas(64) Values {
  T at[kLineBits];
};

template <class T>
void check_one_line(T most) {
  Random random(1);
  for (const Line& line : random_lines(20, random)) {
    Values<T> values;
    Values<T> others;
    T set_sum = 0;
    T difference = 0;
    std::int64_t whole = 0;
    for (std::size_t p = 0; p < kLineBits; ++p) {
      const auto v = static_cast<T>(static_cast<double>(most) * static_cast<double>(random.uniform(-1, 1)));
      values.at[lane_place<T>(p)] = v;
      others.at[lane_place<T>(p)] = static_cast<T>(v / 2);
      if (line.get(p)) whole += static_cast<std::int64_t>(v);
      if constexpr (std::is_floating_point_v<T>) {
        set_sum += line.get(p) ? v : 0;
        difference += line.get(p) ? v : -v / 2;
      }
    }
    if constexpr (std::is_floating_point_v<T>) {
      EXPECT_NEAR(sum_where_set(line.words, values.at), set_sum, 1e-9);
      EXPECT_NEAR(difference_by_bits(line.words, values.at, others.at), difference, 1e-9);
    } else {
      EXPECT_EQ(sum_where_set(line.words, values.at), whole);
    }
    Values<T> moved = values;
    add_by_bits(line.words, moved.at, 2);
    for (std::size_t p = 0; p < kLineBits; ++p) {
      const std::size_t at = lane_place<T>(p);
      EXPECT_EQ(moved.at[at], static_cast<T>(values.at[at] + (line.get(p) ? 2 : -2)));
    }
  }
}

TEST(BitSums, OfOneLineAreExact) {
  check_one_line<std::int16_t>(32000);
  check_one_line<std::int32_t>(1 << 24);
  check_one_line<double>(1000);
}

TEST(BitSums, LargestValuesDoNotOverflow) {
  Line line;
  for (std::uint64_t& word : line.words) word = ~std::uint64_t{0};
  Values<std::int16_t> small;
  Values<std::int32_t> large;
  for (std::size_t p = 0; p < kLineBits; ++p) {
    small.at[p] = 32767;
    large.at[p] = 1 << 24;
  }
  EXPECT_EQ(sum_where_set(line.words, small.at), 512 * 32767);
  EXPECT_EQ(sum_where_set(line.words, large.at), std::int64_t{512} << 24);
}

TEST(BitSums, BitsOfALineAreCounted) {
  Random random(4);
  const std::vector<Line> lines = random_lines(20, random);
  for (const Line& line : lines) {
    std::int64_t set = 0;
    std::int64_t different = 0;
    for (std::size_t p = 0; p < kLineBits; ++p) {
      set += line.get(p) ? 1 : 0;
      different += line.get(p) != lines[7].get(p) ? 1 : 0;
    }
    EXPECT_EQ(count_set(line.words), set);
    EXPECT_EQ(count_differences(line.words, lines[7].words), different);
  }
}

TEST(BitSums, PackedValuesComeBack) {
  Random random(5);
  for (const float down : {-1.0F, 0.0F}) {
    for (const std::size_t count : {1, 7, 15, 16, 17, 63, 64, 65, 200, 1025}) {
      std::vector<float> values(count);
      for (float& v : values) v = random.below(2) == 1 ? 1.0F : down;
      std::vector<std::uint64_t> words((count + 63) / 64);
      ASSERT_EQ(pack_bits(values.data(), count, down, words.data()), count);
      for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(words[i / 64] >> (i % 64) & 1, values[i] == 1 ? 1U : 0U) << count << " values, " << i;
      std::vector<float> back(count + 1, 7.0F);
      unpack_bits(words.data(), count, down, back.data());
      EXPECT_EQ(back.back(), 7.0F);
      back.pop_back();
      EXPECT_EQ(back, values);
      // The first value that is neither of the two is found wherever it stands.
      const std::size_t wrong = random.below(static_cast<std::uint32_t>(count));
      values[wrong] = -1 - down;
      std::fill(words.begin(), words.end(), 0);
      EXPECT_EQ(pack_bits(values.data(), count, down, words.data()), wrong);
    }
  }
}

TEST(BitSums, CountsAgreeWithCountingOneByOne) {
  Random random(2);
  for (const std::size_t units : {1, 2, 7, 8, 9, 63, 64, 65, 300, 1025}) {
    const std::vector<Line> lines = random_lines(units, random);
    std::vector<std::uint64_t> state(units / 64 + 1);
    for (std::uint64_t& word : state) word = std::uint64_t{random.bits()} << 32 | random.bits();
    for (const bool agreements : {false, true}) {
      std::vector<std::uint32_t> counts(kLineBits, 99);
      const std::size_t patterns = units == 300 ? 129 : kLineBits;
      count_bits(lines[0].words, units, state.data(), agreements, patterns, counts.data());
      for (std::size_t p = 0; p < patterns; ++p) {
        std::uint32_t expected = 0;
        for (std::size_t u = 0; u < units; ++u) {
          const bool up = (state[u / 64] >> (u % 64) & 1) != 0;
          expected += up ? lines[u].get(p) : agreements && !lines[u].get(p);
        }
        ASSERT_EQ(counts[p], expected) << units << " units, pattern " << p;
      }
    }
  }
}

TEST(BitSums, SumsOfManyLinesAreExact) {
  Random random(3);
  for (const std::int16_t most : {std::int16_t{1}, std::int16_t{300}, std::int16_t{4095}}) {
    for (const std::size_t units : {1, 5, 16, 31, 32, 33, 64, 100, 257}) {
      const std::vector<Line> lines = random_lines(units, random);
      std::int16_t values[kLineBits];
      for (std::int16_t& v : values)
        v = static_cast<std::int16_t>(most == 4095 && random.below(3) > 0 ? 4095
                                                                          : random.uniform(-1.f, 1.f) * most);
      if (units == 33) std::fill(values + 128, values + 384, std::int16_t{0});
      std::vector<std::int64_t> sums(units, 5);
      add_sums_where_set(lines[0].words, units, values, 3, sums.data());
      for (std::size_t u = 0; u < units; ++u) {
        std::int64_t expected = 0;
        for (std::size_t p = 0; p < kLineBits; ++p) expected += lines[u].get(p) ? values[p] : 0;
        ASSERT_EQ(sums[u], 5 + 3 * expected) << units << " units, unit " << u;
      }
    }
  }
}

}  // namespace
}  // namespace hebb
