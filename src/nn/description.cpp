#include "nn/description.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "core/names.hpp"
#include "hebb/error.hpp"

namespace hebb {

namespace {

constexpr int kDeepest = 32;                    // parentheses within parentheses
constexpr std::size_t kLongest = 1 << 20;       // characters
constexpr std::string_view kSpace = " \t\r\n";  // separates terms

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '+' || c == '-';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<Term> all() {
    std::vector<Term> terms = sequence(0);
    if (at_ < text_.size()) fail("expected a name");
    return terms;
  }

 private:
  /// Terms up to something that is none.
  std::vector<Term> sequence(int depth) {
    std::vector<Term> terms;
    skip_space();
    while (at_ < text_.size() && is_word(text_[at_])) {
      terms.push_back(term(depth));
      skip_space();
    }
    return terms;
  }

  Term term(int depth) {
    Term result{std::string(word()), at_ + 1};
    result.column -= result.word.size();
    skip_space();
    if (at_ == text_.size() || text_[at_] != '(') return result;
    if (depth == kDeepest) fail("parentheses are nested too deeply");
    ++at_;
    skip_space();
    if (take(')')) return result;
    do {
      result.arguments.push_back(argument(depth + 1));
    } while (take(','));
    if (!take(')')) fail("expected ',' or ')'");
    return result;
  }

  Argument argument(int depth) {
    skip_space();
    Argument result{{}, at_ + 1, {}};
    const std::size_t begin = at_;
    const std::string_view key = word();
    skip_space();
    if (!key.empty() && take('=')) {
      result.key = key;
    } else {
      at_ = begin;
    }
    result.terms = sequence(depth);
    if (result.terms.empty()) fail("expected a value");
    return result;
  }

  std::string_view word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  bool take(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() && kSpace.find(text_[at_]) != std::string_view::npos) ++at_;
  }

  [[noreturn]] void fail(const std::string& message) const {
    fail_at(at_ + 1,
            message + (at_ == text_.size() ? ", got the end" : ", got " + in_quotes(text_.substr(at_, 1))));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

void fail_at(std::size_t column, const std::string& message) {
  throw ConfigError("column " + std::to_string(column) + ": " + message);
}

std::vector<Term> parse_terms(std::string_view text) {
  if (text.size() > kLongest) throw ConfigError("a description of more than 1 MiB");
  return Parser(text).all();
}

ArgumentReader::ArgumentReader(const Term& term) : term_(&term), used_(term.arguments.size()) {
  bool keyed = false;
  for (const Argument& argument : term.arguments) {
    if (argument.key.empty() && keyed) fail_at(argument.column, "expected key=value after a keyed argument");
    keyed = !argument.key.empty();
    for (const Argument& other : term.arguments) {
      if (&other == &argument) break;
      if (keyed && other.key == argument.key)
        fail_at(argument.column, in_quotes(argument.key) + " is given twice");
    }
  }
}

const Argument* ArgumentReader::find(std::string_view key, bool positional) {
  known_.push_back(key);
  for (std::size_t i = 0; i < used_.size(); ++i) {
    const Argument& argument = term_->arguments[i];
    if (used_[i] || !(argument.key == key || (positional && argument.key.empty()))) continue;
    used_[i] = true;
    return &argument;
  }
  return nullptr;
}

const Term& ArgumentReader::single(const Argument& argument) {
  if (argument.terms.size() != 1) fail_at(argument.terms[1].column, "expected one value");
  return argument.terms.front();
}

double real_of(const Term& term) {
  const std::string_view digits = std::string_view(term.word).substr(term.word.starts_with('+') ? 1 : 0);
  double value = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (status != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value) ||
      !term.arguments.empty()) {
    fail_at(term.column, "expected a finite number, got " + in_quotes(term.word));
  }
  return value;
}

std::int64_t integer_of(const Term& term) {
  const std::string_view digits = term.word;
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (status != std::errc() || end != digits.data() + digits.size() || !term.arguments.empty()) {
    fail_at(term.column, "expected a whole number, got " + in_quotes(term.word));
  }
  return value;
}

double ArgumentReader::real(std::string_view key, double otherwise, bool positional) {
  const Argument* argument = find(key, positional);
  return argument == nullptr ? otherwise : real_of(single(*argument));
}

std::vector<double> ArgumentReader::reals(std::string_view key) {
  std::vector<double> values;
  if (const Argument* argument = find(key)) {
    for (const Term& term : argument->terms) values.push_back(real_of(term));
  }
  return values;
}

bool ArgumentReader::flag(std::string_view key, bool otherwise) {
  const Argument* argument = find(key);
  if (argument == nullptr) return otherwise;
  const Term& term = single(*argument);
  if (term.word == "true" && term.arguments.empty()) return true;
  if (term.word == "false" && term.arguments.empty()) return false;
  fail_at(term.column, "expected true or false for " + in_quotes(key) + ", got " + in_quotes(term.word));
}

std::int64_t ArgumentReader::integer(std::string_view key, bool positional) {
  const Argument* argument = find(key, positional);
  if (argument == nullptr) {
    fail_at(term_->column, in_quotes(term_->word) + " needs " + std::string(key) + ", a whole number");
  }
  return integer_of(single(*argument));
}

std::vector<std::int64_t> ArgumentReader::integers() {
  std::vector<std::int64_t> values;
  while (const Argument* argument = find({}, true)) values.push_back(integer_of(single(*argument)));
  known_.clear();
  return values;
}

void ArgumentReader::finish() const {
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (used_[i]) continue;
    const Argument& argument = term_->arguments[i];
    if (argument.key.empty()) fail_at(argument.column, in_quotes(term_->word) + " takes no such argument");
    fail_at(argument.column, in_quotes(term_->word) + ": " + unknown_name("option", argument.key, known_));
  }
}

namespace {

template <class Real>
std::string shortest_text(Real value) {
  std::array<char, 32> text;
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

}  // namespace

std::string number_text(double value) { return shortest_text(value); }
std::string number_text(float value) { return shortest_text(value); }

}  // namespace hebb
