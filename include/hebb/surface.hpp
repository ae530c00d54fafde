/// The loss over two weights or two directions, the ways that optimisers take on it, and a step made soft.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/boundary.hpp"
#include "hebb/optim.hpp"
#include "hebb/trainer.hpp"

namespace hebb {

/// Which part of the surface is looked at, and who goes down on it.
struct SurfaceOptions {
  /// Two weights, such as "dense_1.weight[0, 1]"; the plane is that of their values, all others being held.
  /// Both empty: two random directions, in which every filter or unit's weights are as long as its own (Li et
  /// al. 2018, arXiv:1712.09913, section 4), biases being held; the plane is that of the shares of these
  /// directions, the model itself at (0, 0).
  std::array<std::string, 2> weights = {};
  std::uint64_t seed = 0;  ///< of the directions
  /// Half a side of the square around the model's own place. By default 1 for directions and 4 for weights,
  /// and more, up to four times that, where the ways of the optimisers lead on.
  std::optional<double> reach = {};
  std::int64_t points = 49;          ///< of the grid along each side, 2 to 1000
  std::int64_t steps = 60;           ///< of each optimiser
  std::int64_t most_samples = 4096;  ///< of more samples so many are looked at, evenly spread
  /// Those that are let down, each from the same start.
  std::vector<Optimizer> optimizers = {Sgd({.learning_rate = 0.1}), Momentum({.learning_rate = 0.1}),
                                       Adam({.learning_rate = 0.1})};
  /// In the coordinates of the plane; by default three quarters of the way to the upper left corner.
  std::optional<PlanePoint> start = {};
};

/// The way of an optimiser in the plane: the two coordinates are all that it may change.
struct DescentPath {
  std::string name;  ///< "momentum"
  double learning_rate = 0;
  std::vector<PlanePoint> points = {};  ///< the start, and after each step
  std::vector<double> losses = {};      ///< at each of them
  bool diverged = false;                ///< it ended where the loss was no longer finite
};

/// A part of the loss's surface.
struct LossSurface {
  std::array<std::string, 2> axes = {};
  PlaneGrid loss = {};    ///< over the samples, penalties included; may be infinite in places
  PlanePoint model = {};  ///< where the model itself is
  double model_loss = 0;
  std::vector<DescentPath> paths = {};
};

/// Looks at the loss of `training` (loss, penalty and seed count) over the samples of scaled data, in a plane
/// of the space of parameters, as training does (dropout drops the same everywhere). Throws ConfigError for a
/// weight that the model does not have (with the nearest parameter), one named twice, a grid, reach or number
/// of steps out of range, and for what `explain` refuses; DataError where no point of the plane has a finite
/// loss.
LossSurface loss_surface(const Module& model, const TrainerOptions& training, const Dataset& data,
                         const SurfaceOptions& options = {});

/// One neuron's output f(steepness x) and its slope df / dx.
struct SoftStep {
  double steepness = 1;  ///< infinite: the step itself, whose slope is 0 wherever it has one
  std::vector<double> output = {};
  std::vector<double> slope = {};
};

/// The step made soft: `sigmoid` or `tanh` of points x, as steep as each number of the list says, in float64;
/// an infinite one stands for the step from 0 to 1, or the sign from -1 to 1. Throws ConfigError for another
/// function, and unless steepnesses are positive.
std::vector<SoftStep> softened_step(std::string_view function, std::span<const double> steepness,
                                    std::span<const double> x);

}  // namespace hebb
