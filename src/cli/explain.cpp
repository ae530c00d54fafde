#include "hebb/explain.hpp"

#include <fmt/format.h>

#include <charconv>

#include "cli/command.hpp"
#include "cli/explain_html.hpp"
#include "cli/explain_text.hpp"
#include "cli/model_source.hpp"
#include "cli/terminal.hpp"
#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "train/method.hpp"

namespace hebb::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  hebb explain --data truth-table --loss sse --lr 1 --step 1 --model \
      'dense(4, act=sigmoid, bias=false) dense(1, act=sigmoid, bias=false)'
  hebb explain --data iris --model 'dense(8, act=tanh) dense(3)' --samples 0 50
  hebb explain --data iris --model 'dense(3)' --optimizer adam --step 100
  hebb explain runs/mlp --data mnist --sample 17 --html step.html
  hebb explain --data mnist --model lenet5 --json

The steps before --step are trained first, on the whole data set, as
'hebb train' does. Samples are those of the training split, from 0; without
--sample all of a data set of at most 8, else the first.)";

struct Options {
  ModelSource source = {.table_scale = ScaleKind::none};  // so that the numbers are those of the data
  std::string optimizer = "gd";
  std::optional<double> learning_rate;
  std::string batch_size;
  std::optional<std::int64_t> differences;
  std::vector<std::int64_t> samples;
  std::int64_t step = 1;
  double l1 = 0;
  double l2 = 0;
  std::string html;
  bool json = false;
  bool all = false;
};

std::int64_t batch_size_of(const Options& options, std::int64_t samples) {
  constexpr std::int64_t kUsual = 32;
  if (options.batch_size.empty()) return samples <= kUsual ? 0 : kUsual;
  if (options.batch_size == "full") return 0;
  std::int64_t value = 0;
  const char* end = options.batch_size.data() + options.batch_size.size();
  const auto [stop, status] = std::from_chars(options.batch_size.data(), end, value);
  if (status != std::errc() || stop != end || value < 1) {
    throw ConfigError("--batch-size: expected a whole number of 1 or more, or 'full', got " +
                      in_quotes(options.batch_size));
  }
  return value;
}

void run(Options& options) {
  const ReadyModel setup = ready_model(options.source);
  TrainConfig config;
  config.optimizer = options.optimizer;
  config.learning_rate = options.learning_rate;
  config.l1 = options.l1;
  config.l2 = options.l2;
  const training::Method method = training::parse_method(config);
  const TrainerOptions training = {.loss = setup.loss,
                                   .optimizer = method.optimizer,
                                   .lbfgs = method.lbfgs,
                                   .penalty = method.penalty,
                                   .batch_size = batch_size_of(options, setup.data.train->size()),
                                   .seed = options.source.seed};
  const Explanation explanation = explain(*setup.model, training, *setup.data.train,
                                          {.step = options.step,
                                           .samples = options.samples,
                                           .differences = options.all ? 0 : options.differences});
  const ExplainTitle title = {.data = setup.data.name, .seed = options.source.seed};
  if (!options.html.empty())
    write_file_atomically(options.html, explanation_html(explanation, title, options.all));
  if (options.json) {
    print(json_text(explanation_json(explanation)) + "\n");
  } else if (options.html.empty()) {
    print(explanation_text(explanation, title, {.all = options.all, .utf8 = speaks_utf8()}));
  }
}

}  // namespace

void add_explain(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("explain", "Open one training step: formulas and numbers");
  auto options = std::make_shared<Options>();
  add_model_source(*command, options->source);
  command
      ->add_option("--sample,--samples", options->samples,
                   "Numbers of the training samples that the step learns from")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command
      ->add_option("--step", options->step,
                   "Which step to open, from 1; those before are trained (default 1)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command
      ->add_option("--optimizer", options->optimizer,
                   "gd (default), momentum, nesterov, adagrad, rmsprop, adam, adamw, rprop")
      ->type_name("NAME");
  command
      ->add_option("--lr,--learning-rate", options->learning_rate,
                   "Learning rate (default: the optimiser's own)")
      ->check(is_number<double>())
      ->type_name("X");
  command->add_option("--l1", options->l1, "Penalty: times the sum of absolute weights")
      ->check(is_number<double>())
      ->type_name("X");
  command->add_option("--l2", options->l2, "Penalty: times the sum of squared weights")
      ->check(is_number<double>())
      ->type_name("X");
  command
      ->add_option("--batch-size", options->batch_size,
                   "Samples of each step before (default 32, or all where they are fewer)")
      ->type_name("N|full");
  command
      ->add_option(
          "--differences", options->differences,
          "Finite differences of each tensor; 0: of all elements (default: as many as take a second)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_flag("--all", options->all, "Show tensors whole, and every finite difference");
  command->add_option("--html", options->html, "Write it as a page with the graph drawn, instead of text")
      ->check(is_given())
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print one JSON object instead of text");
  add_threads(*command);
  add_data_options(*command,
                   [options](const ChangeData& change) { options->source.data_options.push_back(change); });
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
