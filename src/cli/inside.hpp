/// Pictures of what is inside a model.
#pragma once

#include <string>

#include "cli/sample.hpp"
#include "hebb/io.hpp"
#include "hebb/model_file.hpp"

namespace hebb::cli {

/// The filters of the first convolution, one tile each, or the weights of a dense layer that takes the image
/// itself, one tile a unit. Blue is negative, white zero, red positive, on one scale for all; filters of
/// color images are shown in their colors about a middle gray. Throws DataError for a model that has neither.
Image filters_picture(const SavedModel& model, const std::string& title);

/// What every layer makes of a sample: the channels of images as maps, other outputs as a strip of squares;
/// blue is negative, white zero, red positive, each layer on its own scale. Throws DataError for a free
/// composition, which has no layers, and where the samples are no images.
Image activations_picture(const SavedModel& model, const Sample& sample, const std::string& title);

/// A sample beside abs(d logit / d pixel) for the predicted class's logit, the largest of a pixel's channels,
/// black at zero, white at the largest (Simonyan et al. 2014). Derivatives are with respect to scaled pixels.
/// Throws DataError for a model that is no classifier and where the samples are no images.
Image saliency_picture(const SavedModel& model, const Sample& sample, const std::string& title);

}  // namespace hebb::cli
