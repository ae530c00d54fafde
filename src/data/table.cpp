#include "data/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/names.hpp"
#include "data/targets.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/bytes.hpp"

namespace hebb {
namespace {

constexpr std::size_t kMostCategories = 256;

using Rows = std::vector<std::int64_t>;

std::vector<std::string> names_of(const CsvTable& table) {
  std::vector<std::string> names;
  for (const CsvColumn& column : table.columns) names.push_back(column.name);
  return names;
}

bool is_missing(const CsvColumn& column, std::int64_t row) {
  return std::binary_search(column.missing.begin(), column.missing.end(), row);
}

/// A cell as text, whichever type the reader gave its column.
std::string text_of(const CsvColumn& column, std::int64_t row) {
  const auto r = static_cast<std::size_t>(row);
  if (!column.numeric) return column.texts[r];
  return is_missing(column, row) ? std::string() : class_text(column.numbers[r]);
}

/// Text among numbers is a slip of the pen, not a category.
void refuse_slip(const CsvTable& table, std::size_t c) {
  const CsvColumn& column = table.columns[c];
  const std::int64_t cells = table.rows() - static_cast<std::int64_t>(column.missing.size());
  if (column.numeric || 2 * column.numeric_cells <= cells) return;
  const std::int64_t row = column.first_text_row;
  throw DataError(fmt::format("{}: {} is not a number, but {} of the column's {} cells are",
                              table.place(row, c), in_quotes(column.texts[static_cast<std::size_t>(row)]),
                              column.numeric_cells, cells));
}

std::vector<std::string> categories_of(const CsvTable& table, std::size_t c, const Rows& rows) {
  std::set<std::string> seen;
  for (const std::int64_t row : rows) {
    seen.insert(text_of(table.columns[c], row));
    if (seen.size() > kMostCategories) {
      throw DataError(
          fmt::format("{}: column {} ({}) has more than {} different texts; leave it out, or turn it into "
                      "numbers",
                      table.name, c + 1, in_quotes(table.columns[c].name), kMostCategories));
    }
  }
  return {seen.begin(), seen.end()};
}

/// What is learned, from what.
struct Roles {
  std::size_t target = 0;
  std::vector<std::size_t> features;
};

Roles assign_roles(const CsvTable& table, const DataOptions& options) {
  const std::vector<std::string> names = names_of(table);
  Roles roles{.target = names.size() - 1, .features = {}};
  if (!options.target.empty()) roles.target = find_column(names, options.target, table.name);
  std::vector<bool> used(names.size(), true);
  used[roles.target] = false;
  for (const std::string& text : options.ignore) {
    const std::size_t column = find_column(names, text, table.name);
    if (column == roles.target) {
      throw ConfigError(
          fmt::format("{}: column {} is to be the target, and to be ignored", table.name, in_quotes(text)));
    }
    used[column] = false;
  }
  for (std::size_t c = 0; c < names.size(); ++c) {
    if (used[c]) roles.features.push_back(c);
  }
  if (roles.features.empty()) {
    throw DataError(fmt::format("{}: no column is left to learn from; {} has {}", table.name,
                                names.size() == 1 ? "the file" : "the table", names.size()));
  }
  return roles;
}

/// The rows that are used; missing values that make a difference are refused, the first one by its place.
Rows usable_rows(const CsvTable& table, const Roles& roles, Missing policy) {
  std::vector<bool> dropped(static_cast<std::size_t>(table.rows()));
  const auto visit = [&](std::size_t c, bool may_fill) {
    const CsvColumn& column = table.columns[c];
    if (column.missing.empty() || (policy == Missing::mean && may_fill)) return;
    if (policy != Missing::drop) {
      throw DataError(fmt::format("{}: the value is missing ({} in this column); {}",
                                  table.place(column.missing.front(), c), column.missing.size(),
                                  may_fill ? "expected one, or missing values to be allowed (mean or drop)"
                                           : "a row without a target can only be dropped"));
    }
    for (const std::int64_t row : column.missing) dropped[static_cast<std::size_t>(row)] = true;
  };
  for (const std::size_t c : roles.features) visit(c, true);
  visit(roles.target, false);
  Rows rows;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    if (!dropped[static_cast<std::size_t>(row)]) rows.push_back(row);
  }
  if (rows.empty())
    throw DataError(fmt::format("{}: every row has a missing value, none is left", table.name));
  return rows;
}

/// How a column becomes inputs, learned from the rows.
Column learn_column(const CsvTable& table, std::size_t c, const Rows& rows, Missing policy) {
  refuse_slip(table, c);
  const CsvColumn& given = table.columns[c];
  Column column{.name = given.name};
  if (!given.numeric) {
    column.categories = categories_of(table, c, rows);
    return column;
  }
  double mean = 0;
  double count = 0;
  for (const std::int64_t row : rows) {
    const double value = given.numbers[static_cast<std::size_t>(row)];
    if (std::isnan(value)) continue;
    mean += (value - mean) / ++count;
  }
  if (count == 0) {
    throw DataError(
        fmt::format("{}: column {} ({}) has no value at all", table.name, c + 1, in_quotes(given.name)));
  }
  if (policy == Missing::mean) {
    column.fill = narrowed(mean, table.name + ": the mean of column " + in_quotes(given.name));
    column.fills_missing = true;
  }
  return column;
}

std::size_t width(const Column& column) { return column.categories.empty() ? 1 : column.categories.size(); }

std::size_t width(const std::vector<Column>& columns) {
  std::size_t total = 0;
  for (const Column& column : columns) total += width(column);
  return total;
}

/// Writes column `c` of the table as inputs: `to` is the column's first input in the first row, rows are
/// `stride` floats apart.
class ColumnWriter {
 public:
  ColumnWriter(const CsvTable& table, std::size_t c, const Column& column)
      : table_(table), c_(c), given_(table.columns[c]), column_(column) {}

  void write(std::int64_t row, float* to) const {
    if (column_.categories.empty()) {
      *to = number(row);
      return;
    }
    const std::string text = text_of(given_, row);
    const auto& known = column_.categories;
    const auto found = std::lower_bound(known.begin(), known.end(), text);
    if (found == known.end() || *found != text) refuse(row, text);
    std::fill_n(to, known.size(), 0.F);
    to[found - known.begin()] = 1;
  }

 private:
  float number(std::int64_t row) const {
    if (!given_.numeric && !given_.texts[static_cast<std::size_t>(row)].empty()) {
      const std::string& text = given_.texts[static_cast<std::size_t>(row)];
      double value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
        throw DataError(fmt::format("{}: {} is not a number; the model expects numbers in column {}",
                                    table_.place(row, c_), in_quotes(text), in_quotes(column_.name)));
      }
      return narrowed(value, table_.place(row, c_));
    }
    if (!given_.numeric || std::isnan(given_.numbers[static_cast<std::size_t>(row)])) {
      if (column_.fills_missing) return column_.fill;
      throw DataError(fmt::format("{}: the value is missing", table_.place(row, c_)));
    }
    const double value = given_.numbers[static_cast<std::size_t>(row)];
    if (std::abs(value) <= 3e38) return static_cast<float>(value);  // the usual case needs no message
    return narrowed(value, table_.place(row, c_));
  }

  [[noreturn]] void refuse(std::int64_t row, const std::string& text) const {
    std::vector<std::string_view> names(column_.categories.begin(), column_.categories.end());
    throw DataError(fmt::format("{}: {}", table_.place(row, c_), unknown_name("category", text, names)));
  }

  const CsvTable& table_;
  std::size_t c_;
  const CsvColumn& given_;
  const Column& column_;
};

/// [rows, width(columns)]; column k of the spec is column `from[k]` of the table.
void encode(const CsvTable& table, const std::vector<std::size_t>& from, const std::vector<Column>& columns,
            const Rows& rows, float* to) {
  const std::size_t stride = width(columns);
  std::size_t offset = 0;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const ColumnWriter writer(table, from[k], columns[k]);
    for (std::size_t i = 0; i < rows.size(); ++i) writer.write(rows[i], to + i * stride + offset);
    offset += width(columns[k]);
  }
}

/// Targets of the rows, and what they are called.
struct Targets {
  Tensor tensor;
  std::int64_t classes = 0;
  std::vector<std::string> class_names;
};

Targets text_classes(const CsvTable& table, std::size_t c, const Rows& rows) {
  const std::vector<std::string> names = categories_of(table, c, rows);
  if (names.size() < 2) {
    throw DataError(fmt::format("{}: column {} ({}) holds a single class, {}", table.name, c + 1,
                                in_quotes(table.columns[c].name), in_quotes(names.front())));
  }
  const Shape shape = {static_cast<std::int64_t>(rows.size())};
  const Tensor labels = Tensor::make<std::int32_t>(shape, [&](std::int32_t* to) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto found = std::lower_bound(names.begin(), names.end(), text_of(table.columns[c], rows[i]));
      to[i] = static_cast<std::int32_t>(found - names.begin());
    }
  });
  return {labels, static_cast<std::int64_t>(names.size()), names};
}

Targets learn_targets(const CsvTable& table, std::size_t c, const Rows& rows, Task task) {
  const CsvColumn& column = table.columns[c];
  const std::string where = fmt::format("{}: column {} ({})", table.name, c + 1, in_quotes(column.name));
  refuse_slip(table, c);
  if (!column.numeric) {
    if (task == Task::regression) throw DataError(where + " holds text; regression needs numbers");
    return text_classes(table, c, rows);
  }
  std::vector<double> numbers;
  for (const std::int64_t row : rows) numbers.push_back(column.numbers[static_cast<std::size_t>(row)]);
  if (task == Task::classification || (task == Task::automatic && look_like_classes(numbers))) {
    const ClassCode code(numbers, where);
    return {code.labels(numbers, where), code.count(), code.names()};
  }
  const Shape shape = {static_cast<std::int64_t>(rows.size()), 1};
  const Tensor values = Tensor::make<float>(shape, [&](float* to) {
    for (std::size_t i = 0; i < numbers.size(); ++i) to[i] = narrowed(numbers[i], table.place(rows[i], c));
  });
  return {values, 0, {}};
}

std::vector<std::string> input_names(const std::vector<Column>& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) {
    if (column.categories.empty()) names.push_back(column.name);
    for (const std::string& category : column.categories) names.push_back(column.name + "=" + category);
  }
  return names;
}

CsvOptions csv_options(const std::string& path, const DataOptions& options) {
  CsvOptions csv;
  if (options.header) csv.header = *options.header ? CsvHeader::present : CsvHeader::absent;
  if (path.ends_with(".tsv")) csv.separator = '\t';
  return csv;
}

/// Which column of the table holds each column of the spec.
std::vector<std::size_t> match_columns(const InputSpec& spec, const CsvTable& table) {
  std::vector<std::size_t> from;
  if (table.has_header) {
    for (const Column& column : spec.columns) from.push_back(table.index_of(column.name));
    return from;
  }
  const std::size_t expected = spec.columns.size();
  const std::size_t given = table.columns.size();
  if (given != expected && given != expected + 1) {
    throw DataError(
        fmt::format("{}: {} columns; the model expects {} ({}, ...), or these and the target after them",
                    table.name, given, expected, in_quotes(spec.columns.front().name)));
  }
  for (std::size_t k = 0; k < expected; ++k) from.push_back(k);
  return from;
}

/// A model of unnamed inputs takes the columns as they come; the target, if it is named, is passed over.
std::vector<Column> plain_columns(const InputSpec& spec, const CsvTable& table,
                                  std::vector<std::size_t>& from) {
  const auto expected = static_cast<std::size_t>(spec.input_shape.elements());
  const bool one_more = table.has_header && table.columns.size() == expected + 1;
  std::vector<Column> columns;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (one_more && table.columns[c].name == spec.target_name) continue;
    columns.push_back({.name = table.columns[c].name});
    from.push_back(c);
  }
  if (columns.size() == expected) return columns;
  throw DataError(fmt::format("{}: {} columns; the model expects {} (samples of shape {})", table.name,
                              table.columns.size(), expected, to_string(spec.input_shape)));
}

}  // namespace

std::size_t find_column(const std::vector<std::string>& names, const std::string& text,
                        const std::string& file) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found != names.end()) {
    if (std::find(found + 1, names.end(), text) != names.end()) {
      throw ConfigError(
          fmt::format("{}: several columns are called {}; give its number", file, in_quotes(text)));
    }
    return static_cast<std::size_t>(found - names.begin());
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto count = static_cast<std::int64_t>(names.size());
  if (error == std::errc() && end == text.data() + text.size()) {
    if (number >= 1 && number <= count) return static_cast<std::size_t>(number - 1);
    if (number <= -1 && number >= -count) return static_cast<std::size_t>(count + number);
    throw ConfigError(fmt::format("{}: column {}; expected 1 to {}, or -1 to -{} from the end", file, number,
                                  count, count));
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  throw ConfigError(fmt::format("{}: {}", file, unknown_name("column", text, known)));
}

DataSplits load_table(const std::string& path, const DataOptions& options) {
  const CsvTable table = read_csv(path, csv_options(path, options));
  const Roles roles = assign_roles(table, options);
  const Rows rows = usable_rows(table, roles, options.missing);
  DataSplits splits;
  splits.name = path;
  for (const std::size_t c : roles.features) {
    splits.spec.columns.push_back(learn_column(table, c, rows, options.missing));
  }
  Targets targets = learn_targets(table, roles.target, rows, options.task);
  const Shape shape = {static_cast<std::int64_t>(rows.size()),
                       static_cast<std::int64_t>(width(splits.spec.columns))};
  const Tensor inputs = io::make_tensor<float>(
      shape, path, [&](float* to) { encode(table, roles.features, splits.spec.columns, rows, to); });
  splits.train = std::make_shared<ArrayDataset>(
      ArrayData{.inputs = inputs, .targets = targets.tensor, .classes = targets.classes});
  splits.feature_names = input_names(splits.spec.columns);
  splits.spec.input_shape = splits.train->input_shape();
  splits.spec.class_names = std::move(targets.class_names);
  splits.spec.target_name = table.columns[roles.target].name;
  splits.description = fmt::format("table of {} rows, to tell {} from {} columns", rows.size(),
                                   in_quotes(splits.spec.target_name), roles.features.size());
  return splits;
}

std::vector<float> encode_table(const InputSpec& spec, const CsvTable& table) {
  std::vector<std::size_t> from;
  std::vector<Column> plain;
  if (spec.columns.empty()) {
    plain = plain_columns(spec, table, from);
  } else {
    from = match_columns(spec, table);
  }
  const std::vector<Column>& columns = spec.columns.empty() ? plain : spec.columns;
  Rows rows(static_cast<std::size_t>(table.rows()));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int64_t>(i);
  const std::uint64_t size = static_cast<std::uint64_t>(rows.size()) * width(columns);
  io::check_memory(size * sizeof(float), table.name);
  std::vector<float> result(size);
  encode(table, from, columns, rows, result.data());
  return result;
}

}  // namespace hebb
