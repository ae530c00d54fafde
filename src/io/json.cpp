#include "io/json.hpp"

namespace hebb {

Json parse_json(std::string_view text) { return Json::parse(text); }

std::string json_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace hebb
