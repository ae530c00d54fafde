/// What theory says of associative memories: the replica theory of the Hopfield network, and laws of how much
/// can be stored.
///
/// N is the number of units, P that of random, independent patterns, the load alpha = P / N.
///
/// The replica theory is that of Amit, Gutfreund, Sompolinsky (PRL 55, 1530 (1985); Annals of Physics 173, 30
/// (1987)): replica-symmetric, for N to infinity, of the Hebb rule J_ij = 1/N sum_mu xi^mu_i xi^mu_j without
/// its diagonal, H = -1/2 sum_ij J_ij s_i s_j, s_i = +-1, temperature T = 1/beta. A state is described by
///
///     m = << tanh beta (m + sqrt(alpha r) z) >>       overlap with the one pattern that it retrieves
///     q = << tanh^2 beta (m + sqrt(alpha r) z) >>     how frozen the units are (Edwards, Anderson)
///     r = q / (1 - C)^2,  C = beta (1 - q)            noise of the other patterns; response
///
/// with << >> the average over a standard normal z. At T = 0: m = erf(m / sqrt(2 alpha r)), q = 1,
/// C = sqrt(2 / (pi alpha r)) exp(-m^2 / (2 alpha r)). Free energy and energy a unit:
///
///     f = alpha/2 + m^2/2 + alpha T/2 ln(1 - C) - alpha/2 q/(1 - C) + alpha r C/2
///         - T << ln 2 cosh beta (m + sqrt(alpha r) z) >>
///     e = alpha/2 - m^2/2 - alpha/2 (1/(1 - C) + r C)
///
/// Temperatures are in units of the energy; below 1e-12 they count as 0. Every function throws ConfigError
/// for numbers that are not finite or out of the range that it states.
#pragma once

#include <cstdint>
#include <optional>

namespace hebb::memory::theory {

/// A solution of the equations above.
struct ReplicaState {
  double load = 0;
  double temperature = 0;
  double overlap = 0;   ///< m
  double frozen = 0;    ///< q
  double noise = 0;     ///< r
  double response = 0;  ///< C
  double free_energy = 0;
  double energy = 0;
  /// (e - f) / T, at T = 0 its limit. Slightly negative at low temperatures: there the symmetry of replicas
  /// is broken.
  double entropy = 0;
};

/// The retrieval state, m > 0, or nothing where none exists. `load` and `temperature` from 0.
std::optional<ReplicaState> retrieval(double load, double temperature);

/// The spin-glass state, m = 0 and q > 0, or nothing from T_g on. `load` positive, `temperature` from 0.
std::optional<ReplicaState> spin_glass(double load, double temperature);

/// Where retrieval ends.
struct CriticalPoint {
  double load = 0;     ///< alpha_c(T), the largest load at which a retrieval state exists
  double overlap = 0;  ///< m there
};

/// alpha_c(T) and the overlap at it: 0.1379 and 0.967 at T = 0; nothing from T = 1 on, where not even one
/// pattern is retrieved. alpha_c first grows by 2 in 1000, up to T = 0.023 (Naef, Canning, J. Physique I 2,
/// 247 (1992)), and then falls.
std::optional<CriticalPoint> critical_point(double temperature);

/// The load up to which retrieval states are the global minima of the free energy: 0.0519 at T = 0 (0.051 in
/// the papers), 0.0531 at its most, near T = 0.085; 0 from T = 1 on. (Above T = 1 - 1e-6 the free energies
/// differ by less than doubles resolve.)
double ferromagnetic_load(double temperature);

/// T_g = 1 + sqrt(alpha), below which there is a spin glass.
double spin_glass_temperature(double load);

/// T_M(alpha), the highest temperature at which retrieval states exist; 0 where there is none.
double retrieval_temperature(double load);

/// T_c(alpha), the highest temperature at which retrieval states are global minima; 0 where there is none.
double ferromagnetic_temperature(double load);

// Laws of capacity: the number of patterns P, as a real number. `units` is at least 2 (where a logarithm
// divides: 3); `flip` is the share of inverted bits of the cue, from 0 and below 1/2.

/// 0.15 N: about so many before recall is severely in error (Hopfield, PNAS 79, 2554 (1982)).
double hopfield_capacity(std::int64_t units);

/// (1 - 2 flip)^2 N / (2 ln N): nearly every pattern is recalled exactly, by the Hebb rule in one step
/// (McEliece, Posner, Rodemich, Venkatesh, IEEE Trans. Inf. Theory 33, 461 (1987)).
double mceliece_capacity(std::int64_t units, double flip = 0);

/// (1 - 2 flip)^2 N / (4 ln N): all patterns are, with a probability that goes to 1 (the same).
double mceliece_capacity_of_all(std::int64_t units, double flip = 0);

/// N / sqrt(2 ln N) of the Storkey rule (Storkey, Valabregue, Neural Networks 12, 869 (1999)).
double storkey_capacity(std::int64_t units);

/// N, of the pseudo-inverse: as many as can be linearly independent (Personnaz, Guyon, Dreyfus, J. Physique
/// Lett. 46, L359 (1985); Kanter, Sompolinsky, PRA 35, 380 (1987)).
double projection_capacity(std::int64_t units);

/// alpha_c(kappa) = 1 / integral from -kappa of Dt (t + kappa)^2: the largest load at which some weights hold
/// all patterns with margin kappa >= 0; 2 at kappa = 0 (Gardner, J. Phys. A 21, 257 (1988)).
double gardner_load(double margin);

/// alpha_c(kappa) N.
double gardner_capacity(std::int64_t units, double margin = 0);

/// The share of bits of stored patterns that the Hebb rule does not keep in one step, from the ratio of
/// signal to noise: 1/2 erfc(sqrt(N / (2 P))) (Hertz, Krogh, Palmer, Introduction to the Theory of Neural
/// Computation (1991), eq. 2.19). `patterns` from 0.
double unstable_bits(std::int64_t units, double patterns);

/// The same of the dense energy of degree n >= 2: 1/2 erfc(sqrt(N^(n-1) / (2 P (2n-3)!!))) (Krotov, Hopfield,
/// NeurIPS 2016, eq. 5).
double unstable_bits(std::int64_t units, double patterns, int degree);

/// N^(n-1) / ((2n-3)!! z^2), where a standard normal variable exceeds z with probability `error`: so many
/// patterns before a share of `error` of the bits is unstable, between 0 and 1/2 (the same; 0.15 N of n = 2).
double dense_capacity(std::int64_t units, int degree, double error = 0.005);

/// N^(n-1) / (2 (2n-3)!! ln N): nearly every pattern without an error (the same, eq. 6).
double dense_capacity_without_errors(std::int64_t units, int degree);

/// c of the law exp(c N) of the exponential energy: I(1 - 2 flip) / 2 with
/// I(a) = ((1 + a) ln(1 + a) + (1 - a) ln(1 - a)) / 2; (ln 2) / 2 at flip 0, which is 2^(N/2) patterns
/// (Demircigil, Heusel, Loewe, Upgang, Vermet, J. Stat. Phys. 168, 288 (2017), theorem 3).
double exponential_rate(double flip = 0);

/// exp(c N) of it; infinite beyond the largest double.
double exponential_capacity(std::int64_t units, double flip = 0);

}  // namespace hebb::memory::theory
