#include "explain/formulas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "graph/op.hpp"

namespace hebb::explaining {

namespace {

constexpr std::int64_t kMostTerms = 4;  // of a sum that is written out

/// How tightly a text holds together.
enum Level { kSum, kProduct, kMatrixProduct, kPower, kAtom };

struct Text {
  std::string text;
  int level = kAtom;

  /// In parentheses where it is looser than its place asks for.
  std::string at(int least) const { return level < least ? "(" + text + ")" : text; }
  /// As a later term of a sum, where a sign may not follow a sign.
  std::string as_term() const { return text.starts_with('-') ? "(" + text + ")" : text; }
};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Text number(double value) { return {short_number(value), value < 0 ? kSum : kAtom}; }

/// "samples and places": what a reduction runs over.
std::string axes_text(const Node& node) {
  const auto rank = static_cast<std::int64_t>(node.inputs[0].shape().rank());
  const std::vector<std::int64_t>& axes = node.attributes.list("axes");
  const auto count = static_cast<std::int64_t>(axes.size());
  if (count == rank) return "";
  if (axes == std::vector<std::int64_t>{0}) return " over samples";
  if (axes == std::vector<std::int64_t>{rank - 1}) return " over the last axis";
  const bool in_a_row = count > 0 && axes.back() - axes.front() + 1 == count && axes.back() == rank - 2;
  if (in_a_row && axes.front() == 0) return " over samples and places";
  if (in_a_row && axes.front() == 1) return " over places";
  std::string list;
  for (const std::int64_t axis : axes) list += (list.empty() ? "" : ", ") + std::to_string(axis);
  return " over axes " + list;
}

/// The operands as text, whatever they are made of, put together.
class Writer {
 public:
  virtual ~Writer() = default;

 protected:
  /// What all element-wise operations have in common. `operand` gives the text of an operand.
  template <class Operand>
  static Text pointwise(const Node& node, const Operand& operand) {
    const std::string_view name = node.op->name;
    if (node.inputs.size() == 2) {
      const Text a = operand(0);
      const Text b = operand(1);
      if (const std::string sign = comparison(name); !sign.empty())
        return {"(" + a.at(kSum) + sign + b.at(kSum) + ")", kAtom};
      if (name == "add") return sum(a, b);
      if (name == "sub") return {a.at(kSum) + " - " + (b.level == kSum ? b.at(kProduct) : b.text), kSum};
      if (name == "mul") return product(a, b, node.inputs[0].same_as(node.inputs[1]));
      if (name == "div") return {a.at(kProduct) + " / " + b.at(kPower), kProduct};
      if (name == "pow") return {a.at(kAtom) + "^" + b.at(kAtom), kPower};
    }
    if (name == "neg") return {"-" + operand(0).at(kProduct), kSum};
    std::string text;
    for (std::size_t k = 0; k < node.inputs.size(); ++k) text += (k == 0 ? "" : ", ") + operand(k).text;
    for (const auto& [key, value] : node.attributes.entries()) {
      if (const auto* real = std::get_if<double>(&value)) text += ", " + key + "=" + short_number(*real);
    }
    return {std::string(name) + "(" + text + ")", kAtom};
  }

 private:
  static std::string comparison(std::string_view name) {
    if (name == "less") return " < ";
    if (name == "less_equal") return " <= ";
    return name == "equal" ? " = " : "";
  }
  static Text sum(const Text& a, const Text& b) {
    if (a.text == b.text) return {"2 * " + a.at(kProduct), kProduct};
    return {a.text + " + " + b.as_term(), kSum};
  }
  static Text product(const Text& a, const Text& b, bool same) {
    if (same) return {a.at(kAtom) + "^2", kPower};
    if (a.text == "1") return b;
    if (b.text == "1") return a;
    return {a.at(kProduct) + " * " + b.at(kProduct), kProduct};
  }
};

class Symbols : Writer {
 public:
  explicit Symbols(const std::unordered_map<const Node*, std::string>& symbols) : symbols_(symbols) {}

  Text text(const Tensor& tensor) const {
    const Node& node = tensor.node();
    if (const auto found = symbols_.find(&node); found != symbols_.end()) return {found->second, kAtom};
    if (!node.is_leaf()) return opened(node);
    if (node.is_placeholder()) return {node.name, kAtom};
    return tensor.size() == 1 ? number(tensor.to_vector()[0]) : Text{"c", kAtom};
  }

  Text opened(const Node& node) const {
    const std::string_view name = node.op->name;
    if (name == "full") return number(node.attributes.real("value"));
    if (is_transparent(*node.op)) return text(node.inputs[0]);
    if (name == "matmul") {
      return {side(node, 0, "transpose_a") + " " + side(node, 1, "transpose_b"), kMatrixProduct};
    }
    if (name == "transpose" && node.shape.rank() == 2) return {text(node.inputs[0]).at(kAtom) + "^T", kPower};
    if (is_one_of(name, {"sum", "mean", "max", "min", "var", "logsumexp"}))
      return {std::string(name) + "(" + text(node.inputs[0]).text + axes_text(node) + ")", kAtom};
    if (name == "pool_at_largest" && node.inputs[0].same_as(node.inputs[1]))
      return {"max_pool(" + text(node.inputs[0]).text + ")", kAtom};
    if (name == "conv2d") return function("conv", node);
    if (name == "bernoulli")
      return {fmt::format("1 with probability {:.4g}, else 0", node.attributes.real("keep")), kSum};
    if (node.op->emit != nullptr) return pointwise(node, [&](std::size_t k) { return text(node.inputs[k]); });
    return function(name, node);
  }

 private:
  std::string side(const Node& node, std::size_t k, const char* transposed) const {
    if (node.attributes.flag(transposed)) return text(node.inputs[k]).at(kAtom) + "^T";
    return text(node.inputs[k]).at(kMatrixProduct);
  }
  Text function(std::string_view name, const Node& node) const {
    std::string list;
    for (const Tensor& input : node.inputs) list += (list.empty() ? "" : ", ") + text(input).text;
    return {std::string(name) + "(" + list + ")", kAtom};
  }

  const std::unordered_map<const Node*, std::string>& symbols_;
};

class Numbers : Writer {
 public:
  Numbers(const std::unordered_map<const Node*, std::string>& symbols, NodeValues& values)
      : symbols_(symbols), values_(values) {}

  Text text(const Tensor& tensor, std::int64_t element) const {
    const Node& node = tensor.node();
    if (!node.is_leaf() && !symbols_.contains(&node)) {
      if (Text inside = opened(node, element); !inside.text.empty()) return inside;
    }
    return number(values_.at(tensor, element));
  }

  /// Without text where there is no form of it for one element.
  Text opened(const Node& node, std::int64_t element) const {
    const std::string_view name = node.op->name;
    const std::vector<std::int64_t> index = index_of(element, node.shape);
    if (name == "full") return number(node.attributes.real("value"));
    if (is_one_of(name, {"reshape", "cast"})) return text(node.inputs[0], element);
    if (name == "broadcast_to") return text(node.inputs[0], broadcast(index, node.inputs[0].shape()));
    if (name == "transpose") return text(node.inputs[0], transposed(node, index));
    if (name == "matmul") return product(node, index);
    if (name == "sum") return sum(node, index);
    if (node.op->emit == nullptr) return {};
    return pointwise(
        node, [&](std::size_t k) { return text(node.inputs[k], broadcast(index, node.inputs[k].shape())); });
  }

 private:
  static std::int64_t broadcast(const std::vector<std::int64_t>& index, const Shape& shape) {
    const std::size_t lead = index.size() - static_cast<std::size_t>(shape.rank());
    std::vector<std::int64_t> own(index.begin() + static_cast<std::ptrdiff_t>(lead), index.end());
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] == 1) own[static_cast<std::size_t>(axis)] = 0;
    }
    return element_at(own, shape);
  }

  static std::int64_t transposed(const Node& node, const std::vector<std::int64_t>& index) {
    std::vector<std::int64_t> from(index.size());
    const std::vector<std::int64_t>& order = node.attributes.list("order");
    for (std::size_t i = 0; i < index.size(); ++i) from[static_cast<std::size_t>(order[i])] = index[i];
    return element_at(from, node.inputs[0].shape());
  }

  Text product(const Node& node, const std::vector<std::int64_t>& index) const {
    const Tensor& a = node.inputs[0];
    const Tensor& b = node.inputs[1];
    const bool flip_a = node.attributes.flag("transpose_a");
    const bool flip_b = node.attributes.flag("transpose_b");
    const std::int64_t count = a.shape()[flip_a ? -2 : -1];
    const std::size_t rank = index.size();
    const auto place = [&](const Tensor& operand, std::int64_t row, std::int64_t column) {
      std::vector<std::int64_t> at(index.begin(), index.end() - 2);
      at.push_back(row);
      at.push_back(column);
      return text(operand, broadcast(at, operand.shape())).at(kProduct);
    };
    std::string result;
    for (std::int64_t k = 0; k < std::min(count, kMostTerms); ++k) {
      const std::int64_t i = index[rank - 2];
      const std::int64_t j = index[rank - 1];
      result += k == 0 ? "" : " + ";
      result += (flip_a ? place(a, k, i) : place(a, i, k)) + "*" + (flip_b ? place(b, j, k) : place(b, k, j));
    }
    return {result + rest(count), kSum};
  }

  Text sum(const Node& node, const std::vector<std::int64_t>& index) const {
    const Tensor& x = node.inputs[0];
    const std::vector<std::int64_t>& axes = node.attributes.list("axes");
    std::vector<std::int64_t> at;
    std::vector<std::int64_t> extents;
    std::size_t next = 0;
    for (int axis = 0; axis < x.shape().rank(); ++axis) {
      const bool reduced = std::find(axes.begin(), axes.end(), axis) != axes.end();
      at.push_back(reduced ? 0 : index[next]);
      if (!reduced || node.attributes.flag("keep")) ++next;
      if (reduced) extents.push_back(x.shape()[axis]);
    }
    const Shape over{std::move(extents)};
    std::string result;
    for (std::int64_t k = 0; k < std::min(over.elements(), kMostTerms); ++k) {
      const std::vector<std::int64_t> term = index_of(k, over);
      for (std::size_t i = 0; i < axes.size(); ++i) at[static_cast<std::size_t>(axes[i])] = term[i];
      const Text one = text(x, element_at(at, x.shape()));
      result += k == 0 ? one.text : " + " + one.as_term();
    }
    return {result + rest(over.elements()), kSum};
  }

  static std::string rest(std::int64_t count) {
    return count > kMostTerms ? fmt::format(" + ... ({} terms)", count) : "";
  }

  const std::unordered_map<const Node*, std::string>& symbols_;
  NodeValues& values_;
};

}  // namespace

bool is_transparent(const Op& op) { return is_one_of(op.name, {"reshape", "cast", "broadcast_to"}); }

bool is_arithmetic(const Op& op) {
  return is_one_of(op.name, {"add", "sub", "mul", "div", "neg", "pow", "sqrt", "abs", "maximum", "minimum",
                             "less", "less_equal", "equal", "where"});
}

std::string short_number(double value) { return fmt::format("{:.4g}", value == 0 ? 0.0 : value); }

void NodeValues::set(const Tensor& node, const Tensor& value) {
  if (known_.emplace(&node.node(), value).second) bindings_.emplace_back(node, value);
}

const Tensor& NodeValues::of(const Tensor& node) {
  if (!contains(node)) {
    const Tensor value = interpret<double>({node}, bindings_)[0];
    if (value.dtype() == DType::f64) {
      set(node, value);
    } else {
      const std::vector<double> numbers = value.to_vector();
      known_.emplace(&node.node(), Tensor::from(std::span<const double>(numbers), value.shape()));
      kept_.push_back(node);
    }
  }
  return known_.at(&node.node());
}

std::string Formulas::with_symbols(const Tensor& node) const {
  const Symbols symbols(symbols_);
  return node.node().is_leaf() ? symbols.text(node).text : symbols.opened(node.node()).text;
}

std::string Formulas::with_numbers(const Tensor& node, std::int64_t element, NodeValues& values) const {
  if (node.node().is_leaf()) return short_number(values.at(node, element));
  constexpr std::size_t kLongest = 300;
  const std::string text = Numbers(symbols_, values).opened(node.node(), element).text;
  return text.size() > kLongest ? "" : text;
}

}  // namespace hebb::explaining
