#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "io/helpers.hpp"

namespace hebb::test {
namespace {

TEST(ReadFile, GivesTheBytesOfAFile) {
  const TemporaryFolder folder;
  ByteVector bytes(300'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  put(folder / "file", bytes);
  EXPECT_EQ(read_file(folder / "file"), bytes);
  put(folder / "empty", "");
  EXPECT_TRUE(read_file(folder / "empty").empty());
}

TEST(ReadFile, ReadsPipesAndFilesOfUnknownSize) {
  const TemporaryFolder folder;
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string text(200'000, 'x');
  std::thread writer([&] { put(pipe, text); });
  const ByteVector bytes = read_file(pipe);
  writer.join();
  EXPECT_EQ(bytes, bytes_of(text));
  EXPECT_FALSE(read_file("/proc/self/status").empty());
}

TEST(ReadFile, SaysWhyAFileCannotBeRead) {
  const TemporaryFolder folder;
  expect_error<FormatError>([&] { read_file(folder / "none"); }, {"none", "No such file"});
  expect_error<FormatError>([&] { read_file(folder.path()); }, {folder.path(), "is a directory"});
  expect_error<FormatError>([&] { read_file(""); }, {"name of a file is empty"});
  expect_error<FormatError>([&] { read_file(std::string("a\0b", 3)); }, {"zero byte"});
}

TEST(ReadFile, KeepsToTheLimit) {
  const TemporaryFolder folder;
  put(folder / "ten", "0123456789");
  EXPECT_EQ(read_file(folder / "ten", 10).size(), 10u);
  expect_error<FormatError>([&] { read_file(folder / "ten", 9); }, {"ten", "10 bytes", "at most 9"});
  expect_error<FormatError>([] { read_file("/dev/zero", 1 << 20); }, {"/dev/zero", "more than 1048576"});
}

TEST(ReadFile, RefusesWhatMemoryCannotHold) {
  const TemporaryFolder folder;
  put(folder / "huge", "");
  if (truncate((folder / "huge").c_str(), off_t{1} << 43) != 0)
    GTEST_SKIP() << "SKIPPED: no sparse files here";
  expect_error<FormatError>([&] { read_file(folder / "huge"); }, {"at most"});
  expect_error<FormatError>([&] { read_file(folder / "huge", ~0ull); }, {"memory"});
}

TEST(AtomicFile, AppearsOnlyWhenComplete) {
  const TemporaryFolder folder;
  {
    AtomicFile file(folder / "new");
    file.write("half");
    EXPECT_FALSE(std::filesystem::exists(folder / "new"));
    file.write(" and half");
    file.commit();
    EXPECT_EQ(contents(folder / "new"), "half and half");
    expect_error<FormatError>([&] { file.write("more"); }, {"already complete"});
    expect_error<FormatError>([&] { file.commit(); }, {"already complete"});
  }
  EXPECT_EQ(contents(folder / "new"), "half and half");
  EXPECT_EQ(folder.files(), 1u);
}

TEST(AtomicFile, LeavesTheOldFileWhenGivenUp) {
  const TemporaryFolder folder;
  put(folder / "file", "old");
  {
    AtomicFile file(folder / "file");
    file.write("new");
  }
  EXPECT_EQ(contents(folder / "file"), "old");
  EXPECT_EQ(folder.files(), 1u);
}

TEST(AtomicFile, ReplacesAndKeepsThePermissions) {
  const TemporaryFolder folder;
  put(folder / "file", "old");
  ASSERT_EQ(chmod((folder / "file").c_str(), 0640), 0);
  write_file_atomically(folder / "file", "new");
  struct stat status {};
  ASSERT_EQ(stat((folder / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
  EXPECT_EQ(contents(folder / "file"), "new");
}

TEST(AtomicFile, FollowsALink) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "elsewhere");
  put(folder / "elsewhere/file", "old");
  std::filesystem::create_symlink("elsewhere/file", folder / "link");
  write_file_atomically(folder / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(contents(folder / "elsewhere/file"), "new");
}

/// While it lives, no file can grow beyond a size: the nearest to a full disk that needs no disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST(AtomicFile, KeepsTheOldFileWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  put(folder / "file", "old");
  {
    const FullDisk full(1000);
    expect_error<FormatError>([&] { write_file_atomically(folder / "file", std::string(5000, 'x')); },
                              {"file", "cannot be written", "too large"});
  }
  EXPECT_EQ(contents(folder / "file"), "old");
  EXPECT_EQ(folder.files(), 1u);
}

TEST(AtomicFile, WritesDevicesDirectlyAndReportsAFullOne) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "SKIPPED: there is no /dev/full";
  expect_error<FormatError>([] { write_file_atomically("/dev/full", "text"); },
                            {"/dev/full", "No space left"});
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
  EXPECT_NO_THROW(write_file_atomically("/dev/null", "text"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST(AtomicFile, SaysWhyAPathCannotBeWritten) {
  const TemporaryFolder folder;
  put(folder / "file", "old");
  expect_error<FormatError>([&] { AtomicFile(folder / "none/file"); }, {"none/file", "No such file"});
  expect_error<FormatError>([&] { AtomicFile(folder / "file/below"); }, {"file/below", "Not a directory"});
  expect_error<FormatError>([&] { AtomicFile{folder.path()}; }, {"is a directory"});
  expect_error<FormatError>([&] { AtomicFile(folder / "none/"); }, {"names a directory"});
  expect_error<FormatError>([&] { AtomicFile{std::string()}; }, {"empty"});
  expect_error<FormatError>([&] { AtomicFile(folder / std::string(300, 'x')); }, {"too long"});
  EXPECT_EQ(contents(folder / "file"), "old");
  EXPECT_EQ(folder.files(), 1u);
}

TEST(AtomicFile, DoesNotWriteToAProtectedFolder) {
  if (geteuid() == 0) GTEST_SKIP() << "SKIPPED: permissions do not bind the superuser";
  const TemporaryFolder folder;
  ASSERT_EQ(chmod(folder.path().c_str(), 0500), 0);
  expect_error<FormatError>([&] { AtomicFile(folder / "file"); }, {"Permission denied"});
  chmod(folder.path().c_str(), 0700);
  put(folder / "fixed", "old");
  chmod((folder / "fixed").c_str(), 0400);
  expect_error<FormatError>([&] { AtomicFile(folder / "fixed"); }, {"Permission denied"});
}

TEST(AtomicFile, TwoWritersDoNotMix) {
  const TemporaryFolder folder;
  const auto write_often = [&](char c) {
    for (int i = 0; i < 50; ++i) write_file_atomically(folder / "file", std::string(10'000, c));
  };
  std::thread other(write_often, 'a');
  write_often('b');
  other.join();
  const std::string text = contents(folder / "file");
  EXPECT_EQ(text, std::string(10'000, text.at(0)));
  EXPECT_EQ(folder.files(), 1u);
}

}  // namespace
}  // namespace hebb::test
