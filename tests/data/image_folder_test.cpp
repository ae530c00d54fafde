#include <fmt/format.h>

#include "hebb/io.hpp"
#include "hebb/threads.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using test::expect_error;
using test::inputs_of;
using test::TemporaryFolder;

/// A binary PGM or PPM of one value.
std::string plain(int height, int width, int value, int channels = 1) {
  return fmt::format("P{}\n{} {}\n255\n", channels == 1 ? 5 : 6, width, height) +
         std::string(static_cast<std::size_t>(height * width * channels), static_cast<char>(value));
}

/// Training images of two classes, a test image of one.
void write_pets(const TemporaryFolder& folder) {
  folder.write("train/dog/b.pgm", plain(2, 3, 20));
  folder.write("train/cat/2.PGM", plain(2, 3, 12));
  folder.write("train/cat/deep/1.pgm", plain(2, 3, 13));
  folder.write("train/cat/1.pgm", plain(2, 3, 11));
  folder.write("test/dog/z.pgm", plain(2, 3, 30));
  // What is no image, or hidden, does not count.
  folder.write("train/cat/readme.txt", "hello");
  folder.write("train/cat/.hidden.pgm", "nothing");
  folder.write("train/.git/x.pgm", "nothing");
}

TEST(ImageFolder, TakesClassesFromFolders) {
  const TemporaryFolder folder;
  write_pets(folder);
  const DataSplits pets = load_dataset(folder.path());
  EXPECT_EQ(pets.spec.class_names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(pets.train->input_shape(), Shape({2, 3, 1}));
  EXPECT_EQ(all_labels(*pets.train), (std::vector<std::int32_t>{0, 0, 0, 1}));
  EXPECT_EQ(inputs_of(*pets.train, {0, 1, 2, 3}),
            (std::vector<float>{11, 11, 11, 11, 11, 11, 12, 12, 12, 12, 12, 12,
                                13, 13, 13, 13, 13, 13, 20, 20, 20, 20, 20, 20}));
  ASSERT_NE(pets.test, nullptr);
  EXPECT_EQ(all_labels(*pets.test), std::vector<std::int32_t>{1});
  EXPECT_FALSE(pets.spec.resizes);
  // The classes themselves, without a test split.
  const DataSplits alone = load_dataset(folder.path("train"));
  EXPECT_EQ(alone.train->size(), 4);
  EXPECT_EQ(alone.test, nullptr);
}

TEST(ImageFolder, MayHaveAClassCalledTrain) {
  const TemporaryFolder folder;
  folder.write("train/1.pgm", plain(2, 2, 1));
  folder.write("bus/1.pgm", plain(2, 2, 2));
  EXPECT_EQ(load_dataset(folder.path()).spec.class_names, (std::vector<std::string>{"bus", "train"}));
}

TEST(ImageFolder, ResizesAndMakesChannelsAlike) {
  const TemporaryFolder folder;
  folder.write("a/1.pgm", plain(8, 8, 10));
  folder.write("b/1.ppm", plain(3, 5, 200, 3));
  expect_error<DataError>([&] { load_dataset(folder.path()); },
                          {"b/1.ppm", "3 x 5", "8 x 8", "--image-size", "image_size"});
  const DataSplits data = load_dataset(folder.path(), {.image_size = "4x6"});
  EXPECT_EQ(data.train->input_shape(), Shape({4, 6, 3}));
  EXPECT_TRUE(data.spec.resizes);
  EXPECT_EQ(inputs_of(*data.train, {0}), std::vector<float>(72, 10));
  EXPECT_EQ(inputs_of(*data.train, {1}), std::vector<float>(72, 200));
  EXPECT_EQ(load_dataset(folder.path(), {.image_size = "4", .channels = 1}).train->input_shape(),
            Shape({4, 4, 1}));
  const InputSpec read = input_spec_from_json(to_json(data.spec));
  EXPECT_EQ(read, data.spec);
}

TEST(ImageFolder, DoesNotDependOnThreads) {
  const TemporaryFolder folder;
  for (int i = 0; i < 20; ++i)
    folder.write(fmt::format("{}/{:02}.pgm", i % 2 == 0 ? "a" : "b", i), plain(2 + i, 3 + i, 10 * i));
  const int before = threads();
  set_threads(1);
  const std::vector<float> one = inputs_of(*load_dataset(folder.path(), {.image_size = "5"}).train);
  set_threads(4);
  EXPECT_EQ(inputs_of(*load_dataset(folder.path(), {.image_size = "5"}).train), one);
  set_threads(before);
}

TEST(ImageFolder, ListsCorruptFilesAndSkipsThemWhenAsked) {
  const TemporaryFolder folder;
  write_pets(folder);
  folder.write("train/cat/0.png", "\x89PNG\r\n\x1a\n broken");
  folder.write("train/dog/c.jpg", "");
  folder.write("train/dog/huge.pgm", "P5\n1000000 1000000\n255\n");
  folder.write("test/dog/short.pgm", plain(2, 3, 1).substr(0, 12));
  expect_error<DataError>(
      [&] { load_dataset(folder.path()); },
      {"3 of 7 images", "train/cat/0.png", "train/dog/c.jpg", "train/dog/huge.pgm", "--skip-bad"});
  const DataSplits pets = load_dataset(folder.path(), {.skip_bad = true});
  EXPECT_EQ(all_labels(*pets.train), (std::vector<std::int32_t>{0, 0, 0, 1}));
  EXPECT_EQ(inputs_of(*pets.train, {3})[0], 20);
  EXPECT_EQ(pets.test->size(), 1);
  ASSERT_EQ(pets.skipped.size(), 4U);
  EXPECT_NE(pets.skipped[0].find("cat/0.png"), std::string::npos);
  EXPECT_NE(pets.skipped[3].find("short.pgm"), std::string::npos);
  // Nothing left.
  folder.write("test/dog/z.pgm", "");
  expect_error<DataError>([&] { load_dataset(folder.path(), {.skip_bad = true}); }, {"2 of 2", "short.pgm"});
}

TEST(ImageFolder, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  folder.write("notes.txt", "");
  expect_error<DataError>([&] { load_dataset(folder.path()); }, {"IDX", "CIFAR", "folder of images"});
  folder.write("cat/1.pgm", plain(2, 2, 1));
  expect_error<DataError>([&] { load_dataset(folder.path()); }, {"1 folder", "2 classes"});
  folder.write("dog/readme.txt", "");
  expect_error<DataError>([&] { load_dataset(folder.path()); }, {"dog", "no image"});
  folder.write("dog/1.pgm", plain(2, 2, 1));
  for (const char* size : {"0", "-3", "4x", "x4", "4x5x6", "big", "99999", "3 x 4", "9999999999999"}) {
    expect_error<ConfigError>([&] { load_dataset(folder.path(), {.image_size = size}); },
                              {"image_size", size});
  }
  expect_error<ConfigError>([&] { load_dataset(folder.path(), {.channels = 2}); }, {"channels", "2"});
  for (int i = 2; i < 400; ++i) folder.write(fmt::format("dog/{}.pgm", i), plain(1, 1, 1));
  std::filesystem::create_directories(folder.path("train"));
  std::filesystem::rename(folder.path("cat"), folder.path("train/cat"));
  std::filesystem::rename(folder.path("dog"), folder.path("train/dog"));
  folder.write("test/bird/1.pgm", plain(2, 2, 1));
  expect_error<DataError>([&] { load_dataset(folder.path()); }, {"test/bird", "no such class"});
}

TEST(DataOptions, AreRefusedWhereTheyDoNothing) {
  const TemporaryFolder folder;
  folder.write("cat/1.pgm", plain(2, 2, 1));
  folder.write("dog/1.pgm", plain(2, 2, 1));
  const std::string table = folder.write("t.csv", "a,b\n1,2.5\n2,3.5\n");
  const std::vector<std::tuple<std::string, DataOptions, std::string>> cases = {
      {"mnist", {.noise = 0.1}, "noise"},
      {"cifar10", {.count = 5}, "count"},
      {"iris", {.test_count = 5}, "test_count"},
      {"iris", {.seed = 5}, "data_seed"},
      {"moons", {.classes = 5}, "classes"},
      {"moons", {.target = "x"}, "target"},
      {"cifar100", {.task = Task::regression}, "task"},
      {"strokes", {.missing = Missing::drop}, "missing"},
      {folder.path(), {.ignore = {"a"}}, "ignore"},
      {folder.path(), {.header = false}, "header"},
      {table, {.labels_path = "x"}, "labels"},
      {table, {.image_size = "3"}, "image_size"},
      {"xor", {.channels = 1}, "channels"},
      {table, {.skip_bad = true}, "skip_bad"}};
  for (const auto& [name, options, key] : cases)
    expect_error<ConfigError>([&, &n = name, &o = options] { load_dataset(n, o); },
                              {key + ": ", name, "no use"});
}

}  // namespace
}  // namespace hebb
