#include "hebb/model.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include "hebb/error.hpp"

// A description that is accepted is written and read back the same, and builds or is refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    hebb::Sequential model = hebb::Sequential::parse({reinterpret_cast<const char*>(data), size});
    const std::string text = model.to_string();
    if (hebb::Sequential::parse(text).to_string() != text) __builtin_trap();
    if (model.parameter_count({3}) < 100000) model.build({3});
  } catch (const hebb::Error&) {
  }
  return 0;
}
