#include <cmath>
#include <string>

#include "hebb/error.hpp"
#include "hebb/hopfield_layers.hpp"
#include "hebb/ops.hpp"

namespace hebb {

namespace {

[[noreturn]] void refuse(const std::string& what) { throw ShapeError("attention: " + what); }

void require_rows(const Tensor& x, const char* what) {
  const int rank = x.shape().rank();
  if (rank != 2 && rank != 3)
    refuse(std::string("expected ") + what + " [batch, count, width], or without the batch, got " +
           to_string(x.shape()));
}

/// [batch, n, width] -> [batch, heads, n, width / heads]; [n, width] -> [heads, n, width / heads], or as it
/// is for one head: a product with it is then one, whatever the batch.
Tensor split(const Tensor& x, std::int64_t heads) {
  const Shape& s = x.shape();
  if (s[-1] % heads != 0)
    refuse(std::to_string(heads) + " heads do not divide a width of " + std::to_string(s[-1]));
  if (s.rank() == 2 && heads == 1) return x;
  if (s.rank() == 2) return transpose(reshape(x, {s[0], heads, s[1] / heads}), {1, 0, 2});
  return transpose(reshape(x, {s[0], s[1], heads, s[2] / heads}), {0, 2, 1, 3});
}

/// Its inverse.
Tensor join(const Tensor& x) {
  const Shape& s = x.shape();
  if (s.rank() == 2) return x;
  if (s.rank() == 3) return reshape(transpose(x, {1, 0, 2}), {s[1], s[0] * s[2]});
  return reshape(transpose(x, {0, 2, 1, 3}), {s[0], s[2], s[1] * s[3]});
}

/// Operands in heads, and what is multiplied and added on the way to the weights.
struct Search {
  Tensor keys;
  Tensor beta;  ///< that broadcasts to the queries
  Tensor mask;  ///< that broadcasts to [batch, heads, n, keys]; or empty

  Search(const Tensor& all_keys, const AttentionOptions& options)
      : keys(split(all_keys, options.heads)), beta(options.beta), mask(options.mask) {
    const std::int64_t width = keys.shape()[-1];
    if (beta.empty()) beta = Tensor(1 / std::sqrt(static_cast<double>(std::max<std::int64_t>(width, 1))));
    if (beta.shape().rank() == 1 && beta.shape()[0] == options.heads) beta = reshape(beta, {-1, 1, 1});
    if (beta.size() != 1 && beta.size() != options.heads)
      refuse("expected a beta for each of " + std::to_string(options.heads) + " heads, got shape " +
             to_string(beta.shape()));
    if (mask.empty()) return;
    const Shape& s = mask.shape();
    if (s.rank() == 2) {
      mask = reshape(mask, {s[0], 1, 1, s[1]});
    } else if (s.rank() == 3) {
      mask = reshape(mask, {s[0], 1, s[1], s[2]});
    } else {
      refuse("expected a mask [batch, keys] or [batch, queries, keys], got " + to_string(s));
    }
  }

  Tensor weights(const Tensor& queries) const {
    Tensor similar = matmul(queries * beta, keys, {.transpose_b = true});
    if (mask.empty()) return softmax(similar);
    // Their exponential is zero beside any other; where there is no other, the product makes it so.
    constexpr double kUnseen = -1e30;
    return softmax(where(mask, similar, Tensor(kUnseen))) * mask;
  }
};

Search search(const Tensor& queries, const Tensor& keys, const AttentionOptions& options) {
  require_rows(queries, "queries");
  require_rows(keys, "keys");
  if (options.heads < 1) refuse("expected one head at least, got " + std::to_string(options.heads));
  if (options.steps < 1)
    throw ConfigError("attention: expected one step at least, got " + std::to_string(options.steps));
  if (queries.shape()[-1] != keys.shape()[-1])
    refuse("queries have a width of " + std::to_string(queries.shape()[-1]) + ", keys one of " +
           std::to_string(keys.shape()[-1]));
  return {keys, options};
}

}  // namespace

Tensor attention(const Tensor& queries, const Tensor& keys, const Tensor& values,
                 const AttentionOptions& options) {
  const Search in = search(queries, keys, options);
  require_rows(values, "values");
  if (values.shape()[-2] != keys.shape()[-2])
    refuse("there are " + std::to_string(keys.shape()[-2]) + " keys and " +
           std::to_string(values.shape()[-2]) + " values");
  Tensor state = split(queries, options.heads);
  for (std::int64_t step = 1; step < options.steps; ++step) state = matmul(in.weights(state), in.keys);
  return join(matmul(in.weights(state), split(values, options.heads)));
}

Tensor attention_weights(const Tensor& queries, const Tensor& keys, const AttentionOptions& options) {
  const Tensor weights = search(queries, keys, options).weights(split(queries, options.heads));
  const Shape& s = weights.shape();
  return s.rank() == 4 ? weights : reshape(weights, {1, options.heads, s[-2], s[-1]});
}

}  // namespace hebb
