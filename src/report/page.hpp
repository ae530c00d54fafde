/// The page of the report, made by the front-end in web/ and compiled in.
#pragma once

#include <string_view>

namespace hebb::report {

/// Stands in the page where the data go.
inline constexpr std::string_view kDataMark = "\"hebb-report-data\"";

/// Empty when the page is not part of this build.
std::string_view page();

}  // namespace hebb::report
