#include "hebb/inspection.hpp"

#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "hebb/transforms.hpp"

namespace hebb {

std::vector<LayerOutput> layer_outputs(const Sequential& model, const Tensor& x) {
  if (!model.is_built()) throw Error("the model has no parameters yet; build it first");
  ForwardContext context;
  Tensors values;
  Tensor y = x;
  for (std::size_t i = 0; i < model.size(); ++i) {
    y = model.layer(i)(y, context);
    values.push_back(y);
  }
  values = evaluate(values);
  std::vector<LayerOutput> outputs;
  for (std::size_t i = 0; i < model.size(); ++i) {
    outputs.push_back({std::string(model.layer(i).name()), model.layer(i).describe(), values[i]});
  }
  return outputs;
}

Tensor saliency(const Module& model, const Tensor& x, std::int64_t output) {
  const Tensor y = model(x);
  const std::int64_t batch = y.shape().rank() > 0 ? y.shape()[0] : 0;
  const std::int64_t outputs = batch > 0 ? y.size() / batch : 0;
  if (output < 0 || output >= outputs) {
    throw ShapeError("saliency: output " + std::to_string(output) + " asked for; the model has " +
                     std::to_string(outputs));
  }
  // Samples do not depend on each other, so that one sum has all their gradients.
  const Tensor logits = slice(reshape(y, {batch, outputs}), 1, output, output + 1);
  return evaluate(abs(gradients(sum(logits), {x})[0]));
}

}  // namespace hebb
