/// Fork-join parallelism over a pool of threads that spins for a moment before it sleeps.
#pragma once

#include <algorithm>
#include <cstdint>

#include "hebb/threads.hpp"

namespace hebb {

/// Runs `body(context, task)` for every task in [0, tasks), spread over the process's threads in
/// contiguous ranges; returns when all are done. Tasks must be independent and must not throw: then
/// the result cannot depend on the number of threads. Where the pool is taken by another caller, or
/// from inside a task, the tasks run here, one after the other.
void parallel_tasks(std::int64_t tasks, void (*body)(const void* context, std::int64_t task),
                    const void* context);

/// The same for anything callable with a task number.
template <class Body>
void parallel_for(std::int64_t tasks, const Body& body) {
  if (tasks == 1) {  // small problems: no call through a pointer
    body(0);
    return;
  }
  parallel_tasks(
      tasks, [](const void* context, std::int64_t task) { (*static_cast<const Body*>(context))(task); },
      &body);
}

/// Runs `body(begin, end)` on contiguous parts of [0, count), one for each thread, of at least `grain`
/// elements. The body must compute the same for an element whatever part it is in.
template <class Body>
void parallel_ranges(std::int64_t count, std::int64_t grain, const Body& body) {
  const std::int64_t parts = std::clamp<std::int64_t>(count / std::max<std::int64_t>(grain, 1), 1, threads());
  parallel_for(parts, [&](std::int64_t part) { body(count * part / parts, count * (part + 1) / parts); });
}

}  // namespace hebb
