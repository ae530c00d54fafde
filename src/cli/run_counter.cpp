#include "cli/run_counter.hpp"

#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/terminal.hpp"

namespace hebb::cli {

namespace {

constexpr std::chrono::milliseconds kBetweenDrawings(100);

}  // namespace

RunCounter::RunCounter(std::string what, std::int64_t runs, std::int64_t epochs, bool silent)
    : what_(std::move(what)), runs_(runs), epochs_(epochs), silent_(silent), terminal_(is_terminal(2)) {}

RunCounter::~RunCounter() { clear(); }

void RunCounter::clear() {
  if (drawn_) tell("\r\033[K");
  drawn_ = false;
}

void RunCounter::draw(std::int64_t epoch, std::int64_t percent) {
  const auto now = std::chrono::steady_clock::now();
  if (silent_ || !terminal_ || now - last_ < kBetweenDrawings) return;
  last_ = now;
  tell(fmt::format("\r{} {}/{}  epoch {}/{} {:3} %\033[K", what_, run_, runs_, epoch, epochs_, percent));
  drawn_ = true;
}

void RunCounter::on_epoch(const EpochReport& report) {
  draw(report.epoch, 100);
  epoch_ = report.epoch + 1;
}

void RunCounter::on_progress(std::int64_t done, std::int64_t total) {
  if (total > 0) draw(epoch_, 100 * done / total);
}

void RunCounter::finish_run(const std::string& result) {
  clear();
  if (!silent_)
    tell(fmt::format("{} {:>{}}/{}  {}\n", what_, run_, std::to_string(runs_).size(), runs_, result));
  ++run_;
  epoch_ = 1;
}

std::string told(const EvaluationReport& report) {
  std::string text = fmt::format("loss {:.5g}", report.loss);
  if (report.classes) text += fmt::format(", accuracy {:.2f} %", 100 * report.classes->accuracy());
  if (report.values) text += fmt::format(", rmse {:.5g}", report.values->rmse());
  return text;
}

}  // namespace hebb::cli
