/// Single samples that a person names: a file, or a place in a data set.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hebb/datasets.hpp"

namespace hebb::cli {

/// A sample as a model takes it before scaling.
struct Sample {
  std::string name;  ///< as it was given
  std::vector<float> raw;
  std::optional<std::int64_t> label = {};
};

/// The pixels of a PNG, JPEG, PGM or PPM file, gray or RGB as the model takes it. Throws DataError for images
/// of another size than the model's.
std::vector<float> image_values(const std::string& path, const InputSpec& spec);
/// An image file, or NAME:NUMBER, a sample of a data set's test split (the training split where there is
/// none), counted from 0.
Sample find_sample(const std::string& name, const InputSpec& spec, const DataOptions& options);

}  // namespace hebb::cli
