#include "optim/mixup.hpp"

#include <cmath>
#include <numeric>
#include <vector>

#include "hebb/ops.hpp"
#include "hebb/random.hpp"
#include "hebb/tensor.hpp"

namespace hebb {

namespace {

constexpr std::uint64_t kMixingStream = std::uint64_t{0x4D58} << 48;  // of the seed's random numbers

/// Uniform in (0, 1], with 53 random bits.
double positive_uniform(Random& random) {
  const std::uint64_t high = random.bits();
  const std::uint64_t bits = (high << 21U) ^ (random.bits() >> 11U);
  return (static_cast<double>(bits) + 1) * 0x1p-53;
}

/// The logarithm of a number drawn from Gamma(shape, 1): Marsaglia and Tsang (2000), and for shapes below 1
/// Gamma(shape + 1) U^(1 / shape), whose logarithm does not underflow where the number would.
double log_gamma_draw(double shape, Random& random) {
  const double boost = shape < 1 ? std::log(positive_uniform(random)) / shape : 0;
  const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal();
    const double cube = std::pow(1 + c * x, 3);
    if (cube > 0 && std::log(positive_uniform(random)) < x * x / 2 + d * (1 - cube + std::log(cube)))
      return std::log(d * cube) + boost;
  }
}

Tensor reversed(const Tensor& x) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(x.shape()[0]));
  std::iota(order.rbegin(), order.rend(), 0);
  return gather(x, Tensor::from(std::span<const std::int32_t>(order), Shape{x.shape()[0]}));
}

}  // namespace

double mixing_share(double alpha, std::uint64_t seed, std::int64_t step) {
  Random random(seed, kMixingStream ^ static_cast<std::uint64_t>(step));
  const double a = log_gamma_draw(alpha, random);
  const double b = log_gamma_draw(alpha, random);
  return 1 / (1 + std::exp(b - a));
}

Tensor training_loss(const Module& model, const Loss& loss, const Tensor& x, const Tensor& y,
                     const Tensor& share, ForwardContext& context) {
  if (share.empty()) return loss(model.forward(x, context), y);
  const Tensor rest = 1.0 - share;
  const Tensor prediction = model.forward(share * x + rest * reversed(x), context);
  if (y.dtype() != DType::i32) return loss(prediction, share * y + rest * reversed(y));
  // Labels cannot be mixed, their losses can. A loss does not know the order of its samples: reversed
  // predictions against labels are predictions against reversed labels.
  return share * loss(prediction, y) + rest * loss(reversed(prediction), y);
}

}  // namespace hebb
