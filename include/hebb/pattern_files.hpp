/// Patterns for memories, and cues, from images, data sets, text, tables and arrays.
///
/// Pixels and values become units by a threshold: a unit is up where its value is at least the threshold.
/// Images of bytes are cut at 128 unless told otherwise; values of tables and arrays must be those of units,
/// 1 and 0 or 1 and -1, unless a threshold is given.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hebb/datasets.hpp"
#include "hebb/memory_store.hpp"

namespace hebb::memory {

struct PatternOptions {
  std::optional<double> threshold = {};
  /// Dark is up instead of bright.
  bool invert = false;
  /// Images are brought to this size, "32" or height x width, "32x48". By default they must have one size.
  std::string image_size = {};
};

/// A pattern an image (PNG, JPEG, PGM, PPM; colour becomes gray), its label the file's name without the
/// ending. Throws FormatError for what cannot be read, DataError for images of different sizes, ConfigError
/// for a size that is none.
PatternSet patterns_from_images(std::span<const std::string> paths, const PatternOptions& options = {});

/// Training samples of a data set of images, by number from 0, labelled with their classes. Throws DataError
/// when there is no such sample, ConfigError when the samples are no images.
PatternSet patterns_from_dataset(const DataSplits& data, std::span<const std::int64_t> samples,
                                 const PatternOptions& options = {});

/// A pattern a line of UTF-8 text, which is its label: 8 units a byte, least bit first, filled up with spaces
/// to the longest line or to `units`. Empty lines are left out. Throws DataError when there is no text, or
/// for a line longer than `units`.
PatternSet patterns_from_text(const std::string& path, std::int64_t units = 0);
/// The same of one line.
PatternSet pattern_from_line(const std::string& line, std::int64_t units = 0);
/// The text of a state, bytes that are not printed shown as '?', without the spaces at its end.
std::string text_of_state(std::span<const float> state);

/// A pattern a row of a table; a column of text, if there is one, holds the labels. Throws DataError, naming
/// line and column, for a missing value, one that units do not have, and several columns of text.
PatternSet patterns_from_csv(const std::string& path, const PatternOptions& options = {});

/// A pattern a row of an array [patterns, units], or one of [units]. Throws as patterns_from_csv does.
PatternSet patterns_from_npy(const std::string& path, const PatternOptions& options = {});

/// `count` patterns whose units are up with probability 1/2, labelled "random 0" and so on. Throws
/// ConfigError unless both numbers are positive.
PatternSet random_patterns(std::int64_t count, std::int64_t units, std::uint64_t seed = 0);

/// Cues for a store from a file, told by the end of its name: an image, .csv, .tsv, .npy, or text; read as
/// its patterns were. Throws DataError when they have another number of units.
PatternSet read_cues(const std::string& path, const Look& look, std::int64_t units);

}  // namespace hebb::memory
