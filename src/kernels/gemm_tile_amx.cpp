#include "kernels/gemm_tile_amx.hpp"

#if defined(__x86_64__)

#include <hwy/base.h>
#include <immintrin.h>

#include <algorithm>
#include <utility>

#include "core/environment.hpp"
#include "kernels/gemm_tile_table.hpp"

namespace hebb {
namespace {

constexpr int kLanes = 16;      // rows of a register, and the pairs or sums in one
constexpr int kMostRows = 32;   // of a tile: two registers above each other, by two beside each other
constexpr int kFloatBytes = 4;  // also of a pair

/// What LDTILECFG reads. Registers 0 to 3 hold sums, 4 and 5 A, 6 and 7 B.
struct alignas(64) Configuration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};
static_assert(sizeof(Configuration) == 64);

/// What a configuration is for: a tile of C, and the depth of one multiplication, at most 16 pairs.
struct Extents {
  std::uint16_t rows = 0, columns = 0, depth = 0;
  bool operator==(const Extents&) const = default;
};

struct State {
  Extents extents;    // zero where nothing is configured
  bool keep = false;  // from tile to tile
};
thread_local State state;

HWY_PUSH_ATTRIBUTES("amx-tile,amx-bf16")

/// Takes as long as a dozen multiplications.
__attribute__((noinline)) void configure(const Extents& extents) {
  Configuration c;
  const auto set = [&](int tile, int rows, int columns) {
    // A register that has no rows must have no columns either.
    c.rows[tile] = static_cast<std::uint8_t>(columns > 0 ? rows : 0);
    c.row_bytes[tile] = static_cast<std::uint16_t>(rows > 0 ? columns * kFloatBytes : 0);
  };
  const int rows[] = {std::min<int>(extents.rows, kLanes), std::max(extents.rows - kLanes, 0)};
  const int columns[] = {std::min<int>(extents.columns, kLanes), std::max(extents.columns - kLanes, 0)};
  for (int i = 0; i < 2; ++i) {
    set(4 + i, rows[i], extents.depth);
    set(6 + i, extents.depth, columns[i]);
    for (int j = 0; j < 2; ++j) set(2 * i + j, rows[i], columns[j]);
  }
  asm volatile("" : : "m"(c));  // GCC 12 believes that the next reads eight bytes
  _tile_loadconfig(&c);
  state.extents = extents;
}

void release() {
  _tile_release();
  state.extents = {};
}

/// TDPBF16PS adds, to each sum, the products of the numbers of up to 16 pairs, one after the other; subnormal
/// numbers count as zero.
template <int kRows, int kVectors>
struct Kernel {
  static constexpr bool kLower = kRows > kLanes;
  static constexpr bool kRight = kVectors > 1;

  static void run(const GemmTile& tile) {
    const std::int64_t steps = ceil_div(tile.k, kLanes);
    const std::int64_t depth = steps > 0 ? tile.k / steps : 1;
    if (steps * depth == tile.k) {
      add(tile, 0, steps, depth);
    } else {
      // All blocks are gone over once more for what remains beyond whole registers.
      const std::int64_t whole = tile.k / kLanes;
      if (whole > 0) add(tile, 0, whole, kLanes);
      GemmTile rest = tile;
      if (whole > 0) rest.bias = nullptr;
      rest.accumulate |= whole > 0;
      add(rest, whole * kLanes, 1, tile.k % kLanes);
    }
    if (!state.keep) release();
  }

 private:
  /// C = start + the products of pairs [first, first + steps * depth) of each block.
  static void add(const GemmTile& tile, std::int64_t first, std::int64_t steps, std::int64_t depth) {
    const Extents extents = {kRows, static_cast<std::uint16_t>(tile.columns),
                             static_cast<std::uint16_t>(depth)};
    if (!(state.extents == extents)) configure(extents);
    start(tile);
    const std::int64_t a_row = tile.a_row * kFloatBytes;
    const std::int64_t b_row = tile.b_step * kFloatBytes;
    for (std::int64_t block = 0; block < tile.blocks; ++block) {
      const float* a = tile.a + block * tile.a_block + first;
      const float* b = tile.b + block * tile.b_block + first * tile.b_step;
      for (std::int64_t step = 0; step < steps; ++step, a += depth, b += depth * tile.b_step) {
        _tile_loadd(4, a, a_row);
        _tile_loadd(6, b, b_row);
        if constexpr (kRight) _tile_loadd(7, b + kLanes, b_row);
        if constexpr (kLower) _tile_loadd(5, a + kLanes * tile.a_row, a_row);
        _tile_dpbf16ps(0, 4, 6);
        if constexpr (kRight) _tile_dpbf16ps(1, 4, 7);
        if constexpr (kLower) _tile_dpbf16ps(2, 5, 6);
        if constexpr (kLower && kRight) _tile_dpbf16ps(3, 5, 7);
      }
    }
    const std::int64_t c_row = tile.c_row * kFloatBytes;
    float* lower = tile.c + kLanes * tile.c_row;
    _tile_stored(0, tile.c, c_row);
    if constexpr (kRight) _tile_stored(1, tile.c + kLanes, c_row);
    if constexpr (kLower) _tile_stored(2, lower, c_row);
    if constexpr (kLower && kRight) _tile_stored(3, lower + kLanes, c_row);
  }

  static void start(const GemmTile& tile) {
    const float* from = tile.bias != nullptr ? tile.bias : tile.accumulate ? tile.c : nullptr;
    if (from == nullptr) {
      _tile_zero(0);
      if constexpr (kRight) _tile_zero(1);
      if constexpr (kLower) _tile_zero(2);
      if constexpr (kLower && kRight) _tile_zero(3);
      return;
    }
    const std::int64_t stride = tile.bias != nullptr ? 0 : tile.c_row;
    const std::int64_t row = stride * kFloatBytes;
    const float* lower = from + kLanes * stride;
    _tile_loadd(0, from, row);
    if constexpr (kRight) _tile_loadd(1, from + kLanes, row);
    if constexpr (kLower) _tile_loadd(2, lower, row);
    if constexpr (kLower && kRight) _tile_loadd(3, lower + kLanes, row);
  }
};

HWY_POP_ATTRIBUTES

}  // namespace

void add_amx_tiles(GemmTiles& tiles) {
  if (!amx_is_chosen()) return;
  tiles.pairs = {};
  tiles.pairs.name = "AMX";
  tiles.pairs.find = GemmTileTable<Kernel, kMostRows, 0, 0>::find;
  tiles.pairs.most_rows = kMostRows;
  tiles.pairs.depth = kLanes;
  tiles.keep_shape = [](bool keep) {
    const bool before = std::exchange(state.keep, keep);
    if (!keep && state.extents.rows > 0) release();
    return before;
  };
}

}  // namespace hebb

#else

namespace hebb {

void add_amx_tiles(GemmTiles&) {}

}  // namespace hebb

#endif
