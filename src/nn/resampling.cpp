/// Layers without parameters that change the size of images: globalmaxpool, upsample, subsample.
#include <algorithm>
#include <array>
#include <cmath>

#include "hebb/error.hpp"
#include "hebb/image_layers.hpp"
#include "hebb/ops.hpp"
#include "nn/sizes.hpp"
#include "nn/windows.hpp"

namespace hebb {

namespace {

constexpr std::int64_t kLargestFactor = 1024;

/// The extents with others in the place of one axis.
std::vector<std::int64_t> with_axis(const Shape& shape, int axis,
                                    std::initializer_list<std::int64_t> extents) {
  std::vector<std::int64_t> result = shape.extents();
  const auto at = result.begin() + axis;
  result.insert(result.erase(at), extents);
  return result;
}

/// Each element `factor` times.
Tensor repeated(const Tensor& x, int axis, std::int64_t factor) {
  const std::int64_t extent = x.shape()[axis];
  const Tensor apart = reshape(x, with_axis(x.shape(), axis, {extent, 1}));
  const Tensor wide = broadcast_to(apart, Shape(with_axis(x.shape(), axis, {extent, factor})));
  return reshape(wide, with_axis(x.shape(), axis, {extent * factor}));
}

/// The weights of the places before, here and after for each of the `factor` new places, whose centres are at
/// (i + 1/2) / factor - 1/2 of the distance between old ones; in the shape and type to multiply x with, whose
/// axis `axis` is followed by the new places.
std::array<Tensor, 3> weights_between(const Tensor& x, int axis, std::int64_t factor) {
  std::array<std::vector<double>, 3> values;
  for (std::int64_t i = 0; i < factor; ++i) {
    const double place = (static_cast<double>(i) + 0.5) / static_cast<double>(factor) - 0.5;
    values[0].push_back(std::max(-place, 0.0));
    values[1].push_back(1 - std::abs(place));
    values[2].push_back(std::max(place, 0.0));
  }
  std::vector<std::int64_t> extents(static_cast<std::size_t>(x.shape().rank() - axis), 1);
  extents.front() = factor;
  const auto tensor = [&](std::size_t i) {
    return evaluate(cast(Tensor::from(std::span<const double>(values[i]), Shape(extents)), x.dtype()));
  };
  return {tensor(0), tensor(1), tensor(2)};
}

/// `factor` places for each, on the lines between the centres of neighbours.
Tensor interpolated(const Tensor& x, int axis, std::int64_t factor) {
  const std::int64_t extent = x.shape()[axis];
  if (extent == 1) return repeated(x, axis, factor);
  const Tensor before = concat({slice(x, axis, 0, 1), slice(x, axis, 0, extent - 1)}, axis);
  const Tensor after = concat({slice(x, axis, 1, extent), slice(x, axis, extent - 1, extent)}, axis);
  const auto weighted = [&](const Tensor& places, const Tensor& weights) {
    return reshape(places, with_axis(x.shape(), axis, {extent, 1})) * weights;
  };
  const auto weights = weights_between(x, axis, factor);
  const Tensor sum = weighted(before, weights[0]) + weighted(x, weights[1]) + weighted(after, weights[2]);
  return reshape(sum, with_axis(x.shape(), axis, {extent * factor}));
}

/// Elements 0, stride, 2 stride, ... of an axis.
Tensor every(const Tensor& x, int axis, std::int64_t stride) {
  const std::int64_t extent = x.shape()[axis];
  if (stride >= extent) return slice(x, axis, 0, 1);
  const std::int64_t count = (extent + stride - 1) / stride;
  const Tensor whole = pad(x, axis, 0, count * stride - extent);
  const Tensor rows = reshape(whole, with_axis(x.shape(), axis, {count, stride}));
  return reshape(slice(rows, axis + 1, 0, 1), with_axis(x.shape(), axis, {count}));
}

}  // namespace

Shape GlobalMaxPool2d::output_shape(const Shape& input) const { return {image_shape(kind(), input)[2]}; }

Tensor GlobalMaxPool2d::forward(const Tensor& x, ForwardContext&) const {
  return max(images_of(kind(), x), {1, 2});
}

Upsample2d::Upsample2d(std::int64_t factor, UpsampleMode mode) : factor_(factor), mode_(mode) {
  if (factor >= 1 && factor <= kLargestFactor) return;
  throw ConfigError("upsample: expected a factor from 1 to " + std::to_string(kLargestFactor) + ", got " +
                    std::to_string(factor));
}

std::string Upsample2d::describe() const {
  return "upsample(" + std::to_string(factor_) + (mode_ == UpsampleMode::bilinear ? ", mode=bilinear)" : ")");
}

Shape Upsample2d::output_shape(const Shape& input) const {
  const Shape image = image_shape(kind(), input);
  return {checked_product(image[0], factor_), checked_product(image[1], factor_), image[2]};
}

std::int64_t Upsample2d::flops(const Shape& input) const {
  if (mode_ == UpsampleMode::nearest) return 0;
  // Three products and two sums for each element made: first of higher images, then of wider ones.
  return checked_product(5 * factor_ * (1 + factor_), input.elements());
}

Tensor Upsample2d::forward(const Tensor& x, ForwardContext&) const {
  const Tensor images = images_of(kind(), x);
  if (factor_ == 1) return images;
  const auto enlarged = mode_ == UpsampleMode::nearest ? repeated : interpolated;
  return enlarged(enlarged(images, 1, factor_), 2, factor_);
}

Subsample2d::Subsample2d(std::int64_t stride, std::int64_t channels) : stride_(stride), channels_(channels) {
  require_number(kind(), "a stride", stride, 1);
  require_number(kind(), "channels", channels, 0);
}

std::string Subsample2d::describe() const {
  return "subsample(" + std::to_string(stride_) +
         (channels_ > 0 ? ", channels=" + std::to_string(channels_) + ")" : ")");
}

Shape Subsample2d::output_shape(const Shape& input) const {
  const Shape image = image_shape(kind(), input);
  if (channels_ > 0 && image[2] > channels_) {
    throw ShapeError("subsample: the input " + to_string(image) + " has more than " +
                     std::to_string(channels_) + " channels");
  }
  const auto count = [&](std::int64_t extent) { return (extent + stride_ - 1) / stride_; };
  return {count(image[0]), count(image[1]), std::max(image[2], channels_)};
}

Tensor Subsample2d::forward(const Tensor& x, ForwardContext&) const {
  const Shape output = output_shape(sample_shape(x.shape()));
  const Tensor chosen = every(every(images_of(kind(), x), 1, stride_), 2, stride_);
  return pad(chosen, 3, 0, output[2] - chosen.shape()[3]);
}

}  // namespace hebb
