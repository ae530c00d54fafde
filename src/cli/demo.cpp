#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/memory_options.hpp"
#include "cli/plot.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "hebb/binary_memory.hpp"
#include "hebb/datasets.hpp"
#include "hebb/model.hpp"
#include "hebb/run.hpp"

namespace hebb::cli {

namespace {

constexpr const char* kTwoLayers = "dense(4, act=sigmoid, bias=false) dense(1, act=sigmoid, bias=false)";
constexpr const char* kDigits = "dense(128, act=relu) dense(10)";

int width() { return std::clamp(terminal_width(1), 40, 78); }

void two_layer_network() {
  print(
      fmt::format("1. A network of two layers learns a truth table\n\n"
                  "   model  {}\n"
                  "   loss   the sum of squared errors; gradient descent, rate 1, 1500 steps\n\n",
                  kTwoLayers));
  TrainConfig config;
  config.data = "truth-table";
  config.model = kTwoLayers;
  config.loss = "sse";
  config.optimizer = "gd";
  config.learning_rate = 1;
  config.batch_size = 0;
  config.epochs = 1500;
  config.scale = ScaleKind::none;
  const DataSplits data = load_dataset("truth-table");
  const RunResult result = run_training(config, data);
  const std::vector<double> history = result.training.loss_history();
  print("   loss by step\n" + plot_curve(history, {.width = width(), .utf8 = speaks_utf8()}) + "\n");

  LoadedModel model(result.model);
  std::vector<std::vector<std::string>> rows = {{"   input", "true", "predicted"}};
  for (std::int64_t i = 0; i < data.train->size(); ++i) {
    std::vector<float> x(static_cast<std::size_t>(model.inputs()));
    float y = 0;
    std::int32_t label = 0;
    const bool classes = data.train->target_kind() == TargetKind::classes;
    data.train->fill(std::span(&i, 1), x.data(),
                     {.labels = classes ? &label : nullptr, .values = classes ? nullptr : &y});
    std::string input = "   ";
    for (const float value : x) input += fmt::format("{:.0f} ", value);
    rows.push_back({input, fmt::format("{:.0f}", classes ? static_cast<float>(label) : y),
                    fmt::format("{:.3f}", model.predict(x)[0])});
  }
  print(table(rows));
  double seconds = 0;
  for (const EpochReport& report : result.training.epochs) seconds += report.seconds;
  print(fmt::format("\n   loss {:.4f} at first, {:.4f} in the end; 1500 steps took {:.2f} ms\n\n",
                    history.front(), history.back(), 1000 * seconds));
}

/// Digits the model got wrong, as pictures.
std::string mistakes(const SavedModel& saved, const Dataset& test) {
  LoadedModel model(saved);
  const auto most = static_cast<std::size_t>(std::max(1, width() / 29));
  std::vector<std::vector<std::uint8_t>> pixels;
  std::vector<std::string> captions;
  std::vector<float> x(static_cast<std::size_t>(model.inputs()));
  for (std::int64_t i = 0; i < test.size() && pixels.size() < most; ++i) {
    std::int32_t label = 0;
    test.fill(std::span(&i, 1), x.data(), {.labels = &label});
    const std::int64_t guess = model.predict_class(x);
    if (guess == label) continue;
    pixels.emplace_back(x.begin(), x.end());
    captions.push_back(fmt::format("a {}, taken for a {}", label, guess));
  }
  if (pixels.empty()) return "";
  std::vector<std::span<const std::uint8_t>> views(pixels.begin(), pixels.end());
  constexpr auto kSide = static_cast<int>(kStrokesSide);
  return draw_images(views, captions, {.height = kSide, .width = kSide}, speaks_utf8());
}

void digits(const Context& context) {
  print(
      fmt::format("2. A network learns to read digits that Hebb draws itself\n\n   model  {}\n\n", kDigits));
  TrainConfig config;
  config.data = "strokes";
  config.model = kDigits;
  config.batch_size = 64;
  config.epochs = 8;
  config.seed = 1;
  const DataSplits data = load_dataset("strokes");
  std::optional<Progress> progress;
  if (!context.quiet) progress.emplace(config.epochs);
  const RunResult result =
      run_training(config, data, {.observer = progress ? &*progress : nullptr, .stop = &interrupted()});
  progress.reset();
  if (result.training.interrupted) return;
  print(fmt::format("   {:.2f} % of {} digits it had never seen are read right. Some of the others:\n\n",
                    100 * result.test->classes->accuracy(), with_commas(result.test->samples)));
  print(mistakes(result.model, *data.test));
}

using State = std::vector<float>;  // of -1 and 1, [784]

/// One digit of each kind, as a state: ink is up.
std::vector<State> drawn_digits() {
  std::vector<State> result;
  for (std::uint64_t digit = 0; digit < 10; ++digit) {
    std::uint8_t pixels[kStrokesSide * kStrokesSide];
    draw_digit({.seed = 1, .noise = 0}, digit, pixels);
    State& state = result.emplace_back();
    for (const std::uint8_t pixel : pixels) state.push_back(pixel >= 128 ? 1.0F : -1.0F);
  }
  return result;
}

/// Two states, side by side where they fit.
std::string draw_states(const State& left, const State& right, const std::vector<std::string>& captions) {
  std::vector<std::uint8_t> pixels[2];
  for (const float x : left) pixels[0].push_back(x > 0 ? 255 : 0);
  for (const float x : right) pixels[1].push_back(x > 0 ? 255 : 0);
  constexpr auto kSide = static_cast<int>(kStrokesSide);
  const PixelSize size = {.height = kSide, .width = kSide};
  if (width() >= 2 * (kSide + 1)) return draw_images({pixels[0], pixels[1]}, captions, size, speaks_utf8());
  return draw_images({pixels[0]}, {captions[0]}, size, speaks_utf8()) +
         draw_images({pixels[1]}, {captions[1]}, size, speaks_utf8());
}

void recall() {
  constexpr std::size_t kTrials = 200;
  print(
      "\n3. A Hopfield network remembers ten drawn digits\n\n"
      "   784 units, every one joined to every other; the projection rule makes each digit\n"
      "   a place of rest. Of a digit a quarter of the bits is inverted; unit by unit, the\n"
      "   energy goes down until nothing changes any more.\n\n");
  memory::BinaryMemory digits(kStrokesSide * kStrokesSide, {.rule = memory::Rule::pseudo_inverse});
  const std::vector<State> patterns = drawn_digits();
  for (const State& pattern : patterns) digits.store(pattern);

  State cues;
  for (std::size_t k = 0; k < kTrials; ++k) {
    State cue = patterns[k % patterns.size()];
    invert(cue, 0.25, Random(1, k));
    cues.insert(cues.end(), cue.begin(), cue.end());
  }
  const std::vector<memory::Recall> found = digits.recall_batch(cues);
  std::size_t exact = 0;
  for (std::size_t k = 0; k < kTrials; ++k) exact += found[k].state == patterns[k % patterns.size()];

  for (const std::size_t shown : {3, 8}) {
    const auto first = cues.begin() + static_cast<std::ptrdiff_t>(shown * patterns[0].size());
    const State cue(first, first + static_cast<std::ptrdiff_t>(patterns[0].size()));
    const memory::Recall& recall = found[shown];
    print(draw_states(cue, recall.state,
                      {"a quarter inverted", fmt::format("after {} sweeps", recall.sweeps)}));
    print(fmt::format("   energy {:.1f} at first, {:.1f} at rest\n\n", *recall.energy_start,
                      *recall.energy_end));
  }
  print(fmt::format("   {} of {} damaged digits were recalled to the last bit.\n", exact, kTrials));
}

void run(Context& context) {
  watch_interrupts();
  two_layer_network();
  if (!interrupted()) digits(context);
  if (!interrupted()) recall();
  if (interrupted()) {
    context.exit_code = kInterrupted;
    return;
  }
  print(R"(
What to try next:
  hebb train --data spirals --model 'dense(32, act=tanh) dense(3)' --epochs 200
  hebb train --data iris --model 'dense(16, act=tanh) dense(3)' --epochs 60 --out runs/iris
  hebb inspect runs/iris
  hebb fetch mnist
  hebb train --data mnist --model 'dense(128, act=relu) dense(10)' --batch-size 128 --epochs 5
  hebb memory store digits.hebb --rule pseudo-inverse --data strokes --count 50
  hebb memory recall digits.hebb --pattern 0 --flip 0.25 --trace
)");
}

}  // namespace

void add_demo(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("demo", "See it work, in seconds, without any file");
  add_threads(*command);
  command->footer(
      "Trains a two-layer network on a truth table and draws its loss, then another one\n"
      "on digits that Hebb draws itself, and shows those it got wrong. Then a Hopfield\n"
      "network recalls digits from damaged ones.\n\nExamples:\n  hebb demo\n  hebb "
      "demo --threads 1 --quiet");
  command->callback([&context] { run(context); });
}

}  // namespace hebb::cli
