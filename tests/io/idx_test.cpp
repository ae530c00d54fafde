#include <chrono>
#include <cmath>
#include <cstdlib>

#include "io/helpers.hpp"

namespace hebb::test {
namespace {

ByteVector header(std::uint8_t type, std::initializer_list<std::uint32_t> extents) {
  ByteVector bytes = {0, 0, type, static_cast<std::uint8_t>(extents.size())};
  for (const std::uint32_t extent : extents) {
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(extent >> shift));
  }
  return bytes;
}

TEST(Idx, ReadsEveryType) {
  const Tensor u8 = parse_idx(joined(header(0x08, {2, 2}), {0, 1, 254, 255}));
  EXPECT_EQ(u8.dtype(), DType::u8);
  EXPECT_EQ(u8.shape(), (Shape{2, 2}));
  EXPECT_EQ(u8.to_vector(), (std::vector<double>{0, 1, 254, 255}));
  const Tensor i8 = parse_idx(joined(header(0x09, {3}), {1, 0xFF, 0x80}));
  EXPECT_EQ(i8.dtype(), DType::i32);
  EXPECT_EQ(i8.to_vector(), (std::vector<double>{1, -1, -128}));
  const Tensor i16 = parse_idx(joined(header(0x0B, {3}), {1, 2, 0xFF, 0xFE, 0x80, 0}));
  EXPECT_EQ(i16.to_vector(), (std::vector<double>{258, -2, -32768}));
  const Tensor i32 = parse_idx(joined(header(0x0C, {2}), {1, 2, 3, 4, 0xFF, 0xFF, 0xFF, 0xFE}));
  EXPECT_EQ(i32.dtype(), DType::i32);
  EXPECT_EQ(i32.to_vector(), (std::vector<double>{16909060, -2}));
  const Tensor f32 = parse_idx(joined(header(0x0D, {1, 1}), {0xC0, 0x20, 0, 0}));
  EXPECT_EQ(f32.dtype(), DType::f32);
  EXPECT_EQ(f32.to_vector(), (std::vector<double>{-2.5}));
  const Tensor f64 = parse_idx(joined(header(0x0E, {1}), {0x40, 0x09, 0x21, 0xFB, 0x54, 0x44, 0x2D, 0x18}));
  EXPECT_EQ(f64.dtype(), DType::f64);
  EXPECT_EQ(f64.item(), M_PI);
}

TEST(Idx, ReadsGzipWithSeveralMembersAndPadding) {
  const ByteVector plain = joined(header(0x08, {5}), {9, 8, 7, 6, 5});
  const std::vector<double> expected = {9, 8, 7, 6, 5};
  EXPECT_EQ(parse_idx(gzip(plain)).to_vector(), expected);
  const ByteVector first = gzip({plain.begin(), plain.begin() + 10});
  const ByteVector second = gzip({plain.begin() + 10, plain.end()});
  ByteVector both = joined(first, second);
  EXPECT_EQ(parse_idx(both).to_vector(), expected);
  both.resize(both.size() + 100);
  EXPECT_EQ(parse_idx(both).to_vector(), expected);
  both.push_back('x');
  expect_error<FormatError>([&] { parse_idx(both); }, {"101 unexpected bytes"});
}

TEST(Idx, ReadsAFileAndAnEmptyAxis) {
  const TemporaryFolder folder;
  put(folder / "file", header(0x08, {0, 28}));
  EXPECT_EQ(read_idx(folder / "file").shape(), (Shape{0, 28}));
  expect_error<FormatError>([&] { read_idx(folder / "none"); }, {"none"});
}

TEST(Idx, NamesFileAndByteOfWhatIsWrong) {
  const auto fails = [](const ByteVector& bytes, std::initializer_list<std::string_view> parts) {
    expect_error<FormatError>([&] { parse_idx(bytes, "x.idx"); }, parts);
  };
  fails({}, {"x.idx", "byte 0", "truncated"});
  fails(bytes_of("<html>"), {"byte 0", "not an IDX file", "3c 68 74 6d"});
  fails({0, 0, 7, 1}, {"not an IDX file", "00 00 07 01"});
  fails({0, 0, 8, 0}, {"1 to 8 axes"});
  fails({0, 0, 8, 200}, {"1 to 8 axes"});
  fails(joined({0, 0, 8, 2}, {0, 0, 0, 1, 0}), {"byte 8", "extent of axis 1", "only 1 remain"});
  fails(joined(header(0x08, {10}), {1, 2, 3}),
        {"byte 8", "truncated", "shape [10]", "10 bytes", "at most 3"});
  fails(joined(header(0x08, {2}), {1, 2, 3}), {"byte 10", "after the last element"});
  fails(header(0x0E, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}), {"byte 4", "more elements than memory"});
  fails(header(0x08, {0xFFFFFFFF, 0x00FFFFFF}), {"byte 12", "truncated"});
  fails(gzip(header(0x08, {0xFFFFFFFF, 0x00FFFFFF})), {"(decompressed)", "byte 12", "truncated"});
  fails(gzip(joined(header(0x08, {10}), {1, 2})), {"(decompressed)", "byte 8", "only 2 remain"});
  fails(gzip(joined(header(0x08, {1}), {1, 2})), {"byte 9", "after the last element"});
}

TEST(Idx, DetectsGzipCutInHalfOrDamaged) {
  ByteVector plain = header(0x08, {1000});
  for (int i = 0; i < 1000; ++i) plain.push_back(static_cast<std::uint8_t>(i * i / 7));
  const ByteVector packed = gzip(plain);
  const std::string half = "byte " + std::to_string(packed.size() / 2);
  expect_error<FormatError>(
      [&] {
        parse_idx({packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(packed.size() / 2)}, "x.gz");
      },
      {"x.gz", half, "cut short"});
  ByteVector damaged = packed;
  damaged[damaged.size() - 6] ^= 1;  // the checksum
  expect_error<FormatError>([&] { parse_idx(damaged); }, {"damaged", "incorrect data check"});
}

TEST(Idx, SurvivesDamage) {
  const ByteVector plain = joined(header(0x0B, {2, 2}), {1, 2, 3, 4, 5, 6, 7, 8});
  survives_damage(plain, [](const ByteVector& bytes) { parse_idx(bytes); });
  survives_damage(gzip(plain), [](const ByteVector& bytes) { parse_idx(bytes); });
}

TEST(Idx, LoadsMnistFast) {
  const char* const data = std::getenv("HEBB_DATA");
  const std::string folder =
      (data != nullptr ? std::string(data) : std::string(HEBB_TEST_SOURCE_DIR "/../../shared/data")) +
      "/mnist/";
  if (!std::filesystem::exists(folder + "train-images-idx3-ubyte.gz"))
    GTEST_SKIP() << "SKIPPED: no MNIST in " << folder;
  const auto start = std::chrono::steady_clock::now();
  const Tensor images = read_idx(folder + "train-images-idx3-ubyte.gz");
  const Tensor labels = read_idx(folder + "train-labels-idx1-ubyte.gz");
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  RecordProperty("seconds", std::to_string(seconds.count()));
  EXPECT_EQ(images.shape(), (Shape{60000, 28, 28}));
  EXPECT_EQ(labels.shape(), (Shape{60000}));
  EXPECT_EQ(labels.data<std::uint8_t>()[0], 5);
  EXPECT_EQ(labels.data<std::uint8_t>()[59999], 8);
  // The mean of the training pixels, as published: 0.1307 of 255.
  double sum = 0;
  for (const std::uint8_t pixel : images.data<std::uint8_t>()) sum += pixel;
  EXPECT_NEAR(sum / static_cast<double>(images.size()) / 255, 0.1307, 5e-5);
}

}  // namespace
}  // namespace hebb::test
