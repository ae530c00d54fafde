#include "cli/inside.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/picture.hpp"
#include "hebb/error.hpp"
#include "hebb/inspection.hpp"
#include "hebb/model.hpp"

namespace hebb::cli {

namespace {

constexpr std::int64_t kPageWidth = 1000;
constexpr std::int64_t kMargin = 24;
constexpr std::int64_t kGap = 8;

/// A thin line around, for tiles that may be white at their edges.
Image framed(const Image& tile) {
  Image frame = blank(tile.width + 2, tile.height + 2, {206, 209, 214});
  paste(frame, tile, 1, 1);
  return frame;
}

/// Tiles in rows as wide as the page, all about equally long.
Image rows_of(const std::vector<Image>& tiles, std::int64_t gap) {
  const auto count = static_cast<std::int64_t>(tiles.size());
  const std::int64_t most = std::max<std::int64_t>(1, (kPageWidth + gap) / (tiles.front().width + gap));
  const std::int64_t rows = (count + most - 1) / most;
  return in_grid(tiles, (count + rows - 1) / rows, gap);
}

/// How large a tile is, given how many there are.
std::int64_t tile_side(std::int64_t count) {
  if (count <= 8) return 112;
  if (count <= 36) return 84;
  return count <= 144 ? 56 : 28;
}

Image heading(const std::string& title, const std::string& second, std::int64_t width = kPageWidth) {
  return stacked({text_line(shortened(title, width)), text_line(shortened(second, width), kPaleInk)}, 4);
}

Shape with_batch(const Shape& sample) {
  std::vector<std::int64_t> extents = {1};
  extents.insert(extents.end(), sample.extents().begin(), sample.extents().end());
  return Shape(std::move(extents));
}

// ---- Filters ----

/// Weights that look at an image: [height, width, channels, filters].
struct Filters {
  std::string name;
  std::string kind;
  Tensor values;
  std::int64_t height;
  std::int64_t width;
  std::int64_t channels;
  std::int64_t count;
};

Filters first_filters(const SavedModel& model) {
  const Shape& input = model.input.input_shape;
  for (const NamedTensor& p : parameters(*model.module)) {
    const Shape& shape = p.value->shape();
    if (shape.rank() == 4 && p.name.ends_with("filter")) {
      return {p.name, "filters", *p.value, shape[0], shape[1], shape[2], shape[3]};
    }
    const bool image = input.rank() == 2 || input.rank() == 3;
    if (shape.rank() == 2 && p.name.ends_with("weight") && image && shape[0] == input.elements()) {
      return {p.name, "units", *p.value, input[0], input[1], input.rank() == 3 ? input[2] : 1, shape[1]};
    }
  }
  throw DataError(
      "the model has no filters to draw: neither a convolution, nor a dense layer that takes an image");
}

/// One filter of three channels: middle gray at zero, the ends of each color at -most and most.
Image color_tile(const Filters& f, std::int64_t filter, double most) {
  const auto values = f.values.data<float>();
  std::vector<float> pixels;
  for (std::int64_t i = 0; i < f.height * f.width * f.channels; ++i) {
    pixels.push_back(values[static_cast<std::size_t>(i * f.count + filter)]);
  }
  const auto end = static_cast<float>(most > 0 ? most : 1);
  return sample_image(pixels, {f.height, f.width, f.channels}, {-end, end});
}

Image filter_tile(const Filters& f, std::int64_t filter, double most) {
  const std::int64_t side = tile_side(f.count);
  if (f.channels == 3) return framed(resized_near(color_tile(f, filter, most), side));
  std::vector<Image> maps;
  for (std::int64_t c = 0; c < f.channels; ++c) {
    const MapLayout layout = {f.height, f.width, f.width * f.channels * f.count, f.channels * f.count};
    const float* values = f.values.data<float>().data() + c * f.count + filter;
    maps.push_back(framed(resized_near(diverging_map(values, layout, most), side)));
  }
  return rows_of(maps, 2);
}

// ---- Activations ----

/// `names` has one for each value, or none.
Image strip(std::span<const float> values, double most, const std::vector<std::string>& names) {
  constexpr std::int64_t kWidestName = 112;
  const std::int64_t side = values.size() <= 32 ? 26 : values.size() <= 256 ? 14 : 7;
  std::vector<Image> squares;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = static_cast<double>(values[i]);
    squares.push_back(framed(blank(side, side, diverging(most > 0 ? value / most : value))));
    if (names.empty()) continue;
    const Image name = text_line(shortened(names[i], kWidestName), kPaleInk);
    squares.back() = stacked({squares.back(), name}, 4, Align::center);
  }
  return rows_of(squares, names.empty() ? 2 : kGap);
}

Image maps(std::span<const float> values, const Shape& shape, double most) {
  const std::int64_t channels = shape.rank() == 4 ? shape[3] : 1;
  std::vector<Image> tiles;
  for (std::int64_t c = 0; c < channels; ++c) {
    const MapLayout layout = {shape[1], shape[2], shape[2] * channels, channels};
    tiles.push_back(
        framed(resized_near(diverging_map(values.data() + c, layout, most), tile_side(channels))));
  }
  return rows_of(tiles, kGap);
}

/// A layer's output under its name. `before` is what the layer before gave; `names` belong to the values
/// where there are any.
Image layer_section(const LayerOutput& layer, std::span<const float> before,
                    const std::vector<std::string>& names) {
  const Shape& shape = layer.value.shape();
  const auto values = layer.value.data<float>();
  const auto [least, largest] = std::minmax_element(values.begin(), values.end());
  const std::string name = layer.name + "  " + layer.description;
  const std::string range = fmt::format(
      "{}, {:.3g} to {:.3g}",
      to_string(Shape(std::vector<std::int64_t>(shape.extents().begin() + 1, shape.extents().end()))), *least,
      *largest);
  const Image title = beside(
      {text_line(shortened(name, kPageWidth - 20 - text_width(range))), text_line(range, kPaleInk)}, 20);
  if (std::equal(values.begin(), values.end(), before.begin(), before.end())) {
    return stacked({title, text_line("the same values", kPaleInk)}, 4);
  }
  const double most = largest_magnitude(values);
  const bool image = (shape.rank() == 4 || shape.rank() == 3) && shape[1] * shape[2] > 1;
  return stacked({title, image ? maps(values, shape, most) : strip(values, most, names)}, 6);
}

// ---- Samples ----

std::string class_text(const LoadedModel& model, std::int64_t index) {
  return index < model.classes() ? std::string(model.class_name(index)) : std::to_string(index);
}

/// "true 7, predicted 7 (99.8 %)".
std::string verdict(LoadedModel& model, const Sample& sample) {
  if (!model.is_classifier()) return "";
  const std::span<const float> p = model.predict(sample.raw);
  const std::int64_t predicted = model.class_of(p);
  const double share = p.size() > 1 ? static_cast<double>(p[static_cast<std::size_t>(predicted)])
                                    : std::abs(static_cast<double>(p[0]) - (predicted == 0 ? 1 : 0));
  const std::string truth = sample.label ? "true " + class_text(model, *sample.label) + ", " : "";
  return truth + fmt::format("predicted {} ({:.1f} %)", class_text(model, predicted), 100 * share);
}

Image picture_of(const Sample& sample, const SavedModel& model, std::int64_t side) {
  const ImageShape shape = image_shape(model.input.input_shape, sample.name);
  return resized_near(sample_image(sample.raw, shape, range_of(sample.raw)), side);
}

Tensor scaled_input(const SavedModel& model, const Sample& sample) {
  std::vector<float> values = sample.raw;
  model.input.scaling.apply(values, static_cast<std::int64_t>(values.size()));
  return Tensor::from(std::span<const float>(values), with_batch(model.input.input_shape));
}

}  // namespace

Image filters_picture(const SavedModel& model, const std::string& title) {
  const Filters f = first_filters(model);
  const double most = largest_magnitude(f.values.data<float>());
  std::vector<Image> tiles;
  for (std::int64_t i = 0; i < f.count; ++i) tiles.push_back(filter_tile(f, i, most));
  const std::string about = fmt::format("{}: {} {} of {} x {} pixels, {} channel{}", f.name, f.count, f.kind,
                                        f.height, f.width, f.channels, f.channels == 1 ? "" : "s");
  const Image legend =
      f.channels == 3 ? text_line(fmt::format("gray is 0, full color -{0:.3g} and {0:.3g}", most), kPaleInk)
                      : diverging_legend(most);
  return with_margin(stacked({heading(title, about), rows_of(tiles, kGap), legend}, 18), kMargin);
}

Image activations_picture(const SavedModel& model, const Sample& sample, const std::string& title) {
  const auto* layers = dynamic_cast<const Sequential*>(model.module.get());
  if (layers == nullptr)
    throw DataError("the model is a free composition of operations: it has no layers to show");
  const Image input = picture_of(sample, model, 112);
  LoadedModel loaded(model);
  const Tensor x = scaled_input(model, sample);
  std::vector<Image> sections = {beside(
      {input, stacked({heading(title, sample.name, kPageWidth - input.width - kGap),
                       text_line(verdict(loaded, sample), kPaleInk),
                       text_line("blue negative, white 0, red positive; a scale for each layer", kPaleInk)},
                      4)},
      18)};
  std::span<const float> before = x.data<float>();
  const std::vector<LayerOutput> outputs = layer_outputs(*layers, x);
  constexpr std::size_t kMostNames = 32;
  const std::vector<std::string>& classes = model.input.class_names;
  for (const LayerOutput& layer : outputs) {
    const auto values = layer.value.data<float>();
    const bool named =
        &layer == &outputs.back() && values.size() == classes.size() && classes.size() <= kMostNames;
    sections.push_back(layer_section(layer, before, named ? classes : std::vector<std::string>()));
    before = values;
  }
  return with_margin(stacked(sections, 22), kMargin);
}

Image saliency_picture(const SavedModel& model, const Sample& sample, const std::string& title) {
  constexpr std::int64_t kSide = 336;
  LoadedModel loaded(model);
  if (!loaded.is_classifier())
    throw DataError("--saliency needs a model of classes; this one predicts values");
  const Image input = picture_of(sample, model, kSide);
  const std::int64_t predicted = loaded.predict_class(sample.raw);
  const Tensor slope =
      saliency(*model.module, scaled_input(model, sample), loaded.outputs() > 1 ? predicted : 0);
  const ImageShape shape = image_shape(model.input.input_shape, sample.name);
  const auto values = slope.data<float>();
  std::vector<float> strongest;
  for (std::int64_t i = 0; i < shape.height * shape.width; ++i) {
    const float* pixel = values.data() + i * shape.channels;
    strongest.push_back(*std::max_element(pixel, pixel + shape.channels));
  }
  const double most = largest_magnitude(strongest);
  const Image map = resized_near(
      sample_image(strongest, {shape.height, shape.width, 1}, {0, static_cast<float>(most > 0 ? most : 1)}),
      kSide);
  const auto caption = [&](const std::string& text) { return text_line(shortened(text, kSide), kPaleInk); };
  const std::string meaning =
      fmt::format("|d logit {} / d pixel|, 0 to {:.3g}", class_text(loaded, predicted), most);
  return with_margin(
      stacked({heading(title, verdict(loaded, sample), 2 * kSide),
               beside({stacked({input, caption(sample.name)}, 8), stacked({map, caption(meaning)}, 8)}, 18)},
              18),
      kMargin);
}

}  // namespace hebb::cli
