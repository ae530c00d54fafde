#include <cstdlib>

#include "io/helpers.hpp"

namespace hebb::test {
namespace {

/// The picture of make_fixtures.py.
Image pattern(int height, int width, int channels) {
  Image image{.height = height, .width = width, .channels = channels, .bytes = {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c)
        image.bytes.push_back(static_cast<std::uint8_t>(37 * y + 11 * x + 5 * c));
    }
  }
  return image;
}

void expect_equal(const Image& image, const Image& expected) {
  EXPECT_EQ(image.height, expected.height);
  EXPECT_EQ(image.width, expected.width);
  EXPECT_EQ(image.channels, expected.channels);
  EXPECT_EQ(image.bytes, expected.bytes);
}

TEST(Png, ReadsEveryKind) {
  expect_equal(read_image(fixture("gray.png")), pattern(9, 11, 1));
  expect_equal(read_image(fixture("gray_alpha.png")), pattern(9, 11, 2));
  expect_equal(read_image(fixture("rgb.png")), pattern(9, 11, 3));
  expect_equal(read_image(fixture("rgba.png")), pattern(9, 11, 4));
  expect_equal(read_image(fixture("interlaced.png")), pattern(9, 11, 1));
  expect_equal(read_image(fixture("gray16.png")), pattern(9, 11, 1));
  Image bits = pattern(9, 11, 1);
  Image palette = with_channels(bits, 3);
  for (std::size_t i = 0; i < bits.bytes.size(); ++i) {
    const bool light = bits.bytes[i] > 127;
    bits.bytes[i] = light ? 255 : 0;
    for (std::size_t c = 0; c < 3; ++c)
      palette.bytes[3 * i + c] = static_cast<std::uint8_t>((light ? 40 : 10) + 10 * c);
  }
  expect_equal(read_image(fixture("one_bit.png")), bits);
  expect_equal(read_image(fixture("palette.png")), palette);
}

TEST(Png, WritesWhatItReads) {
  const TemporaryFolder folder;
  for (int channels = 1; channels <= 4; ++channels) {
    for (const int width : {1, 7, 64}) {
      const Image image = pattern(5, width, channels);
      write_png(folder / "image.png", image);
      expect_equal(read_image(folder / "image.png"), image);
    }
  }
  EXPECT_EQ(folder.files(), 1u);
}

TEST(Png, RefusesToWriteWhatIsNoImage) {
  expect_error<ShapeError>([] { encode_png({}); }, {"0 x 0"});
  expect_error<ShapeError>([] { encode_png({.height = 1, .width = 2, .channels = 1, .bytes = {1}}); },
                           {"1 bytes"});
  expect_error<ShapeError>(
      [] { encode_png({.height = 1, .width = 1, .channels = 5, .bytes = ByteVector(5)}); }, {"5 channels"});
  expect_error<ShapeError>([] { encode_png({.height = -1, .width = -1, .channels = 1, .bytes = {1}}); },
                           {"-1"});
}

TEST(Png, RefusesBombsAndDamage) {
  const ByteVector whole = read_file(fixture("gray.png"));
  const auto with_header = [&](std::uint32_t width, std::uint32_t height) {
    ByteVector bytes = whole;
    for (int i = 0; i < 4; ++i) {
      bytes[static_cast<std::size_t>(16 + i)] = static_cast<std::uint8_t>(width >> (24 - 8 * i));
      bytes[static_cast<std::size_t>(20 + i)] = static_cast<std::uint8_t>(height >> (24 - 8 * i));
    }
    const auto checksum = static_cast<std::uint32_t>(crc32(0, bytes.data() + 12, 17));
    for (int i = 0; i < 4; ++i)
      bytes[static_cast<std::size_t>(29 + i)] = static_cast<std::uint8_t>(checksum >> (24 - 8 * i));
    return bytes;
  };
  const auto fails = [](const ByteVector& bytes, std::initializer_list<std::string_view> parts) {
    expect_error<FormatError>([&] { parse_image(bytes, "x.png"); }, parts);
  };
  EXPECT_NO_THROW(parse_image(with_header(11, 9)));
  fails(with_header(0x7FFFFFFF, 0x7FFFFFFF), {"x.png", "malformed PNG"});
  fails(with_header(50000, 50000), {"50000 x 50000", "more than the 67108864"});
  fails(with_header(8000, 8000), {"truncated", "8000 x 8000"});
  fails(with_header(0, 5), {"malformed PNG"});
  ByteVector cut(whole.begin(), whole.end() - 20);
  fails(cut, {"byte " + std::to_string(cut.size()), "malformed PNG"});
  ByteVector damaged = whole;
  damaged[17] ^= 1;
  fails(damaged, {"malformed PNG", "CRC"});
  expect_error<FormatError>([&] { parse_image(whole, "x.png", 98); }, {"9", "98"});
  EXPECT_NO_THROW(parse_image(whole, "x.png", 99));
}

TEST(Jpeg, ReadsGrayColourAndProgressive) {
  for (const char* name : {"rgb.jpg", "progressive.jpg", "gray.jpg"}) {
    const Image image = read_image(fixture(name));
    EXPECT_EQ(image.height, 19);
    EXPECT_EQ(image.width, 21);
    ASSERT_EQ(image.channels, std::string(name) == "gray.jpg" ? 1 : 3);
    int worst = 0;
    for (int y = 0; y < 19; ++y) {
      for (int x = 0; x < 21; ++x) {
        for (int c = 0; c < image.channels; ++c) {
          // The picture of make_fixtures.py; its luma is that of the middle channel plus a hair less.
          const int expected = image.channels == 1 ? 28 + 4 * y + 3 * x : 20 + 4 * y + 3 * x + 10 * c;
          worst = std::max(
              worst,
              std::abs(expected - image.bytes[static_cast<std::size_t>((y * 21 + x) * image.channels + c)]));
        }
      }
    }
    EXPECT_LE(worst, 6) << name;
  }
}

TEST(Jpeg, RefusesWhatIsNotWhole) {
  const ByteVector whole = read_file(fixture("rgb.jpg"));
  const ByteVector cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() - 30));
  expect_error<FormatError>([&] { parse_image(cut, "x.jpg"); }, {"x.jpg: byte", "malformed JPEG"});
  const ByteVector start(whole.begin(), whole.begin() + 40);
  expect_error<FormatError>([&] { parse_image(start, "x.jpg"); }, {"malformed JPEG"});
  expect_error<FormatError>([] { read_image(fixture("cmyk.jpg")); }, {"cmyk.jpg", "color"});
  expect_error<FormatError>([&] { parse_image(whole, "x.jpg", 100); }, {"21 x 19", "100"});
}

TEST(Pnm, ReadsTextAndBinary) {
  expect_equal(parse_image(bytes_of("P2\n# a comment\n3 2\n255\n0 1 2\n3 4 255\n")),
               {.height = 2, .width = 3, .channels = 1, .bytes = {0, 1, 2, 3, 4, 255}});
  expect_equal(parse_image(bytes_of("P3 1 1 15 0 7 15")),
               {.height = 1, .width = 1, .channels = 3, .bytes = {0, 119, 255}});
  expect_equal(parse_image(bytes_of("P5 2 1 255\nab")),
               {.height = 1, .width = 2, .channels = 1, .bytes = {'a', 'b'}});
  expect_equal(parse_image(bytes_of("P6#c\n1 1 255\nabc")),
               {.height = 1, .width = 1, .channels = 3, .bytes = {'a', 'b', 'c'}});
  expect_equal(parse_image(joined(bytes_of("P5 2 1 65535 "), {0x80, 0x00, 0xFF, 0xFF})),
               {.height = 1, .width = 2, .channels = 1, .bytes = {128, 255}});
}

TEST(Pnm, RefusesBadHeadersAndSamples) {
  const auto fails = [](std::string_view text, std::initializer_list<std::string_view> parts) {
    expect_error<FormatError>([&] { parse_image(bytes_of(text), "x.pgm"); }, parts);
  };
  fails("P5", {"x.pgm: byte 2", "a space"});
  fails("P5x", {"a space"});
  fails("P5 3", {"byte 4", "the height is missing"});
  fails("P5 3 x", {"the height is not a number"});
  fails("P5 3 -1", {"the height is not a number"});
  fails("P5 0 3 255 ", {"0 x 3", "no pixels"});
  fails("P5 99999999999 3 255 ", {"the width exceeds"});
  fails("P5 100000 100000 255 ", {"more than the 67108864"});
  fails("P5 1000 1000 255 abc", {"truncated"});
  fails("P5 2 2 255\nabc", {"truncated", "take 4 bytes"});
  fails("P5 1 1 0 a", {"must not be 0"});
  fails("P5 1 1 70000 a", {"exceeds 65535"});
  fails("P5 1 1 255", {"truncated"});
  fails("P2 2 1 255\n1 300", {"a sample exceeds 255"});
  fails("P2 2 1 255\n1 x", {"a sample is not a number"});
  fails("P5 1 1 15\n\x20", {"sample 32 exceeds"});
}

TEST(Images, RefuseWhatIsNone) {
  expect_error<FormatError>([] { parse_image({}, "x"); }, {"x", "PNG, JPEG"});
  expect_error<FormatError>([] { parse_image(bytes_of("GIF89a"), "x.gif"); }, {"x.gif", "PNG, JPEG"});
  const TemporaryFolder folder;
  expect_error<FormatError>([&] { read_image(folder.path()); }, {"is a directory"});
}

TEST(Images, ChangeTheirChannels) {
  const Image rgba{.height = 1, .width = 2, .channels = 4, .bytes = {255, 0, 0, 9, 10, 20, 30, 9}};
  EXPECT_EQ(with_channels(rgba, 3).bytes, (ByteVector{255, 0, 0, 10, 20, 30}));
  EXPECT_EQ(with_channels(rgba, 1).bytes, (ByteVector{76, 18}));
  const Image gray{.height = 1, .width = 2, .channels = 2, .bytes = {5, 9, 6, 9}};
  EXPECT_EQ(with_channels(gray, 1).bytes, (ByteVector{5, 6}));
  EXPECT_EQ(with_channels(gray, 3).bytes, (ByteVector{5, 5, 5, 6, 6, 6}));
  EXPECT_EQ(with_channels({.height = 1, .width = 1, .channels = 3, .bytes = {255, 255, 255}}, 1).bytes,
            (ByteVector{255}));
  expect_error<ShapeError>([&] { with_channels(rgba, 2); }, {"1 or 3"});
  expect_error<ShapeError>([] { with_channels({.height = 2, .width = 2, .channels = 1, .bytes = {1}}, 1); },
                           {"1 bytes"});
}

TEST(Images, SurviveDamage) {
  const auto parse = [](const ByteVector& bytes) { parse_image(bytes); };
  for (const char* name : {"rgba.png", "interlaced.png", "palette.png", "gray16.png"}) {
    survives_damage(read_file(fixture(name)), parse);
  }
  // The last bytes of a JPEG may be padding, so that a file cut there can still be whole.
  for (const char* name : {"rgb.jpg", "progressive.jpg", "gray.jpg"}) {
    survives_damage(read_file(fixture(name)), parse, false);
  }
  survives_damage(bytes_of("P2 2 2 255\n1 2 3 4\n"), parse, false);
  survives_damage(bytes_of("P6 1 2 255\nabcdef"), parse);
}

/// The mean of the pixels around (y, x) of the new grid, weighed by the product of two triangles.
double weighed_mean(const Image& image, const Image& to, int y, int x, int c) {
  const auto weight = [](int from, int to_count, int i, int j) {
    const double step = static_cast<double>(from) / to_count;
    return std::max(0.0, 1 - std::abs(j + 0.5 - (i + 0.5) * step) / std::max(1.0, step));
  };
  double sum = 0, weights = 0;
  for (int v = 0; v < image.height; ++v) {
    for (int u = 0; u < image.width; ++u) {
      const double w = weight(image.height, to.height, y, v) * weight(image.width, to.width, x, u);
      sum += w * image.bytes[static_cast<std::size_t>((v * image.width + u) * image.channels + c)];
      weights += w;
    }
  }
  return sum / weights;
}

TEST(Resized, IsTheWeighedMean) {
  for (const auto& [height, width] : {std::pair(4, 5), {9, 3}, {1, 1}, {20, 23}, {9, 30}, {2, 11}}) {
    for (const int channels : {1, 3, 4}) {
      const Image image = pattern(9, 11, channels);
      const Image result = resized(image, height, width);
      ASSERT_EQ(result.bytes.size(), static_cast<std::size_t>(height * width * channels));
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          for (int c = 0; c < channels; ++c) {
            // Half for rounding to a byte, and a hair for sums in float.
            EXPECT_NEAR(result.bytes[static_cast<std::size_t>((y * width + x) * channels + c)],
                        weighed_mean(image, result, y, x, c), 0.5 + 1e-3);
          }
        }
      }
    }
  }
  expect_equal(resized(pattern(9, 11, 3), 9, 11), pattern(9, 11, 3));
}

TEST(Resized, RefusesExtentsThatAreNone) {
  EXPECT_THROW(resized(pattern(2, 2, 1), 0, 3), ShapeError);
  EXPECT_THROW(resized(pattern(2, 2, 1), 3, -1), ShapeError);
  EXPECT_THROW(resized(Image{}, 3, 3), ShapeError);
  Image lies = pattern(2, 2, 1);
  lies.bytes.pop_back();
  EXPECT_THROW(resized(lies, 3, 3), ShapeError);
}

}  // namespace
}  // namespace hebb::test
