#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "nn/sizes.hpp"

namespace hebb {

namespace {

Shape image_shape(std::string_view kind, const Shape& sample) {
  if (sample.rank() == 3 && sample.elements() > 0) return sample;
  throw ShapeError(std::string(kind) + ": expected images [height, width, channels], got " +
                   to_string(sample));
}

}  // namespace

Pool2d::Pool2d(std::string_view kind, std::int64_t size) : size_(size) {
  if (size >= 1 && size < (std::int64_t{1} << 31)) return;
  throw ConfigError(std::string(kind) + ": expected a size from 1 to 2147483647, got " +
                    std::to_string(size));
}

std::string Pool2d::describe() const { return std::string(kind()) + "(" + std::to_string(size_) + ")"; }

Shape Pool2d::output_shape(const Shape& input) const {
  const Shape image = image_shape(kind(), input);
  if (image[0] < size_ || image[1] < size_) {
    throw ShapeError(std::string(kind()) + ": windows of " + std::to_string(size_) + " x " +
                     std::to_string(size_) + " pixels do not fit into an image " + to_string(input));
  }
  return {image[0] / size_, image[1] / size_, image[2]};
}

Tensor Pool2d::forward(const Tensor& x, ForwardContext&) const {
  const Shape output = output_shape(sample_shape(x.shape()));
  const Tensor rows = slice(x, 1, 0, output[0] * size_);
  const Tensor filled = slice(rows, 2, 0, output[1] * size_);
  return pool(reshape(filled, {x.shape()[0], output[0], size_, output[1], size_, output[2]}));
}

Tensor MaxPool2d::pool(const Tensor& windows) const { return max(windows, {2, 4}); }
Tensor AveragePool2d::pool(const Tensor& windows) const { return mean(windows, {2, 4}); }

Shape GlobalAveragePool2d::output_shape(const Shape& input) const { return {image_shape(kind(), input)[2]}; }

Tensor GlobalAveragePool2d::forward(const Tensor& x, ForwardContext&) const {
  image_shape(kind(), sample_shape(x.shape()));
  return mean(x, {1, 2});
}

}  // namespace hebb
