/// Layers compared with golden values.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "golden.hpp"
#include "hebb/model.hpp"
#include "hebb/ops.hpp"
#include "hebb/transforms.hpp"

namespace hebb::testing {

/// Compares layers with a file of lines "description | input shape", each of which holds, one after the
/// other: input, parameters, V, output, and the gradients of sum(output * V) with respect to input and
/// parameters.
inline void expect_golden_layers(const std::string& file) {
  for (const auto& line : read_golden(file)) {
    const std::string& key = line.first;
    const std::vector<double>& values = line.second;
    SCOPED_TRACE(key);
    const std::size_t bar = key.find(" | ");
    std::vector<std::int64_t> extents;
    std::istringstream numbers(key.substr(bar + 3));
    for (std::int64_t extent = 0; numbers >> extent;) extents.push_back(extent);
    std::size_t at = 0;
    const auto next = [&](const Shape& shape) {
      const auto count = static_cast<std::size_t>(shape.elements());
      const auto part = std::span<const double>(values).subspan(at, count);
      at += count;
      return Tensor::from(part, shape);
    };
    Sequential model = Sequential::parse(key.substr(0, bar));
    model.build(Shape(std::vector<std::int64_t>(extents.begin() + 1, extents.end())));
    Tensors leaves = {next(Shape(extents))};
    for (const NamedTensor& p : parameters(model)) {
      *p.value = next(p.value->shape());
      leaves.push_back(*p.value);
    }
    const Tensor y = model(leaves[0]);
    const Tensor v = next(y.shape());
    Tensors got = gradients(sum(y * v), leaves);
    got.insert(got.begin(), y);
    for (const Tensor& tensor : got) {
      const auto exact = next(tensor.shape()).to_vector();
      const auto found = tensor.to_vector();
      for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], exact[i], 1e-12) << i;
    }
    EXPECT_EQ(at, values.size());
  }
}

}  // namespace hebb::testing
