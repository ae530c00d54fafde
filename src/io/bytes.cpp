#include "io/bytes.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "hebb/error.hpp"

namespace hebb::io {

void fail_at(const std::string& name, std::uint64_t byte, const std::string& what) {
  throw FormatError(fmt::format("{}: byte {}: {}", name, byte, what));
}

Shape checked_shape(const std::vector<std::int64_t>& extents, const std::string& name, std::uint64_t byte) {
  try {
    return Shape(extents);
  } catch (const ShapeError& error) {
    fail_at(name, byte, error.what());
  }
}

void check_memory(std::uint64_t bytes, const std::string& name) {
  const auto memory = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                      static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
  if (bytes == ~std::uint64_t{0}) throw FormatError(fmt::format("{}: not enough memory to hold it", name));
  if (bytes > memory) {
    throw FormatError(
        fmt::format("{}: it needs {} bytes of memory, this machine has {}", name, bytes, memory));
  }
}

Bytes bytes_of(const Tensor& tensor) {
  const auto view = [](const auto& elements) {
    return Bytes(reinterpret_cast<const std::uint8_t*>(elements.data()), elements.size_bytes());
  };
  switch (tensor.dtype()) {
    case DType::f32: return view(tensor.data<float>());
    case DType::f64: return view(tensor.data<double>());
    case DType::i32: return view(tensor.data<std::int32_t>());
    case DType::u8: break;
  }
  return view(tensor.data<std::uint8_t>());
}

Bytes ByteReader::take(std::uint64_t count, std::string_view what) {
  if (count > remaining()) {
    fail(fmt::format("truncated: {} takes {} bytes, only {} remain", what, count, remaining()));
  }
  const Bytes taken = bytes_.subspan(position_, count);
  position_ += count;
  return taken;
}

void ByteReader::seek(std::uint64_t position, std::string_view what) {
  if (position > bytes_.size()) {
    fail(fmt::format("{} lies at byte {}, beyond the end at byte {}", what, position, bytes_.size()));
  }
  position_ = position;
}

}  // namespace hebb::io
