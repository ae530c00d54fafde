#include "hebb/model.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hebb/error.hpp"

// A description that is accepted is written and read back the same, and for samples of some shapes builds or
// is refused; what is built gives outputs of the shape it said.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto model = hebb::Sequential::parse({reinterpret_cast<const char*>(data), size});
    const std::string text = model.to_string();
    if (hebb::Sequential::parse(text).to_string() != text) __builtin_trap();
    for (const hebb::Shape& sample : {hebb::Shape{3}, hebb::Shape{6, 2}, hebb::Shape{5, 4, 2}}) {
      try {
        if (model.parameter_count(sample) >= 100000) continue;
        hebb::Sequential built = model;
        std::vector<std::int64_t> output = built.build(sample).extents();
        std::vector<std::int64_t> input = sample.extents();
        input.insert(input.begin(), 2);
        output.insert(output.begin(), 2);
        if (built(hebb::Tensor::placeholder(hebb::Shape(input))).shape().extents() != output)
          __builtin_trap();
      } catch (const hebb::Error&) {
      }
    }
  } catch (const hebb::Error&) {
  }
  return 0;
}
