/// What the folder of a run says, as far as it can be read.
#pragma once

#include <string>
#include <vector>

#include "hebb/config.hpp"
#include "hebb/insight.hpp"
#include "hebb/trainer.hpp"
#include "io/json.hpp"

namespace hebb::report {

enum class State : std::uint8_t {
  running,      ///< a process holds the folder
  finished,     ///< the epochs were done, or patience ran out
  interrupted,  ///< stopped on purpose; it can go on
  diverged,
  broken,  ///< it ended without a word: killed, or the machine went down
};
std::string_view to_string(State state);

struct RunRecord {
  std::string folder = {};
  State state = State::broken;
  std::string reason = {};  ///< of divergence
  TrainConfig config = {};
  std::string toml = {};  ///< the configuration as it stands in the file
  std::vector<EpochReport> epochs = {};
  std::vector<Insight> insight = {};
  Json outcome = {};                       ///< an object; empty before the end
  std::vector<std::string> problems = {};  ///< what could not be read, for people
};

/// Throws FormatError when the folder holds no run, that is no configuration that can be read. Whatever else
/// is missing or damaged is noted as a problem.
RunRecord read_run(const std::string& folder);

}  // namespace hebb::report
