#include "memory/unit_learner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/whole_sums.hpp"

namespace hebb::memory {

UnitLearner::UnitLearner(UnitTask task)
    : task_(std::move(task)), patterns_(task_.targets.size()), counts_(patterns_), fields_(patterns_) {}

double UnitLearner::scaled(std::size_t pattern) const {
  const double sum = fields_[pattern] - own_weight_ * task_.own[pattern] + norm_ * task_.bias;
  return task_.targets[pattern] * sum;
}

bool UnitLearner::is_stable(std::size_t pattern) const {
  const double value = scaled(pattern);
  return value > 0 && value >= task_.margin * norm_;
}

void UnitLearner::learn(std::size_t pattern) {
  const double sign = task_.targets[pattern];
  const double own = task_.own[pattern];
  const std::int32_t* row = task_.gram.data() + pattern * patterns_;
  square_ += 2 * sign * (fields_[pattern] - own_weight_ * own) + row[pattern] - own * own;
  norm_ = std::sqrt(square_);
  add_scaled(row, static_cast<std::int64_t>(patterns_), sign, fields_.data());
  own_weight_ += sign * own;
  counts_[pattern] += sign;
  biased_ += sign * task_.bias;
  ++learned_;
}

std::size_t UnitLearner::least() const {
  return static_cast<std::size_t>(least_product({.sign = task_.targets.data(),
                                                 .sum = fields_.data(),
                                                 .part = task_.own.data(),
                                                 .scale = own_weight_,
                                                 .shift = norm_ * task_.bias},
                                                static_cast<std::int64_t>(patterns_)));
}

double UnitLearner::limit() const {
  if (learned_ == 0) return std::numeric_limits<double>::infinity();
  return (norm_ + biased_) / static_cast<double>(learned_);
}

bool UnitLearner::hopeless() const {
  // Rounding must not give up what is just possible.
  const double most = limit() * (1 + 1e-12);
  return learned_ >= kMostLearned || most <= 0 || most < task_.margin;
}

bool UnitLearner::learn_in_turn() {
  for (std::int64_t epoch = 0; epoch < task_.max_epochs; ++epoch) {
    bool learned = false;
    for (std::size_t p = 0; p < patterns_; ++p) {
      if (is_stable(p)) continue;
      learn(p);
      learned = true;
      if (hopeless()) return false;
    }
    if (!learned) return true;
  }
  return stable() == static_cast<std::int64_t>(patterns_);
}

bool UnitLearner::learn_least() {
  const auto epoch = static_cast<std::int64_t>(patterns_);
  const std::int64_t most = std::min(kMostLearned, std::min(kMostLearned, task_.max_epochs) * epoch);
  while (patterns_ > 0 && learned_ < most) {
    const std::size_t pattern = least();
    if (square_ > 0) {
      const double stability = scaled(pattern) / norm_;
      if (stability > 0 && stability >= (1 - kOptimal) * limit()) break;
    }
    learn(pattern);
    if (hopeless()) return false;
  }
  return stable() == static_cast<std::int64_t>(patterns_);
}

double UnitLearner::stability() const {
  if (patterns_ == 0) return std::numeric_limits<double>::infinity();
  const double value = scaled(least());
  return norm_ > 0 ? value / norm_ : value;
}

std::int64_t UnitLearner::stable() const {
  std::int64_t count = 0;
  for (std::size_t p = 0; p < patterns_; ++p) count += is_stable(p) ? 1 : 0;
  return count;
}

}  // namespace hebb::memory
