#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hebb/error.hpp"
#include "hebb/model.hpp"

// A graph text that is accepted can be traced again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto module = hebb::module_from_graph({reinterpret_cast<const char*>(data), size});
    hebb::trace_graph(*module, {3});
  } catch (const hebb::Error&) {
  }
  return 0;
}
