#include <array>
#include <cmath>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "nn/description.hpp"

namespace hebb {

namespace {

struct Row {
  std::string_view name;
  Tensor (*apply)(const Tensor& x, double parameter);
  const char* initializer;
  double parameter = 0;  // the default
  bool has_parameter = false;
};

constexpr const char* kForSymmetric = "xavier_uniform";
constexpr const char* kForHalf = "he_normal";  // functions that are about zero on one side

constexpr std::array<Row, 20> kRows = {{
    {"none", [](const Tensor& x, double) { return x; }, kForSymmetric},
    {"relu", [](const Tensor& x, double) { return relu(x); }, kForHalf},
    {"leaky_relu", [](const Tensor& x, double slope) { return leaky_relu(x, slope); }, kForHalf, 0.01, true},
    {"elu", [](const Tensor& x, double alpha) { return elu(x, alpha); }, kForHalf, 1.0, true},
    {"selu", [](const Tensor& x, double) { return selu(x); }, "lecun_normal"},
    {"gelu", [](const Tensor& x, double) { return gelu(x); }, kForHalf},
    {"gelu_tanh", [](const Tensor& x, double) { return gelu_tanh(x); }, kForHalf},
    {"silu", [](const Tensor& x, double) { return silu(x); }, kForHalf},
    {"mish", [](const Tensor& x, double) { return mish(x); }, kForHalf},
    {"softplus", [](const Tensor& x, double) { return softplus(x); }, kForHalf},
    {"softsign", [](const Tensor& x, double) { return softsign(x); }, kForSymmetric},
    {"hard_sigmoid", [](const Tensor& x, double) { return hard_sigmoid(x); }, kForSymmetric},
    {"hard_tanh", [](const Tensor& x, double) { return hard_tanh(x); }, kForSymmetric},
    {"hard_swish", [](const Tensor& x, double) { return hard_swish(x); }, kForHalf},
    {"sigmoid", [](const Tensor& x, double) { return sigmoid(x); }, kForSymmetric},
    {"tanh", [](const Tensor& x, double) { return tanh(x); }, kForSymmetric},
    {"softmax", [](const Tensor& x, double) { return softmax(x); }, kForSymmetric},
    {"log_softmax", [](const Tensor& x, double) { return log_softmax(x); }, kForSymmetric},
    {"step", [](const Tensor& x, double) { return step(x); }, kForSymmetric},
    {"sign", [](const Tensor& x, double) { return sign(x); }, kForSymmetric},
}};

const Row& row(int index) { return kRows[static_cast<std::size_t>(index)]; }

int find_row(std::string_view name) {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return static_cast<int>(i);
  }
  throw ConfigError(unknown_name("activation", name, activation_names()));
}

}  // namespace

Activation::Activation(const char* name) : Activation(std::string_view(name)) {}

Activation::Activation(std::string_view name) : row_(find_row(name)), parameter_(row(row_).parameter) {}

Activation::Activation(std::string_view name, double parameter)
    : row_(find_row(name)), parameter_(parameter) {
  if (!row(row_).has_parameter)
    throw ConfigError("the activation " + std::string(name) + " takes no parameter");
  if (!std::isfinite(parameter)) {
    throw ConfigError("activation " + std::string(name) + ": expected a finite number, got " +
                      number_text(parameter));
  }
}

Tensor Activation::operator()(const Tensor& x) const { return row(row_).apply(x, parameter_); }

Initializer Activation::suitable_initializer() const { return row(row_).initializer; }

std::string_view Activation::kind() const { return row(row_).name; }

std::string Activation::describe() const {
  const Row& r = row(row_);
  if (!r.has_parameter || parameter_ == r.parameter) return std::string(r.name);
  return std::string(r.name) + "(" + number_text(parameter_) + ")";
}

std::int64_t Activation::flops(const Shape& input) const { return is_none() ? 0 : input.elements(); }

Tensor Activation::forward(const Tensor& x, ForwardContext&) const { return (*this)(x); }

std::vector<std::string_view> activation_names() {
  std::vector<std::string_view> names;
  for (const Row& r : kRows) names.push_back(r.name);
  return names;
}

}  // namespace hebb
