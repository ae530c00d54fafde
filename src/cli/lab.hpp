/// The experiments under `hebb lab`, one file each, and what they share.
#pragma once

#include "cli/chart_svg.hpp"
#include "cli/command.hpp"
#include "hebb/lab.hpp"
#include "io/json.hpp"

namespace hebb::cli {

void add_lab(CLI::App& app, Context& context);
void add_lab_overfitting(CLI::App& lab, Context& context);
void add_lab_capacity(CLI::App& lab, Context& context);
void add_lab_softening(CLI::App& lab, Context& context);
void add_lab_cures(CLI::App& lab, Context& context);
void add_lab_regularization(CLI::App& lab, Context& context);
void add_lab_learning_rate(CLI::App& lab, Context& context);
void add_lab_descent(CLI::App& lab, Context& context);

/// How an experiment is shown.
struct LabOutput {
  std::string svg;
  bool json = false;
};

/// A picture of an experiment.
struct Figure {
  std::vector<Series> curves = {};
  ChartSvg chart = {};
};

/// Losses before the first step and after each. Where a descent diverges little would be seen of the others,
/// so that losses of more than `kHighest` times the first are drawn there.
inline constexpr double kHighest = 10;
Series loss_course(std::string label, const std::vector<double>& losses);

/// A number of a table.
std::string table_number(double value);

/// --seed, --threads, --svg and --json.
void add_lab_options(CLI::App& command, LabOutput& output, std::uint64_t& seed);

/// An option that is a whole number, and one that is any.
void add_whole(CLI::App& command, const char* name, std::int64_t& value, const char* help);
void add_number(CLI::App& command, const char* name, double& value, const char* help);

/// What an experiment has to show.
struct LabReport {
  std::vector<SvgPicture> pictures = {};  ///< of the SVG alone, above the figures
  std::vector<Figure> figures;
  std::string text;  ///< of the terminal, below the figures: a table
  Json json;         ///< an object, which gets the conclusion
  lab::Conclusion conclusion;
};
/// Prints figures, text and conclusion, or all of it as one JSON object; writes the figures as SVG where
/// asked.
void show(const LabReport& report, const LabOutput& output);

}  // namespace hebb::cli
