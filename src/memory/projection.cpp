#include <cmath>

#include "core/parallel.hpp"
#include "memory/hebbian.hpp"
#include "memory/overlap_values.hpp"
#include "memory/unit_values.hpp"

namespace hebb::memory {

namespace {

/// Fields this near to zero are zero, but for rounding: weights are at most 1, and sums of overlaps with the
/// inverse correlations are good to about 1e-13.
constexpr double kRounding = 1e-10;

/// A new pattern whose part outside of those stored is smaller than this share of it is not independent.
constexpr double kIndependent = 1e-9;

class ProjectionCouplings final : public Couplings {
 public:
  ProjectionCouplings(const PatternBits& patterns, const BinaryOptions& options)
      : patterns_(patterns), options_(options), diagonal_(static_cast<std::size_t>(patterns.units())) {}

  std::unique_ptr<Walk> walk() const override;

  void added(std::int64_t first) override {
    const std::vector<PatternValues<double>> inverse = inverse_;
    const std::vector<double> diagonal = diagonal_;
    try {
      for (std::int64_t p = first; p < patterns_.size(); ++p) add(p);
    } catch (const DataError&) {
      inverse_ = inverse;
      diagonal_ = diagonal;
      throw;
    }
    sum_rows();
  }

  void removed(std::int64_t index) override {
    // By the formula for the inverse of a matrix without one row and column (Schur complement):
    // D' = D - d d^T / D_kk, with d the column that goes.
    const auto k = static_cast<std::size_t>(index);
    const PatternValues<double> column = inverse_[k];
    const double pivot = column[index];
    // The part of the diagonal that this pattern alone carries: r r^T / (N pivot), r its residual times
    // pivot.
    const double total = row_sum(index);
    for (std::int64_t i = 0; i < patterns_.units(); ++i) {
      const double r = 2 * column.sum_where_up(patterns_, i) - total;
      diagonal_[static_cast<std::size_t>(i)] -= r * r / (pivot * static_cast<double>(patterns_.units()));
    }
    std::vector<PatternValues<double>> rows;
    for (std::int64_t i = 0; i < size(); ++i) {
      if (i == index) continue;
      PatternValues<double> row;
      row.resize((size() - 2) / PatternBits::kBlock + 1);
      for (std::int64_t j = 0, to = 0; j < size(); ++j) {
        if (j != index) row[to++] = inverse_[static_cast<std::size_t>(i)][j] - column[i] * column[j] / pivot;
      }
      rows.push_back(std::move(row));
    }
    inverse_ = std::move(rows);
    sum_rows();
  }

  double weight(std::int64_t i, std::int64_t j) const override {
    double result = 0;
    for (std::int64_t p = 0; p < size(); ++p) {
      const PatternValues<double>& row = inverse_[static_cast<std::size_t>(p)];
      const double part = 2 * row.sum_where_up(patterns_, j) - row_sum(p);
      result += patterns_.get(p, i) ? part : -part;
    }
    return result / static_cast<double>(patterns_.units());
  }

  std::int64_t size() const { return static_cast<std::int64_t>(inverse_.size()); }
  /// Row of the inverse correlations.
  const PatternValues<double>& row(std::int64_t p) const { return inverse_[static_cast<std::size_t>(p)]; }
  double diagonal(std::int64_t unit) const { return diagonal_[static_cast<std::size_t>(unit)]; }
  /// The sum of a row.
  double row_sum(std::int64_t p) const { return sums_[static_cast<std::size_t>(p)]; }

 private:
  /// Pattern p joins those before it: the inverse is bordered by one row and column, and the projector grows
  /// by that onto the pattern's residual r, which is orthogonal to them.
  void add(std::int64_t p) {
    const auto units = static_cast<double>(patterns_.units());
    const std::vector<std::int64_t> raw = raw_overlaps(patterns_, patterns_.pattern(p), true);
    std::vector<double> part(static_cast<std::size_t>(p));  // of each stored pattern in the new one
    double inside = 0;
    for (std::int64_t i = 0; i < p; ++i) {
      double sum = 0;
      for (std::int64_t j = 0; j < p; ++j)
        sum += row(i)[j] * static_cast<double>(raw[static_cast<std::size_t>(j)]);
      part[static_cast<std::size_t>(i)] = sum / units;
      inside +=
          part[static_cast<std::size_t>(i)] * static_cast<double>(raw[static_cast<std::size_t>(i)]) / units;
    }
    const double outside = 1 - inside;
    if (outside < kIndependent) {
      throw DataError(
          "pattern " + std::to_string(p) +
          " is a linear combination of those stored before it, which the pseudo-inverse rule cannot "
          "take; leave it out or use another rule");
    }
    PatternValues<double> last;
    const std::int64_t blocks = p / PatternBits::kBlock + 1;
    last.resize(blocks);
    for (std::int64_t i = 0; i < p; ++i) {
      PatternValues<double>& line = inverse_[static_cast<std::size_t>(i)];
      line.resize(blocks);
      const double mine = part[static_cast<std::size_t>(i)];
      for (std::int64_t j = 0; j < p; ++j) line[j] += mine * part[static_cast<std::size_t>(j)] / outside;
      line[p] = last[i] = -mine / outside;
    }
    last[p] = 1 / outside;
    inverse_.push_back(std::move(last));
    add_to_diagonal(p, part, outside);
  }

  void add_to_diagonal(std::int64_t p, const std::vector<double>& part, double outside) {
    PatternValues<double> residual;  // as a combination of patterns
    residual.resize(patterns_.blocks());
    for (std::int64_t i = 0; i < p; ++i) residual[i] = -part[static_cast<std::size_t>(i)];
    residual[p] = 1;
    double total = 0;
    for (std::int64_t i = 0; i <= p; ++i) total += residual[i];
    const double scale = 1 / (outside * static_cast<double>(patterns_.units()));
    for (std::int64_t i = 0; i < patterns_.units(); ++i) {
      const double r = 2 * residual.sum_where_up(patterns_, i) - total;
      diagonal_[static_cast<std::size_t>(i)] += r * r * scale;
    }
  }

  void sum_rows() {
    sums_.assign(inverse_.size(), 0);
    for (std::int64_t p = 0; p < size(); ++p) {
      for (std::int64_t q = 0; q < size(); ++q) sums_[static_cast<std::size_t>(p)] += row(p)[q];
    }
  }

  const PatternBits& patterns_;
  const BinaryOptions& options_;
  std::vector<PatternValues<double>> inverse_;  ///< C^-1, row by row
  std::vector<double> sums_;                    ///< of its rows
  std::vector<double> diagonal_;                ///< J_ii, as it would be
};

class ProjectionWalk final : public Walk {
 public:
  ProjectionWalk(const PatternBits& patterns, const BinaryOptions& options,
                 const ProjectionCouplings& couplings)
      : patterns_(patterns),
        values_(options),
        couplings_(couplings),
        inverse_(1.0 / static_cast<double>(patterns.units())) {}

  void start(const BitVector& state) override {
    state_ = state;
    const std::vector<std::int64_t> raw = raw_overlaps(patterns_, state, values_.plus_minus_one());
    overlaps_.assign(raw.begin(), raw.end());
    loads_.resize(patterns_.blocks());
    total_ = 0;
    for (std::int64_t p = 0; p < patterns_.size(); ++p) {
      double sum = 0;
      for (std::int64_t q = 0; q < patterns_.size(); ++q)
        sum += couplings_.row(p)[q] * overlaps_[static_cast<std::size_t>(q)];
      loads_[p] = sum;
      total_ += sum;
    }
  }

  double field(std::int64_t unit) override {
    const double sum = 2 * loads_.sum_where_up(patterns_, unit) - total_;
    const double x = values_.value(state_.get(unit));
    const double result = inverse_ * sum - couplings_.diagonal(unit) * x + values_.bias(unit);
    return std::abs(result) < kRounding ? 0 : result;
  }

  void fields(std::span<double> result) override {
    parallel_ranges(patterns_.units(), 64, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t unit = begin; unit < end; ++unit)
        result[static_cast<std::size_t>(unit)] = field(unit);
    });
  }

  void flip(std::int64_t unit) override {
    const double delta = values_.step(state_.get(unit));
    state_.flip(unit);
    total_ = 0;
    for (std::int64_t p = 0; p < patterns_.size(); ++p) {
      const PatternValues<double>& row = couplings_.row(p);
      loads_[p] += delta * (2 * row.sum_where_up(patterns_, unit) - couplings_.row_sum(p));
      total_ += loads_[p];
      overlaps_[static_cast<std::size_t>(p)] += patterns_.get(p, unit) ? delta : -delta;
    }
  }

  std::optional<double> energy() override {
    double sum = 0;
    for (std::int64_t p = 0; p < patterns_.size(); ++p)
      sum += overlaps_[static_cast<std::size_t>(p)] * loads_[p];
    double diagonal = 0;
    for (std::int64_t i = 0; i < patterns_.units(); ++i) {
      const double x = values_.value(state_.get(i));
      diagonal += couplings_.diagonal(i) * x * x;
    }
    return -0.5 * (inverse_ * sum - diagonal) - values_.bias_sum(state_);
  }

 private:
  const PatternBits& patterns_;
  UnitValues values_;
  const ProjectionCouplings& couplings_;
  double inverse_;
  std::vector<double> overlaps_;  ///< M
  PatternValues<double> loads_;   ///< C^-1 M
  double total_ = 0;              ///< of the loads
};

std::unique_ptr<Walk> ProjectionCouplings::walk() const {
  return std::make_unique<ProjectionWalk>(patterns_, options_, *this);
}

}  // namespace

std::unique_ptr<Couplings> projection_couplings(const PatternBits& patterns, const BinaryOptions& options) {
  return std::make_unique<ProjectionCouplings>(patterns, options);
}

}  // namespace hebb::memory
