#include <cmath>

#include "hebb/error.hpp"
#include "hebb/hopfield_layers.hpp"
#include "hebb/ops.hpp"
#include "nn/description.hpp"
#include "nn/sizes.hpp"
#include "nn/windows.hpp"

namespace hebb {

Tensor Projection::operator()(const Tensor& x) const {
  const Tensor y = matmul(x, weight);
  return bias.empty() ? y : y + bias;
}

void Projection::visit(ParameterVisitor& visitor) {
  visitor("weight", weight);
  if (!bias.empty()) visitor("bias", bias);
}

HopfieldLayer::HopfieldLayer(std::string_view kind, Learned learned, std::int64_t quantity,
                             HopfieldOptions options)
    : learned_(learned), quantity_(quantity), options_(std::move(options)) {
  if (learned != Learned::nothing) require_number(kind, "a quantity", quantity, 1);
  require_number(kind, "a size", options_.size, 0);
  require_number(kind, "heads", options_.heads, 1);
  constexpr std::int64_t kMostSteps = 1024;  // each is a part of the graph
  if (options_.steps < 1 || options_.steps > kMostSteps)
    throw ConfigError(std::string(kind) + ": expected steps from 1 to " + std::to_string(kMostSteps) +
                      ", got " + std::to_string(options_.steps));
  if (options_.size % options_.heads != 0)
    throw ConfigError(std::string(kind) + ": " + std::to_string(options_.heads) +
                      " heads do not divide a size of " + std::to_string(options_.size));
  if (learned == Learned::keys && options_.mask_zero)
    throw ConfigError(std::string(kind) + ": tokens do not see each other, there is nothing to mask");
  if (options_.beta && !(*options_.beta >= 0 && std::isfinite(static_cast<float>(*options_.beta))))
    throw ConfigError(std::string(kind) + ": expected a beta that is not negative nor infinite, got " +
                      number_text(*options_.beta));
}

std::string HopfieldLayer::describe() const {
  std::string text;
  const auto add = [&](const std::string& argument) { text += (text.empty() ? "" : ", ") + argument; };
  if (learned_ == Learned::keys) add(std::to_string(quantity_));
  if (options_.size > 0) add((learned_ == Learned::keys ? "size=" : "") + std::to_string(options_.size));
  if (options_.heads > 1) add("heads=" + std::to_string(options_.heads));
  if (learned_ == Learned::queries && quantity_ > 1) add("quantity=" + std::to_string(quantity_));
  if (options_.learned_beta) {
    add("beta=learned");
  } else if (options_.beta) {
    add("beta=" + number_text(*options_.beta));
  }
  if (options_.steps > 1) add("steps=" + std::to_string(options_.steps));
  if (options_.mask_zero) add("mask_zero=true");
  if (!options_.bias) add("bias=false");
  if (!options_.init.is_auto()) add("init=" + options_.init.describe());
  return std::string(kind()) + (text.empty() ? "" : "(" + text + ")");
}

// ---- sizes
// ---------------------------------------------------------------------------------------------------

HopfieldLayer::Sizes HopfieldLayer::sizes_of(const Shape& sample) const {
  const bool single = learned_ == Learned::keys && sample.rank() == 1;
  if ((sample.rank() != 2 && !single) || sample.elements() == 0)
    throw ShapeError(std::string(kind()) + ": expected tokens [tokens, features], got " + to_string(sample));
  const Sizes sizes = {single ? 1 : sample[0], sample[-1], options_.size == 0 ? sample[-1] : options_.size};
  if (sizes.size % options_.heads != 0)
    throw ShapeError(std::string(kind()) + ": " + std::to_string(options_.heads) +
                     " heads do not divide the " + std::to_string(sizes.size) + " features of the input");
  return sizes;
}

Shape HopfieldLayer::output_shape(const Shape& input) const {
  const Sizes sizes = sizes_of(input);
  return learned_ == Learned::queries ? Shape{checked_product(quantity_, sizes.features)} : input;
}

std::int64_t HopfieldLayer::parameter_count(const Shape& input) const {
  const Sizes sizes = sizes_of(input);
  const std::int64_t bias = options_.bias ? 1 : 0;
  const std::int64_t into = checked_product(sizes.features + bias, sizes.size);
  const std::int64_t back = checked_product(sizes.size + bias, sizes.features);
  const std::int64_t patterns = checked_product(quantity_, sizes.size);
  std::int64_t count = checked_sum(into, back);  // the projection of what is not learned, and the output's
  for (int i = 0; i < 2; ++i) {
    const bool learns = learned_ == Learned::keys || (learned_ == Learned::queries && i == 0);
    count = checked_sum(count, learns ? patterns : into);
  }
  return checked_sum(count, options_.learned_beta ? options_.heads : 0);
}

std::int64_t HopfieldLayer::flops(const Shape& input) const {
  const Sizes sizes = sizes_of(input);
  const std::int64_t queries = learned_ == Learned::queries ? quantity_ : sizes.tokens;
  const std::int64_t keys = learned_ == Learned::keys ? quantity_ : sizes.tokens;
  // Rows that are projected, and pairs of rows whose similarity is multiplied out and used again.
  std::int64_t rows = queries;  // what is found
  if (learned_ != Learned::queries) rows = checked_sum(rows, queries);
  if (learned_ != Learned::keys) rows = checked_sum(rows, checked_product(2, keys));
  const std::int64_t products = checked_product(rows, sizes.features);
  const std::int64_t pairs =
      checked_product(checked_product(2, options_.steps), checked_product(queries, keys));
  return checked_product(2, checked_product(sizes.size, checked_sum(products, pairs)));
}

// ---- parameters
// ------------------------------------------------------------------------------------------------

void HopfieldLayer::initialize(const Shape& input, Random& random) {
  const Sizes sizes = sizes_of(input);
  const auto projection = [&](std::int64_t from, std::int64_t to) -> Projection {
    return {options_.init({from, to}, {from, to}, random),
            options_.bias ? Initializer("zeros")({to}, {}, random) : Tensor()};
  };
  const auto learned = [&] { return Initializer("normal", 1.0)({quantity_, sizes.size}, {}, random); };
  if (learned_ == Learned::queries) {
    queries_ = learned();
  } else {
    query_ = projection(sizes.features, sizes.size);
  }
  if (learned_ == Learned::keys) {
    keys_ = learned();
    values_ = learned();
  } else {
    key_ = projection(sizes.features, sizes.size);
    value_ = projection(sizes.features, sizes.size);
  }
  output_ = projection(sizes.size, sizes.features);
  if (!options_.learned_beta) return;
  const double width = static_cast<double>(sizes.size / options_.heads);
  beta_ = Initializer("constant", options_.beta.value_or(1 / std::sqrt(width)))({options_.heads}, {}, random);
}

void HopfieldLayer::visit(ParameterVisitor& visitor) {
  if (learned_ == Learned::queries) {
    visitor("queries", queries_);
  } else {
    visitor("query", query_);
  }
  if (learned_ == Learned::keys) {
    visitor("keys", keys_);
    visitor("values", values_);
  } else {
    visitor("key", key_);
    visitor("value", value_);
  }
  visitor("output", output_);
  if (options_.learned_beta) visitor("beta", beta_);
}

// ---- association
// -------------------------------------------------------------------------------------------------

/// x as [batch, tokens, features].
Tensor HopfieldLayer::tokens_of(const Tensor& x) const {
  require_built(output_.weight);
  const Sizes sizes = sizes_of(sample_shape(x.shape()));
  if (sizes.features != output_.weight.shape()[1])
    throw ShapeError(std::string(name()) + ": expected tokens of " +
                     std::to_string(output_.weight.shape()[1]) + " features, got shape " +
                     to_string(x.shape()));
  return x.shape().rank() == 3 ? x : reshape(x, {x.shape()[0], 1, sizes.features});
}

/// 1 for tokens that are not all zeros, else 0: [batch, tokens].
Tensor HopfieldLayer::mask_of(const Tensor& tokens) const {
  if (!options_.mask_zero) return {};
  return less(Tensor(0.0), max(abs(tokens), {-1}));
}

HopfieldLayer::Operands HopfieldLayer::operands(const Tensor& tokens, const Tensor& mask) const {
  Operands result;
  result.queries = learned_ == Learned::queries ? queries_ : query_(tokens);
  result.keys = learned_ == Learned::keys ? keys_ : key_(tokens);
  result.values = learned_ == Learned::keys ? values_ : value_(tokens);
  result.options = {.heads = options_.heads, .beta = beta_, .mask = mask, .steps = options_.steps};
  if (!options_.learned_beta && options_.beta) result.options.beta = Tensor(*options_.beta);
  if (mask.empty()) return result;
  if (learned_ == Learned::keys)
    throw ConfigError(std::string(name()) + ": tokens do not see each other here: there is nothing to mask");
  if (mask.shape() != Shape{tokens.shape()[0], tokens.shape()[1]})
    throw ShapeError(std::string(name()) + ": expected a mask for tokens of shape " +
                     to_string(tokens.shape()) + ", got shape " + to_string(mask.shape()));
  return result;
}

Tensor HopfieldLayer::forward(const Tensor& x, const Tensor& mask) const {
  const Tensor tokens = tokens_of(x);
  const Operands in = operands(tokens, mask);
  const Tensor found = output_(attention(in.queries, in.keys, in.values, in.options));
  if (learned_ == Learned::queries) return reshape(found, {x.shape()[0], quantity_ * found.shape()[-1]});
  if (mask.empty()) return reshape(found, x.shape().extents());
  return found * reshape(mask, {mask.shape()[0], mask.shape()[1], 1});
}

Tensor HopfieldLayer::forward(const Tensor& x, ForwardContext&) const {
  return forward(x, mask_of(tokens_of(x)));
}

Tensor HopfieldLayer::weights(const Tensor& x, const Tensor& mask) const {
  const Tensor tokens = tokens_of(x);
  const Operands in = operands(tokens, mask.empty() ? mask_of(tokens) : mask);
  return attention_weights(in.queries, in.keys, in.options);
}

}  // namespace hebb
