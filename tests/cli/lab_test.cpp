#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "helpers.hpp"

namespace hebb {
namespace {

using testing::only_object;
using testing::Outcome;
using testing::Shell;
using Json = nlohmann::json;

/// Of each experiment a run that takes no time, and what is to be seen in its text and in its picture.
struct Experiment {
  std::string arguments;
  std::vector<std::string> words;
  std::size_t figures;
};

const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> all = {
      {"overfitting --epochs 30", {"training loss", "validation loss", "best", "degree 15", "epoch 30"}, 2},
      {"capacity --sets 20", {"bias squared", "variance", "test error", "best", "degree 9"}, 3},
      {"softening --starts 5 --epochs 20", {"output", "slope", "% wrong before", "best", "the step"}, 4},
      {"cures --epochs 10 --runs 2",
       {"early stopping", "dropout", "L2", "input noise", "more data", "best"},
       2},
      {"regularization --lambdas 9",
       {"weights under L1", "that matter", "zeros", "best lambda", "With L2"},
       3},
      {"learning-rate --rates 9 --steps 400", {"rate 0.001", "diverges", "best", "only crawls"}, 2},
      {"descent --optimizer adam 'gd(learning_rate=5)'",
       {"diverged", "(rate 5) diverges.", "not reached"},
       2},
      {"descent --steps 40", {"steps to 0.001", "momentum", "o the start", "The straight line"}, 2},
  };
  return all;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// Characters of UTF-8: bytes but for those that go on with one.
std::int64_t columns(const std::string& line) {
  return std::count_if(line.begin(), line.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

TEST(Lab, DrawsInTheTerminalAndAsSvg) {
  const Shell hebb;
  for (const Experiment& experiment : experiments()) {
    const Outcome outcome = hebb("lab " + experiment.arguments + " --svg lab.svg");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    for (const std::string& word : experiment.words)
      EXPECT_NE(outcome.out.find(word), std::string::npos) << experiment.arguments << ": " << word;
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), 80) << line;
    // Without pictures of pixels, whose letters mean nothing.
    const std::string svg = std::regex_replace(hebb.read("lab.svg"), std::regex("base64,[^\"]*"), "");
    EXPECT_EQ(svg.find("<svg"), 0U);
    EXPECT_EQ(count(svg, "<svg"), experiment.figures + 1);
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
    EXPECT_EQ(svg.find("1e-0<"), std::string::npos);
  }
}

TEST(Lab, LabelsOfCurvesDoNotRunIntoEachOther) {
  const Shell hebb;
  ASSERT_EQ(hebb("lab cures --epochs 2 --runs 1 --svg lab.svg").code, 0);
  const std::string svg = hebb.read("lab.svg");
  const std::regex label("<text x=\"([0-9.]+)\" y=\"451.0\" text-anchor=\"start\">([^<]+)<");
  double end = 0;
  std::size_t labels = 0;
  for (auto at = std::sregex_iterator(svg.begin(), svg.end(), label); at != std::sregex_iterator(); ++at) {
    const double x = std::stod((*at)[1]);
    if (labels++ % 6 == 0) end = 0;  // the next chart
    EXPECT_GT(x - 36, end) << (*at)[2];
    end = x + 6 * static_cast<double>((*at)[2].length());
    EXPECT_LT(end, 720);
  }
  EXPECT_EQ(labels, 12U);
}

TEST(Lab, GivesTheSameAsJson) {
  const Shell hebb;
  for (const Experiment& experiment : experiments()) {
    const Outcome text = hebb("lab " + experiment.arguments);
    const Outcome outcome = hebb("lab " + experiment.arguments + " --json");
    const Json json = only_object(outcome);
    EXPECT_EQ(experiment.arguments.find(json["experiment"].get<std::string>()), 0U);
    EXPECT_TRUE(json["options"].is_object());
    ASSERT_EQ(json["conclusion"].size(), 2U);
    // The sentences of the text, which is broken into lines.
    std::string words = text.out;
    std::replace(words.begin(), words.end(), '\n', ' ');
    for (const std::string sentence : json["conclusion"])
      EXPECT_NE(words.find(sentence), std::string::npos) << sentence;
    EXPECT_EQ(hebb("lab " + experiment.arguments + " --json --threads 1").out, outcome.out);
    EXPECT_NE(hebb("lab " + experiment.arguments + " --json --seed 5").out, outcome.out);
  }
}

TEST(Lab, OverfittingAsJson) {
  const Shell hebb;
  const Json json =
      only_object(hebb("lab overfitting --degrees 4 --epochs 6 --samples 50 --noise 0.5 --json"));
  EXPECT_EQ(json["noise_loss"], 0.25);
  EXPECT_EQ(json["degrees"].size(), 4U);
  ASSERT_EQ(json["epochs"].size(), 6U);
  const auto best = json["best_epoch"].get<std::size_t>();
  for (const Json& epoch : json["epochs"])
    EXPECT_LE(json["epochs"][best - 1]["validation_loss"], epoch["validation_loss"]);
}

TEST(Lab, CapacityAsJson) {
  const Shell hebb;
  const Json json = only_object(hebb("lab capacity --degrees 4 --sets 10 --noise 0.5 --json"));
  EXPECT_EQ(json["options"]["sets"], 10);
  ASSERT_EQ(json["degrees"].size(), 4U);
  const auto best = json["best_degree"].get<std::size_t>();
  for (const Json& degree : json["degrees"]) {
    EXPECT_NEAR(degree["bias_squared"].get<double>() + degree["variance"].get<double>() + 0.25,
                degree["expected_loss"].get<double>(), 1e-12);
    EXPECT_LE(json["degrees"][best - 1]["expected_loss"], degree["expected_loss"]);
  }
}

TEST(Lab, SofteningAsJson) {
  const Shell hebb;
  const Json json = only_object(hebb("lab softening --steepness 4 1 --epochs 6 --function tanh --json"));
  ASSERT_EQ(json["results"].size(), 3U);
  EXPECT_EQ(json["results"][0]["steepness"], 1);
  EXPECT_EQ(json["results"][1]["steepness"], 4);
  EXPECT_TRUE(json["results"][2]["steepness"].is_null());  // JSON has no infinity
  EXPECT_EQ(json["results"][0]["losses"].size(), 7U);
  EXPECT_EQ(json["results"][0]["output"].size(), json["z"].size());
}

TEST(Lab, CuresAsJson) {
  const Shell hebb;
  const Json json = only_object(hebb("lab cures --runs 1 --epochs 8 --patience 2 --json"));
  ASSERT_EQ(json["results"].size(), 6U);
  EXPECT_EQ(json["results"][0]["cure"], "none");
  double lowest = 1e9;
  for (const Json& cure : json["results"]) {
    EXPECT_EQ(cure["test_loss"].size(), 8U);
    lowest = std::min(lowest, cure["test_loss"].back().get<double>());
  }
  for (const Json& cure : json["results"]) {
    if (cure["cure"] == json["best"]) {
      EXPECT_EQ(cure["test_loss"].back().get<double>(), lowest);
    }
  }
}

TEST(Lab, RegularizationAsJson) {
  const Shell hebb;
  const Json json = only_object(
      hebb("lab regularization --inputs 6 --relevant 2 --least 0.01 --most 100 --lambdas 5 --json"));
  EXPECT_EQ(json["truth"], Json({2, -1, 0, 0, 0, 0}));
  ASSERT_EQ(json["l1"]["results"].size(), 5U);
  EXPECT_EQ(json["l2"]["results"][4]["lambda"], 100);
  EXPECT_EQ(json["l1"]["results"][4]["weights"], Json({0, 0, 0, 0, 0, 0}));
  for (const Json& w : json["l2"]["results"][4]["weights"]) EXPECT_NE(w, 0);
  EXPECT_LT(json["unpenalized"]["train_loss"], json["l1"]["results"][4]["train_loss"]);
}

TEST(Lab, LearningRateAsJson) {
  const Shell hebb;
  const Json json =
      only_object(hebb("lab learning-rate --least 0.1 --most 1000 --rates 5 --steps 100 --json"));
  ASSERT_EQ(json["rates"].size(), 5U);
  EXPECT_EQ(json["rates"][0]["losses"].size(), 101U);
  EXPECT_EQ(json["rates"][0]["final_loss"], json["rates"][0]["losses"][100]);
  EXPECT_EQ(json["rates"][4]["diverged"], true);
  EXPECT_TRUE(json["rates"][4]["final_loss"].is_null());
}

TEST(Lab, DescentAsJson) {
  const Shell hebb;
  const Json json = only_object(
      hebb("lab descent --optimizer 'gd(learning_rate=0.001)' 'adam(learning_rate=0.5)' --steps 150 --json"));
  ASSERT_EQ(json["surface"]["paths"].size(), 2U);
  EXPECT_TRUE(json["reached"][0].is_null());
  const auto steps = json["reached"][1].get<std::size_t>();
  const Json& losses = json["surface"]["paths"][1]["losses"];
  EXPECT_LE(losses[steps], json["goal"]);
  EXPECT_GT(losses[steps - 1], json["goal"]);
}

TEST(Lab, RefusesInClearWords) {
  const Shell hebb;
  const auto expect = [&](const std::string& arguments, const std::string& words) {
    const Outcome outcome = hebb("lab " + arguments + " --svg picture.svg");
    EXPECT_EQ(outcome.code, 2) << arguments << outcome.err;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << arguments << ": " << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(hebb.file("picture.svg"))) << arguments;
  };
  EXPECT_EQ(hebb("lab").code, 2);
  expect("overfiting", "did you mean 'overfitting'");
  expect("overfitting --samples 10", "up to degree 9, got 15");
  expect("overfitting --noise -1", "noise");
  expect("overfitting --model 'dense(2)'", "output");
  expect("capacity --sets 1", "sets: expected 2 to 1000, got 1");
  expect("capacity --samples 9", "up to degree 8, got 9");
  expect("softening --function relu", "expected sigmoid or tanh, got 'relu'");
  expect("softening --steepness 0", "expected a positive steepness, got 0");
  expect("cures --dropout 1", "dropout");
  expect("cures --held-back 2", "share held back: expected 0.01 to 0.99, got 2");
  expect("regularization --relevant 21", "relevant inputs: expected 1 to 20, got 21");
  expect("regularization --least 2 --most 1", "lambda: expected a rising range within");
  expect("regularization --samples 20", "need 21 samples or more, got 20");
  expect("learning-rate --model 'dense(2)'", "model: expected one output");
  expect("learning-rate --optimizer adm", "did you mean 'adam'");
  expect("learning-rate --rates 1", "number of rates: expected 2");
  expect("descent --optimizer nobody", "nobody");
  expect("descent --condition 0", "condition: expected 1");
}

}  // namespace
}  // namespace hebb
