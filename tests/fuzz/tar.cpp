#include "io/tar.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hebb/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    hebb::io::read_tar_gz({data, size}, "<memory>", [](const hebb::io::TarMember& member) {
      if (member.size() > 1 << 20) return;
      std::vector<std::uint8_t> content(static_cast<std::size_t>(member.size()));
      member.read(content.data());
    });
  } catch (const hebb::Error&) {
    return 0;
  }
  return 0;
}
