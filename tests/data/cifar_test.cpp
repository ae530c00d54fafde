#include <fmt/format.h>

#include "helpers.hpp"

namespace hebb {
namespace {

using test::expect_error;
using test::inputs_of;
using test::TemporaryFolder;

/// A record whose image has red x, green y and blue 100 + x at pixel (x, y).
std::string record(const std::string& labels) {
  std::string text = labels;
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 32; ++x) text += static_cast<char>(x);
  }
  for (int y = 0; y < 32; ++y) text += std::string(32, static_cast<char>(y));
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 32; ++x) text += static_cast<char>(100 + x);
  }
  return text;
}

std::string byte(int value) { return {static_cast<char>(value)}; }

/// Two records a training file and three of testing.
void write_cifar10(const TemporaryFolder& folder, const std::string& name = "cifar10") {
  for (int i = 1; i <= 5; ++i)
    folder.write(fmt::format("{}/data_batch_{}.bin", name, i), record(byte(i)) + record(byte(i + 4)));
  folder.write(name + "/test_batch.bin", record(byte(9)) + record(byte(0)) + record(byte(3)));
}

TEST(Cifar, TurnsPlanesIntoPixels) {
  for (const char* name : {"cifar10", "cifar-10-batches-bin"}) {
    const TemporaryFolder folder;
    write_cifar10(folder, name);
    const DataSplits data = load_dataset("cifar10", {.directories = {"/nowhere", folder.path()}});
    EXPECT_EQ(data.train->size(), 10);
    EXPECT_EQ(data.test->size(), 3);
    EXPECT_EQ(data.train->input_shape(), Shape({32, 32, 3}));
    EXPECT_EQ(data.train->outputs(), 10);
    EXPECT_EQ(all_labels(*data.train), (std::vector<std::int32_t>{1, 5, 2, 6, 3, 7, 4, 8, 5, 9}));
    EXPECT_EQ(all_labels(*data.test), (std::vector<std::int32_t>{9, 0, 3}));
    const std::vector<float> image = inputs_of(*data.train, {7});
    for (std::size_t y = 0; y < 32; ++y) {
      for (std::size_t x = 0; x < 32; ++x) {
        const float* pixel = image.data() + (y * 32 + x) * 3;
        ASSERT_EQ(pixel[0], static_cast<float>(x));
        ASSERT_EQ(pixel[1], static_cast<float>(y));
        ASSERT_EQ(pixel[2], static_cast<float>(100 + x));
      }
    }
    // As a path, too.
    EXPECT_EQ(load_dataset(folder.path(name)).train->size(), 10);
    EXPECT_EQ(data.spec.class_names.at(3), "3");
    folder.write(std::string(name) + "/batches.meta.txt", "a\nb\nc\nd\r\ne\nf\ng\nh\ni\nj\n\n");
    EXPECT_EQ(load_dataset(folder.path(name)).spec.class_names.at(3), "d");
  }
}

TEST(Cifar, HasFineAndCoarseLabels) {
  const TemporaryFolder folder;
  folder.write("cifar-100-binary/train.bin", record(byte(19) + byte(99)) + record(byte(2) + byte(0)));
  folder.write("cifar-100-binary/test.bin", record(byte(7) + byte(50)));
  const DataOptions options = {.directories = {folder.path()}};
  const DataSplits fine = load_dataset("cifar100", options);
  EXPECT_EQ(all_labels(*fine.train), (std::vector<std::int32_t>{99, 0}));
  EXPECT_EQ(fine.train->outputs(), 100);
  EXPECT_EQ(inputs_of(*fine.test, {0})[2], 100);
  const DataSplits coarse = load_dataset("cifar100-coarse", options);
  EXPECT_EQ(all_labels(*coarse.train), (std::vector<std::int32_t>{19, 2}));
  EXPECT_EQ(all_labels(*coarse.test), std::vector<std::int32_t>{7});
  EXPECT_EQ(coarse.train->outputs(), 20);
  EXPECT_EQ(load_dataset(folder.path("cifar-100-binary")).name, "cifar100");
  for (const DatasetInfo& info : known_datasets({folder.path()})) {
    const bool here = info.name.starts_with("cifar100");
    EXPECT_EQ(info.directory, here ? folder.path("cifar-100-binary") : std::string()) << info.name;
  }
}

TEST(Cifar, SaysWhatIsWrongWithItsFiles) {
  const TemporaryFolder folder;
  const DataOptions options = {.directories = {folder.path()}};
  expect_error<FormatError>([&] { load_dataset("cifar10", options); },
                            {folder.path("cifar10"), "cifar-10-batches-bin", "hebb fetch cifar10"});
  expect_error<FormatError>([] { load_dataset("cifar100-coarse"); }, {"`hebb fetch cifar100`"});
  write_cifar10(folder);
  std::filesystem::remove(folder.path("cifar10/data_batch_3.bin"));
  expect_error<FormatError>([&] { load_dataset("cifar10", options); }, {"which lacks data_batch_3.bin"});
  for (const std::size_t length : {0U, 1U, 3072U, 3074U, 6000U}) {
    folder.write("cifar10/data_batch_3.bin", (record(byte(1)) + record(byte(1))).substr(0, length));
    expect_error<FormatError>([&] { load_dataset("cifar10", options); },
                              {"data_batch_3.bin", std::to_string(length) + " bytes", "3073"});
  }
  folder.write("cifar10/data_batch_3.bin", record(byte(1)) + record(byte(10)));
  expect_error<DataError>([&] { load_dataset("cifar10", options); },
                          {"data_batch_3.bin", "record 1", "label 10", "0 to 9"});
  folder.write("cifar10/data_batch_3.bin", record(byte(1)));
  folder.write("cifar10/batches.meta.txt", "a\nb\n");
  expect_error<FormatError>([&] { load_dataset("cifar10", options); }, {"batches.meta.txt", "2 names", "10"});
  folder.write("cifar10/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\n\xff");
  expect_error<FormatError>([&] { load_dataset("cifar10", options); }, {"batches.meta.txt", "UTF-8"});
  expect_error<ConfigError>([&] { load_dataset("cifar11", options); }, {"cifar10"});
}

}  // namespace
}  // namespace hebb
