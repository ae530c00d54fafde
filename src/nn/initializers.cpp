#include "hebb/initializers.hpp"

#include <array>
#include <cmath>
#include <utility>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "nn/description.hpp"

namespace hebb {

namespace {

enum class Kind : std::uint8_t { automatic, constant, uniform, normal, orthogonal };
enum class Fan : std::uint8_t { none, in, average };

struct Row {
  std::string_view name;
  Kind kind;
  Fan fan = Fan::none;   // the variance is gain / fan
  double gain = 0;       // or the value of an initialiser without parameter
  double parameter = 0;  // the default
  bool has_parameter = false;
};

constexpr std::array<Row, 12> kRows = {{
    {"auto", Kind::automatic},
    {"zeros", Kind::constant},
    {"constant", Kind::constant, Fan::none, 0, 0, true},
    {"uniform", Kind::uniform, Fan::none, 0, 0.05, true},
    {"normal", Kind::normal, Fan::none, 0, 0.05, true},
    {"xavier_uniform", Kind::uniform, Fan::average, 1},
    {"xavier_normal", Kind::normal, Fan::average, 1},
    {"he_uniform", Kind::uniform, Fan::in, 2},
    {"he_normal", Kind::normal, Fan::in, 2},
    {"lecun_uniform", Kind::uniform, Fan::in, 1},
    {"lecun_normal", Kind::normal, Fan::in, 1},
    {"orthogonal", Kind::orthogonal, Fan::none, 0, 1, true},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kOtherNames = {{
    {"xavier", "xavier_uniform"},
    {"glorot", "xavier_uniform"},
    {"glorot_uniform", "xavier_uniform"},
    {"glorot_normal", "xavier_normal"},
    {"he", "he_normal"},
    {"lecun", "lecun_normal"},
}};

const Row& row(int index) { return kRows[static_cast<std::size_t>(index)]; }

int find_row(std::string_view name) {
  std::string_view known = name;
  for (const auto& [other, canonical] : kOtherNames) {
    if (name == other) known = canonical;
  }
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == known) return static_cast<int>(i);
  }
  throw ConfigError(unknown_name("initialiser", name, initializer_names()));
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Vectors of unit length at right angles: normal ones, orthogonalised by Gram and Schmidt's method, twice,
/// which is enough for full accuracy (Giraud et al. 2005).
std::vector<std::vector<double>> orthonormal(std::size_t count, std::size_t length, Random& random) {
  std::vector<std::vector<double>> vectors;
  while (vectors.size() < count) {
    std::vector<double> v(length);
    for (double& x : v) x = random.normal();
    const double before = std::sqrt(dot(v, v));
    for (int pass = 0; pass < 2; ++pass) {
      for (const auto& other : vectors) {
        const double along = dot(v, other);
        for (std::size_t i = 0; i < length; ++i) v[i] -= along * other[i];
      }
    }
    const double norm = std::sqrt(dot(v, v));
    if (norm < 1e-6 * before) continue;  // by chance nearly in the span of the others
    for (double& x : v) x /= norm;
    vectors.push_back(std::move(v));
  }
  return vectors;
}

Tensor draw_orthogonal(const Shape& shape, double gain, Random& random) {
  const std::int64_t columns = shape.rank() == 0 ? 1 : shape[-1];
  const std::int64_t rows = columns == 0 ? 0 : shape.elements() / columns;
  const auto few = static_cast<std::size_t>(std::min(rows, columns));
  const auto vectors = orthonormal(few, static_cast<std::size_t>(std::max(rows, columns)), random);
  return Tensor::make<float>(shape, [&](float* out) {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        const auto [which, place] = rows < columns ? std::pair(i, j) : std::pair(j, i);
        out[i * columns + j] = static_cast<float>(
            gain * vectors[static_cast<std::size_t>(which)][static_cast<std::size_t>(place)]);
      }
    }
  });
}

}  // namespace

Initializer::Initializer(const char* name) : Initializer(std::string_view(name)) {}

Initializer::Initializer(std::string_view name) : row_(find_row(name)), parameter_(row(row_).parameter) {}

Initializer::Initializer(std::string_view name, double parameter)
    : row_(find_row(name)), parameter_(parameter) {
  const Row& r = row(row_);
  if (!r.has_parameter) throw ConfigError("the initialiser " + std::string(r.name) + " takes no parameter");
  if (!std::isfinite(parameter) || (r.kind != Kind::constant && parameter < 0)) {
    throw ConfigError("initialiser " + std::string(r.name) + ": expected a finite number" +
                      (r.kind == Kind::constant ? "" : " that is not negative") + ", got " +
                      number_text(parameter));
  }
}

std::string_view Initializer::name() const { return row(row_).name; }

bool Initializer::is_auto() const { return row_ == 0; }

std::string Initializer::describe() const {
  const Row& r = row(row_);
  if (!r.has_parameter || parameter_ == r.parameter) return std::string(r.name);
  return std::string(r.name) + "(" + number_text(parameter_) + ")";
}

Tensor Initializer::operator()(const Shape& shape, const Fans& fans, Random& random) const {
  if (is_auto()) return Initializer("xavier_uniform")(shape, fans, random);
  const Row& r = row(row_);
  if (r.kind == Kind::orthogonal) return draw_orthogonal(shape, parameter_, random);
  double size = r.has_parameter ? parameter_ : r.gain;
  if (r.fan != Fan::none) {
    const auto in = static_cast<double>(fans.in);
    const auto out = static_cast<double>(fans.out);
    const double deviation = std::sqrt(r.gain / (r.fan == Fan::in ? in : (in + out) / 2));
    // A uniform distribution on [-a, a) has the variance a^2 / 3.
    size = r.kind == Kind::uniform ? deviation * std::sqrt(3.0) : deviation;
  }
  const auto limit = static_cast<float>(size);
  return Tensor::make<float>(shape, [&](float* out) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) {
      switch (r.kind) {
        case Kind::uniform: out[i] = random.uniform(-limit, limit); break;
        case Kind::normal: out[i] = limit * random.normal(); break;
        default: out[i] = limit; break;
      }
    }
  });
}

std::vector<std::string_view> initializer_names() {
  std::vector<std::string_view> names;
  for (const Row& r : kRows) names.push_back(r.name);
  for (const auto& other : kOtherNames) names.push_back(other.first);
  return names;
}

}  // namespace hebb
