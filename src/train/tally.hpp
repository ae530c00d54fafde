/// Losses and metrics of an evaluation, added up batch by batch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hebb/evaluation.hpp"

namespace hebb::training {

/// The samples that are looked at: numbers of a data set's, all of them when none are given. Throws DataError
/// when there are none, or one that the data set does not have.
std::vector<std::int64_t> samples_of(const Dataset& data, const std::vector<std::int64_t>& given);

class Tally {
 public:
  /// `outputs` is the shape of one sample's output. Errors: see check_fit.
  Tally(const Shape& outputs, const Dataset& data, const Loss& loss, std::int64_t top_k);

  /// Adds a batch: its outputs [n, outputs...], its loss, and its targets, of which those that the data set
  /// has are read.
  void add(std::span<const float> outputs, double loss, const TargetBuffer& targets);
  EvaluationReport report() const;

 private:
  double weight(const TargetBuffer& targets, std::int64_t n) const;

  Loss loss_;
  std::int64_t width_;  ///< outputs of one sample
  EvaluationReport report_;
  double weights_ = 0;
};

}  // namespace hebb::training
