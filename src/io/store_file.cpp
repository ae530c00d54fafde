// The file of a memory::Store: safetensors with
//
//   patterns   u8 [patterns, (units + 7) / 8], the bits of PatternSet
//   bias       f32 [units], where there is one
//
// and in its metadata `format_version`, and as JSON `memory` (units and BinaryOptions), `look`, `labels`, and
// `unlearning` and `calibration` where there is one. Unlearning came with version 2: a store without it is
// one of version 1, which reads as it always did.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <new>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/memory_store.hpp"
#include "hebb/version.hpp"
#include "io/bytes.hpp"
#include "io/json.hpp"

namespace hebb::memory {

namespace {

constexpr int kFormatVersion = 2;
constexpr int kVersionWithoutUnlearning = 1;
constexpr const char* kPatterns = "patterns";
constexpr const char* kBias = "bias";

std::string_view name_of(Look::Kind kind) {
  return kind == Look::Kind::image ? "image" : kind == Look::Kind::text ? "text" : "values";
}

Json json_of(std::int64_t units, const BinaryOptions& options) {
  return {{"neurons", units},
          {"units", options.units == Units::zero_one ? "01" : "+-1"},
          {"rule", memory::name_of(options.rule)},
          {"energy", memory::name_of(options.energy)},
          {"degree", options.degree},
          {"dilution", options.dilution},
          {"margin", options.margin},
          {"max_epochs", options.max_epochs},
          {"bound", options.bound},
          {"seed", options.seed},
          {"form_weights", options.form_weights}};
}

Json json_of(const Look& look) {
  Json json = {{"kind", name_of(look.kind)}};
  if (look.kind == Look::Kind::image) {
    json["height"] = look.height;
    json["width"] = look.width;
    json["resizes"] = look.resizes;
  }
  if (look.threshold) json["threshold"] = *look.threshold;
  json["inverted"] = look.inverted;
  return json;
}

Json json_of(const Unlearning& unlearning) {
  return {{"dreams", unlearning.dreams}, {"strength", unlearning.strength}, {"seed", unlearning.seed}};
}

Json json_of(const Calibration& calibration) {
  return {{"offset", calibration.offset},    {"start", calibration.start}, {"end", calibration.end},
          {"kept", calibration.kept},        {"lead", calibration.lead},   {"samples", calibration.samples},
          {"accuracy", calibration.accuracy}};
}

/// Reads one file, and names it in what it throws.
class StoreReader {
  [[noreturn]] void fail(const std::string& what) const {
    throw FormatError(fmt::format("{}: {}", name_, what));
  }

  const std::string& text(const char* key) const {
    const auto found = file_.metadata.find(key);
    if (found == file_.metadata.end())
      fail(fmt::format("is no memory store: its metadata have no '{}'", key));
    return found->second;
  }

  /// Interprets the JSON of one metadata text; whatever is wrong with it becomes a FormatError that names it.
  template <class Interpret>
  auto part(const char* key, const Interpret& interpret) const {
    try {
      return interpret(parse_json(text(key)));
    } catch (const FormatError&) {
      throw;
    } catch (const Error& error) {
      fail(fmt::format("metadata '{}': {}", key, error.what()));
    } catch (const Json::exception& error) {
      fail(fmt::format("metadata '{}': {}", key, error.what()));
    }
  }

 public:
  StoreReader(const SafetensorsFile& file, const std::string& name) : file_(file), name_(name) {}

  Store read() const {
    check_version();
    const auto [units, options] = part("memory", [&](const Json& json) { return memory_of(json); });
    const Look look = part("look", [](const Json& json) { return look_of(json); });
    PatternSet patterns = patterns_of(units);
    patterns.look = look;
    const Unlearning unlearning = this->unlearning();
    check_size(patterns, options, unlearning);
    try {
      Store store(units, options, look);
      if (unlearning.dreams != 0) store.unlearn(unlearning);
      store.add(patterns);
      return store;
    } catch (const std::bad_alloc&) {
      fail("there is not enough memory for it");
    } catch (const Error& error) {
      fail(error.what());
    }
  }
  std::optional<Calibration> calibration() const {
    if (!file_.metadata.contains("calibration")) return std::nullopt;
    return part("calibration", [&](const Json& json) {
      Calibration result = {.offset = json.at("offset").get<double>(),
                            .start = json.at("start").get<double>(),
                            .end = json.at("end").get<double>(),
                            // Files from before there were these are calibrated without them.
                            .kept = json.value("kept", 0.0),
                            .lead = json.value("lead", 0.0),
                            .samples = json.at("samples").get<std::int64_t>(),
                            .accuracy = json.at("accuracy").get<double>()};
      const std::array numbers = {result.offset, result.start, result.end, result.kept, result.lead};
      if (!std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); }))
        fail("metadata 'calibration': a number is not finite");
      return result;
    });
  }

 private:
  void check_version() const {
    text("memory");  // a model has a version, too, but no memory
    const std::string& version = text("format_version");
    int value = 0;
    const auto [end, status] = std::from_chars(version.data(), version.data() + version.size(), value);
    if (status != std::errc() || end != version.data() + version.size() || value < 1)
      fail(fmt::format("metadata 'format_version': expected a number from 1 to {}, got {}", kFormatVersion,
                       in_quotes(version)));
    if (value > kFormatVersion)
      fail(fmt::format("has format version {}; this version of Hebb ({}) reads versions up to {}", value,
                       kVersion, kFormatVersion));
  }

  Unlearning unlearning() const {
    if (!file_.metadata.contains("unlearning")) return {};
    return part("unlearning", [](const Json& json) {
      return Unlearning{.dreams = json.at("dreams").get<std::int64_t>(),
                        .strength = json.at("strength").get<double>(),
                        .seed = json.at("seed").get<std::uint64_t>()};
    });
  }

  std::pair<std::int64_t, BinaryOptions> memory_of(const Json& json) const {
    const auto units = json.at("neurons").get<std::int64_t>();
    if (units < 1 || units > std::int64_t{1} << 24)
      throw ConfigError(fmt::format("a memory has 1 to 2^24 units; got {}", units));
    const auto kind = json.at("units").get<std::string>();
    if (kind != "01" && kind != "+-1")
      throw ConfigError(fmt::format("units are '01' or '+-1'; got {}", in_quotes(kind)));
    BinaryOptions options = {
        .units = kind == "01" ? Units::zero_one : Units::plus_minus_one,
        .rule = rule_of(json.at("rule").get<std::string>()),
        .energy = energy_of(json.at("energy").get<std::string>()),
        .degree = json.at("degree").get<int>(),
        .dilution = json.at("dilution").get<double>(),
        .margin = json.at("margin").get<double>(),
        .max_epochs = json.at("max_epochs").get<std::int64_t>(),
        .bound = json.at("bound").get<double>(),
        .seed = json.at("seed").get<std::uint64_t>(),
        .form_weights = json.at("form_weights").get<bool>(),
    };
    if (const Tensor* bias = file_.find(kBias); bias != nullptr) {
      if (bias->dtype() != DType::f32 || bias->shape() != Shape{units})
        fail(fmt::format("tensor 'bias' is {} {}; expected f32 [{}]", to_string(bias->dtype()),
                         to_string(bias->shape()), units));
      options.bias.assign(bias->data<float>().begin(), bias->data<float>().end());
    }
    return {units, options};
  }

  static Look look_of(const Json& json) {
    Look look;
    const auto kind = json.at("kind").get<std::string>();
    if (kind == "image") {
      look = {.kind = Look::Kind::image,
              .height = json.at("height").get<std::int64_t>(),
              .width = json.at("width").get<std::int64_t>(),
              .resizes = json.at("resizes").get<bool>()};
    } else if (kind == "text") {
      look.kind = Look::Kind::text;
    } else if (kind != "values") {
      throw ConfigError(fmt::format("patterns are 'image', 'text' or 'values'; got {}", in_quotes(kind)));
    }
    if (json.contains("threshold")) look.threshold = json["threshold"].get<double>();
    if (look.threshold && !std::isfinite(*look.threshold)) throw ConfigError("the threshold is not finite");
    look.inverted = json.at("inverted").get<bool>();
    return look;
  }

  PatternSet patterns_of(std::int64_t units) const {
    PatternSet patterns = {.units = units};
    const Tensor* tensor = file_.find(kPatterns);
    if (tensor == nullptr) fail("is no memory store: it has no tensor 'patterns'");
    if (tensor->dtype() != DType::u8 || tensor->shape().rank() != 2 ||
        tensor->shape()[1] != patterns.row_bytes())
      fail(fmt::format("tensor 'patterns' is {} {}; expected u8 [patterns, {}] for {} units",
                       to_string(tensor->dtype()), to_string(tensor->shape()), patterns.row_bytes(), units));
    patterns.labels = part("labels", [](const Json& json) { return json.get<std::vector<std::string>>(); });
    if (patterns.size() != tensor->shape()[0])
      fail(fmt::format("there are {} labels for {} patterns", patterns.size(), tensor->shape()[0]));
    patterns.bits.assign(tensor->data<std::uint8_t>().begin(), tensor->data<std::uint8_t>().end());
    const auto spare = static_cast<unsigned>(8 * patterns.row_bytes() - units);
    for (std::int64_t i = 0; i < patterns.size(); ++i) {
      if ((patterns.row(i).back() >> (8 - spare)) != 0 && spare > 0)
        fail(fmt::format("pattern {} has bits beyond its {} units", i, units));
    }
    return patterns;
  }

  /// What learning will take, before it is taken.
  void check_size(const PatternSet& patterns, const BinaryOptions& options,
                  const Unlearning& unlearning) const {
    const auto n = static_cast<double>(patterns.units);
    const auto p = static_cast<double>(patterns.size());
    const bool weights = options.form_weights || options.dilution > 0 || unlearning.dreams > 0 ||
                         (options.energy == Energy::quadratic && options.rule != Rule::hebb &&
                          options.rule != Rule::pseudo_inverse);
    double bytes = n * std::ceil(p / 512) * 64;
    if (weights) bytes += 2 * n * n;
    if (options.rule == Rule::pseudo_inverse) bytes += 8 * std::min(p, n) * std::min(p, n);
    io::check_memory(static_cast<std::uint64_t>(std::min(bytes, 1e18)), name_);
  }

  const SafetensorsFile& file_;
  const std::string& name_;
};

}  // namespace

SafetensorsFile Store::to_safetensors() const {
  const BinaryOptions& options = memory_.options();
  SafetensorsFile file;
  const bool unlearned = unlearning_.dreams > 0;
  file.metadata["format_version"] = std::to_string(unlearned ? kFormatVersion : kVersionWithoutUnlearning);
  file.metadata["library_version"] = kVersion;
  file.metadata["memory"] = json_text(json_of(units(), options));
  file.metadata["look"] = json_text(json_of(patterns_.look));
  file.metadata["labels"] = json_text(Json(patterns_.labels));
  if (unlearned) file.metadata["unlearning"] = json_text(json_of(unlearning_));
  if (calibration_) file.metadata["calibration"] = json_text(json_of(*calibration_));
  file.tensors.emplace_back(kPatterns, Tensor::from(std::span<const std::uint8_t>(patterns_.bits),
                                                    Shape{size(), patterns_.row_bytes()}));
  if (!options.bias.empty())
    file.tensors.emplace_back(kBias, Tensor::from(std::span<const float>(options.bias), Shape{units()}));
  return file;
}

Store Store::from_safetensors(const SafetensorsFile& file, const std::string& name) {
  const StoreReader reader(file, name);
  Store store = reader.read();
  store.calibration_ = reader.calibration();
  return store;
}

Store Store::load(const std::string& path) { return from_safetensors(read_safetensors(path), path); }

void Store::save(const std::string& path) const { write_safetensors(path, to_safetensors()); }

}  // namespace hebb::memory
