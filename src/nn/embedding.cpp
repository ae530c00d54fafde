#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "nn/sizes.hpp"

namespace hebb {

namespace {

const Initializer kDefault("normal", 1.0);

std::vector<std::int64_t> with_last(const Shape& shape, std::int64_t extent) {
  std::vector<std::int64_t> extents = shape.extents();
  extents.push_back(extent);
  return extents;
}

}  // namespace

Embedding::Embedding(std::int64_t count, std::int64_t dim, Initializer init)
    : count_(count), dim_(dim), init_(init) {
  for (const std::int64_t size : {count, dim}) {
    if (size >= 1 && size < (std::int64_t{1} << 31)) continue;
    throw ConfigError("embedding: expected sizes from 1 to 2147483647, got " + std::to_string(size));
  }
}

std::string Embedding::describe() const {
  std::string text = "embedding(" + std::to_string(count_) + ", " + std::to_string(dim_);
  if (!(init_ == kDefault)) text += ", init=" + init_.describe();
  return text + ")";
}

Shape Embedding::output_shape(const Shape& input) const { return Shape(with_last(input, dim_)); }

std::int64_t Embedding::parameter_count(const Shape&) const { return checked_product(count_, dim_); }

void Embedding::initialize(const Shape&, Random& random) {
  weight_ = init_({count_, dim_}, {count_, dim_}, random);
}

Tensor Embedding::forward(const Tensor& x, ForwardContext&) const {
  require_built(weight_);
  if (x.dtype() == DType::i32) return gather(weight_, x);
  const Tensor numbers = Tensor::make<float>({count_}, [&](float* out) {
    for (std::int64_t i = 0; i < count_; ++i) out[i] = static_cast<float>(i);
  });
  const Tensor chosen = equal(reshape(x, with_last(x.shape(), 1)), cast(numbers, x.dtype()));
  const Tensor rows = matmul(reshape(chosen, {x.size(), count_}), weight_);
  return reshape(rows, with_last(x.shape(), dim_));
}

void Embedding::visit(ParameterVisitor& visitor) { visitor("weight", weight_); }

}  // namespace hebb
