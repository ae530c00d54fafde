#include "cli/lab.hpp"

#include "cli/plot_curves.hpp"
#include "cli/terminal.hpp"
#include "hebb/io.hpp"

namespace hebb::cli {

namespace {

/// Words in lines of at most `width` letters.
std::string wrapped(const std::string& text, std::size_t width) {
  std::string lines;
  std::size_t column = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::size_t length = end - begin;
    if (column > 0) {
      const bool fits = column + 1 + length <= width;
      lines += fits ? ' ' : '\n';
      column = fits ? column + 1 : 0;
    }
    lines.append(text, begin, length);
    column += length;
    begin = end + 1;
  }
  return lines + '\n';
}

}  // namespace

std::string table_number(double value) { return fmt::format("{:.4g}", value); }

Series loss_course(std::string label, const std::vector<double>& losses) {
  Series course{.label = std::move(label), .x = {}, .y = {}};
  for (const double loss : losses) {
    course.x.push_back(static_cast<double>(course.x.size()));
    course.y.push_back(std::min(loss, kHighest * losses.front()));
  }
  return course;
}

void add_lab_options(CLI::App& command, LabOutput& output, std::uint64_t& seed) {
  command.add_option("--seed", seed, "Of data, weights and order (default 0)")
      ->check(is_number<std::uint64_t>())
      ->type_name("N");
  add_threads(command);
  command.add_option("--svg", output.svg, "Draw the figures into this file")
      ->check(is_given())
      ->type_name("FILE");
  command.add_flag("--json", output.json, "One JSON object instead of figures and text");
}

void add_whole(CLI::App& command, const char* name, std::int64_t& value, const char* help) {
  command.add_option(name, value, help)->check(is_number<std::int64_t>())->type_name("N");
}

void add_number(CLI::App& command, const char* name, double& value, const char* help) {
  command.add_option(name, value, help)->check(is_number<double>())->type_name("X");
}

void show(const LabReport& report, const LabOutput& output) {
  if (!output.svg.empty()) {
    std::vector<SvgPicture> pictures = report.pictures;
    for (const Figure& figure : report.figures) pictures.push_back({chart_svg(figure.curves, figure.chart)});
    write_file_atomically(output.svg, stacked_svg(pictures));
  }
  if (output.json) {
    Json json = report.json;
    json["conclusion"] = report.conclusion;
    print(json_text(json) + "\n");
    return;
  }
  const int width = std::min(80, terminal_width(1));
  std::string text;
  for (const Figure& figure : report.figures)
    text +=
        plot_curves(figure.curves, figure.chart, {.width = width - 1, .height = 14, .utf8 = speaks_utf8()}) +
        "\n";
  text += report.text + "\n";
  for (const std::string& sentence : report.conclusion)
    text += wrapped(sentence, static_cast<std::size_t>(std::max(20, width - 1)));
  print(text);
}

void add_lab(CLI::App& app, Context& context) {
  CLI::App* lab = app.add_subcommand("lab", "Experiments on how learning goes well or badly");
  lab->require_subcommand(1);
  add_lab_overfitting(*lab, context);
  add_lab_capacity(*lab, context);
  add_lab_softening(*lab, context);
  add_lab_cures(*lab, context);
  add_lab_regularization(*lab, context);
  add_lab_learning_rate(*lab, context);
  add_lab_descent(*lab, context);
}

}  // namespace hebb::cli
