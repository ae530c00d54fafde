/// How far work has come that is counted, on standard error.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace hebb::cli {

/// "label ████░░░░  40 %", as wide as the terminal allows.
std::string progress_bar(const std::string& label, std::int64_t done, std::int64_t total);

/// On a terminal a bar that is redrawn; otherwise a plain line every few seconds, so that what is quick says
/// nothing.
class Meter {
 public:
  /// `what` is counted, in the plural: "starts".
  Meter(std::string what, bool silent);
  ~Meter();
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  void show(std::int64_t done, std::int64_t total);
  void clear();

 private:
  std::string what_;
  bool silent_;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace hebb::cli
