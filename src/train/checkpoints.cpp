/// Snapshots of a training run, resumption, and what to say when it diverges.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/interpreter.hpp"
#include "graph/node.hpp"
#include "graph/op.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "hebb/transforms.hpp"
#include "io/json.hpp"
#include "optim/mixup.hpp"
#include "train/training.hpp"

namespace hebb::training {

namespace {

constexpr const char* kLbfgsState = "lbfgs.state";
constexpr const char* kLbfgsPoint = "lbfgs.point";

Tensor vector_of(const std::vector<double>& values) {
  return Tensor::from(std::span<const double>(values), Shape{static_cast<std::int64_t>(values.size())});
}

std::vector<double> numbers_of(const std::vector<NamedValue>& values, std::string_view name) {
  for (const NamedValue& value : values) {
    if (value.name == name && value.value.dtype() == DType::f64) return value.value.to_vector();
  }
  throw FormatError(fmt::format("training state: no f64 tensor is named {}", name));
}

/// The first element that is not finite, as text; empty when all are.
std::string first_bad(const Tensor& tensor) {
  if (tensor.dtype() != DType::f32) return {};
  for (const float value : tensor.data<float>()) {
    if (std::isfinite(value)) continue;
    return std::isnan(value) ? "not a number" : "infinite";
  }
  return {};
}

/// Where a node was built: the layer's name and the operation.
std::string place_of(const Node& node) {
  const std::string op = node.op == nullptr ? "value" : std::string(node.op->name);
  return node.scope.empty() ? op : fmt::format("{} ({})", node.scope, op);
}

/// Handles of everything an expression depends on, in order of computation.
std::vector<Tensor> all_nodes(const std::vector<Tensor>& outputs) {
  std::vector<Tensor> all;
  const auto note = [&](const Tensor& tensor) {
    if (!tensor.node().is_leaf()) all.push_back(tensor);
  };
  for (const Node* node : topological_order(outputs)) {
    for (const Tensor& input : node->inputs) note(input);
  }
  for (const Tensor& output : outputs) note(output);
  std::sort(all.begin(), all.end(),
            [](const Tensor& a, const Tensor& b) { return a.node().id < b.node().id; });
  all.erase(
      std::unique(all.begin(), all.end(), [](const Tensor& a, const Tensor& b) { return a.same_as(b); }),
      all.end());
  return all;
}

}  // namespace

Checkpoint Training::checkpoint() {
  Checkpoint state;
  state.parameters = step_.parameter_state();
  state.optimizer = step_.optimizer_state();
  if (lbfgs_) {
    state.optimizer.push_back({kLbfgsState, vector_of(lbfgs_->state())});
    state.optimizer.push_back({kLbfgsPoint, vector_of(point_)});
  }
  if (options_.ema > 0) state.average = step_.inference_state();
  state.best = best_;
  state.epoch = position_.epoch;
  state.steps = step_.steps();
  const Json progress = {{"batch", position_.batch},
                         {"loss_sum", position_.loss_sum},
                         {"seconds", position_.seconds},
                         {"best_loss", position_.best_loss},
                         {"best_epoch", position_.best_epoch},
                         {"bad_epochs", position_.bad_epochs},
                         {"stopped_early", position_.stopped_early}};
  Json schedule = Json::array();
  for (const double value : schedule_.state())
    schedule.push_back(std::isinf(value) ? Json(nullptr) : Json(value));
  Json all = progress;
  all["schedule"] = schedule;
  state.progress = json_text(all);
  state.reports.assign(reports_.begin() + static_cast<std::ptrdiff_t>(kept_),
                       reports_.begin() + static_cast<std::ptrdiff_t>(delivered_));
  kept_ = delivered_;
  return state;
}

void Training::restore(const Checkpoint& state) {
  std::vector<NamedValue> optimizer = state.optimizer;
  if (lbfgs_) {
    lbfgs_->set_state(numbers_of(optimizer, kLbfgsState));
    const std::vector<double> point = numbers_of(optimizer, kLbfgsPoint);
    if (point.size() != point_.size())
      throw FormatError("training state: the point of L-BFGS has another size");
    point_ = point;
    optimizer.resize(optimizer.size() - 2);
  }
  step_.set_state(state.parameters, optimizer, state.steps, state.average);
  best_ = state.best;
  try {
    const Json json = parse_json(state.progress);
    position_ = {.epoch = state.epoch,
                 .batch = json.at("batch").get<std::int64_t>(),
                 .loss_sum = json.at("loss_sum").get<double>(),
                 .seconds = json.at("seconds").get<double>(),
                 .best_loss = json.at("best_loss").get<double>(),
                 .best_epoch = json.at("best_epoch").get<std::int64_t>(),
                 .bad_epochs = json.at("bad_epochs").get<std::int64_t>(),
                 .stopped_early = json.at("stopped_early").get<bool>()};
    std::vector<double> schedule;
    for (const Json& value : json.at("schedule")) {
      schedule.push_back(value.is_null() ? std::numeric_limits<double>::infinity() : value.get<double>());
    }
    schedule_.set_state(schedule);
  } catch (const Json::exception& error) {
    throw FormatError(fmt::format("training state: {}", error.what()));
  }
  if (position_.epoch < 0 || position_.batch < 0 || position_.batch >= batches()) {
    throw FormatError("training state: its position is not within this training set");
  }
  filled_ = nullptr;
}

void Training::resume(const Checkpoint& state) {
  restore(state);
  if (static_cast<std::int64_t>(state.reports.size()) != state.epoch) {
    throw FormatError(
        fmt::format("training state: {} epochs completed, {} reported", state.epoch, state.reports.size()));
  }
  reports_ = state.reports;
  delivered_ = kept_ = reports_.size();
  // More patience, or more epochs, than before: what ended the run then need not end it now.
  if (!lbfgs_) position_.stopped_early = options_.patience > 0 && position_.bad_epochs >= options_.patience;
}

void Training::take_snapshot() {
  const std::size_t kept = kept_;
  snapshot_ = checkpoint();
  kept_ = kept;
  last_snapshot_ = Clock::now();
}

/// The first parameter, or the first part of the optimiser's state, that is not finite; empty when all are.
std::string Training::first_bad_state() const {
  for (const auto& values : {step_.parameter_state(), step_.optimizer_state()}) {
    for (const NamedValue& value : values) {
      if (const std::string bad = first_bad(value.value); !bad.empty())
        return fmt::format("{}, which is {}", value.name, bad);
    }
  }
  return {};
}

/// To be called before the state is shown, kept or judged: an update may have spoilt it without a loss that
/// tells.
void Training::require_finite_state() {
  if (!first_bad_state().empty()) diverged("a parameter is not finite");
}

/// Training is deterministic: repeated from the last snapshot up to a step, it comes by the same state, best
/// weights and learning rates included.
void Training::replay(std::int64_t steps) {
  restore(snapshot_);
  while (step_.steps() < steps) {
    if (!whole_set_in_order()) shuffle();
    one_step();
    if (position_.batch < batches()) continue;
    position_.batch = 0;
    position_.loss_sum = 0;
    judge(reports_[static_cast<std::size_t>(position_.epoch++)]);
  }
}

/// Goes back to before the step that went wrong, and if what that step began with was bad already, to before
/// the one that made it so; keeps that state and tells where the first bad value came from.
void Training::diverged(const std::string& what, std::string where) {
  const double rate = lbfgs_ ? base_rate_ : step_.learning_rate();
  const std::int64_t failed = lbfgs_ ? position_.epoch + 1 : step_.steps();
  const std::int64_t epoch = lbfgs_ ? failed : (failed - 1) / batches() + 1;
  std::string bad;
  for (std::int64_t steps = lbfgs_ ? snapshot_.steps : failed - 1;; --steps) {
    replay(std::max(steps, snapshot_.steps));
    const std::string found = first_bad_state();
    if (found.empty()) break;
    bad = found;
    if (steps <= snapshot_.steps) break;  // it was so from the beginning
  }
  reports_.resize(std::min(reports_.size(), static_cast<std::size_t>(position_.epoch)));
  delivered_ = std::min(delivered_, reports_.size());
  kept_ = std::min(kept_, delivered_);
  if (where.empty()) {
    if (!whole_set_in_order()) shuffle();
    where = culprit(*inputs_.train, samples_of_batch(), true);
  }
  if (inputs_.observer != nullptr && inputs_.observer->wants_checkpoints() && first_bad_state().empty())
    inputs_.observer->on_checkpoint(checkpoint(), false);
  if (where.empty() && bad.empty()) {  // the step itself is fine: its update is not
    one_step();
    bad = first_bad_state();
  }
  if (where.empty()) where = "the update of " + bad;
  throw DivergedError(
      fmt::format("training diverged in epoch {}, step {}: {}; the first such value is in {}. The learning "
                  "rate is {}: a smaller one, or clipping gradients, may help",
                  epoch, failed, what, where, rate));
}

/// Computes the loss of a batch, and while training its gradients, node by node; says where the first value
/// that is not finite is, and nothing when there is none.
std::string Training::culprit(const Dataset& data, std::span<const std::int64_t> samples,
                              bool training) const {
  const auto n = static_cast<std::int64_t>(samples.size());
  const bool labels = data.target_kind() == TargetKind::classes;
  std::vector<std::int32_t> label_buffer(labels ? samples.size() : 0);
  std::vector<float> values(labels ? 0 : samples.size() * static_cast<std::size_t>(output_.elements()));
  const Tensor x = Tensor::make<float>(batch_shape(n, data.input_shape()), [&](float* to) {
    const BatchBuffers buffers = {.inputs = to,
                                  .labels = labels ? label_buffer.data() : nullptr,
                                  .values = labels ? nullptr : values.data()};
    if (training) return fill(samples, buffers);
    data.fill(samples, to, {.labels = buffers.labels, .values = buffers.values});
  });
  const Tensor y = labels ? Tensor::from(std::span<const std::int32_t>(label_buffer), Shape{n})
                          : Tensor::from(std::span<const float>(values), batch_shape(n, output_));
  if (const std::string bad = first_bad(x); !bad.empty()) return "an input of the data, which is " + bad;
  if (const std::string bad = first_bad(y); !bad.empty()) return "a target of the data, which is " + bad;

  const std::unique_ptr<Module> model = model_.clone();
  load_exactly(parameters(*model), training ? step_.parameter_state() : step_.inference_state());
  std::vector<NamedTensor> named = parameters(*model);
  for (const std::string& pattern : options_.freeze) freeze(named, pattern);
  ForwardContext context{.training = training, .key = step_.key()};
  Tensor loss = training_loss(*model, options_.loss, x, y, training ? step_.mixing() : Tensor(), context);
  if (training) loss = loss + penalty(named, options_.penalty);

  const std::vector<Tensor> nodes = all_nodes({loss});
  const std::vector<Tensor> found = interpret<float>(nodes);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (const std::string bad = first_bad(found[i]); !bad.empty())
      return fmt::format("{}, which is {}", place_of(nodes[i].node()), bad);
  }
  if (!training) return {};
  std::vector<Tensor> leaves;
  for (const NamedTensor& p : named) leaves.push_back(*p.value);
  const std::vector<Tensor> slopes = interpret<float>(gradients(loss, leaves));
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    if (const std::string bad = first_bad(slopes[i]); !bad.empty())
      return fmt::format("the gradient of {}, which is {}", named[i].name, bad);
  }
  return {};
}

}  // namespace hebb::training
