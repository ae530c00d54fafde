#include "hebb/memory_store.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/json.hpp"

namespace {

/// Whether learning is quick: sizes beyond that are tried by the tests.
bool is_small(const hebb::SafetensorsFile& file) {
  const auto memory = file.metadata.find("memory");
  if (memory == file.metadata.end()) return true;
  try {
    const hebb::Json json = hebb::parse_json(memory->second);
    const std::string rule = json.value("rule", "");
    const bool by_epochs = rule.find("perceptron") != std::string::npos || rule == "minimum-overlap";
    const auto unlearning = file.metadata.find("unlearning");
    const double dreams =
        unlearning == file.metadata.end() ? 0 : hebb::parse_json(unlearning->second).value("dreams", 0.0);
    return json.value("neurons", 0.0) <= 256 && (!by_epochs || json.value("max_epochs", 0.0) <= 100) &&
           dreams <= 100;
  } catch (const hebb::Json::exception&) {
    return true;
  }
}

}  // namespace

// A store that is read is written and read back the same, and recalls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  try {
    const hebb::SafetensorsFile file = hebb::parse_safetensors({data, size});
    if (!is_small(file)) return 0;
    const auto store = hebb::memory::Store::from_safetensors(file);
    const auto again = hebb::memory::Store::from_safetensors(store.to_safetensors());
    if (again.patterns().bits != store.patterns().bits) __builtin_trap();
    if (store.size() == 0) return 0;
    const auto cue = store.patterns().values(0, store.memory().options().units);
    const auto found = store.recognise(cue, {.max_sweeps = 20});
    if (found.recall.state.size() != cue.size()) __builtin_trap();
    store.warning();
  } catch (const hebb::Error&) {
  }
  return 0;
}
