#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hebb/error.hpp"
#include "hebb/lab.hpp"
#include "hebb/random.hpp"
#include "hebb/surface.hpp"
#include "lab/sine.hpp"
#include "lab/words.hpp"

namespace hebb::lab {

namespace {

enum Stream : std::uint64_t { kSamples, kStarts };

void check(const SofteningOptions& o) {
  if (o.steepness.size() < 2)
    throw ConfigError(fmt::format("steepness: expected two or more numbers, got {}", o.steepness.size()));
  require_within("samples", static_cast<double>(o.samples), 1, 1e6);
  require_within("noise", o.noise, 0, 1e6);
  require_within("starts", static_cast<double>(o.starts), 1, 1e4);
  require_within("learning rate", o.learning_rate, 0, 1e6);
  require_within("epochs", static_cast<double>(o.epochs), 1, 1e6);
  require_within("least slope", o.least_slope, 0, 1e6);
}

/// Neurons of one steepness that learn side by side, each from its own start.
class Neurons {
 public:
  Neurons(const Softening& found, std::string_view function, double steepness)
      : samples_(found), function_(function), steepness_(steepness), weights_(found.starts) {
    look();
  }

  /// One epoch of gradient descent.
  void learn(double rate) {
    const std::size_t count = samples_.x.size();
    for (std::size_t n = 0; n < weights_.size(); ++n) {
      std::array<double, 2> gradient = {};
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = n * count + i;
        const double slope =
            2 * (now_.output[at] - samples_.targets[i]) * now_.slope[at] / static_cast<double>(count);
        gradient[0] += slope * samples_.x[i];
        gradient[1] += slope;
      }
      for (std::size_t k = 0; k < 2; ++k) weights_[n][k] -= rate * gradient[k];
    }
    look();
  }

  double loss() const {
    return mean([](double output, double target, double) { return std::pow(output - target, 2); });
  }
  double wrong() const {
    const double middle = function_ == "tanh" ? 0 : 0.5;
    return mean([&](double output, double target, double) { return (output > middle) != (target > middle); });
  }
  double learnable(double least) const {
    return mean([&](double, double, double slope) { return slope >= least; });
  }

 private:
  /// Outputs and slopes of all neurons for all samples.
  void look() {
    std::vector<double> z;
    for (const auto& [weight, bias] : weights_) {
      for (const double x : samples_.x) z.push_back(weight * x + bias);
    }
    now_ = softened_step(function_, std::array{steepness_}, z).front();
  }

  template <class Value>
  double mean(const Value& value) const {
    double sum = 0;
    for (std::size_t at = 0; at < now_.output.size(); ++at)
      sum += value(now_.output[at], samples_.targets[at % samples_.x.size()], now_.slope[at]);
    return sum / static_cast<double>(now_.output.size());
  }

  const Softening& samples_;
  std::string_view function_;
  double steepness_;
  std::vector<std::array<double, 2>> weights_;
  SoftStep now_;
};

SofteningResult train(const SoftStep& step, const Softening& found, const SofteningOptions& options) {
  Neurons neurons(found, options.function, step.steepness);
  SofteningResult result{.steepness = step.steepness,
                         .output = step.output,
                         .slope = step.slope,
                         .learnable = neurons.learnable(options.least_slope),
                         .losses = {neurons.loss()},
                         .wrong_before = neurons.wrong()};
  for (std::int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    neurons.learn(options.learning_rate);
    result.losses.push_back(neurons.loss());
  }
  result.wrong_after = neurons.wrong();
  return result;
}

const SofteningResult& best_of(const Softening& found) {
  for (const SofteningResult& result : found.results) {
    if (result.losses.empty()) refuse_conclusion();
  }
  return lowest(found.results, [](const SofteningResult& r) { return r.losses.back(); });
}

std::string name_of(const SofteningResult& result) {
  return std::isinf(result.steepness) ? "the step" : fmt::format("steepness {:g}", result.steepness);
}

std::string loss_of(const SofteningResult& result) {
  return course(result.losses.front(), result.losses.back());
}

}  // namespace

Softening softening(const SofteningOptions& options) {
  check(options);
  Softening found{.least_slope = options.least_slope};
  for (int i = -200; i <= 200; ++i) found.z.push_back(i / 100.0);
  const bool sign = options.function == "tanh";
  Random samples(options.seed, kSamples);
  for (std::int64_t i = 0; i < options.samples; ++i) {
    found.x.push_back(samples.uniform(-1, 1));
    const bool right = found.x.back() + options.noise * samples.normal() > 0;
    found.targets.push_back(right ? 1 : sign ? -1 : 0);
  }
  Random starts(options.seed, kStarts);
  for (std::int64_t i = 0; i < options.starts; ++i) {
    const double weight = starts.normal();
    found.starts.push_back({weight, starts.normal()});
  }
  std::vector<double> steepness = options.steepness;
  std::sort(steepness.begin(), steepness.end());
  for (const SoftStep& step : softened_step(options.function, steepness, found.z))
    found.results.push_back(train(step, found, options));
  found.best_steepness = best_of(found).steepness;
  return found;
}

Conclusion conclusion(const Softening& found) {
  const SofteningResult& best = best_of(found);
  const SofteningResult& gentle = found.results.front();
  const SofteningResult& steep = found.results.back();
  const char* change =
      steep.learnable < (1 - kSame) * gentle.learnable   ? "the steeper, the fewer to learn from"
      : steep.learnable > (1 + kSame) * gentle.learnable ? "the steeper, the more to learn from"
                                                         : "steepness hardly changes that";
  std::string learning =
      fmt::format("Gradient descent gets furthest at {}, where the loss {}", name_of(best), loss_of(best));
  for (const SofteningResult* end : {&gentle, &steep}) {
    if (end != &best) learning += fmt::format("; at {} it {}", name_of(*end), loss_of(*end));
  }
  const char* meaning = &best == &steep    ? "it is not softness that helps here"
                        : &best == &gentle ? "the softer the better"
                                           : "too soft is slow, too steep has little to go by";
  return {fmt::format("Of the samples {:.0f} % have a slope of {:g} or more at {}, and {:.0f} % at {}: {}.",
                      100 * gentle.learnable, found.least_slope, name_of(gentle), 100 * steep.learnable,
                      name_of(steep), change),
          learning + ": " + meaning + "."};
}

}  // namespace hebb::lab
