#include <chrono>
#include <cmath>

#include "hebb/io.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using test::expect_error;
using test::idx;
using test::inputs_of;
using test::TemporaryFolder;

/// Four small files by the names of MNIST: 3 training and 2 test images of 2 x 2.
void write_small(const TemporaryFolder& folder, const std::string& name = "mnist") {
  folder.write(name + "/train-images-idx3-ubyte",
               idx({3, 2, 2}, std::string("\0\1\2\3\4\5\6\7\10\11\12\13", 12)));
  folder.write(name + "/train-labels-idx1-ubyte", idx({3}, std::string("\7\0\1", 3)));
  folder.write(name + "/t10k-images.idx3-ubyte", idx({2, 2, 2}, "abcdefgh"));
  folder.write(name + "/t10k-labels.idx1-ubyte", idx({2}, std::string("\1\7", 2)));
}

TEST(IdxDataset, IsFoundInTheFirstFolderThatHasIt) {
  const TemporaryFolder empty;
  const TemporaryFolder folder;
  write_small(folder);
  const DataSplits mnist = load_dataset("mnist", {.directories = {empty.path(), folder.path()}});
  EXPECT_EQ(mnist.train->size(), 3);
  EXPECT_EQ(mnist.train->input_shape(), Shape({2, 2, 1}));
  EXPECT_EQ(mnist.train->outputs(), 10);
  EXPECT_EQ(all_labels(*mnist.train), (std::vector<std::int32_t>{7, 0, 1}));
  EXPECT_EQ(inputs_of(*mnist.train, {1}), (std::vector<float>{4, 5, 6, 7}));
  ASSERT_NE(mnist.test, nullptr);
  EXPECT_EQ(all_labels(*mnist.test), (std::vector<std::int32_t>{1, 7}));
  EXPECT_EQ(inputs_of(*mnist.test, {0}), (std::vector<float>{'a', 'b', 'c', 'd'}));
  EXPECT_EQ(mnist.spec.class_names.size(), 10U);
  for (const DatasetInfo& info : known_datasets({empty.path(), folder.path()})) {
    EXPECT_EQ(info.directory, info.name == "mnist" ? folder.path("mnist") : std::string()) << info.name;
  }
}

TEST(IdxDataset, TellsWhereItLooked) {
  expect_error<FormatError>(
      [] {
        load_dataset("mnist", {.directories = {"/nowhere/a", "/nowhere/b"}});
      },
      {"/nowhere/a/mnist", "/nowhere/b/mnist", "hebb fetch mnist"});
  expect_error<FormatError>([] { load_dataset("fashion-mnist"); }, {"hebb fetch fashion-mnist"});
  // Some of the files are there: what the folder lacks is named.
  const TemporaryFolder folder;
  write_small(folder);
  std::filesystem::remove(folder.path("mnist/train-labels-idx1-ubyte"));
  expect_error<FormatError>([&] { load_dataset("mnist", {.directories = {folder.path()}}); },
                            {folder.path("mnist"), "which lacks train-labels"});
}

TEST(IdxDataset, RefusesCountsThatDifferAndLabelsOutOfRange) {
  const TemporaryFolder folder;
  write_small(folder);
  folder.write("mnist/train-labels-idx1-ubyte", idx({2}, std::string("\7\0", 2)));
  const DataOptions options{.directories = {folder.path()}};
  expect_error<DataError>([&] { load_dataset("mnist", options); },
                          {"3 samples", "2 targets", "train-labels"});
  folder.write("mnist/train-labels-idx1-ubyte", idx({3}, std::string("\7\12\0", 3)));
  expect_error<DataError>([&] { load_dataset("mnist", options); },
                          {"label of sample 1 is 10", "train-labels"});
  folder.write("mnist/train-labels-idx1-ubyte", idx({3, 1}, "abc"));
  expect_error<DataError>([&] { load_dataset("mnist", options); }, {"[3, 1]", "labels"});
  write_small(folder);
  folder.write("mnist/train-images-idx3-ubyte", idx({3}, "abc"));
  expect_error<DataError>([&] { load_dataset("mnist", options); }, {"[3]", "images"});
  folder.write("mnist/train-images-idx3-ubyte", idx({3, 2, 3}, "abcdefghijklmnopqr"));
  expect_error<DataError>([&] { load_dataset("mnist", options); }, {"[2, 3, 1]", "[2, 2, 1]"});
  folder.write("mnist/train-images-idx3-ubyte", idx({3, 2, 2}, "abc"));
  EXPECT_THROW(load_dataset("mnist", options), FormatError);
  folder.write("mnist/train-images-idx3-ubyte", "");
  EXPECT_THROW(load_dataset("mnist", options), FormatError);
}

TEST(IdxDataset, AFolderByItsPath) {
  const TemporaryFolder folder;
  write_small(folder, "own");
  const DataSplits own = load_dataset(folder.path("own"));
  EXPECT_EQ(own.spec.class_names, (std::vector<std::string>{"0", "1", "7"}));
  EXPECT_EQ(all_labels(*own.train), (std::vector<std::int32_t>{2, 0, 1}));
  EXPECT_EQ(all_labels(*own.test), (std::vector<std::int32_t>{1, 2}));
  folder.write("own/t10k-labels.idx1-ubyte", idx({2}, std::string("\1\5", 2)));
  expect_error<DataError>([&] { load_dataset(folder.path("own")); },
                          {"label 1 is 5", "none of the 3 classes"});
  expect_error<DataError>([&] { load_dataset(folder.path()); }, {"four IDX files"});
}

TEST(IdxPair, TheLabelsLieBeside) {
  const TemporaryFolder folder;
  write_small(folder);
  const DataSplits pair = load_dataset(folder.path("mnist/train-images-idx3-ubyte"));
  EXPECT_EQ(pair.train->outputs(), 3);
  EXPECT_EQ(pair.test, nullptr);
  const std::string odd = folder.write("odd.idx", idx({2, 2}, "abcd"));
  expect_error<ConfigError>([&] { load_dataset(odd); }, {"labels"});
  expect_error<DataError>([&] { load_dataset(odd, {.labels_path = odd}); }, {"odd.idx", "[2, 2]"});
  const std::string labels = folder.write("l.idx", idx({2}, std::string("\0\1", 2)));
  EXPECT_EQ(load_dataset(odd, {.labels_path = labels}).train->input_shape(), Shape({2}));
  const DataSplits real = load_dataset(odd, {.task = Task::regression, .labels_path = labels});
  EXPECT_EQ(real.train->target_kind(), TargetKind::values);
}

TEST(Npy, TheLastColumnIsTheTarget) {
  const TemporaryFolder folder;
  const std::string path = folder.path("a.npy");
  write_npy(path, Tensor::rows({{1, 2, .5F}, {3, 4, 1.5F}}));
  const DataSplits splits = load_dataset(path);
  EXPECT_EQ(inputs_of(*splits.train), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(test::values_of(*splits.train), (std::vector<float>{.5, 1.5}));
  EXPECT_EQ(inputs_of(*load_dataset(path, {.target = "1"}).train), (std::vector<float>{2, .5, 4, 1.5}));
  expect_error<ConfigError>([&] { load_dataset(path, {.target = "4"}); }, {"column 4"});
  write_npy(path, Tensor::from({1, 2, 3}));
  expect_error<DataError>([&] { load_dataset(path); }, {"[3]", "a.npy"});
  write_npy(path, Tensor::rows({{1, 2}, {NAN, 1}}));
  expect_error<DataError>([&] { load_dataset(path); }, {"sample 1", "nan"});
}

TEST(Files, UnknownKindsAreRefused) {
  const TemporaryFolder folder;
  expect_error<ConfigError>([&] { load_dataset(folder.write("a.doc", "x")); }, {"a.doc", ".csv"});
  expect_error<FormatError>([&] { load_dataset(folder.path("no/such.thing")); }, {"no/such.thing"});
}

/// The archives were written by NumPy: tests/data/make_archives.py.
std::string fixture(const std::string& name) {
  return std::string(HEBB_TEST_SOURCE_DIR) + "/data/fixtures/" + name;
}

TEST(Npz, TrainingAndTestSplits) {
  const DataSplits images = load_dataset(fixture("images.npz"));
  EXPECT_EQ(images.train->size(), 4);
  EXPECT_EQ(images.train->input_shape(), Shape({2, 3, 1}));
  EXPECT_EQ(images.train->outputs(), 3);
  EXPECT_EQ(inputs_of(*images.train, {1}), (std::vector<float>{6, 7, 8, 9, 10, 11}));
  ASSERT_NE(images.test, nullptr);
  EXPECT_EQ(all_labels(*images.test), (std::vector<std::int32_t>{2, 0}));
  const DataSplits real = load_dataset(fixture("values.npz"));
  EXPECT_EQ(real.train->target_kind(), TargetKind::values);
  EXPECT_EQ(real.train->outputs(), 2);
  EXPECT_EQ(inputs_of(*real.train), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(test::values_of(*real.train), (std::vector<float>{.5, 1.5, 2.5, 3.5, 4.5, 5.5}));
}

TEST(Npz, RefusesWhatDoesNotFit) {
  expect_error<DataError>([] { load_dataset(fixture("counts.npz")); }, {"'x' holds 3", "'y' holds 2"});
  expect_error<DataError>([] { load_dataset(fixture("names.npz")); }, {"a, b", "x_train"});
  expect_error<DataError>([] { load_dataset(fixture("lonely.npz")); }, {"'x'", "without 'y'"});
  expect_error<DataError>([] { load_dataset(fixture("shapes.npz")); }, {"[2]", "[3]"});
  expect_error<DataError>([] { load_dataset(fixture("values.npz"), {.task = Task::classification}); },
                          {"2 targets"});
}

TEST(Mnist, LoadsInHalfASecond) {
  const char* set = std::getenv("HEBB_DATA");
  const std::string directory =
      set != nullptr ? set : std::string(HEBB_TEST_SOURCE_DIR) + "/../../shared/data";
  const auto start = std::chrono::steady_clock::now();
  DataSplits mnist;
  try {
    mnist = load_dataset("mnist", {.directories = {directory}});
  } catch (const FormatError&) {
    GTEST_SKIP() << "SKIPPED: MNIST is not in " << directory;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_EQ(mnist.train->size(), 60000);
  EXPECT_EQ(mnist.test->size(), 10000);
  EXPECT_EQ(mnist.train->input_shape(), Shape({28, 28, 1}));
  // Counts of the digits, and mean and deviation of the pixels, as widely published (0.1307, 0.3081 of 255).
  const DataSummary summary = summarize(mnist);
  EXPECT_EQ(summary.train_counts,
            (std::vector<std::int64_t>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}));
  EXPECT_EQ(summary.test_counts,
            (std::vector<std::int64_t>{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}));
  const Scaling scaling = fit_scaling(*mnist.train, ScaleKind::standard);
  EXPECT_NEAR(scaling.mean[0] / 255, .1307, 1e-4);
  EXPECT_NEAR(scaling.deviation[0] / 255, .3081, 1e-4);
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(seconds, 5) << "far beyond what is promised (0.5 s on a quiet machine)";
#endif
}

}  // namespace
}  // namespace hebb
