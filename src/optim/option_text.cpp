#include "optim/option_text.hpp"

#include "core/names.hpp"
#include "hebb/error.hpp"

namespace hebb {

OptionText::OptionText(std::string_view what, std::string_view text) : what_(what) {
  try {
    std::vector<Term> terms = parse_terms(text);
    if (terms.size() != 1) throw ConfigError("expected one name, got " + in_quotes(text));
    term_ = std::move(terms.front());
  } catch (const ConfigError& error) {
    throw ConfigError(what_ + ": " + error.what());
  }
}

void OptionText::assign(
    const std::vector<std::pair<std::string_view, std::function<void(double)>>>& targets) const {
  try {
    ArgumentReader arguments(term_);
    for (const auto& [key, set] : targets) {
      const Argument* argument = arguments.find(key);
      if (argument != nullptr) set(real_of(ArgumentReader::single(*argument)));
    }
    arguments.finish();
  } catch (const ConfigError& error) {
    throw ConfigError(what_ + ": " + error.what());
  }
}

void require_option(bool holds, std::string_view what, std::string_view expected, double value) {
  if (holds) return;
  throw ConfigError(std::string(what) + ": expected " + std::string(expected) + ", got " +
                    number_text(value));
}

}  // namespace hebb
