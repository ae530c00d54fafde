#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/error.hpp"
#include "hebb/neurons.hpp"

// A description up to the first zero byte, and behind it numbers that pretend to be the neuron's state. What
// is accepted is written and read back the same; a state that is accepted can be learned on from.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view text = all.substr(0, all.find('\0'));
  try {
    const auto neuron = hebb::neurons::parse_neuron(text, {.max_epochs = 2});
    const std::string described = neuron->describe();
    if (hebb::neurons::parse_neuron(described)->describe() != described) __builtin_trap();
    if (!hebb::neurons::is_neuron(described)) __builtin_trap();
    if (described.find("madaline") == 0 && described.size() > 14) return 0;  // many units take long
    neuron->begin(2, 3);
    const std::vector<float> values = {0, 1, 2, -1, 3, 0.5F};
    const std::vector<std::int32_t> labels = {0, 1, 2};
    neuron->partial_fit({values, 2}, labels);
    std::vector<double> state = neuron->state();
    for (std::size_t i = text.size() + 1; i + 1 < size; i += 2) {
      state.resize(1 + state.size() % 200);
      state[data[i] % state.size()] = static_cast<double>(static_cast<std::int8_t>(data[i + 1]));
      if (data[i] == 255) state.pop_back();
    }
    neuron->set_state(2, 3, 1, state);
    neuron->partial_fit({values, 2}, labels);
    neuron->network();
  } catch (const hebb::Error&) {
  }
  return 0;
}
