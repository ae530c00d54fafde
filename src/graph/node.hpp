/// One node of a graph, and the attributes of its operation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "hebb/shape.hpp"
#include "hebb/tensor.hpp"

namespace hebb {

struct Op;

/// The constants of one use of an operation, by name: axes, rates, flags. Kept in the order given, so
/// that they print, compare and serialise deterministically.
class Attributes {
 public:
  using Value = std::variant<std::int64_t, double, std::vector<std::int64_t>>;
  using Entry = std::pair<std::string, Value>;

  Attributes() = default;
  Attributes(std::initializer_list<Entry> entries) : entries_(entries) {}
  explicit Attributes(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  /// The value of a name that must be there; throws Error otherwise or when it has another kind.
  std::int64_t integer(std::string_view name) const;
  double real(std::string_view name) const;
  const std::vector<std::int64_t>& list(std::string_view name) const;
  bool flag(std::string_view name) const { return integer(name) != 0; }

  const std::vector<Entry>& entries() const { return entries_; }
  bool operator==(const Attributes& other) const { return entries_ == other.entries_; }

 private:
  const Value& find(std::string_view name) const;
  std::vector<Entry> entries_;
};

/// A node is a leaf (no op): a concrete array, or a placeholder without value; or the result of an
/// op applied to other nodes. Nodes are immutable and shared by handles.
struct Node {
  const Op* op = nullptr;
  std::vector<Tensor> inputs;
  Attributes attributes;
  Shape shape;
  DType dtype = DType::f32;
  std::shared_ptr<const void> owner;  ///< keeps `data` alive
  const void* data = nullptr;         ///< elements of a concrete leaf, 64-byte aligned
  std::string name;                   ///< of a placeholder or parameter
  std::string scope;                  ///< where it was built, e.g. the layer's name
  std::uint64_t id = 0;               ///< increases in creation order: inputs come before their users

  Node() = default;
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  bool is_leaf() const { return op == nullptr; }
  bool is_placeholder() const { return op == nullptr && data == nullptr; }
};

/// Every node the outputs depend on, each once, inputs before users.
std::vector<const Node*> topological_order(const std::vector<Tensor>& outputs);

/// Applies an op: infers the result's shape and type and builds the node. Throws ShapeError, naming the
/// op and the operands, when they do not fit.
Tensor apply(const Op& op, std::vector<Tensor> inputs, Attributes attributes = {});

}  // namespace hebb
