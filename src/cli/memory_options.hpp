/// What the commands of memories share.
#pragma once

#include <span>
#include <string>

#include "cli/command.hpp"
#include "hebb/attractors.hpp"
#include "hebb/random.hpp"
#include "io/json.hpp"

namespace hebb::cli {

/// `--rule`, `--units`, `--energy`, `--degree`, `--margin`, `--dilution`, `--bound`: what kind of binary
/// memory it is.
struct MemoryKind {
  std::string rule = "hebb";
  std::string units = "pm";
  std::string energy = "quadratic";
  std::int64_t degree = 3;
  double margin = 0;
  double dilution = 0;
  double bound = memory::BinaryOptions{}.bound;

  /// Throws ConfigError for names nobody knows.
  memory::BinaryOptions options() const;
};
void add_memory_kind(CLI::App& command, MemoryKind& kind);

/// `--order NAME`: random (default), fixed, greedy, synchronous.
void add_order(CLI::App& command, std::string& name);
memory::Order order_of(const std::string& name);

/// Inverts the share `flip` of the units of a state, chosen at random.
void invert(std::span<float> state, double flip, Random random);

/// [low, high]; an end that is not bounded is null.
Json json_of(const memory::Interval& interval);
/// "0.988 to 0.991".
std::string text_of(const memory::Interval& interval);

}  // namespace hebb::cli
