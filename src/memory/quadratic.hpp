/// A quadratic energy laid out for computing, and a binary state that moves on it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hebb/energy_descent.hpp"

namespace hebb::memory {

/// Lists of (index, coefficient), one for each of a number of rows, one behind the other.
class SparseRows {
 public:
  struct Entry {
    std::int64_t row, index;
    double coefficient;
  };
  struct Item {
    std::int32_t index;
    double coefficient;
  };

  SparseRows() = default;
  /// Entries of the same row and index are added up; those that cancel are left out.
  SparseRows(std::int64_t rows, std::vector<Entry> entries);

  std::span<const Item> operator[](std::size_t row) const {
    return std::span(items_).subspan(begin_[row], begin_[row + 1] - begin_[row]);
  }

 private:
  std::vector<std::size_t> begin_;
  std::vector<Item> items_;
};

/// The gradient is linear + 2 diagonal x + pairs x + 2 sum_s weight_s a_s (a_s x - target_s).
class EnergyTerms {
 public:
  explicit EnergyTerms(const QuadraticEnergy& energy);

  std::size_t variables() const { return linear_.size(); }
  bool zero_one() const { return low_ == 0; }
  /// The two values of a unit.
  double low() const { return low_; }
  double high() const { return 1; }

  /// Differences of E below it mean nothing.
  double rounding() const { return rounding_of_all_; }

  double value(std::span<const double> x) const;
  void gradient(std::span<const double> x, std::span<double> result) const;

 private:
  friend class EnergyWalk;

  double low_;
  double constant_;
  std::vector<double> linear_, diagonal_;
  SparseRows pairs_;       ///< [variables]: each pair in both rows
  SparseRows sums_;        ///< [squares]
  SparseRows in_squares_;  ///< [variables]
  std::vector<double> weights_, targets_;
  std::vector<double> curvature_;  ///< E(x + d) - E(x) = gradient_i d + curvature_i d^2
  std::vector<double> rounding_;   ///< changes by one variable below it mean nothing
  double rounding_of_all_ = 0;
};

/// A binary state. A change costs as much as its variable has pairs; asking what one would do, as it has
/// squares.
class EnergyWalk {
 public:
  EnergyWalk(const EnergyTerms& terms, std::vector<double> state);

  std::span<const double> state() const { return state_; }
  /// What changing this variable adds to the energy.
  double change(std::size_t i) const;
  /// Whether changing it lowers the energy by more than rounding.
  bool descends(std::size_t i) const { return change(i) < -terms_->rounding_[i]; }
  void flip(std::size_t i);

 private:
  double step(std::size_t i) const { return state_[i] == 1 ? terms_->low_ - 1 : 1 - terms_->low_; }

  const EnergyTerms* terms_;
  std::vector<double> state_;
  std::vector<double> fields_;  ///< linear + pairs x
  std::vector<double> sums_;    ///< a_s x - target_s
};

}  // namespace hebb::memory
