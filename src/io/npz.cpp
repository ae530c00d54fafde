// NPZ: a zip archive of NPY files. See PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <set>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/bytes.hpp"
#include "io/inflate.hpp"

namespace hebb {

namespace {

using io::ByteReader;
using io::Bytes;

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kEnd64Locator = 0x07064b50;
constexpr std::uint64_t kEndBytes = 22;
constexpr std::uint64_t kIn64 = 0xFFFFFFFF;  // the value stands in a 64-bit field elsewhere

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
};

struct Entry {
  std::string name;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t checksum = 0;
  std::uint64_t compressed = 0;
  std::uint64_t size = 0;
  std::uint64_t header_offset = 0;
};

/// The end record is the last thing in the file but for a comment of up to 64 KiB.
std::uint64_t find_end(Bytes file, const std::string& name) {
  if (file.size() >= kEndBytes) {
    const std::uint64_t last = file.size() - kEndBytes;
    const std::uint64_t first = last > 0xFFFF ? last - 0xFFFF : 0;
    for (std::uint64_t at = last + 1; at-- > first;) {
      if (io::load<std::uint32_t>(file.data() + at) != kEnd) continue;
      if (io::load<std::uint16_t>(file.data() + at + 20) == last - at) return at;
    }
  }
  io::fail_at(name, file.size(), "not a zip archive or cut short: the end of its directory is missing");
}

Directory read_end64(Bytes file, std::uint64_t end, const std::string& name) {
  constexpr std::uint64_t kLocatorBytes = 20;
  ByteReader reader(file, name);
  reader.seek(end < kLocatorBytes ? 0 : end - kLocatorBytes, "the locator of the zip64 directory");
  if (reader.little<std::uint32_t>("the locator of the zip64 directory") != kEnd64Locator) {
    reader.fail("the locator of the zip64 directory is missing");
  }
  reader.take(4, "a disk number");
  reader.seek(reader.little<std::uint64_t>("an offset"), "the end of the zip64 directory");
  if (reader.little<std::uint32_t>("the end of the zip64 directory") != kEnd64) {
    reader.fail("the end of the zip64 directory is missing");
  }
  reader.take(28, "the end of the zip64 directory");
  Directory directory;
  directory.entries = reader.little<std::uint64_t>("the number of entries");
  directory.bytes = reader.little<std::uint64_t>("the size of the directory");
  directory.offset = reader.little<std::uint64_t>("the offset of the directory");
  return directory;
}

Directory find_directory(Bytes file, const std::string& name) {
  const std::uint64_t end = find_end(file, name);
  ByteReader reader(file, name);
  reader.seek(end + 10, "the end of the directory");
  Directory directory;
  directory.entries = reader.little<std::uint16_t>("the number of entries");
  directory.bytes = reader.little<std::uint32_t>("the size of the directory");
  directory.offset = reader.little<std::uint32_t>("the offset of the directory");
  if (directory.entries == 0xFFFF || directory.bytes == kIn64 || directory.offset == kIn64) {
    return read_end64(file, end, name);
  }
  return directory;
}

/// Takes the 64-bit values that did not fit an entry from its extra fields.
void apply_zip64(Entry& entry, Bytes extra, const std::string& name) {
  constexpr std::uint16_t kZip64 = 1;
  const std::string place = fmt::format("{}: extra fields of entry {}", name, hebb::in_quotes(entry.name));
  ByteReader fields(extra, place);
  while (fields.remaining() >= 4) {
    const auto id = fields.little<std::uint16_t>("an extra field");
    const Bytes field = fields.take(fields.little<std::uint16_t>("an extra field"), "an extra field");
    if (id != kZip64) continue;
    ByteReader values(field, place);
    for (std::uint64_t* value : {&entry.size, &entry.compressed, &entry.header_offset}) {
      if (*value == kIn64) *value = values.little<std::uint64_t>("a zip64 field");
    }
  }
}

Entry read_entry(ByteReader& reader, const std::string& name) {
  if (reader.little<std::uint32_t>("an entry of the directory") != kCentralHeader) {
    reader.fail("an entry of the zip directory was expected before this");
  }
  Entry entry;
  reader.take(4, "the versions of an entry");
  entry.flags = reader.little<std::uint16_t>("the flags of an entry");
  entry.method = reader.little<std::uint16_t>("the compression of an entry");
  reader.take(4, "the time of an entry");
  entry.checksum = reader.little<std::uint32_t>("the checksum of an entry");
  entry.compressed = reader.little<std::uint32_t>("the size of an entry");
  entry.size = reader.little<std::uint32_t>("the size of an entry");
  const auto name_bytes = reader.little<std::uint16_t>("the name of an entry");
  const auto extra_bytes = reader.little<std::uint16_t>("the extra fields of an entry");
  const auto comment_bytes = reader.little<std::uint16_t>("the comment of an entry");
  reader.take(8, "the attributes of an entry");
  entry.header_offset = reader.little<std::uint32_t>("the offset of an entry");
  const Bytes text = reader.take(name_bytes, "the name of an entry");
  entry.name.assign(text.begin(), text.end());
  apply_zip64(entry, reader.take(extra_bytes, "the extra fields of an entry"), name);
  reader.take(comment_bytes, "the comment of an entry");
  return entry;
}

Bytes compressed_data(Bytes file, const Entry& entry, const std::string& name) {
  ByteReader reader(file, name);
  reader.seek(entry.header_offset, "the entry " + hebb::in_quotes(entry.name));
  if (reader.little<std::uint32_t>("the header of an entry") != kLocalHeader) {
    reader.fail(
        fmt::format("the header of the entry {} was expected before this", hebb::in_quotes(entry.name)));
  }
  reader.take(22, "the header of an entry");
  const auto name_bytes = reader.little<std::uint16_t>("the name of an entry");
  const auto extra_bytes = reader.little<std::uint16_t>("the extra fields of an entry");
  reader.take(name_bytes, "the name of an entry");
  reader.take(extra_bytes, "the extra fields of an entry");
  return reader.take(entry.compressed, "the entry " + hebb::in_quotes(entry.name));
}

std::vector<std::uint8_t> unpack(Bytes file, const Entry& entry, const std::string& name) {
  constexpr std::uint16_t kStored = 0;
  constexpr std::uint16_t kDeflated = 8;
  const std::string whole = fmt::format("{}: entry {}", name, hebb::in_quotes(entry.name));
  if ((entry.flags & 1u) != 0) throw FormatError(whole + " is encrypted");
  if (entry.method != kStored && entry.method != kDeflated) {
    throw FormatError(fmt::format("{}: compression method {} is unknown, 0 (stored) and 8 (deflate) are read",
                                  whole, entry.method));
  }
  const Bytes packed = compressed_data(file, entry, name);
  const std::uint64_t most = entry.method == kStored ? packed.size() : io::most_inflated(packed.size());
  if (entry.size > most || (entry.method == kStored && entry.size != packed.size())) {
    throw FormatError(fmt::format("{}: {} bytes cannot hold the {} bytes its header promises", whole,
                                  packed.size(), entry.size));
  }
  io::check_memory(entry.size, name);
  std::vector<std::uint8_t> content(entry.size);
  if (entry.method == kStored) {
    std::copy(packed.begin(), packed.end(), content.begin());
  } else {
    const auto offset = static_cast<std::uint64_t>(packed.data() - file.data());
    io::Inflater inflater(packed, name, io::Wrapping::raw, offset);
    const std::size_t got = inflater.read(content.data(), content.size());
    std::uint8_t extra = 0;
    if (got < content.size() || inflater.read(&extra, 1) > 0) {
      throw FormatError(fmt::format("{}: its header promises {} bytes, it has {}", whole, entry.size,
                                    got < content.size() ? std::to_string(got) : "more"));
    }
  }
  if (crc32_z(0, content.data(), content.size()) != entry.checksum) {
    throw FormatError(whole + ": its checksum does not fit its content, the file is damaged");
  }
  return content;
}

std::vector<Entry> read_directory(Bytes file, const std::string& name) {
  constexpr std::uint64_t kEntryBytes = 46;
  const Directory directory = find_directory(file, name);
  ByteReader reader(file, name);
  reader.seek(directory.offset, "the zip directory");
  const Bytes all = reader.take(directory.bytes, "the zip directory");
  if (directory.entries > all.size() / kEntryBytes) {
    reader.fail(fmt::format("a directory of {} bytes cannot have {} entries", all.size(), directory.entries));
  }
  reader.seek(directory.offset, "the zip directory");
  std::vector<Entry> entries;
  std::set<std::string> names;
  std::uint64_t compressed = 0;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    entries.push_back(read_entry(reader, name));
    const Entry& entry = entries.back();
    if (!names.insert(entry.name).second)
      reader.fail("a second entry is named " + hebb::in_quotes(entry.name));
    // Entries that share bytes could make a small file unfold without end.
    if (entry.compressed > file.size() - compressed) reader.fail("the entries are larger than the file");
    compressed += entry.compressed;
  }
  return entries;
}

}  // namespace

std::vector<std::pair<std::string, Tensor>> parse_npz(std::span<const std::uint8_t> bytes,
                                                      const std::string& name) {
  constexpr std::string_view kSuffix = ".npy";
  std::vector<std::pair<std::string, Tensor>> arrays;
  for (const Entry& entry : read_directory(bytes, name)) {
    std::string array = entry.name;
    if (!array.ends_with(kSuffix)) {
      throw FormatError(fmt::format("{}: entry {} is not an .npy file", name, hebb::in_quotes(entry.name)));
    }
    array.resize(array.size() - kSuffix.size());
    Tensor tensor = parse_npy(unpack(bytes, entry, name), fmt::format("{}({})", name, entry.name));
    arrays.emplace_back(std::move(array), std::move(tensor));
  }
  return arrays;
}

std::vector<std::pair<std::string, Tensor>> read_npz(const std::string& path) {
  return parse_npz(read_file(path), path);
}

}  // namespace hebb
