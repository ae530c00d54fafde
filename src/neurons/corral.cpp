#include "neurons/corral.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/weighted_sums.hpp"

namespace hebb::neurons {

namespace {

constexpr double kVanished = 1e-14;   // a share below this is none
constexpr double kDependent = 1e-13;  // of a new point's square: what is left outside the others' affine hull

}  // namespace

void Corral::begin(std::int64_t sample, std::vector<double> point) {
  samples_ = {sample};
  shares_ = {1};
  factor_.clear();
  nearest_ = point;
  points_.clear();
  append_column(point);
  points_.push_back(std::move(point));
}

std::int64_t Corral::work() const {
  const auto k = static_cast<std::int64_t>(points_.size());
  return 2 * k * dimension_ + 3 * k * k;
}

/// Solves R^T r = 1 + P^T p for the new column; false for a point in the affine hull of the others.
bool Corral::append_column(const std::vector<double>& point) {
  const std::size_t k = factor_.size();
  std::vector<double> column(k + 1);
  double rest = 1 + dot(point.data(), point.data(), dimension_);
  const double whole = rest;
  for (std::size_t i = 0; i < k; ++i) {
    const double product = 1 + dot(points_[i].data(), point.data(), dimension_);
    column[i] =
        (product - dot(factor_[i].data(), column.data(), static_cast<std::int64_t>(i))) / factor_[i][i];
    rest -= column[i] * column[i];
  }
  if (!(rest > kDependent * whole)) return false;
  column[k] = std::sqrt(rest);
  factor_.push_back(std::move(column));
  return true;
}

/// Takes a column out and makes the rest a triangle again by rotations of neighbouring rows.
void Corral::remove(std::size_t at) {
  const auto offset = static_cast<std::ptrdiff_t>(at);
  samples_.erase(samples_.begin() + offset);
  points_.erase(points_.begin() + offset);
  shares_.erase(shares_.begin() + offset);
  factor_.erase(factor_.begin() + offset);
  for (std::size_t j = at; j < factor_.size(); ++j) {
    const double length = std::hypot(factor_[j][j], factor_[j][j + 1]);
    const double c = factor_[j][j] / length;
    const double s = factor_[j][j + 1] / length;
    for (std::size_t m = j; m < factor_.size(); ++m) {
      const double upper = factor_[m][j];
      const double lower = factor_[m][j + 1];
      factor_[m][j] = c * upper + s * lower;
      factor_[m][j + 1] = c * lower - s * upper;
    }
    factor_[j].resize(j + 1);
  }
}

/// The shares, of any sign, of the point of the affine hull nearest to zero: (1 1^T + P^T P) u = 1, over
/// their sum.
std::vector<double> Corral::affine_shares() const {
  const std::size_t k = factor_.size();
  std::vector<double> u(k);
  for (std::size_t i = 0; i < k; ++i)
    u[i] = (1 - dot(factor_[i].data(), u.data(), static_cast<std::int64_t>(i))) / factor_[i][i];
  for (std::size_t i = k; i-- > 0;) {
    u[i] /= factor_[i][i];
    for (std::size_t m = 0; m < i; ++m) u[m] -= factor_[i][m] * u[i];
  }
  double sum = 0;
  for (const double value : u) sum += value;
  for (double& value : u) value /= sum;
  return u;
}

void Corral::mix() {
  std::fill(nearest_.begin(), nearest_.end(), 0.0);
  for (std::size_t k = 0; k < points_.size(); ++k)
    for (std::size_t j = 0; j < nearest_.size(); ++j) nearest_[j] += shares_[k] * points_[k][j];
}

bool Corral::add(std::int64_t sample, std::vector<double> point) {
  if (std::find(samples_.begin(), samples_.end(), sample) != samples_.end()) return false;
  if (!append_column(point)) return false;
  samples_.push_back(sample);
  points_.push_back(std::move(point));
  shares_.push_back(0);
  while (true) {
    const std::vector<double> aim = affine_shares();
    // As far towards the aim as shares stay positive.
    double way = 1;
    for (std::size_t k = 0; k < aim.size(); ++k)
      if (aim[k] <= kVanished) way = std::min(way, shares_[k] / (shares_[k] - aim[k]));
    const bool inside = std::all_of(aim.begin(), aim.end(), [](double a) { return a > kVanished; });
    for (std::size_t k = 0; k < aim.size(); ++k)
      shares_[k] = inside ? aim[k] : shares_[k] + way * (aim[k] - shares_[k]);
    if (inside) break;
    const std::size_t before = shares_.size();
    for (std::size_t k = before; k-- > 0;)
      if (shares_[k] <= kVanished && aim[k] <= kVanished && shares_.size() > 1) remove(k);
    if (shares_.size() == before) {  // rounding: let the smallest go
      remove(static_cast<std::size_t>(std::min_element(shares_.begin(), shares_.end()) - shares_.begin()));
    }
  }
  mix();
  return true;
}

}  // namespace hebb::neurons
