#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hebb/error.hpp"
#include "hebb/evaluation.hpp"
#include "hebb/lab.hpp"
#include "hebb/model.hpp"
#include "hebb/training_step.hpp"
#include "lab/sine.hpp"
#include "lab/words.hpp"

namespace hebb::lab {

namespace {

enum Stream : std::uint64_t { kTrain, kTest, kInputNoise };

constexpr const char* kLoss = "mse";

/// What a cure changes; nothing, as it is here.
struct Cure {
  std::string name;
  double held_back = 0;
  double dropout = 0;
  double l2 = 0;
  double input_noise = 0;
  std::int64_t more = 1;
};

std::vector<Cure> all_cures(const CuresOptions& o) {
  return {{.name = "none"},
          {.name = "early stopping", .held_back = o.held_back},
          {.name = "dropout", .dropout = o.dropout},
          {.name = "L2", .l2 = o.l2},
          {.name = "input noise", .input_noise = o.input_noise},
          {.name = "more data", .more = o.more}};
}

void check(const CuresOptions& o) {
  require_within("samples", static_cast<double>(o.samples), 2, 1e6);
  require_within("test samples", static_cast<double>(o.test), 1, 1e6);
  require_within("noise", o.noise, 0, 1e6);
  require_within("epochs", static_cast<double>(o.epochs), 1, 1e6);
  require_within("runs", static_cast<double>(o.runs), 1, 1000);
  require_within("share held back", o.held_back, 0.01, 0.99);
  require_within("patience", static_cast<double>(o.patience), 1, 1e6);
  require_within("noise of inputs", o.input_noise, 0, 1e6);
  require_within("more data", static_cast<double>(o.more), 1, 1e6);
  require_within("samples of more data", static_cast<double>(o.samples * o.more), 2, 1e6);
}

/// The model with dropout before each layer that has weights, but for the first of them.
Sequential with_dropout(Sequential model, double rate) {
  if (rate == 0) return model;
  model.build({1});
  Sequential result;
  bool weights_before = false;
  const std::vector<SummaryRow> rows = model.summary();
  for (std::size_t i = 0; i < model.size(); ++i) {
    const bool weights = rows[i].parameters > 0;
    if (weights && weights_before) result.add(Dropout(rate));
    weights_before = weights_before || weights;
    result.add(model.layer(i));
  }
  return result;
}

/// The last samples, at least one, cut off from the others, which stay.
Points cut_off(Points& samples, double share) {
  if (share == 0) return {};
  const auto wanted = std::llround(share * static_cast<double>(samples.size()));
  const auto count = std::clamp<std::int64_t>(wanted, 1, samples.size() - 1);
  Points rest;
  for (auto [from, to] : {std::pair{&samples.x, &rest.x}, std::pair{&samples.y, &rest.y}}) {
    to->assign(from->end() - count, from->end());
    from->resize(from->size() - static_cast<std::size_t>(count));
  }
  return rest;
}

/// Steps of training, and losses between them.
class Learner {
 public:
  Learner(const Cure& cure, const CuresOptions& options, std::uint64_t seed)
      : step_(model(cure, options, seed), {.input = {1}, .target = {1}},
              {.loss = kLoss,
               .optimizer = Adam({.learning_rate = options.learning_rate}),
               .penalty = {.l2 = cure.l2},
               .seed = seed}),
        input_noise_(cure.input_noise),
        random_(seed, kInputNoise) {}

  void learn(const Points& samples) {
    const BatchBuffers batch = write(step_.batch(samples.size()), samples);
    for (std::int64_t i = 0; input_noise_ > 0 && i < samples.size(); ++i)
      batch.inputs[i] += static_cast<float>(input_noise_ * random_.normal());
    step_.run();
  }

  double loss(const Points& samples) {
    write(step_.evaluation_batch(samples.size()), samples);
    const double loss = step_.evaluate().loss;
    if (!std::isfinite(loss))
      throw DivergedError("the network diverges: try a lower learning rate or less noise");
    return loss;
  }

 private:
  static Sequential model(const Cure& cure, const CuresOptions& options, std::uint64_t seed) {
    Sequential model = with_dropout(Sequential::parse(options.model), cure.dropout);
    model.build({1}, seed);
    return model;
  }
  static BatchBuffers write(const BatchBuffers& batch, const Points& samples) {
    std::copy(samples.x.begin(), samples.x.end(), batch.inputs);
    std::copy(samples.y.begin(), samples.y.end(), batch.values);
    return batch;
  }

  TrainingStep step_;
  double input_noise_;
  Random random_;
};

/// Losses after each epoch, of the weights that are kept.
struct Curves {
  std::vector<double> train, test;
  std::int64_t epoch = 0;
};

Curves run(const Cure& cure, const CuresOptions& options, std::uint64_t seed) {
  Points train = noisy_sine(options.samples * cure.more, options.noise, Random(seed, kTrain));
  const Points test = noisy_sine(options.test, options.noise, Random(seed, kTest));
  const Points held_back = cut_off(train, cure.held_back);
  Learner learner(cure, options, seed);
  Curves curves;
  double lowest = std::numeric_limits<double>::infinity();
  double train_loss = 0;
  double test_loss = 0;
  for (std::int64_t epoch = 1; epoch <= options.epochs; ++epoch) {
    const bool stopped = held_back.size() > 0 && epoch - 1 - curves.epoch >= options.patience;
    if (!stopped) {
      learner.learn(train);
      const double judged = held_back.size() > 0 ? learner.loss(held_back) : 0;
      if (held_back.size() == 0 || judged < lowest) {
        lowest = judged;
        curves.epoch = epoch;
        train_loss = learner.loss(train);
        test_loss = learner.loss(test);
      }
    }
    curves.train.push_back(train_loss);
    curves.test.push_back(test_loss);
  }
  return curves;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// The median over runs of each of their numbers.
template <class Get>
std::vector<double> medians(const std::vector<Curves>& runs, std::size_t count, const Get& get) {
  std::vector<double> result;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<double> values;
    for (const Curves& run : runs) values.push_back(get(run, i));
    result.push_back(median(values));
  }
  return result;
}

CureResult try_cure(const Cure& cure, const CuresOptions& options) {
  std::vector<Curves> runs;
  for (std::int64_t i = 0; i < options.runs; ++i) {
    // The same for every cure, so that all of them have the same samples and initial weights.
    const std::uint64_t seed = Random(options.seed, static_cast<std::uint64_t>(i)).bits();
    runs.push_back(run(cure, options, seed));
  }
  const auto epochs = static_cast<std::size_t>(options.epochs);
  return {.cure = cure.name,
          .train_loss = medians(runs, epochs, [](const Curves& c, std::size_t i) { return c.train[i]; }),
          .test_loss = medians(runs, epochs, [](const Curves& c, std::size_t i) { return c.test[i]; }),
          .epoch = medians(runs, 1, [](const Curves& c, std::size_t) {
                     return static_cast<double>(c.epoch);
                   }).front()};
}

/// By the test loss in the end, the lowest first.
std::vector<const CureResult*> ranked(const Cures& found) {
  std::vector<const CureResult*> all;
  for (const CureResult& result : found.results) {
    if (result.test_loss.empty()) throw DataError("there is a cure without a loss");
    all.push_back(&result);
  }
  if (all.empty()) refuse_conclusion();
  std::stable_sort(all.begin(), all.end(),
                   [](auto* a, auto* b) { return a->test_loss.back() < b->test_loss.back(); });
  return all;
}

/// "A (0.1), B (0.2) and C (0.3)".
std::string with_losses(const std::vector<const CureResult*>& results) {
  std::vector<std::string> parts;
  for (const CureResult* r : results)
    parts.push_back(fmt::format("{} ({:.3g})", r->cure, r->test_loss.back()));
  return listed(parts);
}

std::string without_cure(const CureResult& none) {
  const auto lowest = std::min_element(none.test_loss.begin(), none.test_loss.end());
  const bool overfits = none.test_loss.back() > (1 + kSame) * *lowest;
  return fmt::format(
      "Without a cure the training loss {}, and the test loss, lowest after epoch {} ({:.3g}), ends at "
      "{:.3g}: {}.",
      course(none.train_loss.front(), none.train_loss.back()), lowest - none.test_loss.begin() + 1, *lowest,
      none.test_loss.back(), overfits ? "overfitting" : "there is nothing to cure");
}

}  // namespace

Cures cures(const CuresOptions& options) {
  check(options);
  Sequential model = Sequential::parse(options.model);
  check_fit(model.build({1}), data_set({.x = {0}, .y = {0}}), kLoss);
  Cures found{.noise_loss = options.noise * options.noise};
  for (const Cure& cure : all_cures(options)) found.results.push_back(try_cure(cure, options));
  found.best = ranked(found).front()->cure;
  return found;
}

Conclusion conclusion(const Cures& found) {
  std::vector<const CureResult*> help;
  std::vector<const CureResult*> others;
  const std::vector<const CureResult*> all = ranked(found);
  const CureResult& none = found.results.front();
  for (const CureResult* result : all) {
    if (result == &none) continue;
    const bool helps = result->test_loss.back() < (1 - kSame) * none.test_loss.back();
    (helps ? help : others).push_back(result);
  }
  std::string text = help.empty() ? "Of the cures none lowers the test loss in the end"
                     : help.size() == 1
                         ? "What lowers the test loss in the end is " + with_losses(help)
                         : "What lowers the test loss in the end are, the best first, " + with_losses(help);
  if (!others.empty()) text += (help.empty() ? ": " : "; not so ") + with_losses(others);
  return {without_cure(none), text + "."};
}

}  // namespace hebb::lab
