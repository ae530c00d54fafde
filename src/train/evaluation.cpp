#include "hebb/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "hebb/error.hpp"
#include "hebb/training_step.hpp"
#include "hebb/transforms.hpp"
#include "io/json.hpp"
#include "train/tally.hpp"

namespace hebb {
namespace {

Shape batch_of(std::int64_t n, const Shape& sample) {
  std::vector<std::int64_t> extents = {n};
  extents.insert(extents.end(), sample.extents().begin(), sample.extents().end());
  return Shape(std::move(extents));
}

Json classes_to_json(const ClassificationMetrics& metrics, const InputSpec& spec) {
  Json classes = Json::array();
  Json confusion = Json::array();
  for (std::int64_t label = 0; label < metrics.classes(); ++label) {
    const auto index = static_cast<std::size_t>(label);
    classes.push_back(
        {{"name", index < spec.class_names.size() ? spec.class_names[index] : std::to_string(label)},
         {"precision", metrics.precision(label)},
         {"recall", metrics.recall(label)},
         {"f1", metrics.f1(label)},
         {"support", metrics.support(label)}});
    Json row = Json::array();
    for (std::int64_t other = 0; other < metrics.classes(); ++other)
      row.push_back(metrics.confusion(label, other));
    confusion.push_back(std::move(row));
  }
  return {{"accuracy", metrics.accuracy()},
          {"top_k", metrics.top_k()},
          {"top_k_accuracy", metrics.top_k_accuracy()},
          {"macro_precision", metrics.macro_precision()},
          {"macro_recall", metrics.macro_recall()},
          {"macro_f1", metrics.macro_f1()},
          {"classes", std::move(classes)},
          {"confusion", std::move(confusion)}};
}

/// Finds the samples with the largest losses.
class WorstSamples {
 public:
  WorstSamples(std::int64_t count, const Shape& output, const Loss& loss)
      : count_(static_cast<std::size_t>(count)),
        output_(output),
        loss_(loss),
        loss_of_(compile([loss](const Tensors& in) { return Tensors{loss(in[0], in[1])}; })) {}

  /// The next samples of the data set: outputs [n, output...] and targets, n labels or values of that shape.
  void add(std::span<const float> outputs, const TargetBuffer& targets) {
    if (count_ == 0) return;
    const auto width = static_cast<std::size_t>(output_.elements());
    for (std::size_t i = 0; i * width < outputs.size(); ++i) {
      const std::span<const float> output = outputs.subspan(i * width, width);
      const std::span<const float> values = targets.values == nullptr
                                                ? std::span<const float>()
                                                : std::span<const float>(targets.values + i * width, width);
      const Tensor target = targets.labels == nullptr
                                ? Tensor::from(values, batch_of(1, output_))
                                : Tensor::from(std::span<const std::int32_t>(targets.labels + i, 1), {1});
      const double loss = loss_of_({Tensor::from(output, batch_of(1, output_)), target})[0].item();
      // Infinite outputs make losses that are no numbers, which have no place in an order.
      SampleResult found = {.index = seen_++,
                            .loss = std::isnan(loss) ? std::numeric_limits<double>::infinity() : loss};
      if (results_.size() == count_ && !worse(found, results_.front())) continue;
      if (targets.labels != nullptr) {
        found.label = targets.labels[i];
        found.predicted = predicted_class(output);
      } else {
        found.target.assign(values.begin(), values.end());
        found.output.assign(output.begin(), output.end());
      }
      keep(std::move(found));
    }
  }
  std::vector<SampleResult> take() && {
    std::sort_heap(results_.begin(), results_.end(), worse);
    return std::move(results_);
  }

 private:
  static bool worse(const SampleResult& a, const SampleResult& b) {
    return a.loss != b.loss ? a.loss > b.loss : a.index < b.index;
  }
  std::int64_t predicted_class(std::span<const float> output) const {
    if (output.size() == 1) return static_cast<double>(output[0]) > loss_.threshold() ? 1 : 0;
    return std::max_element(output.begin(), output.end()) - output.begin();
  }
  void keep(SampleResult&& found) {
    if (results_.size() == count_) {
      std::pop_heap(results_.begin(), results_.end(), worse);
      results_.pop_back();
    }
    results_.push_back(std::move(found));
    std::push_heap(results_.begin(), results_.end(), worse);
  }

  std::size_t count_;
  Shape output_;
  Loss loss_;
  Compiled loss_of_;
  std::int64_t seen_ = 0;
  std::vector<SampleResult> results_;  ///< a heap: the least bad of them first
};

}  // namespace

void check_fit(const Shape& output, const Dataset& data, const Loss& loss) {
  const std::int64_t given = output.elements();
  const std::int64_t wanted = data.outputs();
  if (data.target_kind() == TargetKind::classes) {
    if (given != wanted && !(given == 1 && wanted == 2)) {
      throw ConfigError(fmt::format(
          "the model has {} output{}, the data set {} classes: the last layer should have {}{} outputs, as "
          "dense({}) has{}",
          given, given == 1 ? "" : "s", wanted, wanted == 2 ? "1 or " : "", wanted, wanted,
          given == 1 ? "; to predict numbers, let the task be regression" : ""));
    }
    if (given == 1 && (loss.name() == "cross_entropy" || loss.name() == "kl_divergence")) {
      throw ConfigError(
          fmt::format("the loss {} needs an output for each class; the model has one output: use "
                      "binary_cross_entropy, or let the model end in dense({})",
                      loss.name(), wanted));
    }
    const std::size_t weights = loss.options().class_weights.size();
    if (weights != 0 && static_cast<std::int64_t>(weights) != wanted) {
      throw ConfigError(
          fmt::format("the loss has {} class weight{}, the data set {} classes; expected one weight a class",
                      weights, weights == 1 ? "" : "s", wanted));
    }
    return;
  }
  if (wanted < 1) throw DataError("the data set has no targets");
  if (given != wanted) {
    throw ConfigError(
        fmt::format("the model has {} output{}, the data set {} value{} a sample: the last layer should "
                    "be dense({})",
                    given, given == 1 ? "" : "s", wanted, wanted == 1 ? "" : "s", wanted));
  }
  if (loss.is_classification() && loss.name() != "kl_divergence") {
    throw ConfigError(
        fmt::format("the loss {} needs classes; the targets of the data set are values", loss.name()));
  }
}

EvaluationReport evaluate(const Module& model, const Dataset& data, const Loss& loss,
                          const EvaluationOptions& options) {
  if (options.batch_size < 1)
    throw ConfigError(fmt::format("evaluation: a batch of {} samples", options.batch_size));
  if (options.worst < 0)
    throw ConfigError(fmt::format("evaluation: the {} worst samples asked for", options.worst));
  const std::vector<std::int64_t> samples = training::samples_of(data, {});
  Predictor predictor(model, data.input_shape(), options.precision);
  training::Tally tally(predictor.output_shape(), data, loss, options.top_k);
  const Compiled loss_of = compile([&](const Tensors& in) { return Tensors{loss(in[0], in[1])}; });
  WorstSamples worst(options.worst, predictor.output_shape(), loss);
  const bool labels = data.target_kind() == TargetKind::classes;
  const auto most = static_cast<std::size_t>(std::min<std::int64_t>(options.batch_size, data.size()));
  const auto features = static_cast<std::size_t>(data.input_shape().elements());
  const auto width = static_cast<std::size_t>(predictor.output_shape().elements());
  std::vector<float> inputs(most * features);
  std::vector<std::int32_t> label_buffer(labels ? most : 0);
  std::vector<float> value_buffer(labels ? 0 : most * width);
  const TargetBuffer targets = {.labels = labels ? label_buffer.data() : nullptr,
                                .values = labels ? nullptr : value_buffer.data()};
  for (std::size_t start = 0; start < samples.size(); start += most) {
    const std::size_t n = std::min(most, samples.size() - start);
    data.fill({samples.data() + start, n}, inputs.data(), targets);
    const std::span<const float> outputs = predictor({inputs.data(), n * features});
    const auto rows = static_cast<std::int64_t>(n);
    const Tensor target = labels ? Tensor::from(std::span<const std::int32_t>(label_buffer.data(), n), {rows})
                                 : Tensor::from(std::span<const float>(value_buffer.data(), n * width),
                                                batch_of(rows, predictor.output_shape()));
    const Tensor prediction = Tensor::from(outputs, batch_of(rows, predictor.output_shape()));
    tally.add(outputs, loss_of({prediction, target})[0].item(), targets);
    worst.add(outputs, targets);
  }
  EvaluationReport report = tally.report();
  report.worst = std::move(worst).take();
  return report;
}

namespace {

/// The first of many values: outputs may be whole images.
std::vector<float> first(const std::vector<float>& values) {
  constexpr std::size_t kMost = 12;
  return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(std::min(kMost, values.size()))};
}

}  // namespace

std::string to_json(const EvaluationReport& report, const InputSpec& spec) {
  Json json = {{"samples", report.samples}, {"loss", report.loss}};
  if (report.classes) json.update(classes_to_json(*report.classes, spec));
  for (const SampleResult& sample : report.worst) {
    Json found = {{"index", sample.index}, {"loss", sample.loss}};
    if (report.classes) {
      found.update({{"label", sample.label}, {"predicted", sample.predicted}});
    } else {
      found.update({{"target", first(sample.target)}, {"output", first(sample.output)}});
    }
    json["worst"].push_back(std::move(found));
  }
  if (report.values) {
    json.update(Json{{"mse", report.values->mse()},
                     {"rmse", report.values->rmse()},
                     {"mae", report.values->mae()},
                     {"r2", report.values->r2()}});
  }
  return json_text(json);
}

}  // namespace hebb
