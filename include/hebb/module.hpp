/// Models as values: what they are computed with, how their parameters are found, and the interface through
/// which trainers, files and tools see any of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "hebb/tensor.hpp"

namespace hebb {

/// What belongs to one evaluation of a model and not to the model.
struct ForwardContext {
  bool training = false;  ///< dropout drops, batch normalisation uses the batch's own statistics
  /// i32 [2], (seed, step): where random numbers come from. Needed when training a model with dropout.
  Tensor key = {};
  /// Number of the next random stream: each use of dropout takes one.
  std::int64_t next_stream = 0;

  /// A leaf that shall take a new value after the step.
  struct Update {
    Tensor leaf;
    Tensor value;  ///< an expression of the leaf's shape
  };
  /// New running statistics, noted while training; at most one entry for a leaf.
  std::vector<Update> updates = {};

  /// The value the leaf will have: the leaf itself unless an update of it has been noted.
  Tensor current(const Tensor& leaf) const;
  /// Notes a new value, in place of an earlier one of the same leaf.
  void update(const Tensor& leaf, Tensor value);
};

/// A parameter of a model, where it lies.
struct NamedTensor {
  std::string name;
  Tensor* value;
  bool trainable = true;  ///< false for what is learned otherwise: running statistics, frozen parameters
};

/// A parameter's name and value.
struct NamedValue {
  std::string name;
  Tensor value;
  bool trainable = true;
};

class ParameterVisitor;

/// Anything that shows its parameters: `void visit(ParameterVisitor& v) { v("hidden", hidden); ... }`.
template <class T>
concept Visitable = requires(T& part, ParameterVisitor& visitor) {
  part.visit(visitor);
};

/// Collects the parameters of a model under dotted names.
class ParameterVisitor {
 public:
  /// A tensor. Throws ConfigError when the name is taken.
  void operator()(std::string_view name, Tensor& value, bool trainable = true);

  /// A part with parameters of its own: their names begin with `name` and a dot.
  template <Visitable T>
  void operator()(std::string_view name, T& part) {
    const std::size_t outer = prefix_.size();
    prefix_ += name;
    if constexpr (requires { part.set_name(prefix_); }) part.set_name(prefix_);
    prefix_ += '.';
    part.visit(*this);
    prefix_.resize(outer);
  }

  /// Several parts of a kind: `name.0`, `name.1`, ...
  template <class T>
  requires(Visitable<T> || std::is_same_v<T, Tensor>) void operator()(std::string_view name,
                                                                      std::vector<T>& parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      (*this)(std::string(name) + '.' + std::to_string(i), parts[i]);
    }
  }

  std::vector<NamedTensor> take() && { return std::move(found_); }

 private:
  std::string prefix_;
  std::vector<NamedTensor> found_;
};

/// A model of any kind, from one input tensor [batch, ...] to one output tensor [batch, ...].
class Module {
 public:
  virtual ~Module() = default;
  virtual std::unique_ptr<Module> clone() const = 0;
  /// The model's output as an expression. Throws ShapeError when the input does not fit.
  virtual Tensor forward(const Tensor& x, ForwardContext& context) const = 0;
  virtual void visit(ParameterVisitor& visitor) = 0;
  /// The model description that rebuilds it; empty for a free composition.
  virtual std::string describe() const { return {}; }

  Tensor operator()(const Tensor& x, ForwardContext& context) const { return forward(x, context); }
  /// The output outside training.
  Tensor operator()(const Tensor& x) const {
    ForwardContext context;
    return forward(x, context);
  }

 protected:
  Module() = default;
  Module(const Module&) = default;
  Module& operator=(const Module&) = default;
};

/// A plain struct or function as a Module. `Net` is called with (x, context) or with (x) alone; its
/// parameters are those its `visit` shows, none if it has no such member.
///
///     struct Net {
///       Linear hidden, output;
///       Tensor operator()(const Tensor& x, ForwardContext& c) const { return output(tanh(hidden(x, c)), c);
///       } void visit(ParameterVisitor& v) { v("hidden", hidden); v("output", output); }
///     };
template <class Net>
class ModuleOf final : public Module {
 public:
  explicit ModuleOf(Net net) : net_(std::move(net)) {}

  std::unique_ptr<Module> clone() const override { return std::make_unique<ModuleOf>(*this); }
  Tensor forward(const Tensor& x, ForwardContext& context) const override {
    if constexpr (std::is_invocable_v<const Net&, const Tensor&, ForwardContext&>) {
      return std::invoke(net_, x, context);
    } else {
      return std::invoke(net_, x);
    }
  }
  void visit(ParameterVisitor& visitor) override {
    if constexpr (Visitable<Net>) net_.visit(visitor);
  }

  Net& net() { return net_; }
  const Net& net() const { return net_; }

 private:
  Net net_;
};

/// `make_module(net)`, `make_module([](const Tensor& x) { return tanh(x); })`.
template <class Net>
ModuleOf<std::decay_t<Net>> make_module(Net&& net) {
  return ModuleOf<std::decay_t<Net>>(std::forward<Net>(net));
}

/// The parameters of a model in the order it shows them; the pointers are valid as long as it lives and stays
/// where it is.
template <Visitable T>
std::vector<NamedTensor> parameters(T& model) {
  ParameterVisitor visitor;
  model.visit(visitor);
  return std::move(visitor).take();
}

/// The present values of the parameters; they share memory with the model.
std::vector<NamedValue> parameter_values(const std::vector<NamedTensor>& parameters);

template <Visitable T>
std::vector<NamedValue> parameter_values(const T& model) {
  if constexpr (std::is_base_of_v<Module, T>) {
    const std::unique_ptr<Module> copy = static_cast<const Module&>(model).clone();
    return parameter_values(parameters(*copy));
  } else {
    T copy = model;
    return parameter_values(parameters(copy));
  }
}

/// Number of trainable elements.
std::int64_t count_trainable(const std::vector<NamedTensor>& parameters);

/// Whether a name matches a pattern in which `*` stands for any characters and `?` for one.
bool matches_pattern(std::string_view name, std::string_view pattern);

/// Makes the parameters whose names match the pattern ("dense_1.*") not trainable; returns how many there
/// are. Throws ConfigError, with the nearest name, when there is none.
std::int64_t freeze(std::vector<NamedTensor>& parameters, std::string_view pattern);

/// What became of an attempt to load parameters by name.
struct LoadReport {
  std::vector<std::string> loaded;
  std::vector<std::string> missing;     ///< of the model, not in the source
  std::vector<std::string> mismatched;  ///< "name: [3, 4] in the model, [3, 5] in the source"
  std::vector<std::string> unused;      ///< of the source, not in the model
};

/// Gives every parameter the value of the same name, if it has the same shape and type. The others keep
/// theirs.
LoadReport load_matching(const std::vector<NamedTensor>& into, const std::vector<NamedValue>& from);

/// The same, but every parameter must be there and fit and nothing may be left over: throws FormatError that
/// names what is not so, and then has changed nothing.
void load_exactly(const std::vector<NamedTensor>& into, const std::vector<NamedValue>& from);

}  // namespace hebb
