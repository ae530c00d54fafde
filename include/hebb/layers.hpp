/// The layers networks are built of. Shapes in this file leave the batch out unless they show it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/initializers.hpp"
#include "hebb/module.hpp"
#include "hebb/random.hpp"
#include "hebb/tensor.hpp"

namespace hebb {

/// A layer: a value with parameters. It learns its sizes when it is built for an input shape, and can be
/// applied from then on. Copies share the parameter tensors, which never change.
class Layer {
 public:
  virtual ~Layer() = default;
  virtual std::unique_ptr<Layer> clone() const = 0;
  /// Its name in the model description: "dense".
  virtual std::string_view kind() const = 0;
  /// Its model description: "dense(4, act=sigmoid)". Options that have their defaults are left out.
  virtual std::string describe() const { return std::string(kind()); }

  /// The shape of the output for an input shape. Throws ShapeError when the layer cannot take it.
  virtual Shape output_shape(const Shape& input) const = 0;
  /// Trainable elements it has when built for an input shape.
  virtual std::int64_t parameter_count(const Shape& input) const;
  /// Floating-point operations for one sample: two for a multiplication with addition, one for each
  /// element of an activation.
  virtual std::int64_t flops(const Shape& input) const = 0;

  /// Infers sizes, draws initial parameters and returns the output's shape. Throws ShapeError when the layer
  /// cannot take the input; ConfigError, before anything is allocated, when the parameters and their
  /// gradients would not fit in memory.
  Shape build(const Shape& input, Random& random);

  /// The output for x, [batch, input...]. Throws Error when the layer is not built, ShapeError when x does
  /// not fit.
  virtual Tensor forward(const Tensor& x, ForwardContext& context) const = 0;
  /// The same under a Scope of the layer's name, for use in plain functions.
  Tensor operator()(const Tensor& x, ForwardContext& context) const;
  virtual void visit(ParameterVisitor& visitor);

  /// The name used as Scope: the one a ParameterVisitor has given it, else its kind.
  std::string_view name() const { return name_.empty() ? kind() : std::string_view(name_); }
  void set_name(std::string_view name) { name_ = name; }

 protected:
  Layer() = default;
  Layer(const Layer&) = default;
  Layer& operator=(const Layer&) = default;
  /// Draws the parameters; the shape has been checked.
  virtual void initialize(const Shape& input, Random& random);
  /// Throws Error, with the layer's name, where the parameter has not been drawn yet.
  void require_built(const Tensor& parameter) const;

 private:
  std::string name_;
};

/// A layer that is built: `Linear hidden = built(Linear(4), {3}, random);`
template <class L>
L built(L layer, const Shape& input, Random& random) {
  layer.build(input, random);
  return layer;
}

/// A layer of any kind, as a value.
class AnyLayer {
 public:
  AnyLayer(const Layer& layer)
      : layer_(layer.clone()) {}  // NOLINT(google-explicit-constructor): lists of layers
  explicit AnyLayer(std::unique_ptr<Layer> layer) : layer_(std::move(layer)) {}
  AnyLayer(const AnyLayer& other) : layer_(other.layer_->clone()) {}
  AnyLayer(AnyLayer&&) noexcept = default;
  AnyLayer& operator=(const AnyLayer& other) {
    layer_ = other.layer_->clone();
    return *this;
  }
  AnyLayer& operator=(AnyLayer&&) noexcept = default;

  Layer& operator*() { return *layer_; }
  const Layer& operator*() const { return *layer_; }
  Layer* operator->() { return layer_.get(); }
  const Layer* operator->() const { return layer_.get(); }

 private:
  std::unique_ptr<Layer> layer_;
};

/// A function applied element by element, or along the last axis (softmax, log_softmax). Names: relu,
/// leaky_relu(slope = 0.01), elu(alpha = 1), selu, gelu, gelu_tanh, silu, mish, softplus, softsign,
/// hard_sigmoid, hard_tanh, hard_swish, sigmoid, tanh, softmax, log_softmax, step, sign; and none. Formulas:
/// ops.def.
class Activation final : public Layer {
 public:
  /// none.
  Activation() = default;
  /// By name, with the default parameter. Throws ConfigError, with the nearest name, for an unknown one.
  Activation(const char* name);  // NOLINT(google-explicit-constructor): `.activation = "relu"`
  explicit Activation(std::string_view name);
  /// Throws ConfigError also when the function takes no parameter or the value is not finite.
  Activation(std::string_view name, double parameter);

  bool is_none() const { return row_ == 0; }
  Tensor operator()(const Tensor& x) const;
  using Layer::operator();
  /// The initialiser that suits weights before this function.
  Initializer suitable_initializer() const;

  std::unique_ptr<Layer> clone() const override { return std::make_unique<Activation>(*this); }
  std::string_view kind() const override;
  std::string describe() const override;
  Shape output_shape(const Shape& input) const override { return input; }
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;

 private:
  int row_ = 0;  ///< of the table of activations
  double parameter_ = 0;
};

/// Every name of an activation, `none` first.
std::vector<std::string_view> activation_names();

/// Options of Linear.
struct LinearOptions {
  bool bias = true;
  Activation activation = {};  ///< applied to the sums
  Initializer init = {};       ///< of the weights; biases start at zero
};

/// `dense(units, act=none, bias=true, init=auto)`: y = activation(x W + b), weight [inputs, units], bias
/// [units]. All elements of a sample are its inputs: [batch, any shape] -> [batch, units].
class Linear final : public Layer {
 public:
  /// Throws ConfigError unless 1 <= units < 2^31.
  explicit Linear(std::int64_t units, LinearOptions options = {});

  std::int64_t units() const { return units_; }
  const LinearOptions& options() const { return options_; }
  const Tensor& weight() const { return weight_; }
  /// Empty when the layer has none.
  const Tensor& bias() const { return bias_; }

  std::unique_ptr<Layer> clone() const override { return std::make_unique<Linear>(*this); }
  std::string_view kind() const override { return "dense"; }
  std::string describe() const override;
  Shape output_shape(const Shape& input) const override;
  std::int64_t parameter_count(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
  void visit(ParameterVisitor& visitor) override;

 private:
  void initialize(const Shape& input, Random& random) override;

  std::int64_t units_;
  LinearOptions options_;
  Tensor weight_;
  Tensor bias_;
};

/// Padding that makes the output as large as the input divided by the stride, rounded up; half of it, rounded
/// down, comes before the image.
inline constexpr std::int64_t kSamePadding = -1;

struct PoolOptions;  // hebb/ops.hpp

/// Options of Conv2d. What is one number counts for rows and columns alike.
struct Conv2dOptions {
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  std::int64_t padding = 0;  ///< zeros on every side, or kSamePadding
  std::int64_t dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  Activation activation = {};
  Initializer init = {};  ///< of the filter; biases start at zero
};

/// `conv(channels, kernel=3, stride=1, padding=valid, dilation=1, groups=1, act=none, bias=true, init=auto)`:
/// a convolution of images (LeCun et al. 1989), y = activation(x * F + b), filter [kernel, kernel, inputs /
/// groups, channels], bias [channels]. [batch, height, width, inputs], or [batch, height, width] with one
/// channel, -> [batch, height', width', channels]. `padding` is `valid` (none), `same` or a number. Throws
/// ShapeError, when built, where the filter is larger than the image with its padding or the groups do not
/// divide the channels.
class Conv2d final : public Layer {
 public:
  /// Throws ConfigError for a number out of its range, and unless the groups divide the channels.
  explicit Conv2d(std::int64_t channels, Conv2dOptions options = {});

  std::int64_t channels() const { return channels_; }
  const Conv2dOptions& options() const { return options_; }
  const Tensor& filter() const { return filter_; }
  /// Empty when the layer has none.
  const Tensor& bias() const { return bias_; }

  std::unique_ptr<Layer> clone() const override { return std::make_unique<Conv2d>(*this); }
  std::string_view kind() const override { return "conv"; }
  std::string describe() const override;
  Shape output_shape(const Shape& input) const override;
  std::int64_t parameter_count(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
  void visit(ParameterVisitor& visitor) override;

 private:
  void initialize(const Shape& input, Random& random) override;

  std::int64_t channels_;
  Conv2dOptions options_;
  Tensor filter_;
  Tensor bias_;
};

/// Options of pooling layers. What is one number counts for rows and columns alike.
struct Pool2dOptions {
  std::int64_t size = 2;     ///< pixels of a window's side
  std::int64_t stride = 0;   ///< from window to window; 0: their size, so that they lie beside each other
  std::int64_t padding = 0;  ///< rows beyond the image on every side, less than `size`, or kSamePadding
};

/// What pooling layers share: windows of size x size pixels; rows and columns at the end that do not fill one
/// are left out. What lies beyond the image counts for nothing. [batch, height, width, channels], or [batch,
/// height, width] with one channel, -> [batch, height', width', channels].
class Pool2d : public Layer {
 public:
  const Pool2dOptions& options() const { return options_; }

  std::string describe() const override;
  /// Throws ShapeError for what is no image, and for one smaller than a window.
  Shape output_shape(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;

 protected:
  /// Throws ConfigError for a number out of its range.
  Pool2d(std::string_view kind, Pool2dOptions options);
  virtual Tensor pool(const Tensor& images, const PoolOptions& options) const = 0;

 private:
  Pool2dOptions options_;
};

/// `maxpool(size=2, stride=size, padding=valid)`: the largest element of each window, channel by channel. Of
/// equal ones the first gets the gradient.
class MaxPool2d final : public Pool2d {
 public:
  explicit MaxPool2d(Pool2dOptions options = {}) : Pool2d("maxpool", options) {}
  std::unique_ptr<Layer> clone() const override { return std::make_unique<MaxPool2d>(*this); }
  std::string_view kind() const override { return "maxpool"; }

 private:
  Tensor pool(const Tensor& images, const PoolOptions& options) const override;
};

/// `avgpool(size=2, stride=size, padding=valid)`: the mean of each window, channel by channel.
class AveragePool2d final : public Pool2d {
 public:
  explicit AveragePool2d(Pool2dOptions options = {}) : Pool2d("avgpool", options) {}
  std::unique_ptr<Layer> clone() const override { return std::make_unique<AveragePool2d>(*this); }
  std::string_view kind() const override { return "avgpool"; }

 private:
  Tensor pool(const Tensor& images, const PoolOptions& options) const override;
};

/// `globalavgpool`: [batch, height, width, channels] -> [batch, channels], the means over the images (Lin et
/// al. 2014).
class GlobalAveragePool2d final : public Layer {
 public:
  std::unique_ptr<Layer> clone() const override { return std::make_unique<GlobalAveragePool2d>(*this); }
  std::string_view kind() const override { return "globalavgpool"; }
  /// Throws ShapeError for what is no image.
  Shape output_shape(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override { return input.elements(); }
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
};

/// `dropout(rate)`: while training, each element is zero with probability `rate`, else divided by 1 - rate
/// (Srivastava et al. 2014); otherwise the identity.
class Dropout final : public Layer {
 public:
  /// Throws ConfigError unless 0 <= rate < 1.
  explicit Dropout(double rate);

  double rate() const { return rate_; }

  std::unique_ptr<Layer> clone() const override { return std::make_unique<Dropout>(*this); }
  std::string_view kind() const override { return "dropout"; }
  std::string describe() const override;
  Shape output_shape(const Shape& input) const override { return input; }
  std::int64_t flops(const Shape&) const override { return 0; }
  /// Throws Error when training without ForwardContext::key.
  Tensor forward(const Tensor& x, ForwardContext& context) const override;

 private:
  double rate_;
};

/// `spatial_dropout(rate)`: while training, whole channels of a sample (the last axis) are zero with
/// probability `rate`, else divided by 1 - rate (Tompson et al. 2015): neighbouring pixels are too much alike
/// for their single losses to matter. Otherwise the identity. [batch, any places, channels].
class SpatialDropout final : public Layer {
 public:
  /// Throws ConfigError unless 0 <= rate < 1.
  explicit SpatialDropout(double rate);

  double rate() const { return rate_; }

  std::unique_ptr<Layer> clone() const override { return std::make_unique<SpatialDropout>(*this); }
  std::string_view kind() const override { return "spatial_dropout"; }
  std::string describe() const override;
  /// Throws ShapeError for a scalar.
  Shape output_shape(const Shape& input) const override;
  std::int64_t flops(const Shape&) const override { return 0; }
  /// Throws Error when training without ForwardContext::key.
  Tensor forward(const Tensor& x, ForwardContext& context) const override;

 private:
  double rate_;
};

/// `flatten`: [batch, any shape] -> [batch, elements].
class Flatten final : public Layer {
 public:
  std::unique_ptr<Layer> clone() const override { return std::make_unique<Flatten>(*this); }
  std::string_view kind() const override { return "flatten"; }
  Shape output_shape(const Shape& input) const override { return {input.elements()}; }
  std::int64_t flops(const Shape&) const override { return 0; }
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
};

/// `reshape(28, 28, 1)`: the elements of each sample under another shape.
class Reshape final : public Layer {
 public:
  /// Throws ConfigError unless there are 1 to 8 positive extents.
  explicit Reshape(std::vector<std::int64_t> extents);

  std::unique_ptr<Layer> clone() const override { return std::make_unique<Reshape>(*this); }
  std::string_view kind() const override { return "reshape"; }
  std::string describe() const override;
  Shape output_shape(const Shape& input) const override;
  std::int64_t flops(const Shape&) const override { return 0; }
  Tensor forward(const Tensor& x, ForwardContext& context) const override;

 private:
  std::vector<std::int64_t> extents_;
};

/// `embedding(count, dim)`: whole numbers in [0, count) -> the rows of a table that they number,
/// [batch, any shape] -> [batch, any shape, dim]. Takes i32 numbers, or f32 ones (as data sets hold them),
/// whose cost is that of a product with `count` rows. A number out of range gives NaN for i32 input and zeros
/// for f32.
class Embedding final : public Layer {
 public:
  /// Throws ConfigError unless both are in [1, 2^31).
  Embedding(std::int64_t count, std::int64_t dim, Initializer init = {"normal", 1.0});

  const Tensor& weight() const { return weight_; }

  std::unique_ptr<Layer> clone() const override { return std::make_unique<Embedding>(*this); }
  std::string_view kind() const override { return "embedding"; }
  std::string describe() const override;
  Shape output_shape(const Shape& input) const override;
  std::int64_t parameter_count(const Shape& input) const override;
  std::int64_t flops(const Shape&) const override { return 0; }
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
  void visit(ParameterVisitor& visitor) override;

 private:
  void initialize(const Shape& input, Random& random) override;

  std::int64_t count_;
  std::int64_t dim_;
  Initializer init_;
  Tensor weight_;  ///< [count, dim]
};

/// `layer_norm(epsilon=1e-05)`: along the last axis of each sample to mean 0 and variance 1, then
/// scale * x + shift (Ba et al. 2016, eq. 4), scale and shift [last extent].
class LayerNorm final : public Layer {
 public:
  /// Throws ConfigError unless epsilon is positive and finite.
  explicit LayerNorm(double epsilon = 1e-5);

  std::unique_ptr<Layer> clone() const override { return std::make_unique<LayerNorm>(*this); }
  std::string_view kind() const override { return "layer_norm"; }
  std::string describe() const override;
  Shape output_shape(const Shape& input) const override;
  std::int64_t parameter_count(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
  void visit(ParameterVisitor& visitor) override;

 private:
  void initialize(const Shape& input, Random& random) override;

  double epsilon_;
  Tensor scale_;
  Tensor shift_;
};

/// `group_norm(groups=32, epsilon=1e-05)`: the channels (the last axis) are divided into so many groups; in
/// each sample, each group over all its places and channels to mean 0 and variance 1, then scale * x + shift,
/// scale and shift [channels] (Wu and He 2018). Throws ShapeError, when built, unless the groups divide the
/// channels.
class GroupNorm final : public Layer {
 public:
  /// Throws ConfigError when an argument is out of its range.
  explicit GroupNorm(std::int64_t groups = 32, double epsilon = 1e-5);

  std::int64_t groups() const { return groups_; }

  std::unique_ptr<Layer> clone() const override { return std::make_unique<GroupNorm>(*this); }
  std::string_view kind() const override { return "group_norm"; }
  std::string describe() const override;
  Shape output_shape(const Shape& input) const override;
  std::int64_t parameter_count(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
  void visit(ParameterVisitor& visitor) override;

 private:
  void initialize(const Shape& input, Random& random) override;

  std::int64_t groups_;
  double epsilon_;
  Tensor scale_;
  Tensor shift_;
};

/// `instance_norm(epsilon=1e-05)`: in each sample, each channel (the last axis) over its places to mean 0 and
/// variance 1, then scale * x + shift, scale and shift [channels] (Ulyanov et al. 2016): group_norm with a
/// group for each channel. A sample of one place becomes `shift`.
class InstanceNorm final : public Layer {
 public:
  /// Throws ConfigError unless epsilon is positive and finite.
  explicit InstanceNorm(double epsilon = 1e-5);

  std::unique_ptr<Layer> clone() const override { return std::make_unique<InstanceNorm>(*this); }
  std::string_view kind() const override { return "instance_norm"; }
  std::string describe() const override;
  Shape output_shape(const Shape& input) const override;
  std::int64_t parameter_count(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
  void visit(ParameterVisitor& visitor) override;

 private:
  void initialize(const Shape& input, Random& random) override;

  double epsilon_;
  Tensor scale_;
  Tensor shift_;
};

/// Options of BatchNorm.
struct BatchNormOptions {
  double momentum = 0.1;  ///< share of the batch in the running statistics, in (0, 1]
  double epsilon = 1e-5;  ///< added to the variance; positive
};

/// `batch_norm(momentum=0.1, epsilon=1e-05)`: each channel (the last axis) over all samples and places to
/// mean 0 and variance 1, then scale * x + shift (Ioffe and Szegedy 2015, algorithm 1). While training it
/// uses the batch's mean and variance (divided by n) and notes an update of the running ones (variance
/// divided by n - 1), as PyTorch does; otherwise it uses the running ones. A training batch of one value a
/// channel becomes `shift` and leaves the running statistics alone.
class BatchNorm final : public Layer {
 public:
  /// Throws ConfigError when an option is out of its range.
  explicit BatchNorm(BatchNormOptions options = {});

  std::unique_ptr<Layer> clone() const override { return std::make_unique<BatchNorm>(*this); }
  std::string_view kind() const override { return "batch_norm"; }
  std::string describe() const override;
  Shape output_shape(const Shape& input) const override;
  std::int64_t parameter_count(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
  void visit(ParameterVisitor& visitor) override;

 private:
  void initialize(const Shape& input, Random& random) override;

  BatchNormOptions options_;
  Tensor scale_;
  Tensor shift_;
  Tensor running_mean_;
  Tensor running_variance_;
};

/// Layers one after the other, each under its name: its kind and its number among those of its kind
/// ("dense_2").
class LayerList {
 public:
  LayerList() = default;
  LayerList(std::initializer_list<AnyLayer> layers);
  explicit LayerList(std::vector<AnyLayer> layers);

  std::size_t size() const { return layers_.size(); }
  const Layer& operator[](std::size_t i) const { return *layers_[i]; }
  std::string_view name(std::size_t i) const { return layers_[i]->name(); }

  void add(AnyLayer layer);
  void replace_last(AnyLayer layer);
  std::string describe() const;
  /// The members of Layer, layer by layer; errors name the layer.
  Shape output_shape(const Shape& input) const;
  std::int64_t parameter_count(const Shape& input) const;
  std::int64_t flops(const Shape& input) const;
  Shape build(const Shape& input, Random& random);
  Shape build_last(const Shape& input, Random& random);
  Tensor forward(const Tensor& x, ForwardContext& context) const;
  void visit(ParameterVisitor& visitor);

 private:
  void rename();

  std::vector<AnyLayer> layers_;
};

/// `residual(layers ...)`: y = x + layers(x), the layers keeping the shape; `residual(layers ...,
/// projection=layers ...)`: y = projection(x) + layers(x), where the shape changes (He et al. 2016, eq. 1 and
/// 2). Their shortcut with weights (option B) is projection=conv(32, kernel=1, stride=2, bias=false)
/// batch_norm, the one without (option A) projection=subsample(2, channels=32). The parameters of the
/// projection are named "residual_1.projection.conv_1.filter".
class Residual final : public Layer {
 public:
  Residual(std::initializer_list<AnyLayer> layers) : Residual(LayerList(layers)) {}
  /// Throws ConfigError when there is no layer. A projection without layers is the identity.
  explicit Residual(LayerList layers, LayerList projection = {});

  const LayerList& layers() const { return layers_; }
  const LayerList& projection() const { return projection_; }

  std::unique_ptr<Layer> clone() const override { return std::unique_ptr<Layer>(new Residual(*this)); }
  std::string_view kind() const override { return "residual"; }
  std::string describe() const override;
  /// Throws ShapeError when layers and projection give two shapes.
  Shape output_shape(const Shape& input) const override;
  std::int64_t parameter_count(const Shape& input) const override;
  std::int64_t flops(const Shape& input) const override;
  Tensor forward(const Tensor& x, ForwardContext& context) const override;
  void visit(ParameterVisitor& visitor) override;

 private:
  void initialize(const Shape& input, Random& random) override;

  LayerList layers_;
  LayerList projection_;
};

}  // namespace hebb
