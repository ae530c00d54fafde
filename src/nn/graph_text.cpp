/// Models as the text of their inference graph: a line for each node, numbered in order of computation.
///
///     hebb-graph 1
///     input f32 [N, 3]
///     parameter f32 [3, 4] hidden.weight
///     matmul 0 1 transpose_a=0 transpose_b=0
///     scalar f32 0.5
///     mul 2 3
///     output 4
///
/// N is the batch size, 2*N twice that. Whole numbers have no point, real ones begin with '~', lists stand in
/// brackets.

#include <charconv>
#include <map>
#include <optional>
#include <unordered_map>

#include "core/names.hpp"
#include "graph/node.hpp"
#include "graph/op.hpp"
#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "nn/description.hpp"
#include "nn/sizes.hpp"

namespace hebb {

namespace {

constexpr std::string_view kHeader = "hebb-graph 1";
constexpr std::size_t kMostNodes = 1 << 20;

// Two batch sizes, large primes, so that no extent of a model equals a multiple of one by chance.
constexpr std::int64_t kBatchA = 7919;
constexpr std::int64_t kBatchB = 7907;

/// A whole number that may be a multiple of the batch size.
struct Extent {
  std::int64_t value = 0;
  bool of_batch = false;

  std::int64_t at(std::int64_t batch) const { return of_batch ? checked_product(value, batch) : value; }
};

Extent extent_of(std::int64_t a, std::int64_t b) {
  if (a == b) return {a, false};
  if (a % kBatchA == 0 && b % kBatchB == 0 && a / kBatchA == b / kBatchB) return {a / kBatchA, true};
  throw ConfigError(
      "the model's graph depends on the batch size other than in its extents; it cannot be saved");
}

std::string text_of(const Extent& extent) {
  if (!extent.of_batch) return std::to_string(extent.value);
  return extent.value == 1 ? "N" : std::to_string(extent.value) + "*N";
}

std::string text_of(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  if (a.size() != b.size()) throw ConfigError("the model's graph has another form for another batch size");
  std::string text = "[";
  for (std::size_t i = 0; i < a.size(); ++i) text += (i == 0 ? "" : ",") + text_of(extent_of(a[i], b[i]));
  return text + "]";
}

std::string text_of(const Attributes::Value& a, const Attributes::Value& b) {
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&a)) {
    return text_of(*list, std::get<std::vector<std::int64_t>>(b));
  }
  if (const auto* whole = std::get_if<std::int64_t>(&a))
    return text_of(extent_of(*whole, std::get<std::int64_t>(b)));
  if (std::get<double>(a) != std::get<double>(b)) {
    throw ConfigError("the model's graph has a number that depends on the batch size; it cannot be saved");
  }
  return "~" + number_text(std::get<double>(a));
}

/// Writes two traces of a model, for two batch sizes, as one text.
class Writer {
 public:
  Writer(const std::vector<NamedTensor>& parameters, const Tensor& input_a) : input_(&input_a.node()) {
    for (const NamedTensor& p : parameters) names_.emplace(&p.value->node(), p.name);
  }

  TracedGraph write(const Tensor& output_a, const Tensor& output_b) {
    const std::vector<const Node*> a = topological_order({output_a});
    const std::vector<const Node*> b = topological_order({output_b});
    if (a.size() != b.size()) throw ConfigError("the model's graph has another form for another batch size");
    result_.text = std::string(kHeader) + "\n";
    for (std::size_t i = 0; i < a.size(); ++i) {
      line(*a[i], *b[i]);
      numbers_.emplace(a[i], i);
    }
    result_.text += "output " + std::to_string(numbers_.at(&output_a.node())) + "\n";
    return std::move(result_);
  }

 private:
  void line(const Node& a, const Node& b) {
    if (a.op != b.op) throw ConfigError("the model's graph has another form for another batch size");
    std::string& text = result_.text;
    if (!a.is_leaf()) {
      text += a.op->name;
      for (const Tensor& input : a.inputs) text += " " + std::to_string(numbers_.at(&input.node()));
      const auto& of_a = a.attributes.entries();
      const auto& of_b = b.attributes.entries();
      for (std::size_t i = 0; i < of_a.size(); ++i)
        text += " " + of_a[i].first + "=" + text_of(of_a[i].second, of_b.at(i).second);
      text += "\n";
      return;
    }
    const std::string type_and_shape =
        std::string(to_string(a.dtype)) + " " + text_of(a.shape.extents(), b.shape.extents());
    const auto parameter = names_.find(&a);
    if (&a == input_) {
      text += "input " + type_and_shape + "\n";
    } else if (parameter != names_.end()) {
      text += "parameter " + type_and_shape + " " + parameter->second + "\n";
    } else if (a.is_placeholder()) {
      throw ConfigError(
          "the model's output depends on a placeholder that is not its input; it cannot be saved");
    } else if (a.shape.rank() == 0 && a.dtype == DType::f32) {
      text += "scalar f32 ~" + number_text(double{*static_cast<const float*>(a.data)}) + "\n";
    } else {
      const std::string name = "constant_" + std::to_string(result_.constants.size() + 1);
      result_.constants.push_back({name, copy_of(a), false});
      text += "constant " + type_and_shape + " " + name + "\n";
    }
  }

  static Tensor copy_of(const Node& leaf) {
    const auto copy = [&]<class T>(const T* from) {
      return Tensor::from(std::span<const T>(from, static_cast<std::size_t>(leaf.shape.elements())),
                          leaf.shape);
    };
    switch (leaf.dtype) {
      case DType::f32: return copy(static_cast<const float*>(leaf.data));
      case DType::f64: return copy(static_cast<const double*>(leaf.data));
      case DType::i32: return copy(static_cast<const std::int32_t*>(leaf.data));
      case DType::u8: return copy(static_cast<const std::uint8_t*>(leaf.data));
    }
    throw Error("unknown element type");
  }

  const Node* input_;
  std::unordered_map<const Node*, std::string> names_;
  std::unordered_map<const Node*, std::size_t> numbers_;
  TracedGraph result_;
};

// ---- reading
// ----------------------------------------------------------------------------------------------------

/// An attribute's value, with the batch size still open.
struct AttributeText {
  std::string name;
  bool is_list = false;
  std::optional<double> real;
  std::vector<Extent> extents;

  Attributes::Value at(std::int64_t batch) const {
    if (real) return *real;
    if (!is_list) return extents.front().at(batch);
    std::vector<std::int64_t> values;
    for (const Extent& extent : extents) values.push_back(extent.at(batch));
    return values;
  }
};

/// One line of the text.
struct NodeText {
  enum class Kind : std::uint8_t { input, parameter, scalar, op } kind;
  const Op* op = nullptr;
  std::vector<std::size_t> inputs = {};
  std::vector<AttributeText> attributes = {};
  DType type = DType::f32;
  std::vector<Extent> shape = {};
  std::size_t parameter = 0;
  Tensor scalar = {};
};

/// The words of one line.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}
  bool empty() const { return rest_.empty(); }
  std::string_view next() {
    const std::size_t end = rest_.find(' ');
    const std::string_view word = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    if (word.empty()) throw FormatError("expected a word");
    return word;
  }

 private:
  std::string_view rest_;
};

template <class T>
T number(std::string_view text) {
  T value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) {
    throw FormatError("expected a number, got " + in_quotes(text));
  }
  return value;
}

Extent read_extent(std::string_view text) {
  if (text == "N") return {1, true};
  if (text.ends_with("*N")) return {number<std::int64_t>(text.substr(0, text.size() - 2)), true};
  return {number<std::int64_t>(text), false};
}

std::vector<Extent> read_list(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') {
    throw FormatError("expected a list in brackets, got " + in_quotes(text));
  }
  std::string_view rest = text.substr(1, text.size() - 2);
  std::vector<Extent> list;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    list.push_back(read_extent(rest.substr(0, comma)));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return list;
}

AttributeText read_attribute(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) throw FormatError("expected name=value, got " + in_quotes(text));
  AttributeText attribute{std::string(text.substr(0, equals)), false, {}, {}};
  const std::string_view value = text.substr(equals + 1);
  if (value.starts_with('~')) {
    attribute.real = number<double>(value.substr(1));
  } else if (value.starts_with('[')) {
    attribute.is_list = true;
    attribute.extents = read_list(value);
  } else {
    attribute.extents = {read_extent(value)};
  }
  return attribute;
}

DType read_type(std::string_view text) {
  for (const DType type : {DType::f32, DType::f64, DType::i32, DType::u8}) {
    if (text == to_string(type)) return type;
  }
  throw FormatError("expected an element type, got " + in_quotes(text));
}

/// Axes that come from a file have not been checked by the functions that users call.
void check_axes(const Op& op, const std::vector<Tensor>& inputs, const Attributes& attributes) {
  if (inputs.empty()) return;
  const std::int64_t rank = inputs[0].shape().rank();
  const auto require = [&](bool holds) {
    if (!holds) throw FormatError(std::string(op.name) + ": an axis does not exist or is named twice");
  };
  for (const auto& [name, value] : attributes.entries()) {
    const auto* axis = std::get_if<std::int64_t>(&value);
    const auto* list = std::get_if<std::vector<std::int64_t>>(&value);
    if (name == "axis") require(axis != nullptr && *axis >= 0 && *axis < rank);
    if (name != "axes" && name != "order") continue;
    require(list != nullptr && (name == "axes" || static_cast<std::int64_t>(list->size()) == rank));
    std::vector<bool> seen(static_cast<std::size_t>(rank));
    for (const std::int64_t a : *list) {
      require(a >= 0 && a < rank && !seen[static_cast<std::size_t>(a)]);
      seen[static_cast<std::size_t>(a)] = true;
    }
  }
}

/// A model made of the lines of a text.
class GraphModule final : public Module {
 public:
  explicit GraphModule(std::string_view text) { read(text); }

  std::unique_ptr<Module> clone() const override { return std::make_unique<GraphModule>(*this); }

  Tensor forward(const Tensor& x, ForwardContext&) const override {
    if (x.shape().rank() == 0) throw ShapeError("expected a batch [batch, ...], got a scalar");
    const std::int64_t batch = x.shape()[0];
    std::vector<Tensor> values;
    for (const NodeText& node : nodes_) values.push_back(value(node, x, batch, values));
    return values[output_];
  }

  void visit(ParameterVisitor& visitor) override {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      visitor(parameters_[i].name, parameters_[i].value, parameters_[i].trainable);
    }
  }

 private:
  Tensor value(const NodeText& node, const Tensor& x, std::int64_t batch,
               const std::vector<Tensor>& values) const {
    switch (node.kind) {
      case NodeText::Kind::parameter: return parameters_[node.parameter].value;
      case NodeText::Kind::scalar: return node.scalar;
      case NodeText::Kind::input: {
        const Shape expected = shape_at(node.shape, batch);
        if (x.shape() == expected && x.dtype() == node.type) return x;
        throw ShapeError("the model takes " + std::string(to_string(node.type)) + to_string(expected) +
                         ", got " + std::string(to_string(x.dtype())) + to_string(x.shape()));
      }
      case NodeText::Kind::op: break;
    }
    std::vector<Tensor> inputs;
    for (const std::size_t i : node.inputs) inputs.push_back(values[i]);
    std::vector<Attributes::Entry> entries;
    for (const AttributeText& a : node.attributes) entries.emplace_back(a.name, a.at(batch));
    Attributes attributes(std::move(entries));
    check_axes(*node.op, inputs, attributes);
    return apply(*node.op, std::move(inputs), std::move(attributes));
  }

  static Shape shape_at(const std::vector<Extent>& extents, std::int64_t batch) {
    std::vector<std::int64_t> values;
    for (const Extent& extent : extents) values.push_back(extent.at(batch));
    return Shape(std::move(values));
  }

  void read(std::string_view text) {
    std::size_t line_number = 0;
    bool ended = false;
    std::vector<Tensor> values;  // for a batch of two, to find what does not fit at its line
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
      ++line_number;
      try {
        if (ended) throw FormatError("expected the end");
        if (line_number == 1) {
          if (line != kHeader)
            throw FormatError("expected '" + std::string(kHeader) + "', got " + in_quotes(line));
        } else if (line.starts_with("output ")) {
          output_ = node_number(line.substr(7));
          ended = true;
        } else {
          if (nodes_.size() == kMostNodes) throw FormatError("too many lines");
          nodes_.push_back(read_node(Words(line)));
          trial(values);
        }
      } catch (const Error& error) {
        throw FormatError("graph: line " + std::to_string(line_number) + ": " + error.what());
      }
    }
    if (!ended) throw FormatError("graph: line " + std::to_string(line_number + 1) + ": expected an output");
    if (!has_input_) throw FormatError("graph: there is no input");
  }

  void trial(std::vector<Tensor>& values) const {
    constexpr std::int64_t kBatch = 2;
    const NodeText& node = nodes_.back();
    const Tensor x = node.kind == NodeText::Kind::input
                         ? Tensor::placeholder(shape_at(node.shape, kBatch), node.type, "input")
                         : Tensor();
    values.push_back(value(node, x, kBatch, values));
  }

  std::size_t node_number(std::string_view text) const {
    const auto index = number<std::size_t>(text);
    if (index >= nodes_.size()) throw FormatError("node " + std::to_string(index) + " does not come before");
    return index;
  }

  NodeText read_node(Words words) {
    const std::string_view head = words.next();
    if (head == "input" || head == "parameter" || head == "constant") return read_leaf(head, words);
    if (head == "scalar") {
      if (words.next() != "f32") throw FormatError("expected f32");
      const std::string_view text = words.next();
      if (!text.starts_with('~')) throw FormatError("expected a real number, got " + in_quotes(text));
      const auto value = static_cast<float>(number<double>(text.substr(1)));
      return {.kind = NodeText::Kind::scalar, .scalar = Tensor::from(std::span(&value, 1), Shape{})};
    }
    NodeText node{.kind = NodeText::Kind::op, .op = find_op(head)};
    if (node.op == nullptr) throw FormatError("unknown operation " + in_quotes(head));
    while (!words.empty()) {
      const std::string_view word = words.next();
      if (word.find('=') == std::string_view::npos) {
        node.inputs.push_back(node_number(word));
      } else {
        node.attributes.push_back(read_attribute(word));
      }
    }
    return node;
  }

  NodeText read_leaf(std::string_view head, Words& words) {
    NodeText node{.kind = head == "input" ? NodeText::Kind::input : NodeText::Kind::parameter};
    node.type = read_type(words.next());
    node.shape = read_list(words.next());
    if (head == "input") {
      if (has_input_) throw FormatError("a second input");
      has_input_ = true;
      if (node.shape.empty() || !node.shape[0].of_batch || node.shape[0].value != 1) {
        throw FormatError("expected an input of shape [N, ...]");
      }
      return node;
    }
    const std::string name(words.next());
    for (const NamedValue& other : parameters_) {
      if (other.name == name) throw FormatError("a second " + in_quotes(name));
    }
    node.parameter = parameters_.size();
    parameters_.push_back(
        {name, Tensor::placeholder(shape_at(node.shape, 1), node.type, name), head == "parameter"});
    return node;
  }

  std::vector<NodeText> nodes_;
  std::vector<NamedValue> parameters_;
  std::size_t output_ = 0;
  bool has_input_ = false;
};

}  // namespace

TracedGraph trace_graph(const Module& model, const Shape& input_shape, DType type) {
  const std::unique_ptr<Module> copy = model.clone();
  const std::vector<NamedTensor> named = parameters(*copy);
  const auto trace = [&](std::int64_t batch) {
    std::vector<std::int64_t> extents = {batch};
    extents.insert(extents.end(), input_shape.extents().begin(), input_shape.extents().end());
    const Tensor x = Tensor::placeholder(Shape(std::move(extents)), type, "input");
    ForwardContext context;
    return std::pair(x, copy->forward(x, context));
  };
  const auto [x_a, y_a] = trace(kBatchA);
  const auto [x_b, y_b] = trace(kBatchB);
  return Writer(named, x_a).write(y_a, y_b);
}

std::unique_ptr<Module> module_from_graph(std::string_view text) {
  return std::make_unique<GraphModule>(text);
}

}  // namespace hebb
