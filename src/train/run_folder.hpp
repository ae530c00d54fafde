/// The folder that keeps a run.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/model_file.hpp"
#include "hebb/run.hpp"

namespace hebb::training {

/// A line of metrics.jsonl. Throws FormatError for one that is not the report of an epoch.
EpochReport epoch_report_from_json(std::string_view line);

/// A run folder that this process alone writes to, as long as this object lives.
class RunFolder {
 public:
  /// Makes the folder and locks it. Throws ConfigError when it holds a run (unless `overwrite` or `resume`)
  /// or another process runs in it, FormatError when it cannot be made or written.
  RunFolder(const std::string& path, bool overwrite, bool resume);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  /// Removes what an earlier run left, and writes the configuration.
  void begin(const TrainConfig& config);
  /// Writes the configuration of a run that goes on, and what is known of its epochs.
  void go_on(const TrainConfig& config, const Checkpoint& from);
  /// The state to go on from, its reports included.
  Checkpoint read_checkpoint() const;

  void add(const EpochReport& report);
  /// Writes last, best and resumption files, and what has been added.
  void keep(const Checkpoint& state, const SavedModel& last, const SavedModel& best);
  void save_models(const SavedModel& last, const SavedModel& best) const;
  /// Writes what has been added, and how the run ended, a JSON object.
  void finish(const std::string& outcome);

 private:
  std::string file(const char* name) const { return path_ + "/" + name; }
  void flush();
  void append(const char* name, std::string& lines) const;

  std::string path_;
  int lock_ = -1;
  std::string pending_;          ///< lines not yet in metrics.jsonl
  std::string pending_insight_;  ///< lines not yet in insight.jsonl
};

}  // namespace hebb::training
