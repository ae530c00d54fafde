#include "hebb/io.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using test::expect_error;
using test::inputs_of;
using test::TemporaryFolder;
using test::values_of;

const char* const kHouses =
    "area,town,price\n"
    "50,Bonn,100.5\n"
    "80,Ahlen,200\n"
    "65,Bonn,150\n"
    "90,Celle,250\n";

TEST(Table, NumbersTextsAndAPrice) {
  const TemporaryFolder folder;
  const DataSplits houses = load_dataset(folder.write("houses.csv", kHouses));
  EXPECT_EQ(houses.test, nullptr);
  EXPECT_EQ(houses.feature_names,
            (std::vector<std::string>{"area", "town=Ahlen", "town=Bonn", "town=Celle"}));
  EXPECT_EQ(houses.spec.target_name, "price");
  EXPECT_EQ(houses.spec.input_shape, Shape({4}));
  EXPECT_EQ(inputs_of(*houses.train),
            (std::vector<float>{50, 0, 1, 0, 80, 1, 0, 0, 65, 0, 1, 0, 90, 0, 0, 1}));
  EXPECT_EQ(values_of(*houses.train), (std::vector<float>{100.5, 200, 150, 250}));
  const DataSummary summary = summarize(houses);
  ASSERT_EQ(summary.inputs.size(), 2U);
  EXPECT_EQ(summary.inputs[1].categories, 3);
  EXPECT_EQ(summary.inputs[0].maximum, 90);
}

TEST(Table, TextTargetsBecomeSortedClasses) {
  const TemporaryFolder folder;
  const DataSplits houses = load_dataset(folder.write("houses.csv", kHouses), {.target = "town"});
  EXPECT_EQ(houses.spec.class_names, (std::vector<std::string>{"Ahlen", "Bonn", "Celle"}));
  EXPECT_EQ(all_labels(*houses.train), (std::vector<std::int32_t>{1, 0, 1, 2}));
  EXPECT_EQ(houses.feature_names, (std::vector<std::string>{"area", "price"}));
  expect_error<DataError>(
      [&] { load_dataset(folder.path("houses.csv"), {.target = "town", .task = Task::regression}); },
      {"town", "text"});
}

TEST(Table, TargetsAndIgnoredColumnsByNumber) {
  const TemporaryFolder folder;
  const std::string path = folder.write("houses.csv", kHouses);
  EXPECT_EQ(load_dataset(path, {.target = "1"}).spec.target_name, "area");
  EXPECT_EQ(load_dataset(path, {.target = "-2"}).spec.target_name, "town");
  EXPECT_EQ(load_dataset(path, {.ignore = {"town"}}).feature_names, std::vector<std::string>{"area"});
  expect_error<ConfigError>([&] { load_dataset(path, {.target = "prize"}); }, {"prize", "price"});
  expect_error<ConfigError>([&] { load_dataset(path, {.target = "4"}); }, {"column 4", "1 to 3"});
  expect_error<ConfigError>([&] { load_dataset(path, {.target = "0"}); }, {"column 0"});
  expect_error<ConfigError>([&] { load_dataset(path, {.target = "99999999999999999999"}); }, {"column"});
  expect_error<ConfigError>([&] { load_dataset(path, {.target = "price", .ignore = {"3"}}); },
                            {"target", "ignored"});
  expect_error<DataError>([&] { load_dataset(path, {.ignore = {"area", "town"}}); }, {"no column is left"});
  const std::string twice = folder.write("twice.csv", "a,a,b\n1,2,3\n4,5,6\n");
  expect_error<ConfigError>([&] { load_dataset(twice, {.target = "a"}); }, {"several", "'a'"});
  expect_error<DataError>([&] { load_dataset(folder.write("one.csv", "a\n1\n2\n")); }, {"no column is left"});
}

TEST(Table, WholeNumbersAreClassesByTheRule) {
  const TemporaryFolder folder;
  const auto kind = [&](const std::string& targets, Task task = Task::automatic) {
    std::string text = "x,y\n";
    std::size_t start = 0;
    int i = 0;
    while (start < targets.size()) {
      const std::size_t end = std::min(targets.find(' ', start), targets.size());
      text += std::to_string(i++) + "," + targets.substr(start, end - start) + "\n";
      start = end + 1;
    }
    return load_dataset(folder.write("t.csv", text), {.task = task}).train->target_kind();
  };
  EXPECT_EQ(kind("0 1 1 0"), TargetKind::classes);
  EXPECT_EQ(kind("1 2 3 1"), TargetKind::classes);
  EXPECT_EQ(kind("1.0 2.0"), TargetKind::classes);
  EXPECT_EQ(kind("0 2 4"), TargetKind::values) << "numbers are left out";
  EXPECT_EQ(kind("2 3 4"), TargetKind::values) << "do not start at 0 or 1";
  EXPECT_EQ(kind("0 1 0.5"), TargetKind::values);
  EXPECT_EQ(kind("-1 1"), TargetKind::values);
  EXPECT_EQ(kind("1 1 1"), TargetKind::values) << "a single class";
  EXPECT_EQ(kind("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19"), TargetKind::classes);
  EXPECT_EQ(kind("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"), TargetKind::values);
  EXPECT_EQ(kind("0 1 1 0", Task::regression), TargetKind::values);
  EXPECT_EQ(kind("-1 1", Task::classification), TargetKind::classes);
}

TEST(Table, ClassesOfNumbersKeepTheirNames) {
  const TemporaryFolder folder;
  const DataSplits splits =
      load_dataset(folder.write("t.csv", "x,y\n1,-1\n2,2.5\n3,-1\n"), {.task = Task::classification});
  EXPECT_EQ(splits.spec.class_names, (std::vector<std::string>{"-1", "2.5"}));
  EXPECT_EQ(all_labels(*splits.train), (std::vector<std::int32_t>{0, 1, 0}));
}

TEST(Table, MissingValues) {
  const TemporaryFolder folder;
  const std::string path = folder.write("m.csv", "age,town,y\n10,A,1.5\n,B,2.5\n30,,3.5\n50,A,4.5\n");
  expect_error<DataError>([&] { load_dataset(path); }, {"m.csv", "line 3", "column 1", "age", "missing"});
  const DataSplits mean = load_dataset(path, {.missing = Missing::mean});
  EXPECT_EQ(inputs_of(*mean.train), (std::vector<float>{10, 0, 1, 0, 30, 0, 0, 1, 30, 1, 0, 0, 50, 0, 1, 0}));
  EXPECT_EQ(mean.spec.columns[0].fill, 30);
  EXPECT_TRUE(mean.spec.columns[0].fills_missing);
  const DataSplits drop = load_dataset(path, {.missing = Missing::drop});
  EXPECT_EQ(inputs_of(*drop.train), (std::vector<float>{10, 1, 50, 1}));
  EXPECT_EQ(values_of(*drop.train), (std::vector<float>{1.5, 4.5}));
  const std::string target = folder.write("t.csv", "x,y\n1,1.5\n2,\n3,2.5\n");
  expect_error<DataError>([&] { load_dataset(target, {.missing = Missing::mean}); },
                          {"line 3", "'y'", "dropped"});
  EXPECT_EQ(load_dataset(target, {.missing = Missing::drop}).train->size(), 2);
  const std::string empty = folder.write("e.csv", "x,z,y\n,1,1\n,2,2\n");
  expect_error<DataError>([&] { load_dataset(empty, {.missing = Missing::mean}); }, {"'x'", "no value"});
  expect_error<DataError>([&] { load_dataset(empty, {.missing = Missing::drop}); }, {"every row"});
}

TEST(Table, ASlipAmongNumbersIsFound) {
  const TemporaryFolder folder;
  const std::string path = folder.write("s.csv", "x,y\n1,1.5\n2,2.5\n3O,3.5\n4,4.5\n");
  expect_error<DataError>([&] { load_dataset(path); }, {"line 4", "column 1", "'x'", "'3O'"});
  const std::string target = folder.write("t.csv", "x,y\n1,1.5\n2,2.5\n3,many\n");
  expect_error<DataError>([&] { load_dataset(target); }, {"line 4", "column 2", "many"});
}

TEST(Table, TooManyCategoriesAreRefused) {
  const TemporaryFolder folder;
  std::string text = "name,y\n";
  for (int i = 0; i < 300; ++i) text += "person" + std::to_string(i) + "," + std::to_string(i) + ".5\n";
  const std::string path = folder.write("p.csv", text);
  expect_error<DataError>([&] { load_dataset(path); }, {"'name'", "256"});
  expect_error<DataError>([&] { load_dataset(folder.write("c.csv", "x,y\n1,a\n2,a\n")); },
                          {"'y'", "single class"});
}

TEST(Table, NumbersTooLargeForAFloatAreRefused) {
  const TemporaryFolder folder;
  expect_error<DataError>([&] { load_dataset(folder.write("a.csv", "x,y\n1e300,1.5\n2,2.5\n")); },
                          {"line 2", "column 1"});
  expect_error<DataError>([&] { load_dataset(folder.write("b.csv", "x,y\n1,1e300\n2,2.5\n")); },
                          {"line 2", "column 2"});
}

TEST(Table, HostileFiles) {
  const TemporaryFolder folder;
  expect_error<DataError>([&] { load_dataset(folder.write("r.csv", "a,b\n1,2\n3\n")); }, {"line 3"});
  EXPECT_THROW(load_dataset(folder.write("e.csv", "")), Error);
  EXPECT_THROW(load_dataset(folder.write("h.csv", "a,b\n")), Error);
  EXPECT_THROW(load_dataset(folder.write("n.csv", "a,b\n1,nan\n2,3\n")), Error);
  EXPECT_THROW(load_dataset(folder.path("absent.csv")), FormatError);
  std::string wide = "1";
  for (int i = 0; i < 1000000; ++i) wide += ",1";
  EXPECT_THROW(load_dataset(folder.write("w.csv", wide + "\n")), DataError);
}

TEST(Table, TabsAndNoHeader) {
  const TemporaryFolder folder;
  const DataSplits tabs =
      load_dataset(folder.write("t.tsv", "a\tb\n1,5\t2\nx\t3\n"), {.task = Task::regression});
  EXPECT_EQ(tabs.feature_names, (std::vector<std::string>{"a=1,5", "a=x"}));
  const DataSplits bare = load_dataset(folder.write("b.csv", "1,2\n3,4.5\n"));
  EXPECT_EQ(bare.train->size(), 2);
  const DataSplits forced = load_dataset(folder.path("b.csv"), {.header = true});
  EXPECT_EQ(forced.train->size(), 1);
}

// ---- Prediction
// -------------------------------------------------------------------------------------------------

TEST(EncodeTable, IsWhatTrainingSaw) {
  const TemporaryFolder folder;
  const DataSplits houses = load_dataset(folder.write("houses.csv", kHouses));
  EXPECT_EQ(encode_table(houses.spec, parse_csv(kHouses)), inputs_of(*houses.train));
}

TEST(EncodeTable, FindsColumnsByNameInAnyOrder) {
  const TemporaryFolder folder;
  const InputSpec spec = load_dataset(folder.write("houses.csv", kHouses)).spec;
  const std::vector<float> expected = {70, 0, 0, 1};
  EXPECT_EQ(encode_table(spec, parse_csv("town,extra,area\nCelle,9,70\n", {.header = CsvHeader::present})),
            expected);
  EXPECT_EQ(encode_table(spec, parse_csv("70,Celle\n", {.header = CsvHeader::absent})), expected);
  EXPECT_EQ(encode_table(spec, parse_csv("70,Celle,1\n", {.header = CsvHeader::absent})), expected);
  expect_error<DataError>([&] { encode_table(spec, parse_csv("1\n2\n", {.header = CsvHeader::absent})); },
                          {"1 columns", "2"});
  expect_error<DataError>(
      [&] { encode_table(spec, parse_csv("aera,town\n1,Bonn\n", {.header = CsvHeader::present})); },
      {"area"});
  expect_error<DataError>(
      [&] { encode_table(spec, parse_csv("area,town\n1,Bon\n", {.header = CsvHeader::present})); },
      {"line 2", "column 2", "Bon", "Bonn"});
  expect_error<DataError>(
      [&] { encode_table(spec, parse_csv("area,town\nbig,Bonn\n", {.header = CsvHeader::present})); },
      {"line 2", "column 1", "big"});
  expect_error<DataError>(
      [&] { encode_table(spec, parse_csv("area,town\n,Bonn\n", {.header = CsvHeader::present})); },
      {"line 2", "column 1", "missing"});
}

TEST(EncodeTable, FillsWhatTrainingFilled) {
  const TemporaryFolder folder;
  const std::string path = folder.write("m.csv", "age,y\n10,1.5\n,2.5\n30,3.5\n");
  const InputSpec spec = load_dataset(path, {.missing = Missing::mean}).spec;
  EXPECT_EQ(encode_table(spec, parse_csv("age,x\n?,1\n5,1\n", {.header = CsvHeader::present})),
            (std::vector<float>{20, 5}));
}

TEST(EncodeTable, KnowsCategoriesThatLookLikeNumbers) {
  const TemporaryFolder folder;
  const InputSpec spec = load_dataset(folder.write("c.csv", "code,y\n7,1.5\nA,2.5\nB,3.5\n")).spec;
  EXPECT_EQ(encode_table(spec, parse_csv("code,x\n7,1\n", {.header = CsvHeader::present})),
            (std::vector<float>{1, 0, 0}));
}

TEST(EncodeTable, TakesPlainColumnsWhereTheModelHasNoNames) {
  const InputSpec spec{.input_shape = {1, 2, 1}, .target_name = "label"};
  EXPECT_EQ(encode_table(spec, parse_csv("1,2\n3,4\n")), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(encode_table(spec, parse_csv("label,p,q\n9,1,2\n", {.header = CsvHeader::present})),
            (std::vector<float>{1, 2}));
  expect_error<DataError>([&] { encode_table(spec, parse_csv("1,2,3\n")); },
                          {"3 columns", "expects 2", "[1, 2, 1]"});
}

}  // namespace
}  // namespace hebb
