#include "hebb/memory_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "io/store_parts.hpp"

namespace hebb::memory {

namespace {

std::string_view text_of(std::span<const std::uint8_t> row) {
  return {reinterpret_cast<const char*>(row.data()), row.size()};
}

/// Rules that look at all patterns together; the others take them a block at a time.
bool learns_together(Rule rule) {
  return rule == Rule::perceptron || rule == Rule::symmetric_perceptron || rule == Rule::minimum_overlap;
}

void learn(BinaryMemory& memory, const PatternSet& added) {
  constexpr std::int64_t kBlock = 512;
  const std::int64_t block = learns_together(memory.options().rule) ? std::max(added.size(), kBlock) : kBlock;
  std::vector<float> values;
  for (std::int64_t first = 0; first < added.size(); first += block) {
    values.clear();
    for (std::int64_t i = first; i < std::min(added.size(), first + block); ++i) {
      const std::vector<float> one = added.values(i, memory.options().units);
      values.insert(values.end(), one.begin(), one.end());
    }
    memory.store_all(values);
  }
}

std::string named(const PatternSet& patterns, std::int64_t index) {
  return fmt::format("pattern {} ({})", index, in_quotes(patterns.labels[static_cast<std::size_t>(index)]));
}

}  // namespace

Store::Store(std::int64_t units, const BinaryOptions& options, const Look& look)
    : memory_(units, options), patterns_{.units = units, .look = look} {
  // Extents come from files as well: no product of theirs may overflow.
  const bool fits =
      look.height > 0 && look.width > 0 && units % look.height == 0 && units / look.height == look.width;
  if (look.kind == Look::Kind::image && !fits)
    throw ConfigError(
        fmt::format("images of {} x {} pixels do not fit {} units", look.height, look.width, units));
  if (look.kind == Look::Kind::text && units % 8 != 0)
    throw ConfigError(fmt::format("text takes 8 units a letter; {} units are no multiple of it", units));
}

void Store::check_new(const PatternSet& added) const {
  if (added.units != units())
    throw ShapeError(fmt::format("the patterns have {} units; the store has {}", added.units, units()));
  std::unordered_map<std::string_view, std::int64_t> known;
  for (std::int64_t i = 0; i < size(); ++i) known.emplace(text_of(patterns_.row(i)), i);
  for (std::int64_t i = 0; i < added.size(); ++i) {
    const auto row = added.row(i);
    if (std::all_of(row.begin(), row.end(), [](std::uint8_t byte) { return byte == 0; }))
      throw DataError(fmt::format("{} is empty: no unit of it is up", named(added, i)));
    const auto [found, fresh] = known.emplace(text_of(row), size() + i);
    if (fresh) continue;
    const std::int64_t same = found->second;
    throw DataError(
        fmt::format("{} is the same as {}", named(added, i),
                    same < size() ? "stored " + named(patterns_, same) : named(added, same - size())));
  }
}

void Store::relearn() {
  BinaryMemory fresh(units(), memory_.options());
  learn(fresh, patterns_);
  if (unlearning_.dreams > 0 && size() > 0)
    fresh.unlearn(unlearning_.dreams, unlearning_.strength, unlearning_.seed);
  memory_ = std::move(fresh);
}

void Store::add(const PatternSet& added) {
  check_new(added);
  if (added.size() == 0) return;
  PatternSet before = patterns_;
  patterns_.bits.insert(patterns_.bits.end(), added.bits.begin(), added.bits.end());
  patterns_.labels.insert(patterns_.labels.end(), added.labels.begin(), added.labels.end());
  try {
    if (learns_together(memory_.options().rule) || unlearning_.dreams > 0) {
      relearn();  // as it will be done when the file is read
    } else {
      learn(memory_, added);
    }
  } catch (...) {
    patterns_ = std::move(before);
    if (memory_.size() != size()) relearn();
    throw;
  }
  calibration_.reset();
}

void Store::remove(std::int64_t index) {
  if (index < 0 || index >= size())
    throw ShapeError(fmt::format("there is no pattern {}; {} are stored", index, size()));
  bool forgotten = unlearning_.dreams == 0;
  try {
    if (forgotten) memory_.forget(index);
  } catch (const ConfigError&) {
    forgotten = false;
  }
  const auto row = patterns_.bits.begin() + index * patterns_.row_bytes();
  patterns_.bits.erase(row, row + patterns_.row_bytes());
  patterns_.labels.erase(patterns_.labels.begin() + index);
  calibration_.reset();
  if (!forgotten) relearn();
}

void Store::unlearn(const Unlearning& unlearning) {
  if (unlearning.dreams < 0 || unlearning.dreams > Unlearning::kMostDreams)
    throw ConfigError(
        fmt::format("unlearning takes 0 to {} dreams; got {}", Unlearning::kMostDreams, unlearning.dreams));
  if (!(unlearning.strength > 0 && unlearning.strength <= 1))
    throw ConfigError(
        fmt::format("the strength of unlearning is above 0 and at most 1; got {}", unlearning.strength));
  if (memory_.options().energy != Energy::quadratic || !memory_.has_energy())
    throw ConfigError("unlearning takes symmetric weights, which this memory does not have");
  const Unlearning before = std::exchange(unlearning_, unlearning);
  try {
    relearn();
  } catch (...) {
    unlearning_ = before;
    throw;
  }
  calibration_.reset();
}

std::int64_t Store::find(const std::string& text) const {
  const auto& labels = patterns_.labels;
  const auto first = std::find(labels.begin(), labels.end(), text);
  if (first != labels.end()) {
    if (std::find(first + 1, labels.end(), text) != labels.end())
      throw ConfigError(fmt::format("several patterns have the label {}: give a number", in_quotes(text)));
    return first - labels.begin();
  }
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status == std::errc() && end == text.data() + text.size()) {
    if (number >= 0 && number < size()) return number;
    throw ConfigError(fmt::format("there is no pattern {}; {} are stored, counted from 0", number, size()));
  }
  const std::vector<std::string_view> views(labels.begin(), labels.end());
  const std::string_view near = nearest(text, views);
  throw ConfigError(fmt::format("there is no pattern with the label {}{}", in_quotes(text),
                                near.empty() ? "" : fmt::format("; did you mean {}?", in_quotes(near))));
}

Recognition Store::recognise(std::span<const float> cue, const RecallOptions& options) const {
  if (cue.size() != static_cast<std::size_t>(units()))
    throw ShapeError(fmt::format("the cue has {} values; the store has {} units", cue.size(), units()));
  return std::move(recognise_batch(cue, options).front());
}

std::vector<Recognition> Store::recognise_batch(std::span<const float> cues,
                                                const RecallOptions& options) const {
  std::vector<Recall> recalls = memory_.recall_batch(cues, options);
  std::vector<Recognition> results(recalls.size());
  const auto n = static_cast<std::size_t>(units());
  for (std::size_t k = 0; k < recalls.size(); ++k) {
    Recognition& result = results[k];
    const std::vector<double> overlaps = memory_.overlaps(recalls[k].state);
    const auto best = std::max_element(overlaps.begin(), overlaps.end(),
                                       [](double a, double b) { return std::abs(a) < std::abs(b); });
    result.nearest = best - overlaps.begin();
    result.overlap = *best;
    result.label = classify(memory_, recalls[k].state, overlaps, {});
    if (calibration_)
      result.confidence = confidence_of(*calibration_, memory_, cues.subspan(k * n, n), recalls[k], overlaps);
    result.recall = std::move(recalls[k]);
  }
  return results;
}

void Store::calibrate(std::uint64_t seed) {
  calibration_.reset();
  if (size() > 0) calibration_ = calibration_of(memory_, patterns_, seed);
}

}  // namespace hebb::memory
