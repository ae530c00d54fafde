#include "cli/tensor_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "explain/element_index.hpp"

namespace hebb::cli {

namespace {

constexpr std::int64_t kMostRows = 8;

/// One form for all numbers of a tensor, so that they stand in columns.
class NumberForm {
 public:
  explicit NumberForm(std::span<const double> values) {
    double largest = 0;
    bool whole = true;
    for (const double v : values) {
      if (!std::isfinite(v)) continue;
      largest = std::max(largest, std::abs(v));
      whole = whole && v == std::floor(v);
    }
    constexpr double kMostWhole = 1e6;
    if (whole && largest < kMostWhole) {
      digits_ = 0;
    } else if (largest >= 1e5 || (largest > 0 && largest < 1e-2)) {
      scientific_ = true;
    } else {
      digits_ = largest >= 1000 ? 2 : largest >= 100 ? 3 : 4;
    }
    for (const double v : values) width_ = std::max(width_, text(v).size());
  }
  std::string text(double value) const {
    if (value == 0) value = 0;
    return scientific_ ? fmt::format("{:.3e}", value) : fmt::format("{:.{}f}", value, digits_);
  }
  std::string cell(double value) const { return fmt::format("{:>{}}", text(value), width_); }
  std::size_t width() const { return width_; }

 private:
  int digits_ = 4;
  bool scientific_ = false;
  std::size_t width_ = 0;
};

/// Which axes run down and along: of images height and width, of filters likewise, else the last two.
std::pair<int, int> matrix_axes(const Shape& shape, bool is_parameter) {
  const int rank = shape.rank();
  if (rank < 4) return {rank - 2, rank - 1};
  return is_parameter ? std::pair{0, 1} : std::pair{rank - 3, rank - 2};
}

std::int64_t extent_of(const Shape& shape, int axis) { return axis < 0 ? 1 : shape[axis]; }

class MatrixWriter {
 public:
  MatrixWriter(const Tensor& tensor, const TensorText& how)
      : tensor_(tensor), how_(how), form_(tensor.data<double>()) {}

  std::int64_t per_line() const {
    return std::max<std::int64_t>(
        1, static_cast<std::int64_t>((how_.width - how_.indent) / (form_.width() + 1)));
  }
  std::string write(const MatrixPart& part) const {
    std::string text;
    const std::int64_t end = part.column + part.columns;
    for (std::int64_t begin = part.column; begin < end; begin += per_line()) {
      const std::int64_t stop = std::min(end, begin + per_line());
      if (part.columns > per_line()) text += lead() + fmt::format("columns {} to {}:\n", begin, stop - 1);
      for (std::int64_t y = part.row; y < part.row + part.rows; ++y) text += line(part.slice, y, begin, stop);
    }
    return text;
  }

 private:
  std::string lead() const { return std::string(how_.indent, ' '); }
  std::string line(const MatrixSlice& slice, std::int64_t y, std::int64_t begin, std::int64_t end) const {
    std::vector<std::int64_t> at = slice.at;
    if (slice.rows >= 0) at[static_cast<std::size_t>(slice.rows)] = y;
    std::string text = lead();
    for (std::int64_t x = begin; x < end; ++x) {
      if (slice.columns >= 0) at[static_cast<std::size_t>(slice.columns)] = x;
      const auto element = static_cast<std::size_t>(explaining::element_at(at, tensor_.shape()));
      text += (x == begin ? "" : " ") + form_.cell(tensor_.data<double>()[element]);
    }
    return text + "\n";
  }

  const Tensor& tensor_;
  const TensorText& how_;
  NumberForm form_;
};

}  // namespace

std::int64_t begin_around(std::int64_t place, std::int64_t shown, std::int64_t count) {
  return std::clamp<std::int64_t>(place - shown / 2, 0, count - shown);
}

Tensor channel_of(const Tensor& tensor, std::int64_t channel) {
  const Shape& shape = tensor.shape();
  return Tensor::make<double>({shape[0], shape[1]}, [&](double* out) {
    for (std::int64_t i = 0; i < shape[0] * shape[1]; ++i)
      out[i] = tensor.data<double>()[static_cast<std::size_t>(i * shape[2] + channel)];
  });
}

std::vector<MatrixSlice> matrix_slices(const Shape& shape, const TensorText& how) {
  const auto [rows, columns] = matrix_axes(shape, how.is_parameter);
  std::vector<MatrixSlice> slices;
  if (shape.elements() == 0) return slices;
  const auto rank = static_cast<std::size_t>(shape.rank());
  MatrixSlice first{.rows = rows,
                    .columns = columns,
                    .at = how.element.size() == rank ? how.element : std::vector<std::int64_t>(rank, 0)};
  if (!how.all || shape.rank() < 3) return {first};
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    MatrixSlice slice = first;
    slice.at = explaining::index_of(i, shape);
    const bool begins =
        slice.at[static_cast<std::size_t>(rows)] == 0 && slice.at[static_cast<std::size_t>(columns)] == 0;
    if (begins) slices.push_back(slice);
  }
  return slices;
}

std::string slice_name(const Shape& shape, const MatrixSlice& slice) {
  std::string text;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool open = axis == slice.rows || axis == slice.columns;
    text += (axis == 0 ? "" : ", ") + (open ? ":" : std::to_string(slice.at[static_cast<std::size_t>(axis)]));
  }
  return "[" + text + "]";
}

MatrixPart shown_part(const Tensor& tensor, const TensorText& how) {
  TensorText one = how;
  one.all = false;
  const Shape& shape = tensor.shape();
  MatrixPart part{.slice = matrix_slices(shape, one).front()};
  const std::int64_t rows = extent_of(shape, part.slice.rows);
  const std::int64_t columns = extent_of(shape, part.slice.columns);
  part.rows = std::min(rows, kMostRows);
  part.columns = std::min(columns, MatrixWriter(tensor, how).per_line());
  const auto opened = [&](int axis) { return axis < 0 ? 0 : part.slice.at[static_cast<std::size_t>(axis)]; };
  part.row = begin_around(opened(part.slice.rows), part.rows, rows);
  part.column = begin_around(opened(part.slice.columns), part.columns, columns);
  return part;
}

std::string part_name(const Shape& shape, const MatrixPart& part) {
  std::string text;
  bool whole = true;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool down = axis == part.slice.rows;
    const std::int64_t begin = down ? part.row : part.column;
    const std::int64_t count = down ? part.rows : part.columns;
    std::string range = std::to_string(part.slice.at[static_cast<std::size_t>(axis)]);
    if (down || axis == part.slice.columns) {
      const bool all = count == shape[axis];
      range = all ? ":" : fmt::format("{}:{}", begin, begin + count);
      whole = whole && all;
    } else {
      whole = whole && shape[axis] == 1;
    }
    text += (axis == 0 ? "" : ", ") + range;
  }
  return whole ? "" : "[" + text + "]";
}

std::string tensor_text(const Tensor& tensor, const TensorText& how) {
  if (tensor.size() == 0) return "";
  const MatrixWriter writer(tensor, how);
  if (!how.all) {
    const MatrixPart part = shown_part(tensor, how);
    if (how.shortened != nullptr && !part_name(tensor.shape(), part).empty()) *how.shortened = true;
    return writer.write(part);
  }
  const std::vector<MatrixSlice> slices = matrix_slices(tensor.shape(), how);
  std::string text;
  for (const MatrixSlice& slice : slices) {
    if (slices.size() > 1) text += std::string(how.indent, ' ') + slice_name(tensor.shape(), slice) + "\n";
    text += writer.write({.slice = slice,
                          .row = 0,
                          .rows = extent_of(tensor.shape(), slice.rows),
                          .column = 0,
                          .columns = extent_of(tensor.shape(), slice.columns)});
  }
  return text;
}

}  // namespace hebb::cli
