/// What the tests of the io room share.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/error.hpp"
#include "hebb/io.hpp"

namespace hebb::test {

using ByteVector = std::vector<std::uint8_t>;

/// A folder that goes when the test does.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hebb-io-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::string path_;
};

inline std::string fixture(const std::string& name) {
  return std::string(HEBB_TEST_SOURCE_DIR "/io/data/") + name;
}

inline ByteVector bytes_of(std::string_view text) { return ByteVector(text.begin(), text.end()); }

/// Both, one after the other.
inline ByteVector joined(ByteVector bytes, const ByteVector& more) {
  for (const std::uint8_t byte : more) bytes.push_back(byte);
  return bytes;
}

/// Independent of the library's own reading and writing.
inline void put(const std::string& path, const ByteVector& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}
inline void put(const std::string& path, std::string_view text) { put(path, bytes_of(text)); }
inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Expects an E whose message has every one of the parts.
template <class E>
void expect_error(const std::function<void()>& action, std::initializer_list<std::string_view> parts) {
  try {
    action();
    ADD_FAILURE() << "no error where one with '" << *parts.begin() << "' was expected";
  } catch (const E& error) {
    for (const std::string_view part : parts) {
      EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos)
          << "'" << part << "' is not in: " << error.what();
    }
  } catch (const std::exception& error) {
    ADD_FAILURE() << "an error of another type: " << error.what();
  }
}

inline ByteVector gzip(const ByteVector& plain) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  ByteVector packed(deflateBound(&stream, plain.size()));
  stream.next_in = const_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// Every way to cut a file short, and many ways to damage it, must end in a value or an Error.
/// `must_fail_cut` says whether every shorter file is an error.
inline void survives_damage(const ByteVector& whole, const std::function<void(const ByteVector&)>& parse,
                            bool must_fail_cut = true) {
  const auto survives = [&](const ByteVector& bytes) {
    try {
      parse(bytes);
      return true;
    } catch (const Error&) {
      return false;
    }
  };
  ASSERT_TRUE(survives(whole));
  const std::size_t step = 1 + whole.size() / 2000;
  for (std::size_t size = 0; size < whole.size(); size += step) {
    // A copy of exactly this size, so that a sanitizer sees every read beyond.
    const bool read = survives(ByteVector(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_FALSE(read && must_fail_cut)
        << "a file cut after " << size << " of " << whole.size() << " bytes was read";
  }
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    ByteVector damaged = whole;
    for (int change = 0; change < 1 + round % 4; ++change) {
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(round % 3 == 0 ? 0xFF : random());
    }
    survives(damaged);
  }
}

}  // namespace hebb::test
