#include "memory/runge_kutta.hpp"

#include <algorithm>
#include <cmath>

namespace hebb::memory {

RungeKutta::RungeKutta(std::vector<double> start, Slope slope, const Tolerances& tolerances)
    : slope_of_(std::move(slope)), tolerances_(tolerances), state_(std::move(start)), next_(state_.size()) {
  for (auto& part : slopes_) part.resize(state_.size());
  slope_of_(state_, slopes_[0]);
  // The first step changes nothing by more than its tolerance; the following ones grow as they may.
  double fastest = 0;
  for (std::size_t i = 0; i < state_.size(); ++i) {
    const double tolerance = tolerances_.absolute + tolerances_.relative * std::abs(state_[i]);
    fastest = std::max(fastest, std::abs(slopes_[0][i]) / tolerance);
  }
  size_ = fastest > 0 ? 1 / fastest : 1;
}

double RungeKutta::attempt(double size) {
  auto& [k1, k2, k3, k4] = slopes_;
  const std::size_t n = state_.size();
  for (std::size_t i = 0; i < n; ++i) next_[i] = state_[i] + size * 0.5 * k1[i];
  slope_of_(next_, k2);
  for (std::size_t i = 0; i < n; ++i) next_[i] = state_[i] + size * 0.75 * k2[i];
  slope_of_(next_, k3);
  for (std::size_t i = 0; i < n; ++i)
    next_[i] = state_[i] + size * (2.0 / 9 * k1[i] + 1.0 / 3 * k2[i] + 4.0 / 9 * k3[i]);
  slope_of_(next_, k4);
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double error = size * (-5.0 / 72 * k1[i] + 1.0 / 12 * k2[i] + 1.0 / 9 * k3[i] - 1.0 / 8 * k4[i]);
    const double largest = std::max(std::abs(state_[i]), std::abs(next_[i]));
    const double share = std::abs(error) / (tolerances_.absolute + tolerances_.relative * largest);
    if (!(share <= worst)) worst = share;  // takes NaN too, and keeps it
  }
  return worst;
}

bool RungeKutta::step(double end) {
  while (true) {
    const double rest = end - time_;
    const bool last = size_ >= rest;
    const double size = last ? rest : size_;
    if (!(time_ + size > time_)) return false;
    const double worst = attempt(size);
    const bool accepted = worst <= 1;
    // The error grows as the third power of the step. What is not finite is far too large.
    const double factor = std::isfinite(worst) ? 0.9 / std::cbrt(std::max(worst, 1e-9)) : 0;
    const double next = size * std::clamp(factor, 0.2, accepted ? 5.0 : 0.9);
    // A step that was cut short at the end says nothing against longer ones.
    size_ = accepted && last ? std::max(size_, next) : next;
    if (!accepted) continue;
    time_ = last ? end : time_ + size;
    std::swap(state_, next_);
    std::swap(slopes_[0], slopes_[3]);
    return true;
  }
}

}  // namespace hebb::memory
