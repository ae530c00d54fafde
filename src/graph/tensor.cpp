#include "hebb/tensor.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "graph/node.hpp"
#include "graph/op.hpp"
#include "graph/scope.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"

namespace hebb {

namespace {

thread_local std::string scope_path;

template <class T>
Tensor copy_of(std::span<const T> values, const Shape& shape) {
  if (static_cast<std::int64_t>(values.size()) != shape.elements()) {
    throw ShapeError("a tensor of shape " + to_string(shape) + " needs " + std::to_string(shape.elements()) +
                     " values, got " + std::to_string(values.size()));
  }
  return Tensor::make<T>(shape, [&](T* data) { std::copy(values.begin(), values.end(), data); });
}

}  // namespace

const std::string& current_scope() { return scope_path; }

Scope::Scope(const std::string& name) : previous_length_(scope_path.size()) {
  if (!scope_path.empty() && !name.empty()) scope_path += '.';
  scope_path += name;
}

Scope::~Scope() { scope_path.resize(previous_length_); }

Tensor::Tensor(double value) { *this = full(value, {}); }

Tensor Tensor::from(std::span<const float> values, const Shape& shape) { return copy_of(values, shape); }
Tensor Tensor::from(std::span<const double> values, const Shape& shape) { return copy_of(values, shape); }
Tensor Tensor::from(std::span<const std::int32_t> values, const Shape& shape) {
  return copy_of(values, shape);
}
Tensor Tensor::from(std::span<const std::uint8_t> values, const Shape& shape) {
  return copy_of(values, shape);
}

Tensor Tensor::from(std::initializer_list<float> values, const Shape& shape) {
  return copy_of(std::span<const float>(values.begin(), values.size()), shape);
}

Tensor Tensor::from(std::initializer_list<float> values) {
  return from(values, {static_cast<std::int64_t>(values.size())});
}

Tensor Tensor::rows(std::initializer_list<std::initializer_list<float>> rows) {
  const std::size_t columns = rows.size() == 0 ? 0 : rows.begin()->size();
  std::vector<float> values;
  for (const auto& row : rows) {
    if (row.size() != columns) throw ShapeError("the rows of a matrix must have equal length");
    values.insert(values.end(), row.begin(), row.end());
  }
  return copy_of(std::span<const float>(values),
                 {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns)});
}

Tensor Tensor::placeholder(const Shape& shape, DType type, const std::string& name) {
  auto node = new_node();
  node->shape = shape;
  node->dtype = type;
  node->name = name;
  return Tensor(std::shared_ptr<const Node>(std::move(node)));
}

const Node& Tensor::no_node() {
  throw Error("the tensor is empty: it holds neither values nor an expression");
}

const Shape& Tensor::shape() const { return node().shape; }
DType Tensor::dtype() const { return node().dtype; }
bool Tensor::concrete() const { return node_ != nullptr && node_->data != nullptr; }

std::vector<double> Tensor::to_vector() const {
  const Tensor values = evaluate(*this);
  std::vector<double> result(static_cast<std::size_t>(size()));
  const auto copy = [&](const auto span) {
    std::transform(span.begin(), span.end(), result.begin(), [](auto x) { return static_cast<double>(x); });
  };
  switch (dtype()) {
    case DType::f32: copy(values.data<float>()); break;
    case DType::f64: copy(values.data<double>()); break;
    case DType::i32: copy(values.data<std::int32_t>()); break;
    case DType::u8: copy(values.data<std::uint8_t>()); break;
  }
  return result;
}

double Tensor::item() const {
  if (size() != 1) throw ShapeError("item() needs a tensor of one element, got shape " + to_string(shape()));
  return to_vector().front();
}

Tensor::Storage Tensor::allocate(const Shape& shape, DType type) {
  // Rounded up so that kernels may read whole vectors, and never zero bytes: an empty array is concrete too.
  const std::size_t bytes = (static_cast<std::size_t>(shape.elements()) * size_of(type) / 64 + 2) * 64;
  void* data = std::aligned_alloc(64, bytes);
  if (data == nullptr) throw std::bad_alloc();
  std::memset(data, 0, bytes);
  return {std::shared_ptr<void>(data, std::free), data};
}

Tensor Tensor::adopt(Storage storage, const Shape& shape, DType type) {
  auto node = new_node();
  node->shape = shape;
  node->dtype = type;
  node->owner = std::move(storage.owner);
  node->data = storage.data;
  return Tensor(std::shared_ptr<const Node>(std::move(node)));
}

const void* Tensor::checked_data(DType type) const {
  if (!concrete()) throw Error("the tensor is an expression without values yet; evaluate it first");
  if (dtype() != type) {
    throw ShapeError("the tensor's elements are " + std::string(to_string(dtype())) + ", asked for as " +
                     std::string(to_string(type)));
  }
  return node_->data;
}

namespace {

void print(const std::vector<double>& values, const Shape& shape, int axis, std::size_t& at,
           std::string& text) {
  constexpr std::int64_t kEdge = 3;
  if (axis == shape.rank()) {
    char number[32];
    std::snprintf(number, sizeof(number), "%.6g", values[at++]);
    text += number;
    return;
  }
  const std::int64_t extent = shape[axis];
  std::int64_t below = 1;
  for (int inner = axis + 1; inner < shape.rank(); ++inner) below *= shape[inner];
  const bool rows = axis + 1 < shape.rank();
  text += '[';
  for (std::int64_t i = 0; i < extent; ++i) {
    if (i > 0) text += rows ? ",\n" + std::string(static_cast<std::size_t>(axis) + 1, ' ') : ", ";
    if (extent > 2 * kEdge + 1 && i == kEdge) {
      text += "...";
      at += static_cast<std::size_t>((extent - 2 * kEdge) * below);
      i = extent - kEdge - 1;
      continue;
    }
    print(values, shape, axis + 1, at, text);
  }
  text += ']';
}

}  // namespace

std::string to_string(const Tensor& tensor) {
  const std::vector<double> values = tensor.to_vector();
  std::string text;
  std::size_t at = 0;
  print(values, tensor.shape(), 0, at, text);
  return text;
}

}  // namespace hebb
