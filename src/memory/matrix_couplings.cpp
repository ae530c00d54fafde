#include "memory/matrix_couplings.hpp"

#include <string>
#include <utility>

#include "hebb/error.hpp"

namespace hebb::memory {

namespace {

bool symmetric(Rule rule) { return rule != Rule::perceptron && rule != Rule::minimum_overlap; }

/// Whether a rule learns one pattern after the other.
bool online(Rule rule) { return rule == Rule::hebb || rule == Rule::storkey || rule == Rule::palimpsest; }

void check(const BinaryOptions& options) {
  const auto require = [](bool holds, const std::string& what, double value) {
    if (!holds) throw ConfigError(what + "; got " + std::to_string(value));
  };
  require(options.margin >= 0 && std::isfinite(options.margin),
          "the margin of perceptron rules is not negative", options.margin);
  require(options.max_epochs >= 1, "perceptron rules learn for at least one epoch",
          static_cast<double>(options.max_epochs));
  require(options.bound > 0 && std::isfinite(options.bound), "the bound of a palimpsest is positive",
          options.bound);
}

/// A walk that keeps what the weights make of the state.
class MatrixWalk final : public Walk {
 public:
  explicit MatrixWalk(const MatrixCouplings& couplings)
      : couplings_(couplings),
        weights_(couplings.weights()),
        values_(couplings.options()),
        inputs_(static_cast<std::size_t>(weights_.padded())) {
    sums_ = inputs_;
  }

  void start(const BitVector& state) override {
    const bool anew = version_ != couplings_.version() || state_.size() != state.size();
    version_ = couplings_.version();
    tie_ = couplings_.tie();
    if (anew) {
      state_ = state;
      for (std::int64_t i = 0; i < state.size(); ++i) inputs_[at(i)] = value(i);
      recompute();
      return;
    }
    for (std::int64_t i = 0; i < state.size(); ++i) {
      if (state.get(i) != state_.get(i)) flip(i);
    }
  }

  double field(std::int64_t unit) override {
    settle();
    const double total = sums_[at(unit)] / weights_.divisor(unit) + values_.bias(unit);
    return std::abs(total) <= tie_ ? 0 : total;
  }

  void fields(std::span<double> result) override {
    for (std::int64_t i = 0; i < state_.size(); ++i) result[at(i)] = field(i);
  }

  void flip(std::int64_t unit) override {
    state_.flip(unit);
    const double now = value(unit);
    flips_.emplace_back(unit, now - inputs_[at(unit)]);
    inputs_[at(unit)] = now;
  }

  std::optional<double> energy() override {
    if (!couplings_.has_energy()) return std::nullopt;
    settle();
    double sum = 0;
    for (std::int64_t i = 0; i < state_.size(); ++i) sum += inputs_[at(i)] * sums_[at(i)];
    return -0.5 * sum / weights_.divisor(0) - values_.bias_sum(state_);
  }

 private:
  static std::size_t at(std::int64_t unit) { return static_cast<std::size_t>(unit); }
  double value(std::int64_t unit) const { return values_.value(state_.get(unit)); }

  void recompute() {
    flips_.clear();
    weights_.product(inputs_, sums_);
  }

  /// Brings the sums up to date. Past a share of the units it is cheaper to begin anew; the sums, being
  /// exact, are the same.
  void settle() {
    if (flips_.empty()) return;
    if (static_cast<std::int64_t>(flips_.size()) > weights_.units() / kShare) {
      recompute();
      return;
    }
    for (const auto& [unit, change] : flips_) weights_.add_sent(unit, change, sums_);
    flips_.clear();
  }

  static constexpr std::int64_t kShare = 8;

  const MatrixCouplings& couplings_;
  const Weights& weights_;
  UnitValues values_;
  std::uint64_t version_ = ~std::uint64_t{0};
  double tie_ = 0;
  std::vector<double> inputs_;                          // values of the units, [padded]
  std::vector<double> sums_;                            // sum_j K_ij x_j before the flips below
  std::vector<std::pair<std::int64_t, double>> flips_;  // a unit and the change of its value
};

}  // namespace

MatrixCouplings::MatrixCouplings(const PatternBits& patterns, const BinaryOptions& options)
    : patterns_(patterns),
      options_((check(options), options)),
      connections_(patterns.units(), options.dilution, options.seed),
      weights_(blank()) {}

Weights MatrixCouplings::blank() const {
  const auto n = static_cast<double>(patterns_.units());
  Weights weights(patterns_.units(), symmetric(options_.rule));
  weights.set_divisors({options_.rule == Rule::storkey ? n * kFineUnit : n});
  return weights;
}

std::unique_ptr<Walk> MatrixCouplings::walk() const { return std::make_unique<MatrixWalk>(*this); }

double MatrixCouplings::tie() const {
  const bool rounded = unlearned_ || options_.rule == Rule::storkey || options_.rule == Rule::pseudo_inverse;
  return rounded ? 0x1p-23 : 0;
}

void MatrixCouplings::learn(const PatternBits& patterns, std::int64_t first, Weights& weights,
                            Stabilities& stabilities) const {
  const Lesson lesson = this->lesson(patterns);
  switch (options_.rule) {
    case Rule::hebb: add_hebb(lesson, first, patterns.size(), 1, weights); break;
    case Rule::storkey: add_storkey(lesson, first, weights); break;
    case Rule::palimpsest: add_palimpsest(lesson, first, weights); break;
    case Rule::clipped: form_clipped(lesson, weights); break;
    case Rule::pseudo_inverse: form_pseudo_inverse(lesson, weights); break;
    case Rule::perceptron: stabilities = form_perceptron(lesson, weights); break;
    case Rule::minimum_overlap: stabilities = form_minimum_overlap(lesson, weights); break;
    case Rule::symmetric_perceptron: stabilities = form_symmetric_perceptron(lesson, weights); break;
  }
}

void MatrixCouplings::added(std::int64_t first) {
  if (online(options_.rule)) {
    learn(patterns_, first, weights_, stabilities_);
  } else {
    if (unlearned_) throw ConfigError("this rule learns all patterns anew, which would undo the unlearning");
    Weights weights = blank();
    learn(patterns_, 0, weights, stabilities_);
    weights_ = std::move(weights);
  }
  ++version_;
}

void MatrixCouplings::removed(std::int64_t index) {
  if (options_.rule == Rule::palimpsest)
    throw ConfigError(
        "a palimpsest cannot take out a pattern: what its weights lost at the bounds is not kept");
  if (options_.rule == Rule::hebb) {
    add_hebb(lesson(patterns_), index, index + 1, -1, weights_);
  } else {
    if (unlearned_)
      throw ConfigError(
          "to forget a pattern, this rule learns the others anew, which would undo the unlearning");
    PatternBits others = patterns_;
    others.remove(index);
    Weights weights = blank();
    learn(others, 0, weights, stabilities_);
    weights_ = std::move(weights);
  }
  ++version_;
}

void MatrixCouplings::unlearn(const BitVector& state, double strength) {
  if (!weights_.symmetric())
    throw ConfigError("unlearning takes symmetric weights; those of this rule are not");
  if (!(strength > 0 && strength <= 1))
    throw ConfigError("the strength of unlearning is above 0 and at most 1; got " + std::to_string(strength));
  if (!unlearned_) weights_.refine(kFineUnit / unit_of(weights_));
  weights_.make_room(1, unit_of(weights_));
  const double step = std::nearbyint(strength * unit_of(weights_));
  if (step == 0)
    throw ConfigError("the strength of unlearning is too small to change weights; got " +
                      std::to_string(strength));
  unlearned_ = true;
  ++version_;
  const Lesson lesson = this->lesson(patterns_);
  const std::vector<double> signs = signs_of(state, weights_.padded());
  weights_.update([&](std::int64_t j, std::int64_t start, std::span<std::int32_t> values) {
    const double half = -step / 2 * signs[static_cast<std::size_t>(j)];
    add_outer(values.data(), {.a_i = half, .b_i = half}, signs.data() + start, signs.data() + start);
    lesson.connections.mask(j, start, values);
  });
}

SavedWeights MatrixCouplings::save() const {
  return {.values = weights_.values(),
          .divisors = weights_.divisors(),
          .unlearned = unlearned_,
          .stabilities = stabilities_};
}

void MatrixCouplings::restore(const SavedWeights& saved) {
  const auto refuse = [](const std::string& what) { throw DataError("saved weights: " + what); };
  const auto n = static_cast<std::size_t>(patterns_.units());
  if (saved.divisors.size() != 1 && (weights_.symmetric() || saved.divisors.size() != n))
    refuse(std::to_string(saved.divisors.size()) + " divisors for " + std::to_string(n) + " units");
  for (const double divisor : saved.divisors) {
    if (!(divisor > 0) || !std::isfinite(divisor)) refuse("a divisor is " + std::to_string(divisor));
  }
  if (!saved.stabilities.empty() && saved.stabilities.size() != n)
    refuse(std::to_string(saved.stabilities.size()) + " stabilities for " + std::to_string(n) + " units");
  if (saved.unlearned && !weights_.symmetric()) refuse("weights that are not symmetric cannot be unlearned");
  Weights weights = blank();
  weights.set_values(saved.values);
  weights.set_divisors(saved.divisors);
  const double unit = unit_of(weights);
  if ((options_.rule == Rule::hebb || options_.rule == Rule::palimpsest) &&
      (unit != std::floor(unit) || unit < 1 || unit > kFineUnit))
    refuse("a pattern cannot add " + std::to_string(unit) + " to them");
  weights_ = std::move(weights);
  stabilities_ = saved.stabilities;
  unlearned_ = saved.unlearned;
  ++version_;
}

std::unique_ptr<MatrixCouplings> matrix_couplings(const PatternBits& patterns, const BinaryOptions& options) {
  auto couplings = std::make_unique<MatrixCouplings>(patterns, options);
  if (patterns.size() > 0) couplings->added(0);
  return couplings;
}

}  // namespace hebb::memory
