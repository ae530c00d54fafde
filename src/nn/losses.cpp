#include "hebb/losses.hpp"

#include <array>
#include <cmath>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "nn/description.hpp"

namespace hebb {

namespace {

constexpr double kVeryLow = -1e30;  // below any score, and finite

std::int64_t outputs_of(const Tensor& prediction) {
  const Shape& shape = prediction.shape();
  if (shape.rank() == 0 || shape[0] == 0) {
    throw ShapeError("loss: expected a batch of predictions [n, ...], got shape " + to_string(shape));
  }
  return shape.elements() / shape[0];
}

[[noreturn]] void refuse(const Tensor& p, const Tensor& t) {
  throw ShapeError("loss: targets " + std::string(to_string(t.dtype())) + to_string(t.shape()) +
                   " do not fit predictions of shape " + to_string(p.shape()));
}

void require_labels(const Tensor& p, const Tensor& t) {
  if (t.dtype() != DType::i32 || t.size() != p.shape()[0]) refuse(p, t);
}

/// 1 at the label, [n, classes].
Tensor indicators(const Tensor& p, const Tensor& t) {
  require_labels(p, t);
  if (p.shape().rank() != 2) refuse(p, t);
  return cast(one_hot(reshape(t, {t.size()}), p.shape()[1]), p.dtype());
}

/// The targets as real numbers of the prediction's shape.
Tensor values(const Tensor& p, const Tensor& t) {
  const std::int64_t outputs = outputs_of(p);
  if (t.dtype() == DType::i32) {
    if (outputs > 1) return indicators(p, t);
    require_labels(p, t);
  } else if (t.dtype() != p.dtype() || t.size() != p.size() || t.shape().rank() == 0 ||
             t.shape()[0] != p.shape()[0]) {
    refuse(p, t);
  }
  const Tensor numbers = cast(t, p.dtype());
  return t.shape() == p.shape() ? numbers : reshape(numbers, p.shape().extents());
}

void require_logits(std::string_view loss, const Tensor& p) {
  outputs_of(p);
  if (p.shape().rank() == 2 && p.shape()[1] > 1) return;
  throw ShapeError(std::string(loss) + ": expected logits [n, classes] of at least two classes, got shape " +
                   to_string(p.shape()));
}

Tensor cross_entropy(const LossOptions& options, const Tensor& p, const Tensor& t) {
  require_logits("cross_entropy", p);
  const double smoothing = options.label_smoothing;
  const std::int64_t classes = p.shape()[1];
  if (t.dtype() != DType::i32) {
    if (!options.class_weights.empty())
      throw ShapeError("cross_entropy: class weights need labels, not probabilities");
    const Tensor smoothed = values(p, t) * (1 - smoothing) + smoothing / static_cast<double>(classes);
    return neg(sum(smoothed * log_softmax(p))) / static_cast<double>(p.shape()[0]);
  }
  require_labels(p, t);
  const Tensor labels = reshape(t, {t.size()});
  const Tensor each = softmax_cross_entropy(p, labels, smoothing);
  if (options.class_weights.empty()) return mean(each);
  if (static_cast<std::int64_t>(options.class_weights.size()) != classes) {
    throw ShapeError("cross_entropy: " + std::to_string(options.class_weights.size()) +
                     " class weights for " + std::to_string(classes) + " classes");
  }
  const Tensor table = cast(Tensor::from(options.class_weights, Shape{classes}), p.dtype());
  const Tensor weight = gather(table, labels);
  return sum(each * weight) / sum(weight);
}

Tensor hinge(const LossOptions&, const Tensor& p, const Tensor& t) {
  if (outputs_of(p) == 1) {
    const Tensor sign = t.dtype() == DType::i32 ? values(p, t) * 2.0 - 1.0 : values(p, t);
    return mean(relu(1.0 - sign * p));
  }
  const Tensor chosen = indicators(p, t);
  const Tensor own = sum(chosen * p, {-1});
  const Tensor other = max(where(chosen, full(kVeryLow, p.shape(), p.dtype()), p), {-1});
  return mean(relu(1.0 + other - own));
}

Tensor huber(const LossOptions& options, const Tensor& p, const Tensor& t) {
  const double delta = options.delta;
  const Tensor d = abs(p - values(p, t));
  return mean(where(less_equal(d, delta), d * d * 0.5, (d - delta / 2) * delta));
}

Tensor kl_divergence(const LossOptions&, const Tensor& p, const Tensor& t) {
  require_logits("kl_divergence", p);
  const Tensor target = values(p, t);
  constexpr double kSmallest = 1e-37;  // t log t is 0 where t is 0
  const Tensor own = where(less(0.0, target), target * log(maximum(target, kSmallest)), 0.0);
  return sum(own - target * log_softmax(p)) / static_cast<double>(p.shape()[0]);
}

struct Row {
  std::string_view name;
  Tensor (*value)(const LossOptions&, const Tensor&, const Tensor&);
  bool classification = false;
  double threshold = 0.5;
};

constexpr std::array<Row, 8> kRows = {{
    {"sse",
     [](const LossOptions&, const Tensor& p, const Tensor& t) { return sum(square(p - values(p, t))); }},
    {"mse",
     [](const LossOptions&, const Tensor& p, const Tensor& t) { return mean(square(p - values(p, t))); }},
    {"mae", [](const LossOptions&, const Tensor& p, const Tensor& t) { return mean(abs(p - values(p, t))); }},
    {"huber", huber},
    {"cross_entropy", cross_entropy, true},
    {"binary_cross_entropy",
     [](const LossOptions&, const Tensor& p, const Tensor& t) {
       return mean(sigmoid_cross_entropy(p, values(p, t)));
     },
     true, 0},
    {"hinge", hinge, true, 0},
    {"kl_divergence", kl_divergence, true},
}};

const Row& row(int index) { return kRows[static_cast<std::size_t>(index)]; }

int find_row(std::string_view name) {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return static_cast<int>(i);
  }
  throw ConfigError(unknown_name("loss", name, loss_names()));
}

void check(const LossOptions& options) {
  if (!(options.delta > 0) || !std::isfinite(options.delta)) {
    throw ConfigError("huber: expected a positive delta, got " + number_text(options.delta));
  }
  if (!(options.label_smoothing >= 0 && options.label_smoothing < 1)) {
    throw ConfigError("cross_entropy: expected label_smoothing from 0 to below 1, got " +
                      number_text(options.label_smoothing));
  }
  for (const float weight : options.class_weights) {
    if (weight > 0 && std::isfinite(weight)) continue;
    throw ConfigError("cross_entropy: expected positive class weights, got " + number_text(weight));
  }
}

}  // namespace

Loss::Loss(const char* name) : Loss(std::string_view(name)) {}

Loss::Loss(std::string_view name, LossOptions options) : row_(find_row(name)), options_(std::move(options)) {
  check(options_);
}

Loss Loss::parse(std::string_view text) {
  try {
    const std::vector<Term> terms = parse_terms(text);
    if (terms.size() != 1) throw ConfigError("expected one name, got " + in_quotes(text));
    const Term& term = terms.front();
    const std::string_view name = row(find_row(term.word)).name;
    ArgumentReader arguments(term);
    LossOptions options;
    if (name == "huber") options.delta = arguments.real("delta", options.delta, true);
    if (name == "cross_entropy") {
      options.label_smoothing = arguments.real("label_smoothing", options.label_smoothing);
      for (const double weight : arguments.reals("class_weights"))
        options.class_weights.push_back(static_cast<float>(weight));
    }
    arguments.finish();
    return Loss(name, options);
  } catch (const ConfigError& error) {
    throw ConfigError(std::string("loss: ") + error.what());
  }
}

Loss Loss::for_classes(std::int64_t outputs) {
  return {outputs == 1 ? "binary_cross_entropy" : "cross_entropy"};
}

Tensor Loss::operator()(const Tensor& prediction, const Tensor& target) const {
  const Scope scope("loss");
  return row(row_).value(options_, prediction, target);
}

std::string_view Loss::name() const { return row(row_).name; }

std::string Loss::describe() const {
  const LossOptions usual;
  std::string inside;
  const auto add = [&](const std::string& argument) { inside += (inside.empty() ? "" : ", ") + argument; };
  if (name() == "huber" && options_.delta != usual.delta) add(number_text(options_.delta));
  if (name() == "cross_entropy") {
    if (options_.label_smoothing != usual.label_smoothing)
      add("label_smoothing=" + number_text(options_.label_smoothing));
    std::string weights;
    for (const float weight : options_.class_weights)
      weights += (weights.empty() ? "" : " ") + number_text(weight);
    if (!weights.empty()) add("class_weights=" + weights);
  }
  return std::string(name()) + (inside.empty() ? "" : "(" + inside + ")");
}

bool Loss::is_sum() const { return name() == "sse"; }

bool Loss::is_classification() const { return row(row_).classification; }

Tensor Loss::probabilities(const Tensor& prediction) const {
  if (name() == "cross_entropy" || name() == "kl_divergence") return softmax(prediction);
  if (name() == "binary_cross_entropy") return sigmoid(prediction);
  return prediction;
}

double Loss::threshold() const { return row(row_).threshold; }

std::vector<std::string_view> loss_names() {
  std::vector<std::string_view> names;
  for (const Row& r : kRows) names.push_back(r.name);
  return names;
}

Tensor penalty(const std::vector<NamedTensor>& parameters, const PenaltyOptions& options) {
  for (const double strength : {options.l1, options.l2}) {
    if (strength >= 0 && std::isfinite(strength)) continue;
    throw ConfigError("penalty: expected strengths of 0 or more, got " + number_text(strength));
  }
  const Scope scope("penalty");
  Tensor total = full(0.0, {});
  for (const NamedTensor& p : parameters) {
    if (!p.trainable || p.value->shape().rank() < 2) continue;
    if (options.l1 > 0) total = total + sum(abs(*p.value)) * options.l1;
    if (options.l2 > 0) total = total + sum(square(*p.value)) * options.l2;
  }
  return total;
}

}  // namespace hebb
