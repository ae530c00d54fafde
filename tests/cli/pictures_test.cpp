// The pictures that the tool draws: their sizes, pixels whose values are known, and what is refused.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>

#include "hebb/io.hpp"
#include "hebb/model.hpp"
#include "hebb/model_file.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using testing::Outcome;
using testing::Shell;
using Rgb = std::array<int, 3>;

const std::string kColors = HEBB_TEST_SOURCE_DIR "/cli/fixtures/colors.npz";  // see make_fixtures.py

Rgb at(const Image& image, int x, int y) {
  const auto* p = image.bytes.data() + (static_cast<std::ptrdiff_t>(y) * image.width + x) * image.channels;
  return {p[0], p[1], p[2]};
}

/// Empty when every tag is closed in order, attributes are quoted and text holds no bare '<' or '&'; else
/// what is wrong.
std::string xml_error(const std::string& text) {
  static const std::regex tag(R"(<(/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+='[^'<]*')*)\s*(/?)>)");
  static const std::regex reference("&(?!(amp|lt|gt|quot|apos);)");
  if (std::regex_search(text, reference)) return "a bare ampersand";
  std::vector<std::string> open;
  std::size_t end = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), tag), last; it != last; ++it) {
    const auto begin = static_cast<std::size_t>(it->position());
    if (text.substr(end, begin - end).find_first_of("<>") != std::string::npos) return "a bare bracket";
    end = begin + static_cast<std::size_t>(it->length());
    if ((*it)[1].length() > 0) {
      if (open.empty() || open.back() != (*it)[2]) return "closes " + (*it)[2].str();
      open.pop_back();
    } else if ((*it)[4].length() == 0) {
      open.push_back((*it)[2]);
    }
  }
  return open.empty() ? "" : "leaves open " + open.back();
}

std::ptrdiff_t count(const std::string& text, const std::string& what) {
  std::ptrdiff_t n = 0;
  for (std::size_t i = text.find(what); i != std::string::npos; i = text.find(what, i + 1)) ++n;
  return n;
}

/// A model whose parameters, in their order, have the values given, for data as they are.
void save(const std::string& path, const std::string& description, const Shape& input,
          const std::vector<std::vector<float>>& values) {
  Sequential model = Sequential::parse(description);
  model.build(input);
  std::size_t i = 0;
  for (const NamedTensor& p : parameters(model)) {
    *p.value = Tensor::from(std::span<const float>(values.at(i++)), p.value->shape());
  }
  save_model(path, SavedModel(model, {.input_shape = input, .class_names = {"0", "1"}}, "cross_entropy"));
}

/// Of two classes, the first always, by twice the odds of e.
void save_constant(const Shell& hebb) {
  save(hebb.file("model.safetensors"), "dense(2)", {2, 3, 3}, {std::vector<float>(36), {2, 0}});
}

TEST(Pictures, TheConfusionMatrixIsADrawing) {
  const Shell hebb;
  save_constant(hebb);
  const Outcome outcome = hebb("eval model.safetensors --data " + kColors + " --confusion matrix.svg");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("label \\ predicted"), std::string::npos);
  const std::string svg = hebb.read("matrix.svg");
  EXPECT_EQ(xml_error(svg), "") << svg;
  EXPECT_TRUE(svg.starts_with("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 ")) << svg;
  EXPECT_EQ(svg.find("http", 20 + std::string("http://www.w3.org/2000/svg").size()), std::string::npos);
  // Both classes go to the first: a full blue cell and a full orange one.
  EXPECT_NE(svg.find("<title>true 0, predicted 0: 2 (100 % of the row)</title>"), std::string::npos) << svg;
  EXPECT_NE(svg.find("<title>true 1, predicted 0: 2 (100 % of the row)</title>"), std::string::npos) << svg;
  EXPECT_EQ(count(svg, "<title>true"), 2);
  EXPECT_NE(svg.find("height='72' fill='#1c58a4'/>"), std::string::npos) << svg;
  EXPECT_NE(svg.find("height='72' fill='#d65c14'/>"), std::string::npos) << svg;
  EXPECT_EQ(count(svg, ">2</text>"), 2);
}

TEST(Pictures, TheConfusionMatrixBearsManyClassesAndStrangeNames) {
  const Shell hebb;
  const std::string blobs = "--data blobs --classes 60 --count 600 ";
  ASSERT_EQ(hebb("train -q --epochs 1 --model 'dense(60)' --out many " + blobs).code, 0);
  ASSERT_EQ(hebb("eval many/best.safetensors --confusion many.svg " + blobs).code, 0);
  const std::string many = hebb.read("many.svg");
  EXPECT_EQ(xml_error(many), "");
  EXPECT_EQ(count(many, "text-anchor='middle' fill"), 0) << "counts in cells too small for them";
  EXPECT_GT(count(many, "<title>true"), 59);

  hebb.write("names.csv",
             "x,kind\n1,<a & 'b' \"c\">\n2,\xE2\x82\xAC uro and a name that is much longer than any other\n"
             "3,<a & 'b' \"c\">\n4,\x01tab\n");
  ASSERT_EQ(hebb("train -q --epochs 1 --data names.csv --model 'dense(3)' --out names").code, 0);
  const Outcome outcome = hebb("eval names/best.safetensors --data names.csv --confusion names.svg");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string names = hebb.read("names.svg");
  EXPECT_EQ(xml_error(names), "") << names;
  EXPECT_NE(names.find("&lt;a &amp; &apos;b&apos; &quot;c&quot;&gt;"), std::string::npos) << names;
  EXPECT_NE(names.find(">?tab<"), std::string::npos) << names;
  EXPECT_NE(names.find("\xE2\x82\xAC uro and a name that i\xE2\x80\xA6<"), std::string::npos) << names;
}

TEST(Pictures, TheWorstImagesStandInOrder) {
  const Shell hebb;
  save_constant(hebb);
  std::filesystem::copy(kColors, hebb.file("colors.npz"));
  const std::string eval = "eval model.safetensors --data colors.npz --json --worst ";
  const Outcome outcome = hebb(eval + "worst.png");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto worst = nlohmann::json::parse(outcome.out)["worst"];
  ASSERT_EQ(worst.size(), 4U);
  EXPECT_NEAR(worst[0]["loss"].get<double>(), std::log1p(std::exp(2.0)), 1e-6);
  const Image sheet = read_image(hebb.file("worst.png"));
  // Pixels become squares of 37. Samples 1 and 3 are of the class that is never predicted.
  EXPECT_EQ(sheet.channels, 3);
  EXPECT_EQ(sheet.width, 24 + 4 * 111 + 3 * 18 + 24);
  EXPECT_EQ(at(sheet, 0, 0), (Rgb{255, 255, 255}));
  const std::array<Rgb, 4> colors = {{{30, 240, 40}, {128, 128, 128}, {250, 10, 20}, {50, 60, 230}}};
  for (int i = 0; i < 4; ++i) {
    const int left = 24 + i * (111 + 18);
    EXPECT_EQ(at(sheet, left + 36, 82 + 36), (Rgb{255, 255, 255}));
    EXPECT_EQ(at(sheet, left + 37, 82), colors[static_cast<std::size_t>(i)]);
    EXPECT_EQ(at(sheet, left + 110, 82 + 73), colors[static_cast<std::size_t>(i)]);
    EXPECT_EQ(at(sheet, left + 110, 82 + 74), (Rgb{255, 255, 255}));
  }
  EXPECT_EQ(nlohmann::json::parse(hebb(eval + "few.png --worst-count 3").out)["worst"].size(), 3U);
}

TEST(Pictures, EvalRefusesWhatItCannotDraw) {
  const Shell hebb;
  save_constant(hebb);
  ASSERT_EQ(hebb("train -q --epochs 1 --data line --model 'dense(1)' --out line").code, 0);
  ASSERT_EQ(hebb("train -q --epochs 1 --data moons --model 'dense(2)' --out moons").code, 0);
  hebb.write("kept.svg", "kept");
  const std::string colors = "eval model.safetensors --data " + kColors + " ";
  struct Case {
    std::string arguments;
    int code;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"eval line/best.safetensors --data line --confusion a.svg", 2, "values"},
      {"eval line/best.safetensors --data line --worst a.png", 2, "values"},
      {"eval moons/best.safetensors --data moons --worst a.png", 3, "no images"},
      {colors + "--confusion none/a.svg", 3, "none/a.svg"},
      {colors + "--worst none/a.png", 3, "none/a.png"},
      {colors + "--worst .", 3, "directory"},
      {colors + "--confusion ''", 2, "--confusion: expected a path"},
      {colors + "--worst ''", 2, "--worst: expected a path"},
      {colors + "--worst a.png --worst-count 0", 2, "--worst-count: expected 1 or more"},
      {colors + "--worst a.png --worst-count many", 2, "whole number"},
      {"eval moons/best.safetensors --data line --confusion kept.svg", 3, "line"},
  };
  for (const auto& [arguments, code, expected] : cases) {
    const Outcome outcome = hebb(arguments);
    EXPECT_EQ(outcome.code, code) << arguments << "\n" << outcome.err;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << arguments << "\n" << outcome.err;
  }
  EXPECT_EQ(hebb.read("kept.svg"), "kept");
  EXPECT_FALSE(std::filesystem::exists(hebb.file("a.png")));
}

constexpr Rgb kRed = {190, 32, 38};
constexpr Rgb kBlue = {24, 84, 168};
constexpr Rgb kWhite = {255, 255, 255};

TEST(Pictures, FiltersAreColoredAboutZero) {
  const Shell hebb;
  // Filters [2, 2, 1, 2]: (1, -1; 0, 0.5) and zeros.
  save(hebb.file("conv.safetensors"), "conv(2, kernel=2) flatten dense(2)", {2, 2, 1},
       {{1, 0, -1, 0, 0, 0, 0.5F, 0}, {0, 0}, {0, 0, 0, 0}, {0, 0}});
  const Outcome outcome = hebb("inspect conv.safetensors --filters filters.png");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("conv_1"), std::string::npos);
  const Image picture = read_image(hebb.file("filters.png"));
  // Tiles of 2 x 56 pixels within a line of one; the first at (24, 82), below two lines of text.
  const int left = 25;
  const int top = 83;
  EXPECT_EQ(at(picture, left, top), kRed);
  EXPECT_EQ(at(picture, left + 55, top + 55), kRed);
  EXPECT_EQ(at(picture, left + 56, top), kBlue);
  EXPECT_EQ(at(picture, left + 111, top + 55), kBlue);
  EXPECT_EQ(at(picture, left, top + 56), kWhite);
  EXPECT_EQ(at(picture, left + 56, top + 56), (Rgb{223, 144, 147}));
  EXPECT_NE(at(picture, left - 1, top), kWhite);
  EXPECT_EQ(at(picture, left + 114 + 8, top), kWhite) << "the filter of zeros";

  save_constant(hebb);
  ASSERT_EQ(hebb("inspect model.safetensors --filters color.png").code, 0);
  EXPECT_EQ(at(read_image(hebb.file("color.png")), left, top), (Rgb{128, 128, 128}));
}

TEST(Pictures, ActivationsShowEveryLayer) {
  const Shell hebb;
  // The outputs are (2, -1) whatever comes; the convolution passes the image on, its sign changed.
  save(hebb.file("model.safetensors"), "conv(1, kernel=1) flatten dense(2)", {2, 2, 1},
       {{-1}, {0}, std::vector<float>(8), {2, -1}});
  write_png(hebb.file("image.png"), {.height = 2, .width = 2, .channels = 1, .bytes = {0, 255, 51, 0}});
  const Outcome outcome = hebb("inspect model.safetensors --activations image.png layers.png");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Image picture = read_image(hebb.file("layers.png"));
  const int left = 25;
  EXPECT_EQ(at(picture, 24, 24), (Rgb{0, 0, 0})) << "the image itself";
  EXPECT_EQ(at(picture, 24 + 56, 24), kWhite);
  // Below the image, 112 pixels high: a gap, the layer's name, another gap.
  const int conv = 24 + 112 + 22 + 18 + 6 + 1;
  EXPECT_EQ(at(picture, left, conv), kWhite);
  EXPECT_EQ(at(picture, left + 56, conv), kBlue);
  EXPECT_EQ(at(picture, left, conv + 56), (Rgb{209, 221, 238}));
  // Below the map, the name of `flatten` and that its values are the same, then the outputs.
  const int dense = conv + 112 + 1 + 22 + (18 + 4 + 18) + 22 + 18 + 6 + 1;
  EXPECT_EQ(at(picture, left, dense), kRed);
  EXPECT_EQ(at(picture, left + 25, dense + 25), kRed);
  EXPECT_EQ(at(picture, left + 28 + 8, dense), (Rgb{140, 170, 212}));
}

TEST(Pictures, SaliencyStandsBesideTheImage) {
  const Shell hebb;
  // The first class's logit has these slopes; it wins by its bias.
  save(hebb.file("model.safetensors"), "dense(2)", {2, 2, 1}, {{1, 0, -2, 0, 0, 0, 4, 0}, {9e3F, 0}});
  hebb.write("image.pgm", "P2 2 2 255 255 0 0 51");
  const Outcome outcome = hebb("inspect model.safetensors --saliency image.pgm why.png --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Image picture = read_image(hebb.file("why.png"));
  const int top = 82;
  const int right = 24 + 336 + 18;
  EXPECT_EQ(at(picture, 24, top), kWhite);
  EXPECT_EQ(at(picture, 24 + 168, top), (Rgb{0, 0, 0}));
  EXPECT_EQ(at(picture, 24 + 335, top + 335), (Rgb{51, 51, 51}));
  EXPECT_EQ(at(picture, right, top), (Rgb{64, 64, 64}));
  EXPECT_EQ(at(picture, right + 168, top), (Rgb{128, 128, 128}));
  EXPECT_EQ(at(picture, right, top + 168), (Rgb{0, 0, 0}));
  EXPECT_EQ(at(picture, right + 335, top + 335), kWhite);
}

TEST(Pictures, SamplesComeFromDataSets) {
  const Shell hebb;
  save_constant(hebb);
  ASSERT_EQ(hebb("inspect model.safetensors --saliency " + kColors + ":2 why.png").code, 0);
  EXPECT_EQ(at(read_image(hebb.file("why.png")), 24 + 335, 82 + 100), (Rgb{50, 60, 230}));
}

TEST(Pictures, SamplesAreBroughtToTheSizeOfAModelOfFolders) {
  const Shell hebb;
  for (const std::string name : {"a", "b"}) {
    std::filesystem::create_directories(hebb.file("images/" + name));
    write_png(hebb.file("images/" + name + "/1.png"),
              {.height = 2,
               .width = 2,
               .channels = 1,
               .bytes = {0, 1, 2, name == "a" ? std::uint8_t{3} : std::uint8_t{99}}});
  }
  write_png(hebb.file("large.png"),
            {.height = 4, .width = 6, .channels = 3, .bytes = std::vector<std::uint8_t>(72, 77)});
  const std::string train = "train -q --epochs 1 --data images --model 'dense(2)' --out ";
  ASSERT_EQ(hebb(train + "run --image-size 2").code, 0);
  const Outcome outcome = hebb("inspect run --saliency large.png why.png");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(at(read_image(hebb.file("why.png")), 24, 82), (Rgb{77, 77, 77}));
  // Where the images were not resized for training, another size is a mistake.
  ASSERT_EQ(hebb(train + "plain").code, 0);
  const Outcome refused = hebb("inspect plain --saliency large.png no.png");
  EXPECT_EQ(refused.code, 3);
  EXPECT_NE(refused.err.find("4 x 6 pixels"), std::string::npos) << refused.err;
}

TEST(Pictures, InspectTellsTheMemoryOfADescription) {
  const Shell hebb;
  const Outcome outcome = hebb("inspect 'dense(5, act=relu) dense(3)' --data iris --batch-size 64 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["layers"].size(), 2U);
  EXPECT_EQ(json["loss"], "cross_entropy");
  EXPECT_EQ(json["classes"][0], "setosa");
  EXPECT_EQ(json["memory"]["inference"]["state_bytes"], 4 * 43);
  EXPECT_EQ(json["memory"]["training"]["batch_size"], 64);
  EXPECT_EQ(json["memory"]["training"]["state_bytes"], 3 * 4 * 43);
  EXPECT_GE(json["memory"]["training"]["plan_bytes"].get<int>(), 64 * 4 * (4 + 5 + 3));
  const std::string text = hebb("inspect flatten --data line").out;
  EXPECT_NE(text.find("inference"), std::string::npos) << text;
  EXPECT_EQ(text.find("training"), std::string::npos) << "nothing to train";
}

TEST(Pictures, InspectRefusesWhatItCannotShow) {
  const Shell hebb;
  save_constant(hebb);
  ASSERT_EQ(hebb("train -q --epochs 1 --data line --model 'dense(1)' --out line").code, 0);
  hebb.write("broken.png", "\x89PNG\r\n");
  const std::string image = kColors + ":0";
  struct Case {
    std::string arguments;
    int code;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"'dense(2)'", 2, "--data: expected a data set"},
      {"'dens(2)' --data iris", 2, "did you mean 'dense'"},
      {"'dense(2)' --data irs", 2, "did you mean 'iris'"},
      {"'dense(2)' --data ''", 2, "--data: expected a path"},
      {"'conv(2)' --data iris", 3, "conv"},
      {"'dense(2)' --data iris --batch-size 0", 2, "--batch-size: expected 1 or more"},
      {"'dense(2)' --data iris --batch-size 9000000000000000000", 3, "memory"},
      {"model.safetensors --data iris", 3, "the model takes [2, 3, 3]"},
      {"none.safetensors --filters a.png", 3, "none.safetensors"},
      {"line --filters a.png", 3, "no filters"},
      {"line --activations line:3 a.png", 3, "no images"},
      {"line --saliency line:3 a.png", 3, "a model of classes"},
      {"model.safetensors --saliency none.png a.png", 3, "none.png"},
      {"model.safetensors --saliency broken.png a.png", 3, "broken.png"},
      {"model.safetensors --saliency iris:0 a.png", 3, "samples of shape [4]"},
      {"model.safetensors --saliency nothing:0 a.png", 2, "nothing"},
      {"model.safetensors --saliency " + kColors + ":4 a.png", 3, "samples 0 to 3"},
      {"model.safetensors --saliency " + kColors + ":-1 a.png", 3, "samples 0 to 3"},
      {"model.safetensors --saliency " + image, 2, "--saliency"},
      {"model.safetensors --saliency " + image + " ''", 2, "--saliency: expected a path"},
      {"model.safetensors --activations " + image + " none/a.png", 3, "none/a.png"},
      {"model.safetensors --filters none/a.png", 3, "none/a.png"},
  };
  for (const auto& [arguments, code, expected] : cases) {
    const Outcome outcome = hebb("inspect " + arguments);
    EXPECT_EQ(outcome.code, code) << arguments << "\n" << outcome.err;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << arguments << "\n" << outcome.err;
  }
  EXPECT_FALSE(std::filesystem::exists(hebb.file("a.png")));
}

}  // namespace
}  // namespace hebb
