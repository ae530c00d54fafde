/// Hebb's rule and the projection rule without weights: fields come from overlaps with the patterns.
#pragma once

#include <memory>

#include "hebb/binary_memory.hpp"
#include "memory/couplings.hpp"
#include "memory/pattern_bits.hpp"
#include "memory/unit_values.hpp"

namespace hebb::memory {

/// J_ij = 1/N sum_mu xi^mu_i xi^mu_j, so that h_i = 1/N (sum_mu xi^mu_i M^mu - P x_i) with the overlaps
/// M^mu = sum_j xi^mu_j x_j, whole numbers all of them.
std::unique_ptr<Couplings> hebbian_couplings(const PatternBits& patterns, const BinaryOptions& options);

/// Its energy of a state, the squares of whose overlaps with the patterns sum up to `squares`.
double hebbian_energy(std::int64_t squares, const PatternBits& patterns, const UnitValues& values,
                      const BitVector& state);

/// J_ij = 1/N sum_mu,nu xi^mu_i (C^-1)_mu,nu xi^nu_j, i != j, with C_mu,nu = 1/N sum_i xi^mu_i xi^nu_i.
std::unique_ptr<Couplings> projection_couplings(const PatternBits& patterns, const BinaryOptions& options);

/// The dense energies of hebb/binary_memory.hpp.
std::unique_ptr<Couplings> dense_couplings(const PatternBits& patterns, const BinaryOptions& options);

}  // namespace hebb::memory
