#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "hebb/error.hpp"
#include "hebb/lab.hpp"
#include "hebb/model.hpp"
#include "hebb/training_step.hpp"
#include "lab/sine.hpp"
#include "lab/words.hpp"

namespace hebb::lab {

namespace {

/// A rate crawls that goes down less than this share of the way that the best one goes.
constexpr double kCrawls = 0.9;

void check(const LearningRateOptions& o) {
  require_within("samples", static_cast<double>(o.samples), 1, 1e6);
  require_within("noise", o.noise, 0, 1e6);
  require_within("number of rates", static_cast<double>(o.rates), 2, 10000);
  require_within("steps", static_cast<double>(o.steps), 1, 1e6);
  require_range("learning rate", o.least, o.most);
}

Sequential built_model(const LearningRateOptions& options) {
  Sequential model = Sequential::parse(options.model);
  const Shape output = model.build({1}, options.seed);
  if (output != Shape{1})
    throw ConfigError(fmt::format("model: expected one output, got the shape {}", to_string(output)));
  return model;
}

RateResult descend(TrainingStep step, const ArrayDataset& data, double rate, std::int64_t steps) {
  RateResult result{.rate = rate};
  step.set_learning_rate(rate);
  for (std::int64_t t = 0; t <= steps; ++t) {
    const double loss = step(data.data().inputs, data.data().targets);
    if (!std::isfinite(loss)) {
      if (t == 0) throw DivergedError("the loss is not finite from the beginning");
      result.final_loss = std::numeric_limits<double>::infinity();
      break;
    }
    result.losses.push_back(loss);
    result.final_loss = loss;
  }
  result.diverged = result.final_loss > result.losses.front();
  return result;
}

const RateResult& best_of(const LearningRate& found) {
  if (found.rates.empty() || found.rates[0].losses.empty()) refuse_conclusion();
  return lowest(found.rates, [](const RateResult& r) { return r.final_loss; });
}

std::string about_the_best(const LearningRate& found) {
  const RateResult& best = best_of(found);
  const RateResult& first = found.rates.front();
  const double start = best.losses.front();
  if (best.diverged) return fmt::format("No rate brings the loss below where it begins, {:.3g}.", start);
  const std::string words =
      fmt::format("The loss falls furthest at rate {:.3g}, in {} steps from {:.3g} to {:.3g}", best.rate,
                  best.losses.size() - 1, start, best.final_loss);
  if (&first == &best) return words + ", and no smaller rate was tried.";
  const double share = (start - first.final_loss) / (start - best.final_loss);
  return words + fmt::format("; at the smallest rate, {:.3g}, it {} to {:.3g}.", first.rate,
                             first.diverged    ? "rises"
                             : share < kCrawls ? "only crawls"
                                               : "falls",
                             first.final_loss);
}

std::string about_divergence(const LearningRate& found) {
  const auto diverged = [](const RateResult& r) { return r.diverged; };
  const auto count = std::count_if(found.rates.begin(), found.rates.end(), diverged);
  const RateResult& best = best_of(found);
  if (count == 0) return fmt::format("No rate up to {:.3g} diverges.", found.rates.back().rate);
  const auto least = std::find_if(found.rates.begin(), found.rates.end(), diverged);
  if (count == std::ssize(found.rates)) return "All rates diverge.";
  if (count == 1) {
    return fmt::format("1 of the {} rates diverges, {:.3g}, {:.3g} times the best.", found.rates.size(),
                       least->rate, least->rate / best.rate);
  }
  return fmt::format("{} of the {} rates diverge, {} {:.3g}, {:.3g} times the best.", count,
                     found.rates.size(),
                     count == found.rates.end() - least ? "all from" : "the least of them", least->rate,
                     least->rate / best.rate);
}

}  // namespace

LearningRate learning_rate(const LearningRateOptions& options) {
  check(options);
  const Sequential model = built_model(options);
  const Optimizer optimizer = Optimizer::parse(options.optimizer);
  const Points points = noisy_sine(options.samples, options.noise, Random(options.seed));
  LearningRate found{.train = {.inputs = points.x, .targets = points.y}};
  const ArrayDataset data = data_set(points);
  for (const double rate : equal_ratios(options.least, options.most, options.rates)) {
    TrainingStep step(model, {.input = {1}, .target = {1}},
                      {.loss = "mse", .optimizer = optimizer, .seed = options.seed});
    found.rates.push_back(descend(std::move(step), data, rate, options.steps));
  }
  found.best_rate = best_of(found).rate;
  return found;
}

Conclusion conclusion(const LearningRate& found) { return {about_the_best(found), about_divergence(found)}; }

}  // namespace hebb::lab
