// Included before hwy/foreach_target.h by every kernel: the instruction sets that kernels are compiled for.
// Three are enough (portable code, AVX2 with FMA, AVX-512): SSSE3 and SSE4 are on no machine that one would
// compute with today, and each one more lengthens every build. Kernels that count bits ask for a fourth by
// HWY_WANT_AVX3_DL: AVX-512 since Ice Lake and Zen 4, which counts those of a whole vector.
#pragma once

#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#endif

// Accumulators stay in registers only when the loops over them are unrolled completely, which GCC does not do
// by itself at -O2 (60 instead of 210 GFLOP/s on one AVX-512 core).
#ifndef HEBB_UNROLL
#if defined(__clang__)
#define HEBB_UNROLL _Pragma("unroll")
#else
#define HEBB_UNROLL _Pragma("GCC unroll 16")
#endif
#endif
