#include <cmath>

#include "hebb/ops.hpp"
#include "hebb/optim.hpp"
#include "optim/option_text.hpp"

namespace hebb {

Tensors clip_gradients(const Tensors& gradients, const ClipOptions& options) {
  require_option(std::isfinite(options.value) && options.value >= 0, "clip value",
                 "zero or a positive number", options.value);
  require_option(std::isfinite(options.norm) && options.norm >= 0, "clip norm", "zero or a positive number",
                 options.norm);
  Tensors result = gradients;
  if (options.value > 0) {
    for (Tensor& g : result) g = clip(g, -options.value, options.value);
  }
  if (options.norm > 0 && !result.empty()) {
    Tensor total = sum(square(result[0]));
    for (std::size_t i = 1; i < result.size(); ++i) total = total + sum(square(result[i]));
    const Tensor scale = minimum(options.norm / (sqrt(total) + 1e-6), 1.0);
    for (Tensor& g : result) g = g * scale;
  }
  return result;
}

}  // namespace hebb
