/// What softmax_cross_entropy and its gradient share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "graph/ops/common.hpp"
#include "hebb/error.hpp"

namespace hebb {

/// Throws unless logits are [n, classes] with at least one class, labels i32 [n].
inline DType require_logits_and_labels(std::span<const Tensor> inputs) {
  const DType type = require_float(inputs.first(1));
  require_type(inputs[1], DType::i32);
  const Shape& logits = inputs[0].shape();
  if (logits.rank() != 2 || logits[1] == 0) throw ShapeError("expected logits [n, classes]");
  if (inputs[1].shape() != Shape{logits[0]}) {
    throw ShapeError("expected one label for each of the " + std::to_string(logits[0]) + " rows of logits");
  }
  return type;
}

/// {"smoothing", ..}. Throws ConfigError outside [0, 1].
inline Attributes smoothing_attribute(double smoothing) {
  if (!(smoothing >= 0.0 && smoothing <= 1.0)) {
    throw ConfigError("softmax_cross_entropy: expected a smoothing in [0, 1], got " +
                      std::to_string(smoothing));
  }
  return {{"smoothing", smoothing}};
}

/// The logarithm of softmax for n logits, taken apart: log p[k] = x[k] - largest - log(sum). Added up, the
/// last two would lose the small one beside large logits.
template <class T>
struct Exponentials {
  T largest;
  T sum;  ///< of exp(x - largest)

  Exponentials(const T* x, std::int64_t n) : largest(*std::max_element(x, x + n)), sum(0) {
    for (std::int64_t k = 0; k < n; ++k) sum += std::exp(x[k] - largest);
  }
  T probability(T logit) const { return std::exp(logit - largest) / sum; }
  T log_probability(T logit) const { return logit - largest - std::log(sum); }
};

}  // namespace hebb
