/// The grammar of descriptions: `name`, `name(argument, key=argument)`, one after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hebb {

struct Term;

/// `key=term term ...` or, without a key, `term term ...`.
struct Argument {
  std::string key;
  std::size_t column = 1;
  std::vector<Term> terms;
};

/// A word, a number included, and what follows it in parentheses.
struct Term {
  std::string word;
  std::size_t column = 1;  ///< of its first character, counted from 1
  std::vector<Argument> arguments = {};
};

/// Reads terms separated by white space. Throws ConfigError with the column and what was expected.
std::vector<Term> parse_terms(std::string_view text);

/// "column 7: message", as a ConfigError.
[[noreturn]] void fail_at(std::size_t column, const std::string& message);

/// Hands out the arguments of a term, one after the other, positional ones before keyed ones, and at the end
/// refuses what nobody asked for. Every error is a ConfigError with the column.
class ArgumentReader {
 public:
  explicit ArgumentReader(const Term& term);

  const Term& term() const { return *term_; }
  /// The argument of a key; or, for a `positional` one, the next that has no key. Null where there is none.
  const Argument* find(std::string_view key, bool positional = false);
  /// Those of the kind asked for, `otherwise` where there is none.
  double real(std::string_view key, double otherwise, bool positional = false);
  /// The numbers of `key=1 2 0.5`; none where there is no such argument.
  std::vector<double> reals(std::string_view key);
  bool flag(std::string_view key, bool otherwise);
  /// A whole number that must be there.
  std::int64_t integer(std::string_view key, bool positional = false);
  /// The single term of an argument.
  static const Term& single(const Argument& argument);
  /// The rest of the positional arguments, as whole numbers.
  std::vector<std::int64_t> integers();
  /// Refuses arguments that have not been read.
  void finish() const;

 private:
  const Term* term_;
  std::vector<bool> used_;
  std::vector<std::string_view> known_;
};

/// The numbers a term's word stands for. ConfigError with the column otherwise.
double real_of(const Term& term);
std::int64_t integer_of(const Term& term);

/// The shortest text that reads back as the same number.
std::string number_text(double value);
std::string number_text(float value);

}  // namespace hebb
