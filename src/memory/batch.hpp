/// Recall of many cues side by side.
#pragma once

#include "core/parallel.hpp"
#include "hebb/memory.hpp"

namespace hebb::memory {

/// What `memory.recall` returns for each of the cues [count, units], by all threads. `check` throws for a cue
/// that recall would refuse: tasks of threads must not throw.
template <class Check>
std::vector<Recall> recall_in_parallel(const Memory& memory, std::span<const float> cues,
                                       const RecallOptions& options, const Check& check) {
  const auto size = static_cast<std::size_t>(memory.units());
  // What the sequential form says of a wrong size is said once, there.
  if (cues.size() % size != 0) return memory.Memory::recall_batch(cues, options);
  const std::size_t count = cues.size() / size;
  for (std::size_t i = 0; i < count; ++i) check(cues.subspan(i * size, size));
  std::vector<Recall> results(count);
  parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t task) {
    const auto i = static_cast<std::size_t>(task);
    results[i] = memory.recall(cues.subspan(i * size, size), options);
  });
  return results;
}

}  // namespace hebb::memory
