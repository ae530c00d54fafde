// Perceptron learning that keeps weights symmetric.
#include <limits>
#include <string>

#include "hebb/error.hpp"
#include "memory/rules.hpp"

namespace hebb::memory {

namespace {

class SymmetricLearning {
 public:
  SymmetricLearning(const Lesson& lesson, Weights& weights)
      : lesson_(lesson),
        values_(lesson.values()),
        weights_(weights),
        squares_(size()),
        sums_(size()),
        inputs_(size()),
        wrong_(size()) {}

  Stabilities run() {
    const std::int64_t patterns = lesson_.patterns.size();
    const BinaryOptions& options = lesson_.options;
    for (std::int64_t epoch = 0; epoch < options.max_epochs; ++epoch) {
      bool learned = false;
      for (std::int64_t p = 0; p < patterns; ++p) {
        if (stable(p)) continue;
        learn();
        learned = true;
      }
      if (!learned) return stabilities();
    }
    std::int64_t count = 0;
    for (std::int64_t p = 0; p < patterns; ++p) count += stable(p) ? 1 : 0;
    if (count < patterns)
      throw ConfigError("the patterns could not be learned with symmetric weights and margin " +
                        std::to_string(options.margin) + ": " + std::to_string(count) + " of " +
                        std::to_string(patterns) + " are stable after " + std::to_string(options.max_epochs) +
                        " epochs");
    return stabilities();
  }

 private:
  std::size_t size() const { return static_cast<std::size_t>(weights_.padded()); }

  /// N xi_i h_i in the pattern last looked at.
  double scaled(const BitVector& pattern, std::int64_t i) const {
    const auto u = static_cast<std::size_t>(i);
    const double field = sums_[u] + static_cast<double>(weights_.units()) * values_.bias(i);
    return pattern.get(i) ? field : -field;
  }

  void look_at(const BitVector& pattern) {
    for (std::int64_t i = 0; i < weights_.units(); ++i)
      inputs_[static_cast<std::size_t>(i)] = values_.value(pattern.get(i));
    weights_.product(inputs_, sums_);
  }

  /// Whether all units are stable in a pattern; else wrong_ holds xi_i of those that are not.
  bool stable(std::int64_t p) {
    const BitVector pattern = lesson_.patterns.pattern(p);
    look_at(pattern);
    bool all = true;
    for (std::int64_t i = 0; i < weights_.units(); ++i) {
      const auto u = static_cast<std::size_t>(i);
      const double value = scaled(pattern, i);
      const bool good = value > 0 && value >= lesson_.options.margin * std::sqrt(squares_[u]);
      wrong_[u] = good ? 0.0 : pattern.get(i) ? 1.0 : -1.0;
      all = all && good;
    }
    return all;
  }

  /// J_ij += (e_i x_j + e_j x_i) / N with e_i = xi_i where the unit is not stable, else 0.
  void learn() {
    weights_.update([&](std::int64_t j, std::int64_t start, std::span<std::int32_t> values) {
      const auto own = static_cast<std::size_t>(j);
      add_outer(values.data(), {.a_i = wrong_[own], .b_i = inputs_[own]}, wrong_.data() + start,
                inputs_.data() + start);
      lesson_.connections.mask(j, start, values);
    });
    if (lesson_.options.margin > 0) squares_ = weights_.squares();
  }

  Stabilities stabilities() {
    squares_ = weights_.squares();
    Stabilities result(static_cast<std::size_t>(weights_.units()), std::numeric_limits<double>::infinity());
    for (std::int64_t p = 0; p < lesson_.patterns.size(); ++p) {
      const BitVector pattern = lesson_.patterns.pattern(p);
      look_at(pattern);
      for (std::size_t u = 0; u < result.size(); ++u)
        result[u] =
            std::min(result[u], scaled(pattern, static_cast<std::int64_t>(u)) / std::sqrt(squares_[u]));
    }
    return result;
  }

  const Lesson& lesson_;
  UnitValues values_;
  Weights& weights_;
  std::vector<double> squares_;  // of the weights into each unit
  std::vector<double> sums_;
  std::vector<double> inputs_;
  std::vector<double> wrong_;
};

}  // namespace

Stabilities form_symmetric_perceptron(const Lesson& lesson, Weights& weights) {
  return SymmetricLearning(lesson, weights).run();
}

}  // namespace hebb::memory
