// Fields and energies along walks, dilution, unlearning and saved weights.
#include <gtest/gtest.h>

#include "memory/naive_rules.hpp"

namespace hebb::memory {
namespace {

using namespace naive;  // NOLINT

// ---- fields and energies along a walk
// ----------------------------------------------------------------------------------

struct Naive {
  Matrix w;
  std::vector<double> bias;
  std::vector<double> x;

  double field(std::size_t i) const { return dot(w[i], x) + bias[i]; }
  double energy() const {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum -= x[i] * (dot(w[i], x) / 2 + bias[i]);
    return sum;
  }
};

TEST(MatrixWalk, FieldsAndEnergiesAlongRandomFlips) {
  for (const Rule rule : kRules) {
    for_cases(rule, [&](const std::vector<Row>& rows, const BinaryOptions& plain, std::size_t n) {
      BinaryOptions options = plain;
      Random random(n, 7);
      if (!learns_perceptron(rule)) {
        for (std::size_t i = 0; i < n; ++i) options.bias.push_back(0.1F * random.normal());
      }
      const PatternBits patterns = pack(rows, n);
      const auto couplings = matrix_couplings(patterns, options);
      Naive naive{zeros(n), std::vector<double>(options.bias.begin(), options.bias.end()), {}};
      naive.bias.resize(n);
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j)
          naive.w[i][j] = couplings->weight(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
      }
      const auto walk = couplings->walk();
      Row state = random_rows(1, n, 77)[0];
      for (int start = 0; start < 3; ++start) {
        walk->start(bits_of(state));
        for (int step = 0; step < 12; ++step) {
          naive.x.clear();
          for (const int value : state) naive.x.push_back(input(options.units, value));
          std::vector<double> fields(n);
          walk->fields(fields);
          for (std::size_t i = 0; i < n; ++i) {
            ASSERT_NEAR(fields[i], naive.field(i), 3e-7) << name(options, n, rows.size());
            ASSERT_EQ(fields[i], walk->field(static_cast<std::int64_t>(i)));
          }
          ASSERT_EQ(walk->energy().has_value(), symmetric(rule));
          if (walk->energy()) {
            ASSERT_NEAR(*walk->energy(), naive.energy(), 1e-12 * static_cast<double>(n));
          }
          // One flip, or so many that sums are formed anew.
          const std::size_t flips = step % 3 == 2 ? n / 2 : 1;
          for (std::size_t k = 0; k < flips; ++k) {
            const auto i = static_cast<std::size_t>(random.below(static_cast<std::uint32_t>(n)));
            const std::optional<double> before = walk->energy();
            const double field = flips == 1 ? walk->field(static_cast<std::int64_t>(i)) : 0;
            const double change = input(options.units, -state[i]) - input(options.units, state[i]);
            walk->flip(static_cast<std::int64_t>(i));
            state[i] = -state[i];
            if (flips == 1 && before) {
              ASSERT_NEAR(*walk->energy() - *before, -field * change, 3e-7);
            }
          }
          ASSERT_EQ(walk->state(), bits_of(state));
        }
        for (std::size_t i = 0; i < n; i += 9) state[i] = -state[i];
      }
    });
  }
}

TEST(MatrixWalk, DoesNotDriftAndKnowsTies) {
  // Two patterns: about half of the fields of a unit are sums that cancel.
  for (const Rule rule : {Rule::hebb, Rule::storkey, Rule::pseudo_inverse, Rule::clipped}) {
    const PatternBits patterns = pack(random_rows(2, 64, 9), 64);
    const auto couplings = matrix_couplings(patterns, {.rule = rule});
    const auto walk = couplings->walk();
    const auto fresh = couplings->walk();
    Random random(3);
    walk->start(BitVector(64));
    int ties = 0;
    for (int flip = 0; flip < 20000; ++flip) {
      walk->flip(random.below(64));
      if (flip % 100 != 0) {
        walk->field(0);
        continue;
      }
      fresh->start(BitVector(64));
      fresh->start(walk->state());
      for (std::int64_t i = 0; i < 64; ++i) {
        ASSERT_EQ(walk->field(i), fresh->field(i)) << "after " << flip << " flips";
        ties += walk->field(i) == 0 ? 1 : 0;
      }
      ASSERT_EQ(walk->energy(), fresh->energy());
    }
    EXPECT_GT(ties, 100) << "rule " << static_cast<int>(rule);
  }
}

TEST(MatrixWalk, SeesWeightsThatChanged) {
  PatternBits patterns = pack(random_rows(3, 40, 1), 40);
  const auto couplings = matrix_couplings(patterns, {.rule = Rule::storkey});
  const auto walk = couplings->walk();
  const BitVector state = bits_of(random_rows(1, 40, 2)[0]);
  walk->start(state);
  patterns.append(bits_of(random_rows(1, 40, 3)[0]));
  couplings->added(3);
  walk->start(state);
  const auto fresh = couplings->walk();
  fresh->start(state);
  for (std::int64_t i = 0; i < 40; ++i) EXPECT_EQ(walk->field(i), fresh->field(i));
}

// ---- dilution, unlearning, saving
// --------------------------------------------------------------------------------------

TEST(Connections, AreSymmetricAndOfTheShareAskedFor) {
  const Connections connections(400, 0.25, 3);
  const Connections fewer(300, 0.25, 3);
  const Connections other(400, 0.25, 4);
  const auto connected = [](const Connections& c, std::int64_t i, std::int64_t j) {
    return (c.of(i)[static_cast<std::size_t>(j / 64)] >> (j % 64) & 1) != 0;
  };
  int count = 0;
  int differ = 0;
  for (std::int64_t i = 0; i < 400; ++i) {
    for (std::int64_t j = 0; j < i; ++j) {
      count += connected(connections, i, j) ? 1 : 0;
      differ += connected(connections, i, j) != connected(other, i, j) ? 1 : 0;
      ASSERT_EQ(connected(connections, i, j), connected(connections, j, i));
      if (i < 300) {
        ASSERT_EQ(connected(connections, i, j), connected(fewer, i, j));
      }
    }
    EXPECT_FALSE(connected(connections, i, i));
  }
  const double pairs = 400.0 * 399 / 2;
  EXPECT_NEAR(count / pairs, 0.75, 5 * std::sqrt(0.75 * 0.25 / pairs));
  EXPECT_GT(differ, 0.3 * pairs);
  EXPECT_TRUE(Connections(400, 0, 3).complete());
}

TEST(Unlearning, SubtractsItsDreams) {
  for (const Rule rule : kRules) {
    const std::size_t n = 70;
    const std::vector<Row> rows = random_rows(6, n, 3);
    const std::vector<Row> dreams = random_rows(4, n, 4);
    const BinaryOptions options{.rule = rule, .dilution = 0.2};
    PatternBits patterns = pack(rows, n);
    const auto couplings = matrix_couplings(patterns, options);
    if (!symmetric(rule)) {
      EXPECT_THROW(couplings->unlearn(bits_of(dreams[0]), 0.01), ConfigError);
      continue;
    }
    EXPECT_FALSE(couplings->unlearned());
    for (const Row& dream : dreams) couplings->unlearn(bits_of(dream), 0.01);
    EXPECT_TRUE(couplings->unlearned());
    Matrix want = weights_of(rows, options, n);
    const Matrix mask = mask_of(options, n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        for (const Row& dream : dreams)
          want[i][j] -= 0.01 / static_cast<double>(n) * dream[i] * dream[j] * mask[i][j];
      }
    }
    const double near = 1e-5 * 0.01 / static_cast<double>(n) * 4 + tolerance(rule, 6, n);
    expect_weights(*couplings, want, near, "unlearned, rule " + std::to_string(static_cast<int>(rule)));
    // Afterwards, what learns online goes on, and nothing else may undo it.
    patterns.append(bits_of(dreams[0]));
    if (rule == Rule::hebb) {
      couplings->added(6);
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j)
          want[i][j] += dreams[0][i] * dreams[0][j] * mask[i][j] / static_cast<double>(n);
      }
      expect_weights(*couplings, want, near, "learned after unlearning");
      couplings->removed(6);
    } else if (rule == Rule::storkey || rule == Rule::palimpsest) {
      EXPECT_NO_THROW(couplings->added(6));
      EXPECT_THROW(couplings->removed(6), ConfigError);
    } else {
      EXPECT_THROW(couplings->added(6), ConfigError);
      EXPECT_THROW(couplings->removed(0), ConfigError);
      expect_weights(*couplings, want, near, "after a refusal");
    }
  }
  const PatternBits patterns = pack(random_rows(2, 10, 1), 10);
  const auto couplings = matrix_couplings(patterns, {.rule = Rule::hebb});
  for (const double strength : {0.0, -1.0, 1.5, 1e-12, std::nan("")})
    EXPECT_THROW(couplings->unlearn(BitVector(10), strength), ConfigError) << strength;
}

TEST(SavedWeights, ComeBackAsTheyWere) {
  for (const Rule rule : kRules) {
    const PatternBits patterns = pack(random_rows(5, 70, 3), 70);
    const BinaryOptions options{.rule = rule};
    const auto couplings = matrix_couplings(patterns, options);
    const BitVector dream = bits_of(random_rows(1, 70, 8)[0]);
    if (symmetric(rule)) couplings->unlearn(dream, 0.02);
    const SavedWeights saved = couplings->save();
    MatrixCouplings restored(patterns, options);
    restored.restore(saved);
    for (std::int64_t i = 0; i < 70; ++i) {
      for (std::int64_t j = 0; j < 70; ++j) ASSERT_EQ(restored.weight(i, j), couplings->weight(i, j));
    }
    EXPECT_EQ(restored.unlearned(), couplings->unlearned());
    EXPECT_EQ(restored.stabilities(), couplings->stabilities());
    if (rule == Rule::storkey) {  // learning goes on alike
      PatternBits more = pack(random_rows(6, 70, 3), 70);
      MatrixCouplings a(more, options);
      MatrixCouplings b(more, options);
      a.restore(saved);
      b.restore(a.save());
      a.added(5);
      b.added(5);
      EXPECT_EQ(a.save().values, b.save().values);
    }
  }
}

TEST(SavedWeights, RefusesWhatNobodySaved) {
  const PatternBits patterns = pack(random_rows(2, 10, 3), 10);
  const auto couplings = matrix_couplings(patterns, {.rule = Rule::hebb});
  const SavedWeights good = couplings->save();
  const auto refused = [&](const std::function<void(SavedWeights&)>& spoil) {
    SavedWeights bad = good;
    spoil(bad);
    EXPECT_THROW(couplings->restore(bad), DataError);
    EXPECT_EQ(couplings->save().values, good.values);
  };
  refused([](SavedWeights& s) { s.values.pop_back(); });
  refused([](SavedWeights& s) { s.values.resize(100); });
  refused([](SavedWeights& s) { s.divisors.clear(); });
  refused([](SavedWeights& s) { s.divisors.assign(10, 1.0); });
  refused([](SavedWeights& s) { s.divisors[0] = 0; });
  refused([](SavedWeights& s) { s.divisors[0] = INFINITY; });
  refused([](SavedWeights& s) { s.divisors[0] = 13; });  // no whole number of 1/N
  refused([](SavedWeights& s) { s.stabilities = {1.0}; });
  // The largest numbers there are make no overflow later.
  SavedWeights large = good;
  std::fill(large.values.begin(), large.values.end(), INT32_MAX);
  couplings->restore(large);
  couplings->removed(0);
  EXPECT_LE(std::abs(couplings->weight(0, 1) * 10 - INT32_MAX), 3);
}

}  // namespace
}  // namespace hebb::memory
