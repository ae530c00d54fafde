/// Weights between units, formed: for the rules that cannot do without.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "core/parallel.hpp"
#include "kernels/whole_sums.hpp"

namespace hebb::memory {

/// Weights as whole numbers over a divisor: J_ij = K_ij / divisor. What acts on a unit is then a sum of whole
/// numbers, exact in double: it does not drift however many units are flipped, ties are ties, and neither the
/// order of summation nor the number of threads matters. Of most rules the weights are whole multiples of 1/N
/// anyway.
///
/// They lie in tiles of 64 x 64; of symmetric weights, only the tiles on and below the diagonal.
class Weights {
 public:
  static constexpr std::int64_t kMostUnits = std::int64_t{1} << 17;  ///< 34 GB, 69 GB if not symmetric

  /// All zero. Throws ConfigError for more units, and when there is not the memory.
  Weights(std::int64_t units, bool symmetric);

  std::int64_t units() const { return units_; }
  bool symmetric() const { return symmetric_; }
  /// Units with those that fill the last tile: the length of the vectors that are multiplied.
  std::int64_t padded() const { return side_ * kTileSide; }

  /// K_ij, what unit j sends to unit i.
  std::int32_t get(std::int64_t i, std::int64_t j) const;
  double weight(std::int64_t i, std::int64_t j) const { return get(i, j) / divisor(i); }
  double divisor(std::int64_t i) const {
    return divisors_.size() == 1 ? divisors_[0] : divisors_[static_cast<std::size_t>(i)];
  }
  /// One for all units, or [units].
  const std::vector<double>& divisors() const { return divisors_; }
  void set_divisors(std::vector<double> divisors) { divisors_ = std::move(divisors); }

  /// y_i = sum_j K_ij x_j, both of `padded()` elements; those of y beyond the units are zero.
  void product(std::span<const double> x, std::span<double> y) const;
  /// y_i += factor K_ij for all i: what unit j sends.
  void add_sent(std::int64_t j, double factor, std::span<double> y) const;
  /// sum_j K_ij^2 of every unit, [padded()]; of symmetric weights.
  std::vector<double> squares() const;
  /// Calls change(j, i, values) for every run of weights, from several threads at once: values[k] is K of
  /// what unit j sends to unit i + k. Within the tiles on the diagonal, weights are seen in both directions,
  /// and must be given the same value where they are symmetric. A unit's weight to itself stays zero.
  template <class Change>
  void update(const Change& change);

  /// Sets K_ij for all j of one i, of weights that are not symmetric; whole numbers, [units] at least.
  void set_received(std::int64_t i, std::span<const double> values);

  /// Is called before weights are changed to at most growth |K_ij| + addition: where that might not fit into
  /// 32 bits, divides K and the divisors by a power of two, and returns it.
  double make_room(double growth, double addition);
  /// Multiplies K and the divisors by the power of two, at most `most`, that leaves room for as much again.
  void refine(double most);

  /// K row after row, for saving: of symmetric weights, K_ij for j < i; else K_ij for all i and j.
  std::vector<std::int32_t> values() const;
  /// The inverse. Throws DataError for another number of values than `value_count()`.
  void set_values(std::span<const std::int32_t> values);
  std::int64_t value_count() const { return symmetric_ ? units_ * (units_ - 1) / 2 : units_ * units_; }

 private:
  struct Place {
    std::int64_t row, column;
  };
  std::int64_t tiles() const { return symmetric_ ? side_ * (side_ + 1) / 2 : side_ * side_; }
  Place place(std::int64_t tile) const;
  std::int64_t number(Place at) const {
    return symmetric_ ? at.row * (at.row + 1) / 2 + at.column : at.row * side_ + at.column;
  }
  const std::int32_t* tile(std::int64_t number) const {
    return reinterpret_cast<const std::int32_t*>(lines_.data()) + number * kTileSize;
  }
  std::int32_t* tile(std::int64_t number) {
    return reinterpret_cast<std::int32_t*>(lines_.data()) + number * kTileSize;
  }
  std::int64_t index(std::int64_t sender, std::int64_t receiver) const;
  double peak() const;
  /// Adds the products of tiles [begin, end) to y.
  void add_products(std::int64_t begin, std::int64_t end, const double* x, double* y) const;

  struct alignas(64) Line {
    std::int32_t values[16] = {};
  };
  std::int64_t units_;
  bool symmetric_;
  std::int64_t side_;  // tiles from one side to the other
  std::vector<Line> lines_;
  std::vector<double> divisors_ = {1.0};
  double most_ = 0;  // no weight is larger in size
};

template <class Change>
void Weights::update(const Change& change) {
  constexpr std::int64_t kTilesOfTask = 16;
  parallel_for((tiles() + kTilesOfTask - 1) / kTilesOfTask, [&](std::int64_t task) {
    for (std::int64_t t = task * kTilesOfTask; t < std::min(tiles(), (task + 1) * kTilesOfTask); ++t) {
      const Place at = place(t);
      const std::int64_t first = at.column * kTileSide;
      const auto width = static_cast<std::size_t>(std::min(kTileSide, units_ - first));
      const std::int64_t rows = std::min(kTileSide, units_ - at.row * kTileSide);
      for (std::int64_t r = 0; r < rows; ++r) {
        std::int32_t* values = tile(t) + r * kTileSide;
        change(at.row * kTileSide + r, first, std::span(values, width));
        if (at.row == at.column) values[r] = 0;
      }
    }
  });
}

}  // namespace hebb::memory
