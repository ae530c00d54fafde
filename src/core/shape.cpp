#include "hebb/shape.hpp"

#include <algorithm>
#include <limits>

#include "hebb/error.hpp"

namespace hebb {

namespace {

std::string join(const std::vector<std::int64_t>& extents) {
  std::string text = "[";
  for (std::size_t i = 0; i < extents.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(extents[i]);
  }
  return text + "]";
}

std::int64_t count_elements(const std::vector<std::int64_t>& extents) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 16;
  bool empty = false;
  std::int64_t count = 1;
  for (const std::int64_t extent : extents) {
    if (extent < 0) throw ShapeError("shape " + join(extents) + " has a negative extent");
    if (extent == 0) {
      empty = true;
    } else if (count > kMost / extent) {
      throw ShapeError("shape " + join(extents) + " has more elements than memory can address");
    } else {
      count *= extent;
    }
  }
  return empty ? 0 : count;
}

}  // namespace

std::size_t size_of(DType type) {
  switch (type) {
    case DType::f32: return 4;
    case DType::f64: return 8;
    case DType::i32: return 4;
    case DType::u8: return 1;
  }
  return 0;
}

std::string_view to_string(DType type) {
  switch (type) {
    case DType::f32: return "f32";
    case DType::f64: return "f64";
    case DType::i32: return "i32";
    case DType::u8: return "u8";
  }
  return "?";
}

Shape::Shape(std::initializer_list<std::int64_t> extents) : Shape(std::vector<std::int64_t>(extents)) {}

Shape::Shape(std::vector<std::int64_t> extents)
    : extents_(std::move(extents)), elements_(count_elements(extents_)) {}

std::vector<std::int64_t> Shape::strides() const {
  std::vector<std::int64_t> strides(extents_.size());
  std::int64_t stride = 1;
  for (std::size_t i = extents_.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= extents_[i];
  }
  return strides;
}

std::size_t Shape::checked_axis(int axis) const {
  const int resolved = axis < 0 ? axis + rank() : axis;
  if (resolved < 0 || resolved >= rank()) {
    throw ShapeError("axis " + std::to_string(axis) + " is out of range for shape " + to_string(*this));
  }
  return static_cast<std::size_t>(resolved);
}

std::string to_string(const Shape& shape) { return join(shape.extents()); }

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::vector<std::int64_t> extents(static_cast<std::size_t>(rank));
  for (int axis = 1; axis <= rank; ++axis) {
    const std::int64_t of_a = axis <= a.rank() ? a[-axis] : 1;
    const std::int64_t of_b = axis <= b.rank() ? b[-axis] : 1;
    if (of_a != of_b && of_a != 1 && of_b != 1) {
      throw ShapeError("shapes " + to_string(a) + " and " + to_string(b) +
                       " cannot be broadcast together: extents " + std::to_string(of_a) + " and " +
                       std::to_string(of_b) + " at axis -" + std::to_string(axis) +
                       " differ and neither is 1");
    }
    extents[static_cast<std::size_t>(rank - axis)] = of_a == 1 ? of_b : of_a;
  }
  return Shape(std::move(extents));
}

}  // namespace hebb
