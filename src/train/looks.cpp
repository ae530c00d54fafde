#include "train/looks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "core/parallel.hpp"
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

Tensors values_of(const std::vector<NamedValue>& named) {
  Tensors values;
  for (const NamedValue& value : named) values.push_back(value.value);
  return values;
}

void put(const std::vector<NamedTensor>& parameters, const Tensors& values) {
  for (std::size_t i = 0; i < parameters.size(); ++i) *parameters[i].value = values[i];
}

// A look costs the work on some samples and a forward pass, a third of a step, of the probe.
DueLooks::DueLooks(std::int64_t count, std::int64_t cost, std::int64_t epochs) : last_(epochs) {
  const double samples = static_cast<double>(cost) + static_cast<double>(probe_size(count)) / 3;
  const auto wanted = static_cast<std::int64_t>(std::ceil(samples / (kShare * static_cast<double>(count))));
  const std::int64_t most = std::max<std::int64_t>(1, epochs / kLeastLooks);
  stride_ = std::max(std::min(wanted, most), (epochs + kMostLooks - 1) / kMostLooks);
}

bool DueLooks::operator()(std::int64_t epoch) const {
  return epoch == 1 || epoch == last_ || epoch % stride_ == 0;
}

std::vector<LayerInsight> layer_insights(const std::vector<NamedTensor>& parameters, const Tensors& before,
                                         const Tensors& after, const Tensors& squared_gradients) {
  std::vector<LayerInsight> found;
  std::vector<std::vector<float>> weights;
  std::size_t gradient = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].trainable) continue;
    const std::string name = layer_of(parameters[i].name);
    auto at = std::find_if(found.begin(), found.end(), [&](const LayerInsight& l) { return l.name == name; });
    if (at == found.end()) {
      at = found.insert(at, LayerInsight{.name = name});
      weights.emplace_back();
    }
    const auto now = after[i].data<float>();
    at->gradient_norm += squared_gradients.empty() ? std::numeric_limits<double>::quiet_NaN()
                                                   : squared_gradients[gradient++].item();
    at->weight_norm += squared(before[i].data<float>());
    at->update_norm += squared_distance(before[i].data<float>(), now);
    std::vector<float>& all = weights[static_cast<std::size_t>(at - found.begin())];
    all.insert(all.end(), now.begin(), now.end());
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    LayerInsight& layer = found[i];
    for (double* sum : {&layer.gradient_norm, &layer.weight_norm, &layer.update_norm}) *sum = std::sqrt(*sum);
    layer.weights = histogram(weights[i]);
  }
  return found;
}

Activations::Activations(std::shared_ptr<const Module> model, const std::vector<NamedTensor>& parameters,
                         const Dataset& data, const std::vector<std::int64_t>& samples, Precision precision)
    : layers_(std::dynamic_pointer_cast<const Sequential>(model)), probe_(probe_of(data, samples)) {
  if (layers_ == nullptr) return;
  values_ = compile(
      [layers = layers_, parameters](const Tensors& in) {
        put(parameters, in);
        ForwardContext context;
        Tensors values;
        Tensor y = in.back();
        for (std::size_t i = 0; i < layers->size(); ++i) {
          y = layers->layer(i)(y, context);
          if (!passes_on(layers->layer(i))) values.push_back(y);
        }
        return values;
      },
      {.cache_size = 2, .precision = precision});
}

std::int64_t Activations::samples() const {
  std::int64_t count = 0;
  for (const Tensor& part : probe_) count += part.shape()[0];
  return count;
}

std::vector<ActivationInsight> Activations::operator()(const Tensors& parameters) const {
  std::vector<ActivationInsight> found;
  if (!values_) return found;
  for (std::size_t i = 0; i < layers_->size(); ++i) {
    if (passes_on(layers_->layer(i))) continue;
    found.push_back(
        {.name = std::string(layers_->layer(i).name()), .description = layers_->layer(i).describe()});
  }
  std::vector<Units> units(found.size());
  for (const Tensor& part : probe_) {
    Tensors inputs = parameters;
    inputs.push_back(part);
    const Tensors values = (*values_)(inputs);
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
