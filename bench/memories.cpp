#include "memories.hpp"

#include <malloc.h>
#include <unistd.h>

#include <fstream>

#include "cli/chart_svg.hpp"
#include "hebb/binary_memory.hpp"
#include "hebb/error.hpp"
#include "hebb/modern_memory.hpp"
#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "memory/binary_inside.hpp"

namespace hebb::bench {

namespace {

using memory::BinaryMemory;

std::vector<float> random_signs(std::int64_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> result(static_cast<std::size_t>(count));
  for (float& x : result) x = random.below(2) == 0 ? -1.0F : 1.0F;
  return result;
}

/// Megabytes of this process in memory.
double resident() {
  malloc_trim(0);  // what was freed before does not count
  std::ifstream statm("/proc/self/statm");
  double all = 0, pages = 0;
  statm >> all >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

/// A pattern with a tenth of its bits inverted.
std::vector<float> damaged(std::vector<float> pattern, std::uint64_t seed) {
  Random random(seed);
  const auto n = static_cast<std::int32_t>(pattern.size());
  const std::vector<std::int32_t> order = random.permutation(n);
  for (std::int32_t k = 0; k < n / 10; ++k)
    pattern[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])] *= -1;
  return pattern;
}

std::string size_name(std::int64_t units, std::int64_t patterns) {
  return fmt::format("{}x{}", units, patterns);
}

/// A memory filled by parts, so that floats do not take more room than the bits.
BinaryMemory filled(std::int64_t units, std::int64_t patterns) {
  BinaryMemory memory(units);
  constexpr std::int64_t kPart = 64;
  for (std::int64_t first = 0; first < patterns; first += kPart) {
    const std::int64_t count = std::min(kPart, patterns - first);
    memory.store_all(random_signs(count * units, static_cast<std::uint64_t>(first)));
  }
  return memory;
}

/// Seconds of a whole asynchronous sweep of recall from a damaged pattern: all that one sweep is charged
/// with.
double asynchronous_sweep(const BinaryMemory& memory, const std::vector<float>& cue, int repetitions) {
  return median_seconds(repetitions, [&] { memory.recall(cue, {.max_sweeps = 1}); });
}

void ten_thousand_units(Results& results) {
  constexpr std::int64_t kUnits = 10'000, kPatterns = 1000;
  const std::string size = size_name(kUnits, kPatterns);
  const std::vector<float> patterns = random_signs(kUnits * kPatterns, 1);
  BinaryMemory memory(kUnits);
  results.add("memory/store_" + size,
              1e3 * median_seconds(15,
                                   [&] {
                                     memory = BinaryMemory(kUnits);
                                     memory.store_all(patterns);
                                   }),
              "ms", {{"target", 5}});
  const std::vector<float> cue = damaged({patterns.begin(), patterns.begin() + kUnits}, 2);
  // All overlaps, and from them all fields: what a matrix product is to an engine with weights.
  const auto walk = memory.inside().couplings->walk();
  const memory::BitVector state = memory.inside().pack_all(cue, "cue").front();
  std::vector<double> fields(kUnits);
  results.add("memory/synchronous_sweep_" + size, 1e3 * seconds_per_call([&] {
                                                    walk->start(state);
                                                    walk->fields(fields);
                                                  }),
              "ms", {{"target", 0.3}});
  results.add("memory/asynchronous_sweep_" + size, 1e3 * asynchronous_sweep(memory, cue, 51), "ms",
              {{"target", 1.8}});

  constexpr std::size_t kCues = 256;
  std::vector<float> cues;
  for (std::size_t k = 0; k < kCues; ++k) {
    const auto first = patterns.begin() + static_cast<std::ptrdiff_t>(k * kUnits);
    const std::vector<float> one = damaged({first, first + kUnits}, 3 + k);
    cues.insert(cues.end(), one.begin(), one.end());
  }
  const double single = median_seconds(3,
                                       [&] {
                                         for (std::size_t k = 0; k < kCues; k += 8)
                                           memory.recall(std::span(cues).subspan(k * kUnits, kUnits));
                                       }) /
                        (kCues / 8);
  const double batch = median_seconds(3, [&] { memory.recall_batch(cues); }) / kCues;
  results.add("memory/recall_one_" + size, 1e3 * single, "ms");
  results.add(fmt::format("memory/recall_of_{}_{}", kCues, size), 1e3 * batch, "ms");
  results.add("speed_up/memory_recall_of_256", single / batch, "x", {{"target", 4}});
}

void large(Results& results, std::int64_t units, std::int64_t patterns, double target_room,
           Json target_sweep) {
  const double before = resident();
  const BinaryMemory memory = filled(units, patterns);
  const std::vector<float> cue = damaged(memory.pattern(0), 2);
  const double sweep = asynchronous_sweep(memory, cue, 3);
  const std::string size = size_name(units, patterns);
  results.add("memory/resident_" + size, resident() - before, "MB", {{"target", target_room}});
  results.add("memory/asynchronous_sweep_" + size, sweep, "s", std::move(target_sweep));
}

/// The cost of a sweep over sizes that lie in both dimensions apart.
void cost_by_size(Results& results, const std::string& picture) {
  cli::Series sweep{.label = "a unit and pattern", .x = {}, .y = {}};
  for (const std::int64_t units : {3000, 10'000, 30'000, 100'000}) {
    const std::int64_t patterns = units / 10;
    const BinaryMemory memory = filled(units, patterns);
    const double each = asynchronous_sweep(memory, damaged(memory.pattern(0), 2), units > 10'000 ? 3 : 21);
    const double work = static_cast<double>(units) * static_cast<double>(patterns);
    results.add("memory/sweep_by_work_" + size_name(units, patterns), 1e12 * each / work, "ps");
    sweep.x.push_back(work);
    sweep.y.push_back(1e12 * each / work);
  }
  if (picture.empty()) return;
  std::ofstream file(picture);
  file << cli::chart_svg(
      {sweep}, {.x_label = "units times patterns", .y_label = "ps", .log_x = true, .from_zero = true});
  if (!file) throw FormatError(picture + ": cannot be written");
}

/// One update of states of a modern memory; the same is bench/peers/torch_association.py.
void modern_memory(Results& results) {
  constexpr std::int64_t kPatterns = 100'000;
  constexpr std::int64_t kUnits = 512;
  memory::ModernMemory memory(kUnits);
  Random random(1);
  std::vector<float> patterns(kPatterns * kUnits);
  for (float& x : patterns) x = random.normal();
  memory.store_all(patterns);
  for (const std::int64_t queries : {1, 256}) {
    const auto cues = std::span(patterns).first(static_cast<std::size_t>(queries * kUnits));
    const double each = seconds_per_call([&] { memory.retrieve(cues); });
    results.add(fmt::format("association/{}x{}x{}", queries, kPatterns, kUnits), 1e3 * each, "ms");
  }
}

}  // namespace

void associative_memories(Results& results, const std::string& picture) {
  const int before = threads();
  set_threads(1);
  ten_thousand_units(results);
  cost_by_size(results, picture);
  large(results, 100'000, 10'000, 300, {{"target", 1}});
  large(results, 1'000'000, 1000, 1000, Json::object());
  set_threads(before);
  modern_memory(results);
}

}  // namespace hebb::bench
