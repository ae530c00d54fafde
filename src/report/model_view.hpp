/// What there is to see of a model: filters, the regions it divides a plane into, the samples it is worst at.
#pragma once

#include <span>
#include <string>

#include "hebb/evaluation.hpp"
#include "hebb/model_file.hpp"
#include "io/json.hpp"
#include "report/data_view.hpp"

namespace hebb::report {

std::string base64(std::span<const std::uint8_t> bytes);

/// The filters of the first convolution, or the weights of the first dense layer where it takes an image, as
/// bytes [count, height, width, channels]: 128 is zero, 1 and 255 are -most and most. Null when there are
/// none.
Json filters_json(const SavedModel& model);

/// For inputs of two numbers: predictions on a grid over the samples and a margin, row by row from the
/// lowest, and samples. Of a classifier, a class and a confidence (0 to 255) for each point, and the
/// boundary; of a model of a single value, that value. Null otherwise. Throws what plane_data and
/// decision_map throw.
Json boundary_json(const SavedModel& model, const RunData& data);

/// Samples of a part of the data with their pictures or values; null when there are none. `worst` is what
/// outcome.json or an evaluation says of them; `of` is what the part belongs to.
Json worst_json(const Json& worst, const Dataset& data, const DataSplits& of);

}  // namespace hebb::report
