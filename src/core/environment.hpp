/// The environment variables that the engine reads, once.
#pragma once

#include <cstdint>

namespace hebb {

/// Gives HEBB_ISA to Highway's dispatch: "amx" (AVX-512 and tiles of AMX), "avx512", "avx2", "scalar"
/// (portable code, one number at a time). To be called before kernels are chosen; further calls do nothing.
/// Throws ConfigError for another name and for an instruction set that this processor lacks.
void apply_isa_choice();
/// Highway's bits of the instruction sets that this processor has, whatever was chosen.
std::int64_t found_targets();
/// Whether the processor has tiles of AMX for bf16 and the system has granted them to this process, which it
/// is asked for here.
bool found_amx();
/// The same, unless HEBB_ISA names a lesser instruction set.
bool amx_is_chosen();

/// HEBB_THREADS, or 0 where it is unset or empty. Throws ConfigError unless it is a number from 1 to `most`.
int threads_from_environment(int most);

}  // namespace hebb
