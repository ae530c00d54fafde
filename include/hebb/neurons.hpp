/// Single neurons that learn to tell classes apart: weighted sums of the inputs and a rule that corrects the
/// weights, sample by sample.
///
///     neurons::Perceptron neuron;
///     neuron.fit(x, labels);                              // x: Samples(values, features); labels: 0, 1, ...
///     std::vector<std::int32_t> found = neuron.predict(x);
///     neuron.model().weights;                             // [outputs, features], open to see
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/losses.hpp"
#include "hebb/model.hpp"
#include "hebb/optim.hpp"
#include "hebb/samples.hpp"
#include "hebb/separability.hpp"

namespace hebb::neurons {

/// A row of weights and a bias for each output.
struct LinearModel {
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  std::vector<double> weights = {};  ///< [outputs, inputs]
  std::vector<double> bias = {};     ///< [outputs]

  /// weights x + bias: [count, outputs]. Throws ShapeError unless samples have `inputs` features.
  std::vector<double> scores(const Samples& x) const;
};

/// What one pass over the samples saw.
struct EpochSummary {
  double loss = 0;  ///< mean over samples of the rule's loss, summed over outputs, before corrections
  std::int64_t mistakes = 0;  ///< corrections made because an output was wrong
  double learning_rate = 0;   ///< of the last sample
};

/// A learner of classes 0, 1, ... With two classes there is one output, positive for class 1; with more, one
/// for each class, the largest being the prediction (the first of equal ones).
class Classifier {
 public:
  virtual ~Classifier();

  /// Learns from nothing: passes over the samples until `finished`, `max_epochs` at the most. Throws
  /// DataError, and has not changed, for samples of one class alone, a label out of range, and values that
  /// are not finite; ShapeError when the counts differ; DivergedError when a weight becomes infinite.
  void fit(const Samples& x, std::span<const std::int32_t> labels);
  /// One pass more, from the weights there are. The number of classes is that of the first call's labels
  /// unless options tell another. Errors as fit; DataError for a label beyond the classes, ShapeError for
  /// other features than before.
  void partial_fit(const Samples& x, std::span<const std::int32_t> labels);

  /// [count, outputs]. Error before anything was learned, ShapeError for other features.
  std::vector<double> decision_function(const Samples& x) const;
  /// [count] classes.
  std::vector<std::int32_t> predict(const Samples& x) const;

  std::int64_t inputs() const { return inputs_; }
  std::int64_t classes() const { return classes_; }
  std::int64_t outputs() const { return classes_ == 2 ? 1 : classes_; }
  /// Passes made.
  std::int64_t epochs() const { return epochs_; }
  const EpochSummary& last_epoch() const { return last_epoch_; }
  /// Whether another pass is of no use: it would change nothing, or what is looked for is proven not to
  /// exist.
  virtual bool finished() const { return false; }
  /// About the whole of learning, in words; a few lines. `names` are those of the classes; numbers by
  /// default.
  virtual std::string report(std::span<const std::string> names = {}) const;

  /// "perceptron(margin=0.5)", as parse_neuron reads it.
  virtual std::string describe() const = 0;
  /// The same function as a network for samples of a shape (by default [inputs]), and the loss that reads its
  /// outputs. Error before anything was learned; ShapeError unless the shape has `inputs` elements.
  virtual Sequential network(const Shape& input_shape = Shape()) const = 0;
  virtual Loss loss() const = 0;

  /// Everything the next pass depends on, as numbers, for resumption.
  virtual std::vector<double> state() const = 0;
  /// Of a learner with the same options. Throws FormatError for what `state` cannot have given.
  void set_state(std::int64_t inputs, std::int64_t classes, std::int64_t epochs,
                 std::span<const double> state);
  /// Forgets everything and is ready to learn from samples of so many inputs and classes: weights of zero.
  /// Throws ConfigError unless inputs >= 1 and classes >= 2.
  void begin(std::int64_t inputs, std::int64_t classes);

 protected:
  Classifier(std::int64_t max_epochs, std::int64_t classes);
  Classifier(const Classifier&) = default;
  Classifier& operator=(const Classifier&) = default;

  virtual void reset() = 0;
  virtual EpochSummary pass(const Samples& x, std::span<const std::int32_t> labels) = 0;
  virtual void scores(const Samples& x, std::span<double> to) const = 0;
  virtual void restore(std::span<const double> state) = 0;
  void require_learned() const;

 private:
  void check(const Samples& x, std::span<const std::int32_t> labels) const;
  std::int64_t classes_of(std::span<const std::int32_t> labels) const;
  void one_pass(const Samples& x, std::span<const std::int32_t> labels);

  std::int64_t max_epochs_;
  std::int64_t wanted_classes_;
  std::int64_t inputs_ = 0;
  std::int64_t classes_ = 0;
  std::int64_t epochs_ = 0;
  EpochSummary last_epoch_;
};

/// How more than two classes are learned.
enum class Multiclass : std::uint8_t {
  one_vs_rest,  ///< each output by itself: its class against all others
  together,     ///< one rule for all: a wrong class's weights move away, the right one's nearer
};

/// Options of neurons that learn sample by sample. Of two classes the target t of the output is 1 for class 1
/// and -1 for class 0; of more, 1 for the output's own class. s is the output's score, weights . x + bias.
struct OnlineOptions {
  double learning_rate = 0;  ///< 0: 1 for perceptrons, 0.01 for the others
  Schedule schedule = Schedule();
  /// Before a correction weights shrink to w (1 - 2 rate l2). After every 64 samples, and at an epoch's end,
  /// l1 brings each nearer to zero by l1 times the sum of the rates since, and to zero where it would pass
  /// it: the proximal step (Langford, Li, Zhang, J. Machine Learning Research 10, 777 (2009)).
  PenaltyOptions penalty = {};
  std::int64_t max_epochs = 1000;
  bool bias = true;
  bool shuffle = true;  ///< visits the samples in another order in each epoch, a function of the seed
  std::uint64_t seed = 0;
  std::int64_t classes = 0;  ///< 0: as many as the labels tell
  Multiclass multiclass = Multiclass::one_vs_rest;
  double margin = 1;  ///< MarginPerceptron: t s up to which it corrects
  /// Perceptron: whether the classes can be separated is found out, once, after so many epochs, or after one
  /// without a mistake. 0: never.
  std::int64_t check_after = 10;
};

/// What all of them are: a linear model that one rule corrects. The named neurons below differ in the rule
/// and in what they keep.
class OnlineClassifier : public Classifier {
 public:
  /// The weights that decide: the last ones, their mean, or those in the pocket.
  const LinearModel& model() const { return kept_; }
  const OnlineOptions& options() const { return options_; }
  /// Corrections of each output since the beginning.
  const std::vector<std::int64_t>& mistakes() const { return mistakes_; }

  /// Where mistakes alone are corrected: after an epoch without one. Never with penalties or a mean, which
  /// change on.
  bool finished() const override;
  std::string report(std::span<const std::string> names = {}) const override;
  std::string describe() const override;
  Sequential network(const Shape& input_shape = Shape()) const override;
  Loss loss() const override;
  std::vector<double> state() const override;

 protected:
  enum class Rule : std::uint8_t { perceptron, margin, squared, logistic };
  enum class Keep : std::uint8_t { last, mean, pocket };
  struct Kind {
    std::string_view name;
    Rule rule;
    Keep keep;
  };
  /// Throws ConfigError, naming the option, for one out of range or of no use to the kind.
  OnlineClassifier(Kind kind, OnlineOptions options);

  void reset() override;
  EpochSummary pass(const Samples& x, std::span<const std::int32_t> labels) override;
  void scores(const Samples& x, std::span<double> to) const override;
  void restore(std::span<const double> state) override;

  const std::vector<std::int64_t>& pocket_right() const { return best_right_; }
  std::int64_t clean_epochs(std::int64_t output) const { return clean_[static_cast<std::size_t>(output)]; }

 private:
  struct Visit;
  struct Tally;
  void truncate(const Visit& visit, std::int64_t i, std::int64_t first, std::int64_t end);
  Tally visit_each(const Visit& visit, std::int64_t first, std::int64_t end);
  Tally visit_together(const Visit& visit);
  Tally visit_for_pocket(const Visit& visit, std::int64_t output);
  void correct(std::int64_t output, double step, const float* x, double rate);
  void keep_mean();
  void offer_to_pocket(const Visit& visit, std::int64_t output, std::int64_t run);

  Kind kind_;
  OnlineOptions options_;
  LinearModel last_;
  LinearModel kept_;
  LinearModel lag_;                     // mean: sum of each correction times the samples seen before it
  std::int64_t seen_ = 0;               // samples, in all epochs
  std::vector<std::int64_t> mistakes_;  // [outputs]
  std::vector<std::int64_t> clean_;     // [outputs]: epochs without a mistake, up to now
  std::vector<std::int64_t> best_run_;  // pocket: right answers in a row of the weights kept
  std::vector<std::int64_t> best_right_;
};

/// Rosenblatt's perceptron (Psychological Review 65, 386 (1958)): the output is a step, 1 where s > 0; where
/// it is wrong (t s <= 0), the weights move by rate t x. Ends when an epoch passes without a mistake, or when
/// it is proven that none ever will.
class Perceptron : public OnlineClassifier {
 public:
  explicit Perceptron(OnlineOptions options = {});

  /// For each output whether its classes can be separated; empty until it was found out (see check_after and
  /// examine), and for `together`.
  const std::vector<Separation>& separations() const { return separations_; }
  /// Finds it out now. The samples must be those that were learned.
  void examine(const Samples& x, std::span<const std::int32_t> labels, const SeparationOptions& options = {});

  /// Also when no output is left that could be separated and is not.
  bool finished() const override;
  std::string report(std::span<const std::string> names = {}) const override;

 protected:
  void reset() override;
  EpochSummary pass(const Samples& x, std::span<const std::int32_t> labels) override;

 private:
  std::vector<Separation> separations_;
};

/// The perceptron that corrects until t s > margin, so that its hyperplane keeps away from the samples (Duda,
/// Hart, Pattern Classification and Scene Analysis (1973), section 5.5). Its `mistakes` count corrections.
class MarginPerceptron : public OnlineClassifier {
 public:
  explicit MarginPerceptron(OnlineOptions options = {})
      : OnlineClassifier({"margin", Rule::margin, Keep::last}, std::move(options)) {}
};

/// The perceptron that decides by the mean of its weights after every sample seen (Freund, Schapire, Machine
/// Learning 37, 277 (1999)).
class AveragedPerceptron : public OnlineClassifier {
 public:
  explicit AveragedPerceptron(OnlineOptions options = {})
      : OnlineClassifier({"averaged", Rule::perceptron, Keep::mean}, std::move(options)) {}
};

/// The perceptron that keeps the best weights it has had in its pocket (Gallant, IEEE Trans. Neural Networks
/// 1, 179 (1990), with ratchet): those with the longest run of right answers that are right on more of the
/// samples than the ones before.
class PocketPerceptron : public OnlineClassifier {
 public:
  explicit PocketPerceptron(OnlineOptions options = {})
      : OnlineClassifier({"pocket", Rule::perceptron, Keep::pocket}, std::move(options)) {}
  /// Samples that the weights in the pocket were right about, of each output.
  const std::vector<std::int64_t>& right() const { return pocket_right(); }
};

/// The adaptive linear neuron, least mean squares (Widrow, Hoff, IRE WESCON Convention Record 4, 96 (1960)):
/// the weights follow rate (t - s) x whether the answer is right or not; the loss of a sample is (t - s)^2
/// / 2.
class Adaline : public OnlineClassifier {
 public:
  explicit Adaline(OnlineOptions options = {})
      : OnlineClassifier({"adaline", Rule::squared, Keep::last}, std::move(options)) {}
};

/// Logistic regression sample by sample: the weights follow rate t x / (1 + exp(t s)); the loss of a sample
/// is log(1 + exp(-t s)).
class StochasticLogistic : public OnlineClassifier {
 public:
  explicit StochasticLogistic(OnlineOptions options = {})
      : OnlineClassifier({"stochastic_logistic", Rule::logistic, Keep::last}, std::move(options)) {}
};

/// A neuron by its description: a name of neuron_names, with options where wanted: "perceptron",
/// "margin(margin=0.5)", "perceptron(multiclass=together)". `options` are what the text does not say. Throws
/// ConfigError, with the nearest name, for what it does not know.
std::unique_ptr<Classifier> parse_neuron(std::string_view text, OnlineOptions options = {});
/// Whether the text begins with the name of a neuron.
bool is_neuron(std::string_view text);

struct NeuronHelp {
  std::string_view name;
  std::string_view summary;  ///< one line
};
std::span<const NeuronHelp> neuron_help();

}  // namespace hebb::neurons
