/// Sizes of images as people write them.
#pragma once

#include <optional>
#include <string>

namespace hebb {

struct ImageSize {
  int height = 0;
  int width = 0;
  bool operator==(const ImageSize&) const = default;
};

/// "32" or "32x48" (height x width); nothing for empty text. Throws ConfigError for anything else.
std::optional<ImageSize> parse_image_size(const std::string& text);

}  // namespace hebb
