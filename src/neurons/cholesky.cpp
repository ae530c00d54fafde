#include "neurons/cholesky.hpp"

#include <cmath>

#include "core/parallel.hpp"
#include "kernels/weighted_sums.hpp"

namespace hebb::neurons {

namespace {
constexpr double kDependent = 1e-13;  // of the diagonal: what is left of it is rounding
}

void factorise(std::vector<double>& matrix, std::int64_t n) {
  const auto row = [&](std::int64_t i) { return matrix.data() + i * n; };
  for (std::int64_t j = 0; j < n; ++j) {
    const double diagonal = row(j)[j];
    const double rest = diagonal - dot(row(j), row(j), j);
    const double pivot = rest > kDependent * diagonal ? std::sqrt(rest) : 0;
    row(j)[j] = pivot;
    constexpr std::int64_t kGrain = 1 << 14;  // multiply-adds that are worth a thread
    parallel_ranges(n - j - 1, kGrain / (j + 1), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = j + 1 + begin; i < j + 1 + end; ++i)
        row(i)[j] = pivot == 0 ? 0 : (row(i)[j] - dot(row(i), row(j), j)) / pivot;
    });
  }
}

void solve_factorised(const std::vector<double>& factor, std::vector<double>& b) {
  const std::int64_t n = std::ssize(b);
  for (std::int64_t i = 0; i < n; ++i) {
    const double* row = factor.data() + i * n;
    double& value = b[static_cast<std::size_t>(i)];
    value = row[i] == 0 ? 0 : (value - dot(row, b.data(), i)) / row[i];
  }
  for (std::int64_t i = n; i-- > 0;) {
    const double* row = factor.data() + i * n;
    double& value = b[static_cast<std::size_t>(i)];
    value = row[i] == 0 ? 0 : value / row[i];
    add_multiple(b.data(), i, -value, row);
  }
}

std::vector<double> invert_triangle(const std::vector<double>& factor, std::int64_t n) {
  std::vector<double> inverse(factor.size());
  for (std::int64_t i = 0; i < n; ++i) {
    const double* row = factor.data() + i * n;
    double* to = inverse.data() + i * n;
    to[i] = 1;
    for (std::int64_t j = 0; j < i; ++j) add_multiple(to, j + 1, -row[j], inverse.data() + j * n);
    for (std::int64_t j = 0; j <= i; ++j) to[j] /= row[i];
  }
  return inverse;
}

}  // namespace hebb::neurons
