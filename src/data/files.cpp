#include "data/files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "core/names.hpp"
#include "data/table.hpp"
#include "data/targets.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/bytes.hpp"

namespace hebb {
namespace {

namespace fs = std::filesystem;

/// An array and where it came from, for messages.
struct Named {
  Tensor tensor;
  std::string name;
};

bool is_file(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored) && !fs::is_directory(path, ignored);
}

// ---- Inputs and targets from tensors
// ----------------------------------------------------------------------------

/// The shape of one sample; gray images get their channel axis.
Shape sample_shape(const Tensor& inputs) {
  std::vector<std::int64_t> extents(inputs.shape().extents().begin() + 1, inputs.shape().extents().end());
  if (extents.empty() || (extents.size() == 2 && inputs.dtype() == DType::u8)) extents.push_back(1);
  return Shape(std::move(extents));
}

template <class T>
Tensor converted(const Named& from, const Shape& shape) {
  return io::make_tensor<float>(shape, from.name, [&](float* to) {
    const std::span<const T> values = from.tensor.data<T>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto value = static_cast<double>(values[i]);
      // Not a number is left for the data set to complain about, with the sample's number.
      to[i] = value == value ? narrowed(value, from.name) : static_cast<float>(value);
    }
  });
}

/// u8 and f32 as they are, anything else as f32. `shape` is that of the result.
Tensor as_inputs(const Named& from) {
  const Tensor& tensor = from.tensor;
  if (tensor.shape().rank() == 0) {
    throw DataError(from.name + ": a single number; expected an array of samples");
  }
  const bool flat = tensor.shape().rank() == 1;
  const Shape shape = flat ? Shape{tensor.size(), 1} : tensor.shape();
  switch (tensor.dtype()) {
    case DType::f64: return converted<double>(from, shape);
    case DType::i32: return converted<std::int32_t>(from, shape);
    case DType::u8: return flat ? converted<std::uint8_t>(from, shape) : tensor;
    default: return flat ? converted<float>(from, shape) : tensor;
  }
}

/// Targets before it is known whether they are classes.
struct RawTargets {
  std::string name;
  std::vector<double> numbers;  ///< [samples, outputs]
  std::int64_t samples = 0;
  std::int64_t outputs = 1;
};

RawTargets raw_targets(const Named& from) {
  const Shape& shape = from.tensor.shape();
  if (shape.rank() != 1 && shape.rank() != 2) {
    throw DataError(fmt::format("{}: targets of shape {}; expected [samples] or [samples, outputs]",
                                from.name, to_string(shape)));
  }
  io::check_memory(static_cast<std::uint64_t>(from.tensor.size()) * sizeof(double), from.name);
  RawTargets targets{.name = from.name, .numbers = from.tensor.to_vector(), .samples = shape[0]};
  if (shape.rank() == 2) targets.outputs = shape[1];
  return targets;
}

Tensor as_values(const RawTargets& targets) {
  return Tensor::make<float>({targets.samples, targets.outputs}, [&](float* to) {
    for (std::size_t i = 0; i < targets.numbers.size(); ++i) {
      const double value = targets.numbers[i];
      to[i] = value == value ? narrowed(value, targets.name) : static_cast<float>(value);
    }
  });
}

/// Inputs and targets of one split.
struct Part {
  Named inputs;
  RawTargets targets;
};

void check_counts(const Part& part) {
  const Shape& shape = part.inputs.tensor.shape();
  const std::int64_t count = shape.rank() == 0 ? 1 : shape[0];
  if (count != part.targets.samples) {
    throw DataError(fmt::format("{} holds {} samples, but {} holds {} targets", part.inputs.name, count,
                                part.targets.name, part.targets.samples));
  }
  if (count == 0) throw DataError(part.inputs.name + ": no samples");
}

/// Says which file a complaint of the data set is about.
std::shared_ptr<const Dataset> make_dataset(ArrayData data, const std::string& name) {
  try {
    return std::make_shared<ArrayDataset>(std::move(data));
  } catch (const DataError& problem) {
    throw DataError(fmt::format("{}: {}", name, problem.what()));
  } catch (const ShapeError& problem) {
    throw DataError(fmt::format("{}: {}", name, problem.what()));
  }
}

std::shared_ptr<const Dataset> assemble(const Part& part, const std::optional<ClassCode>& code) {
  check_counts(part);
  ArrayData data;
  data.inputs = as_inputs(part.inputs);
  data.sample_shape = sample_shape(part.inputs.tensor);
  data.targets = code ? code->labels(part.targets.numbers, part.targets.name) : as_values(part.targets);
  data.classes = code ? code->count() : 0;
  return make_dataset(std::move(data), part.inputs.name);
}

std::optional<ClassCode> decide(const RawTargets& targets, Task task) {
  if (targets.outputs != 1) {
    if (task == Task::classification) {
      throw DataError(
          fmt::format("{}: {} targets a sample; classification needs one", targets.name, targets.outputs));
    }
    return std::nullopt;
  }
  if (task == Task::regression || (task == Task::automatic && !look_like_classes(targets.numbers)))
    return std::nullopt;
  ClassCode code(targets.numbers, targets.name);
  if (code.count() < 2)
    throw DataError(fmt::format("{}: all labels are the same; expected classes", targets.name));
  return code;
}

DataSplits assemble(const std::string& name, const Part& train, const std::optional<Part>& test, Task task) {
  const std::optional<ClassCode> code = decide(train.targets, task);
  DataSplits splits;
  splits.name = name;
  splits.train = assemble(train, code);
  if (test) {
    splits.test = assemble(*test, code);
    if (splits.test->input_shape() != splits.train->input_shape() ||
        splits.test->outputs() != splits.train->outputs()) {
      throw DataError(fmt::format("{}: samples of shape {} and {} outputs, but {}: {} and {}",
                                  train.inputs.name, to_string(splits.train->input_shape()),
                                  splits.train->outputs(), test->inputs.name,
                                  to_string(splits.test->input_shape()), splits.test->outputs()));
    }
  }
  splits.spec.input_shape = splits.train->input_shape();
  splits.spec.target_name = code ? "label" : "y";
  if (code) splits.spec.class_names = code->names();
  splits.description =
      fmt::format("{} samples of shape {}", splits.train->size(), to_string(splits.spec.input_shape));
  return splits;
}

// ---- IDX
// --------------------------------------------------------------------------------------------------------

/// The two spellings that are about, each plain or compressed; empty when there is no such file.
std::string find_idx_file(const std::string& directory, const char* part, const char* kind) {
  for (const char* joint : {"-", "."}) {
    for (const char* ending : {"", ".gz"}) {
      const bool images = std::string_view(kind) == "images";
      const std::string path =
          fmt::format("{}/{}-{}{}{}-ubyte{}", directory, part, kind, joint, images ? "idx3" : "idx1", ending);
      if (is_file(path)) return path;
    }
  }
  return {};
}

/// Paths of training images and labels, test images and labels.
using IdxPaths = std::array<std::string, 4>;

IdxPaths idx_paths(const std::string& directory) {
  return {find_idx_file(directory, "train", "images"), find_idx_file(directory, "train", "labels"),
          find_idx_file(directory, "t10k", "images"), find_idx_file(directory, "t10k", "labels")};
}

Named read_images(const std::string& path) {
  Tensor images = read_idx(path);
  if (images.shape().rank() < 2) {
    throw DataError(fmt::format("{}: an array of shape {}; expected images [count, height, width]", path,
                                to_string(images.shape())));
  }
  return {std::move(images), path};
}

RawTargets read_labels(const std::string& path) {
  const Tensor labels = read_idx(path);
  const bool whole = labels.dtype() == DType::u8 || labels.dtype() == DType::i32;
  if (labels.shape().rank() != 1 || !whole) {
    throw DataError(fmt::format("{}: an array of shape {} of {}; expected labels [count] of bytes", path,
                                to_string(labels.shape()), to_string(labels.dtype())));
  }
  return raw_targets({labels, path});
}

Part read_part(const std::string& images, const std::string& labels) {
  return {read_images(images), read_labels(labels)};
}

/// Labels are classes even where the rule for tables would say otherwise.
Task idx_task(const DataOptions& options) {
  return options.task == Task::automatic ? Task::classification : options.task;
}

/// A part of a data set whose classes are known beforehand.
std::shared_ptr<const Dataset> assemble_known(const Part& part, std::int64_t classes) {
  check_counts(part);
  ArrayData data;
  data.inputs = as_inputs(part.inputs);
  data.sample_shape = sample_shape(part.inputs.tensor);
  data.classes = classes;
  data.targets = Tensor::make<std::int32_t>({part.targets.samples}, [&](std::int32_t* to) {
    std::transform(part.targets.numbers.begin(), part.targets.numbers.end(), to,
                   [](double label) { return static_cast<std::int32_t>(label); });
  });
  return make_dataset(std::move(data), part.targets.name);
}

std::string guessed_labels_path(const std::string& images) {
  std::string path = images;
  const std::size_t slash = path.find_last_of('/');
  const std::size_t start = slash == std::string::npos ? 0 : slash + 1;
  const auto replace = [&](std::string_view from, std::string_view to) {
    const std::size_t at = path.find(from, start);
    if (at != std::string::npos) path.replace(at, from.size(), to);
  };
  replace("images", "labels");
  replace("idx3", "idx1");
  return path;
}

std::vector<std::string> digits() { return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}; }

// ---- NPZ
// --------------------------------------------------------------------------------------------------------

using Archive = std::map<std::string, Tensor>;

std::optional<Named> take(const Archive& archive, const std::string& path,
                          std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = archive.find(name);
    if (found != archive.end()) return Named{found->second, fmt::format("{}: array '{}'", path, name)};
  }
  return std::nullopt;
}

std::optional<Part> take_part(const Archive& archive, const std::string& path,
                              std::initializer_list<const char*> inputs,
                              std::initializer_list<const char*> targets) {
  const std::optional<Named> x = take(archive, path, inputs);
  const std::optional<Named> y = take(archive, path, targets);
  if (!x && !y) return std::nullopt;
  if (!x || !y) {
    throw DataError(fmt::format("{}: array '{}' without '{}'", path, *(x ? inputs : targets).begin(),
                                *(x ? targets : inputs).begin()));
  }
  return Part{*x, raw_targets(*y)};
}

}  // namespace

const std::vector<IdxDataset>& idx_datasets() {
  static const std::vector<IdxDataset> all = {
      {"mnist", "handwritten digits (LeCun, Bottou, Bengio, Haffner, 1998)", digits()},
      {"fashion-mnist",
       "pictures of clothes (Xiao, Rasul, Vollgraf, 2017)",
       {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
        "Ankle boot"}},
  };
  return all;
}

bool holds_idx_dataset(const std::string& directory) {
  const IdxPaths paths = idx_paths(directory);
  return std::none_of(paths.begin(), paths.end(), [](const std::string& path) { return path.empty(); });
}

std::string find_idx_dataset(std::string_view name, const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    std::string folder = fmt::format("{}/{}", directory, name);
    if (holds_idx_dataset(folder)) return folder;
  }
  return {};
}

namespace {

/// A folder's name, and which files of a data set it lacks when it has others.
std::string what_is_there(const std::string& folder) {
  constexpr std::array<const char*, 4> kNames = {"train-images", "train-labels", "t10k-images",
                                                 "t10k-labels"};
  const IdxPaths paths = idx_paths(folder);
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (paths[i].empty()) missing.emplace_back(kNames[i]);
  }
  if (missing.size() == paths.size()) return folder;
  return fmt::format("{} (which lacks {})", folder, fmt::join(missing, ", "));
}

}  // namespace

DataSplits load_idx_dataset(const IdxDataset& dataset, const DataOptions& options) {
  const std::string folder = find_idx_dataset(dataset.name, options.directories);
  if (folder.empty()) {
    std::vector<std::string> looked;
    for (const std::string& directory : options.directories)
      looked.push_back(what_is_there(fmt::format("{}/{}", directory, dataset.name)));
    throw FormatError(fmt::format(
        "{0}: its files are not there; looked in {1}. `hebb fetch {0}` downloads them", dataset.name,
        looked.empty() ? "no folder, for none was given" : fmt::format("{}", fmt::join(looked, ", "))));
  }
  if (options.task == Task::regression)
    throw ConfigError(fmt::format("{} has classes, it is no regression", dataset.name));
  const IdxPaths paths = idx_paths(folder);
  const auto classes = static_cast<std::int64_t>(dataset.class_names.size());
  DataSplits splits;
  splits.name = dataset.name;
  splits.description = dataset.description;
  splits.train = assemble_known(read_part(paths[0], paths[1]), classes);
  splits.test = assemble_known(read_part(paths[2], paths[3]), classes);
  if (splits.test->input_shape() != splits.train->input_shape()) {
    throw DataError(fmt::format("{}: images of {}, but {}: images of {}", paths[0],
                                to_string(splits.train->input_shape()), paths[2],
                                to_string(splits.test->input_shape())));
  }
  splits.spec.input_shape = splits.train->input_shape();
  splits.spec.class_names = dataset.class_names;
  splits.spec.target_name = "label";
  return splits;
}

DataSplits load_idx_directory(const std::string& directory, const DataOptions& options) {
  const IdxPaths paths = idx_paths(directory);
  return assemble(directory, read_part(paths[0], paths[1]), read_part(paths[2], paths[3]), idx_task(options));
}

DataSplits load_idx_pair(const std::string& images, const DataOptions& options) {
  const std::string labels = options.labels_path.empty() ? guessed_labels_path(images) : options.labels_path;
  if (options.labels_path.empty() && labels == images) {
    throw ConfigError(
        fmt::format("{}: the file of labels cannot be told from the name; give its path", images));
  }
  return assemble(images, read_part(images, labels), std::nullopt, idx_task(options));
}

DataSplits load_npy(const std::string& path, const DataOptions& options) {
  const Named file = {read_npy(path), path};
  const Shape& shape = file.tensor.shape();
  if (shape.rank() != 2 || shape[1] < 2) {
    throw DataError(
        fmt::format("{}: an array of shape {}; expected [samples, columns] with at least 2 columns, one of "
                    "them the target",
                    path, to_string(shape)));
  }
  std::vector<std::string> names;
  for (std::int64_t c = 1; c <= shape[1]; ++c) names.push_back(std::to_string(c));
  const auto columns = static_cast<std::size_t>(shape[1]);
  const std::size_t target = options.target.empty() ? columns - 1 : find_column(names, options.target, path);
  const auto rows = static_cast<std::size_t>(shape[0]);
  io::check_memory(static_cast<std::uint64_t>(file.tensor.size()) * sizeof(double), path);
  const std::vector<double> numbers = file.tensor.to_vector();
  Part part;
  part.targets = {.name = path, .numbers = std::vector<double>(rows), .samples = shape[0]};
  const Tensor inputs = io::make_tensor<double>({shape[0], shape[1] - 1}, path, [&](double* to) {
    for (std::size_t r = 0; r < rows; ++r) {
      const double* row = numbers.data() + r * columns;
      to = std::copy(row, row + target, to);
      to = std::copy(row + target + 1, row + columns, to);
      part.targets.numbers[r] = row[target];
    }
  });
  part.inputs = {inputs, path};
  return assemble(path, part, std::nullopt, options.task);
}

DataSplits load_npz(const std::string& path, const DataOptions& options) {
  Archive archive;
  std::vector<std::string> names;
  for (auto& [name, tensor] : read_npz(path)) {
    names.push_back(name);
    archive.emplace(name, std::move(tensor));
  }
  std::optional<Part> train = take_part(archive, path, {"x_train", "X_train"}, {"y_train", "Y_train"});
  if (!train) train = take_part(archive, path, {"x", "X"}, {"y", "Y"});
  if (!train) {
    throw DataError(fmt::format("{}: the archive holds {}; expected x_train and y_train, or x and y", path,
                                names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "))));
  }
  return assemble(path, *train, take_part(archive, path, {"x_test", "X_test"}, {"y_test", "Y_test"}),
                  options.task);
}

}  // namespace hebb
