/// Marching squares.

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "hebb/boundary.hpp"
#include "hebb/error.hpp"

namespace hebb {

namespace {

/// The edges of a grid's cells that a contour crosses, and who is joined to whom.
class Marching {
 public:
  Marching(const PlaneGrid& grid, double level) : grid_(grid), level_(level) {
    for (std::int64_t row = 0; row + 1 < grid.rows; ++row) {
      for (std::int64_t column = 0; column + 1 < grid.columns; ++column) cell(row, column);
    }
  }

  std::vector<PlanePath> paths(const RefineCrossing& refine) {
    if (refine) refine(below_, above_, crossings_);
    return join();
  }

 private:
  double at(std::int64_t row, std::int64_t column) const {
    return grid_.values[static_cast<std::size_t>(row * grid_.columns + column)] - level_;
  }

  /// The crossing of an edge from a grid point to the right (0) or upwards (1); each is made once.
  std::size_t crossing(std::int64_t row, std::int64_t column, int direction) {
    const auto [found, is_new] =
        numbers_.emplace((row * grid_.columns + column) * 2 + direction, crossings_.size());
    if (!is_new) return found->second;
    const std::int64_t to_row = row + direction;
    const std::int64_t to_column = column + 1 - direction;
    const double a = at(row, column);
    const double b = at(to_row, to_column);
    const PlanePoint from = grid_.point(row, column);
    const PlanePoint to = grid_.point(to_row, to_column);
    const double share = a / (a - b);
    crossings_.push_back({from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)});
    below_.push_back(a < 0 ? from : to);
    above_.push_back(a < 0 ? to : from);
    joined_.emplace_back();
    return found->second;
  }

  void join(std::size_t a, std::size_t b) {
    joined_[a].push_back(b);
    joined_[b].push_back(a);
  }

  void cell(std::int64_t row, std::int64_t column) {
    // Corners in turn from the lower left, and the edges that follow each of them.
    const std::array<double, 4> value = {at(row, column), at(row, column + 1), at(row + 1, column + 1),
                                         at(row + 1, column)};
    if (!std::all_of(value.begin(), value.end(), [](double v) { return std::isfinite(v); })) return;
    const auto edge = [&](std::size_t k) {
      switch (k) {
        case 0: return crossing(row, column, 0);
        case 1: return crossing(row, column + 1, 1);
        case 2: return crossing(row + 1, column, 0);
        default: return crossing(row, column, 1);
      }
    };
    std::array<std::size_t, 4> crossed{};
    std::size_t count = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      if ((value[k] < 0) != (value[(k + 1) % 4] < 0)) crossed[count++] = k;
    }
    if (count == 2) join(edge(crossed[0]), edge(crossed[1]));
    if (count != 4) return;
    // A saddle: the first corner is alone, or the second is, as the middle tells.
    const bool middle = value[0] + value[1] + value[2] + value[3] < 0;
    const bool first_alone = (value[0] < 0) != middle;
    const std::size_t shift = first_alone ? 3 : 0;
    join(edge(shift), edge((shift + 1) % 4));
    join(edge((shift + 2) % 4), edge((shift + 3) % 4));
  }

  /// Every crossing has at most two neighbours, so that what hangs together is a path.
  std::vector<PlanePath> join() {
    std::vector<bool> used(crossings_.size(), false);
    std::vector<PlanePath> paths;
    const auto walk = [&](std::size_t start) {
      PlanePath path;
      std::size_t now = start;
      while (true) {
        used[now] = true;
        path.push_back(crossings_[now]);
        const auto next =
            std::find_if(joined_[now].begin(), joined_[now].end(), [&](std::size_t n) { return !used[n]; });
        if (next == joined_[now].end()) break;
        now = *next;
      }
      const bool closed = path.size() > 2 && std::count(joined_[now].begin(), joined_[now].end(), start) > 0;
      if (closed) path.push_back(path.front());
      paths.push_back(std::move(path));
    };
    for (std::size_t i = 0; i < crossings_.size(); ++i) {
      if (joined_[i].size() == 1 && !used[i]) walk(i);
    }
    for (std::size_t i = 0; i < crossings_.size(); ++i) {
      if (!used[i]) walk(i);
    }
    return paths;
  }

  const PlaneGrid& grid_;
  double level_;
  std::map<std::int64_t, std::size_t> numbers_;
  std::vector<PlanePoint> crossings_, below_, above_;
  std::vector<std::vector<std::size_t>> joined_;
};

}  // namespace

PlanePoint PlaneGrid::point(std::int64_t row, std::int64_t column) const {
  const auto share = [](std::int64_t i, std::int64_t count) {
    return count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0.5;
  };
  return {box.left + share(column, columns) * (box.right - box.left),
          box.low + share(row, rows) * (box.high - box.low)};
}

std::vector<PlanePath> contour(const PlaneGrid& grid, double level, const RefineCrossing& refine) {
  if (grid.rows < 0 || grid.columns < 0 ||
      static_cast<std::int64_t>(grid.values.size()) != grid.rows * grid.columns)
    throw ShapeError("contour: the grid has " + std::to_string(grid.values.size()) +
                     " values, not rows x columns");
  return Marching(grid, level).paths(refine);
}

}  // namespace hebb
