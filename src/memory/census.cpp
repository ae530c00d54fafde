#include <algorithm>
#include <unordered_map>

#include "core/parallel.hpp"
#include "memory/attractors.hpp"

namespace hebb::memory {

namespace {

struct HashBits {
  std::size_t operator()(const BitVector& bits) const {
    std::uint64_t hash = 0x9e3779b97f4a7c15;
    for (const std::uint64_t word : bits.words()) {
      hash = (hash ^ word) * 0xff51afd7ed558ccd;
      hash ^= hash >> 32;
    }
    return hash;
  }
};

/// Where one start ended.
struct End {
  BitVector state;
  Ending ending = Ending::step_limit;
};

// Of the two states of a cycle, always the same one stands for it.
BitVector representative(Walk& walk, const UnitValues& values) {
  const BitVector one = walk.state();
  run_dynamics(walk, values, {.order = Order::synchronous, .max_sweeps = 1});
  const BitVector other = walk.state();
  return std::lexicographical_compare(one.words().begin(), one.words().end(), other.words().begin(),
                                      other.words().end())
             ? one
             : other;
}

class Counting {
 public:
  Counting(const BinaryMemory::Inside& inside, const CensusOptions& options, std::int64_t starts)
      : inside_(inside), options_(options), starts_(starts) {}

  /// Runs all starts, in batches between which progress is told; returns how many were run.
  std::int64_t run() {
    constexpr std::int64_t kBatch = 256;
    for (std::int64_t first = 0; first < starts_; first += kBatch) {
      const std::int64_t some = std::min(kBatch, starts_ - first);
      run_batch(first, some);
      if (options_.progress && !options_.progress(first + some, starts_)) return first + some;
    }
    return starts_;
  }

  struct Found {
    BitVector state;
    bool cycle = false;
    std::int64_t hits = 0;
  };
  std::vector<Found> found;  ///< in the order in which they were found first
  std::int64_t unsettled = 0;

 private:
  void run_batch(std::int64_t first, std::int64_t some) {
    std::vector<End> ends(static_cast<std::size_t>(some));
    constexpr std::int64_t kTogether = 16;
    parallel_for((some + kTogether - 1) / kTogether, [&](std::int64_t group) {
      const std::unique_ptr<Walk> walk = inside_.couplings->walk();
      for (std::int64_t k = group * kTogether; k < std::min(some, (group + 1) * kTogether); ++k)
        ends[static_cast<std::size_t>(k)] = run_one(*walk, first + k);
    });
    for (const End& end : ends) count(end);
  }

  End run_one(Walk& walk, std::int64_t number) const {
    Random random(options_.recall.seed, static_cast<std::uint64_t>(number));
    RecallOptions recall = options_.recall;
    recall.seed = random_seed(random);
    walk.start(options_.exhaustive ? numbered(number) : random_bits(inside_.patterns.units(), random));
    const Run run = run_dynamics(walk, inside_.values, recall);
    if (run.ending == Ending::two_cycle) return {representative(walk, inside_.values), run.ending};
    return {walk.state(), run.ending};
  }

  BitVector numbered(std::int64_t number) const {
    BitVector state(inside_.patterns.units());
    state.words()[0] = static_cast<std::uint64_t>(number);
    return state;
  }

  void count(const End& end) {
    if (end.ending == Ending::step_limit) {
      ++unsettled;
      return;
    }
    const auto [at, is_new] = index_.try_emplace(end.state, found.size());
    if (is_new) found.push_back({end.state, end.ending == Ending::two_cycle, 0});
    ++found[at->second].hits;
  }

  const BinaryMemory::Inside& inside_;
  const CensusOptions& options_;
  std::int64_t starts_;
  std::unordered_map<BitVector, std::size_t, HashBits> index_;
};

Attractor described(const BinaryMemory::Inside& inside, const Counting::Found& found, Walk& walk,
                    const CensusOptions& options) {
  Attractor result;
  result.state = inside.unpack(found.state);
  result.hits = found.hits;
  walk.start(found.state);
  result.energy = walk.energy();
  if (found.cycle) {
    result.label = {.kind = AttractorKind::two_cycle};
  } else {
    result.label = classify_bits(inside, found.state, inside.overlaps(found.state), options.classify);
  }
  return result;
}

}  // namespace

BitVector random_bits(std::int64_t units, Random& random) {
  BitVector result(units);
  for (std::uint64_t& word : result.words()) word = random_seed(random);
  if (units % 64 != 0) result.words().back() &= (std::uint64_t{1} << (units % 64)) - 1;
  return result;
}

double Census::share_of(AttractorKind kind) const {
  double share = 0;
  for (const Attractor& attractor : attractors) share += attractor.label.kind == kind ? attractor.share : 0;
  return share;
}

Census census(const BinaryMemory& memory, const CensusOptions& options) {
  constexpr std::int64_t kMostExhaustive = 24;
  const BinaryMemory::Inside& inside = memory.inside();
  inside.check(options.recall);
  if (options.exhaustive && memory.units() > kMostExhaustive)
    throw ConfigError("all states are tried of at most 24 units; the memory has " +
                      std::to_string(memory.units()));
  if (!options.exhaustive && options.starts < 1)
    throw ConfigError("a census takes at least one start; got " + std::to_string(options.starts));
  Counting counting(inside, options, options.exhaustive ? std::int64_t{1} << memory.units() : options.starts);
  Census result;
  result.starts = counting.run();
  result.unsettled = counting.unsettled;
  const std::unique_ptr<Walk> walk = inside.couplings->walk();
  for (const Counting::Found& found : counting.found) {
    Attractor attractor = described(inside, found, *walk, options);
    attractor.share = static_cast<double>(found.hits) / static_cast<double>(result.starts);
    attractor.share_interval = options.exhaustive ? Interval{attractor.share, attractor.share}
                                                  : wilson_interval(found.hits, result.starts);
    result.attractors.push_back(std::move(attractor));
  }
  std::stable_sort(result.attractors.begin(), result.attractors.end(),
                   [](const Attractor& a, const Attractor& b) {
                     return a.hits != b.hits ? a.hits > b.hits : a.energy.value_or(0) < b.energy.value_or(0);
                   });
  std::int64_t measured = 0;
  for (Attractor& attractor : result.attractors) {
    if (measured++ >= options.depths) break;
    if (attractor.label.kind == AttractorKind::two_cycle) continue;
    walk->start(inside.pack(attractor.state, "the state"));
    attractor.depth = depth_of(*walk, inside.values);
  }
  return result;
}

}  // namespace hebb::memory
