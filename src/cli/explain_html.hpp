/// A step of training as a page.
#pragma once

#include <string>

#include "cli/explain_text.hpp"

namespace hebb::cli {

/// One file that needs nothing else: the graph drawn, what is long folded, numbers coloured by magnitude,
/// light and dark.
std::string explanation_html(const Explanation& e, const ExplainTitle& title, bool all);

}  // namespace hebb::cli
