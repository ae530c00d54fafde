/// The points among whose mixtures the one nearest to zero is kept: the inner part of Wolfe's algorithm
/// (Mathematical Programming 11, 128 (1976)), with the triangular factor he proposes.
#pragma once

#include <cstdint>
#include <vector>

namespace hebb::neurons {

class Corral {
 public:
  explicit Corral(std::int64_t dimension) : dimension_(dimension) {}

  /// The first point.
  void begin(std::int64_t sample, std::vector<double> point);
  /// Takes a point in, and lets others go until zero's nearest neighbour among the mixtures lies inside them.
  /// False, and nothing has changed, when rounding does not let it come nearer.
  bool add(std::int64_t sample, std::vector<double> point);

  /// The point nearest to zero; [dimension].
  const std::vector<double>& nearest() const { return nearest_; }
  /// It is the sum of positive shares of these points; the shares sum to 1.
  const std::vector<std::int64_t>& samples() const { return samples_; }
  const std::vector<double>& shares() const { return shares_; }
  /// Multiply-adds of one more point, roughly.
  std::int64_t work() const;

 private:
  bool append_column(const std::vector<double>& point);
  void remove(std::size_t at);
  std::vector<double> affine_shares() const;
  void mix();

  std::int64_t dimension_;
  std::vector<std::int64_t> samples_;
  std::vector<std::vector<double>> points_;
  std::vector<double> shares_;
  std::vector<double> nearest_;
  /// Columns of the upper triangle R with R^T R = 1 1^T + P^T P, P the points as columns.
  std::vector<std::vector<double>> factor_;
};

}  // namespace hebb::neurons
