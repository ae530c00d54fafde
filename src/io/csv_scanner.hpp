/// Splits CSV text into rows of cells.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hebb::io {

struct CsvCell {
  /// Without the quotes around it and without the space around an unquoted cell.
  std::string_view text;
  /// Whether `text` still holds doubled quotes that stand for single ones.
  bool doubled_quotes = false;
  bool quoted = false;

  std::string value() const;
};

class CsvScanner {
 public:
  /// `text` and `name` must outlive the scanner; `text` begins behind any byte order mark.
  CsvScanner(std::string_view text, char separator, const std::string& name, std::int64_t most_columns);

  /// Reads the next row that is not an empty line; false at the end. Throws FormatError for a misplaced
  /// or unfinished quote, DataError for too many columns.
  bool next(std::vector<CsvCell>& row);
  /// The line on which the row read last begins, counted from 1.
  std::int64_t line() const { return row_line_; }

 private:
  bool at_end() const { return at_ >= text_.size(); }
  CsvCell plain_cell();
  CsvCell quoted_cell(std::size_t column);
  /// Steps over a line end and reports whether there was one.
  bool end_of_line();
  void skip_space();
  bool is_space(char c) const { return c != separator_ && (c == ' ' || c == '\t'); }

  std::string_view text_;
  char separator_;
  const std::string& name_;
  std::size_t most_columns_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
  std::int64_t row_line_ = 1;
};

}  // namespace hebb::io
