#include "report/advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hebb/neurons.hpp"

namespace hebb::report {

namespace {

/// Mean over the epochs [begin, end) of what `value` gives.
template <class Value>
double mean(const std::vector<EpochReport>& epochs, std::size_t begin, std::size_t end, const Value& value) {
  double sum = 0;
  for (std::size_t i = begin; i < end; ++i) sum += value(epochs[i]);
  return sum / static_cast<double>(end - begin);
}

double train_loss(const EpochReport& epoch) { return epoch.train_loss; }
double validation_loss(const EpochReport& epoch) { return epoch.validation_loss.value_or(0); }

std::string rate_text(const RunRecord& run) {
  double most = 0;
  for (const EpochReport& epoch : run.epochs) most = std::max(most, epoch.learning_rate);
  if (run.epochs.empty() && run.config.learning_rate) most = *run.config.learning_rate;
  return most > 0 ? fmt::format(" ({:g})", most) : "";
}

/// A neuron takes fewer options than a network.
const char* slower(const RunRecord& run) {
  return neurons::is_neuron(run.config.model)
             ? "A third of it or a falling one (--schedule inverse) may help."
             : "A third of it, a warm-up (--schedule one_cycle) or --clip-norm 1 may help; "
               "hebb train --find-lr proposes a rate.";
}

/// Epochs whose loss leaps to well above the best so far, by a good part of what had been gained.
std::int64_t leaps(const std::vector<EpochReport>& epochs) {
  std::int64_t count = 0;
  double best = epochs.front().train_loss;
  const double first = best;
  for (const EpochReport& epoch : epochs) {
    const double above = epoch.train_loss - best;
    if (above > 0.5 * std::abs(best) && above > 0.1 * std::abs(first - best)) ++count;
    best = std::min(best, epoch.train_loss);
  }
  return count;
}

/// The median, over what was recorded, of the largest update of a layer relative to its weights.
double typical_update(const std::vector<Insight>& insight) {
  std::vector<double> largest;
  for (const Insight& look : insight) {
    double most = 0;
    for (const LayerInsight& layer : look.layers) {
      if (layer.weight_norm > 0) most = std::max(most, layer.update_norm / layer.weight_norm);
    }
    largest.push_back(most);
  }
  if (largest.empty()) return 0;
  const auto middle = largest.begin() + static_cast<std::ptrdiff_t>(largest.size() / 2);
  std::nth_element(largest.begin(), middle, largest.end());
  return *middle;
}

std::string plural(std::int64_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace

std::string on_overfitting(const std::vector<EpochReport>& epochs, bool neuron) {
  constexpr std::size_t kLeast = 3;  // epochs after the best one
  if (epochs.empty() || !epochs.back().validation_loss) return {};
  const auto lowest = std::min_element(epochs.begin(), epochs.end(), [](const auto& a, const auto& b) {
    return validation_loss(a) < validation_loss(b);
  });
  const auto best = static_cast<std::size_t>(lowest - epochs.begin());
  const std::size_t after = epochs.size() - 1 - best;
  if (after < std::max(kLeast, epochs.size() / 20)) return {};
  // The mean of the last third of what came after: single epochs vary.
  const std::size_t tail = epochs.size() - std::max<std::size_t>(1, after / 3);
  const double now = mean(epochs, tail, epochs.size(), validation_loss);
  const double train = mean(epochs, tail, epochs.size(), train_loss);
  const bool rose = now > validation_loss(*lowest) + 0.05 * std::abs(validation_loss(*lowest));
  if (!rose || train >= lowest->train_loss) return {};
  return fmt::format(
      "Overfitting since epoch {}: the validation loss rose from {:.4g} to {:.4g} while the training loss "
      "fell from {:.4g} to {:.4g}. The saved best model is that of epoch {}. More data{} or --l2 may help; "
      "--patience ends training in time.",
      lowest->epoch, validation_loss(*lowest), now, lowest->train_loss, train, lowest->epoch,
      neuron ? "" : ", --augment, dropout");
}

std::string on_learning_rate(const RunRecord& run) {
  if (run.state == State::diverged) {
    return fmt::format("Training diverged: the learning rate{} is likely too high. {}", rate_text(run),
                       slower(run));
  }
  const auto count = static_cast<std::int64_t>(run.epochs.size());
  // The loss of a neuron leaps by nature: a perceptron's does at whatever rate while samples are on wrong
  // sides.
  if (count < 3 || neurons::is_neuron(run.config.model)) return {};
  const std::int64_t leaped = leaps(run.epochs);
  if (leaped >= std::max<std::int64_t>(2, count / 10)) {
    return fmt::format(
        "The learning rate{} is likely too high: in {} of {} epochs the training loss was more than half "
        "above "
        "the lowest one before. {}",
        rate_text(run), leaped, count, slower(run));
  }
  constexpr double kFar = 0.1;
  const double moved = typical_update(run.insight);
  const auto lowest =
      std::min_element(run.epochs.begin(), run.epochs.end(),
                       [](const auto& a, const auto& b) { return a.train_loss < b.train_loss; });
  const double first = run.epochs.front().train_loss;
  if (moved > kFar && lowest->train_loss > first - 0.02 * std::abs(first)) {
    return fmt::format(
        "The learning rate{} is likely too high: a step changes weights by {:.0f} % of their size, and the "
        "training loss has not fallen since the first epoch. {}",
        rate_text(run), 100 * moved, slower(run));
  }
  return {};
}

std::string on_stopping_early(const RunRecord& run) {
  constexpr std::size_t kLeast = 5;
  const std::vector<EpochReport>& epochs = run.epochs;
  if (run.state != State::finished || run.outcome.value("stopped_early", false) || epochs.size() < kLeast)
    return {};
  const auto loss_of = epochs.back().validation_loss ? validation_loss : train_loss;
  const std::size_t part = std::max<std::size_t>(1, epochs.size() / 5);
  const double before = mean(epochs, epochs.size() - 2 * part, epochs.size() - part, loss_of);
  const double now = mean(epochs, epochs.size() - part, epochs.size(), loss_of);
  if (!(before > 0) || before - now < 0.1 * before) return {};
  return fmt::format(
      "The {} loss was still falling when the epochs ran out: from {:.4g} to {:.4g} over the last fifth of "
      "them. "
      "Going on is likely worth it: hebb train --resume {} --epochs {}.",
      epochs.back().validation_loss ? "validation" : "training", before, now, run.folder, 2 * epochs.size());
}

std::string on_classes(const DataView& data, bool neuron) {
  constexpr std::int64_t kMostRatio = 5;
  if (data.counts.size() < 2) return {};
  const auto name = [&](auto place) {
    const auto index = static_cast<std::size_t>(place - data.counts.begin());
    const auto& names = data.summary.class_names;
    return index < names.size() ? names[index] : std::to_string(index);
  };
  const auto [least, most] = std::minmax_element(data.counts.begin(), data.counts.end());
  if (*most <= kMostRatio * *least) return {};
  const auto total = std::accumulate(data.counts.begin(), data.counts.end(), std::int64_t{0});
  return fmt::format(
      "Classes are unbalanced: '{}' has {} of {} training samples, '{}' has {}. Always guessing '{}' would "
      "be "
      "right in {:.1f} % of cases: look at recall and F1 of the classes, not at accuracy alone.{}",
      name(most), *most, total, name(least), *least, name(most),
      100 * static_cast<double>(*most) / static_cast<double>(total),
      neuron ? "" : " Class weights (--loss 'cross_entropy(class_weights=...)') may help.");
}

std::string on_dead_units(const std::vector<Insight>& insight) {
  constexpr double kMostShare = 0.1;
  if (insight.empty()) return {};
  std::string layers;
  for (const ActivationInsight& layer : insight.back().activations) {
    if (layer.dead == 0 || static_cast<double>(layer.dead) < kMostShare * static_cast<double>(layer.units))
      continue;
    layers +=
        fmt::format("{}{} of {} in {}", layers.empty() ? "" : ", ", layer.dead, layer.units, layer.name);
  }
  if (layers.empty()) return {};
  return fmt::format(
      "Units are dead: {} give the same value for all of {} training samples, and learn nothing. A smaller "
      "learning rate, batch_norm, or an activation that is never flat (leaky_relu) may help; so does leaving "
      "them out.",
      layers, insight.back().samples);
}

std::string on_leak(const DataView& data) {
  const Overlaps& overlaps = data.overlaps;
  if (overlaps.in_training == 0) return {};
  return fmt::format(
      "The {} samples are not all new to the model: the inputs of {} also occur among the training samples, "
      "so "
      "that the {} figures are too good. Take duplicates out before the data are divided.",
      overlaps.part, overlaps.in_training, overlaps.part);
}

std::string on_contradictions(const DataView& data) {
  const std::int64_t count = data.overlaps.contradictions;
  if (count == 0) return {};
  return fmt::format(
      "{} the same inputs as another one of another class: no model can get all of them right.",
      plural(count, "training sample has", "training samples have"));
}

std::vector<Advice> advice_on(const RunRecord& run, const DataView* data) {
  std::vector<Advice> all;
  const auto add = [&](const char* kind, std::string text) {
    if (!text.empty()) all.push_back({kind, std::move(text)});
  };
  const bool neuron = neurons::is_neuron(run.config.model);
  add("learning_rate", on_learning_rate(run));
  add("overfitting", on_overfitting(run.epochs, neuron));
  if (!neuron) add("dead_units", on_dead_units(run.insight));
  if (data != nullptr) {
    add("leak", on_leak(*data));
    add("classes", on_classes(*data, neuron));
    add("contradictions", on_contradictions(*data));
  }
  if (all.empty()) add("unfinished", on_stopping_early(run));
  return all;
}

}  // namespace hebb::report
