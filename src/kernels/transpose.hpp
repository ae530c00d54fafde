/// Axes of an array in another order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hebb {

/// to[j * to_stride + i] = from[i * from_stride + j] for i < rows, j < columns, in the calling thread.
void transpose_plane(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride,
                     std::int64_t rows, std::int64_t columns);

/// One transposition, prepared for a shape. Immutable: it may run in several threads at once.
class Transposition {
 public:
  /// Axis i of the result is axis order[i] of an operand of these extents; elements of `element_size` bytes
  /// (1, 4 or 8; those of 4 are the fast ones).
  Transposition(std::span<const std::int64_t> extents, std::span<const std::int64_t> order,
                std::size_t element_size);

  /// The two arrays must not overlap.
  void run(const void* from, void* to) const;

 private:
  /// An axis of the result: strides count elements.
  struct Axis {
    std::int64_t extent = 1;
    std::int64_t from = 0;
    std::int64_t to = 0;
  };

  void run_planes(const std::byte* from, std::byte* to, std::int64_t begin, std::int64_t end) const;
  void plane(const std::byte* from, std::byte* to, std::int64_t row, std::int64_t row_end) const;

  std::size_t element_size_;
  std::int64_t elements_ = 1;
  std::vector<Axis> outer_;  // walked one by one, outermost first
  std::int64_t outer_count_ = 1;
  std::int64_t run_ = 0;    // elements that stay neighbours, where the last axis stays last; else 0
  Axis row_;                // else: the last axis of the result, which becomes ..
  Axis column_;             // .. neighbours there, and the last of the operand, which has been that
  std::int64_t bands_ = 1;  // pieces of a plane
};

}  // namespace hebb
