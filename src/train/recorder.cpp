#include "train/recorder.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "core/parallel.hpp"
#include "hebb/ops.hpp"
#include "optim/mixup.hpp"
#include "train/training.hpp"

namespace hebb::training {

namespace {

constexpr std::int64_t kLeastProbe = 64;
constexpr std::int64_t kMostProbe = 256;  // samples of which the activations are
constexpr std::int64_t kPart = 64;        // of them at a time, which bounds the memory
constexpr std::int64_t kLeastLooks = 50;  // in a run of as many epochs
constexpr std::int64_t kMostLooks = 200;
constexpr double kShare = 0.02;  // of the work of training that looking may be, but for the least looks

// They only move values, or do nothing outside training.
constexpr std::array<std::string_view, 10> kPassing = {
    "flatten", "reshape",       "dropout",       "spatial_dropout", "maxpool",
    "avgpool", "globalavgpool", "globalmaxpool", "upsample",        "subsample"};

bool passes_on(const Layer& layer) {
  const std::string description = layer.describe();
  const std::string_view kind = std::string_view(description).substr(0, description.find('('));
  return std::find(kPassing.begin(), kPassing.end(), kind) != kPassing.end();
}

/// "dense_1" of "dense_1.weight".
std::string layer_of(const std::string& parameter) {
  const std::size_t dot = parameter.rfind('.');
  return dot == std::string::npos ? parameter : parameter.substr(0, dot);
}

Tensors values_of(const std::vector<NamedValue>& named) {
  Tensors values;
  for (const NamedValue& value : named) values.push_back(value.value);
  return values;
}

/// Gives the model other parameters, which may be placeholders.
void put(const std::vector<NamedTensor>& parameters, const Tensors& values) {
  for (std::size_t i = 0; i < parameters.size(); ++i) *parameters[i].value = values[i];
}

double squared(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return sum;
}

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += difference * difference;
  }
  return sum;
}

std::int64_t probe_size(std::int64_t count) {
  return std::min(count, std::clamp(count / 32, kLeastProbe, kMostProbe));
}

/// A look costs a step on a batch and a forward pass, a third of a step, of the probe.
std::int64_t stride_of(std::int64_t count, std::int64_t batch, std::int64_t epochs) {
  const double samples = static_cast<double>(batch) + static_cast<double>(probe_size(count)) / 3;
  const auto wanted = static_cast<std::int64_t>(std::ceil(samples / (kShare * static_cast<double>(count))));
  const std::int64_t most = std::max<std::int64_t>(1, epochs / kLeastLooks);
  return std::max(std::min(wanted, most), (epochs + kMostLooks - 1) / kMostLooks);
}

/// Inputs of samples spread over those given, in parts.
Tensors probe_of(const Dataset& data, const std::vector<std::int64_t>& samples) {
  const auto count = static_cast<std::int64_t>(samples.size());
  const std::int64_t size = probe_size(count);
  Tensors parts;
  for (std::int64_t start = 0; start < size; start += kPart) {
    std::vector<std::int64_t> chosen;
    for (std::int64_t i = start; i < std::min(size, start + kPart); ++i)
      chosen.push_back(samples[static_cast<std::size_t>(i * count / size)]);
    const Shape shape = batch_shape(static_cast<std::int64_t>(chosen.size()), data.input_shape());
    parts.push_back(Tensor::make<float>(shape, [&](float* to) { data.fill(chosen, to, {}); }));
  }
  return parts;
}

/// Finds the units of a layer that give one value whatever the sample.
class Units {
 public:
  /// The next values, [..., units].
  void add(std::span<const float> values, std::int64_t units) {
    const auto width = static_cast<std::size_t>(units);
    least_.resize(width, std::numeric_limits<float>::infinity());
    most_.resize(width, -std::numeric_limits<float>::infinity());
    for (std::size_t row = 0; row + width <= values.size(); row += width) {
      for (std::size_t i = 0; i < width; ++i) {
        least_[i] = std::min(least_[i], values[row + i]);
        most_[i] = std::max(most_[i], values[row + i]);
      }
      ++rows_;
    }
  }
  std::int64_t count() const { return static_cast<std::int64_t>(least_.size()); }
  std::int64_t dead() const {
    std::int64_t count = 0;
    if (rows_ < 2) return count;
    for (std::size_t i = 0; i < least_.size(); ++i) count += least_[i] == most_[i] ? 1 : 0;
    return count;
  }

 private:
  std::vector<float> least_;
  std::vector<float> most_;
  std::int64_t rows_ = 0;
};

std::int64_t units_of(const Tensor& values) {
  return values.shape().rank() > 1 ? values.shape().extents().back() : 1;
}

}  // namespace

Recorder::Recorder(const Module& model, const TrainerOptions& options, const Dataset& data,
                   const std::vector<std::int64_t>& samples)
    : model_(model.clone()),
      parameters_(parameters(*model_)),
      input_(data.input_shape()),
      last_epoch_(options.epochs),
      stride_(stride_of(static_cast<std::int64_t>(samples.size()), options.batch_size, options.epochs)),
      probe_(probe_of(data, samples)),
      slopes_(compile({}, {.cache_size = 2, .precision = options.precision})) {
  for (const std::string& pattern : options.freeze) freeze(parameters_, pattern);
  const auto named = parameters_;
  // Of the parameters, then the batch, the key of its random numbers, and the share of its mixing.
  slopes_ = compile(
      [model = model_, named, loss = options.loss, penalties = options.penalty](const Tensors& in) {
        put(named, in);
        const std::size_t at = named.size();
        ForwardContext context{.training = true, .key = in[at + 2]};
        const Tensor share = in.size() > at + 3 ? in[at + 3] : Tensor();
        Tensor total = training_loss(*model, loss, in[at], in[at + 1], share, context);
        if (penalties.l1 != 0 || penalties.l2 != 0) total = total + penalty(named, penalties);
        Tensors leaves;
        for (std::size_t i = 0; i < at; ++i) {
          if (named[i].trainable) leaves.push_back(in[i]);
        }
        Tensors sums;
        for (const Tensor& slope : gradients(total, leaves)) sums.push_back(sum(square(slope)));
        return sums;
      },
      {.cache_size = 2, .precision = options.precision});
  if (dynamic_cast<const Sequential*>(model_.get()) == nullptr) return;
  activations_ = compile(
      [model = model_, named](const Tensors& in) {
        put(named, in);
        const auto& layers = static_cast<const Sequential&>(*model);
        ForwardContext context;
        Tensors values;
        Tensor y = in.back();
        for (std::size_t i = 0; i < layers.size(); ++i) {
          y = layers.layer(i)(y, context);
          if (!passes_on(layers.layer(i))) values.push_back(y);
        }
        return values;
      },
      {.cache_size = 2, .precision = options.precision});
}

bool Recorder::due(std::int64_t epoch) const {
  return epoch == 1 || epoch == last_epoch_ || epoch % stride_ == 0;
}

void Recorder::before(const TrainingStep& step) {
  before_ = values_of(step.parameter_state());
  key_ = step.key();
  mixing_ = step.mixing();
}

Insight Recorder::after(const TrainingStep& step, const BatchBuffers& batch, std::int64_t n,
                        const Shape& target) {
  const Tensors now = values_of(step.parameter_state());
  Insight insight;
  insight.layers = layers(slopes(batch, n, target), now);
  insight.activations = activations(now);
  for (const Tensor& part : probe_) insight.samples += part.shape()[0];
  return insight;
}

Tensors Recorder::slopes(const BatchBuffers& batch, std::int64_t n, const Shape& target) const {
  const auto copy = [&](const Shape& shape, const float* from) {
    return Tensor::from(std::span(from, static_cast<std::size_t>(shape.elements())), shape);
  };
  Tensors inputs = before_;
  inputs.push_back(copy(batch_shape(n, input_), batch.inputs));
  inputs.push_back(
      batch.labels != nullptr
          ? Tensor::from(std::span<const std::int32_t>(batch.labels, static_cast<std::size_t>(n)), {n})
          : copy(batch_shape(n, target), batch.values));
  inputs.push_back(key_);
  if (!mixing_.empty()) inputs.push_back(mixing_);
  return slopes_(inputs);
}

std::vector<LayerInsight> Recorder::layers(const Tensors& squared_slopes, const Tensors& now) const {
  std::vector<LayerInsight> found;
  std::vector<std::vector<float>> weights;
  std::size_t slope = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (!parameters_[i].trainable) continue;
    const std::string name = layer_of(parameters_[i].name);
    auto at = std::find_if(found.begin(), found.end(), [&](const LayerInsight& l) { return l.name == name; });
    if (at == found.end()) {
      at = found.insert(at, LayerInsight{.name = name});
      weights.emplace_back();
    }
    const auto after = now[i].data<float>();
    at->gradient_norm += squared_slopes[slope++].item();
    at->weight_norm += squared(before_[i].data<float>());
    at->update_norm += squared_distance(before_[i].data<float>(), after);
    std::vector<float>& all = weights[static_cast<std::size_t>(at - found.begin())];
    all.insert(all.end(), after.begin(), after.end());
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    LayerInsight& layer = found[i];
    for (double* sum : {&layer.gradient_norm, &layer.weight_norm, &layer.update_norm}) *sum = std::sqrt(*sum);
    layer.weights = histogram(weights[i]);
  }
  return found;
}

std::vector<ActivationInsight> Recorder::activations(const Tensors& now) const {
  std::vector<ActivationInsight> found;
  if (!activations_) return found;
  const auto& model = static_cast<const Sequential&>(*model_);
  for (std::size_t i = 0; i < model.size(); ++i) {
    if (passes_on(model.layer(i))) continue;
    found.push_back({.name = std::string(model.layer(i).name()), .description = model.layer(i).describe()});
  }
  std::vector<Units> units(found.size());
  for (const Tensor& part : probe_) {
    Tensors inputs = now;
    inputs.push_back(part);
    const Tensors values = (*activations_)(inputs);
    const bool first = part.same_as(probe_.front());
    parallel_for(static_cast<std::int64_t>(values.size()), [&](std::int64_t layer) {
      const auto i = static_cast<std::size_t>(layer);
      units[i].add(values[i].data<float>(), units_of(values[i]));
      if (first) found[i].values = histogram(values[i].data<float>());
    });
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    found[i].units = units[i].count();
    found[i].dead = units[i].dead();
  }
  return found;
}

}  // namespace hebb::training
