/// Association as layers: modern Hopfield networks whose patterns, states and spaces are learned (Ramsauer et
/// al. 2020, arXiv:2008.02217, section 3), which is attention (Vaswani et al. 2017). What is associated are
/// sets or sequences of tokens, [tokens, features]: bags of instances, words, pieces of an image.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hebb/layers.hpp"

namespace hebb {

struct AttentionOptions {
  std::int64_t heads = 1;  ///< each sees its share of the columns
  /// What similarities are multiplied by: a scalar, or a number for each head, [heads]. Empty: 1 / sqrt(width
  /// / heads).
  Tensor beta = {};
  /// 1 where a key is seen, else 0: [batch, keys] or [batch, queries, keys], or 1 in place of an extent of
  /// these. Empty: all are. A query that sees none gets zeros.
  Tensor mask = {};
  /// Updates of the states in the space of the keys; the last one takes the values in place of the keys.
  std::int64_t steps = 1;
};

/// Scaled dot-product attention, softmax(beta Q K^T) V for each head: queries [batch, n, width], keys [batch,
/// m, width], values [batch, m, value width] -> [batch, n, value width]. An operand without the batch's axis
/// serves all samples. Throws ShapeError for shapes that do not fit and for heads that do not divide the
/// widths, ConfigError for steps below 1.
Tensor attention(const Tensor& queries, const Tensor& keys, const Tensor& values,
                 const AttentionOptions& options = {});
/// The weights of its first step, softmax(beta Q K^T): [batch, heads, n, m].
Tensor attention_weights(const Tensor& queries, const Tensor& keys, const AttentionOptions& options = {});

/// Options of Hopfield layers.
struct HopfieldOptions {
  std::int64_t size = 0;   ///< of the space of association, all heads together; 0: the features of the input
  std::int64_t heads = 1;  ///< by each of which it is searched on its own; they divide `size`
  /// By default 1 / sqrt(size / heads); not negative.
  std::optional<double> beta = {};
  bool learned_beta = false;  ///< a beta for each head, which begins there
  std::int64_t steps = 1;     ///< updates of the states, at most 1024
  /// Tokens all of whose features are zero fill up bags that are shorter than others: they are not seen. It
  /// is the features that reach the layer which count: data scaled to mean 0 have no such zeros.
  bool mask_zero = false;
  bool bias = true;
  Initializer init = {};  ///< of the projections; biases start at zero
};

/// y = x W + b along the last axis: weight [inputs, outputs], bias [outputs].
struct Projection {
  Tensor weight;
  Tensor bias;  ///< empty where there is none

  Tensor operator()(const Tensor& x) const;
  void visit(ParameterVisitor& visitor);
};

/// What Hopfield layers share: queries, keys and values in a space of association, projected from the tokens
/// or learned, and what is found projected to as many features as the tokens have. Parameters, where the
/// layer has them: `query`, `key`, `value`, `output` (projections), `queries` or `keys` and `values`
/// (learned), `beta`.
class HopfieldLayer : public Layer {
 public:
  const HopfieldOptions& options() const { return options_; }
  /// Of what is learned in the space of association; 0 of a layer that learns nothing there.
  std::int64_t quantity() const { return quantity_; }

  std::string describe() const override;
  /// Throws ShapeError for what is not [tokens, features], and for heads that do not divide the size.
  Shape output_shape(const Shape& input) const override;
  std::int64_t parameter_count(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
  /// The same with a mask of its own, [batch, tokens]: 1 for the tokens to be seen, else 0.
  Tensor forward(const Tensor& x, const Tensor& mask) const;
  /// What attends to what in the first step: [batch, heads, queries, keys].
  Tensor weights(const Tensor& x, const Tensor& mask = {}) const;
  void visit(ParameterVisitor& visitor) override;

 protected:
  enum class Learned : std::uint8_t { nothing, queries, keys };
  /// Throws ConfigError for a number out of its range.
  HopfieldLayer(std::string_view kind, Learned learned, std::int64_t quantity, HopfieldOptions options);

 private:
  struct Sizes {
    std::int64_t tokens, features, size;
  };
  struct Operands {
    Tensor queries, keys, values;
    AttentionOptions options;
  };
  Sizes sizes_of(const Shape& sample) const;
  Tensor tokens_of(const Tensor& x) const;
  Tensor mask_of(const Tensor& tokens) const;
  Operands operands(const Tensor& tokens, const Tensor& mask) const;
  void initialize(const Shape& input, Random& random) override;

  Learned learned_;
  std::int64_t quantity_;
  HopfieldOptions options_;
  Projection query_, key_, value_, output_;
  Tensor queries_, keys_, values_;  ///< [quantity, size]
  Tensor beta_;                     ///< [heads]
};

/// `hopfield(size=features, heads=1, beta=auto, steps=1, mask_zero=false, bias=true, init=auto)`: associates
/// the tokens of each sample with each other, [batch, tokens, features] -> the same shape: self-attention.
/// beta: a number, `auto` (1 / sqrt(size / heads)) or `learned`. Tokens masked out give zeros.
class Hopfield final : public HopfieldLayer {
 public:
  explicit Hopfield(HopfieldOptions options = {})
      : HopfieldLayer("hopfield", Learned::nothing, 0, std::move(options)) {}
  std::unique_ptr<Layer> clone() const override { return std::make_unique<Hopfield>(*this); }
  std::string_view kind() const override { return "hopfield"; }
};

/// `hopfield_pooling(size=features, heads=1, quantity=1, beta=auto, steps=1, mask_zero=false, bias=true,
/// init=auto)`: as many learned queries as `quantity` says look for what matters in each bag, [batch, tokens,
/// features] -> [batch, quantity * features]. The order of the tokens has no influence.
class HopfieldPooling final : public HopfieldLayer {
 public:
  explicit HopfieldPooling(HopfieldOptions options = {}, std::int64_t quantity = 1)
      : HopfieldLayer("hopfield_pooling", Learned::queries, quantity, std::move(options)) {}
  std::unique_ptr<Layer> clone() const override { return std::make_unique<HopfieldPooling>(*this); }
  std::string_view kind() const override { return "hopfield_pooling"; }
};

/// `hopfield_lookup(quantity, size=features, heads=1, beta=auto, steps=1, bias=true, init=auto)`: looks every
/// token up among `quantity` learned patterns, each a key and a value in the space of association, [batch,
/// tokens, features] or [batch, features] -> the same shape. Tokens do not see each other: there is no mask.
class HopfieldLookup final : public HopfieldLayer {
 public:
  explicit HopfieldLookup(std::int64_t quantity, HopfieldOptions options = {})
      : HopfieldLayer("hopfield_lookup", Learned::keys, quantity, std::move(options)) {}
  std::unique_ptr<Layer> clone() const override { return std::make_unique<HopfieldLookup>(*this); }
  std::string_view kind() const override { return "hopfield_lookup"; }
};

}  // namespace hebb
