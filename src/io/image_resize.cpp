#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "hebb/error.hpp"
#include "io/image_codecs.hpp"

namespace hebb {
namespace {

/// The pixels of one axis that a new pixel is made of, and their weights.
struct Mixture {
  std::size_t begin = 0;
  std::vector<float> weights;
};

std::vector<Mixture> mixtures(int from, int to) {
  const double step = static_cast<double>(from) / to;
  const double reach = std::max(step, 1.0);
  std::vector<Mixture> all(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    Mixture& mixture = all[static_cast<std::size_t>(i)];
    const double centre = (i + 0.5) * step - 0.5;
    const int first = std::max(0, static_cast<int>(std::ceil(centre - reach)));
    const int last = std::min(from - 1, static_cast<int>(std::floor(centre + reach)));
    mixture.begin = static_cast<std::size_t>(first);
    double sum = 0;
    for (int j = first; j <= last; ++j) sum += std::max(0.0, 1 - std::abs(j - centre) / reach);
    for (int j = first; j <= last; ++j)
      mixture.weights.push_back(static_cast<float>(std::max(0.0, 1 - std::abs(j - centre) / reach) / sum));
  }
  return all;
}

}  // namespace

Image resized(const Image& image, int height, int width) {
  if (height < 1 || width < 1)
    throw ShapeError(fmt::format("an image cannot have {} x {} pixels", height, width));
  if (image.height < 1 || image.width < 1 || image.channels < 1 ||
      image.bytes.size() != io::image_bytes(image)) {
    throw ShapeError(fmt::format("an image of {} x {} pixels and {} channels cannot be resized from {} bytes",
                                 image.height, image.width, image.channels, image.bytes.size()));
  }
  if (image.height == height && image.width == width) return image;
  const auto channels = static_cast<std::size_t>(image.channels);
  const std::size_t row = static_cast<std::size_t>(image.width) * channels;
  const std::vector<Mixture> across = mixtures(image.width, width);
  Image result{.height = height, .width = width, .channels = image.channels, .bytes = {}};
  result.bytes.reserve(io::image_bytes(result));
  std::vector<float> mixed(row);
  for (const Mixture& down : mixtures(image.height, height)) {
    std::fill(mixed.begin(), mixed.end(), 0.F);
    for (std::size_t j = 0; j < down.weights.size(); ++j) {
      const std::uint8_t* from = image.bytes.data() + (down.begin + j) * row;
      for (std::size_t i = 0; i < row; ++i) mixed[i] += down.weights[j] * static_cast<float>(from[i]);
    }
    for (const Mixture& pixel : across) {
      for (std::size_t c = 0; c < channels; ++c) {
        float sum = 0;
        for (std::size_t j = 0; j < pixel.weights.size(); ++j)
          sum += pixel.weights[j] * mixed[(pixel.begin + j) * channels + c];
        result.bytes.push_back(static_cast<std::uint8_t>(std::clamp(sum + 0.5F, 0.F, 255.F)));
      }
    }
  }
  return result;
}

}  // namespace hebb
