#include "memory/lane_recall.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/parallel.hpp"
#include "kernels/bit_transpose.hpp"
#include "kernels/lane_block.hpp"
#include "memory/hebbian.hpp"
#include "memory/overlap_values.hpp"

namespace hebb::memory {

namespace {

constexpr std::int64_t kMostUnits = 32000;   // overlaps are 16-bit numbers, and one half digit more
constexpr std::int64_t kMostWork = 1 << 29;  // units times patterns: fields are 32-bit numbers
constexpr std::int64_t kWord = 64;

constexpr std::size_t kTogether = 32 * kLanes;  // cues at work at the same time: they take memory

/// A cue on its way.
struct Lane {
  std::size_t cue = 0;
  BitVector state;
  std::vector<std::int32_t> overlaps;  ///< [patterns]
};

/// At most kLanes of them, side by side.
class LaneWalk {
 public:
  LaneWalk(const PatternBits& patterns, const BinaryOptions& options, std::span<const Lane> lanes)
      : patterns_(patterns),
        values_(options),
        low_(static_cast<std::size_t>((patterns.size() + kWord - 1) / kWord * kWord)),
        high_(low_.size()),
        high_rows_(static_cast<std::size_t>(patterns.size())),
        up_(static_cast<std::size_t>(patterns.units())) {
    overlaps_ = {.patterns = static_cast<std::size_t>(patterns.size()),
                 .low = low_.data()->values,
                 .high = high_.data()->values,
                 .high_rows = high_rows_.data(),
                 .high_count = 0,
                 .totals = totals_};
    for (std::size_t c = 0; c < lanes.size(); ++c) put_overlaps(c, lanes[c]);
    put_states(lanes);
    normalize();
  }

  const std::vector<std::size_t>& cues() const { return cues_; }

  std::vector<Lane> lanes() const {
    std::vector<Lane> result(cues_.size());
    for (std::size_t c = 0; c < result.size(); ++c) {
      result[c] = {.cue = cues_[c],
                   .state = BitVector(patterns_.units()),
                   .overlaps = std::vector<std::int32_t>(overlaps_.patterns)};
      for (std::size_t p = 0; p < overlaps_.patterns; ++p)
        result[c].overlaps[p] = low_[p].values[c] + kLaneDigit * high_[p].values[c];
    }
    for (std::size_t first = 0; first < up_.size(); first += 64) {
      std::uint64_t rows[64] = {};  // of units, then of lanes
      std::copy_n(up_.begin() + static_cast<std::ptrdiff_t>(first),
                  std::min<std::size_t>(64, up_.size() - first), rows);
      transpose64(rows);
      for (std::size_t c = 0; c < result.size(); ++c) result[c].state.words()[first / 64] = rows[c];
    }
    return result;
  }

  /// Updates all units in this order; adds the flips of each lane to `flips`.
  void sweep(const std::vector<std::int32_t>& order, std::int64_t* flips) {
    const auto block = [&](std::size_t first) {
      return std::span(order).subspan(first, std::min(kLaneUnits, order.size() - first));
    };
    for (std::size_t first = 0; first < order.size(); first += kLaneUnits) {
      // Lines of the next block are on their way from memory meanwhile.
      if (first + kLaneUnits < order.size()) prefetch(block(first + kLaneUnits));
      update(block(first), flips);
    }
  }

 private:
  struct alignas(64) Row {
    std::int16_t values[kLanes] = {};
  };

  struct alignas(64) Line {
    std::uint64_t words[PatternBits::kWords];
  };

  void put_overlaps(std::size_t c, const Lane& lane) {
    cues_.push_back(lane.cue);
    for (std::size_t p = 0; p < lane.overlaps.size(); ++p) {
      low_[p].values[c] = static_cast<std::int16_t>(lane.overlaps[p]);
      totals_[c] += lane.overlaps[p];
    }
  }

  void put_states(std::span<const Lane> lanes) {
    for (std::size_t first = 0; first < up_.size(); first += 64) {
      std::uint64_t rows[64] = {};  // of lanes, then of units
      for (std::size_t c = 0; c < lanes.size(); ++c) rows[c] = lanes[c].state.words()[first / 64];
      transpose64(rows);
      for (std::size_t i = 0; i < std::min<std::size_t>(64, up_.size() - first); ++i)
        up_[first + i] = static_cast<std::uint32_t>(rows[i]);
    }
  }

  void normalize() {
    normalize_lanes(overlaps_);
    reach_ = kLaneDigit / 2;
  }

  void prefetch(std::span<const std::int32_t> units) const {
    for (std::int64_t b = 0; b < patterns_.blocks(); ++b) {
      for (const std::int32_t unit : units) __builtin_prefetch(patterns_.line(b, unit));
    }
  }

  void update(std::span<const std::int32_t> units, std::int64_t* flips) {
    const std::size_t count = units.size();
    lines_.clear();
    for (std::int64_t b = 0; b < patterns_.blocks(); ++b) {
      for (const std::int32_t unit : units)
        std::memcpy(lines_.emplace_back().words, patterns_.line(b, unit), sizeof(Line));
    }
    std::uint32_t up[kLaneUnits];
    for (std::size_t u = 0; u < count; ++u) up[u] = up_[static_cast<std::size_t>(units[u])];
    const std::int32_t most = update_lane_block(overlaps_,
                                                {.units = count,
                                                 .lines = lines_.data()->words,
                                                 .up = up,
                                                 .step = values_.step(false),
                                                 .down = -values_.value(false)},
                                                flips);
    for (std::size_t u = 0; u < count; ++u) up_[static_cast<std::size_t>(units[u])] = up[u];
    reach_ += most * values_.step(false);
    if (reach_ + static_cast<std::int32_t>(kLaneUnits) * values_.step(false) > kMostLaneDigit) normalize();
  }

  const PatternBits& patterns_;
  UnitValues values_;
  std::vector<std::size_t> cues_;
  std::vector<Row> low_;
  std::vector<Row> high_;
  std::vector<std::int32_t> high_rows_;
  std::vector<std::uint32_t> up_;  // bit c: whether the unit is up in lane c
  alignas(64) std::int32_t totals_[kLanes] = {};
  LaneOverlaps overlaps_ = {};
  std::int32_t reach_ = 0;   // what low digits are at most
  std::vector<Line> lines_;  // of a block
};

}  // namespace

bool has_lanes(const PatternBits& patterns, const BinaryOptions& options, const RecallOptions& recall) {
  return options.bias.empty() && !recall.trace && recall.temperatures.empty() &&
         (recall.order == Order::random || recall.order == Order::fixed) && patterns.units() <= kMostUnits &&
         patterns.units() * patterns.size() < kMostWork;
}

namespace {

double energy_of(const Lane& lane, const PatternBits& patterns, const BinaryOptions& options) {
  std::int64_t squares = 0;
  for (const std::int64_t m : lane.overlaps) squares += m * m;
  return hebbian_energy(squares, patterns, UnitValues(options), lane.state);
}

/// Recalls some of the cues.
class LaneRecall {
 public:
  LaneRecall(const PatternBits& patterns, const BinaryOptions& options, const RecallOptions& recall,
             std::span<const BitVector> cues, std::span<LaneRun> results)
      : patterns_(patterns), options_(options), recall_(recall), results_(results) {
    lanes_.resize(cues.size());
    const bool signs = UnitValues(options).plus_minus_one();
    parallel_for(static_cast<std::int64_t>(cues.size()), [&](std::int64_t number) {
      const auto k = static_cast<std::size_t>(number);
      const std::vector<std::int64_t> raw = raw_overlaps(patterns, cues[k], signs);
      lanes_[k] = {.cue = k, .state = cues[k], .overlaps = {raw.begin(), raw.end()}};
      results_[k].energy_start = energy_of(lanes_[k], patterns_, options_);
    });
  }

  void run() {
    form_walks();
    for (std::int64_t sweep = 1; sweep <= recall_.max_sweeps && !walks_.empty(); ++sweep) {
      const std::vector<std::int32_t> order = update_order(recall_, patterns_.units(), sweep);
      parallel_for(static_cast<std::int64_t>(walks_.size()), [&](std::int64_t k) {
        const std::unique_ptr<LaneWalk>& walk = walks_[static_cast<std::size_t>(k)];
        std::int64_t flips[kLanes] = {};
        walk->sweep(order, flips);
        for (std::size_t c = 0; c < walk->cues().size(); ++c) {
          Run& run = results_[walk->cues()[c]].run;
          if (run.ending == Ending::fixed_point) continue;
          run.sweeps = sweep;
          run.flips += flips[c];
          if (flips[c] == 0) run.ending = Ending::fixed_point;
        }
      });
      close_ranks();
    }
    close_ranks(true);
  }

 private:
  void form_walks() {
    walks_.resize((lanes_.size() + kLanes - 1) / kLanes);
    parallel_for(static_cast<std::int64_t>(walks_.size()), [&](std::int64_t k) {
      const std::size_t first = static_cast<std::size_t>(k) * kLanes;
      const std::span<const Lane> here =
          std::span(lanes_).subspan(first, std::min(kLanes, lanes_.size() - first));
      walks_[static_cast<std::size_t>(k)] = std::make_unique<LaneWalk>(patterns_, options_, here);
    });
    lanes_.clear();
  }

  /// Those at rest step out, where fewer walks hold the others; all do at the end.
  void close_ranks(bool all = false) {
    std::size_t moving = 0;
    for (const std::unique_ptr<LaneWalk>& walk : walks_) {
      for (const std::size_t cue : walk->cues()) moving += results_[cue].run.ending != Ending::fixed_point;
    }
    if (!all && (moving + kLanes - 1) / kLanes == walks_.size()) return;
    for (const std::unique_ptr<LaneWalk>& walk : walks_) {
      for (Lane& lane : walk->lanes()) {
        LaneRun& result = results_[lane.cue];
        if (!all && result.run.ending != Ending::fixed_point) {
          lanes_.push_back(std::move(lane));
        } else {
          result.energy_end = energy_of(lane, patterns_, options_);
          result.state = std::move(lane.state);
        }
      }
    }
    form_walks();
  }

  const PatternBits& patterns_;
  const BinaryOptions& options_;
  const RecallOptions& recall_;
  std::span<LaneRun> results_;
  std::vector<Lane> lanes_;  // on their way from walks to others
  std::vector<std::unique_ptr<LaneWalk>> walks_;
};

}  // namespace

std::vector<LaneRun> recall_in_lanes(const PatternBits& patterns, const BinaryOptions& options,
                                     std::span<const BitVector> cues, const RecallOptions& recall) {
  std::vector<LaneRun> results(cues.size());
  for (std::size_t first = 0; first < cues.size(); first += kTogether) {
    const std::size_t count = std::min(kTogether, cues.size() - first);
    LaneRecall(patterns, options, recall, cues.subspan(first, count),
               std::span(results).subspan(first, count))
        .run();
  }
  return results;
}

}  // namespace hebb::memory
