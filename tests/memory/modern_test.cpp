// Modern Hopfield memory: PyTorch's values, a float64 reference, properties of the energy, the theorems'
// bounds.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "golden.hpp"
#include "hebb/error.hpp"
#include "hebb/modern_memory.hpp"
#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "kernels/attention.hpp"

namespace hebb::memory {
namespace {

using testing::expect_near;
using testing::find;
using testing::Golden;
using testing::read_golden;

std::vector<float> to_float(const std::vector<double>& x) { return {x.begin(), x.end()}; }
std::vector<double> to_double(std::span<const float> x) { return {x.begin(), x.end()}; }

std::vector<float> normals(std::int64_t count, std::uint64_t seed, float scale = 1) {
  Random random(seed);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& v : x) v = scale * random.normal();
  return x;
}

std::span<const float> row(std::span<const float> x, std::int64_t index, std::int64_t width) {
  return x.subspan(static_cast<std::size_t>(index * width), static_cast<std::size_t>(width));
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

double distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return std::sqrt(sum);
}

ModernMemory memory_of(std::span<const float> patterns, std::int64_t units,
                       const ModernOptions& options = {}) {
  ModernMemory memory(units, options);
  memory.store_all(patterns);
  return memory;
}

// ---- against PyTorch
// ------------------------------------------------------------------------------------------

TEST(ModernMemory, MatchesPyTorch) {
  const Golden golden = read_golden("memory/golden/modern.txt");
  const std::vector<float> patterns = to_float(find(golden, "patterns"));
  const std::vector<float> state = to_float(find(golden, "state"));
  for (const std::string name : {"0.1", "1.0", "4.0"}) {
    SCOPED_TRACE(name);
    const ModernMemory memory = memory_of(patterns, 5, {.beta = std::stod(name), .tolerance = 1e-7});
    const auto value = [&](const char* what) { return find(golden, what + (" " + name)); };
    EXPECT_NEAR(memory.energy(state).value(), value("energy")[0], 1e-12);
    expect_near(to_double(memory.field(state)), value("field"), 3e-7);
    expect_near(memory.attention(state), value("attention"), 1e-14);
    expect_near(to_double(memory.retrieve(state)), value("update"), 3e-6);
    const Recall recall = memory.recall(state);
    EXPECT_TRUE(recall.converged());
    expect_near(to_double(recall.state), value("rest"), 1e-5);
  }
}

TEST(ModernMemory, MaskMatchesPyTorch) {
  const Golden golden = read_golden("memory/golden/modern.txt");
  const std::vector<float> state = to_float(find(golden, "state"));
  ModernMemory memory = memory_of(to_float(find(golden, "patterns")), 5);
  memory.set_active(1, false);
  memory.set_active(4, false);
  EXPECT_FALSE(memory.is_active(4));
  EXPECT_NEAR(memory.energy(state).value(), find(golden, "masked energy")[0], 1e-12);
  expect_near(to_double(memory.retrieve(state)), find(golden, "masked update"), 3e-6);
  EXPECT_EQ(memory.attention(state)[1], 0);
  memory.set_active(1, true);
  memory.set_active(4, true);
  EXPECT_NEAR(memory.energy(state).value(), find(golden, "energy 1.0")[0], 1e-12);
}

TEST(ModernMemory, NormalisesAsPyTorchDoes) {
  const Golden golden = read_golden("memory/golden/modern.txt");
  const std::vector<float> patterns = to_float(find(golden, "patterns"));
  for (const auto& [kind, name] :
       {std::pair(Normalization::unit, "unit"), std::pair(Normalization::standard, "standard")}) {
    const ModernMemory memory = memory_of(patterns, 5, {.beta = 100, .normalization = kind});
    const std::vector<double> want = find(golden, name);
    std::vector<double> got;
    for (std::int64_t i = 0; i < memory.size(); ++i) {
      for (const float v : memory.pattern(i)) got.push_back(v);
    }
    expect_near(got, want, 2e-7);
    // A cue may have any scale.
    std::vector<float> cue(patterns.begin(), patterns.begin() + 5);
    for (float& v : cue) v *= 1000;
    EXPECT_LT(distance(memory.retrieve(cue), memory.pattern(0)), 1e-3);
    EXPECT_LT(distance(memory.recall(cue).state, memory.pattern(0)), 1e-3);
  }
}

TEST(Associate, MatchesPyTorch) {
  const Golden golden = read_golden("memory/golden/modern.txt");
  const auto floats = [&](const char* name) { return to_float(find(golden, name)); };
  const std::vector<float> queries = floats("queries");
  const std::vector<float> keys = floats("keys");
  const std::vector<float> values = floats("values");
  std::vector<std::uint8_t> mask;
  for (const double v : find(golden, "mask")) mask.push_back(v != 0);
  AssociateOptions options = {.width = 6, .value_width = 4, .heads = 2};
  const auto check = [&](const char* name) {
    expect_near(to_double(associate(queries, keys, values, options)), find(golden, name), 1e-6);
  };
  check("associate");
  options.beta = 3;
  check("associate beta 3");
  options.beta.reset();
  options.mask = mask;
  check("associate masked");
  expect_near(to_double(association_weights(queries, keys, options)), find(golden, "weights masked"), 1e-6);
  options.mask = std::span(mask).first(5);
  check("associate masked keys");
}

// ---- against float64
// --------------------------------------------------------------------------------------------

std::vector<double> reference(const AttentionProblem& p, const std::vector<float>& q,
                              const std::vector<float>& k, const std::vector<float>& v,
                              const std::vector<std::uint8_t>& mask) {
  std::vector<double> result;
  for (std::int64_t i = 0; i < p.queries; ++i) {
    std::vector<double> weights;
    double largest = -std::numeric_limits<double>::infinity();
    for (std::int64_t j = 0; j < p.keys; ++j) {
      const bool seen = mask.empty() || mask[static_cast<std::size_t>(i * p.keys + j)] != 0;
      weights.push_back(seen ? p.beta * dot(row(q, i, p.width), row(k, j, p.width))
                             : -std::numeric_limits<double>::infinity());
      largest = std::max(largest, weights.back());
    }
    double sum = 0;
    for (double& w : weights) sum += w = std::isinf(w) ? 0 : std::exp(w - largest);
    for (std::int64_t c = 0; c < p.value_width; ++c) {
      double total = 0;
      for (std::int64_t j = 0; j < p.keys; ++j)
        total += weights[static_cast<std::size_t>(j)] * v[static_cast<std::size_t>(j * p.value_width + c)];
      result.push_back(sum == 0 ? 0 : total / sum);
    }
  }
  return result;
}

TEST(Associate, MatchesDoubleForEveryShape) {
  Random random(3);
  // Widths of 2000 and more make blocks of 262 and 256 keys, of which there are several.
  for (const auto& [queries, keys, width, value_width] : {std::array<std::int64_t, 4>{1, 1, 1, 1},
                                                          {1, 1000, 3, 5},
                                                          {17, 33, 8, 8},
                                                          {300, 70, 2, 9},
                                                          {5, 800, 2000, 3},
                                                          {2, 513, 2500, 40},
                                                          {33, 0, 4, 4},
                                                          {0, 3, 4, 4},
                                                          {4, 9000, 7, 1}}) {
    for (const bool masked : {false, true}) {
      AttentionProblem p;
      p.queries = queries;
      p.keys = keys;
      p.width = width;
      p.value_width = value_width;
      p.beta = 0.7F;
      const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
      const std::vector<float> q = normals(queries * width, 1, 2);
      const std::vector<float> k = normals(keys * width, 2, scale);
      const std::vector<float> v = normals(keys * value_width, 3);
      std::vector<std::uint8_t> mask(masked ? static_cast<std::size_t>(queries * keys) : 0);
      // The first query sees nothing, the second nothing of the first blocks.
      for (std::size_t i = 0; i < mask.size(); ++i)
        mask[i] = static_cast<std::int64_t>(i) >= keys && random.below(4) == 0;
      for (std::int64_t j = 0; masked && queries > 1 && j < keys; ++j)
        mask[static_cast<std::size_t>(keys + j)] = j + 1 == keys;
      const AssociateOptions options = {
          .width = width, .value_width = value_width, .beta = p.beta, .mask = mask};
      const std::vector<double> want = reference(p, q, k, v, mask);
      std::vector<float> first;
      for (const int threads : {1, 2, 3}) {
        set_threads(threads);
        const std::vector<float> got = associate(q, k, v, options);
        // Rounding of similarities of some 2 in sums of `width` terms, then of sums of `keys` values.
        expect_near(to_double(got), want, 2e-6 * std::sqrt(static_cast<double>(width + keys)));
        if (threads == 1) first = got;
        ASSERT_EQ(got, first);
      }
      set_threads(1);
    }
  }
}

TEST(Associate, WeightsAreThoseOfTheResult) {
  const std::vector<float> keys = normals(40 * 8, 1);
  const std::vector<float> queries = normals(9 * 8, 2);
  const std::vector<float> values = normals(40 * 8, 3);
  std::vector<std::uint8_t> mask(9 * 40, 1);
  for (std::size_t i = 0; i < 40; ++i) mask[i] = 0;  // the first query sees nothing
  const AssociateOptions options = {.width = 8, .heads = 4, .mask = mask};
  const std::vector<float> weights = association_weights(queries, keys, options);
  const std::vector<float> result = associate(queries, keys, values, options);
  for (std::int64_t q = 0; q < 9; ++q) {
    for (std::int64_t c = 0; c < 8; ++c) {
      double sum = 0;
      for (std::int64_t k = 0; k < 40; ++k)
        sum += static_cast<double>(weights[static_cast<std::size_t>((c / 2 * 9 + q) * 40 + k)]) *
               values[static_cast<std::size_t>(k * 8 + c)];
      EXPECT_NEAR(sum, result[static_cast<std::size_t>(q * 8 + c)], 1e-6);
      EXPECT_EQ(sum == 0, q == 0);
    }
  }
}

TEST(Associate, RefusesWhatDoesNotFit) {
  const std::vector<float> six(6);
  const std::vector<float> four(4);
  EXPECT_THROW(associate(six, six, six, {}), ShapeError);
  EXPECT_THROW(associate(six, four, six, {.width = 3}), ShapeError);
  EXPECT_THROW(associate(six, six, four, {.width = 3, .value_width = 4}), ShapeError);
  EXPECT_THROW(associate(six, six, six, {.width = 3, .heads = 2}), ShapeError);
  EXPECT_THROW(associate(six, six, six, {.width = 3, .beta = -1}), ConfigError);
  EXPECT_THROW(associate(six, six, six, {.width = 3, .beta = std::nan("")}), ConfigError);
  const std::vector<std::uint8_t> mask(3);
  EXPECT_THROW(associate(six, six, six, {.width = 3, .mask = mask}), ShapeError);
  EXPECT_EQ(associate({}, six, six, {.width = 3}).size(), 0U);
  EXPECT_EQ(associate(six, {}, {}, {.width = 3}), six);  // zeros
}

// ---- the dynamics
// -------------------------------------------------------------------------------------------------

TEST(ModernMemory, EnergyNeverRisesAndFieldIsItsDescent) {
  for (const double beta : {0.01, 0.3, 1.0, 3.0, 30.0}) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const ModernMemory memory = memory_of(normals(30 * 12, 100 + seed), 12, {.beta = beta});
      const Recall recall = memory.recall(normals(12, seed, 3), {.max_sweeps = 20000, .trace = true});
      EXPECT_TRUE(recall.converged());
      ASSERT_EQ(recall.trace.size(), static_cast<std::size_t>(recall.sweeps + 1));
      EXPECT_GT(recall.sweeps, 1);
      for (std::size_t i = 1; i < recall.trace.size(); ++i) {
        ASSERT_LE(recall.trace[i].energy.value(), recall.trace[i - 1].energy.value()) << "beta " << beta;
      }
      EXPECT_EQ(recall.trace.front().energy, recall.energy_start);
      EXPECT_EQ(recall.trace.back().energy, recall.energy_end);
      EXPECT_EQ(recall.trace.back().flips, 0);
      EXPECT_EQ(recall.trace.back().overlaps, memory.overlaps(recall.state));
      // 0 <= E <= 2 M^2 in the convex hull of the patterns (the bounds of the paper), where every update
      // leads.
      double longest = 0;
      for (std::int64_t i = 0; i < 30; ++i)
        longest = std::max(longest, std::sqrt(dot(memory.pattern(i), memory.pattern(i))));
      EXPECT_GE(recall.energy_end.value(), 0);
      EXPECT_LE(recall.energy_end.value(), 2 * longest * longest);
    }
  }
}

TEST(ModernMemory, FieldIsMinusTheGradient) {
  const ModernMemory memory = memory_of(normals(20 * 6, 1), 6, {.beta = 1.5});
  const std::vector<float> state = normals(6, 2);
  const std::vector<float> field = memory.field(state);
  for (std::size_t i = 0; i < 6; ++i) {
    constexpr float kStep = 1.0F / 1024;
    std::vector<float> up = state;
    std::vector<float> down = state;
    up[i] += kStep;
    down[i] -= kStep;
    const double slope = (memory.energy(up).value() - memory.energy(down).value()) /
                         (static_cast<double>(up[i]) - static_cast<double>(down[i]));
    EXPECT_NEAR(field[i], -slope, 1e-5);
  }
}

TEST(ModernMemory, RecallsDamagedPatternsInOneUpdate) {
  constexpr std::int64_t kUnits = 64;
  Random random(5);
  std::vector<float> patterns(5000 * kUnits);
  for (float& v : patterns) v = (random.bits() & 1) != 0 ? 1.0F : -1.0F;
  const ModernMemory memory = memory_of(patterns, kUnits);
  std::vector<float> cues(patterns.begin(), patterns.begin() + 40 * kUnits);
  for (std::int64_t q = 0; q < 40; ++q) {
    for (std::int64_t i = 0; i < 8; ++i) cues[static_cast<std::size_t>(q * kUnits + 5 * i)] *= -1;
  }
  const std::vector<float> found = memory.retrieve(cues);
  const std::vector<Recall> recalls = memory.recall_batch(cues);
  for (std::int64_t q = 0; q < 40; ++q) {
    EXPECT_LT(distance(row(found, q, kUnits), memory.pattern(q)), 1e-2) << q;
    const Recall& recall = recalls[static_cast<std::size_t>(q)];
    EXPECT_TRUE(recall.converged());
    EXPECT_LE(recall.sweeps, 3);
    EXPECT_EQ(memory.patterns_attended(recall.state), 1);
    EXPECT_GT(memory.overlaps(recall.state)[static_cast<std::size_t>(q)], 0.9999);
    EXPECT_LT(recall.energy_end.value(), recall.energy_start.value());
  }
}

TEST(ModernMemory, BatchesGiveTheBitsOfSingleRecalls) {
  const ModernMemory memory = memory_of(normals(700 * 37, 1), 37, {.beta = 0.25});
  const std::vector<float> cues = normals(9 * 37, 2);
  const std::vector<Recall> batch = memory.recall_batch(cues, {.max_sweeps = 30, .trace = true});
  const std::vector<float> once = memory.retrieve(cues);
  bool differ = false;
  for (std::int64_t q = 0; q < 9; ++q) {
    const Recall single = memory.recall(row(cues, q, 37), {.max_sweeps = 30, .trace = true});
    const Recall& other = batch[static_cast<std::size_t>(q)];
    EXPECT_EQ(single.state, other.state);
    EXPECT_EQ(single.sweeps, other.sweeps);
    EXPECT_EQ(single.flips, other.flips);
    EXPECT_EQ(single.ending, other.ending);
    EXPECT_EQ(single.energy_start, other.energy_start);
    EXPECT_EQ(single.energy_end, other.energy_end);
    EXPECT_EQ(single.trace.size(), other.trace.size());
    const std::vector<float> one = memory.retrieve(row(cues, q, 37));
    EXPECT_TRUE(std::equal(one.begin(), one.end(), row(once, q, 37).begin()));
    differ = differ || single.sweeps != batch[0].sweeps;
  }
  EXPECT_TRUE(differ);  // or nothing has been tested of cues that rest early
  EXPECT_TRUE(memory.recall_batch({}).empty());
  EXPECT_TRUE(memory.retrieve({}).empty());
}

TEST(ModernMemory, LargeBatchesAreTakenInParts) {
  const ModernMemory memory = memory_of(normals(600 * 5, 1), 5, {.beta = 0.5});
  const std::vector<float> cues = normals(600 * 5, 2);
  const std::vector<Recall> batch = memory.recall_batch(cues, {.max_sweeps = 2});
  for (const std::int64_t q : {0, 255, 256, 511, 512, 599}) {
    const Recall single = memory.recall(row(cues, q, 5), {.max_sweeps = 2});
    EXPECT_EQ(single.state, batch[static_cast<std::size_t>(q)].state) << q;
    EXPECT_EQ(single.energy_start, batch[static_cast<std::size_t>(q)].energy_start) << q;
    EXPECT_EQ(single.energy_start, memory.energy(row(cues, q, 5))) << q;
    EXPECT_EQ(single.energy_end, memory.energy(single.state)) << q;
  }
}

TEST(ModernMemory, RestsInTheMeanOfAllAndInMetastableStates) {
  // Two groups of patterns that are alike among themselves.
  constexpr std::int64_t kUnits = 32;
  std::vector<float> patterns = normals(8 * kUnits, 4, 0.1F);
  const std::vector<float> centre = normals(2 * kUnits, 5);
  for (std::int64_t i = 0; i < 8; ++i) {
    for (std::int64_t j = 0; j < kUnits; ++j)
      patterns[static_cast<std::size_t>(i * kUnits + j)] +=
          centre[static_cast<std::size_t>(i / 4 * kUnits + j)];
  }
  const auto rest = [&](double beta) {
    const ModernMemory memory = memory_of(patterns, kUnits, {.beta = beta});
    const Recall recall = memory.recall(row(patterns, 0, kUnits));
    EXPECT_TRUE(recall.converged());
    return std::pair(memory.attention(recall.state), memory.patterns_attended(recall.state));
  };
  const auto [all, of_all] = rest(1e-3);
  for (const double weight : all) EXPECT_NEAR(weight, 0.125, 0.01);
  EXPECT_EQ(of_all, 8);
  const auto [group, of_group] = rest(1);
  EXPECT_EQ(of_group, 4);
  EXPECT_NEAR(std::accumulate(group.begin(), group.begin() + 4, 0.0), 1, 1e-3);
  EXPECT_EQ(rest(100).second, 1);
}

TEST(ModernMemory, StopsAtTheLimit) {
  const ModernMemory memory = memory_of(normals(30 * 12, 1), 12, {.beta = 0.1});
  const std::vector<float> cue = normals(12, 2, 3);
  const Recall none = memory.recall(cue, {.max_sweeps = 0});
  EXPECT_EQ(none.ending, Ending::step_limit);
  EXPECT_EQ(none.state, cue);
  const Recall one = memory.recall(cue, {.max_sweeps = 1});
  EXPECT_EQ(one.ending, Ending::step_limit);
  EXPECT_EQ(one.sweeps, 1);
  EXPECT_EQ(one.flips, 12);
  EXPECT_EQ(one.state, memory.retrieve(cue));
}

// ---- what is stored
// -------------------------------------------------------------------------------------------------

TEST(ModernMemory, ForgetsAsThoughNeverStored) {
  const std::vector<float> patterns = normals(6 * 5, 1);
  const std::vector<float> state = normals(5, 2);
  ModernMemory memory = memory_of(patterns, 5);
  memory.set_active(2, false);
  memory.forget(1);
  EXPECT_EQ(memory.size(), 5);
  EXPECT_FALSE(memory.is_active(1));
  memory.forget(1);
  ModernMemory other(5);
  for (const std::int64_t i : {0, 3, 4, 5}) other.store(row(patterns, i, 5));
  EXPECT_EQ(memory.energy(state), other.energy(state));
  EXPECT_EQ(memory.retrieve(state), other.retrieve(state));
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_EQ(memory.pattern(i), other.pattern(i));
}

TEST(ModernMemory, RefusesWhatItCannotTake) {
  EXPECT_THROW(ModernMemory(0), ConfigError);
  EXPECT_THROW(ModernMemory(std::int64_t{1} << 40), ConfigError);
  for (const double beta : {0.0, -1.0, 1e-60, 1e60, std::nan("")})
    EXPECT_THROW(ModernMemory(3, {.beta = beta}), ConfigError) << beta;
  EXPECT_THROW(ModernMemory(3, {.tolerance = -1}), ConfigError);

  ModernMemory memory(3);
  const std::vector<float> good = {1, 2, 3};
  EXPECT_THROW(memory.recall(good), ConfigError);
  EXPECT_THROW(memory.retrieve(good), ConfigError);
  EXPECT_THROW(memory.field(good), ConfigError);
  EXPECT_EQ(memory.energy(good), std::nullopt);
  EXPECT_TRUE(memory.attention(good).empty());
  EXPECT_TRUE(memory.overlaps(good).empty());
  EXPECT_THROW(memory.forget(0), ShapeError);

  EXPECT_THROW(memory.store(std::vector<float>{1, 2}), ShapeError);
  EXPECT_THROW(memory.store({}), ShapeError);
  EXPECT_THROW(memory.store_all(std::vector<float>{1, 2, 3, 4}), ShapeError);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {kInfinity, -kInfinity, std::nanf(""), 1e20F}) {
    EXPECT_THROW(memory.store_all(std::vector<float>{1, 2, 3, 4, bad, 6}), DataError);
    EXPECT_EQ(memory.size(), 0);
  }
  memory.store(good);
  EXPECT_THROW(memory.recall(std::vector<float>{1, 2, kInfinity}), DataError);
  EXPECT_THROW(memory.recall(std::vector<float>{1, 2}), ShapeError);
  EXPECT_THROW(memory.recall_batch(std::vector<float>{1, 2, 3, 4}), ShapeError);
  EXPECT_THROW(memory.recall(good, {.order = Order::greedy}), ConfigError);
  EXPECT_THROW(memory.recall(good, {.temperatures = {1.0}}), ConfigError);
  EXPECT_THROW(memory.patterns_attended(good, 0), ConfigError);
  EXPECT_THROW(memory.pattern(1), ShapeError);
  EXPECT_THROW(memory.pattern(-1), ShapeError);
  memory.set_active(0, false);
  EXPECT_THROW(memory.recall(good), ConfigError);
  EXPECT_THROW(memory.separation(0), ConfigError);

  for (const auto kind : {Normalization::unit, Normalization::standard}) {
    ModernMemory scaled(3, {.normalization = kind});
    EXPECT_THROW(scaled.store_all(std::vector<float>{1, 2, 3, 0, 0, 0}), DataError);
    EXPECT_EQ(scaled.size(), 0);
    scaled.store(good);
    EXPECT_THROW(scaled.recall(std::vector<float>{0, 0, 0}), DataError);
  }
  EXPECT_THROW(
      ModernMemory(3, {.normalization = Normalization::standard}).store(std::vector<float>{0.1F, 0.1F, 0.1F}),
      DataError);
}

TEST(ModernMemory, ZeroAndEqualPatternsAreKept) {
  const ModernMemory memory = memory_of(std::vector<float>{1, 2, 1, 2, 0, 0}, 2, {.beta = 5});
  const std::vector<float> cue = {1, 2};
  EXPECT_NEAR(memory.attention(cue)[0], 0.5, 1e-9);
  EXPECT_EQ(memory.overlaps(cue)[2], 0);
  EXPECT_EQ(memory.separation(0), 0);
  EXPECT_LT(distance(memory.recall(cue).state, cue), 1e-5);
}

TEST(ModernMemory, HugeSimilaritiesStayFinite) {
  const ModernMemory memory = memory_of(std::vector<float>{1e19F, 0, -1e19F, 1}, 2, {.beta = 1e30});
  const Recall recall = memory.recall(std::vector<float>{1e19F, 1e18F});
  EXPECT_TRUE(recall.converged());
  EXPECT_EQ(recall.state, memory.pattern(0));
  EXPECT_TRUE(std::isfinite(recall.energy_end.value()));
}

// ---- the theorems
// ---------------------------------------------------------------------------------------------------

TEST(ModernMemory, SeparationIsWhatItsDefinitionSays) {
  const std::vector<float> patterns = normals(9 * 4, 1);
  ModernMemory memory = memory_of(patterns, 4);
  memory.set_active(3, false);
  for (std::int64_t i = 0; i < 9; ++i) {
    if (i == 3) continue;
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t j = 0; j < 9; ++j) {
      if (j != i && j != 3)
        least = std::min(least, dot(row(patterns, i, 4), row(patterns, i, 4)) -
                                    dot(row(patterns, i, 4), row(patterns, j, 4)));
    }
    EXPECT_NEAR(memory.separation(i), least, 1e-12);
  }
  EXPECT_EQ(memory_of(row(patterns, 0, 4), 4).separation(0), std::numeric_limits<double>::infinity());
}

TEST(ModernMemory, ErrorsStayBelowTheirBounds) {
  constexpr std::int64_t kUnits = 20;
  std::vector<float> patterns = normals(50 * kUnits, 7);
  const ModernMemory memory =
      memory_of(patterns, kUnits, {.beta = 2, .normalization = Normalization::standard});
  Random random(8);
  int separated = 0;
  int useful = 0;
  for (std::int64_t i = 0; i < 50; ++i) {
    const std::vector<float> x = memory.pattern(i);
    std::vector<float> cue = x;
    for (float& v : cue) v += 0.03F * random.normal();
    // The update alone: retrieve would normalise the cue.
    const std::vector<float> step = memory.field(cue);
    std::vector<float> found = cue;
    for (std::size_t j = 0; j < found.size(); ++j) found[j] += step[j];
    const double bound = memory.retrieval_error_bound(i, cue);
    EXPECT_LE(distance(found, x), bound + 1e-5);
    useful += bound < 0.1 ? 1 : 0;
    if (memory.separation(i) < memory.sufficient_separation()) continue;
    ++separated;
    EXPECT_LE(distance(memory.recall(x).state, x), memory.storage_error_bound(i) + 1e-5);
  }
  EXPECT_GT(separated, 25);
  EXPECT_GT(useful, 5);
}

TEST(ModernMemory, TheStorageErrorIsReachedToWithinAFactor) {
  // Two patterns: the bound is 2 e M exp(-beta Delta), the error itself about |x_1 - x_2| exp(-beta Delta).
  const std::vector<float> patterns = {1, 0, 0, 1};
  const ModernMemory memory = memory_of(patterns, 2, {.beta = 8, .tolerance = 1e-8});
  const double error = distance(memory.recall(row(patterns, 0, 2)).state, row(patterns, 0, 2));
  EXPECT_NEAR(memory.storage_error_bound(0), 2 * std::exp(1.0) * std::exp(-8.0), 1e-12);
  EXPECT_NEAR(error, std::sqrt(2.0) * std::exp(-8.0), 2e-5);
  EXPECT_LE(error, memory.storage_error_bound(0));
}

TEST(ModernCapacity, HasTheValuesOfThePaper) {
  const ModernCapacity sharp = modern_capacity(20, 1, 3, 0.001);
  EXPECT_NEAR(sharp.base, 3.1546, 5e-4);
  EXPECT_TRUE(sharp.proven);
  const ModernCapacity wide = modern_capacity(75, 1, 1, 0.001);
  EXPECT_NEAR(wide.base, 1.3718, 5e-4);
  EXPECT_TRUE(wide.proven);
  EXPECT_NEAR(wide.patterns, std::sqrt(0.001) * std::pow(wide.base, 18.5), 1e-9 * wide.patterns);
  EXPECT_FALSE(modern_capacity(10, 0.01, 1, 0.001).proven);
  EXPECT_THROW(modern_capacity(1, 1, 1, 0.5), ConfigError);
  EXPECT_THROW(modern_capacity(20, 1, 1, 0), ConfigError);
  EXPECT_THROW(modern_capacity(20, 0, 1, 0.5), ConfigError);
}

}  // namespace
}  // namespace hebb::memory
