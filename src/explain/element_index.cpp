#include "explain/element_index.hpp"

namespace hebb::explaining {

std::vector<std::int64_t> index_of(std::int64_t element, const Shape& shape) {
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.rank()));
  for (std::size_t axis = index.size(); axis-- > 0;) {
    const std::int64_t extent = shape.extents()[axis];
    index[axis] = element % extent;
    element /= extent;
  }
  return index;
}

std::int64_t element_at(const std::vector<std::int64_t>& index, const Shape& shape) {
  std::int64_t element = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis)
    element = element * shape.extents()[axis] + index[axis];
  return element;
}

}  // namespace hebb::explaining
