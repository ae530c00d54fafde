#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.hpp"
#include "memory/hebbian.hpp"
#include "memory/overlap_values.hpp"
#include "memory/unit_values.hpp"

namespace hebb::memory {

namespace {

/// Units under an energy that is a function of the overlaps M^mu = sum_i xi^mu_i s_i, where s = 2 x - 1 for
/// units x of 0 and 1.
class DenseWalk : public Walk {
 public:
  DenseWalk(const PatternBits& patterns, const BinaryOptions& options)
      : patterns_(patterns), values_(options), inverse_step_(1.0 / values_.step(false)) {}

  void start(const BitVector& state) override {
    state_ = state;
    overlaps_ = raw_overlaps(patterns_, state, true);
    overlaps_changed();
  }

  void fields(std::span<double> result) override {
    parallel_ranges(patterns_.units(), 64, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t unit = begin; unit < end; ++unit)
        result[static_cast<std::size_t>(unit)] = field(unit);
    });
  }

  void flip(std::int64_t unit) override {
    const bool up = state_.get(unit);
    state_.flip(unit);
    for (std::int64_t b = 0; b < patterns_.blocks(); ++b) {
      const std::uint64_t* const line = patterns_.line(b, unit);
      for (std::int64_t p = 0; p < patterns_.size_of(b); ++p) {
        const bool agrees = ((line[p / 64] >> (p % 64)) & 1) == static_cast<std::uint64_t>(up);
        overlaps_[static_cast<std::size_t>(b * PatternBits::kBlock + p)] += agrees ? -2 : 2;
      }
    }
    overlaps_changed();
  }

  void prefetch(std::int64_t unit) const override {
    for (std::int64_t b = 0; b < patterns_.blocks(); ++b) __builtin_prefetch(patterns_.line(b, unit));
  }

 protected:
  virtual void overlaps_changed() = 0;

  /// The field of a unit that loses so much energy by going up.
  double field_of(std::int64_t unit, double loss) const { return inverse_step_ * loss + values_.bias(unit); }

  const PatternBits& patterns_;
  UnitValues values_;
  double inverse_step_;  ///< 1 over the distance of a unit's two values
  std::vector<std::int64_t> overlaps_;
};

/// F over whole overlaps, and what a unit adds to it: with k the overlap of the other units and s_i = xi_i or
/// not, F(k + 1) or F(k - 1).
struct PowerTable {
  PowerTable(std::int64_t units, int degree, bool rectified) {
    const auto n = static_cast<double>(units);
    // Powers of whole numbers, exact as long as they fit; else of shares of N, which cannot overflow.
    const bool exact = degree * std::log2(n + 1) < 52;
    const auto power = [&](std::int64_t m) {
      if (rectified && m <= 0) return 0.0;
      return std::pow(exact ? static_cast<double>(m) : static_cast<double>(m) / n, degree);
    };
    scale = exact ? std::pow(n, 1 - degree) : n;
    for (std::int64_t m = -units; m <= units; m += 2) energy.push_back(power(m));
    for (std::int64_t k = -units - 1; k <= units + 1; k += 2) gain.push_back(power(k + 1) - power(k - 1));
  }

  double scale;                ///< energies are -scale sum_mu F(M^mu)
  std::vector<double> energy;  ///< F(m) at (m + N) / 2
  std::vector<double> gain;    ///< F(k + 1) - F(k - 1) at (k + N + 1) / 2
};

class PolynomialWalk final : public DenseWalk {
 public:
  PolynomialWalk(const PatternBits& patterns, const BinaryOptions& options, const PowerTable& table)
      : DenseWalk(patterns, options), table_(table) {}

  // The others' overlap is M - 1 where the unit agrees with a pattern, M + 1 where it does not.
  double field(std::int64_t unit) override {
    const bool up = state_.get(unit);
    double sum = 0;
    for (std::int64_t b = 0; b < patterns_.blocks(); ++b) {
      const double* const set = (up ? agreeing_ : differing_).block(b);
      const double* const clear = (up ? differing_ : agreeing_).block(b);
      sum += difference_by_bits(patterns_.line(b, unit), set, clear);
    }
    return field_of(unit, table_.scale * sum);
  }

  std::optional<double> energy() override {
    double sum = 0;
    for (const std::int64_t m : overlaps_)
      sum += table_.energy[static_cast<std::size_t>((m + patterns_.units()) / 2)];
    return -table_.scale * sum - values_.bias_sum(state_);
  }

 private:
  void overlaps_changed() override {
    agreeing_.resize(patterns_.blocks());
    differing_.resize(patterns_.blocks());
    for (std::int64_t p = 0; p < patterns_.size(); ++p) {
      const std::int64_t at = (overlaps_[static_cast<std::size_t>(p)] + patterns_.units()) / 2;
      agreeing_[p] = table_.gain[static_cast<std::size_t>(at)];
      differing_[p] = table_.gain[static_cast<std::size_t>(at + 1)];
    }
  }

  const PowerTable& table_;
  PatternValues<double> agreeing_;   ///< F(M) - F(M - 2)
  PatternValues<double> differing_;  ///< F(M + 2) - F(M)
};

/// E = -log sum_mu exp(M^mu), which rises and falls with the energy -sum_mu exp(M^mu) but cannot overflow.
class ExponentialWalk final : public DenseWalk {
 public:
  using DenseWalk::DenseWalk;

  double field(std::int64_t unit) override {
    double up = 0;  // patterns that are up here
    for (std::int64_t b = 0; b < patterns_.blocks(); ++b)
      up += sum_where_set(patterns_.line(b, unit), terms_.block(b));
    const double down = total_ - up;
    const bool is_up = state_.get(unit);
    const double agreeing = is_up ? up : down;
    const double differing = is_up ? down : up;
    // What the sum over patterns gains where the unit is flipped.
    double gain = std::expm1(-2.0) * agreeing + std::expm1(2.0) * differing;
    constexpr double kRounding = 1e-9;
    if (std::abs(gain) < kRounding * total_) gain = gain_by_counting(unit);
    const double loss = -std::log1p(gain / total_);
    return field_of(unit, is_up ? loss : -loss);
  }

  std::optional<double> energy() override {
    return -(static_cast<double>(greatest_) + std::log(total_)) - values_.bias_sum(state_);
  }

 private:
  void overlaps_changed() override {
    terms_.resize(patterns_.blocks());
    greatest_ = overlaps_.empty() ? 0 : *std::max_element(overlaps_.begin(), overlaps_.end());
    total_ = 0;
    for (std::int64_t p = 0; p < patterns_.size(); ++p) {
      const std::int64_t below = greatest_ - overlaps_[static_cast<std::size_t>(p)];
      const double term = below < kTerms ? falling()[static_cast<std::size_t>(below)] : 0;
      terms_[p] = term;
      total_ += term;
    }
  }

  /// The same where rounding would decide: patterns whose overlaps with the other units are equal cancel in
  /// whole numbers first, so that a tie is zero.
  double gain_by_counting(std::int64_t unit) {
    const std::int64_t n = patterns_.units();
    counts_.assign(static_cast<std::size_t>(n), 0);
    for (std::int64_t p = 0; p < patterns_.size(); ++p) {
      const bool agrees = patterns_.get(p, unit) == state_.get(unit);
      const std::int64_t others = overlaps_[static_cast<std::size_t>(p)] + (agrees ? -1 : 1);
      counts_[static_cast<std::size_t>((others + n - 1) / 2)] += agrees ? -1 : 1;
    }
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t others = 2 * i + 1 - n;
      if (const std::int64_t count = counts_[static_cast<std::size_t>(i)]; count != 0)
        sum += static_cast<double>(count) * std::exp(static_cast<double>(others - greatest_));
    }
    return 2 * std::sinh(1.0) * sum;
  }

  static constexpr std::int64_t kTerms = 746;  // exp(-745) is the least double
  /// exp(-k).
  static const std::vector<double>& falling() {
    static const std::vector<double> table = [] {
      std::vector<double> result;
      for (std::int64_t k = 0; k < kTerms; ++k) result.push_back(std::exp(-static_cast<double>(k)));
      return result;
    }();
    return table;
  }

  PatternValues<double> terms_;       ///< exp(M - greatest)
  std::vector<std::int64_t> counts_;  ///< by overlap of the other units; see gain_by_counting
  std::int64_t greatest_ = 0;
  double total_ = 0;
};

class DenseCouplings final : public Couplings {
 public:
  DenseCouplings(const PatternBits& patterns, const BinaryOptions& options)
      : patterns_(patterns),
        options_(options),
        table_(options.energy == Energy::exponential ? 1 : patterns.units(), options.degree,
               options.energy == Energy::rectified_polynomial) {}

  std::unique_ptr<Walk> walk() const override {
    if (options_.energy == Energy::exponential) return std::make_unique<ExponentialWalk>(patterns_, options_);
    return std::make_unique<PolynomialWalk>(patterns_, options_, table_);
  }
  void added(std::int64_t) override {}
  void removed(std::int64_t) override {}
  double weight(std::int64_t, std::int64_t) const override {
    throw ConfigError("a dense associative memory has no weights between pairs of units");
  }

 private:
  const PatternBits& patterns_;
  const BinaryOptions& options_;
  PowerTable table_;
};

}  // namespace

std::unique_ptr<Couplings> dense_couplings(const PatternBits& patterns, const BinaryOptions& options) {
  return std::make_unique<DenseCouplings>(patterns, options);
}

}  // namespace hebb::memory
