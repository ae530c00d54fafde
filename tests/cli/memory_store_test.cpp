/// `hebb memory store`, `recall`, `list`, `forget` and `unlearn`.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hebb/io.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using testing::only_object;
using testing::Outcome;
using testing::Shell;
using Json = nlohmann::json;

void expect_words(const std::string& text, const std::vector<std::string>& words) {
  for (const std::string& word : words) EXPECT_NE(text.find(word), std::string::npos) << word << "\n" << text;
}

/// Images of 5 x 7 pixels, ink bright, and one of them damaged.
void draw_letters(const Shell& hebb) {
  const std::vector<std::pair<std::string, std::string>> letters = {
      {"A", ".###.#...##...#######...##...##...#"},
      {"C", ".#####....#....#....#....#.....####"},
      {"J", "..###...#....#....#....#.#..#..##.."},
      {"X", "#...##...#.#.#...#...#.#.#...##...#"},
  };
  std::filesystem::create_directory(hebb.file("patterns"));
  for (const auto& [name, pixels] : letters) {
    Image image{7, 5, 1, {}};
    for (const char pixel : pixels) image.bytes.push_back(pixel == '#' ? 255 : 0);
    write_png(hebb.file("patterns/" + name + ".png"), image);
    if (name != "A") continue;
    for (const std::size_t i : {3U, 10U, 22U})
      image.bytes[i] = static_cast<std::uint8_t>(255 - image.bytes[i]);
    write_png(hebb.file("noisy.png"), image);
  }
}

TEST(MemoryStoreCommand, StoresImagesAndRecallsThem) {
  const Shell hebb;
  draw_letters(hebb);
  const Outcome stored = hebb("memory store letters.hebb --rule pseudo-inverse --images patterns/*.png");
  EXPECT_EQ(stored.code, 0) << stored.err;
  expect_words(stored.out,
               {"4 added", "4 patterns of 35 units, rule pseudo-inverse", "100 % of the patterns stable"});
  EXPECT_EQ(stored.err, "");
  const Json found = only_object(hebb("memory recall letters.hebb --input noisy.png --out clean.png --json"));
  EXPECT_EQ(found["known"], true);
  EXPECT_EQ(found["label"], "A");
  EXPECT_EQ(found["overlap"], 1);
  EXPECT_GT(found["confidence"], 0.5);
  EXPECT_LT(found["energy_end"].get<double>(), found["energy_start"].get<double>());
  EXPECT_EQ(read_image(hebb.file("clean.png")).bytes, read_image(hebb.file("patterns/A.png")).bytes);
  // A second run adds to the first.
  draw_letters(hebb);
  std::filesystem::copy_file(hebb.file("noisy.png"), hebb.file("B.png"));
  const Json more = only_object(hebb("memory store letters.hebb --images B.png --json"));
  EXPECT_EQ(more["added"], 1);
  EXPECT_EQ(more["patterns"], 5);
  EXPECT_EQ(more["rule"], "pseudo-inverse");
  const Json list = only_object(hebb("memory list letters.hebb --json"));
  EXPECT_EQ(list["stored"].size(), 5U);
  EXPECT_EQ(list["stored"][4]["label"], "B");
  expect_words(hebb("memory list letters.hebb").out, {"pattern", "label", "energy", "A", "X"});
  EXPECT_EQ(only_object(hebb("memory forget letters.hebb B 0 --json"))["patterns"], 3);
  EXPECT_EQ(only_object(hebb("memory list letters.hebb --json"))["stored"][0]["label"], "C");
}

TEST(MemoryStoreCommand, DrawsTheWay) {
  const Shell hebb;
  draw_letters(hebb);
  ASSERT_EQ(hebb("memory store l.hebb --rule pseudo-inverse --images patterns/*.png").code, 0);
  const Outcome utf8 = hebb("memory recall l.hebb --input noisy.png --trace", "env LC_ALL=C.UTF-8");
  EXPECT_EQ(utf8.code, 0) << utf8.err;
  expect_words(utf8.out, {"before\n ▄▀▀ ▄\n", "energy by sweep", "after\n ▄▀▀▀▄\n █▄▄▄█\n █   █\n ▀   ▀\n",
                          "A (pattern 0)", "fixed point"});
  const Outcome ascii = hebb("memory recall l.hebb --input noisy.png --trace", "env LC_ALL=C");
  EXPECT_TRUE(std::all_of(ascii.out.begin(), ascii.out.end(), [](char c) { return c > 0; })) << ascii.out;
  const Json json = only_object(hebb("memory recall l.hebb --input noisy.png --trace --json"));
  ASSERT_GE(json["trace"].size(), 2U);
  for (std::size_t i = 1; i < json["trace"].size(); ++i)
    EXPECT_LE(json["trace"][i]["energy"].get<double>(), json["trace"][i - 1]["energy"].get<double>());
  const Outcome one = hebb("memory recall l.hebb --pattern J --flip 0.1 --trace --out j.npy");
  EXPECT_EQ(one.code, 0) << one.err;
  expect_words(one.out, {"before", "after", "J (pattern 2)", "1 trial from 10 % of bits"});
  EXPECT_EQ(read_npy(hebb.file("j.npy")).size(), 35);
}

TEST(MemoryStoreCommand, CountsTrials) {
  const Shell hebb;
  ASSERT_EQ(hebb("memory store r.hebb --random 20x500 --seed 3").code, 0);
  const Json json = only_object(hebb("memory recall r.hebb --flip 0.2 --trials 300 --json"));
  EXPECT_EQ(json.size(), 6U);
  EXPECT_EQ(json["trials"], 300);
  EXPECT_GT(json["exact_fraction"], 0.95);
  EXPECT_GT(json["mean_overlap"], 0.99);
  EXPECT_GE(json["mean_sweeps"], 2);
  // Of 500 units at this load: -(1 - 2 flip)^2 / 2 and -1/2 each, but for the other patterns.
  EXPECT_NEAR(json["energy_start"].get<double>(), -250 * 0.36, 15);
  EXPECT_NEAR(json["energy_end"].get<double>(), -250, 15);
  for (const char* threads : {"1", "3"})
    EXPECT_EQ(only_object(hebb("memory recall r.hebb --flip 0.2 --trials 300 --json --threads " +
                               std::string(threads))),
              json);
  EXPECT_NE(only_object(hebb("memory recall r.hebb --flip 0.2 --trials 300 --seed 1 --json")), json);
  const Json none = only_object(hebb("memory recall r.hebb --flip 0 --trials 50 --json"));
  EXPECT_EQ(none["exact_fraction"], 1);
  EXPECT_EQ(none["energy_start"], none["energy_end"]);
  const Json inverted = only_object(hebb("memory recall r.hebb --flip 1 --trials 50 --json"));
  EXPECT_EQ(inverted["exact_fraction"], 0);
  EXPECT_EQ(inverted["mean_overlap"], -1);
  for (const char* how : {"--order synchronous", "--order greedy", "--order fixed", "--cooling 1,0.1,10"})
    EXPECT_GT(only_object(hebb("memory recall r.hebb --flip 0.1 --trials 50 --json " +
                               std::string(how)))["mean_overlap"],
              0.95)
        << how;
  // No energy, no numbers for it.
  ASSERT_EQ(hebb("memory store p.hebb --random 20x100 --rule perceptron --margin 1").code, 0);
  const Json gardner = only_object(hebb("memory recall p.hebb --flip 0.02 --trials 50 --json"));
  EXPECT_TRUE(gardner["energy_end"].is_null());
  EXPECT_GT(gardner["mean_overlap"], 0.9);
}

TEST(MemoryStoreCommand, RejectsWhatIsNotStored) {
  const Shell hebb;
  ASSERT_EQ(hebb("memory store r.hebb --random 10x400").code, 0);
  std::string csv;
  std::uint32_t state = 1;
  for (int row = 0; row < 5; ++row) {
    for (int i = 0; i < 400; ++i) {
      state = state * 1664525U + 1013904223U;
      csv += (i == 0 ? "" : ",") + std::string((state >> 31) != 0 ? "1" : "-1");
    }
    csv += "\n";
  }
  hebb.write("strange.csv", csv);
  const Outcome outcome = hebb("memory recall r.hebb --input strange.csv --json --out end.csv");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::istringstream lines(outcome.out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_EQ(Json::parse(line)["rejected"], true) << line;
    EXPECT_EQ(Json::parse(line)["known"], false) << line;
  }
  EXPECT_EQ(count, 5);
  EXPECT_EQ(read_csv(hebb.file("end.csv")).rows(), 5);
  expect_words(hebb("memory recall r.hebb --input strange.csv").out, {"nothing like this is stored"});
}

TEST(MemoryStoreCommand, KeepsTextTablesAndDataSets) {
  const Shell hebb;
  hebb.write("towns.txt", "Amsterdam\nBrussels\nLisbon\nPrague\nVienna\n");
  const Outcome text = hebb("memory store towns.hebb --rule pseudo-inverse --text towns.txt");
  EXPECT_EQ(text.code, 0) << text.err;
  expect_words(hebb("memory recall towns.hebb --text Liston").out, {"Lisbon (pattern 2)"});
  expect_words(hebb("memory recall towns.hebb --text Wienna --trace").out,
               {"before\n Wienna\n", "after\n Vienna\n"});
  hebb.write("cues.txt", "Pragua\nBrussals\n");
  ASSERT_EQ(hebb("memory recall towns.hebb --input cues.txt --out clean.txt").code, 0);
  EXPECT_EQ(hebb.read("clean.txt"), "Prague\nBrussels\n");

  hebb.write("p.csv", "name,a,b,c,d,e,f,g,h\nodd,1,0,1,0,1,0,1,0\nhalf,1,1,1,1,0,0,0,0\n");
  EXPECT_EQ(only_object(hebb("memory store t.hebb --units 01 --csv p.csv --json"))["neurons"], 8);
  EXPECT_EQ(only_object(hebb("memory list t.hebb --json"))["stored"][1]["label"], "half");

  const Json data = only_object(
      hebb("memory store s.hebb --energy polynomial --degree 10 --data strokes --count 12 --json"));
  EXPECT_EQ(data["neurons"], 784);
  EXPECT_EQ(data["energy"], "polynomial");
  EXPECT_GT(only_object(hebb("memory recall s.hebb --flip 0.25 --trials 24 --json"))["exact_fraction"], 0.9);
  EXPECT_EQ(only_object(hebb("memory store s.hebb --data strokes --samples 14,20 --json"))["added"], 2);
}

TEST(MemoryStoreCommand, WarnsBeforeOverload) {
  const Shell hebb;
  EXPECT_EQ(hebb("memory store r.hebb --random 10x200").err, "");
  const Outcome full = hebb("memory store r.hebb --random 14x200 --seed 1");
  EXPECT_EQ(full.code, 0);
  expect_words(full.err, {"hebb: nearly full: 24 patterns", "rule 'pseudo-inverse' would hold them"});
  EXPECT_EQ(hebb("-q memory list r.hebb").err, "");
  EXPECT_NE(only_object(hebb("memory list r.hebb --json"))["warning"], nullptr);
}

TEST(MemoryUnlearnCommand, MakesSpuriousStatesRarer) {
  const Shell hebb;
  ASSERT_EQ(hebb("memory store s.hebb --random 10x100 --seed 3 -q").code, 0);
  const auto share = [&] {
    const Json census = only_object(hebb("memory census s.hebb --starts 2000 --depths 0 --json"));
    return census["shares"]["pattern"].get<double>() + census["shares"]["inverse"].get<double>();
  };
  const double before = share();
  const Json unlearned =
      only_object(hebb("memory unlearn s.hebb --dreams 100 --strength 0.02 --seed 5 --json"));
  EXPECT_EQ(unlearned["unlearning"], Json::parse(R"({"dreams": 100, "strength": 0.02, "seed": 5})"));
  EXPECT_EQ(unlearned["patterns"], 10);
  EXPECT_GT(share(), before + 0.05);
  const Outcome listed = hebb("memory list s.hebb");
  expect_words(listed.out, {"rule hebb, 100 dreams of strength 0.02 unlearned"});
  const Outcome again = hebb("memory unlearn s.hebb --dreams 1");
  expect_words(again.out, {"s.hebb: 10 patterns", ", 1 dream of strength 0.01 unlearned"});
  EXPECT_EQ(only_object(hebb("memory unlearn s.hebb --dreams 0 --json"))["unlearning"], nullptr);
  EXPECT_EQ(share(), before);
  ASSERT_EQ(hebb("memory store p.hebb --rule perceptron --random 3x20 -q").code, 0);
  for (const auto& [arguments, code, hint] : std::vector<std::tuple<std::string, int, std::string>>{
           {"memory unlearn s.hebb", 2, "--dreams"},
           {"memory unlearn s.hebb --dreams -1", 2, "got -1"},
           {"memory unlearn s.hebb --dreams 9 --strength 2", 2, "got 2"},
           {"memory unlearn s.hebb --dreams many", 2, "many"},
           {"memory unlearn p.hebb --dreams 9", 2, "symmetric"},
           {"memory unlearn none.hebb --dreams 9", 3, "none.hebb"}}) {
    const Outcome outcome = hebb(arguments);
    EXPECT_EQ(outcome.code, code) << arguments << outcome.err;
    EXPECT_NE(outcome.err.find(hint), std::string::npos) << arguments << outcome.err;
  }
}

TEST(MemoryStoreCommand, IsRefusedWithAHint) {
  const Shell hebb;
  draw_letters(hebb);
  ASSERT_EQ(hebb("memory store l.hebb --images patterns/*.png").code, 0);
  const std::string before = hebb.read("l.hebb");
  hebb.write("broken.png", "no image");
  hebb.write("cut.hebb", before.substr(0, before.size() - 3));
  write_png(hebb.file("blank.png"), {7, 5, 1, std::vector<std::uint8_t>(35, 0)});
  write_png(hebb.file("wide.png"), {5, 7, 1, std::vector<std::uint8_t>(35, 255)});
  struct Case {
    std::string arguments;
    int code;
    std::string hint;
  };
  const std::vector<Case> cases = {
      {"store l.hebb --images patterns/A.png", 3, "is the same as stored pattern 0 ('A')"},
      {"store l.hebb --images patterns/A.png patterns/none.png", 3, "none.png"},
      {"store l.hebb --images broken.png", 3, "broken.png"},
      {"store l.hebb --images blank.png", 3, "no unit of it is up"},
      {"store l.hebb --images patterns/A.png wide.png", 3, "5 x 7 pixels, where 7 x 5"},
      {"store l.hebb --random 3x36", 3, "36 units; the store has 35"},
      {"store l.hebb --random 3by35", 2, "PATTERNSxUNITS"},
      {"store l.hebb --random 3x9999999999999999999", 2, "PATTERNSxUNITS"},
      {"store l.hebb --random 0x35", 2, "PATTERNSxUNITS"},
      {"store l.hebb", 2, "none was given"},
      {"store l.hebb --random 3x35 --text a.txt", 2, "several were given"},
      {"store l.hebb --rule storkey --random 3x35", 2, "the store exists, with rule hebb"},
      {"store n.hebb --rule hobb --random 3x35", 2, "'hebb'"},
      {"store n.hebb --rule pseudo-inverse --random 40x35", 3, "pattern"},
      {"store n.hebb --data mnsit", 2, "mnist"},
      {"store n.hebb --random 3x35 --count 4", 2, "--data"},
      {"store n.hebb --data strokes --samples 999999999", 3, "no sample 999999999"},
      {"store n.hebb --random 3x35 --label a b", 2, "2 labels for 3 patterns"},
      {"store n.hebb --images patterns/A.png --threshold x", 2, "a number"},
      {"store /proc/none/l.hebb --random 3x35", 3, "/proc/none/l.hebb"},
      {"store cut.hebb --random 3x35", 3, "cut.hebb"},
      {"recall cut.hebb --flip 0.1", 3, "cut.hebb"},
      {"recall none.hebb --flip 0.1", 3, "none.hebb"},
      {"recall l.hebb", 2, "--input FILE, --text TEXT, or --flip"},
      {"recall l.hebb --flip 1.5", 2, "from 0 to 1, got 1.5"},
      {"recall l.hebb --flip nan", 2, "from 0 to 1"},
      {"recall l.hebb --flip 0.1 --trials 0", 2, "at least 1"},
      {"recall l.hebb --flip 0.1 --order sideways", 2, "order"},
      {"recall l.hebb --flip 0.1 --cooling 1,2", 2, "FROM,TO,SWEEPS"},
      {"recall l.hebb --flip 0.1 --max-sweeps 0", 2, "at least one sweep"},
      {"recall l.hebb --pattern Q --flip 0.1", 2, "did you mean"},
      {"recall l.hebb --input broken.png", 3, "broken.png"},
      {"recall l.hebb --input wide.png", 3, "5 x 7 pixels, where 7 x 5"},
      {"recall l.hebb --input noisy.png --out a.gif", 2, ".npy, .csv"},
      {"recall l.hebb --text A", 2, "no text"},
      {"forget l.hebb Q", 2, "did you mean"},
      {"forget l.hebb 4", 2, "4 are stored"},
      {"list cut.hebb", 3, "cut.hebb"},
  };
  for (const Case& one : cases) {
    const Outcome outcome = hebb("memory " + one.arguments);
    EXPECT_EQ(outcome.code, one.code) << one.arguments << ": " << outcome.err;
    EXPECT_NE(outcome.err.find(one.hint), std::string::npos) << one.arguments << ": " << outcome.err;
    EXPECT_EQ(hebb.read("l.hebb"), before) << one.arguments;
  }
  EXPECT_FALSE(std::filesystem::exists(hebb.file("n.hebb")));
}

}  // namespace
}  // namespace hebb
