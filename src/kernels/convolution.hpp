/// The three passes of a convolution of images whose channels are neighbours in memory: [batch, height,
/// width, channels].
///
/// Each pass is a sum of small matrix products, one for each row of the filter, and stands on the
/// micro-kernel of the matrix product (Georganas et al. 2019, arXiv:1906.06440). Images are never unfolded: a
/// tile reads its pixels where they lie, or in a copy of the image with its margin.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "kernels/epilogue.hpp"
#include "kernels/gemm.hpp"
#include "kernels/scratch.hpp"

namespace hebb {

/// Extents of a convolution. The filter is [filter_height, filter_width, channels / groups, outputs]; output
/// channels of group g, which are neighbours, see the input channels of group g alone.
struct ConvolutionShape {
  std::int64_t batch = 0;
  std::int64_t height = 0, width = 0, channels = 0;
  std::int64_t filter_height = 1, filter_width = 1;
  std::int64_t output_height = 0, output_width = 0, outputs = 0;
  std::int64_t stride_y = 1, stride_x = 1;
  std::int64_t top = 0, left = 0;  ///< rows and columns of zeros before the image
  std::int64_t dilation_y = 1, dilation_x = 1;
  std::int64_t groups = 1;

  std::int64_t image_size() const { return height * width * channels; }
  std::int64_t output_size() const { return output_height * output_width * outputs; }
  std::int64_t filter_size() const { return filter_height * filter_width * (channels / groups) * outputs; }
};

/// Whether each of several channels has a filter and an output of its own.
inline bool is_depthwise(std::int64_t groups, std::int64_t channels, std::int64_t outputs) {
  return groups > 1 && groups == channels && groups == outputs;
}

/// Calls visit(image, filter, output) with the offsets of every product of an element of the images and one
/// of the filter, and of the output it is added to: the definition that all passes are tested against.
template <class Visit>
void for_each_product(const ConvolutionShape& s, const Visit& visit) {
  const std::int64_t depth = s.channels / s.groups;
  const std::int64_t outputs_of_group = s.outputs / s.groups;
  for (std::int64_t n = 0; n < s.batch; ++n) {
    for (std::int64_t oy = 0; oy < s.output_height; ++oy) {
      for (std::int64_t ox = 0; ox < s.output_width; ++ox) {
        for (std::int64_t ky = 0; ky < s.filter_height; ++ky) {
          const std::int64_t y = oy * s.stride_y - s.top + ky * s.dilation_y;
          if (y < 0 || y >= s.height) continue;
          for (std::int64_t kx = 0; kx < s.filter_width; ++kx) {
            const std::int64_t x = ox * s.stride_x - s.left + kx * s.dilation_x;
            if (x < 0 || x >= s.width) continue;
            for (std::int64_t c = 0; c < depth; ++c) {
              for (std::int64_t o = 0; o < s.outputs; ++o) {
                const std::int64_t channel = o / outputs_of_group * depth + c;
                visit(((n * s.height + y) * s.width + x) * s.channels + channel,
                      ((ky * s.filter_width + kx) * depth + c) * s.outputs + o,
                      ((n * s.output_height + oy) * s.output_width + ox) * s.outputs + o);
              }
            }
          }
        }
      }
    }
  }
}

struct FilteredPass;  // kernels/convolution_pass.hpp

/// One shape of convolution, prepared. Immutable but for scratch memory of its own: one pass at a time.
class Convolution {
 public:
  explicit Convolution(const ConvolutionShape& shape, Precision precision = Precision::f32);
  ~Convolution();
  Convolution(const Convolution&) = delete;
  Convolution& operator=(const Convolution&) = delete;

  /// output = filter over images + bias, which is null or has a number for each output channel. The epilogue
  /// sees the output as [pixels of all images, channels].
  void forward(const float* images, const float* filter, const float* bias, float* output,
               const Epilogue& epilogue = {});
  /// images = the gradient with respect to the images, given that with respect to the output, + bias, which
  /// is null or has a number for each channel of the images; the epilogue sees these.
  void image_gradient(const float* output, const float* filter, const float* bias, float* images,
                      const Epilogue& epilogue = {});
  /// filter = the gradient with respect to the filter + bias, as above; the epilogue sees the filter as [all
  /// but outputs, outputs].
  void filter_gradient(const float* images, const float* output, const float* bias, float* filter,
                       const Epilogue& epilogue = {});

  /// Says that every forward pass, or every gradient with respect to the images, will be with this filter and
  /// its present elements: it is packed here and not again.
  void keep_filter_forward(const float* filter);
  void keep_filter_backward(const float* filter);

 private:
  void keep(const std::optional<Gemm>& product, const FilteredPass* pass, const float* filter);
  const float* packed(const FilteredPass& pass, const float* filter);
  ConvolutionShape shape_;
  Precision precision_;
  std::optional<Gemm> forward_, image_gradient_, filter_gradient_;    // where it is a plain matrix product
  std::unique_ptr<FilteredPass> forward_pass_, image_gradient_pass_;  // where it is not
  Scratch scratch_;
  Scratch kept_;
  const float* kept_filter_ = nullptr;  // one that does not change, packed
};

}  // namespace hebb
