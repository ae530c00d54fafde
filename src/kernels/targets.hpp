// Included before hwy/foreach_target.h by every kernel: the instruction sets that kernels are compiled for.
// Three are enough (portable code, AVX2 with FMA, AVX-512): SSSE3 and SSE4 are on no machine that one would
// compute with today, and each one more lengthens every build.
#pragma once

#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#endif
