#include "kernels/fused.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused.cpp"  // NOLINT
#include <hwy/foreach_target.h>                 // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/elementwise-inl.h"
#include "kernels/partial-inl.h"

#ifndef HEBB_KERNELS_FUSED_PROGRAMS
#define HEBB_KERNELS_FUSED_PROGRAMS
namespace hebb {
namespace {

// The programs of the library's optimisers and layers. Values are numbered: operands, then lines; `scalars`
// has a bit for each operand that is one number. A test tells when an optimiser's program is no longer the
// one written here.

template <std::size_t kLineCount, std::size_t kResultCount>
struct Program {
  int operands;
  std::uint32_t scalars;
  std::array<FusedLine, kLineCount> lines;
  std::array<std::int8_t, kResultCount> stored;
};

using Code = ElementwiseCode;

/// Adam. Operands: 0 parameter, 1 rate, 2 1 - beta1, 3 gradient, 4 beta1, 5 m, 6 1 - beta2, 7 beta2, 8 v, 9
/// correction, 10 epsilon.
constexpr Program<10, 3> kAdam = {.operands = 11,
                                  .scalars = 0x6d6,
                                  .lines = {{{Code::mul, 4, 5},
                                             {Code::fma, 2, 3, 11},  // 12: m
                                             {Code::mul, 1, 12},
                                             {Code::mul, 3, 3},
                                             {Code::mul, 7, 8},
                                             {Code::fma, 6, 14, 15},  // 16: v
                                             {Code::sqrt, 16},
                                             {Code::fma, 17, 9, 10},
                                             {Code::div, 13, 18},
                                             {Code::sub, 0, 19}}},  // 20: parameter
                                  .stored = {12, 16, 20}};

/// AdamW: the parameter is multiplied by operand 1 first; the others follow.
constexpr Program<11, 3> kAdamW = {.operands = 12,
                                   .scalars = 0xdae,
                                   .lines = {{{Code::mul, 0, 1},
                                              {Code::mul, 5, 6},
                                              {Code::fma, 3, 4, 13},  // 14: m
                                              {Code::mul, 2, 14},
                                              {Code::mul, 4, 4},
                                              {Code::mul, 8, 9},
                                              {Code::fma, 7, 16, 17},  // 18: v
                                              {Code::sqrt, 18},
                                              {Code::fma, 19, 10, 11},
                                              {Code::div, 15, 20},
                                              {Code::sub, 12, 21}}},  // 22: parameter
                                   .stored = {14, 18, 22}};

/// A program whose last line makes a parameter, with a moving average of it. Operands: 0 weight of the new
/// value, the program's own from 1 on, last the average.
template <std::size_t kLineCount, std::size_t kResultCount>
constexpr Program<kLineCount + 2, kResultCount + 1> averaged(const Program<kLineCount, kResultCount>& p) {
  const auto renumbered = [&p](std::int8_t number) {
    return static_cast<std::int8_t>(number < 0 ? number : number < p.operands ? number + 1 : number + 2);
  };
  Program<kLineCount + 2, kResultCount + 1> result = {
      .operands = p.operands + 2, .scalars = p.scalars << 1U | 1U, .lines = {}, .stored = {}};
  for (std::size_t i = 0; i < kLineCount; ++i) {
    const FusedLine& line = p.lines[i];
    result.lines[i] = {line.code, renumbered(line.a), renumbered(line.b), renumbered(line.c)};
  }
  for (std::size_t i = 0; i < kResultCount; ++i) result.stored[i] = renumbered(p.stored[i]);
  const auto average = static_cast<std::int8_t>(p.operands + 1);
  const auto parameter = static_cast<std::int8_t>(p.operands + 1 + static_cast<int>(kLineCount));
  const auto distance = static_cast<std::int8_t>(parameter + 1);
  result.lines[kLineCount] = {Code::sub, parameter, average};
  result.lines[kLineCount + 1] = {Code::fma, 0, distance, average};
  result.stored[kResultCount] = static_cast<std::int8_t>(distance + 1);
  return result;
}
constexpr auto kAveragedAdam = averaged(kAdam);
constexpr auto kAveragedAdamW = averaged(kAdamW);

/// RMSprop. Operands: 0 rate, 1 gradient, 2 1 - decay, 3 decay, 4 v, 5 epsilon, 6 parameter.
constexpr Program<7, 2> kRmsprop = {.operands = 7,
                                    .scalars = 0x2d,
                                    .lines = {{{Code::mul, 1, 1},
                                               {Code::mul, 3, 4},
                                               {Code::fma, 2, 7, 8},  // 9: v
                                               {Code::sqrt, 9},
                                               {Code::add, 10, 5},
                                               {Code::div, 1, 11},
                                               {Code::fnma, 0, 12, 6}}},  // 13: parameter
                                    .stored = {9, 13}};

/// The gradient behind a relu. Operands: 0 gradient, 1 the number 0, 2 the relu's result y.
constexpr Program<2, 1> kReluGradient = {
    .operands = 3, .scalars = 0x2, .lines = {{{Code::less, 1, 2}, {Code::mul, 0, 3}}}, .stored = {4}};

/// The gradient behind a sigmoid, times y (1 - y). Operands: 0 gradient, 1 the sigmoid's result y, 2 the
/// number 1.
constexpr Program<3, 1> kSigmoidGradient = {
    .operands = 3,
    .scalars = 0x4,
    .lines = {{{Code::sub, 2, 1}, {Code::mul, 1, 3}, {Code::mul, 0, 4}}},
    .stored = {5}};

/// A sigmoid's squared error against a target, and the gradient with respect to the argument. Operands: 0
/// argument, 1 target, 2 the number 1.
constexpr Program<7, 2> kSigmoidSquaredError = {.operands = 3,
                                                .scalars = 0x4,
                                                .lines = {{{Code::sigmoid, 0},
                                                           {Code::sub, 3, 1},
                                                           {Code::mul, 4, 4},  // 5: squared error
                                                           {Code::add, 4, 4},
                                                           {Code::sub, 2, 3},
                                                           {Code::mul, 3, 7},
                                                           {Code::mul, 6, 8}}},  // 9: gradient
                                                .stored = {5, 9}};

/// The gradient behind a tanh, times 1 - y y. Operands: 0 gradient, 1 the tanh's result y, 2 the number 1.
constexpr Program<2, 1> kTanhGradient = {
    .operands = 3, .scalars = 0x4, .lines = {{{Code::fnma, 1, 1, 2}, {Code::mul, 0, 3}}}, .stored = {4}};

#define HEBB_FUSED_PROGRAMS(EACH)                                                                            \
  EACH(kAdam), EACH(kAdamW), EACH(kAveragedAdam), EACH(kAveragedAdamW), EACH(kRmsprop), EACH(kReluGradient), \
      EACH(kSigmoidGradient), EACH(kSigmoidSquaredError), EACH(kTanhGradient)

}  // namespace
}  // namespace hebb
#endif

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

/// Computes lines one after the other into `values`, which become registers, as every index is a constant.
template <const auto& kProgram, std::size_t... kLine>
HWY_INLINE void ComputeLines(D d, V* values, std::index_sequence<kLine...>) {
  const auto compute = [&]<std::size_t k>() HWY_ATTR {
    constexpr FusedLine line = kProgram.lines[k];
    const auto operand = [&](std::int8_t number) HWY_ATTR { return values[number < 0 ? line.a : number]; };
    using Instruction = std::tuple_element_t<static_cast<std::size_t>(line.code), Instructions>;
    values[static_cast<std::size_t>(kProgram.operands) + k] =
        Instruction::Apply(d, operand(line.a), operand(line.b), operand(line.c));
  };
  (compute.template operator()<kLine>(), ...);
}

template <const auto& kProgram>
void Run(const FusedArray* arrays, std::int64_t rows, std::int64_t columns) {
  constexpr int kOperands = kProgram.operands;
  constexpr int kLines = static_cast<int>(kProgram.lines.size());
  constexpr int kResults = static_cast<int>(kProgram.stored.size());
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t whole = columns / lanes * lanes;
  const auto rest = static_cast<std::size_t>(columns - whole);
  const auto mask = hn::FirstN(d, rest);
  for (std::int64_t row = 0; row < rows; ++row) {
    V scalar[kOperands];
    HEBB_UNROLL
    for (int i = 0; i < kOperands; ++i) {
      scalar[i] =
          (kProgram.scalars >> i & 1U) != 0 ? hn::Set(d, arrays[i].data[row * arrays[i].row]) : hn::Zero(d);
    }
    const auto compute = [&](std::int64_t column, const auto& load, const auto& store) HWY_ATTR {
      V values[kOperands + kLines];
      HEBB_UNROLL
      for (int i = 0; i < kOperands; ++i) {
        values[i] = (kProgram.scalars >> i & 1U) != 0 ? scalar[i]
                                                      : load(arrays[i].data + row * arrays[i].row + column);
      }
      ComputeLines<kProgram>(d, values, std::make_index_sequence<static_cast<std::size_t>(kLines)>());
      HEBB_UNROLL
      for (int i = 0; i < kResults; ++i) {
        const FusedArray& to = arrays[kOperands + i];
        store(values[kProgram.stored[static_cast<std::size_t>(i)]], to.data + row * to.row + column);
      }
    };
    for (std::int64_t column = 0; column < whole; column += lanes) {
      compute(
          column, [d](const float* p) HWY_ATTR { return hn::LoadU(d, p); },
          [d](V v, float* p) HWY_ATTR { hn::StoreU(v, d, p); });
    }
    if (whole < columns) {
      compute(
          whole, [d, mask](const float* p) HWY_ATTR { return hn::MaskedLoad(mask, d, p); },
          [d, rest](V v, float* p) HWY_ATTR { StoreFirst(v, d, p, rest); });
    }
  }
}

const FusedRun* Table() {
#define HEBB_RUN(program) Run<program>
  static constexpr std::array kTable = {HEBB_FUSED_PROGRAMS(HEBB_RUN)};
#undef HEBB_RUN
  return kTable.data();
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Table);

std::span<const FusedProgram> fused_programs() {
#define HEBB_VIEW(program) \
  FusedProgram { program.lines, program.stored, program.scalars, program.operands }
  static const std::array programs = {HEBB_FUSED_PROGRAMS(HEBB_VIEW)};
#undef HEBB_VIEW
  return programs;
}

FusedRun find_fused(const FusedProgram& program) {
  const std::span<const FusedProgram> programs = fused_programs();
  const auto found = std::ranges::find_if(programs, [&](const FusedProgram& known) {
    return known.operands == program.operands && known.scalars == program.scalars &&
           std::ranges::equal(known.lines, program.lines) && std::ranges::equal(known.stored, program.stored);
  });
  return found == programs.end() ? nullptr : HWY_DYNAMIC_DISPATCH(Table)()[found - programs.begin()];
}

}  // namespace hebb
#endif
