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

  /// The next samples of the data set: outputs [n, output...] and labels [n].
  void add(std::span<const float> outputs, std::span<const std::int32_t> labels) {
    if (count_ == 0) return;
    const auto width = static_cast<std::size_t>(output_.elements());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::span<const float> output = outputs.subspan(i * width, width);
      const std::int64_t predicted = width == 1
                                         ? (static_cast<double>(output[0]) > loss_.threshold() ? 1 : 0)
                                         : std::max_element(output.begin(), output.end()) - output.begin();
      const Tensor loss =
          loss_of_({Tensor::from(output, batch_of(1, output_)), Tensor::from(labels.subspan(i, 1), {1})})[0];
      const double value = loss.item();
      // Infinite outputs make losses that are no numbers, which have no place in an order.
      results_.push_back({seen_++, labels[i], predicted,
                          std::isnan(value) ? std::numeric_limits<double>::infinity() : value});
    }
  }
  std::vector<SampleResult> take() && {
    const auto worse = [](const SampleResult& a, const SampleResult& b) {
      return a.loss != b.loss ? a.loss > b.loss : a.index < b.index;
    };
    const std::size_t count = std::min(count_, results_.size());
    std::partial_sort(results_.begin(), results_.begin() + static_cast<std::ptrdiff_t>(count), results_.end(),
                      worse);
    results_.resize(count);
    return std::move(results_);
  }

 private:
  std::size_t count_;
  Shape output_;
  Loss loss_;
  Compiled loss_of_;
  std::int64_t seen_ = 0;
  std::vector<SampleResult> results_;
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
  if (options.worst < 0 || (options.worst > 0 && data.target_kind() != TargetKind::classes)) {
    throw ConfigError(
        fmt::format("evaluation: the {} worst samples of {} asked for; expected 0 or more of classes",
                    options.worst, to_string(data.target_kind())));
  }
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
    worst.add(outputs, {label_buffer.data(), labels ? n : 0});
  }
  EvaluationReport report = tally.report();
  report.worst = std::move(worst).take();
  return report;
}

std::string to_json(const EvaluationReport& report, const InputSpec& spec) {
  Json json = {{"samples", report.samples}, {"loss", report.loss}};
  if (report.classes) json.update(classes_to_json(*report.classes, spec));
  for (const SampleResult& sample : report.worst) {
    json["worst"].push_back({{"index", sample.index},
                             {"label", sample.label},
                             {"predicted", sample.predicted},
                             {"loss", sample.loss}});
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
