/// More layers for images and sequences: convolutions along one axis and back to a larger image, and layers
/// that change the size of images. Shapes leave the batch out unless they show it. Layers of images take
/// [height, width] for an image of one channel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "hebb/layers.hpp"

namespace hebb {

/// Options of Conv1d: those of Conv2d, along the one axis.
using Conv1dOptions = Conv2dOptions;

/// `conv1d(channels, kernel=3, stride=1, padding=valid, dilation=1, groups=1, act=none, bias=true,
/// init=auto)`: a convolution along sequences, y = activation(x * F + b), filter [kernel, inputs / groups,
/// channels], bias [channels]. [batch, length, inputs], or [batch, length] with one channel, -> [batch,
/// length', channels]. Options and errors are those of Conv2d.
class Conv1d final : public Layer {
 public:
  explicit Conv1d(std::int64_t channels, Conv1dOptions options = {});

  std::int64_t channels() const { return channels_; }
  const Conv1dOptions& options() const { return options_; }
  const Tensor& filter() const { return filter_; }
  /// Empty when the layer has none.
  const Tensor& bias() const { return bias_; }

  std::unique_ptr<Layer> clone() const override { return std::make_unique<Conv1d>(*this); }
  std::string_view kind() const override { return "conv1d"; }
  std::string describe() const override;
  Shape output_shape(const Shape& input) const override;
  std::int64_t parameter_count(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
  void visit(ParameterVisitor& visitor) override;

 private:
  void initialize(const Shape& input, Random& random) override;

  std::int64_t channels_;
  Conv1dOptions options_;
  Tensor filter_;
  Tensor bias_;
};

/// Options of ConvTranspose2d. What is one number counts for rows and columns alike.
struct ConvTranspose2dOptions {
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  /// Rows and columns cut off on every side, or kSamePadding: the output is then `stride` times the input.
  std::int64_t padding = 0;
  /// Rows and columns added at the end, below the stride: several sizes of images have a convolution of the
  /// same size, and this tells which of them is meant.
  std::int64_t output_padding = 0;
  bool bias = true;
  Activation activation = {};
  Initializer init = {};  ///< of the filter; biases start at zero
};

/// `conv_transpose(channels, kernel=3, stride=1, padding=valid, output_padding=0, act=none, bias=true,
/// init=auto)`: the transposed convolution (Zeiler et al. 2010), which takes sizes and channels back to what
/// a convolution with the same numbers made them from: the gradient of that with respect to its images.
/// Filter [kernel, kernel, channels, inputs], bias [channels]. [batch, height, width, inputs], or [batch,
/// height, width] with one channel, -> [batch, height', width', channels], where height' = (height - 1) *
/// stride - 2 * padding + kernel + output_padding, as in PyTorch. Throws ShapeError, when built, where the
/// padding leaves nothing.
class ConvTranspose2d final : public Layer {
 public:
  /// Throws ConfigError for a number out of its range, an output padding that is not below the stride, and
  /// one beside the padding `same`.
  explicit ConvTranspose2d(std::int64_t channels, ConvTranspose2dOptions options = {});

  std::int64_t channels() const { return channels_; }
  const ConvTranspose2dOptions& options() const { return options_; }
  const Tensor& filter() const { return filter_; }
  /// Empty when the layer has none.
  const Tensor& bias() const { return bias_; }

  std::unique_ptr<Layer> clone() const override { return std::make_unique<ConvTranspose2d>(*this); }
  std::string_view kind() const override { return "conv_transpose"; }
  std::string describe() const override;
  Shape output_shape(const Shape& input) const override;
  std::int64_t parameter_count(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
  void visit(ParameterVisitor& visitor) override;

 private:
  void initialize(const Shape& input, Random& random) override;

  std::int64_t channels_;
  ConvTranspose2dOptions options_;
  Tensor filter_;
  Tensor bias_;
};

/// `globalmaxpool`: [batch, height, width, channels] -> [batch, channels], the largest of each channel. Equal
/// ones share the gradient.
class GlobalMaxPool2d final : public Layer {
 public:
  std::unique_ptr<Layer> clone() const override { return std::make_unique<GlobalMaxPool2d>(*this); }
  std::string_view kind() const override { return "globalmaxpool"; }
  /// Throws ShapeError for what is no image.
  Shape output_shape(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override { return input.elements(); }
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
};

/// How Upsample2d fills the new pixels.
enum class UpsampleMode : std::uint8_t {
  nearest,  ///< with the pixel they lie in
  bilinear  ///< between the centres of the four pixels around; beyond the outermost centres, with the edge
};

/// `upsample(factor=2, mode=nearest)`: images so many times as high and wide, [height, width, channels] ->
/// [factor * height, factor * width, channels]; `mode` is `nearest` or `bilinear` (PyTorch's and Keras's,
/// with align_corners false).
class Upsample2d final : public Layer {
 public:
  /// Throws ConfigError unless 1 <= factor <= 1024.
  explicit Upsample2d(std::int64_t factor = 2, UpsampleMode mode = UpsampleMode::nearest);

  std::int64_t factor() const { return factor_; }
  UpsampleMode mode() const { return mode_; }

  std::unique_ptr<Layer> clone() const override { return std::make_unique<Upsample2d>(*this); }
  std::string_view kind() const override { return "upsample"; }
  std::string describe() const override;
  /// Throws ShapeError for what is no image.
  Shape output_shape(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;

 private:
  std::int64_t factor_;
  UpsampleMode mode_;
};

/// `subsample(stride=2, channels=0)`: every so many-th pixel of each row and column, from the first, and
/// channels of zeros at the end up to `channels`; 0 leaves the channels as they are. As the projection of a
/// residual block it is the shortcut without parameters (He et al. 2016, option A). [height, width, inputs]
/// -> [height / stride, width / stride, rounded up, channels].
class Subsample2d final : public Layer {
 public:
  /// Throws ConfigError for a number out of its range.
  explicit Subsample2d(std::int64_t stride = 2, std::int64_t channels = 0);

  std::int64_t stride() const { return stride_; }
  std::int64_t channels() const { return channels_; }

  std::unique_ptr<Layer> clone() const override { return std::make_unique<Subsample2d>(*this); }
  std::string_view kind() const override { return "subsample"; }
  std::string describe() const override;
  /// Throws ShapeError for what is no image and for one of more channels.
  Shape output_shape(const Shape& input) const override;
  std::int64_t flops(const Shape&) const override { return 0; }
  Tensor forward(const Tensor& x, ForwardContext& context) const override;

 private:
  std::int64_t stride_;
  std::int64_t channels_;
};

}  // namespace hebb
