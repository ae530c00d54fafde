// Confidence: a logistic regression on energies and on what was kept (Hastie, Tibshirani, Friedman, The
// Elements of Statistical Learning (2009), section 4.4), fitted to cues of which it is known whether they are
// like something stored.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "hebb/random.hpp"
#include "io/store_parts.hpp"

namespace hebb::memory {

namespace {

constexpr double kMostFlips = 0.3;

// 1, level of the cue, and of the final state, overlap of the two, its lead.
constexpr std::size_t kFeatures = 5;
using Features = std::array<double, kFeatures>;

/// The power of the overlaps that the energy is.
double degree_of(const BinaryOptions& options) {
  switch (options.energy) {
    case Energy::polynomial:
    case Energy::rectified_polynomial: return options.degree;
    case Energy::exponential: return 1;
    case Energy::quadratic: break;
  }
  return 2;
}

/// The energy a unit, or what stands for it, on the scale of overlaps: there a cue that is like something
/// stored lies as far from a strange one whatever the degree.
double level_of(const BinaryMemory& memory, std::span<const float> state,
                const std::optional<double>& energy) {
  const auto n = static_cast<double>(state.size());
  double level = 0;
  if (energy) {
    level = *energy / n;
  } else {
    const std::vector<float> field = memory.field(state);
    for (std::size_t i = 0; i < field.size(); ++i)
      level -= 0.5 * static_cast<double>(state[i] > 0 ? field[i] : -field[i]) / n;
  }
  return std::copysign(std::pow(std::abs(level), 1 / degree_of(memory.options())), level);
}

/// From -1 to 1.
double overlap_of(std::span<const float> a, std::span<const float> b) {
  std::int64_t same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) same += a[i] == b[i];
  return 2 * static_cast<double>(same) / static_cast<double>(a.size()) - 1;
}

/// The largest overlap of the cue with a pattern other than the one that the final state, of these overlaps,
/// is most like; 0 when there is no other.
double best_other(const BinaryMemory& memory, std::span<const float> cue, std::span<const double> there) {
  const auto nearest = std::max_element(there.begin(), there.end()) - there.begin();
  std::vector<double> here = memory.overlaps(cue);
  here.erase(here.begin() + nearest);
  return here.empty() ? 0 : *std::max_element(here.begin(), here.end());
}

Features features_of(const BinaryMemory& memory, std::span<const float> cue, const Recall& recall,
                     std::span<const double> overlaps) {
  const double kept = overlap_of(cue, recall.state);
  return {1, level_of(memory, cue, recall.energy_start), level_of(memory, recall.state, recall.energy_end),
          kept, kept - best_other(memory, cue, overlaps)};
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

double dot(const Features& a, const Features& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// Solves the equations by elimination; the matrix is symmetric and positive.
Features solved(std::array<Features, kFeatures> matrix, Features right) {
  for (std::size_t k = 0; k < kFeatures; ++k) {
    for (std::size_t i = k + 1; i < kFeatures; ++i) {
      const double factor = matrix[i][k] / matrix[k][k];
      for (std::size_t j = k; j < kFeatures; ++j) matrix[i][j] -= factor * matrix[k][j];
      right[i] -= factor * right[k];
    }
  }
  for (std::size_t k = kFeatures; k-- > 0;) {
    for (std::size_t j = k + 1; j < kFeatures; ++j) right[k] -= matrix[k][j] * right[j];
    right[k] /= matrix[k][k];
  }
  return right;
}

/// Coefficients on standardised features: penalised, so that they stay finite where the kinds do not touch.
Features fitted(const std::vector<Features>& rows, std::size_t positives) {
  constexpr double kPenalty = 1;
  Features w{};
  for (int step = 0; step < 50; ++step) {
    std::array<Features, kFeatures> matrix{};
    Features right{};
    for (std::size_t i = 0; i < kFeatures; ++i) {
      matrix[i][i] = kPenalty;
      right[i] = -kPenalty * w[i];
    }
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const double p = logistic(dot(w, rows[r]));
      for (std::size_t i = 0; i < kFeatures; ++i) {
        right[i] += ((r < positives ? 1 : 0) - p) * rows[r][i];
        for (std::size_t j = 0; j < kFeatures; ++j) matrix[i][j] += p * (1 - p) * rows[r][i] * rows[r][j];
      }
    }
    const Features change = solved(matrix, right);
    for (std::size_t i = 0; i < kFeatures; ++i) w[i] += change[i];
    if (dot(change, change) < 1e-20) break;
  }
  return w;
}

Features weights_of(const Calibration& calibration) {
  return {calibration.offset, calibration.start, calibration.end, calibration.kept, calibration.lead};
}

/// The fit in terms of the numbers themselves.
Calibration calibration_from(std::vector<Features> rows, std::size_t positives) {
  const auto n = static_cast<double>(rows.size());
  Features mean{}, scale{};
  for (std::size_t i = 1; i < kFeatures; ++i) {
    double square = 0;
    for (const Features& row : rows) mean[i] += row[i] / n;
    for (const Features& row : rows) square += (row[i] - mean[i]) * (row[i] - mean[i]) / n;
    // Numbers that are all the same, but for rounding, tell nothing.
    scale[i] = std::sqrt(square) > 1e-9 * (1 + std::abs(mean[i])) ? std::sqrt(square) : 0;
    for (Features& row : rows) row[i] = scale[i] > 0 ? (row[i] - mean[i]) / scale[i] : 0;
  }
  const Features w = fitted(rows, positives);
  const auto weight = [&](std::size_t i) { return scale[i] > 0 ? w[i] / scale[i] : 0; };
  Calibration result = {.start = weight(1), .end = weight(2), .kept = weight(3), .lead = weight(4)};
  result.samples = static_cast<std::int64_t>(positives);
  result.offset = w[0] - dot(weights_of(result), mean);
  std::int64_t right = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) right += (dot(w, rows[r]) >= 0) == (r < positives);
  result.accuracy = static_cast<double>(right) / n;
  return result;
}

/// Cues of one kind, one after the other.
class Cues {
 public:
  Cues(const PatternSet& patterns, Units units, std::uint64_t seed)
      : patterns_(patterns),
        units_(units),
        down_(units == Units::plus_minus_one ? -1.0F : 0.0F),
        seed_(seed) {}

  void add_noisy(std::uint64_t number) {
    Random random(seed_, 2 * number);
    std::vector<float> cue = some_pattern(random);
    const float share = random.uniform(0, static_cast<float>(kMostFlips));
    for (float& value : cue) {
      if (random.uniform() < share) value = value > 0 ? down_ : 1.0F;
    }
    append(cue);
  }
  void add_strange(std::uint64_t number) {
    Random random(seed_, 2 * number + 1);
    std::vector<float> cue = some_pattern(random);
    if (number % 2 == 0) {
      for (float& value : cue) value = random.below(2) == 0 ? down_ : 1.0F;
    } else {
      for (std::size_t i = cue.size(); i > 1; --i)
        std::swap(cue[i - 1], cue[random.below(static_cast<std::uint32_t>(i))]);
    }
    append(cue);
  }
  const std::vector<float>& values() const { return values_; }

 private:
  std::vector<float> some_pattern(Random& random) const {
    return patterns_.values(random.below(static_cast<std::uint32_t>(patterns_.size())), units_);
  }
  void append(const std::vector<float>& cue) { values_.insert(values_.end(), cue.begin(), cue.end()); }

  const PatternSet& patterns_;
  Units units_;
  float down_;
  std::uint64_t seed_;
  std::vector<float> values_;
};

/// Few samples where each takes long.
std::int64_t samples_for(const BinaryMemory& memory) {
  const std::int64_t work = memory.units() * std::max<std::int64_t>(memory.size(), 1);
  return std::clamp<std::int64_t>(300'000'000 / work, 16, 128);
}

}  // namespace

double confidence_of(const Calibration& calibration, const BinaryMemory& memory, std::span<const float> cue,
                     const Recall& recall, std::span<const double> overlaps) {
  return logistic(dot(weights_of(calibration), features_of(memory, cue, recall, overlaps)));
}

Calibration calibration_of(const BinaryMemory& memory, const PatternSet& patterns, std::uint64_t seed) {
  const std::int64_t samples = samples_for(memory);
  Cues cues(patterns, memory.options().units, seed);
  for (std::int64_t i = 0; i < samples; ++i) cues.add_noisy(static_cast<std::uint64_t>(i));
  for (std::int64_t i = 0; i < samples; ++i) cues.add_strange(static_cast<std::uint64_t>(i));
  const std::vector<Recall> recalls = memory.recall_batch(cues.values(), {.max_sweeps = 30, .seed = seed});
  std::vector<Features> rows;
  const auto n = static_cast<std::size_t>(memory.units());
  for (std::size_t k = 0; k < recalls.size(); ++k)
    rows.push_back(features_of(memory, std::span(cues.values()).subspan(k * n, n), recalls[k],
                               memory.overlaps(recalls[k].state)));
  return calibration_from(std::move(rows), static_cast<std::size_t>(samples));
}

}  // namespace hebb::memory
