#include "hebb/madaline.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hebb/error.hpp"
#include "hebb/random.hpp"
#include "kernels/weighted_sums.hpp"
#include "neurons/dense_layer.hpp"
#include "nn/description.hpp"

namespace hebb::neurons {

namespace {

constexpr std::uint64_t kWeightStream = std::uint64_t{1} << 40;  // apart from those of the epochs

LinearModel random_model(std::int64_t inputs, std::int64_t outputs, Random& random) {
  LinearModel model{.inputs = inputs, .outputs = outputs};
  const float bound = 1 / std::sqrt(static_cast<float>(inputs));
  for (std::int64_t j = 0; j < inputs * outputs; ++j)
    model.weights.push_back(static_cast<double>(random.uniform(-bound, bound)));
  for (std::int64_t c = 0; c < outputs; ++c)
    model.bias.push_back(static_cast<double>(random.uniform(-bound, bound)));
  return model;
}

}  // namespace

/// One sample, as the network sees it.
struct Madaline::Look {
  std::vector<double> sums;     // of hidden units
  std::vector<float> signs;     // of them
  std::vector<double> outputs;  // scores
  std::vector<double> targets;  // -1 or 1

  std::int64_t wrong() const {
    std::int64_t count = 0;
    for (std::size_t c = 0; c < outputs.size(); ++c) count += targets[c] * outputs[c] <= 0 ? 1 : 0;
    return count;
  }
};

Madaline::Madaline(MadalineOptions options)
    : Classifier(options.max_epochs, options.classes), options_(options) {
  constexpr std::int64_t kMostHidden = 1 << 20;
  if (options.hidden < 1 || options.hidden > kMostHidden)
    throw ConfigError("hidden: expected 1 to 2^20 units, got " + std::to_string(options.hidden));
  if (!(options.learning_rate > 0 && options.learning_rate <= 1))
    throw ConfigError("learning_rate: expected a share in (0, 1], got " + number_text(options.learning_rate));
}

void Madaline::reset() {
  Random random(options_.seed, kWeightStream);
  hidden_ = random_model(inputs(), options_.hidden, random);
  output_ = random_model(options_.hidden, outputs(), random);
  turns_ = 0;
  clean_ = false;
}

void Madaline::score_outputs(Look& at) const {
  const std::int64_t n = output_.inputs;
  weighted_sums({.weights = output_.weights.data(), .rows = output_.outputs, .stride = n, .n = n},
                at.signs.data(), at.outputs.data());
  for (std::size_t c = 0; c < at.outputs.size(); ++c) at.outputs[c] += output_.bias[c];
}

void Madaline::look(const float* x, Look& at) const {
  at.sums.resize(hidden_.bias.size());
  at.signs.resize(hidden_.bias.size());
  at.outputs.resize(output_.bias.size());
  const std::int64_t n = hidden_.inputs;
  weighted_sums({.weights = hidden_.weights.data(), .rows = hidden_.outputs, .stride = n, .n = n}, x,
                at.sums.data());
  for (std::size_t k = 0; k < at.sums.size(); ++k) {
    at.sums[k] += hidden_.bias[k];
    at.signs[k] = at.sums[k] >= 0 ? 1 : -1;
  }
  score_outputs(at);
}

namespace {

/// Takes a share of the difference between a unit's score s and the wanted one away.
void correct(LinearModel& model, std::size_t unit, double change, const float* x) {
  const std::int64_t n = model.inputs;
  double square = 1;
  for (std::int64_t j = 0; j < n; ++j) square += static_cast<double>(x[j]) * static_cast<double>(x[j]);
  move_along(model.weights.data() + static_cast<std::int64_t>(unit) * n, n, 1, change / square, x);
  model.bias[unit] += change / square;
}

}  // namespace

void Madaline::learn(const float* x, Look& at) {
  std::vector<std::size_t> order(at.sums.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return std::abs(at.sums[a]) < std::abs(at.sums[b]); });
  std::int64_t wrong = at.wrong();
  for (const std::size_t unit : order) {
    if (wrong == 0) return;
    at.signs[unit] = -at.signs[unit];
    score_outputs(at);
    const std::int64_t now = at.wrong();
    if (now < wrong) {
      wrong = now;
      ++turns_;
      correct(hidden_, unit, options_.learning_rate * (static_cast<double>(at.signs[unit]) - at.sums[unit]),
              x);
    } else {
      at.signs[unit] = -at.signs[unit];
    }
  }
  score_outputs(at);
  for (std::size_t c = 0; c < at.outputs.size(); ++c) {
    if (at.targets[c] * at.outputs[c] > 0) continue;
    correct(output_, c, options_.learning_rate * (at.targets[c] - at.outputs[c]), at.signs.data());
  }
}

EpochSummary Madaline::pass(const Samples& x, std::span<const std::int32_t> labels) {
  std::vector<std::int32_t> order(labels.size());
  std::iota(order.begin(), order.end(), 0);
  if (options_.shuffle)
    order = Random(options_.seed, static_cast<std::uint64_t>(epochs()))
                .permutation(static_cast<std::int32_t>(x.count()));
  EpochSummary summary{.learning_rate = options_.learning_rate};
  Look at;
  for (const std::int32_t sample : order) {
    const std::int32_t label = labels[static_cast<std::size_t>(sample)];
    look(x.row(sample), at);
    at.targets.assign(at.outputs.size(), -1);
    if (at.outputs.size() == 1) {
      at.targets[0] = label == 1 ? 1 : -1;
    } else {
      at.targets[static_cast<std::size_t>(label)] = 1;
    }
    for (std::size_t c = 0; c < at.outputs.size(); ++c)
      summary.loss += std::max(0.0, -at.targets[c] * at.outputs[c]) / static_cast<double>(x.count());
    if (at.wrong() == 0) continue;
    ++summary.mistakes;
    learn(x.row(sample), at);
  }
  clean_ = summary.mistakes == 0;
  return summary;
}

void Madaline::scores(const Samples& x, std::span<double> to) const {
  Look at;
  for (std::int64_t i = 0; i < x.count(); ++i) {
    look(x.row(i), at);
    std::copy(at.outputs.begin(), at.outputs.end(), to.begin() + i * outputs());
  }
}

std::string Madaline::report(std::span<const std::string>) const {
  return std::to_string(options_.hidden) + " step units, turned over " + std::to_string(turns_) +
         " times; wrong samples in the last epoch: " + std::to_string(last_epoch().mistakes) + "\n";
}

std::string Madaline::describe() const {
  return "madaline(" + std::to_string(options_.hidden) + (options_.shuffle ? "" : ", shuffle=false") + ")";
}

Sequential Madaline::network(const Shape& input_shape) const {
  require_learned();
  return step_network(hidden_, output_, {}, input_shape);
}

std::vector<double> Madaline::state() const {
  require_learned();
  std::vector<double> numbers = {clean_ ? 1.0 : 0.0, static_cast<double>(turns_)};
  for (const auto* values : {&hidden_.weights, &hidden_.bias, &output_.weights, &output_.bias})
    numbers.insert(numbers.end(), values->begin(), values->end());
  return numbers;
}

void Madaline::restore(std::span<const double> state) {
  const bool finite =
      std::all_of(state.begin(), state.end(), [](double value) { return std::isfinite(value); });
  if (state.size() != this->state().size() || !finite || !(state[1] >= 0 && state[1] < 0x1p53))
    throw FormatError(describe() + ": not a state that `state` gives");
  clean_ = state[0] != 0;
  turns_ = static_cast<std::int64_t>(state[1]);
  auto next = state.begin() + 2;
  for (auto* values : {&hidden_.weights, &hidden_.bias, &output_.weights, &output_.bias})
    for (double& value : *values) value = *next++;
}

}  // namespace hebb::neurons
