#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/meter.hpp"
#include "cli/terminal.hpp"

namespace hebb::cli {

namespace {

constexpr std::int64_t kMostLines = 25;

}  // namespace

Progress::Progress(std::int64_t epochs) : epochs_(epochs), terminal_(is_terminal(2)) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (!bar_drawn_) return;
  tell("\r\033[K");
  bar_drawn_ = false;
}

bool Progress::is_shown(std::int64_t epoch) const {
  if (epochs_ <= kMostLines || epoch == 1 || epoch == epochs_) return true;
  const std::int64_t every = epochs_ / 20;
  return epoch % every == 0;
}

void Progress::on_epoch(const EpochReport& report) {
  epoch_ = report.epoch + 1;
  if (!is_shown(report.epoch)) return;
  clear();
  std::string line = fmt::format("epoch {:>{}}/{}  loss {:<8.4g}", report.epoch,
                                 std::to_string(epochs_).size(), epochs_, report.train_loss);
  if (report.validation_loss) line += fmt::format("  validation {:<8.4g}", *report.validation_loss);
  if (report.validation_accuracy)
    line += fmt::format("  accuracy {:.2f} %", 100 * *report.validation_accuracy);
  if (report.validation_rmse) line += fmt::format("  rmse {:.5g}", *report.validation_rmse);
  if (report.seconds >= 0.01) line += fmt::format("  {:.2f} s", report.seconds);
  if (report.best) line += "  best";
  tell(line + "\n");
}

void Progress::on_progress(std::int64_t done, std::int64_t total) {
  if (!terminal_ || total <= 0) return;
  const std::string label = fmt::format("epoch {}/{} ", epoch_, epochs_);
  tell("\r" + progress_bar(label, done, total) + "\033[K");
  bar_drawn_ = true;
}

}  // namespace hebb::cli
