#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "hebb/data.hpp"
#include "hebb/error.hpp"
#include "hebb/random.hpp"

namespace hebb {
namespace {

// Streams of the seed that belong to splitting and to shuffling.
constexpr std::uint64_t kSplitStream = std::uint64_t{0x5350} << 48;
constexpr std::uint64_t kOrderStream = std::uint64_t{0x4F52} << 48;

/// Fisher-Yates.
void shuffle(std::span<std::int64_t> items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[random.below(static_cast<std::uint32_t>(i))]);
  }
}

void check_count(std::size_t count) {
  if (count > std::numeric_limits<std::uint32_t>::max()) {
    throw ConfigError(fmt::format("{} samples: expected at most 2^32 - 1", count));
  }
}

/// How many samples go to validation; both parts keep at least one.
std::size_t validation_count(std::size_t count, double fraction) {
  if (!(fraction > 0 && fraction < 1)) {
    throw ConfigError(fmt::format("validation fraction {}: expected a number between 0 and 1", fraction));
  }
  check_count(count);
  if (count < 2)
    throw DataError(fmt::format("{} sample(s) cannot be split into training and validation", count));
  const auto wanted = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(count)));
  return std::clamp<std::size_t>(wanted, 1, count - 1);
}

using Groups = std::vector<std::vector<std::int64_t>>;

Groups group_by_label(std::span<const std::int32_t> labels) {
  Groups groups;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0)
      throw DataError(fmt::format("label of sample {} is {}; expected 0 or more", i, labels[i]));
    const auto label = static_cast<std::size_t>(labels[i]);
    // Labels larger than the number of samples would only make empty groups, and cost memory.
    if (label >= labels.size() + 65536) {
      throw DataError(fmt::format("label of sample {} is {}, with {} samples", i, label, labels.size()));
    }
    if (label >= groups.size()) groups.resize(label + 1);
    groups[label].push_back(static_cast<std::int64_t>(i));
  }
  return groups;
}

/// Shares `wanted` among the groups in proportion to their sizes by largest remainders (ties: the smaller
/// label first), never the whole of a group.
std::vector<std::size_t> quotas(const Groups& groups, std::size_t total, std::size_t wanted) {
  std::vector<std::size_t> quota(groups.size());
  std::vector<std::uint64_t> remainder(groups.size());
  std::vector<std::size_t> order(groups.size());
  std::iota(order.begin(), order.end(), 0);
  std::size_t given = 0;
  for (std::size_t c = 0; c < groups.size(); ++c) {
    const std::uint64_t product = static_cast<std::uint64_t>(wanted) * groups[c].size();
    quota[c] = product / total;
    remainder[c] = product % total;
    given += quota[c];
  }
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return remainder[a] > remainder[b]; });
  // Where every class has but one sample left for training the rest cannot be placed: fewer are set aside.
  for (bool placed = true; given < wanted && placed;) {
    placed = false;
    for (const std::size_t c : order) {
      if (given == wanted) break;
      if (quota[c] + 1 >= groups[c].size()) continue;
      ++quota[c];
      ++given;
      placed = true;
    }
  }
  return quota;
}

Split split_off(const std::vector<std::uint8_t>& validates) {
  Split split;
  for (std::size_t i = 0; i < validates.size(); ++i) {
    (validates[i] != 0 ? split.validation : split.train).push_back(static_cast<std::int64_t>(i));
  }
  return split;
}

void mark(std::span<const std::int64_t> shuffled, std::size_t count, std::vector<std::uint8_t>& validates) {
  for (std::size_t i = 0; i < count; ++i) validates[static_cast<std::size_t>(shuffled[i])] = 1;
}

}  // namespace

Split stratified_split(std::span<const std::int32_t> labels, double fraction, std::uint64_t seed) {
  const std::size_t wanted = validation_count(labels.size(), fraction);
  Groups groups = group_by_label(labels);
  const std::vector<std::size_t> quota = quotas(groups, labels.size(), wanted);
  std::vector<std::uint8_t> validates(labels.size());
  for (std::size_t c = 0; c < groups.size(); ++c) {
    Random random(seed, kSplitStream + 1 + c);
    shuffle(groups[c], random);
    mark(groups[c], quota[c], validates);
  }
  Split split = split_off(validates);
  if (split.validation.empty()) {
    throw DataError(fmt::format(
        "{} samples: every class has a single one, none can be set aside for validation", labels.size()));
  }
  return split;
}

Split random_split(std::int64_t count, double fraction, std::uint64_t seed) {
  const std::size_t total = static_cast<std::size_t>(std::max<std::int64_t>(0, count));
  const std::size_t wanted = validation_count(total, fraction);
  std::vector<std::int64_t> order(total);
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, kSplitStream);
  shuffle(order, random);
  std::vector<std::uint8_t> validates(total);
  mark(order, wanted, validates);
  return split_off(validates);
}

Split validation_split(const Dataset& data, double fraction, std::uint64_t seed) {
  if (data.target_kind() == TargetKind::classes) return stratified_split(all_labels(data), fraction, seed);
  return random_split(data.size(), fraction, seed);
}

std::vector<std::int64_t> epoch_order(std::int64_t count, std::uint64_t seed, std::uint64_t epoch) {
  if (count < 0) throw ConfigError(fmt::format("{} samples: expected 0 or more", count));
  check_count(static_cast<std::size_t>(count));
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, kOrderStream ^ epoch);
  shuffle(order, random);
  return order;
}

void epoch_order(std::span<const std::int64_t> samples, std::uint64_t seed, std::uint64_t epoch,
                 std::span<std::int64_t> order) {
  check_count(samples.size());
  if (samples.size() != order.size()) {
    throw ShapeError(fmt::format("epoch_order: {} samples, room for {}", samples.size(), order.size()));
  }
  std::copy(samples.begin(), samples.end(), order.begin());
  Random random(seed, kOrderStream ^ epoch);
  shuffle(order, random);
}

}  // namespace hebb
