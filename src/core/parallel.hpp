/// Fork-join parallelism over a pool of threads that spins for a moment before it sleeps.
#pragma once

#include <cstdint>

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

}  // namespace hebb
