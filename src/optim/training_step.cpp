#include "hebb/training_step.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <list>
#include <new>
#include <unordered_map>

#include "graph/plan.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "hebb/transforms.hpp"
#include "optim/batch_plans.hpp"
#include "optim/mixup.hpp"
#include "optim/option_text.hpp"

namespace hebb {

namespace {

/// Memory of a tensor that changes from step to step.
class Cell {
 public:
  Cell(Tensor leaf, double initial) : leaf_(std::move(leaf)) {
    const std::size_t rounded = (bytes() / 64 + 2) * 64;
    data_.reset(static_cast<std::byte*>(std::aligned_alloc(64, rounded)));
    if (!data_) throw std::bad_alloc();
    std::memset(data_.get(), 0, rounded);
    if (leaf_.concrete()) {
      std::memcpy(data_.get(), leaf_.node().data, bytes());
    } else {
      std::fill_n(floats().data(), floats().size(), static_cast<float>(initial));
    }
  }

  const Tensor& leaf() const { return leaf_; }
  void* data() const { return data_.get(); }
  std::size_t bytes() const { return static_cast<std::size_t>(leaf_.size()) * size_of(leaf_.dtype()); }
  std::span<float> floats() const {
    return {reinterpret_cast<float*>(data_.get()), static_cast<std::size_t>(leaf_.size())};
  }
  Tensor value() const {
    return Tensor::make<float>(leaf_.shape(), [&](float* out) { std::memcpy(out, data_.get(), bytes()); });
  }
  void set(const std::string& name, const Tensor& value) {
    if (value.shape() != leaf_.shape() || value.dtype() != leaf_.dtype()) {
      throw FormatError("training state: " + name + " has shape " + to_string(value.shape()) + ", expected " +
                        to_string(leaf_.shape()));
    }
    std::memcpy(data_.get(), evaluate(value).node().data, bytes());
  }

 private:
  struct Free {
    void operator()(std::byte* data) const { std::free(data); }
  };
  Tensor leaf_;
  std::unique_ptr<std::byte, Free> data_;
};

/// Placeholders of a batch, in the order of the plan's inputs.
struct BatchInputs {
  Tensor x, y;
  BatchInputs(std::int64_t n, const SampleShape& sample)
      : x(Tensor::placeholder(with_batch(n, sample.input), DType::f32, "input")),
        y(sample.target_type == DType::i32
              ? Tensor::placeholder({n}, DType::i32, "labels")
              : Tensor::placeholder(with_batch(n, sample.target), DType::f32, "targets")) {}
};

}  // namespace

struct TrainingStep::State {
  /// A plan for one batch size and one purpose.
  enum class Purpose : std::uint8_t { step, gradient, evaluation };
  struct Entry {
    std::int64_t n;
    Purpose purpose;
    std::shared_ptr<const Plan> plan;
    Execution execution;
    std::int64_t outputs_per_batch = 0;
  };

  std::unique_ptr<Module> model;
  SampleShape sample;
  TrainingOptions options;
  std::vector<NamedTensor> parameters;
  std::vector<Cell> cells;     // of the parameters, in their order
  std::vector<Cell> averages;  // of the parameters; none without a moving average
  std::vector<Cell> slots;     // of the optimiser: slot by slot of each trainable parameter
  std::vector<std::string> slot_names;
  std::vector<std::size_t> trainable;  // indices of parameters
  std::vector<Tensor> coefficient_inputs;
  Tensor mixing_input;       // share of the mixing; empty without
  Tensor average_input;      // weight of the new value in the moving average; empty without
  std::list<Entry> entries;  // the one used last comes first
  Entry* current = nullptr;  // what batch() prepared
  Entry* evaluating = nullptr;
  std::int64_t steps = 0;
  double learning_rate = 0;
  std::vector<double> coefficients;
  std::int64_t batch_size = 0;

  Entry& entry(std::int64_t n, Purpose purpose) {
    for (auto it = entries.begin(); it != entries.end(); ++it) {
      if (it->n != n || it->purpose != purpose) continue;
      entries.splice(entries.begin(), entries, it);
      return entries.front();
    }
    entries.push_front(make_entry(n, purpose));
    if (entries.size() > kMostPlans) {
      const Entry* last = &entries.back();
      if (current == last) {
        current = nullptr;
        batch_size = 0;
      }
      if (evaluating == last) evaluating = nullptr;
      entries.pop_back();
    }
    return entries.front();
  }

  /// A plan before it is compiled, and where its bound leaves lie.
  struct Draft {
    PlanSpec spec;
    std::vector<void*> addresses;
    std::int64_t outputs;
  };

  Draft draft(std::int64_t n, Purpose purpose) {
    const BatchInputs inputs(n, sample);
    PlanSpec spec;
    spec.precision = options.precision;
    spec.inputs = {inputs.x, inputs.y};
    std::vector<void*> addresses;
    const auto bind = [&](const std::vector<Cell>& leaves, const std::vector<Cell>& values) {
      for (std::size_t i = 0; i < leaves.size(); ++i) {
        spec.bound.push_back(leaves[i].leaf());
        addresses.push_back(values[i].data());
      }
    };
    std::int64_t outputs = 0;
    if (purpose == Purpose::evaluation) {
      bind(cells, averages.empty() ? cells : averages);
      ForwardContext context;
      const Tensor prediction = model->forward(inputs.x, context);
      outputs = prediction.size();
      spec.outputs = {options.loss(prediction, inputs.y), prediction};
    } else {
      bind(cells, cells);
      bind(slots, slots);
      bind(averages, averages);
      trace_training(spec, inputs, purpose);
    }
    return {std::move(spec), std::move(addresses), outputs};
  }

  Entry make_entry(std::int64_t n, Purpose purpose) {
    Draft made = draft(n, purpose);
    auto plan = std::make_shared<const Plan>(std::move(made.spec));
    return {n, purpose, plan, Execution(plan, made.addresses), made.outputs};
  }

  void trace_training(PlanSpec& spec, const BatchInputs& inputs, Purpose purpose) {
    ForwardContext context;
    context.training = true;
    context.key = Tensor::placeholder({2}, DType::i32, "key");
    spec.inputs.push_back(context.key);
    for (const Tensor& coefficient : coefficient_inputs) spec.inputs.push_back(coefficient);
    for (const Tensor& scalar : {mixing_input, average_input}) {
      if (!scalar.empty()) spec.inputs.push_back(scalar);
    }
    Tensor loss = training_loss(*model, options.loss, inputs.x, inputs.y, mixing_input, context);
    if (options.penalty.l1 != 0 || options.penalty.l2 != 0)
      loss = loss + penalty(parameters, options.penalty);
    spec.outputs = {loss};
    Tensors leaves;
    for (const std::size_t index : trainable) leaves.push_back(cells[index].leaf());
    Tensors gradient = gradients(loss, leaves);
    if (purpose == Purpose::gradient) {
      spec.outputs.insert(spec.outputs.end(), gradient.begin(), gradient.end());
      return;
    }
    gradient = clip_gradients(gradient, options.clip);
    const auto per_parameter = static_cast<std::size_t>(options.optimizer.slots());
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      Tensors state;
      for (std::size_t s = 0; s < per_parameter; ++s) state.push_back(slots[i * per_parameter + s].leaf());
      const ParameterUpdate update =
          options.optimizer.update(leaves[i], gradient[i], state, coefficient_inputs);
      spec.updates.push_back({leaves[i], update.parameter});
      for (std::size_t s = 0; s < per_parameter; ++s) spec.updates.push_back({state[s], update.state[s]});
    }
    for (const ForwardContext::Update& update : context.updates) {
      if (!is_frozen(update.leaf)) spec.updates.push_back({update.leaf, update.value});
    }
    if (!averages.empty()) add_averages(spec);
  }

  /// What is updated is averaged in the same pass.
  void add_averages(PlanSpec& spec) const {
    const std::size_t count = spec.updates.size();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      for (std::size_t u = 0; u < count; ++u) {
        if (!spec.updates[u].leaf.same_as(cells[i].leaf())) continue;
        const Tensor& average = averages[i].leaf();
        spec.updates.push_back({average, average + average_input * (spec.updates[u].value - average)});
        break;
      }
    }
  }

  bool is_frozen(const Tensor& leaf) const {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (!cells[i].leaf().same_as(leaf)) continue;
      return std::any_of(options.freeze.begin(), options.freeze.end(), [&](const std::string& pattern) {
        return matches_pattern(parameters[i].name, pattern);
      });
    }
    return false;
  }

  /// The parameters' names with the values of their cells, or of those of their averages.
  std::vector<NamedValue> named(const std::vector<Cell>& values) const {
    std::vector<NamedValue> result;
    for (std::size_t i = 0; i < parameters.size(); ++i)
      result.push_back({parameters[i].name, values[i].value(), parameters[i].trainable});
    return result;
  }

  BatchBuffers buffers(Entry& e) const {
    BatchBuffers result;
    result.inputs = static_cast<float*>(e.execution.input(0));
    if (sample.target_type == DType::i32) {
      result.labels = static_cast<std::int32_t*>(e.execution.input(1));
    } else {
      result.values = static_cast<float*>(e.execution.input(1));
    }
    return result;
  }

  /// Random numbers are a function of the seed and the number of the step.
  std::array<std::int32_t, 2> key() const {
    return {static_cast<std::int32_t>(options.seed ^ (options.seed >> 32)), static_cast<std::int32_t>(steps)};
  }
  void set_key(Entry& e) const { std::memcpy(e.execution.input(2), key().data(), 2 * sizeof(std::int32_t)); }

  /// Feeds the numbers of a step, 1, 2, ..., in the order of the plan's inputs; its key was fed before.
  void set_scalars(Entry& e) {
    options.optimizer.coefficients(steps, learning_rate, coefficients);
    std::size_t input = 3;
    const auto feed = [&](double value) {
      *static_cast<float*>(e.execution.input(input++)) = static_cast<float>(value);
    };
    for (const double coefficient : coefficients) feed(coefficient);
    if (!mixing_input.empty()) feed(mixing_share(options.mixup, options.seed, steps - 1));
    if (!average_input.empty()) {
      const auto t = static_cast<double>(steps);
      feed(1 - std::min(options.ema, (1 + t) / (10 + t)));
    }
  }

  Entry& prepared(Purpose purpose) {
    if (batch_size == 0) throw Error("training step: ask for the buffers of a batch first");
    if (current == nullptr || current->n != batch_size || current->purpose != purpose) {
      // Used now, so that the plan to be made does not take its place.
      Entry* from = current == nullptr ? nullptr : &entry(current->n, current->purpose);
      Entry& to = entry(batch_size, purpose);
      // The same batch for another purpose: what was written goes along.
      if (from != nullptr && from->n == batch_size) copy_batch(*from, to);
      current = &to;
    }
    return *current;
  }

  void copy_batch(Entry& from, Entry& to) const {
    const auto x = static_cast<std::size_t>(batch_size * sample.input.elements()) * sizeof(float);
    const std::size_t y =
        sample.target_type == DType::i32
            ? static_cast<std::size_t>(batch_size) * sizeof(std::int32_t)
            : static_cast<std::size_t>(batch_size * sample.target.elements()) * sizeof(float);
    std::memcpy(to.execution.input(0), from.execution.input(0), x);
    std::memcpy(to.execution.input(1), from.execution.input(1), y);
  }
};

TrainingStep::TrainingStep(const Module& model, SampleShape sample, TrainingOptions options)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.model = model.clone();
  s.sample = std::move(sample);
  s.options = std::move(options);
  require_option(s.options.mixup >= 0 && std::isfinite(s.options.mixup), "mixup", "zero or a positive number",
                 s.options.mixup);
  require_option(s.options.ema >= 0 && s.options.ema < 1, "ema", "a decay in [0, 1)", s.options.ema);
  if (s.options.mixup > 0) s.mixing_input = Tensor::placeholder({}, DType::f32, "mixing");
  if (s.options.ema > 0) s.average_input = Tensor::placeholder({}, DType::f32, "averaging");
  s.parameters = parameters(*s.model);
  for (const std::string& pattern : s.options.freeze) freeze(s.parameters, pattern);
  const auto per_parameter = s.options.optimizer.slots();
  for (std::size_t i = 0; i < s.parameters.size(); ++i) {
    const NamedTensor& parameter = s.parameters[i];
    s.cells.emplace_back(*parameter.value, 0.0);
    if (s.options.ema > 0) {
      const Tensor leaf =
          Tensor::placeholder(parameter.value->shape(), DType::f32, parameter.name + ".average");
      s.averages.emplace_back(leaf, 0.0);
      s.averages.back().set(parameter.name, *parameter.value);
    }
    if (!parameter.trainable) continue;
    s.trainable.push_back(i);
    for (int slot = 0; slot < per_parameter; ++slot) {
      const Tensor leaf =
          Tensor::placeholder(parameter.value->shape(), DType::f32, parameter.name + ".state");
      s.slots.emplace_back(leaf, s.options.optimizer.initial_state(slot));
      s.slot_names.push_back(parameter.name + "#" + std::to_string(slot));
    }
  }
  if (s.trainable.empty()) throw ConfigError("the model has no parameter to train");
  s.learning_rate = s.options.optimizer.learning_rate();
  s.coefficients.resize(static_cast<std::size_t>(s.options.optimizer.coefficient_count()));
  for (std::size_t i = 0; i < s.coefficients.size(); ++i) {
    s.coefficient_inputs.push_back(Tensor::placeholder({}, DType::f32, "coefficient " + std::to_string(i)));
  }
}

TrainingStep::~TrainingStep() = default;
TrainingStep::TrainingStep(TrainingStep&&) noexcept = default;
TrainingStep& TrainingStep::operator=(TrainingStep&&) noexcept = default;

BatchBuffers TrainingStep::batch(std::int64_t n) {
  State& s = *state_;
  if (s.current == nullptr || s.current->n != n || s.current->purpose != State::Purpose::step) {
    s.current = &s.entry(n, State::Purpose::step);
    s.batch_size = n;
  }
  return s.buffers(*s.current);
}

double TrainingStep::run() {
  State& s = *state_;
  State::Entry& entry = s.prepared(State::Purpose::step);
  s.set_key(entry);
  ++s.steps;
  s.set_scalars(entry);
  entry.execution.run();
  return *static_cast<const float*>(entry.execution.output(0));
}

double TrainingStep::operator()(const Tensor& x, const Tensor& y) {
  const State& s = *state_;
  const std::int64_t n = x.shape().rank() > 0 ? x.shape()[0] : 0;
  if (n == 0 || x.dtype() != DType::f32 || x.size() != n * s.sample.input.elements()) {
    throw ShapeError("training step: expected inputs f32 [n, ...] with samples of shape " +
                     to_string(s.sample.input) + ", got " + std::string(to_string(x.dtype())) +
                     to_string(x.shape()));
  }
  const bool labels = s.sample.target_type == DType::i32;
  const std::int64_t targets = labels ? n : n * s.sample.target.elements();
  if (y.dtype() != s.sample.target_type || y.size() != targets) {
    throw ShapeError("training step: expected " + std::string(to_string(s.sample.target_type)) +
                     " targets for " + std::to_string(n) + " samples, " + std::to_string(targets) +
                     " elements, got " + std::string(to_string(y.dtype())) + to_string(y.shape()));
  }
  const BatchBuffers buffers = batch(n);
  const Tensor x_values = hebb::evaluate(x);
  const Tensor y_values = hebb::evaluate(y);
  std::memcpy(buffers.inputs, x_values.node().data, static_cast<std::size_t>(x.size()) * sizeof(float));
  std::memcpy(labels ? static_cast<void*>(buffers.labels) : buffers.values, y_values.node().data,
              static_cast<std::size_t>(y.size()) * 4);
  return run();
}

double TrainingStep::loss_and_gradient(std::span<float> gradient) {
  State& s = *state_;
  State::Entry& entry = s.prepared(State::Purpose::gradient);
  s.set_key(entry);
  entry.execution.run();
  std::size_t at = 0;
  for (std::size_t i = 0; i < s.trainable.size(); ++i) {
    const auto size = static_cast<std::size_t>(s.cells[s.trainable[i]].leaf().size());
    if (at + size > gradient.size())
      throw ShapeError("loss_and_gradient: the gradient needs trainable_size() elements");
    std::memcpy(gradient.data() + at, entry.execution.output(1 + i), size * sizeof(float));
    at += size;
  }
  return *static_cast<const float*>(entry.execution.output(0));
}

std::int64_t TrainingStep::trainable_size() const {
  std::int64_t size = 0;
  for (const std::size_t index : state_->trainable) size += state_->cells[index].leaf().size();
  return size;
}

void TrainingStep::get_trainable(std::span<float> flat) const {
  if (static_cast<std::int64_t>(flat.size()) != trainable_size())
    throw ShapeError("get_trainable: wrong size");
  float* to = flat.data();
  for (const std::size_t index : state_->trainable) {
    const std::span<float> from = state_->cells[index].floats();
    to = std::copy(from.begin(), from.end(), to);
  }
}

void TrainingStep::set_trainable(std::span<const float> flat) {
  if (static_cast<std::int64_t>(flat.size()) != trainable_size())
    throw ShapeError("set_trainable: wrong size");
  const float* from = flat.data();
  for (const std::size_t index : state_->trainable) {
    const std::span<float> to = state_->cells[index].floats();
    std::copy_n(from, to.size(), to.begin());
    from += to.size();
  }
}

BatchBuffers TrainingStep::evaluation_batch(std::int64_t n) {
  State& s = *state_;
  if (s.evaluating == nullptr || s.evaluating->n != n) s.evaluating = &s.entry(n, State::Purpose::evaluation);
  return s.buffers(*s.evaluating);
}

TrainingStep::Evaluation TrainingStep::evaluate() {
  State& s = *state_;
  if (s.evaluating == nullptr) throw Error("evaluate: ask for the buffers of a batch first");
  Execution& execution = s.evaluating->execution;
  execution.run();
  return {{static_cast<const float*>(execution.output(1)),
           static_cast<std::size_t>(s.evaluating->outputs_per_batch)},
          *static_cast<const float*>(execution.output(0))};
}

Tensor TrainingStep::mixing() const {
  const State& s = *state_;
  if (s.mixing_input.empty()) return {};
  const auto share = static_cast<float>(mixing_share(s.options.mixup, s.options.seed, s.steps));
  return Tensor::from(std::span(&share, 1), Shape{});
}
Tensor TrainingStep::key() const {
  return Tensor::from(std::span<const std::int32_t>(state_->key()), Shape{2});
}
std::int64_t TrainingStep::steps() const { return state_->steps; }
double TrainingStep::learning_rate() const { return state_->learning_rate; }
void TrainingStep::set_learning_rate(double rate) { state_->learning_rate = rate; }

void TrainingStep::store(Module& model) const { load_exactly(parameters(model), inference_state()); }

std::vector<NamedValue> TrainingStep::inference_state() const {
  return state_->averages.empty() ? parameter_state() : state_->named(state_->averages);
}

std::vector<NamedValue> TrainingStep::parameter_state() const { return state_->named(state_->cells); }

std::vector<NamedValue> TrainingStep::optimizer_state() const {
  std::vector<NamedValue> values;
  for (std::size_t i = 0; i < state_->slots.size(); ++i) {
    values.push_back({state_->slot_names[i], state_->slots[i].value(), true});
  }
  return values;
}

void TrainingStep::set_state(const std::vector<NamedValue>& parameters,
                             const std::vector<NamedValue>& optimizer, std::int64_t steps,
                             const std::vector<NamedValue>& average) {
  const auto assign = [](std::vector<Cell>& cells, const auto& name_of,
                         const std::vector<NamedValue>& values) {
    if (values.size() != cells.size()) {
      throw FormatError("training state: expected " + std::to_string(cells.size()) + " tensors, got " +
                        std::to_string(values.size()));
    }
    std::unordered_map<std::string, const NamedValue*> by_name;
    for (const NamedValue& value : values) by_name[value.name] = &value;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const auto found = by_name.find(name_of(i));
      if (found == by_name.end()) throw FormatError("training state: no tensor is named " + name_of(i));
      cells[i].set(name_of(i), found->second->value);
    }
  };
  const auto parameter_name = [&](std::size_t i) { return state_->parameters[i].name; };
  assign(state_->cells, parameter_name, parameters);
  assign(state_->averages, parameter_name, average);
  assign(
      state_->slots, [&](std::size_t i) { return state_->slot_names[i]; }, optimizer);
  state_->steps = steps;
}

std::string TrainingStep::plan() const {
  return state_->current == nullptr ? "" : state_->current->plan->to_string();
}

std::size_t TrainingStep::plan_bytes(std::int64_t n) const {
  return Plan(state_->draft(n, State::Purpose::step).spec).memory_bytes();
}

std::size_t TrainingStep::state_bytes() const {
  std::size_t bytes = 0;
  for (const std::vector<Cell>* group : {&state_->cells, &state_->slots, &state_->averages}) {
    for (const Cell& cell : *group) bytes += cell.bytes();
  }
  return bytes;
}

}  // namespace hebb
