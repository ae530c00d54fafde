/// Folders of images, a folder for each class.
#pragma once

#include <string>

#include "hebb/datasets.hpp"

namespace hebb {

/// Whether a folder, or its folder `train`, has a folder that holds an image.
bool holds_image_folders(const std::string& path);

DataSplits load_image_folders(const std::string& path, const DataOptions& options);

}  // namespace hebb
