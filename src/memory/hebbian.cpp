#include "memory/hebbian.hpp"

#include <algorithm>
#include <numeric>

#include "core/parallel.hpp"
#include "memory/lane_recall.hpp"
#include "memory/overlap_values.hpp"
#include "memory/unit_values.hpp"

namespace hebb::memory {

namespace {

/// Overlaps, as 16-bit numbers where they fit.
template <class T>
class HebbianWalk final : public Walk {
 public:
  HebbianWalk(const PatternBits& patterns, const BinaryOptions& options)
      : patterns_(patterns), values_(options), inverse_(1.0 / static_cast<double>(patterns.units())) {}

  void start(const BitVector& state) override {
    state_ = state;
    const std::vector<std::int64_t> raw = raw_overlaps(patterns_, state, values_.plus_minus_one());
    overlaps_.resize(patterns_.blocks());
    for (std::int64_t p = 0; p < patterns_.size(); ++p)
      overlaps_[p] = static_cast<T>(raw[static_cast<std::size_t>(p)]);
    total_ = std::accumulate(raw.begin(), raw.end(), std::int64_t{0});
  }

  double field(std::int64_t unit) override { return from_sum(unit, overlaps_.sum_where_up(patterns_, unit)); }

  void fields(std::span<double> result) override {
    if (patterns_.units() < kFewUnits) {
      for (std::int64_t unit = 0; unit < patterns_.units(); ++unit)
        result[static_cast<std::size_t>(unit)] = field(unit);
      return;
    }
    const std::vector<Digits> digits = split();
    constexpr std::int64_t kGrain = 256;
    parallel_ranges(patterns_.units(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      std::vector<std::int64_t> sums(static_cast<std::size_t>(end - begin));
      for (const Digits& part : digits)
        add_sums_where_set(patterns_.line(part.block, begin), sums.size(), part.values, part.scale,
                           sums.data());
      from_sums(begin, sums, result);
    });
  }

  void flip(std::int64_t unit) override {
    const std::int32_t delta = values_.step(state_.get(unit));
    overlaps_.add(patterns_, unit, delta);
    total_ += delta * (2 * count_up(patterns_, unit) - patterns_.size());
    state_.flip(unit);
  }

  std::optional<double> energy() override {
    std::int64_t squares = 0;
    for (std::int64_t p = 0; p < patterns_.size(); ++p) {
      const std::int64_t m = overlaps_[p];
      squares += m * m;
    }
    return hebbian_energy(squares, patterns_, values_, state_);
  }

  void prefetch(std::int64_t unit) const override {
    for (std::int64_t b = 0; b < patterns_.blocks(); ++b) __builtin_prefetch(patterns_.line(b, unit));
  }

 private:
  /// Digits of the overlaps of a block, small enough for the kernel.
  struct Digits {
    std::int64_t block;
    std::int64_t scale;
    std::int16_t values[PatternBits::kBlock];
  };

  // Overlaps as they are where they are small, else in base 2^12 with digits of either sign.
  std::vector<Digits> split() const {
    std::vector<Digits> result;
    for (std::int64_t b = 0; b < patterns_.blocks(); ++b) {
      std::int64_t rest[PatternBits::kBlock] = {};
      for (std::int64_t p = 0; p < patterns_.size_of(b); ++p)
        rest[p] = overlaps_[b * PatternBits::kBlock + p];
      std::int64_t most = 1;
      for (std::int64_t scale = 1; most > 0; scale *= kBase) {
        most = 0;
        for (const std::int64_t v : rest) most = std::max(most, std::abs(v));
        Digits& part = result.emplace_back(Digits{b, scale, {}});
        for (std::int64_t p = 0; p < PatternBits::kBlock; ++p) {
          const std::int64_t digit =
              most < kBase ? rest[p] : ((rest[p] + kBase / 2) & (kBase - 1)) - kBase / 2;
          part.values[p] = static_cast<std::int16_t>(digit);
          rest[p] = (rest[p] - digit) / kBase;
        }
        if (most < kBase) break;
      }
    }
    return result;
  }

  double from_sum(std::int64_t unit, std::int64_t sum_where_up) const {
    const std::int64_t x = values_.value(state_.get(unit));
    const std::int64_t sum = 2 * sum_where_up - total_ - patterns_.size() * x;
    return inverse_ * static_cast<double>(sum) + values_.bias(unit);
  }

  /// The same of units from `first` on.
  void from_sums(std::int64_t first, const std::vector<std::int64_t>& sums_where_up,
                 std::span<double> result) const {
    const std::int64_t offset[2] = {total_ + patterns_.size() * values_.value(false),
                                    total_ + patterns_.size() * values_.value(true)};
    for (std::size_t k = 0; k < sums_where_up.size(); ++k) {
      const auto unit = static_cast<std::size_t>(first) + k;
      const std::uint64_t up = state_.words()[unit / 64] >> (unit % 64) & 1;
      result[unit] = inverse_ * static_cast<double>(2 * sums_where_up[k] - offset[up]);
    }
    if (!values_.has_bias()) return;
    for (std::size_t k = 0; k < sums_where_up.size(); ++k)
      result[static_cast<std::size_t>(first) + k] += values_.bias(first + static_cast<std::int64_t>(k));
  }

  static constexpr std::int64_t kBase = 4096;
  static constexpr std::int64_t kFewUnits = 128;  ///< tables would not pay
  const PatternBits& patterns_;
  UnitValues values_;
  double inverse_;
  PatternValues<T> overlaps_;
  std::int64_t total_ = 0;  ///< of the overlaps
};

class HebbianCouplings final : public Couplings {
 public:
  HebbianCouplings(const PatternBits& patterns, const BinaryOptions& options)
      : patterns_(patterns), options_(options) {}

  std::unique_ptr<Walk> walk() const override {
    if (patterns_.units() <= 32767) return std::make_unique<HebbianWalk<std::int16_t>>(patterns_, options_);
    return std::make_unique<HebbianWalk<std::int32_t>>(patterns_, options_);
  }
  bool has_lanes(const RecallOptions& recall) const override {
    return memory::has_lanes(patterns_, options_, recall);
  }
  void added(std::int64_t) override {}
  void removed(std::int64_t) override {}
  double weight(std::int64_t i, std::int64_t j) const override {
    return static_cast<double>(agreement(patterns_, i, j)) / static_cast<double>(patterns_.units());
  }

 private:
  const PatternBits& patterns_;
  const BinaryOptions& options_;
};

}  // namespace

double hebbian_energy(std::int64_t squares, const PatternBits& patterns, const UnitValues& values,
                      const BitVector& state) {
  const std::int64_t diagonal = patterns.size() * values.sum_of_squares(state);
  return -0.5 / static_cast<double>(patterns.units()) * static_cast<double>(squares - diagonal) -
         values.bias_sum(state);
}

std::unique_ptr<Couplings> hebbian_couplings(const PatternBits& patterns, const BinaryOptions& options) {
  return std::make_unique<HebbianCouplings>(patterns, options);
}

}  // namespace hebb::memory
