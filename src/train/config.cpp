#include "hebb/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <type_traits>

// The library warns about its own headers under -Wshadow.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <toml++/toml.h>
#pragma GCC diagnostic pop

#include "core/names.hpp"
#include "hebb/augmentation.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/model.hpp"
#include "hebb/neurons.hpp"
#include "io/utf8.hpp"
#include "train/config_fields.hpp"
#include "train/method.hpp"
#include "train/neuron_training.hpp"

namespace hebb {
namespace {

constexpr std::uint64_t kMostConfigBytes = 1 << 20;

std::string_view name_of(Task task) {
  switch (task) {
    case Task::classification: return "classification";
    case Task::regression: return "regression";
    case Task::automatic: break;
  }
  return "auto";
}

std::string_view name_of(Missing missing) {
  switch (missing) {
    case Missing::mean: return "mean";
    case Missing::drop: return "drop";
    case Missing::error: break;
  }
  return "error";
}

/// Reads the values of one table into members of a configuration. Without a name there is no file to speak
/// of.
class Reader {
 public:
  Reader(const toml::table& table, std::string name) : table_(table), name_(std::move(name)) {}

  template <class Member>
  void operator()(std::string_view key, Member&& member) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return;
    try {
      read(*node, member);
    } catch (const ConfigError& error) {
      throw ConfigError(fmt::format("{}{}: {}", place(*node), key, error.what()));
    }
  }

  std::string place(const toml::node& node) const {
    if (name_.empty()) return {};
    const toml::source_position& begin = node.source().begin;
    return fmt::format("{}: line {}, column {}: ", name_, begin.line, begin.column);
  }

 private:
  [[noreturn]] static void refuse(const toml::node& node, std::string_view expected) {
    std::ostringstream kind;
    kind << node.type();
    throw ConfigError(
        fmt::format("expected {}, got {} {}", expected, kind.str() == "integer" ? "an" : "a", kind.str()));
  }

  static void read(const toml::node& node, std::string& to) {
    const auto* value = node.as_string();
    if (value == nullptr) refuse(node, "a text in quotes");
    to = value->get();
  }
  static void read(const toml::node& node, bool& to) {
    const auto* value = node.as_boolean();
    if (value == nullptr) refuse(node, "true or false");
    to = value->get();
  }
  static void read(const toml::node& node, std::int64_t& to) {
    const auto* value = node.as_integer();
    if (value == nullptr) refuse(node, "a whole number");
    to = value->get();
  }
  static void read(const toml::node& node, std::uint64_t& to) {
    std::int64_t value = 0;
    read(node, value);
    if (value < 0) throw ConfigError(fmt::format("expected 0 or more, got {}", value));
    to = static_cast<std::uint64_t>(value);
  }
  static void read(const toml::node& node, double& to) {
    if (const auto* whole = node.as_integer(); whole != nullptr) {
      to = static_cast<double>(whole->get());
      return;
    }
    const auto* value = node.as_floating_point();
    if (value == nullptr) refuse(node, "a number");
    to = value->get();
  }
  static void read(const toml::node& node, std::vector<std::string>& to) {
    const toml::array* values = node.as_array();
    if (values == nullptr) refuse(node, "a list of texts, such as [\"a\", \"b\"]");
    to.clear();
    for (const toml::node& value : *values) {
      to.emplace_back();
      read(value, to.back());
    }
  }
  template <class T>
  static void read(const toml::node& node, std::optional<T>& to) {
    T value{};
    read(node, value);
    to = value;
  }
  static void read(const toml::node& node, training::BatchSize& to) {
    if (const auto* text = node.as_string(); text != nullptr && text->get() == "full") {
      to.value = 0;
      return;
    }
    if (!node.is_integer()) refuse(node, "a whole number or \"full\"");
    read(node, to.value);
    if (to.value < 1) throw ConfigError(fmt::format("expected 1 or more, or \"full\", got {}", to.value));
  }
  static void read(const toml::node& node, ScaleKind& to) {
    std::string name;
    read(node, name);
    to = parse_scale_kind(name);
  }
  static void read(const toml::node& node, Task& to) {
    std::string name;
    read(node, name);
    to = parse_task(name);
  }
  static void read(const toml::node& node, Missing& to) {
    std::string name;
    read(node, name);
    to = parse_missing(name);
  }

  const toml::table& table_;
  std::string name_;
};

/// A TOML basic string.
std::string toml_quoted(std::string_view key, std::string_view text) {
  if (io::first_not_utf8(text) != std::string_view::npos) {
    throw ConfigError(fmt::format("{}: {} is not UTF-8 text", key, in_quotes(text)));
  }
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      result += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      result += c;
    }
  }
  return result + '"';
}

/// The TOML text of a value; empty for a value that is not there.
class Text {
 public:
  explicit Text(std::string_view key) : key_(key) {}
  std::string operator()(const std::string& value) const { return toml_quoted(key_, value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const {
    return key_ == "batch_size" && value == 0 ? "\"full\"" : fmt::format("{}", value);
  }
  std::string operator()(std::uint64_t value) const {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      throw ConfigError(fmt::format("{}: {} is more than 2^63 - 1", key_, value));
    }
    return fmt::format("{}", value);
  }
  std::string operator()(double value) const { return fmt::format("{}", value); }
  std::string operator()(ScaleKind value) const { return toml_quoted(key_, to_string(value)); }
  std::string operator()(Task value) const { return toml_quoted(key_, name_of(value)); }
  std::string operator()(Missing value) const { return toml_quoted(key_, name_of(value)); }
  std::string operator()(const std::vector<std::string>& values) const {
    std::string list;
    for (const std::string& value : values) list += (list.empty() ? "" : ", ") + toml_quoted(key_, value);
    return "[" + list + "]";
  }
  template <class T>
  std::string operator()(const std::optional<T>& value) const {
    return value ? (*this)(*value) : std::string();
  }

 private:
  std::string_view key_;
};

void refuse_unknown_keys(const toml::table& table, const Reader& reader) {
  const std::vector<std::string_view> known = config_keys();
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    throw ConfigError(reader.place(node) + unknown_name("key", key.str(), known));
  }
}

/// Prefixes what a part of the configuration is refused for with its key.
template <class Check>
void with_key(std::string_view key, const Check& check) {
  try {
    check();
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("{}: {}", key, error.what()));
  }
}

template <class T>
void require_range(std::string_view key, T value, T low, T high) {
  if (value >= low && value <= high) return;  // false for NaN
  const std::string expected = high == std::numeric_limits<T>::max() ? fmt::format("{} or more", low)
                                                                     : fmt::format("{} to {}", low, high);
  throw ConfigError(fmt::format("{}: expected {}, got {}", key, expected, value));
}

}  // namespace

namespace {

/// A word that no model is called, and that is more like a neuron's name, is told so.
void suggest_neuron(const std::string& model) {
  if (model.find_first_of(" \t\n(") != std::string::npos) return;
  std::vector<std::string_view> known = layer_names();
  for (const NamedModel& named : named_models()) known.push_back(named.name);
  if (std::find(known.begin(), known.end(), model) != known.end()) return;
  const std::size_t others = known.size();
  for (const neurons::NeuronHelp& help : neurons::neuron_help()) known.push_back(help.name);
  const std::string_view near = nearest(model, known);
  if (std::find(known.begin() + static_cast<std::ptrdiff_t>(others), known.end(), near) == known.end())
    return;
  throw ConfigError(unknown_name("model", model, known));
}

}  // namespace

void TrainConfig::check() const {
  constexpr auto kMostInteger = std::numeric_limits<std::int64_t>::max();
  constexpr double kMostReal = std::numeric_limits<float>::max();
  if (learning_rate && !(*learning_rate > 0 && *learning_rate <= kMostReal)) {
    throw ConfigError(fmt::format("learning_rate: expected a positive number, got {}", *learning_rate));
  }
  require_range<std::int64_t>("epochs", epochs, 0, kMostInteger);
  require_range<std::int64_t>("batch_size", batch_size, 0, kMostInteger);
  require_range<std::int64_t>("patience", patience, 0, kMostInteger);
  require_range<std::int64_t>("evaluation_batch", evaluation_batch, 1, std::int64_t{1} << 31);
  require_range<std::int64_t>("threads", threads, 0, 256);
  for (const auto& [key, value] :
       {std::pair("l1", l1), {"l2", l2}, {"clip_value", clip_value}, {"clip_norm", clip_norm}}) {
    require_range(key, value, 0.0, kMostReal);
  }
  require_range("mixup", mixup, 0.0, kMostReal);
  if (!(ema >= 0 && ema < 1))
    throw ConfigError(fmt::format("ema: expected a decay from 0 to below 1, got {}", ema));
  require_range("checkpoint_seconds", checkpoint_seconds, 0.0, 1e9);
  if (!(validation >= 0 && validation < 1)) {
    throw ConfigError(fmt::format("validation: expected a share from 0 to below 1, got {}", validation));
  }
  precision_named(precision);
  if (loss != "auto") with_key("loss", [&] { Loss::parse(loss); });
  with_key("augment", [&] { Augmentation::parse(augment); });
  if (neurons::is_neuron(model)) {
    training::parse_neuron(*this);
    return;
  }
  training::parse_method(*this);
  if (!model.empty()) {
    with_key("model", [&] {
      suggest_neuron(model);
      Sequential::parse(model);
    });
  }
  if (!replace_last.empty()) {
    with_key("replace_last", [&] {
      const std::size_t layers = Sequential::parse(replace_last).size();
      if (layers != 1) throw ConfigError(fmt::format("expected one layer, got {}", layers));
    });
  }
}

TrainConfig parse_config(std::string_view text, const std::string& name) {
  toml::table table;
  try {
    table = toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    const toml::source_position& begin = error.source().begin;
    throw ConfigError(
        fmt::format("{}: line {}, column {}: {}", name, begin.line, begin.column, error.description()));
  }
  TrainConfig config;
  const Reader reader(table, name);
  refuse_unknown_keys(table, reader);
  training::for_each_field(
      config, [](std::string_view) {}, reader);
  try {
    config.check();
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("{}: {}", name, error.what()));
  }
  return config;
}

TrainConfig read_config(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path, kMostConfigBytes);
  return parse_config({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

std::string to_toml(const TrainConfig& config) {
  std::string text;
  training::for_each_field(
      config,
      [&](std::string_view title) { text += fmt::format("{}# {}\n", text.empty() ? "" : "\n", title); },
      [&](std::string_view key, const auto& value) {
        const std::string written = Text(key)(value);
        if (!written.empty()) text += fmt::format("{} = {}\n", key, written);
      });
  return text;
}

std::vector<std::string_view> config_keys() {
  std::vector<std::string_view> keys;
  const TrainConfig config;
  training::for_each_field(
      config, [](std::string_view) {}, [&](std::string_view key, const auto&) { keys.push_back(key); });
  return keys;
}

void set_config_value(TrainConfig& config, const std::string& key, const std::string& text) {
  const std::vector<std::string_view> known = config_keys();
  if (std::find(known.begin(), known.end(), key) == known.end())
    throw ConfigError(unknown_name("key", key, known));
  const auto assign = [&](const std::string& value) {
    const toml::table table = toml::parse(fmt::format("{} = {}", key, value));
    if (table.size() != 1) throw ConfigError(fmt::format("{}: expected one value", key));
    training::for_each_field(
        config, [](std::string_view) {}, Reader(table, std::string()));
  };
  try {
    assign(text);
  } catch (const toml::parse_error&) {  // no TOML value: a text without quotes
    assign(toml_quoted(key, text));
  }
}

std::string training::first_difference(const TrainConfig& a, const TrainConfig& b) {
  constexpr std::array<std::string_view, 6> kMayDiffer = {
      "epochs", "patience", "checkpoint_seconds", "evaluation_batch", "threads", "data_dirs"};
  std::vector<std::string> of_a;
  const auto ignore_group = [](std::string_view) {};
  for_each_field(a, ignore_group,
                 [&](std::string_view key, const auto& value) { of_a.push_back(Text(key)(value)); });
  std::string different;
  std::size_t i = 0;
  for_each_field(b, ignore_group, [&](std::string_view key, const auto& value) {
    const bool same = Text(key)(value) == of_a[i++];
    const bool may = std::find(kMayDiffer.begin(), kMayDiffer.end(), key) != kMayDiffer.end();
    if (!same && !may && different.empty()) different = key;
  });
  return different;
}

}  // namespace hebb
