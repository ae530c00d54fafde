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

constexpr const char* kLine =
    "surface --model 'dense(1)' --data line --count 50 --weights 'dense_1.weight[0,0]' 'dense_1.bias[0]' ";

TEST(SurfaceCommand, DrawsSurfaceAndPaths) {
  const Shell hebb;
  for (const char* name : {"s.svg", "s.png"}) {
    const Outcome outcome = hebb(std::string(kLine) + "--steps 20 --points 15 --out " + name);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    for (const char* optimizer : {"sgd", "momentum", "adam"})
      EXPECT_NE(outcome.out.find(optimizer), std::string::npos);
  }
  const std::string svg = hebb.read("s.svg");
  EXPECT_EQ(svg.find("<svg"), 0U);
  for (const char* part : {"<image", "<polyline", "<circle", "dense_1.weight[0,0]", "adam", "</svg>"})
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  EXPECT_GT(read_image(hebb.file("s.png")).width, 600);
}

TEST(SurfaceCommand, GivesTheSameAsJson) {
  const Shell hebb;
  const Outcome outcome =
      hebb(std::string(kLine) +
           "--steps 50 --points 5 --start -3 3 --optimizer gd 'adam(beta1=0.5)' --lr 0.3 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["loss"].size(), 5U);
  ASSERT_EQ(json["paths"].size(), 2U);
  const Json& path = json["paths"][0];
  EXPECT_EQ(path["points"][0], Json::parse("[-3.0,3.0]"));
  EXPECT_EQ(path["points"].size(), 51U);
  // Least squares has one valley, and gradient descent arrives there.
  EXPECT_LT(path["losses"].back().get<double>(), 0.5 * path["losses"].front().get<double>());
  EXPECT_EQ(json["paths"][1]["learning_rate"], 0.3);
}

TEST(SurfaceCommand, DrawsInTheTerminal) {
  const Shell hebb;
  const Outcome outcome =
      hebb("surface --model 'dense(4, act=tanh) dense(2)' --data moons --count 40 --steps 10 --points 9");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  for (const char* part : {"first direction", "o the start", "momentum", "A"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part;
}

TEST(SurfaceCommand, SoftensTheStep) {
  const Shell hebb;
  for (const std::string function : {"sigmoid", "tanh"}) {
    Outcome outcome = hebb("surface --soften " + function + " --out soft.svg");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(hebb.read("soft.svg").find("k = 8"), std::string::npos);
    outcome = hebb("surface --soften " + function + " --steepness 3 --json");
    const Json json = Json::parse(outcome.out);
    ASSERT_EQ(json["curves"].size(), 2U);
    const double slope = json["curves"][0]["slope"][400];
    EXPECT_NEAR(slope, function == "tanh" ? 3 : 0.75, 1e-12);
  }
}

TEST(SurfaceCommand, RefusesInClearWords) {
  const Shell hebb;
  const auto expect = [&](const std::string& arguments, int code, const std::string& words) {
    const Outcome outcome = hebb("surface " + arguments + " --out picture.svg");
    EXPECT_EQ(outcome.code, code) << arguments << outcome.err;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << arguments << ": " << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(hebb.file("picture.svg"))) << arguments;
  };
  expect("", 2, "--model");
  expect("--model 'dense(2)'", 2, "--data");
  expect("--model 'dense(2)' --data moons --weights 'dense_1.weight[0,0]'", 2, "two");
  expect("--model 'dense(2)' --data moons --weights 'dense_1.weight[0,9]' 'dense_1.bias[0]'", 2,
         "dense_1.weight");
  expect("--model 'dense(2)' --data moons --weights 'dense_2.weight[0,0]' 'dense_1.bias[0]'", 2,
         "dense_1.weight");
  expect("--model 'dense(2)' --data moons --reach -1", 2, "reach");
  expect("--model 'dense(2)' --data moons --optimizer lbfgs", 2, "L-BFGS");
  expect("--model 'dense(2)' --data moons --start 1", 2, "--start");
  expect("--model 'dense(2, init=zeros)' --data moons", 2, "two weights");
  expect("--soften relu", 2, "sigmoid");
  expect("--soften tanh --data moons", 2, "--soften");
  expect("--soften tanh --steepness 0", 2, "steepness");
}

}  // namespace
}  // namespace hebb
