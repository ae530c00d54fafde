#include <fmt/format.h>

#include "hebb/error.hpp"
#include "hebb/evaluation.hpp"
#include "hebb/ops.hpp"

namespace hebb {

namespace {

constexpr std::int64_t kMostPixels = 4;  // 81 images for one

/// x moved along an axis, towards higher numbers where `by` is positive; the edge fills what is left free.
Tensor shifted(const Tensor& x, int axis, std::int64_t by) {
  if (by == 0) return x;
  const std::int64_t extent = x.shape()[axis];
  const Tensor edge = by > 0 ? slice(x, axis, 0, 1) : slice(x, axis, extent - 1, extent);
  const Tensor kept = by > 0 ? slice(x, axis, 0, extent - by) : slice(x, axis, -by, extent);
  const std::vector<Tensor> border(static_cast<std::size_t>(std::abs(by)), edge);
  std::vector<Tensor> parts = {kept};
  parts.insert(by > 0 ? parts.begin() : parts.end(), border.begin(), border.end());
  return concat(parts, axis);
}

/// Outputs whose `loss.probabilities` are the given ones.
Tensor outputs_for(const Loss& loss, const Tensor& probabilities) {
  constexpr double kSmallest = 1e-37;  // the logarithm stays finite
  const auto log_of = [](const Tensor& p) { return log(maximum(p, kSmallest)); };
  if (loss.name() == "cross_entropy" || loss.name() == "kl_divergence") return log_of(probabilities);
  if (loss.name() == "binary_cross_entropy") return log_of(probabilities) - log_of(1.0 - probabilities);
  return probabilities;
}

class ShiftAveraged final : public Module {
 public:
  ShiftAveraged(const Module& inner, Loss loss, std::int64_t pixels)
      : inner_(inner.clone()), loss_(std::move(loss)), pixels_(pixels) {}
  ShiftAveraged(const ShiftAveraged& other)
      : Module(other), inner_(other.inner_->clone()), loss_(other.loss_), pixels_(other.pixels_) {}

  std::unique_ptr<Module> clone() const override { return std::make_unique<ShiftAveraged>(*this); }
  Tensor forward(const Tensor& x, ForwardContext& context) const override {
    Tensor total;
    for (std::int64_t down = -pixels_; down <= pixels_; ++down) {
      const Tensor moved = shifted(x, 1, down);
      for (std::int64_t right = -pixels_; right <= pixels_; ++right) {
        const Tensor p = loss_.probabilities(inner_->forward(shifted(moved, 2, right), context));
        total = total.empty() ? p : total + p;
      }
    }
    const auto side = static_cast<double>(2 * pixels_ + 1);
    return outputs_for(loss_, total / (side * side));
  }
  void visit(ParameterVisitor& visitor) override { inner_->visit(visitor); }

 private:
  std::unique_ptr<Module> inner_;
  Loss loss_;
  std::int64_t pixels_;
};

}  // namespace

std::unique_ptr<Module> average_over_shifts(const Module& model, const Loss& loss, const Shape& input,
                                            std::int64_t pixels) {
  if (pixels < 0 || pixels > kMostPixels)
    throw ConfigError(fmt::format("shifts: expected 0 to {} pixels, got {}", kMostPixels, pixels));
  const bool image = input.rank() == 2 || input.rank() == 3;
  if (!image || input[0] <= pixels || input[1] <= pixels) {
    throw ConfigError(fmt::format("shifts: expected images larger than {} pixels, got samples of shape {}",
                                  pixels, to_string(input)));
  }
  return std::make_unique<ShiftAveraged>(model, loss, pixels);
}

}  // namespace hebb
