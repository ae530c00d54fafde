// Perceptron learning, unit by unit: in turn (Gardner), and always the least stable pattern (Krauth, Mezard).
#include <atomic>
#include <bit>
#include <cstdio>
#include <string>

#include "core/parallel.hpp"
#include "hebb/error.hpp"
#include "memory/rules.hpp"
#include "memory/unit_learner.hpp"

namespace hebb::memory {

namespace {

/// The products x^mu . x^nu of all patterns over some of the units.
class Gram {
 public:
  explicit Gram(const PatternBits& patterns) : words_((patterns.units() + 63) / 64), count_(patterns.size()) {
    try {
      bits_.resize(static_cast<std::size_t>(words_ * count_));
      products_.resize(static_cast<std::size_t>(count_ * count_));
    } catch (const std::exception&) {
      throw ConfigError("the products of " + std::to_string(count_) +
                        " patterns, which perceptron learning needs, do not fit into memory");
    }
    for (std::int64_t p = 0; p < count_; ++p) {
      const BitVector pattern = patterns.pattern(p);
      std::copy(pattern.words().begin(), pattern.words().end(), bits_.begin() + p * words_);
    }
  }

  /// Over all units.
  void compute(const UnitValues& values, std::int64_t listened) {
    parallel_for(count_, [&](std::int64_t p) {
      std::int32_t* row = products_.data() + p * count_;
      std::fill_n(row, count_, 0);
      add_common_bits(bits_.data() + p * words_, bits_.data(), words_, count_, row);
    });
    if (!values.plus_minus_one()) return;
    const auto size = static_cast<std::size_t>(count_);
    std::vector<std::int32_t> ups(size);
    for (std::size_t p = 0; p < size; ++p) ups[p] = products_[p * size + p];
    for (std::size_t at = 0; at < products_.size(); ++at)
      products_[at] =
          static_cast<std::int32_t>(listened) - 2 * ups[at / size] - 2 * ups[at % size] + 4 * products_[at];
  }
  /// Over those whose bits are set, with the patterns of another.
  void compute(const UnitValues& values, const Gram& all, std::span<const std::uint64_t> partners) {
    std::int64_t listened = 0;
    for (const std::uint64_t word : partners) listened += std::popcount(word);
    for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] = all.bits_[i] & partners[i % partners.size()];
    compute(values, listened);
  }
  std::span<const std::int32_t> products() const { return products_; }

 private:
  std::int64_t words_;
  std::int64_t count_;
  std::vector<std::uint64_t> bits_;     // [patterns, words]
  std::vector<std::int32_t> products_;  // [patterns, patterns]
};

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

[[noreturn]] void fail(const Lesson& lesson, std::int64_t i, const UnitLearner& unit) {
  const double margin = lesson.options.margin;
  const bool proved = unit.limit() <= 0 || unit.limit() < margin;
  throw ConfigError("the patterns cannot be learned with margin " + short_number(margin) + ": at unit " +
                    std::to_string(i) + ", " + std::to_string(unit.stable()) + " of " +
                    std::to_string(lesson.patterns.size()) + " are stable" +
                    (proved ? ", and no weights have a margin above " + short_number(unit.limit())
                            : " after " + std::to_string(lesson.options.max_epochs) + " epochs"));
}

using Method = bool (UnitLearner::*)();

/// Learns the weights into all units, a column of tiles at a time.
class Learning {
 public:
  Learning(const Lesson& lesson, Method method)
      : lesson_(lesson),
        values_(lesson.values()),
        method_(method),
        all_(lesson.patterns),
        diluted_(!lesson.connections.complete()) {
    if (!diluted_) {
      all_.compute(values_, lesson.patterns.units());
    } else {
      for (std::int64_t part = 0; part < kParts; ++part) own_.push_back(all_);
    }
  }

  Stabilities run(Weights& weights) {
    Stabilities stabilities;
    std::vector<double> norms;
    for (std::int64_t first = 0; first < weights.units(); first += kTileSide) {
      std::vector<UnitLearner> units = learn(first, std::min(weights.units(), first + kTileSide));
      for (const UnitLearner& unit : units) {
        stabilities.push_back(unit.stability());
        norms.push_back(unit.norm() > 0 ? unit.norm() : 1);
      }
      set_weights(first, units, weights);
    }
    weights.set_divisors(std::move(norms));
    return stabilities;
  }

 private:
  static constexpr std::int64_t kParts = 8;

  UnitLearner prepare(std::int64_t i) const {
    const BinaryOptions& options = lesson_.options;
    UnitTask task{.gram = (diluted_ ? own_[static_cast<std::size_t>(i % kParts)] : all_).products(),
                  .targets = {},
                  .own = {},
                  .bias = values_.bias(i),
                  .margin = options.margin,
                  .max_epochs = options.max_epochs};
    for (std::int64_t p = 0; p < lesson_.patterns.size(); ++p) {
      const bool up = lesson_.patterns.get(p, i);
      task.targets.push_back(up ? 1 : -1);
      task.own.push_back(diluted_ ? 0 : values_.value(up));
    }
    return UnitLearner(std::move(task));
  }

  /// Units from `first` to `end`, at most a tile of them.
  std::vector<UnitLearner> learn(std::int64_t first, std::int64_t end) {
    std::vector<UnitLearner> units;
    for (std::int64_t i = first; i < end; ++i) units.push_back(prepare(i));
    // Units above one that failed are left, so that the error is the same with any number of threads.
    std::atomic<std::int64_t> failed = end;
    parallel_for(kParts, [&](std::int64_t part) {
      for (std::int64_t i = first + part; i < failed; i += kParts) {
        if (diluted_) own_[static_cast<std::size_t>(part)].compute(values_, all_, lesson_.connections.of(i));
        if ((units[static_cast<std::size_t>(i - first)].*method_)()) continue;
        std::int64_t lowest = failed;
        while (i < lowest && !failed.compare_exchange_weak(lowest, i)) {
        }
      }
    });
    if (failed < end) fail(lesson_, failed, units[static_cast<std::size_t>(failed - first)]);
    return units;
  }

  /// K_i = sum_mu c_mu x^mu.
  void set_weights(std::int64_t first, const std::vector<UnitLearner>& units, Weights& weights) const {
    const auto n = static_cast<std::size_t>(weights.units());
    std::vector<std::vector<double>> sums(units.size(), std::vector<double>(n));
    std::vector<std::int32_t> inputs(n);
    for (std::int64_t p = 0; p < lesson_.patterns.size(); ++p) {
      for (std::size_t j = 0; j < n; ++j)
        inputs[j] = values_.value(lesson_.patterns.get(p, static_cast<std::int64_t>(j)));
      parallel_for(static_cast<std::int64_t>(units.size()), [&](std::int64_t at) {
        const auto u = static_cast<std::size_t>(at);
        const double count = units[u].counts()[static_cast<std::size_t>(p)];
        if (count != 0) add_scaled(inputs.data(), weights.units(), count, sums[u].data());
      });
    }
    for (std::size_t u = 0; u < units.size(); ++u)
      weights.set_received(first + static_cast<std::int64_t>(u), sums[u]);
    weights.update([&](std::int64_t j, std::int64_t start, std::span<std::int32_t> run) {
      if (start == first) lesson_.connections.mask(j, start, run);
    });
  }

  const Lesson& lesson_;
  UnitValues values_;
  Method method_;
  Gram all_;
  bool diluted_;
  std::vector<Gram> own_;  // of diluted connections: of the unit that a part learns
};

}  // namespace

Stabilities form_perceptron(const Lesson& lesson, Weights& weights) {
  return Learning(lesson, &UnitLearner::learn_in_turn).run(weights);
}

Stabilities form_minimum_overlap(const Lesson& lesson, Weights& weights) {
  return Learning(lesson, &UnitLearner::learn_least).run(weights);
}

}  // namespace hebb::memory
