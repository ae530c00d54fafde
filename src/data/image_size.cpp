#include "data/image_size.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/names.hpp"
#include "hebb/error.hpp"

namespace hebb {

namespace {

constexpr int kMostSide = 8192;

}  // namespace

std::optional<ImageSize> parse_image_size(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto number = [](std::string_view digits) {
    int value = 0;
    const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool whole = status == std::errc() && end == digits.data() + digits.size();
    return whole && value >= 1 && value <= kMostSide ? value : 0;
  };
  const std::size_t cross = std::min(text.find('x'), text.size());
  const int height = number(std::string_view(text).substr(0, cross));
  const int width = cross == text.size() ? height : number(std::string_view(text).substr(cross + 1));
  if (height == 0 || width == 0) {
    throw ConfigError(fmt::format("image_size: expected 1 to {}, or height x width such as 32x48, got {}",
                                  kMostSide, in_quotes(text)));
  }
  return ImageSize{height, width};
}

}  // namespace hebb
