#include "hebb/augmentation.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "nn/description.hpp"

namespace hebb {
namespace {

/// A change that is one number.
struct Change {
  std::string_view name;
  std::string_view argument;
  double AugmentationOptions::*real;
  std::int64_t AugmentationOptions::*whole;  ///< of the two members one is null
  double most;
  double usual;  ///< without an argument; 0: there must be one
};

constexpr std::array<Change, 8> kChanges = {{
    {"shift", "pixels", &AugmentationOptions::shift, nullptr, 4096, 0},
    {"rotate", "degrees", &AugmentationOptions::rotate, nullptr, 180, 0},
    {"scale", "share", &AugmentationOptions::scale, nullptr, 0.95, 0},
    {"shear", "degrees", &AugmentationOptions::shear, nullptr, 80, 0},
    {"flip", "probability", &AugmentationOptions::flip, nullptr, 1, 0.5},
    {"crop", "pixels", nullptr, &AugmentationOptions::crop, 4096, 0},
    {"cutout", "pixels", nullptr, &AugmentationOptions::cutout, 4096, 0},
    {"brightness", "share", &AugmentationOptions::brightness, nullptr, 1, 0},
}};

constexpr double kMostAlpha = 1e6;
constexpr double kMostSigma = 64;
constexpr double kUsualAlpha = 34;  // with sigma 4, the values of Simard et al. for images of 29 x 29

double value_of(const AugmentationOptions& options, const Change& change) {
  return change.real != nullptr ? options.*change.real : static_cast<double>(options.*change.whole);
}

void require(bool holds, std::string_view name, const std::string& expected, double value) {
  if (holds) return;
  throw ConfigError(std::string(name) + ": expected " + expected + ", got " + number_text(value));
}

void read(AugmentationOptions& options, const Change& change, ArgumentReader& arguments) {
  const Argument* argument = arguments.find(change.argument, true);
  if (argument == nullptr && change.usual == 0) {
    fail_at(arguments.term().column, in_quotes(change.name) + " needs a number (" +
                                         std::string(change.argument) + "), such as " +
                                         std::string(change.name) + (change.most <= 1 ? "(0.1)" : "(2)"));
  }
  if (change.whole != nullptr) {
    options.*change.whole = integer_of(ArgumentReader::single(*argument));
  } else {
    options.*change.real = argument == nullptr ? change.usual : real_of(ArgumentReader::single(*argument));
  }
}

void read_term(AugmentationOptions& options, const Term& term) {
  ArgumentReader arguments(term);
  const auto* change =
      std::find_if(kChanges.begin(), kChanges.end(), [&](const Change& c) { return c.name == term.word; });
  if (change != kChanges.end()) {
    read(options, *change, arguments);
  } else if (term.word == "elastic") {
    options.elastic_alpha = arguments.real("alpha", kUsualAlpha, true);
    options.elastic_sigma = arguments.real("sigma", AugmentationOptions().elastic_sigma);
  } else {
    fail_at(term.column, unknown_name("augmentation", term.word, augmentation_names()));
  }
  arguments.finish();
}

}  // namespace

std::vector<std::string_view> augmentation_names() {
  std::vector<std::string_view> names;
  for (const Change& change : kChanges) names.push_back(change.name);
  names.push_back("elastic");
  return names;
}

Augmentation::Augmentation(AugmentationOptions options) : options_(options) {
  for (const Change& change : kChanges) {
    const double value = value_of(options_, change);
    require(value >= 0 && value <= change.most, change.name, "0 to " + number_text(change.most), value);
  }
  require(options_.elastic_alpha >= 0 && options_.elastic_alpha <= kMostAlpha, "elastic alpha",
          "0 to " + number_text(kMostAlpha), options_.elastic_alpha);
  require(options_.elastic_sigma > 0 && options_.elastic_sigma <= kMostSigma, "elastic sigma",
          "a positive number of at most " + number_text(kMostSigma), options_.elastic_sigma);
}

Augmentation Augmentation::parse(std::string_view text) {
  AugmentationOptions options;
  std::vector<std::string_view> seen;
  const std::vector<Term> terms = parse_terms(text);
  for (const Term& term : terms) {
    if (std::find(seen.begin(), seen.end(), term.word) != seen.end())
      fail_at(term.column, in_quotes(term.word) + " is given twice");
    read_term(options, term);
    seen.push_back(term.word);
  }
  return options;
}

std::string Augmentation::describe() const {
  std::string text;
  const auto add = [&](const std::string& term) { text += (text.empty() ? "" : " ") + term; };
  for (const Change& change : kChanges) {
    const double value = value_of(options_, change);
    if (value != 0) add(std::string(change.name) + "(" + number_text(value) + ")");
  }
  if (options_.elastic_alpha != 0) {
    add("elastic(alpha=" + number_text(options_.elastic_alpha) +
        ", sigma=" + number_text(options_.elastic_sigma) + ")");
  }
  return text;
}

bool Augmentation::empty() const {
  return options_.elastic_alpha == 0 && std::all_of(kChanges.begin(), kChanges.end(), [&](const Change& c) {
           return value_of(options_, c) == 0;
         });
}

}  // namespace hebb
