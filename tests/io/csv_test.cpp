#include <cmath>
#include <random>
#include <sstream>

#include "io/helpers.hpp"

namespace hebb::test {
namespace {

using Numbers = std::vector<double>;
using Texts = std::vector<std::string>;
using Rows = std::vector<std::int64_t>;

template <class E = DataError>
void expect_refused(std::string_view text, std::initializer_list<std::string_view> parts,
                    const CsvOptions& options = {}) {
  expect_error<E>([&] { parse_csv(text, options, "x.csv"); }, parts);
}

TEST(Csv, ReadsNumbersAndTexts) {
  const CsvTable table = parse_csv("length,width,kind\n5.1,3,setosa\n-.5,+2e1,virginica\n", {}, "x.csv");
  EXPECT_TRUE(table.has_header);
  EXPECT_EQ(table.rows(), 2);
  EXPECT_EQ(table.lines, (Rows{2, 3}));
  ASSERT_EQ(table.columns.size(), 3u);
  EXPECT_EQ(table.columns[0].name, "length");
  EXPECT_TRUE(table.columns[0].numeric);
  EXPECT_EQ(table.columns[0].numbers, (Numbers{5.1, -0.5}));
  EXPECT_EQ(table.columns[1].numbers, (Numbers{3, 20}));
  EXPECT_FALSE(table.columns[2].numeric);
  EXPECT_EQ(table.columns[2].texts, (Texts{"setosa", "virginica"}));
  EXPECT_TRUE(table.columns[2].numbers.empty());
  EXPECT_EQ(table.columns[2].first_text_row, 0);
  EXPECT_EQ(table.index_of("kind"), 2u);
  EXPECT_EQ(table.place(1, 2), "x.csv: line 3, column 3 ('kind')");
}

TEST(Csv, DetectsTheHeader) {
  const CsvTable numbers = parse_csv("1,2\n3,4\n");
  EXPECT_FALSE(numbers.has_header);
  EXPECT_EQ(numbers.columns[1].name, "column_2");
  EXPECT_EQ(numbers.columns[1].numbers, (Numbers{2, 4}));
  EXPECT_FALSE(parse_csv("5.1,setosa\n4.9,virginica\n").has_header);
  EXPECT_TRUE(parse_csv("a,\n1,2\n").has_header);
  EXPECT_EQ(parse_csv("a,\n1,2\n").columns[1].name, "column_2");
  EXPECT_FALSE(parse_csv(",\n1,2\n").has_header);
}

TEST(Csv, IsToldAboutTheHeader) {
  const CsvTable named = parse_csv("1,2\n3,4\n", {.header = CsvHeader::present});
  EXPECT_EQ(named.columns[0].name, "1");
  EXPECT_EQ(named.rows(), 1);
  const CsvTable bare = parse_csv("a,b\nc,d\n", {.header = CsvHeader::absent});
  EXPECT_EQ(bare.columns[0].texts, (Texts{"a", "c"}));
  EXPECT_EQ(bare.lines, (Rows{1, 2}));
}

TEST(Csv, AsksWhenTheFirstRowMayBeEither) {
  expect_refused("0,label\n1,2\n3,4\n", {"x.csv: line 1, column 2", "header"});
  EXPECT_EQ(parse_csv("0,label\n1,2\n3,4\n", {.header = CsvHeader::present}).columns[1].name, "label");
  const CsvTable slip = parse_csv("0,label\n1,2\n3,4\n", {.header = CsvHeader::absent});
  EXPECT_FALSE(slip.columns[1].numeric);
  EXPECT_EQ(slip.columns[1].numeric_cells, 2);
}

TEST(Csv, DetectsTheSeparator) {
  EXPECT_EQ(parse_csv("a\tb\n1,5\t2\n").columns.size(), 2u);
  EXPECT_EQ(parse_csv("a;b\n1,5;2,5\n").columns[0].texts, (Texts{"1,5"}));
  EXPECT_EQ(parse_csv("a,b\nx;y,2\nz,3\n").columns.size(), 2u);
  EXPECT_EQ(parse_csv("\"a;b\",c\n\"d;e\",f\n").columns[0].name, "a;b");
  EXPECT_EQ(parse_csv("1\n2\n").columns.size(), 1u);
  EXPECT_EQ(parse_csv("1|2\n3|4\n", {.separator = '|'}).columns[1].numbers, (Numbers{2, 4}));
  EXPECT_EQ(parse_csv("1 2\n3 4\n", {.separator = ' '}).columns[1].numbers, (Numbers{2, 4}));
  for (const char bad : {'"', '\n', '1', '-', '.', '\xFC'})
    expect_refused<ConfigError>("1", {"separate"}, {.separator = bad});
}

TEST(Csv, FollowsRfc4180) {
  const CsvTable table =
      parse_csv("name,note\r\n\"a \"\"b\"\"\",\"c,\r\nd\"\r\n\"\",plain \"middle\"\r\nlast,\"5\"");
  EXPECT_EQ(table.columns[0].texts, (Texts{"a \"b\"", "", "last"}));
  EXPECT_EQ(table.columns[1].texts, (Texts{"c,\r\nd", "plain \"middle\"", "5"}));
  EXPECT_EQ(table.lines, (Rows{2, 4, 5}));
  EXPECT_EQ(table.columns[0].missing, (Rows{1}));
  EXPECT_EQ(parse_csv("\"1\",\"2\"\n").columns[0].numbers, (Numbers{1}));
}

TEST(Csv, TakesEveryLineEndEmptyLinesSpacesAndByteOrderMark) {
  for (const char* text : {"a,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r1,2\r3,4\r",
                           "\xEF\xBB\xBF\n\na , b\n\n 1,2 \n3,4\n\n\n"}) {
    const CsvTable table = parse_csv(text);
    EXPECT_EQ(table.columns[0].name, "a") << text;
    EXPECT_EQ(table.columns[1].name, "b") << text;
    EXPECT_EQ(table.columns[0].numbers, (Numbers{1, 3})) << text;
    EXPECT_EQ(table.columns[1].numbers, (Numbers{2, 4})) << text;
  }
}

TEST(Csv, LocatesMissingValues) {
  const CsvTable table = parse_csv("a,b,c\n1,,x\n?,5,\nNA,6,NA\n", {}, "x.csv");
  EXPECT_EQ(table.columns[0].missing, (Rows{1, 2}));
  EXPECT_TRUE(std::isnan(table.columns[0].numbers[1]));
  EXPECT_EQ(table.columns[1].missing, (Rows{0}));
  // "NA" may be a name in a column of texts; only the empty cell is missing there.
  EXPECT_EQ(table.columns[2].texts, (Texts{"x", "", "NA"}));
  EXPECT_EQ(table.columns[2].missing, (Rows{1}));
  const CsvTable none = parse_csv("1,\n2,\n");
  EXPECT_TRUE(none.columns[1].numeric);
  EXPECT_EQ(none.columns[1].missing, (Rows{0, 1}));
  EXPECT_EQ(parse_csv("1\n-\n", {.missing = {"-"}}).columns[0].missing, (Rows{1}));
}

TEST(Csv, TellsWhereAColumnOfNumbersHasText) {
  const CsvTable table = parse_csv("a,b\n1,2\n3,4o\n5,6\n", {}, "x.csv");
  EXPECT_FALSE(table.columns[1].numeric);
  EXPECT_EQ(table.columns[1].numeric_cells, 2);
  EXPECT_EQ(table.columns[1].first_text_row, 1);
  EXPECT_EQ(table.columns[1].texts, (Texts{"2", "4o", "6"}));
}

TEST(Csv, RefusesNaNAndInfinityWithTheirPlace) {
  for (const char* text : {"nan", "NaN", "-inf", "+Infinity", "1e999", "\"INF\""}) {
    expect_refused("a,b\n1,2\n3," + std::string(text) + "\n",
                   {"x.csv: line 3, column 2 ('b')", "not a finite number"});
  }
  expect_refused("nan,1\n2,3\n", {"line 1, column 1"});
  EXPECT_EQ(parse_csv("name\nnan\nbread\n").columns[0].texts, (Texts{"nan", "bread"}));
  EXPECT_EQ(parse_csv("1e-999,-0.0001e-400\n").columns[0].numbers, (Numbers{0}));
}

TEST(Csv, RefusesRowsOfUnequalLength) {
  expect_refused("a,b\n1,2\n3\n", {"x.csv: line 3", "1 column,", "(line 1) has 2"});
  expect_refused("1,2\n1,2,\n", {"line 2", "3 columns", "has 2"});
  expect_refused("a,b\n\"x\ny\",2\n3\n", {"line 4"});
}

TEST(Csv, RefusesEmptyFiles) {
  for (const char* text : {"", "\n\r\n", "\xEF\xBB\xBF", "   \n"}) expect_refused(text, {"x.csv", "empty"});
  expect_refused("a,b\n", {"header", "no rows"});
  const TemporaryFolder folder;
  put(folder / "empty.csv", "");
  expect_error<DataError>([&] { read_csv(folder / "empty.csv"); }, {"empty.csv", "empty"});
  expect_error<FormatError>([&] { read_csv(folder.path()); }, {"is a directory"});
}

TEST(Csv, RefusesTooManyColumns) {
  std::string wide(2'000'001, ',');
  for (std::size_t i = 0; i < wide.size(); i += 2) wide[i] = '1';
  expect_refused(wide, {"x.csv: line 1", "more than 65536 columns", "most_columns"});
  expect_refused(wide, {"1000000 columns"}, {.most_columns = 50'000'000});
  expect_refused("1,2,3\n", {"more than 2"}, {.most_columns = 2});
  EXPECT_EQ(parse_csv("1,2\n", {.most_columns = 2}).columns.size(), 2u);
}

TEST(Csv, RefusesBadQuotesAndBinaryFiles) {
  expect_refused<FormatError>("a,b\n1,\"open\n2,3\n", {"x.csv: line 2, column 2", "never closed"});
  expect_refused<FormatError>("a,b\n1,\"x\"y\n", {"line 2, column 2", "'y'", "closing quote"});
  expect_refused<FormatError>(std::string_view("a,b\n1,\0\n", 8), {"line 2", "zero byte"});
  expect_refused<FormatError>(std::string_view("\xFF\xFE"
                                               "a\0",
                                               4),
                              {"UTF-16"});
  expect_refused<FormatError>("a,b\n1,caf\xE9\n", {"x.csv: line 2", "0xe9", "UTF-8"});
}

TEST(Csv, KnowsWellFormedUtf8) {
  for (const char* good : {"a", "\u00e9", "\u20ac", "\U0001F600", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80",
                           "\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(parse_csv("names,more text behind\n" + std::string(good) + ",x\n").columns[0].texts,
              Texts{good});
  }
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE2\x82",
                          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    expect_refused<FormatError>("names,more text behind\n" + std::string(bad) + ",x\n", {"line 2", "UTF-8"});
    expect_refused<FormatError>("names,more text behind\nx," + std::string(bad), {"line 2", "UTF-8"});
  }
}

TEST(Csv, FindsColumnsByName) {
  const CsvTable table = parse_csv("price,size,size\n1,2,3\n", {}, "x.csv");
  EXPECT_EQ(table.index_of("price"), 0u);
  expect_error<DataError>([&] { (void)table.index_of("prize"); },
                          {"x.csv", "'prize'", "did you mean 'price'"});
  expect_error<DataError>([&] { (void)table.index_of("size"); }, {"columns 2 and 3"});
}

TEST(Csv, ReadsFilesAndStreams) {
  const TemporaryFolder folder;
  put(folder / "x.csv", "a\n1\n");
  EXPECT_EQ(read_csv(folder / "x.csv").columns[0].numbers, (Numbers{1}));
  std::string many = "a,b\n";
  for (int i = 0; i < 400'000; ++i) many += std::to_string(i) + ",1.5\n";
  std::istringstream stream(many);
  const CsvTable table = read_csv(stream);
  ASSERT_EQ(table.rows(), 400'000);
  EXPECT_EQ(table.columns[0].numbers[399'999], 399'999);
  std::istringstream none;
  expect_error<DataError>([&] { read_csv(none); }, {"standard input", "empty"});
}

/// Any table of texts, written with quotes as RFC 4180 says, is read back as it was.
TEST(Csv, ReadsBackRandomTables) {
  std::mt19937 random(11);
  const std::string alphabet = "ab ,;\t\"\n\rx1.";
  for (int round = 0; round < 300; ++round) {
    const std::size_t rows = 1 + random() % 5;
    const std::size_t columns = 1 + random() % 4;
    std::vector<Texts> cells(columns, Texts(rows));
    std::string text;
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) {
        std::string& cell = cells[c][r];
        cell = "té";  // no cell is a number, so that all columns are texts
        for (std::size_t i = random() % 6; i > 0; --i) cell += alphabet[random() % alphabet.size()];
        text += c == 0 ? "\"" : ",\"";
        for (const char character : cell) text += character == '"' ? "\"\"" : std::string(1, character);
        text += '"';
      }
      text += round % 2 == 0 ? "\n" : "\r\n";
    }
    const CsvTable table = parse_csv(text, {.header = CsvHeader::absent, .separator = ','});
    ASSERT_EQ(table.columns.size(), columns);
    for (std::size_t c = 0; c < columns; ++c) EXPECT_EQ(table.columns[c].texts, cells[c]) << text;
  }
}

TEST(Csv, ReadsBackRandomNumbersExactly) {
  std::mt19937_64 random(5);
  Numbers expected;
  std::string text;
  while (expected.size() < 20'000) {
    const std::uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    expected.push_back(value);
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.17g\n", value);
    text += digits;
  }
  EXPECT_EQ(parse_csv(text).columns[0].numbers, expected);
}

TEST(Csv, SurvivesDamage) {
  const ByteVector whole =
      bytes_of("\xEF\xBB\xBFname;x;y\r\n\"a \"\"b\"\"\";1;2\r\nc;;-3e5\r\n\"d\re\";?;inf\r\nf;1;x");
  survives_damage(
      whole,
      [](const ByteVector& bytes) {
        parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      },
      false);
}

}  // namespace
}  // namespace hebb::test
