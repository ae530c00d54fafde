/// Linear models as networks of Hebb.
#pragma once

#include "hebb/neurons.hpp"

namespace hebb::neurons {

/// How scores become the network's outputs: scale s + shift.
struct OutputScale {
  double scale = 1;
  double shift = 0;
};

/// A network of one dense layer. ShapeError unless samples of the shape have as many elements as the model
/// has inputs; a scalar shape stands for [inputs].
Sequential dense_network(const LinearModel& model, bool bias, const Shape& input_shape, OutputScale to = {});

struct StepNetworkBiases {
  bool hidden_bias = true;
  bool output_bias = true;
};
/// A layer of units whose outputs are the signs of their scores, and a dense layer behind it.
Sequential step_network(const LinearModel& hidden, const LinearModel& output, StepNetworkBiases biases,
                        const Shape& input_shape);

}  // namespace hebb::neurons
