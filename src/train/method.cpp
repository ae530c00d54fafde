#include "train/method.hpp"

#include <fmt/format.h>

#include "hebb/error.hpp"

namespace hebb::training {

namespace {

/// "adam(beta1=0.8)" with a learning rate among its arguments.
std::string with_learning_rate(const std::string& text, double rate) {
  const std::size_t close = text.rfind(')');
  if (close == std::string::npos) return fmt::format("{}(learning_rate={})", text, rate);
  const std::size_t open = text.find('(');
  const bool none = open != std::string::npos && text.find_first_not_of(" \t", open + 1) == close;
  return fmt::format("{}{}learning_rate={}{}", text.substr(0, close), none ? "" : ", ", rate,
                     text.substr(close));
}

}  // namespace

Method parse_method(const TrainConfig& config) {
  Method method;
  try {
    const std::string text =
        config.learning_rate ? with_learning_rate(config.optimizer, *config.learning_rate) : config.optimizer;
    if (config.optimizer.find_first_not_of(" \t") == config.optimizer.find("lbfgs")) {
      method.lbfgs = Lbfgs::parse(text);
    } else {
      method.optimizer = Optimizer::parse(text);
    }
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("optimizer: {}", error.what()));
  }
  try {
    method.schedule = Schedule::parse(config.schedule);
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("schedule: {}", error.what()));
  }
  method.penalty = {.l1 = config.l1, .l2 = config.l2};
  method.clip = {.value = config.clip_value, .norm = config.clip_norm};
  if (method.lbfgs) {  // better refused than ignored
    const ScheduleOptions& schedule = method.schedule.options();
    const bool constant = schedule.kind == "constant" && schedule.warmup == 0;
    const char* key = !constant                ? "schedule"
                      : config.clip_value != 0 ? "clip_value"
                      : config.mixup != 0      ? "mixup"
                      : config.ema != 0        ? "ema"
                      : config.clip_norm != 0  ? "clip_norm"
                                               : nullptr;
    if (key != nullptr) throw ConfigError(fmt::format("{}: lbfgs chooses its steps itself", key));
  }
  return method;
}

}  // namespace hebb::training
