/// Initial values of weights.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/random.hpp"
#include "hebb/tensor.hpp"

namespace hebb {

/// Number of inputs that feed one unit, and of units one input feeds.
struct Fans {
  std::int64_t in = 1;
  std::int64_t out = 1;
};

/// How weights are drawn. By name, some with one parameter:
///
/// - `auto`: chosen by the activation that follows: he_normal for relu and its kin, lecun_normal for selu,
///   else xavier_uniform
/// - `zeros`: 0
/// - `constant(value = 0)`: value
/// - `uniform(limit = 0.05)`: uniform in [-limit, limit)
/// - `normal(deviation = 0.05)`: normal, mean 0
/// - `xavier_uniform`, `xavier_normal`: variance 2 / (in + out); Glorot and Bengio 2010, eq. 16
/// - `he_uniform`, `he_normal`: variance 2 / in; He et al. 2015, eq. 10
/// - `lecun_uniform`, `lecun_normal`: variance 1 / in; LeCun et al. 1998, eq. 16
/// - `orthogonal(gain = 1)`: gain times rows or columns, whichever are fewer, of unit length at right angles;
///   Saxe et al. 2014
///
/// `glorot_*` are other names of `xavier_*`; `xavier`, `glorot`, `he` and `lecun` alone stand for the default
/// form of each: xavier_uniform, he_normal, lecun_normal.
class Initializer {
 public:
  /// auto.
  Initializer() = default;
  /// By name, with the default parameter. Throws ConfigError, with the nearest name, for an unknown one.
  Initializer(const char* name);  // NOLINT(google-explicit-constructor): `.init = "he_normal"`
  explicit Initializer(std::string_view name);
  /// Throws ConfigError also when the initialiser takes no parameter or the value is out of its range.
  Initializer(std::string_view name, double parameter);

  std::string_view name() const;
  bool is_auto() const;
  /// "normal(0.02)"; a parameter that has its default value is left out.
  std::string describe() const;
  /// Draws an f32 tensor; a pure function of the arguments and the state of `random`. `auto` acts as
  /// xavier_uniform. For `orthogonal`, a shape of more than two axes counts as a matrix of its last extent by
  /// all the others.
  Tensor operator()(const Shape& shape, const Fans& fans, Random& random) const;

  bool operator==(const Initializer&) const = default;

 private:
  int row_ = 0;  ///< of the table of initialisers
  double parameter_ = 0;
};

/// Every name the first constructor takes.
std::vector<std::string_view> initializer_names();

}  // namespace hebb
