/// The micro-kernels of one kind by their sizes.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "kernels/gemm_tile.hpp"

namespace hebb {

/// Kernel<rows, vectors>::run for up to `kRows` rows of one or two vectors. Few rows need more vectors to
/// keep the multipliers busy: up to `kRowsOfFour` of four and `kRowsOfEight` of eight.
template <template <int, int> class Kernel, int kRows, int kRowsOfFour, int kRowsOfEight>
class GemmTileTable {
 public:
  /// Null where there is none of this size.
  static GemmTileRun find(std::int64_t rows, std::int64_t vectors) {
    switch (vectors) {
      case 1: return pick<1, kRows>(rows);
      case 2: return pick<2, kRows>(rows);
      case 4: return pick<4, kRowsOfFour>(rows);
      case 8: return pick<8, kRowsOfEight>(rows);
      default: return nullptr;
    }
  }

 private:
  template <int kVectors, int... kRow>
  static constexpr std::array<GemmTileRun, sizeof...(kRow)> column(std::integer_sequence<int, kRow...>) {
    return {Kernel<kRow + 1, kVectors>::run...};
  }
  template <int kVectors, int kMost>
  static GemmTileRun pick(std::int64_t rows) {
    static constexpr auto kKernels = column<kVectors>(std::make_integer_sequence<int, kMost>());
    return rows >= 1 && rows <= kMost ? kKernels[static_cast<std::size_t>(rows - 1)] : nullptr;
  }
};

}  // namespace hebb
