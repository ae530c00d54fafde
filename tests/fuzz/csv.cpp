#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hebb/error.hpp"
#include "hebb/io.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const hebb::CsvHeader header :
       {hebb::CsvHeader::detect, hebb::CsvHeader::present, hebb::CsvHeader::absent}) {
    try {
      const hebb::CsvTable table = hebb::parse_csv(text, {.header = header});
      const auto rows = static_cast<std::size_t>(table.rows());
      for (const hebb::CsvColumn& column : table.columns) {
        // What the reader promises: as many values as rows, of one kind.
        if ((column.numeric ? column.numbers.size() : column.texts.size()) != rows) __builtin_trap();
      }
    } catch (const hebb::Error&) {
      continue;
    }
  }
  return 0;
}
