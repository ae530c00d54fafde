#include "kernels/copy.hpp"

#include <algorithm>
#include <cstring>

#include "core/parallel.hpp"

namespace hebb {

void copy_blocks(const BlockCopy& blocks, const void* from, void* to) {
  constexpr std::size_t kBytesOfTask = std::size_t{1} << 16;  // about 2 us
  if (blocks.bytes == 0 || blocks.count == 0) return;
  const auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  const auto run = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto k = static_cast<std::size_t>(i);
      std::memcpy(target + k * blocks.to_stride, source + k * blocks.from_stride, blocks.bytes);
    }
  };
  const auto share = static_cast<std::int64_t>(std::max<std::size_t>(1, kBytesOfTask / blocks.bytes));
  if (blocks.count <= share) {
    run(0, blocks.count);
    return;
  }
  parallel_for((blocks.count + share - 1) / share,
               [&](std::int64_t task) { run(task * share, std::min(blocks.count, (task + 1) * share)); });
}

void fill_blocks(std::int64_t count, std::int64_t elements, std::int64_t stride, float value, float* to) {
  for (std::int64_t i = 0; i < count; ++i) std::fill_n(to + i * stride, elements, value);
}

}  // namespace hebb
