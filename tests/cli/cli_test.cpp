#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "helpers.hpp"

namespace hebb {
namespace {

using testing::only_object;
using testing::Outcome;
using testing::Shell;
using Json = nlohmann::json;

constexpr const char* kTrainIris =
    "train --data iris --model 'dense(8, act=tanh) dense(3)' --epochs 30 --lr 0.02 -q";

bool has_mnist() {
  const char* folder = std::getenv("HEBB_DATA");
  if (folder == nullptr) return false;
  const std::filesystem::path mnist = std::filesystem::path(folder) / "mnist";
  std::error_code ignored;
  return std::filesystem::is_directory(mnist, ignored);
}

#define HEBB_NEEDS_MNIST() \
  if (!has_mnist()) GTEST_SKIP() << "SKIPPED: MNIST is not under $HEBB_DATA/mnist"

TEST(Cli, HelpOfEveryCommandFitsTheScreen) {
  const Shell hebb;
  for (const std::string command : {"",
                                    "demo",
                                    "train",
                                    "recipes",
                                    "eval",
                                    "predict",
                                    "report",
                                    "inspect",
                                    "datasets",
                                    "fetch",
                                    "explain",
                                    "boundary",
                                    "surface",
                                    "lab",
                                    "lab overfitting",
                                    "lab regularization",
                                    "lab learning-rate",
                                    "lab descent",
                                    "lab capacity",
                                    "lab softening",
                                    "lab cures",
                                    "gradcheck",
                                    "bench",
                                    "version",
                                    "completion"}) {
    const Outcome help = hebb(command + " --help");
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_GT(help.out.size(), 100U) << command;
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << command << ": " << line;
  }
}

TEST(Cli, TrainsTheTwoLayerNetworkExactlyAsWritten) {
  const Shell hebb;
  const Outcome outcome = hebb(
      "train --data truth-table --model 'dense(4, act=sigmoid, bias=false) dense(1, act=sigmoid, "
      "bias=false)' --loss sse "
      "--optimizer gd --lr 1 --batch-size full --epochs 1500 --scale none --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const Json json = only_object(outcome);
  EXPECT_EQ(json["loss_history"].size(), 1500U);
  EXPECT_LT(json["train_loss"].get<double>(), 0.01);
  EXPECT_EQ(json["parameters"], 16);
  EXPECT_EQ(json["seed"], 0);
}

TEST(Cli, EvaluatesAModelOfNamedColumnsOnTheDataSetItCameFrom) {
  const Shell hebb;
  ASSERT_EQ(hebb("train --data iris --model 'dense(3)' --epochs 1 --out run -q").code, 0);
  const Outcome outcome = hebb("eval run/best.safetensors --data iris --json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST(Cli, TrainsResumesEvaluatesAndPredictsOnMnist) {
  HEBB_NEEDS_MNIST();
  const Shell hebb;
  Outcome outcome = hebb(
      "train --data mnist --model 'dense(128, act=relu) dense(10)' --optimizer adam --lr 1e-3 --batch-size "
      "128 --epochs 1 "
      "--seed 1 --threads 2 --out runs/mlp");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  outcome = hebb("train --resume runs/mlp --epochs 2 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json trained = only_object(outcome);
  EXPECT_EQ(trained["epochs"], 2);
  EXPECT_GT(trained["test_accuracy"].get<double>(), 0.95);
  outcome = hebb("eval runs/mlp/best.safetensors --data mnist --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(only_object(outcome)["accuracy"], trained["test_accuracy"]);
  std::string row = "0";
  for (int i = 1; i < 784; ++i) row += ",0";
  hebb.write("digits.csv", row + "\n" + row + "\n");
  outcome = hebb("predict runs/mlp/best.safetensors --input digits.csv --proba");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("prediction,p_0,p_1,")) << outcome.out;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 3);
}

TEST(Cli, PredictsFromAPipeIntoAFile) {
  const Shell hebb;
  ASSERT_EQ(hebb(std::string(kTrainIris) + " --out run").code, 0);
  hebb.write("rows.csv",
             "petal_width,petal_length,sepal_width,sepal_length\n0.2,1.4,3.5,5.1\n2.5,6.0,3.3,6.3\n");
  const Outcome inspected = hebb("inspect run --json");
  ASSERT_EQ(inspected.code, 0) << inspected.err;
  EXPECT_EQ(only_object(inspected)["layers"].size(), 2U);
  hebb.write("plain.csv", "5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n");
  const Outcome outcome = hebb("predict run/best.safetensors < plain.csv > answers.csv");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string answers = hebb.read("answers.csv");
  EXPECT_EQ(std::count(answers.begin(), answers.end(), '\n'), 3) << answers;
  EXPECT_NE(answers.find("setosa"), std::string::npos) << answers;
  const Outcome top = hebb("predict run/best.safetensors --input plain.csv --top 2 --json");
  ASSERT_EQ(top.code, 0) << top.err;
  EXPECT_EQ(only_object(top)["predictions"][0]["top_1"], only_object(top)["predictions"][0]["prediction"]);
  EXPECT_EQ(hebb("predict run/best.safetensors --input plain.csv | head -n 1").code, 0);
}

TEST(Cli, TakesAFileOverriddenByOptions) {
  const Shell hebb;
  hebb.write("config.toml",
             "data = \"moons\"\nmodel = \"dense(4, act=tanh) dense(2)\"\nepochs = 3\nseed = 4\n");
  const Json json = only_object(hebb("train config.toml --epochs 5 --json"));
  EXPECT_EQ(json["epochs"], 5);
  EXPECT_EQ(json["seed"], 4);
}

TEST(Cli, TrainsByModelNameAndByRecipe) {
  const Shell hebb;
  EXPECT_NE(hebb("recipes").out.find("fast-mnist"), std::string::npos);
  const Outcome recipe = hebb("recipes fast-mnist > mine.toml");
  EXPECT_EQ(recipe.code, 0) << recipe.err;
  const std::string small = " --data strokes --count 200 --test-count 40 --epochs 1 --json";
  EXPECT_EQ(only_object(hebb("train accurate-mnist" + small))["epochs"], 1);
  const Json by_name = only_object(hebb("train fast-mnist --seed 3" + small));
  const Json by_file = only_object(hebb("train mine.toml --seed 3" + small));
  EXPECT_EQ(by_name["loss_history"], by_file["loss_history"]);
  EXPECT_EQ(by_name["seed"], 3);
  const Outcome named = hebb("train --model lenet5 --out run" + small);
  ASSERT_EQ(named.code, 0) << named.err;
  EXPECT_TRUE(only_object(named)["model"].get<std::string>().starts_with("conv(6, ")) << named.out;
  const Outcome on = hebb("train --resume run --epochs 2 --json");
  EXPECT_EQ(on.code, 0) << on.err;
  EXPECT_NE(hebb("train --layers").out.find("lenet5: "), std::string::npos);
  hebb.write("plain", "data = \"moons\"\nmodel = \"dense(2)\"\nepochs = 1\n");
  EXPECT_EQ(hebb("train plain -q").code, 0);
}

TEST(Cli, WeighsClassesByOptionAndByFile) {
  const Shell hebb;
  hebb.write("config.toml",
             "data = \"blobs\"\nmodel = \"dense(3)\"\nepochs = 2\n"
             "loss = \"cross_entropy(class_weights=1 20 1)\"\n");
  const Json by_file = only_object(hebb("train config.toml --json --out run"));
  EXPECT_EQ(by_file["loss"], "cross_entropy(class_weights=1 20 1)");
  EXPECT_EQ(only_object(hebb("eval run/best.safetensors --data blobs --json"))["loss"],
            by_file["train_loss"]);
  EXPECT_EQ(hebb("train --resume run --epochs 3 -q").code, 0);
  const std::string train = "train --data blobs --model 'dense(3)' --epochs 2 --json ";
  const Json by_option = only_object(hebb(train + "--loss 'cross_entropy(class_weights=1 20 1)'"));
  EXPECT_EQ(by_option["loss_history"], by_file["loss_history"]);
  EXPECT_NE(only_object(hebb(train))["loss_history"], by_file["loss_history"]);
}

/// A model of a run is evaluated on the run's data, as the run loaded them; options have the last word.
TEST(Cli, EvaluatesARunOnItsOwnData) {
  const Shell hebb;
  const std::string data = " --data moons --noise 0.4 --count 60 --test-count 40 --data-seed 7";
  ASSERT_EQ(hebb("train --model 'dense(2)' --epochs 3 --out run -q" + data).code, 0);
  std::filesystem::copy(hebb.file("run/best.safetensors"), hebb.file("alone.safetensors"));
  const auto json = [&](const std::string& arguments) {
    return only_object(hebb("eval --json " + arguments));
  };
  const Json own = json("run/best.safetensors");
  EXPECT_EQ(own["samples"], 40);
  EXPECT_EQ(own, json("alone.safetensors" + data));
  EXPECT_EQ(own, json("run/best.safetensors --data moons"));
  EXPECT_NE(own["loss"], json("alone.safetensors")["loss"]);
  EXPECT_EQ(json("run/best.safetensors --noise 0 --split train")["samples"], 60);
}

TEST(Cli, RegressesOnATable) {
  const Shell hebb;
  std::string rows = "size,city,price\n";
  for (int i = 0; i < 40; ++i)
    rows +=
        std::to_string(i) + "," + (i % 2 == 0 ? "Bonn" : "Ulm") + "," + std::to_string(2.5 * i + 1) + "\n";
  hebb.write("data.csv", rows);
  const Outcome outcome =
      hebb("train --data data.csv --target price --model 'dense(1)' --epochs 1000 --lr 0.1 --json --out run");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_GT(only_object(outcome)["train_r2"].get<double>(), 0.95);
  hebb.write("new.csv", "city,size\nBonn,10\n");
  const Outcome answer = hebb("predict run/best.safetensors --input new.csv");
  ASSERT_EQ(answer.code, 0) << answer.err;
  EXPECT_TRUE(answer.out.starts_with("price\n")) << answer.out;
}

TEST(Cli, RefusesBadInputWithItsCodeAndAHint) {
  const Shell hebb;
  hebb.write("ragged.csv", "a,b\n1,2\n3\n");
  hebb.write("text.csv", "a,b\n1,2\n2,3\n3,4\nx,5\n4,6\n");
  hebb.write("nan.csv", "a,b\n1,2\nnan,3\n");
  hebb.write("missing.csv", "a,b\n1,2\n,3\n");
  hebb.write("empty.csv", "");
  hebb.write("counts.csv", "a,b\n1,1\n2,2\n3,3\n4,1\n5,2\n");
  hebb.write("model.safetensors", std::string("\0\0\0\0\0\0\0\x80", 8));
  hebb.write("bad.toml", "epochs = \n");
  const std::string train = "train --data moons --model 'dense(2)' ";
  struct Case {
    std::string arguments;
    int code;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"", 2, "--help"},
      {"trian", 2, "did you mean 'train'"},
      {"train --dta moons", 2, "did you mean '--data'"},
      {"train --quite --data moons", 2, "did you mean '--quiet'"},
      {"predict --tpo 3 model.safetensors", 2, "did you mean '--top'"},
      {"eval --jsn model.safetensors", 2, "did you mean '--json'"},
      {"train", 2, "--data"},
      {"train --data mooons --model 'dense(2)'", 2, "did you mean 'moons'"},
      {"train --data moons", 2, "model"},
      {"train --data moons --model ''", 2, "model"},
      {"train --data moons --model 'dens(2)'", 2, "did you mean 'dense'"},
      {"train --data moons --model 'dense(2, atc=relu)'", 2, "did you mean 'act'"},
      {"train --data moons --model 'dense(0)'", 2, "got 0"},
      {"train --data moons --model 'dense(-4)'", 2, "got -4"},
      {"train --data moons --model 'dense(2000000000) dense(2000000000)'", 2, "memory"},
      {"train --data moons --model 'dense(5)'", 2, "dense(2)"},
      {train + "--lr nan", 2, "learning_rate"},
      {train + "--lr -1", 2, "learning_rate"},
      {train + "--epochs -3", 2, "epochs"},
      {train + "--epochs many", 2, "--epochs: expected a whole number, got 'many'"},
      {train + "--epochs 1e3", 2, "--epochs: expected a whole number, got '1e3'"},
      {train + "--epochs 99999999999999999999", 2, "too large"},
      {train + "--seed -1", 2, "--seed: expected a whole number of 0 or more, got '-1'"},
      {train + "--data-seed -1", 2, "--data-seed: expected a whole number of 0 or more"},
      {train + "--count 1.5", 2, "--count: expected a whole number"},
      {train + "--noise 1x", 2, "--noise: expected a number, got '1x'"},
      {train + "--out ''", 2, "--out: expected a path"},
      {train + "--resume ''", 2, "--resume: expected a path"},
      {"predict model.safetensors --input ''", 2, "--input: expected a path"},
      {train + "--batch-size 0", 2, "batch-size"},
      {train + "--optimizer adm", 2, "did you mean 'adam'"},
      {train + "--loss sqe", 2, "did you mean"},
      {train + "--loss 'cross_entropy(class_weights=1 2 3)'", 2, "one weight a class"},
      {train + "--loss 'cross_entropy(class_weights=1 -2)'", 2, "positive class weights"},
      {train + "--threads 0", 0, ""},
      {train + "--threads 100000", 2, "threads"},
      {train + "--validation 1", 2, "validation"},
      {train + "--scale big", 2, "standard"},
      {train + "--freeze 'x.*'", 2, "x.*"},
      {train + "--out /proc/none", 3, "/proc/none"},
      {"train bad.toml", 2, "line 1"},
      {"train fast-mnst", 2, "did you mean 'fast-mnist'"},
      {"recipes fast-mnst", 2, "did you mean 'fast-mnist'"},
      {train + "--ema 1", 2, "ema: expected a decay from 0 to below 1"},
      {train + "--mixup -1", 2, "mixup"},
      {train + "--mixup 0.2 --optimizer lbfgs", 2, "mixup: lbfgs"},
      {"train --data moons --model lenet6", 2, "did you mean 'lenet5'"},
      {"train none.toml", 3, "none.toml"},
      {"train --data ragged.csv --model 'dense(1)'", 3, "line 3"},
      {"train --data text.csv --model 'dense(1)'", 3, "line 5"},
      {"train --data nan.csv --model 'dense(1)'", 3, "line 3"},
      {"train --data missing.csv --model 'dense(1)'", 3, "line 3"},
      {"train --data empty.csv --model 'dense(1)'", 3, "empty.csv"},
      {"train --data counts.csv --model 'dense(1)'", 2, "let the task be regression"},
      {"train --data none.csv --model 'dense(1)'", 3, "none.csv"},
      {"train --resume nowhere", 3, "nowhere"},
      {"eval model.safetensors --data moons", 3, "model.safetensors"},
      {"eval none.safetensors --data moons", 3, "none.safetensors"},
      {"predict model.safetensors --input text.csv", 3, "model.safetensors"},
      {"inspect nothing", 2, "nothing"},
      {"fetch mnst", 2, "did you mean 'mnist'"},
      {"completion tcsh", 2, "shell"},
  };
  for (const auto& [arguments, code, expected] : cases) {
    const Outcome outcome = hebb(arguments + " </dev/null");
    EXPECT_EQ(outcome.code, code) << arguments << "\n" << outcome.err;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << arguments << "\n" << outcome.err;
  }
}

TEST(Cli, RefusesTheWrongNumberOfFeatures) {
  const Shell hebb;
  ASSERT_EQ(hebb(std::string(kTrainIris) + " --out run").code, 0);
  hebb.write("two.csv", "1,2\n");
  const Outcome outcome = hebb("predict run/best.safetensors --input two.csv");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("two.csv"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

TEST(Cli, NamesTheRowOfAnArrayThatHoldsNoNumber) {
  const Shell hebb;
  ASSERT_EQ(hebb(std::string(kTrainIris) + " --out run").code, 0);
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }";
  std::array<float, 8> values = {5, 3, 1, 0, 6, 3, std::numeric_limits<float>::quiet_NaN(), 2};
  std::string npy = std::string("\x93NUMPY\x01\x00", 8) +
                    std::string(1, static_cast<char>(header.size() + 1)) + std::string(1, '\0') + header +
                    "\n";
  npy.append(reinterpret_cast<const char*>(values.data()), sizeof(values));
  hebb.write("rows.npy", npy);
  const Outcome outcome = hebb("predict run/best.safetensors --input rows.npy");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("rows.npy: row 2, value 3: nan"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

TEST(Cli, TellsOfEpochsInLinesThatFitTheScreen) {
  const Shell hebb;
  const Outcome outcome =
      hebb("train --data moons --count 200 --validation 0.1 --model 'dense(2)' --epochs 10");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("best"), std::string::npos) << outcome.err;
  // An epoch that takes long tells its time too: "  99.99 s".
  constexpr std::size_t kTime = 9;
  std::istringstream lines(outcome.err);
  for (std::string line; std::getline(lines, line);) {
    const bool timed = line.find(" s", std::min(line.find('%'), line.size())) != std::string::npos;
    EXPECT_LE(line.size() + (timed ? 0 : kTime), 80U) << line;
  }
}

TEST(Cli, DoesNotOverwriteARun) {
  const Shell hebb;
  ASSERT_EQ(hebb(std::string(kTrainIris) + " --out run").code, 0);
  const std::string before = hebb.read("run/resume.safetensors");
  const Outcome again = hebb(std::string(kTrainIris) + " --out run --seed 9");
  EXPECT_EQ(again.code, 2);
  EXPECT_NE(again.err.find("--overwrite"), std::string::npos) << again.err;
  EXPECT_EQ(hebb.read("run/resume.safetensors"), before);
  EXPECT_EQ(hebb(std::string(kTrainIris) + " --out run --seed 9 --overwrite").code, 0);
  EXPECT_NE(hebb.read("run/resume.safetensors"), before);
}

TEST(Cli, EndsWith4WhenTrainingDiverges) {
  const Shell hebb;
  const Outcome outcome = hebb(
      "train --data line --model 'dense(8) dense(1)' --optimizer sgd --lr 1000 --epochs 50 --out run -q");
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  EXPECT_NE(outcome.err.find("diverged"), std::string::npos);
  EXPECT_EQ(hebb("inspect run/last.safetensors").code, 0);
}

TEST(Cli, IsInterruptedSavesAndGoesOn) {
  const Shell hebb;
  const Outcome outcome = hebb(
      "train --data iris --model 'dense(64, act=relu) dense(3)' --batch-size 1 --epochs 1000000 --out run -q",
      "timeout --foreground -s INT 3");
  // `timeout` itself ends with 124 when it had to send the signal.
  EXPECT_TRUE(outcome.code == 124 || outcome.code == 130) << outcome.code << outcome.err;
  std::istringstream lines(hebb.read("run/metrics.jsonl"));
  std::int64_t epochs = 0;
  for (std::string line; std::getline(lines, line);) ++epochs;
  ASSERT_GT(epochs, 0);
  const Outcome resumed = hebb("train --resume run --json --epochs " + std::to_string(epochs + 1));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(only_object(resumed)["epochs"], epochs + 1);
}

TEST(Cli, AveragesOverShifts) {
  const Shell hebb;
  const std::string data = " --data strokes --count 600 --test-count 100";
  ASSERT_EQ(hebb("train --model 'dense(32, act=relu) dense(10)' --epochs 3 --out run -q" + data).code, 0);
  const Json plain = only_object(hebb("eval run/best.safetensors --json" + data));
  const Json shifted = only_object(hebb("eval run/best.safetensors --tta 1 --json" + data));
  EXPECT_NE(shifted["loss"], plain["loss"]);
  EXPECT_GT(shifted["accuracy"].get<double>(), 0.5);
  std::string row;
  for (int i = 0; i < 784; ++i) row += std::string(i == 0 ? "" : ",") + std::to_string(i * 7 % 256);
  hebb.write("digit.csv", row + "\n");
  const Outcome one = hebb("predict run/best.safetensors --input digit.csv --proba");
  const Outcome nine = hebb("predict run/best.safetensors --input digit.csv --proba --tta 1");
  EXPECT_EQ(nine.code, 0) << nine.err;
  EXPECT_NE(one.out, nine.out);
  EXPECT_EQ(hebb("eval run/best.safetensors --tta 9" + data).code, 2);
  ASSERT_EQ(hebb(std::string(kTrainIris) + " --out iris").code, 0);
  EXPECT_EQ(hebb("eval iris/best.safetensors --data iris --tta 1").code, 2);
}

TEST(Cli, SaysWhatItIs) {
  const Shell hebb;
  EXPECT_TRUE(hebb("version").out.starts_with("hebb "));
  EXPECT_TRUE(hebb("--version").out.starts_with("hebb "));
  for (const char* question : {"version", "--version", "--help", "datasets"})
    EXPECT_EQ(hebb(std::string(question) + " >/dev/full").code, 3) << question;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Outcome script = hebb(std::string("completion ") + shell);
    EXPECT_EQ(script.code, 0);
    EXPECT_NE(script.out.find("gradcheck"), std::string::npos);
  }
  EXPECT_EQ(hebb("completion bash | bash -n").code, 0);
  // What bash would offer behind some words.
  const auto offered = [&](const std::string& words, int at) {
    hebb("completion bash > complete.bash");
    hebb.write("ask.bash", "source ./complete.bash; COMP_WORDS=(" + words + "); COMP_CWORD=" +
                               std::to_string(at) + "; _hebb; echo \" ${COMPREPLY[*]} \"\n");
    return hebb("version > /dev/null; bash ask.bash").out;
  };
  EXPECT_NE(offered("hebb ''", 1).find(" train "), std::string::npos);
  EXPECT_EQ(offered("hebb tra", 1), " train \n");
  EXPECT_EQ(offered("hebb train --lear", 2), " --learning-rate \n");
  EXPECT_EQ(offered("hebb memory cen", 2), " census \n");
  EXPECT_EQ(offered("hebb memory census --exh", 3), " --exhaustive \n");
  EXPECT_TRUE(only_object(hebb("datasets --json")).contains("datasets"));
  EXPECT_NE(hebb("datasets").out.find("truth-table"), std::string::npos);
  EXPECT_NE(hebb("train --layers").out.find("dense(units"), std::string::npos);
}

TEST(Cli, ChecksGradients) {
  const Shell hebb;
  const Outcome ops = hebb("gradcheck --cases 3");
  EXPECT_EQ(ops.code, 0) << ops.out;
  const Outcome model = hebb(
      "gradcheck --model 'dense(6, act=gelu) layer_norm residual(dense(6, act=tanh)) dense(2)' --input 5 "
      "--json");
  EXPECT_EQ(model.code, 0) << model.out;
  EXPECT_EQ(only_object(model)["failed"], 0);
}

TEST(Cli, DemonstratesWithoutAnyFile) {
  const Shell hebb;
  for (const char* locale : {"LC_ALL=C.UTF-8", "LC_ALL=C"}) {
    const Outcome outcome = hebb("demo", std::string("env ") + locale + " COLUMNS=50");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("digits it had never seen"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("200 of 200 damaged digits"), std::string::npos) << outcome.out;
    const bool ascii = std::all_of(outcome.out.begin(), outcome.out.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 128; });
    EXPECT_EQ(ascii, std::string(locale) == "LC_ALL=C");
  }
}

}  // namespace
}  // namespace hebb
