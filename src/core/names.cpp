#include "core/names.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace hebb {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The edit distance with swaps of neighbours (optimal string alignment), in three rows of its table.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped =
          i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

constexpr std::size_t kMostCompared = 64;  // a longer text is no misspelt name; comparing it only takes time
constexpr std::size_t kMostQuoted = 60;

}  // namespace

std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates) {
  const std::string_view head = name.substr(0, kMostCompared);
  std::string_view best;
  std::size_t least = static_cast<std::size_t>(-1);
  for (const std::string_view candidate : candidates) {
    const std::size_t d = distance(head, candidate);
    if (d >= least) continue;
    least = d;
    best = candidate;
  }
  return best;
}

std::string unknown_name(std::string_view what, std::string_view name,
                         std::span<const std::string_view> candidates) {
  std::string text = "unknown " + std::string(what) + " " + in_quotes(name);
  if (candidates.empty()) return text;
  text += "; did you mean '" + std::string(nearest(name, candidates)) + "'? Known:";
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    text += (i == 0 ? " " : ", ") + std::string(candidates[i]);
  }
  return text;
}

std::string in_quotes(std::string_view text) {
  constexpr std::array<char, 17> kHex = {"0123456789abcdef"};
  std::string result = "'";
  for (const char c : text.substr(0, kMostQuoted)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      result += c;
    } else {
      result += "\\x";
      result += kHex[byte >> 4];
      result += kHex[byte & 15];
    }
  }
  if (text.size() > kMostQuoted) result += "...";
  return result + "'";
}

}  // namespace hebb
