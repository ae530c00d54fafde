/// Reading "name(key=number, key=number)".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/description.hpp"

namespace hebb {

/// A name and numbers by key.
class OptionText {
 public:
  /// Throws ConfigError, naming `what`, for text of another form.
  OptionText(std::string_view what, std::string_view text);

  const std::string& name() const { return term_.word; }
  /// Assigns each number to the target of its key. Throws ConfigError for a key without target, with the
  /// nearest.
  void assign(const std::vector<std::pair<std::string_view, std::function<void(double)>>>& targets) const;

 private:
  std::string what_;
  Term term_;
};

/// Throws ConfigError "what: expected ..., got value" unless `holds`.
void require_option(bool holds, std::string_view what, std::string_view expected, double value);

}  // namespace hebb
