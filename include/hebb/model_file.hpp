/// One file, a whole model: weights, what they are computed with, and how raw input becomes what the model
/// takes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/data.hpp"
#include "hebb/losses.hpp"
#include "hebb/module.hpp"
#include "hebb/precision.hpp"

namespace hebb {

struct SafetensorsFile;  // io.hpp

/// The version of the file format that is written; older ones can be read.
inline constexpr int kModelFormatVersion = 1;

/// How a model came about; for people, and shown by `inspect`.
struct TrainingSummary {
  std::string data = {};  ///< name or path of the data set
  std::int64_t epochs = 0;
  std::int64_t steps = 0;
  std::uint64_t seed = 0;
  std::string optimizer = {};
  std::optional<double> train_loss = {};  ///< of the last epoch, as in the loss history
  std::optional<double> validation_loss = {};
  std::optional<double> validation_accuracy = {};

  bool operator==(const TrainingSummary&) const = default;
};

/// A model with what is needed to use it.
struct SavedModel {
  std::unique_ptr<Module> module =
      {};  ///< a Sequential where there is a description, else built from its graph
  InputSpec input = {};
  Loss loss = {};
  TrainingSummary summary = {};
  std::string library_version = {};  ///< that wrote the file; filled by load_model
  int format_version = kModelFormatVersion;

  SavedModel() = default;
  SavedModel(const Module& model, InputSpec spec, Loss trained_with)
      : module(model.clone()), input(std::move(spec)), loss(std::move(trained_with)) {}
};

/// Writes a safetensors file, atomically. A model with a description is saved as that; any other one as the
/// graph it computes for the spec's input shape. Throws ConfigError when the input shape is missing or the
/// graph cannot be saved, FormatError when the file cannot be written.
void save_model(const std::string& path, const SavedModel& model);
/// Reads it back. Throws FormatError, naming the file and what is wrong, for a file that is damaged, is no
/// model, is of a newer format version, or whose metadata disagree with its weights.
SavedModel load_model(const std::string& path);

/// The same without a file: the content to be written, and a model of content read. `name` stands for the
/// file in messages.
SafetensorsFile model_to_safetensors(const SavedModel& model);
SavedModel model_from_safetensors(const SafetensorsFile& file, const std::string& name = "<memory>");

/// A model ready for raw input, with memory of its own: it scales as training did and turns outputs into
/// probabilities. One serves one thread at a time; copies for other threads are made from the same
/// SavedModel.
///
///     LoadedModel model("model.safetensors");
///     std::span<const float> p = model.predict(pixels);       // 10 probabilities
///     std::string_view digit = model.class_name(model.predict_class(pixels));
///
/// Once it has seen a number of samples, calls for the same number allocate nothing.
class LoadedModel {
 public:
  /// `precision` is that of products.
  explicit LoadedModel(const std::string& path, Precision precision = Precision::f32);
  explicit LoadedModel(const SavedModel& model, Precision precision = Precision::f32);
  ~LoadedModel();
  LoadedModel(LoadedModel&&) noexcept;
  LoadedModel& operator=(LoadedModel&&) noexcept;

  /// For n samples of raw input, one after the other: probabilities [n, classes] (n alone for one output of a
  /// classifier: the probability of class 1), or values [n, outputs]. Valid until the next call. Throws
  /// ShapeError unless the number of values is a multiple of a sample's.
  std::span<const float> predict(std::span<const float> raw);
  /// The class of one sample: the largest output, or class 1 above the loss's threshold. Throws DataError
  /// when the model has no classes and when an output is not a number.
  std::int64_t predict_class(std::span<const float> raw);
  /// The same of one row of what `predict` returned.
  std::int64_t class_of(std::span<const float> probabilities) const;

  /// Whether it was trained on classes.
  bool is_classifier() const;
  /// Number of classes; 0 for a model of values.
  std::int64_t classes() const;
  /// The name of a class: its number where it has no name. Throws DataError when out of range.
  std::string_view class_name(std::int64_t index) const;
  /// Elements of one sample, and of its prediction.
  std::int64_t inputs() const;
  std::int64_t outputs() const;
  const InputSpec& input() const;
  const Loss& loss() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hebb
