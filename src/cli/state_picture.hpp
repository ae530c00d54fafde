/// States of memories, drawn in the terminal.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hebb/io.hpp"
#include "hebb/memory_store.hpp"

namespace hebb::cli {

/// A state as its look has it: an image, a line of text, or else units in rows; at most `width` columns wide.
/// Ends with a line feed.
std::string draw_state(std::span<const float> state, const memory::Look& look, int width);

/// The image of a state, bright where units are up, or dark where the look is inverted.
Image image_of_state(std::span<const float> state, const memory::Look& look);

/// A state as a cell of a picture, above lines of text: an image as it looks, other units in rows.
Image state_cell(std::span<const float> state, const memory::Look& look,
                 const std::vector<std::string>& caption);

}  // namespace hebb::cli
