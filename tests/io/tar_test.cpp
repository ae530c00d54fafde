#include "io/tar.hpp"

#include "io/helpers.hpp"

namespace hebb::test {
namespace {

constexpr const char* kArchive = HEBB_TEST_SOURCE_DIR "/data/fixtures/small.tar.gz";

/// Paths and contents of an archive, those of odd sizes unread.
std::vector<std::string> members(std::span<const std::uint8_t> bytes) {
  std::vector<std::string> all;
  io::read_tar_gz(bytes, "archive", [&](const io::TarMember& member) {
    std::string text = member.path() + "=";
    if (member.size() > 1 << 20) return;  // damaged, and told so elsewhere
    if (member.size() % 2 == 0) {
      std::vector<std::uint8_t> content(static_cast<std::size_t>(member.size()));
      member.read(content.data());
      text.append(content.begin(), content.end());
    }
    all.push_back(text);
  });
  return all;
}

TEST(Tar, ListsRegularFiles) {
  EXPECT_EQ(members(read_file(kArchive)),
            (std::vector<std::string>{"small/one.bin=" + std::string(700, 'x'), "small/two.txt=two\n",
                                      "../../three.txt=three\n", "small/.hidden=no"}));
}

TEST(Tar, SurvivesDamage) {
  const std::vector<std::uint8_t> whole = read_file(kArchive);
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW(members(std::span(whole).first(length)), FormatError) << length;
  // A stream that is sound, but of something else.
  EXPECT_THROW(members(read_file(HEBB_TEST_SOURCE_DIR "/fuzz/corpus/idx/gzip_08")), FormatError);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::vector<std::uint8_t> damaged = whole;
    damaged[i] ^= 0x55;
    try {
      members(damaged);  // some bytes of gzip's header do not count
    } catch (const FormatError&) {
      continue;
    }
  }
}

}  // namespace
}  // namespace hebb::test
