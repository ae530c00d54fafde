#include "cli/contact_sheet.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "hebb/error.hpp"

namespace hebb::cli {

namespace {

constexpr std::int64_t kAcross = 10;
constexpr std::int64_t kGap = 2;         // pixels between samples
constexpr std::int64_t kLeastSide = 56;  // smaller ones are enlarged

/// What is black and what is white.
struct Range {
  float low = 0;
  float high = 1;
};

class Sheet {
 public:
  Sheet(const Shape& sample, Range range, std::int64_t rows)
      : sample_(sample),
        range_(range),
        zoom_(std::max<std::int64_t>(1, (kLeastSide + sample[0] - 1) / sample[0])),
        channels_(sample[2] == 3 ? 3 : 1) {
    const std::int64_t height = rows * (sample[0] * zoom_ + kGap) + kGap;
    const std::int64_t width = kAcross * (sample[1] * zoom_ + kGap) + kGap;
    if (height > kMostPixels / width) throw ConfigError("the images are too large for a sheet of a hundred");
    sheet_ = {.height = static_cast<int>(height),
              .width = static_cast<int>(width),
              .channels = static_cast<int>(channels_),
              .bytes = {}};
    sheet_.bytes.assign(static_cast<std::size_t>(height * width * channels_), 96);
  }

  void draw(const float* image, std::int64_t row, std::int64_t column) {
    const std::int64_t top = kGap + row * (sample_[0] * zoom_ + kGap);
    const std::int64_t left = kGap + column * (sample_[1] * zoom_ + kGap);
    for (std::int64_t y = 0; y < sample_[0] * zoom_; ++y) {
      for (std::int64_t x = 0; x < sample_[1] * zoom_; ++x) {
        const float* pixel = image + (y / zoom_ * sample_[1] + x / zoom_) * sample_[2];
        const std::int64_t at = ((top + y) * sheet_.width + left + x) * channels_;
        for (std::int64_t c = 0; c < channels_; ++c)
          sheet_.bytes[static_cast<std::size_t>(at + c)] = byte_of(pixel[c]);
      }
    }
  }

  Image take() { return std::move(sheet_); }

 private:
  std::uint8_t byte_of(float value) const {
    const float share = (value - range_.low) / std::max(range_.high - range_.low, 1e-30F);
    return static_cast<std::uint8_t>(std::lround(std::clamp(share, 0.F, 1.F) * 255));
  }

  Shape sample_;
  Range range_;
  std::int64_t zoom_;
  std::int64_t channels_;
  Image sheet_;
};

}  // namespace

Image contact_sheet(DataSplits data, const SheetOptions& options) {
  const Shape sample = data.train->input_shape();
  if (sample.rank() != 3) {
    throw ConfigError("samples of shape " + to_string(sample) + " are no images [height, width, channels]");
  }
  apply_scaling(data, ScaleKind::standard);  // changes are made to what the network sees
  const bool changing = !options.augment.empty();
  const std::int64_t count =
      std::min<std::int64_t>(data.train->size(), changing ? kAcross : kAcross * kAcross);
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  std::iota(indices.begin(), indices.end(), 0);
  const auto elements = static_cast<std::size_t>(sample.elements());
  std::vector<float> images(indices.size() * elements);
  data.train->fill(indices, images.data(), {});
  const auto [low, high] = std::minmax_element(images.begin(), images.end());
  Sheet sheet(sample, {*low, *high}, changing ? count : (count + kAcross - 1) / kAcross);
  if (!changing) {
    for (std::int64_t i = 0; i < count; ++i)
      sheet.draw(images.data() + static_cast<std::size_t>(i) * elements, i / kAcross, i % kAcross);
    return sheet.take();
  }
  const Augmenter augmenter(options.augment, *data.train, options.seed);
  for (std::int64_t column = 0; column < kAcross; ++column) {
    std::vector<float> changed = images;
    if (column > 0) augmenter(changed, indices, static_cast<std::uint64_t>(column - 1));
    for (std::int64_t i = 0; i < count; ++i)
      sheet.draw(changed.data() + static_cast<std::size_t>(i) * elements, i, column);
  }
  return sheet.take();
}

}  // namespace hebb::cli
