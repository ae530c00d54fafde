#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "hebb/io.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using testing::Outcome;
using testing::Shell;
using Json = nlohmann::json;

constexpr const char* kMoons =
    "boundary --model 'dense(8, act=tanh) dense(2)' --data moons --count 100 --epochs 30 ";

/// The color of a pixel.
std::array<int, 3> pixel(const Image& image, int x, int y) {
  const auto at = static_cast<std::size_t>((y * image.width + x) * 3);
  return {image.bytes[at], image.bytes[at + 1], image.bytes[at + 2]};
}

TEST(BoundaryCommand, DrawsASavedModelAsSvgAndPng) {
  const Shell hebb;
  ASSERT_EQ(
      hebb("train --data moons --model 'dense(8, act=tanh) dense(2)' --epochs 40 --lr 0.02 --out run -q")
          .code,
      0);
  for (const char* name : {"b.svg", "b.png"}) {
    const Outcome outcome = hebb(std::string("boundary run --out ") + name);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  const std::string svg = hebb.read("b.svg");
  EXPECT_EQ(svg.find("<svg"), 0U);
  const auto count = [&](const std::string& what) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = svg.find(what, at)) != std::string::npos; ++at) ++n;
    return n;
  };
  EXPECT_GE(count("<circle"), 300U);  // the samples
  EXPECT_EQ(count("<image"), 1U);
  EXPECT_GE(count("<polyline"), 4U);
  const Image png = read_image(hebb.file("b.png"));
  EXPECT_GT(png.width, 600);
  // Regions of two colors: bluish and reddish pixels.
  std::int64_t blue = 0;
  std::int64_t red = 0;
  for (int y = 0; y < png.height; ++y) {
    for (int x = 0; x < png.width; ++x) {
      const auto [r, g, b] = pixel(png, x, y);
      blue += b > r + 30 ? 1 : 0;
      red += r > b + 30 ? 1 : 0;
    }
  }
  EXPECT_GT(blue, png.width * png.height / 20);
  EXPECT_GT(red, png.width * png.height / 20);
}

TEST(BoundaryCommand, ShowsARunWithItsOwnData) {
  const Shell hebb;
  const std::string data = "--data moons --noise 0.4 --count 60 --data-seed 7 ";
  ASSERT_EQ(hebb("train " + data + "--model 'dense(8, act=tanh) dense(2)' --epochs 5 --out run -q").code, 0);
  const auto json = [&](const std::string& arguments) {
    const Outcome outcome = hebb("boundary " + arguments + " --json");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return Json::parse(outcome.out);
  };
  std::filesystem::copy(hebb.file("run/best.safetensors"), hebb.file("alone.safetensors"));
  const Json named = json("alone.safetensors " + data);
  EXPECT_EQ(named["samples"], 60);
  EXPECT_NE(named["errors"], 0);
  EXPECT_EQ(json("run"), named);
  EXPECT_EQ(json("run --data moons"), named);
  EXPECT_EQ(json("run/last.safetensors"), named);
  // Options have the last word, each for itself.
  EXPECT_EQ(json("run --count 20"),
            json("alone.safetensors --data moons --noise 0.4 --data-seed 7 --count 20"));
  EXPECT_EQ(json("run --noise 0 --data-seed 1"),
            json("alone.safetensors --data moons --noise 0 --data-seed 1 --count 60"));
  // Other data, and a model without its run, are loaded as they are by default.
  EXPECT_EQ(json("run --data blobs --classes 2"), json("alone.safetensors --data blobs --classes 2"));
  EXPECT_NE(json("alone.safetensors")["samples"], 60);
  hebb.write("run/config.toml", "data = ");
  EXPECT_EQ(hebb("boundary run --json").code, 2);
}

TEST(BoundaryCommand, TrainsAsTheTrainCommandDoes) {
  const Shell hebb;
  const std::string how = "--data moons --model 'dense(8, act=tanh) dense(2)' --epochs 20 ";
  ASSERT_EQ(hebb("train " + how + "--out run -q").code, 0);
  EXPECT_EQ(hebb("boundary " + how + "--json").out, hebb("boundary run --json").out);
}

TEST(BoundaryCommand, DrawsInTheTerminal) {
  const Shell hebb;
  for (const char* locale : {"LC_ALL=C", "LC_ALL=C.UTF-8"}) {
    const Outcome outcome = hebb(kMoons, locale);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("of 100 samples on the wrong side"), std::string::npos);
    EXPECT_EQ(outcome.out.find("\033"), std::string::npos);  // no terminal, no color
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) {
      const auto wide = std::count_if(
          line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
      EXPECT_LE(wide, 80) << line;
    }
    const bool ascii = std::all_of(outcome.out.begin(), outcome.out.end(), [](char c) { return c > 0; });
    EXPECT_EQ(ascii, std::string(locale) == "LC_ALL=C");
    for (const char* mark : {"0", "1"}) EXPECT_NE(outcome.out.find(mark), std::string::npos);
  }
  const Outcome colored = hebb(std::string(kMoons) + "--color always", "LC_ALL=C.UTF-8 COLORTERM=truecolor");
  EXPECT_NE(colored.out.find("\033[38;2;"), std::string::npos);
  EXPECT_NE(colored.out.find("▀"), std::string::npos);
}

TEST(BoundaryCommand, GivesTheLineOfALinearClassifier) {
  const Shell hebb;
  const Outcome outcome = hebb(
      "boundary --model 'dense(1)' --data blobs --classes 2 --count 80 --noise 0.3 --epochs 200 --lr 0.01 "
      "--json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_TRUE(json["linear"]);
  EXPECT_TRUE(json["separated"]);
  EXPECT_EQ(json["errors"], 0);
  const Json& line = json["line"];
  for (const Json& path : json["boundary"]) {
    for (const Json& point : path) {
      const double score = line["weights"][0].get<double>() * point[0].get<double>() +
                           line["weights"][1].get<double>() * point[1].get<double>() +
                           line["bias"].get<double>();
      EXPECT_NEAR(score, 0, 1e-9);
    }
  }
  EXPECT_GT(json["distance"].get<double>(), 0);
}

TEST(BoundaryCommand, RunsThroughTrainingOnAPage) {
  const Shell hebb;
  const Outcome outcome = hebb(std::string(kMoons) + "--animate film.html --frames 12 --grid 40");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string page = hebb.read("film.html");
  for (const char* part : {"<!doctype html>", "type=\"range\"", "\"frames\":[{\"epoch\":0", "</html>"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  for (const char* outside : {"src=", "http", "@import", "url(", "<link", "@DATA@"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  const std::size_t begin = page.find("const film = ") + 13;
  const Json film = Json::parse(page.substr(begin, page.find(";\n", begin) - begin));
  EXPECT_EQ(film["frames"].back()["epoch"], 30);
  EXPECT_EQ(film["points"].size(), 100U);
  EXPECT_LT(film["frames"].back()["loss"], film["frames"].front()["loss"]);
  for (const Json& frame : film["frames"])
    EXPECT_EQ(frame["cells"].get<std::string>().size(), (40U * 40U + 2) / 3 * 4);
}

TEST(BoundaryCommand, FilmsANeuronThatLearnsByItsOwnRule) {
  const Shell hebb;
  const Outcome outcome = hebb(
      "boundary --model perceptron --data blobs --classes 2 --noise 0.3 --count 60 --epochs 50 --seed 3 "
      "--animate film.html --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string page = hebb.read("film.html");
  const std::size_t begin = page.find("const film = ") + 13;
  const Json film = Json::parse(page.substr(begin, page.find(";\n", begin) - begin));
  const Json& frames = film["frames"];
  EXPECT_TRUE(frames[0]["boundary"].empty());  // weights of zero
  EXPECT_EQ(frames.back()["errors"], 0);
  EXPECT_LT(frames.back()["epoch"].get<int>(), 50);  // it stops when nothing is left to correct
  // The line that it ends with is that of a training run.
  const Json end = Json::parse(outcome.out)["boundary"][0];
  const Json& line = frames.back()["boundary"][0];
  ASSERT_EQ(line.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(line[i].get<double>(), end[i / 2][i % 2].get<double>(), 2e-3);
}

TEST(BoundaryCommand, SaysWhatCannotBeDrawn) {
  const Shell hebb;
  hebb.write("constant.csv", "a,b,kind\n1,5,x\n2,5,y\n3,5,x\n");
  hebb.write("one.csv", "a,b,kind\n1,5,x\n2,6,x\n3,7,x\n");
  hebb.write("three.csv", "a,b,c,kind\n1,5,0,x\n2,6,1,y\n3,7,3,x\n");
  hebb.write("bad.safetensors", "no model");
  const auto expect = [&](const std::string& arguments, int code, const std::string& words) {
    const Outcome outcome = hebb("boundary " + arguments + " --out picture.svg");
    EXPECT_EQ(outcome.code, code) << arguments << outcome.err;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << arguments << ": " << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(hebb.file("picture.svg"))) << arguments;
  };
  expect("--model 'dense(2)' --data constant.csv", 3, "'b' is 5 in all samples");
  expect("--model 'dense(2)' --data one.csv", 3, "class");
  expect("--model 'dense(2)' --data three.csv", 3, "3 inputs");
  expect("--model 'dense(3)' --data iris", 3, "4 inputs");
  expect("--model 'dense(1)' --data sine", 3, "1 input");
  expect("missing.safetensors --data moons", 3, "missing.safetensors");
  expect("bad.safetensors --data moons", 3, "bad.safetensors");
  expect("nothing --data moons", 2, "nothing");
  expect("--data moons", 2, "--model");
  expect("--model 'dense(2)'", 2, "--data");
  expect("--model 'dense(2)' --data moons --grid 1", 2, "grid");
  expect("--model 'dense(2)' --data moons --epochs -3", 2, "epochs");
  EXPECT_EQ(hebb("boundary --model 'dense(2)' --data moons --out picture.gif").code, 2);
  EXPECT_EQ(hebb("boundary --model 'dense(2)' --data moons --color sometimes").code, 2);
  ASSERT_EQ(hebb("train --data iris --model 'dense(3)' --epochs 1 --out run -q").code, 0);
  expect("run --data moons", 3, "4 inputs");
  expect("run --animate film.html", 2, "--animate");
}

}  // namespace
}  // namespace hebb
