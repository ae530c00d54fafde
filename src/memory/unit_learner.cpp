#include "memory/unit_learner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/whole_sums.hpp"

namespace hebb::memory {

UnitLearner::UnitLearner(UnitTask task)
    : task_(std::move(task)), patterns_(task_.targets.size()), counts_(patterns_), fields_(patterns_) {}

double UnitLearner::norm() const { return std::sqrt(square_); }

double UnitLearner::scaled(std::size_t pattern, double norm) const {
  return task_.targets[pattern] * (fields_[pattern] - own_weight_ * task_.own[pattern] + norm * task_.bias);
}

bool UnitLearner::is_stable(std::size_t pattern, double norm) const {
  const double value = scaled(pattern, norm);
  return value > 0 && value >= task_.margin * norm;
}

void UnitLearner::learn(std::size_t pattern) {
  const double sign = task_.targets[pattern];
  const double own = task_.own[pattern];
  const std::int32_t* row = task_.gram.data() + pattern * patterns_;
  square_ += 2 * sign * (fields_[pattern] - own_weight_ * own) + row[pattern] - own * own;
  add_scaled(row, static_cast<std::int64_t>(patterns_), sign, fields_.data());
  own_weight_ += sign * own;
  counts_[pattern] += sign;
  biased_ += sign * task_.bias;
  ++learned_;
}

std::size_t UnitLearner::least() const {
  const double norm = this->norm();
  std::size_t result = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t p = 0; p < patterns_; ++p) {
    const double value = scaled(p, norm);
    if (value < least) {
      least = value;
      result = p;
    }
  }
  return result;
}

double UnitLearner::limit() const {
  if (learned_ == 0) return std::numeric_limits<double>::infinity();
  return (norm() + biased_) / static_cast<double>(learned_);
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
      if (is_stable(p, norm())) continue;
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
      const double stability = scaled(pattern, norm()) / norm();
      if (stability > 0 && stability >= (1 - kOptimal) * limit()) break;
    }
    learn(pattern);
    if (hopeless()) return false;
  }
  return stable() == static_cast<std::int64_t>(patterns_);
}

double UnitLearner::stability() const {
  if (patterns_ == 0) return std::numeric_limits<double>::infinity();
  const double norm = this->norm();
  const double value = scaled(least(), norm);
  return norm > 0 ? value / norm : value;
}

std::int64_t UnitLearner::stable() const {
  const double norm = this->norm();
  std::int64_t count = 0;
  for (std::size_t p = 0; p < patterns_; ++p) count += is_stable(p, norm) ? 1 : 0;
  return count;
}

}  // namespace hebb::memory
