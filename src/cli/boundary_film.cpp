#include "cli/boundary_film.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/scene.hpp"
#include "cli/svg.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

constexpr const char* kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@TITLE@</title>
<style>
:root { color-scheme: light dark; --ink: #202226; --pale: #70747c; --paper: #ffffff; --line: #dcdfe4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e9ec; --pale: #9aa0aa; --paper: #17191d; --line: #363a42; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 1.5rem auto; max-width: 46rem; padding: 0 1rem; }
h1 { font-size: 1.25rem; overflow-wrap: anywhere; }
canvas { width: 100%; display: block; border: 1px solid var(--line); }
#curve { margin-top: .6rem; height: 7rem; }
.controls { display: flex; gap: .8rem; align-items: center; margin: .8rem 0; }
input[type=range] { flex: 1; }
.names { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; color: var(--pale); }
.dot { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .4em; }
</style>
</head>
<body>
<h1>@TITLE@</h1>
<canvas id="plane"></canvas>
<div class="controls">
<button id="play" type="button">Play</button>
<input id="at" type="range" min="0" value="0" aria-label="frame">
</div>
<p id="words" aria-live="polite"></p>
<canvas id="curve"></canvas>
<p class="names" id="names"></p>
<script>
"use strict";
const film = @DATA@;
const plane = document.getElementById("plane"), curve = document.getElementById("curve");
const slider = document.getElementById("at"), words = document.getElementById("words"), play = document.getElementById("play");
const [left, right, low, high] = film.box;
const shape = Math.min(1.2, Math.max(0.4, (high - low) / (right - left)));
plane.width = 1280; plane.height = Math.round(1280 * shape);
curve.width = 1280; curve.height = 200;
slider.max = film.frames.length - 1;
const ink = name => getComputedStyle(document.documentElement).getPropertyValue(name);
const px = x => (x - left) / (right - left) * plane.width, py = y => (high - y) / (high - low) * plane.height;
const cells = document.createElement("canvas");
cells.width = film.columns; cells.height = film.rows;
function regions(frame) {
  const bytes = atob(frame.cells), brush = cells.getContext("2d"), image = brush.createImageData(film.columns, film.rows);
  for (let i = 0; i < bytes.length; ++i) {
    const code = bytes.charCodeAt(i), share = 0.06 + 0.42 * (code % 24) / 23, color = film.colors[Math.floor(code / 24)];
    for (let c = 0; c < 3; ++c) image.data[4 * i + c] = 255 + share * (color[c] - 255);
    image.data[4 * i + 3] = 255;
  }
  brush.putImageData(image, 0, 0);
}
function lines(brush, paths, style) {
  Object.assign(brush, style); brush.setLineDash(style.dash || []);
  for (const path of paths) {
    brush.beginPath();
    for (let i = 0; i < path.length; i += 2) brush.lineTo(px(path[i]), py(path[i + 1]));
    brush.stroke();
  }
  brush.setLineDash([]);
}
function show(number) {
  const frame = film.frames[number], brush = plane.getContext("2d");
  regions(frame);
  brush.drawImage(cells, 0, 0, plane.width, plane.height);
  lines(brush, frame.margins, {strokeStyle: "#70747c", lineWidth: 2, dash: [12, 8]});
  brush.lineWidth = 1.5; brush.strokeStyle = "#ffffff";
  for (const [x, y, label] of film.points) {
    brush.beginPath(); brush.arc(px(x), py(y), film.points.length > 600 ? 4 : 7, 0, 7);
    brush.fillStyle = `rgb(${film.colors[label]})`; brush.fill(); brush.stroke();
  }
  lines(brush, frame.boundary, {strokeStyle: "#202226", lineWidth: 4});
  words.textContent = `epoch ${frame.epoch}: loss ${Number(frame.loss.toPrecision(5))}, ${frame.errors} of ${film.points.length} samples on the wrong side`;
  losses(number);
}
function losses(number) {
  const brush = curve.getContext("2d"), epochs = film.frames.map(f => f.epoch), values = film.frames.map(f => f.loss);
  const most = Math.max(...values) || 1, last = epochs[epochs.length - 1] || 1;
  const x = i => 10 + epochs[i] / last * (curve.width - 20), y = i => curve.height - 12 - values[i] / most * (curve.height - 24);
  brush.clearRect(0, 0, curve.width, curve.height);
  brush.strokeStyle = ink("--pale"); brush.lineWidth = 3; brush.beginPath();
  values.forEach((value, i) => brush.lineTo(x(i), y(i)));
  brush.stroke();
  brush.fillStyle = ink("--ink"); brush.beginPath(); brush.arc(x(number), y(number), 8, 0, 7); brush.fill();
  brush.font = "22px system-ui, sans-serif"; brush.fillText("loss over epochs", 16, 26);
}
film.names.forEach((name, k) => {
  const item = document.createElement("span"), dot = document.createElement("span");
  dot.className = "dot"; dot.style.background = `rgb(${film.colors[k]})`;
  item.append(dot, name); document.getElementById("names").append(item);
});
let timer = 0;
const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; };
slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
play.addEventListener("click", () => {
  if (timer) return stop();
  if (Number(slider.value) >= film.frames.length - 1) slider.value = 0;
  play.textContent = "Pause";
  timer = setInterval(() => {
    slider.value = Number(slider.value) + 1; show(Number(slider.value));
    if (Number(slider.value) >= film.frames.length - 1) stop();
  }, 100);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(Number(slider.value)));
show(0);
</script>
</body>
</html>
)html";

/// Class and confidence of each cell in a byte, the highest row first.
std::string cells_text(const DecisionMap& map, std::size_t classes) {
  constexpr double kLevels = 23;
  const double least = 1 / static_cast<double>(classes);
  std::vector<std::uint8_t> bytes;
  for (std::int64_t r = map.rows - 1; r >= 0; --r) {
    for (std::int64_t c = 0; c < map.columns; ++c) {
      const auto i = static_cast<std::size_t>(r * map.columns + c);
      const double share = std::clamp((double{map.confidence[i]} - least) / (1 - least), 0.0, 1.0);
      bytes.push_back(static_cast<std::uint8_t>(24 * (map.classes[i] % 10) + std::lround(kLevels * share)));
    }
  }
  return base64(bytes);
}

double rounded(double value) { return std::stod(fmt::format("{:.4g}", value)); }

Json paths_json(const std::vector<PlanePath>& paths) {
  Json all = Json::array();
  for (const PlanePath& path : paths) {
    Json one = Json::array();
    for (const PlanePoint& p : path) {
      one.push_back(rounded(p.x));
      one.push_back(rounded(p.y));
    }
    all.push_back(std::move(one));
  }
  return all;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

}  // namespace

std::string film_html(const std::vector<TrainingFrame>& film, const PlaneData& data,
                      const std::string& title) {
  const DecisionMap& first = film.front().map;
  const std::size_t classes = std::max<std::size_t>(2, data.class_names.size());
  Json json = {{"box", {first.box.left, first.box.right, first.box.low, first.box.high}},
               {"columns", first.columns},
               {"rows", first.rows},
               {"names", data.class_names},
               {"colors", Json::array()},
               {"points", Json::array()},
               {"frames", Json::array()}};
  for (std::size_t k = 0; k < classes; ++k) {
    const Color c = series_color(k);
    json["colors"].push_back({c.red, c.green, c.blue});
  }
  for (std::size_t i = 0; i < data.points.size(); ++i)
    json["points"].push_back({rounded(data.points[i].x), rounded(data.points[i].y), data.labels[i]});
  for (const TrainingFrame& frame : film) {
    json["frames"].push_back({{"epoch", frame.epoch},
                              {"loss", frame.loss},
                              {"errors", frame.map.errors},
                              {"cells", cells_text(frame.map, classes)},
                              {"boundary", paths_json(frame.map.boundary)},
                              {"margins", paths_json(frame.map.margins)}});
  }
  std::string page = kPage;
  replace_all(page, "@TITLE@", xml_text(title));
  std::string text = json_text(json);
  replace_all(text, "</", "<\\/");  // a name must not end the script
  replace_all(page, "@DATA@", text);
  return page;
}

}  // namespace hebb::cli
