/// Flushing denormal numbers to zero while a plan runs.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <cstdint>
#endif

namespace hebb {

/// The part of the processor's floating-point mode that says what becomes of denormal numbers. It belongs to
/// a thread. On processors that we do not know it is left alone.
class DenormalMode {
 public:
  static DenormalMode current() { return DenormalMode(read() & kFlush); }
  /// Numbers below 2^-126 count as zero, as operands and as results. The averages of an optimiser decay into
  /// that range, where an operation takes a hundred cycles instead of one; nothing is learned there.
  static DenormalMode flushed() { return DenormalMode(kFlush); }

  bool operator==(const DenormalMode&) const = default;

 private:
  friend class DenormalScope;
#if defined(__x86_64__)
  using Word = unsigned;
  static constexpr Word kFlush = 0x8040;  // flush to zero, denormals are zero
  static Word read() { return _mm_getcsr(); }
  static void write(Word word) { _mm_setcsr(word); }
#elif defined(__aarch64__)
  using Word = std::uint64_t;
  static constexpr Word kFlush = Word{1} << 24;
  static Word read() {
    Word word;
    asm volatile("mrs %0, fpcr" : "=r"(word));
    return word;
  }
  static void write(Word word) { asm volatile("msr fpcr, %0" ::"r"(word)); }
#else
  using Word = unsigned;
  static constexpr Word kFlush = 0;
  static Word read() { return 0; }
  static void write(Word) {}
#endif

  explicit DenormalMode(Word bits) : bits_(bits) {}

  Word bits_;
};

/// Sets a mode for as long as it lives, then the whole word from before: touching it costs as much as a small
/// kernel.
class DenormalScope {
 public:
  explicit DenormalScope(DenormalMode mode) : before_(DenormalMode::read()) {
    const DenormalMode::Word word = (before_ & ~DenormalMode::kFlush) | mode.bits_;
    changed_ = word != before_;
    if (changed_) DenormalMode::write(word);
  }
  ~DenormalScope() {
    if (changed_) DenormalMode::write(before_);
  }
  DenormalScope(const DenormalScope&) = delete;
  DenormalScope& operator=(const DenormalScope&) = delete;

 private:
  DenormalMode::Word before_;
  bool changed_;
};

}  // namespace hebb
