#include <algorithm>
#include <cmath>
#include <string>

#include "hebb/error.hpp"
#include "hebb/graded_memory.hpp"
#include "memory/batch.hpp"
#include "memory/runge_kutta.hpp"
#include "memory/sign_patterns.hpp"

namespace hebb::memory {

namespace {

void check_positive(double value, const char* what) {
  if (!(value > 0) || !std::isfinite(value))
    throw ConfigError(std::string(what) + " must be positive and finite; got " + std::to_string(value));
}

void check_values(const std::vector<double>& values, std::int64_t expected, const char* what) {
  if (values.empty()) return;
  if (values.size() != static_cast<std::size_t>(expected))
    throw ShapeError(std::string(what) + " has " + std::to_string(values.size()) + " values; expected " +
                     std::to_string(expected));
  for (const double value : values) {
    if (!std::isfinite(value)) throw ConfigError(std::string(what) + " holds a value that is not finite");
  }
}

/// int_0^V artanh(V) dV.
double area_under_artanh(double v) {
  const auto part = [](double x) { return x > 0 ? x * std::log(x) : 0; };
  return (part(1 + v) + part(1 - v)) / 2;
}

void check_options(const RecallOptions& options) {
  if (options.order != Order::random && options.order != Order::synchronous)
    throw ConfigError("graded units all move at once; there is no order in which they are updated");
  if (!options.temperatures.empty()) throw ConfigError("graded units have no temperature");
  if (options.max_sweeps < 1)
    throw ConfigError("max_sweeps must be at least 1; got " + std::to_string(options.max_sweeps));
}

}  // namespace

class GradedMemory::Inside {
 public:
  Inside(std::int64_t units, GradedOptions given) : patterns(units), options(std::move(given)) {
    check_positive(options.gain, "gain");
    check_positive(options.capacitance, "capacitance");
    check_positive(options.relative_tolerance, "relative_tolerance");
    check_positive(options.absolute_tolerance, "absolute_tolerance");
    check_positive(options.rest, "rest");
    check_values(options.resistance, units, "resistance");
    check_values(options.input_current, units, "input_current");
    check_values(options.weights, units * units, "weights");
    conductance.assign(static_cast<std::size_t>(units), 1);
    for (std::size_t i = 0; i < options.resistance.size(); ++i) {
      check_positive(options.resistance[i], "resistance");
      conductance[i] = 1 / options.resistance[i];
    }
    sweep_time = options.capacitance / *std::min_element(conductance.begin(), conductance.end());
    symmetric = is_symmetric();
  }

  /// sum_j T_ij V_j + I_i.
  void field(std::span<const double> outputs, std::span<double> result) const;
  double energy(std::span<const double> outputs) const;
  std::vector<double> outputs_of(std::span<const double> inputs) const {
    std::vector<double> outputs(inputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = std::tanh(options.gain * inputs[i]);
    return outputs;
  }

  SignPatterns patterns;
  GradedOptions options;
  std::vector<double> conductance;  ///< 1/R_i
  double sweep_time = 1;
  bool symmetric = true;

 private:
  bool is_symmetric() const {
    const auto n = static_cast<std::size_t>(options.weights.empty() ? 0 : patterns.units());
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (options.weights[i * n + j] != options.weights[j * n + i]) return false;
      }
    }
    return true;
  }
};

void GradedMemory::Inside::field(std::span<const double> outputs, std::span<double> result) const {
  const std::size_t n = outputs.size();
  if (options.weights.empty()) {
    std::vector<double> sums(static_cast<std::size_t>(patterns.size()));
    patterns.sums(outputs, sums);
    patterns.superpose(sums, result);
    const auto count = static_cast<double>(patterns.size());
    for (std::size_t i = 0; i < n; ++i) result[i] = (result[i] - count * outputs[i]) / static_cast<double>(n);
  } else {
    for (std::size_t i = 0; i < n; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < n; ++j) sum += options.weights[i * n + j] * outputs[j];
      result[i] = sum;
    }
  }
  for (std::size_t i = 0; i < options.input_current.size(); ++i) result[i] += options.input_current[i];
}

double GradedMemory::Inside::energy(std::span<const double> outputs) const {
  std::vector<double> fields(outputs.size());
  field(outputs, fields);
  double result = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const double current = options.input_current.empty() ? 0 : options.input_current[i];
    result += -0.5 * (fields[i] + current) * outputs[i] +
              conductance[i] / options.gain * area_under_artanh(outputs[i]);
  }
  return result;
}

namespace {

/// Inputs whose outputs are the cue.
std::vector<double> inputs_of(std::span<const double> cue, double gain) {
  constexpr double kMost = 1 - 0x1p-24;  // the float next to 1
  std::vector<double> inputs;
  inputs.reserve(cue.size());
  for (const double v : cue) inputs.push_back(std::atanh(std::clamp(v, -kMost, kMost)) / gain);
  return inputs;
}

}  // namespace

/// A run from a cue, step by step.
class GradedMemory::Run {
 public:
  Run(const Inside& inside, std::span<const double> cue)
      : inside_(inside),
        outputs_(cue.size()),
        fields_(cue.size()),
        solver_(
            inputs_of(cue, inside.options.gain), [this](auto u, auto slope) { this->slope(u, slope); },
            {inside.options.absolute_tolerance / inside.options.gain, inside.options.relative_tolerance}) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  double time() const { return solver_.time(); }
  bool step(double end) { return solver_.step(end); }
  std::vector<double> outputs() const { return inside_.outputs_of(solver_.state()); }

  bool rests() const {
    const double own = 1 / inside_.options.gain;
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      const double leak = std::abs(solver_.state()[i]) * inside_.conductance[i];
      const double sum = inside_.options.capacitance * solver_.slope()[i];
      const double sizes = 2 * leak + std::abs(sum) + own * inside_.conductance[i];
      if (!std::isfinite(sum) || std::abs(sum) > inside_.options.rest * sizes) return false;
    }
    return true;
  }
  double speed() const {
    double most = 0;
    for (const double s : solver_.slope()) most = std::max(most, std::abs(s));
    return most;
  }

 private:
  void slope(std::span<const double> u, std::span<double> result) {
    for (std::size_t i = 0; i < u.size(); ++i) outputs_[i] = std::tanh(inside_.options.gain * u[i]);
    inside_.field(outputs_, fields_);
    for (std::size_t i = 0; i < u.size(); ++i)
      result[i] = (fields_[i] - u[i] * inside_.conductance[i]) / inside_.options.capacitance;
  }

  const Inside& inside_;
  std::vector<double> outputs_, fields_;
  RungeKutta solver_;
};

GradedMemory::GradedMemory(std::int64_t units, const GradedOptions& options)
    : inside_(std::make_unique<Inside>(units, options)) {}
GradedMemory::~GradedMemory() = default;
GradedMemory::GradedMemory(GradedMemory&&) noexcept = default;
GradedMemory& GradedMemory::operator=(GradedMemory&&) noexcept = default;

const GradedOptions& GradedMemory::options() const { return inside_->options; }
std::int64_t GradedMemory::units() const { return inside_->patterns.units(); }
std::int64_t GradedMemory::size() const { return inside_->patterns.size(); }
std::vector<float> GradedMemory::pattern(std::int64_t index) const { return inside_->patterns.values(index); }
void GradedMemory::store(std::span<const float> pattern) { inside_->patterns.append(pattern); }
void GradedMemory::forget(std::int64_t index) { inside_->patterns.remove(index); }
bool GradedMemory::has_energy() const { return inside_->symmetric; }

std::optional<double> GradedMemory::energy(std::span<const float> state) const {
  const std::vector<double> outputs = checked_state(state, units());
  if (!has_energy()) return std::nullopt;
  return inside_->energy(outputs);
}

std::vector<float> GradedMemory::field(std::span<const float> state) const {
  const std::vector<double> outputs = checked_state(state, units());
  std::vector<double> result(outputs.size());
  inside_->field(outputs, result);
  return {result.begin(), result.end()};
}

std::vector<double> GradedMemory::overlaps(std::span<const float> state) const {
  return inside_->patterns.overlaps(checked_state(state, units()));
}

std::vector<double> GradedMemory::checked_cue(std::span<const float> cue,
                                              const RecallOptions& options) const {
  check_options(options);
  if (size() == 0 && inside_->options.weights.empty())
    throw ConfigError("nothing is stored that could be recalled");
  return checked_state(cue, units());
}

Recall GradedMemory::recall(std::span<const float> cue, const RecallOptions& options) const {
  Run run(*inside_, checked_cue(cue, options));
  const auto energy = [&](const std::vector<double>& outputs) {
    return has_energy() ? std::optional<double>(inside_->energy(outputs)) : std::nullopt;
  };
  Recall result;
  std::vector<double> outputs = run.outputs();
  result.energy_start = energy(outputs);
  if (options.trace) result.trace.push_back({0, 0, result.energy_start, inside_->patterns.overlaps(outputs)});
  bool moves = !run.rests();
  while (moves && result.sweeps < options.max_sweeps) {
    ++result.sweeps;
    const double end = static_cast<double>(result.sweeps) * inside_->sweep_time;
    while (moves && run.time() < end) moves = run.step(end) && !run.rests();
    const std::vector<double> before = std::move(outputs);
    outputs = run.outputs();
    std::int64_t flips = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) flips += before[i] * outputs[i] < 0 ? 1 : 0;
    result.flips += flips;
    if (options.trace)
      result.trace.push_back({result.sweeps, flips, energy(outputs), inside_->patterns.overlaps(outputs)});
  }
  if (run.rests()) result.ending = Ending::fixed_point;
  result.energy_end = energy(outputs);
  result.state.assign(outputs.begin(), outputs.end());
  return result;
}

std::vector<Recall> GradedMemory::recall_batch(std::span<const float> cues,
                                               const RecallOptions& options) const {
  return recall_in_parallel(*this, cues, options,
                            [&](std::span<const float> cue) { checked_cue(cue, options); });
}

std::vector<GradedPoint> GradedMemory::trajectory(std::span<const float> cue,
                                                  const RecallOptions& options) const {
  Run run(*inside_, checked_cue(cue, options));
  std::vector<GradedPoint> points;
  const double end = static_cast<double>(options.max_sweeps) * inside_->sweep_time;
  do {
    const std::vector<double> outputs = run.outputs();
    points.push_back({run.time(), std::nullopt, run.speed(), inside_->patterns.overlaps(outputs)});
    if (has_energy()) points.back().energy = inside_->energy(outputs);
  } while (!run.rests() && run.time() < end && run.step(end));
  return points;
}

}  // namespace hebb::memory
