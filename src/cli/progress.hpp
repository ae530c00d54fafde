/// Training, as it is shown while it goes on.
#pragma once

#include <string>

#include "hebb/trainer.hpp"

namespace hebb::cli {

/// On a terminal a bar that is redrawn, and a line for each epoch; otherwise plain lines. Of many epochs
/// about twenty are shown. Everything goes to standard error.
class Progress final : public TrainingObserver {
 public:
  explicit Progress(std::int64_t epochs);
  ~Progress() override;

  void on_epoch(const EpochReport& report) override;
  void on_progress(std::int64_t done, std::int64_t total) override;

 private:
  void clear();
  bool is_shown(std::int64_t epoch) const;

  std::int64_t epochs_;
  std::int64_t epoch_ = 1;  ///< the one that runs
  bool terminal_;
  bool bar_drawn_ = false;
};

}  // namespace hebb::cli
