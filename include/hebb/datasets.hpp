/// Data sets by name and from files.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/data.hpp"

namespace hebb {

struct CsvTable;  // io.hpp

/// A data set with its parts. The inputs of `train` and `test` are raw until `apply_scaling`.
struct DataSplits {
  std::string name = {};
  std::string description = {};  ///< one line
  std::shared_ptr<const Dataset> train = {};
  std::shared_ptr<const Dataset> test = {};     ///< null where there is none
  std::vector<std::string> feature_names = {};  ///< one an input; empty for images and unnamed columns
  InputSpec spec = {};                          ///< what a model trained on it must remember
  std::vector<std::string> skipped = {};        ///< files left out by `skip_bad`, each with the reason
};

/// Learns the scaling from the samples `indices` of the training split (all when empty), applies it to both
/// splits, and notes it in the spec. Errors: see fit_scaling.
void apply_scaling(DataSplits& splits, ScaleKind kind, std::span<const std::int64_t> indices = {});

/// Whether targets are classes or values. `automatic` decides: text becomes classes; so do whole numbers if
/// they are at most 20 different ones, the least of them is 0 or 1, and none between it and the largest is
/// left out; everything else becomes values.
enum class Task : std::uint8_t { automatic, classification, regression };

/// What to do with a missing value (an empty cell, or NA, N/A, NaN, null, ?) of a table: refuse the file,
/// put the column's mean in its place (numbers; in a column of text the missing value is a category of its
/// own, without a name), or leave the row out. A row without a target is refused, or left out by `drop`.
enum class Missing : std::uint8_t { error, mean, drop };

/// Parse the names as they stand above (`auto` for automatic); ConfigError with the nearest name otherwise.
Task parse_task(std::string_view name);
Missing parse_missing(std::string_view name);

/// How a data set is to be loaded. What a data set has no use for must be as it is here.
struct DataOptions {
  /// Folders in which data sets that have files are looked for, each in a folder of its name; the first wins.
  std::vector<std::string> directories = {};
  /// Generated data: number of training samples; each data set has a default.
  std::optional<std::int64_t> count = {};
  /// Generated data: number of test samples. By default a sixth of the training samples for `strokes`, half
  /// as many for `bags`, none for the others.
  std::optional<std::int64_t> test_count = {};
  /// Generated data: deviation of the normal noise, in the units of what it is added to.
  std::optional<double> noise = {};
  /// Generated data: where the random numbers start.
  std::uint64_t seed = 0;
  /// `blobs` and `spirals`: number of classes.
  std::int64_t classes = 3;
  /// Tables: the column to learn, by name or by number (from 1; -1 is the last). By default the last column.
  std::string target = {};
  Task task = Task::automatic;
  Missing missing = Missing::error;
  /// Tables: columns to leave out, by name or number.
  std::vector<std::string> ignore = {};
  /// Tables: whether the first row holds names. By default it does when it holds text and no number.
  std::optional<bool> header = {};
  /// IDX: the file of labels that goes with a file of images. By default the name with "images" replaced by
  /// "labels" and "idx3" by "idx1".
  std::string labels_path = {};
  /// Folders of images: what they are resized to, "32" or height x width, "32x48". By default the size that
  /// they all have.
  std::string image_size = {};
  /// Folders of images: 1 for gray, 3 for colour; 0: colour if one of them has it.
  std::int64_t channels = 0;
  /// Folders of images: leave out files that cannot be read.
  bool skip_bad = false;
};

/// Loads a data set: by name (see `known_datasets`), or from a file, told by the end of its name.
///
/// - `.csv`, `.tsv`: a table. Columns of numbers are inputs as they are; a column of text becomes one input
///   for each of its categories (at most 256). A column that is text though more than half of its cells are
///   numbers is refused, with the first cell that is not.
/// - `.npy`: a matrix whose last column is the target, unless `target` says otherwise.
/// - `.npz`: arrays `x_train`, `y_train`, `x_test`, `y_test`, or `x` (or `X`) and `y`.
/// - an IDX file of images (`...ubyte`, `.idx`, or with `idx3` in its name, plain or `.gz`), its labels
/// beside it.
/// - a folder that holds the four IDX files of MNIST by their names, or the files of CIFAR-10 or CIFAR-100 in
/// their binary version.
/// - a folder of images, a folder for each class: `cat/001.png`; or such folders `train` and, maybe, `test`.
/// Images are PNG, JPEG, PGM or PPM; classes are sorted by name. A file that cannot be read is an error that
/// lists all such files, unless `skip_bad` leaves them out.
///
/// Throws ConfigError for an unknown name (with the nearest) and for an option that the data set has no use
/// for, FormatError for a file that cannot be read, DataError for content that cannot be used.
DataSplits load_dataset(const std::string& name_or_path, const DataOptions& options = {});

/// The rows of a table as the raw inputs [rows, inputs] of a model trained on such a table. With a header,
/// columns are found by name, whatever their order and whichever others there are; without one they must be
/// those of the spec in their order, with or without the target after them. A spec without columns takes
/// all columns as numbers. Missing numbers are filled if the spec says with what. Throws DataError naming
/// line and column for a missing value, a text that is no number, a category that training did not know,
/// and for a wrong number of columns.
std::vector<float> encode_table(const InputSpec& spec, const CsvTable& table);

/// A line of the catalogue.
struct DatasetInfo {
  std::string name = {};
  std::string description = {};
  std::string shape = {};       ///< "784 -> 10 classes"
  std::int64_t train = 0;       ///< samples by default
  std::int64_t test = 0;        ///< samples by default
  bool needs_files = false;     ///< looked for in DataOptions::directories
  std::string directory = {};   ///< where its files were found; empty if they were not, or none are needed
  std::string fetched_as = {};  ///< the name fetch_dataset knows it by; empty where no files are needed
};

/// Every data set that has a name. `directories` tells where files are looked for.
std::vector<DatasetInfo> known_datasets(const std::vector<std::string>& directories = {});

/// Number, mean and extent of the values in one input, or in all pixels of the images.
struct RangeSummary {
  std::string name = {};
  double minimum = 0;
  double maximum = 0;
  double mean = 0;
  double deviation = 0;
  std::int64_t categories = 0;  ///< for a column of text; it has no range
};

/// What there is to know at a glance.
struct DataSummary {
  std::string name = {};
  std::string description = {};
  std::int64_t train_rows = 0;
  std::int64_t test_rows = 0;  ///< 0 where there is no test split
  Shape input_shape = {};
  TargetKind target_kind = TargetKind::values;
  std::int64_t outputs = 0;
  std::vector<std::string> class_names = {};
  std::vector<std::int64_t> train_counts = {};  ///< samples of each class
  std::vector<std::int64_t> test_counts = {};
  std::vector<RangeSummary> inputs =
      {};  ///< of the training split, raw; one for images, at most 1000 for tables
  std::vector<RangeSummary> targets = {};  ///< regression only
};
DataSummary summarize(const DataSplits& splits);

/// Height and width of the images of `strokes`.
inline constexpr std::int64_t kStrokesSide = 28;

/// How the digits of `strokes` are drawn.
struct StrokesOptions {
  std::uint64_t seed = 0;
  /// Deviation of the pixel noise, as a share of the full range.
  double noise = 0.05;
  /// Scales every deformation: 0 draws the bare skeletons, 1 is the default handwriting.
  double distortion = 1.0;
};

/// Draws digit number `index` of the endless sequence `options.seed`: a grey image of 28 x 28 bytes, ink
/// 255 on paper 0, of the digit index % 10, which is returned. A pure function of its arguments.
std::int32_t draw_digit(const StrokesOptions& options, std::uint64_t index,
                        std::span<std::uint8_t, kStrokesSide * kStrokesSide> pixels);

}  // namespace hebb
