/// What the layers of convolutions share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hebb/layers.hpp"
#include "nn/windows.hpp"

namespace hebb {

inline WindowAxis window_of(const Conv2dOptions& o) {
  return {.extent = o.kernel, .stride = o.stride, .padding = o.padding, .dilation = o.dilation};
}

/// Throws ConfigError, naming the layer's kind, for options out of their range.
void require_options(std::string_view kind, std::int64_t channels, const Conv2dOptions& options);
/// Throws ShapeError unless the groups divide the channels of the input.
void require_groups(std::string_view kind, const Conv2dOptions& options, std::int64_t inputs);

/// "32, kernel=5, act=relu": the options that do not have their defaults.
std::string describe_options(std::int64_t channels, const Conv2dOptions& options,
                             std::int64_t output_padding = 0);

/// The initialiser of a filter: the one chosen or the one that suits the activation.
Initializer filter_initializer(const Conv2dOptions& options);

}  // namespace hebb
