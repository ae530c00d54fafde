#include "cli/run_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "cli/command.hpp"
#include "hebb/error.hpp"
#include "hebb/report.hpp"

namespace hebb::cli {

namespace {

void write(const std::string& folder, const std::vector<std::string>& runs, const DataSplits& data,
           bool silent) {
  if (!has_report_page()) {
    if (!silent) tell(fmt::format("hebb: no {}: this build has no page for reports\n", RunFiles::kReport));
    return;
  }
  const std::string path = folder + "/" + RunFiles::kReport;
  try {
    write_report(path, runs, [&](const TrainConfig&) { return data; });
  } catch (const Error& error) {
    tell(fmt::format("hebb: the report could not be written: {}\n", error.what()));
  }
}

}  // namespace

void report_run(const std::string& folder, const DataSplits& data, bool silent) {
  write(folder, {folder}, data, silent);
}

void report_trials(const std::string& folder, const DataSplits& data, bool silent) {
  std::vector<std::string> runs;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (holds_run(entry.path().string())) runs.push_back(entry.path().string());
  }
  if (runs.empty()) return;
  std::sort(runs.begin(), runs.end());
  for (const std::string& run : runs) write(run, {run}, data, true);
  write(folder, runs, data, silent);
}

}  // namespace hebb::cli
