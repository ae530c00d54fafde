#include "hebb/run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/ops.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using testing::moons;
using testing::TemporaryFolder;
using testing::weights_of;

TrainConfig small(std::int64_t epochs = 4) {
  TrainConfig config;
  config.data = "moons";
  config.model = "dense(8, act=tanh) dropout(0.1) dense(2)";
  config.epochs = epochs;
  config.seed = 5;
  return config;
}

std::string text_of(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

TEST(Run, KeepsItsFolderAndGoesOn) {
  const TemporaryFolder folder;
  const RunResult straight = run_training(small(6), moons(), {.out = folder.file("a")});
  run_training(small(3), moons(), {.out = folder.file("b")});
  TrainConfig more = read_run_config(folder.file("b"));
  EXPECT_EQ(more.epochs, 3);
  more.epochs = 6;
  const RunResult resumed = run_training(more, moons(), {.out = folder.file("b"), .resume = true});
  EXPECT_EQ(weights_of(*resumed.model.module), weights_of(*straight.model.module));
  EXPECT_EQ(resumed.training.loss_history(), straight.training.loss_history());
  for (const char* name : {"best.safetensors", "last.safetensors"}) {
    EXPECT_EQ(weights_of(*load_model(folder.file("a/") + name).module),
              weights_of(*load_model(folder.file("b/") + name).module));
  }
  std::istringstream lines(text_of(folder.file("b/metrics.jsonl")));
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_EQ(nlohmann::json::parse(line).at("epoch"), ++count);
  }
  EXPECT_EQ(count, 6);
}

TEST(Run, KeepsTheMovingAverageAndGoesOn) {
  const TemporaryFolder folder;
  TrainConfig config = small(6);
  config.ema = 0.98;
  config.mixup = 0.2;
  config.loss = "cross_entropy(label_smoothing=0.1)";
  config.schedule = "one_cycle";
  const RunResult straight = run_training(config, moons(), {.out = folder.file("a")});
  // Stopped after a while, in the middle of an epoch or between two.
  std::atomic<bool> stop{false};
  class Stopper final : public TrainingObserver {
   public:
    explicit Stopper(std::atomic<bool>& flag) : flag_(flag) {}
    void on_epoch(const EpochReport& report) override { flag_ = report.epoch >= 2; }

   private:
    std::atomic<bool>& flag_;
  } stopper(stop);
  const RunResult first =
      run_training(config, moons(), {.out = folder.file("b"), .observer = &stopper, .stop = &stop});
  ASSERT_TRUE(first.training.interrupted);
  const RunResult resumed = run_training(config, moons(), {.out = folder.file("b"), .resume = true});
  EXPECT_EQ(weights_of(*resumed.model.module), weights_of(*straight.model.module));
  for (const char* name : {"best.safetensors", "last.safetensors"}) {
    EXPECT_EQ(weights_of(*load_model(folder.file("b/") + name).module), weights_of(*straight.model.module));
  }
  // The average is not the weights, and without it the run cannot go on.
  SafetensorsFile state = read_safetensors(folder.file("b/resume.safetensors"));
  const auto named = [&](const std::string& name) {
    return std::find_if(state.tensors.begin(), state.tensors.end(),
                        [&](const auto& tensor) { return tensor.first == name; });
  };
  EXPECT_NE(named("average/dense_1.weight")->second.to_vector(),
            named("parameter/dense_1.weight")->second.to_vector());
  state.tensors.erase(named("average/dense_1.weight"));
  write_safetensors(folder.file("b/resume.safetensors"), state);
  EXPECT_THROW(run_training(config, moons(), {.out = folder.file("b"), .resume = true}), FormatError);
}

TEST(Run, RefusesAFolderThatHoldsOne) {
  const TemporaryFolder folder;
  run_training(small(1), moons(), {.out = folder.file("run")});
  const std::string before = text_of(folder.file("run/resume.safetensors"));
  EXPECT_THROW(run_training(small(1), moons(), {.out = folder.file("run")}), ConfigError);
  TrainConfig other = small(2);
  other.l2 = 0.5;
  EXPECT_THROW(run_training(other, moons(), {.out = folder.file("run"), .resume = true}), ConfigError);
  EXPECT_EQ(text_of(folder.file("run/resume.safetensors")), before);
  EXPECT_NO_THROW(run_training(small(2), moons(), {.out = folder.file("run"), .overwrite = true}));
  EXPECT_THROW(run_training(small(2), moons(), {.out = folder.file("none"), .resume = true}), ConfigError);
}

TEST(Run, RefusesTwoInOneFolder) {
  const TemporaryFolder folder;
  struct Second final : TrainingObserver {
    explicit Second(const std::string& path) : path_(path) {}
    void on_epoch(const EpochReport&) override {
      EXPECT_THROW(run_training(small(1), moons(), {.out = path_, .overwrite = true}), ConfigError);
    }
    std::string path_;
  } second(folder.file("run"));
  run_training(small(1), moons(), {.out = folder.file("run"), .observer = &second});
}

TEST(Run, RefusesAFolderItCannotWrite) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("file")) << "text";
  EXPECT_THROW(run_training(small(1), moons(), {.out = folder.file("file/run")}), FormatError);
  EXPECT_THROW(run_training(small(1), moons(), {.out = "/proc/hebb"}), FormatError);
  EXPECT_EQ(text_of(folder.file("file")), "text");
}

TEST(Run, StartsFromASavedModelAndReplacesTheLastLayer) {
  const TemporaryFolder folder;
  const RunResult first = run_training(small(2), moons(), {.out = folder.file("run")});
  TrainConfig config = small(0);
  config.init_from = folder.file("run/best.safetensors");
  config.model.clear();
  const RunResult same = run_training(config, moons());
  EXPECT_EQ(weights_of(*same.model.module), weights_of(*first.model.module));
  config.model = "dense(8, act=tanh) dense(16) dense(2)";
  const RunResult part = run_training(config, moons());
  EXPECT_EQ(part.loaded.loaded, (std::vector<std::string>{"dense_1.weight", "dense_1.bias"}));
  config.model.clear();
  config.replace_last = "dense(1)";
  config.freeze = {"dense_1.*"};
  config.epochs = 2;
  const RunResult replaced = run_training(config, moons());
  EXPECT_EQ(replaced.model.loss.name(), "binary_cross_entropy");
  const auto a = parameter_values(*replaced.model.module);
  const auto b = parameter_values(*first.model.module);
  EXPECT_EQ(a[0].value.to_vector(), b[0].value.to_vector());
}

TEST(Run, TellsItsResultAsJson) {
  TrainConfig config = small(3);
  config.validation = 0.25;
  const auto json = nlohmann::json::parse(to_json(run_training(config, moons()), 1.5));
  for (const char* key :
       {"train_loss", "validation_loss", "validation_accuracy", "epochs", "epoch_seconds", "total_seconds",
        "loss_history", "parameters", "threads", "precision", "seed", "model"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json["epoch_seconds"].size(), 3U);
  EXPECT_EQ(json["loss_history"].size(), 3U);
  EXPECT_EQ(json["total_seconds"], 1.5);
  EXPECT_EQ(json["parameters"], 8 * 3 + 9 * 2);
}

TEST(Config, IsReadBackExactly) {
  TrainConfig config = small();
  config.learning_rate = 0.1;
  config.freeze = {"a.*", "b\"\\\n"};
  config.data_options.count = 77;
  config.scale = ScaleKind::unit;
  config.batch_size = 0;
  config.l2 = 1e-300;
  config.augment = "shift(2) elastic(alpha=30, sigma=3)";
  config.mixup = 0.2;
  config.ema = 0.999;
  const std::string text = to_toml(config);
  EXPECT_EQ(to_toml(parse_config(text)), text);
}

TEST(Config, TakesSingleValuesAsText) {
  TrainConfig config = small();
  set_config_value(config, "learning_rate", "1e-3");
  set_config_value(config, "epochs", "7");
  set_config_value(config, "batch_size", "full");
  set_config_value(config, "schedule", "cosine(warmup=3)");
  set_config_value(config, "model", "\"dense(2)\"");
  set_config_value(config, "scale", "unit");
  set_config_value(config, "freeze", "[\"a.*\"]");
  EXPECT_EQ(config.learning_rate, 1e-3);
  EXPECT_EQ(config.epochs, 7);
  EXPECT_EQ(config.batch_size, 0);
  EXPECT_EQ(config.schedule, "cosine(warmup=3)");
  EXPECT_EQ(config.model, "dense(2)");
  EXPECT_EQ(config.scale, ScaleKind::unit);
  EXPECT_EQ(config.freeze, std::vector<std::string>{"a.*"});
  const std::string before = to_toml(config);
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"epoch", "7"},      {"epochs", "many"}, {"epochs", "1.5"}, {"epochs", "1\nseed = 3"},
      {"scale", "big"},    {"epochs", ""},     {"seed", "-1"},    {"model = \"x\"\nseed", "1"},
      {"freeze", "dense"}, {"model", "\xff"},  {"l1", "true"},
  };
  for (const auto& [key, text] : bad) {
    EXPECT_THROW(set_config_value(config, key, text), ConfigError) << key << " = " << text;
  }
  EXPECT_EQ(to_toml(config), before);
}

TEST(Config, RecipesAreConfigurations) {
  for (const Recipe& recipe : recipes()) {
    const TrainConfig config = parse_config(recipe.toml, std::string(recipe.name));
    EXPECT_FALSE(config.data.empty());
    EXPECT_FALSE(config.model.empty());
    EXPECT_EQ(&find_recipe(recipe.name), &recipe);
  }
  EXPECT_THROW(find_recipe("fast"), ConfigError);
}

TEST(Config, SaysWhereItIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"epochs = 'x'", "line 1, column 10"},
      {"data = \"moons\"\nepoch = 3", "did you mean 'epochs'"},
      {"epochs = -3", "epochs"},
      {"learning_rate = nan", "learning_rate"},
      {"batch_size = 0", "batch_size"},
      {"optimizer = \"adm\"", "did you mean 'adam'"},
      {"model = \"dens(3)\"", "did you mean 'dense'"},
      {"optimizer = \"lbfgs\"\nclip_norm = 1.0", "clip_norm"},
      {"optimizer = \"lbfgs\"\nschedule = \"cosine\"", "schedule"},
      {"epochs = ", "line 1"},
      {"[table]\nx = 1", "unknown key"},
      {"precision = \"bf17\"", "precision"},
      {"augment = \"shift(2) rotat(3)\"", "did you mean 'rotate'"},
  };
  for (const auto& [text, expected] : cases) {
    try {
      parse_config(text, "run.toml");
      ADD_FAILURE() << text;
    } catch (const ConfigError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(expected), std::string::npos) << message;
      EXPECT_NE(message.find("run.toml"), std::string::npos) << message;
    }
  }
}

// ---- model files
// ----------------------------------------------------------------------------------------------------------

SavedModel saved() {
  Sequential model = Sequential::parse("dense(4, act=tanh) dense(3)");
  model.build({2}, 1);
  InputSpec spec;
  spec.input_shape = {2};
  spec.class_names = {"a", "b", "c"};
  spec.scaling = {ScaleKind::standard, {1, 2}, {3, 4}};
  return {model, spec, "cross_entropy"};
}

TEST(ModelFile, IsTheWholeModel) {
  const TemporaryFolder folder;
  save_model(folder.file("m.safetensors"), saved());
  const SavedModel back = load_model(folder.file("m.safetensors"));
  EXPECT_EQ(back.module->describe(), "dense(4, act=tanh) dense(3)");
  EXPECT_EQ(weights_of(*back.module), weights_of(*saved().module));
  EXPECT_EQ(back.input, saved().input);
  LoadedModel ready(back);
  const std::vector<float> raw = {4, -2};
  const std::span<const float> p = ready.predict(raw);
  const Tensor x = Tensor::rows({{1.0F, -1.0F}});  // (raw - mean) / deviation
  const auto expected = softmax((*back.module)(x)).to_vector();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(p[i], expected[i], 1e-6);
  EXPECT_EQ(ready.class_name(ready.predict_class(raw)).size(), 1U);
  EXPECT_THROW(ready.predict(std::vector<float>{1}), ShapeError);
}

struct Free {
  Linear hidden, output;
  Tensor operator()(const Tensor& x, ForwardContext& c) const { return output(relu(hidden(x, c)) * 2.0, c); }
  void visit(ParameterVisitor& v) {
    v("hidden", hidden);
    v("output", output);
  }
};

TEST(ModelFile, HoldsFreeCompositions) {
  Random random(1, 0);
  const auto module = make_module(Free{built(Linear(5), {2}, random), built(Linear(1), {5}, random)});
  InputSpec spec;
  spec.input_shape = {2};
  const TemporaryFolder folder;
  save_model(folder.file("m.safetensors"), {module, spec, "mse"});
  LoadedModel ready(folder.file("m.safetensors"));
  const std::vector<float> raw = {0.5F, -1.5F, 2.0F, 1.0F};
  const std::span<const float> y = ready.predict(raw);
  const auto expected = module(Tensor::rows({{0.5F, -1.5F}, {2.0F, 1.0F}})).to_vector();
  EXPECT_EQ(std::vector<double>(y.begin(), y.end()), expected);
}

TEST(ModelFile, KeepsTheWeightsOfClasses) {
  SavedModel model = saved();
  const std::vector<float> weights = {1, 0.1F, 1.0F / 3};
  model.loss = Loss("cross_entropy", {.class_weights = weights});
  SafetensorsFile file = model_to_safetensors(model);
  EXPECT_EQ(model_from_safetensors(file, "m").loss.options().class_weights, weights);
  // The first version had them in metadata of their own.
  file.metadata["loss"] = "cross_entropy";
  file.metadata["class_weights"] = "[1, 0.5, 3]";
  EXPECT_EQ(model_from_safetensors(file, "m").loss.options().class_weights, (std::vector<float>{1, 0.5F, 3}));
}

TEST(Run, WeighsClasses) {
  TrainConfig config = small(1);
  config.loss = "cross_entropy(class_weights=1 200)";
  const DataSplits data = moons();
  const RunResult run = run_training(config, moons());
  EXPECT_EQ(run.model.loss.describe(), config.loss);
  EXPECT_NE(run.train.loss, run_training(small(1), moons()).train.loss);
  // Who misses class 1 pays two hundred times as much, so that it is always said.
  config.epochs = 60;
  const RunResult longer = run_training(config, moons());
  ASSERT_TRUE(longer.train.classes);
  EXPECT_EQ(longer.train.classes->recall(1), 1.0);
  config.loss = "cross_entropy(class_weights=1 2 3)";
  EXPECT_THROW(run_training(config, moons()), ConfigError);
}

TEST(ModelFile, RefusesMetadataThatDisagreeWithTheWeights) {
  const auto refuses = [](const std::function<void(SafetensorsFile&)>& spoil, const char* expected) {
    SafetensorsFile file = model_to_safetensors(saved());
    spoil(file);
    try {
      model_from_safetensors(file, "m.safetensors");
      ADD_FAILURE() << expected;
    } catch (const FormatError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(expected), std::string::npos) << message;
      EXPECT_NE(message.find("m.safetensors"), std::string::npos) << message;
      EXPECT_EQ(message.find("m.safetensors"), message.rfind("m.safetensors")) << message;
    }
  };
  refuses([](auto& f) { f.metadata["model"] = "dense(5, act=tanh) dense(3)"; }, "disagree");
  refuses([](auto& f) { f.metadata["model"] = "dense(2000000000) dense(3)"; }, "disagree");
  refuses([](auto& f) { f.metadata["model"] = "dens(4)"; }, "did you mean");
  refuses([](auto& f) { f.metadata["format_version"] = "99"; }, "version");
  refuses([](auto& f) { f.metadata.erase("format_version"); }, "no Hebb model");
  refuses([](auto& f) { f.metadata["input"] = "{"; }, "input");
  refuses([](auto& f) { f.metadata["loss"] = "see"; }, "did you mean");
  refuses([](auto& f) { f.metadata["loss"] = "cross_entropy(class_weights=1 2)"; }, "2 class weights");
  refuses([](auto& f) { f.tensors.pop_back(); }, "disagree");
  refuses([](auto& f) { f.metadata.erase("model"); }, "neither 'model' nor 'graph'");
}

// ---- evaluation
// -------------------------------------------------------------------------------------------------------------

TEST(Evaluation, AddsUpOverBatches) {
  const DataSplits data = moons(103);
  Sequential model = Sequential::parse("dense(2)");
  model.build({2}, 1);
  const EvaluationReport whole = evaluate(model, *data.train, "cross_entropy", {.batch_size = 1000});
  const EvaluationReport parts = evaluate(model, *data.train, "cross_entropy", {.batch_size = 10});
  EXPECT_EQ(whole.samples, 103);
  EXPECT_NEAR(whole.loss, parts.loss, 1e-6);
  EXPECT_EQ(whole.classes->accuracy(), parts.classes->accuracy());
  const DataSplits line = load_dataset("line", {.count = 50});
  Sequential one = Sequential::parse("dense(1)");
  one.build(line.train->input_shape(), 1);
  EXPECT_NEAR(evaluate(one, *line.train, "sse", {.batch_size = 7}).loss,
              50 * evaluate(one, *line.train, "mse").loss, 1e-3);
  const auto json = nlohmann::json::parse(to_json(whole, data.spec));
  EXPECT_EQ(json["samples"], 103);
  EXPECT_EQ(json["classes"].size(), 2U);
}

TEST(Evaluation, NamesTheWorstSamples) {
  const DataSplits data = moons(103);
  Sequential model = Sequential::parse("dense(2)");
  model.build({2}, 1);
  const EvaluationReport report =
      evaluate(model, *data.train, "cross_entropy", {.batch_size = 10, .worst = 5});
  // The same by hand: every sample's logits, in double.
  std::vector<std::pair<double, std::int64_t>> losses;
  const std::vector<std::int32_t> labels = all_labels(*data.train);
  for (std::int64_t i = 0; i < 103; ++i) {
    std::vector<float> x(2);
    data.train->fill(std::span(&i, 1), x.data(), {});
    const std::vector<double> y = model(Tensor::from(std::span<const float>(x), {1, 2})).to_vector();
    const double label = y[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])];
    losses.emplace_back(std::log(std::exp(y[0] - label) + std::exp(y[1] - label)), i);
  }
  std::sort(losses.rbegin(), losses.rend());
  ASSERT_EQ(report.worst.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(report.worst[i].index, losses[i].second);
    EXPECT_NEAR(report.worst[i].loss, losses[i].first, 1e-5);
    EXPECT_EQ(report.worst[i].label, labels[static_cast<std::size_t>(losses[i].second)]);
    EXPECT_NE(report.worst[i].predicted, report.worst[i].label);
  }
  EXPECT_EQ(nlohmann::json::parse(to_json(report))["worst"][0]["index"], losses[0].second);
  EXPECT_EQ(evaluate(model, *data.train, "cross_entropy", {.worst = 1000}).worst.size(), 103U);
  EXPECT_TRUE(evaluate(model, *data.train, "cross_entropy").worst.empty());
  const DataSplits line = load_dataset("line", {.count = 50});
  Sequential one = Sequential::parse("dense(1)");
  one.build(line.train->input_shape(), 1);
  EXPECT_THROW(evaluate(one, *line.train, "mse", {.worst = -1}), ConfigError);
}

TEST(Evaluation, NamesTheWorstSamplesOfValues) {
  const DataSplits line = load_dataset("line", {.count = 50});
  Sequential one = Sequential::parse("dense(1)");
  one.build(line.train->input_shape(), 1);
  const EvaluationReport report = evaluate(one, *line.train, "mae", {.batch_size = 7, .worst = 4});
  const auto features = static_cast<std::size_t>(line.train->input_shape().elements());
  std::vector<std::pair<double, std::int64_t>> losses;
  for (std::int64_t i = 0; i < 50; ++i) {
    std::vector<float> x(features);
    float wanted = 0;
    line.train->fill(std::span(&i, 1), x.data(), {.values = &wanted});
    const Tensor input = Tensor::from(std::span<const float>(x), {1, static_cast<std::int64_t>(features)});
    losses.emplace_back(std::abs(one(input).item() - static_cast<double>(wanted)), i);
  }
  std::sort(losses.rbegin(), losses.rend());
  ASSERT_EQ(report.worst.size(), 4U);
  const auto json = nlohmann::json::parse(to_json(report))["worst"];
  for (std::size_t i = 0; i < 4; ++i) {
    const SampleResult& sample = report.worst[i];
    EXPECT_EQ(sample.index, losses[i].second);
    ASSERT_EQ(sample.target.size(), 1U);
    ASSERT_EQ(sample.output.size(), 1U);
    EXPECT_NEAR(static_cast<double>(std::abs(sample.target[0] - sample.output[0])), losses[i].first, 1e-5);
    EXPECT_EQ(json[i]["target"][0].get<float>(), sample.target[0]);
    EXPECT_EQ(json[i]["output"][0].get<float>(), sample.output[0]);
    EXPECT_FALSE(json[i].contains("label"));
  }
}

}  // namespace
}  // namespace hebb
