/// Zeros of functions of one variable.
#pragma once

#include <cmath>
#include <limits>
#include <utility>

namespace hebb::memory::theory {

/// A zero of a continuous function between two places at which its signs differ, as exactly as rounding
/// allows: inverse quadratic interpolation where it is safe, else halving (Chandrupatla, Advances in
/// Engineering Software 28, 145 (1997)). Without a change of sign, the place of the smaller value.
template <class Function>
double zero_between(const Function& function, double low, double high) {
  double a = high, b = low;  // the newest place is a; the zero lies between a and b; c was there before
  double fa = function(a), fb = function(b);
  double c = b, fc = fb;
  double part = 0.5;
  for (int step = 0; step < 200; ++step) {
    const double best = std::abs(fa) < std::abs(fb) ? a : b;
    const double smallest = 2 * std::numeric_limits<double>::epsilon() * std::abs(best);
    const double limit = smallest / std::abs(b - a);
    if (fa == 0 || fb == 0 || fa * fb > 0 || !(limit < 0.5)) return best;
    const double at = a + std::fmin(1 - limit, std::fmax(limit, part)) * (b - a);
    const double value = function(at);
    if ((value > 0) == (fa > 0)) {
      c = std::exchange(a, at);
      fc = std::exchange(fa, value);
    } else {
      c = std::exchange(b, std::exchange(a, at));
      fc = std::exchange(fb, std::exchange(fa, value));
    }
    const double xi = (a - b) / (c - b);
    const double phi = (fa - fb) / (fc - fb);
    part = 0.5;
    if (phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi)
      part = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb);
  }
  return a;
}

}  // namespace hebb::memory::theory
