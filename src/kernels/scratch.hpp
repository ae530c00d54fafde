/// Scratch memory of the calling thread.
#pragma once

#include <cstddef>

namespace hebb {

/// `floats` elements, 64-byte aligned, grown as needed and kept; what was in them before is lost. One use at
/// a time.
float* thread_scratch(std::size_t floats);

}  // namespace hebb
