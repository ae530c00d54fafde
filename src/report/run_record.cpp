#include "report/run_record.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/run.hpp"
#include "train/run_folder.hpp"

namespace hebb::report {

namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

std::string text_of(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path, kMostBytes);
  return {bytes.begin(), bytes.end()};
}

/// Whether another process trains in the folder.
bool is_locked(const std::string& folder) {
  const int lock = open((folder + "/" + RunFiles::kLock).c_str(), O_RDONLY | O_CLOEXEC);
  if (lock < 0) return false;
  const bool taken = flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(lock);
  return taken;
}

/// Reads line by line until one that `take` refuses by FormatError. A last line without its end is one that
/// is being written, or that a crash cut short: the report goes without it.
void read_lines(RunRecord& run, const char* name, const std::function<void(std::string_view)>& take) {
  const std::string text = text_of(run.folder + "/" + name);
  std::string_view rest = text;
  for (std::int64_t line = 1; !rest.empty(); ++line) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      if (run.state != State::running)
        run.problems.push_back(fmt::format("{}: line {}, the last one, is half written", name, line));
      return;
    }
    try {
      take(rest.substr(0, end));
    } catch (const FormatError& error) {
      run.problems.push_back(
          fmt::format("{}: line {} cannot be read, nor what follows: {}", name, line, error.what()));
      return;
    }
    rest.remove_prefix(end + 1);
  }
}

/// Does what reads a file; whatever goes wrong becomes a problem of the run.
template <class Read>
void reading(RunRecord& run, const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    run.problems.emplace_back(error.what());
  } catch (const Json::exception& error) {
    run.problems.push_back(fmt::format("{}: {}", RunFiles::kOutcome, error.what()));
  }
}

bool exists(const RunRecord& run, const char* name) {
  std::error_code ignored;
  return std::filesystem::exists(run.folder + "/" + name, ignored);
}

State state_named(const std::string& name) {
  for (const State state : {State::finished, State::interrupted, State::diverged}) {
    if (name == to_string(state)) return state;
  }
  throw FormatError(fmt::format("{}: no such end of a run: {}", RunFiles::kOutcome, name));
}

bool is_matrix(const Json& json) {
  return json.is_array() && std::all_of(json.begin(), json.end(), [](const Json& row) {
           return row.is_array() && std::all_of(row.begin(), row.end(),
                                                [](const Json& cell) { return cell.is_number_integer(); });
         });
}

bool is_numbers(const Json& json) {
  return json.is_array() && std::all_of(json.begin(), json.end(), [](const Json& value) {
           return value.is_number() || value.is_null();  // null: not finite
         });
}

bool is_sample(const Json& json) {
  if (!json.is_object()) return false;
  const auto whole = [&](const char* key) { return json.value(key, Json()).is_number_integer(); };
  const auto numbers = [&](const char* key) { return is_numbers(json.value(key, Json())); };
  return whole("index") &&
         ((whole("label") && whole("predicted")) || (numbers("target") && numbers("output")));
}

bool is_samples(const Json& json) {
  return json.is_array() && std::all_of(json.begin(), json.end(), is_sample);
}

/// What others rely on; the file may be from anywhere.
void check_outcome(const Json& outcome) {
  const auto require = [](bool holds, const std::string& what) {
    if (!holds) throw FormatError(fmt::format("{}: expected {}", RunFiles::kOutcome, what));
  };
  require(outcome.is_object(), "a JSON object");
  require(outcome.value("stopped_early", Json(false)).is_boolean(), "'stopped_early' to be true or false");
  for (const char* part : {"train", "validation", "test"}) {
    if (!outcome.contains(part)) continue;
    const Json& found = outcome[part];
    require(found.is_object(), fmt::format("'{}' to be an object", part));
    require(!found.contains("confusion") || is_matrix(found["confusion"]), "'confusion' to be a matrix");
    require(!found.contains("worst") || is_samples(found["worst"]), "'worst' to be samples");
    require(!found.contains("classes") || found["classes"].is_array(), "'classes' to be an array");
  }
}

void read_outcome(RunRecord& run) {
  if (is_locked(run.folder)) {
    run.state = State::running;
    return;
  }
  if (!exists(run, RunFiles::kOutcome)) return;
  reading(run, [&] {
    Json outcome = parse_json(text_of(run.folder + "/" + RunFiles::kOutcome));
    check_outcome(outcome);
    run.state = state_named(outcome.at("state").get<std::string>());
    run.reason = outcome.value("reason", "");
    run.outcome = std::move(outcome);
  });
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::running: return "running";
    case State::finished: return "finished";
    case State::interrupted: return "interrupted";
    case State::diverged: return "diverged";
    case State::broken: return "broken";
  }
  return "broken";
}

RunRecord read_run(const std::string& folder) {
  RunRecord run{.folder = folder, .config = read_run_config(folder)};
  run.toml = text_of(folder + "/" + RunFiles::kConfig);
  run.outcome = Json::object();
  read_outcome(run);
  reading(run, [&] {
    read_lines(run, RunFiles::kMetrics, [&](std::string_view line) {
      const EpochReport report = training::epoch_report_from_json(line);
      if (report.epoch != static_cast<std::int64_t>(run.epochs.size()) + 1)
        throw FormatError(fmt::format("it is of epoch {}", report.epoch));
      run.epochs.push_back(report);
    });
  });
  if (!exists(run, RunFiles::kInsight)) return run;
  reading(run, [&] {
    read_lines(run, RunFiles::kInsight, [&](std::string_view line) {
      Insight insight = insight_from_json(line);
      if (!run.insight.empty() && insight.epoch <= run.insight.back().epoch)
        throw FormatError(fmt::format("it is of epoch {}", insight.epoch));
      run.insight.push_back(std::move(insight));
    });
  });
  return run;
}

}  // namespace hebb::report
