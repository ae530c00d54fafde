#include <fmt/format.h>

#include "core/names.hpp"
#include "hebb/data.hpp"
#include "hebb/error.hpp"
#include "io/json.hpp"

namespace hebb {
namespace {

Json column_to_json(const Column& column) {
  Json json = {{"name", column.name}};
  if (!column.categories.empty()) json["categories"] = column.categories;
  if (column.fills_missing) json["fill"] = column.fill;
  return json;
}

Column column_from_json(const Json& json) {
  Column column{.name = json.at("name").get<std::string>()};
  if (json.contains("categories")) {
    column.categories = json["categories"].get<std::vector<std::string>>();
    for (std::size_t i = 1; i < column.categories.size(); ++i) {
      if (column.categories[i - 1] >= column.categories[i]) {
        throw DataError(fmt::format("input description: the categories of column {} are not sorted",
                                    hebb::in_quotes(column.name)));
      }
    }
  }
  if (json.contains("fill")) {
    column.fill = json["fill"].get<float>();
    column.fills_missing = true;
  }
  return column;
}

std::size_t inputs_of(const std::vector<Column>& columns) {
  std::size_t count = 0;
  for (const Column& column : columns) count += column.categories.empty() ? 1 : column.categories.size();
  return count;
}

void check(const InputSpec& spec) {
  if (spec.input_shape.elements() == 0) throw DataError("input description: samples without inputs");
  spec.scaling.check(spec.input_shape.elements());
  if ((spec.scaling.kind == ScaleKind::none) != spec.scaling.empty()) {
    throw DataError(fmt::format("input description: scaling '{}' with {} means", to_string(spec.scaling.kind),
                                spec.scaling.mean.size()));
  }
  constexpr std::int64_t kMostSide = 1 << 16;
  const Shape& shape = spec.input_shape;
  if (spec.resizes && (shape.rank() != 3 || shape[0] > kMostSide || shape[1] > kMostSide)) {
    throw DataError(fmt::format("input description: images cannot be resized to {}", to_string(shape)));
  }
  const std::size_t inputs = inputs_of(spec.columns);
  if (!spec.columns.empty() && spec.input_shape != Shape{static_cast<std::int64_t>(inputs)}) {
    throw DataError(fmt::format("input description: columns make {} inputs, samples have the shape {}",
                                inputs, to_string(spec.input_shape)));
  }
}

InputSpec read(const Json& json) {
  InputSpec spec;
  spec.input_shape = Shape(json.at("input_shape").get<std::vector<std::int64_t>>());
  const Json& scaling = json.at("scaling");
  spec.scaling.kind = parse_scale_kind(scaling.at("kind").get<std::string>());
  spec.scaling.mean = scaling.at("mean").get<std::vector<float>>();
  spec.scaling.deviation = scaling.at("deviation").get<std::vector<float>>();
  spec.class_names = json.at("class_names").get<std::vector<std::string>>();
  spec.target_name = json.value("target", "");
  spec.resizes = json.value("resizes", false);
  if (json.contains("columns")) {
    for (const Json& column : json["columns"]) spec.columns.push_back(column_from_json(column));
  }
  return spec;
}

}  // namespace

std::string to_json(const InputSpec& spec) {
  Json json;
  json["input_shape"] = spec.input_shape.extents();
  json["scaling"] = {{"kind", to_string(spec.scaling.kind)},
                     {"mean", spec.scaling.mean},
                     {"deviation", spec.scaling.deviation}};
  json["class_names"] = spec.class_names;
  if (!spec.target_name.empty()) json["target"] = spec.target_name;
  if (spec.resizes) json["resizes"] = true;
  if (!spec.columns.empty()) {
    json["columns"] = Json::array();
    for (const Column& column : spec.columns) json["columns"].push_back(column_to_json(column));
  }
  return json_text(json);
}

InputSpec input_spec_from_json(std::string_view text) {
  InputSpec spec;
  try {
    spec = read(parse_json(text));
  } catch (const Json::exception& problem) {
    throw FormatError(fmt::format("input description is not as expected: {}", problem.what()));
  } catch (const ShapeError& problem) {
    throw DataError(fmt::format("input description: {}", problem.what()));
  } catch (const ConfigError& problem) {
    throw DataError(fmt::format("input description: {}", problem.what()));
  }
  check(spec);
  return spec;
}

}  // namespace hebb
