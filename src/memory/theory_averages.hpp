/// Averages over the Gaussian noise that acts on a unit, in the replica theory.
#pragma once

namespace hebb::memory::theory {

/// << >> is the average over a standard normal z, u = (m + sigma z) / T the local field over the temperature.
struct Averages {
  double overlap;   ///< << tanh u >>
  double frozen;    ///< << tanh^2 u >>
  double response;  ///< C = << sech^2 u >> / T, the derivative of the overlap by m
  /// << z sech^2 u >> / T, the derivative of the overlap by sigma; and sigma times that of C by m.
  double response_z;
  /// << z^2 sech^2 u >> / T, so that the derivative of C by sigma is (response_zz - C) / sigma.
  double response_zz;
  double entropy;  ///< << ln 2 cosh u - u tanh u >>, of a unit in its field
};

/// For m and sigma from 0; where both temperature and sigma are 0, m must be positive.
Averages averages(double m, double sigma, double temperature);

}  // namespace hebb::memory::theory
