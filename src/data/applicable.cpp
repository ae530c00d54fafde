#include "data/applicable.hpp"

#include <fmt/format.h>

#include <array>

#include "core/names.hpp"
#include "hebb/error.hpp"

namespace hebb {
namespace {

/// An option, whether it was given, and what it is for.
struct Use {
  std::string_view key;
  bool given;
  std::string_view purpose;
};

std::array<Use, 14> uses(const DataOptions& o) {
  const DataOptions usual;
  constexpr std::string_view kGenerated = "data that are generated";
  constexpr std::string_view kTables = "tables";
  constexpr std::string_view kImages = "folders of images";
  return {{{"count", o.count.has_value(), kGenerated},
           {"test_count", o.test_count.has_value(), kGenerated},
           {"noise", o.noise.has_value(), kGenerated},
           {"data_seed", o.seed != usual.seed, kGenerated},
           {"classes", o.classes != usual.classes, "blobs and spirals"},
           {"target", o.target != usual.target, "tables"},
           {"task", o.task != usual.task, "targets that may be classes or values"},
           {"missing", o.missing != usual.missing, kTables},
           {"ignore", o.ignore != usual.ignore, kTables},
           {"header", o.header.has_value(), kTables},
           {"labels", o.labels_path != usual.labels_path, "a file of images in the IDX format"},
           {"image_size", o.image_size != usual.image_size, kImages},
           {"channels", o.channels != usual.channels, kImages},
           {"skip_bad", o.skip_bad != usual.skip_bad, kImages}}};
}

bool holds_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t end = words.find(' ');
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
  return false;
}

}  // namespace

void require_applicable(const DataOptions& options, std::string_view keys, const std::string& data_set) {
  for (const Use& use : uses(options)) {
    if (!use.given || holds_word(keys, use.key)) continue;
    throw ConfigError(
        fmt::format("{}: {} has no use for it; it is for {}", use.key, in_quotes(data_set), use.purpose));
  }
}

}  // namespace hebb
