#include "graph/arena.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "hebb/random.hpp"

namespace hebb {
namespace {

struct Buffer {
  std::size_t bytes, handle;
  int first, last;
};

/// Requests of `sizes` kinds of size, of which the largest has `most` bytes.
std::vector<Buffer> request_some(Arena& arena, Random& random, std::uint32_t sizes, std::size_t most) {
  std::vector<Buffer> buffers;
  for (int i = 0; i < 60; ++i) {
    Buffer b = {most / (1 + random.below(sizes)), 0, static_cast<int>(random.below(40)), 0};
    b.last = b.first + static_cast<int>(random.below(8));
    b.handle = arena.request(b.bytes, b.first, b.last);
    buffers.push_back(b);
  }
  arena.place();
  return buffers;
}

TEST(Arena, KeepsBuffersOfOneTimeApart) {
  Random random(1, 0);
  for (const std::size_t most : {std::size_t{1000}, std::size_t{1} << 22}) {
    for (int trial = 0; trial < 50; ++trial) {
      Arena arena;
      const std::vector<Buffer> buffers = request_some(arena, random, 20, most);
      for (const Buffer& a : buffers) {
        EXPECT_EQ(arena.offset(a.handle) % 64, 0U);
        EXPECT_LE(arena.offset(a.handle) + a.bytes, arena.bytes());
        for (const Buffer& b : buffers) {
          if (a.handle == b.handle || a.last < b.first || b.last < a.first) continue;
          const bool apart = arena.offset(a.handle) + a.bytes <= arena.offset(b.handle) ||
                             arena.offset(b.handle) + b.bytes <= arena.offset(a.handle);
          EXPECT_TRUE(apart);
        }
      }
    }
  }
}

/// Few sizes: buffers of different sizes share no memory, and each size takes what is alive at once.
TEST(Arena, SharesMemoryBySize) {
  Random random(2, 0);
  Arena arena;
  const std::vector<Buffer> buffers = request_some(arena, random, 2, 100'000);
  for (const Buffer& a : buffers) {
    for (const Buffer& b : buffers) {
      const std::size_t from = arena.offset(a.handle);
      const std::size_t other = arena.offset(b.handle);
      if (a.bytes == b.bytes) {
        EXPECT_TRUE(from == other || from + a.bytes <= other || other + b.bytes <= from);
      } else {
        EXPECT_TRUE(from + a.bytes <= other || other + b.bytes <= from);
      }
    }
  }
}

/// Many large buffers of sizes of their own: sharing by size would take the memory of all.
TEST(Arena, TakesLittleMoreThanIsAliveAtOnce) {
  Arena arena;
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    const std::size_t bytes = (std::size_t{1} << 20) + static_cast<std::size_t>(i) * 4096;
    most = std::max(most, bytes);
    arena.request(bytes, i, i + 1);
  }
  arena.place();
  EXPECT_LT(arena.bytes(), 3 * most);
}

}  // namespace
}  // namespace hebb
