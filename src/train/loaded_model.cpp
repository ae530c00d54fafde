#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hebb/error.hpp"
#include "hebb/model_file.hpp"
#include "hebb/ops.hpp"
#include "hebb/training_step.hpp"

namespace hebb {
namespace {

/// A saved model from raw input to probabilities, so that scaling and all are part of one plan.
class RawModel final : public Module {
 public:
  explicit RawModel(const SavedModel& saved) : inner_(saved.module->clone()), loss_(saved.loss) {
    const Scaling& scaling = saved.input.scaling;
    const Shape& shape = saved.input.input_shape;
    scaling.check(shape.elements());
    if (scaling.empty()) return;
    std::vector<float> inverse;
    for (const float deviation : scaling.deviation) inverse.push_back(1 / deviation);
    const Shape extents = scaling.mean.size() == 1 ? Shape({1}) : shape;
    mean_ = Tensor::from(std::span<const float>(scaling.mean), extents);
    inverse_ = Tensor::from(std::span<const float>(inverse), extents);
  }
  RawModel(const RawModel& other)
      : Module(other),
        inner_(other.inner_->clone()),
        loss_(other.loss_),
        mean_(other.mean_),
        inverse_(other.inverse_) {}

  std::unique_ptr<Module> clone() const override { return std::make_unique<RawModel>(*this); }
  Tensor forward(const Tensor& x, ForwardContext& context) const override {
    const Tensor scaled = mean_.empty() ? x : (x - mean_) * inverse_;
    return loss_.probabilities(inner_->forward(scaled, context));
  }
  void visit(ParameterVisitor& visitor) override { inner_->visit(visitor); }

 private:
  std::unique_ptr<Module> inner_;
  Loss loss_;
  Tensor mean_;
  Tensor inverse_;
};

}  // namespace

struct LoadedModel::State {
  InputSpec input;
  Loss loss;
  Predictor predictor;
  std::int64_t inputs;
  std::int64_t outputs;
  std::int64_t classes;
  double threshold = 0;
  std::vector<std::string> class_names;

  State(const SavedModel& model, Precision precision)
      : input(model.input),
        loss(model.loss),
        predictor(RawModel(model), model.input.input_shape, precision),
        inputs(model.input.input_shape.elements()),
        outputs(predictor.output_shape().elements()),
        class_names(model.input.class_names) {
    const bool classifies = !class_names.empty() || loss.is_classification();
    classes = classifies ? std::max<std::int64_t>(2, outputs) : 0;
    // The threshold is in terms of the model's outputs; here they are probabilities.
    if (outputs == 1) threshold = loss.probabilities(full(loss.threshold(), {1, 1})).item();
    for (std::int64_t i = static_cast<std::int64_t>(class_names.size()); i < classes; ++i) {
      class_names.push_back(std::to_string(i));
    }
  }
};

LoadedModel::LoadedModel(const std::string& path, Precision precision)
    : LoadedModel(load_model(path), precision) {}
LoadedModel::LoadedModel(const SavedModel& model, Precision precision) {
  if (!model.module) throw ConfigError("LoadedModel: there is no model");
  state_ = std::make_unique<State>(model, precision);
}
LoadedModel::~LoadedModel() = default;
LoadedModel::LoadedModel(LoadedModel&&) noexcept = default;
LoadedModel& LoadedModel::operator=(LoadedModel&&) noexcept = default;

std::span<const float> LoadedModel::predict(std::span<const float> raw) {
  if (raw.empty() || static_cast<std::int64_t>(raw.size()) % state_->inputs != 0) {
    throw ShapeError(fmt::format("predict: expected a multiple of {} values (samples of shape {}), got {}",
                                 state_->inputs, to_string(state_->input.input_shape), raw.size()));
  }
  return state_->predictor(raw);
}

std::int64_t LoadedModel::predict_class(std::span<const float> raw) {
  if (static_cast<std::int64_t>(raw.size()) != state_->inputs) {
    throw ShapeError(
        fmt::format("predict_class: expected one sample of {} values, got {}", state_->inputs, raw.size()));
  }
  return class_of(predict(raw));
}

std::int64_t LoadedModel::class_of(std::span<const float> probabilities) const {
  if (!is_classifier()) throw DataError("the model predicts values, not classes");
  if (static_cast<std::int64_t>(probabilities.size()) != state_->outputs) {
    throw ShapeError(
        fmt::format("class_of: expected {} probabilities, got {}", state_->outputs, probabilities.size()));
  }
  for (const float p : probabilities) {
    if (std::isnan(p)) throw DataError("the model's output is not a number; is its input one?");
  }
  if (state_->outputs == 1) return static_cast<double>(probabilities[0]) > state_->threshold ? 1 : 0;
  return std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin();
}

bool LoadedModel::is_classifier() const { return state_->classes > 0; }
std::int64_t LoadedModel::classes() const { return state_->classes; }

std::string_view LoadedModel::class_name(std::int64_t index) const {
  if (index < 0 || index >= state_->classes) {
    throw DataError(fmt::format("class {} asked for; the model has {} classes", index, state_->classes));
  }
  return state_->class_names[static_cast<std::size_t>(index)];
}

std::int64_t LoadedModel::inputs() const { return state_->inputs; }
std::int64_t LoadedModel::outputs() const { return state_->outputs; }
const InputSpec& LoadedModel::input() const { return state_->input; }
const Loss& LoadedModel::loss() const { return state_->loss; }

}  // namespace hebb
