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

}  // namespace hebb::neurons
