#include "io/csv_scanner.hpp"

#include <fmt/format.h>

#include "hebb/error.hpp"
#include "io/bytes.hpp"

namespace hebb::io {

std::string CsvCell::value() const {
  if (!doubled_quotes) return std::string(text);
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text[i] == '"') ++i;
  }
  return result;
}

CsvScanner::CsvScanner(std::string_view text, char separator, const std::string& name,
                       std::int64_t most_columns)
    : text_(text),
      separator_(separator),
      name_(name),
      most_columns_(static_cast<std::size_t>(most_columns)) {}

bool CsvScanner::next(std::vector<CsvCell>& row) {
  do {
    if (at_end()) return false;
    row.clear();
    row_line_ = line_;
    while (true) {
      if (row.size() == most_columns_) {
        throw DataError(fmt::format("{}: line {}: more than {} columns (limit: the most_columns option)",
                                    name_, row_line_, most_columns_));
      }
      skip_space();
      row.push_back(!at_end() && text_[at_] == '"' ? quoted_cell(row.size()) : plain_cell());
      if (at_end() || end_of_line()) break;
      ++at_;  // the separator; a row that ends with one has an empty last cell
    }
  } while (row.size() == 1 && row[0].text.empty() && !row[0].quoted);
  return true;
}

void CsvScanner::skip_space() {
  while (!at_end() && is_space(text_[at_])) ++at_;
}

bool CsvScanner::end_of_line() {
  const char c = text_[at_];
  if (c != '\n' && c != '\r') return false;
  at_ += text_.substr(at_, 2) == "\r\n" ? 2 : 1;
  ++line_;
  return true;
}

CsvCell CsvScanner::plain_cell() {
  const std::size_t start = at_;
  while (!at_end() && text_[at_] != separator_ && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
  std::size_t end = at_;
  while (end > start && is_space(text_[end - 1])) --end;
  return {.text = text_.substr(start, end - start)};
}

CsvCell CsvScanner::quoted_cell(std::size_t column) {
  const std::size_t start = ++at_;
  const std::int64_t start_line = line_;
  bool doubled = false;
  while (true) {
    if (at_end()) {
      throw FormatError(fmt::format("{}: line {}, column {}: the quote that begins here is never closed",
                                    name_, start_line, column + 1));
    }
    const char c = text_[at_];
    if (c == '"') {
      if (text_.substr(at_, 2) != "\"\"") break;
      doubled = true;
      at_ += 2;
    } else if (!end_of_line()) {
      ++at_;
    }
  }
  const std::string_view text = text_.substr(start, at_ - start);
  ++at_;
  skip_space();
  if (!at_end() && text_[at_] != separator_ && text_[at_] != '\n' && text_[at_] != '\r') {
    const std::string_view rest = text_.substr(at_, 10);
    throw FormatError(fmt::format(
        "{}: line {}, column {}: {} follows a closing quote; expected a separator or the end of the line "
        "(a quote inside a quoted cell is written twice)",
        name_, line_, column + 1, hebb::in_quotes(rest.substr(0, rest.find_first_of("\r\n")))));
  }
  return {.text = text, .doubled_quotes = doubled, .quoted = true};
}

}  // namespace hebb::io
