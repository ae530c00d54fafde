/// Where the patterns of a command come from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "hebb/pattern_files.hpp"

namespace hebb::cli {

/// `--images`, `--data`, `--random`, `--text`, `--csv` or `--npy`, one of them, and what goes with them.
struct PatternSource {
  std::vector<std::string> images;
  std::string data;
  std::int64_t count = 0;             ///< of --data: the first so many; 0: 10
  std::vector<std::int64_t> samples;  ///< of --data: those
  std::vector<std::string> directories;
  std::string random;
  std::string text;
  std::string csv;
  std::string npy;
  memory::PatternOptions options;
  std::vector<std::string> labels;
  std::uint64_t seed = 0;

  /// The patterns, for a store of `units` if there is one. Throws ConfigError unless there is exactly one
  /// source, and for options that do not go with it.
  memory::PatternSet patterns(std::optional<std::int64_t> units) const;
};
void add_pattern_source(CLI::App& command, PatternSource& source);

}  // namespace hebb::cli
