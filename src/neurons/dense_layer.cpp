#include "neurons/dense_layer.hpp"

#include "hebb/error.hpp"

namespace hebb::neurons {

namespace {

Shape shape_for(const LinearModel& model, const Shape& asked) {
  const Shape shape = asked.rank() == 0 ? Shape({model.inputs}) : asked;
  if (shape.elements() == model.inputs) return shape;
  throw ShapeError("expected samples of " + std::to_string(model.inputs) + " elements, got shape " +
                   to_string(shape));
}

/// The parameters of dense layer `name`; no bias where there is none.
void add_values(const LinearModel& model, const std::string& name, bool bias, OutputScale to,
                std::vector<NamedValue>& values) {
  const auto inputs = static_cast<std::size_t>(model.inputs);
  const auto outputs = static_cast<std::size_t>(model.outputs);
  const auto weight = [&](float* w) {
    for (std::size_t j = 0; j < inputs; ++j)
      for (std::size_t c = 0; c < outputs; ++c)
        w[j * outputs + c] = static_cast<float>(to.scale * model.weights[c * inputs + j]);
  };
  values.push_back({name + ".weight", Tensor::make<float>({model.inputs, model.outputs}, weight)});
  if (!bias) return;
  values.push_back({name + ".bias", Tensor::make<float>({model.outputs}, [&](float* b) {
                      for (std::size_t c = 0; c < outputs; ++c)
                        b[c] = static_cast<float>(to.scale * model.bias[c] + to.shift);
                    })});
}

}  // namespace

Sequential dense_network(const LinearModel& model, bool bias, const Shape& input_shape, OutputScale to) {
  const bool with_bias = bias || to.shift != 0;
  Sequential network{Linear(model.outputs, {.bias = with_bias})};
  network.build(shape_for(model, input_shape));
  std::vector<NamedValue> values;
  add_values(model, "dense_1", with_bias, to, values);
  load_exactly(parameters(network), values);
  return network;
}

Sequential step_network(const LinearModel& hidden, const LinearModel& output, StepNetworkBiases biases,
                        const Shape& input_shape) {
  Sequential network{Linear(hidden.outputs, {.bias = biases.hidden_bias, .activation = "sign"}),
                     Linear(output.outputs, {.bias = biases.output_bias})};
  network.build(shape_for(hidden, input_shape));
  std::vector<NamedValue> values;
  add_values(hidden, "dense_1", biases.hidden_bias, {}, values);
  add_values(output, "dense_2", biases.output_bias, {}, values);
  load_exactly(parameters(network), values);
  return network;
}

}  // namespace hebb::neurons
