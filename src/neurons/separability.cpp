#include "hebb/separability.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.hpp"
#include "hebb/error.hpp"
#include "kernels/weighted_sums.hpp"
#include "neurons/corral.hpp"

namespace hebb::neurons {

namespace {

/// All z = y (x, 1) of two classes, divided by the largest |z|.
class Points {
 public:
  Points(const Samples& x, std::span<const std::int32_t> labels, std::int32_t positive, bool bias)
      : x_(x), labels_(labels), positive_(positive), bias_(bias) {
    for (std::int64_t i = 0; i < x.count(); ++i) {
      double square = bias ? 1 : 0;
      for (std::int64_t j = 0; j < x.features(); ++j) square += std::pow(double{x.row(i)[j]}, 2);
      radius_ = std::max(radius_, std::sqrt(square));
    }
  }

  std::int64_t count() const { return x_.count(); }
  std::int64_t dimension() const { return x_.features() + (bias_ ? 1 : 0); }
  double radius() const { return radius_; }
  double sign(std::int64_t i) const { return labels_[static_cast<std::size_t>(i)] == positive_ ? 1 : -1; }

  std::vector<double> point(std::int64_t i) const {
    const double scale = sign(i) / (radius_ > 0 ? radius_ : 1);
    std::vector<double> z(x_.row(i), x_.row(i) + x_.features());
    if (bias_) z.push_back(1);
    for (double& value : z) value *= scale;
    return z;
  }

  struct Nearest {
    std::int64_t sample = 0;
    double product = std::numeric_limits<double>::infinity();
  };
  /// The first of the samples with the least z . v.
  Nearest least(const std::vector<double>& v) const {
    constexpr std::int64_t kTasks = 16;  // fixed, so that ties go the same way
    Nearest parts[kTasks];
    const std::int64_t n = x_.features();
    parallel_for(count() * n < (1 << 15) ? 1 : kTasks, [&](std::int64_t task) {
      const std::int64_t tasks = count() * n < (1 << 15) ? 1 : kTasks;
      for (std::int64_t i = count() * task / tasks; i < count() * (task + 1) / tasks; ++i) {
        double s = 0;
        weighted_sums({.weights = v.data(), .rows = 1, .stride = n, .n = n}, x_.row(i), &s);
        if (bias_) s += v.back();
        s *= sign(i);
        if (s < parts[task].product) parts[task] = {i, s};
      }
    });
    Nearest best;
    for (const Nearest& part : parts)
      if (part.product < best.product) best = part;
    best.product /= radius_ > 0 ? radius_ : 1;
    return best;
  }

 private:
  const Samples& x_;
  std::span<const std::int32_t> labels_;
  std::int32_t positive_;
  bool bias_;
  double radius_ = 0;
};

constexpr double kZero = 1e-12;  // of the largest |z|
constexpr double kOptimal = 1e-10;
constexpr double kNearlyOptimal = 1e-6;

void check(const Samples& x, std::span<const std::int32_t> labels, std::int32_t positive) {
  if (static_cast<std::int64_t>(labels.size()) != x.count()) {
    throw ShapeError("separate: " + std::to_string(labels.size()) + " labels for " +
                     std::to_string(x.count()) + " samples");
  }
  const auto own = std::count(labels.begin(), labels.end(), positive);
  if (own == 0 || own == std::ssize(labels)) {
    throw DataError("separate: " + std::to_string(own) + " of " + std::to_string(labels.size()) +
                    " samples are of class " + std::to_string(positive) +
                    "; expected some of it and some not");
  }
  x.require_finite();
}

/// The proof that there is no hyperplane.
void prove_inseparable(const Points& points, const Corral& corral, Separation& result) {
  result.verdict = Separation::Verdict::inseparable;
  std::vector<long double> sum(static_cast<std::size_t>(points.dimension()), 0);
  for (std::size_t k = 0; k < corral.samples().size(); ++k) {
    result.samples.push_back(corral.samples()[k]);
    result.shares.push_back(corral.shares()[k]);
    const std::vector<double> z = points.point(corral.samples()[k]);
    for (std::size_t j = 0; j < z.size(); ++j) sum[j] += static_cast<long double>(corral.shares()[k]) * z[j];
  }
  long double square = 0;
  for (const long double value : sum) square += value * value;
  result.gap = static_cast<double>(std::sqrt(square)) * points.radius();
}

/// The proof that v, scaled as the points, is a hyperplane; false where rounding could be wrong about it.
bool prove_separable(const Points& points, const std::vector<double>& v, bool bias, Separation& result) {
  const double norm = std::sqrt(dot(v.data(), v.data(), points.dimension()));
  const double least = points.least(v).product;
  const double rounding = static_cast<double>(points.dimension() + 4) * 0x1p-52 * norm;
  if (!(least > rounding)) return false;
  result.verdict = Separation::Verdict::separable;
  result.margin = least / norm * points.radius();
  result.exact = least >= (1 - kNearlyOptimal) * norm * norm;
  result.weights = v;
  for (double& w : result.weights) w /= norm;
  if (bias) {
    result.bias = result.weights.back();
    result.weights.pop_back();
  }
  return true;
}

}  // namespace

Separation separate(const Samples& x, std::span<const std::int32_t> labels, std::int32_t positive,
                    const SeparationOptions& options) {
  check(x, labels, positive);
  const Points points(x, labels, positive, options.bias);
  Separation result{.radius = points.radius()};
  Corral corral(points.dimension());
  corral.begin(0, points.point(0));
  std::int64_t work = 0;
  double before = std::numeric_limits<double>::infinity();
  const std::int64_t work_of_look = points.count() * points.dimension();
  while (true) {
    const std::vector<double>& v = corral.nearest();
    const double square = dot(v.data(), v.data(), points.dimension());
    if (square <= kZero * kZero) {
      prove_inseparable(points, corral, result);
      return result;
    }
    const Points::Nearest next = points.least(v);
    work += work_of_look + corral.work();
    // Nearer with every point, but for rounding: without this it could go round in circles.
    const bool stuck = square >= before;
    before = square;
    const bool optimal = stuck || next.product >= (1 - kOptimal) * square;
    const bool enough = options.most_work > 0 && work > options.most_work;
    if (optimal || enough || !corral.add(next.sample, points.point(next.sample))) {
      prove_separable(points, v, options.bias, result);
      return result;
    }
  }
}

}  // namespace hebb::neurons
