/// Copies of rectangular pieces of arrays: slices, pads and concatenations are made of them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hebb {

/// `count` blocks of `bytes` each, which lie `from_stride` and `to_stride` bytes apart.
struct BlockCopy {
  std::int64_t count = 0;
  std::size_t bytes = 0;
  std::size_t from_stride = 0;
  std::size_t to_stride = 0;
};

/// Copies the blocks; the two sides must not overlap.
void copy_blocks(const BlockCopy& blocks, const void* from, void* to);

/// Fills `count` blocks of `elements` floats, `stride` floats apart, with one value.
void fill_blocks(std::int64_t count, std::int64_t elements, std::int64_t stride, float value, float* to);

}  // namespace hebb
