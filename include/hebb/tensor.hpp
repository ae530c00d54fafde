/// Tensors: immutable handles to values and to expressions of values.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hebb/shape.hpp"

namespace hebb {

struct Node;

/// A handle to one node of a graph: either a concrete array of numbers or an expression that has not
/// been computed yet. Handles are cheap to copy and what they refer to never changes, so tensors can
/// be shared between threads freely.
///
/// Operations (see ops.hpp) build expressions; `evaluate` computes them once, `compile`
/// (transforms.hpp) turns a whole function of tensors into a plan that is computed many times.
class Tensor {
 public:
  /// An empty handle. Whatever is asked of it, except `empty()` and `concrete()`, throws Error.
  Tensor() = default;
  /// A scalar constant. Where an operation meets another element type it adopts that one's.
  Tensor(double value);  // NOLINT(google-explicit-constructor): so that `2.0 * x` reads as in a book

  /// An array holding a copy of `values`, row-major. Throws ShapeError when the counts differ.
  static Tensor from(std::span<const float> values, const Shape& shape);
  static Tensor from(std::span<const double> values, const Shape& shape);
  static Tensor from(std::span<const std::int32_t> values, const Shape& shape);
  static Tensor from(std::span<const std::uint8_t> values, const Shape& shape);
  static Tensor from(std::initializer_list<float> values, const Shape& shape);
  /// A vector of numbers.
  static Tensor from(std::initializer_list<float> values);
  /// A matrix, row by row. Throws ShapeError when the rows differ in length.
  static Tensor rows(std::initializer_list<std::initializer_list<float>> rows);
  /// An array of the given type whose elements `fill` writes; they are zero before. `fill` gets a
  /// pointer to the first element.
  template <class T, class Fill>
  static Tensor make(const Shape& shape, Fill&& fill) {
    Storage storage = allocate(shape, dtype_of<T>());
    fill(static_cast<T*>(storage.data));
    return adopt(std::move(storage), shape, dtype_of<T>());
  }
  /// A named input of a traced function: a node that has a shape but no value.
  static Tensor placeholder(const Shape& shape, DType type = DType::f32, const std::string& name = {});

  bool empty() const { return node_ == nullptr; }
  const Shape& shape() const;
  DType dtype() const;
  /// Number of elements.
  std::int64_t size() const { return shape().elements(); }
  /// Whether the elements can be read now.
  bool concrete() const;

  /// The elements of a concrete tensor, row-major; valid as long as any handle to it lives. Throws
  /// Error for an expression (evaluate it first) and ShapeError for another element type.
  template <class T>
  std::span<const T> data() const {
    return {static_cast<const T*>(checked_data(dtype_of<T>())), static_cast<std::size_t>(size())};
  }
  /// The elements as doubles, whatever the element type; evaluates an expression.
  std::vector<double> to_vector() const;
  /// The only element, as a double; evaluates an expression. Throws ShapeError when there are more.
  double item() const;

  const Node& node() const { return node_ ? *node_ : no_node(); }
  const std::shared_ptr<const Node>& handle() const { return node_; }
  explicit Tensor(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  /// Whether both are handles to the same node.
  bool same_as(const Tensor& other) const { return node_ == other.node_; }

 private:
  struct Storage {
    std::shared_ptr<void> owner;
    void* data = nullptr;
  };
  static Storage allocate(const Shape& shape, DType type);
  static Tensor adopt(Storage storage, const Shape& shape, DType type);
  const void* checked_data(DType type) const;
  [[noreturn]] static const Node& no_node();

  std::shared_ptr<const Node> node_;
};

/// Computes expressions; concrete tensors are returned as they are. f32 expressions run as an
/// optimised plan, f64 ones in the interpreter. Throws Error when a placeholder is reached and for an empty
/// tensor. Safe to call from several threads.
Tensor evaluate(const Tensor& expression);
std::vector<Tensor> evaluate(const std::vector<Tensor>& expressions);

/// Elements of a tensor as text: nested brackets, long axes shortened; evaluates an expression.
std::string to_string(const Tensor& tensor);

/// While it lives, nodes built by this thread carry `name` as their scope ("dense_1"), nested scopes
/// joined by dots. Diagnostics and `explain` name nodes by it.
class Scope {
 public:
  explicit Scope(const std::string& name);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  std::size_t previous_length_;
};

}  // namespace hebb
