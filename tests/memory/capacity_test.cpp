#include "hebb/capacity.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "hebb/error.hpp"
#include "hebb/memory_theory.hpp"
#include "hebb/threads.hpp"
#include "memory/attractors.hpp"
#include "memory/naive.hpp"

namespace hebb::memory {
namespace {

TEST(Capacity, OverlapsAtZeroTemperatureAreThoseOfTheTheory) {
  // 0.1 is so far below the critical load that 2000 units are nearly endlessly many.
  const CapacityPoint point = capacity({.units = 2000, .patterns = {200}, .trials = 12, .seed = 1}).front();
  ASSERT_TRUE(point.theory_overlap.has_value());
  EXPECT_NEAR(*point.theory_overlap, theory::retrieval(0.1, 0)->overlap, 1e-12);
  EXPECT_NEAR(point.mean_overlap, *point.theory_overlap, 0.002);
  EXPECT_LE(point.mean_overlap_interval.low, point.mean_overlap);
  EXPECT_GE(point.mean_overlap_interval.high, point.mean_overlap);
  EXPECT_LT(point.mean_overlap_interval.high - point.mean_overlap_interval.low, 0.005);
}

TEST(Capacity, OverlapsAtATemperatureAreThoseOfTheTheory) {
  const CapacityPoint point = capacity({.units = 2000,
                                        .patterns = {60},
                                        .trials = 4,
                                        .temperature = 0.4,
                                        .relaxing_sweeps = 50,
                                        .measured_sweeps = 50,
                                        .seed = 1})
                                  .front();
  EXPECT_NEAR(point.mean_overlap, theory::retrieval(0.03, 0.4)->overlap, 0.01);
  EXPECT_LT(point.mean_overlap, 0.99);
}

TEST(Capacity, StablePatternsAreThoseThatNoUnitWantsToLeave) {
  const std::int64_t units = 80;
  const std::int64_t count = 12;
  const CapacityPoint point = capacity({.units = units, .patterns = {count}, .trials = 3, .seed = 2}).front();
  std::int64_t stable = 0;
  for (const std::uint64_t trial : {0, 1, 2}) {
    Random random(2, trial);
    std::vector<naive::State> xi;
    for (std::int64_t p = 0; p < count; ++p) {
      const BitVector bits = random_bits(units, random);
      naive::State pattern;
      for (std::int64_t i = 0; i < units; ++i) pattern.push_back(bits.get(i) ? 1 : -1);
      xi.push_back(pattern);
    }
    naive::Network network(xi, {});
    network.set_weights(naive::hebb_weights(xi), static_cast<double>(units));
    for (const naive::State& pattern : xi)
      stable += network.run(pattern, {.order = Order::fixed, .max_sweeps = 1}).back() == pattern ? 1 : 0;
  }
  EXPECT_DOUBLE_EQ(point.stable_fraction, static_cast<double>(stable) / static_cast<double>(3 * count));
  EXPECT_GT(stable, 0);
  EXPECT_LT(stable, 3 * count);
}

TEST(Capacity, OfProjectionIsWithoutErrorsBelowItsLimit) {
  const CapacityPoint point =
      capacity({.memory = {.rule = Rule::pseudo_inverse}, .units = 100, .patterns = {60}, .trials = 5})
          .front();
  EXPECT_EQ(point.stable_fraction, 1);
  EXPECT_EQ(point.exact_recall_fraction, 1);
  EXPECT_EQ(point.mean_overlap, 1);
  EXPECT_LT(point.stable_fraction_interval.low, 1);
  EXPECT_FALSE(point.theory_overlap.has_value());
}

TEST(Capacity, DoesNotDependOnThreadsAndEndsWhenToldTo) {
  CapacityOptions options = {.units = 300, .patterns = {20, 45}, .trials = 3, .flip = 0.1, .seed = 5};
  const int before = threads();
  set_threads(1);
  const std::vector<CapacityPoint> one = capacity(options);
  set_threads(3);
  const std::vector<CapacityPoint> three = capacity(options);
  set_threads(before);
  ASSERT_EQ(one.size(), 2U);
  for (std::size_t k = 0; k < one.size(); ++k) {
    EXPECT_EQ(one[k].mean_overlap, three[k].mean_overlap);
    EXPECT_EQ(one[k].stable_fraction, three[k].stable_fraction);
  }
  options.progress = [](std::int64_t done, std::int64_t all) {
    EXPECT_EQ(all, 6);
    return done < 4;
  };
  const std::vector<CapacityPoint> part = capacity(options);
  ASSERT_EQ(part.size(), 2U);
  EXPECT_EQ(part[0].trials, 3);
  EXPECT_EQ(part[1].trials, 1);
}

TEST(Capacity, RefusesWhatIsNoExperiment) {
  EXPECT_THROW(capacity({}), ConfigError);
  EXPECT_THROW(capacity({.patterns = {0}}), ConfigError);
  EXPECT_THROW(capacity({.patterns = {5}, .trials = 0}), ConfigError);
  EXPECT_THROW(capacity({.patterns = {5}, .flip = 2}), ConfigError);
  EXPECT_THROW(capacity({.patterns = {5}, .temperature = -1}), ConfigError);
  EXPECT_THROW(capacity({.memory = {.rule = Rule::pseudo_inverse}, .units = 4, .patterns = {9}}), DataError);
}

}  // namespace
}  // namespace hebb::memory
