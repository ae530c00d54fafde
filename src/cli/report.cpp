#include "hebb/report.hpp"

#include <fmt/format.h>

#include "cli/command.hpp"
#include "hebb/error.hpp"

namespace hebb::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  hebb report runs/mlp                      writes runs/mlp/report.html anew
  hebb report runs/mlp runs/cnn --out both.html
  hebb report runs/mlp --json | jq '.runs[0].warnings'

The file needs nothing else and fetches nothing. Training with --out writes it
at its end; while a run goes on, this shows it as far as it was saved.)";

struct Options {
  std::vector<std::string> runs;
  std::string out;
  std::vector<std::string> data_dirs;
  bool json = false;
};

void run(const Options& options, const Context& context) {
  const ReportData data = [&](const TrainConfig& config) {
    DataOptions wanted = config.data_options;
    wanted.directories.insert(wanted.directories.begin(), options.data_dirs.begin(), options.data_dirs.end());
    wanted.directories = data_directories(wanted.directories);
    return load_dataset(config.data, wanted);
  };
  if (options.json) {
    print(report_json(options.runs, data) + "\n");
    return;
  }
  std::string out = options.out;
  if (out.empty()) {
    if (options.runs.size() > 1) throw ConfigError("--out: expected a file for the report of several runs");
    out = options.runs.front() + "/" + RunFiles::kReport;
  }
  write_report(out, options.runs, data);
  if (!context.quiet) tell(fmt::format("wrote {}\n", out));
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("report", "Show runs as a page: curves, mistakes, warnings");
  auto options = std::make_shared<Options>();
  command->add_option("runs", options->runs, "Folders of runs")->type_name("RUN")->required();
  command
      ->add_option("--out", options->out, "The HTML file to write (default: report.html in the run's folder)")
      ->check(is_given())
      ->type_name("FILE");
  command
      ->add_option("--data-dir", options->data_dirs, "A folder in which the runs' data sets are looked for")
      ->check(is_given())
      ->type_name("DIR");
  command->add_flag("--json", options->json, "Print what the page shows as one JSON object instead");
  add_threads(*command);
  command->footer(kExamples);
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace hebb::cli
