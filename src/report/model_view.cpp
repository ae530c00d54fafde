#include "report/model_view.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hebb/boundary.hpp"
#include "hebb/io.hpp"
#include "hebb/model.hpp"

namespace hebb::report {

namespace {

constexpr std::int64_t kMostFilters = 64;
constexpr std::int64_t kMostFilterBytes = 1 << 17;
constexpr std::int64_t kGrid = 96;
constexpr std::int64_t kMostPoints = 1000;
constexpr int kMostSide = 64;             // of pictures
constexpr std::int64_t kMostValues = 12;  // of samples that are no pictures

/// Least and largest of the values that are finite.
struct Range {
  float least = std::numeric_limits<float>::infinity();
  float most = -std::numeric_limits<float>::infinity();

  void add(float value) {
    if (!std::isfinite(value)) return;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  float size() const { return most - least; }
};

std::uint8_t byte_of(double share) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(share, 0.0, 1.0)));
}

/// Height, width and channels of a picture; no height of what is none.
struct Extents {
  std::int64_t height = 0, width = 0, channels = 1;
};
Extents picture_extents(const Shape& sample) {
  if (sample.rank() < 2 || sample.rank() > 3 || sample[0] * sample[1] <= 1) return {};
  const std::int64_t channels = sample.rank() == 3 ? sample[2] : 1;
  if (channels != 1 && channels != 3) return {};
  return {sample[0], sample[1], channels};
}

/// Pixels as bytes, no larger than a report has room for. Black and white are 0 and 255 for bytes, 0 and 1
/// within these, else the least and the largest value.
Image picture_of(std::span<const float> values, const Extents& extents, Range range) {
  if (range.least >= 0 && range.most <= 255) range = {0, range.most <= 1 ? 1.0F : 255.0F};
  Image image{.height = static_cast<int>(extents.height),
              .width = static_cast<int>(extents.width),
              .channels = static_cast<int>(extents.channels),
              .bytes = {}};
  const float size = range.size() > 0 ? range.size() : 1;
  for (const float value : values)
    image.bytes.push_back(byte_of(static_cast<double>((value - range.least) / size)));
  const int longer = std::max(image.height, image.width);
  if (longer <= kMostSide) return image;
  return resized(image, std::max(1, image.height * kMostSide / longer),
                 std::max(1, image.width * kMostSide / longer));
}

struct FirstWeights {
  std::string name;
  const Tensor* values = nullptr;
  Extents extents;
  std::int64_t count = 0;  ///< the last axis
};

FirstWeights first_weights(Module& model, const Shape& input) {
  for (const NamedTensor& p : parameters(model)) {
    const Shape& shape = p.value->shape();
    if (shape.rank() == 4 && p.name.ends_with("filter"))
      return {p.name, p.value, {shape[0], shape[1], shape[2]}, shape[3]};
    const Extents picture = picture_extents(input);
    if (shape.rank() == 2 && p.name.ends_with("weight")) {
      if (picture.height > 0 && shape[0] == input.elements()) return {p.name, p.value, picture, shape[1]};
      return {};
    }
  }
  return {};
}

std::vector<float> raw_inputs(const Samples& samples, std::int64_t count) {
  const auto width = static_cast<std::size_t>(samples.data->input_shape().elements());
  std::vector<float> inputs(static_cast<std::size_t>(count) * width);
  samples.data->fill(std::span(samples.indices).first(static_cast<std::size_t>(count)), inputs.data(), {});
  return inputs;
}

/// Points [x, y, target], spread over the samples.
Json points_json(const Samples& samples) {
  Json points = Json::array();
  if (samples.data == nullptr) return points;
  const std::int64_t count = std::min(samples.size(), kMostPoints);
  const bool classes = samples.data->target_kind() == TargetKind::classes;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t sample = samples.indices[static_cast<std::size_t>(i * samples.size() / count)];
    std::array<float, 2> inputs{};
    std::int32_t label = 0;
    std::vector<float> values(classes ? 0 : static_cast<std::size_t>(samples.data->outputs()));
    samples.data->fill(std::span(&sample, 1), inputs.data(),
                       {.labels = classes ? &label : nullptr, .values = classes ? nullptr : values.data()});
    points.push_back({inputs[0], inputs[1], classes ? Json(label) : Json(values[0])});
  }
  return points;
}

/// Least and largest of both inputs, with a margin of a tenth.
std::array<Range, 2> plane_of(const Samples& samples) {
  std::array<Range, 2> plane;
  const std::vector<float> inputs = raw_inputs(samples, samples.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) plane[i % 2].add(inputs[i]);
  for (Range& range : plane) {
    const float margin = range.size() > 0 ? range.size() / 10 : 1;
    range = {range.least - margin, range.most + margin};
  }
  return plane;
}

std::vector<float> grid_of(const std::array<Range, 2>& plane) {
  std::vector<float> grid;
  for (std::int64_t y = 0; y < kGrid; ++y) {
    for (std::int64_t x = 0; x < kGrid; ++x) {
      const auto at = [](const Range& range, std::int64_t i) {
        return range.least + range.size() * (static_cast<float>(i) + 0.5F) / static_cast<float>(kGrid);
      };
      grid.push_back(at(plane[0], x));
      grid.push_back(at(plane[1], y));
    }
  }
  return grid;
}

/// Paths in the plane by ten-thousandths of its sides.
Json paths_json(const std::vector<PlanePath>& paths, const PlaneBox& box) {
  constexpr double kParts = 10000;
  Json all = Json::array();
  for (const PlanePath& path : paths) {
    Json points = Json::array();
    for (const PlanePoint& point : path) {
      points.push_back({std::lround(kParts * (point.x - box.left) / (box.right - box.left)),
                        std::lround(kParts * (point.y - box.low) / (box.high - box.low))});
    }
    all.push_back(std::move(points));
  }
  return all;
}

/// Of a classifier: regions, how sure it is, and the boundary between them.
Json regions_json(const SavedModel& model, const RunData& data) {
  const DecisionMap map = decision_map(plane_classifier(model), plane_data(data.splits),
                                       {.box = {}, .columns = kGrid, .rows = kGrid});
  std::vector<std::uint8_t> classes;
  std::vector<std::uint8_t> confidences;
  for (const std::int32_t one : map.classes) classes.push_back(static_cast<std::uint8_t>(std::min(one, 255)));
  for (const float one : map.confidence) confidences.push_back(byte_of(static_cast<double>(one)));
  return {{"x", {map.box.left, map.box.right}},
          {"y", {map.box.low, map.box.high}},
          {"classes", base64(classes)},
          {"confidences", base64(confidences)},
          {"lines", paths_json(map.boundary, map.box)}};
}

Json surface_json(LoadedModel& model, const RunData& data) {
  const std::array<Range, 2> plane = plane_of(data.train);
  const std::span<const float> outputs = model.predict(grid_of(plane));
  Range range;
  for (const float value : outputs) range.add(value);
  std::vector<std::uint8_t> bytes;
  for (const float value : outputs)
    bytes.push_back(
        byte_of(range.size() > 0 ? static_cast<double>((value - range.least) / range.size()) : 0));
  return {{"x", {plane[0].least, plane[0].most}},
          {"y", {plane[1].least, plane[1].most}},
          {"values", base64(bytes)},
          {"range", {range.least, range.most}}};
}

}  // namespace

std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t b = 0; b < 3; ++b) word = word << 8 | (b < count ? bytes[i + b] : 0);
    for (std::size_t digit = 0; digit < 4; ++digit)
      text += digit <= count ? kDigits[word >> (18 - 6 * digit) & 63] : '=';
  }
  return text;
}

Json filters_json(const SavedModel& model) {
  const FirstWeights first = first_weights(*model.module, model.input.input_shape);
  if (first.values == nullptr) return nullptr;
  const auto values = first.values->data<float>();
  float most = 0;
  for (const float value : values) {
    if (std::isfinite(value)) most = std::max(most, std::abs(value));
  }
  const std::int64_t each = first.extents.height * first.extents.width * first.extents.channels;
  const std::int64_t count =
      std::min({first.count, kMostFilters, kMostFilterBytes / std::max<std::int64_t>(each, 1)});
  if (count == 0) return nullptr;
  std::vector<std::uint8_t> bytes;
  for (std::int64_t filter = 0; filter < count; ++filter) {
    for (std::int64_t i = 0; i < each; ++i) {
      const float value = values[static_cast<std::size_t>(i * first.count + filter)];
      const float share = most > 0 && std::isfinite(value) ? value / most : 0;
      bytes.push_back(static_cast<std::uint8_t>(128 + std::lround(127 * static_cast<double>(share))));
    }
  }
  return {{"name", first.name},
          {"count", count},
          {"total", first.count},
          {"height", first.extents.height},
          {"width", first.extents.width},
          {"channels", first.extents.channels},
          {"most", most},
          {"values", base64(bytes)}};
}

Json boundary_json(const SavedModel& model, const RunData& data) {
  if (model.input.input_shape.elements() != 2 || data.train.size() == 0) return nullptr;
  LoadedModel loaded(model);
  if (!loaded.is_classifier() && loaded.outputs() != 1) return nullptr;
  Json json = loaded.is_classifier() ? regions_json(model, data) : surface_json(loaded, data);
  const std::vector<std::string>& names = data.splits.feature_names;
  json["names"] = names.size() == 2 ? Json(names) : Json({"input 1", "input 2"});
  json["side"] = kGrid;
  json["train"] = points_json(data.train);
  json["test"] = &data.held_out() == &data.train ? Json::array() : points_json(data.held_out());
  return json;
}

Json worst_json(const Json& worst, const Dataset& data, const DataSplits& of) {
  if (!worst.is_array() || worst.empty()) return nullptr;
  const auto size = static_cast<std::size_t>(data.input_shape().elements());
  std::vector<std::vector<float>> inputs;
  Range range;
  for (const Json& sample : worst) {
    const auto index = sample.at("index").get<std::int64_t>();
    inputs.emplace_back(size);
    data.fill(std::span(&index, 1), inputs.back().data(), {});
    for (const float value : inputs.back()) range.add(value);
  }
  const Extents extents = picture_extents(data.input_shape());
  Json samples = Json::array();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Json sample = worst[i];
    if (extents.height > 0) {
      const Image image = picture_of(inputs[i], extents, range);
      sample["picture"] = {{"height", image.height},
                           {"width", image.width},
                           {"channels", image.channels},
                           {"pixels", base64(image.bytes)}};
    } else {
      inputs[i].resize(std::min(size, static_cast<std::size_t>(kMostValues)));
      sample["values"] = inputs[i];
    }
    samples.push_back(std::move(sample));
  }
  Json json = {{"samples", std::move(samples)}};
  if (extents.height == 0) {
    Json names = Json::array();
    for (const Column& column : of.spec.columns) {
      if (column.categories.empty()) names.push_back(column.name);
      for (const std::string& category : column.categories) names.push_back(column.name + " " + category);
    }
    json["names"] = names.empty() ? Json(of.feature_names) : std::move(names);
  }
  return json;
}

}  // namespace hebb::report
