#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/experiments.hpp"

namespace hebb {

namespace {

constexpr std::size_t kMostRuns = 10000;

struct Setting {
  std::vector<std::string> values;
  TrainConfig config;
};

void check_axis(const SweepAxis& axis) {
  constexpr std::array<std::string_view, 13> kOfData = {
      "data",   "data_dirs", "count",   "test_count", "noise",  "data_seed", "classes",
      "target", "task",      "missing", "ignore",     "header", "labels"};
  if (axis.values.empty()) throw ConfigError(fmt::format("sweep: {} has no values", axis.key));
  if (std::find(kOfData.begin(), kOfData.end(), axis.key) != kOfData.end())
    throw ConfigError(fmt::format("sweep: all runs learn from the same data; {} cannot vary", axis.key));
}

/// Every combination, the last axis varying fastest.
std::vector<Setting> settings_of(const TrainConfig& config, const std::vector<SweepAxis>& axes) {
  std::vector<Setting> all = {{{}, config}};
  for (const SweepAxis& axis : axes) {
    check_axis(axis);
    if (all.size() * axis.values.size() > kMostRuns)
      throw ConfigError(fmt::format("sweep: more than {} runs", kMostRuns));
    std::vector<Setting> next;
    for (const Setting& setting : all) {
      for (const std::string& value : axis.values) {
        next.push_back(setting);
        next.back().values.push_back(value);
        try {
          set_config_value(next.back().config, axis.key, value);
        } catch (const ConfigError& error) {
          throw ConfigError(fmt::format("sweep: {}", error.what()));
        }
      }
    }
    all = std::move(next);
  }
  for (const Setting& setting : all) {
    setting.config.check();
    if (setting.config.validation == 0)
      throw ConfigError("sweep: runs are compared by validation loss; set validation, such as 0.1");
  }
  return all;
}

/// "2-learning_rate=0.001,model=dense_10_": what a file system may not like is replaced.
std::string folder_name(std::size_t number, const std::vector<SweepAxis>& axes, const Setting& setting) {
  constexpr std::size_t kMost = 120;
  std::string name = fmt::format("{}-", number);
  for (std::size_t i = 0; i < axes.size(); ++i)
    name += fmt::format("{}{}={}", i == 0 ? "" : ",", axes[i].key, setting.values[i]);
  for (char& c : name) {
    const bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      std::string_view("_-+=.,").find(c) != std::string_view::npos;
    if (!fine) c = '_';
  }
  return name.substr(0, kMost);
}

bool better(const SweepRun& a, const SweepRun& b) {
  if (a.validation.has_value() != b.validation.has_value()) return a.validation.has_value();
  return a.validation && a.validation->loss < b.validation->loss;
}

}  // namespace

Sweep sweep(const TrainConfig& config, const DataSplits& data, const std::vector<SweepAxis>& axes,
            const ComparisonOptions& options, const std::function<void(const SweepRun&)>& on_run) {
  Sweep result;
  const std::vector<Setting> settings = settings_of(config, axes);
  for (std::size_t i = 0; i < settings.size(); ++i) {
    SweepRun run = {.values = settings[i].values};
    if (!options.out.empty())
      run.folder = fmt::format("{}/{}", options.out, folder_name(i + 1, axes, settings[i]));
    try {
      RunResult trained = run_training(settings[i].config, data,
                                       {.out = run.folder,
                                        .overwrite = options.overwrite,
                                        .insight = options.insight,
                                        .observer = options.observer,
                                        .stop = options.stop});
      result.interrupted = trained.training.interrupted;
      run.epochs = static_cast<std::int64_t>(trained.training.epochs.size());
      run.validation = std::move(trained.validation);
    } catch (const DivergedError& error) {
      run.failure = error.what();
    }
    if (result.interrupted) break;
    if (on_run) on_run(run);
    result.runs.push_back(std::move(run));
  }
  std::stable_sort(result.runs.begin(), result.runs.end(), better);
  return result;
}

}  // namespace hebb
