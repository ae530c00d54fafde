// The NPY format: "\x93NUMPY", version, length of the header, the header (a Python dictionary in
// text), the elements. See https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <numeric>
#include <optional>
#include <type_traits>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/bytes.hpp"

namespace hebb {

namespace {

using io::Bytes;

constexpr std::string_view kMagic = "\x93NUMPY";

struct NpyHeader {
  std::string type;  // "<f4"
  bool fortran_order = false;
  std::vector<std::int64_t> extents;
};

/// Reads the one dictionary literal that an NPY header is.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name, std::uint64_t offset)
      : text_(text), name_(name), offset_(offset) {}

  NpyHeader parse() {
    expect('{');
    while (!accept('}')) {
      entry();
      if (accept('}')) break;
      expect(',');
    }
    skip_space();
    if (at_ < text_.size()) fail("the end of the header");
    if (!type_ || !fortran_order_ || !extents_) {
      fail(fmt::format("the key '{}' in the header",
                       !type_ ? "descr" : (!fortran_order_ ? "fortran_order" : "shape")));
    }
    return {std::move(*type_), *fortran_order_, std::move(*extents_)};
  }

 private:
  [[noreturn]] void fail(const std::string& expected) const {
    io::fail_at(name_, offset_ + at_,
                fmt::format("malformed NPY header: expected {}, found {}", expected,
                            at_ < text_.size() ? hebb::in_quotes(text_.substr(at_, 20)) : "the end"));
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(fmt::format("'{}'", c));
  }

  void entry() {
    const std::string key = string("a key in quotes");
    expect(':');
    if (key == "descr" && !type_) {
      skip_space();
      if (at_ < text_.size() && text_[at_] == '[')
        fail("a plain element type (structured ones are not read)");
      type_ = string("an element type in quotes");
    } else if (key == "fortran_order" && !fortran_order_) {
      fortran_order_ = boolean();
    } else if (key == "shape" && !extents_) {
      extents_ = tuple();
    } else {
      fail(fmt::format("'descr', 'fortran_order' and 'shape' once each instead of {}, before this",
                       hebb::in_quotes(key)));
    }
  }

  std::string string(const std::string& what) {
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) fail(what);
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) fail(what);
    const std::string result(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return result;
  }

  bool boolean() {
    skip_space();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return word == "True";
      }
    }
    fail("True or False");
  }

  std::vector<std::int64_t> tuple() {
    constexpr std::size_t kMostAxes = 64;  // NumPy's own limit
    std::vector<std::int64_t> extents;
    expect('(');
    while (!accept(')')) {
      if (extents.size() == kMostAxes) fail(fmt::format("at most {} axes", kMostAxes));
      extents.push_back(integer());
      if (accept(')')) {
        if (extents.size() == 1) fail("a comma behind the only extent");
        break;
      }
      expect(',');
    }
    return extents;
  }

  std::int64_t integer() {
    skip_space();
    std::int64_t value = 0;
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      if (value > (std::numeric_limits<std::int64_t>::max() - 9) / 10) fail("an extent below 2^63");
      value = value * 10 + (text_[at_++] - '0');
    }
    if (at_ == start) fail("an extent of zero or more");
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // written by Python 2
    return value;
  }

  std::string_view text_;
  const std::string& name_;
  std::uint64_t offset_;
  std::size_t at_ = 0;
  std::optional<std::string> type_;
  std::optional<bool> fortran_order_;
  std::optional<std::vector<std::int64_t>> extents_;
};

/// IEEE 754 binary16 to binary32, exactly.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1Fu;
  const std::uint32_t fraction = half & 0x3FFu;
  if (exponent == 0) {  // zero and the subnormals: multiples of 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + (127 - 15);
  return std::bit_cast<float>(sign | (wide << 23) | (fraction << 13));
}

/// What an element is in the file and what becomes of it. `Word` is the unsigned integer of its size.
struct Half {};

template <class From>
using WordOf = std::conditional_t<
    std::is_same_v<From, Half>, std::uint16_t,
    std::conditional_t<
        sizeof(From) == 8, std::uint64_t,
        std::conditional_t<sizeof(From) == 4, std::uint32_t,
                           std::conditional_t<sizeof(From) == 2, std::uint16_t, std::uint8_t>>>>;

template <class From, class To>
To convert(WordOf<From> word, std::size_t index, const std::string& name) {
  if constexpr (std::is_same_v<From, Half>) {
    return from_half(word);
  } else if constexpr (std::is_same_v<From, bool>) {
    return word != 0 ? 1 : 0;
  } else {
    const From value = std::bit_cast<From>(word);
    if constexpr (std::is_integral_v<From> && std::is_same_v<To, std::int32_t>) {
      if (!std::in_range<std::int32_t>(value)) {
        throw DataError(fmt::format("{}: element {} (counted from 0) is {}, which does not fit 32 bits", name,
                                    index, value));
      }
    }
    return static_cast<To>(value);
  }
}

/// Steps through a Fortran-ordered array in C order: the place in the file of one element after the
/// other.
class FortranWalk {
 public:
  explicit FortranWalk(const Shape& shape) : extents_(shape.extents()), index_(extents_.size(), 0) {
    std::int64_t stride = 1;
    for (const std::int64_t extent : extents_) {
      strides_.push_back(stride);
      stride *= extent;
    }
  }
  std::size_t next() {
    const std::int64_t here = place_;
    for (std::size_t axis = extents_.size(); axis-- > 0;) {
      place_ += strides_[axis];
      if (++index_[axis] < extents_[axis]) break;
      place_ -= strides_[axis] * extents_[axis];
      index_[axis] = 0;
    }
    return static_cast<std::size_t>(here);
  }

 private:
  std::vector<std::int64_t> extents_;
  std::vector<std::int64_t> index_;
  std::vector<std::int64_t> strides_;
  std::int64_t place_ = 0;
};

struct NpyArray {
  const std::string& name;
  std::uint64_t data_offset;
  Bytes data;
  Shape shape;
  std::endian order;
  bool fortran_order;
};

template <class From, class To>
Tensor read_as(const NpyArray& array) {
  using Word = WordOf<From>;
  const std::uint64_t needed = static_cast<std::uint64_t>(array.shape.elements()) * sizeof(Word);
  if (needed != array.data.size()) {
    io::fail_at(array.name, array.data_offset,
                fmt::format("{}: shape {} takes {} bytes of data, the file has {}",
                            needed > array.data.size() ? "truncated" : "too long", to_string(array.shape),
                            needed, array.data.size()));
  }
  return io::make_tensor<To>(array.shape, array.name, [&](To* out) {
    const auto count = static_cast<std::size_t>(array.shape.elements());
    if (count == 0) return;
    const bool swap = array.order != std::endian::native && sizeof(Word) > 1;
    if (std::is_same_v<From, To> && !swap && !array.fortran_order) {
      std::memcpy(out, array.data.data(), array.data.size());
      return;
    }
    FortranWalk walk(array.shape);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t place = array.fortran_order ? walk.next() : i;
      const auto word = io::load<Word>(array.data.data() + place * sizeof(Word), array.order);
      out[i] = convert<From, To>(word, i, array.name);
    }
  });
}

Tensor read_typed(const NpyArray& array, const std::string& type) {
  const std::string kind = type.substr(1);
  if (kind == "f4") return read_as<float, float>(array);
  if (kind == "f8") return read_as<double, double>(array);
  if (kind == "f2") return read_as<Half, float>(array);
  if (kind == "u1") return read_as<std::uint8_t, std::uint8_t>(array);
  if (kind == "b1") return read_as<bool, std::uint8_t>(array);
  if (kind == "i1") return read_as<std::int8_t, std::int32_t>(array);
  if (kind == "i2") return read_as<std::int16_t, std::int32_t>(array);
  if (kind == "u2") return read_as<std::uint16_t, std::int32_t>(array);
  if (kind == "i4") return read_as<std::int32_t, std::int32_t>(array);
  if (kind == "u4") return read_as<std::uint32_t, std::int32_t>(array);
  if (kind == "i8") return read_as<std::int64_t, std::int32_t>(array);
  if (kind == "u8") return read_as<std::uint64_t, std::int32_t>(array);
  throw FormatError(
      fmt::format("{}: the elements have type {}; f2, f4, f8, b1, i1 to i8 and u1 to u8 are read", array.name,
                  hebb::in_quotes(type)));
}

NpyHeader read_header(io::ByteReader& reader, const std::string& name) {
  constexpr std::uint32_t kMostHeaderBytes = 1u << 20;
  const Bytes magic = reader.take(kMagic.size() + 2, "the magic string and version of an NPY file");
  if (!std::equal(kMagic.begin(), kMagic.end(), magic.begin(),
                  [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; })) {
    io::fail_at(name, 0, "not an NPY file: it does not begin with \\x93NUMPY");
  }
  const int major = magic[kMagic.size()];
  if (major < 1 || major > 3) {
    io::fail_at(name, kMagic.size(), fmt::format("NPY version {} is unknown, 1 to 3 are read", major));
  }
  const std::uint32_t length = major == 1 ? reader.little<std::uint16_t>("the header length")
                                          : reader.little<std::uint32_t>("the header length");
  if (length > kMostHeaderBytes) {
    reader.fail(fmt::format("the header length is {}, at most {} is read", length, kMostHeaderBytes));
  }
  const std::uint64_t offset = reader.position();
  const Bytes text = reader.take(length, "the header");
  return HeaderParser({reinterpret_cast<const char*>(text.data()), text.size()}, name, offset).parse();
}

std::string_view npy_type(DType type) {
  switch (type) {
    case DType::f32: return "<f4";
    case DType::f64: return "<f8";
    case DType::i32: return "<i4";
    case DType::u8: return "|u1";
  }
  return "?";
}

std::string npy_header(const Tensor& tensor) {
  std::string shape;
  for (const std::int64_t extent : tensor.shape().extents()) shape += fmt::format("{}, ", extent);
  // "(3,)" and "(2, 3)", as Python writes tuples.
  if (tensor.shape().rank() == 1) shape.pop_back();
  if (tensor.shape().rank() > 1) shape.resize(shape.size() - 2);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                   npy_type(tensor.dtype()), shape);
  constexpr std::size_t kPrefix = 10;  // magic, version, length
  constexpr std::size_t kAlignment = 64;
  header.append((kAlignment - (kPrefix + header.size() + 1) % kAlignment) % kAlignment, ' ');
  header += '\n';
  std::string result(kMagic);
  result += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
  return result + header;
}

}  // namespace

Tensor parse_npy(std::span<const std::uint8_t> bytes, const std::string& name) {
  io::ByteReader reader(bytes, name);
  const NpyHeader header = read_header(reader, name);
  const std::string orders = "<>|=";
  if (header.type.empty() || orders.find(header.type[0]) == std::string::npos) {
    throw FormatError(fmt::format("{}: the element type {} does not begin with a byte order", name,
                                  hebb::in_quotes(header.type)));
  }
  const std::uint64_t offset = reader.position();
  const NpyArray array{.name = name,
                       .data_offset = offset,
                       .data = reader.take(reader.remaining(), "the data"),
                       .shape = io::checked_shape(header.extents, name, offset),
                       .order = header.type[0] == '>' ? std::endian::big : std::endian::little,
                       .fortran_order = header.fortran_order};
  return read_typed(array, header.type);
}

Tensor read_npy(const std::string& path) { return parse_npy(read_file(path), path); }

void write_npy(const std::string& path, const Tensor& tensor) {
  const Tensor values = evaluate(tensor);
  AtomicFile file(path);
  file.write(npy_header(values));
  file.write(io::bytes_of(values));
  file.commit();
}

}  // namespace hebb
