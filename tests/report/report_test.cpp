#include "hebb/report.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "report/data_view.hpp"
#include "report/model_view.hpp"
#include "train/helpers.hpp"

namespace hebb {
namespace {

using Json = nlohmann::json;
using testing::moons;
using testing::TemporaryFolder;

TrainConfig small(std::int64_t epochs = 4) {
  TrainConfig config;
  config.data = "moons";
  config.data_options.count = 200;
  config.data_options.noise = 0.2;
  config.model = "dense(8, act=relu) dense(2)";
  config.validation = 0.2;
  config.epochs = epochs;
  return config;
}

ReportData its_own() {
  return [](const TrainConfig& config) { return load_dataset(config.data, config.data_options); };
}

std::string text_of(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::vector<Json> lines_of(const std::string& path) {
  std::vector<Json> lines;
  std::istringstream in(text_of(path));
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

Json run_of(const std::string& folder, const ReportData& data = its_own()) {
  return Json::parse(report_json({folder}, data)).at("runs").at(0);
}

/// A run in a folder that is gone when the test ends.
class Report : public ::testing::Test {
 protected:
  void train(const TrainConfig& config) {
    run_training(config, load_dataset(config.data, config.data_options), {.out = run_, .overwrite = true});
  }
  std::string in_run(const std::string& name) const { return run_ + "/" + name; }

  TemporaryFolder folder_;
  std::string run_ = folder_.file("run");
};

TEST_F(Report, SaysWhatTheFilesSay) {
  train(small());
  const Json run = run_of(run_);
  EXPECT_EQ(run.at("state"), "finished");
  EXPECT_TRUE(run.at("problems").empty()) << run.at("problems");
  const std::vector<Json> metrics = lines_of(in_run("metrics.jsonl"));
  ASSERT_EQ(metrics.size(), 4U);
  for (const char* key :
       {"epoch", "train_loss", "validation_loss", "validation_accuracy", "learning_rate", "seconds"}) {
    ASSERT_EQ(run.at("epochs").at(key).size(), 4U) << key;
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(run.at("epochs").at(key).at(i), metrics[i].at(key)) << key;
  }
  const std::vector<Json> looks = lines_of(in_run("insight.jsonl"));
  const Json& insight = run.at("insight");
  ASSERT_EQ(insight.at("epoch").size(), looks.size());
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const Json& layer = looks[i].at("layers").at(1);
    EXPECT_EQ(insight.at("layers").at(1).at("gradient_norm").at(i), layer.at("gradient_norm"));
    EXPECT_EQ(insight.at("layers").at(1).at("weights").at(i), layer.at("weights"));
    EXPECT_EQ(insight.at("activations").at(0).at("dead").at(i), looks[i].at("activations").at(0).at("dead"));
  }
  EXPECT_EQ(run.at("config"), text_of(in_run("config.toml")));
  EXPECT_EQ(run.at("data").at("training"), 160);
  EXPECT_EQ(run.at("data").at("validation"), 40);
}

/// What the run says of its validation samples is what an evaluation of its best model finds.
TEST_F(Report, JudgesByWhatWasSetAside) {
  train(small());
  const Json run = run_of(run_);
  const Json& validation = run.at("outcome").at("validation");
  std::int64_t right = 0;
  std::int64_t all = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 2; ++j) {
      all += validation.at("confusion").at(i).at(j).get<std::int64_t>();
      if (i == j) right += validation.at("confusion").at(i).at(j).get<std::int64_t>();
    }
  }
  EXPECT_EQ(all, 40);
  EXPECT_EQ(static_cast<double>(right) / 40, validation.at("accuracy").get<double>());

  // The worst samples, by their numbers in the data set, are what they are said to be.
  const DataSplits data = moons();
  LoadedModel model(in_run("best.safetensors"));
  ASSERT_EQ(run.at("worst").at("part"), "validation");
  for (const Json& sample : run.at("worst").at("samples")) {
    const auto index = sample.at("index").get<std::int64_t>();
    std::array<float, 2> inputs{};
    std::int32_t label = 0;
    data.train->fill(std::span(&index, 1), inputs.data(), {.labels = &label});
    EXPECT_EQ(sample.at("label"), label);
    EXPECT_EQ(sample.at("predicted"), model.predict_class(inputs));
    EXPECT_EQ(sample.at("values").at(0).get<float>(), inputs[0]);
    const double p = static_cast<double>(model.predict(inputs)[static_cast<std::size_t>(label)]);
    EXPECT_NEAR(sample.at("loss").get<double>(), -std::log(p), 1e-4);
  }
}

TEST_F(Report, DrawsTheBoundary) {
  train(small());
  const Json boundary = run_of(run_).at("boundary");
  EXPECT_EQ(boundary.at("train").size(), 160U);
  EXPECT_FALSE(boundary.at("lines").empty());
  EXPECT_EQ(boundary.at("test").size(), 40U);
  const auto side = boundary.at("side").get<std::size_t>();
  EXPECT_EQ(boundary.at("classes").get<std::string>().size(), (side * side + 2) / 3 * 4);
  // The lowest left corner, by the model itself.
  LoadedModel model(in_run("best.safetensors"));
  const auto centre = [&](const char* axis) {
    const float from = boundary.at(axis).at(0).get<float>();
    return from + (boundary.at(axis).at(1).get<float>() - from) * 0.5F / static_cast<float>(side);
  };
  const std::int64_t there = model.predict_class(std::array{centre("x"), centre("y")});
  EXPECT_EQ(boundary.at("classes").get<std::string>().substr(0, 2), there == 0 ? "AA" : "AQ");
}

TEST_F(Report, OfARunWithoutData) {
  train(small());
  const Json run = run_of(run_, [](const TrainConfig&) -> DataSplits { throw FormatError("moons: gone"); });
  ASSERT_EQ(run.at("problems").size(), 1U);
  EXPECT_NE(run.at("problems").at(0).get<std::string>().find("moons: gone"), std::string::npos);
  EXPECT_EQ(run.at("epochs").at("epoch").size(), 4U);
  EXPECT_TRUE(run.at("outcome").contains("validation"));
}

TEST_F(Report, OfARunThatWasKilled) {
  train(small());
  std::filesystem::remove(in_run("outcome.json"));
  std::string metrics = text_of(in_run("metrics.jsonl"));
  metrics.resize(metrics.size() - 9);
  write(in_run("metrics.jsonl"), metrics);
  std::string insight = text_of(in_run("insight.jsonl"));
  insight.insert(insight.find('\n') + 1, "{}\n");
  write(in_run("insight.jsonl"), insight);
  const Json run = run_of(run_);
  EXPECT_EQ(run.at("state"), "broken");
  EXPECT_EQ(run.at("epochs").at("epoch").size(), 3U);
  EXPECT_EQ(run.at("insight").at("epoch").size(), 1U);
  ASSERT_EQ(run.at("problems").size(), 2U) << run.at("problems");
  EXPECT_NE(run.at("problems").at(0).get<std::string>().find("line 4, the last one, is half written"),
            std::string::npos);
  EXPECT_NE(run.at("problems").at(1).get<std::string>().find("insight.jsonl: line 2"), std::string::npos);
  EXPECT_EQ(run.at("outcome").at("validation").at("samples"), 40);  // judged now, by its best model
}

TEST_F(Report, OfARunThatGoesOn) {
  train(small());
  std::filesystem::remove(in_run("outcome.json"));
  const int lock = open(in_run(".lock").c_str(), O_RDWR | O_CREAT, 0644);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  EXPECT_EQ(run_of(run_).at("state"), "running");
  // One that has only begun.
  for (const char* name : {"best.safetensors", "last.safetensors", "insight.jsonl"})
    std::filesystem::remove(in_run(name));
  write(in_run("metrics.jsonl"), "");
  const Json run = run_of(run_);
  EXPECT_EQ(run.at("state"), "running");
  EXPECT_TRUE(run.at("epochs").at("epoch").empty());
  EXPECT_TRUE(run.at("problems").empty()) << run.at("problems");
  close(lock);
}

TEST_F(Report, OfDamagedFiles) {
  train(small());
  for (const char* name : {"metrics.jsonl", "insight.jsonl", "outcome.json", "best.safetensors"}) {
    const std::string good = text_of(in_run(name));
    for (const std::string& bad :
         {std::string(), std::string("\0\xff{", 3), std::string("[1]\n"),
          std::string(R"({"state": 3})") + "\n", good.substr(0, good.size() / 2),
          std::string(R"({"state": "finished", "stopped_early": 1})"),
          std::string(R"({"state": "finished", "test": {"classes": [], "confusion": [[1, "a"]]}})"),
          std::string(R"({"state": "finished", "train": {"worst": [{"index": -1, "label": 0}]}})"),
          std::string(
              R"({"state": "finished", "train": {"worst": [{"index": 900, "label": 0, "predicted": 1}]}})"),
          std::string(
              R"({"state": "finished", "train": {"worst": [{"index": 1, "target": [1], "output": "x"}]}})"),
          std::string(
              R"({"state": "finished", "train": {"worst": [{"index": 1, "target": 3, "output": [1]}]}})")}) {
      write(in_run(name), bad);
      const Json run = run_of(run_);
      const bool may_be_empty = std::string_view(name).ends_with(".jsonl");
      EXPECT_TRUE(!run.at("problems").empty() || (may_be_empty && bad.empty())) << name << ": " << bad;
    }
    std::filesystem::remove(in_run(name));
    EXPECT_NO_THROW(run_of(run_)) << name;
    write(in_run(name), good);
  }
  EXPECT_TRUE(run_of(run_).at("problems").empty());
}

TEST_F(Report, OfWhatIsNoRun) {
  EXPECT_THROW(report_json({}, its_own()), ConfigError);
  EXPECT_THROW(report_json({folder_.file("nothing")}, its_own()), FormatError);
  std::filesystem::create_directory(run_);
  EXPECT_THROW(report_json({run_}, its_own()), FormatError);
}

TEST_F(Report, OfARunThatDiverged) {
  TrainConfig config = small(30);
  config.optimizer = "sgd";
  config.learning_rate = 1e30;
  EXPECT_THROW(train(config), DivergedError);
  const Json run = run_of(run_);
  EXPECT_EQ(run.at("state"), "diverged");
  EXPECT_NE(run.at("reason").get<std::string>().find("learning rate is 1e+30"), std::string::npos);
  EXPECT_EQ(run.at("warnings").at(0).at("kind"), "learning_rate");
}

TEST_F(Report, OfImages) {
  TrainConfig config;
  config.data = "strokes";
  config.data_options.count = 300;
  config.data_options.test_count = 60;
  config.model = "conv(4, kernel=5, stride=2, act=relu) flatten dense(10)";
  config.epochs = 1;
  train(config);
  const Json run = run_of(run_);
  ASSERT_TRUE(run.at("problems").empty()) << run.at("problems");
  EXPECT_EQ(run.at("filters").at("count"), 4);
  EXPECT_EQ(run.at("filters").at("values").get<std::string>().size(), (4U * 25 + 2) / 3 * 4);
  EXPECT_EQ(run.at("worst").at("part"), "test");
  const Json& picture = run.at("worst").at("samples").at(0).at("picture");
  EXPECT_EQ(picture.at("width"), 28);
  // Pixels are bytes: the picture is the sample.
  const DataSplits data = load_dataset(config.data, config.data_options);
  const auto index = run.at("worst").at("samples").at(0).at("index").get<std::int64_t>();
  std::vector<float> raw(28 * 28);
  data.test->fill(std::span(&index, 1), raw.data(), {});
  EXPECT_EQ(picture.at("pixels"), report::base64(std::vector<std::uint8_t>(raw.begin(), raw.end())));
}

/// What an epoch did to a neuron's weights is what lies between the runs that end before and after it.
TEST_F(Report, OfANeuron) {
  TrainConfig config = small();
  config.model = "perceptron";
  const auto weights_after = [&](std::int64_t epochs) {
    config.epochs = epochs;
    train(config);
    std::vector<double> all;
    for (const NamedValue& parameter : parameter_values(*load_model(in_run("last.safetensors")).module)) {
      const std::vector<double> values = parameter.value.to_vector();
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  };
  const std::vector<double> before = weights_after(1);
  const std::vector<double> after = weights_after(2);
  double size = 0;
  double moved = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    size += before[i] * before[i];
    moved += (after[i] - before[i]) * (after[i] - before[i]);
  }
  ASSERT_GT(moved, 0);
  const Json run = run_of(run_);
  ASSERT_TRUE(run.at("problems").empty()) << run.at("problems");
  const Json& insight = run.at("insight");
  ASSERT_EQ(insight.at("epoch"), (Json{1, 2}));
  const Json& layer = insight.at("layers").at(0);
  EXPECT_TRUE(layer.at("gradient_norm").at(1).is_null());
  EXPECT_TRUE(layer.at("update_ratio").at(0).is_null());  // it begins with zeros
  EXPECT_NEAR(layer.at("update_ratio").at(1).get<double>(), std::sqrt(moved / size), 1e-6);
  std::int64_t count = 0;
  for (const Json& bin : layer.at("weights").at(1).at("counts")) count += bin.get<std::int64_t>();
  EXPECT_EQ(count, static_cast<std::int64_t>(after.size()));
  EXPECT_FALSE(insight.at("activations").at(0).at("values").at(1).at("counts").empty());
  for (const Json& warning : run.at("warnings")) EXPECT_NE(warning.at("kind"), "learning_rate");
}

TEST_F(Report, OfValues) {
  TrainConfig config;
  config.data = folder_.file("line.csv");
  std::string table = "a,b,sum\n";
  for (int i = 0; i < 40; ++i)
    table += std::to_string(i) + "," + std::to_string(i % 7) + "," + std::to_string(i + i % 7) + ".5\n";
  write(config.data, table);
  config.model = "dense(1)";
  config.epochs = 2;
  train(config);
  const Json run = run_of(run_);
  ASSERT_TRUE(run.at("problems").empty()) << run.at("problems");
  EXPECT_TRUE(run.at("boundary").contains("values"));
  EXPECT_TRUE(run.at("outcome").at("train").contains("rmse"));
  // The worst of them, by the weights: all are sums of their inputs and a half.
  ASSERT_EQ(run.at("worst").at("samples").size(), 24U);
  LoadedModel model(in_run("best.safetensors"));
  double last = std::numeric_limits<double>::infinity();
  for (const Json& sample : run.at("worst").at("samples")) {
    const auto i = sample.at("index").get<float>();
    const float b = std::fmod(i, 7.0F);
    EXPECT_EQ(sample.at("values"), (Json{i, b}));
    ASSERT_EQ(sample.at("target").size(), 1U);
    EXPECT_EQ(sample.at("target").at(0).get<float>(), i + b + 0.5F);
    const std::array<float, 2> inputs = {i, b};
    const auto output = static_cast<double>(model.predict(inputs)[0]);
    EXPECT_NEAR(sample.at("output").at(0).get<double>(), output, 1e-4);
    const double off = output - static_cast<double>(i + b + 0.5F);
    EXPECT_NEAR(sample.at("loss").get<double>(), off * off, 1e-4 * (1 + off * off));
    EXPECT_LE(sample.at("loss").get<double>(), last);
    last = sample.at("loss").get<double>();
  }
  EXPECT_EQ(run.at("data").at("inputs").at(1).at("maximum"), 6);
}

TEST_F(Report, OfAPlaneThatIsALine) {
  TrainConfig config;
  config.data = folder_.file("line.csv");
  std::string rows = "a,b,kind\n";
  for (int i = 0; i < 40; ++i) rows += std::to_string(i) + ",7," + (i < 20 ? "low" : "high") + "\n";
  write(config.data, rows);
  config.model = "dense(2)";
  config.epochs = 2;
  train(config);
  const Json run = run_of(run_);
  ASSERT_EQ(run.at("problems").size(), 1U);
  EXPECT_NE(run.at("problems").at(0).get<std::string>().find("the decision boundary cannot be shown"),
            std::string::npos);
  EXPECT_FALSE(run.at("worst").at("samples").empty());  // the rest is there
  EXPECT_EQ(run.at("data").at("inputs").at(1).at("deviation"), 0);
}

TEST(Base64, AgreesWithRfc4648) {
  const auto text = [](const std::string& bytes) {
    return report::base64({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  };
  EXPECT_EQ(text(""), "");
  EXPECT_EQ(text("f"), "Zg==");
  EXPECT_EQ(text("fo"), "Zm8=");
  EXPECT_EQ(text("foo"), "Zm9v");
  EXPECT_EQ(text("foobar"), "Zm9vYmFy");
}

report::RunData table(const std::vector<float>& train, const std::vector<std::int32_t>& labels,
                      const std::vector<float>& test) {
  const auto part = [](const std::vector<float>& inputs, const std::vector<std::int32_t>& targets) {
    const auto n = static_cast<std::int64_t>(inputs.size());
    return std::make_shared<ArrayDataset>(
        ArrayData{.inputs = Tensor::from(std::span<const float>(inputs), {n, 1}),
                  .targets = Tensor::from(std::span<const std::int32_t>(targets), {n}),
                  .classes = 2});
  };
  DataSplits splits{.name = "table", .train = part(train, labels)};
  if (!test.empty()) splits.test = part(test, std::vector<std::int32_t>(test.size(), 0));
  return report::divided(std::move(splits), {});
}

TEST(Overlaps, BetweenTestAndTraining) {
  const report::Overlaps found =
      report::find_overlaps(table({1, 2, 3, 3, -0.0F}, {0, 1, 0, 0, 1}, {3, 4, 1, 1, 0}));
  EXPECT_EQ(found.part, "test");
  EXPECT_EQ(found.in_training, 4);
  EXPECT_EQ(found.contradictions, 0);
  EXPECT_EQ(report::find_overlaps(table({1, 2}, {0, 1}, {3, 4})).in_training, 0);
}

TEST(Overlaps, OfTrainingSamplesOfSeveralClasses) {
  EXPECT_EQ(report::find_overlaps(table({1, 2, 1, 1, 5, 5}, {0, 1, 1, 0, 1, 1}, {})).contradictions, 3);
  EXPECT_EQ(report::find_overlaps(table({1, 2, 3}, {0, 1, 0}, {})).part, "");
}

TEST(Overlaps, BetweenValidationAndTraining) {
  TrainConfig config;
  config.validation = 0.25;
  std::vector<float> inputs(40, 1.0F);
  std::vector<std::int32_t> labels(40, 0);
  labels[0] = 1;
  report::RunData all = table(inputs, labels, {});
  const report::Overlaps found = report::find_overlaps(report::divided(all.splits, config));
  EXPECT_EQ(found.part, "validation");
  EXPECT_EQ(found.in_training, 10);
}

TEST_F(Report, IsAPageThatHoldsTheData) {
  train(small());
  if (!has_report_page()) {
    EXPECT_THROW(write_report(in_run("report.html"), {run_}, its_own()), ConfigError);
    GTEST_SKIP() << "this build has no page of reports (npm was not there, or could not fetch it)";
  }
  write(in_run("config.toml"), text_of(in_run("config.toml")) + "# </script><script>alert(1)</script>\n");
  write_report(in_run("report.html"), {run_, run_}, its_own());
  const std::string page = text_of(in_run("report.html"));
  const std::string open = R"(<script type="application/json" id="hebb-data">)";
  const std::size_t begin = page.find(open) + open.size();
  const std::size_t end = page.find("</script>", begin);
  ASSERT_NE(end, std::string::npos);
  EXPECT_EQ(Json::parse(page.substr(begin, end - begin)), Json::parse(report_json({run_, run_}, its_own())));
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_LT(page.size(), 2'000'000U);
}

}  // namespace
}  // namespace hebb
