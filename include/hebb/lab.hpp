/// Experiments on how learning goes well or badly. Each makes its data, sweeps one quantity, and returns what
/// it measured; `conclusion` says in two sentences what the figures show, computed from the figures alone.
///
///     lab::Overfitting found = lab::overfitting({.noise = 0.1});
///     found.degrees[found.best_degree - 1].validation_loss;
///     std::array<std::string, 2> words = lab::conclusion(found);
///
/// Results are functions of the options and the instruction set. The data of most of them are samples of a
/// sine: x uniform in [-1, 1], y = sin(pi x) plus normal noise. Losses are mean square errors.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "hebb/surface.hpp"

namespace hebb::lab {

/// The two sentences that end an experiment.
using Conclusion = std::array<std::string, 2>;

// ---- overfitting: a model that learns the noise, too

struct OverfittingOptions {
  std::int64_t samples = 20;      ///< to learn from
  std::int64_t validation = 500;  ///< to be judged by
  double noise = 0.3;             ///< deviation of what is added to the sine
  std::int64_t degrees = 15;      ///< the highest of the polynomials
  /// The network that is trained epoch by epoch, by Adam on full batches, on the same samples.
  std::string model = "dense(64, act=relu) dense(64, act=relu) dense(1)";
  double learning_rate = 0.003;
  std::int64_t epochs = 1000;
  std::uint64_t seed = 0;
};

/// The least-squares polynomial of a degree.
struct DegreeResult {
  std::int64_t degree = 0;
  double train_loss = 0;
  double validation_loss = 0;
};

/// Of the network.
struct EpochResult {
  std::int64_t epoch = 0;  ///< from 1
  double train_loss = 0;   ///< before the epoch's update
  double validation_loss = 0;
};

struct Overfitting {
  double noise_loss = 0;  ///< square of the noise's deviation: what the sine itself would have on average
  std::vector<DegreeResult> degrees = {};  ///< 1, 2, ...
  std::int64_t best_degree = 0;            ///< of the lowest validation loss
  std::vector<EpochResult> epochs = {};
  std::int64_t best_epoch = 0;
};

/// Throws ConfigError for numbers out of range (samples must be more than the highest degree, which is at
/// most 50) and for a model that does not have one output.
Overfitting overfitting(const OverfittingOptions& options = {});
/// One sentence about degrees, one about epochs. Throws DataError where there are none.
Conclusion conclusion(const Overfitting& found);

// ---- capacity: what the error of models is made of

struct CapacityOptions {
  std::int64_t samples = 50;  ///< in each data set
  std::int64_t sets = 200;    ///< data sets, drawn anew; every polynomial is fitted to each
  std::int64_t points = 100;  ///< where the fits are judged: the middles of so many equal parts of [-1, 1]
  double noise = 0.3;         ///< deviation of what is added to the sine
  std::int64_t degrees = 9;   ///< the highest of the polynomials
  std::uint64_t seed = 0;
};

/// The least-squares polynomials of a degree, one for each data set. Of their predictions at a point the mean
/// over the sets differs from the sine by the bias, and each from that mean by what its own samples made of
/// it (Geman, Bienenstock, Doursat, "Neural networks and the bias/variance dilemma", Neural Computation 4, 1
/// (1992)). Bias and variance are averaged over the points.
struct CapacityResult {
  std::int64_t degree = 0;
  double bias_squared = 0;  ///< about variance / sets too large, for the mean over the sets has a spread, too
  double variance = 0;      ///< divided by the number of sets
  double expected_loss = 0;  ///< bias squared, variance and noise together
  double train_loss = 0;     ///< of each on the samples it was fitted to; the mean over the sets
  double test_loss = 0;      ///< measured: at the points against the sine with noise drawn anew for each set
  std::vector<double> predictions = {};  ///< [sets, points]
};

struct Capacity {
  double noise_loss = 0;                     ///< square of the noise's deviation: what nothing can avoid
  std::vector<double> x = {};                ///< the points
  std::vector<double> truth = {};            ///< the sine there
  std::vector<CapacityResult> degrees = {};  ///< 1, 2, ...
  std::int64_t best_degree = 0;              ///< of the lowest expected loss
};

/// Throws ConfigError for numbers out of range: samples must be more than the highest degree, which is at
/// most 50; sets 2 to 1000, points 2 to 1000.
Capacity capacity(const CapacityOptions& options = {});
/// One sentence about bias and variance, one about their sum. Throws DataError where there is no degree.
Conclusion conclusion(const Capacity& found);

// ---- softening: what a neuron's step must lose to be learned with

/// One neuron, f(steepness z) of z = weight x + bias, learns on which side of zero x is, by gradient descent
/// on the mean square error, with slopes in float64. Samples: x uniform in [-1, 1], their class the side of x
/// plus normal noise.
struct SofteningOptions {
  std::string function = "sigmoid";  ///< or "tanh", with targets -1 and 1 instead of 0 and 1
  /// An infinite one stands for the step itself.
  std::vector<double> steepness = {0.25, 0.5, 1,  2,  4,
                                   8,    16,  32, 64, std::numeric_limits<double>::infinity()};
  std::int64_t samples = 100;
  double noise = 0.2;
  std::int64_t starts = 20;  ///< neurons of each steepness, with normal weights and biases at first
  double learning_rate = 0.3;
  std::int64_t epochs = 300;
  double least_slope = 0.01;  ///< df / dz that one can learn from
  std::uint64_t seed = 0;
};

struct SofteningResult {
  double steepness = 1;
  std::vector<double> output = {};  ///< at the points z
  std::vector<double> slope = {};   ///< df / dz there
  /// Share of samples whose slope is at least `least_slope` at first, mean over starts.
  double learnable = 0;
  std::vector<double> losses = {};  ///< before training and after each epoch, mean over starts
  double wrong_before = 0;          ///< share of samples on the wrong side, mean over starts
  double wrong_after = 0;
};

struct Softening {
  std::vector<double> z = {};
  std::vector<double> x = {};  ///< of the samples
  std::vector<double> targets = {};
  /// Weight and bias of each neuron at first, the same for every steepness.
  std::vector<std::array<double, 2>> starts = {};
  double least_slope = 0;
  std::vector<SofteningResult> results = {};  ///< from gentle to steep
  double best_steepness = 0;                  ///< of the lowest loss after training
};

/// Throws ConfigError for numbers out of range, for another function and for less than two steepnesses.
Softening softening(const SofteningOptions& options = {});
/// One sentence about slopes, one about learning. Throws DataError where there is no result.
Conclusion conclusion(const Softening& found);

// ---- cures: what can be done against overfitting

/// A network learns by Adam on full batches. Cures change one thing each.
struct CuresOptions {
  std::int64_t samples = 20;  ///< to learn from
  std::int64_t test = 500;    ///< to be judged by
  double noise = 0.3;         ///< deviation of what is added to the sine
  std::string model = "dense(64, act=relu) dense(64, act=relu) dense(1)";
  double learning_rate = 0.003;
  std::int64_t epochs = 1000;
  std::int64_t runs = 5;   ///< each with samples and initial weights of its own
  double held_back = 0.3;  ///< early stopping: the share of the samples that tells when, and is not learned
  std::int64_t patience = 200;  ///< early stopping: epochs without a lower loss there before it stops
  double dropout = 0.2;         ///< probability, before each layer with weights but the first
  double l2 = 0.003;            ///< see PenaltyOptions
  double input_noise = 0.1;     ///< deviation of what is added to each x, anew in every epoch
  std::int64_t more = 5;        ///< more data: so many times the samples
  std::uint64_t seed = 0;
};

/// Of one cure, medians over the runs. Losses are those outside training: without penalty, dropout and noise
/// on inputs.
struct CureResult {
  std::string cure;                     ///< "none", "early stopping", "dropout", "L2", ...
  std::vector<double> train_loss = {};  ///< on the samples it learns from, after each epoch
  std::vector<double> test_loss = {};
  double epoch = 0;  ///< whose weights are kept: early stopping has those that were best so far
};

struct Cures {
  double noise_loss = 0;                 ///< square of the noise's deviation
  std::vector<CureResult> results = {};  ///< "none" first
  std::string best = {};                 ///< the cure of the lowest test loss in the end, "none" included
};

/// Throws ConfigError for numbers out of range and for a model that does not have one output; DivergedError
/// where a loss is not finite.
Cures cures(const CuresOptions& options = {});
/// One sentence about the network without a cure, one about those that help. Throws DataError where there is
/// no result to compare with.
Conclusion conclusion(const Cures& found);

// ---- regularization: what penalties do to weights

/// Targets of the data are linear in a few inputs of many: inputs standard normal, y = weights . x plus
/// normal noise, the weights of the k relevant inputs 2, -2 (k - 1) / k, 2 (k - 2) / k, ..., the others zero.
struct RegularizationOptions {
  std::int64_t samples = 30;       ///< to learn from
  std::int64_t validation = 1000;  ///< to be judged by
  std::int64_t inputs = 20;
  std::int64_t relevant = 3;  ///< the first so many of the inputs; the others have no part in the target
  double noise = 1;           ///< deviation of what is added to the target
  double least = 1e-3;        ///< the smallest lambda
  double most = 10;           ///< the largest; those between are in equal ratios
  std::int64_t lambdas = 33;
  std::uint64_t seed = 0;
};

/// Samples of several inputs and one target.
struct Table {
  std::vector<float> inputs = {};   ///< [samples, inputs], row-major
  std::vector<float> targets = {};  ///< [samples]
};

/// Least squares with a penalty of a size.
struct LambdaResult {
  double lambda = 0;
  std::vector<double> weights = {};
  double bias = 0;
  double train_loss = 0;  ///< without the penalty
  double validation_loss = 0;
};

/// What becomes of the weights as a penalty grows.
struct PenaltyPath {
  std::vector<LambdaResult> results = {};  ///< lambda rising
  double best_lambda = 0;                  ///< of the lowest validation loss
};

struct Regularization {
  Table train = {};
  std::vector<double> truth = {};  ///< the weights by which the targets were made
  LambdaResult unpenalized = {};
  PenaltyPath l1 = {};  ///< lambda sum |w|; zeros are exact
  PenaltyPath l2 = {};  ///< lambda |w|^2
};

/// Throws ConfigError for numbers out of range: there must be more samples than inputs, of which at most 200,
/// and lambda must rise within 1e-12 to 1e12.
Regularization regularization(const RegularizationOptions& options = {});
/// One sentence about L1, one about L2. Throws DataError where one has no results.
Conclusion conclusion(const Regularization& found);

// ---- learning rate: from crawling through good to diverging

struct LearningRateOptions {
  std::int64_t samples = 50;
  double noise = 0.1;  ///< deviation of what is added to the sine
  std::string model = "dense(16, act=tanh) dense(1)";
  std::string optimizer = "gd";  ///< on full batches; its own rate does not count
  double least = 1e-3;           ///< the smallest rate
  double most = 10;              ///< the largest; those between are in equal ratios
  std::int64_t rates = 25;
  std::int64_t steps = 1000;
  std::uint64_t seed = 0;
};

/// A descent at one rate; all begin with the same weights.
struct RateResult {
  double rate = 0;
  std::vector<double> losses = {};  ///< before the first step and after each; ends where one is not finite
  double final_loss = 0;            ///< after the last step; infinite where a loss was not finite
  bool diverged = false;            ///< it ends above where it began
};

struct LearningRate {
  Table train = {};
  std::vector<RateResult> rates = {};  ///< rising
  double best_rate = 0;                ///< of the lowest final loss
};

/// Throws ConfigError for numbers out of range (rates must rise within 1e-12 to 1e12), for a model that does
/// not have one output, and for an optimiser that there is not; DivergedError where the loss is not finite
/// from the beginning.
LearningRate learning_rate(const LearningRateOptions& options = {});
/// One sentence about the best rate and smaller ones, one about those that diverge. Throws DataError where
/// there are no rates or losses.
Conclusion conclusion(const LearningRate& found);

// ---- descent: three ways down one valley

/// The loss of y = weights . x over two inputs, which without noise and bias is a valley of the shape of a
/// bowl, its floor at the weights (1, 1), where the loss is zero.
struct DescentOptions {
  std::int64_t samples = 100;
  double condition = 100;  ///< how many times the valley is steeper across than along, nearly
  double angle = -30;      ///< of the floor of the valley, from the first weight's axis, in degrees
  /// As `Optimizer::parse` reads them; all start at weights (-2, 4).
  std::vector<std::string> optimizers = {"gd(learning_rate=0.9)", "momentum(learning_rate=0.2)",
                                         "adam(learning_rate=0.3)"};
  std::int64_t steps = 200;
  double goal = 0.001;  ///< a loss
  std::uint64_t seed = 0;
};

struct Descent {
  Table train = {};
  std::array<double, 2> curvatures = {};  ///< along and across: second derivatives of the loss
  LossSurface surface = {};               ///< with the ways
  double goal = 0;
  /// Of each way the steps after which the loss is at most `goal` and stays so.
  std::vector<std::optional<std::int64_t>> reached = {};
};

/// Throws ConfigError for numbers out of range, for no optimisers, and for one that there is not.
Descent descent(const DescentOptions& options = {});
/// One sentence about the steps that are needed, one about the ways. Throws DataError where there are no
/// ways.
Conclusion conclusion(const Descent& found);

}  // namespace hebb::lab
