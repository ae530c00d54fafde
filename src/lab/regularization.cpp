#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hebb/error.hpp"
#include "hebb/lab.hpp"
#include "hebb/regression.hpp"
#include "lab/sine.hpp"
#include "lab/words.hpp"

namespace hebb::lab {

namespace {

enum Stream : std::uint64_t { kTrain, kValidation };

void check(const RegularizationOptions& o) {
  require_within("samples", static_cast<double>(o.samples), 2, 1e5);
  require_within("validation samples", static_cast<double>(o.validation), 1, 1e6);
  require_within("inputs", static_cast<double>(o.inputs), 1, 200);
  require_within("relevant inputs", static_cast<double>(o.relevant), 1, static_cast<double>(o.inputs));
  require_within("noise", o.noise, 0, 1e6);
  require_within("number of lambdas", static_cast<double>(o.lambdas), 2, 10000);
  require_range("lambda", o.least, o.most);
  if (o.samples <= o.inputs) {
    throw ConfigError(
        fmt::format("samples: without a penalty the weights of {} inputs need {} samples or more, got {}",
                    o.inputs, o.inputs + 1, o.samples));
  }
}

std::vector<double> true_weights(const RegularizationOptions& options) {
  std::vector<double> weights(static_cast<std::size_t>(options.inputs), 0.0);
  const auto relevant = static_cast<double>(options.relevant);
  for (std::int64_t j = 0; j < options.relevant; ++j)
    weights[static_cast<std::size_t>(j)] =
        (j % 2 == 0 ? 2 : -2) * (relevant - static_cast<double>(j)) / relevant;
  return weights;
}

Table draw(std::span<const double> weights, std::int64_t count, double noise, Random random) {
  Table table;
  for (std::int64_t i = 0; i < count; ++i) {
    double y = 0;
    for (const double weight : weights) {
      const float x = random.normal();
      table.inputs.push_back(x);
      y += weight * double{x};
    }
    table.targets.push_back(static_cast<float>(y + noise * random.normal()));
  }
  return table;
}

LambdaResult fit(const Table& train, const Table& validation, double lambda, const PenaltyOptions& penalty) {
  const auto inputs = static_cast<std::int64_t>(train.inputs.size() / train.targets.size());
  neurons::LinearRegression regression({.penalty = penalty, .max_epochs = 20000});
  regression.fit({train.inputs, inputs}, train.targets);
  const auto loss = [&](const Table& table) {
    return mean_square(regression.predict({table.inputs, inputs}), table.targets);
  };
  return {.lambda = lambda,
          .weights = regression.model().weights,
          .bias = regression.model().bias[0],
          .train_loss = loss(train),
          .validation_loss = loss(validation)};
}

const LambdaResult& best_of(const PenaltyPath& path) {
  return lowest(path.results, [](const LambdaResult& r) { return r.validation_loss; });
}

double length(std::span<const double> weights) {
  return std::sqrt(std::inner_product(weights.begin(), weights.end(), weights.begin(), 0.0));
}

/// How many weights are exactly zero, of inputs with and without a part in the target.
std::string zeros_of(const LambdaResult& result, std::span<const double> truth) {
  std::int64_t all[2] = {0, 0};
  std::int64_t zeros[2] = {0, 0};
  for (std::size_t j = 0; j < truth.size(); ++j) {
    const int relevant = truth[j] != 0 ? 1 : 0;
    ++all[relevant];
    zeros[relevant] += result.weights[j] == 0 ? 1 : 0;
  }
  if (all[0] == 0) return fmt::format("{} of the {} weights are exactly zero", zeros[1], all[1]);
  return fmt::format(
      "{} of the {} weights of inputs that have no part in the target are exactly zero, and {} of the {} "
      "others",
      zeros[0], all[0], zeros[1], all[1]);
}

std::string judged(const LambdaResult& best, double without) {
  if (best.validation_loss < (1 - kSame) * without) {
    return fmt::format("the validation loss falls from {:.3g} without a penalty to {:.3g} at lambda {:.3g}",
                       without, best.validation_loss, best.lambda);
  }
  return fmt::format(
      "no penalty helps: the validation loss is {:.3g} without one, and at best {:.3g}, at lambda {:.3g}",
      without, best.validation_loss, best.lambda);
}

std::string compared(double loss, double other) {
  if (std::abs(loss - other) <= kSame * other) return "as good as L1";
  return loss < other ? "better than L1" : "worse than L1";
}

}  // namespace

Regularization regularization(const RegularizationOptions& options) {
  check(options);
  Regularization found{.truth = true_weights(options)};
  found.train = draw(found.truth, options.samples, options.noise, Random(options.seed, kTrain));
  const Table validation =
      draw(found.truth, options.validation, options.noise, Random(options.seed, kValidation));
  found.unpenalized = fit(found.train, validation, 0, {});
  for (const double lambda : equal_ratios(options.least, options.most, options.lambdas)) {
    found.l1.results.push_back(fit(found.train, validation, lambda, {.l1 = lambda}));
    found.l2.results.push_back(fit(found.train, validation, lambda, {.l2 = lambda}));
  }
  for (PenaltyPath* path : {&found.l1, &found.l2}) path->best_lambda = best_of(*path).lambda;
  return found;
}

Conclusion conclusion(const Regularization& found) {
  const double without = found.unpenalized.validation_loss;
  const LambdaResult& l1 = best_of(found.l1);
  const LambdaResult& l2 = best_of(found.l2);
  std::int64_t zeros = 0;
  for (const LambdaResult& result : found.l2.results)
    zeros += std::count(result.weights.begin(), result.weights.end(), 0.0);
  const LambdaResult& last = found.l2.results.back();
  return {
      fmt::format("With L1, {}, where {}.", judged(l1, without), zeros_of(l1, found.truth)),
      fmt::format("With L2, {}, {}; {}, though together they {} from a length of {:.3g} without a penalty "
                  "to {:.3g} at lambda {:.3g}.",
                  judged(l2, without), compared(l2.validation_loss, l1.validation_loss),
                  zeros == 0 ? "no weight ever becomes exactly zero"
                             : fmt::format("{} times a weight is exactly zero", zeros),
                  length(last.weights) < length(found.unpenalized.weights) ? "shrink" : "do not shrink",
                  length(found.unpenalized.weights), length(last.weights), last.lambda)};
}

}  // namespace hebb::lab
