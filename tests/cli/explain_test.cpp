#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "helpers.hpp"

namespace hebb {
namespace {

using testing::Outcome;
using testing::Shell;
using Json = nlohmann::ordered_json;

const std::string kTwoLayers =
    "explain --data truth-table --loss sse --lr 1 --step 1 "
    "--model 'dense(4, act=sigmoid, bias=false) dense(1, act=sigmoid, bias=false)' ";

std::size_t width(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(
      line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void expect_narrow(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(width(line), 80U) << line;
}

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

std::vector<double> flat(const Json& json) {
  if (!json.is_array()) return {json.get<double>()};
  std::vector<double> all;
  for (const Json& part : json) {
    const std::vector<double> numbers = flat(part);
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  return all;
}

TEST(ExplainCommand, PrintsTheStepAsOneJsonObject) {
  const Shell hebb;
  const Outcome outcome = hebb(kTwoLayers + "--json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(keys(json), (std::vector<std::string>{"loss_before", "loss_after", "layers"}));
  ASSERT_EQ(json["layers"].size(), 2U);
  for (const Json& layer : json["layers"]) {
    EXPECT_EQ(keys(layer), (std::vector<std::string>{"name", "kind", "formula", "input", "output",
                                                     "parameters", "input_gradient"}));
    ASSERT_EQ(layer["parameters"].size(), 1U);
    const Json& p = layer["parameters"][0];
    EXPECT_EQ(keys(p),
              (std::vector<std::string>{"name", "value", "gradient", "finite_difference", "update"}));
    const std::vector<double> gradient = flat(p["gradient"]);
    const std::vector<double> difference = flat(p["finite_difference"]);
    const std::vector<double> update = flat(p["update"]);
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      EXPECT_NEAR(difference[i], gradient[i], 1e-4 * std::abs(gradient[i]));
      EXPECT_NEAR(update[i], -gradient[i], 1e-15);  // learning rate 1
      EXPECT_NE(gradient[i], 0);
    }
  }
  // The inputs are the table's own numbers, and sse the sum of squares of what comes out.
  EXPECT_EQ(json["layers"][0]["input"].dump(), "[[0.0,0.0,1.0],[0.0,1.0,1.0],[1.0,0.0,1.0],[1.0,1.0,1.0]]");
  double loss = 0;
  const std::vector<double> y = flat(json["layers"][1]["output"]);
  for (std::size_t n = 0; n < 4; ++n) loss += std::pow(y[n] - (n == 1 || n == 2 ? 1 : 0), 2);
  EXPECT_NEAR(json["loss_before"].get<double>(), loss, 1e-14);
  EXPECT_LT(json["loss_after"].get<double>(), loss);
}

TEST(ExplainCommand, WritesTextThatFitsTheScreen) {
  const Shell hebb;
  const std::vector<std::string> commands = {
      kTwoLayers,
      "explain --data iris --model 'dense(8, act=tanh) layer_norm dense(3)' --samples 0 50 100 --all",
      "explain --data iris --model 'dense(3)' --optimizer adam --step 20 --l2 0.1",
      "explain --data strokes --count 20 --differences 3 --model "
      "'conv(2, kernel=5, stride=3, act=relu) maxpool(2) dropout(0.2) flatten dense(10)'",
      "explain --data bags --count 4 --sample 1 --model 'hopfield_pooling(heads=2) dense(1)'"};
  for (const std::string& command : commands) {
    for (const char* locale : {"LC_ALL=C", "LC_ALL=C.UTF-8"}) {
      const Outcome outcome = hebb(command, locale);
      ASSERT_EQ(outcome.code, 0) << command << outcome.err;
      expect_narrow(outcome.out);
      for (const char* part : {"FORWARD", "LOSS", "BACKWARD", "UPDATE", "before the step"})
        EXPECT_NE(outcome.out.find(part), std::string::npos) << command << ": " << part;
      const bool ascii = std::all_of(outcome.out.begin(), outcome.out.end(), [](char c) { return c > 0; });
      EXPECT_TRUE(ascii || std::string(locale) != "LC_ALL=C") << command;
    }
  }
}

TEST(ExplainCommand, ShortensLongTensorsAndSaysHowToSeeAll) {
  const Shell hebb;
  const std::string command = "explain --data iris --model 'dense(30, act=tanh) dense(3)' ";
  const Outcome some = hebb(command);
  EXPECT_NE(some.out.find("... 108 more of dW"), std::string::npos);
  EXPECT_NE(some.out.find("--all"), std::string::npos);
  const Outcome all = hebb(command + "--all");
  EXPECT_EQ(all.out.find(" more"), std::string::npos);
  EXPECT_NE(all.out.find("dW[3, 29]"), std::string::npos);
}

TEST(ExplainCommand, ShowsTheWindowAndSaysWhy) {
  const Shell hebb;
  const Outcome outcome = hebb(
      "explain --data strokes --count 20 --differences 3 --model 'conv(2, kernel=3, stride=3) flatten "
      "dense(10)'");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  // Three rows of the pixels, and beside them of the filter, below the line that tells their sum.
  const std::size_t window = outcome.out.find("the products of these pixels and filter sum to");
  ASSERT_NE(window, std::string::npos);
  EXPECT_NE(outcome.out.find("the window that y["), std::string::npos);
  std::istringstream lines(outcome.out.substr(outcome.out.find('\n', window) + 1));
  for (int row = 0; row < 3; ++row) {
    int numbers = 0;
    std::string line;
    std::getline(lines, line);
    std::istringstream words(line);
    for (double number = 0; words >> number;) ++numbers;
    EXPECT_EQ(numbers, 6) << line;
  }
  EXPECT_NE(outcome.out.find("q - t"), std::string::npos);
}

TEST(ExplainCommand, ExplainsASavedModelOnItsOwnData) {
  const Shell hebb;
  ASSERT_EQ(hebb("train --data iris --model 'dense(4, act=tanh) dense(3)' --epochs 3 --out run -q").code, 0);
  const Outcome outcome = hebb("explain run --sample 7 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  // Scaled as in training: sample 7 of iris is 5.0, 3.4, 1.5, 0.2.
  const std::vector<double> x = flat(Json::parse(outcome.out)["layers"][0]["input"]);
  ASSERT_EQ(x.size(), 4U);
  EXPECT_NEAR(x[0], (5.0 - 5.843333) / 0.825301, 1e-3);
  EXPECT_EQ(hebb("explain run/best.safetensors --data moons").code, 3);
  EXPECT_EQ(hebb("explain run --scale unit").code, 2);
}

TEST(ExplainCommand, TakesTheDataThatARunTook) {
  const Shell hebb;
  ASSERT_EQ(
      hebb("train --data moons --count 30 --model 'dense(4, act=tanh) dense(2)' --epochs 2 --out run -q")
          .code,
      0);
  EXPECT_EQ(hebb("explain run --sample 29 --json").code, 0);
  EXPECT_EQ(hebb("explain run --sample 30 --json").code, 3);
  EXPECT_EQ(hebb("explain run --sample 30 --count 31 --json").code, 0);
}

TEST(ExplainCommand, WritesAPageThatNeedsNothingElse) {
  const Shell hebb;
  const Outcome outcome = hebb(kTwoLayers + "--html step.html");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  const std::string page = hebb.read("step.html");
  EXPECT_LT(page.size(), 300000U);
  for (const char* part : {"<!doctype html>", "<svg", "<details", "--m:", "z = x W", "</html>"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  for (const char* outside : {"src=", "@import", "url(", "<script", "<link"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  // What opens closes.
  for (const std::string tag : {"details", "table", "figure", "div", "svg", "a", "tr"}) {
    const auto count = [&](const std::string& what) {
      std::size_t n = 0;
      for (std::size_t at = 0; (at = page.find(what, at)) != std::string::npos; ++at) ++n;
      return n;
    };
    EXPECT_EQ(count("<" + tag + ">") + count("<" + tag + " "), count("</" + tag + ">")) << tag;
  }
}

TEST(ExplainCommand, RefusesInClearWords) {
  const Shell hebb;
  const auto expect = [&](const std::string& arguments, int code, const std::string& words) {
    const Outcome outcome = hebb("explain " + arguments);
    EXPECT_EQ(outcome.code, code) << arguments << outcome.err;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << arguments << ": " << outcome.err;
    EXPECT_EQ(outcome.out, "");
  };
  expect("", 2, "--model");
  expect("--model 'dense(1)'", 2, "--data");
  expect("--data truth-table --model 'dense(1)' --step 0", 2, "step");
  expect("--data truth-table --model 'dense(1)' --sample 4", 3, "samples 0 to 3");
  expect("--data truth-table --model 'dense(2)'", 2, "outputs");
  expect("--data truth-table --model 'dense(1)' --optimizer lbfgs", 2, "L-BFGS");
  expect("--data truth-table --model 'dense(1)' --optimizer adan", 2, "adam");
  expect("--data truth-table --model 'dense(1)' --lr -1", 2, "learning_rate");
  expect("--data truth-table --model 'dense(1)' --l2 -1", 2, "penalty");
  expect("--data truth-table --model 'dense(1)' --batch-size 0", 2, "--batch-size");
  expect("--data truth-table --model 'dense(4) dense(1)' --lr 1e30 --step 50", 4, "loss of step");
  expect("missing.safetensors --data iris", 3, "missing.safetensors");
  expect("--data truth-table --model 'dens(1)'", 2, "dense");
  expect("--data blobs --model adaline", 2, "--model 'dense(1)' --loss mse");
  expect("--data blobs --model 'margin(margin=2)'", 2, "--model 'dense(1)' --loss hinge");
  expect("--data blobs --model 'madaline(hidden=3)'", 2,
         "--model 'dense(3, act=tanh) dense(1)' --loss hinge");
  expect("--data blobs --model 'perceptron(hidden=3)'", 2, "hidden");
}

}  // namespace
}  // namespace hebb
