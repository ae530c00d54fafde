#include "core/parallel.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/denormals.hpp"
#include "core/environment.hpp"
#include "hebb/error.hpp"
#include "hebb/threads.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hebb {
namespace {

constexpr int kMostThreads = 256;
// A few hundred microseconds of spinning bridges the serial stretches between two parallel regions of
// a training step; waking a sleeping thread costs tens of microseconds.
constexpr int kSpins = 20000;

void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

int processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::clamp(CPU_COUNT(&set), 1, kMostThreads);
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMostThreads);
}

int initial_threads() {
  const int wanted = threads_from_environment(kMostThreads);
  return wanted > 0 ? wanted : processors();
}

struct Job {
  void (*body)(const void*, std::int64_t) = nullptr;
  const void* context = nullptr;
  std::int64_t tasks = 0;
  DenormalMode mode = DenormalMode::current();  // the caller's, in which every thread works on it
};

/// Tasks that a thread takes from one after the other. In a cache line of its own.
struct alignas(64) Part {
  std::atomic<std::int64_t> next{0};
  std::int64_t end = 0;
  std::atomic<std::uint64_t> claimed{0};  ///< the last epoch in which its own thread began
};

/// Each thread begins with the tasks of its own part, which are neighbours and the same from region to
/// region, so that caches keep what they read. Then it takes what other parts have left: a thread that
/// sleeps, or whose processor is slower or taken by another process, delays nobody by more than a task.
class Pool {
 public:
  explicit Pool(int threads) : parts_(static_cast<std::size_t>(threads)) {
    for (std::size_t part = 1; part < parts_.size(); ++part)
      workers_.emplace_back([this, part] { work(part); });
  }

  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stop_.store(true);
      epoch_.fetch_add(1);
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  int threads() const { return static_cast<int>(parts_.size()); }

  void run(const Job& job) {
    job_ = job;
    const auto count = static_cast<std::int64_t>(parts_.size());
    for (std::int64_t i = 0; i < count; ++i) {
      Part& part = parts_[static_cast<std::size_t>(i)];
      part.next.store(job.tasks * i / count, std::memory_order_relaxed);
      part.end = job.tasks * (i + 1) / count;
    }
    pending_.store(threads() - 1, std::memory_order_relaxed);
    // The fences of seq_cst order "publish, then look for sleepers" against "go to sleep, then look
    // for work": one of the two sides always sees the other.
    const std::uint64_t epoch = epoch_.fetch_add(1, std::memory_order_seq_cst) + 1;
    if (sleepers_.load(std::memory_order_seq_cst) > 0) {
      const std::lock_guard lock(mutex_);
      wake_.notify_all();
    }
    run_tasks(0);
    for (std::size_t i = 1; i < parts_.size(); ++i) {
      if (claim(i, epoch)) pending_.fetch_sub(1, std::memory_order_relaxed);
    }
    for (int spins = 0; pending_.load(std::memory_order_acquire) > 0; ++spins) {
      if (spins < kSpins) {
        pause_briefly();
      } else {
        std::this_thread::yield();
      }
    }
  }

 private:
  /// Whether a thread, or the caller in its place, may take part in a region. One that comes too late, when
  /// the region or later ones are over, is told no.
  bool claim(std::size_t part, std::uint64_t epoch) {
    std::atomic<std::uint64_t>& claimed = parts_[part].claimed;
    std::uint64_t before = claimed.load(std::memory_order_relaxed);
    return before < epoch && claimed.compare_exchange_strong(before, epoch, std::memory_order_acq_rel);
  }

  /// Tasks of one part after the other, beginning with `own`.
  void run_tasks(std::size_t own) {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      Part& part = parts_[(own + i) % parts_.size()];
      while (part.next.load(std::memory_order_relaxed) < part.end) {
        const std::int64_t task = part.next.fetch_add(1, std::memory_order_relaxed);
        if (task < part.end) job_.body(job_.context, task);
      }
    }
  }

  void work(std::size_t part) {
    std::uint64_t seen = 0;
    while (true) {
      wait_for_work(seen);
      seen = epoch_.load(std::memory_order_acquire);
      if (stop_.load()) return;
      if (!claim(part, seen)) continue;
      const DenormalScope mode(job_.mode);
      run_tasks(part);
      pending_.fetch_sub(1, std::memory_order_release);
    }
  }

  void wait_for_work(std::uint64_t seen) {
    for (int spins = 0; spins < kSpins; ++spins) {
      if (epoch_.load(std::memory_order_acquire) != seen) return;
      pause_briefly();
    }
    std::unique_lock lock(mutex_);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    wake_.wait(lock, [&] { return epoch_.load(std::memory_order_seq_cst) != seen; });
    sleepers_.fetch_sub(1, std::memory_order_seq_cst);
  }

  Job job_;
  std::vector<Part> parts_;  // by thread; the caller's is the first
  alignas(64) std::atomic<std::uint64_t> epoch_{0};
  alignas(64) std::atomic<int> pending_{0};
  alignas(64) std::atomic<int> sleepers_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
};

/// The pool and whether somebody computes on it now.
struct Shared {
  std::atomic<bool> busy{false};
  std::atomic<int> count{initial_threads()};
  std::unique_ptr<Pool> pool;
};

Shared& shared() {
  static Shared instance;
  return instance;
}

}  // namespace

int threads() { return shared().count.load(); }

void set_threads(int count) {
  if (count < 1 || count > kMostThreads) {
    throw ConfigError("threads: expected 1 to " + std::to_string(kMostThreads) + ", got " +
                      std::to_string(count));
  }
  shared().count.store(count);
}

void parallel_tasks(std::int64_t tasks, void (*body)(const void*, std::int64_t), const void* context) {
  Shared& state = shared();
  const int count = state.count.load(std::memory_order_relaxed);
  if (tasks > 1 && count > 1 && !state.busy.exchange(true, std::memory_order_acquire)) {
    if (!state.pool || state.pool->threads() != count) {
      state.pool.reset();
      state.pool = std::make_unique<Pool>(count);
    }
    state.pool->run({.body = body, .context = context, .tasks = tasks});
    state.busy.store(false, std::memory_order_release);
    return;
  }
  for (std::int64_t task = 0; task < tasks; ++task) body(context, task);
}

}  // namespace hebb
