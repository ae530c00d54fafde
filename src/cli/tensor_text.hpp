/// Numbers of a tensor in rows and columns.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hebb/tensor.hpp"

namespace hebb::cli {

/// Where a range of so many elements begins, as nearly around a place as the ends allow.
std::int64_t begin_around(std::int64_t place, std::int64_t shown, std::int64_t count);
/// One channel of f64 [height, width, channels].
Tensor channel_of(const Tensor& tensor, std::int64_t channel);

struct TensorText {
  std::vector<std::int64_t> element = {};  ///< the matrix through it is shown where there are several
  bool is_parameter = false;               ///< a filter: its first two axes are those of the matrix
  std::size_t width = 80;
  std::size_t indent = 4;
  bool all = false;           ///< all numbers, else as many as fit into a line, and a few rows
  bool* shortened = nullptr;  ///< set where something is left out
};

/// A matrix of a tensor: which of its axes run down and along, where the others are held.
struct MatrixSlice {
  int rows = -1;
  int columns = -1;
  std::vector<std::int64_t> at = {};
};
/// The matrices that a tensor is made of, only that through the element unless all are wanted.
std::vector<MatrixSlice> matrix_slices(const Shape& shape, const TensorText& how);
/// "[0, :, :, 3]".
std::string slice_name(const Shape& shape, const MatrixSlice& slice);

/// The part of a matrix that fits, around the element.
struct MatrixPart {
  MatrixSlice slice = {};
  std::int64_t row = 0;  ///< the first one
  std::int64_t rows = 1;
  std::int64_t column = 0;
  std::int64_t columns = 1;
};
/// What tensor_text shows unless all is wanted, of a tensor that is not empty.
MatrixPart shown_part(const Tensor& tensor, const TensorText& how);
/// "[0, 3:10, :, 3]", the end of a range being the first that is not in it; empty where the part is all.
std::string part_name(const Shape& shape, const MatrixPart& part);

/// f64 numbers, a row a line, each line with a line break.
std::string tensor_text(const Tensor& tensor, const TensorText& how);

}  // namespace hebb::cli
