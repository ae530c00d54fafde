// Safetensors: the length of the header in 8 bytes, the header in JSON, the data. See
// https://github.com/huggingface/safetensors, "Format".
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/bytes.hpp"
#include "io/input_file.hpp"

namespace hebb {

namespace {

using io::Bytes;

constexpr std::uint64_t kMostHeaderBytes = 100'000'000;  // as in the reference implementation
constexpr std::uint64_t kLengthBytes = 8;
constexpr const char* kMetadata = "__metadata__";

struct Entry {
  std::string name;
  std::string type;
  std::optional<std::vector<std::int64_t>> extents;
  std::optional<std::vector<std::int64_t>> offsets;  // from the start of the data: begin, end
};

/// Builds the entries while the JSON is read, and accepts nothing but what a header may hold, so that
/// hostile JSON costs no more memory than the header itself.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(const std::string& name) : name_(name) {}

  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;

  bool start_object(std::size_t) override {
    if (level_ == Level::nothing) {
      level_ = Level::top;
    } else if (level_ == Level::top && key_ == kMetadata) {
      level_ = Level::metadata;
    } else if (level_ == Level::top) {
      level_ = Level::tensor;
      fields_ = {};
      entries.push_back({.name = key_, .type = {}, .extents = {}, .offsets = {}});
    } else {
      refuse("an object");
    }
    return true;
  }
  bool end_object() override {
    if (level_ == Level::tensor) check_complete(entries.back());
    level_ = level_ == Level::top ? Level::nothing : Level::top;
    return true;
  }
  bool key(string_t& text) override {
    key_ = text;
    const bool fresh = level_ == Level::top        ? names_.insert(text).second
                       : level_ == Level::metadata ? metadata.try_emplace(text).second
                                                   : set_field(text);
    if (!fresh) fail(fmt::format("the name {} occurs twice", hebb::in_quotes(text)));
    return true;
  }
  bool string(string_t& text) override {
    if (level_ == Level::metadata) {
      metadata[key_] = text;
    } else if (level_ == Level::tensor && key_ == "dtype") {
      entries.back().type = text;
    } else {
      refuse("a text");
    }
    return true;
  }
  bool start_array(std::size_t) override {
    if (level_ != Level::tensor || (key_ != "shape" && key_ != "data_offsets")) refuse("a list");
    level_ = Level::list;
    (key_ == "shape" ? entries.back().extents : entries.back().offsets).emplace();
    return true;
  }
  bool end_array() override {
    level_ = Level::tensor;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (level_ != Level::list) refuse("a number");
    if (!std::in_range<std::int64_t>(value)) refuse("a number of 2^63 or more");
    auto& list = key_ == "shape" ? *entries.back().extents : *entries.back().offsets;
    constexpr std::size_t kMostAxes = 64;
    if (list.size() == kMostAxes) fail(fmt::format("{} has more than {} numbers", place(), kMostAxes));
    list.push_back(static_cast<std::int64_t>(value));
    return true;
  }
  bool number_integer(number_integer_t) override { refuse("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { refuse("a fraction"); }
  bool null() override { refuse("null"); }
  bool boolean(bool) override { refuse("true or false"); }
  bool binary(binary_t&) override { refuse("binary data"); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception& error) override {
    io::fail_at(name_, kLengthBytes + position, fmt::format("malformed header: {}", error.what()));
  }

 private:
  enum class Level : std::uint8_t { nothing, top, metadata, tensor, list };

  std::string place() const {
    const std::string key = level_ == Level::nothing ? "the top level" : hebb::in_quotes(key_);
    const bool inside = level_ == Level::tensor || level_ == Level::list;
    return inside ? fmt::format("{} of tensor {}", key, hebb::in_quotes(entries.back().name)) : key;
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw FormatError(fmt::format("{}: safetensors header: {}", name_, what));
  }
  [[noreturn]] void refuse(const std::string& what) const {
    fail(fmt::format("{} cannot be {}", place(), what));
  }
  bool set_field(const std::string& text) {
    const std::size_t field = text == "dtype" ? 0 : text == "shape" ? 1 : text == "data_offsets" ? 2 : 3;
    const std::string& tensor = entries.back().name;
    if (field == 3) {
      fail(fmt::format("tensor {} has the unknown key {}; expected dtype, shape and data_offsets",
                       hebb::in_quotes(tensor), hebb::in_quotes(text)));
    }
    return !std::exchange(fields_[field], true);
  }
  void check_complete(const Entry& entry) const {
    if (entry.type.empty() || !entry.extents || !entry.offsets || entry.offsets->size() != 2) {
      fail(fmt::format("tensor {} must have dtype, shape and data_offsets of two numbers",
                       hebb::in_quotes(entry.name)));
    }
  }

  const std::string& name_;
  Level level_ = Level::nothing;
  std::string key_;
  std::set<std::string> names_;
  std::array<bool, 3> fields_{};
};

/// Copies `count` bytes at `offset` of the file to memory; throws when there are fewer.
using ReadAt = std::function<void(std::uint64_t offset, std::uint8_t* to, std::size_t count)>;

struct Source {
  const std::string& name;
  std::uint64_t size;
  ReadAt read_at;
};

std::optional<DType> type_named(std::string_view text) {
  if (text == "F32") return DType::f32;
  if (text == "F64") return DType::f64;
  if (text == "I32") return DType::i32;
  if (text == "U8") return DType::u8;
  return std::nullopt;
}

std::string_view name_of(DType type) {
  switch (type) {
    case DType::f32: return "F32";
    case DType::f64: return "F64";
    case DType::i32: return "I32";
    case DType::u8: return "U8";
  }
  return "?";
}

std::uint64_t read_header_length(const Source& source) {
  if (source.size < kLengthBytes) {
    io::fail_at(source.name, source.size, "truncated: a safetensors file begins with 8 bytes of length");
  }
  std::array<std::uint8_t, kLengthBytes> bytes{};
  source.read_at(0, bytes.data(), bytes.size());
  const auto length = io::load<std::uint64_t>(bytes.data());
  if (length > kMostHeaderBytes || length > source.size - kLengthBytes) {
    io::fail_at(source.name, 0,
                fmt::format("the header length is {}, but {} bytes follow and at most {} are read", length,
                            source.size - kLengthBytes, kMostHeaderBytes));
  }
  return length;
}

HeaderReader read_header(const Source& source, std::uint64_t length) {
  std::string text(length, '\0');
  source.read_at(kLengthBytes, reinterpret_cast<std::uint8_t*>(text.data()), text.size());
  if (text.empty() || text[0] != '{') {
    io::fail_at(source.name, kLengthBytes, "not a safetensors file: the header does not begin with '{'");
  }
  HeaderReader header(source.name);
  nlohmann::json::sax_parse(text, &header);
  return header;
}

/// The data must be used from the first byte to the last, each byte by one tensor.
void check_layout(const std::vector<Entry>& entries, std::uint64_t data_bytes, const std::string& name) {
  std::vector<const Entry*> sorted;
  for (const Entry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [](const Entry* a, const Entry* b) { return *a->offsets < *b->offsets; });
  std::int64_t expected = 0;
  for (const Entry* entry : sorted) {
    const std::int64_t begin = entry->offsets->at(0);
    const std::int64_t end = entry->offsets->at(1);
    const auto fail = [&](const std::string& what) {
      throw FormatError(fmt::format("{}: tensor {}: data_offsets [{}, {}] {}", name,
                                    hebb::in_quotes(entry->name), begin, end, what));
    };
    if (begin > end) fail("end before they begin");
    if (static_cast<std::uint64_t>(end) > data_bytes)
      fail(fmt::format("exceed the {} bytes of data", data_bytes));
    if (begin < expected) fail(fmt::format("overlap the data before byte {}", expected));
    if (begin > expected) fail(fmt::format("leave a gap from byte {}", expected));
    expected = end;
  }
  if (static_cast<std::uint64_t>(expected) != data_bytes) {
    throw FormatError(fmt::format("{}: the tensors end at byte {} of the data, the file has {} bytes of data",
                                  name, expected, data_bytes));
  }
}

template <class T>
Tensor read_tensor(const Source& source, const Shape& shape, std::uint64_t offset) {
  return io::make_tensor<T>(shape, source.name, [&](T* out) {
    const auto count = static_cast<std::size_t>(shape.elements()) * sizeof(T);
    if (count > 0) source.read_at(offset, reinterpret_cast<std::uint8_t*>(out), count);
  });
}

Tensor read_entry(const Source& source, const Entry& entry, std::uint64_t data_begins) {
  const std::optional<DType> type = type_named(entry.type);
  if (!type) {
    throw FormatError(fmt::format("{}: tensor {} has type {}; F32, F64, I32 and U8 are read", source.name,
                                  hebb::in_quotes(entry.name), hebb::in_quotes(entry.type)));
  }
  const Shape shape = io::checked_shape(*entry.extents, source.name, kLengthBytes);
  const std::int64_t bytes = entry.offsets->at(1) - entry.offsets->at(0);
  const std::int64_t needed = shape.elements() * static_cast<std::int64_t>(size_of(*type));
  if (bytes != needed) {
    throw FormatError(
        fmt::format("{}: tensor {} of type {} and shape {} takes {} bytes, its data_offsets span {}",
                    source.name, hebb::in_quotes(entry.name), entry.type, to_string(shape), needed, bytes));
  }
  const std::uint64_t offset = data_begins + static_cast<std::uint64_t>(entry.offsets->at(0));
  switch (*type) {
    case DType::f32: return read_tensor<float>(source, shape, offset);
    case DType::f64: return read_tensor<double>(source, shape, offset);
    case DType::i32: return read_tensor<std::int32_t>(source, shape, offset);
    case DType::u8: break;
  }
  return read_tensor<std::uint8_t>(source, shape, offset);
}

SafetensorsFile read_from(const Source& source) {
  const std::uint64_t length = read_header_length(source);
  HeaderReader header = read_header(source, length);
  const std::uint64_t data_begins = kLengthBytes + length;
  check_layout(header.entries, source.size - data_begins, source.name);
  SafetensorsFile file;
  file.metadata = std::move(header.metadata);
  for (const Entry& entry : header.entries) {
    file.tensors.emplace_back(entry.name, read_entry(source, entry, data_begins));
  }
  return file;
}

/// Where the data of each tensor begin: wide elements first, so that every one is aligned.
std::vector<std::size_t> data_order(const std::vector<Tensor>& tensors) {
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return size_of(tensors[a].dtype()) > size_of(tensors[b].dtype());
  });
  return order;
}

std::string make_header(const SafetensorsFile& file, const std::vector<Tensor>& tensors,
                        const std::vector<std::size_t>& order) {
  std::vector<std::uint64_t> begins(tensors.size());
  std::uint64_t end = 0;
  for (const std::size_t i : order) {
    begins[i] = end;
    end += io::bytes_of(tensors[i]).size();
  }
  // Written piece by piece, because an ordered JSON object would search all names for each insertion.
  std::string text = "{";
  const auto add = [&](const std::string& key, const std::string& value) {
    if (text.size() > 1) text += ',';
    text += nlohmann::json(key).dump() + ':' + value;
  };
  if (!file.metadata.empty()) add(kMetadata, nlohmann::json(file.metadata).dump());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const nlohmann::json extents = tensors[i].shape().extents();
    add(file.tensors[i].first,
        fmt::format(R"({{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", name_of(tensors[i].dtype()),
                    extents.dump(), begins[i], begins[i] + io::bytes_of(tensors[i]).size()));
  }
  text += '}';
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  return text;
}

void check_names(const std::string& path, const SafetensorsFile& file) {
  std::set<std::string_view> names = {kMetadata};
  for (const auto& [name, tensor] : file.tensors) {
    if (!names.insert(name).second) {
      throw FormatError(fmt::format("{}: the tensor name {} is {}", path, hebb::in_quotes(name),
                                    name == kMetadata ? "reserved" : "used twice"));
    }
  }
}

}  // namespace

const Tensor* SafetensorsFile::find(std::string_view name) const {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return &tensor;
  }
  return nullptr;
}

SafetensorsFile parse_safetensors(std::span<const std::uint8_t> bytes, const std::string& name) {
  return read_from(
      {.name = name, .size = bytes.size(), .read_at = [bytes](auto offset, auto* to, auto count) {
         std::memcpy(to, bytes.data() + offset, count);
       }});
}

SafetensorsFile read_safetensors(const std::string& path) {
  const io::InputFile file(path);
  if (!file.regular()) return parse_safetensors(read_file(path), path);
  return read_from({.name = path, .size = file.size(), .read_at = [&file](auto offset, auto* to, auto count) {
                      file.read_at(offset, to, count);
                    }});
}

void write_safetensors(const std::string& path, const SafetensorsFile& file) {
  check_names(path, file);
  std::vector<Tensor> tensors;
  for (const auto& [name, tensor] : file.tensors) tensors.push_back(evaluate(tensor));
  const std::vector<std::size_t> order = data_order(tensors);
  std::string header;
  try {
    header = make_header(file, tensors, order);
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(
        fmt::format("{}: a name or metadata text cannot be written as JSON: {}", path, error.what()));
  }
  if (header.size() > kMostHeaderBytes) {
    throw FormatError(fmt::format("{}: the header would have {} bytes, at most {} are allowed", path,
                                  header.size(), kMostHeaderBytes));
  }
  AtomicFile out(path);
  const std::uint64_t length = header.size();
  out.write({reinterpret_cast<const std::uint8_t*>(&length), sizeof length});
  out.write(header);
  for (const std::size_t i : order) out.write(io::bytes_of(tensors[i]));
  out.commit();
}

}  // namespace hebb
