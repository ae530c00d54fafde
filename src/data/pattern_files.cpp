#include "hebb/pattern_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "core/names.hpp"
#include "data/image_size.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/random.hpp"

namespace hebb::memory {

namespace {

constexpr double kHalfOfBytes = 128;
constexpr std::int64_t kLetter = 8;  // units of a byte of text

std::string lower_extension(const std::string& path) {
  std::string text = std::filesystem::path(path).extension().string();
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

void check_threshold(const PatternOptions& options) {
  if (options.threshold && !std::isfinite(*options.threshold))
    throw ConfigError(fmt::format("a threshold is a finite number; got {}", *options.threshold));
}

/// Appends an image, whose size the first one sets.
void append_image(PatternSet& set, const std::string& path) {
  Look& look = set.look;
  Image image = with_channels(read_image(path), 1);
  if (look.resizes) image = resized(image, static_cast<int>(look.height), static_cast<int>(look.width));
  if (set.units == 0) {
    look.height = image.height;
    look.width = image.width;
    set.units = look.height * look.width;
  }
  if (image.height != look.height || image.width != look.width)
    throw DataError(fmt::format("{}: {} x {} pixels, where {} x {} are expected", path, image.height,
                                image.width, look.height, look.width));
  const double threshold = look.threshold.value_or(kHalfOfBytes);
  set.append(std::filesystem::path(path).stem().string(), [&](std::int64_t i) {
    return (image.bytes[static_cast<std::size_t>(i)] >= threshold) != look.inverted;
  });
}

/// Turns numbers into units, and tells where one is none.
class UnitReader {
 public:
  explicit UnitReader(const Look& look) : look_(look) {}

  /// Whether the unit is up; nothing for a value that units do not have.
  std::optional<bool> up(double value) const {
    if (!std::isfinite(value)) return std::nullopt;
    if (look_.threshold) return (value >= *look_.threshold) != look_.inverted;
    if (value != 1 && value != 0 && value != -1) return std::nullopt;
    return (value == 1) != look_.inverted;
  }
  static std::string expected() { return "expected 1 and 0, or 1 and -1, or a threshold"; }

 private:
  const Look& look_;
};

Look look_of(const PatternOptions& options, Look::Kind kind) {
  check_threshold(options);
  return {.kind = kind, .threshold = options.threshold, .inverted = options.invert};
}

/// The column of text, if there is one.
std::optional<std::size_t> label_column(const CsvTable& table) {
  std::optional<std::size_t> found;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const CsvColumn& column = table.columns[c];
    if (column.numeric) continue;
    if (column.numeric_cells > table.rows() / 2)
      throw DataError(fmt::format("{}: {} is no number", table.place(column.first_text_row, c),
                                  in_quotes(column.texts[static_cast<std::size_t>(column.first_text_row)])));
    if (found)
      throw DataError(fmt::format("{}: columns {} and {} are both text; one may be, with the labels",
                                  table.name, in_quotes(table.columns[*found].name), in_quotes(column.name)));
    found = c;
  }
  return found;
}

PatternSet patterns_of_table(const CsvTable& table, const Look& look) {
  const auto labels = label_column(table);
  PatternSet set = {.units = static_cast<std::int64_t>(table.columns.size()) - (labels ? 1 : 0),
                    .look = look};
  if (set.units == 0) throw DataError(fmt::format("{}: has no column of numbers", table.name));
  const UnitReader reader(look);
  std::vector<bool> row(static_cast<std::size_t>(set.units));
  for (std::int64_t r = 0; r < table.rows(); ++r) {
    std::size_t unit = 0;
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      if (labels == c) continue;
      const double value = table.columns[c].numbers[static_cast<std::size_t>(r)];
      const auto up = reader.up(value);
      if (!up)
        throw DataError(fmt::format("{}: {}; {}", table.place(r, c),
                                    std::isnan(value) ? "the value is missing" : fmt::format("{:g}", value),
                                    UnitReader::expected()));
      row[unit++] = *up;
    }
    const std::string label =
        labels ? table.columns[*labels].texts[static_cast<std::size_t>(r)] : fmt::format("row {}", r + 1);
    set.append(label, [&](std::int64_t i) { return row[static_cast<std::size_t>(i)]; });
  }
  return set;
}

PatternSet patterns_of_array(const Tensor& array, const std::string& path, const Look& look) {
  const Shape& shape = array.shape();
  if (shape.rank() < 1 || shape.rank() > 2 || shape.elements() == 0)
    throw DataError(fmt::format("{}: an array of shape {}; expected [patterns, units] or [units]", path,
                                to_string(shape)));
  PatternSet set = {.units = shape[-1], .look = look};
  const std::vector<double> values = array.to_vector();
  const UnitReader reader(look);
  for (std::int64_t r = 0; r < shape.elements() / set.units; ++r) {
    set.append(fmt::format("row {}", r), [&](std::int64_t i) {
      const double value = values[static_cast<std::size_t>(r * set.units + i)];
      const auto up = reader.up(value);
      if (!up)
        throw DataError(
            fmt::format("{}: row {}, value {}: {:g}; {}", path, r, i, value, UnitReader::expected()));
      return *up;
    });
  }
  return set;
}

void append_line(PatternSet& set, const std::string& line, const std::string& where) {
  if (static_cast<std::int64_t>(line.size()) * kLetter > set.units)
    throw DataError(fmt::format("{}: {} has {} bytes; there are units for {}", where, in_quotes(line),
                                line.size(), set.units / kLetter));
  set.append(line, [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i / kLetter);
    const unsigned letter = at < line.size() ? static_cast<unsigned char>(line[at]) : ' ';
    return ((letter >> (i % kLetter)) & 1U) != 0;
  });
}

/// Height and width, or height and width and 1 or 3 channels.
bool is_image(const Shape& sample) {
  return sample.rank() == 2 || (sample.rank() == 3 && (sample[2] == 1 || sample[2] == 3));
}

}  // namespace

PatternSet patterns_from_images(std::span<const std::string> paths, const PatternOptions& options) {
  PatternSet set = {.look = look_of(options, Look::Kind::image)};
  if (const auto size = parse_image_size(options.image_size)) {
    set.look.height = size->height;
    set.look.width = size->width;
    set.look.resizes = true;
    set.units = set.look.height * set.look.width;
  }
  if (paths.empty()) throw ConfigError("there is no image to take patterns from");
  for (const std::string& path : paths) append_image(set, path);
  return set;
}

PatternSet patterns_from_dataset(const DataSplits& data, std::span<const std::int64_t> samples,
                                 const PatternOptions& options) {
  const Shape shape = data.train->input_shape();
  if (!is_image(shape))
    throw ConfigError(fmt::format("{}: samples of shape {} are no images", data.name, to_string(shape)));
  if (!options.image_size.empty()) throw ConfigError("images of data sets are stored in their own size");
  PatternSet set = {.units = shape[0] * shape[1], .look = look_of(options, Look::Kind::image)};
  set.look.height = shape[0];
  set.look.width = shape[1];
  const std::int64_t channels = shape.elements() / set.units;
  const double threshold = options.threshold.value_or(kHalfOfBytes);
  const bool labelled = data.train->target_kind() == TargetKind::classes;
  std::vector<float> raw(static_cast<std::size_t>(shape.elements()));
  for (const std::int64_t sample : samples) {
    if (sample < 0 || sample >= data.train->size())
      throw DataError(fmt::format("{}: there is no sample {}; it has {}, counted from 0", data.name, sample,
                                  data.train->size()));
    std::int32_t label = 0;
    data.train->fill({&sample, 1}, raw.data(), {.labels = labelled ? &label : nullptr, .values = nullptr});
    const auto& names = data.spec.class_names;
    const std::string name = !labelled       ? fmt::format("sample {}", sample)
                             : names.empty() ? std::to_string(label)
                                             : names[static_cast<std::size_t>(label)];
    set.append(name, [&](std::int64_t i) {
      const float* pixel = raw.data() + i * channels;
      const double gray = channels == 1 ? static_cast<double>(pixel[0])
                                        : 0.299 * static_cast<double>(pixel[0]) +
                                              0.587 * static_cast<double>(pixel[1]) +
                                              0.114 * static_cast<double>(pixel[2]);
      return (gray >= threshold) != options.invert;
    });
  }
  return set;
}

PatternSet patterns_from_text(const std::string& path, std::int64_t units) {
  const std::vector<std::uint8_t> bytes = read_file(path, std::uint64_t{1} << 30);
  std::istringstream text(std::string(bytes.begin(), bytes.end()));
  std::vector<std::string> lines;
  std::size_t longest = 0;
  for (std::string line; std::getline(text, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    longest = std::max(longest, line.size());
    lines.push_back(line);
  }
  if (lines.empty()) throw DataError(fmt::format("{}: holds no line of text", path));
  PatternSet set = {.units = units > 0 ? units : static_cast<std::int64_t>(longest) * kLetter,
                    .look = {.kind = Look::Kind::text}};
  for (const std::string& line : lines) append_line(set, line, path);
  return set;
}

PatternSet pattern_from_line(const std::string& line, std::int64_t units) {
  if (line.find_first_not_of(" \t") == std::string::npos) throw DataError("the text is empty");
  PatternSet set = {.units = units > 0 ? units : static_cast<std::int64_t>(line.size()) * kLetter,
                    .look = {.kind = Look::Kind::text}};
  append_line(set, line, "the text");
  return set;
}

std::string text_of_state(std::span<const float> state) {
  std::string text;
  for (std::size_t first = 0; first + kLetter <= state.size(); first += kLetter) {
    unsigned letter = 0;
    for (std::size_t i = 0; i < kLetter; ++i) letter |= (state[first + i] > 0 ? 1U : 0U) << i;
    text += letter >= 0x20 && letter < 0x7F ? static_cast<char>(letter) : '?';
  }
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

PatternSet patterns_from_csv(const std::string& path, const PatternOptions& options) {
  return patterns_of_table(read_csv(path), look_of(options, Look::Kind::values));
}

PatternSet patterns_from_npy(const std::string& path, const PatternOptions& options) {
  return patterns_of_array(read_npy(path), path, look_of(options, Look::Kind::values));
}

PatternSet random_patterns(std::int64_t count, std::int64_t units, std::uint64_t seed) {
  if (count < 1 || units < 1)
    throw ConfigError(
        fmt::format("random patterns are at least 1, of at least 1 unit; got {} of {}", count, units));
  PatternSet set = {.units = units};
  for (std::int64_t k = 0; k < count; ++k) {
    Random random(seed, static_cast<std::uint64_t>(k));
    std::uint32_t bits = 0;
    set.append(fmt::format("random {}", k), [&](std::int64_t i) {
      if (i % 32 == 0) bits = random.bits();
      return ((bits >> (i % 32)) & 1U) != 0;
    });
  }
  return set;
}

PatternSet read_cues(const std::string& path, const Look& look, std::int64_t units) {
  PatternSet cues;
  const std::string extension = lower_extension(path);
  if (is_image_name(path)) {
    if (look.kind != Look::Kind::image)
      throw DataError(fmt::format("{}: is an image; the store's patterns are none", path));
    cues = {.units = units, .look = look};
    append_image(cues, path);
  } else if (extension == ".npy") {
    cues = patterns_of_array(read_npy(path), path, look.kind == Look::Kind::values ? look : Look{});
  } else if (extension == ".csv" || extension == ".tsv") {
    cues = patterns_of_table(read_csv(path), look.kind == Look::Kind::values ? look : Look{});
  } else if (look.kind == Look::Kind::text) {
    cues = patterns_from_text(path, units);
  } else {
    throw DataError(fmt::format("{}: expected {}.csv, .tsv or .npy", path,
                                look.kind == Look::Kind::image ? "an image (.png, .jpg, .pgm, .ppm), " : ""));
  }
  if (cues.units != units)
    throw DataError(fmt::format("{}: patterns of {} units; the store has {}", path, cues.units, units));
  return cues;
}

}  // namespace hebb::memory
