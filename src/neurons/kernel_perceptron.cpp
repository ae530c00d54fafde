#include "hebb/kernel_perceptron.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/parallel.hpp"
#include "hebb/error.hpp"
#include "hebb/random.hpp"
#include "neurons/dense_layer.hpp"
#include "nn/description.hpp"

namespace hebb::neurons {

namespace {

/// The options that a perceptron in another form has no use for.
OnlineOptions checked(OnlineOptions options, const char* name) {
  if (options.learning_rate == 0) options.learning_rate = 1;
  const bool penalised = options.penalty.l1 != 0 || options.penalty.l2 != 0;
  const char* option = penalised                                                      ? "penalty"
                       : options.multiclass == Multiclass::together                   ? "multiclass"
                       : options.schedule.options().kind != "constant"                ? "schedule"
                       : options.schedule.options().warmup != 0                       ? "schedule"
                       : !(options.learning_rate > 0 && options.learning_rate < 1e30) ? "learning_rate"
                                                                                      : nullptr;
  if (option != nullptr)
    throw ConfigError(std::string(option) + ": " + name + " learns by mistakes alone, each class by itself");
  return options;
}

std::vector<std::int32_t> order_of(const OnlineOptions& options, std::int64_t epoch, std::int64_t count) {
  if (options.shuffle)
    return Random(options.seed, static_cast<std::uint64_t>(epoch))
        .permutation(static_cast<std::int32_t>(count));
  std::vector<std::int32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

double target(std::int32_t label, std::int64_t output, std::int64_t outputs) {
  return label == (outputs == 1 ? 1 : output) ? 1 : -1;
}

}  // namespace

double Kernel::operator()(const float* x, const float* z, std::int64_t n) const {
  double sum = 0;
  if (kind == Kind::gaussian) {
    for (std::int64_t j = 0; j < n; ++j) {
      const double difference = static_cast<double>(x[j]) - static_cast<double>(z[j]);
      sum += difference * difference;
    }
    return std::exp(-gamma * sum);
  }
  for (std::int64_t j = 0; j < n; ++j) sum += static_cast<double>(x[j]) * static_cast<double>(z[j]);
  return kind == Kind::linear ? sum : std::pow(gamma * sum + offset, degree);
}

// ---- the dual form

KernelPerceptron::KernelPerceptron(Kernel kernel, OnlineOptions options)
    : Classifier(options.max_epochs, options.classes),
      kernel_(kernel),
      options_(checked(std::move(options), "the kernel perceptron")) {
  if (!(kernel.gamma > 0 && std::isfinite(kernel.gamma)) || !std::isfinite(kernel.offset) ||
      kernel.degree < 1) {
    throw ConfigError("kernel: expected a positive gamma, a finite offset and a degree of 1 or more, got " +
                      number_text(kernel.gamma) + ", " + number_text(kernel.offset) + " and " +
                      std::to_string(kernel.degree));
  }
}

void KernelPerceptron::reset() {
  support_.clear();
  known_.clear();
  dual_.assign(static_cast<std::size_t>(outputs()), {});
  mistakes_.assign(static_cast<std::size_t>(outputs()), 0);
  clean_ = mistakes_;
}

Samples KernelPerceptron::support() const {
  require_learned();
  return {support_, inputs()};
}

double KernelPerceptron::product(const float* x, const float* z) const {
  return kernel_(x, z, inputs()) + (options_.bias ? 1 : 0);
}

std::int64_t KernelPerceptron::support_number(const float* sample) {
  std::vector<float> values(sample, sample + inputs());
  for (float& value : values) value += 0.0F;  // -0 is 0
  const std::string bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  const auto [found, fresh] = known_.try_emplace(bytes, std::ssize(support_) / inputs());
  if (fresh) support_.insert(support_.end(), values.begin(), values.end());
  return found->second;
}

void KernelPerceptron::scores(const Samples& x, std::span<double> to) const {
  const Samples known(support_, inputs());
  parallel_for(x.count(), [&](std::int64_t i) {
    std::vector<double> products(static_cast<std::size_t>(known.count()));
    for (std::int64_t k = 0; k < known.count(); ++k)
      products[static_cast<std::size_t>(k)] = product(known.row(k), x.row(i));
    for (std::int64_t c = 0; c < outputs(); ++c) {
      const DualOutput& output = dual_[static_cast<std::size_t>(c)];
      double sum = 0;
      for (std::size_t k = 0; k < output.samples.size(); ++k)
        sum += output.coefficients[k] * products[static_cast<std::size_t>(output.samples[k])];
      to[static_cast<std::size_t>(i * outputs() + c)] = sum;
    }
  });
}

/// Keeps the scores of all samples up to date: a mistake costs one row of products.
EpochSummary KernelPerceptron::pass(const Samples& x, std::span<const std::int32_t> labels) {
  const std::int64_t count = x.count();
  const auto width = static_cast<std::size_t>(outputs());
  std::vector<double> s(static_cast<std::size_t>(count) * width);
  scores(x, s);
  EpochSummary summary{.learning_rate = options_.learning_rate};
  const std::vector<std::int64_t> before = mistakes_;
  std::vector<double> row(static_cast<std::size_t>(count));
  for (const std::int32_t sample : order_of(options_, epochs(), count)) {
    const auto at = static_cast<std::size_t>(sample);
    bool computed = false;
    for (std::size_t c = 0; c < width; ++c) {
      const double t = target(labels[at], static_cast<std::int64_t>(c), outputs());
      const double agreement = t * s[at * width + c];
      if (agreement > 0) continue;
      summary.loss -= agreement / static_cast<double>(count);
      ++mistakes_[c];
      if (!computed) {
        constexpr std::int64_t kGrain = 256;
        parallel_ranges(count, kGrain, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i)
            row[static_cast<std::size_t>(i)] = product(x.row(sample), x.row(i));
        });
        computed = true;
      }
      const double step = options_.learning_rate * t;
      for (std::size_t i = 0; i < row.size(); ++i) s[i * width + c] += step * row[i];
      DualOutput& output = dual_[c];
      const std::int64_t number = support_number(x.row(sample));
      const auto found = std::find(output.samples.begin(), output.samples.end(), number);
      if (found == output.samples.end()) {
        output.samples.push_back(number);
        output.coefficients.push_back(step);
      } else {
        output.coefficients[static_cast<std::size_t>(found - output.samples.begin())] += step;
      }
    }
  }
  for (std::size_t c = 0; c < width; ++c) {
    summary.mistakes += mistakes_[c] - before[c];
    clean_[c] = mistakes_[c] == before[c] ? clean_[c] + 1 : 0;
  }
  return summary;
}

bool KernelPerceptron::finished() const {
  return std::all_of(clean_.begin(), clean_.end(), [](std::int64_t epochs) { return epochs > 0; });
}

namespace {

/// "1: 12 mistakes, none in the last epoch; 8 samples kept", a line an output.
std::string lines(std::span<const std::string> names, std::span<const std::int64_t> counts,
                  std::span<const std::int64_t> clean, const std::vector<std::string>& more) {
  std::string text;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    const std::size_t label = counts.size() == 1 ? 1 : c;
    text += (label < names.size() ? names[label] : std::to_string(label)) + ": " + std::to_string(counts[c]) +
            (counts[c] == 1 ? " mistake" : " mistakes") + (clean[c] > 0 ? ", none in the last epoch" : "") +
            "; " + more[c] + "\n";
  }
  return text;
}

}  // namespace

std::string KernelPerceptron::report(std::span<const std::string> names) const {
  std::vector<std::string> more;
  for (const DualOutput& output : dual_)
    more.push_back(std::to_string(output.samples.size()) + " samples kept");
  return lines(names, mistakes_, clean_, more);
}

std::string KernelPerceptron::describe() const {
  switch (kernel_.kind) {
    case Kernel::Kind::gaussian: return "kernel(gaussian, gamma=" + number_text(kernel_.gamma) + ")";
    case Kernel::Kind::polynomial:
      return "kernel(polynomial, gamma=" + number_text(kernel_.gamma) +
             ", offset=" + number_text(kernel_.offset) + ", degree=" + std::to_string(kernel_.degree) + ")";
    case Kernel::Kind::linear: break;
  }
  return "kernel(linear)";
}

Sequential KernelPerceptron::network(const Shape& input_shape) const {
  if (kernel_.kind != Kernel::Kind::linear)
    throw ConfigError(describe() + ": only with the linear kernel is it a network of layers");
  const Samples known = support();
  LinearModel model{.inputs = inputs(), .outputs = outputs()};
  model.weights.resize(static_cast<std::size_t>(inputs() * outputs()));
  model.bias.resize(static_cast<std::size_t>(outputs()));
  for (std::size_t c = 0; c < dual_.size(); ++c) {
    for (std::size_t k = 0; k < dual_[c].samples.size(); ++k) {
      const float* x = known.row(dual_[c].samples[k]);
      const double coefficient = dual_[c].coefficients[k];
      for (std::size_t j = 0; j < static_cast<std::size_t>(inputs()); ++j)
        model.weights[c * static_cast<std::size_t>(inputs()) + j] += coefficient * static_cast<double>(x[j]);
      if (options_.bias) model.bias[c] += coefficient;
    }
  }
  return dense_network(model, options_.bias, input_shape);
}

std::vector<double> KernelPerceptron::state() const {
  require_learned();
  std::vector<double> numbers = {static_cast<double>(std::ssize(support_) / inputs())};
  numbers.insert(numbers.end(), support_.begin(), support_.end());
  for (std::size_t c = 0; c < dual_.size(); ++c) {
    numbers.insert(numbers.end(), {static_cast<double>(mistakes_[c]), static_cast<double>(clean_[c]),
                                   static_cast<double>(dual_[c].samples.size())});
    numbers.insert(numbers.end(), dual_[c].samples.begin(), dual_[c].samples.end());
    numbers.insert(numbers.end(), dual_[c].coefficients.begin(), dual_[c].coefficients.end());
  }
  return numbers;
}

namespace {

/// Hands out the numbers of a state, which may be anything.
class StateReader {
 public:
  StateReader(std::span<const double> numbers, std::string of) : numbers_(numbers), of_(std::move(of)) {}

  double real() {
    if (at_ == numbers_.size() || !std::isfinite(numbers_[at_])) fail();
    return numbers_[at_++];
  }
  /// A whole number in [0, below).
  std::int64_t whole(double below = 0x1p53) {
    const double value = real();
    if (!(value >= 0 && value < below && value == std::floor(value))) fail();
    return static_cast<std::int64_t>(value);
  }
  /// A count of items of `each` numbers that follow.
  std::int64_t count(std::int64_t each) {
    const std::int64_t items = whole();
    if (items > std::ssize(numbers_) / each) fail();
    return items;
  }
  void finish() const {
    if (at_ != numbers_.size()) fail();
  }

 private:
  [[noreturn]] void fail() const { throw FormatError(of_ + ": not a state that `state` gives"); }

  std::span<const double> numbers_;
  std::string of_;
  std::size_t at_ = 0;
};

}  // namespace

void KernelPerceptron::restore(std::span<const double> state) {
  StateReader reader(state, describe());
  const std::int64_t known = reader.count(inputs());
  for (std::int64_t k = 0; k < known; ++k) {
    std::vector<float> sample;
    for (std::int64_t j = 0; j < inputs(); ++j) sample.push_back(static_cast<float>(reader.real()));
    support_number(sample.data());
  }
  for (std::size_t c = 0; c < dual_.size(); ++c) {
    mistakes_[c] = reader.whole();
    clean_[c] = reader.whole();
    const std::int64_t kept = reader.count(2);
    for (std::int64_t k = 0; k < kept; ++k)
      dual_[c].samples.push_back(reader.whole(static_cast<double>(std::ssize(support_) / inputs())));
    for (std::int64_t k = 0; k < kept; ++k) dual_[c].coefficients.push_back(reader.real());
  }
  reader.finish();
}

// ---- votes

VotedPerceptron::VotedPerceptron(OnlineOptions options)
    : Classifier(options.max_epochs, options.classes),
      options_(checked(std::move(options), "the voted perceptron")) {}

void VotedPerceptron::reset() {
  const Voter first{.weights = std::vector<double>(static_cast<std::size_t>(inputs())), .votes = 0};
  voters_.assign(static_cast<std::size_t>(outputs()), {first});
  clean_.assign(static_cast<std::size_t>(outputs()), 0);
}

const std::vector<VotedPerceptron::Voter>& VotedPerceptron::voters(std::int64_t output) const {
  require_learned();
  return voters_.at(static_cast<std::size_t>(output));
}

namespace {

double score(const VotedPerceptron::Voter& voter, const float* x) {
  double sum = voter.bias;
  for (std::size_t j = 0; j < voter.weights.size(); ++j) sum += voter.weights[j] * static_cast<double>(x[j]);
  return sum;
}

}  // namespace

EpochSummary VotedPerceptron::pass(const Samples& x, std::span<const std::int32_t> labels) {
  const std::vector<std::int32_t> order = order_of(options_, epochs(), x.count());
  std::vector<EpochSummary> parts(voters_.size());
  parallel_for(outputs(), [&](std::int64_t output) {
    const auto c = static_cast<std::size_t>(output);
    std::vector<Voter>& voters = voters_[c];
    for (const std::int32_t sample : order) {
      const float* row = x.row(sample);
      const double t = target(labels[static_cast<std::size_t>(sample)], output, outputs());
      const double agreement = t * score(voters.back(), row);
      if (agreement > 0) {
        ++voters.back().votes;
        continue;
      }
      parts[c].loss -= agreement / static_cast<double>(x.count());
      ++parts[c].mistakes;
      Voter next = voters.back();
      next.votes = 1;  // as Freund and Schapire count
      const double step = options_.learning_rate * t;
      for (std::size_t j = 0; j < next.weights.size(); ++j)
        next.weights[j] += step * static_cast<double>(row[j]);
      if (options_.bias) next.bias += step;
      voters.push_back(std::move(next));
    }
    clean_[c] = parts[c].mistakes == 0 ? clean_[c] + 1 : 0;
  });
  EpochSummary summary{.learning_rate = options_.learning_rate};
  for (const EpochSummary& part : parts) {
    summary.loss += part.loss;
    summary.mistakes += part.mistakes;
  }
  return summary;
}

void VotedPerceptron::scores(const Samples& x, std::span<double> to) const {
  parallel_for(x.count(), [&](std::int64_t i) {
    for (std::size_t c = 0; c < voters_.size(); ++c) {
      double sum = 0;
      double all = 0;
      for (const Voter& voter : voters_[c]) {
        const double s = score(voter, x.row(i));
        const auto votes = static_cast<double>(voter.votes);
        sum += s > 0 ? votes : s < 0 ? -votes : 0;
        all += votes;
      }
      to[static_cast<std::size_t>(i * outputs()) + c] = all > 0 ? sum / all : 0;
    }
  });
}

bool VotedPerceptron::finished() const {
  return std::all_of(clean_.begin(), clean_.end(), [](std::int64_t epochs) { return epochs > 0; });
}

std::string VotedPerceptron::report(std::span<const std::string> names) const {
  std::vector<std::int64_t> made;
  std::vector<std::string> more;
  for (const std::vector<Voter>& voters : voters_) {
    made.push_back(std::ssize(voters) - 1);
    std::int64_t votes = 0;
    for (const Voter& voter : voters) votes += voter.votes;
    more.push_back(std::to_string(votes) + " votes of " + std::to_string(voters.size()) + " voters");
  }
  return lines(names, made, clean_, more);
}

std::string VotedPerceptron::describe() const {
  return std::string("voted") + (options_.bias ? "" : "(bias=false)");
}

Sequential VotedPerceptron::network(const Shape& input_shape) const {
  require_learned();
  LinearModel first{.inputs = inputs()};
  std::vector<double> shares;       // of each voter
  std::vector<std::size_t> belong;  // to which output
  for (std::size_t c = 0; c < voters_.size(); ++c) {
    double all = 0;
    for (const Voter& voter : voters_[c]) all += static_cast<double>(voter.votes);
    for (const Voter& voter : voters_[c]) {
      if (voter.votes == 0) continue;
      first.weights.insert(first.weights.end(), voter.weights.begin(), voter.weights.end());
      first.bias.push_back(voter.bias);
      shares.push_back(static_cast<double>(voter.votes) / all);
      belong.push_back(c);
    }
  }
  first.outputs = std::ssize(shares);
  LinearModel second{.inputs = first.outputs, .outputs = outputs()};
  second.weights.resize(shares.size() * voters_.size());
  second.bias.resize(voters_.size());
  for (std::size_t k = 0; k < shares.size(); ++k) second.weights[belong[k] * shares.size() + k] = shares[k];
  return step_network(first, second, {.hidden_bias = options_.bias, .output_bias = false}, input_shape);
}

std::vector<double> VotedPerceptron::state() const {
  require_learned();
  std::vector<double> numbers;
  for (std::size_t c = 0; c < voters_.size(); ++c) {
    numbers.insert(numbers.end(), {static_cast<double>(clean_[c]), static_cast<double>(voters_[c].size())});
    for (const Voter& voter : voters_[c]) {
      numbers.insert(numbers.end(), voter.weights.begin(), voter.weights.end());
      numbers.insert(numbers.end(), {voter.bias, static_cast<double>(voter.votes)});
    }
  }
  return numbers;
}

void VotedPerceptron::restore(std::span<const double> state) {
  StateReader reader(state, describe());
  for (std::size_t c = 0; c < voters_.size(); ++c) {
    clean_[c] = reader.whole();
    const std::int64_t count = reader.count(inputs() + 2);
    voters_[c].clear();
    for (std::int64_t k = 0; k < count; ++k) {
      Voter voter;
      for (std::int64_t j = 0; j < inputs(); ++j) voter.weights.push_back(reader.real());
      voter.bias = reader.real();
      voter.votes = reader.whole();
      voters_[c].push_back(std::move(voter));
    }
    if (voters_[c].empty()) throw FormatError("voted: a state without weights");
  }
  reader.finish();
}

}  // namespace hebb::neurons
