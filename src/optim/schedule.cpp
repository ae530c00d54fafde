#include <algorithm>
#include <cmath>
#include <limits>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/optim.hpp"
#include "optim/option_text.hpp"

namespace hebb {

namespace {

constexpr double kPi = 3.141592653589793;
// One-cycle's first and last rate as parts of its largest: PyTorch's div_factor and final_div_factor.
constexpr double kCycleStart = 25;
constexpr double kCycleEnd = 1e4;

/// From `a` to `b` along half a cosine, as `part` goes from 0 to 1.
double half_cosine(double a, double b, double part) { return b + (a - b) * (1 + std::cos(kPi * part)) / 2; }

double one_cycle(double base, double peak, std::int64_t step, std::int64_t total) {
  const double first = base / kCycleStart;
  const double last = first / kCycleEnd;
  const double top = peak * static_cast<double>(total) - 1;
  const double end = static_cast<double>(total) - 1;
  const auto at = static_cast<double>(step);
  if (at <= top) return half_cosine(first, base, top > 0 ? at / top : 1);
  return half_cosine(base, last, end > top ? std::min(1.0, (at - top) / (end - top)) : 1);
}

}  // namespace

std::vector<std::string_view> schedule_names() {
  return {"constant", "step", "exponential", "cosine", "one_cycle", "plateau", "inverse"};
}

Schedule::Schedule(ScheduleOptions options)
    : options_(std::move(options)), best_(std::numeric_limits<double>::infinity()) {
  const auto names = schedule_names();
  if (std::find(names.begin(), names.end(), options_.kind) == names.end()) {
    throw ConfigError(unknown_name("schedule", options_.kind, names));
  }
  const ScheduleOptions& o = options_;
  require_option(std::isfinite(o.gamma) && o.gamma > 0, "schedule gamma", "a positive number", o.gamma);
  require_option(o.epochs > 0, "schedule epochs", "a positive number", static_cast<double>(o.epochs));
  require_option(std::isfinite(o.least) && o.least >= 0, "schedule least", "zero or a positive number",
                 o.least);
  require_option(o.peak > 0 && o.peak < 1, "schedule peak", "a number in (0, 1)", o.peak);
  require_option(o.patience >= 0, "schedule patience", "zero or a positive number",
                 static_cast<double>(o.patience));
  require_option(std::isfinite(o.threshold) && o.threshold >= 0, "schedule threshold",
                 "zero or a positive number", o.threshold);
  require_option(std::isfinite(o.power) && o.power >= 0, "schedule power", "zero or a positive number",
                 o.power);
  require_option(o.warmup >= 0, "schedule warmup", "zero or a positive number of steps",
                 static_cast<double>(o.warmup));
}

Schedule Schedule::parse(std::string_view text) {
  const OptionText options("schedule", text);
  ScheduleOptions o;
  o.kind = options.name();
  const auto to = [](double& target) { return [&target](double value) { target = value; }; };
  const auto whole = [](std::int64_t& target) {
    return [&target](double value) {
      require_option(value == std::floor(value) && std::abs(value) < 1e15, "schedule", "a whole number",
                     value);
      target = static_cast<std::int64_t>(value);
    };
  };
  options.assign({{"gamma", to(o.gamma)},
                  {"epochs", whole(o.epochs)},
                  {"least", to(o.least)},
                  {"peak", to(o.peak)},
                  {"patience", whole(o.patience)},
                  {"threshold", to(o.threshold)},
                  {"power", to(o.power)},
                  {"warmup", whole(o.warmup)}});
  return Schedule(std::move(o));
}

std::string Schedule::describe() const {
  const ScheduleOptions defaults;
  std::string inside;
  const auto show = [&](std::string_view key, double value, double usual) {
    if (value != usual) inside += (inside.empty() ? "" : ", ") + std::string(key) + "=" + number_text(value);
  };
  show("gamma", options_.gamma, defaults.gamma);
  show("epochs", static_cast<double>(options_.epochs), static_cast<double>(defaults.epochs));
  show("least", options_.least, defaults.least);
  show("peak", options_.peak, defaults.peak);
  show("patience", static_cast<double>(options_.patience), static_cast<double>(defaults.patience));
  show("threshold", options_.threshold, defaults.threshold);
  show("power", options_.power, defaults.power);
  show("warmup", static_cast<double>(options_.warmup), static_cast<double>(defaults.warmup));
  return inside.empty() ? options_.kind : options_.kind + "(" + inside + ")";
}

double Schedule::rate(double base, std::int64_t step, std::int64_t steps_per_epoch,
                      std::int64_t total_steps) const {
  if (step < options_.warmup) {
    return base * static_cast<double>(step + 1) / static_cast<double>(options_.warmup + 1);
  }
  const std::int64_t epoch = step / std::max<std::int64_t>(1, steps_per_epoch);
  if (options_.kind == "step")
    return base * std::pow(options_.gamma, static_cast<double>(epoch / options_.epochs));
  if (options_.kind == "exponential") return base * std::pow(options_.gamma, static_cast<double>(epoch));
  if (options_.kind == "cosine") {
    const double part =
        static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(1, total_steps));
    return half_cosine(base, std::min(base, options_.least), std::min(1.0, part));
  }
  if (options_.kind == "one_cycle") return one_cycle(base, options_.peak, step, total_steps);
  if (options_.kind == "plateau") return std::max(base * factor_, std::min(base, options_.least));
  if (options_.kind == "inverse") return base / std::pow(1 + static_cast<double>(step), options_.power);
  return base;
}

void Schedule::observe(double loss) {
  if (options_.kind != "plateau") return;
  if (loss < best_ * (1 - options_.threshold) || (std::isinf(best_) && std::isfinite(loss))) {
    best_ = loss;
    bad_epochs_ = 0;
  } else if (++bad_epochs_ > options_.patience) {
    factor_ *= options_.gamma;
    bad_epochs_ = 0;
  }
}

std::vector<double> Schedule::state() const { return {best_, factor_, static_cast<double>(bad_epochs_)}; }

void Schedule::set_state(std::span<const double> state) {
  if (state.size() != 3 || std::isnan(state[0]) || !(state[1] > 0) || !(state[2] >= 0 && state[2] < 1e15)) {
    throw FormatError("schedule state: expected three numbers, as `state` gives them");
  }
  best_ = state[0];
  factor_ = state[1];
  bad_epochs_ = static_cast<std::int64_t>(state[2]);
}

}  // namespace hebb
