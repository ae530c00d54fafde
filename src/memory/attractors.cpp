#include "hebb/attractors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "memory/attractors.hpp"
#include "memory/overlap_values.hpp"

namespace hebb::memory {

namespace {

/// The majority of patterns or their inverses, whose numbers are odd; `signs` are those of the overlaps.
BitVector majority(const PatternBits& patterns, std::span<const std::int64_t> members,
                   std::span<const double> overlaps) {
  BitVector result(patterns.units());
  for (std::int64_t i = 0; i < patterns.units(); ++i) {
    std::int64_t up = 0;
    for (const std::int64_t p : members)
      up += patterns.get(p, i) == (overlaps[static_cast<std::size_t>(p)] > 0) ? 1 : 0;
    result.set(i, 2 * up > static_cast<std::int64_t>(members.size()));
  }
  return result;
}

double cosine(const BitVector& a, const BitVector& b) {
  std::int64_t differences = 0;
  for (std::size_t w = 0; w < a.words().size(); ++w)
    differences += std::popcount(a.words()[w] ^ b.words()[w]);
  return 1 - 2 * static_cast<double>(differences) / static_cast<double>(a.size());
}

}  // namespace

std::string_view name_of(AttractorKind kind) {
  switch (kind) {
    case AttractorKind::pattern: return "pattern";
    case AttractorKind::inverse: return "inverse";
    case AttractorKind::mixture: return "mixture";
    case AttractorKind::spin_glass: return "spin-glass";
    case AttractorKind::two_cycle: return "2-cycle";
  }
  return {};
}

Label classify_bits(const BinaryMemory::Inside& inside, const BitVector& state,
                    std::span<const double> overlaps, const ClassifyOptions& options) {
  std::vector<std::int64_t> order(overlaps.size());
  std::iota(order.begin(), order.end(), 0);
  const auto size = [&](std::int64_t p) { return std::abs(overlaps[static_cast<std::size_t>(p)]); };
  const auto most = std::min<std::int64_t>(std::max<std::int64_t>(options.most_mixed, 1),
                                           static_cast<std::int64_t>(order.size()));
  // Of equal overlaps the one stored first.
  std::partial_sort(order.begin(), order.begin() + most, order.end(), [&](std::int64_t a, std::int64_t b) {
    return size(a) != size(b) ? size(a) > size(b) : a < b;
  });
  const std::int64_t nearest = order[0];
  const double overlap = overlaps[static_cast<std::size_t>(nearest)];
  if (size(nearest) >= options.threshold)
    return {overlap > 0 ? AttractorKind::pattern : AttractorKind::inverse, {nearest}, size(nearest)};
  for (std::int64_t mixed = 3; mixed <= most; mixed += 2) {
    const std::span<const std::int64_t> members(order.data(), static_cast<std::size_t>(mixed));
    const double likeness = cosine(state, majority(inside.patterns, members, overlaps));
    if (likeness >= options.threshold)
      return {AttractorKind::mixture, {members.begin(), members.end()}, likeness};
  }
  return {AttractorKind::spin_glass, {}, size(nearest)};
}

std::optional<Depth> depth_of(Walk& walk, const UnitValues& values) {
  if (!walk.energy()) return {};
  const std::int64_t units = walk.state().size();
  const double infinity = std::numeric_limits<double>::infinity();
  Depth depth = {infinity, infinity};
  std::vector<double> fields(static_cast<std::size_t>(units));
  const auto rise = [&](double field, std::int64_t unit) {
    return -field * values.step(walk.state().get(unit));
  };
  for (std::int64_t first = 0; first < units; ++first) {
    const double up_to_here = rise(walk.field(first), first);
    depth.single = std::min(depth.single, up_to_here);
    walk.flip(first);
    walk.fields(fields);
    for (std::int64_t second = first + 1; second < units; ++second)
      depth.pair = std::min(depth.pair, up_to_here + rise(fields[static_cast<std::size_t>(second)], second));
    walk.flip(first);
  }
  // A rise that is rounding is none.
  const double scale = 1e-12 * (1 + std::abs(*walk.energy()));
  if (std::abs(depth.single) < scale) depth.single = 0;
  if (std::abs(depth.pair) < scale) depth.pair = 0;
  return depth;
}

Label classify(const BinaryMemory& memory, std::span<const float> state, const ClassifyOptions& options) {
  return classify(memory, state, memory.overlaps(state), options);
}

Label classify(const BinaryMemory& memory, std::span<const float> state, std::span<const double> overlaps,
               const ClassifyOptions& options) {
  if (memory.size() == 0) throw ConfigError("the memory is empty: store a pattern first");
  if (overlaps.size() != static_cast<std::size_t>(memory.size()))
    throw ShapeError("there are " + std::to_string(overlaps.size()) + " overlaps with " +
                     std::to_string(memory.size()) + " patterns");
  return classify_bits(memory.inside(), memory.inside().pack(state, "the state"), overlaps, options);
}

std::optional<Depth> measure_depth(const BinaryMemory& memory, std::span<const float> state) {
  const std::unique_ptr<Walk> walk = memory.inside().couplings->walk();
  walk->start(memory.inside().pack(state, "the state"));
  return depth_of(*walk, memory.inside().values);
}

}  // namespace hebb::memory
