#include <fmt/format.h>

#include <algorithm>

#include "cli/chart_svg.hpp"
#include "cli/plot.hpp"
#include "cli/terminal.hpp"
#include "cli/trials.hpp"
#include "hebb/error.hpp"
#include "hebb/experiments.hpp"
#include "hebb/io.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

constexpr std::int64_t kSteps = 200;
constexpr int kRows = 12;

std::string text_of(const RateFinding& found) {
  std::string text = "smoothed loss by learning rate\n";
  text += plot_curve(found.losses, {.width = std::min(100, terminal_width(1)),
                                    .height = kRows,
                                    .utf8 = speaks_utf8(),
                                    .first = fmt::format("{:.2g}", found.rates.front()),
                                    .last = fmt::format("{:.2g}", found.rates.back())});
  if (found.suggested == 0) return text + "the loss does not fall: there is no rate to suggest\n";
  return text + fmt::format("\nlowest loss at {:.2g}{}\nsuggested (steepest fall): --lr {:.2g}\n",
                            found.at_minimum, found.diverged ? ", diverging soon after" : "",
                            found.suggested);
}

Json json_of(const RateFinding& found, const Context& context) {
  return {{"suggested", found.suggested == 0 ? Json(nullptr) : Json(found.suggested)},
          {"at_minimum", found.at_minimum},
          {"diverged", found.diverged},
          {"interrupted", found.interrupted},
          {"rates", found.rates},
          {"losses", found.losses},
          {"total_seconds", context.seconds()}};
}

}  // namespace

void find_rate(const TrialOptions& options, const TrialOutput& output, const TrainConfig& config,
               const DataSplits& data, Context& context) {
  const bool shows = is_terminal(2) && !context.quiet && !output.json;
  RateFinderOptions finder = {.steps = kSteps, .stop = &interrupted()};
  if (shows)
    finder.on_step = [](std::int64_t done) { tell(fmt::format("\rstep {}/{}\033[K", done, kSteps)); };
  const RateFinding found = find_learning_rate(config, data, finder);
  if (shows) tell("\r\033[K");
  if (found.interrupted) context.exit_code = kInterrupted;
  if (found.losses.empty() && !found.interrupted)
    throw DivergedError("the loss is not finite from the beginning: there is no rate to suggest");
  if (output.json) {
    print(json_text(json_of(found, context)) + "\n");
  } else if (found.interrupted) {
    if (!context.quiet) tell("hebb: interrupted\n");
  } else {
    print(text_of(found));
  }
  if (options.svg.empty() || found.interrupted) return;
  write_file_atomically(
      options.svg,
      chart_svg(
          {{.x = found.rates, .y = found.losses}},
          {.x_label = "learning rate", .y_label = "smoothed loss", .log_x = true, .mark = found.suggested}));
}

}  // namespace hebb::cli
