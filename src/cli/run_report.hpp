/// The reports that training leaves in the folders of its runs.
#pragma once

#include <string>

#include "hebb/datasets.hpp"

namespace hebb::cli {

/// Writes report.html into the folder of a run; `data` are those it was trained on, unscaled. A report that
/// cannot be written is told and is no failure of the run.
void report_run(const std::string& folder, const DataSplits& data, bool silent);

/// The same for every run in a folder of runs, and into that folder one of all of them, side by side.
void report_trials(const std::string& folder, const DataSplits& data, bool silent);

}  // namespace hebb::cli
