/// Many adaptive linear neurons: a network of step units, learned before there was backpropagation.
#pragma once

#include "hebb/neurons.hpp"

namespace hebb::neurons {

struct MadalineOptions {
  std::int64_t hidden = 8;     ///< step units between inputs and outputs
  double learning_rate = 0.5;  ///< share of a unit's error that one correction takes away, in (0, 1]
  std::int64_t max_epochs = 1000;
  bool shuffle = true;
  std::uint64_t seed = 0;  ///< of the first weights and the order
  std::int64_t classes = 0;
};

/// Madaline by rule II (Winter, Widrow, IEEE Int. Conf. on Neural Networks 1, 401 (1988)): a layer of units
/// with outputs -1 and 1, and output units upon them. A step has no slope to follow, so errors are not sent
/// back but tried away, with the least disturbance: where an output is wrong, the hidden units, those nearest
/// to their threshold first, are turned over one after the other; a turn that makes fewer outputs wrong is
/// learned by the unit (its error falls by `learning_rate`, w += rate (d - s) x / |x|^2), another is taken
/// back. What is wrong still, the output units learn themselves. It need not find a solution where there is
/// one.
class Madaline : public Classifier {
 public:
  /// Throws ConfigError for options out of range.
  explicit Madaline(MadalineOptions options = {});

  const LinearModel& hidden() const { return hidden_; }  ///< [hidden, inputs]
  const LinearModel& output() const { return output_; }  ///< [outputs, hidden]
  const MadalineOptions& options() const { return options_; }

  /// After an epoch in which no output was wrong.
  bool finished() const override { return clean_; }
  std::string report(std::span<const std::string> names = {}) const override;
  std::string describe() const override;
  /// dense(hidden, act=sign) dense(outputs).
  Sequential network(const Shape& input_shape = Shape()) const override;
  Loss loss() const override { return Loss("hinge"); }
  std::vector<double> state() const override;

 protected:
  void reset() override;
  EpochSummary pass(const Samples& x, std::span<const std::int32_t> labels) override;
  void scores(const Samples& x, std::span<double> to) const override;
  void restore(std::span<const double> state) override;

 private:
  struct Look;
  void look(const float* x, Look& at) const;
  void score_outputs(Look& at) const;
  void learn(const float* x, Look& at);

  MadalineOptions options_;
  LinearModel hidden_;
  LinearModel output_;
  std::int64_t turns_ = 0;  // of hidden units, learned
  bool clean_ = false;
};

}  // namespace hebb::neurons
