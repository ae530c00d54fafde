#include <fmt/format.h>

#include <functional>

#include "cli/command.hpp"
#include "core/parallel.hpp"
#include "hebb/model.hpp"
#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "hebb/training_step.hpp"
#include "io/json.hpp"
#include "kernels/gemm.hpp"
#include "kernels/isa.hpp"

namespace hebb::cli {

namespace {

using Clock = std::chrono::steady_clock;

/// Seconds of one call, the least of several rounds that last about a tenth of a second each.
double time_of(const std::function<void()>& call) {
  const auto measure = [&](std::int64_t calls) {
    const auto start = Clock::now();
    for (std::int64_t i = 0; i < calls; ++i) call();
    return std::chrono::duration<double>(Clock::now() - start).count() / static_cast<double>(calls);
  };
  call();
  const double once = measure(1);
  const auto calls = std::max<std::int64_t>(1, static_cast<std::int64_t>(0.1 / std::max(once, 1e-8)));
  double best = measure(calls);
  for (int round = 0; round < 4; ++round) best = std::min(best, measure(calls));
  return best;
}

struct Line {
  std::string name;
  double seconds = 0;
  double flop = 0;  ///< 0 where a rate says nothing
};

double peak_flops() {
  constexpr std::int64_t kRounds = 20000;
  const double seconds =
      time_of([] { parallel_for(threads(), [](std::int64_t) { multiply_and_add(kRounds); }); });
  return static_cast<double>(multiply_and_add(kRounds)) * threads() / seconds;
}

Line product(std::int64_t m, std::int64_t n, std::int64_t k) {
  const Gemm gemm({.m = m, .n = n, .k = k, .a_stride = k, .b_stride = n, .c_stride = n});
  const auto room = [](std::int64_t floats) {
    return std::vector<float>(static_cast<std::size_t>(floats) + 16, 0.5F);
  };
  const std::vector<float> a = room(m * k);
  const std::vector<float> b = room(k * n);
  std::vector<float> c = room(m * n);
  const double seconds = time_of([&] { gemm.run({a.data(), b.data(), nullptr, c.data()}); });
  return {fmt::format("product {} x {} x {}", m, n, k), seconds, 2.0 * static_cast<double>(m * n * k)};
}

Line two_layer_network() {
  auto model = Sequential::parse("dense(4, act=sigmoid, bias=false) dense(1, act=sigmoid, bias=false)");
  model.build({3});
  TrainingStep step(model, {.input = {3}, .target = {1}},
                    {.loss = "sse", .optimizer = Sgd({.learning_rate = 1})});
  step(Tensor::rows({{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}}), Tensor::rows({{0}, {1}, {1}, {0}}));
  return {"two-layer network, 1500 steps", time_of([&] {
            for (int i = 0; i < 1500; ++i) step.run();
          })};
}

Line perceptron(std::int64_t batch) {
  auto model = Sequential::parse("dense(128, act=relu) dense(10)");
  model.build({784}, 1);
  TrainingStep step(model, {.input = {784}, .target_type = DType::i32},
                    {.loss = "cross_entropy", .optimizer = Adam()});
  const BatchBuffers buffers = step.batch(batch);
  Random random(1, 0);
  for (std::int64_t i = 0; i < batch * 784; ++i) buffers.inputs[i] = random.normal();
  for (std::int64_t i = 0; i < batch; ++i) buffers.labels[i] = static_cast<std::int32_t>(random.below(10));
  // Forward, weight gradients, and the gradient of the hidden layer.
  const double flop = 2.0 * static_cast<double>(batch) * (2 * 784 * 128 + 3 * 128 * 10);
  return {fmt::format("MLP 784-128-10, Adam step, batch {}", batch), time_of([&] { step.run(); }), flop};
}

Line prediction() {
  auto model = Sequential::parse("dense(128, act=relu) dense(10)");
  model.build({784}, 1);
  Predictor predictor(model, {784});
  const std::vector<float> x(784, 0.5F);
  return {"MLP 784-128-10, prediction of one", time_of([&] { predictor(x); }), 2.0 * (784 * 128 + 1280)};
}

void run(bool json) {
  const double peak = peak_flops();
  std::vector<Line> lines;
  for (const std::int64_t n : {512, 1024, 2048}) lines.push_back(product(n, n, n));
  lines.push_back(product(128, 128, 784));
  lines.push_back(two_layer_network());
  for (const std::int64_t batch : {32, 128}) lines.push_back(perceptron(batch));
  lines.push_back(prediction());
  if (json) {
    Json all = Json::array();
    for (const Line& line : lines) {
      all.push_back({{"name", line.name}, {"seconds", line.seconds}, {"flop", line.flop}});
    }
    print(json_text(
              Json{{"isa", isa_name()}, {"threads", threads()}, {"peak_flops", peak}, {"measured", all}}) +
          "\n");
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"", "time", "GFLOP/s", "of peak"}};
  for (const Line& line : lines) {
    const double rate = line.flop / line.seconds;
    rows.push_back({line.name, fmt::format("{:.2f} us", 1e6 * line.seconds),
                    line.flop > 0 ? fmt::format("{:.1f}", rate / 1e9) : "",
                    line.flop > 0 ? fmt::format("{:.0f} %", 100 * rate / peak) : ""});
  }
  print(fmt::format("{}, {} threads; peak measured: {:.0f} GFLOP/s\n\n{}", isa_name(), threads(), peak / 1e9,
                    table(rows)));
}

}  // namespace

void add_bench(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("bench", "Measure this machine");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print one JSON object instead of text");
  add_threads(*command);
  command->footer(
      "Products, training steps and predictions, as shares of the peak of multiply-adds\nin registers. "
      "Nothing else should run meanwhile. Examples:\n  hebb bench\n  hebb bench --threads 1 --json");
  command->callback([json] { run(*json); });
}

}  // namespace hebb::cli
