#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/parallel.hpp"
#include "data/moments.hpp"
#include "hebb/data.hpp"
#include "hebb/error.hpp"
#include "kernels/bytes.hpp"

namespace hebb {
namespace {

/// Elements a task should work on: enough to be worth handing to a thread, few enough to balance.
constexpr std::int64_t kTaskElements = 1 << 14;

void check_finite(const Tensor& tensor, const char* what) {
  const std::span<const float> values = tensor.data<float>();
  const auto width = static_cast<std::size_t>(tensor.size() / std::max<std::int64_t>(1, tensor.shape()[0]));
  // A sum is not finite if an element is not (or if it overflows): one cheap pass in the usual case.
  if (std::isfinite(std::accumulate(values.begin(), values.end(), 0.F))) return;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    throw DataError(fmt::format("{} {} of sample {} is {}; expected a finite number", what, i % width,
                                i / width, values[i]));
  }
}

Shape without_first_axis(const Shape& shape) {
  return Shape(std::vector<std::int64_t>(shape.extents().begin() + 1, shape.extents().end()));
}

}  // namespace

std::string_view to_string(TargetKind kind) { return kind == TargetKind::classes ? "classes" : "values"; }

ArrayDataset::ArrayDataset(ArrayData data) : data_(std::move(data)) {
  if (data_.inputs.empty()) throw ShapeError("data set: no inputs given");
  data_.inputs = evaluate(data_.inputs);
  const Shape& shape = data_.inputs.shape();
  if (shape.rank() < 2) {
    throw ShapeError(
        fmt::format("data set: inputs must be [samples, features] or more, got {}", to_string(shape)));
  }
  size_ = shape[0];
  sample_ = data_.sample_shape.rank() > 0 ? data_.sample_shape : without_first_axis(shape);
  if (sample_.elements() != without_first_axis(shape).elements()) {
    throw ShapeError(fmt::format("data set: inputs of shape {} are no samples of shape {}", to_string(shape),
                                 to_string(sample_)));
  }
  if (sample_.elements() == 0) {
    throw ShapeError(fmt::format("data set: samples of shape {} have no elements", to_string(sample_)));
  }
  if (data_.inputs.dtype() == DType::f32) {
    check_finite(data_.inputs, "input");
  } else if (data_.inputs.dtype() != DType::u8) {
    throw ShapeError(
        fmt::format("data set: inputs must be f32 or u8, got {}", to_string(data_.inputs.dtype())));
  }
  if (!data_.targets.empty()) data_.targets = evaluate(data_.targets);
  check_targets();
  if (!data_.targets.empty()) outputs_ = data_.classes > 0 ? data_.classes : data_.targets.shape()[1];
}

void ArrayDataset::check_targets() const {
  const Tensor& targets = data_.targets;
  if (targets.empty()) {
    if (data_.classes != 0)
      throw DataError(fmt::format("data set: {} classes, but no labels", data_.classes));
    return;
  }
  const bool labels = targets.dtype() == DType::i32 && targets.shape().rank() == 1;
  const bool values = targets.dtype() == DType::f32 && targets.shape().rank() == 2 && targets.shape()[1] > 0;
  if (!labels && !values) {
    throw ShapeError(
        fmt::format("data set: targets must be i32 [samples] or f32 [samples, outputs], got {} {}",
                    to_string(targets.dtype()), to_string(targets.shape())));
  }
  if (targets.shape()[0] != size_) {
    throw DataError(fmt::format("data set: {} inputs, but {} {}", size_, targets.shape()[0],
                                labels ? "labels" : "targets"));
  }
  if (labels != (data_.classes > 0)) {
    throw DataError(
        fmt::format("data set: {} with {} classes", labels ? "labels" : "real targets", data_.classes));
  }
  if (values) return check_finite(targets, "target");
  const std::span<const std::int32_t> given = targets.data<std::int32_t>();
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] < 0 || given[i] >= data_.classes) {
      throw DataError(fmt::format("label of sample {} is {}; expected 0 to {} ({} classes)", i, given[i],
                                  data_.classes - 1, data_.classes));
    }
  }
}

ArrayDataset ArrayDataset::with_scaling(Scaling scaling) const {
  scaling.check(sample_.elements());
  ArrayDataset result = *this;
  result.inverse_.clear();
  for (const float deviation : scaling.deviation) result.inverse_.push_back(1 / deviation);
  result.scaling_ = std::move(scaling);
  return result;
}

void ArrayDataset::fill(std::span<const std::int64_t> indices, float* inputs,
                        const TargetBuffer& targets) const {
  for (const std::int64_t index : indices) {
    if (index < 0 || index >= size_) {
      throw DataError(fmt::format("sample {} asked for; the data set has samples 0 to {}", index, size_ - 1));
    }
  }
  if (inputs != nullptr) fill_inputs(indices, inputs);
  if (data_.targets.empty()) return;
  if (data_.classes > 0) {
    if (targets.labels == nullptr) return;
    const std::int32_t* from = data_.targets.data<std::int32_t>().data();
    for (std::size_t i = 0; i < indices.size(); ++i) targets.labels[i] = from[indices[i]];
  } else if (targets.values != nullptr) {
    const float* from = data_.targets.data<float>().data();
    float* to = targets.values;
    for (const std::int64_t index : indices) to = std::copy_n(from + index * outputs_, outputs_, to);
  }
}

void ArrayDataset::fill_inputs(std::span<const std::int64_t> indices, float* inputs) const {
  const std::int64_t features = sample_.elements();
  const auto rows = static_cast<std::int64_t>(indices.size());
  const std::int64_t chunk = std::max<std::int64_t>(1, kTaskElements / features);
  parallel_for((rows + chunk - 1) / chunk, [&](std::int64_t task) {
    const std::int64_t end = std::min(rows, (task + 1) * chunk);
    for (std::int64_t row = task * chunk; row < end; ++row) {
      fill_sample(indices[static_cast<std::size_t>(row)], inputs + row * features);
    }
  });
}

void ArrayDataset::fill_sample(std::int64_t sample, float* to) const {
  const auto features = static_cast<std::size_t>(sample_.elements());
  const bool whole = scaling_.mean.size() == 1;
  const float mean = whole ? scaling_.mean[0] : 0;
  const float inverse = whole ? inverse_[0] : 1;
  const std::size_t start = static_cast<std::size_t>(sample) * features;
  if (data_.inputs.dtype() == DType::u8) {
    scale_bytes(data_.inputs.data<std::uint8_t>().data() + start, to, features, mean, inverse);
  } else {
    const float* from = data_.inputs.data<float>().data() + start;
    if (scaling_.empty()) {
      std::copy_n(from, features, to);
      return;
    }
    if (whole) {
      for (std::size_t j = 0; j < features; ++j) to[j] = (from[j] - mean) * inverse;
      return;
    }
    std::copy_n(from, features, to);
  }
  if (scaling_.mean.size() > 1) {
    for (std::size_t j = 0; j < features; ++j) to[j] = (to[j] - scaling_.mean[j]) * inverse_[j];
  }
}

std::vector<std::int32_t> all_labels(const Dataset& data) {
  if (data.target_kind() != TargetKind::classes)
    throw DataError("the data set has no classes, its targets are values");
  const std::vector<std::int64_t> indices = every_sample(data);
  std::vector<std::int32_t> labels(indices.size());
  data.fill(indices, nullptr, {.labels = labels.data()});
  return labels;
}

}  // namespace hebb
