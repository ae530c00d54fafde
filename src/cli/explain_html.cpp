#include "cli/explain_html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "cli/graph_svg.hpp"
#include "cli/svg.hpp"
#include "cli/tensor_text.hpp"
#include "explain/element_index.hpp"

namespace hebb::cli {

namespace {

constexpr const char* kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{}</title>
<style>
:root {{ color-scheme: light dark; --ink: #202226; --pale: #70747c; --paper: #ffffff; --line: #dcdfe4;
  --accent: #d98a00; --plus: 196 58 40; --minus: 38 100 178; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e8e9ec; --pale: #9aa0aa; --paper: #17191d; --line: #363a42;
  --accent: #ffb83d; --plus: 240 105 85; --minus: 96 160 240; }} }}
body {{ font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 72rem; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.2rem; border-bottom: 1px solid var(--line); margin-top: 2.5rem; }}
code, .formula, td, th {{ font-family: ui-monospace, monospace; font-size: .9em; }}
.formula {{ margin: .2rem 0 .2rem 1rem; overflow-wrap: anywhere; }}
.numbers {{ color: var(--pale); }}
details {{ border: 1px solid var(--line); border-radius: 6px; padding: .3rem .8rem; margin: .5rem 0; }}
summary {{ cursor: pointer; }}
.tensors {{ display: flex; flex-wrap: wrap; gap: 1.2rem; overflow-x: auto; }}
figure {{ margin: .4rem 0; }} figcaption {{ color: var(--pale); font-size: .85em; }}
table {{ border-collapse: collapse; }} td, th {{ padding: .1rem .45rem; text-align: right; white-space: nowrap; }}
.rows th {{ color: var(--pale); font-weight: normal; }} .rows td:first-child, .rows th:first-child {{ text-align: left; }}
td.p {{ background: rgb(var(--plus) / var(--m)); }} td.n {{ background: rgb(var(--minus) / var(--m)); }}
td.o {{ outline: 2px solid var(--accent); outline-offset: -2px; }}
.graph {{ overflow-x: auto; }} .graph a {{ text-decoration: none; }}
pre {{ white-space: pre-wrap; margin-left: 1rem; }}
</style>
</head>
<body>
)";

constexpr std::int64_t kMostRows = 24;
constexpr std::int64_t kMostColumns = 28;

std::string six(double value) {
  return std::isnan(value) ? "" : fmt::format("{:.6g}", value == 0 ? 0.0 : value);
}

class Page {
 public:
  explicit Page(bool all) : all_(all) {}

  void add(const std::string& html) { html_ += html; }
  void heading(const char* id, const std::string& words) {
    html_ += fmt::format("<h2 id=\"{}\">{}</h2>\n", id, xml_text(words));
  }
  void formula(const std::string& words, bool numbers = false) {
    if (words.empty()) return;
    html_ += fmt::format("<div class=\"formula{}\">{}</div>\n", numbers ? " numbers" : "",
                         xml_text(in_print(words)));
  }
  void fold(const std::string& id, const std::string& summary, bool open,
            const std::function<void()>& inside) {
    html_ += fmt::format("<details{}{}><summary>{}</summary>\n", id.empty() ? "" : " id=\"" + id + "\"",
                         open ? " open" : "", summary);
    inside();
    html_ += "</details>\n";
  }
  /// A tensor as coloured cells; each cell's title holds all digits.
  void tensor(const std::string& caption, const Tensor& tensor, const ExplainedValue& of, bool is_parameter) {
    if (tensor.empty() || tensor.size() == 0) return;
    const TensorText how = {.element = of.element, .is_parameter = is_parameter, .all = all_};
    const double largest = largest_of(tensor);
    for (const MatrixSlice& slice : matrix_slices(tensor.shape(), how)) {
      const std::string where = tensor.shape().rank() > 2 ? " at " + slice_name(tensor.shape(), slice) : "";
      html_ += fmt::format("<figure><figcaption>{}{}</figcaption><table>\n", xml_text(caption), where);
      cells(tensor, slice, of.element, largest);
      html_ += "</table></figure>\n";
    }
  }
  std::string take() { return std::move(html_); }
  bool shortened() const { return shortened_; }

 private:
  void cells(const Tensor& tensor, const MatrixSlice& slice, const std::vector<std::int64_t>& opened,
             double largest) {
    const Shape& shape = tensor.shape();
    const std::int64_t rows = slice.rows < 0 ? 1 : shape[slice.rows];
    const std::int64_t columns = slice.columns < 0 ? 1 : shape[slice.columns];
    const std::int64_t down = all_ ? rows : std::min(rows, kMostRows);
    const std::int64_t along = all_ ? columns : std::min(columns, kMostColumns);
    const auto place = [&](int axis) { return axis < 0 ? 0 : slice.at[static_cast<std::size_t>(axis)]; };
    const std::int64_t top = begin_around(place(slice.rows), down, rows);
    const std::int64_t left = begin_around(place(slice.columns), along, columns);
    std::vector<std::int64_t> at = slice.at;
    for (std::int64_t y = top; y < top + down; ++y) {
      html_ += "<tr>";
      if (slice.rows >= 0) at[static_cast<std::size_t>(slice.rows)] = y;
      for (std::int64_t x = left; x < left + along; ++x) {
        if (slice.columns >= 0) at[static_cast<std::size_t>(slice.columns)] = x;
        const double v = tensor.data<double>()[static_cast<std::size_t>(explaining::element_at(at, shape))];
        const double share = largest > 0 && std::isfinite(v) ? std::abs(v) / largest : 0;
        html_ += fmt::format("<td class=\"{}{}\" style=\"--m:{:.2f}\" title=\"{} {:.17g}\">{}</td>",
                             v < 0 ? "n" : "p", at == opened ? " o" : "", 0.6 * share, index_text(at), v,
                             std::isnan(v) ? "" : fmt::format("{:.4g}", v == 0 ? 0.0 : v));
      }
      html_ += "</tr>\n";
    }
    if (down < rows || along < columns) {
      html_ += fmt::format("<tr><td colspan=\"{}\">rows {} to {} of {}, columns {} to {} of {}</td></tr>\n",
                           along, top, top + down - 1, rows, left, left + along - 1, columns);
    }
    shortened_ = shortened_ || along < columns || down < rows;
  }

  bool all_;
  bool shortened_ = false;
  std::string html_;
};

double at_element(const Tensor& tensor, const ExplainedValue& value) {
  return tensor
      .data<double>()[static_cast<std::size_t>(explaining::element_at(value.element, value.value.shape()))];
}

class ExplanationPage {
 public:
  ExplanationPage(const Explanation& e, const ExplainTitle& title, bool all)
      : e_(e), title_(title), page_(all) {}

  std::string write() {
    top();
    page_.heading("forward", "Forward: from the input to the loss");
    value(e_.input, "input x");
    for (const ExplainedLayer& layer : e_.layers) forward(layer);
    loss();
    page_.heading("backward", "Backward: the chain rule");
    for (auto layer = e_.layers.rbegin(); layer != e_.layers.rend(); ++layer) backward(*layer);
    update();
    if (page_.shortened())
      page_.add("<p class=\"numbers\">Long tensors are shortened; --all shows them whole.</p>\n");
    page_.add("</body>\n</html>\n");
    return page_.take();
  }

 private:
  void top() {
    const std::string heading = fmt::format("Step {} of training on {}", e_.step, title_.data);
    page_.add(fmt::format(kHead, xml_text(heading)));
    page_.add(fmt::format("<h1>{}, opened</h1>\n", xml_text(heading)));
    if (!e_.model.empty()) page_.add(fmt::format("<p><code>{}</code></p>\n", xml_text(e_.model)));
    page_.add(fmt::format(
        "<p>Loss {}; {} with learning rate {:.6g}; {} sample{}. The loss falls from <b>{}</b> to "
        "<b>{}</b> on these samples. All numbers are float64; dz is dL/dz, and beside every gradient "
        "stands the central finite difference: the largest relative error is {:.1e}. Numbers are "
        "coloured by magnitude, red above zero and blue below; the framed one is worked out.</p>\n",
        xml_text(e_.loss.name), xml_text(e_.optimizer), e_.learning_rate, e_.samples.size(),
        e_.samples.size() == 1 ? "" : "s", six(e_.loss_before), six(e_.loss_after), e_.disagreement()));
    page_.heading("graph", "The computation");
    page_.add("<div class=\"graph\">\n" + graph_svg(e_) + "</div>\n");
  }

  bool is_parameter(std::size_t number) const {
    return number != e_.input && e_.values[number].formula.empty();
  }

  void value(std::size_t number, const std::string& name) {
    const ExplainedValue& v = e_.values[number];
    const std::string summary = "<code>" + xml_text(name) + "</code> " + to_string(v.value.shape());
    page_.fold(fmt::format("value-{}", number), summary, v.value.size() <= 64, [&] {
      page_.add("<div class=\"tensors\">\n");
      page_.tensor(v.symbol, v.value, v, is_parameter(number));
      page_.add("</div>\n");
    });
  }

  void forward(const ExplainedLayer& layer) {
    const std::string summary = fmt::format(
        "<b>{}</b> <code>{}</code> {} → {}", xml_text(layer.name), xml_text(layer.description),
        to_string(e_.values[layer.input].value.shape()), to_string(e_.values[layer.output].value.shape()));
    page_.fold("", summary, true, [&] {
      if (layer.steps.empty()) page_.formula("y = x");
      for (const std::size_t step : layer.steps) {
        const ExplainedValue& v = e_.values[step];
        page_.formula(v.symbol + " = " + v.formula + (v.definition.empty() ? "" : ",   " + v.definition));
        if (!v.in_numbers.empty())
          page_.formula(
              v.symbol + index_text(v.element) + " = " + v.in_numbers + " = " + six(at_element(v.value, v)),
              true);
      }
      for (const ExplainedParameter& p : layer.parameters) value(p.value, e_.values[p.value].symbol);
      for (const std::size_t step : layer.steps) {
        value(step, e_.values[step].symbol);
        if (e_.values[step].window) window(e_.values[step]);
      }
    });
  }

  void window(const ExplainedValue& v) {
    const ConvolutionWindow& w = *v.window;
    const std::string summary = fmt::format("the window that {}{} sees", v.symbol, index_text(w.output));
    page_.fold("", summary, true, [&] {
      const Shape& shape = w.window.shape();
      page_.formula(fmt::format(
          "rows {} to {}, columns {} to {} of sample {}; products with the filter of channel {} sum to {}",
          w.row, w.row + shape[0] - 1, w.column, w.column + shape[1] - 1, w.output[0], w.output[3],
          six(w.sum)));
      const std::int64_t shown = std::min<std::int64_t>(shape[2], 4);
      for (std::int64_t c = 0; c < shown; ++c) {
        const ExplainedValue none{.element = {-1, -1, -1}};
        page_.add("<div class=\"tensors\">\n");
        page_.tensor(fmt::format("pixels, channel {}", c), channel_of(w.window, c), none, false);
        page_.tensor("filter", channel_of(w.filter, c), none, false);
        page_.add("</div>\n");
      }
      if (shown < shape[2]) page_.formula(fmt::format("... {} more channels", shape[2] - shown));
    });
  }

  void loss() {
    const ExplainedValue& p = e_.values[e_.output];
    page_.heading("loss", "Loss: " + e_.loss.name);
    page_.formula(e_.loss.formula);
    page_.formula(
        "L = " + (e_.loss.in_numbers.empty() ? "" : e_.loss.in_numbers + " = ") + six(e_.loss_before), true);
    page_.formula(e_.loss.derivative);
    if (!e_.loss.derivative_in_numbers.empty())
      page_.formula("dp" + index_text(p.element) + " = " + e_.loss.derivative_in_numbers + " = " +
                        six(at_element(p.gradient, p)),
                    true);
    page_.add("<div class=\"tensors\">\n");
    page_.tensor("output p", p.value, p, false);
    page_.tensor("probabilities q", e_.loss.probabilities, p, false);
    page_.tensor("target t", e_.loss.target, p, false);
    page_.tensor("gradient dp", p.gradient, p, false);
    page_.add("</div>\n");
    if (e_.loss.reason.empty()) return;
    page_.fold("", "Why the gradient is that difference", true, [&] {
      std::string text;
      for (const std::string& line : e_.loss.reason) text += line + "\n";
      page_.add("<pre>" + xml_lines(text) + "</pre>\n");
    });
  }

  static std::string xml_lines(const std::string& text) {
    std::string result;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      result += xml_text(text.substr(begin, end - begin)) + "\n";
    return result;
  }

  void gradient(std::size_t number, const std::string& symbol) {
    const ExplainedValue& v = e_.values[number];
    if (v.gradient.empty()) return;
    const std::string kinks = v.kinks.empty() ? "" : fmt::format(", {} at a kink", v.kinks.size());
    const std::string summary = fmt::format("<code>d{}</code> {}, relative error {:.1e}{}", xml_text(symbol),
                                            to_string(v.value.shape()), v.disagreement, kinks);
    page_.fold("", summary, v.value.size() <= 64, [&] {
      page_.add("<div class=\"tensors\">\n");
      page_.tensor("gradient", v.gradient, v, is_parameter(number));
      page_.tensor("finite difference", v.difference, v, is_parameter(number));
      page_.add("</div>\n");
    });
  }

  void backward(const ExplainedLayer& layer) {
    page_.fold("", "<b>" + xml_text(layer.name) + "</b>", true, [&] {
      if (layer.steps.empty()) page_.formula("dx = dy");
      for (auto step = layer.steps.rbegin(); step != layer.steps.rend(); ++step) {
        for (const ChainLink& link : e_.values[*step].chain) {
          if (link.formula.empty()) continue;
          const ExplainedValue& to = e_.values[link.to];
          page_.formula("d" + link.symbol + " = " + link.formula + (link.partial ? "   (a part of it)" : ""));
          if (!link.in_numbers.empty()) {
            page_.formula("d" + link.symbol + index_text(to.element) + " = " + link.in_numbers +
                              (link.partial ? "" : " = " + six(at_element(to.gradient, to))),
                          true);
          }
        }
        gradient(*step, e_.values[*step].symbol);
      }
      for (const ExplainedParameter& p : layer.parameters) gradient(p.value, e_.values[p.value].symbol);
      gradient(layer.input, "x");
    });
  }

  void update() {
    page_.heading("update", "Update: " + e_.optimizer);
    page_.formula(e_.update_formula + fmt::format(", r = {:.6g}, for every parameter w", e_.learning_rate));
    for (const ExplainedLayer& layer : e_.layers) {
      for (const ExplainedParameter& p : layer.parameters) {
        const ExplainedValue& v = e_.values[p.value];
        page_.fold("", "<code>" + xml_text(p.name) + "</code>", v.value.size() <= 64, [&] {
          const Tensor after = Tensor::make<double>(v.value.shape(), [&](double* out) {
            for (std::size_t i = 0; i < static_cast<std::size_t>(v.value.size()); ++i)
              out[i] = v.value.data<double>()[i] + p.update.data<double>()[i];
          });
          page_.add("<div class=\"tensors\">\n");
          page_.tensor("before", v.value, v, true);
          page_.tensor("change", p.update, v, true);
          page_.tensor("after", after, v, true);
          page_.add("</div>\n");
        });
      }
    }
  }

  const Explanation& e_;
  const ExplainTitle& title_;
  Page page_;
};

}  // namespace

std::string explanation_html(const Explanation& e, const ExplainTitle& title, bool all) {
  return ExplanationPage(e, title, all).write();
}

}  // namespace hebb::cli
