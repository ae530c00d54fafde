#include "hebb/regression.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "neurons/batch_solver.hpp"
#include "neurons/dense_layer.hpp"
#include "nn/description.hpp"

namespace hebb::neurons {

namespace {

constexpr std::array<std::string_view, 5> kSolvers = {"automatic", "gradient_descent", "newton", "lbfgs",
                                                      "proximal"};

void require(bool holds, const char* option, const char* expected, double got) {
  if (!holds) throw ConfigError(std::string(option) + ": expected " + expected + ", got " + number_text(got));
}

/// Checks options and chooses the solver where it is left open.
BatchOptions resolved(BatchOptions options, Solver usual) {
  for (const auto& [name, value] :
       {std::pair("l1", options.penalty.l1), {"l2", options.penalty.l2}, {"tolerance", options.tolerance}})
    require(value >= 0 && std::isfinite(value), name, "zero or a positive number", value);
  require(options.learning_rate > 0 && std::isfinite(options.learning_rate), "learning_rate",
          "a positive number", options.learning_rate);
  require(options.max_epochs >= 1, "max_epochs", "1 or more", static_cast<double>(options.max_epochs));
  const bool l1 = options.penalty.l1 > 0;
  if (options.solver == Solver::automatic) options.solver = l1 ? Solver::proximal : usual;
  if (l1 && (options.solver == Solver::newton || options.solver == Solver::lbfgs)) {
    throw ConfigError("solver: " + std::string(to_string(options.solver)) +
                      " needs a smooth objective; with an L1 penalty take proximal");
  }
  return options;
}

/// Refuses more parameters than Newton's method can take at once.
void require_newton_size(const BatchOptions& options, std::int64_t parameters) {
  if (options.solver != Solver::newton || parameters <= kMostNewton) return;
  throw ConfigError("solver: newton takes at most " + std::to_string(kMostNewton) + " parameters, got " +
                    std::to_string(parameters) + "; take lbfgs");
}

}  // namespace

std::string_view to_string(Solver solver) { return kSolvers[static_cast<std::size_t>(solver)]; }

Solver parse_solver(std::string_view name) {
  const auto found = std::find(kSolvers.begin(), kSolvers.end(), name);
  if (found == kSolvers.end()) throw ConfigError(unknown_name("solver", name, kSolvers));
  return static_cast<Solver>(found - kSolvers.begin());
}

// ---- the predictor

LinearPredictor::LinearPredictor(double learning_rate, double slope)
    : rate_(learning_rate), start_(slope), slope_(slope) {
  require(learning_rate > 0 && learning_rate < 2, "learning_rate", "a number in (0, 2)", learning_rate);
  require(std::isfinite(slope), "slope", "a finite number", slope);
}

LinearPredictor::Correction LinearPredictor::learn(double x, double target) {
  if (!std::isfinite(x) || !std::isfinite(target)) {
    throw DataError("predictor: expected finite numbers, got x = " + number_text(x) +
                    " and target = " + number_text(target));
  }
  Correction correction{.prediction = predict(x)};
  correction.error = target - correction.prediction;
  correction.change = x == 0 ? 0 : rate_ * correction.error / x;
  slope_ += correction.change;
  return correction;
}

std::vector<LinearPredictor::Correction> LinearPredictor::partial_fit(std::span<const float> x,
                                                                      std::span<const float> targets) {
  if (x.size() != targets.size()) {
    throw ShapeError("predictor: " + std::to_string(targets.size()) + " targets for " +
                     std::to_string(x.size()) + " examples");
  }
  std::vector<Correction> corrections;
  for (std::size_t i = 0; i < x.size(); ++i)
    corrections.push_back(learn(static_cast<double>(x[i]), static_cast<double>(targets[i])));
  return corrections;
}

std::vector<LinearPredictor::Correction> LinearPredictor::fit(std::span<const float> x,
                                                              std::span<const float> targets,
                                                              std::int64_t epochs) {
  slope_ = start_;
  std::vector<Correction> corrections;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) corrections = partial_fit(x, targets);
  return corrections;
}

// ---- least squares

LinearRegression::LinearRegression(BatchOptions options)
    : options_(resolved(std::move(options), Solver::newton)) {}
LinearRegression::~LinearRegression() = default;
LinearRegression::LinearRegression(LinearRegression&&) noexcept = default;
LinearRegression& LinearRegression::operator=(LinearRegression&&) noexcept = default;

void LinearRegression::fit(const Samples& x, std::span<const float> targets) {
  solver_.reset();
  epochs_ = 0;
  do partial_fit(x, targets);
  while (epochs_ < options_.max_epochs && !converged());
}

void LinearRegression::partial_fit(const Samples& x, std::span<const float> targets) {
  if (std::ssize(targets) != x.count()) {
    throw ShapeError(std::to_string(targets.size()) + " targets for " + std::to_string(x.count()) +
                     " samples");
  }
  if (targets.empty()) throw DataError("there is no sample to learn from");
  x.require_finite();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!std::isfinite(targets[i]))
      throw DataError("the target of sample " + std::to_string(i) + " is not finite");
  }
  if (solver_ == nullptr) {
    require_newton_size(options_, x.features() + 1);
    solver_ = std::make_unique<BatchSolver>(options_, zero_model(x.features(), 1));
  }
  if (x.features() != model().inputs) {
    throw ShapeError("expected samples of " + std::to_string(model().inputs) + " features, as before, got " +
                     std::to_string(x.features()));
  }
  const LinearProblem problem(
      x, {.values = targets},
      {.outputs = 1, .link = Link::identity, .bias = options_.bias, .l2 = options_.penalty.l2});
  last_epoch_ = {.loss = solver_->iterate(problem)};
  ++epochs_;
  if (!std::isfinite(last_epoch_.loss))
    throw DivergedError("linear regression: the loss is not finite; a smaller learning rate may help");
}

std::vector<double> LinearRegression::predict(const Samples& x) const { return model().scores(x); }

const LinearModel& LinearRegression::model() const {
  if (solver_ == nullptr) throw Error("linear regression has not learned anything yet");
  return solver_->model();
}

bool LinearRegression::converged() const { return solver_ != nullptr && solver_->converged(); }

// ---- logistic regression

LogisticRegression::LogisticRegression(BatchOptions options)
    : Classifier(options.max_epochs, options.classes),
      options_(resolved(std::move(options), Solver::lbfgs)) {}
LogisticRegression::~LogisticRegression() = default;

void LogisticRegression::reset() {
  require_newton_size(options_, (inputs() + 1) * (softmax() ? outputs() : 1));
  solver_ = std::make_unique<BatchSolver>(options_, zero_model(inputs(), outputs()));
}

EpochSummary LogisticRegression::pass(const Samples& x, std::span<const std::int32_t> labels) {
  const LinearProblem problem(x, {.labels = labels},
                              {.outputs = outputs(),
                               .link = softmax() ? Link::softmax : Link::logistic,
                               .bias = options_.bias,
                               .l2 = options_.penalty.l2});
  return {.loss = solver_->iterate(problem), .learning_rate = options_.learning_rate};
}

const LinearModel& LogisticRegression::model() const {
  require_learned();
  return solver_->model();
}

void LogisticRegression::scores(const Samples& x, std::span<double> to) const {
  const std::vector<double> found = model().scores(x);
  std::copy(found.begin(), found.end(), to.begin());
}

std::vector<double> LogisticRegression::predict_proba(const Samples& x) const {
  const std::vector<double> s = decision_function(x);
  const auto width = static_cast<std::size_t>(classes());
  std::vector<double> result(static_cast<std::size_t>(x.count()) * width);
  for (std::size_t i = 0; i < static_cast<std::size_t>(x.count()); ++i) {
    double* p = result.data() + i * width;
    if (outputs() == 1) {
      p[1] = 1 / (1 + std::exp(-s[i]));
      p[0] = 1 / (1 + std::exp(s[i]));
      continue;
    }
    const double* row = s.data() + i * width;
    const double largest = softmax() ? *std::max_element(row, row + width) : 0;
    double sum = 0;
    for (std::size_t c = 0; c < width; ++c)
      sum += p[c] = softmax() ? std::exp(row[c] - largest) : 1 / (1 + std::exp(-row[c]));
    for (std::size_t c = 0; c < width; ++c) p[c] /= sum;
  }
  return result;
}

bool LogisticRegression::finished() const { return solver_ != nullptr && solver_->converged(); }

std::string LogisticRegression::report(std::span<const std::string>) const {
  return std::string(to_string(options_.solver)) + ": " + std::to_string(epochs()) +
         (epochs() == 1 ? " iteration" : " iterations") +
         (finished() ? ", converged\n" : ", not converged\n");
}

std::string LogisticRegression::describe() const {
  std::string inside = "solver=" + std::string(to_string(options_.solver));
  if (options_.multiclass == Multiclass::one_vs_rest) inside += ", multiclass=one_vs_rest";
  if (!options_.bias) inside += ", bias=false";
  return "logistic(" + inside + ")";
}

Sequential LogisticRegression::network(const Shape& input_shape) const {
  return dense_network(model(), options_.bias, input_shape);
}

Loss LogisticRegression::loss() const { return Loss(softmax() ? "cross_entropy" : "binary_cross_entropy"); }

std::vector<double> LogisticRegression::state() const {
  require_learned();
  return solver_->state();
}

void LogisticRegression::restore(std::span<const double> state) { solver_->restore(state); }

}  // namespace hebb::neurons
