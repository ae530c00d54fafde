#include <algorithm>
#include <cstring>
#include <list>

#include "graph/plan.hpp"
#include "hebb/error.hpp"
#include "hebb/training_step.hpp"
#include "hebb/transforms.hpp"
#include "optim/batch_plans.hpp"

namespace hebb {

struct Predictor::State {
  std::unique_ptr<Module> model;
  Shape input_shape;
  Shape output_shape;
  Precision precision = Precision::f32;
  std::int64_t bytes_of_sample = 0;                          // of the plan's memory; zero until it is known
  std::vector<float> outputs;                                // of a batch that is computed in parts
  std::list<std::pair<std::int64_t, Execution>> executions;  // by batch size; the one used last comes first

  /// Of n samples as many as keep what lies between two layers in the cache.
  std::int64_t samples_at_once(std::int64_t n) {
    constexpr std::int64_t kCachedBytes = 4 << 20;
    constexpr std::int64_t kFew =
        8;  // are always computed at once; multiples of it leave threads like shares
    if (n <= kFew) return n;
    if (bytes_of_sample == 0)
      bytes_of_sample = static_cast<std::int64_t>(Plan(spec(kFew)).memory_bytes()) / kFew + 1;
    return std::min(n, std::max(kFew, kCachedBytes / bytes_of_sample / kFew * kFew));
  }

  PlanSpec spec(std::int64_t n) const {
    const Tensor x = Tensor::placeholder(with_batch(n, input_shape), DType::f32, "input");
    ForwardContext context;
    const Tensor y = fold_constants(model->forward(x, context));
    return {.inputs = {x}, .bound = {}, .outputs = {y}, .updates = {}, .precision = precision};
  }

  Execution& execution(std::int64_t n) {
    if (!executions.empty() && executions.front().first == n) return executions.front().second;
    for (auto it = executions.begin(); it != executions.end(); ++it) {
      if (it->first != n) continue;
      executions.splice(executions.begin(), executions, it);
      return executions.front().second;
    }
    executions.emplace_front(n, Execution(std::make_shared<const Plan>(spec(n))));
    if (executions.size() > kMostPlans) executions.pop_back();
    return executions.front().second;
  }
};

Predictor::Predictor(const Module& model, const Shape& input_shape, Precision precision)
    : state_(std::make_unique<State>()) {
  state_->precision = precision;
  state_->model = model.clone();
  state_->input_shape = input_shape;
  ForwardContext context;
  const Tensor y =
      state_->model->forward(Tensor::placeholder(with_batch(1, input_shape), DType::f32, "input"), context);
  const auto& extents = y.shape().extents();
  state_->output_shape =
      extents.empty() ? Shape() : Shape(std::vector<std::int64_t>(extents.begin() + 1, extents.end()));
}

Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;

const Shape& Predictor::output_shape() const { return state_->output_shape; }

std::size_t Predictor::plan_bytes(std::int64_t n) const { return Plan(state_->spec(n)).memory_bytes(); }

std::span<const float> Predictor::operator()(std::span<const float> inputs) {
  const auto sample = static_cast<std::size_t>(state_->input_shape.elements());
  if (sample == 0 || inputs.empty() || inputs.size() % sample != 0) {
    throw ShapeError("predict: expected a multiple of " + std::to_string(sample) +
                     " values, samples of shape " + to_string(state_->input_shape) + ", got " +
                     std::to_string(inputs.size()));
  }
  const auto n = static_cast<std::int64_t>(inputs.size() / sample);
  const auto result = static_cast<std::size_t>(state_->output_shape.elements());
  const auto run = [&](std::int64_t first, std::int64_t count) {
    Execution& execution = state_->execution(count);
    const auto part =
        inputs.subspan(static_cast<std::size_t>(first) * sample, static_cast<std::size_t>(count) * sample);
    std::memcpy(execution.input(0), part.data(), part.size_bytes());
    execution.run();
    return std::span(static_cast<const float*>(execution.output(0)),
                     static_cast<std::size_t>(count) * result);
  };
  const std::int64_t most = state_->samples_at_once(n);
  if (n <= most) return run(0, n);
  state_->outputs.resize(static_cast<std::size_t>(n) * result);
  for (std::int64_t first = 0; first < n; first += most) {
    const std::span<const float> part = run(first, std::min(most, n - first));
    std::copy(part.begin(), part.end(), state_->outputs.begin() + first * static_cast<std::int64_t>(result));
  }
  return state_->outputs;
}

}  // namespace hebb
