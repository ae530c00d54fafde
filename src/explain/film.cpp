#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "explain/steps.hpp"
#include "hebb/boundary.hpp"
#include "hebb/error.hpp"
#include "hebb/evaluation.hpp"

namespace hebb {

std::vector<std::int64_t> filmed_epochs(std::int64_t epochs, std::int64_t frames) {
  if (frames < 2 || frames > 1000)
    throw ConfigError(fmt::format("film: expected 2 to 1000 frames, got {}", frames));
  if (epochs < 1) throw ConfigError(fmt::format("film: expected 1 or more epochs, got {}", epochs));
  std::vector<std::int64_t> filmed;
  for (std::int64_t i = 0; i < frames; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(frames - 1);
    const auto epoch = std::llround(share * share * static_cast<double>(epochs));
    if (filmed.empty() || filmed.back() != epoch) filmed.push_back(epoch);
  }
  return filmed;
}

TrainingFrame film_frame(const FilmInputs& inputs, std::int64_t epoch, const BoundaryOptions& options) {
  const SavedModel& model = *inputs.model;
  return {.epoch = epoch,
          .loss = evaluate(*model.module, *inputs.train, model.loss).loss,
          .map = decision_map(plane_classifier(model), *inputs.plane, options)};
}

std::vector<TrainingFrame> film_training(const FilmInputs& inputs, const TrainerOptions& training,
                                         const FilmOptions& options) {
  explaining::require_plain(training, "film");
  const std::vector<std::int64_t> epochs = filmed_epochs(training.epochs, options.frames);
  const SavedModel now(*inputs.model->module, inputs.model->input, training.loss);
  explaining::Steps steps(*now.module, training, *inputs.train);
  std::vector<TrainingFrame> film;
  std::int64_t done = 0;
  for (const std::int64_t epoch : epochs) {
    steps.run((epoch - done) * steps.batches());
    done = epoch;
    steps.step().store(*now.module);
    film.push_back(
        film_frame({.model = &now, .train = inputs.train, .plane = inputs.plane}, epoch, options.boundary));
  }
  return film;
}

}  // namespace hebb
