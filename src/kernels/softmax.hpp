/// Softmax and the cross-entropy of its result, along the rows of a matrix or along its columns.
#pragma once

#include <cstdint>

namespace hebb {

/// An array seen as [outer, classes, inner]: `classes` is the extent of the axis that is normalised.
struct SoftmaxShape {
  std::int64_t outer = 1;
  std::int64_t classes = 1;
  std::int64_t inner = 1;
};

/// y = exp(x) / sum(exp(x)) along the middle axis. A slice that holds NaN or infinity, or minus infinity
/// alone, gives NaN.
void softmax(const SoftmaxShape& shape, const float* x, float* y);

/// y = x - log(sum(exp(x))) along the middle axis.
void log_softmax(const SoftmaxShape& shape, const float* x, float* y);

/// Rows of logits and their labels. The target distribution of a row gives 1 - smoothing to the label and
/// smoothing / classes to every class on top.
struct CrossEntropyRows {
  const float* logits = nullptr;         ///< [rows, classes]
  const std::int32_t* labels = nullptr;  ///< [rows]; a label outside [0, classes) makes its row NaN
  std::int64_t rows = 0;
  std::int64_t classes = 0;
  float smoothing = 0.0F;
};

/// loss[i]: cross-entropy of row i.
void softmax_cross_entropy(const CrossEntropyRows& rows, float* loss);

/// gradient[i, j] = weight[i] * (softmax(logits)[i, j] - target[i, j]).
void softmax_cross_entropy_gradient(const CrossEntropyRows& rows, const float* weight, float* gradient);

}  // namespace hebb
