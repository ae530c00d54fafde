/// Many samples in one picture.
#pragma once

#include "hebb/augmentation.hpp"
#include "hebb/datasets.hpp"
#include "hebb/io.hpp"

namespace hebb::cli {

struct SheetOptions {
  Augmentation augment = {};
  std::uint64_t seed = 0;
};

/// The first hundred training samples; with augmentation, the first ten, each with nine of its changes.
/// Throws ConfigError for data that are no images.
Image contact_sheet(DataSplits data, const SheetOptions& options);

}  // namespace hebb::cli
