#include "cli/sample.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

#include "hebb/error.hpp"
#include "hebb/io.hpp"

namespace hebb::cli {

namespace {

/// The number behind the last colon.
std::optional<std::int64_t> number_behind(const std::string& name, std::size_t colon) {
  std::int64_t number = 0;
  const char* begin = name.data() + colon + 1;
  const char* end = name.data() + name.size();
  const auto [stop, status] = std::from_chars(begin, end, number);
  if (begin == end || stop != end || status != std::errc()) return {};
  return number;
}

Sample sample_of(const Dataset& data, std::int64_t index, const std::string& name) {
  if (index < 0 || index >= data.size()) {
    throw DataError(fmt::format("{}: sample {} asked for; the data set has samples 0 to {}", name, index,
                                data.size() - 1));
  }
  Sample sample{.name = name, .raw = {}, .label = {}};
  sample.raw.resize(static_cast<std::size_t>(data.input_shape().elements()));
  const bool labelled = data.target_kind() == TargetKind::classes;
  std::int32_t label = 0;
  data.fill({&index, 1}, sample.raw.data(), {.labels = labelled ? &label : nullptr, .values = nullptr});
  if (labelled) sample.label = label;
  return sample;
}

}  // namespace

std::vector<float> image_values(const std::string& path, const InputSpec& spec) {
  const Shape& shape = spec.input_shape;
  const std::int64_t channels = shape.rank() == 3 ? shape[2] : 1;
  if (channels != 1 && channels != 3) {
    throw DataError(
        fmt::format("{}: the model takes samples of shape {}, which are no images", path, to_string(shape)));
  }
  Image image = with_channels(read_image(path), static_cast<int>(channels));
  if (spec.resizes && shape.rank() == 3)
    image = resized(image, static_cast<int>(shape[0]), static_cast<int>(shape[1]));
  const bool fits = shape.rank() >= 2 ? image.height == shape[0] && image.width == shape[1]
                                      : static_cast<std::int64_t>(image.bytes.size()) == shape.elements();
  if (!fits) {
    throw DataError(fmt::format("{}: an image of {} x {} pixels; the model takes samples of shape {}", path,
                                image.height, image.width, to_string(shape)));
  }
  return {image.bytes.begin(), image.bytes.end()};
}

Sample find_sample(const std::string& name, const InputSpec& spec, const DataOptions& options) {
  std::error_code ignored;
  const std::size_t colon = name.rfind(':');
  const auto number = colon == std::string::npos ? std::nullopt : number_behind(name, colon);
  if (!number || std::filesystem::exists(name, ignored)) {
    return {.name = std::filesystem::path(name).filename().string(),
            .raw = image_values(name, spec),
            .label = {}};
  }
  const DataSplits data = load_dataset(name.substr(0, colon), options);
  Sample sample = sample_of(data.test != nullptr ? *data.test : *data.train, *number, name);
  if (static_cast<std::int64_t>(sample.raw.size()) != spec.input_shape.elements()) {
    throw DataError(fmt::format("{}: samples of shape {}; the model takes {}", name,
                                to_string(data.train->input_shape()), to_string(spec.input_shape)));
  }
  return sample;
}

}  // namespace hebb::cli
