#include "kernels/filter_panels.hpp"

#include "core/parallel.hpp"
#include "kernels/bf16.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/scratch.hpp"
#include "kernels/transpose.hpp"

namespace hebb {

FilterPanels::FilterPanels(const FilterView& f, bool in_pairs)
    : pairs(in_pairs), depth(tile_depth(f.channels, in_pairs)) {
  const std::int64_t lanes = gemm_tiles().lanes;
  width = f.outputs <= lanes ? lanes : 2 * lanes;
  panels = ceil_div(f.outputs, width);
  size = f.rows * f.columns * depth * width;
}

void FilterPanels::pack(const FilterView& f, std::int64_t groups, const float* filter, float* to) const {
  // Threads share out the panels of large filters.
  constexpr std::int64_t kElementsOfPart = 16384;
  parallel_ranges(groups * panels, ceil_div(kElementsOfPart, std::max<std::int64_t>(size, 1)),
                  [&](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t i = begin; i < end; ++i) pack_panel(f, i, filter, to + i * size);
                  });
}

void FilterPanels::pack_panel(const FilterView& f, std::int64_t index, const float* filter, float* to) const {
  const std::int64_t panel = index % panels;
  const std::int64_t columns = columns_of(f, panel);
  const float* from = filter + f.first + index / panels * f.group + panel * width * f.output;
  float* numbers = pairs ? thread_scratch(static_cast<std::size_t>(f.channels * width)) : nullptr;
  if (columns < width) std::fill_n(pairs ? numbers : to, pairs ? f.channels * width : size, 0.0F);
  for (std::int64_t u = 0; u < f.rows; ++u) {
    for (std::int64_t v = 0; v < f.columns; ++v, to += depth * width) {
      const float* tap = from + u * f.row + v * f.column;
      float* rows = pairs ? numbers : to;
      if (f.output == 1) {
        for (std::int64_t c = 0; c < f.channels; ++c)
          std::copy_n(tap + c * f.channel, columns, rows + c * width);
      } else {
        transpose_plane(tap, f.output, rows, width, columns, f.channels);
      }
      if (pairs) pair_matrix_rows(rows, f.channels, width, to);
    }
  }
}

}  // namespace hebb
