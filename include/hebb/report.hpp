/// Reports on runs: one HTML file that needs nothing else, and what it shows as data.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hebb/config.hpp"
#include "hebb/datasets.hpp"
#include "hebb/run.hpp"

namespace hebb {

/// The data of a run as `load_dataset` gives them, unscaled. What it throws is told in the report, in place
/// of what needs data.
using ReportData = std::function<DataSplits(const TrainConfig&)>;

/// Whether the page is part of this build; it is made by npm (see the option HEBB_BUILD_REPORT).
bool has_report_page();

/// What the report on the runs in these folders shows, a JSON object: curves, insight, evaluation, data,
/// model, configuration, and warnings. Files that are missing, half written or damaged leave their part out
/// and are named among the run's `problems`; a run that still goes on is reported as far as it has come.
/// Throws ConfigError when no folder is given, FormatError for one that holds no run.
std::string report_json(const std::vector<std::string>& folders, const ReportData& data);

/// Writes the page with these data, atomically. Throws as report_json does; ConfigError when the page is not
/// part of this build, FormatError when the file cannot be written.
void write_report(const std::string& path, const std::vector<std::string>& folders, const ReportData& data);

}  // namespace hebb
