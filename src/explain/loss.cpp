#include "explain/loss.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "explain/formulas.hpp"
#include "graph/interpreter.hpp"
#include "hebb/ops.hpp"

namespace hebb::explaining {

namespace {

constexpr std::int64_t kMostTerms = 3;

/// Numbers of one step's loss.
struct Case {
  const Loss& loss;
  Shape shape;              ///< of the outputs
  std::vector<double> p;    ///< outputs
  std::vector<double> q;    ///< probabilities, where there are some
  std::vector<double> t;    ///< targets
  std::vector<double> row;  ///< what each sample counts in a mean over samples
  std::int64_t samples = 0;
  std::int64_t width = 0;  ///< outputs of a sample

  double p_at(std::int64_t i) const { return p[static_cast<std::size_t>(i)]; }
  double q_at(std::int64_t i) const { return q[static_cast<std::size_t>(i)]; }
  double t_at(std::int64_t i) const { return t[static_cast<std::size_t>(i)]; }
  std::int64_t elements() const { return samples * width; }
  /// The class of a sample: that of its largest target.
  std::int64_t label(std::int64_t sample) const {
    const auto begin = t.begin() + sample * width;
    return std::max_element(begin, begin + width) - begin;
  }
};

std::string signed_number(double value) {
  return value < 0 ? "(" + short_number(value) + ")" : short_number(value);
}

/// "a + b + ... (9 terms)".
template <class Term>
std::string terms(std::int64_t count, const Term& term) {
  std::string text;
  for (std::int64_t i = 0; i < std::min(count, kMostTerms); ++i) text += (i == 0 ? "" : " + ") + term(i);
  return count > kMostTerms ? text + fmt::format(" + ... ({} terms)", count) : text;
}

std::string square_terms(const Case& c) {
  return terms(c.elements(), [&](std::int64_t i) {
    return fmt::format("({} - {})^2", short_number(c.p_at(i)), signed_number(c.t_at(i)));
  });
}

std::string over(const Case& c, const std::string& inside, std::int64_t count) {
  return count == 1 ? inside : fmt::format("({}) / {}", inside, c.loss.is_sum() ? 1 : count);
}

void explain_squares(const Case& c, std::int64_t i, ExplainedLoss& to) {
  const bool sum = c.loss.is_sum();
  to.formula = sum ? "L = sum((p - t)^2)" : "L = mean((p - t)^2)";
  to.in_numbers = sum ? square_terms(c) : over(c, square_terms(c), c.elements());
  to.derivative = sum ? "dp = 2 (p - t)" : fmt::format("dp = 2 (p - t) / {}", c.elements());
  to.derivative_in_numbers = fmt::format("2*({} - {})", short_number(c.p_at(i)), signed_number(c.t_at(i))) +
                             (sum ? "" : fmt::format("/{}", c.elements()));
}

void explain_absolute(const Case& c, std::int64_t i, ExplainedLoss& to) {
  to.formula = "L = mean(|p - t|)";
  to.in_numbers =
      over(c,
           terms(c.elements(),
                 [&](std::int64_t k) {
                   return fmt::format("|{} - {}|", short_number(c.p_at(k)), signed_number(c.t_at(k)));
                 }),
           c.elements());
  to.derivative = fmt::format("dp = sign(p - t) / {}", c.elements());
  to.derivative_in_numbers =
      fmt::format("sign({} - {})/{}", short_number(c.p_at(i)), signed_number(c.t_at(i)), c.elements());
}

void explain_huber(const Case& c, std::int64_t i, ExplainedLoss& to) {
  const std::string delta = short_number(c.loss.options().delta);
  to.formula = fmt::format("L = mean of d^2 / 2 where d = |p - t| <= {0}, else {0} (d - {0} / 2)", delta);
  to.derivative = fmt::format("dp = (p - t, limited to [-{0}, {0}]) / {1}", delta, c.elements());
  to.derivative_in_numbers = fmt::format("({} - {} within [-{}, {}])/{}", short_number(c.p_at(i)),
                                         signed_number(c.t_at(i)), delta, delta, c.elements());
}

/// Why the gradient of the cross-entropy of softmax is p - y, with the numbers of one sample.
void reason_softmax(const Case& c, std::int64_t i, ExplainedLoss& to) {
  const std::int64_t n = i / c.width;
  const std::int64_t k = i % c.width;
  const std::int64_t label = c.label(n);
  to.reason = {
      "Of one sample: L = -sum over k of t[k] log q[k], q[k] = exp(p[k]) / sum(exp(p)).",
      "log q[k] = p[k] - log(sum(exp(p))), and t sums to 1, so that",
      "  L = log(sum(exp(p))) - sum over k of t[k] p[k].",
      "The slope of the first term is exp(p[k]) / sum(exp(p)) = q[k], that of the",
      "second t[k]. What is left is the difference of what the model says and what",
      "is true, q - t: nothing is left of the exponentials, and it does not vanish",
      "where the model is sure and wrong.",
      fmt::format("Here, sample {}, class {}{}: q - t = {} - {} = {}", n, k,
                  k == label ? " (the true one)" : "", short_number(c.q_at(i)), short_number(c.t_at(i)),
                  short_number(c.q_at(i) - c.t_at(i))),
  };
}

void explain_softmax(const Case& c, std::int64_t i, ExplainedLoss& to) {
  const auto row = [&](std::int64_t n) { return c.row[static_cast<std::size_t>(n)]; };
  const bool weighted = !c.loss.options().class_weights.empty();
  const bool divergence = c.loss.name() == "kl_divergence";
  const std::string each = divergence ? "sum of t log(t / q)" : "-sum of t log q";
  const std::string by = weighted ? "weighted mean" : "mean";
  to.formula = fmt::format("L = {} over samples of {}, q = softmax(p)", by, each);
  if (!weighted && !divergence) {
    const auto term = [&](std::int64_t n) {
      std::string text;
      for (std::int64_t k = 0; k < c.width; ++k) {
        const double t = c.t_at(n * c.width + k);
        if (t == 0) continue;
        if (!text.empty()) return std::string("...");
        text = (t == 1 ? "-log " : fmt::format("-{}*log ", short_number(t))) +
               short_number(c.q_at(n * c.width + k));
      }
      return text;
    };
    to.in_numbers = over(c, terms(c.samples, term), c.samples);
  }
  to.derivative = weighted         ? "dp = w (q - t) / sum(w), w being the weight of the class"
                  : c.samples == 1 ? "dp = q - t"
                                   : fmt::format("dp = (q - t) / {}", c.samples);
  const std::string difference = fmt::format("{} - {}", short_number(c.q_at(i)), signed_number(c.t_at(i)));
  to.derivative_in_numbers = weighted ? fmt::format("{}*({})", short_number(row(i / c.width)), difference)
                                      : over(c, difference, c.samples);
  reason_softmax(c, i, to);
}

void explain_sigmoid(const Case& c, std::int64_t i, ExplainedLoss& to) {
  to.formula = "L = mean of -t log q - (1 - t) log(1 - q), q = sigmoid(p)";
  const auto term = [&](std::int64_t k) {
    const double t = c.t_at(k);
    const std::string q = short_number(c.q_at(k));
    if (t == 1) return "-log " + q;
    return t == 0 ? "-log(1 - " + q + ")" : std::string("...");
  };
  to.in_numbers = over(c, terms(c.elements(), term), c.elements());
  to.derivative = c.elements() == 1 ? "dp = q - t" : fmt::format("dp = (q - t) / {}", c.elements());
  to.derivative_in_numbers =
      over(c, fmt::format("{} - {}", short_number(c.q_at(i)), signed_number(c.t_at(i))), c.elements());
  to.reason = {
      "Of one sample: L = -t log q - (1 - t) log(1 - q), dL/dq = (q - t) / (q (1 - q)).",
      "The slope of q = sigmoid(p) is q (1 - q), which the denominator cancels: the",
      "product is q - t, the difference of what the model says and what is true.",
      fmt::format("Here, element {}: q - t = {} - {} = {}", i, short_number(c.q_at(i)),
                  short_number(c.t_at(i)), short_number(c.q_at(i) - c.t_at(i))),
  };
}

void explain_hinge(const Case& c, std::int64_t, ExplainedLoss& to) {
  if (c.width == 1) {
    to.formula = "L = mean of max(0, 1 - s p), s = -1 or 1";
    to.derivative = fmt::format("dp = -s / {} where s p < 1, else 0", c.samples);
    return;
  }
  to.formula = "L = mean of max(0, 1 + largest other output - output of the label)";
  to.derivative = fmt::format(
      "dp = 1/{0} at the largest other output and -1/{0} at the label, where they are closer than 1, else 0",
      c.samples);
}

std::vector<double> row_weights(const Loss& loss, const Tensor& target, std::int64_t samples) {
  const std::vector<float>& weights = loss.options().class_weights;
  std::vector<double> rows(static_cast<std::size_t>(samples), 1.0 / static_cast<double>(samples));
  if (weights.empty() || target.dtype() != DType::i32) return rows;
  double sum = 0;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    rows[n] = static_cast<double>(weights.at(static_cast<std::size_t>(target.data<std::int32_t>()[n])));
    sum += rows[n];
  }
  for (double& row : rows) row /= sum;
  return rows;
}

/// Targets in the form of the outputs.
std::vector<double> target_values(const Loss& loss, const Tensor& target, const Shape& outputs) {
  std::vector<double> values = target.to_vector();
  const std::int64_t width = outputs.elements() / outputs[0];
  if (target.dtype() == DType::i32 && width > 1) {
    std::vector<double> spread(static_cast<std::size_t>(outputs.elements()), 0.0);
    for (std::size_t n = 0; n < values.size(); ++n)
      spread[n * static_cast<std::size_t>(width) + static_cast<std::size_t>(values[n])] = 1;
    values = std::move(spread);
  }
  if (loss.name() == "hinge" && width == 1 && target.dtype() == DType::i32) {
    for (double& value : values) value = 2 * value - 1;
  }
  const double smoothing = loss.options().label_smoothing;
  if (smoothing > 0) {
    for (double& value : values) value = (1 - smoothing) * value + smoothing / static_cast<double>(width);
  }
  return values;
}

}  // namespace

ExplainedLoss explain_loss(const Loss& loss, const Tensor& output, const Tensor& target,
                           std::int64_t element) {
  const std::string_view name = loss.name();
  ExplainedLoss result{.name = loss.describe()};
  Case c{.loss = loss, .shape = output.shape(), .p = output.to_vector(), .q = {}, .t = {}, .row = {}};
  c.samples = output.shape()[0];
  c.width = output.size() / c.samples;
  c.t = target_values(loss, target, output.shape());
  c.row = row_weights(loss, target, c.samples);
  result.target = Tensor::from(std::span<const double>(c.t), output.shape());
  const Tensor probabilities = loss.probabilities(output);
  if (!probabilities.same_as(output)) {
    result.probabilities = interpret<double>({probabilities})[0];
    c.q = result.probabilities.to_vector();
  }
  if (name == "sse" || name == "mse") explain_squares(c, element, result);
  if (name == "mae") explain_absolute(c, element, result);
  if (name == "huber") explain_huber(c, element, result);
  if (name == "cross_entropy" || name == "kl_divergence") explain_softmax(c, element, result);
  if (name == "binary_cross_entropy") explain_sigmoid(c, element, result);
  if (name == "hinge") explain_hinge(c, element, result);
  return result;
}

std::string update_formula(const Optimizer& optimizer) {
  struct Rule {
    std::string_view name, text;
  };
  static constexpr Rule kRules[] = {
      {"sgd", "w := w - r dw"},
      {"momentum", "v := m v + dw; w := w - r v"},
      {"nesterov", "v := m v + dw; w := w - r (dw + m v)"},
      {"adagrad", "s := s + dw^2; w := w - r dw / (sqrt(s) + e)"},
      {"rmsprop", "s := d s + (1 - d) dw^2; w := w - r dw / (sqrt(s) + e)"},
      {"adam",
       "m := b1 m + (1 - b1) dw; v := b2 v + (1 - b2) dw^2; "
       "w := w - r (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + e)"},
      {"rprop", "w := w - step sign(dw), the step growing while dw keeps its sign"},
  };
  const auto* rule = std::find_if(std::begin(kRules), std::end(kRules),
                                  [&](const Rule& r) { return r.name == optimizer.name(); });
  std::string text = rule == std::end(kRules) ? std::string(optimizer.name()) : std::string(rule->text);
  if (optimizer.weight_decay() != 0)
    text = fmt::format("w := (1 - r {}) w; {}", short_number(optimizer.weight_decay()), text);
  return text;
}

}  // namespace hebb::explaining
