#include "neurons/dense_layer.hpp"

#include "hebb/error.hpp"

namespace hebb::neurons {

Sequential dense_network(const LinearModel& model, bool bias, const Shape& input_shape, OutputScale to) {
  const Shape shape = input_shape.rank() == 0 ? Shape({model.inputs}) : input_shape;
  if (shape.elements() != model.inputs) {
    throw ShapeError("expected samples of " + std::to_string(model.inputs) + " elements, got shape " +
                     to_string(shape));
  }
  const bool with_bias = bias || to.shift != 0;
  Sequential network{Linear(model.outputs, {.bias = with_bias})};
  network.build(shape);
  const auto inputs = static_cast<std::size_t>(model.inputs);
  const auto outputs = static_cast<std::size_t>(model.outputs);
  std::vector<NamedValue> values;
  values.push_back({"dense_1.weight", Tensor::make<float>({model.inputs, model.outputs}, [&](float* w) {
                      for (std::size_t j = 0; j < inputs; ++j)
                        for (std::size_t c = 0; c < outputs; ++c)
                          w[j * outputs + c] = static_cast<float>(to.scale * model.weights[c * inputs + j]);
                    })});
  if (with_bias) {
    values.push_back({"dense_1.bias", Tensor::make<float>({model.outputs}, [&](float* b) {
                        for (std::size_t c = 0; c < outputs; ++c)
                          b[c] = static_cast<float>(to.scale * model.bias[c] + to.shift);
                      })});
  }
  load_exactly(parameters(network), values);
  return network;
}

}  // namespace hebb::neurons
