#include "kernels/convolution.hpp"

#include <algorithm>

#include "kernels/convolution_pass.hpp"
#include "kernels/convolution_windows.hpp"

namespace hebb {

namespace {

/// A filter of one pixel at every pixel is a matrix product.
bool is_product(const ConvolutionShape& s) {
  return s.filter_height == 1 && s.filter_width == 1 && s.stride_y == 1 && s.stride_x == 1 && s.groups == 1 &&
         s.output_height == s.height && s.output_width == s.width && s.top == 0 && s.left == 0;
}

/// A filter as it lies in memory, and the same with inputs and outputs exchanged.
FilterView view_of(const ConvolutionShape& s) {
  const std::int64_t depth = s.channels / s.groups;
  const std::int64_t outputs = s.outputs / s.groups;
  return {.rows = s.filter_height,
          .columns = s.filter_width,
          .channels = depth,
          .outputs = outputs,
          .row = s.filter_width * depth * s.outputs,
          .column = depth * s.outputs,
          .channel = s.outputs,
          .output = 1,
          .group = outputs};
}

FilterView exchanged(FilterView f) {
  std::swap(f.channels, f.outputs);
  std::swap(f.channel, f.output);
  return f;
}

/// One axis of a convolution.
struct Axis {
  std::int64_t pixels, outputs, taps, stride, dilation, before;
};

/// Pixels of the image along one axis that the same elements of the filter reach: pixel first + step * i gets
/// element tap + step * t of the filter from output i - t, but for offsets.
struct Phase {
  std::int64_t tap, taps;           // of the filter, apart by `tap_step`
  std::int64_t first, step, count;  // of the image's pixels
  std::int64_t begin;               // where the first of them begins to read, in outputs; may be negative
};

/// How the outputs along one axis become the image's pixels: the phases, and the outputs' margin.
struct Spread {
  std::vector<Phase> phases;
  std::int64_t tap_step = 1;
  std::int64_t dilation = 1;
  std::int64_t extent = 0, before = 0, stride = 1;  // of the margin

  explicit Spread(const Axis& a) {
    // With strides the pixels fall into classes, each of which sees a part of the filter. Where there is
    // dilation besides, zeros are put between the outputs instead.
    const bool by_class = a.stride > 1 && a.dilation == 1;
    tap_step = by_class ? a.stride : 1;
    dilation = by_class ? 1 : a.dilation;
    stride = by_class ? 1 : a.stride;
    for (std::int64_t tap = 0; tap < std::min(tap_step, a.taps); ++tap) {
      Phase p;
      p.tap = tap;
      p.taps = (a.taps - tap + tap_step - 1) / tap_step;
      p.step = tap_step;
      const std::int64_t least = std::max<std::int64_t>(a.before - tap + tap_step - 1, 0) / tap_step;
      p.first = tap_step * least + tap - a.before;
      p.count = p.first >= a.pixels ? 0 : (a.pixels - 1 - p.first) / tap_step + 1;
      p.begin = least - (p.taps - 1) * dilation;
      if (p.count > 0) phases.push_back(p);
    }
    std::int64_t begin = 0;
    std::int64_t end = 0;
    for (std::size_t i = 0; i < phases.size(); ++i) {
      const Phase& p = phases[i];
      const std::int64_t last = p.begin + p.count + (p.taps - 1) * dilation;
      begin = i == 0 ? p.begin : std::min(begin, p.begin);
      end = i == 0 ? last : std::max(end, last);
    }
    before = -begin;
    extent = end - begin;
  }
  std::int64_t filled() const {
    std::int64_t pixels = 0;
    for (const Phase& p : phases) pixels += p.count;
    return pixels;
  }
};

std::unique_ptr<FilteredPass> forward_pass(const ConvolutionShape& s, Precision precision) {
  auto passes = std::make_unique<PassesOverImages>();
  passes->precision = precision;
  passes->margin = margin_of(s);
  passes->batch = s.batch;
  passes->groups = s.groups;
  passes->height = s.output_height;
  passes->width = s.output_width;
  passes->outputs = s.outputs;
  passes->passes = {{.filter = view_of(s),
                     .stride_y = s.stride_y,
                     .stride_x = s.stride_x,
                     .dilation_y = s.dilation_y,
                     .dilation_x = s.dilation_x,
                     .height = s.output_height,
                     .width = s.output_width}};
  passes->prepare();
  return passes;
}

/// The gradient with respect to the images is a convolution too: of the output's gradient, with the filter
/// turned around and its inputs and outputs exchanged.
std::unique_ptr<PassesOverImages> image_gradient_passes(const ConvolutionShape& s, Precision precision) {
  const Spread y({s.height, s.output_height, s.filter_height, s.stride_y, s.dilation_y, s.top});
  const Spread x({s.width, s.output_width, s.filter_width, s.stride_x, s.dilation_x, s.left});
  auto passes = std::make_unique<PassesOverImages>();
  passes->precision = precision;
  passes->margin = {.height = y.extent,
                    .width = x.extent,
                    .top = y.before,
                    .left = x.before,
                    .stride_y = y.stride,
                    .stride_x = x.stride,
                    .source_height = s.output_height,
                    .source_width = s.output_width,
                    .channels = s.outputs};
  passes->batch = s.batch;
  passes->groups = s.groups;
  passes->height = s.height;
  passes->width = s.width;
  passes->outputs = s.channels;
  passes->fills = y.filled() == s.height && x.filled() == s.width;
  const FilterView whole = exchanged(view_of(s));
  for (const Phase& of_y : y.phases) {
    for (const Phase& of_x : x.phases) {
      FilterView part = whole;
      part.first += (of_y.tap + (of_y.taps - 1) * y.tap_step) * whole.row +
                    (of_x.tap + (of_x.taps - 1) * x.tap_step) * whole.column;
      part.rows = of_y.taps;
      part.columns = of_x.taps;
      part.row = -y.tap_step * whole.row;
      part.column = -x.tap_step * whole.column;
      passes->passes.push_back({.filter = part,
                                .row = of_y.begin + y.before,
                                .column = of_x.begin + x.before,
                                .dilation_y = y.dilation,
                                .dilation_x = x.dilation,
                                .height = of_y.count,
                                .width = of_x.count,
                                .first_row = of_y.first,
                                .first_column = of_x.first,
                                .row_step = of_y.step,
                                .column_step = of_x.step});
    }
  }
  passes->prepare();
  return passes;
}

std::unique_ptr<FilteredPass> image_gradient_pass(const ConvolutionShape& s, Precision precision) {
  auto passes = image_gradient_passes(s, precision);
  const bool fewer_products =
      passes->passes.size() == 1 && passes->passes[0].way == FilterPass::Way::winograd;
  if (!fewer_products && ImageGradientByWindows::suits(s, precision))
    return std::make_unique<ImageGradientByWindows>(s, precision);
  return passes;
}

}  // namespace

Convolution::Convolution(const ConvolutionShape& s, Precision precision) : shape_(s), precision_(precision) {
  if (!is_product(s)) {
    forward_pass_ = forward_pass(s, precision);
    image_gradient_pass_ = image_gradient_pass(s, precision);
    return;
  }
  const std::int64_t pixels = s.batch * s.height * s.width;
  forward_.emplace(GemmProblem{.m = pixels,
                               .n = s.outputs,
                               .k = s.channels,
                               .a_stride = s.channels,
                               .b_stride = s.outputs,
                               .c_stride = s.outputs,
                               .precision = precision});
  image_gradient_.emplace(GemmProblem{.m = pixels,
                                      .n = s.channels,
                                      .k = s.outputs,
                                      .transpose_b = true,
                                      .a_stride = s.outputs,
                                      .b_stride = s.outputs,
                                      .c_stride = s.channels,
                                      .precision = precision});
  filter_gradient_.emplace(GemmProblem{.m = s.channels,
                                       .n = s.outputs,
                                       .k = pixels,
                                       .transpose_a = true,
                                       .a_stride = s.channels,
                                       .b_stride = s.outputs,
                                       .c_stride = s.outputs,
                                       .precision = precision});
}

Convolution::~Convolution() = default;

void Convolution::keep_filter_forward(const float* filter) { keep(forward_, forward_pass_.get(), filter); }

void Convolution::keep_filter_backward(const float* filter) {
  keep(image_gradient_, image_gradient_pass_.get(), filter);
}

void Convolution::keep(const std::optional<Gemm>& product, const FilteredPass* pass, const float* filter) {
  const std::size_t size = product ? product->packed_floats() : static_cast<std::size_t>(pass->packed_floats);
  if (size == 0) return;
  float* memory = kept_.floats(size);
  if (product) {
    product->pack(filter, memory);
  } else {
    pass->pack(filter, memory);
  }
  kept_filter_ = memory;
}

/// The filter for this pass, which may have been kept.
const float* Convolution::packed(const FilteredPass& pass, const float* filter) {
  if (kept_filter_ != nullptr) return kept_filter_;
  float* memory = scratch_.floats(static_cast<std::size_t>(pass.packed_floats));
  pass.pack(filter, memory);
  return memory;
}

void Convolution::forward(const float* images, const float* filter, const float* bias, float* output,
                          const Epilogue& epilogue) {
  if (forward_) return forward_->run({images, filter, bias, output, kept_filter_}, epilogue);
  forward_pass_->run(images, packed(*forward_pass_, filter), bias, output, epilogue);
}

void Convolution::image_gradient(const float* output, const float* filter, const float* bias, float* images,
                                 const Epilogue& epilogue) {
  if (image_gradient_) return image_gradient_->run({output, filter, bias, images, kept_filter_}, epilogue);
  image_gradient_pass_->run(output, packed(*image_gradient_pass_, filter), bias, images, epilogue);
}

}  // namespace hebb
