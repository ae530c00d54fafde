#include "core/environment.hpp"

#include <hwy/targets.h>

#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/names.hpp"
#include "hebb/error.hpp"

namespace hebb {
namespace {

#if defined(__x86_64__)
constexpr std::int64_t kAvx512 = HWY_AVX3 | HWY_AVX3_DL;
constexpr std::int64_t kAvx2 = HWY_AVX2;
#else
constexpr std::int64_t kAvx512 = 0;
constexpr std::int64_t kAvx2 = 0;
#endif

void choose(std::string_view name) {
  // Highway's bits fall as targets get better: what is wanted, and everything better than it.
  std::int64_t wanted = 0;
  std::int64_t better = 0;
  if (name == "avx512") {
    wanted = kAvx512;
  } else if (name == "avx2") {
    wanted = kAvx2;
    better = kAvx512;
  } else if (name == "scalar") {
    wanted = hwy::SupportedTargets();
    better = kAvx512 | kAvx2;
  } else {
    throw ConfigError("HEBB_ISA: expected avx512, avx2 or scalar, got " + in_quotes(name));
  }
  if ((hwy::SupportedTargets() & wanted) == 0)
    throw ConfigError("HEBB_ISA: this processor does not have " + std::string(name));
  hwy::DisableTargets(better);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace

std::int64_t found_targets() {
  static const std::int64_t found = hwy::SupportedTargets();
  return found;
}

void apply_isa_choice() {
  // A choice that throws is tried, and throws, again.
  static const bool done = [] {
    found_targets();  // before any is given up
    const char* name = std::getenv("HEBB_ISA");
    if (name != nullptr && *name != '\0') choose(name);
    return true;
  }();
  static_cast<void>(done);
}

int threads_from_environment(int most) {
  const char* value = std::getenv("HEBB_THREADS");
  const std::string_view text = value == nullptr ? "" : value;
  if (text.empty()) return 0;
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 1 || count > most) {
    throw ConfigError("HEBB_THREADS: expected a number from 1 to " + std::to_string(most) + ", got " +
                      in_quotes(text));
  }
  return count;
}

}  // namespace hebb
