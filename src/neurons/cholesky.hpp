/// Symmetric systems that may be singular.
#pragma once

#include <cstdint>
#include <vector>

namespace hebb::neurons {

/// Factors a symmetric, positive semidefinite matrix [n, n], of which the lower triangle is read, into L L^T,
/// in its place. A row that depends on those above it, but for rounding, gets a diagonal of 0, as if its
/// variable were not there.
void factorise(std::vector<double>& matrix, std::int64_t n);

/// Solves L L^T u = b in place; variables that are not there become 0.
void solve_factorised(const std::vector<double>& factor, std::vector<double>& b);

/// The inverse of L [n, n], lower triangle, without zeros on its diagonal.
std::vector<double> invert_triangle(const std::vector<double>& factor, std::int64_t n);

}  // namespace hebb::neurons
