#include <map>

#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "nn/sizes.hpp"

namespace hebb {

namespace {

/// Names the layer in what goes wrong inside.
template <class F>
auto within(std::string_view layer, const F& f) {
  try {
    return f();
  } catch (const ShapeError& error) {
    throw ShapeError(std::string(layer) + ": " + error.what());
  } catch (const ConfigError& error) {
    throw ConfigError(std::string(layer) + ": " + error.what());
  }
}

}  // namespace

LayerList::LayerList(std::initializer_list<AnyLayer> layers) : LayerList(std::vector<AnyLayer>(layers)) {}

LayerList::LayerList(std::vector<AnyLayer> layers) : layers_(std::move(layers)) { rename(); }

void LayerList::rename() {
  std::map<std::string_view, int> counts;
  for (AnyLayer& layer : layers_) {
    layer->set_name(std::string(layer->kind()) + "_" + std::to_string(++counts[layer->kind()]));
  }
}

void LayerList::add(AnyLayer layer) {
  layers_.push_back(std::move(layer));
  rename();
}

void LayerList::replace_last(AnyLayer layer) {
  if (layers_.empty()) throw ConfigError("there is no last layer to replace");
  layers_.back() = std::move(layer);
  rename();
}

std::string LayerList::describe() const {
  std::string text;
  for (const AnyLayer& layer : layers_) text += (text.empty() ? "" : " ") + layer->describe();
  return text;
}

Shape LayerList::output_shape(const Shape& input) const {
  Shape shape = input;
  for (const AnyLayer& layer : layers_)
    shape = within(layer->name(), [&] { return layer->output_shape(shape); });
  return shape;
}

std::int64_t LayerList::parameter_count(const Shape& input) const {
  Shape shape = input;
  std::int64_t count = 0;
  for (const AnyLayer& layer : layers_) {
    within(layer->name(), [&] {
      const Shape output = layer->output_shape(shape);
      count = checked_sum(count, layer->parameter_count(shape));
      shape = output;
    });
  }
  return count;
}

std::int64_t LayerList::flops(const Shape& input) const {
  Shape shape = input;
  std::int64_t count = 0;
  for (const AnyLayer& layer : layers_) {
    count = checked_sum(count, layer->flops(shape));
    shape = layer->output_shape(shape);
  }
  return count;
}

Shape LayerList::build(const Shape& input, Random& random) {
  Shape shape = input;
  for (AnyLayer& layer : layers_) shape = within(layer->name(), [&] { return layer->build(shape, random); });
  return shape;
}

Shape LayerList::build_last(const Shape& input, Random& random) {
  Shape shape = input;
  for (AnyLayer& layer : layers_) {
    const bool last = &layer == &layers_.back();
    shape = within(layer->name(),
                   [&] { return last ? layer->build(shape, random) : layer->output_shape(shape); });
  }
  return shape;
}

Tensor LayerList::forward(const Tensor& x, ForwardContext& context) const {
  Tensor y = x;
  for (const AnyLayer& layer : layers_) {
    const Layer& l = *layer;
    y = l(y, context);
  }
  return y;
}

void LayerList::visit(ParameterVisitor& visitor) {
  for (AnyLayer& layer : layers_) {
    // The visitor names a layer by its full path; as a Scope, which nests, the layer needs its own part
    // alone.
    const std::string own(layer->name());
    visitor(own, *layer);
    layer->set_name(own);
  }
}

Residual::Residual(LayerList layers, LayerList projection)
    : layers_(std::move(layers)), projection_(std::move(projection)) {
  if (layers_.size() == 0) throw ConfigError("residual: expected at least one layer");
}

std::string Residual::describe() const {
  const std::string shortcut = projection_.size() > 0 ? ", projection=" + projection_.describe() : "";
  return "residual(" + layers_.describe() + shortcut + ")";
}

Shape Residual::output_shape(const Shape& input) const {
  const Shape output = layers_.output_shape(input);
  if (projection_.size() == 0 && output != input) {
    throw ShapeError("residual: the layers must keep the shape " + to_string(input) + ", but give " +
                     to_string(output) + "; a projection=... can bring the input to that");
  }
  const Shape projected = within("projection", [&] { return projection_.output_shape(input); });
  if (projected != output) {
    throw ShapeError("residual: the projection gives the shape " + to_string(projected) + ", the layers " +
                     to_string(output));
  }
  return output;
}

std::int64_t Residual::parameter_count(const Shape& input) const {
  return checked_sum(layers_.parameter_count(input), projection_.parameter_count(input));
}

std::int64_t Residual::flops(const Shape& input) const {
  return checked_sum(checked_sum(layers_.flops(input), projection_.flops(input)),
                     output_shape(input).elements());
}

void Residual::initialize(const Shape& input, Random& random) {
  layers_.build(input, random);
  projection_.build(input, random);
}

Tensor Residual::forward(const Tensor& x, ForwardContext& context) const {
  const Tensor y = layers_.forward(x, context);
  if (projection_.size() == 0) return x + y;
  const Scope scope("projection");
  return projection_.forward(x, context) + y;
}

void Residual::visit(ParameterVisitor& visitor) {
  layers_.visit(visitor);
  visitor("projection", projection_);
}

}  // namespace hebb
