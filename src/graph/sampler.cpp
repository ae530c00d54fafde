#include "graph/sampler.hpp"

#include <algorithm>
#include <cmath>

namespace hebb {

std::int64_t Sampler::integer(std::int64_t low, std::int64_t high) {
  return low + random_.below(static_cast<std::uint32_t>(high - low + 1));
}

double Sampler::real(double low, double high) { return low + (high - low) * random_.uniform(); }

std::int64_t Sampler::extent() {
  switch (random_.below(4)) {
    case 0: return integer(1, 3);
    case 1: return integer(1, 9);
    case 2: return integer(7, 17);
    default: return integer(1, 40);
  }
}

Shape Sampler::shape(int least_rank, int most_rank) {
  constexpr std::int64_t kMostElements = 600;
  std::vector<std::int64_t> extents;
  const auto rank = integer(least_rank, most_rank);
  std::int64_t elements = 1;
  for (std::int64_t axis = 0; axis < rank; ++axis) {
    const std::int64_t drawn = std::min(extent(), std::max<std::int64_t>(1, kMostElements / elements));
    extents.push_back(drawn);
    elements *= drawn;
  }
  if (allow_empty_ && rank > 0 && random_.below(8) == 0) {
    extents[random_.below(static_cast<std::uint32_t>(rank))] = 0;
  }
  return Shape(std::move(extents));
}

Shape Sampler::broadcastable(const Shape& shape) {
  std::vector<std::int64_t> extents = shape.extents();
  extents.erase(extents.begin(), extents.begin() + integer(0, shape.rank()) / 2);
  for (std::int64_t& extent : extents) {
    if (random_.below(3) == 0) extent = 1;
  }
  return Shape(std::move(extents));
}

std::vector<int> Sampler::axes(const Shape& shape) {
  std::vector<int> chosen;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (chance()) chosen.push_back(chance() ? axis : axis - shape.rank());
  }
  if (chosen.empty() && shape.rank() > 0) chosen.push_back(static_cast<int>(integer(0, shape.rank() - 1)));
  return chosen;
}

Tensor Sampler::normal(const Shape& shape) {
  return Tensor::make<float>(shape, [&](float* out) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) out[i] = random_.normal();
  });
}

Tensor Sampler::uniform(const Shape& shape, double low, double high) {
  return Tensor::make<float>(shape, [&](float* out) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) out[i] = static_cast<float>(real(low, high));
  });
}

Tensor Sampler::away_from(const Shape& shape, const std::vector<double>& points, double distance) {
  return Tensor::make<float>(shape, [&](float* out) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) {
      do {
        out[i] = 2.0F * random_.normal();
      } while (std::any_of(points.begin(), points.end(),
                           [&](double point) { return std::abs(out[i] - point) < distance; }));
    }
  });
}

Tensor Sampler::integers(const Shape& shape, std::int64_t low, std::int64_t high) {
  return Tensor::make<std::int32_t>(shape, [&](std::int32_t* out) {
    for (std::int64_t i = 0; i < shape.elements(); ++i)
      out[i] = static_cast<std::int32_t>(integer(low, high));
  });
}

Tensor Sampler::integers_as_floats(const Shape& shape, std::int64_t low, std::int64_t high) {
  return Tensor::make<float>(shape, [&](float* out) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) out[i] = static_cast<float>(integer(low, high));
  });
}

Tensor Sampler::distinct(const Shape& shape) {
  const auto order = random_.permutation(static_cast<std::int32_t>(shape.elements()));
  return Tensor::make<float>(shape, [&](float* out) {
    for (std::size_t i = 0; i < order.size(); ++i) {
      out[i] = 0.2F * (static_cast<float>(order[i]) - 0.5F * static_cast<float>(order.size())) +
               0.05F * random_.uniform();
    }
  });
}

}  // namespace hebb
