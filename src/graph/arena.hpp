/// Placement of buffers with known lifetimes in one block of memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace hebb {

/// Buffers whose lifetimes, counted in steps, do not overlap may share memory. Largest first, each at the
/// lowest free offset: simple, and within a few per cent of the optimum on the graphs of networks.
class Arena {
 public:
  /// Asks for memory in use from step `first` to step `last`, both included; returns a handle for `offset`.
  std::size_t request(std::size_t bytes, int first, int last) {
    // Whole cache lines, and one more: kernels may read a vector beyond the end.
    requests_.push_back({(bytes / kLine + 2) * kLine, first, last, 0});
    return requests_.size() - 1;
  }

  void place() {
    std::vector<std::size_t> order(requests_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return requests_[a].bytes > requests_[b].bytes; });
    std::vector<const Request*> done;  // by offset
    for (const std::size_t index : order) {
      Request& request = requests_[index];
      std::size_t offset = 0;
      for (const Request* other : done) {
        if (other->last < request.first || request.last < other->first) continue;
        if (offset + request.bytes <= other->offset) break;
        offset = std::max(offset, other->offset + other->bytes);
      }
      request.offset = offset;
      bytes_ = std::max(bytes_, offset + request.bytes);
      done.insert(std::upper_bound(done.begin(), done.end(), &request,
                                   [](const Request* a, const Request* b) { return a->offset < b->offset; }),
                  &request);
    }
  }

  std::size_t offset(std::size_t handle) const { return requests_[handle].offset; }
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kLine = 64;
  struct Request {
    std::size_t bytes;
    int first, last;
    std::size_t offset;
  };
  std::vector<Request> requests_;
  std::size_t bytes_ = 0;
};

}  // namespace hebb
