#include "hebb/binary_memory.hpp"

#include <array>
#include <cmath>
#include <utility>

#include "core/names.hpp"
#include "core/parallel.hpp"
#include "hebb/random.hpp"
#include "kernels/bit_sums.hpp"
#include "kernels/lane_block.hpp"
#include "memory/binary_inside.hpp"
#include "memory/hebbian.hpp"
#include "memory/lane_recall.hpp"
#include "memory/overlap_values.hpp"

namespace hebb::memory {

namespace {

/// Streams of random numbers for the states that dreams begin with.
constexpr std::uint64_t kDreams = std::uint64_t{'u'} << 56;

constexpr std::int64_t kMostUnits = std::int64_t{1} << 24;

constexpr std::array<std::pair<std::string_view, Rule>, 8> kRules = {{
    {"hebb", Rule::hebb},
    {"storkey", Rule::storkey},
    {"pseudo-inverse", Rule::pseudo_inverse},
    {"perceptron", Rule::perceptron},
    {"symmetric-perceptron", Rule::symmetric_perceptron},
    {"minimum-overlap", Rule::minimum_overlap},
    {"clipped", Rule::clipped},
    {"palimpsest", Rule::palimpsest},
}};
constexpr std::array<std::pair<std::string_view, Energy>, 4> kEnergies = {{
    {"quadratic", Energy::quadratic},
    {"polynomial", Energy::polynomial},
    {"rectified-polynomial", Energy::rectified_polynomial},
    {"exponential", Energy::exponential},
}};

template <class Table>
auto value_named(const Table& table, std::string_view what, std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& [known, value] : table) {
    if (known == name) return value;
    names.push_back(known);
  }
  throw ConfigError(unknown_name(what, name, names));
}

template <class Table, class Value>
std::string_view name_in(const Table& table, Value value) {
  for (const auto& [name, known] : table) {
    if (known == value) return name;
  }
  return {};
}

void check_options(std::int64_t units, const BinaryOptions& options) {
  const auto require = [](bool holds, const std::string& message) {
    if (!holds) throw ConfigError(message);
  };
  require(units >= 1 && units <= kMostUnits,
          "a memory has 1 to " + std::to_string(kMostUnits) + " units; got " + std::to_string(units));
  require(
      options.bias.empty() || options.bias.size() == static_cast<std::size_t>(units),
      "there are " + std::to_string(options.bias.size()) + " biases for " + std::to_string(units) + " units");
  for (const float bias : options.bias) require(std::isfinite(bias), "a bias is not finite");
  require(options.dilution >= 0 && options.dilution < 1,
          "dilution is a share in [0, 1); got " + std::to_string(options.dilution));
  if (options.energy == Energy::quadratic) return;
  require(options.rule == Rule::hebb,
          "a dense energy goes with the rule 'hebb'; got '" + std::string(name_of(options.rule)) + "'");
  require(options.dilution == 0 && !options.form_weights, "dense energies have no weights to cut or to form");
  require(options.degree >= 2 && options.degree <= 1000,
          "the degree of a dense energy is 2 to 1000; got " + std::to_string(options.degree));
}

std::unique_ptr<Couplings> make_couplings(const PatternBits& patterns, const BinaryOptions& options) {
  if (options.energy != Energy::quadratic) return dense_couplings(patterns, options);
  const bool formed = options.form_weights || options.dilution > 0;
  if (options.rule == Rule::hebb && !formed) return hebbian_couplings(patterns, options);
  if (options.rule == Rule::pseudo_inverse && !formed) return projection_couplings(patterns, options);
  return matrix_couplings(patterns, options);
}

}  // namespace

Rule rule_of(std::string_view name) { return value_named(kRules, "rule", name); }
std::string_view name_of(Rule rule) { return name_in(kRules, rule); }
Energy energy_of(std::string_view name) { return value_named(kEnergies, "energy", name); }
std::string_view name_of(Energy energy) { return name_in(kEnergies, energy); }

BinaryMemory::Inside::Inside(std::int64_t unit_count, const BinaryOptions& given)
    : options(given), values(options), patterns(unit_count) {
  check_options(unit_count, options);
  couplings = make_couplings(patterns, options);
}

BitVector BinaryMemory::Inside::pack(std::span<const float> state, const std::string& what) const {
  if (state.size() != static_cast<std::size_t>(patterns.units())) {
    throw ShapeError(what + " has " + std::to_string(state.size()) + " values; the memory has " +
                     std::to_string(patterns.units()) + " units");
  }
  const auto down = static_cast<float>(values.value(false));
  BitVector bits(patterns.units());
  const std::size_t good = pack_bits(state.data(), state.size(), down, bits.words().data());
  if (good < state.size()) {
    throw DataError(what + " has the value " + std::to_string(state[good]) + " at unit " +
                    std::to_string(good) + "; units are " + (values.plus_minus_one() ? "-1 or 1" : "0 or 1"));
  }
  return bits;
}

std::vector<BitVector> BinaryMemory::Inside::pack_all(std::span<const float> states,
                                                      const std::string& what) const {
  const auto size = static_cast<std::size_t>(patterns.units());
  if (states.size() % size != 0) {
    throw ShapeError("there are " + std::to_string(states.size()) + " values, which is no multiple of the " +
                     std::to_string(size) + " units");
  }
  std::vector<BitVector> result;
  result.reserve(states.size() / size);
  for (std::size_t at = 0; at < states.size(); at += size)
    result.push_back(pack(states.subspan(at, size), what + std::to_string(at / size)));
  return result;
}

std::vector<float> BinaryMemory::Inside::unpack(const BitVector& state) const {
  std::vector<float> result(static_cast<std::size_t>(state.size()));
  unpack_bits(state.words().data(), result.size(), static_cast<float>(values.value(false)), result.data());
  return result;
}

std::vector<double> BinaryMemory::Inside::overlaps(const BitVector& state) const {
  const std::vector<std::int64_t> raw = raw_overlaps(patterns, state, true);
  std::vector<double> result(raw.size());
  for (std::size_t p = 0; p < raw.size(); ++p)
    result[p] = static_cast<double>(raw[p]) / static_cast<double>(patterns.units());
  return result;
}

void BinaryMemory::Inside::check(const RecallOptions& recall) const {
  if (patterns.size() == 0) throw ConfigError("the memory is empty: store a pattern first");
  if (recall.max_sweeps < 1)
    throw ConfigError("recall takes at least one sweep; got " + std::to_string(recall.max_sweeps));
  for (const double temperature : recall.temperatures) {
    if (!(temperature > 0) || !std::isfinite(temperature))
      throw ConfigError("temperatures are positive; got " + std::to_string(temperature));
  }
}

Recall BinaryMemory::Inside::recall(Walk& walk, const BitVector& cue, const RecallOptions& recall) const {
  walk.start(cue);
  Recall result;
  result.energy_start = walk.energy();
  OnSweep trace;
  if (recall.trace) {
    trace = [&](std::int64_t sweep, std::int64_t flips) {
      result.trace.push_back({sweep, flips, walk.energy(), overlaps(walk.state())});
    };
  }
  const Run run = run_dynamics(walk, values, recall, trace);
  result.ending = run.ending;
  result.sweeps = run.sweeps;
  result.flips = run.flips;
  result.energy_end = walk.energy();
  result.state = unpack(walk.state());
  return result;
}

void BinaryMemory::Inside::store(const std::vector<BitVector>& added) {
  const std::int64_t first = patterns.size();
  patterns.append(added);
  try {
    couplings->added(first);
  } catch (...) {
    patterns.truncate(first);
    throw;
  }
}

void BinaryMemory::Inside::restore(const std::vector<BitVector>& saved_patterns,
                                   const SavedWeights& weights) {
  if (patterns.size() > 0) throw ConfigError("saved weights go into an empty memory");
  patterns.append(saved_patterns);
  try {
    auto restored = std::make_unique<MatrixCouplings>(patterns, options);
    restored->restore(weights);
    couplings = std::move(restored);
  } catch (...) {
    patterns.truncate(0);
    throw;
  }
}

BinaryMemory::BinaryMemory(std::int64_t units, const BinaryOptions& options)
    : inside_(std::make_unique<Inside>(units, options)) {}
BinaryMemory::~BinaryMemory() = default;
BinaryMemory::BinaryMemory(BinaryMemory&&) noexcept = default;
BinaryMemory& BinaryMemory::operator=(BinaryMemory&&) noexcept = default;

const BinaryOptions& BinaryMemory::options() const { return inside_->options; }
std::int64_t BinaryMemory::units() const { return inside_->patterns.units(); }
std::int64_t BinaryMemory::size() const { return inside_->patterns.size(); }
bool BinaryMemory::has_energy() const { return inside_->couplings->has_energy(); }

std::vector<float> BinaryMemory::pattern(std::int64_t index) const {
  if (index < 0 || index >= size())
    throw ShapeError("there is no pattern " + std::to_string(index) + "; " + std::to_string(size()) +
                     " are stored");
  return inside_->unpack(inside_->patterns.pattern(index));
}

void BinaryMemory::store(std::span<const float> pattern) {
  inside_->store({inside_->pack(pattern, "the pattern")});
}

void BinaryMemory::store_all(std::span<const float> patterns) {
  inside_->store(inside_->pack_all(patterns, "pattern "));
}

void BinaryMemory::forget(std::int64_t index) {
  if (index < 0 || index >= size())
    throw ShapeError("there is no pattern " + std::to_string(index) + "; " + std::to_string(size()) +
                     " are stored");
  inside_->couplings->removed(index);
  inside_->patterns.remove(index);
}

std::optional<double> BinaryMemory::energy(std::span<const float> state) const {
  const std::unique_ptr<Walk> walk = inside_->couplings->walk();
  walk->start(inside_->pack(state, "the state"));
  return walk->energy();
}

std::vector<float> BinaryMemory::field(std::span<const float> state) const {
  const std::unique_ptr<Walk> walk = inside_->couplings->walk();
  walk->start(inside_->pack(state, "the state"));
  std::vector<double> fields(state.size());
  walk->fields(fields);
  return {fields.begin(), fields.end()};
}

std::vector<double> BinaryMemory::overlaps(std::span<const float> state) const {
  return inside_->overlaps(inside_->pack(state, "the state"));
}

Recall BinaryMemory::recall(std::span<const float> cue, const RecallOptions& options) const {
  inside_->check(options);
  const BitVector start = inside_->pack(cue, "the cue");
  return inside_->recall(*inside_->couplings->walk(), start, options);
}

std::vector<Recall> BinaryMemory::recall_batch(std::span<const float> cues,
                                               const RecallOptions& options) const {
  inside_->check(options);
  const std::vector<BitVector> starts = inside_->pack_all(cues, "cue ");
  std::vector<Recall> results(starts.size());
  if (starts.size() >= kLanes / 4 && inside_->couplings->has_lanes(options)) {
    const std::vector<LaneRun> runs = recall_in_lanes(inside_->patterns, inside_->options, starts, options);
    for (std::size_t k = 0; k < runs.size(); ++k)
      results[k] = {.state = inside_->unpack(runs[k].state),
                    .ending = runs[k].run.ending,
                    .sweeps = runs[k].run.sweeps,
                    .flips = runs[k].run.flips,
                    .energy_start = runs[k].energy_start,
                    .energy_end = runs[k].energy_end,
                    .trace = {}};
    return results;
  }
  constexpr std::size_t kTogether = 8;
  parallel_for(static_cast<std::int64_t>((starts.size() + kTogether - 1) / kTogether),
               [&](std::int64_t group) {
                 const std::unique_ptr<Walk> walk = inside_->couplings->walk();
                 const std::size_t first = static_cast<std::size_t>(group) * kTogether;
                 for (std::size_t k = first; k < std::min(starts.size(), first + kTogether); ++k)
                   results[k] = inside_->recall(*walk, starts[k], options);
               });
  return results;
}

double BinaryMemory::weight(std::int64_t i, std::int64_t j) const {
  if (i < 0 || j < 0 || i >= units() || j >= units())
    throw ShapeError("there is no weight between units " + std::to_string(i) + " and " + std::to_string(j) +
                     " of " + std::to_string(units()));
  return i == j ? 0 : inside_->couplings->weight(i, j);
}

std::vector<double> BinaryMemory::stabilities() const {
  const MatrixCouplings* formed = inside_->formed();
  return formed == nullptr ? std::vector<double>() : formed->stabilities();
}

void BinaryMemory::unlearn(std::int64_t dreams, double strength, std::uint64_t seed) {
  if (dreams < 1) throw ConfigError("unlearning takes at least one dream; got " + std::to_string(dreams));
  if (options().energy != Energy::quadratic || !has_energy())
    throw ConfigError("unlearning takes symmetric weights, which this memory does not have");
  inside_->check({});
  if (inside_->formed() == nullptr)
    inside_->couplings = matrix_couplings(inside_->patterns, inside_->options);
  MatrixCouplings& weights = *inside_->formed();
  const std::unique_ptr<Walk> walk = weights.walk();
  for (std::int64_t dream = 0; dream < dreams; ++dream) {
    Random random(seed, kDreams + static_cast<std::uint64_t>(dream));
    BitVector state(units());
    for (std::int64_t i = 0; i < units(); ++i) state.set(i, random.below(2) == 1);
    walk->start(state);
    run_dynamics(*walk, inside_->values, {.seed = random.bits()});
    weights.unlearn(walk->state(), strength);
  }
}

}  // namespace hebb::memory
