#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "nn/sizes.hpp"
#include "nn/windows.hpp"

namespace hebb {

namespace {

WindowAxis axis_of(const Pool2dOptions& o) {
  return {.extent = o.size, .stride = o.stride == 0 ? o.size : o.stride, .padding = o.padding};
}

}  // namespace

Pool2d::Pool2d(std::string_view kind, Pool2dOptions options) : options_(options) {
  require_number(kind, "a size", options.size, 1);
  require_number(kind, "a stride", options.stride, 0);
  if (options.padding != kSamePadding) require_number(kind, "a padding", options.padding, 0);
  if (options.padding >= options.size) {
    throw ConfigError(std::string(kind) + ": a padding of " + std::to_string(options.padding) +
                      " leaves windows of " + std::to_string(options.size) + " pixels empty");
  }
}

std::string Pool2d::describe() const {
  std::string text = std::string(kind()) + "(" + std::to_string(options_.size);
  if (options_.stride != 0 && options_.stride != options_.size)
    text += ", stride=" + std::to_string(options_.stride);
  if (options_.padding == kSamePadding) text += ", padding=same";
  if (options_.padding > 0) text += ", padding=" + std::to_string(options_.padding);
  return text + ")";
}

Shape Pool2d::output_shape(const Shape& input) const {
  const Shape image = image_shape(kind(), input);
  const WindowAxis axis = axis_of(options_);
  const std::int64_t height = axis.places(image[0]);
  const std::int64_t width = axis.places(image[1]);
  if (height == 0 || width == 0) {
    throw ShapeError(std::string(kind()) + ": windows of " + std::to_string(options_.size) + " x " +
                     std::to_string(options_.size) + " pixels do not fit into an image " + to_string(input));
  }
  return {height, width, image[2]};
}

std::int64_t Pool2d::flops(const Shape& input) const {
  return checked_product(output_shape(input).elements(), checked_product(options_.size, options_.size));
}

Tensor Pool2d::forward(const Tensor& x, ForwardContext&) const {
  const Tensor images = images_of(kind(), x);
  const WindowAxis axis = axis_of(options_);
  const auto [top, bottom] = axis.padding_of(images.shape()[1]);
  const auto [left, right] = axis.padding_of(images.shape()[2]);
  return pool(images, {.window = {axis.extent, axis.extent},
                       .stride = {axis.stride, axis.stride},
                       .padding = {top, bottom, left, right}});
}

Tensor MaxPool2d::pool(const Tensor& images, const PoolOptions& options) const {
  return max_pool(images, options);
}
Tensor AveragePool2d::pool(const Tensor& images, const PoolOptions& options) const {
  return avg_pool(images, options);
}

Shape GlobalAveragePool2d::output_shape(const Shape& input) const { return {image_shape(kind(), input)[2]}; }

Tensor GlobalAveragePool2d::forward(const Tensor& x, ForwardContext&) const {
  return mean(images_of(kind(), x), {1, 2});
}

}  // namespace hebb
