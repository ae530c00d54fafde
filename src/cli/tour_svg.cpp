#include "cli/tour_svg.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/svg.hpp"

namespace hebb::cli {

std::string tour_svg(std::span<const memory::City> cities, std::span<const std::int64_t> tour,
                     const std::string& title) {
  constexpr double kSide = 480;
  constexpr double kMargin = 30;
  constexpr double kTitle = 30;
  const auto by_x = [](const memory::City& a, const memory::City& b) { return a.x < b.x; };
  const auto by_y = [](const memory::City& a, const memory::City& b) { return a.y < b.y; };
  const double left = std::min_element(cities.begin(), cities.end(), by_x)->x;
  const double right = std::max_element(cities.begin(), cities.end(), by_x)->x;
  const double low = std::min_element(cities.begin(), cities.end(), by_y)->y;
  const double high = std::max_element(cities.begin(), cities.end(), by_y)->y;
  const double extent = std::max(right - left, high - low);
  const double scale = extent > 0 ? kSide / extent : 0;
  const auto x = [&](const memory::City& city) { return kMargin + (city.x - left) * scale; };
  const auto y = [&](const memory::City& city) { return kTitle + kMargin + (high - city.y) * scale; };

  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n"
      "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"white\"/>\n"
      "<text x=\"{2:.0f}\" y=\"24\">{3}</text>\n",
      (right - left) * scale + 2 * kMargin, (high - low) * scale + 2 * kMargin + kTitle, kMargin,
      xml_text(title));
  if (!tour.empty()) {
    text += "<polygon fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\" points=\"";
    for (const std::int64_t k : tour) {
      const memory::City& city = cities[static_cast<std::size_t>(k)];
      text += fmt::format("{:.1f},{:.1f} ", x(city), y(city));
    }
    text += "\"/>\n";
  }
  for (std::size_t k = 0; k < cities.size(); ++k) {
    text += fmt::format(
        "<circle cx=\"{0:.1f}\" cy=\"{1:.1f}\" r=\"4\" fill=\"#c0392b\"/>\n"
        "<text x=\"{2:.1f}\" y=\"{3:.1f}\">{4}</text>\n",
        x(cities[k]), y(cities[k]), x(cities[k]) + 6, y(cities[k]) - 6, k);
  }
  return text + "</svg>\n";
}

}  // namespace hebb::cli
