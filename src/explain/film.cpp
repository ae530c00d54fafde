#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "explain/steps.hpp"
#include "hebb/boundary.hpp"
#include "hebb/error.hpp"
#include "hebb/evaluation.hpp"

namespace hebb {

namespace {

/// The epochs that are looked at: nearer to each other at the beginning, the first and the last among them.
std::vector<std::int64_t> filmed_epochs(std::int64_t epochs, std::int64_t frames) {
  std::vector<std::int64_t> filmed;
  for (std::int64_t i = 0; i < frames; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(frames - 1);
    const auto epoch = std::llround(share * share * static_cast<double>(epochs));
    if (filmed.empty() || filmed.back() != epoch) filmed.push_back(epoch);
  }
  return filmed;
}

}  // namespace

std::vector<TrainingFrame> film_training(const FilmInputs& inputs, const TrainerOptions& training,
                                         const FilmOptions& options) {
  if (options.frames < 2 || options.frames > 1000)
    throw ConfigError(fmt::format("film: expected 2 to 1000 frames, got {}", options.frames));
  if (training.epochs < 1)
    throw ConfigError(fmt::format("film: expected 1 or more epochs, got {}", training.epochs));
  explaining::require_plain(training, "film");
  SavedModel now(*inputs.model->module, inputs.model->input, training.loss);
  explaining::Steps steps(*now.module, training, *inputs.train);
  std::vector<TrainingFrame> film;
  std::int64_t done = 0;
  for (const std::int64_t epoch : filmed_epochs(training.epochs, options.frames)) {
    steps.run((epoch - done) * steps.batches());
    done = epoch;
    steps.step().store(*now.module);
    TrainingFrame frame{.epoch = epoch};
    frame.loss = evaluate(*now.module, *inputs.train, training.loss).loss;
    frame.map = decision_map(plane_classifier(now), *inputs.plane, options.boundary);
    film.push_back(std::move(frame));
  }
  return film;
}

}  // namespace hebb
