#include "hebb/surface.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/names.hpp"
#include "explain/steps.hpp"
#include "graph/interpreter.hpp"
#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "hebb/random.hpp"
#include "hebb/transforms.hpp"

namespace hebb {

namespace {

/// Where a parameter lies among all elements that are trained.
struct Part {
  std::string name;
  Shape shape;
  std::size_t begin = 0;
};

std::vector<Part> parts_of(const Module& model, const std::vector<std::string>& frozen) {
  const std::unique_ptr<Module> copy = model.clone();
  std::vector<NamedTensor> named = parameters(*copy);
  for (const std::string& pattern : frozen) freeze(named, pattern);
  std::vector<Part> parts;
  std::size_t begin = 0;
  for (const NamedTensor& p : named) {
    if (!p.trainable) continue;
    parts.push_back({p.name, p.value->shape(), begin});
    begin += static_cast<std::size_t>(p.value->size());
  }
  return parts;
}

/// "dense_1.weight[0, 1]" as a place among the elements.
std::size_t place_of_weight(const std::vector<Part>& parts, const std::string& text) {
  const std::size_t open = text.find('[');
  const std::string name = text.substr(0, open);
  const auto part = std::find_if(parts.begin(), parts.end(), [&](const Part& p) { return p.name == name; });
  if (part == parts.end()) {
    std::vector<std::string_view> names;
    for (const Part& p : parts) names.push_back(p.name);
    throw ConfigError("weight: " + unknown_name("parameter", name, names));
  }
  const auto fail = [&] {
    throw ConfigError(fmt::format("weight: expected a place in {}, of shape {}, such as {}[{}], got {}",
                                  part->name, to_string(part->shape), part->name,
                                  part->shape.rank() == 2 ? "0, 0" : "0", in_quotes(text)));
  };
  if (open == std::string::npos || text.back() != ']') fail();
  std::int64_t element = 0;
  int axis = 0;
  const char* at = text.data() + open + 1;
  const char* const end = text.data() + text.size() - 1;
  while (at < end) {
    while (at < end && (*at == ' ' || *at == ',')) ++at;
    std::int64_t index = 0;
    const auto [next, status] = std::from_chars(at, end, index);
    if (status != std::errc() || axis >= part->shape.rank() || index < 0 || index >= part->shape[axis])
      fail();
    element = element * part->shape[axis++] + index;
    at = next;
  }
  if (axis != part->shape.rank()) fail();
  return part->begin + static_cast<std::size_t>(element);
}

/// A random direction, each output's weights as long as those of the model.
std::vector<double> random_direction(const std::vector<Part>& parts, const std::vector<double>& model,
                                     Random& random) {
  std::vector<double> direction(model.size(), 0.0);
  for (const Part& part : parts) {
    if (part.shape.rank() < 2) continue;
    const auto size = static_cast<std::size_t>(part.shape.elements());
    const auto outputs = static_cast<std::size_t>(part.shape[-1]);
    for (std::size_t i = 0; i < size; ++i) direction[part.begin + i] = random.normal();
    for (std::size_t j = 0; j < outputs; ++j) {
      double own = 0;
      double drawn = 0;
      for (std::size_t i = j; i < size; i += outputs) {
        own += model[part.begin + i] * model[part.begin + i];
        drawn += direction[part.begin + i] * direction[part.begin + i];
      }
      const double scale = drawn > 0 ? std::sqrt(own / drawn) : 0;
      for (std::size_t i = j; i < size; i += outputs) direction[part.begin + i] *= scale;
    }
  }
  return direction;
}

double dot(std::span<const double> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * double{b[i]};
  return sum;
}

/// The loss in a plane: origin + x along + y across.
class PlaneOfLoss {
 public:
  PlaneOfLoss(const Module& model, const TrainerOptions& training, const Dataset& data, std::int64_t most)
      : steps_(model, training, data), parts_(parts_of(model, training.freeze)) {
    const std::int64_t n = std::min(data.size(), most);
    std::vector<std::int64_t> all;
    for (std::int64_t i = 0; i < n; ++i) all.push_back(i * data.size() / n);
    const BatchBuffers buffers = steps_.step().batch(n);
    data.fill(all, buffers.inputs, {.labels = buffers.labels, .values = buffers.values});
    flat_.resize(static_cast<std::size_t>(steps_.step().trainable_size()));
    gradient_.resize(flat_.size());
    steps_.step().get_trainable(flat_);
    origin_.assign(flat_.begin(), flat_.end());
  }

  /// Returns where the model is.
  PlanePoint span_weights(const std::array<std::string, 2>& weights) {
    const std::size_t first = place_of_weight(parts_, weights[0]);
    const std::size_t second = place_of_weight(parts_, weights[1]);
    if (first == second)
      throw ConfigError("weight: expected two different ones, got " + in_quotes(weights[0]) + " twice");
    for (auto& axis : axes_) axis.assign(origin_.size(), 0.0);
    axes_[0][first] = 1;
    axes_[1][second] = 1;
    const PlanePoint model{origin_[first], origin_[second]};
    origin_[first] = origin_[second] = 0;
    return model;
  }
  void span_directions(std::uint64_t seed) {
    Random random(seed, 0x5066);
    for (auto& axis : axes_) {
      axis = random_direction(parts_, origin_, random);
      if (std::all_of(axis.begin(), axis.end(), [](double v) { return v == 0; }))
        throw ConfigError(
            "surface: the model's weights are all zero, and have no directions of their length; name two "
            "weights");
    }
  }

  struct Here {
    double loss;
    std::array<double, 2> slope;
  };
  Here at(const PlanePoint& p) {
    for (std::size_t i = 0; i < flat_.size(); ++i)
      flat_[i] = static_cast<float>(origin_[i] + p.x * axes_[0][i] + p.y * axes_[1][i]);
    steps_.step().set_trainable(flat_);
    const double loss = steps_.step().loss_and_gradient(gradient_);
    return {loss, {dot(axes_[0], gradient_), dot(axes_[1], gradient_)}};
  }

 private:
  explaining::Steps steps_;
  std::vector<Part> parts_;
  std::vector<float> flat_, gradient_;
  std::vector<double> origin_;
  std::array<std::vector<double>, 2> axes_;
};

Tensor pair(double a, double b) {
  const std::array<double, 2> values = {a, b};
  return Tensor::from(std::span<const double>(values), Shape{2});
}

DescentPath descend(PlaneOfLoss& plane, const Optimizer& optimizer, const PlanePoint& start,
                    std::int64_t steps) {
  DescentPath path{.name = std::string(optimizer.name()), .learning_rate = optimizer.learning_rate()};
  Tensors state;
  for (int slot = 0; slot < optimizer.slots(); ++slot)
    state.push_back(pair(optimizer.initial_state(slot), optimizer.initial_state(slot)));
  std::vector<double> numbers(static_cast<std::size_t>(optimizer.coefficient_count()));
  PlanePoint now = start;
  for (std::int64_t t = 0;; ++t) {
    const PlaneOfLoss::Here here = plane.at(now);
    path.diverged = !std::isfinite(here.loss);
    if (path.diverged) return path;
    path.points.push_back(now);
    path.losses.push_back(here.loss);
    if (t == steps) return path;
    optimizer.coefficients(t + 1, optimizer.learning_rate(), numbers);
    Tensors coefficients;
    for (const double number : numbers)
      coefficients.push_back(Tensor::from(std::span<const double>(&number, 1), Shape{}));
    const ParameterUpdate update =
        optimizer.update(pair(now.x, now.y), pair(here.slope[0], here.slope[1]), state, coefficients);
    Tensors wanted = {update.parameter};
    wanted.insert(wanted.end(), update.state.begin(), update.state.end());
    wanted = interpret<double>(wanted);
    const std::vector<double> moved = wanted[0].to_vector();
    state.assign(wanted.begin() + 1, wanted.end());
    now = {moved[0], moved[1]};
  }
}

/// What the paths need, from `least` to four times that.
double reach_of_paths(const LossSurface& surface, double least) {
  double need = least;
  for (const DescentPath& path : surface.paths) {
    for (const PlanePoint& p : path.points)
      need = std::max({need, 1.1 * std::abs(p.x - surface.model.x), 1.1 * std::abs(p.y - surface.model.y)});
  }
  return std::min(need, 4 * least);
}

/// Whether the loss is finite anywhere.
bool fill(PlaneGrid& grid, PlaneOfLoss& plane) {
  bool any = false;
  for (std::int64_t row = 0; row < grid.rows; ++row) {
    for (std::int64_t column = 0; column < grid.columns; ++column) {
      grid.values.push_back(plane.at(grid.point(row, column)).loss);
      any = any || std::isfinite(grid.values.back());
    }
  }
  return any;
}

void check(const SurfaceOptions& options, double reach) {
  if (options.weights[0].empty() != options.weights[1].empty())
    throw ConfigError("surface: expected two weights or none, got one");
  if (!(reach > 0) || !std::isfinite(reach))
    throw ConfigError(fmt::format("surface: expected a positive reach, got {}", reach));
  if (options.points < 2 || options.points > 1000)
    throw ConfigError(fmt::format("surface: expected a grid of 2 to 1000 points, got {}", options.points));
  if (options.most_samples < 1)
    throw ConfigError(fmt::format("surface: expected 1 or more samples, got {}", options.most_samples));
  if (options.steps < 0 || options.steps > 1000000)
    throw ConfigError(fmt::format("surface: expected 0 to 1000000 steps, got {}", options.steps));
}

}  // namespace

LossSurface loss_surface(const Module& model, const TrainerOptions& training, const Dataset& data,
                         const SurfaceOptions& options) {
  const bool weights = !options.weights[0].empty();
  const double reach = options.reach.value_or(weights ? 4 : 1);
  check(options, reach);
  explaining::require_plain(training, "surface");
  PlaneOfLoss plane(model, training, data, options.most_samples);
  LossSurface surface;
  if (weights) {
    surface.model = plane.span_weights(options.weights);
    surface.axes = options.weights;
  } else {
    plane.span_directions(options.seed);
    surface.axes = {"first direction", "second direction"};
  }
  const PlanePoint& middle = surface.model;
  surface.model_loss = plane.at(middle).loss;
  const PlanePoint start =
      options.start.value_or(PlanePoint{middle.x - 0.75 * reach, middle.y + 0.75 * reach});
  for (const Optimizer& optimizer : options.optimizers)
    surface.paths.push_back(descend(plane, optimizer, start, options.steps));
  const double side = options.reach ? reach : reach_of_paths(surface, reach);
  surface.loss.box = {middle.x - side, middle.x + side, middle.y - side, middle.y + side};
  surface.loss.columns = surface.loss.rows = options.points;
  if (!fill(surface.loss, plane)) throw DataError("surface: the loss is finite nowhere in this plane");
  return surface;
}

std::vector<SoftStep> softened_step(std::string_view function, std::span<const double> steepness,
                                    std::span<const double> x) {
  if (function != "sigmoid" && function != "tanh")
    throw ConfigError("softening: expected sigmoid or tanh, got " + in_quotes(function));
  const Tensor points = Tensor::from(x, Shape{static_cast<std::int64_t>(x.size())});
  std::vector<SoftStep> steps;
  for (const double k : steepness) {
    if (!(k > 0)) throw ConfigError(fmt::format("softening: expected a positive steepness, got {}", k));
    const bool hard = std::isinf(k);
    const Activation activation(hard ? (function == "tanh" ? "sign" : "step") : function);
    const Tensor y = activation(hard ? points : k * points);
    const Tensors both = interpret<double>({y, gradients(sum(y), {points})[0]});
    steps.push_back({.steepness = k, .output = both[0].to_vector(), .slope = both[1].to_vector()});
  }
  return steps;
}

}  // namespace hebb
