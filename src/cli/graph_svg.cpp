#include "cli/graph_svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "cli/explain_text.hpp"
#include "cli/svg.hpp"

namespace hebb::cli {

namespace {

constexpr double kWidth = 236;  // of a box
constexpr double kHeight = 52;
constexpr double kGapX = 36;
constexpr double kGapY = 34;
constexpr double kMargin = 12;
constexpr double kLane = 14;  // between ways past boxes
constexpr std::size_t kMostLetters = 31;

/// A box and where it is.
struct Box {
  std::string title = {};
  std::string detail = {};
  std::string link = {};
  double strength = 0;  ///< of its gradient, from 0 to 1
  bool given = false;
  int rank = 0;
  int place = 0;  ///< in its rank
  std::vector<std::size_t> from = {};
};

class Drawing {
 public:
  explicit Drawing(const Explanation& e) {
    add_values(e);
    add_loss(e);
    place();
  }

  std::string svg() const {
    const double left = kMargin + kLane * static_cast<double>(lanes_);
    double wide = 0;
    double tall = 0;
    for (const Box& box : boxes_) {
      wide = std::max(wide, left + x_of(box) + kWidth + kMargin);
      tall = std::max(tall, y_of(box) + kHeight + kMargin);
    }
    std::string text = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" "
        "role=\"img\" aria-label=\"computation graph\" font-size=\"13\">\n<g transform=\"translate({2:.0f} "
        "0)\">\n",
        wide, tall, left);
    int lane = 0;
    for (const Box& box : boxes_) {
      for (const std::size_t from : box.from) text += edge(boxes_[from], box, lane);
    }
    for (const Box& box : boxes_) text += box_svg(box);
    return text + "</g>\n</svg>\n";
  }

 private:
  void add_values(const Explanation& e) {
    double largest = 0;
    for (const ExplainedValue& value : e.values) largest = std::max(largest, largest_of(value.gradient));
    for (std::size_t i = 0; i < e.values.size(); ++i) {
      const ExplainedValue& value = e.values[i];
      const std::size_t dot = value.name.rfind('.');
      const std::string layer = dot == std::string::npos ? "" : value.name.substr(0, dot) + ": ";
      Box box{.given = value.chain.empty()};
      box.title = value.formula.empty() ? value.name : layer + value.symbol + " = " + in_print(value.formula);
      box.detail = to_string(value.value.shape());
      if (!value.gradient.empty()) {
        const double own = largest_of(value.gradient);
        box.detail += fmt::format("  |slope| ≤ {:.2g}", own);
        if (own > 0 && largest > 0) box.strength = std::clamp(1 + std::log10(own / largest) / 4, 0.0, 1.0);
      }
      box.link = fmt::format("#value-{}", i);
      for (const ChainLink& link : value.chain) {
        box.from.push_back(link.to);
        box.rank = std::max(box.rank, boxes_[link.to].rank + 1);
      }
      boxes_.push_back(std::move(box));
    }
  }

  void add_loss(const Explanation& e) {
    Box target{
        .title = "target t", .detail = to_string(e.loss.target.shape()), .link = "#loss", .given = true};
    boxes_.push_back(target);
    Box loss{.title = in_print(e.loss.formula),
             .detail = fmt::format("L = {:.6g}", e.loss_before),
             .link = "#loss"};
    loss.strength = 1;
    loss.from = {e.output, boxes_.size() - 1};
    loss.rank = boxes_[e.output].rank + 1;
    boxes_.push_back(loss);
  }

  /// What is given stands just above the first that reads it; in each rank what is computed comes first.
  void place() {
    std::vector<int> first(boxes_.size(), -1);
    for (const Box& box : boxes_) {
      for (const std::size_t from : box.from)
        first[from] = first[from] < 0 ? box.rank : std::min(first[from], box.rank);
    }
    std::map<int, int> count;
    for (const bool given : {false, true}) {
      for (std::size_t i = 0; i < boxes_.size(); ++i) {
        Box& box = boxes_[i];
        if (box.given != given) continue;
        if (given && first[i] > 0) box.rank = first[i] - 1;
        box.place = count[box.rank]++;
      }
    }
    for (const Box& box : boxes_) {
      for (const std::size_t from : box.from) lanes_ += passes(boxes_[from], box) ? 1 : 0;
    }
  }

  static bool passes(const Box& from, const Box& to) { return to.rank - from.rank > 1; }
  static double x_of(const Box& box) { return box.place * (kWidth + kGapX); }
  static double y_of(const Box& box) { return kMargin + box.rank * (kHeight + kGapY); }

  static std::string edge(const Box& from, const Box& to, int& lane) {
    const double y0 = y_of(from) + kHeight;
    const double y1 = y_of(to);
    const double x0 = x_of(from) + kWidth / 2;
    const double x1 = x_of(to) + kWidth / 2;
    const auto path = [](const std::string& d) {
      return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"var(--pale)\" stroke-width=\"1.5\"/>\n", d);
    };
    if (passes(from, to)) {  // to the left of all boxes
      const double x = -kLane * static_cast<double>(++lane);
      return path(fmt::format("M{:.1f} {:.1f} H{:.1f} V{:.1f} H{:.1f}", x_of(from), y0 - kHeight / 2, x,
                              y1 + kHeight / 2, x_of(to)));
    }
    const double middle = (y0 + y1) / 2;
    return path(fmt::format("M{:.1f} {:.1f} C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", x0, y0, x0, middle,
                            x1, middle, x1, y1));
  }

  static std::string box_svg(const Box& box) {
    const double x = x_of(box);
    const double y = y_of(box);
    std::string text = fmt::format("<a href=\"{}\"><title>{}</title>\n", box.link, xml_text(box.title));
    text += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" rx=\"{}\" fill=\"var(--paper)\" "
        "stroke=\"var(--pale)\"{}/>\n",
        x, y, kWidth, kHeight, box.given ? 24 : 6, box.given ? " stroke-dasharray=\"4 3\"" : "");
    text += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" rx=\"{}\" fill=\"var(--accent)\" "
        "fill-opacity=\"{:.3f}\"/>\n",
        x, y, kWidth, kHeight, box.given ? 24 : 6, 0.35 * box.strength);
    const auto words = [&](double down, const std::string& what, const char* ink) {
      text +=
          fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" fill=\"var({})\">{}</text>\n",
                      x + kWidth / 2, y + down, ink, xml_text(first_characters(what, kMostLetters)));
    };
    words(21, box.title, "--ink");
    words(40, box.detail, "--ink");
    return text + "</a>\n";
  }

  std::vector<Box> boxes_;
  int lanes_ = 0;
};

}  // namespace

double largest_of(const Tensor& tensor) {
  double largest = 0;
  if (tensor.empty()) return largest;
  for (const double v : tensor.data<double>()) {
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  return largest;
}

std::string graph_svg(const Explanation& e) { return Drawing(e).svg(); }

}  // namespace hebb::cli
