/// Some samples of a data set, as one of their own.
#pragma once

#include <vector>

#include "hebb/data.hpp"

namespace hebb::training {

/// Both the data set and the list of samples must outlive it.
class Subset final : public Dataset {
 public:
  Subset(const Dataset& whole, const std::vector<std::int64_t>& samples) : whole_(whole), samples_(samples) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(samples_.size()); }
  Shape input_shape() const override { return whole_.input_shape(); }
  TargetKind target_kind() const override { return whole_.target_kind(); }
  std::int64_t outputs() const override { return whole_.outputs(); }
  void fill(std::span<const std::int64_t> indices, float* inputs,
            const TargetBuffer& targets) const override {
    std::vector<std::int64_t> mapped;
    mapped.reserve(indices.size());
    for (const std::int64_t i : indices) mapped.push_back(samples_.at(static_cast<std::size_t>(i)));
    whole_.fill(mapped, inputs, targets);
  }

 private:
  const Dataset& whole_;
  const std::vector<std::int64_t>& samples_;
};

}  // namespace hebb::training
