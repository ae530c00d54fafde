#include "hebb/gradcheck.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "cli/command.hpp"
#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/model_file.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

constexpr const char* kExamples =
    R"(Compares every derivative with finite differences in float64. Errors are in
units of what rounding and truncation allow; up to 1 is right.

Examples:
  hebb gradcheck                               every operation
  hebb gradcheck --model runs/mlp/best.safetensors
  hebb gradcheck --model 'dense(8, act=gelu) layer_norm dense(3)' --input 5)";

struct Options {
  std::string model;
  std::vector<std::int64_t> input = {4};
  std::string loss;
  std::int64_t cases = 10;
  std::uint64_t seed = 0;
  bool json = false;
};

std::vector<GradientReport> check_given_model(const Options& options) {
  if (options.model.ends_with(".safetensors")) {
    const SavedModel saved = load_model(options.model);
    return check_model(*saved.module, saved.input.input_shape, saved.loss, options.seed);
  }
  Sequential model = Sequential::parse(options.model);
  const Shape input{std::vector<std::int64_t>(options.input)};
  model.build(input, options.seed);
  return check_model(model, input, options.loss.empty() ? Loss("mse") : Loss::parse(options.loss),
                     options.seed);
}

void run(const Options& options, Context& context) {
  if (options.cases < 1) throw ConfigError(fmt::format("--cases: expected 1 or more, got {}", options.cases));
  const std::vector<GradientReport> reports =
      options.model.empty() ? check_ops(options.cases, options.seed) : check_given_model(options);
  std::int64_t failed = 0;
  std::vector<std::vector<std::string>> rows = {
      {"", "derivative", "compared", "error", "largest gradient", ""}};
  Json all = Json::array();
  for (const GradientReport& r : reports) {
    failed += r.passed ? 0 : 1;
    const bool compared = r.elements > 0;
    rows.push_back({r.name, r.derivative, std::to_string(r.elements),
                    compared ? fmt::format("{:.2g}", r.largest_error) : "",
                    compared ? fmt::format("{:.3g}", r.largest_gradient) : "",
                    r.passed ? "passed" : "FAILED: " + r.failure});
    all.push_back({{"name", r.name},
                   {"derivative", r.derivative},
                   {"elements", r.elements},
                   {"largest_error", r.largest_error},
                   {"largest_gradient", r.largest_gradient},
                   {"passed", r.passed},
                   {"failure", r.failure}});
  }
  if (options.json) {
    print(json_text(Json{{"failed", failed}, {"checks", all}}) + "\n");
  } else {
    print(table(rows) + fmt::format("\n{} of {} passed\n", reports.size() - static_cast<std::size_t>(failed),
                                    reports.size()));
  }
  if (failed > 0) context.exit_code = 1;
}

}  // namespace

void add_gradcheck(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("gradcheck", "Check derivatives against finite differences");
  auto options = std::make_shared<Options>();
  command
      ->add_option("--model", options->model,
                   "A saved model or a model description, instead of the operations")
      ->type_name("MODEL|LAYERS");
  command->add_option("--input", options->input, "Shape of a sample, for a model description (default 4)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_option("--loss", options->loss, "Loss, for a model description (default mse)")
      ->type_name("NAME");
  command->add_option("--cases", options->cases, "Random cases for each operation (default 10)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_option("--seed", options->seed, "Where the random numbers start")
      ->check(is_number<std::uint64_t>())
      ->type_name("N");
  command->add_flag("--json", options->json, "Print one JSON object instead of text");
  command->footer(kExamples);
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace hebb::cli
