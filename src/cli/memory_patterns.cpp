#include "cli/memory_patterns.hpp"

#include <fmt/format.h>

#include <charconv>
#include <numeric>

#include "core/names.hpp"
#include "hebb/error.hpp"

namespace hebb::cli {

namespace {

constexpr std::int64_t kUsualCount = 10;

/// "100x1000": patterns, units.
memory::PatternSet random_of(const std::string& text, std::uint64_t seed) {
  std::int64_t count = 0, units = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, count);
  const bool cross = first.ec == std::errc() && first.ptr != end && *first.ptr == 'x';
  const auto second = cross ? std::from_chars(first.ptr + 1, end, units) : first;
  constexpr std::int64_t kMostBits = std::int64_t{1} << 36;
  if (!cross || second.ec != std::errc() || second.ptr != end || count < 1 || units < 1 ||
      count > kMostBits / units)
    throw ConfigError(fmt::format(
        "--random: expected PATTERNSxUNITS such as 100x1000, of at most 2^36 bits, got {}", in_quotes(text)));
  return memory::random_patterns(count, units, seed);
}

}  // namespace

memory::PatternSet PatternSource::patterns(std::optional<std::int64_t> units) const {
  const int sources =
      !images.empty() + !data.empty() + !random.empty() + !text.empty() + !csv.empty() + !npy.empty();
  if (sources != 1)
    throw ConfigError("patterns come from one of --images, --data, --random, --text, --csv and --npy" +
                      std::string(sources == 0 ? "; none was given" : "; several were given"));
  if (data.empty() && (count != 0 || !samples.empty()))
    throw ConfigError("--count and --samples choose from --data");
  if (images.empty() && !options.image_size.empty()) throw ConfigError("--image-size goes with --images");
  if ((!random.empty() || !text.empty()) && (options.threshold || options.invert))
    throw ConfigError("--threshold and --invert do not go with --random and --text");
  if (count < 0 || (count > 0 && !samples.empty()))
    throw ConfigError("--data takes --count N, at least 1, or --samples LIST");
  memory::PatternSet set;
  if (!images.empty()) set = memory::patterns_from_images(images, options);
  if (!text.empty()) set = memory::patterns_from_text(text, units.value_or(0));
  if (!csv.empty()) set = memory::patterns_from_csv(csv, options);
  if (!npy.empty()) set = memory::patterns_from_npy(npy, options);
  if (!random.empty()) set = random_of(random, seed);
  if (!data.empty()) {
    const DataSplits splits = load_dataset(data, {.directories = data_directories(directories)});
    std::vector<std::int64_t> chosen = samples;
    if (chosen.empty()) {
      if (count > splits.train->size())
        throw DataError(
            fmt::format("{} has {} samples; --count asks for {}", data, splits.train->size(), count));
      chosen.resize(
          static_cast<std::size_t>(count == 0 ? std::min(kUsualCount, splits.train->size()) : count));
      std::iota(chosen.begin(), chosen.end(), std::int64_t{0});
    }
    set = memory::patterns_from_dataset(splits, chosen, options);
  }
  if (!labels.empty()) {
    if (static_cast<std::int64_t>(labels.size()) != set.size())
      throw ConfigError(fmt::format("--label: {} labels for {} patterns", labels.size(), set.size()));
    set.labels = labels;
  }
  return set;
}

void add_pattern_source(CLI::App& command, PatternSource& source) {
  const std::string group = "Patterns, from one of";
  command.add_option("--images", source.images, "Images (PNG, JPEG, PGM, PPM), a pattern each")
      ->check(is_given())
      ->type_name("FILE")
      ->group(group);
  command.add_option("--data", source.data, "Training samples of a data set of images, such as mnist")
      ->check(is_given())
      ->type_name("NAME|PATH")
      ->group(group);
  command.add_option("--random", source.random, "Random patterns: 100x1000 are 100 of 1000 units")
      ->check(is_given())
      ->type_name("PxN")
      ->group(group);
  command.add_option("--text", source.text, "Lines of text, 8 units a byte")
      ->check(is_given())
      ->type_name("FILE")
      ->group(group);
  command
      .add_option("--csv", source.csv, "Rows of a table of 1 and 0 (or -1); a column of text holds labels")
      ->check(is_given())
      ->type_name("FILE")
      ->group(group);
  command.add_option("--npy", source.npy, "Rows of an array of 1 and 0 (or -1)")
      ->check(is_given())
      ->type_name("FILE")
      ->group(group);
  const std::string more = "What goes with them";
  command.add_option("--count", source.count, "Of --data: the first N samples (default 10)")
      ->check(is_number<std::int64_t>())
      ->type_name("N")
      ->group(more);
  command.add_option("--samples", source.samples, "Of --data: these, counted from 0, such as 3,17,4")
      ->delimiter(',')
      ->check(is_number<std::int64_t>())
      ->type_name("LIST")
      ->group(more);
  command.add_option("--data-dir", source.directories, "Folder that holds data sets, as in hebb train")
      ->type_name("DIR")
      ->group(more);
  command
      .add_option_function<double>(
          "--threshold", [&source](double value) { source.options.threshold = value; },
          "Units are up from this value on (default: 128 of images)")
      ->check(is_number<double>())
      ->type_name("X")
      ->group(more);
  command.add_flag("--invert", source.options.invert, "Dark is up instead of bright")->group(more);
  command.add_option("--image-size", source.options.image_size, "Of --images: resize them, and cues as well")
      ->type_name("N|HxW")
      ->group(more);
  command.add_option("--label", source.labels, "Label, one for each pattern")->type_name("TEXT")->group(more);
  command.add_option("--seed", source.seed, "Of --random: where the random numbers start (default 0)")
      ->check(is_number<std::uint64_t>())
      ->type_name("N")
      ->group(more);
}

}  // namespace hebb::cli
