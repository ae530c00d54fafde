#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hebb/error.hpp"
#include "hebb/lab.hpp"
#include "hebb/model.hpp"
#include "lab/sine.hpp"
#include "lab/words.hpp"

namespace hebb::lab {

namespace {

constexpr std::array<float, 2> kLowest = {1, 1};  // the weights by which the targets are made

void check(const DescentOptions& o) {
  require_within("samples", static_cast<double>(o.samples), 2, 1e6);
  require_within("condition", o.condition, 1, 1e6);
  require_within("angle", o.angle, -360, 360);
  require_within("steps", static_cast<double>(o.steps), 1, 1e5);
  require_within("goal", o.goal, 1e-30, 1e30);
  if (o.optimizers.empty()) throw ConfigError("optimizers: expected one or more, got none");
}

/// Inputs normal, of deviation 1 in the direction of the angle's normal and 1 / sqrt(condition) along it.
Table draw(const DescentOptions& options) {
  Random random(options.seed);
  Table table;
  const double turn = options.angle * std::numbers::pi / 180;
  for (std::int64_t i = 0; i < options.samples; ++i) {
    const double along = random.normal() / std::sqrt(options.condition);
    const double across = random.normal();
    const auto first = static_cast<float>(std::cos(turn) * along - std::sin(turn) * across);
    const auto second = static_cast<float>(std::sin(turn) * along + std::cos(turn) * across);
    table.inputs.insert(table.inputs.end(), {first, second});
    table.targets.push_back(kLowest[0] * first + kLowest[1] * second);
  }
  return table;
}

/// The eigenvalues of the loss's Hessian, 2 / n sum of x x^T, the smaller first.
std::array<double, 2> curvatures_of(const Table& table) {
  double aa = 0;
  double ab = 0;
  double bb = 0;
  const auto n = static_cast<double>(table.targets.size());
  for (std::size_t i = 0; i < table.targets.size(); ++i) {
    const double a = table.inputs[2 * i];
    const double b = table.inputs[2 * i + 1];
    aa += 2 * a * a / n;
    ab += 2 * a * b / n;
    bb += 2 * b * b / n;
  }
  const double middle = (aa + bb) / 2;
  const double distance = std::hypot((aa - bb) / 2, ab);
  return {middle - distance, middle + distance};
}

/// The neuron at the floor of the valley.
Sequential neuron() {
  Sequential model = Sequential::parse("dense(1, bias=false)");
  model.build({2});
  *parameters(model)[0].value = Tensor::from(std::span<const float>(kLowest), Shape{2, 1});
  return model;
}

std::optional<std::int64_t> steps_until(const DescentPath& path, double goal) {
  const auto above =
      std::find_if(path.losses.rbegin(), path.losses.rend(), [&](double l) { return l > goal; });
  if (path.diverged || above == path.losses.rbegin()) return {};
  return path.losses.rend() - above;
}

std::string name_of(const DescentPath& path) {
  return fmt::format("{} (rate {:.3g})", path.name, path.learning_rate);
}

double length(const DescentPath& path) {
  double sum = 0;
  for (std::size_t i = 1; i < path.points.size(); ++i)
    sum += std::hypot(path.points[i].x - path.points[i - 1].x, path.points[i].y - path.points[i - 1].y);
  return sum;
}

std::string about_steps(const Descent& found) {
  std::vector<std::size_t> order;
  std::vector<std::string> others;
  for (std::size_t i = 0; i < found.surface.paths.size(); ++i) {
    const DescentPath& path = found.surface.paths[i];
    if (found.reached[i]) {
      order.push_back(i);
    } else if (path.diverged) {
      others.push_back(name_of(path) + " diverges");
    } else {
      others.push_back(
          fmt::format("{} is at {:.3g} after {}", name_of(path), path.losses.back(), path.losses.size() - 1));
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return *found.reached[a] < *found.reached[b]; });
  std::vector<std::string> arrivals;
  for (const std::size_t i : order)
    arrivals.push_back(fmt::format("{} in {}", name_of(found.surface.paths[i]), *found.reached[i]));
  const std::string rest = others.empty() ? "" : "; " + listed(others);
  if (arrivals.empty()) return fmt::format("A loss of {:.3g} is not reached{}.", found.goal, rest);
  return fmt::format("A loss of {:.3g} is reached by {} steps{}.", found.goal, listed(arrivals), rest);
}

std::string about_ways(const Descent& found) {
  const std::vector<DescentPath>& paths = found.surface.paths;
  const auto shorter = [](const DescentPath& a, const DescentPath& b) { return length(a) < length(b); };
  const auto [least, most] = std::minmax_element(paths.begin(), paths.end(), shorter);
  const PlanePoint& start = paths[0].points.at(0);
  const double straight = std::hypot(start.x - found.surface.model.x, start.y - found.surface.model.y);
  if (paths.size() == 1) {
    return fmt::format("The straight line to the lowest point is {:.3g} long, the way of {} {:.3g}.",
                       straight, name_of(*least), length(*least));
  }
  return fmt::format(
      "The straight line to the lowest point is {:.3g} long; the shortest way, that of {}, is {:.3g}, and "
      "the longest, that of {}, is {:.3g}.",
      straight, name_of(*least), length(*least), name_of(*most), length(*most));
}

}  // namespace

Descent descent(const DescentOptions& options) {
  check(options);
  SurfaceOptions surface = {.weights = {"dense_1.weight[0, 0]", "dense_1.weight[1, 0]"},
                            .steps = options.steps,
                            .most_samples = options.samples,
                            .optimizers = {}};
  for (const std::string& text : options.optimizers) surface.optimizers.push_back(Optimizer::parse(text));
  Descent found{.train = draw(options), .goal = options.goal};
  found.curvatures = curvatures_of(found.train);
  const ArrayDataset data({.inputs = Tensor::from(found.train.inputs, {options.samples, 2}),
                           .targets = Tensor::from(found.train.targets, {options.samples, 1})});
  found.surface = loss_surface(neuron(), {.loss = "mse", .batch_size = 0}, data, surface);
  found.surface.axes = {"first weight", "second weight"};
  for (const DescentPath& path : found.surface.paths)
    found.reached.push_back(steps_until(path, options.goal));
  return found;
}

Conclusion conclusion(const Descent& found) {
  if (found.surface.paths.empty() || found.reached.size() != found.surface.paths.size() ||
      std::any_of(found.surface.paths.begin(), found.surface.paths.end(),
                  [](const DescentPath& p) { return p.losses.empty() || p.points.empty(); }))
    refuse_conclusion();
  return {about_steps(found), about_ways(found)};
}

}  // namespace hebb::lab
