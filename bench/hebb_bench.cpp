// Measures what BENCHMARKS.md says of Hebb. Prints a table, and with --json FILE writes the results that
// bench/report.py joins with those of the peers. Nothing else should run meanwhile.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "core/parallel.hpp"
#include "graph/plan.hpp"
#include "hebb/hebb.hpp"
#include "kernels/convolution.hpp"
#include "kernels/gemm.hpp"
#include "kernels/isa.hpp"
#include "measure.hpp"
#include "memories.hpp"

namespace {

using namespace hebb;
using namespace hebb::bench;

double peak_flops() {
  constexpr std::int64_t kRounds = 200000;
  const double each =
      seconds_per_call([] { parallel_for(threads(), [](std::int64_t) { multiply_and_add(kRounds); }); });
  return static_cast<double>(multiply_and_add(kRounds)) * threads() / each;
}

std::vector<float> noise(std::int64_t count) {
  Random random(1, 0);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& v : values) v = random.normal();
  return values;
}

void products(Results& results, double peak) {
  struct Size {
    std::int64_t m, n, k;
    bool transposed;
  };
  // The list of bench/peers/common.py.
  for (const Size& s : {Size{128, 128, 784, false}, Size{784, 128, 128, true}, Size{32, 128, 784, false},
                        Size{64, 10, 128, false}, Size{512, 512, 512, false}, Size{1024, 1024, 1024, false},
                        Size{2048, 2048, 2048, false}}) {
    const Gemm gemm({.m = s.m,
                     .n = s.n,
                     .k = s.k,
                     .transpose_a = s.transposed,
                     .a_stride = s.transposed ? s.m : s.k,
                     .b_stride = s.n,
                     .c_stride = s.n});
    const std::vector<float> a = noise(s.m * s.k);
    const std::vector<float> b = noise(s.k * s.n);
    std::vector<float> c(static_cast<std::size_t>(s.m * s.n));
    const double each = seconds_per_call([&] { gemm.run({a.data(), b.data(), nullptr, c.data()}); });
    const double rate = 2.0 * static_cast<double>(s.m * s.n * s.k) / each;
    results.add(fmt::format("gemm/{}x{}x{}{}", s.m, s.n, s.k, s.transposed ? "/at" : ""), rate / 1e9,
                "GFLOP/s", {{"peak_share", rate / peak}});
  }
}

/// 1500 steps by the trainer, the data included, as `hebb train` takes them.
double train_truth_table() {
  static const DataSplits data = load_dataset("truth-table");
  Sequential model = Sequential::parse("dense(4, act=sigmoid, bias=false) dense(1, act=sigmoid, bias=false)");
  model.build({3});
  const TrainResult result =
      train(model, {.loss = "sse", .optimizer = Sgd({.learning_rate = 1}), .batch_size = 0, .epochs = 1500},
            {.train = data.train.get()});
  double total = 0;
  for (const EpochReport& epoch : result.epochs) total += epoch.seconds;
  return total;
}

/// The same by TrainingStep alone, without the trainer's reports: the loop that the peers run.
double truth_table_steps() {
  const DataSplits data = load_dataset("truth-table");
  Sequential model = Sequential::parse("dense(4, act=sigmoid, bias=false) dense(1, act=sigmoid, bias=false)");
  model.build({3});
  TrainingStep step(model, {.input = {3}, .target = {1}},
                    {.loss = "sse", .optimizer = Sgd({.learning_rate = 1})});
  std::vector<std::int64_t> samples(static_cast<std::size_t>(data.train->size()));
  std::iota(samples.begin(), samples.end(), 0);
  const BatchBuffers buffers = step.batch(static_cast<std::int64_t>(samples.size()));
  data.train->fill(samples, buffers.inputs, {.labels = buffers.labels, .values = buffers.values});
  return seconds_per_call([&] {
    for (int i = 0; i < 1500; ++i) step.run();
  });
}

void small_networks(Results& results) {
  std::vector<double> all;
  for (int i = 0; i < 11; ++i) all.push_back(train_truth_table());
  results.add("two_layer/1500_steps", 1e3 * truth_table_steps(), "ms", {{"target", 0.3}});
  results.add("two_layer/1500_epochs_by_trainer", 1e3 * median(all), "ms");
  // The list of bench/peers/torch_two_layer.py.
  for (const std::vector<std::int64_t>& widths :
       std::vector<std::vector<std::int64_t>>{{8, 19, 3}, {5, 27, 14, 2}, {12, 32, 23, 9, 4}}) {
    std::string name = "small_net/" + std::to_string(widths[0]);
    LayerList layers;
    double products_per_step = 0;
    for (std::size_t i = 1; i < widths.size(); ++i) {
      name += "-" + std::to_string(widths[i]);
      layers.add(Linear(widths[i], {.activation = "tanh"}));
      // Forward, weight gradient, and the gradient of all inputs but the first.
      products_per_step += 4.0 * static_cast<double>(widths[i - 1] * widths[i]) * (i == 1 ? 2 : 3);
    }
    Sequential model(layers);
    model.build({widths[0]}, 2);
    TrainingStep step(model, {.input = {widths[0]}, .target = {widths.back()}},
                      {.loss = "sse", .optimizer = Sgd({.learning_rate = 0.01})});
    const BatchBuffers buffers = step.batch(4);
    const std::vector<float> x = noise(4 * widths[0]);
    std::copy(x.begin(), x.end(), buffers.inputs);
    std::fill_n(buffers.values, 4 * widths.back(), 0.5F);
    const double each = seconds_per_call([&] {
      for (int i = 0; i < 1500; ++i) step.run();
    });
    results.add(name + "/1500_steps", 1e3 * each, "ms",
                {{"ns_per_multiply_add", 1e9 * each / 1500 / products_per_step}});
  }
}

constexpr const char* kPerceptron = "dense(128, act=relu) dense(10)";

void inference(Results& results) {
  Sequential model = Sequential::parse(kPerceptron);
  model.build({784}, 1);
  InputSpec spec;
  spec.input_shape = {784};
  spec.scaling = {ScaleKind::standard, {33.3F}, {78.6F}};
  LoadedModel ready(SavedModel(model, spec, "cross_entropy"));
  const std::vector<float> pixels = noise(784);
  results.add("mnist_mlp/inference_one_sample", 1e6 * seconds_per_call([&] { ready.predict(pixels); }), "us",
              {{"target", 5}, {"way", "raw pixels to probabilities by LoadedModel"}});
}

void mnist(Results& results, const std::string& folder, double peak) {
  const DataOptions options = {.directories = {folder}};
  results.add("mnist/load", median_seconds(5, [&] { load_dataset("mnist", options); }), "s",
              {{"target", 0.5}});
  DataSplits data = load_dataset("mnist", options);
  apply_scaling(data, ScaleKind::standard);
  const auto run = [&](std::int64_t batch, std::int64_t epochs, std::uint64_t seed, Sequential& model,
                       double rate = 1e-3, const Schedule& schedule = Schedule()) {
    model = Sequential::parse(kPerceptron);
    model.build(data.train->input_shape(), seed);
    return train(model,
                 {.loss = "cross_entropy",
                  .optimizer = Adam({.learning_rate = rate}),
                  .schedule = schedule,
                  .batch_size = batch,
                  .epochs = epochs,
                  .seed = seed},
                 {.train = data.train.get()});
  };
  Sequential model;
  for (const auto& [batch, target] : {std::pair<std::int64_t, double>(128, 0.45), {32, 0.22}}) {
    const double each = median(run(batch, 7, 1, model).epoch_seconds());
    // Forward and weight gradients of both layers, and the gradient of the hidden one.
    const double flop = 2.0 * 60000 * (2 * 784 * 128 + 3 * 1280);
    results.add(fmt::format("mnist_mlp/epoch_batch{}", batch), each, "s",
                {{"target_share", target}, {"peak_share", flop / each / peak}});
  }
  const auto accuracy = [&](double rate, const Schedule& schedule) {
    std::vector<double> found;
    for (std::uint64_t seed = 0; seed < 9; ++seed) {
      run(128, 5, seed, model, rate, schedule);
      found.push_back(100 * evaluate(model, *data.test, "cross_entropy").classes->accuracy());
    }
    return median(found);
  };
  results.add("mnist_mlp/accuracy_5_epochs", accuracy(1e-3, Schedule()), "%", {{"target", 97.5}});
  results.add("mnist_mlp/accuracy_5_epochs_cosine", accuracy(2e-3, Schedule::parse("cosine")), "%",
              {{"target", 97.5}});
}

/// Neurons and regression on all of MNIST, pixels from 0 to 1. The list of bench/peers/sklearn_linear.py.
void linear_models(Results& results, const std::string& folder) {
  DataSplits data = load_dataset("mnist", {.directories = {folder}});
  apply_scaling(data, ScaleKind::unit);
  const std::int64_t count = data.train->size();
  const std::int64_t features = data.train->input_shape().elements();
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  std::vector<float> values(static_cast<std::size_t>(count * features));
  std::vector<std::int32_t> labels(all.size());
  data.train->fill(all, values.data(), {.labels = labels.data()});
  const neurons::Samples x(values, features);

  const auto pass = [&](auto make) { return median_seconds(5, [&] { make().fit(x, labels); }); };
  results.add("linear/perceptron_pass",
              pass([] { return neurons::Perceptron({.max_epochs = 1, .check_after = 0}); }), "s");
  results.add("linear/adaline_pass",
              pass([] { return neurons::Adaline({.learning_rate = 1e-3, .max_epochs = 1}); }), "s");
  // C = 1, and what scikit-learn's lbfgs reaches in the 100 iterations it takes: see objective in its
  // results.
  constexpr double kObjective = 0.2424;
  double reached = 0;
  std::int64_t iterations = 0;
  const double each = median_seconds(3, [&] {
    neurons::LogisticRegression regression({.penalty = {.l2 = 0.5 / static_cast<double>(count)}});
    regression.begin(features, 10);
    do regression.partial_fit(x, labels);
    while (regression.last_epoch().loss > kObjective && regression.epochs() < 100);
    reached = regression.last_epoch().loss;
    iterations = regression.epochs();
  });
  results.add("linear/logistic", each, "s", {{"objective", reached}, {"iterations", iterations}});
}

struct ConvLayer {
  std::int64_t batch, size, channels, outputs, kernel, stride;
};

/// The layers of ResNet-20 on CIFAR (He et al. 2016, section 4.2) and of ResNet-50 (table 1, with the strides
/// in its 3 x 3 layers), each once. The list of bench/peers/common.py.
std::vector<ConvLayer> conv_layers() {
  return {
      {32, 32, 3, 16, 3, 1},    {32, 32, 16, 16, 3, 1},   {32, 32, 16, 32, 3, 2},    {32, 16, 32, 32, 3, 1},
      {32, 16, 32, 64, 3, 2},   {32, 8, 64, 64, 3, 1},    {8, 224, 3, 64, 7, 2},     {8, 56, 64, 64, 1, 1},
      {8, 56, 64, 64, 3, 1},    {8, 56, 64, 256, 1, 1},   {8, 56, 256, 64, 1, 1},    {8, 56, 256, 128, 1, 1},
      {8, 56, 128, 128, 3, 2},  {8, 28, 128, 512, 1, 1},  {8, 56, 256, 512, 1, 2},   {8, 28, 512, 128, 1, 1},
      {8, 28, 128, 128, 3, 1},  {8, 28, 512, 256, 1, 1},  {8, 28, 256, 256, 3, 2},   {8, 14, 256, 1024, 1, 1},
      {8, 28, 512, 1024, 1, 2}, {8, 14, 1024, 256, 1, 1}, {8, 14, 256, 256, 3, 1},   {8, 14, 1024, 512, 1, 1},
      {8, 14, 512, 512, 3, 2},  {8, 7, 512, 2048, 1, 1},  {8, 14, 1024, 2048, 1, 2}, {8, 7, 2048, 512, 1, 1},
      {8, 7, 512, 512, 3, 1}};
}

void convolutions(Results& results, double peak) {
  for (const ConvLayer& l : conv_layers()) {
    const std::int64_t margin = l.kernel / 2;
    const std::int64_t extent = (l.size + 2 * margin - l.kernel) / l.stride + 1;
    const ConvolutionShape shape = {.batch = l.batch,
                                    .height = l.size,
                                    .width = l.size,
                                    .channels = l.channels,
                                    .filter_height = l.kernel,
                                    .filter_width = l.kernel,
                                    .output_height = extent,
                                    .output_width = extent,
                                    .outputs = l.outputs,
                                    .stride_y = l.stride,
                                    .stride_x = l.stride,
                                    .top = margin,
                                    .left = margin};
    Convolution convolution(shape);
    std::vector<float> images = noise(l.batch * shape.image_size());
    std::vector<float> filter = noise(shape.filter_size());
    std::vector<float> outputs = noise(l.batch * shape.output_size());
    std::vector<float> result(std::max({images.size(), filter.size(), outputs.size()}));
    const double flop =
        2.0 * static_cast<double>(l.batch * shape.output_size() * l.kernel * l.kernel * l.channels);
    const auto measure = [&](const char* pass, const std::function<void()>& work) {
      const double rate = flop / seconds_per_call(work);
      results.add(fmt::format("conv/{}x{}x{}x{}-{}k{}s{}/{}", l.batch, l.size, l.size, l.channels, l.outputs,
                              l.kernel, l.stride, pass),
                  rate / 1e9, "GFLOP/s", {{"peak_share", rate / peak}});
    };
    measure("forward", [&] { convolution.forward(images.data(), filter.data(), nullptr, result.data()); });
    measure("image_gradient",
            [&] { convolution.image_gradient(outputs.data(), filter.data(), nullptr, result.data()); });
    measure("filter_gradient",
            [&] { convolution.filter_gradient(images.data(), outputs.data(), nullptr, result.data()); });
  }
}

/// Floating-point operations of one sample's forward pass and gradients: of each product three times, but for
/// the gradient of the first layer's input.
double training_flop(const char* name) {
  if (std::string(name) == "cnn") return 36.5e6;  // 2 (3 x 5.3 M + 3 x 0.59 M + 2 x 0.195 M) and little else
  if (std::string(name) == "lenet5") return 2.26e6;  // 2 (2 x 118 k + 3 x 240 k + 3 x 59 k)
  return 0;
}

/// Seconds a step of Adam on random images.
double image_step_seconds(const char* name, const Shape& image, std::int64_t batch, Precision precision) {
  Sequential model = Sequential::parse(name);
  model.build(image, 1);
  TrainingStep step(model, {.input = image, .target_type = DType::i32},
                    {.loss = "cross_entropy", .optimizer = Adam(), .precision = precision});
  const BatchBuffers buffers = step.batch(batch);
  const std::vector<float> x = noise(batch * image.elements());
  std::copy(x.begin(), x.end(), buffers.inputs);
  for (std::int64_t i = 0; i < batch; ++i) buffers.labels[i] = static_cast<std::int32_t>(i % 10);
  return seconds_per_call([&] { step.run(); });
}

void image_networks(Results& results, double peak) {
  const auto train = [&](const char* name, const Shape& image, Precision precision) {
    constexpr std::int64_t kBatch = 64;
    const double each = image_step_seconds(name, image, kBatch, precision) / kBatch;
    const double share = training_flop(name) / each / peak;
    results.add(fmt::format("{}/train_batch64{}", name, precision == Precision::bf16 ? "_bf16" : ""),
                1e6 * each, "us/sample", share > 0 ? Json{{"peak_share", share}} : Json::object());
  };
  for (const char* name : {"lenet5", "cnn"}) {
    train(name, {28, 28, 1}, Precision::f32);
    train(name, {28, 28, 1}, Precision::bf16);
  }
  train("resnet20", {32, 32, 3}, Precision::f32);
  train("resnet20", {32, 32, 3}, Precision::bf16);
  const double small = image_step_seconds("cnn", {28, 28, 1}, 64, Precision::f32) / 64;
  const double large = image_step_seconds("cnn", {28, 28, 1}, 1024, Precision::f32) / 1024;
  results.add("cnn/train_batch1024", 1e6 * large, "us/sample", {{"times_batch64", large / small}});
  const int before = threads();
  set_threads(1);
  const double alone = image_step_seconds("cnn", {28, 28, 1}, 64, Precision::f32) / 64;
  set_threads(before);
  results.add("speed_up/cnn_step_batch64", alone / small, "x", {{"threads", before}});
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    Sequential model = Sequential::parse("cnn");
    model.build({28, 28, 1}, 1);
    Predictor predictor(model, {28, 28, 1}, precision);
    for (const std::int64_t batch : {1, 256}) {
      const std::vector<float> x = noise(batch * 784);
      results.add(fmt::format("cnn/inference_batch{}{}", batch, precision == Precision::bf16 ? "_bf16" : ""),
                  1e6 * seconds_per_call([&] { predictor(x); }), "us");
    }
  }
}

/// A recipe of the tool's for MNIST, and what it is to reach.
struct RecipeRun {
  const char* name;
  double accuracy_target;
  double seconds_target;
};

/// From the start of the process to its end, loading and evaluation included; five seeds.
void time_to_quality(Results& results, const std::string& folder, const RecipeRun& run) {
  const std::string output = (std::filesystem::temp_directory_path() / "hebb_bench_recipe.json").string();
  std::vector<double> accuracy;
  std::vector<double> elapsed;
  for (int seed = 0; seed < 5; ++seed) {
    const std::string command = fmt::format("{} train {} --data-dir '{}' --seed {} --json >{} 2>/dev/null",
                                            HEBB_BENCH_TOOL, run.name, folder, seed, output);
    int code = 0;
    elapsed.push_back(seconds_of([&] { code = std::system(command.c_str()); }));
    if (code != 0) throw Error(fmt::format("hebb train {} failed", run.name));
    accuracy.push_back(100 * Json::parse(std::ifstream(output))["test_accuracy"].get<double>());
  }
  std::filesystem::remove(output);
  results.add(fmt::format("{}/accuracy", run.name), median(accuracy), "%", {{"target", run.accuracy_target}});
  results.add(fmt::format("{}/seconds", run.name), median(elapsed), "s", {{"target", run.seconds_target}});
}

/// Adam's update of a parameter in place, as training steps run it.
std::function<void()> adam_update(const Tensor& parameter) {
  const Optimizer adam = Adam();
  struct Run {
    std::vector<std::vector<float>> memory;
    std::unique_ptr<Execution> execution;
  };
  const auto run = std::make_shared<Run>();
  PlanSpec spec;
  for (int i = 0; i <= adam.slots(); ++i)
    spec.bound.push_back(Tensor::placeholder(parameter.shape(), DType::f32));
  const Tensor rate = Tensor::placeholder({}, DType::f32);
  spec.inputs = {rate};
  const Tensors state = {spec.bound[1], spec.bound[2]};
  const Tensors coefficients = {rate, rate};
  const ParameterUpdate update = adam.update(spec.bound[0], parameter, state, coefficients);
  spec.updates = {
      {spec.bound[0], update.parameter}, {spec.bound[1], update.state[0]}, {spec.bound[2], update.state[1]}};
  std::vector<void*> addresses;
  for (int i = 0; i <= adam.slots(); ++i) {
    run->memory.emplace_back(static_cast<std::size_t>(parameter.size()), 0.0F);
    addresses.push_back(run->memory.back().data());
  }
  run->execution = std::make_unique<Execution>(std::make_shared<const Plan>(std::move(spec)), addresses);
  *static_cast<float*>(run->execution->input(0)) = 0.001F;
  return [run] { run->execution->run(); };
}

/// Two threads against one, on the parts whose bits do not depend on it.
void scaling(Results& results) {
  Sequential model = Sequential::parse("dense(512, act=relu) dense(10)");
  model.build({784}, 1);
  const auto step_seconds = [&](int count) {
    set_threads(count);
    TrainingStep step(model, {.input = {784}, .target_type = DType::i32},
                      {.loss = "cross_entropy", .optimizer = Adam()});
    const BatchBuffers buffers = step.batch(256);
    const std::vector<float> x = noise(256 * 784);
    std::copy(x.begin(), x.end(), buffers.inputs);
    return seconds_per_call([&] { step.run(); });
  };
  const int before = threads();
  const double one = step_seconds(1);
  const double two = step_seconds(2);
  results.add("speed_up/step_784-512-10_batch256", one / two, "x", {{"threads", 2}});
  const Compiled forward = compile([](const Tensors& in) { return Tensors{matmul(in[0], in[1])}; });
  const Compiled gradient =
      compile([](const Tensors& in) { return Tensors{matmul(in[0], in[1], {.transpose_a = true})}; });
  const Tensor x = Tensor::from(std::span<const float>(noise(512 * 784)), {512, 784});
  const Tensor w = Tensor::from(std::span<const float>(noise(784 * 512)), {784, 512});
  const Tensor d = Tensor::from(std::span<const float>(noise(512 * 512)), {512, 512});
  const auto ratio = [&](const std::function<void()>& work) {
    set_threads(1);
    const double alone = seconds_per_call(work);
    set_threads(2);
    return alone / seconds_per_call(work);
  };
  results.add("speed_up/forward_512x784x512", ratio([&] { forward({x, w}); }), "x");
  results.add("speed_up/weight_gradient_784x512x512", ratio([&] { gradient({x, d}); }), "x");
  results.add("speed_up/adam_update_401408", ratio(adam_update(w)), "x");
  set_threads(before);
}

void sizes(Results& results) {
  const auto run = [](const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
  };
  const std::string tool = HEBB_BENCH_TOOL;
  results.add("tool/help", 1e3 * median_seconds(21, [&] { run(tool + " --help"); }), "ms", {{"target", 20}});
  const auto stripped = [&](const std::string& path) {
    const std::string copy = (std::filesystem::temp_directory_path() / "hebb_bench_stripped").string();
    run("cp '" + path + "' " + copy + " && strip --strip-unneeded " + copy);
    const auto bytes = static_cast<double>(std::filesystem::file_size(copy));
    std::filesystem::remove(copy);
    return bytes / 1e6;
  };
  results.add("size/tool", stripped(tool), "MB", {{"target", 10}});
  // Linked whole into an empty program: an archive holds what only the linker reads, besides.
  const std::string program = (std::filesystem::temp_directory_path() / "hebb_bench_engine").string();
  if (run("echo 'int main() {}' | c++ -o " + program +
          " -x c++ - -x none -Wl,--whole-archive " HEBB_BENCH_ENGINE " -Wl,--no-whole-archive -lhwy")) {
    results.add("size/engine", stripped(program), "MB", {{"target", 3}});
    std::filesystem::remove(program);
  }
  results.add("size/engine_archive", stripped(HEBB_BENCH_ENGINE), "MB");
}

/// One part of the measurements.
struct Section {
  std::string name;
  std::function<void()> run;
  bool of_mnist = false;
};

}  // namespace

int main(int argc, char** argv) {
  std::string output;
  std::string picture;
  std::vector<std::string> wanted;
  Results results;
  double peak = 0;
  const char* data = std::getenv("HEBB_DATA");
  const std::string folder = data == nullptr ? "" : data;
  const std::vector<Section> sections = {
      {"memories", [&] { associative_memories(results, picture); }},
      {"products", [&] { products(results, peak); }},
      {"convolutions", [&] { convolutions(results, peak); }},
      {"images", [&] { image_networks(results, peak); }},
      {"small", [&] { small_networks(results); }},
      {"inference", [&] { inference(results); }},
      {"quality",
       [&] {
         time_to_quality(results, folder, {"fast-mnist", 99.0, 6});
         time_to_quality(results, folder, {"accurate-mnist", 99.5, 60});
       },
       true},
      {"mnist", [&] { mnist(results, folder, peak); }, true},
      {"linear", [&] { linear_models(results, folder); }, true},
      {"scaling", [&] { scaling(results); }},
      {"sizes", [&] { sizes(results); }},
  };
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if ((option == "--json" || option == "--picture") && i + 1 < argc) {
      (option == "--json" ? output : picture) = argv[++i];
    } else if (std::any_of(sections.begin(), sections.end(),
                           [&](const Section& s) { return s.name == option; })) {
      wanted.push_back(option);
    } else {
      fmt::print(stderr,
                 "usage: hebb_bench [--json FILE] [--picture FILE.svg] [SECTION]...\n\n"
                 "  --picture   the cost of associative memories by size\n"
                 "  SECTION     what to measure; default: all. Sections:");
      for (const Section& section : sections) fmt::print(stderr, " {}", section.name);
      fmt::print(stderr, "\n");
      return 2;
    }
  }
  try {
    peak = peak_flops();
    results.add("machine/peak", peak / 1e9, "GFLOP/s", {{"isa", isa_name()}, {"threads", threads()}});
    for (const Section& section : sections) {
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), section.name) == wanted.end()) continue;
      if (section.of_mnist && folder.empty()) {
        fmt::print("SKIPPED: {} measures MNIST, and HEBB_DATA is not set\n", section.name);
      } else {
        section.run();
      }
    }
    if (!output.empty()) std::ofstream(output) << results.all().dump(1) << "\n";
  } catch (const hebb::Error& error) {
    fmt::print(stderr, "hebb_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
