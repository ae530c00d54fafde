/// The threads that Hebb computes with.
#pragma once

namespace hebb {

/// Number of threads that parallel work uses, the caller's included. At first the value of
/// `HEBB_THREADS`, else the number of processors available to the process. Throws ConfigError when
/// HEBB_THREADS is not a number from 1 to 256.
int threads();

/// Sets the number of threads for the whole process, at least 1 and at most 256 (ConfigError
/// otherwise). Results never depend on it. Not to be called while another thread computes.
void set_threads(int count);

}  // namespace hebb
