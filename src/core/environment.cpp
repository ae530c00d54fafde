#include "core/environment.hpp"

#include <hwy/targets.h>
#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

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

std::string_view isa_asked_for() {
  const char* name = std::getenv("HEBB_ISA");
  return name == nullptr ? "" : name;
}

void choose(std::string_view name) {
  // Highway's bits fall as targets get better: what is wanted, and everything better than it.
  std::int64_t wanted = 0;
  std::int64_t better = 0;
  if (name == "amx") {
    wanted = found_amx() ? kAvx512 : 0;
  } else if (name == "avx512") {
    wanted = kAvx512;
  } else if (name == "avx2") {
    wanted = kAvx2;
    better = kAvx512;
  } else if (name == "scalar") {
    wanted = hwy::SupportedTargets();
    better = kAvx512 | kAvx2;
  } else {
    throw ConfigError("HEBB_ISA: expected amx, avx512, avx2 or scalar, got " + in_quotes(name));
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

bool found_amx() {
#if defined(__x86_64__) && defined(__linux__)
  static const bool found = [] {
    unsigned int eax = 0;
    unsigned int ebx = 0;
    unsigned int ecx = 0;
    unsigned int edx = 0;
    constexpr unsigned int kBf16 = 1U << 22;  // CPUID leaf 7, EDX
    constexpr unsigned int kTiles = 1U << 24;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (edx & kBf16) == 0 || (edx & kTiles) == 0)
      return false;
    // Linux gives the registers, of 8 KB, to processes that ask for them (since 5.16;
    // Documentation/arch/x86/xstate).
    constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return found;
#else
  return false;
#endif
}

bool amx_is_chosen() {
  const std::string_view name = isa_asked_for();
  return (name.empty() || name == "amx") && found_amx();
}

void apply_isa_choice() {
  // A choice that throws is tried, and throws, again.
  static const bool done = [] {
    found_targets();  // before any is given up
    if (const std::string_view name = isa_asked_for(); !name.empty()) choose(name);
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
