#include "cli/worst_images.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/picture.hpp"

namespace hebb::cli {

namespace {

constexpr std::int64_t kColumns = 8;
constexpr std::int64_t kImageSide = 112;
constexpr std::int64_t kWidestCaption = 176;
constexpr Color kWrong = {190, 32, 38};

}  // namespace

Image worst_images(const EvaluationReport& report, const Dataset& raw, const std::vector<std::string>& names,
                   const std::string& title) {
  const ImageShape shape = image_shape(raw.input_shape(), title);
  std::vector<std::int64_t> indices;
  for (const SampleResult& sample : report.worst) indices.push_back(sample.index);
  const auto size = static_cast<std::size_t>(raw.input_shape().elements());
  std::vector<float> pixels(indices.size() * size);
  raw.fill(indices, pixels.data(), {});
  const ValueRange range = range_of(pixels);

  std::vector<Image> cells;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const SampleResult& sample = report.worst[i];
    const Image image =
        resized_near(sample_image(std::span(pixels).subspan(i * size, size), shape, range), kImageSide);
    const std::int64_t room = std::max<std::int64_t>(image.width, kWidestCaption);
    const auto line = [&](const std::string& text, Color color) {
      return text_line(shortened(text, room), color);
    };
    const Image caption = stacked({line("true " + names.at(static_cast<std::size_t>(sample.label)), kInk),
                                   line("pred " + names.at(static_cast<std::size_t>(sample.predicted)),
                                        sample.predicted == sample.label ? kInk : kWrong),
                                   line(fmt::format("loss {:#.3g}", sample.loss), kPaleInk)},
                                  2);
    cells.push_back(stacked({image, caption}, 6));
  }
  const Image heading = stacked({text_line(title), text_line("the largest losses first", kPaleInk)}, 4);
  return with_margin(stacked({heading, in_grid(cells, kColumns, 18)}, 18), 24);
}

}  // namespace hebb::cli
