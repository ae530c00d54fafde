/// Ordinary differential equations, integrated with steps that follow the error.
#pragma once

#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace hebb::memory {

/// A step is accepted when no component's estimated error is above absolute + relative |u|.
struct Tolerances {
  double absolute = 1e-6;
  double relative = 1e-6;
};

/// du/dt = slope(u) by the embedded pair of orders 3 and 2 of Bogacki and Shampine (Appl. Math. Lett. 2, 321
/// (1989)). Networks that relax have fast modes which have long died out; a low order keeps steps cheap where
/// stability limits them.
class RungeKutta {
 public:
  using Slope = std::function<void(std::span<const double> u, std::span<double> slope)>;

  RungeKutta(std::vector<double> start, Slope slope, const Tolerances& tolerances);

  double time() const { return time_; }
  std::span<const double> state() const { return state_; }
  /// du/dt at the state.
  std::span<const double> slope() const { return slopes_[0]; }

  /// One accepted step, not beyond `end`. False, the state unchanged, where no step is small enough: the
  /// numbers overflow.
  bool step(double end = std::numeric_limits<double>::infinity());

 private:
  /// The state and slope after a step of this size, into next_ and slopes_[3]; returns the largest error, in
  /// tolerances.
  double attempt(double size);

  Slope slope_of_;
  Tolerances tolerances_;
  double time_ = 0;
  double size_;  ///< of the next step
  std::vector<double> state_, next_;
  std::vector<double> slopes_[4];
};

}  // namespace hebb::memory
