#include "train/recorder.hpp"

#include <span>

#include "hebb/ops.hpp"
#include "optim/mixup.hpp"
#include "train/training.hpp"

namespace hebb::training {

Recorder::Recorder(const Module& model, const TrainerOptions& options, const Dataset& data,
                   const std::vector<std::int64_t>& samples)
    : model_(model.clone()),
      parameters_(parameters(*model_)),
      input_(data.input_shape()),
      due_(static_cast<std::int64_t>(samples.size()), options.batch_size, options.epochs),
      activations_(model_, parameters_, data, samples, options.precision),
      slopes_(compile({}, {.cache_size = 2, .precision = options.precision})) {
  for (const std::string& pattern : options.freeze) freeze(parameters_, pattern);
  const auto named = parameters_;
  // Of the parameters, then the batch, the key of its random numbers, and the share of its mixing.
  slopes_ = compile(
      [model = model_, named, loss = options.loss, penalties = options.penalty](const Tensors& in) {
        put(named, in);
        const std::size_t at = named.size();
        ForwardContext context{.training = true, .key = in[at + 2]};
        const Tensor share = in.size() > at + 3 ? in[at + 3] : Tensor();
        Tensor total = training_loss(*model, loss, in[at], in[at + 1], share, context);
        if (penalties.l1 != 0 || penalties.l2 != 0) total = total + penalty(named, penalties);
        Tensors leaves;
        for (std::size_t i = 0; i < at; ++i) {
          if (named[i].trainable) leaves.push_back(in[i]);
        }
        Tensors sums;
        for (const Tensor& slope : gradients(total, leaves)) sums.push_back(sum(square(slope)));
        return sums;
      },
      {.cache_size = 2, .precision = options.precision});
}

void Recorder::before(const TrainingStep& step) {
  before_ = values_of(step.parameter_state());
  key_ = step.key();
  mixing_ = step.mixing();
}

Insight Recorder::after(const TrainingStep& step, const BatchBuffers& batch, std::int64_t n,
                        const Shape& target) {
  const Tensors now = values_of(step.parameter_state());
  Insight insight;
  insight.samples = activations_.samples();
  insight.layers = layer_insights(parameters_, before_, now, slopes(batch, n, target));
  insight.activations = activations_(now);
  return insight;
}

Tensors Recorder::slopes(const BatchBuffers& batch, std::int64_t n, const Shape& target) const {
  const auto copy = [&](const Shape& shape, const float* from) {
    return Tensor::from(std::span(from, static_cast<std::size_t>(shape.elements())), shape);
  };
  Tensors inputs = before_;
  inputs.push_back(copy(batch_shape(n, input_), batch.inputs));
  inputs.push_back(
      batch.labels != nullptr
          ? Tensor::from(std::span<const std::int32_t>(batch.labels, static_cast<std::size_t>(n)), {n})
          : copy(batch_shape(n, target), batch.values));
  inputs.push_back(key_);
  if (!mixing_.empty()) inputs.push_back(mixing_);
  return slopes_(inputs);
}

}  // namespace hebb::training
