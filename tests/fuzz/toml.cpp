#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hebb/config.hpp"
#include "hebb/error.hpp"

// A configuration that is accepted is written and read back the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const hebb::TrainConfig config = hebb::parse_config({reinterpret_cast<const char*>(data), size});
    const std::string text = hebb::to_toml(config);
    if (hebb::to_toml(hebb::parse_config(text)) != text) __builtin_trap();
  } catch (const hebb::Error&) {
  }
  return 0;
}
