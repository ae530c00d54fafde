/// A step of training as text and as JSON.
#pragma once

#include <string>

#include "hebb/explain.hpp"
#include "io/json.hpp"

namespace hebb::cli {

/// What the explanation itself does not know.
struct ExplainTitle {
  std::string data;  ///< name of the data set
  std::uint64_t seed = 0;
};

struct ExplainText {
  bool all = false;  ///< tensors whole
  bool utf8 = false;
};

/// At most 80 columns wide.
std::string explanation_text(const Explanation& e, const ExplainTitle& title, const ExplainText& options);

Json explanation_json(const Explanation& e);

/// "[2, 1]".
std::string index_text(const std::vector<std::int64_t>& index);
/// "sigmoid(x)" and the like as they are set in print: powers raised, products with dots.
std::string in_print(std::string formula);

}  // namespace hebb::cli
