// The neurons that a text can ask for.
#include "nn/description.hpp"

#include <algorithm>
#include <array>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/madaline.hpp"
#include "hebb/regression.hpp"

namespace hebb::neurons {

namespace {

using Made = std::unique_ptr<Classifier>;

template <class Neuron>
Made make(ArgumentReader&, OnlineOptions options) {
  return std::make_unique<Neuron>(std::move(options));
}

Made make_margin(ArgumentReader& arguments, OnlineOptions options) {
  options.margin = arguments.real("margin", options.margin);
  return std::make_unique<MarginPerceptron>(std::move(options));
}

Made make_logistic(ArgumentReader& arguments, OnlineOptions options) {
  BatchOptions batch{.penalty = options.penalty,
                     .max_epochs = options.max_epochs,
                     .bias = options.bias,
                     .classes = options.classes};
  if (options.learning_rate != 0) batch.learning_rate = options.learning_rate;
  if (const Argument* solver = arguments.find("solver"))
    batch.solver = parse_solver(ArgumentReader::single(*solver).word);
  batch.tolerance = arguments.real("tolerance", batch.tolerance);
  batch.multiclass = options.multiclass;
  return std::make_unique<LogisticRegression>(batch);
}

Made make_madaline(ArgumentReader& arguments, OnlineOptions options) {
  MadalineOptions madaline{.max_epochs = options.max_epochs,
                           .shuffle = options.shuffle,
                           .seed = options.seed,
                           .classes = options.classes};
  if (options.learning_rate != 0) madaline.learning_rate = options.learning_rate;
  if (const Argument* hidden = arguments.find("hidden", true))
    madaline.hidden = integer_of(ArgumentReader::single(*hidden));
  if (options.penalty.l1 != 0 || options.penalty.l2 != 0 || !options.bias)
    throw ConfigError("madaline: it takes no penalty, and has a bias");
  return std::make_unique<Madaline>(madaline);
}

struct Row {
  NeuronHelp help;
  Made (*make)(ArgumentReader& arguments, OnlineOptions options);
  Multiclass usual = Multiclass::one_vs_rest;
};

constexpr std::array<Row, 8> kRows = {{
    {{"perceptron", "Rosenblatt's: corrects its weights by each sample it gets wrong"}, make<Perceptron>},
    {{"margin", "(margin=1): corrects until samples are right by a margin"}, make_margin},
    {{"pocket", "keeps the best weights that a perceptron has had"}, make<PocketPerceptron>},
    {{"averaged", "decides by the mean of a perceptron's weights"}, make<AveragedPerceptron>},
    {{"adaline", "Widrow and Hoff's: least mean squares, sample by sample"}, make<Adaline>},
    {{"logistic", "(solver=automatic): logistic regression by lbfgs, newton, proximal or gradient_descent"},
     make_logistic,
     Multiclass::together},
    {{"madaline", "(hidden=8): a network of step units, learned by turning units over"}, make_madaline},
    {{"stochastic_logistic", "logistic regression, sample by sample"}, make<StochasticLogistic>},
}};

constexpr std::array<NeuronHelp, kRows.size()> kHelp = [] {
  std::array<NeuronHelp, kRows.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = kRows[i].help;
  return all;
}();

Multiclass multiclass_of(const Term& term) {
  if (term.word == "one_vs_rest") return Multiclass::one_vs_rest;
  if (term.word == "together") return Multiclass::together;
  constexpr std::array<std::string_view, 2> kKnown = {"one_vs_rest", "together"};
  fail_at(term.column, unknown_name("multiclass", term.word, kKnown));
}

OnlineOptions read_options(ArgumentReader& arguments, OnlineOptions options) {
  options.bias = arguments.flag("bias", options.bias);
  options.shuffle = arguments.flag("shuffle", options.shuffle);
  if (const Argument* chosen = arguments.find("multiclass"))
    options.multiclass = multiclass_of(ArgumentReader::single(*chosen));
  return options;
}

const Row* find_row(std::string_view name) {
  const auto found =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) { return row.help.name == name; });
  return found == kRows.end() ? nullptr : &*found;
}

}  // namespace

std::unique_ptr<Classifier> parse_neuron(std::string_view text, OnlineOptions options) {
  const std::vector<Term> terms = parse_terms(text);
  if (terms.size() != 1) throw ConfigError("expected one neuron, got " + in_quotes(text));
  const Row* row = find_row(terms.front().word);
  if (row == nullptr) {
    std::vector<std::string_view> known;
    for (const NeuronHelp& help : kHelp) known.push_back(help.name);
    throw ConfigError(unknown_name("neuron", terms.front().word, known));
  }
  ArgumentReader arguments(terms.front());
  if (row->usual == Multiclass::together) options.multiclass = row->usual;
  OnlineOptions read = read_options(arguments, std::move(options));
  std::unique_ptr<Classifier> made = row->make(arguments, std::move(read));
  arguments.finish();
  return made;
}

bool is_neuron(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\n"), text.size());
  const std::size_t end = std::min(text.find_first_of(" \t\n(", begin), text.size());
  return find_row(text.substr(begin, end - begin)) != nullptr;
}

std::span<const NeuronHelp> neuron_help() { return kHelp; }

}  // namespace hebb::neurons
