/// The samples a model is worst at, as one picture.
#pragma once

#include <string>
#include <vector>

#include "hebb/data.hpp"
#include "hebb/evaluation.hpp"
#include "hebb/io.hpp"

namespace hebb::cli {

/// The images of an evaluation's worst samples in rows, each above its true class, its predicted class and
/// its loss. `raw` is the data set before scaling; `names` has a name for each class. Throws DataError where
/// the samples are no images.
Image worst_images(const EvaluationReport& report, const Dataset& raw, const std::vector<std::string>& names,
                   const std::string& title);

}  // namespace hebb::cli
