/// What there is to say of a run's data, and how its parts overlap.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hebb/config.hpp"
#include "hebb/datasets.hpp"

namespace hebb::report {

/// Samples by their numbers in one of the two parts of the data.
struct Samples {
  const Dataset* data = nullptr;  ///< null: there are none
  std::vector<std::int64_t> indices = {};

  std::int64_t size() const { return static_cast<std::int64_t>(indices.size()); }
};

/// A run's data, unscaled, as the run divided them.
struct RunData {
  DataSplits splits = {};
  Samples train = {};
  Samples validation = {};
  Samples test = {};

  /// What the model has seen least of: test, else validation, else training samples; and its name.
  const Samples& held_out() const;
  std::string held_out_name() const;
};
RunData divided(DataSplits splits, const TrainConfig& config);

/// Samples whose inputs are equal, element by element.
struct Overlaps {
  std::string part = {};            ///< "test", "validation", or empty where all samples are trained on
  std::int64_t in_training = 0;     ///< samples of that part that are training samples, too
  std::int64_t contradictions = 0;  ///< training samples equal to one of another class
};
Overlaps find_overlaps(const RunData& data);

/// What the report shows of the data.
struct DataView {
  DataSummary summary = {};
  std::vector<std::int64_t> counts = {};  ///< training samples of each class; empty without classes
  Overlaps overlaps = {};
};
DataView view_of(const RunData& data);

}  // namespace hebb::report
