/// Reading fields from bytes that nobody has vouched for.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/names.hpp"
#include "hebb/tensor.hpp"

namespace hebb::io {

// File formats are read and written by copying memory; a big-endian machine would need swaps.
static_assert(std::endian::native == std::endian::little);

using Bytes = std::span<const std::uint8_t>;

/// Throws FormatError "name: byte 12: what".
[[noreturn]] void fail_at(const std::string& name, std::uint64_t byte, const std::string& what);

/// A shape from a header at `byte`; what Shape refuses becomes a FormatError.
Shape checked_shape(const std::vector<std::int64_t>& extents, const std::string& name, std::uint64_t byte);

/// Throws FormatError when so many bytes exceed the memory of the machine.
void check_memory(std::uint64_t bytes, const std::string& name);

/// Tensor::make for a size taken from a file: no memory is a FormatError, too.
template <class T, class Fill>
Tensor make_tensor(const Shape& shape, const std::string& name, Fill&& fill) {
  const std::uint64_t bytes = static_cast<std::uint64_t>(shape.elements()) * sizeof(T);
  check_memory(bytes, name);
  try {
    return Tensor::make<T>(shape, std::forward<Fill>(fill));
  } catch (const std::bad_alloc&) {
    check_memory(~std::uint64_t{0}, name);
    throw;
  }
}

/// The elements of a concrete tensor as bytes.
Bytes bytes_of(const Tensor& tensor);

template <std::integral T>
constexpr T byte_swapped(T value) {
  if constexpr (sizeof(T) == 1) {
    return value;
  } else if constexpr (sizeof(T) == 2) {
    return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
  } else if constexpr (sizeof(T) == 4) {
    return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
  } else {
    static_assert(sizeof(T) == 8);
    return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
  }
}

/// The integer at `from`, which need not be aligned.
template <std::integral T>
T load(const std::uint8_t* from, std::endian order = std::endian::little) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return order == std::endian::native ? value : byte_swapped(value);
}

/// Walks over bytes and never past their end.
class ByteReader {
 public:
  /// Both must outlive the reader.
  ByteReader(Bytes bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t remaining() const { return bytes_.size() - position_; }

  /// The next `count` bytes; FormatError naming `what` when there are fewer.
  Bytes take(std::uint64_t count, std::string_view what);
  void seek(std::uint64_t position, std::string_view what);

  template <std::integral T>
  T little(std::string_view what) {
    return load<T>(take(sizeof(T), what).data());
  }
  [[noreturn]] void fail(const std::string& what) const { fail_at(name_, position_, what); }

 private:
  Bytes bytes_;
  const std::string& name_;
  std::uint64_t position_ = 0;
};

}  // namespace hebb::io
