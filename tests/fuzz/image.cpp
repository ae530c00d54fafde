#include <cstddef>
#include <cstdint>

#include "hebb/error.hpp"
#include "hebb/io.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    hebb::parse_image({data, size}, "<memory>", 1 << 20);
  } catch (const hebb::Error&) {
    return 0;
  }
  return 0;
}
