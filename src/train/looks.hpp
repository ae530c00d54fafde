/// What looks inside a model are made of, whatever trains it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "hebb/data.hpp"
#include "hebb/insight.hpp"
#include "hebb/model.hpp"
#include "hebb/precision.hpp"
#include "hebb/transforms.hpp"

namespace hebb::training {

Tensors values_of(const std::vector<NamedValue>& named);

/// Gives the model other parameters, which may be placeholders.
void put(const std::vector<NamedTensor>& parameters, const Tensors& values);

/// Which epochs of a run are looked at: the first, the last, and so many between that looking costs little.
class DueLooks {
 public:
  /// Of `epochs` epochs on `count` samples; a look takes the work of a step on `cost` of them.
  DueLooks(std::int64_t count, std::int64_t cost, std::int64_t epochs);
  /// Whether an epoch, 1 for the first, is looked at.
  bool operator()(std::int64_t epoch) const;

 private:
  std::int64_t last_;
  std::int64_t stride_ = 1;
};

/// Layer by layer what became of the parameters. `squared_gradients`: of each trainable one, summed; none of
/// a rule without a gradient, whose norms are not a number then.
std::vector<LayerInsight> layer_insights(const std::vector<NamedTensor>& parameters, const Tensors& before,
                                         const Tensors& after, const Tensors& squared_gradients);

/// What the layers of a model give for some of the training samples, which are read once.
class Activations {
 public:
  /// `parameters` are those of `model`, which may lose their values.
  Activations(std::shared_ptr<const Module> model, const std::vector<NamedTensor>& parameters,
              const Dataset& data, const std::vector<std::int64_t>& samples, Precision precision);

  std::int64_t samples() const;
  /// By the values of all parameters. None of a model that is no sequence of layers.
  std::vector<ActivationInsight> operator()(const Tensors& parameters) const;

 private:
  std::shared_ptr<const Sequential> layers_;
  Tensors probe_;  ///< inputs, in parts
  std::optional<Compiled> values_;
};

}  // namespace hebb::training
