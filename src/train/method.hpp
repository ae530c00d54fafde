/// What a configuration says about learning, as values.
#pragma once

#include <optional>

#include "hebb/config.hpp"
#include "hebb/losses.hpp"
#include "hebb/optim.hpp"

namespace hebb::training {

struct Method {
  Optimizer optimizer = {};
  std::optional<LbfgsOptions> lbfgs =
      {};  ///< set when the method is L-BFGS, which takes the optimiser's place
  Schedule schedule = Schedule();
  PenaltyOptions penalty = {};
  ClipOptions clip = {};

  double learning_rate() const { return lbfgs ? lbfgs->learning_rate : optimizer.learning_rate(); }
};

/// Throws ConfigError, naming the key, for what cannot be.
Method parse_method(const TrainConfig& config);

}  // namespace hebb::training
