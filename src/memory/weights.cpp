#include "memory/weights.hpp"

#include <new>
#include <string>

#include "hebb/error.hpp"

namespace hebb::memory {

namespace {

constexpr double kLargest = 2147483647;

/// Tasks that a product is cut into: by its size alone.
constexpr std::int64_t kPartsOfProduct = 8;
constexpr std::int64_t kTilesWorthParts = 256;

}  // namespace

Weights::Weights(std::int64_t units, bool symmetric)
    : units_(units), symmetric_(symmetric), side_((units + kTileSide - 1) / kTileSide) {
  try {
    if (units > kMostUnits) throw std::bad_alloc();
    lines_.resize(static_cast<std::size_t>(tiles() * (kTileSize / 16)));
  } catch (const std::bad_alloc&) {
    throw ConfigError("the weights between " + std::to_string(units) + " units take " +
                      std::to_string(tiles() * kTileSize / 250'000'000) +
                      " GB, which cannot be had; rules hebb and pseudo-inverse do without weights");
  }
}

Weights::Place Weights::place(std::int64_t tile) const {
  if (!symmetric_) return {tile / side_, tile % side_};
  auto row = static_cast<std::int64_t>((std::sqrt(8.0 * static_cast<double>(tile) + 1) - 1) / 2);
  while (row * (row + 1) / 2 > tile) --row;
  while ((row + 1) * (row + 2) / 2 <= tile) ++row;
  return {row, tile - row * (row + 1) / 2};
}

std::int64_t Weights::index(std::int64_t sender, std::int64_t receiver) const {
  if (symmetric_ && sender < receiver) std::swap(sender, receiver);
  return number({sender / kTileSide, receiver / kTileSide}) * kTileSize + sender % kTileSide * kTileSide +
         receiver % kTileSide;
}

std::int32_t Weights::get(std::int64_t i, std::int64_t j) const { return tile(0)[index(j, i)]; }

void Weights::add_products(std::int64_t begin, std::int64_t end, const double* x, double* y) const {
  for (std::int64_t t = begin; t < end; ++t) {
    const Place at = place(t);
    const std::int64_t from = at.row * kTileSide;
    const std::int64_t to = at.column * kTileSide;
    if (symmetric_ && from != to) {
      add_tile_products(tile(t), x + from, y + to, x + to, y + from);
    } else {
      add_tile_product(tile(t), x + from, y + to);
    }
  }
}

void Weights::product(std::span<const double> x, std::span<double> y) const {
  std::fill(y.begin(), y.end(), 0.0);
  const std::int64_t count = tiles();
  if (count < kTilesWorthParts) {
    add_products(0, count, x.data(), y.data());
    return;
  }
  std::vector<double> parts(static_cast<std::size_t>(kPartsOfProduct * padded()));
  parallel_for(kPartsOfProduct, [&](std::int64_t part) {
    add_products(count * part / kPartsOfProduct, count * (part + 1) / kPartsOfProduct, x.data(),
                 parts.data() + part * padded());
  });
  for (std::size_t at = 0; at < parts.size(); ++at) y[at % y.size()] += parts[at];
}

void Weights::add_sent(std::int64_t j, double factor, std::span<double> y) const {
  const std::int64_t row = j / kTileSide;
  const std::int64_t within = j % kTileSide;
  const std::int64_t end = symmetric_ ? row + 1 : side_;
  for (std::int64_t c = 0; c < end; ++c)
    add_scaled(tile(number({row, c})) + within * kTileSide, kTileSide, factor, y.data() + c * kTileSide);
  // The rest lies across the tiles of other rows.
  for (std::int64_t r = end; r < side_; ++r) {
    const std::int32_t* column = tile(number({r, row})) + within;
    add_scaled_strided(column, kTileSide, kTileSide, factor, y.data() + r * kTileSide);
  }
}

std::vector<double> Weights::squares() const {
  std::vector<double> result(static_cast<std::size_t>(padded()));
  for (std::int64_t t = 0; t < tiles(); ++t) {
    const Place at = place(t);
    double* rows = result.data() + at.row * kTileSide;
    double* columns = result.data() + at.column * kTileSide;
    for (std::int64_t k = 0; k < kTileSize; ++k) {
      const double value = tile(t)[k];
      rows[k / kTileSide] += value * value;
      if (at.row != at.column) columns[k % kTileSide] += value * value;
    }
  }
  return result;
}

double Weights::peak() const {
  std::int64_t result = 0;
  for (const Line& line : lines_) {
    for (const std::int64_t value : line.values) result = std::max(result, std::abs(value));
  }
  return static_cast<double>(result);
}

void Weights::set_received(std::int64_t i, std::span<const double> values) {
  for (std::int64_t j = 0; j < units_; ++j)
    tile(0)[index(j, i)] = i == j ? 0 : static_cast<std::int32_t>(values[static_cast<std::size_t>(j)]);
}

double Weights::make_room(double growth, double addition) {
  if (growth * most_ + addition > kLargest) most_ = peak();  // what was known may be far too high
  most_ = growth * most_ + addition;
  double part = 1;
  while (most_ / part > kLargest) part *= 2;
  if (part == 1) return 1;
  update([&](std::int64_t, std::int64_t, std::span<std::int32_t> values) {
    for (std::int32_t& value : values) value = static_cast<std::int32_t>(std::nearbyint(value / part));
  });
  for (double& divisor : divisors_) divisor /= part;
  most_ = most_ / part + 1;
  return part;
}

void Weights::refine(double most) {
  most_ = peak();
  std::int32_t factor = 1;
  while (2 * factor <= most && 4 * factor * most_ <= kLargest) factor *= 2;
  if (factor == 1) return;
  update([&](std::int64_t, std::int64_t, std::span<std::int32_t> values) {
    for (std::int32_t& value : values) value *= factor;
  });
  for (double& divisor : divisors_) divisor *= factor;
  most_ *= factor;
}

std::vector<std::int32_t> Weights::values() const {
  std::vector<std::int32_t> result;
  result.reserve(static_cast<std::size_t>(value_count()));
  for (std::int64_t i = 0; i < units_; ++i) {
    for (std::int64_t j = 0; j < (symmetric_ ? i : units_); ++j) result.push_back(get(i, j));
  }
  return result;
}

void Weights::set_values(std::span<const std::int32_t> values) {
  if (static_cast<std::int64_t>(values.size()) != value_count())
    throw DataError("weights between " + std::to_string(units_) + " units are " +
                    std::to_string(value_count()) + " numbers; got " + std::to_string(values.size()));
  most_ = kLargest + 1;
  update([&](std::int64_t j, std::int64_t first, std::span<std::int32_t> run) {
    for (std::int64_t k = 0; k < static_cast<std::int64_t>(run.size()); ++k) {
      const std::int64_t i = first + k;
      if (i == j) continue;
      const std::int64_t at =
          symmetric_ ? std::max(i, j) * (std::max(i, j) - 1) / 2 + std::min(i, j) : i * units_ + j;
      run[static_cast<std::size_t>(k)] = values[static_cast<std::size_t>(at)];
    }
  });
}

}  // namespace hebb::memory
