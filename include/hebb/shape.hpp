/// Shapes and element types of tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace hebb {

/// The element types a tensor can have: f32 computes, f64 serves as oracle, i32 holds labels and
/// indices, u8 holds the bytes of images.
enum class DType : std::uint8_t { f32, f64, i32, u8 };

/// Bytes that one element takes.
std::size_t size_of(DType type);

/// "f32", "f64", "i32" or "u8".
std::string_view to_string(DType type);

/// The element type that stands for a C++ type: `dtype_of<float>() == DType::f32`.
template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::f32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::f64;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
  return DType::i32;
}
template <>
constexpr DType dtype_of<std::uint8_t>() {
  return DType::u8;
}

/// The extents of a tensor, outermost first; the elements lie row-major. An empty shape is a scalar.
/// Construction throws ShapeError for a negative extent or when the number of elements times eight
/// bytes cannot be addressed.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents);
  explicit Shape(std::vector<std::int64_t> extents);

  int rank() const { return static_cast<int>(extents_.size()); }
  /// Number of elements: the product of the extents, 1 for a scalar.
  std::int64_t elements() const { return elements_; }
  /// The extent of an axis; negative axes count from the end. Throws ShapeError when out of range.
  std::int64_t operator[](int axis) const { return extents_[checked_axis(axis)]; }
  const std::vector<std::int64_t>& extents() const { return extents_; }
  /// Elements between neighbours along each axis of a row-major tensor.
  std::vector<std::int64_t> strides() const;
  /// Turns a possibly negative axis into [0, rank). Throws ShapeError when out of range.
  std::size_t checked_axis(int axis) const;

  bool operator==(const Shape& other) const { return extents_ == other.extents_; }
  bool operator!=(const Shape& other) const { return !(*this == other); }

 private:
  std::vector<std::int64_t> extents_;
  std::int64_t elements_ = 1;
};

/// "[3, 4]"; "[]" for a scalar.
std::string to_string(const Shape& shape);

/// The shape two operands are broadcast to by NumPy's rule (axes aligned at the end; an extent of 1
/// stretches). Throws ShapeError when they do not fit.
Shape broadcast_shapes(const Shape& a, const Shape& b);

}  // namespace hebb
