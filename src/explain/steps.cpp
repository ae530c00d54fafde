#include "explain/steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hebb/error.hpp"
#include "train/training.hpp"

namespace hebb::explaining {

Steps::Steps(const Module& model, const TrainerOptions& training, const Dataset& data)
    : training_(training), data_(data), step_(training::make_step(model, training, data)) {
  const std::int64_t count = data.size();
  if (count == 0) throw DataError("the data set has no samples");
  size_ = training.batch_size == 0 ? count : std::min(training.batch_size, count);
  batches_ = (count + size_ - 1) / size_;
  order_.resize(static_cast<std::size_t>(count));
  std::iota(order_.begin(), order_.end(), 0);
}

double Steps::next_rate() const {
  return training_.schedule.rate(training_.optimizer.learning_rate(), step_.steps(), batches_,
                                 std::max<std::int64_t>(1, training_.epochs * batches_));
}

void Steps::run(std::int64_t count) {
  const std::int64_t samples = data_.size();
  for (std::int64_t taken = 0; taken < count; ++taken) {
    const std::int64_t now = step_.steps();
    const std::int64_t begin = now % batches_ * size_;
    if (begin == 0 && training_.batch_size != 0)
      order_ = epoch_order(samples, training_.seed, static_cast<std::uint64_t>(now / batches_));
    const std::int64_t n = std::min(size_, samples - begin);
    const BatchBuffers buffers = step_.batch(n);
    data_.fill(std::span<const std::int64_t>(order_).subspan(static_cast<std::size_t>(begin),
                                                             static_cast<std::size_t>(n)),
               buffers.inputs, {.labels = buffers.labels, .values = buffers.values});
    step_.set_learning_rate(next_rate());
    const double loss = step_.run();
    if (!std::isfinite(loss))
      throw DivergedError(
          fmt::format("the loss of step {} is {}; a lower learning rate may help", now + 1, loss));
  }
}

void require_plain(const TrainerOptions& training, const char* purpose) {
  if (training.batch_size < 0)
    throw ConfigError(
        fmt::format("{}: expected a batch size of 0 or more, got {}", purpose, training.batch_size));
  const char* what = training.lbfgs              ? "L-BFGS, which chooses its steps itself"
                     : training.mixup != 0       ? "mixup"
                     : training.ema != 0         ? "a moving average"
                     : !training.augment.empty() ? "augmentation"
                                                 : nullptr;
  if (what != nullptr) throw ConfigError(fmt::format("{}: it cannot be done with {}", purpose, what));
}

}  // namespace hebb::explaining
