#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hebb/error.hpp"
#include "hebb/insight.hpp"
#include "train/run_folder.hpp"

/// The lines of metrics.jsonl and insight.jsonl.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const hebb::Insight insight = hebb::insight_from_json(text);
    // What was read can be written and read again.
    if (hebb::insight_from_json(hebb::to_json(insight)).layers.size() != insight.layers.size())
      __builtin_trap();
  } catch (const hebb::Error&) {
  }
  try {
    hebb::training::epoch_report_from_json(text);
  } catch (const hebb::Error&) {
  }
  return 0;
}
