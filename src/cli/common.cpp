#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/evaluation.hpp"
#include "hebb/threads.hpp"

namespace hebb::cli {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

extern "C" void on_interrupt(int) {
  // The second time the system's own way of ending a process takes over.
  if (interrupted().exchange(true)) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
}

bool is_figure(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.,+-e%") == std::string::npos;
}

}  // namespace

std::atomic<bool>& interrupted() {
  static std::atomic<bool> flag{false};
  return flag;
}

void watch_interrupts() {
  interrupted();
  std::signal(SIGINT, on_interrupt);
}

std::string cache_directory() {
  const std::string cache = environment("XDG_CACHE_HOME");
  if (!cache.empty()) return cache + "/hebb";
  const std::string home = environment("HOME");
  return home.empty() ? std::string() : home + "/.cache/hebb";
}

std::vector<std::string> data_directories(const std::vector<std::string>& given) {
  std::vector<std::string> all = given;
  for (const std::string& folder : {environment("HEBB_DATA"), cache_directory()}) {
    if (!folder.empty()) all.push_back(folder);
  }
  return all;
}

template <class T>
CLI::Validator is_number() {
  return {[](const std::string& text) -> std::string {
            T value{};
            const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (status == std::errc() && end == text.data() + text.size()) return {};
            constexpr const char* kExpected = std::is_floating_point_v<T> ? "a number"
                                              : std::is_signed_v<T>       ? "a whole number"
                                                                          : "a whole number of 0 or more";
            const char* problem = status == std::errc::result_out_of_range ? " that is too large" : "";
            return std::string("expected ") + kExpected + ", got " + in_quotes(text) + problem;
          },
          ""};
}
template CLI::Validator is_number<int>();
template CLI::Validator is_number<std::int64_t>();
template CLI::Validator is_number<std::uint64_t>();
template CLI::Validator is_number<double>();

CLI::Validator is_given() {
  return {
      [](const std::string& text) -> std::string { return text.empty() ? "expected a path, got ''" : ""; },
      ""};
}

void add_precision(CLI::App& command, std::string& name) {
  command.add_option("--precision", name, kPrecisionHelp)->check(is_given())->type_name("NAME");
}

void add_shifts(CLI::App& command, std::int64_t& pixels) {
  command
      .add_option("--tta", pixels,
                  "Images: average the predictions of all shifts by up to N pixels (test-time augmentation)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
}

void average_over_shifts(SavedModel& model, std::int64_t pixels) {
  if (pixels == 0) return;
  model.module = hebb::average_over_shifts(*model.module, model.loss, model.input.input_shape, pixels);
}

void add_threads(CLI::App& command) {
  command
      .add_option_function<int>(
          "--threads", [](int count) { set_threads(count); },
          "Threads to compute with; results do not depend on it (default: all processors, or HEBB_THREADS)")
      ->check(is_number<int>())
      ->type_name("N");
}

void add_data_options(CLI::App& command, const std::function<void(ChangeData)>& note) {
  const std::string group = "Data";
  const auto text = [&](const char* name, auto member, const char* type, const char* help) {
    command
        .add_option_function<std::string>(
            name, [=](const std::string& value) { note([=](DataOptions& o) { member(o, value); }); }, help)
        ->type_name(type)
        ->group(group);
  };
  const auto number = [&](const char* name, auto member, const char* help) {
    command
        .add_option_function<std::int64_t>(
            name, [=](std::int64_t value) { note([=](DataOptions& o) { member(o, value); }); }, help)
        ->check(is_number<std::int64_t>())
        ->type_name("N")
        ->group(group);
  };
  command
      .add_option_function<std::vector<std::string>>(
          "--data-dir",
          [=](const std::vector<std::string>& folders) {
            note([=](DataOptions& o) { o.directories = folders; });
          },
          "Folder that holds data sets, each in a folder of its name; then $HEBB_DATA and the cache are "
          "tried")
      ->type_name("DIR")
      ->group(group);
  text(
      "--target", [](DataOptions& o, const std::string& v) { o.target = v; }, "COLUMN",
      "Table: the column to learn, by name or number (default: the last)");
  text(
      "--task", [](DataOptions& o, const std::string& v) { o.task = parse_task(v); }, "KIND",
      "Table: auto, classification or regression");
  text(
      "--missing", [](DataOptions& o, const std::string& v) { o.missing = parse_missing(v); }, "HOW",
      "Table: missing values are an error, or take the mean, or drop the row");
  command
      .add_option_function<std::vector<std::string>>(
          "--ignore",
          [=](const std::vector<std::string>& columns) { note([=](DataOptions& o) { o.ignore = columns; }); },
          "Table: columns to leave out")
      ->type_name("COLUMN")
      ->group(group);
  command
      .add_option_function<bool>(
          "--header", [=](bool value) { note([=](DataOptions& o) { o.header = value; }); },
          "Table: whether the first row holds names (default: told by its content)")
      ->type_name("true|false")
      ->group(group);
  text(
      "--labels", [](DataOptions& o, const std::string& v) { o.labels_path = v; }, "FILE",
      "IDX: the file of labels that goes with a file of images");
  text(
      "--image-size", [](DataOptions& o, const std::string& v) { o.image_size = v; }, "N|HxW",
      "Folder of images: resize them (default: the size they all have)");
  number(
      "--channels", [](DataOptions& o, std::int64_t v) { o.channels = v; },
      "Folder of images: 1 gray, 3 colour (default: colour if one has it)");
  command
      .add_flag_callback(
          "--skip-bad", [=] { note([](DataOptions& o) { o.skip_bad = true; }); },
          "Folder of images: leave out files that cannot be read")
      ->group(group);
  number(
      "--count", [](DataOptions& o, std::int64_t v) { o.count = v; }, "Generated data: training samples");
  number(
      "--test-count", [](DataOptions& o, std::int64_t v) { o.test_count = v; },
      "Generated data: test samples");
  number(
      "--classes", [](DataOptions& o, std::int64_t v) { o.classes = v; },
      "Blobs and spirals: number of classes");
  command
      .add_option_function<double>(
          "--noise", [=](double value) { note([=](DataOptions& o) { o.noise = value; }); },
          "Generated data: deviation of the noise")
      ->check(is_number<double>())
      ->type_name("X")
      ->group(group);
  command
      .add_option_function<std::uint64_t>(
          "--data-seed", [=](std::uint64_t value) { note([=](DataOptions& o) { o.seed = value; }); },
          "Generated data: where the random numbers start")
      ->check(is_number<std::uint64_t>())
      ->type_name("N")
      ->group(group);
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  throw FormatError("standard output cannot be written");
}

void tell(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::string with_commas(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  std::vector<bool> numeric;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    widths.resize(std::max(widths.size(), rows[r].size()));
    numeric.resize(widths.size(), true);
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      widths[c] = std::max(widths[c], display_width(rows[r][c]));
      if (r > 0 && !rows[r][c].empty() && !is_figure(rows[r][c])) numeric[c] = false;
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string pad(widths[c] - display_width(row[c]), ' ');
      line += (c == 0 ? "" : "  ") + (numeric[c] ? pad + row[c] : row[c] + pad);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace hebb::cli
