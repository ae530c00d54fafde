/// Whether a hyperplane separates two classes of samples, with the proof either way.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hebb/samples.hpp"

namespace hebb::neurons {

/// What is known of two classes. In all of it a sample x counts as z = y (x, 1): with a 1 behind it, which
/// the bias weighs, and y = 1 in the positive class, -1 in the other.
struct Separation {
  enum class Verdict : std::uint8_t {
    separable,    ///< `weights` and `bias` are the proof
    inseparable,  ///< `samples` and `shares` are the proof
    open,         ///< the search was ended before there was either
  };
  Verdict verdict = Verdict::open;
  double radius = 0;  ///< R, the largest |z|

  /// Separable: all y (weights . x + bias) >= margin, |(weights, bias)| = 1. The margin is the largest there
  /// is, but for rounding, or for a part of 1e-6 where `exact` says no.
  double margin = 0;
  std::vector<double> weights = {};
  double bias = 0;
  bool exact = true;

  /// Inseparable: positive shares of these samples, sum 1, with |sum of share z| = gap, which is zero but for
  /// rounding (below 1e-12 R). So the shares of each class sum to 1/2, and twice the shares are a mixture of
  /// samples of the one class that is also a mixture of samples of the other (with the bias; without one, of
  /// multiples of them). For any weights of norm 1 the least z . w is at most sum of share (z . w) <= gap:
  /// none have a larger margin.
  std::vector<std::int64_t> samples = {};
  std::vector<double> shares = {};
  double gap = 0;

  /// (R / margin)^2, above which the number of a perceptron's mistakes does not go, begun at zero (Novikoff,
  /// Symposium on the Mathematical Theory of Automata XII, 615 (1962)). Zero unless separable.
  double novikoff_bound() const { return margin > 0 ? radius / margin * (radius / margin) : 0; }
};

struct SeparationOptions {
  bool bias = true;  ///< false: z = y x, hyperplanes through zero
  /// The most multiply-adds to be spent; 0: no limit.
  std::int64_t most_work = 0;
};

/// Finds the point nearest to zero of all mixtures of the z (Wolfe, Mathematical Programming 11, 128 (1976)).
/// Where it is not zero, it is the normal of the hyperplane with the largest margin, its length; where it is,
/// the mixture is the proof that there is none. `labels` equal to `positive` are the positive class. Throws
/// DataError when either class has no sample or a value is not finite, ShapeError when the counts differ.
Separation separate(const Samples& x, std::span<const std::int32_t> labels, std::int32_t positive,
                    const SeparationOptions& options = {});

}  // namespace hebb::neurons
