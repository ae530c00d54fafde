#include "hebb/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "data/summary.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/neurons.hpp"
#include "hebb/version.hpp"
#include "report/advice.hpp"
#include "report/data_view.hpp"
#include "report/model_view.hpp"
#include "report/page.hpp"
#include "report/run_record.hpp"
#include "train/subset.hpp"

namespace hebb {

namespace {

using report::DataView;
using report::RunData;
using report::RunRecord;

constexpr std::size_t kMostEpochs = 5000;  // points of a curve
constexpr std::size_t kMostLooks = 60;     // distributions of a layer over time
constexpr std::size_t kMostClasses = 100;  // of a confusion matrix that is shown whole
constexpr std::int64_t kWorst = 24;
constexpr std::int64_t kMostJudged = 10000;

/// Every k-th of so many numbers, the last among them, such that there are at most `most`.
std::vector<std::size_t> thinned(std::size_t count, std::size_t most) {
  const std::size_t stride = std::max<std::size_t>(1, (count + most - 1) / most);
  std::vector<std::size_t> kept;
  for (std::size_t i = (count + stride - 1) % stride; i < count; i += stride) kept.push_back(i);
  return kept;
}

Json epochs_json(const std::vector<EpochReport>& epochs) {
  Json columns = {{"epoch", Json::array()}};
  const bool validated = !epochs.empty() && epochs.back().validation_loss;
  const auto put = [&](const char* name, const std::optional<double>& value, bool present) {
    if (present) columns[name].push_back(value ? Json(*value) : Json(nullptr));
  };
  for (const std::size_t i : thinned(epochs.size(), kMostEpochs)) {
    const EpochReport& epoch = epochs[i];
    columns["epoch"].push_back(epoch.epoch);
    put("train_loss", epoch.train_loss, true);
    put("validation_loss", epoch.validation_loss, validated);
    put("validation_accuracy", epoch.validation_accuracy, epochs.back().validation_accuracy.has_value());
    put("validation_rmse", epoch.validation_rmse, epochs.back().validation_rmse.has_value());
    put("validation_r2", epoch.validation_r2, epochs.back().validation_r2.has_value());
    put("learning_rate", epoch.learning_rate, true);
    put("seconds", epoch.seconds, true);
  }
  return columns;
}

Json histogram_json(const Histogram& histogram) {
  return {{"least", histogram.least}, {"most", histogram.most}, {"counts", histogram.counts}};
}

/// Curves of the looks inside, and distributions at some of them. A look whose layers are others than those
/// of the first one is left out: it is of another model.
Json insight_json(const RunRecord& run) {
  if (run.insight.empty()) return nullptr;
  const Insight& first = run.insight.front();
  std::vector<const Insight*> looks;
  for (const Insight& look : run.insight) {
    if (look.layers.size() == first.layers.size() && look.activations.size() == first.activations.size())
      looks.push_back(&look);
  }
  const std::vector<std::size_t> shown = thinned(looks.size(), kMostLooks);
  Json json = {{"samples", first.samples}, {"epoch", Json::array()}, {"shown", Json::array()}};
  for (const Insight* look : looks) json["epoch"].push_back(look->epoch);
  for (const std::size_t i : shown) json["shown"].push_back(looks[i]->epoch);
  json["layers"] = Json::array();
  for (std::size_t l = 0; l < first.layers.size(); ++l) {
    Json layer = {{"name", first.layers[l].name}};
    for (const Insight* look : looks) {
      const LayerInsight& at = look->layers[l];
      layer["gradient_norm"].push_back(at.gradient_norm);
      layer["update_ratio"].push_back(at.weight_norm > 0 ? Json(at.update_norm / at.weight_norm)
                                                         : Json(nullptr));
    }
    for (const std::size_t i : shown) layer["weights"].push_back(histogram_json(looks[i]->layers[l].weights));
    json["layers"].push_back(std::move(layer));
  }
  json["activations"] = Json::array();
  for (std::size_t l = 0; l < first.activations.size(); ++l) {
    const ActivationInsight& one = first.activations[l];
    Json layer = {{"name", one.name}, {"description", one.description}, {"units", one.units}};
    for (const Insight* look : looks) layer["dead"].push_back(look->activations[l].dead);
    for (const std::size_t i : shown)
      layer["values"].push_back(histogram_json(looks[i]->activations[l].values));
    json["activations"].push_back(std::move(layer));
  }
  return json;
}

/// A large confusion matrix as its largest entries off the diagonal: [label, predicted, count].
Json confusions_of(const Json& confusion) {
  constexpr std::size_t kMostListed = 50;
  std::vector<std::array<std::int64_t, 3>> mistakes;
  for (std::size_t label = 0; label < confusion.size(); ++label) {
    for (std::size_t other = 0; other < confusion[label].size(); ++other) {
      const auto count = confusion[label][other].get<std::int64_t>();
      if (count > 0 && label != other)
        mistakes.push_back({static_cast<std::int64_t>(label), static_cast<std::int64_t>(other), count});
    }
  }
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const auto& a, const auto& b) { return a[2] > b[2]; });
  mistakes.resize(std::min(mistakes.size(), kMostListed));
  return mistakes;
}

/// What an evaluation found of one part of the data, for the page.
Json part_json(Json part) {
  part.erase("worst");  // the run's own "worst" shows them with what they are
  if (part.contains("confusion") && part["confusion"].size() > kMostClasses) {
    part["mistakes"] = confusions_of(part["confusion"]);
    part.erase("confusion");
  }
  return part;
}

Json data_json(const DataView& view, const RunData& data) {
  const DataSummary& summary = view.summary;
  Json json = {{"name", summary.name},
               {"description", summary.description},
               {"training", data.train.size()},
               {"validation", data.validation.size()},
               {"test", data.test.size()},
               {"input_shape", to_string(summary.input_shape)},
               {"target", to_string(summary.target_kind)},
               {"outputs", summary.outputs}};
  json["counts"] = view.counts;
  json["class_names"] = summary.class_names;
  for (const auto& [key, ranges] :
       {std::pair("inputs", &summary.inputs), std::pair("targets", &summary.targets)}) {
    json[key] = Json::array();
    constexpr std::size_t kMostRanges = 100;
    for (std::size_t i = 0; i < std::min(ranges->size(), kMostRanges); ++i)
      json[key].push_back(json_of((*ranges)[i]));
  }
  json["held_out"] = view.overlaps.part;
  json["in_training"] = view.overlaps.in_training;
  json["contradictions"] = view.overlaps.contradictions;
  return json;
}

/// The part of the outcome that names its worst samples, and the samples it is of.
struct Judged {
  const char* name = nullptr;
  const Dataset* data = nullptr;
};
Judged judged(const Json& outcome, const RunData& data) {
  for (const char* name : {"test", "validation", "train"}) {
    if (!outcome.contains(name) || !outcome[name].contains("worst")) continue;
    const bool apart = std::string_view(name) == "test" && data.splits.test != nullptr;
    return {name, apart ? data.splits.test.get() : data.splits.train.get()};
  }
  return {};
}

/// What a run that has not ended is judged by: its best model so far, on what it has seen least.
void judge(RunRecord& run, const SavedModel& model, const RunData& data) {
  const report::Samples& part = data.held_out();
  std::vector<std::int64_t> chosen;
  const std::int64_t count = std::min(part.size(), kMostJudged);
  for (std::int64_t i = 0; i < count; ++i)
    chosen.push_back(part.indices[static_cast<std::size_t>(i * part.size() / count)]);
  const bool apart = part.data == data.splits.test.get();
  const auto whole = scaled(apart ? data.splits.test : data.splits.train, model.input.scaling);
  EvaluationReport found =
      evaluate(*model.module, training::Subset(*whole, chosen), model.loss, {.worst = kWorst});
  for (SampleResult& sample : found.worst) sample.index = chosen[static_cast<std::size_t>(sample.index)];
  const std::string name = data.held_out_name() == "training" ? "train" : data.held_out_name();
  run.outcome[name] = parse_json(to_json(found, model.input));
}

/// Fills in what needs data and model; what goes wrong is noted.
class Views {
 public:
  Views(RunRecord& run, const ReportData& source, Json& json) : run_(run), json_(json) {
    attempt("the data", [&] { load(source); });
    attempt("the model", [&] { look_at_model(); });
  }
  const DataView* data_view() const { return view_ ? &*view_ : nullptr; }

 private:
  template <class Do>
  void attempt(const char* what, const Do& act) {
    try {
      act();
    } catch (const Error& error) {
      run_.problems.push_back(fmt::format("{} cannot be shown: {}", what, error.what()));
    } catch (const Json::exception& error) {
      run_.problems.push_back(fmt::format("{} cannot be shown: {}", what, error.what()));
    }
  }

  void load(const ReportData& source) {
    if (!source) return;
    DataSplits splits = source(run_.config);
    if (splits.train == nullptr) throw DataError("there are no training data");
    data_ = report::divided(std::move(splits), run_.config);
    view_ = report::view_of(*data_);
    json_["data"] = data_json(*view_, *data_);
  }

  void look_at_model() {
    const std::string path = run_.folder + "/" + RunFiles::kBest;
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
      if (run_.state != report::State::running) throw FormatError(path + ": there is no such file");
      return;
    }
    const SavedModel model = load_model(path);
    json_["filters"] = report::filters_json(model);
    if (!data_) return;
    if (data_->splits.train->input_shape().elements() != model.input.input_shape.elements())
      throw DataError("the data set has other inputs than the model");
    if (run_.state != report::State::finished) judge(run_, model, *data_);
    attempt("the decision boundary", [&] { json_["boundary"] = report::boundary_json(model, *data_); });
    const Judged part = judged(run_.outcome, *data_);
    if (part.data == nullptr) return;
    json_["worst"] = report::worst_json(run_.outcome[part.name]["worst"], *part.data, data_->splits);
    if (!json_["worst"].is_null()) json_["worst"]["part"] = part.name;
  }

  RunRecord& run_;
  Json& json_;
  std::optional<RunData> data_;
  std::optional<DataView> view_;
};

Json run_json(const std::string& folder, const ReportData& source) {
  RunRecord run = report::read_run(folder);
  Json json = {{"name", folder},
               {"state", std::string(to_string(run.state))},
               {"reason", run.reason},
               {"model", run.config.model},
               {"neuron", neurons::is_neuron(run.config.model)},
               {"command", fmt::format("hebb train {}/{} --out {}-again", folder, RunFiles::kConfig, folder)},
               {"config", run.toml},
               {"epochs_planned", run.config.epochs},
               {"epochs", epochs_json(run.epochs)},
               {"insight", insight_json(run)}};
  const Views views(run, source, json);
  json["outcome"] = Json::object();
  for (const auto& [key, value] : run.outcome.items()) {
    const bool part = key == "train" || key == "validation" || key == "test";
    json["outcome"][key] = part ? part_json(value) : value;
  }
  json["warnings"] = Json::array();
  for (const report::Advice& advice : report::advice_on(run, views.data_view()))
    json["warnings"].push_back({{"kind", advice.kind}, {"text", advice.text}});
  json["problems"] = run.problems;
  return json;
}

/// Inside a script element, only what looks like its end could end it.
std::string escaped(std::string json) {
  std::size_t at = 0;
  while ((at = json.find('<', at)) != std::string::npos) json.replace(at, 1, "\\u003c");
  return json;
}

}  // namespace

bool has_report_page() { return !report::page().empty(); }

std::string report_json(const std::vector<std::string>& folders, const ReportData& data) {
  if (folders.empty()) throw ConfigError("report: expected the folder of a run");
  Json runs = Json::array();
  for (const std::string& folder : folders) runs.push_back(run_json(folder, data));
  return json_text({{"hebb", kVersion}, {"runs", std::move(runs)}});
}

void write_report(const std::string& path, const std::vector<std::string>& folders, const ReportData& data) {
  const std::string_view page = report::page();
  if (page.empty()) {
    throw ConfigError(
        "this build of Hebb has no page for reports: npm was not there, or could not fetch what the page is "
        "made of, when it was built (see HEBB_BUILD_REPORT in CONTRIBUTING.md)");
  }
  const std::size_t at = page.find(report::kDataMark);
  if (at == std::string_view::npos) throw Error("the page of the report has no place for data");
  std::string text(page.substr(0, at));
  text += escaped(report_json(folders, data));
  text += page.substr(at + report::kDataMark.size());
  write_file_atomically(path, text);
}

}  // namespace hebb
