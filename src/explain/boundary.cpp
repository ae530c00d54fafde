#include "hebb/boundary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <set>

#include "hebb/error.hpp"
#include "hebb/training_step.hpp"

namespace hebb {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// score = weights . point + bias.
struct Affine {
  std::array<double, 2> weights = {0, 0};
  double bias = 0;

  double at(const PlanePoint& p) const { return weights[0] * p.x + weights[1] * p.y + bias; }
  Affine operator-(const Affine& other) const {
    return {{weights[0] - other.weights[0], weights[1] - other.weights[1]}, bias - other.bias};
  }
  Affine shifted(double by) const { return {weights, bias + by}; }
  double length() const { return std::hypot(weights[0], weights[1]); }
};

/// Scores of points, by their number and that of the output.
class Scores {
 public:
  Scores(const PlaneClassifier& classifier, std::span<const PlanePoint> points)
      : outputs_(classifier.outputs) {
    std::vector<double> flat;
    flat.reserve(2 * points.size());
    for (const PlanePoint& p : points) {
      flat.push_back(p.x);
      flat.push_back(p.y);
    }
    values_ = classifier.scores(flat);
    if (values_.size() != points.size() * static_cast<std::size_t>(outputs_)) {
      throw ShapeError(fmt::format("boundary: {} scores for {} points of {} outputs", values_.size(),
                                   points.size(), outputs_));
    }
    const auto bad = std::find_if(values_.begin(), values_.end(), [](double v) { return !std::isfinite(v); });
    if (bad == values_.end()) return;
    const PlanePoint& where =
        points[static_cast<std::size_t>(bad - values_.begin()) / static_cast<std::size_t>(outputs_)];
    throw DataError(
        fmt::format("boundary: the classifier's score at ({:.4g}, {:.4g}) is {}", where.x, where.y, *bad));
  }

  double at(std::size_t i, std::int64_t k) const {
    return values_[i * static_cast<std::size_t>(outputs_) + static_cast<std::size_t>(k)];
  }
  std::int64_t winner(std::size_t i) const {
    if (outputs_ == 1) return at(i, 0) > 0 ? 1 : 0;
    std::int64_t best = 0;
    for (std::int64_t k = 1; k < outputs_; ++k) best = at(i, k) > at(i, best) ? k : best;
    return best;
  }
  /// How far a class is ahead of all others; negative where it is behind.
  double lead(std::size_t i, std::int64_t k) const {
    if (outputs_ == 1) return k == 1 ? at(i, 0) : -at(i, 0);
    double other = -kInfinity;
    for (std::int64_t j = 0; j < outputs_; ++j) other = j == k ? other : std::max(other, at(i, j));
    return at(i, k) - other;
  }
  double confidence(std::size_t i, double scale) const {
    if (outputs_ == 1) return 1 / (1 + std::exp(-std::abs(at(i, 0)) / scale));
    const double best = at(i, winner(i));
    double sum = 0;
    for (std::int64_t k = 0; k < outputs_; ++k) sum += std::exp((at(i, k) - best) / scale);
    return 1 / sum;
  }

 private:
  std::int64_t outputs_;
  std::vector<double> values_;
};

std::vector<PlanePoint> grid_points(const PlaneBox& box, std::int64_t columns, std::int64_t rows) {
  const PlaneGrid grid{.box = box, .columns = columns, .rows = rows, .values = {}};
  std::vector<PlanePoint> points;
  points.reserve(static_cast<std::size_t>(columns * rows));
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) points.push_back(grid.point(r, c));
  }
  return points;
}

// ---- linear classifiers ----

/// The linear functions that the scores are, up to what is common to all of them; none where they are not.
std::optional<std::vector<Affine>> linear_scores(const PlaneClassifier& classifier, const PlaneBox& box) {
  constexpr std::int64_t kProbes = 17;
  constexpr double kTolerance = 1e-5;
  const std::vector<PlanePoint> points = grid_points(box, kProbes, kProbes);
  const Scores scores(classifier, points);
  const double x0 = (box.left + box.right) / 2;
  const double y0 = (box.low + box.high) / 2;
  std::vector<Affine> all;
  for (std::int64_t k = 0; k < classifier.outputs; ++k) {
    const auto value = [&](std::size_t i) {
      return scores.at(i, k) - (classifier.outputs > 1 ? scores.at(i, 0) : 0);
    };
    // The grid lies evenly about its middle, so that the least squares of the three numbers fall apart.
    double mean = 0;
    double xx = 0;
    double yy = 0;
    double xs = 0;
    double ys = 0;
    double low = kInfinity;
    double high = -kInfinity;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double x = points[i].x - x0;
      const double y = points[i].y - y0;
      const double s = value(i);
      mean += s / static_cast<double>(points.size());
      xx += x * x;
      yy += y * y;
      xs += x * s;
      ys += y * s;
      low = std::min(low, s);
      high = std::max(high, s);
    }
    Affine line{{xs / xx, ys / yy}, 0};
    line.bias = mean - line.weights[0] * x0 - line.weights[1] * y0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (std::abs(line.at(points[i]) - value(i)) > kTolerance * (high - low)) return std::nullopt;
    }
    all.push_back(line);
  }
  return all;
}

/// The part of the line f = 0 that is in the box and where all the others are not negative; maybe none.
void add_segment(const Affine& f, std::vector<Affine> others, const PlaneBox& box,
                 std::vector<PlanePath>& to) {
  const double length = f.length();
  if (length == 0) return;
  others.push_back({{1, 0}, -box.left});
  others.push_back({{-1, 0}, box.right});
  others.push_back({{0, 1}, -box.low});
  others.push_back({{0, -1}, box.high});
  const PlanePoint middle{(box.left + box.right) / 2, (box.low + box.high) / 2};
  const double away = f.at(middle) / (length * length);
  const PlanePoint start{middle.x - away * f.weights[0], middle.y - away * f.weights[1]};
  const PlanePoint along{-f.weights[1] / length, f.weights[0] / length};
  double begin = -kInfinity;
  double end = kInfinity;
  for (const Affine& g : others) {
    const double here = g.at(start);
    const double slope = g.weights[0] * along.x + g.weights[1] * along.y;
    if (slope > 0) begin = std::max(begin, -here / slope);
    if (slope < 0) end = std::min(end, -here / slope);
    if (slope == 0 && here < 0) return;
  }
  if (!(begin < end)) return;
  to.push_back({{start.x + begin * along.x, start.y + begin * along.y},
                {start.x + end * along.x, start.y + end * along.y}});
}

/// Where class i's score is `ahead` of class j's and both are before all others.
void add_pair(const std::vector<Affine>& scores, std::size_t i, std::size_t j, double ahead,
              const PlaneBox& box, std::vector<PlanePath>& to) {
  std::vector<Affine> others;
  for (std::size_t k = 0; k < scores.size(); ++k) {
    if (k != i && k != j) others.push_back(scores[j] - scores[k]);
  }
  add_segment((scores[i] - scores[j]).shifted(-ahead), std::move(others), box, to);
}

void add_lines(const std::vector<Affine>& scores, DecisionMap& to) {
  to.linear = true;
  if (scores.size() == 1) {
    add_segment(scores[0], {}, to.box, to.boundary);
    for (const double side : {-to.margin, to.margin})
      add_segment(scores[0].shifted(-side), {}, to.box, to.margins);
  }
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (i < j) add_pair(scores, i, j, 0, to.box, to.boundary);
      if (i != j) add_pair(scores, i, j, to.margin, to.box, to.margins);
    }
  }
  if (scores.size() > 2) return;
  const Affine f = scores.size() == 1 ? scores[0] : scores[1] - scores[0];
  if (f.length() == 0) return;
  to.line = BoundaryLine{f.weights, f.bias};
  if (to.separated) to.distance = to.margin / f.length();
}

// ---- all others ----

void add_contours(const PlaneClassifier& classifier, DecisionMap& to) {
  PlaneGrid grid{.box = to.box, .columns = to.columns + 1, .rows = to.rows + 1, .values = {}};
  const std::vector<PlanePoint> points = grid_points(to.box, grid.columns, grid.rows);
  const Scores scores(classifier, points);
  const auto trace = [&](std::int64_t k, double level, std::vector<PlanePath>& paths) {
    grid.values.clear();
    for (std::size_t i = 0; i < points.size(); ++i) grid.values.push_back(scores.lead(i, k));
    const auto bisect = [&](std::span<const PlanePoint> below, std::span<const PlanePoint> above,
                            std::span<PlanePoint> crossings) {
      constexpr int kHalvings = 20;
      std::vector<PlanePoint> low(below.begin(), below.end());
      std::vector<PlanePoint> high(above.begin(), above.end());
      for (int n = 0; n < kHalvings && !low.empty(); ++n) {
        for (std::size_t i = 0; i < low.size(); ++i)
          crossings[i] = {(low[i].x + high[i].x) / 2, (low[i].y + high[i].y) / 2};
        const Scores here(classifier, crossings);
        for (std::size_t i = 0; i < low.size(); ++i) (here.lead(i, k) < level ? low : high)[i] = crossings[i];
      }
    };
    for (PlanePath& path : contour(grid, level, bisect)) paths.push_back(std::move(path));
  };
  const std::int64_t classes = classifier.classes();
  // The last class has no boundary that is not another's.
  for (std::int64_t k = 1; k < std::max<std::int64_t>(2, classes - 1); ++k) trace(k, 0, to.boundary);
  if (classes > 2) trace(0, 0, to.boundary);
  for (std::int64_t k = 0; k < classes; ++k) trace(k, to.margin, to.margins);
}

// ---- samples ----

PlaneBox box_around(std::span<const PlanePoint> points) {
  PlaneBox box{.left = kInfinity, .right = -kInfinity, .low = kInfinity, .high = -kInfinity};
  for (const PlanePoint& p : points) {
    box.left = std::min(box.left, p.x);
    box.right = std::max(box.right, p.x);
    box.low = std::min(box.low, p.y);
    box.high = std::max(box.high, p.y);
  }
  const double wide = 0.1 * (box.right - box.left);
  const double tall = 0.1 * (box.high - box.low);
  return {box.left - wide, box.right + wide, box.low - tall, box.high + tall};
}

void require_box(const PlaneBox& box) {
  const bool finite = std::isfinite(box.right - box.left) && std::isfinite(box.high - box.low);
  if (finite && box.left < box.right && box.low < box.high) return;
  throw ConfigError(
      fmt::format("boundary: expected a rectangle with left < right and low < high, got {:.4g} to "
                  "{:.4g} and {:.4g} to {:.4g}",
                  box.left, box.right, box.low, box.high));
}

void count_samples(const PlaneClassifier& classifier, const PlaneData& data, DecisionMap& to) {
  if (data.labels.size() != data.points.size())
    throw ShapeError(
        fmt::format("boundary: {} labels for {} points", data.labels.size(), data.points.size()));
  const Scores scores(classifier, data.points);
  double least = kInfinity;
  for (std::size_t i = 0; i < data.points.size(); ++i) {
    const std::int32_t label = data.labels[i];
    if (label < 0 || label >= classifier.classes()) {
      throw DataError(fmt::format("boundary: sample {} is of class {}; the classifier has classes 0 to {}", i,
                                  label, classifier.classes() - 1));
    }
    to.errors += scores.winner(i) == label ? 0 : 1;
    least = std::min(least, scores.lead(i, label));
  }
  to.separated = to.errors == 0 && least > 0 && !data.points.empty();
  to.margin = to.separated ? least : classifier.scale;
}

}  // namespace

DecisionMap decision_map(const PlaneClassifier& classifier, const PlaneData& data,
                         const BoundaryOptions& options) {
  constexpr std::int64_t kMost = 4096;
  for (const std::int64_t cells : {options.columns, options.rows}) {
    if (cells < 2 || cells > kMost)
      throw ConfigError(fmt::format("boundary: expected a grid of 2 to {} cells, got {}", kMost, cells));
  }
  if (classifier.outputs < 1 || !(classifier.scale > 0))
    throw ConfigError("boundary: expected a classifier of one output or more and a positive scale");
  if (!options.box && data.points.empty()) throw DataError("boundary: there are no samples to draw");
  DecisionMap map;
  map.box = options.box ? *options.box : box_around(data.points);
  require_box(map.box);
  map.columns = options.columns;
  map.rows = options.rows;
  const double half_x = (map.box.right - map.box.left) / static_cast<double>(2 * map.columns);
  const double half_y = (map.box.high - map.box.low) / static_cast<double>(2 * map.rows);
  const std::vector<PlanePoint> centres = grid_points(
      {map.box.left + half_x, map.box.right - half_x, map.box.low + half_y, map.box.high - half_y},
      map.columns, map.rows);
  const Scores scores(classifier, centres);
  for (std::size_t i = 0; i < centres.size(); ++i) {
    map.classes.push_back(static_cast<std::int32_t>(scores.winner(i)));
    map.confidence.push_back(static_cast<float>(scores.confidence(i, classifier.scale)));
  }
  count_samples(classifier, data, map);
  if (const auto lines = linear_scores(classifier, map.box)) {
    add_lines(*lines, map);
  } else {
    add_contours(classifier, map);
  }
  return map;
}

PlaneClassifier plane_classifier(const SavedModel& model) {
  const std::int64_t inputs = model.input.input_shape.elements();
  if (inputs != 2) {
    throw DataError(
        fmt::format("the model takes {} inputs; a boundary is drawn for two. Train one on two columns, "
                    "leaving the others out by --ignore",
                    inputs));
  }
  auto predictor = std::make_shared<Predictor>(*model.module, model.input.input_shape);
  PlaneClassifier classifier;
  classifier.outputs = predictor->output_shape().elements();
  const bool classes = model.loss.is_classification() || !model.input.class_names.empty();
  if (!classes && classifier.outputs != 1)
    throw DataError(
        fmt::format("the model gives {} values, no classes: it has no boundary", classifier.outputs));
  const bool logits = model.loss.is_classification();
  constexpr double kOfValues = 0.25;  // 0 and 1, a half from the threshold, count as rather sure
  classifier.scale = logits ? 1 : kOfValues;
  const double threshold = classifier.outputs == 1 ? model.loss.threshold() : 0;
  classifier.scores = [predictor, scaling = model.input.scaling, threshold](std::span<const double> points) {
    constexpr std::size_t kAtOnce = 8192;
    std::vector<double> scores;
    for (std::size_t begin = 0; begin < points.size(); begin += kAtOnce) {
      const auto part = points.subspan(begin, std::min(kAtOnce, points.size() - begin));
      std::vector<float> samples(part.begin(), part.end());
      scaling.apply(samples, 2);
      for (const float y : (*predictor)(samples)) scores.push_back(static_cast<double>(y) - threshold);
    }
    return scores;
  };
  return classifier;
}

namespace {

/// 0 and 1 as classes; empty for any other values.
std::vector<std::int32_t> binary_labels(const Dataset& data, std::span<const std::int64_t> samples) {
  if (data.outputs() != 1) return {};
  std::vector<float> values(samples.size());
  data.fill(samples, nullptr, {.labels = nullptr, .values = values.data()});
  std::vector<std::int32_t> labels;
  for (const float value : values) {
    if (value != 0 && value != 1) return {};
    labels.push_back(value == 1 ? 1 : 0);
  }
  return labels;
}

std::vector<std::int32_t> labels_of(const DataSplits& data, std::span<const std::int64_t> samples) {
  std::vector<std::int32_t> labels(samples.size());
  if (data.train->target_kind() == TargetKind::classes) {
    data.train->fill(samples, nullptr, {.labels = labels.data(), .values = nullptr});
    return labels;
  }
  labels = binary_labels(*data.train, samples);
  if (labels.empty()) {
    throw DataError(
        fmt::format("{}: its targets are values, no classes; a boundary needs classes, or values that are "
                    "0 and 1",
                    data.name));
  }
  return labels;
}

void require_plane(const PlaneData& plane, const std::string& name) {
  const std::set<std::int32_t> kinds(plane.labels.begin(), plane.labels.end());
  if (kinds.size() < 2) {
    const auto only = static_cast<std::size_t>(*kinds.begin());
    throw DataError(
        fmt::format("{}: all samples are of class '{}'; a boundary needs two classes", name,
                    only < plane.class_names.size() ? plane.class_names[only] : std::to_string(only)));
  }
  const PlaneBox box = box_around(plane.points);
  const bool flat_x = !(box.left < box.right);
  if (flat_x || !(box.low < box.high)) {
    throw DataError(
        fmt::format("{}: the input '{}' is {:.4g} in all samples; a boundary needs two inputs that vary",
                    name, plane.axes[flat_x ? 0 : 1], flat_x ? box.left : box.low));
  }
}

}  // namespace

PlaneData plane_data(const DataSplits& data, std::int64_t most) {
  const Dataset& all = *data.train;
  const std::int64_t inputs = all.input_shape().elements();
  if (inputs != 2) {
    throw DataError(
        fmt::format("{}: samples of {} inputs; a boundary is drawn for two (of a table, --ignore leaves "
                    "columns out)",
                    data.name, inputs));
  }
  if (all.size() == 0) throw DataError(fmt::format("{}: there are no samples", data.name));
  const std::int64_t count = std::min(all.size(), std::max<std::int64_t>(most, 1));
  std::vector<std::int64_t> samples(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) samples[static_cast<std::size_t>(i)] = i * all.size() / count;
  PlaneData plane;
  plane.labels = labels_of(data, samples);
  std::vector<float> values(2 * samples.size());
  all.fill(samples, values.data(), {.labels = nullptr, .values = nullptr});
  for (std::size_t i = 0; i < samples.size(); ++i)
    plane.points.push_back({double{values[2 * i]}, double{values[2 * i + 1]}});
  if (data.feature_names.size() == 2) plane.axes = {data.feature_names[0], data.feature_names[1]};
  plane.class_names = data.spec.class_names;
  const std::int64_t wanted = all.target_kind() == TargetKind::classes ? all.outputs() : 2;
  for (auto k = static_cast<std::int64_t>(plane.class_names.size()); k < wanted; ++k)
    plane.class_names.push_back(std::to_string(k));
  require_plane(plane, data.name);
  return plane;
}

}  // namespace hebb
