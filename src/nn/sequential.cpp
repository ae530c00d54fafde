#include <algorithm>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "nn/layer_table.hpp"
#include "nn/sizes.hpp"

namespace hebb {

namespace {

constexpr std::uint64_t kInitialStream = 1;   // of random numbers, for a model's parameters
constexpr std::uint64_t kReplacedStream = 2;  // for those of a layer that replaces another

/// Whether a word that stands alone names a model, or is nearer to a model's name than to any layer's.
bool means_model(std::string_view word) {
  std::vector<std::string_view> names = layer_names();
  const std::size_t layers = names.size();
  for (const NamedModel& model : named_models()) names.push_back(model.name);
  const std::string_view closest = nearest(word, names);
  return std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(layers), closest) ==
         names.begin() + static_cast<std::ptrdiff_t>(layers);
}

}  // namespace

Sequential Sequential::parse(std::string_view description) {
  try {
    std::vector<Term> terms = parse_terms(description);
    if (terms.size() == 1 && terms[0].arguments.empty() && means_model(terms[0].word))
      terms = parse_terms(model_text(terms[0].word));
    return Sequential(LayerList(make_layers(terms)));
  } catch (const ConfigError& error) {
    throw ConfigError(std::string("model description: ") + error.what());
  }
}

void Sequential::add(const Layer& layer) {
  layers_.add(layer);
  built_ = false;
}

Shape Sequential::build(const Shape& input_shape, std::uint64_t seed) {
  require_memory(parameter_count(input_shape));
  Random random(seed, kInitialStream);
  Shape output = layers_.build(input_shape, random);
  input_shape_ = input_shape;
  built_ = true;
  return output;
}

const Shape& Sequential::input_shape() const {
  if (!built_) throw Error("the model has no sizes yet; build it first");
  return input_shape_;
}

Shape Sequential::output_shape() const { return layers_.output_shape(input_shape()); }

std::int64_t Sequential::parameter_count(const Shape& input_shape) const {
  if (layers_.size() == 0)
    throw ConfigError("the model has no layer; give it at least one, such as dense(10)");
  return layers_.parameter_count(input_shape);
}

void Sequential::replace_last(const Layer& layer, std::uint64_t seed) {
  LayerList layers = layers_;
  layers.replace_last(layer);
  if (built_) {
    require_memory(layers.parameter_count(input_shape_));
    Random random(seed, kReplacedStream);
    layers.build_last(input_shape_, random);
  }
  layers_ = std::move(layers);
}

std::vector<SummaryRow> Sequential::summary() const {
  std::vector<SummaryRow> rows;
  Shape shape = input_shape();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const Shape output = layer.output_shape(shape);
    rows.push_back({std::string(layer.name()), layer.describe(), output, layer.parameter_count(shape),
                    layer.flops(shape)});
    shape = output;
  }
  return rows;
}

Tensor Sequential::forward(const Tensor& x, ForwardContext& context) const {
  if (!built_) throw Error("the model has no parameters yet; build it first");
  return layers_.forward(x, context);
}

}  // namespace hebb
