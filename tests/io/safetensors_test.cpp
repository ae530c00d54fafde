#include <cstdio>

#include "io/helpers.hpp"

namespace hebb::test {
namespace {

ByteVector safetensors(const std::string& header, std::size_t data_bytes, std::uint64_t length = 0) {
  ByteVector bytes(8);
  if (length == 0) length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  bytes = joined(std::move(bytes), bytes_of(header));
  for (std::size_t i = 0; i < data_bytes; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return bytes;
}

/// A header of the given entries.
std::string header_of(std::initializer_list<std::string> entries) {
  std::string header;
  for (const std::string& entry : entries) header.append(header.empty() ? "{" : ",").append(entry);
  return header.append("}");
}

void expect_refused(const ByteVector& bytes, std::initializer_list<std::string_view> parts) {
  expect_error<FormatError>([&] { parse_safetensors(bytes, "x.safetensors"); }, parts);
}

/// A tensor of bytes that takes those from `begin` to `end`.
std::string u8(const char* name, int begin, int end) {
  char text[100];
  std::snprintf(text, sizeof text, R"("%s":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]})", name,
                end - begin, begin, end);
  return text;
}

TEST(Safetensors, ReadsWhatThePythonPackageWrites) {
  const SafetensorsFile file = read_safetensors(fixture("python.safetensors"));
  EXPECT_EQ(file.tensors.size(), 6u);
  EXPECT_EQ(file.metadata,
            (std::map<std::string, std::string>{{"format_version", "1"}, {"classes", "α, β"}}));
  const auto expect = [&](const char* name, DType type, const Shape& shape,
                          const std::vector<double>& values) {
    ASSERT_NE(file.find(name), nullptr) << name;
    const Tensor& tensor = *file.find(name);
    EXPECT_EQ(tensor.dtype(), type) << name;
    EXPECT_EQ(tensor.shape(), shape) << name;
    EXPECT_EQ(tensor.to_vector(), values) << name;
  };
  expect("dense.weight", DType::f32, {2, 3}, {0, 1, 2, 3, 4, 5});
  expect("dense.bias", DType::f64, {3}, {0, 1, 2});
  expect("labels", DType::i32, {4}, {0, 1, 2, 3});
  expect("bytes", DType::u8, {5}, {0, 1, 2, 3, 4});
  expect("scalar", DType::f32, {}, {2.5});
  expect("nothing", DType::f32, {0, 7}, {});
  EXPECT_EQ(file.find("absent"), nullptr);
  const SafetensorsFile same = parse_safetensors(read_file(fixture("python.safetensors")));
  EXPECT_EQ(same.tensors.size(), 6u);
}

TEST(Safetensors, WritesWhatItReadsInTheOrderGiven) {
  const TemporaryFolder folder;
  SafetensorsFile file;
  file.metadata = {{"model", "dense(4, act=sigmoid) \"quoted\"\n"}, {"", "empty key"}};
  file.tensors = {
      {"z bytes", Tensor::from(std::vector<std::uint8_t>{1, 2, 3}, {3})},
      {"none", Tensor::from(std::vector<float>{}, {0})},
      {"none either", Tensor::from(std::vector<double>{}, {2, 0})},
      {"a \"ü\\\t", Tensor::from(std::vector<double>{1.0 / 3, -2}, {1, 2})},
      {"", Tensor::from({1.5f, 2.5f})},
      {"integers", Tensor::from(std::vector<std::int32_t>{-5}, {})},
  };
  write_safetensors(folder / "file", file);
  const SafetensorsFile back = read_safetensors(folder / "file");
  EXPECT_EQ(back.metadata, file.metadata);
  ASSERT_EQ(back.tensors.size(), file.tensors.size());
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    EXPECT_EQ(back.tensors[i].first, file.tensors[i].first);
    EXPECT_EQ(back.tensors[i].second.dtype(), file.tensors[i].second.dtype());
    EXPECT_EQ(back.tensors[i].second.shape(), file.tensors[i].second.shape());
    EXPECT_EQ(back.tensors[i].second.to_vector(), file.tensors[i].second.to_vector());
  }
  write_safetensors(folder / "file", {});
  EXPECT_TRUE(read_safetensors(folder / "file").tensors.empty());
}

TEST(Safetensors, AlignsTheData) {
  const TemporaryFolder folder;
  write_safetensors(folder / "file",
                    {.tensors = {{"b", Tensor::from(std::vector<std::uint8_t>{1, 2, 3}, {3})},
                                 {"d", Tensor::from(std::vector<double>{7}, {1})}},
                     .metadata = {}});
  const std::string text = contents(folder / "file");
  std::uint64_t length = 0;
  std::memcpy(&length, text.data(), 8);
  EXPECT_EQ(length % 8, 0u);
  double first = 0;
  std::memcpy(&first, text.data() + 8 + length, 8);
  EXPECT_EQ(first, 7);
}

TEST(Safetensors, RefusesToWriteWhatCannotBeReadBack) {
  const TemporaryFolder folder;
  put(folder / "file", "old");
  const Tensor one = Tensor::from({1.0f});
  const auto fails = [&](const SafetensorsFile& file, std::string_view part) {
    expect_error<FormatError>([&] { write_safetensors(folder / "file", file); }, {"file", part});
  };
  fails({.tensors = {{"a", one}, {"a", one}}, .metadata = {}}, "'a' is used twice");
  fails({.tensors = {{"__metadata__", one}}, .metadata = {}}, "reserved");
  fails({.tensors = {{"\xFF\xFE", one}}, .metadata = {}}, "JSON");
  fails({.tensors = {}, .metadata = {{"k", "\xC3"}}}, "JSON");
  EXPECT_EQ(contents(folder / "file"), "old");
  EXPECT_EQ(folder.files(), 1u);
  expect_error<FormatError>([&] { write_safetensors(folder / "none/file", {}); }, {"No such file"});
}

TEST(Safetensors, RefusesALengthThatCannotBe) {
  expect_refused({}, {"x.safetensors", "byte 0", "truncated"});
  expect_refused({1, 2, 3}, {"byte 3", "truncated"});
  expect_refused(safetensors("{}", 0, std::uint64_t{1} << 63), {"byte 0", "9223372036854775808"});
  expect_refused(safetensors("{}", 0, ~std::uint64_t{0}), {"18446744073709551615"});
  expect_refused(safetensors("{}", 0, 3), {"header length is 3", "2 bytes follow"});
  expect_refused(ByteVector(8), {"does not begin with '{'"});
  const TemporaryFolder folder;
  ByteVector large = safetensors("{}", 0, 100'000'001);
  put(folder / "large", large);
  if (truncate((folder / "large").c_str(), off_t{1} << 30) != 0)
    GTEST_SKIP() << "SKIPPED: no sparse files here";
  expect_error<FormatError>([&] { read_safetensors(folder / "large"); }, {"100000001", "at most 100000000"});
}

TEST(Safetensors, RefusesAHeaderThatIsNotOne) {
  expect_refused(safetensors("nothing", 0), {"byte 8", "does not begin with '{'"});
  expect_refused(safetensors("{\"a\":", 0), {"malformed header"});
  expect_refused(safetensors("{} x", 0), {"malformed header"});
  expect_refused(safetensors("{\"\xFF\":{}}", 0), {"malformed header"});
  expect_refused(safetensors("{\"a\":3}", 0), {"'a' cannot be a number"});
  expect_refused(safetensors("{\"a\":[]}", 0), {"'a' cannot be a list"});
  expect_refused(safetensors("{\"a\":{}}", 0), {"tensor 'a' must have dtype"});
  expect_refused(safetensors(R"({"a":{"colour":1}})", 0), {"unknown key 'colour'"});
  expect_refused(safetensors(R"({"a":{"dtype":null}})", 0), {"'dtype' of tensor 'a'", "null"});
  expect_refused(safetensors(R"({"a":{"dtype":"U8","dtype":"U8"}})", 0), {"'dtype' occurs twice"});
  expect_refused(safetensors(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1), {"negative"});
  expect_refused(safetensors(R"({"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}})", 1),
                 {"a fraction"});
  expect_refused(
      safetensors(R"({"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,1]}})", 1),
      {"2^63"});
  expect_refused(safetensors(R"({"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})", 1), {"a list"});
  expect_refused(safetensors(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})", 1),
                 {"two numbers"});
  expect_refused(safetensors(R"({"__metadata__":{"k":1}})", 0), {"'k' cannot be a number"});
  expect_refused(safetensors(R"({"__metadata__":{"k":"1","k":"2"}})", 0), {"'k' occurs twice"});
  expect_refused(safetensors(header_of({u8("a", 0, 1), u8("a", 1, 2)}), 2), {"'a' occurs twice"});
  expect_refused(safetensors(std::string("{").append(100'000, '['), 0), {"malformed header"});
  expect_refused(safetensors(std::string("{\"a\":").append(100'000, '['), 0), {"a list"});
}

TEST(Safetensors, RefusesALayoutThatDoesNotFit) {
  EXPECT_EQ(parse_safetensors(safetensors(header_of({u8("b", 2, 4), u8("a", 0, 2)}), 4)).tensors[0].first,
            "b");
  expect_refused(safetensors(header_of({u8("a", 0, 2), u8("b", 1, 3)}), 3),
                 {"'b'", "[1, 3]", "overlap", "byte 2"});
  expect_refused(safetensors(header_of({u8("a", 0, 2), u8("b", 3, 4)}), 4), {"'b'", "gap", "byte 2"});
  expect_refused(safetensors(header_of({u8("a", 0, 2)}), 1), {"'a'", "exceed the 1 bytes"});
  expect_refused(safetensors(header_of({u8("a", 0, 2)}), 3), {"end at byte 2", "3 bytes"});
  expect_refused(safetensors("{}", 1), {"end at byte 0", "1 bytes"});
  expect_refused(safetensors(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}})", 2),
                 {"end before they begin"});
  expect_refused(safetensors(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4),
                 {"'a'", "F32", "[2]", "takes 8 bytes", "span 4"});
  expect_refused(
      safetensors(R"({"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", 4),
      {"more elements than memory"});
  expect_refused(
      safetensors(
          R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807]}})", 1),
      {"exceed"});
}

TEST(Safetensors, NamesTheTypeItDoesNotRead) {
  expect_error<FormatError>([] { read_safetensors(fixture("half.safetensors")); },
                            {"'half'", "'F16'", "F32, F64"});
  expect_refused(safetensors(R"({"w":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}})", 2),
                 {"'w'", "'BF16'"});
}

TEST(Safetensors, SurvivesDamage) {
  survives_damage(read_file(fixture("python.safetensors")),
                  [](const ByteVector& bytes) { parse_safetensors(bytes); });
}

}  // namespace
}  // namespace hebb::test
