/// Gradients of convolutions between few channels, by windows: what one row of the filter sees at one place
/// is a run of neighbours in memory, its columns times the channels, and fills vectors where the channels
/// alone do not. Rows of tiles are pixels, columns are elements of such a window.
#pragma once

#include <cstdint>

#include "kernels/convolution_pass.hpp"
#include "kernels/filter_panels.hpp"

namespace hebb {

/// The gradient with respect to images of few channels: for each row of an image the products of the outputs
/// that read it and the filter are a window of the row for each column of the outputs; these overlap, and are
/// summed. Zeros around the outputs are not multiplied.
class ImageGradientByWindows final : public FilteredPass {
 public:
  ImageGradientByWindows(const ConvolutionShape& shape, Precision precision);
  static bool suits(const ConvolutionShape& shape, Precision precision);

  void pack(const float* filter, float* packed) const override;
  void run(const float* output, const float* packed, const float* bias, float* images,
           const Epilogue& epilogue) const override;

 private:
  void run_row(const float* output, const float* packed, std::int64_t row, float* windows) const;

  ConvolutionShape shape_;
  Precision precision_;
  bool pairs_;  // of outputs
  FilterView filter_;
  FilterPanels panels_;
  std::int64_t width_;  // of a window, in whole panels
};

/// The gradient with respect to a filter of few outputs: its rows are, for an element of the image, the
/// window of outputs that read it. The outputs' gradient has zeros around each row, so that every pixel has
/// one.
struct FilterGradientByWindows {
  const ConvolutionShape& shape;
  Precision precision;
  bool pairs;  // of pixels that follow each other in a row
  Margin margin;
  Margin outputs;       // of the output's gradient
  std::int64_t window;  // elements
  std::int64_t width;   // of a window, in whole vectors

  FilterGradientByWindows(const ConvolutionShape& s, Precision wanted);
  static bool suits(const ConvolutionShape& s, Precision precision);

  std::int64_t sums_floats() const { return shape.filter_height * shape.channels * width; }
  std::int64_t scratch_floats() const { return image_floats() + slope_floats(); }
  /// sums = or += an image's: [row of the filter][channel][column of the filter, from the last, output].
  void add_image(const float* image, const float* slope, float* sums, bool accumulate, float* scratch) const;
  /// The filter's gradient that the sums are, in another order.
  void finish(const float* sums, float* filter) const;

 private:
  std::int64_t image_floats() const;
  std::int64_t slope_floats() const;
};

}  // namespace hebb
