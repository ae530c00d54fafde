/// Looking inside a model while it is trained: norms of gradients and updates, distributions, dead units.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hebb {

/// How values are distributed: numbers of them in equal bins from `least` to `most`, the last bin with its
/// upper end. Values that are not finite are left out; of none, there are no bins.
struct Histogram {
  double least = 0;
  double most = 0;
  std::vector<std::int64_t> counts = {};

  bool operator==(const Histogram&) const = default;
};

/// Throws ConfigError for fewer than 1 bin.
Histogram histogram(std::span<const float> values, std::int64_t bins = 30);

/// The trainable parameters of a layer, and what a step did to them: of a neuron, whose rule takes a step for
/// each sample, what an epoch did. Norms are Euclidean, over all of them.
struct LayerInsight {
  std::string name = {};   ///< "conv_1", "residual_1.dense_2"
  double weight_norm = 0;  ///< before the step
  /// Of the batch's loss, penalties included, before clipping; not a number for a neuron, whose rule has
  /// none.
  double gradient_norm = 0;
  double update_norm = 0;  ///< of what the step added
  Histogram weights = {};  ///< after the step

  bool operator==(const LayerInsight&) const = default;
};

/// What a layer gave, outside training, for a fixed choice of training samples.
struct ActivationInsight {
  std::string name = {};         ///< "conv_1"
  std::string description = {};  ///< "conv(32, kernel=3, act=relu)"
  Histogram values = {};         ///< for some of the samples
  std::int64_t units = 0;        ///< features or channels: the extent of the last axis
  std::int64_t dead = 0;         ///< those that gave the same value for all samples, at all places

  bool operator==(const ActivationInsight&) const = default;
};

/// What the inside of a model looked like: after the last step on a whole batch in an epoch, or, of a neuron,
/// after the epoch.
struct Insight {
  std::int64_t epoch = 0;    ///< from 1
  std::int64_t steps = 0;    ///< taken since the beginning of training, that one included
  std::int64_t samples = 0;  ///< that the activations are of
  std::vector<LayerInsight> layers = {};
  /// In the order of the layers; those that only move values (flatten, pooling) or are themselves outside
  /// training (dropout) are left out. None of a model that is no sequence of layers.
  std::vector<ActivationInsight> activations = {};

  bool operator==(const Insight&) const = default;
};

/// On one line; and back. Throws FormatError for text that is not such an object.
std::string to_json(const Insight& insight);
Insight insight_from_json(std::string_view text);

}  // namespace hebb
