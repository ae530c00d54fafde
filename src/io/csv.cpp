#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <istream>
#include <limits>
#include <numeric>
#include <optional>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/bytes.hpp"
#include "io/csv_scanner.hpp"
#include "io/utf8.hpp"

namespace hebb {

namespace {

using io::CsvCell;
using io::CsvScanner;

constexpr std::int64_t kMostColumns = 1'000'000;

enum class CellKind : std::uint8_t { number, missing, not_finite, text };

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Spellings of NaN and infinity, which are no numbers to learn from.
bool names_not_finite(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.size() > 8) return false;
  std::string lower;
  for (const char c : text) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return lower == "nan" || lower == "inf" || lower == "infinity";
}

/// What std::from_chars calls out of range is either too small, thus zero, or too large.
bool underflows(std::string_view digits) {
  const std::size_t exponent = digits.find_first_of("eE");
  if (exponent == std::string_view::npos || exponent + 1 == digits.size())
    return digits[0] == '0' || digits[0] == '.';
  return digits[exponent + 1] == '-';
}

CellKind classify(std::string_view text, const std::vector<std::string>& missing, double& value) {
  if (text.empty()) return CellKind::missing;
  std::string_view digits = text;
  const bool negative = digits[0] == '-';
  if (negative || digits[0] == '+') digits.remove_prefix(1);
  if (!digits.empty() && (is_digit(digits[0]) || digits[0] == '.')) {
    const char* const end = digits.data() + digits.size();
    const auto [stop, problem] = std::from_chars(digits.data(), end, value);
    if (stop == end && problem != std::errc::invalid_argument) {
      if (problem == std::errc::result_out_of_range) {
        if (!underflows(digits)) return CellKind::not_finite;
        value = 0.0;
      }
      if (negative) value = -value;
      return CellKind::number;
    }
  }
  if (std::find(missing.begin(), missing.end(), text) != missing.end()) return CellKind::missing;
  return names_not_finite(text) ? CellKind::not_finite : CellKind::text;
}

/// What a first pass over the rows learns of a column, beside its numbers.
struct ColumnNotes {
  std::int64_t text_cells = 0;
  std::int64_t first_not_finite = -1;
  std::string not_finite_text;
};

struct FirstRow {
  bool has_number = false;
  bool has_text = false;
};

class TableReader {
 public:
  TableReader(std::string_view text, const CsvOptions& options, const std::string& name)
      : text_(text), options_(options), separator_(options.separator) {
    table_.name = name;
    most_columns_ = std::clamp<std::int64_t>(options.most_columns, 1, kMostColumns);
  }

  CsvTable read() {
    refuse_what_is_not_text();
    if (separator_ == '\0') separator_ = detect_separator();
    read_first_row();
    read_numbers();
    refuse_not_finite();
    refuse_doubtful_header();
    read_texts();
    return std::move(table_);
  }

 private:
  void refuse_what_is_not_text();
  char detect_separator() const;
  CsvScanner scanner(char separator) const {
    return CsvScanner(text_, separator, table_.name, most_columns_);
  }
  void read_first_row();
  void read_numbers();
  void add_cell(std::size_t column, std::int64_t row, const CsvCell& cell);
  void refuse_not_finite() const;
  void refuse_doubtful_header() const;
  void read_texts();
  void refuse_ragged(const CsvScanner& rows, std::size_t cells) const;

  std::string_view text_;
  const CsvOptions& options_;
  char separator_;
  std::int64_t most_columns_;
  CsvTable table_;
  std::vector<ColumnNotes> notes_;
  FirstRow first_;
  std::int64_t first_line_ = 1;
};

void TableReader::refuse_what_is_not_text() {
  if (text_.substr(0, 3) == "\xEF\xBB\xBF") text_.remove_prefix(3);
  if (text_.substr(0, 2) == "\xFF\xFE" || text_.substr(0, 2) == "\xFE\xFF") {
    throw FormatError(fmt::format("{}: the text is UTF-16; save it as UTF-8", table_.name));
  }
  const auto line_at = [&](std::size_t byte) {
    return 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(byte), '\n');
  };
  if (const std::size_t zero = text_.find('\0'); zero != std::string_view::npos) {
    throw FormatError(
        fmt::format("{}: line {}: not a text file, it holds a zero byte", table_.name, line_at(zero)));
  }
  // Names and classes go into the metadata of models, which is UTF-8.
  if (const std::size_t bad = io::first_not_utf8(text_); bad != std::string_view::npos) {
    throw FormatError(fmt::format("{}: line {}: the byte {:#04x} is not UTF-8; save the file as UTF-8",
                                  table_.name, line_at(bad), static_cast<unsigned char>(text_[bad])));
  }
  const std::string_view forbidden = "\"\r\n.+-0123456789";
  const bool ascii = static_cast<unsigned char>(separator_) < 0x80;
  if (separator_ != '\0' && (!ascii || forbidden.find(separator_) != std::string_view::npos)) {
    throw ConfigError(fmt::format("{} cannot separate the columns of a CSV file",
                                  hebb::in_quotes(std::string_view(&separator_, 1))));
  }
}

/// Takes the separator by which the first rows have equally many columns, more than one. Tab and
/// semicolon come before the comma, because they are rarer in other uses.
char TableReader::detect_separator() const {
  constexpr int kRows = 20;
  char best = ',';
  std::size_t most = 1;
  for (const char candidate : {'\t', ';', ','}) {
    std::vector<CsvCell> row;
    std::size_t first = 0;
    try {
      CsvScanner rows = scanner(candidate);
      bool equal = true;
      for (int i = 0; i < kRows && equal && rows.next(row); ++i) {
        if (i == 0) first = row.size();
        equal = row.size() == first;
      }
      if (equal && first > 1) return candidate;
    } catch (const FormatError&) {
      continue;  // a quote that is misplaced with this separator
    } catch (const DataError&) {
      return candidate;  // too many columns: let the reader say so
    }
    if (first > most) {
      most = first;
      best = candidate;
    }
  }
  return best;
}

void TableReader::read_first_row() {
  CsvScanner rows = scanner(separator_);
  std::vector<CsvCell> row;
  if (!rows.next(row)) throw DataError(table_.name + ": the file is empty, a table was expected");
  first_line_ = rows.line();
  for (const CsvCell& cell : row) {
    double value = 0;
    const CellKind kind = classify(cell.value(), options_.missing, value);
    first_.has_number |= kind == CellKind::number;
    first_.has_text |= kind == CellKind::text;
  }
  table_.has_header = options_.header == CsvHeader::present ||
                      (options_.header == CsvHeader::detect && first_.has_text && !first_.has_number);
  table_.columns.resize(row.size());
  notes_.resize(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (table_.has_header) table_.columns[i].name = row[i].value();
    if (table_.columns[i].name.empty()) table_.columns[i].name = fmt::format("column_{}", i + 1);
  }
}

void TableReader::refuse_ragged(const CsvScanner& rows, std::size_t cells) const {
  if (cells == table_.columns.size()) return;
  throw DataError(fmt::format("{}: line {}: the row has {} column{}, the first one (line {}) has {}",
                              table_.name, rows.line(), cells, cells == 1 ? "" : "s", first_line_,
                              table_.columns.size()));
}

void TableReader::read_numbers() {
  CsvScanner rows = scanner(separator_);
  std::vector<CsvCell> row;
  if (table_.has_header) rows.next(row);
  while (rows.next(row)) {
    refuse_ragged(rows, row.size());
    for (std::size_t i = 0; i < row.size(); ++i) add_cell(i, table_.rows(), row[i]);
    table_.lines.push_back(rows.line());
  }
  if (table_.rows() == 0) {
    throw DataError(fmt::format("{}: the file has a header (line {}) but no rows", table_.name, first_line_));
  }
}

void TableReader::add_cell(std::size_t index, std::int64_t row, const CsvCell& cell) {
  CsvColumn& column = table_.columns[index];
  ColumnNotes& notes = notes_[index];
  double value = std::numeric_limits<double>::quiet_NaN();
  const CellKind kind = classify(cell.text, options_.missing, value);
  switch (kind) {
    case CellKind::number: ++column.numeric_cells; break;
    case CellKind::missing:
      if (column.numeric) column.missing.push_back(row);
      break;
    case CellKind::not_finite:
      value = std::numeric_limits<double>::quiet_NaN();
      if (notes.first_not_finite < 0) {
        notes.first_not_finite = row;
        notes.not_finite_text = cell.text;
      }
      break;
    case CellKind::text:
      ++notes.text_cells;
      if (!column.numeric) break;
      // From here on it is a column of texts, collected by a second pass.
      column.numeric = false;
      column.first_text_row = row;
      column.missing.clear();
      column.numbers = {};
      break;
  }
  if (column.numeric) column.numbers.push_back(value);
}

void TableReader::refuse_not_finite() const {
  for (std::size_t i = 0; i < table_.columns.size(); ++i) {
    if (!table_.columns[i].numeric || notes_[i].first_not_finite < 0) continue;
    throw DataError(fmt::format("{}: {} is not a finite number", table_.place(notes_[i].first_not_finite, i),
                                hebb::in_quotes(notes_[i].not_finite_text)));
  }
}

/// A first row of numbers and texts counts as data. If without it a column would be numeric, it may as
/// well be a header with numbers in it, or a row with a slip; guessing would hide either.
void TableReader::refuse_doubtful_header() const {
  if (options_.header != CsvHeader::detect || table_.has_header || !first_.has_text) return;
  for (std::size_t i = 0; i < table_.columns.size(); ++i) {
    const CsvColumn& column = table_.columns[i];
    if (column.first_text_row != 0 || notes_[i].text_cells > 1 || column.numeric_cells == 0) continue;
    throw DataError(
        fmt::format("{}: the first cell is text and all others are numbers; is the first row, which has "
                    "numbers too, a header? Say whether the file has one",
                    table_.place(0, i)));
  }
}

void TableReader::read_texts() {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < table_.columns.size(); ++i) {
    if (!table_.columns[i].numeric) columns.push_back(i);
  }
  if (columns.empty()) return;
  CsvScanner rows = scanner(separator_);
  std::vector<CsvCell> row;
  if (table_.has_header) rows.next(row);
  for (std::int64_t r = 0; rows.next(row); ++r) {
    for (const std::size_t i : columns) {
      CsvColumn& column = table_.columns[i];
      column.texts.push_back(row[i].value());
      if (column.texts.back().empty()) column.missing.push_back(r);
    }
  }
}

std::string_view nearest_column(const CsvTable& table, std::string_view name) {
  constexpr std::size_t kLongest = 100;  // names beyond are not typed by people
  if (name.size() > kLongest) return {};
  std::vector<std::string_view> names;
  for (const CsvColumn& column : table.columns) {
    if (column.name.size() <= kLongest) names.push_back(column.name);
  }
  return nearest(name, names);
}

}  // namespace

std::size_t CsvTable::index_of(const std::string& column_name) const {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name != column_name) continue;
    if (found) {
      throw DataError(fmt::format("{}: columns {} and {} are both named {}", name, *found + 1, i + 1,
                                  hebb::in_quotes(column_name)));
    }
    found = i;
  }
  if (found) return *found;
  const std::string_view similar = nearest_column(*this, column_name);
  throw DataError(fmt::format(
      "{}: there is no column {} among its {}{}", name, hebb::in_quotes(column_name), columns.size(),
      similar.empty() ? "" : fmt::format("; did you mean {}?", hebb::in_quotes(similar))));
}

std::string CsvTable::place(std::int64_t row, std::size_t column) const {
  return fmt::format("{}: line {}, column {} ({})", name, lines.at(static_cast<std::size_t>(row)), column + 1,
                     hebb::in_quotes(columns.at(column).name));
}

CsvTable parse_csv(std::string_view text, const CsvOptions& options, const std::string& name) {
  return TableReader(text, options, name).read();
}

CsvTable read_csv(const std::string& path, const CsvOptions& options) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, options, path);
}

CsvTable read_csv(std::istream& input, const CsvOptions& options, const std::string& name) {
  constexpr std::size_t kChunk = std::size_t{1} << 20;
  std::string text;
  std::size_t filled = 0;
  do {
    if (filled > kMostFileBytes) {
      throw FormatError(fmt::format("{}: has more than {} bytes", name, kMostFileBytes));
    }
    text.resize(std::max(filled + kChunk, filled * 3 / 2));
    input.read(text.data() + filled, static_cast<std::streamsize>(text.size() - filled));
    filled += static_cast<std::size_t>(input.gcount());
  } while (input);
  if (input.bad()) throw FormatError(fmt::format("{}: cannot be read", name));
  text.resize(filled);
  return parse_csv(text, options, name);
}

}  // namespace hebb
