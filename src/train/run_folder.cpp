#include "train/run_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/json.hpp"

namespace hebb {

namespace fs = std::filesystem;

namespace {

constexpr const char* kParameter = "parameter/";
constexpr const char* kOptimizer = "optimizer/";
constexpr const char* kAverage = "average/";
constexpr const char* kBestParameter = "best/";

Json to_json(const EpochReport& report) {
  Json json = {{"epoch", report.epoch},
               {"steps", report.steps},
               {"train_loss", report.train_loss},
               {"learning_rate", report.learning_rate},
               {"seconds", report.seconds}};
  const auto put = [&](const char* key, const std::optional<double>& value) {
    if (value) json[key] = *value;
  };
  put("validation_loss", report.validation_loss);
  put("validation_accuracy", report.validation_accuracy);
  put("validation_rmse", report.validation_rmse);
  put("validation_r2", report.validation_r2);
  if (report.validation_loss) json["best"] = report.best;
  return json;
}

EpochReport report_from_json(const Json& json) {
  const auto real = [&](const char* key) {
    return json.contains(key) && json[key].is_number() ? std::optional<double>(json[key].get<double>())
                                                       : std::nullopt;
  };
  return {.epoch = json.at("epoch").get<std::int64_t>(),
          .steps = json.at("steps").get<std::int64_t>(),
          .train_loss = json.at("train_loss").get<double>(),
          .learning_rate = json.at("learning_rate").get<double>(),
          .seconds = json.at("seconds").get<double>(),
          .validation_loss = real("validation_loss"),
          .validation_accuracy = real("validation_accuracy"),
          .validation_rmse = real("validation_rmse"),
          .validation_r2 = real("validation_r2"),
          .best = json.value("best", false)};
}

/// The first `count` lines of metrics.jsonl. A line that a crash has left half written comes after those.
std::vector<EpochReport> read_metrics(const std::string& path, std::int64_t count) {
  std::vector<EpochReport> reports;
  if (count == 0) return reports;
  const std::vector<std::uint8_t> bytes = read_file(path);
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (std::int64_t line = 1; line <= count; ++line) {
    const std::size_t end = rest.find('\n');
    try {
      reports.push_back(training::epoch_report_from_json(rest.substr(0, end)));
    } catch (const FormatError& error) {
      throw FormatError(fmt::format("{}: line {}: {}", path, line, error.what()));
    }
    if (reports.back().epoch != line)
      throw FormatError(fmt::format("{}: line {}: epoch {}", path, line, reports.back().epoch));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return reports;
}

/// The lines of insight.jsonl on epochs up to one; none when there is no such file. A line that a crash has
/// left half written comes after those.
std::string insight_until(const std::string& path, std::int64_t epoch) {
  std::string kept;
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return kept;
  const std::vector<std::uint8_t> bytes = read_file(path);
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    try {
      if (insight_from_json(rest.substr(0, end)).epoch > epoch) break;
    } catch (const FormatError&) {
      break;
    }
    kept += rest.substr(0, end + 1);
    rest.remove_prefix(end + 1);
  }
  return kept;
}

void remove(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

std::string message(int error) { return std::strerror(error); }

}  // namespace

bool holds_run(const std::string& folder) {
  std::error_code ignored;
  return fs::exists(fs::path(folder) / RunFiles::kConfig, ignored);
}

TrainConfig read_run_config(const std::string& folder) {
  if (!holds_run(folder))
    throw FormatError(fmt::format("{}: holds no run (there is no {})", folder, RunFiles::kConfig));
  return read_config(folder + "/" + RunFiles::kConfig);
}

namespace training {

EpochReport epoch_report_from_json(std::string_view line) {
  try {
    return report_from_json(parse_json(line));
  } catch (const Json::exception& error) {
    throw FormatError(fmt::format("expected the report of an epoch: {}", error.what()));
  }
}

RunFolder::RunFolder(const std::string& path, bool overwrite, bool resume) : path_(path) {
  if (holds_run(path) && !overwrite && !resume) {
    throw ConfigError(
        fmt::format("{}: holds a run already; --resume goes on with it, --overwrite replaces it", path));
  }
  if (resume && !holds_run(path)) throw ConfigError(fmt::format("{}: there is no run to resume", path));
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw FormatError(fmt::format("{}: cannot make the run folder: {}", path, error.message()));
  const std::string lock = file(RunFiles::kLock);
  lock_ = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0)
    throw FormatError(fmt::format("{}: cannot write to the run folder: {}", path, message(errno)));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    const bool taken = errno == EWOULDBLOCK;
    const int reason = errno;
    close(lock_);
    if (taken) throw ConfigError(fmt::format("{}: another process is training in this folder", path));
    throw FormatError(fmt::format("{}: cannot lock the run folder: {}", path, message(reason)));
  }
  // Looked at again: another process may have finished a run between the first look and the lock.
  if (holds_run(path) && !overwrite && !resume) {
    close(lock_);
    throw ConfigError(
        fmt::format("{}: holds a run already; --resume goes on with it, --overwrite replaces it", path));
  }
}

RunFolder::~RunFolder() {
  unlink(file(RunFiles::kLock).c_str());
  close(lock_);
}

void RunFolder::begin(const TrainConfig& config) {
  for (const char* name : {RunFiles::kMetrics, RunFiles::kInsight, RunFiles::kOutcome, RunFiles::kReport,
                           RunFiles::kBest, RunFiles::kLast, RunFiles::kResume}) {
    remove(file(name));
  }
  write_file_atomically(file(RunFiles::kConfig), to_toml(config));
  write_file_atomically(file(RunFiles::kMetrics), std::string_view());
}

void RunFolder::go_on(const TrainConfig& config, const Checkpoint& from) {
  std::string lines;
  for (const EpochReport& report : from.reports) lines += json_text(to_json(report)) + "\n";
  write_file_atomically(file(RunFiles::kMetrics), lines);
  const std::string insight = insight_until(file(RunFiles::kInsight), from.epoch);
  if (insight.empty()) {
    remove(file(RunFiles::kInsight));
  } else {
    write_file_atomically(file(RunFiles::kInsight), insight);
  }
  remove(file(RunFiles::kOutcome));
  write_file_atomically(file(RunFiles::kConfig), to_toml(config));
}

Checkpoint RunFolder::read_checkpoint() const {
  const std::string name = file(RunFiles::kResume);
  const SafetensorsFile content = read_safetensors(name);
  Checkpoint state;
  const auto number = [&](const char* key) {
    const auto found = content.metadata.find(key);
    std::int64_t value = -1;
    if (found != content.metadata.end()) {
      const std::string& text = found->second;
      const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (status != std::errc() || end != text.data() + text.size()) value = -1;
    }
    if (value < 0) throw FormatError(fmt::format("{}: its metadata have no proper '{}'", name, key));
    return value;
  };
  state.epoch = number("epoch");
  state.steps = number("steps");
  const auto progress = content.metadata.find("progress");
  if (progress == content.metadata.end()) throw FormatError(name + ": its metadata have no 'progress'");
  state.progress = progress->second;
  for (const auto& [key, tensor] : content.tensors) {
    for (const auto& [prefix, to] :
         {std::pair(kParameter, &state.parameters), std::pair(kOptimizer, &state.optimizer),
          std::pair(kAverage, &state.average), std::pair(kBestParameter, &state.best)}) {
      if (key.starts_with(prefix)) to->push_back({key.substr(std::strlen(prefix)), tensor});
    }
  }
  state.reports = read_metrics(file(RunFiles::kMetrics), state.epoch);
  return state;
}

void RunFolder::add(const EpochReport& report) {
  constexpr std::size_t kMostPending = 1 << 16;
  pending_ += json_text(to_json(report)) + "\n";
  if (report.insight != nullptr) pending_insight_ += to_json(*report.insight) + "\n";
  if (pending_.size() + pending_insight_.size() > kMostPending) flush();
}

void RunFolder::flush() {
  append(RunFiles::kMetrics, pending_);
  if (!pending_insight_.empty()) append(RunFiles::kInsight, pending_insight_);
}

void RunFolder::append(const char* name, std::string& lines) const {
  const std::string path = file(name);
  std::FILE* out = std::fopen(path.c_str(), "ae");
  const bool opened = out != nullptr;
  bool good = opened && std::fwrite(lines.data(), 1, lines.size(), out) == lines.size();
  if (opened && std::fclose(out) != 0) good = false;
  if (!good) throw FormatError(fmt::format("{}: cannot be written: {}", path, message(errno)));
  lines.clear();
}

void RunFolder::finish(const std::string& outcome) {
  flush();
  write_file_atomically(file(RunFiles::kOutcome), outcome + "\n");
}

void RunFolder::keep(const Checkpoint& state, const SavedModel& last, const SavedModel& best) {
  flush();
  SafetensorsFile content;
  content.metadata = {{"epoch", std::to_string(state.epoch)},
                      {"steps", std::to_string(state.steps)},
                      {"progress", state.progress},
                      {"format_version", "1"}};
  for (const auto& [prefix, from] :
       {std::pair(kParameter, &state.parameters), std::pair(kOptimizer, &state.optimizer),
        std::pair(kAverage, &state.average), std::pair(kBestParameter, &state.best)}) {
    for (const NamedValue& value : *from) content.tensors.emplace_back(prefix + value.name, value.value);
  }
  // The models first: whoever finds the state to resume from finds them too.
  save_models(last, best);
  write_safetensors(file(RunFiles::kResume), content);
}

void RunFolder::save_models(const SavedModel& last, const SavedModel& best) const {
  save_model(file(RunFiles::kLast), last);
  save_model(file(RunFiles::kBest), best);
}

}  // namespace training
}  // namespace hebb
