#include "kernels/isa.hpp"

#include "core/environment.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/isa.cpp"  // NOLINT
#include <hwy/foreach_target.h>               // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

const char* Name() { return hwy::TargetName(HWY_TARGET); }

// Twelve chains hide the latency of two multipliers of four or five cycles, and leave AVX2 four registers.
// They start from values the compiler does not know: equal ones would be joined, and fewer products counted
// as twelve.
std::int64_t Chains(std::int64_t rounds, const float* start) {
  constexpr int kChains = 12;
  const D d;
  const V x = hn::Set(d, 0.999F);
  const V y = hn::Set(d, 0.001F);
  V chain[kChains];
  HEBB_UNROLL
  for (int i = 0; i < kChains; ++i) chain[i] = hn::Set(d, start[i]);
  for (std::int64_t round = 0; round < rounds; ++round) {
    HEBB_UNROLL
    for (int i = 0; i < kChains; ++i) chain[i] = hn::MulAdd(chain[i], x, y);
  }
  V sum = hn::Zero(d);
  HEBB_UNROLL
  for (int i = 0; i < kChains; ++i) sum = hn::Add(sum, chain[i]);
  // The result decides nothing, but the compiler cannot know.
  const bool odd = hn::GetLane(sum) == 12345.0F;
  return rounds * 2 * kChains * static_cast<std::int64_t>(hn::Lanes(d)) + (odd ? 1 : 0);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Name);
HWY_EXPORT(Chains);

std::string isa_name() {
  apply_isa_choice();
  return HWY_DYNAMIC_DISPATCH(Name)();
}

std::vector<std::string> isas_found() {
  std::vector<std::string> names;
  if (found_amx()) names.emplace_back("AMX");
  // Highway's bits fall as targets get better.
  for (std::int64_t targets = found_targets() & HWY_TARGETS; targets != 0; targets &= targets - 1)
    names.emplace_back(hwy::TargetName(targets & -targets));
  return names;
}

std::string bf16_products() {
  apply_isa_choice();
  return in_pairs(Precision::bf16) ? gemm_tiles().pairs.name : "f32 arithmetic";
}

std::int64_t multiply_and_add(std::int64_t rounds) {
  static float start[] = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.7F, 0.8F, 0.9F, 1.0F, 1.1F, 1.2F};
  // The pointer passes through memory that may change, so that nothing is known of what it points to.
  const float* volatile opaque = start;
  return HWY_DYNAMIC_DISPATCH(Chains)(rounds, opaque);
}

}  // namespace hebb
#endif
