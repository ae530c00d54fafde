#include "hebb/insight.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hebb/error.hpp"
#include "io/json.hpp"

namespace hebb {

Histogram histogram(std::span<const float> values, std::int64_t bins) {
  if (bins < 1) throw ConfigError("histogram: expected 1 or more bins, got " + std::to_string(bins));
  Histogram result;
  float least = std::numeric_limits<float>::infinity();
  float most = -least;
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  if (least > most) return result;
  result.least = static_cast<double>(least);
  result.most = static_cast<double>(most);
  result.counts.assign(static_cast<std::size_t>(bins), 0);
  const double scale = most > least ? static_cast<double>(bins) / (result.most - result.least) : 0;
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    const auto bin = static_cast<std::int64_t>((static_cast<double>(value) - result.least) * scale);
    ++result.counts[static_cast<std::size_t>(std::min(bin, bins - 1))];
  }
  return result;
}

namespace {

Json to_json(const Histogram& histogram) {
  return {{"least", histogram.least}, {"most", histogram.most}, {"counts", histogram.counts}};
}

/// What is not finite has no place in JSON and becomes null.
double number(const Json& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

Histogram histogram_from(const Json& json) {
  return {.least = json.at("least").get<double>(),
          .most = json.at("most").get<double>(),
          .counts = json.at("counts").get<std::vector<std::int64_t>>()};
}

LayerInsight layer_from(const Json& json) {
  return {.name = json.at("name").get<std::string>(),
          .weight_norm = number(json.at("weight_norm")),
          .gradient_norm = number(json.at("gradient_norm")),
          .update_norm = number(json.at("update_norm")),
          .weights = histogram_from(json.at("weights"))};
}

ActivationInsight activation_from(const Json& json) {
  return {.name = json.at("name").get<std::string>(),
          .description = json.at("description").get<std::string>(),
          .values = histogram_from(json.at("values")),
          .units = json.at("units").get<std::int64_t>(),
          .dead = json.at("dead").get<std::int64_t>()};
}

}  // namespace

std::string to_json(const Insight& insight) {
  Json layers = Json::array();
  for (const LayerInsight& layer : insight.layers) {
    layers.push_back({{"name", layer.name},
                      {"weight_norm", layer.weight_norm},
                      {"gradient_norm", layer.gradient_norm},
                      {"update_norm", layer.update_norm},
                      {"weights", to_json(layer.weights)}});
  }
  Json activations = Json::array();
  for (const ActivationInsight& layer : insight.activations) {
    activations.push_back({{"name", layer.name},
                           {"description", layer.description},
                           {"values", to_json(layer.values)},
                           {"units", layer.units},
                           {"dead", layer.dead}});
  }
  return json_text({{"epoch", insight.epoch},
                    {"steps", insight.steps},
                    {"samples", insight.samples},
                    {"layers", std::move(layers)},
                    {"activations", std::move(activations)}});
}

Insight insight_from_json(std::string_view text) {
  try {
    const Json json = parse_json(text);
    Insight insight = {.epoch = json.at("epoch").get<std::int64_t>(),
                       .steps = json.at("steps").get<std::int64_t>(),
                       .samples = json.at("samples").get<std::int64_t>()};
    for (const Json& layer : json.at("layers")) insight.layers.push_back(layer_from(layer));
    for (const Json& layer : json.at("activations")) insight.activations.push_back(activation_from(layer));
    return insight;
  } catch (const Json::exception& error) {
    throw FormatError(std::string("expected what the inside of a model looked like: ") + error.what());
  }
}

}  // namespace hebb
