#include "cli/meter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/command.hpp"
#include "cli/terminal.hpp"

namespace hebb::cli {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kLine = std::chrono::seconds(5);

}  // namespace

std::string progress_bar(const std::string& label, std::int64_t done, std::int64_t total) {
  const int room = std::min(60, terminal_width(2) - static_cast<int>(label.size()) - 8);
  std::string bar;
  if (room >= 5) {
    const auto full = static_cast<int>(done * room / total);
    const bool utf8 = speaks_utf8();
    for (int i = 0; i < room; ++i) bar += i < full ? (utf8 ? "█" : "#") : (utf8 ? "░" : ".");
  }
  return fmt::format("{}{} {:3} %", label, bar, 100 * done / total);
}

Meter::Meter(std::string what, bool silent)
    : what_(std::move(what)), silent_(silent), terminal_(is_terminal(2)), last_(Clock::now()) {}

Meter::~Meter() { clear(); }

void Meter::clear() {
  if (drawn_) tell("\r\033[K");
  drawn_ = false;
}

void Meter::show(std::int64_t done, std::int64_t total) {
  if (silent_ || total <= 0) return;
  const auto now = Clock::now();
  if (now - last_ < (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kLine))) return;
  last_ = now;
  const std::string label = fmt::format("{} {}/{}", what_, done, total);
  if (!terminal_) return tell(label + "\n");
  tell("\r" + progress_bar(label + " ", done, total) + "\033[K");
  drawn_ = true;
}

}  // namespace hebb::cli
