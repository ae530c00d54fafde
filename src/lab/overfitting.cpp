#include <fmt/format.h>

#include <algorithm>

#include "hebb/lab.hpp"
#include "hebb/model.hpp"
#include "hebb/regression.hpp"
#include "hebb/trainer.hpp"
#include "lab/sine.hpp"
#include "lab/words.hpp"

namespace hebb::lab {

namespace {

enum Stream : std::uint64_t { kTrain, kValidation };

void check(const OverfittingOptions& o) {
  require_within("validation samples", static_cast<double>(o.validation), 1, 1e6);
  require_within("noise", o.noise, 0, 1e6);
  require_within("epochs", static_cast<double>(o.epochs), 1, 1e6);
  require_degrees(o.degrees, o.samples);
}

DegreeResult fit_polynomial(const Points& train, const Points& validation, std::int64_t degree) {
  neurons::LinearRegression regression({.solver = neurons::Solver::newton});
  const auto fitted = legendre(train.x, degree);
  const auto judged = legendre(validation.x, degree);
  regression.fit({fitted, degree}, train.y);
  return {.degree = degree,
          .train_loss = mean_square(regression.predict({fitted, degree}), train.y),
          .validation_loss = mean_square(regression.predict({judged, degree}), validation.y)};
}

std::vector<EpochResult> train_network(const OverfittingOptions& options, const Dataset& train_data,
                                       const Dataset& validation) {
  Sequential model = Sequential::parse(options.model);
  model.build({1}, options.seed);
  const TrainResult result = train(model,
                                   {.loss = "mse",
                                    .optimizer = Adam({.learning_rate = options.learning_rate}),
                                    .batch_size = 0,
                                    .epochs = options.epochs,
                                    .seed = options.seed},
                                   {.train = &train_data, .validation = &validation});
  std::vector<EpochResult> epochs;
  for (const EpochReport& report : result.epochs)
    epochs.push_back({report.epoch, report.train_loss, report.validation_loss.value()});
  return epochs;
}

template <class Result>
std::size_t best_of(const std::vector<Result>& results) {
  return static_cast<std::size_t>(&lowest(results, [](const Result& r) { return r.validation_loss; }) -
                                  results.data());
}

/// What becomes of both losses from the best place on. `where` names a place: "degree 5".
template <class Result, class Where>
std::string tell(const std::vector<Result>& results, const Where& where) {
  const std::size_t best = best_of(results);
  const Result& first = results.front();
  const Result& at = results[best];
  const Result& last = results.back();
  if (last.validation_loss <= (1 + kSame) * at.validation_loss) {
    return fmt::format("no overfitting shows: the validation loss {} up to {}, while the training loss {}.",
                       course(first.validation_loss, last.validation_loss), where(last),
                       course(first.train_loss, last.train_loss));
  }
  const bool learns_noise = last.train_loss < (1 - kSame) * at.train_loss;
  return fmt::format(
      "the validation loss is lowest at {} ({:.3g}); from there to {} it rises to {:.3g}, while "
      "the training loss {}: {}.",
      where(at), at.validation_loss, where(last), last.validation_loss,
      course(at.train_loss, last.train_loss),
      learns_noise ? "overfitting" : "not overfitting, for the training loss does not fall");
}

}  // namespace

Overfitting overfitting(const OverfittingOptions& options) {
  check(options);
  const Points train = noisy_sine(options.samples, options.noise, Random(options.seed, kTrain));
  const Points validation = noisy_sine(options.validation, options.noise, Random(options.seed, kValidation));
  Overfitting found{.noise_loss = options.noise * options.noise};
  for (std::int64_t degree = 1; degree <= options.degrees; ++degree)
    found.degrees.push_back(fit_polynomial(train, validation, degree));
  found.best_degree = found.degrees[best_of(found.degrees)].degree;
  found.epochs = train_network(options, data_set(train), data_set(validation));
  found.best_epoch = found.epochs[best_of(found.epochs)].epoch;
  return found;
}

Conclusion conclusion(const Overfitting& found) {
  return {"Over complexity, " +
              tell(found.degrees, [](const DegreeResult& r) { return fmt::format("degree {}", r.degree); }),
          "Over training, " +
              tell(found.epochs, [](const EpochResult& r) { return fmt::format("epoch {}", r.epoch); })};
}

}  // namespace hebb::lab
