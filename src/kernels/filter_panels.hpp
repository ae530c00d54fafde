/// Filters packed for tiles.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/convolution_pass.hpp"

namespace hebb {

/// A filter as tiles read it whose columns are outputs: for each group, for each panel of columns as wide as
/// a tile, for each of its rows and columns, for each channel or pair of channels, the values for the panel's
/// outputs, zeros where it has fewer.
struct FilterPanels {
  bool pairs = false;
  std::int64_t depth = 0;   // channels or pairs of them
  std::int64_t width = 0;   // of a panel
  std::int64_t panels = 0;  // of a group
  std::int64_t size = 0;    // of a panel, in floats

  FilterPanels(const FilterView& f, bool in_pairs);
  std::int64_t columns_of(const FilterView& f, std::int64_t panel) const {
    return std::min(width, f.outputs - panel * width);
  }

  void pack(const FilterView& f, std::int64_t groups, const float* filter, float* to) const;

 private:
  void pack_panel(const FilterView& f, std::int64_t index, const float* filter, float* to) const;
};

}  // namespace hebb
