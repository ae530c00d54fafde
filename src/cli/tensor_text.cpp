#include "cli/tensor_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

class MatrixWriter {
 public:
  MatrixWriter(const Tensor& tensor, const TensorText& how)
      : tensor_(tensor), how_(how), form_(tensor.data<double>()) {}

  std::string write(const MatrixSlice& slice) const {
    const Shape& shape = tensor_.shape();
    const std::int64_t rows = slice.rows < 0 ? 1 : shape[slice.rows];
    const std::int64_t columns = slice.columns < 0 ? 1 : shape[slice.columns];
    const auto fit = static_cast<std::int64_t>((how_.width - how_.indent) / (form_.width() + 1));
    const std::int64_t per_line = std::max<std::int64_t>(1, fit);
    std::string text;
    if (how_.all) {
      for (std::int64_t begin = 0; begin < columns; begin += per_line) {
        const std::int64_t end = std::min(columns, begin + per_line);
        if (columns > per_line) text += lead() + fmt::format("columns {} to {}:\n", begin, end - 1);
        for (std::int64_t y = 0; y < rows; ++y) text += line(slice, y, begin, end, false);
      }
      return text;
    }
    const bool wide = columns > per_line;
    const std::int64_t shown = wide ? std::max<std::int64_t>(1, per_line - 1) : columns;
    const std::int64_t lines = rows > kMostRows ? kMostRows - 1 : rows;
    for (std::int64_t y = 0; y < lines; ++y) text += line(slice, y, 0, shown, wide);
    if (lines < rows) text += lead() + fmt::format("... {} more rows\n", rows - lines);
    if ((wide || lines < rows) && how_.shortened != nullptr) *how_.shortened = true;
    return text;
  }

 private:
  std::string lead() const { return std::string(how_.indent, ' '); }
  std::string line(const MatrixSlice& slice, std::int64_t y, std::int64_t begin, std::int64_t end,
                   bool more) const {
    std::vector<std::int64_t> at = slice.at;
    if (slice.rows >= 0) at[static_cast<std::size_t>(slice.rows)] = y;
    std::string text = lead();
    for (std::int64_t x = begin; x < end; ++x) {
      if (slice.columns >= 0) at[static_cast<std::size_t>(slice.columns)] = x;
      const auto element = static_cast<std::size_t>(element_of(at, tensor_.shape()));
      text += (x == begin ? "" : " ") + form_.cell(tensor_.data<double>()[element]);
    }
    return text + (more ? " ...\n" : "\n");
  }

  const Tensor& tensor_;
  const TensorText& how_;
  NumberForm form_;
};

}  // namespace

std::vector<std::int64_t> place_of(std::int64_t element, const Shape& shape) {
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.rank()));
  for (std::size_t axis = index.size(); axis-- > 0;) {
    index[axis] = element % shape.extents()[axis];
    element /= shape.extents()[axis];
  }
  return index;
}

std::int64_t element_of(const std::vector<std::int64_t>& index, const Shape& shape) {
  std::int64_t element = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis)
    element = element * shape.extents()[axis] + index[axis];
  return element;
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
    slice.at = place_of(i, shape);
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

std::string slice_name(const Shape& shape, const TensorText& how) {
  TensorText one = how;
  one.all = false;
  const std::vector<MatrixSlice> slices = matrix_slices(shape, one);
  return slices.empty() ? "" : slice_name(shape, slices.front());
}

std::string tensor_text(const Tensor& tensor, const TensorText& how) {
  const std::vector<MatrixSlice> slices = matrix_slices(tensor.shape(), how);
  const MatrixWriter writer(tensor, how);
  std::string text;
  for (const MatrixSlice& slice : slices) {
    if (slices.size() > 1) text += std::string(how.indent, ' ') + slice_name(tensor.shape(), slice) + "\n";
    text += writer.write(slice);
  }
  if (!how.all && tensor.shape().rank() > 2 && how.shortened != nullptr) {
    const MatrixSlice& slice = slices.front();
    if (tensor.size() > tensor.shape()[slice.rows] * tensor.shape()[slice.columns]) *how.shortened = true;
  }
  return text;
}

}  // namespace hebb::cli
