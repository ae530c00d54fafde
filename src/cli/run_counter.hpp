/// Progress of several runs, on standard error.
#pragma once

#include <chrono>
#include <string>

#include "hebb/evaluation.hpp"
#include "hebb/trainer.hpp"

namespace hebb::cli {

/// A line for each run that is done; on a terminal, also which run and epoch it is.
class RunCounter final : public TrainingObserver {
 public:
  /// `what` is a run's name in the singular: "fold".
  RunCounter(std::string what, std::int64_t runs, std::int64_t epochs, bool silent);
  ~RunCounter() override;
  RunCounter(const RunCounter&) = delete;
  RunCounter& operator=(const RunCounter&) = delete;

  void on_epoch(const EpochReport& report) override;
  void on_progress(std::int64_t done, std::int64_t total) override;
  void finish_run(const std::string& result);
  void clear();

 private:
  void draw(std::int64_t epoch, std::int64_t percent);

  std::string what_;
  std::int64_t runs_;
  std::int64_t epochs_;
  bool silent_;
  bool terminal_;
  std::int64_t run_ = 1;
  std::int64_t epoch_ = 1;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_ = {};
};

/// "loss 0.1234, accuracy 97.20 %".
std::string told(const EvaluationReport& report);

}  // namespace hebb::cli
