/// `hebb train` with --find-lr, --folds and --sweep.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "helpers.hpp"

namespace hebb {
namespace {

using testing::only_object;
using testing::Outcome;
using testing::Shell;
using Json = nlohmann::json;

constexpr const char* kIris = "train --data iris --model 'dense(8, act=tanh) dense(3)' ";

TEST(Trials, FindALearningRate) {
  const Shell hebb;
  const std::string find = std::string(kIris) + "--find-lr --svg curve.svg ";
  const Json json = only_object(hebb(find + "--json"));
  ASSERT_EQ(json["rates"].size(), json["losses"].size());
  const double suggested = json["suggested"];
  EXPECT_GT(suggested, 1e-4);
  EXPECT_LT(suggested, 1);
  const std::string svg = hebb.read("curve.svg");
  EXPECT_TRUE(svg.starts_with("<svg ")) << svg;
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  for (const char* locale : {"LC_ALL=C.UTF-8", "LC_ALL=C"}) {
    const Outcome text = hebb(std::string(kIris) + "--find-lr", std::string("env COLUMNS=60 ") + locale);
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_NE(text.out.find("suggested"), std::string::npos) << text.out;
    EXPECT_NE(text.out.find("1e-07"), std::string::npos) << text.out;
  }
  EXPECT_EQ(hebb(std::string(kIris) + "--find-lr --svg /proc/none/curve.svg").code, 3);
  hebb.write("huge.csv", "a,b\n3e38,1.5\n-3e38,2.5\n1e38,7\n");
  const Outcome huge = hebb("train --data huge.csv --model 'dense(1)' --scale none --find-lr --json");
  EXPECT_EQ(huge.code, 4) << huge.out << huge.err;
  EXPECT_EQ(huge.out, "");
}

TEST(Trials, CrossValidate) {
  const Shell hebb;
  const Json json = only_object(hebb(std::string(kIris) + "--folds 5 --lr 0.02 --out cv --json"));
  ASSERT_EQ(json["folds"].size(), 5U);
  double sum = 0;
  for (const Json& fold : json["folds"]) {
    EXPECT_EQ(fold["samples"], 30);
    sum += fold["loss"].get<double>();
  }
  EXPECT_NEAR(json["loss"]["mean"].get<double>(), sum / 5, 1e-12);
  EXPECT_GT(json["accuracy"]["mean"], 0.8);
  EXPECT_EQ(hebb("inspect cv/fold-5").code, 0);
  const Outcome text = hebb(std::string(kIris) + "--folds 3 --epochs 2");
  EXPECT_EQ(text.code, 0) << text.err;
  for (const char* word : {"fold", "accuracy", "mean", "deviation"})
    EXPECT_NE(text.out.find(word), std::string::npos) << text.out;
  EXPECT_NE(text.err.find("fold 3/3  loss"), std::string::npos) << text.err;
}

TEST(Trials, Sweep) {
  const Shell hebb;
  const std::string sweep = std::string(kIris) + "--validation 0.2 --epochs 3 ";
  const Json json = only_object(hebb(
      sweep + "--sweep lr=1e-4..1e-2:log:3 --sweep 'optimizer=momentum(momentum=0.8),adam' --out s --json"));
  ASSERT_EQ(json["runs"].size(), 6U);
  double last = 0;
  std::vector<double> rates;
  for (const Json& run : json["runs"]) {
    EXPECT_GE(run["validation_loss"].get<double>(), last);
    last = run["validation_loss"];
    rates.push_back(run["values"]["learning_rate"]);
    EXPECT_TRUE(std::filesystem::exists(hebb.file(run["folder"].get<std::string>() + "/best.safetensors")));
  }
  std::sort(rates.begin(), rates.end());
  EXPECT_EQ(rates, (std::vector<double>{1e-4, 1e-4, 1e-3, 1e-3, 1e-2, 1e-2}));
  const Outcome text = hebb(sweep + "--sweep batch-size=16,full");
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.out.find("batch_size"), std::string::npos) << text.out;
  EXPECT_NE(text.err.find("run 2/2  batch_size=full"), std::string::npos) << text.err;
  const Outcome linear = hebb(sweep + "--sweep l2=0..1:3");
  EXPECT_NE(linear.err.find("l2=0.5"), std::string::npos) << linear.err;
}

TEST(Trials, AreInterrupted) {
  const Shell hebb;
  const std::string forever = std::string(kIris) + "--batch-size 1 --epochs 1000000 ";
  for (const std::string& trial :
       {forever + "--folds 3", forever + "--validation 0.2 --sweep seed=1,2",
        std::string("train --data strokes --count 3000 --model 'dense(2000, act=relu) dense(10)' "
                    "--batch-size full --find-lr")}) {
    const Outcome outcome = hebb(trial + " --json", "timeout --foreground --preserve-status -s INT 3");
    EXPECT_EQ(outcome.code, 130) << trial << outcome.err;
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(Json::parse(outcome.out)["interrupted"], true) << outcome.out;
  }
}

TEST(Trials, AreRefusedWithAHint) {
  const Shell hebb;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"--folds 1", "2 to 150"},
      {"--folds many", "whole number"},
      {"--folds 3 --find-lr", "exclude each other"},
      {"--folds 3 --sweep seed=1", "exclude each other"},
      {"--svg a.svg", "--find-lr"},
      {"--find-lr --out run", "--svg"},
      {"--find-lr --optimizer lbfgs", "no rate to find"},
      {"--sweep seed=1", "validation"},
      {"--validation 0.2 --sweep seed", "KEY=VALUES"},
      {"--validation 0.2 --sweep sed=1", "did you mean 'seed'"},
      {"--validation 0.2 --sweep lr=1..2", "a range such as"},
      {"--validation 0.2 --sweep lr=1..2:1", "2 to 1000 values"},
      {"--validation 0.2 --sweep lr=0..1:log:3", "positive"},
      {"--validation 0.2 --sweep lr=1..x:3", "a range such as"},
      {"--validation 0.2 --sweep lr=1,,2", "no empty value"},
      {"--validation 0.2 --sweep lr=", "no empty value"},
      {"--validation 0.2 --sweep lr=-1,1", "learning_rate"},
  };
  for (const auto& [arguments, expected] : cases) {
    const Outcome outcome = hebb(kIris + arguments);
    EXPECT_EQ(outcome.code, 2) << arguments << "\n" << outcome.err;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << arguments << "\n" << outcome.err;
  }
}

}  // namespace
}  // namespace hebb
