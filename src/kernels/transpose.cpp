#include "kernels/transpose.hpp"

#include <algorithm>
#include <cstring>

#include "core/parallel.hpp"
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/transpose.cpp"  // NOLINT
#include <hwy/foreach_target.h>                     // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::int64_t kBlock = 32;  // rows and columns: both blocks of 4 KB stay in the first-level cache

/// Transposes a tile of kTile x kTile words.
#if HWY_TARGET == HWY_SCALAR
constexpr std::int64_t kTile = 1;
HWY_INLINE void Tile(const float* from, std::int64_t, float* to, std::int64_t) {
  std::memcpy(to, from, sizeof(float));
}
#else
constexpr std::int64_t kTile = 4;
HWY_INLINE void Tile(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride) {
  const hn::FixedTag<float, 4> d;
  const hn::RepartitionToWide<decltype(d)> dw;
  const auto a = hn::LoadU(d, from);
  const auto b = hn::LoadU(d, from + from_stride);
  const auto c = hn::LoadU(d, from + 2 * from_stride);
  const auto e = hn::LoadU(d, from + 3 * from_stride);
  const auto ab_low = hn::BitCast(dw, hn::InterleaveLower(d, a, b));
  const auto ab_high = hn::BitCast(dw, hn::InterleaveUpper(d, a, b));
  const auto ce_low = hn::BitCast(dw, hn::InterleaveLower(d, c, e));
  const auto ce_high = hn::BitCast(dw, hn::InterleaveUpper(d, c, e));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(dw, ab_low, ce_low)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(dw, ab_low, ce_low)), d, to + to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(dw, ab_high, ce_high)), d, to + 2 * to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(dw, ab_high, ce_high)), d, to + 3 * to_stride);
}
#endif

/// to[j * to_stride + i] = from[i * from_stride + j], i < rows, j < columns, for words of four bytes.
void TransposePlane(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride,
                    std::int64_t rows, std::int64_t columns) {
  // Words are moved as bits: they may be integers.
  const auto word = [&](std::int64_t i, std::int64_t j) HWY_ATTR {
    std::memcpy(to + j * to_stride + i, from + i * from_stride + j, sizeof(float));
  };
  for (std::int64_t i0 = 0; i0 < rows; i0 += kBlock) {
    const std::int64_t i1 = std::min(rows, i0 + kBlock);
    for (std::int64_t j0 = 0; j0 < columns; j0 += kBlock) {
      const std::int64_t j1 = std::min(columns, j0 + kBlock);
      std::int64_t j = j0;
      for (; j + kTile <= j1; j += kTile) {
        std::int64_t i = i0;
        for (; i + kTile <= i1; i += kTile) {
          Tile(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
        }
        for (; i < i1; ++i) {
          for (std::int64_t k = j; k < j + kTile; ++k) word(i, k);
        }
      }
      for (; j < j1; ++j) {
        for (std::int64_t i = i0; i < i1; ++i) word(i, j);
      }
    }
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(TransposePlane);

namespace {

constexpr std::int64_t kElementsOfTask = 16384;  // about 2 us
constexpr std::int64_t kRowsOfBand = 128;

}  // namespace

void transpose_plane(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride,
                     std::int64_t rows, std::int64_t columns) {
  HWY_DYNAMIC_DISPATCH(TransposePlane)(from, from_stride, to, to_stride, rows, columns);
}

Transposition::Transposition(std::span<const std::int64_t> extents, std::span<const std::int64_t> order,
                             std::size_t element_size)
    : element_size_(element_size) {
  std::vector<std::int64_t> strides(extents.size());
  for (std::size_t axis = extents.size(); axis-- > 0;) {
    strides[axis] = elements_;
    elements_ *= extents[axis];
  }
  if (elements_ == 0) return;
  std::vector<Axis> axes;  // of the result; neighbours that stay neighbours are one
  for (const std::int64_t source : order) {
    const Axis axis = {extents[static_cast<std::size_t>(source)], strides[static_cast<std::size_t>(source)],
                       0};
    if (axis.extent == 1) continue;
    if (!axes.empty() && axes.back().from == axis.extent * axis.from) {
      axes.back().extent *= axis.extent;
      axes.back().from = axis.from;
    } else {
      axes.push_back(axis);
    }
  }
  std::int64_t stride = 1;
  for (std::size_t i = axes.size(); i-- > 0;) {
    axes[i].to = stride;
    stride *= axes[i].extent;
  }
  if (axes.empty() || axes.back().from == 1) {
    run_ = 1;
    if (!axes.empty()) {
      run_ = axes.back().extent;
      axes.pop_back();
    }
  } else {
    row_ = axes.back();
    axes.pop_back();
    const auto last = std::find_if(axes.begin(), axes.end(), [](const Axis& axis) { return axis.from == 1; });
    column_ = *last;
    axes.erase(last);
    bands_ = (row_.extent + kRowsOfBand - 1) / kRowsOfBand;
  }
  outer_ = std::move(axes);
  for (const Axis& axis : outer_) outer_count_ *= axis.extent;
}

/// Rows [row, row_end) of one plane.
void Transposition::plane(const std::byte* from, std::byte* to, std::int64_t row,
                          std::int64_t row_end) const {
  if (element_size_ == sizeof(float)) {
    transpose_plane(reinterpret_cast<const float*>(from) + row * row_.from, row_.from,
                    reinterpret_cast<float*>(to) + row, column_.to, row_end - row, column_.extent);
    return;
  }
  const auto size = static_cast<std::int64_t>(element_size_);
  for (std::int64_t j = 0; j < column_.extent; ++j) {
    for (std::int64_t i = row; i < row_end; ++i) {
      std::memcpy(to + (j * column_.to + i) * size, from + (i * row_.from + j) * size, element_size_);
    }
  }
}

/// Pieces [begin, end): runs, or bands of planes.
void Transposition::run_planes(const std::byte* from, std::byte* to, std::int64_t begin,
                               std::int64_t end) const {
  const auto size = static_cast<std::int64_t>(element_size_);
  for (std::int64_t piece = begin; piece < end; ++piece) {
    std::int64_t rest = piece / bands_;
    std::int64_t from_offset = 0;
    std::int64_t to_offset = 0;
    for (std::size_t k = outer_.size(); k-- > 0;) {
      const std::int64_t index = rest % outer_[k].extent;
      rest /= outer_[k].extent;
      from_offset += index * outer_[k].from;
      to_offset += index * outer_[k].to;
    }
    const std::byte* source = from + from_offset * size;
    std::byte* target = to + to_offset * size;
    if (run_ > 0) {
      std::memcpy(target, source, static_cast<std::size_t>(run_ * size));
    } else {
      const std::int64_t row = piece % bands_ * kRowsOfBand;
      plane(source, target, row, std::min(row_.extent, row + kRowsOfBand));
    }
  }
}

void Transposition::run(const void* from, void* to) const {
  if (elements_ == 0) return;
  const auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  const std::int64_t pieces = outer_count_ * bands_;
  const std::int64_t share = std::max<std::int64_t>(1, kElementsOfTask / (elements_ / pieces));
  if (pieces <= share) {
    run_planes(source, target, 0, pieces);
    return;
  }
  parallel_for((pieces + share - 1) / share, [&](std::int64_t task) {
    run_planes(source, target, task * share, std::min(pieces, (task + 1) * share));
  });
}

}  // namespace hebb
#endif
