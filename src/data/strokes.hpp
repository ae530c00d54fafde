/// Whole sets of drawn digits.
#pragma once

#include <cstdint>
#include <memory>

#include "hebb/datasets.hpp"

namespace hebb {

/// Digits `first` to `first + count - 1` of the sequence, as a data set of byte images [28, 28, 1].
std::shared_ptr<const Dataset> make_strokes(const StrokesOptions& options, std::uint64_t first,
                                            std::int64_t count);

}  // namespace hebb
