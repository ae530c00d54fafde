#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"
#include "kernels/gemm.hpp"
#include "kernels/weighted_sums.hpp"
#include "neurons/batch_solver.hpp"
#include "neurons/cholesky.hpp"

namespace hebb::neurons {

namespace {

constexpr std::int64_t kMostTriangle = 2048;  // inputs: above, the triangle costs more than it saves
constexpr double kCurvature = 0.25;           // of log(1 + exp(-s)) at s = 0
// Inputs that hardly vary shall not be stretched without end: part of the mean variance added to each.
constexpr double kLeastVariance = 0.03;

/// Some samples, evenly spread, with their mean taken away; few enough to be cheap, enough to tell the
/// covariance.
std::vector<float> centred(const Samples& x, std::vector<double>& mean, std::int64_t& count) {
  const std::int64_t n = x.features();
  count = std::min(x.count(), 4 * n + 1024);
  mean.assign(static_cast<std::size_t>(n), 0);
  const auto pick = [&](std::int64_t i) { return x.row(x.count() * i / count); };
  for (std::int64_t i = 0; i < count; ++i) move_along(mean.data(), n, 1, 1 / double(count), pick(i));
  std::vector<float> rows(static_cast<std::size_t>(count * n));
  for (std::int64_t i = 0; i < count; ++i) {
    const float* from = pick(i);
    for (std::int64_t j = 0; j < n; ++j)
      rows[static_cast<std::size_t>(i * n + j)] =
          static_cast<float>(double{from[j]} - mean[static_cast<std::size_t>(j)]);
  }
  return rows;
}

}  // namespace

Coordinates::Coordinates(const Samples& x, double l2)
    : inputs_(x.features()), diagonal_(x.features() > kMostTriangle) {
  std::int64_t count = 0;
  const std::vector<float> rows = centred(x, mean_, count);
  const auto n = static_cast<std::size_t>(inputs_);
  std::vector<double> variance(n);
  for (std::size_t i = 0; i < rows.size(); ++i)
    variance[i % n] += std::pow(double{rows[i]}, 2) / double(count);
  double total = 0;
  for (const double value : variance) total += value;
  const double least = kCurvature * kLeastVariance * total / double(n) + 2 * l2;
  const double added = least > 0 ? least : 1;
  if (diagonal_) {
    for (const double value : variance) triangle_.push_back(1 / std::sqrt(kCurvature * value + added));
    return;
  }
  std::vector<float> products(n * n);
  Gemm({.m = inputs_,
        .n = inputs_,
        .k = count,
        .transpose_a = true,
        .a_stride = inputs_,
        .b_stride = inputs_,
        .c_stride = inputs_})
      .run({.a = rows.data(), .b = rows.data(), .c = products.data()});
  std::vector<double> curvature(products.begin(), products.end());
  for (double& value : curvature) value *= kCurvature / double(count);
  for (std::size_t j = 0; j < n; ++j) curvature[j * (n + 1)] += added;
  factorise(curvature, inputs_);
  triangle_ = invert_triangle(curvature, inputs_);
}

std::vector<double> Coordinates::of(const LinearModel& model) const {
  std::vector<double> point = model.weights;  // all weights, then all biases
  for (std::int64_t c = 0; c < model.outputs; ++c) {
    double* v = point.data() + c * inputs_;
    point.push_back(model.bias[static_cast<std::size_t>(c)] + dot(v, mean_.data(), inputs_));
    v = point.data() + c * inputs_;
    for (std::int64_t i = inputs_; i-- > 0;) {
      if (diagonal_) {
        v[i] /= triangle_[static_cast<std::size_t>(i)];
        continue;
      }
      const double* row = triangle_.data() + i * inputs_;
      v[i] /= row[i];
      add_multiple(v, i, -v[i], row);
    }
  }
  return point;
}

void Coordinates::model_at(std::span<const double> point, LinearModel& model) const {
  parallel_for(model.outputs, [&](std::int64_t c) {
    const double* v = point.data() + c * inputs_;
    double* w = model.weights.data() + c * inputs_;
    std::fill_n(w, inputs_, 0.0);
    for (std::int64_t i = 0; i < inputs_; ++i) {
      if (diagonal_) {
        w[i] = v[i] * triangle_[static_cast<std::size_t>(i)];
      } else {
        add_multiple(w, i + 1, v[i], triangle_.data() + i * inputs_);
      }
    }
    model.bias[static_cast<std::size_t>(c)] =
        point[static_cast<std::size_t>(model.outputs * inputs_ + c)] - dot(w, mean_.data(), inputs_);
  });
}

void Coordinates::turn(const LinearModel& gradient, std::span<double> to) const {
  parallel_for(gradient.outputs, [&](std::int64_t c) {
    const double bias = gradient.bias[static_cast<std::size_t>(c)];
    std::vector<double> g(gradient.weights.begin() + c * inputs_,
                          gradient.weights.begin() + (c + 1) * inputs_);
    add_multiple(g.data(), inputs_, -bias, mean_.data());
    double* turned = to.data() + c * inputs_;
    for (std::int64_t i = 0; i < inputs_; ++i) {
      turned[i] = diagonal_ ? g[static_cast<std::size_t>(i)] * triangle_[static_cast<std::size_t>(i)]
                            : dot(triangle_.data() + i * inputs_, g.data(), i + 1);
    }
    to[static_cast<std::size_t>(gradient.outputs * inputs_ + c)] = bias;
  });
}

}  // namespace hebb::neurons
