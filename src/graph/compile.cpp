/// Plans behind the public functions: evaluate and compile.

#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <optional>

#include "graph/interpreter.hpp"
#include "graph/plan.hpp"
#include "hebb/error.hpp"
#include "hebb/transforms.hpp"

namespace hebb {

namespace {

Tensor array_of(const void* elements, const Shape& shape, DType type) {
  const auto copy = [&](auto* out) {
    std::memcpy(out, elements, static_cast<std::size_t>(shape.elements()) * size_of(type));
  };
  switch (type) {
    case DType::f32: return Tensor::make<float>(shape, copy);
    case DType::f64: return Tensor::make<double>(shape, copy);
    case DType::i32: return Tensor::make<std::int32_t>(shape, copy);
    default: return Tensor::make<std::uint8_t>(shape, copy);
  }
}

bool needs_interpreter(const Tensors& expressions) {
  const auto order = topological_order(expressions);
  return std::any_of(order.begin(), order.end(), [](const Node* node) { return node->dtype == DType::f64; });
}

/// Interpreted results in the types the graph promises: the interpreter holds every real number as a double.
Tensors interpret_exactly(const Tensors& expressions, const Bindings& bindings) {
  Tensors results = interpret<double>(expressions, bindings);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (expressions[i].dtype() != DType::f32 || results[i].dtype() == DType::f32) continue;
    const auto values = results[i].to_vector();
    results[i] = Tensor::make<float>(results[i].shape(), [&](float* out) {
      std::transform(values.begin(), values.end(), out, [](double x) { return static_cast<float>(x); });
    });
  }
  return results;
}

}  // namespace

std::vector<Tensor> evaluate(const std::vector<Tensor>& expressions) {
  if (std::all_of(expressions.begin(), expressions.end(), [](const Tensor& t) { return t.concrete(); }))
    return expressions;
  if (needs_interpreter(expressions)) return interpret_exactly(expressions, {});
  const auto plan = std::make_shared<const Plan>(
      PlanSpec{.inputs = {}, .bound = {}, .outputs = expressions, .updates = {}});
  Execution execution(plan);
  execution.run();
  Tensors results;
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    results.push_back(expressions[i].concrete()
                          ? expressions[i]
                          : array_of(execution.output(i), expressions[i].shape(), expressions[i].dtype()));
  }
  return results;
}

Tensor evaluate(const Tensor& expression) { return evaluate(std::vector<Tensor>{expression}).front(); }

struct Compiled::State {
  struct Entry {
    std::vector<std::pair<Shape, DType>> key;
    Tensors inputs;                      // placeholders
    Tensors outputs;                     // expressions of them
    std::optional<Execution> execution;  // none for f64, which is interpreted
  };

  Function f;
  CompileOptions options;
  std::mutex mutex;
  std::list<Entry> entries;  // the one used last comes first
  std::int64_t traces = 0;

  Entry& entry_for(const Tensors& inputs) {
    const auto fits = [&](const Entry& entry) {
      return std::equal(entry.key.begin(), entry.key.end(), inputs.begin(), inputs.end(),
                        [](const auto& key, const Tensor& input) {
                          return key.first == input.shape() && key.second == input.dtype();
                        });
    };
    const auto found = std::find_if(entries.begin(), entries.end(), fits);
    if (found != entries.end()) {
      entries.splice(entries.begin(), entries, found);
      return entries.front();
    }
    Entry entry;
    for (const Tensor& input : inputs) {
      entry.key.emplace_back(input.shape(), input.dtype());
      entry.inputs.push_back(Tensor::placeholder(input.shape(), input.dtype(),
                                                 "argument " + std::to_string(entry.inputs.size())));
    }
    entry.outputs = f(entry.inputs);
    Tensors all = entry.outputs;
    all.insert(all.end(), entry.inputs.begin(), entry.inputs.end());
    if (!needs_interpreter(all)) {
      entry.execution.emplace(std::make_shared<const Plan>(PlanSpec{.inputs = entry.inputs,
                                                                    .bound = {},
                                                                    .outputs = entry.outputs,
                                                                    .updates = {},
                                                                    .precision = options.precision}));
    }
    ++traces;
    entries.push_front(std::move(entry));
    if (entries.size() > std::max<std::size_t>(1, options.cache_size)) entries.pop_back();
    return entries.front();
  }
};

Compiled::Compiled(Function f, CompileOptions options) : state_(std::make_shared<State>()) {
  state_->f = std::move(f);
  state_->options = options;
}

Tensors Compiled::operator()(const Tensors& inputs) const {
  const Tensors values = evaluate(inputs);
  const std::lock_guard lock(state_->mutex);
  State::Entry& entry = state_->entry_for(values);
  if (!entry.execution) {
    Bindings bindings;
    for (std::size_t i = 0; i < values.size(); ++i) bindings.emplace_back(entry.inputs[i], values[i]);
    return interpret_exactly(entry.outputs, bindings);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::memcpy(entry.execution->input(i), values[i].node().data,
                static_cast<std::size_t>(values[i].size()) * size_of(values[i].dtype()));
  }
  entry.execution->run();
  Tensors results;
  for (std::size_t i = 0; i < entry.outputs.size(); ++i) {
    results.push_back(
        array_of(entry.execution->output(i), entry.outputs[i].shape(), entry.outputs[i].dtype()));
  }
  return results;
}

std::int64_t Compiled::traces() const {
  const std::lock_guard lock(state_->mutex);
  return state_->traces;
}

Compiled compile(Function f, CompileOptions options) { return Compiled(std::move(f), options); }

}  // namespace hebb
