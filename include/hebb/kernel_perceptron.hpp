/// Perceptrons in dual form: not weights are kept, but the samples that were got wrong.
#pragma once

#include <map>
#include <string>

#include "hebb/neurons.hpp"

namespace hebb::neurons {

/// Products of samples in a space of features that is never entered.
struct Kernel {
  enum class Kind : std::uint8_t {
    linear,      ///< x . z
    polynomial,  ///< (gamma x . z + offset)^degree
    gaussian,    ///< exp(-gamma |x - z|^2)
  };
  Kind kind = Kind::linear;
  double gamma = 1;
  double offset = 1;
  int degree = 2;

  double operator()(const float* x, const float* z, std::int64_t n) const;
};

/// The samples that an output learned: score(x) = sum of coefficient (K(sample, x) + 1), without the 1 where
/// there is no bias.
struct DualOutput {
  std::vector<std::int64_t> samples = {};  ///< numbers of support samples
  std::vector<double> coefficients = {};   ///< rate t, summed over the sample's mistakes
};

/// Rosenblatt's perceptron in dual form, for any kernel (Aizerman, Braverman, Rozonoer, Automation and Remote
/// Control 25, 821 (1964)): with the linear one it makes the mistakes of Perceptron, and has its scores. One
/// class against the rest.
class KernelPerceptron : public Classifier {
 public:
  /// Of the options those of Perceptron count, without penalty and check_after. Throws ConfigError for others
  /// and for a kernel whose gamma or degree is not positive.
  explicit KernelPerceptron(Kernel kernel, OnlineOptions options = {});

  /// The samples that some output got wrong, each once; a view into this object.
  Samples support() const;
  const std::vector<DualOutput>& dual() const { return dual_; }
  const std::vector<std::int64_t>& mistakes() const { return mistakes_; }

  bool finished() const override;
  std::string report(std::span<const std::string> names = {}) const override;
  std::string describe() const override;
  /// Of the linear kernel: dense(outputs). ConfigError for the others, which are no network.
  Sequential network(const Shape& input_shape = Shape()) const override;
  Loss loss() const override { return Loss("hinge"); }
  std::vector<double> state() const override;

 protected:
  void reset() override;
  EpochSummary pass(const Samples& x, std::span<const std::int32_t> labels) override;
  void scores(const Samples& x, std::span<double> to) const override;
  void restore(std::span<const double> state) override;

 private:
  double product(const float* x, const float* z) const;
  std::int64_t support_number(const float* sample);

  Kernel kernel_;
  OnlineOptions options_;
  std::vector<float> support_;
  std::map<std::string, std::int64_t> known_;  // bytes of a support sample: its number
  std::vector<DualOutput> dual_;
  std::vector<std::int64_t> mistakes_;
  std::vector<std::int64_t> clean_;
};

/// The voted perceptron (Freund, Schapire, Machine Learning 37, 277 (1999)): all weights it ever had vote,
/// each as often as samples in a row were right by them. One class against the rest. Of n mistakes, a
/// prediction costs as much as n of a perceptron.
class VotedPerceptron : public Classifier {
 public:
  /// Of the options those of Perceptron count, without penalty and check_after.
  explicit VotedPerceptron(OnlineOptions options = {});

  /// Weights that vote, and their votes.
  struct Voter {
    std::vector<double> weights;
    double bias = 0;
    std::int64_t votes = 0;
  };
  /// Of an output, in the order in which they came about.
  const std::vector<Voter>& voters(std::int64_t output) const;

  bool finished() const override;
  std::string report(std::span<const std::string> names = {}) const override;
  std::string describe() const override;
  /// A network of step units: dense(voters, act=sign) dense(outputs, bias=false). With more than one output
  /// the first layer holds the voters of them all.
  Sequential network(const Shape& input_shape = Shape()) const override;
  Loss loss() const override { return Loss("hinge"); }
  std::vector<double> state() const override;

 protected:
  void reset() override;
  EpochSummary pass(const Samples& x, std::span<const std::int32_t> labels) override;
  /// The votes for, less those against, as a share of all.
  void scores(const Samples& x, std::span<double> to) const override;
  void restore(std::span<const double> state) override;

 private:
  OnlineOptions options_;
  std::vector<std::vector<Voter>> voters_;  // the last one of each output is still learning
  std::vector<std::int64_t> clean_;
};

}  // namespace hebb::neurons
