/// Placement of buffers with known lifetimes in one block of memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace hebb {

/// Buffers whose lifetimes, counted in steps, do not overlap may share memory. Largest first, each at the
/// lowest offset that is free: simple, and within a few per cent of the optimum on the graphs of networks.
///
/// Those of one size share it as a whole, and others not at all, where all of it is small or little more than
/// needed: then every part is written by one thread, in whose caches it stays. Where buffers of different
/// sizes share it, a thread writes where another has written, and fetching that from a distant cache takes
/// long.
class Arena {
 public:
  /// Asks for memory in use from step `first` to step `last`, both included; returns a handle for `offset`.
  std::size_t request(std::size_t bytes, int first, int last) {
    // Whole cache lines, and one more: kernels may read a vector beyond the end.
    requests_.push_back({(bytes / kLine + 2) * kLine, first, last, 0});
    return requests_.size() - 1;
  }

  void place() {
    bytes_ = place_anywhere();
    const std::size_t apart = place_by_size();
    if (apart <= std::max(kSmall, bytes_ + bytes_ / 4)) {
      bytes_ = apart;
    } else {
      place_anywhere();
    }
  }

  std::size_t offset(std::size_t handle) const { return requests_[handle].offset; }
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kLine = 64;
  static constexpr std::size_t kSmall = 8 << 20;  // stays in the last cache
  struct Request {
    std::size_t bytes;
    int first, last;
    std::size_t offset;

    bool meets(const Request& other) const { return first <= other.last && other.first <= last; }
  };

  std::vector<Request*> largest_first() {
    std::vector<Request*> order;
    for (Request& request : requests_) order.push_back(&request);
    std::stable_sort(order.begin(), order.end(),
                     [](const Request* a, const Request* b) { return a->bytes > b->bytes; });
    return order;
  }

  /// Both give each request its offset, and return the bytes of all.
  std::size_t place_anywhere() {
    std::size_t bytes = 0;
    std::vector<const Request*> done;  // by offset
    for (Request* request : largest_first()) {
      std::size_t offset = 0;
      for (const Request* other : done) {
        if (!request->meets(*other)) continue;
        if (offset + request->bytes <= other->offset) break;
        offset = std::max(offset, other->offset + other->bytes);
      }
      request->offset = offset;
      bytes = std::max(bytes, offset + request->bytes);
      done.insert(std::upper_bound(done.begin(), done.end(), request,
                                   [](const Request* a, const Request* b) { return a->offset < b->offset; }),
                  request);
    }
    return bytes;
  }

  std::size_t place_by_size() {
    struct Place {
      std::size_t bytes, offset;
      std::vector<const Request*> users;
    };
    std::size_t bytes = 0;
    std::vector<Place> places;
    for (Request* request : largest_first()) {
      auto place = std::find_if(places.begin(), places.end(), [&](const Place& p) {
        return p.bytes == request->bytes &&
               std::none_of(p.users.begin(), p.users.end(),
                            [&](const Request* r) { return r->meets(*request); });
      });
      if (place == places.end()) {
        place = places.insert(places.end(), {request->bytes, bytes, {}});
        bytes += request->bytes;
      }
      request->offset = place->offset;
      place->users.push_back(request);
    }
    return bytes;
  }

  std::vector<Request> requests_;
  std::size_t bytes_ = 0;
};

}  // namespace hebb
