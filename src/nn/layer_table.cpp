/// The layers a model description can have, and how they are made from their arguments.

#include "nn/layer_table.hpp"

#include <array>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/hopfield_layers.hpp"
#include "hebb/image_layers.hpp"
#include "hebb/model.hpp"

namespace hebb {

namespace {

using Made = std::unique_ptr<Layer>;

struct Row {
  LayerHelp help;
  Made (*make)(ArgumentReader& arguments);
};

/// `name` or `name(parameter)`, for an activation or an initialiser.
template <class Named>
Named named(const Term& term) {
  ArgumentReader arguments(term);
  const Argument* parameter = arguments.find("", true);
  arguments.finish();
  try {
    return parameter == nullptr
               ? Named(std::string_view(term.word))
               : Named(std::string_view(term.word), real_of(ArgumentReader::single(*parameter)));
  } catch (const ConfigError& error) {
    const std::string_view message = error.what();
    if (message.starts_with("column ")) throw;
    fail_at(term.column, std::string(message));
  }
}

template <class Named>
Named option(ArgumentReader& arguments, std::string_view key, Named otherwise) {
  const Argument* argument = arguments.find(key);
  return argument == nullptr ? otherwise : named<Named>(ArgumentReader::single(*argument));
}

Made make_dense(ArgumentReader& a) {
  const std::int64_t units = a.integer("units", true);
  LinearOptions options;
  options.activation = option<Activation>(a, "act", {});
  options.bias = a.flag("bias", true);
  options.init = option<Initializer>(a, "init", {});
  a.finish();
  return std::make_unique<Linear>(units, options);
}

std::int64_t whole(ArgumentReader& a, std::string_view key, std::int64_t otherwise, bool positional = false) {
  const Argument* argument = a.find(key, positional);
  return argument == nullptr ? otherwise : integer_of(ArgumentReader::single(*argument));
}

/// `same`, `valid` or a number.
std::int64_t padding(ArgumentReader& a) {
  const Argument* argument = a.find("padding");
  if (argument == nullptr) return 0;
  const Term& term = ArgumentReader::single(*argument);
  if (term.word == "same") return kSamePadding;
  if (term.word == "valid") return 0;
  if (term.word.find_first_not_of("0123456789") == std::string::npos) return integer_of(term);
  fail_at(term.column, "expected a padding of 'same', 'valid' or a number, got " + in_quotes(term.word));
}

template <class Conv>
Made make_conv(ArgumentReader& a) {
  const std::int64_t channels = a.integer("channels", true);
  Conv2dOptions options;
  options.kernel = whole(a, "kernel", options.kernel);
  options.stride = whole(a, "stride", options.stride);
  options.padding = padding(a);
  options.dilation = whole(a, "dilation", options.dilation);
  options.groups = whole(a, "groups", options.groups);
  options.activation = option<Activation>(a, "act", {});
  options.bias = a.flag("bias", true);
  options.init = option<Initializer>(a, "init", {});
  a.finish();
  return std::make_unique<Conv>(channels, options);
}

Made make_conv_transpose(ArgumentReader& a) {
  const std::int64_t channels = a.integer("channels", true);
  ConvTranspose2dOptions options;
  options.kernel = whole(a, "kernel", options.kernel);
  options.stride = whole(a, "stride", options.stride);
  options.padding = padding(a);
  options.output_padding = whole(a, "output_padding", options.output_padding);
  options.activation = option<Activation>(a, "act", {});
  options.bias = a.flag("bias", true);
  options.init = option<Initializer>(a, "init", {});
  a.finish();
  return std::make_unique<ConvTranspose2d>(channels, options);
}

Pool2dOptions pooling(ArgumentReader& a) {
  Pool2dOptions options;
  options.size = whole(a, "size", options.size, true);
  options.stride = whole(a, "stride", options.size);
  if (options.stride == 0) options.stride = -1;  // 0 is C++'s way to say nothing
  options.padding = padding(a);
  a.finish();
  return options;
}

Made make_max_pool(ArgumentReader& a) { return std::make_unique<MaxPool2d>(pooling(a)); }
Made make_average_pool(ArgumentReader& a) { return std::make_unique<AveragePool2d>(pooling(a)); }

/// A layer without arguments.
template <class L>
Made make_plain(ArgumentReader& a) {
  a.finish();
  return std::make_unique<L>();
}

constexpr std::array<std::string_view, 2> kUpsampleModes = {"nearest", "bilinear"};

Made make_upsample(ArgumentReader& a) {
  const std::int64_t factor = whole(a, "factor", 2, true);
  UpsampleMode mode = UpsampleMode::nearest;
  if (const Argument* argument = a.find("mode")) {
    const Term& term = ArgumentReader::single(*argument);
    if (term.word == kUpsampleModes[1] && term.arguments.empty()) {
      mode = UpsampleMode::bilinear;
    } else if (term.word != kUpsampleModes[0] || !term.arguments.empty()) {
      fail_at(term.column, unknown_name("mode", term.word, kUpsampleModes));
    }
  }
  a.finish();
  return std::make_unique<Upsample2d>(factor, mode);
}

Made make_subsample(ArgumentReader& a) {
  const std::int64_t stride = whole(a, "stride", 2, true);
  const std::int64_t channels = whole(a, "channels", 0);
  a.finish();
  return std::make_unique<Subsample2d>(stride, channels);
}

template <class L>
Made make_dropout(ArgumentReader& a) {
  const double rate = a.real("rate", 0.5, true);
  a.finish();
  return std::make_unique<L>(rate);
}

Made make_reshape(ArgumentReader& a) {
  std::vector<std::int64_t> extents = a.integers();
  a.finish();
  return std::make_unique<Reshape>(std::move(extents));
}

Made make_residual(ArgumentReader& a) {
  const auto layers = [&](std::string_view key, bool positional) {
    const Argument* argument = a.find(key, positional);
    return LayerList(argument == nullptr ? std::vector<AnyLayer>() : make_layers(argument->terms));
  };
  LayerList inner = layers("layers", true);
  LayerList projection = layers("projection", false);
  a.finish();
  return std::make_unique<Residual>(std::move(inner), std::move(projection));
}

Made make_embedding(ArgumentReader& a) {
  const std::int64_t count = a.integer("count", true);
  const std::int64_t dim = a.integer("dim", true);
  const auto init = option<Initializer>(a, "init", {"normal", 1.0});
  a.finish();
  return std::make_unique<Embedding>(count, dim, init);
}

template <class L>
Made make_norm(ArgumentReader& a) {
  const double epsilon = a.real("epsilon", 1e-5);
  a.finish();
  return std::make_unique<L>(epsilon);
}

Made make_group_norm(ArgumentReader& a) {
  const std::int64_t groups = whole(a, "groups", 32, true);
  const double epsilon = a.real("epsilon", 1e-5);
  a.finish();
  return std::make_unique<GroupNorm>(groups, epsilon);
}

Made make_batch_norm(ArgumentReader& a) {
  BatchNormOptions options;
  options.momentum = a.real("momentum", options.momentum);
  options.epsilon = a.real("epsilon", options.epsilon);
  a.finish();
  return std::make_unique<BatchNorm>(options);
}

HopfieldOptions hopfield_options(ArgumentReader& a) {
  HopfieldOptions options;
  options.size = whole(a, "size", options.size, true);
  options.heads = whole(a, "heads", options.heads);
  if (const Argument* argument = a.find("beta")) {
    const Term& term = ArgumentReader::single(*argument);
    options.learned_beta = term.word == "learned" && term.arguments.empty();
    if (term.word.find_first_not_of("+-.0123456789e") == std::string::npos) {
      options.beta = real_of(term);
    } else if (!options.learned_beta && (term.word != "auto" || !term.arguments.empty())) {
      fail_at(term.column, "expected a beta of 'auto', 'learned' or a number, got " + in_quotes(term.word));
    }
  }
  options.steps = whole(a, "steps", options.steps);
  options.bias = a.flag("bias", true);
  options.init = option<Initializer>(a, "init", {});
  return options;
}

Made make_hopfield(ArgumentReader& a) {
  HopfieldOptions options = hopfield_options(a);
  options.mask_zero = a.flag("mask_zero", false);
  a.finish();
  return std::make_unique<Hopfield>(options);
}

Made make_hopfield_pooling(ArgumentReader& a) {
  HopfieldOptions options = hopfield_options(a);
  options.mask_zero = a.flag("mask_zero", false);
  const std::int64_t quantity = whole(a, "quantity", 1);
  a.finish();
  return std::make_unique<HopfieldPooling>(options, quantity);
}

Made make_hopfield_lookup(ArgumentReader& a) {
  const std::int64_t quantity = a.integer("quantity", true);
  const HopfieldOptions options = hopfield_options(a);
  a.finish();
  return std::make_unique<HopfieldLookup>(quantity, options);
}

constexpr std::array<Row, 23> kRows = {{
    {{"dense", "dense(units, act=none, bias=true, init=auto)", "every output a weighted sum of all inputs"},
     make_dense},
    {{"conv",
      "conv(channels, kernel=3, stride=1, padding=valid, dilation=1, groups=1, act=none, bias=true, "
      "init=auto)",
      "every output a weighted sum of a window of the image"},
     make_conv<Conv2d>},
    {{"conv1d",
      "conv1d(channels, kernel=3, stride=1, padding=valid, dilation=1, groups=1, act=none, bias=true, "
      "init=auto)",
      "every output a weighted sum of a window of the sequence"},
     make_conv<Conv1d>},
    {{"conv_transpose",
      "conv_transpose(channels, kernel=3, stride=1, padding=valid, output_padding=0, act=none, bias=true, "
      "init=auto)",
      "every input adds its multiple of a window to the larger image: conv reversed"},
     make_conv_transpose},
    {{"maxpool", "maxpool(size=2, stride=size, padding=valid)",
      "the largest of each window of size x size pixels"},
     make_max_pool},
    {{"avgpool", "avgpool(size=2, stride=size, padding=valid)",
      "the mean of each window of size x size pixels"},
     make_average_pool},
    {{"globalavgpool", "globalavgpool", "the mean of each channel over the whole image"},
     make_plain<GlobalAveragePool2d>},
    {{"globalmaxpool", "globalmaxpool", "the largest of each channel over the whole image"},
     make_plain<GlobalMaxPool2d>},
    {{"upsample", "upsample(factor=2, mode=nearest)",
      "images so many times as high and wide; mode nearest or bilinear"},
     make_upsample},
    {{"subsample", "subsample(stride=2, channels=0)",
      "every so many-th pixel, and channels of zeros up to that number"},
     make_subsample},
    {{"dropout", "dropout(rate=0.5)", "while training, drops each element with this probability"},
     make_dropout<Dropout>},
    {{"spatial_dropout", "spatial_dropout(rate=0.5)",
      "while training, drops each channel of a sample with this probability"},
     make_dropout<SpatialDropout>},
    {{"flatten", "flatten", "one axis in place of all"}, make_plain<Flatten>},
    {{"reshape", "reshape(28, 28, 1)", "the elements of each sample under another shape"}, make_reshape},
    {{"residual", "residual(layers ..., projection=layers ...)",
      "the input, or its projection, plus what the layers make of it"},
     make_residual},
    {{"embedding", "embedding(count, dim, init=normal(1))", "a vector learned for each whole number"},
     make_embedding},
    {{"layer_norm", "layer_norm(epsilon=1e-05)", "the last axis of each sample to mean 0 and variance 1"},
     make_norm<LayerNorm>},
    {{"group_norm", "group_norm(groups=32, epsilon=1e-05)",
      "each group of channels of each sample to mean 0 and variance 1"},
     make_group_norm},
    {{"instance_norm", "instance_norm(epsilon=1e-05)",
      "each channel of each sample to mean 0 and variance 1"},
     make_norm<InstanceNorm>},
    {{"batch_norm", "batch_norm(momentum=0.1, epsilon=1e-05)",
      "each channel of a batch to mean 0 and variance 1"},
     make_batch_norm},
    {{"hopfield",
      "hopfield(size=features, heads=1, beta=auto, steps=1, mask_zero=false, bias=true, init=auto)",
      "associates the tokens of each sample [tokens, features] with each other: self-attention"},
     make_hopfield},
    {{"hopfield_pooling",
      "hopfield_pooling(size=features, heads=1, quantity=1, beta=auto, steps=1, mask_zero=false, bias=true, "
      "init=auto)",
      "learned queries look for what matters in each bag [tokens, features]"},
     make_hopfield_pooling},
    {{"hopfield_lookup",
      "hopfield_lookup(quantity, size=features, heads=1, beta=auto, steps=1, bias=true, init=auto)",
      "looks every token up among learned patterns"},
     make_hopfield_lookup},
}};

bool is_activation(std::string_view name) {
  for (const std::string_view other : activation_names()) {
    if (name == other) return name != "none";
  }
  return false;
}

Made make_layer(const Term& term) {
  if (is_activation(term.word)) return std::make_unique<Activation>(named<Activation>(term));
  for (const Row& row : kRows) {
    if (row.help.name != term.word) continue;
    ArgumentReader arguments(term);
    try {
      return row.make(arguments);
    } catch (const ConfigError& error) {
      const std::string_view message = error.what();
      if (message.starts_with("column ")) throw;
      fail_at(term.column, std::string(message));
    }
  }
  fail_at(term.column, unknown_name("layer", term.word, layer_names()));
}

}  // namespace

std::vector<AnyLayer> make_layers(const std::vector<Term>& terms) {
  std::vector<AnyLayer> layers;
  for (const Term& term : terms) layers.emplace_back(make_layer(term));
  return layers;
}

std::vector<std::string_view> layer_names() {
  std::vector<std::string_view> names;
  for (const Row& row : kRows) names.push_back(row.help.name);
  for (const std::string_view name : activation_names()) {
    if (name != "none") names.push_back(name);
  }
  return names;
}

std::vector<LayerHelp> layer_help() {
  std::vector<LayerHelp> help;
  for (const Row& row : kRows) help.push_back(row.help);
  for (const std::string_view name : activation_names()) {
    if (name == "none") continue;
    const bool along_axis = name == "softmax" || name == "log_softmax";
    std::string_view usage = name;
    if (name == "leaky_relu") usage = "leaky_relu(0.01)";
    if (name == "elu") usage = "elu(1)";
    help.push_back(
        {name, usage, along_axis ? "activation, along the last axis" : "activation, element by element"});
  }
  return help;
}

}  // namespace hebb
