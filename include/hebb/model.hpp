/// Sequential networks, their description as text, and models read back from their graph.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/layers.hpp"
#include "hebb/module.hpp"

namespace hebb {

/// A line of a model's summary.
struct SummaryRow {
  std::string name;         ///< "dense_1"
  std::string description;  ///< "dense(128, act=relu)"
  Shape output_shape;       ///< without the batch
  std::int64_t parameters = 0;
  std::int64_t flops = 0;  ///< for one sample, forward
};

/// Layers one after the other. Parameters are named after layer and place: "dense_1.weight", "dense_1.bias",
/// "residual_1.dense_2.weight".
///
///     auto model = Sequential::parse("dense(128, act=relu) dense(10)");
///     Sequential same{Linear(128, {.activation = "relu"}), Linear(10)};
///     model.build({784}, 1);
///     Tensor logits = evaluate(model(images));  // [batch, 784] -> [batch, 10]
class Sequential final : public Module {
 public:
  Sequential() = default;
  Sequential(std::initializer_list<AnyLayer> layers) : layers_(layers) {}
  explicit Sequential(LayerList layers) : layers_(std::move(layers)) {}

  /// Reads a model description: layers separated by white space, each `name` or `name(arguments)`, arguments
  /// separated by commas, the first ones positional where the layer has such, the others `key=value`; or the
  /// name of a model, such as "lenet5" (see named_models). Throws ConfigError with the column, what was
  /// expected and the nearest known name.
  static Sequential parse(std::string_view description);
  /// The description; parsing it gives the same model.
  std::string to_string() const { return layers_.describe(); }
  std::string describe() const override { return to_string(); }

  std::size_t size() const { return layers_.size(); }
  const Layer& layer(std::size_t i) const { return layers_[i]; }
  /// Appends a layer; the model must be built again.
  void add(const Layer& layer);

  /// Infers all sizes for samples of a shape and draws the parameters, a pure function of the seed. Returns
  /// the output's shape. Throws ShapeError naming the layer that cannot take its input, and ConfigError when
  /// there is no layer or, before anything is allocated, when parameters and gradients would not fit in
  /// memory.
  Shape build(const Shape& input_shape, std::uint64_t seed = 0);
  bool is_built() const { return built_; }
  /// Of a built model; Error otherwise.
  const Shape& input_shape() const;
  Shape output_shape() const;
  /// Trainable elements of the model when built for a shape; nothing is allocated. Errors as build.
  std::int64_t parameter_count(const Shape& input_shape) const;

  /// Puts another layer in the last one's place; the others keep their parameters. A built model is built
  /// again in that place.
  void replace_last(const Layer& layer, std::uint64_t seed = 0);

  /// One row a layer. Error unless built.
  std::vector<SummaryRow> summary() const;

  std::unique_ptr<Module> clone() const override { return std::make_unique<Sequential>(*this); }
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
  void visit(ParameterVisitor& visitor) override { layers_.visit(visitor); }

 private:
  LayerList layers_;
  Shape input_shape_;
  bool built_ = false;
};

/// A model that has a name.
struct NamedModel {
  std::string_view name;     ///< "lenet5"
  std::string_view summary;  ///< one line
  std::string_view text;     ///< its description
};
std::span<const NamedModel> named_models();
/// The description of the model of a name. Throws ConfigError, with the nearest name, when there is none.
std::string_view model_text(std::string_view name);

/// The names of all layers a model description can have.
std::vector<std::string_view> layer_names();

/// A line of help on one layer of the model description.
struct LayerHelp {
  std::string_view name;
  std::string_view usage;    ///< "dense(units, act=none, bias=true, init=auto)"
  std::string_view summary;  ///< "every output a weighted sum of all inputs"
};
std::vector<LayerHelp> layer_help();

/// A model's inference graph as text, and the constants in it that are no parameters: they must be kept
/// beside the parameters, under the names given.
struct TracedGraph {
  std::string text;
  std::vector<NamedValue> constants;
};

/// Traces a model for samples of a shape. Throws ConfigError when its graph depends on the batch size other
/// than in its extents.
TracedGraph trace_graph(const Module& model, const Shape& input_shape, DType type = DType::f32);

/// The model a graph text describes. Its parameters and constants are placeholders of the right shapes until
/// values are loaded (`load_exactly`). Throws FormatError with the line for anything that is not such a text.
std::unique_ptr<Module> module_from_graph(std::string_view text);

}  // namespace hebb
