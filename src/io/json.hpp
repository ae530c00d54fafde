/// JSON: reading and writing its text. nlohmann's parser and serialiser are compiled once, behind these two
/// functions; each file that called them itself would take seconds longer to build.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace hebb {

/// JSON whose objects keep the order in which they were written.
using Json = nlohmann::ordered_json;

/// Throws Json::exception.
Json parse_json(std::string_view text);

/// On one line. Names come from files and may not be UTF-8; a strange letter is better than a model that
/// cannot be saved.
std::string json_text(const Json& json);

}  // namespace hebb
