/// The operations on tensors. Each builds an expression; nothing is computed yet. Two operands are
/// broadcast by NumPy's rule. Shapes or types that do not fit throw ShapeError.
///
/// The list itself is hebb/ops.def, one row an operation, so that the registry, these declarations, the
/// generated tests and the documentation cannot disagree.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "hebb/tensor.hpp"

namespace hebb {

/// Axes of a reduction; negative ones count from the end. An empty list stands for all axes.
using Axes = std::vector<int>;

/// Options of a matrix product.
struct MatmulOptions {
  bool transpose_a = false;  ///< use the transpose of a's last two axes
  bool transpose_b = false;
};

/// Options of a convolution of images, [y, x] each.
struct ConvOptions {
  std::array<std::int64_t, 2> stride = {1, 1};
  /// Rows of zeros above and below the image, columns of them left and right.
  std::array<std::int64_t, 4> padding = {0, 0, 0, 0};
  std::array<std::int64_t, 2> dilation = {1, 1};  ///< pixels from one element of the filter to the next
  std::int64_t groups = 1;  ///< input and output channels are divided into so many groups
};

/// Options of pooling, [y, x] each.
struct PoolOptions {
  std::array<std::int64_t, 2> window = {2, 2};
  std::array<std::int64_t, 2> stride = {2, 2};
  /// Rows above and below the image, columns left and right; fewer than the window has. They hold nothing: a
  /// window's mean is that of its pixels in the image.
  std::array<std::int64_t, 4> padding = {0, 0, 0, 0};
};

#define HEBB_OP(name, ...) __VA_ARGS__;
#include "hebb/ops.def"  // NOLINT
#undef HEBB_OP

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator-(const Tensor& x) { return neg(x); }

/// The largest element of each window, channel by channel: [n, height, width, channels] -> [n, output height,
/// output width, channels]. The gradient goes to the first of them, row by row; NaN is larger than all.
inline Tensor max_pool(const Tensor& images, const PoolOptions& options = {}) {
  return pool_at_largest(images, images, options);
}
/// x * x.
inline Tensor square(const Tensor& x) { return mul(x, x); }
/// Sums a tensor over the axes along which `shape` was broadcast to it, and reshapes to `shape`. Throws
/// ShapeError when it does not broadcast so.
Tensor sum_to(const Tensor& x, const Shape& shape);
/// The mean, over the axes, of squared distances from the mean is `var` (ops.def); its square root:
inline Tensor stddev(const Tensor& x, const Axes& axes = {}, bool keep = false) {
  return sqrt(var(x, axes, keep));
}
/// x with each element kept with probability 1 - rate and divided by it, else zero (Srivastava et al. 2014,
/// inverted). `key` is an i32 tensor [2] of (seed, step); `stream` tells apart the uses within one step.
/// Throws ConfigError unless 0 <= rate < 1.
Tensor dropout(const Tensor& x, double rate, const Tensor& key, std::int64_t stream);

}  // namespace hebb
