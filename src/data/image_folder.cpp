#include "data/image_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "core/names.hpp"
#include "core/parallel.hpp"
#include "data/image_size.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/bytes.hpp"
#include "io/utf8.hpp"

namespace hebb {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostImageFile = std::uint64_t{1} << 30;
constexpr std::size_t kMostListed = 20;  // bad files that a message names

std::string text_of(ImageSize e) { return fmt::format("{} x {}", e.height, e.width); }

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

/// The folders in a folder, sorted by name; what begins with a dot does not count.
std::vector<fs::path> folders_in(const fs::path& path) {
  std::vector<fs::path> folders;
  std::error_code problem;
  for (fs::directory_iterator it(path, problem), end; !problem && it != end; it.increment(problem)) {
    std::error_code ignored;
    if (!is_hidden(it->path()) && it->is_directory(ignored)) folders.push_back(it->path());
  }
  if (problem) throw FormatError(fmt::format("{}: cannot be listed: {}", path.string(), problem.message()));
  std::sort(folders.begin(), folders.end());
  return folders;
}

/// Calls `found` for each image in a folder and those below it, until it returns false.
template <class Found>
void for_each_image(const fs::path& folder, const Found& found) {
  std::error_code problem;
  for (fs::recursive_directory_iterator it(folder, problem), end; !problem && it != end;
       it.increment(problem)) {
    std::error_code ignored;
    if (is_hidden(it->path())) {
      if (it->is_directory(ignored)) it.disable_recursion_pending();
    } else if (is_image_name(it->path().string()) && it->is_regular_file(ignored) &&
               !found(it->path().string())) {
      return;
    }
  }
  if (problem) throw FormatError(fmt::format("{}: cannot be listed: {}", folder.string(), problem.message()));
}

/// The images of one split, by class and then by name.
struct Listing {
  std::vector<std::string> paths;
  std::vector<std::int32_t> labels;
};

/// `classes` are those of the training split; while they are listed it is empty and gets them.
Listing list(const fs::path& path, std::vector<std::string>& classes) {
  const bool learning = classes.empty();
  Listing listing;
  for (const fs::path& folder : folders_in(path)) {
    std::vector<std::string> paths;
    for_each_image(folder, [&](std::string image) {
      paths.push_back(std::move(image));
      return true;
    });
    if (paths.empty())
      throw DataError(fmt::format("{}: the folder holds no image (PNG, JPEG, PGM, PPM)", folder.string()));
    std::sort(paths.begin(), paths.end());
    const std::string name = folder.filename().string();
    if (io::first_not_utf8(name) != std::string_view::npos)
      throw DataError(fmt::format("{}: the folder's name is not UTF-8 text", in_quotes(folder.string())));
    if (learning) classes.push_back(name);
    const auto known = std::find(classes.begin(), classes.end(), name);
    if (known == classes.end())
      throw DataError(fmt::format("{}: the training images have no such class", folder.string()));
    listing.labels.insert(listing.labels.end(), paths.size(),
                          static_cast<std::int32_t>(known - classes.begin()));
    std::move(paths.begin(), paths.end(), std::back_inserter(listing.paths));
  }
  if (learning && classes.size() < 2) {
    throw DataError(fmt::format("{}: {} folder(s) of images; expected one for each of at least 2 classes",
                                path.string(), classes.size()));
  }
  return listing;
}

/// Gray or RGB, as the file is.
Image decode(const std::string& path) {
  const Image image = parse_image(read_file(path, kMostImageFile), path);
  return image.channels == 1 || image.channels == 3 ? image
                                                    : with_channels(image, image.channels < 3 ? 1 : 3);
}

/// The size of the first image that can be read.
std::optional<ImageSize> first_size(const Listing& listing) {
  for (const std::string& path : listing.paths) {
    try {
      const Image image = decode(path);
      return ImageSize{image.height, image.width};
    } catch (const Error&) {
      continue;  // listed when all are read
    }
  }
  return std::nullopt;
}

/// What all images shall be.
struct Wanted {
  ImageSize size;
  bool resize = false;
  std::int64_t channels = 0;  ///< 0: not known yet
};

/// Images of one split, and what is wrong with some.
struct Decoded {
  std::vector<Image> images;  ///< without bytes where there is a problem
  std::vector<std::string> problems;
};

/// Reads all images; each is brought to its size at once, so that no more large ones than threads are in
/// memory.
Decoded decode_all(const Listing& listing, const Wanted& wanted) {
  const std::size_t count = listing.paths.size();
  Decoded all{std::vector<Image>(count), std::vector<std::string>(count)};
  std::vector<ImageSize> sizes(count, wanted.size);
  parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t task) {
    const auto i = static_cast<std::size_t>(task);
    try {
      Image image = decode(listing.paths[i]);
      sizes[i] = {image.height, image.width};
      if (!wanted.resize && sizes[i] != wanted.size) return;
      if (wanted.channels != 0) image = with_channels(image, static_cast<int>(wanted.channels));
      all.images[i] = resized(image, wanted.size.height, wanted.size.width);
    } catch (const std::exception& problem) {
      all.problems[i] = problem.what();
    }
  });
  for (std::size_t i = 0; i < count && !wanted.resize; ++i) {
    if (sizes[i] == wanted.size) continue;
    throw DataError(
        fmt::format("{}: {} pixels, where others have {}; give image_size (--image-size N or HxW) to "
                    "resize all of them",
                    listing.paths[i], text_of(sizes[i]), text_of(wanted.size)));
  }
  return all;
}

/// Leaves out what could not be read, or complains.
void drop_bad(const std::string& path, Listing& listing, Decoded& decoded, const DataOptions& options,
              std::vector<std::string>& skipped) {
  std::string listed;
  std::size_t bad = 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < decoded.images.size(); ++i) {
    if (decoded.problems[i].empty()) {
      if (kept != i) decoded.images[kept] = std::move(decoded.images[i]);
      listing.labels[kept++] = listing.labels[i];
      continue;
    }
    if (bad++ < kMostListed) listed += "\n  " + decoded.problems[i];
    skipped.push_back(decoded.problems[i]);
  }
  if (bad > kMostListed) listed += fmt::format("\n  and {} more", bad - kMostListed);
  if (bad > 0 && (!options.skip_bad || kept == 0)) {
    throw DataError(fmt::format("{}: {} of {} images cannot be read{}:{}", path, bad, decoded.images.size(),
                                options.skip_bad ? "" : " (skip_bad, --skip-bad, leaves them out)", listed));
  }
  decoded.images.resize(kept);
  listing.labels.resize(kept);
}

std::shared_ptr<const Dataset> assemble(const std::string& path, const Listing& listing, Decoded decoded,
                                        const Wanted& wanted, std::int64_t classes) {
  const auto count = static_cast<std::int64_t>(decoded.images.size());
  ArrayData data;
  const Shape shape = {count, wanted.size.height, wanted.size.width, wanted.channels};
  data.inputs = io::make_tensor<std::uint8_t>(shape, path, [&](std::uint8_t* to) {
    for (Image& image : decoded.images) {
      const Image one = with_channels(std::exchange(image, {}), static_cast<int>(wanted.channels));
      to = std::copy(one.bytes.begin(), one.bytes.end(), to);
    }
  });
  data.targets = Tensor::from(std::span<const std::int32_t>(listing.labels), {count});
  data.classes = classes;
  return std::make_shared<ArrayDataset>(std::move(data));
}

/// A split while it is being loaded.
struct Part {
  std::string path;
  Listing listing = {};
  Decoded decoded = {};
};

/// Whether there are folders of classes in a folder `train`, which may itself be a class.
bool is_divided(const std::string& path) {
  std::error_code ignored;
  const fs::path train = fs::path(path) / "train";
  return fs::is_directory(train, ignored) && !folders_in(train).empty();
}

Wanted what_is_wanted(const Part& train, const std::vector<Part>& parts, const DataOptions& options) {
  if (options.channels != 0 && options.channels != 1 && options.channels != 3)
    throw ConfigError(fmt::format("channels: expected 1 (gray) or 3 (colour), got {}", options.channels));
  Wanted wanted;
  wanted.channels = options.channels;
  if (const auto asked = parse_image_size(options.image_size)) {
    wanted.size = *asked;
    wanted.resize = true;
  } else {
    wanted.size = first_size(train.listing).value_or(ImageSize{1, 1});
  }
  std::uint64_t images = 0;
  for (const Part& part : parts) images += part.listing.paths.size();
  const std::uint64_t bytes =
      static_cast<std::uint64_t>(wanted.size.height) * static_cast<std::uint64_t>(wanted.size.width);
  io::check_memory(images * bytes * static_cast<std::uint64_t>(wanted.channels == 1 ? 1 : 3), train.path);
  return wanted;
}

}  // namespace

bool holds_image_folders(const std::string& path) {
  bool found = false;
  for (const fs::path& folder : folders_in(is_divided(path) ? path + "/train" : path)) {
    for_each_image(folder, [&](const std::string&) {
      found = true;
      return false;
    });
    if (found) break;
  }
  return found;
}

DataSplits load_image_folders(const std::string& path, const DataOptions& options) {
  std::error_code ignored;
  std::vector<Part> parts;
  DataSplits splits;
  splits.name = path;
  const bool divided = is_divided(path);
  parts.push_back({.path = divided ? path + "/train" : path});
  if (divided && fs::is_directory(fs::path(path) / "test", ignored))
    parts.push_back({.path = path + "/test"});
  for (Part& part : parts) part.listing = list(part.path, splits.spec.class_names);

  Wanted wanted = what_is_wanted(parts[0], parts, options);
  bool colour = false;
  for (Part& part : parts) {
    part.decoded = decode_all(part.listing, wanted);
    drop_bad(part.path, part.listing, part.decoded, options, splits.skipped);
    for (const Image& image : part.decoded.images) colour = colour || image.channels == 3;
  }
  if (wanted.channels == 0) wanted.channels = colour ? 3 : 1;
  const auto classes = static_cast<std::int64_t>(splits.spec.class_names.size());
  for (Part& part : parts) {
    auto& split = &part == &parts[0] ? splits.train : splits.test;
    split = assemble(part.path, part.listing, std::move(part.decoded), wanted, classes);
  }
  splits.spec.input_shape = splits.train->input_shape();
  splits.spec.target_name = "class";
  splits.spec.resizes = wanted.resize;
  splits.description = fmt::format("{} images of {} classes, {} pixels, {}", splits.train->size(), classes,
                                   text_of(wanted.size), wanted.channels == 1 ? "gray" : "colour");
  return splits;
}

}  // namespace hebb
