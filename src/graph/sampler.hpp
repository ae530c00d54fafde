/// Random operands for the generated tests of ops.
#pragma once

#include <cstdint>
#include <vector>

#include "hebb/random.hpp"
#include "hebb/tensor.hpp"

namespace hebb {

/// Draws shapes, operands and choices for one test case. The operands are concrete leaves, f32 or i32, so
/// that a test can find them in the graph and perturb them. Shapes have odd extents as often as round ones;
/// when `allow_empty`, one in eight has an axis without elements.
class Sampler {
 public:
  Sampler(std::uint64_t seed, std::uint64_t index, bool allow_empty)
      : random_(seed, index), allow_empty_(allow_empty) {}

  /// A shape of a rank in [least, most], at most a few hundred elements.
  Shape shape(int least_rank = 0, int most_rank = 4);
  /// A shape that broadcasts against `shape`: some axes 1, some leading axes missing.
  Shape broadcastable(const Shape& shape);
  /// An extent: mostly small, sometimes beyond a vector or a tile.
  std::int64_t extent();
  std::int64_t integer(std::int64_t low, std::int64_t high);  ///< in [low, high]
  bool chance() { return random_.below(2) == 1; }
  double real(double low, double high);
  /// Some of the axes of a shape (perhaps all; never none unless the rank is 0).
  std::vector<int> axes(const Shape& shape);

  Tensor normal(const Shape& shape);                            ///< standard normal
  Tensor uniform(const Shape& shape, double low, double high);  ///< in [low, high)
  /// Normal values at least `distance` away from each of `points`, where the op has kinks or jumps.
  Tensor away_from(const Shape& shape, const std::vector<double>& points, double distance = 0.05);
  Tensor integers(const Shape& shape, std::int64_t low, std::int64_t high);  ///< i32 in [low, high]
  Tensor integers_as_floats(const Shape& shape, std::int64_t low, std::int64_t high);
  /// All elements distinct and at least 0.1 apart: for max, min and argmax.
  Tensor distinct(const Shape& shape);

 private:
  Random random_;
  bool allow_empty_;
};

}  // namespace hebb
