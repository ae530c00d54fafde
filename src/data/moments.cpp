#include "data/moments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/parallel.hpp"
#include "hebb/error.hpp"
#include "kernels/bytes.hpp"

namespace hebb {
namespace {

void check_indices(std::span<const std::int64_t> indices, std::int64_t size) {
  for (const std::int64_t index : indices) {
    if (index < 0 || index >= size) {
      throw DataError(fmt::format("sample {} asked for; the data set has samples 0 to {}", index, size - 1));
    }
  }
}

/// Mean and deviation of all bytes of the samples; the sums are exact integers, so their order is free.
Moments byte_moments(const ArrayDataset& data, std::span<const std::int64_t> indices) {
  constexpr std::size_t kChunk = 256;
  check_indices(indices, data.size());
  const auto features = static_cast<std::size_t>(data.input_shape().elements());
  const std::uint8_t* bytes = data.data().inputs.data<std::uint8_t>().data();
  const std::size_t chunks = (indices.size() + kChunk - 1) / kChunk;
  std::vector<ByteSums> sums(chunks);
  parallel_for(static_cast<std::int64_t>(chunks), [&](std::int64_t task) {
    const auto chunk = static_cast<std::size_t>(task);
    for (std::size_t i = chunk * kChunk; i < std::min(indices.size(), (chunk + 1) * kChunk); ++i) {
      const ByteSums of_sample = sum_bytes(bytes + static_cast<std::size_t>(indices[i]) * features, features);
      sums[chunk].sum += of_sample.sum;
      sums[chunk].squares += of_sample.squares;
      sums[chunk].low = std::min(sums[chunk].low, of_sample.low);
      sums[chunk].high = std::max(sums[chunk].high, of_sample.high);
    }
  });
  Moments total;
  double squares = 0;
  for (const ByteSums& part : sums) {
    total.low = std::min<double>(total.low, part.low);
    total.high = std::max<double>(total.high, part.high);
    total.mean += static_cast<double>(part.sum);
    squares += static_cast<double>(part.squares);
  }
  total.count = static_cast<double>(indices.size()) * static_cast<double>(features);
  total.mean /= total.count;
  total.squares = std::max(0.0, squares - total.count * total.mean * total.mean);
  return total;
}

/// Moments of every column, or of all columns as one.
std::vector<Moments> float_moments(const Dataset& data, std::span<const std::int64_t> indices, bool whole) {
  constexpr std::size_t kRows = 256;
  const auto features = static_cast<std::size_t>(data.input_shape().elements());
  std::vector<Moments> moments(whole ? 1 : features);
  std::vector<float> rows(std::min(kRows, indices.size()) * features);
  for (std::size_t start = 0; start < indices.size(); start += kRows) {
    const auto part = indices.subspan(start, std::min(kRows, indices.size() - start));
    data.fill(part, rows.data(), {});
    for (std::size_t i = 0; i < part.size() * features; ++i) {
      if (!std::isfinite(rows[i])) {
        throw DataError(fmt::format("input {} of sample {} is {}; expected a finite number", i % features,
                                    part[i / features], rows[i]));
      }
    }
    if (whole) {
      moments[0].add_block(rows.data(), 1, part.size() * features);
    } else {
      for (std::size_t j = 0; j < features; ++j) moments[j].add_block(rows.data() + j, features, part.size());
    }
  }
  return moments;
}

}  // namespace

void Moments::add_block(const float* first, std::size_t stride, std::size_t size) {
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const double x = first[i * stride];
    sum += x;
    low = std::min(low, x);
    high = std::max(high, x);
  }
  const auto n = static_cast<double>(size);
  const double block_mean = sum / n;
  double block_squares = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const double difference = first[i * stride] - block_mean;
    block_squares += difference * difference;
  }
  const double apart = block_mean - mean;
  squares += block_squares + apart * apart * count * n / (count + n);
  mean += apart * n / (count + n);
  count += n;
}

const ArrayDataset* bytes_of_images(const Dataset& data) {
  const auto* array = dynamic_cast<const ArrayDataset*>(&data);
  return array != nullptr && array->data().inputs.dtype() == DType::u8 ? array : nullptr;
}

bool holds_images(const Dataset& data) {
  return data.input_shape().rank() > 1 || bytes_of_images(data) != nullptr;
}

std::vector<std::int64_t> every_sample(const Dataset& data) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(data.size()));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

std::vector<Moments> input_moments(const Dataset& data, std::span<const std::int64_t> indices,
                                   bool together) {
  const ArrayDataset* bytes = bytes_of_images(data);
  if (bytes != nullptr && together && bytes->scaling().empty()) return {byte_moments(*bytes, indices)};
  return float_moments(data, indices, together);
}

}  // namespace hebb
