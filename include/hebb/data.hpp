/// What trainers learn from: data sets, the scaling of their inputs, and how they are split and shuffled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/shape.hpp"
#include "hebb/tensor.hpp"

namespace hebb {

/// What a data set's targets are: one class number a sample, or real values.
enum class TargetKind : std::uint8_t { classes, values };

/// "classes" or "values".
std::string_view to_string(TargetKind kind);

/// Where the targets of a batch go. Of the two pointers the one that fits the data set's TargetKind is
/// written; where it is null, targets are not wanted.
struct TargetBuffer {
  std::int32_t* labels = nullptr;  ///< [n], each in [0, outputs())
  float* values = nullptr;         ///< [n, outputs()], row-major
};

/// A source of samples. Derive from it to bring data of your own, also such as does not fit in memory:
/// only the samples of one batch are asked for at a time.
///
/// An object must not change while it is used: all members are const and are called from several
/// threads at once.
class Dataset {
 public:
  virtual ~Dataset() = default;

  /// Number of samples.
  virtual std::int64_t size() const = 0;
  /// Shape of one sample: [features] for a row of a table, [height, width, channels] for an image.
  virtual Shape input_shape() const = 0;
  virtual TargetKind target_kind() const = 0;
  /// Number of classes, or of target values a sample.
  virtual std::int64_t outputs() const = 0;
  /// Writes the samples `indices`, in that order, each index in [0, size()): their inputs as the network
  /// shall see them to `inputs` ([n, input_shape()], row-major; null when not wanted), and their targets.
  /// Throws DataError for an index out of range.
  virtual void fill(std::span<const std::int64_t> indices, float* inputs,
                    const TargetBuffer& targets) const = 0;
  /// What `fill` makes of an input that is raw 0, the black of images: what augmentation puts where it moves
  /// pixels away. Throws DataError where that differs from input to input.
  virtual float background() const { return 0; }
};

/// How inputs are scaled: `standard` to mean 0 and deviation 1, `unit` to [0, 1], `none` as they are.
enum class ScaleKind : std::uint8_t { standard, unit, none };

/// "standard", "unit" or "none".
std::string_view to_string(ScaleKind kind);
/// The reverse. Throws ConfigError, with the nearest known name, for any other text.
ScaleKind parse_scale_kind(std::string_view name);

/// The scaling of inputs, learned from a training set and saved with the model, so that prediction takes
/// raw input: x becomes (x - mean) / deviation. Both vectors have one element for a whole image, one a
/// column for a table, and none when nothing is scaled. For `unit`, the mean is the smallest value and the
/// deviation the range (bytes: 0 and 255).
struct Scaling {
  ScaleKind kind = ScaleKind::none;
  std::vector<float> mean = {};
  std::vector<float> deviation = {};

  /// Whether inputs stay as they are.
  bool empty() const { return mean.empty(); }
  /// Throws DataError unless it can be applied to samples of `features` elements: both vectors equally
  /// long, of 0, 1 or `features` finite numbers, deviations positive.
  void check(std::int64_t features) const;
  /// Scales rows in place: `values` is [n, features], row-major. Checks as `check` does.
  void apply(std::span<float> values, std::int64_t features) const;
  /// What a value becomes whichever input it is. Throws DataError when inputs are scaled each by its own
  /// numbers.
  float apply_to_all(float value) const;

  bool operator==(const Scaling&) const = default;
};

/// Learns a scaling from the samples `indices` of `data` (all samples when empty), whose inputs must be
/// raw. Samples with more than one axis, or of bytes, are images and share one mean and one deviation; the
/// columns of tables are scaled each by its own. Deviations are those of the population (divided by n); a
/// constant column gets deviation 1, so it becomes 0. Throws DataError when there is no sample, when an input
/// is not finite, or when a range exceeds what a float can hold.
Scaling fit_scaling(const Dataset& data, ScaleKind kind, std::span<const std::int64_t> indices = {});

/// The same data set with `scaling` applied to its inputs on their way out. Throws DataError when the
/// scaling does not fit the input shape.
std::shared_ptr<const Dataset> scaled(std::shared_ptr<const Dataset> data, const Scaling& scaling);

/// Arrays that make up a data set.
struct ArrayData {
  /// [samples, ...]: u8 for images, which stay bytes until a batch is formed, f32 for anything else.
  Tensor inputs = {};
  /// i32 [samples], each in [0, classes), or f32 [samples, outputs], or empty where there are none (0
  /// values).
  Tensor targets = {};
  std::int64_t classes = 0;  ///< 0 unless the targets are labels
  Shape sample_shape = {};   ///< of one sample, where it is not what follows the first axis of the inputs
};

/// A data set in memory. Copies, and versions scaled differently, share the arrays.
class ArrayDataset final : public Dataset {
 public:
  /// Throws ShapeError for tensors of other types or ranks than ArrayData tells and for samples without
  /// elements; DataError, naming the sample, when the counts differ, a label is out of range, or an input or
  /// target is not finite. Expressions are evaluated.
  explicit ArrayDataset(ArrayData data);

  std::int64_t size() const override { return size_; }
  Shape input_shape() const override { return sample_; }
  TargetKind target_kind() const override {
    return data_.classes > 0 ? TargetKind::classes : TargetKind::values;
  }
  std::int64_t outputs() const override { return outputs_; }
  void fill(std::span<const std::int64_t> indices, float* inputs, const TargetBuffer& targets) const override;
  float background() const override { return scaling_.apply_to_all(0); }

  /// The same arrays under another scaling, which replaces the present one. Errors: see Scaling::check.
  ArrayDataset with_scaling(Scaling scaling) const;
  const Scaling& scaling() const { return scaling_; }
  /// The arrays as they were given, unscaled.
  const ArrayData& data() const { return data_; }

 private:
  void check_targets() const;
  void fill_inputs(std::span<const std::int64_t> indices, float* inputs) const;
  void fill_sample(std::int64_t sample, float* to) const;

  ArrayData data_;
  std::int64_t size_ = 0;
  Shape sample_;
  std::int64_t outputs_ = 0;
  Scaling scaling_;
  std::vector<float> inverse_;  ///< 1 / deviation, element by element
};

/// A column of a table as a network takes it: a number, or a text that becomes one input for each of its
/// categories (1 for the one that is there, 0 for the others).
struct Column {
  std::string name = {};
  std::vector<std::string> categories = {};  ///< sorted; empty for a column of numbers
  /// What stands for a missing number (the training set's mean); meaningful if `fills_missing`.
  float fill = 0;
  bool fills_missing = false;

  bool operator==(const Column&) const = default;
};

/// What a model must remember of the data it was trained on, so that it can be given raw input.
struct InputSpec {
  Shape input_shape = {};
  Scaling scaling = {};
  std::vector<std::string> class_names = {};  ///< empty for regression
  std::string target_name = {};
  std::vector<Column> columns = {};  ///< of the table the data came from; empty for other data
  bool resizes = false;              ///< whether images of any size are brought to the input shape

  bool operator==(const InputSpec&) const = default;
};

/// As a JSON object, and back exactly. Reading throws FormatError for text that is not such an object, and
/// DataError when its parts do not fit each other.
std::string to_json(const InputSpec& spec);
InputSpec input_spec_from_json(std::string_view text);

/// The labels of all samples. Throws DataError for a data set without classes.
std::vector<std::int32_t> all_labels(const Dataset& data);

/// Two disjoint, sorted lists of sample numbers that together hold every sample.
struct Split {
  std::vector<std::int64_t> train = {};
  std::vector<std::int64_t> validation = {};
};

/// Sets aside round(fraction * n) samples, at least one, for validation, with every class represented in
/// proportion as exactly as whole samples allow (largest remainders); no class loses its last training
/// sample. A pure function of its arguments. Throws ConfigError unless 0 < fraction < 1, DataError for
/// negative labels, or when there are too few samples to leave both parts non-empty.
Split stratified_split(std::span<const std::int32_t> labels, double fraction, std::uint64_t seed);

/// The same without classes: any samples, chosen uniformly.
Split random_split(std::int64_t count, double fraction, std::uint64_t seed);

/// The one of the two that fits the data set's targets.
Split validation_split(const Dataset& data, double fraction, std::uint64_t seed);

/// The order in which an epoch visits the samples: a uniformly random permutation, a pure function of
/// (seed, epoch). Throws ConfigError when count is negative or exceeds 2^32 - 1.
std::vector<std::int64_t> epoch_order(std::int64_t count, std::uint64_t seed, std::uint64_t epoch);

/// The same, of the given samples, into a buffer of the same length (so that epochs need not allocate).
void epoch_order(std::span<const std::int64_t> samples, std::uint64_t seed, std::uint64_t epoch,
                 std::span<std::int64_t> order);

}  // namespace hebb
