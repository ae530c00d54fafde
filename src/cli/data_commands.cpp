/// `datasets` and `fetch`.
#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/contact_sheet.hpp"
#include "cli/terminal.hpp"
#include "hebb/error.hpp"
#include "hebb/fetch.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

struct ListArguments {
  std::string name;
  std::string png;
  std::string augment;
  std::uint64_t seed = 0;
  bool json = false;
  DataOptions data_options;
};

void list(const std::vector<std::string>& folders, bool json) {
  const std::vector<DatasetInfo> known = known_datasets(data_directories(folders));
  if (json) {
    Json all = Json::array();
    for (const DatasetInfo& info : known) {
      all.push_back({{"name", info.name},
                     {"description", info.description},
                     {"shape", info.shape},
                     {"train", info.train},
                     {"test", info.test},
                     {"needs_files", info.needs_files},
                     {"directory", info.directory}});
    }
    print(json_text(Json{{"datasets", all}}) + "\n");
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"name", "shape", "train", "test", ""}};
  for (const DatasetInfo& info : known) {
    std::string note = info.description;
    if (info.needs_files)
      note +=
          info.directory.empty() ? " (hebb fetch " + info.fetched_as + ")" : " (in " + info.directory + ")";
    rows.push_back({info.name, info.shape, with_commas(info.train), with_commas(info.test), note});
  }
  print(table(rows));
}

void draw_samples(ListArguments& arguments) {
  if (arguments.png.empty()) {
    throw ConfigError("datasets: expected --png FILE to draw samples of " + arguments.name +
                      "; 'hebb inspect' describes a data set");
  }
  if (arguments.json) throw ConfigError("datasets: --json lists data sets, and --png draws one");
  arguments.data_options.directories = data_directories(arguments.data_options.directories);
  const Augmentation augment = Augmentation::parse(arguments.augment);
  write_png(arguments.png, contact_sheet(load_dataset(arguments.name, arguments.data_options),
                                         {.augment = augment, .seed = arguments.seed}));
}

void datasets(ListArguments& arguments) {
  if (!arguments.name.empty()) return draw_samples(arguments);
  if (!arguments.png.empty() || !arguments.augment.empty())
    throw ConfigError("datasets: expected the name of a data set to draw");
  list(arguments.data_options.directories, arguments.json);
}

struct FetchArguments {
  std::string name;
  std::string folder;
  std::vector<std::string> mirrors;
};

/// A line that is redrawn on a terminal; otherwise a line a file.
void show(const FetchProgress& p) {
  static std::string announced;
  if (is_terminal(2)) {
    tell(fmt::format("\r{} {}/{}: {:3} %\033[K", p.file, p.file_number, p.files,
                     p.total > 0 ? 100 * p.received / p.total : 0));
  } else if (announced != p.file) {
    announced = p.file;
    tell(fmt::format("{} ({} of {}) from {}\n", p.file, p.file_number, p.files, p.mirror));
  }
}

void fetch(const FetchArguments& arguments, Context& context) {
  watch_interrupts();
  FetchOptions options;
  options.cache_dir = arguments.folder.empty() ? cache_directory() : arguments.folder;
  options.mirrors = arguments.mirrors;
  options.cancel = &interrupted();
  // A mirror of one's own choice, such as one on this machine, may be plain.
  options.allow_http = !arguments.mirrors.empty();
  if (!context.quiet) options.progress = show;
  const FetchResult result = fetch_dataset(arguments.name, options);
  if (!context.quiet && is_terminal(2)) tell("\r\033[K");
  if (result.cancelled) {
    if (!context.quiet) tell("hebb: interrupted; what was received is kept for the next time\n");
    context.exit_code = kInterrupted;
    return;
  }
  if (!context.quiet) {
    tell(fmt::format("{} fetched, {} already there\n", result.downloaded.size(), result.present.size()));
  }
  print(result.directory + "\n");
}

}  // namespace

void add_datasets(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("datasets", "List the data sets that have a name, or draw one");
  auto arguments = std::make_shared<ListArguments>();
  command->add_option("name", arguments->name, "A data set of images, by name or file, to draw samples of")
      ->type_name("DATA");
  command->add_option("--png", arguments->png, "Where to draw a hundred of its samples")
      ->check(is_given())
      ->type_name("FILE");
  command
      ->add_option("--augment", arguments->augment,
                   "Draw ten samples instead, each with nine of its changes in training")
      ->type_name("CHANGES");
  command->add_option("--seed", arguments->seed, "Of the changes (default 0)")
      ->check(is_number<std::uint64_t>())
      ->type_name("N");
  command->add_flag("--json", arguments->json, "Print one JSON object instead of text");
  add_data_options(*command, [arguments](const ChangeData& change) { change(arguments->data_options); });
  command->footer(
      "Those that Hebb makes itself need no file; options such as --count and --noise\nof 'hebb train' "
      "change "
      "them. Examples:\n  hebb datasets\n  hebb inspect spirals --noise 0.1\n"
      "  hebb datasets mnist --augment 'shift(2) rotate(10)' --png changes.png");
  command->callback([arguments] { datasets(*arguments); });
}

void add_fetch(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("fetch", "Download a data set to the cache folder");
  auto arguments = std::make_shared<FetchArguments>();
  std::string known;
  for (const std::string& name : fetchable_datasets()) known += (known.empty() ? "" : " or ") + name;
  command->add_option("name", arguments->name, known)->type_name("NAME")->required();
  command->add_option("--data-dir", arguments->folder, "Folder to put it in (default: the cache)")
      ->type_name("DIR");
  command
      ->add_option("--mirror", arguments->mirrors,
                   "Address to try instead of the known ones, the file's name follows it")
      ->type_name("URL");
  command->footer(
      "Files are checked against their SHA-256; an interrupted download goes on where\n"
      "it was. Prints the folder. Example:\n  hebb fetch mnist");
  command->callback([arguments, &context] { fetch(*arguments, context); });
}

}  // namespace hebb::cli
