#include "hebb/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/parallel.hpp"
#include "explain/differences.hpp"
#include "explain/loss.hpp"
#include "explain/opening.hpp"
#include "explain/steps.hpp"
#include "graph/interpreter.hpp"
#include "graph/op.hpp"
#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/ops.hpp"
#include "hebb/training_step.hpp"
#include "hebb/transforms.hpp"
#include "train/training.hpp"

namespace hebb {

namespace {

using namespace explaining;

constexpr std::int64_t kFewSamples = 8;
// Differences of a loss near 1 are off by some 1e-13; smaller slopes than this say little.
constexpr double kRounding = 1e-8;
constexpr double kMostOperations = 3e8;  // that differences take unless they are asked for

void check(const TrainerOptions& training, const ExplainOptions& options) {
  if (options.step < 1)
    throw ConfigError(fmt::format("explain: expected a step from 1, got {}", options.step));
  if (options.differences.value_or(0) < 0)
    throw ConfigError(fmt::format("explain: expected 0 or more differences, got {}", *options.differences));
  require_plain(training, "explain");
}

std::vector<std::int64_t> samples_to_open(const Dataset& data, const ExplainOptions& options) {
  if (data.size() == 0) throw DataError("explain: the data set has no samples");
  std::vector<std::int64_t> samples = options.samples;
  if (samples.empty()) {
    samples.resize(data.size() <= kFewSamples ? static_cast<std::size_t>(data.size()) : 1);
    std::iota(samples.begin(), samples.end(), 0);
  }
  for (const std::int64_t sample : samples) {
    if (sample >= 0 && sample < data.size()) continue;
    throw DataError(
        fmt::format("sample {} asked for; the data set has samples 0 to {}", sample, data.size() - 1));
  }
  return samples;
}

Tensor in_double(const Tensor& tensor) {
  const std::vector<double> values = tensor.to_vector();
  return Tensor::from(std::span<const double>(values), tensor.shape());
}

/// Inputs and targets of the step.
struct Batch {
  Tensor inputs;   ///< f64
  Tensor targets;  ///< f64, or i32 labels
};

Batch batch_of(const Dataset& data, const std::vector<std::int64_t>& samples) {
  const auto n = static_cast<std::int64_t>(samples.size());
  std::vector<float> inputs(static_cast<std::size_t>(n * data.input_shape().elements()));
  Batch batch;
  if (data.target_kind() == TargetKind::classes) {
    std::vector<std::int32_t> labels(samples.size());
    data.fill(samples, inputs.data(), {.labels = labels.data(), .values = nullptr});
    batch.targets = Tensor::from(std::span<const std::int32_t>(labels), Shape{n});
  } else {
    std::vector<float> values(static_cast<std::size_t>(n * data.outputs()));
    data.fill(samples, inputs.data(), {.labels = nullptr, .values = values.data()});
    batch.targets = in_double(Tensor::from(std::span<const float>(values), {n, data.outputs()}));
  }
  batch.inputs =
      in_double(Tensor::from(std::span<const float>(inputs), training::batch_shape(n, data.input_shape())));
  return batch;
}

/// The model's output, with every layer opened on the way.
Tensor open_layers(const Module& model, const Tensor& x, ForwardContext& context, Opening& opening) {
  const auto* layers = dynamic_cast<const Sequential*>(&model);
  if (layers == nullptr) {
    const Tensor y = model(x, context);
    opening.open(
        {.name = "model", .kind = "graph", .description = model.describe(), .input = x, .output = y});
    return y;
  }
  Tensor y = x;
  for (std::size_t i = 0; i < layers->size(); ++i) {
    const Layer& layer = layers->layer(i);
    const Tensor input = y;
    y = layer(input, context);
    opening.open({.name = std::string(layer.name()),
                  .kind = std::string(layer.kind()),
                  .description = layer.describe(),
                  .input = input,
                  .output = y});
  }
  return y;
}

/// Numbers of the elements whose differences are made: `most` of them, evenly spread; all where that is 0.
std::vector<std::int64_t> spread(std::int64_t size, std::int64_t most) {
  const std::int64_t count = most == 0 ? size : std::min(most, size);
  std::vector<std::int64_t> elements(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) elements[static_cast<std::size_t>(i)] = i * size / count;
  return elements;
}

/// How many differences of each tensor fit into the operations that they may take; 0: all.
std::int64_t affordable(const std::vector<Differences::Of>& all, const std::vector<ExplainedValue*>& values) {
  double whole = 0;
  double each = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double cost = Differences::Of::kLooks * all[i].cost();
    whole += cost * static_cast<double>(values[i]->value.size());
    each += cost;
  }
  if (whole <= kMostOperations) return 0;
  constexpr double kLeast = 8;
  return static_cast<std::int64_t>(std::max(kLeast, kMostOperations / each));
}

void compare(ExplainedValue& value, double loss, const std::vector<std::int64_t>& elements,
             const std::vector<Slope>& slopes) {
  std::vector<double> differences(static_cast<std::size_t>(value.value.size()),
                                  std::numeric_limits<double>::quiet_NaN());
  const auto gradient = value.gradient.data<double>();
  double largest = 0;
  for (const double g : gradient) largest = std::max(largest, std::abs(g));
  const double least = std::max(1e-6 * largest, kRounding * (1 + std::abs(loss)));
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto at = static_cast<std::size_t>(elements[i]);
    differences[at] = slopes[i].value;
    if (slopes[i].kink) {
      value.kinks.push_back(elements[i]);
      continue;
    }
    const double scale = std::max({std::abs(gradient[at]), std::abs(slopes[i].value), least});
    value.disagreement = std::max(value.disagreement, std::abs(gradient[at] - slopes[i].value) / scale);
  }
  value.difference = Tensor::from(std::span<const double>(differences), value.value.shape());
}

void add_differences(const Differences& graph, const std::vector<Tensor>& nodes, Explanation& to,
                     const ExplainOptions& options) {
  std::vector<Differences::Of> all;
  std::vector<ExplainedValue*> values;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (to.values[i].gradient.empty()) continue;
    all.emplace_back(graph, nodes[i]);
    values.push_back(&to.values[i]);
  }
  const std::int64_t most = options.differences ? *options.differences : affordable(all, values);
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::vector<std::int64_t> elements = spread(values[i]->value.size(), most);
    // The element that is opened is among them.
    if (most != 0 && !elements.empty()) {
      const std::int64_t opened = element_at(values[i]->element, values[i]->value.shape());
      const auto place = std::lower_bound(elements.begin(), elements.end(), opened);
      if (place == elements.end())
        elements.back() = opened;
      else if (*place != opened)
        *place = opened;
    }
    std::vector<Slope> slopes(elements.size());
    parallel_for(static_cast<std::int64_t>(elements.size()), [&](std::int64_t k) {
      slopes[static_cast<std::size_t>(k)] = all[i].at(elements[static_cast<std::size_t>(k)]);
    });
    compare(*values[i], graph.result(), elements, slopes);
  }
}

/// The step's numbers as the optimiser takes them, and its state in float64.
class Update {
 public:
  Update(const TrainerOptions& training, const TrainingStep& step)
      : optimizer_(training.optimizer), state_(step.optimizer_state()) {
    std::vector<double> numbers(static_cast<std::size_t>(optimizer_.coefficient_count()));
    optimizer_.coefficients(step.steps() + 1, step.learning_rate(), numbers);
    for (const double number : numbers)
      coefficients_.push_back(Tensor::from(std::span<const double>(&number, 1), Shape{}));
  }

  Tensor operator()(const std::string& name, const Tensor& parameter, const Tensor& gradient) const {
    Tensors state;
    for (int slot = 0; slot < optimizer_.slots(); ++slot) {
      const std::string wanted = name + "#" + std::to_string(slot);
      const auto found =
          std::find_if(state_.begin(), state_.end(), [&](const NamedValue& v) { return v.name == wanted; });
      state.push_back(in_double(found->value));
    }
    return optimizer_.update(parameter, gradient, state, coefficients_).parameter;
  }

 private:
  const Optimizer& optimizer_;
  std::vector<NamedValue> state_;
  Tensors coefficients_;
};

/// What chance has drawn does not vary, though the loss depends on it.
bool is_drawn(const Node& node) { return !node.is_leaf() && node.op->name == "bernoulli"; }

/// Everything of the step that is a graph.
struct StepGraph {
  std::unique_ptr<Module> model;  ///< with f64 parameters
  std::vector<NamedTensor> parameters;
  Tensor output;
  Tensor loss;     ///< penalties included
  Tensor penalty;  ///< empty without
};

StepGraph trace(
    const Module& model, const TrainerOptions& training, const TrainingStep& step, const Batch& batch,
    const std::function<Tensor(const Module&, ForwardContext&, std::vector<NamedTensor>)>& forward) {
  StepGraph graph;
  graph.model = model.clone();
  graph.parameters = parameters(*graph.model);
  load_exactly(graph.parameters, step.parameter_state());
  for (const NamedTensor& p : graph.parameters) *p.value = in_double(*p.value);
  for (const std::string& pattern : training.freeze) freeze(graph.parameters, pattern);
  ForwardContext context;
  context.training = true;
  context.key = step.key();
  graph.output = forward(*graph.model, context, graph.parameters);
  graph.loss = training.loss(graph.output, batch.targets);
  if (training.penalty.l1 != 0 || training.penalty.l2 != 0) {
    graph.penalty = penalty(graph.parameters, training.penalty);
    graph.loss = graph.loss + graph.penalty;
  }
  return graph;
}

void add_updates(const StepGraph& graph, const TrainerOptions& training, const TrainingStep& step,
                 Explanation& to) {
  const Update update(training, step);
  std::vector<ExplainedParameter*> all;
  Tensors gradient;
  for (ExplainedLayer& layer : to.layers) {
    for (ExplainedParameter& parameter : layer.parameters) {
      all.push_back(&parameter);
      gradient.push_back(to.values[parameter.value].gradient);
    }
  }
  gradient = clip_gradients(gradient, training.clip);
  Tensors updated;
  for (std::size_t i = 0; i < all.size(); ++i)
    updated.push_back(update(all[i]->name, to.values[all[i]->value].value, gradient[i]));
  updated = interpret<double>(updated);
  Bindings bindings;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i]->update = interpret<double>({updated[i] - to.values[all[i]->value].value})[0];
    for (const NamedTensor& p : graph.parameters) {
      if (p.name == all[i]->name) bindings.emplace_back(*p.value, updated[i]);
    }
  }
  to.loss_after = interpret<double>({graph.loss}, bindings)[0].item();
}

}  // namespace

double Explanation::disagreement() const {
  double largest = 0;
  for (const ExplainedValue& value : values) largest = std::max(largest, value.disagreement);
  return largest;
}

Explanation explain(const Module& model, const TrainerOptions& training, const Dataset& data,
                    const ExplainOptions& options) {
  check(training, options);
  Explanation result;
  result.samples = samples_to_open(data, options);
  result.model = model.describe();
  result.step = options.step;
  result.optimizer = training.optimizer.name();
  result.update_formula = update_formula(training.optimizer);
  Steps steps(model, training, data);
  steps.run(options.step - 1);
  TrainingStep& step = steps.step();
  step.set_learning_rate(steps.next_rate());
  result.learning_rate = step.learning_rate();

  const Batch batch = batch_of(data, result.samples);
  std::optional<Opening> opening;
  const StepGraph graph =
      trace(model, training, step, batch,
            [&](const Module& traced, ForwardContext& context, std::vector<NamedTensor> named) {
              opening.emplace(result, std::move(named));
              result.input = opening->give(batch.inputs, "input", "x");
              return open_layers(traced, batch.inputs, context, *opening);
            });
  result.output = opening->number_of(graph.output);

  const Differences differences(graph.loss);
  const Tensors gradient = interpret<double>(gradients(graph.loss, opening->nodes()));
  for (std::size_t i = 0; i < result.values.size(); ++i) {
    result.values[i].value = differences.value(opening->nodes()[i]);
    if (!is_drawn(opening->nodes()[i].node())) result.values[i].gradient = gradient[i];
  }
  opening->finish(differences);
  add_differences(differences, opening->nodes(), result, options);
  const ExplainedValue& output = result.values[result.output];
  result.loss = explain_loss(training.loss, output.value, batch.targets,
                             element_at(output.element, output.value.shape()));
  if (!graph.penalty.empty()) result.loss.penalty = differences.value(graph.penalty).item();
  result.loss_before = differences.result();
  add_updates(graph, training, step, result);
  return result;
}

}  // namespace hebb
