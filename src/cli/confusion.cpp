#include "cli/confusion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/command.hpp"
#include "cli/svg.hpp"
#include "cli/terminal.hpp"

namespace hebb::cli {

namespace {

constexpr double kSide =
    640;  // of the matrix, unless there are so few classes that cells are at their largest
constexpr double kLargestCell = 72;
constexpr double kLargestFont = 15;
constexpr double kSmallestFont = 6;   // of names
constexpr double kSmallestCount = 8;  // smaller figures are left out
constexpr double kCharacter = 0.6;    // width of a character, in heights of the font
constexpr std::size_t kLongestName = 24;

/// Where things are, in units of the drawing.
struct Layout {
  std::int64_t classes;
  double cell;
  double name_font;
  double count_font;
  bool slanted;  ///< names of columns that are wider than these
  double left;   ///< of the matrix
  double top;
  double width;
  double height;

  double side() const { return cell * static_cast<double>(classes); }
  /// Of so many names one is written.
  std::int64_t name_step() const {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(kSmallestFont * 1.2 / cell)));
  }
};

Layout lay_out(const ClassificationMetrics& metrics, const std::vector<std::string>& names) {
  Layout l{};
  l.classes = metrics.classes();
  l.cell = std::min(kLargestCell, kSide / static_cast<double>(l.classes));
  l.name_font = std::clamp(0.8 * l.cell, kSmallestFont, kLargestFont);
  std::size_t longest = 0;
  for (const std::string& name : names) longest = std::max(longest, display_width(name));
  std::int64_t most = 0;
  for (std::int64_t i = 0; i < l.classes; ++i) {
    for (std::int64_t j = 0; j < l.classes; ++j) most = std::max(most, metrics.confusion(i, j));
  }
  const auto digits = static_cast<double>(with_commas(most).size());
  l.count_font = std::min(kLargestFont, l.cell / (kCharacter * digits + 0.5));
  const double name = kCharacter * l.name_font * static_cast<double>(longest);
  l.slanted = name > 0.9 * l.cell * static_cast<double>(l.name_step());
  l.left = 52 + name;
  l.top = 92 + (l.slanted ? 0.72 * name + 0.5 * l.name_font : l.name_font);
  l.width =
      std::max({l.left + l.side() + (l.slanted ? std::max(24.0, 0.72 * name - l.cell / 2) : 24), 480.0});
  l.height = l.top + l.side() + 84;
  return l;
}

std::string shade(double share, bool right) {
  constexpr std::array<double, 3> kRight = {28, 88, 164};
  constexpr std::array<double, 3> kWrong = {214, 92, 20};
  const std::array<double, 3>& end = right ? kRight : kWrong;
  // By the root, so that rare mistakes are seen.
  const auto mixed = [&](std::size_t c) { return std::lround(255 + std::sqrt(share) * (end[c] - 255)); };
  return fmt::format("#{:02x}{:02x}{:02x}", mixed(0), mixed(1), mixed(2));
}

std::string percent(double share) { return fmt::format("{:.3g} %", 100 * share); }

std::string cells(const ClassificationMetrics& metrics, const std::vector<std::string>& names,
                  const Layout& l) {
  const bool counts = l.count_font >= kSmallestCount;
  std::string text;
  for (std::int64_t i = 0; i < l.classes; ++i) {
    for (std::int64_t j = 0; j < l.classes; ++j) {
      const std::int64_t count = metrics.confusion(i, j);
      if (count == 0) continue;
      const double share = static_cast<double>(count) / static_cast<double>(metrics.support(i));
      const double x = l.left + l.cell * static_cast<double>(j);
      const double y = l.top + l.cell * static_cast<double>(i);
      text += fmt::format(
          "<g><title>true {}, predicted {}: {} ({} of the row)</title>"
          "<rect x='{:.6g}' y='{:.6g}' width='{:.6g}' height='{:.6g}' fill='{}'/>",
          xml_text(names[static_cast<std::size_t>(i)]), xml_text(names[static_cast<std::size_t>(j)]),
          with_commas(count), percent(share), x, y, l.cell, l.cell, shade(share, i == j));
      if (counts) {
        text += fmt::format(
            "<text x='{:.6g}' y='{:.6g}' font-size='{:.3g}' text-anchor='middle' fill='{}'>{}</text>",
            x + l.cell / 2, y + l.cell / 2 + 0.36 * l.count_font, l.count_font, share > 0.4 ? "#fff" : "#222",
            with_commas(count));
      }
      text += "</g>\n";
    }
  }
  return text;
}

std::string name_texts(const std::vector<std::string>& names, const Layout& l) {
  std::string text;
  for (std::int64_t i = 0; i < l.classes; i += l.name_step()) {
    const std::string name = xml_text(names[static_cast<std::size_t>(i)]);
    const double middle = l.cell * (static_cast<double>(i) + 0.5);
    text += fmt::format("<text x='{:.6g}' y='{:.6g}' text-anchor='end'>{}</text>", l.left - 8,
                        l.top + middle + 0.36 * l.name_font, name);
    const double x = l.left + middle;
    text += l.slanted ? fmt::format("<text transform='translate({:.6g} {:.6g}) rotate(-45)'>{}</text>",
                                    x + 0.25 * l.name_font, l.top - 7, name)
                      : fmt::format("<text x='{:.6g}' y='{:.6g}' text-anchor='middle'>{}</text>", x,
                                    l.top - 8, name);
    text += '\n';
  }
  return fmt::format("<g font-size='{:.3g}'>\n{}</g>\n", l.name_font, text);
}

/// Lines between cells where these are large, and the frame.
std::string grid(const Layout& l) {
  std::string path;
  if (l.cell >= 8) {
    for (std::int64_t i = 1; i < l.classes; ++i) {
      const double at = l.cell * static_cast<double>(i);
      path += fmt::format("M{:.6g} {:.6g}h{:.6g}M{:.6g} {:.6g}v{:.6g}", l.left, l.top + at, l.side(),
                          l.left + at, l.top, l.side());
    }
  }
  return fmt::format("<path d='{}' stroke='#d8dade' fill='none'/>", path) +
         fmt::format("<rect x='{:.6g}' y='{:.6g}' width='{:.6g}' height='{:.6g}' stroke='#555' fill='none'/>",
                     l.left, l.top, l.side(), l.side()) +
         "\n";
}

std::string legend(const Layout& l) {
  constexpr std::array<double, 6> kShares = {0.01, 0.05, 0.1, 0.25, 0.5, 1};
  constexpr double kSwatch = 44;
  const double y = l.top + l.side() + 24;
  const double x = std::min(l.left + 122, l.width - 24 - kSwatch * static_cast<double>(kShares.size()));
  std::string text;
  for (const bool right : {true, false}) {
    const double row = y + (right ? 0 : 16);
    text += fmt::format("<text x='{:.6g}' y='{:.6g}' text-anchor='end'>{}</text>", x - 8, row + 11,
                        right ? "right" : "wrong");
    for (std::size_t i = 0; i < kShares.size(); ++i) {
      text += fmt::format("<rect x='{:.6g}' y='{:.6g}' width='{}' height='14' fill='{}'/>",
                          x + kSwatch * static_cast<double>(i), row, kSwatch - 2, shade(kShares[i], right));
    }
  }
  for (std::size_t i = 0; i < kShares.size(); ++i) {
    text += fmt::format("<text x='{:.6g}' y='{:.6g}' text-anchor='middle'>{}</text>",
                        x + kSwatch * (static_cast<double>(i) + 0.5) - 1, y + 46, percent(kShares[i]));
  }
  text += fmt::format("<text x='{:.6g}' y='{:.6g}' text-anchor='end'>share of the row</text>", x - 8, y + 46);
  return "<g font-size='12' fill='#555'>" + text + "</g>\n";
}

}  // namespace

std::string confusion_svg(const ClassificationMetrics& metrics, const std::vector<std::string>& all_names,
                          const std::string& title) {
  std::vector<std::string> names;
  for (const std::string& name : all_names) names.push_back(first_characters(name, kLongestName));
  const Layout l = lay_out(metrics, names);
  std::string text = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0:.6g} {1:.6g}' width='{0:.6g}' "
      "height='{1:.6g}' "
      "style='max-width:100%' font-family='Helvetica, Arial, sans-serif' fill='#222'>"
      "\n<title>{2}</title>\n<rect width='100%' height='100%' fill='#fff'/>\n",
      l.width, l.height, xml_text(title));
  text += fmt::format(
      "<text x='24' y='32' font-size='18'>{}</text>\n"
      "<text x='24' y='52' font-size='13' fill='#555'>{} samples, {:.2f} % right</text>\n",
      xml_text(first_characters(title, static_cast<std::size_t>((l.width - 48) / (18 * kCharacter)))),
      with_commas(metrics.count()), 100 * metrics.accuracy());
  text +=
      fmt::format("<text x='{:.6g}' y='78' font-size='14' fill='#555' text-anchor='middle'>predicted</text>",
                  l.left + l.side() / 2);
  text += fmt::format(
      "<text transform='translate(30 {:.6g}) rotate(-90)' font-size='14' fill='#555' "
      "text-anchor='middle'>true</text>",
      l.top + l.side() / 2);
  text += '\n';
  return text + cells(metrics, names, l) + grid(l) + name_texts(names, l) + legend(l) + "</svg>\n";
}

}  // namespace hebb::cli
