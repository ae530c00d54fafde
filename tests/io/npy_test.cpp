#include <cmath>
#include <limits>
#include <numeric>

#include "io/helpers.hpp"

namespace hebb::test {
namespace {

/// An NPY file of version 1 with the given header text and data.
ByteVector npy(const std::string& header, const ByteVector& data) {
  const ByteVector prefix = joined(
      bytes_of("\x93NUMPY"),
      {1, 0, static_cast<std::uint8_t>(header.size() & 0xFF), static_cast<std::uint8_t>(header.size() >> 8)});
  return joined(joined(prefix, bytes_of(header)), data);
}

struct Written {
  const char* name;
  DType type;
};

class NumpyTypes : public testing::TestWithParam<Written> {};

// NumPy wrote 0, 1, 2, ... in C order into each of these.
TEST_P(NumpyTypes, AreReadInEitherOrder) {
  const std::string name = GetParam().name;
  const Tensor plain = read_npy(fixture(name + ".npy"));
  EXPECT_EQ(plain.dtype(), GetParam().type);
  EXPECT_EQ(plain.shape(), (Shape{2, 3}));
  EXPECT_EQ(plain.to_vector(), (std::vector<double>{0, 1, 2, 3, 4, 5}));
  const Tensor fortran = read_npy(fixture(name + "_fortran.npy"));
  std::vector<double> expected(24);
  std::iota(expected.begin(), expected.end(), 0.0);
  EXPECT_EQ(fortran.shape(), (Shape{2, 3, 4}));
  EXPECT_EQ(fortran.to_vector(), expected);
}

INSTANTIATE_TEST_SUITE_P(Npy, NumpyTypes,
                         testing::Values(Written{"f4_little", DType::f32}, Written{"f4_big", DType::f32},
                                         Written{"f8_little", DType::f64}, Written{"f8_big", DType::f64},
                                         Written{"u1_plain", DType::u8}, Written{"i1_plain", DType::i32},
                                         Written{"i2_little", DType::i32}, Written{"u2_big", DType::i32},
                                         Written{"i4_big", DType::i32}, Written{"u4_little", DType::i32},
                                         Written{"i8_little", DType::i32}, Written{"u8_big", DType::i32}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Npy, ReadsHalfPrecision) {
  const Tensor halves = read_npy(fixture("f2.npy"));
  const auto values = halves.data<float>();
  // Neighbouring binary16 numbers, worked out by hand: 0.1 -> 1638 * 2^-14, 6e-8 -> 2^-24, 6e-5 -> 1007 *
  // 2^-24.
  const std::vector<float> expected = {0, 1, -2, 0x1.998p-4f, 65504, 0x1p-24f, 1007 * 0x1p-24f};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(values[i], expected[i]) << i;
  EXPECT_EQ(values[7], std::numeric_limits<float>::infinity());
  EXPECT_EQ(values[8], -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(values[9]));
}

TEST(Npy, ReadsTheOddOnes) {
  EXPECT_EQ(read_npy(fixture("b1.npy")).to_vector(), (std::vector<double>{1, 0, 1}));
  EXPECT_EQ(read_npy(fixture("negative.npy")).to_vector(),
            (std::vector<double>{-1, -2147483648.0, 2147483647}));
  EXPECT_EQ(read_npy(fixture("scalar.npy")).shape(), Shape{});
  EXPECT_EQ(read_npy(fixture("scalar.npy")).item(), 2.5);
  EXPECT_EQ(read_npy(fixture("empty.npy")).shape(), (Shape{0, 3}));
  EXPECT_EQ(read_npy(fixture("version2.npy")).to_vector(), (std::vector<double>{0, 1, 2, 3, 4}));
  EXPECT_EQ(read_npy(fixture("version3.npy")).to_vector(), (std::vector<double>{0, 1, 2, 3, 4}));
  const std::string python2 = "{\"shape\": (2L,), \"fortran_order\": False, \"descr\": \"|u1\"}\n";
  EXPECT_EQ(parse_npy(npy(python2, {4, 5})).to_vector(), (std::vector<double>{4, 5}));
}

TEST(Npy, RefusesWhatATensorCannotHold) {
  expect_error<DataError>([] { read_npy(fixture("too_large.npy")); },
                          {"too_large.npy", "element 2", "2147483648"});
  expect_error<FormatError>([] { read_npy(fixture("text.npy")); }, {"text.npy", "<U2"});
  expect_error<FormatError>([] { read_npy(fixture("complex.npy")); }, {"<c16"});
  expect_error<FormatError>([] { read_npy(fixture("structured.npy")); }, {"structured"});
  expect_error<FormatError>(
      [] { parse_npy(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", {1})); }, {"'|O'"});
}

TEST(Npy, NamesFileAndByteOfWhatIsWrong) {
  const auto fails = [](const std::string& header, std::initializer_list<std::string_view> parts) {
    expect_error<FormatError>([&] { parse_npy(npy(header, {1, 2}), "x.npy"); }, parts);
  };
  const std::string start = "{'descr': '|u1', 'fortran_order': False, 'shape': ";
  fails("", {"x.npy", "byte 10", "'{'", "the end"});
  fails("{}", {"'descr'"});
  fails("{'descr': '|u1'}", {"'fortran_order'"});
  fails("{'descr': 3}", {"byte 20", "element type in quotes"});
  fails("{'descr': '|u1", {"element type in quotes"});
  fails("{'descr': '', 'fortran_order': False, 'shape': (2,)}", {"byte order"});
  fails("{'descr': '|u1', 'descr': '|u1'}", {"once each"});
  fails("{'colour': 'red'}", {"'colour'"});
  fails("{'fortran_order': Maybe}", {"True or False"});
  fails(start + "(2)}", {"a comma"});
  fails(start + "(-2,)}", {"zero or more"});
  fails(start + "(99999999999999999999,)}", {"below 2^63"});
  fails(start + "(9999999999, 9999999999)}", {"more elements than memory"});
  fails(start + "(3,)}", {"truncated", "[3]", "takes 3 bytes", "has 2"});
  fails(start + "(4611686018427387,)}", {"truncated"});
  fails(start + "(1,)}", {"too long", "has 2"});
  fails(start + "(2,)} x", {"end of the header"});
  std::string axes = "(";
  for (int i = 0; i < 70; ++i) axes += "1,";
  fails(start + axes + ")}", {"64 axes"});
  expect_error<FormatError>([] { parse_npy(bytes_of("PK\3\4 no array"), "x.npy"); }, {"byte 0", "NUMPY"});
  expect_error<FormatError>([] { parse_npy(bytes_of("\x93NUMPY\x09\x01\x01\x01")); }, {"version 9"});
  expect_error<FormatError>([] { parse_npy(bytes_of("\x93NUMPY\x02\x01\xFF\xFF\xFF\xFF")); }, {"4294967295"});
}

TEST(Npy, WritesWhatItReads) {
  const TemporaryFolder folder;
  const std::string path = folder / "array.npy";
  const std::vector<Tensor> tensors = {
      Tensor::rows({{1.5f, -2.0f, 3.0f}, {0.1f, 0.0f, -0.0f}}),
      Tensor::from(std::vector<double>{1.0 / 3, 2, 3, 4}, {2, 1, 2}),
      Tensor::from(std::vector<std::int32_t>{-7, 8}, {2}),
      Tensor::from(std::vector<std::uint8_t>{0, 255, 7}, {3}),
      Tensor::from(std::vector<double>{2.5}, {}),
      Tensor::from(std::vector<float>{}, {0, 4}),
  };
  for (const Tensor& tensor : tensors) {
    write_npy(path, tensor);
    const Tensor back = read_npy(path);
    EXPECT_EQ(back.dtype(), tensor.dtype());
    EXPECT_EQ(back.shape(), tensor.shape());
    EXPECT_EQ(back.to_vector(), tensor.to_vector());
    // The data begin at a multiple of 64 bytes, as the format asks.
    EXPECT_EQ(
        (contents(path).size() - static_cast<std::size_t>(tensor.size()) * size_of(tensor.dtype())) % 64, 0u);
  }
}

TEST(Npy, WritesTheBytesNumpyWrites) {
  const TemporaryFolder folder;
  write_npy(folder / "array.npy", Tensor::rows({{0, 1, 2}, {3, 4, 5}}));
  EXPECT_EQ(contents(folder / "array.npy"), contents(fixture("f4_little.npy")));
  write_npy(folder / "array.npy", Tensor::from(std::vector<double>{2.5}, {}));
  EXPECT_EQ(contents(folder / "array.npy"), contents(fixture("scalar.npy")));
}

TEST(Npy, SurvivesDamage) {
  for (const char* name : {"f4_little.npy", "i2_little_fortran.npy", "version3.npy"}) {
    survives_damage(read_file(fixture(name)), [](const ByteVector& bytes) { parse_npy(bytes); });
  }
}

TEST(Npz, ReadsStoredAndDeflated) {
  for (const char* name : {"stored.npz", "deflated.npz", "zip64.npz"}) {
    const auto arrays = read_npz(fixture(name));
    ASSERT_EQ(arrays.size(), 2u);
    EXPECT_EQ(arrays[0].first, "weights");
    EXPECT_EQ(arrays[0].second.to_vector(), (std::vector<double>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(arrays[1].first, "labels");
    EXPECT_EQ(arrays[1].second.shape(), Shape{200});
    EXPECT_EQ(arrays[1].second.data<std::int32_t>()[137], 7);
  }
}

TEST(Npz, SurvivesDamage) {
  for (const char* name : {"stored.npz", "deflated.npz", "zip64.npz"}) {
    survives_damage(read_file(fixture(name)), [](const ByteVector& bytes) { parse_npz(bytes); });
  }
}

/// Where the central directory of a small archive begins.
std::size_t directory_of(const ByteVector& zip) {
  std::uint32_t offset = 0;
  std::memcpy(&offset, zip.data() + zip.size() - 6, sizeof offset);
  return offset;
}

TEST(Npz, NamesTheEntryThatIsWrong) {
  const ByteVector whole = read_file(fixture("deflated.npz"));
  const std::size_t entry = directory_of(whole);
  const auto fails = [&](std::size_t at, std::initializer_list<int> patch, std::string_view part) {
    ByteVector bytes = whole;
    for (const int byte : patch) bytes[at++] = static_cast<std::uint8_t>(byte);
    expect_error<FormatError>([&] { parse_npz(bytes, "x.npz"); }, {"x.npz", part});
  };
  fails(entry, {'X'}, "entry of the zip directory");
  fails(entry + 8, {1}, "'weights.npy' is encrypted");
  fails(entry + 10, {12}, "compression method 12");
  fails(entry + 16, {1, 2, 3, 4}, "checksum");
  fails(entry + 20, {0xF0, 0xFF, 0xFF, 0xFF}, "larger than the file");
  fails(entry + 24, {0xF0, 0xFF, 0xFF, 0xFF}, "cannot hold the 4294967280 bytes");
  fails(entry + 24, {0xFF, 0xFF, 0xFF, 0xFF}, "cannot hold the 4294967295 bytes");
  fails(entry + 42, {0xFF, 0xFF, 0xFF, 0x7F}, "beyond the end");
  fails(entry + 42, {5}, "header of the entry 'weights.npy'");
  fails(entry + 46 + 8, {'x'}, "is not an .npy file");
  fails(whole.size() - 12, {0xFF, 0x00}, "cannot have 255 entries");
  fails(whole.size() - 6, {0xFF, 0xFF, 0xFF, 0x7F}, "the zip directory");
  fails(whole.size() - 6, {0xFF, 0xFF, 0xFF, 0xFF}, "zip64");
  expect_error<FormatError>([] { parse_npz({}, "x.npz"); }, {"not a zip archive"});
  expect_error<FormatError>([] { parse_npz(bytes_of("\x93NUMPY and no archive at all"), "x.npz"); },
                            {"not a zip archive"});
}

TEST(Npz, RefusesEntriesThatShareBytesOrNames) {
  // The first entry of the directory twice, as "weights" and "weightz": both unfold the same bytes.
  const ByteVector whole = read_file(fixture("stored.npz"));
  const std::size_t begin = directory_of(whole);
  std::uint16_t name_bytes = 0;
  std::memcpy(&name_bytes, whole.data() + begin + 28, sizeof name_bytes);
  const ByteVector entry(whole.begin() + static_cast<std::ptrdiff_t>(begin),
                         whole.begin() + static_cast<std::ptrdiff_t>(begin + 46 + name_bytes));
  const auto repeated = [&](int count, bool rename) {
    ByteVector bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(begin));
    for (int i = 0; i < count; ++i) {
      bytes = joined(std::move(bytes), entry);
      if (rename) bytes[bytes.size() - 5] = static_cast<std::uint8_t>('a' + i);
    }
    ByteVector end(whole.end() - 22, whole.end());
    const auto number = static_cast<std::uint16_t>(count);
    const auto size = static_cast<std::uint32_t>(entry.size() * static_cast<std::size_t>(count));
    std::memcpy(end.data() + 8, &number, 2);
    std::memcpy(end.data() + 10, &number, 2);
    std::memcpy(end.data() + 12, &size, 4);
    return joined(std::move(bytes), end);
  };
  EXPECT_EQ(parse_npz(repeated(1, true))[0].first, "weighta");
  expect_error<FormatError>([&] { parse_npz(repeated(2, false)); },
                            {"a second entry is named 'weights.npy'"});
  expect_error<FormatError>([&] { parse_npz(repeated(26, true)); }, {"larger than the file"});
}

}  // namespace
}  // namespace hebb::test
