#include "cli/explain_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/tensor_text.hpp"
#include "cli/terminal.hpp"
#include "explain/element_index.hpp"

namespace hebb::cli {

namespace {

constexpr std::size_t kWidth = 80;

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

/// Writes lines, long ones broken at spaces.
class Page {
 public:
  Page(const Explanation& e, const ExplainText& options) : e_(e), options_(options) {}

  void heading(const std::string& left, const std::string& right = {}) {
    const std::size_t gap = kWidth - std::min(kWidth - 2, left.size() + right.size());
    line(0, right.empty() ? left : left + std::string(gap, ' ') + right);
  }
  void empty() { text_ += "\n"; }
  void line(std::size_t indent, const std::string& words) { wrapped(indent, indent + 4, words); }
  void formula(std::size_t indent, const std::string& words) {
    if (!words.empty()) line(indent, options_.utf8 ? in_print(words) : words);
  }
  void tensor(const std::string& name, const Tensor& value, const TensorText& how) {
    TensorText layout = how;
    layout.width = kWidth;
    layout.indent = 6;
    layout.all = options_.all;
    layout.shortened = &shortened_;
    const std::string part =
        layout.all || value.size() == 0 ? "" : part_name(value.shape(), shown_part(value, layout));
    line(2, name + " " + to_string(value.shape()) + (part.empty() ? "" : ", of which " + part));
    text_ += tensor_text(value, layout);
  }
  /// Two matrices side by side, or one below the other where they do not fit.
  void beside(const Tensor& left, const Tensor& right);
  void rows(const std::vector<std::vector<std::string>>& rows);
  void shorten() { shortened_ = true; }
  bool shortened() const { return shortened_; }
  bool all() const { return options_.all; }
  const Explanation& explanation() const { return e_; }
  std::string take() { return std::move(text_); }

 private:
  void wrapped(std::size_t indent, std::size_t next, const std::string& words) {
    std::size_t begin = 0;
    std::size_t room = kWidth - indent;
    std::string lead(indent, ' ');
    while (true) {
      std::size_t end = words.size();
      if (display_width(words.substr(begin)) > room) {
        std::size_t space = begin;
        for (std::size_t at = begin; at < words.size(); ++at) {
          if (display_width(words.substr(begin, at - begin)) > room) break;
          if (words[at] == ' ' && at > begin) space = at;
        }
        end = space > begin ? space : std::min(words.size(), begin + room);
      }
      text_ += lead + words.substr(begin, end - begin) + "\n";
      if (end == words.size()) return;
      begin = words[end] == ' ' ? end + 1 : end;
      lead = std::string(next, ' ');
      room = kWidth - next;
    }
  }

  const Explanation& e_;
  ExplainText options_;
  std::string text_;
  bool shortened_ = false;
};

void Page::beside(const Tensor& left, const Tensor& right) {
  TensorText how = {.width = kWidth, .indent = 6, .all = options_.all, .shortened = &shortened_};
  how.element = {left.shape()[0] / 2, left.shape()[1] / 2};
  const std::string first = tensor_text(left, how);
  const std::size_t width = first.find('\n');
  const std::string second = tensor_text(right, {.width = kWidth, .indent = 4, .all = true});
  const auto lines = std::count(first.begin(), first.end(), '\n');
  const bool fits = width + second.find('\n') <= kWidth &&
                    lines == std::count(second.begin(), second.end(), '\n') && lines == left.shape()[0];
  if (!fits) {
    text_ += first;
    line(4, "and the filter:");
    text_ += tensor_text(right, how);
    return;
  }
  std::size_t a = 0;
  std::size_t b = 0;
  for (std::ptrdiff_t i = 0; i < lines; ++i) {
    const std::size_t end_a = first.find('\n', a);
    const std::size_t end_b = second.find('\n', b);
    text_ += first.substr(a, end_a - a) + second.substr(b, end_b - b) + "\n";
    a = end_a + 1;
    b = end_b + 1;
  }
}

/// Columns of numbers, to the right but for the first.
void Page::rows(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    if (row.size() == 1) continue;  // a remark
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  for (const auto& row : rows) {
    std::string text = "   ";
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string pad(widths[c] - std::min(widths[c], row[c].size()), ' ');
      text += (c == 0 ? " " : "  ") + (c == 0 ? row[c] + pad : pad + row[c]);
    }
    text_ += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
}

std::string six_digits(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.6g}", value == 0 ? 0.0 : value);
}

TensorText layout_of(const ExplainedValue& value, bool parameter) {
  return {.element = value.element, .is_parameter = parameter};
}

bool is_parameter(const Explanation& e, std::size_t number) {
  return number != e.input && e.values[number].formula.empty();
}

// ---- forward ----

void write_window(Page& page, const ConvolutionWindow& window, const std::string& symbol) {
  const Shape& shape = window.window.shape();
  page.line(2, fmt::format("the window that {}{} sees: rows {} to {}, columns {} to {} of sample {}", symbol,
                           index_text(window.output), window.row, window.row + shape[0] - 1, window.column,
                           window.column + shape[1] - 1, window.output[0]));
  const std::int64_t channels = shape[2];
  const std::int64_t shown = page.all() ? channels : std::min<std::int64_t>(channels, 3);
  for (std::int64_t c = 0; c < shown; ++c) {
    const Tensor pixels = channel_of(window.window, c);
    const Tensor weights = channel_of(window.filter, c);
    double sum = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(pixels.size()); ++i)
      sum += pixels.data<double>()[i] * weights.data<double>()[i];
    page.line(
        4, fmt::format("channel {}: the products of these pixels and filter sum to {}", c, six_digits(sum)));
    page.beside(pixels, weights);
  }
  if (shown < channels) {
    page.line(6, fmt::format("... {} more channels", channels - shown));
    page.shorten();
  }
  page.line(4, fmt::format("together {}, before a bias", six_digits(window.sum)));
}

void write_forward(Page& page, const ExplainedLayer& layer) {
  const Explanation& e = page.explanation();
  const ExplainedValue& x = e.values[layer.input];
  const ExplainedValue& y = e.values[layer.output];
  page.empty();
  page.heading(layer.name + ": " + layer.description,
               to_string(x.value.shape()) + " -> " + to_string(y.value.shape()));
  if (layer.steps.empty()) page.line(2, "y = x");
  for (const std::size_t step : layer.steps) {
    const ExplainedValue& value = e.values[step];
    page.formula(
        2, value.symbol + " = " + value.formula + (value.definition.empty() ? "" : ",  " + value.definition));
  }
  std::vector<std::size_t> shown;
  for (const ExplainedParameter& parameter : layer.parameters) shown.push_back(parameter.value);
  shown.insert(shown.end(), layer.steps.begin(), layer.steps.end());
  for (const std::size_t number : shown) {
    const ExplainedValue& value = e.values[number];
    page.tensor(value.symbol, value.value, layout_of(value, is_parameter(e, number)));
  }
  bool first = true;
  for (const std::size_t step : layer.steps) {
    const ExplainedValue& value = e.values[step];
    if (value.in_numbers.empty()) continue;
    if (first) page.line(2, "in numbers, where the gradient is largest:");
    first = false;
    const auto at = static_cast<std::size_t>(explaining::element_at(value.element, value.value.shape()));
    page.formula(4, fmt::format("{}{} = {} = {}", value.symbol, index_text(value.element), value.in_numbers,
                                six_digits(value.value.data<double>()[at])));
  }
  for (const std::size_t step : layer.steps) {
    const ExplainedValue& value = e.values[step];
    if (value.window) write_window(page, *value.window, value.symbol);
  }
}

// ---- loss ----

void write_loss(Page& page) {
  const Explanation& e = page.explanation();
  const ExplainedValue& p = e.values[e.output];
  page.empty();
  page.heading("LOSS: " + e.loss.name);
  page.formula(2, e.loss.formula);
  const std::string penalty =
      e.loss.penalty != 0 ? fmt::format(", of which penalties {}", six_digits(e.loss.penalty)) : "";
  page.formula(2, "L = " + (e.loss.in_numbers.empty() ? "" : e.loss.in_numbers + " = ") +
                      six_digits(e.loss_before) + penalty);
  std::vector<std::vector<std::string>> rows = {{"element", "p"}};
  const bool has_q = !e.loss.probabilities.empty();
  if (has_q) rows[0].push_back("q");
  rows[0].push_back("t");
  rows[0].push_back("dp");
  const std::int64_t size = p.value.size();
  const std::int64_t shown = page.all() ? size : std::min<std::int64_t>(size, 12);
  for (std::int64_t i = 0; i < shown; ++i) {
    const auto at = static_cast<std::size_t>(i);
    std::vector<std::string> row = {index_text(explaining::index_of(i, p.value.shape())),
                                    six_digits(p.value.data<double>()[at])};
    if (has_q) row.push_back(six_digits(e.loss.probabilities.data<double>()[at]));
    row.push_back(six_digits(e.loss.target.data<double>()[at]));
    row.push_back(six_digits(p.gradient.data<double>()[at]));
    rows.push_back(row);
  }
  page.rows(rows);
  if (shown < size) {
    page.line(4, fmt::format("... {} more", size - shown));
    page.shorten();
  }
}

// ---- backward ----

/// The elements of a gradient that are shown: those compared with a difference, a few of them.
std::vector<std::int64_t> compared(const ExplainedValue& value, std::int64_t most) {
  std::vector<std::int64_t> elements;
  const auto differences = value.difference.data<double>();
  const std::int64_t opened = explaining::element_at(value.element, value.value.shape());
  for (std::int64_t i = 0; i < value.value.size(); ++i) {
    if (!std::isnan(differences[static_cast<std::size_t>(i)])) elements.push_back(i);
  }
  if (static_cast<std::int64_t>(elements.size()) <= most) return elements;
  // The opened one stays.
  const bool far = std::find(elements.begin(), elements.begin() + most, opened) == elements.begin() + most;
  elements.resize(static_cast<std::size_t>(most));
  if (far) elements.back() = opened;
  return elements;
}

void add_gradient_rows(Page& page, const ExplainedValue& value, const std::string& symbol, std::int64_t most,
                       std::vector<std::vector<std::string>>& rows) {
  if (value.gradient.empty() || value.value.size() == 0) return;
  constexpr std::int64_t kFew = 16;
  const bool whole = page.all() || value.value.size() <= kFew;
  const std::vector<std::int64_t> elements = compared(value, whole ? value.value.size() : most);
  for (const std::int64_t i : elements) {
    const double g = value.gradient.data<double>()[static_cast<std::size_t>(i)];
    const double d = value.difference.data<double>()[static_cast<std::size_t>(i)];
    const bool kink = std::find(value.kinks.begin(), value.kinks.end(), i) != value.kinks.end();
    const double scale = std::max(std::abs(g), std::abs(d));
    rows.push_back({"d" + symbol + index_text(explaining::index_of(i, value.value.shape())), six_digits(g),
                    six_digits(d),
                    kink ? "kink" : fmt::format("{:.1e}", scale > 0 ? std::abs(g - d) / scale : 0.0)});
  }
  const auto left = value.value.size() - static_cast<std::int64_t>(elements.size());
  if (left > 0) {
    rows.push_back({fmt::format("... {} more of d{}", left, symbol)});
    page.shorten();
  }
}

void write_backward(Page& page, const ExplainedLayer& layer) {
  const Explanation& e = page.explanation();
  page.empty();
  page.heading(layer.name + ", backward");
  if (layer.steps.empty()) page.line(2, "dx = dy");
  std::vector<std::string> numbers;
  for (auto step = layer.steps.rbegin(); step != layer.steps.rend(); ++step) {
    const ExplainedValue& value = e.values[*step];
    for (const ChainLink& link : value.chain) {
      if (link.formula.empty()) continue;
      const ExplainedValue& to = e.values[link.to];
      page.formula(2, fmt::format("d{} = {}{}", link.symbol, link.formula,
                                  link.partial ? "   (a part; what others send is added)" : ""));
      if (!link.in_numbers.empty()) {
        numbers.push_back(
            fmt::format("d{}{} = {}{}", link.symbol, index_text(to.element), link.in_numbers,
                        link.partial ? ""
                                     : " = " + six_digits(to.gradient.data<double>()[static_cast<std::size_t>(
                                                   explaining::element_at(to.element, to.value.shape()))])));
      }
    }
  }
  if (!numbers.empty()) page.line(2, "in numbers:");
  for (const std::string& line : numbers) page.formula(4, line);
  std::vector<std::vector<std::string>> rows = {{"", "gradient", "difference", "relative error"}};
  for (auto step = layer.steps.rbegin(); step != layer.steps.rend(); ++step) {
    // That of the output is the next layer's dx.
    if (*step != layer.output || *step == e.output)
      add_gradient_rows(page, e.values[*step], e.values[*step].symbol, 4, rows);
  }
  for (const ExplainedParameter& parameter : layer.parameters)
    add_gradient_rows(page, e.values[parameter.value], e.values[parameter.value].symbol, 12, rows);
  add_gradient_rows(page, e.values[layer.input], "x", 4, rows);
  page.rows(rows);
}

// ---- update ----

void write_update(Page& page) {
  const Explanation& e = page.explanation();
  page.empty();
  page.heading("UPDATE: " + e.optimizer + fmt::format(", learning rate r = {:.6g}", e.learning_rate));
  page.formula(2, e.update_formula + ", for every parameter w");
  for (const ExplainedLayer& layer : e.layers) {
    std::vector<std::vector<std::string>> rows = {{layer.name, "before", "gradient", "change", "after"}};
    for (const ExplainedParameter& parameter : layer.parameters) {
      const ExplainedValue& value = e.values[parameter.value];
      const std::vector<std::int64_t> elements = compared(value, page.all() ? value.value.size() : 12);
      for (const std::int64_t i : elements) {
        const auto at = static_cast<std::size_t>(i);
        const double before = value.value.data<double>()[at];
        const double change = parameter.update.data<double>()[at];
        rows.push_back({value.symbol + index_text(explaining::index_of(i, value.value.shape())),
                        six_digits(before), six_digits(value.gradient.data<double>()[at]), six_digits(change),
                        six_digits(before + change)});
      }
      const auto left = value.value.size() - static_cast<std::int64_t>(elements.size());
      if (left <= 0) continue;
      rows.push_back({fmt::format("... {} more of {}", left, value.symbol)});
      page.shorten();
    }
    if (rows.size() > 1) page.rows(rows);
  }
}

std::string samples_text(const std::vector<std::int64_t>& samples) {
  std::string text;
  for (std::size_t i = 0; i < samples.size() && i < 10; ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(samples[i]);
  if (samples.size() > 10) text += fmt::format(", ... ({} samples)", samples.size());
  return text;
}

}  // namespace

std::string index_text(const std::vector<std::int64_t>& index) {
  std::string text;
  for (const std::int64_t i : index) text += (text.empty() ? "" : ", ") + std::to_string(i);
  return "[" + text + "]";
}

std::string in_print(std::string formula) {
  replace_all(formula, "^T", "ᵀ");
  replace_all(formula, "^2", "²");
  replace_all(formula, " * ", " · ");
  replace_all(formula, "<=", "≤");
  return formula;
}

std::string explanation_text(const Explanation& e, const ExplainTitle& title, const ExplainText& options) {
  Page page(e, options);
  page.line(0, fmt::format("Step {} of training on {}, opened", e.step, title.data));
  if (!e.model.empty()) page.line(2, "model      " + e.model);
  page.line(2, "samples    " + samples_text(e.samples));
  page.line(2, fmt::format("loss       {}", e.loss.name));
  page.line(2, fmt::format("optimizer  {}, learning rate {:.6g}, seed {}", e.optimizer, e.learning_rate,
                           title.seed));
  page.line(2,
            "All numbers are float64. [i, j] counts from 0, samples first. dz is dL/dz, the slope of "
            "the loss; beside it stands the central finite difference.");
  page.empty();
  page.heading("FORWARD");
  const ExplainedValue& x = e.values[e.input];
  page.tensor("input x", x.value, layout_of(x, false));
  for (const ExplainedLayer& layer : e.layers) write_forward(page, layer);
  write_loss(page);
  page.empty();
  page.heading("BACKWARD");
  page.formula(2, e.loss.derivative);
  const ExplainedValue& p = e.values[e.output];
  if (!e.loss.derivative_in_numbers.empty()) {
    page.formula(4, fmt::format("dp{} = {} = {}", index_text(p.element), e.loss.derivative_in_numbers,
                                six_digits(p.gradient.data<double>()[static_cast<std::size_t>(
                                    explaining::element_at(p.element, p.value.shape()))])));
  }
  if (!e.loss.reason.empty()) page.line(2, "Why:");
  for (const std::string& line : e.loss.reason) page.formula(4, line);
  for (auto layer = e.layers.rbegin(); layer != e.layers.rend(); ++layer) write_backward(page, *layer);
  write_update(page);
  page.empty();
  page.line(0, fmt::format("loss {} before the step, {} after it, on the same samples",
                           six_digits(e.loss_before), six_digits(e.loss_after)));
  page.line(0, fmt::format("largest relative error of a gradient: {:.1e}", e.disagreement()));
  if (page.shortened()) page.line(0, "Long tensors are shortened; --all shows them whole.");
  return page.take();
}

namespace {

/// A tensor as nested lists.
Json nested(const double*& at, const std::vector<std::int64_t>& extents, std::size_t axis) {
  if (axis == extents.size()) return *at++;
  Json list = Json::array();
  for (std::int64_t i = 0; i < extents[axis]; ++i) list.push_back(nested(at, extents, axis + 1));
  return list;
}

Json tensor_json(const Tensor& tensor) {
  if (tensor.empty()) return nullptr;
  const double* at = tensor.data<double>().data();
  return nested(at, tensor.shape().extents(), 0);
}

}  // namespace

Json explanation_json(const Explanation& e) {
  Json layers = Json::array();
  for (const ExplainedLayer& layer : e.layers) {
    Json parameters = Json::array();
    for (const ExplainedParameter& parameter : layer.parameters) {
      const ExplainedValue& value = e.values[parameter.value];
      parameters.push_back({{"name", parameter.name},
                            {"value", tensor_json(value.value)},
                            {"gradient", tensor_json(value.gradient)},
                            {"finite_difference", tensor_json(value.difference)},
                            {"update", tensor_json(parameter.update)}});
    }
    layers.push_back({{"name", layer.name},
                      {"kind", layer.kind},
                      {"formula", layer.formula},
                      {"input", tensor_json(e.values[layer.input].value)},
                      {"output", tensor_json(e.values[layer.output].value)},
                      {"parameters", std::move(parameters)},
                      {"input_gradient", tensor_json(e.values[layer.input].gradient)}});
  }
  return {{"loss_before", e.loss_before}, {"loss_after", e.loss_after}, {"layers", std::move(layers)}};
}

}  // namespace hebb::cli
