// Patterns from images, data sets, text, tables and arrays.
#include "hebb/pattern_files.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "hebb/io.hpp"
#include "helpers.hpp"

namespace hebb::memory {
namespace {

using test::expect_error;
using test::TemporaryFolder;

std::string drawn(const PatternSet& set, std::int64_t index) {
  std::string text;
  for (std::int64_t i = 0; i < set.units; ++i) text += set.up(index, i) ? '#' : '.';
  return text;
}

std::string image_file(const TemporaryFolder& folder, const std::string& name, int height, int width,
                       std::vector<std::uint8_t> bytes) {
  write_png(folder.path(name),
            {height, width, static_cast<int>(bytes.size()) / (height * width), std::move(bytes)});
  return folder.path(name);
}

TEST(PatternFiles, ReadImages) {
  const TemporaryFolder folder;
  const std::vector<std::string> paths = {
      image_file(folder, "a.png", 2, 3, {0, 127, 128, 255, 10, 200}),
      // Colours become gray: red 76, green 150, blue 29.
      image_file(folder, "b b.png", 2, 3,
                 {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 128, 128, 128}),
  };
  const PatternSet set = patterns_from_images(paths);
  EXPECT_EQ(set.units, 6);
  EXPECT_EQ(set.labels, (std::vector<std::string>{"a", "b b"}));
  EXPECT_EQ(drawn(set, 0), "..##.#");
  EXPECT_EQ(drawn(set, 1), ".#.#.#");
  EXPECT_EQ(set.look, (Look{.kind = Look::Kind::image, .height = 2, .width = 3}));
  EXPECT_EQ(drawn(patterns_from_images(paths, {.threshold = 11, .invert = true}), 0), "#...#.");
  EXPECT_EQ(set.values(0, Units::plus_minus_one), (std::vector<float>{-1, -1, 1, 1, -1, 1}));
  EXPECT_EQ(set.values(0, Units::zero_one), (std::vector<float>{0, 0, 1, 1, 0, 1}));

  const std::vector<std::string> sizes = {paths[0], image_file(folder, "c.png", 1, 3, {0, 0, 255})};
  expect_error<DataError>([&] { patterns_from_images(sizes); }, {"1 x 3 pixels, where 2 x 3 are expected"});
  const PatternSet resized = patterns_from_images(sizes, {.image_size = "4x6"});
  EXPECT_EQ(resized.units, 24);
  EXPECT_TRUE(resized.look.resizes);
  EXPECT_EQ(drawn(resized, 1).substr(0, 6), drawn(resized, 1).substr(18));
  expect_error<ConfigError>([&] { patterns_from_images(sizes, {.image_size = "4y6"}); }, {"height x width"});
  expect_error<ConfigError>([&] { patterns_from_images({}); }, {"no image"});
  expect_error<ConfigError>([&] { patterns_from_images(paths, {.threshold = std::nan("")}); }, {"finite"});
  const std::vector<std::string> broken = {folder.path("none.png")};
  expect_error<FormatError>([&] { patterns_from_images(broken); }, {"none.png"});
}

TEST(PatternFiles, ReadDataSets) {
  const DataSplits strokes = load_dataset("strokes", {.count = 30});
  const std::vector<std::int64_t> samples = {3, 17, 4};
  const PatternSet set = patterns_from_dataset(strokes, samples);
  EXPECT_EQ(set.units, 784);
  EXPECT_EQ(set.labels, (std::vector<std::string>{"3", "7", "4"}));
  EXPECT_EQ(set.look.height, 28);
  std::vector<float> raw(784);
  strokes.train->fill({&samples[1], 1}, raw.data(), {});
  for (std::int64_t i = 0; i < 784; ++i) EXPECT_EQ(set.up(1, i), raw[static_cast<std::size_t>(i)] >= 128);
  const std::vector<std::int64_t> beyond = {30};
  expect_error<DataError>([&] { patterns_from_dataset(strokes, beyond); }, {"no sample 30; it has 30"});
  const std::vector<std::int64_t> first = {0};
  expect_error<ConfigError>([&] { patterns_from_dataset(load_dataset("iris"), first); }, {"no images"});
}

TEST(PatternFiles, ReadText) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path("t.txt"), "hebb\r\n\n  \nHopfield\nok");
  const PatternSet set = patterns_from_text(folder.path("t.txt"));
  EXPECT_EQ(set.units, 64);
  EXPECT_EQ(set.labels, (std::vector<std::string>{"hebb", "Hopfield", "ok"}));
  EXPECT_EQ(drawn(set, 0).substr(0, 8), "...#.##.");  // 'h' is 0x68, least bit first
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_EQ(text_of_state(set.values(i, Units::zero_one)), set.labels[static_cast<std::size_t>(i)]);
  EXPECT_EQ(text_of_state(pattern_from_line("a\tb", 40).values(0, Units::plus_minus_one)), "a?b");
  expect_error<DataError>([&] { patterns_from_text(folder.path("t.txt"), 56); }, {"'Hopfield' has 8 bytes"});
  expect_error<DataError>([&] { pattern_from_line(" "); }, {"empty"});
  write_file_atomically(folder.path("e.txt"), " \n\n");
  expect_error<DataError>([&] { patterns_from_text(folder.path("e.txt")); }, {"no line"});
}

TEST(PatternFiles, ReadTablesAndArrays) {
  const TemporaryFolder folder;
  const auto csv = [&](const std::string& text, const PatternOptions& options = {}) {
    write_file_atomically(folder.path("p.csv"), text);
    return patterns_from_csv(folder.path("p.csv"), options);
  };
  const PatternSet set = csv("name,a,b,c\nx,1,-1,1\ny,-1,-1,1\n");
  EXPECT_EQ(set.labels, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(drawn(set, 0) + drawn(set, 1), "#.#..#");
  EXPECT_EQ(drawn(csv("0,1\n1,1\n"), 0), ".#");
  EXPECT_EQ(csv("0,1\n1,1\n").labels[1], "row 2");
  EXPECT_EQ(drawn(csv("0.2,5\n", {.threshold = 0.2}), 0), "##");
  expect_error<DataError>([&] { csv("1,0\n1,2\n"); }, {"p.csv: line 2, column 2"});
  expect_error<DataError>([&] { csv("1,0\n1,2\n"); }, {"2; expected 1 and 0"});
  expect_error<DataError>([&] { csv("1,0\n1,\n"); }, {"missing"});
  expect_error<DataError>([&] { csv("a,b\nx,y\nz,w\n"); }, {"text"});
  expect_error<DataError>([&] { csv("a,b\n1,0\n1,0\nx,1\n"); }, {"is no number"});

  write_npy(folder.path("p.npy"), Tensor::from(std::vector<float>{1, -1, -1, 1, 1, 1}, Shape{2, 3}));
  const PatternSet array = patterns_from_npy(folder.path("p.npy"));
  EXPECT_EQ(drawn(array, 0) + drawn(array, 1), "#..###");
  EXPECT_EQ(array.labels[1], "row 1");
  write_npy(folder.path("p.npy"), Tensor::from({0.5F, 1, 0}));
  expect_error<DataError>([&] { patterns_from_npy(folder.path("p.npy")); }, {"row 0, value 0: 0.5"});
  EXPECT_EQ(drawn(patterns_from_npy(folder.path("p.npy"), {.threshold = 0.5}), 0), "##.");
  write_npy(folder.path("p.npy"), Tensor::from({std::nanf(""), 1, 0}));
  expect_error<DataError>([&] { patterns_from_npy(folder.path("p.npy"), {.threshold = 0.5}); }, {"nan"});
  write_npy(folder.path("p.npy"), Tensor::from(std::vector<float>(8), Shape{2, 2, 2}));
  expect_error<DataError>([&] { patterns_from_npy(folder.path("p.npy")); }, {"[patterns, units]"});
}

TEST(PatternFiles, DrawRandomPatterns) {
  const PatternSet set = random_patterns(50, 1000, 3);
  EXPECT_EQ(set.size(), 50);
  EXPECT_EQ(random_patterns(50, 1000, 3).bits, set.bits);
  EXPECT_NE(random_patterns(50, 1000, 4).bits, set.bits);
  std::int64_t up = 0;
  std::set<std::string> different;
  for (std::int64_t p = 0; p < 50; ++p) {
    for (std::int64_t i = 0; i < 1000; ++i) up += set.up(p, i);
    different.insert(drawn(set, p));
  }
  EXPECT_NEAR(static_cast<double>(up), 25000, 4 * 0.5 * std::sqrt(50000));
  EXPECT_EQ(different.size(), 50U);
  expect_error<ConfigError>([] { random_patterns(0, 5); }, {"got 0 of 5"});
  expect_error<ConfigError>([] { random_patterns(5, -5); }, {"got 5 of -5"});
}

TEST(PatternFiles, ReadCuesAsTheirPatterns) {
  const TemporaryFolder folder;
  const std::string image = image_file(folder, "a.png", 2, 3, {0, 90, 110, 255, 10, 200});
  const Look look = {.kind = Look::Kind::image, .height = 2, .width = 3, .threshold = 100, .inverted = true};
  EXPECT_EQ(drawn(read_cues(image, look, 6), 0), "##..#.");
  const std::string large = image_file(folder, "b.png", 4, 6, std::vector<std::uint8_t>(24, 200));
  expect_error<DataError>([&] { read_cues(large, look, 6); }, {"4 x 6 pixels, where 2 x 3"});
  Look resizing = look;
  resizing.resizes = true;
  EXPECT_EQ(drawn(read_cues(large, resizing, 6), 0), "......");
  // States as they are written, whatever the patterns were.
  write_npy(folder.path("s.npy"), Tensor::from({1, -1, -1, 1, 1, 1}));
  EXPECT_EQ(drawn(read_cues(folder.path("s.npy"), look, 6), 0), "#..###");
  expect_error<DataError>([&] { read_cues(folder.path("s.npy"), look, 5); }, {"6 units; the store has 5"});
  expect_error<DataError>([&] { read_cues(image, Look{}, 6); }, {"is an image"});
  expect_error<DataError>([&] { read_cues(folder.path("s.txt"), look, 6); }, {"expected an image"});
  write_file_atomically(folder.path("s.txt"), "hab\n");
  EXPECT_EQ(read_cues(folder.path("s.txt"), {.kind = Look::Kind::text}, 32).labels[0], "hab");
}

}  // namespace
}  // namespace hebb::memory
