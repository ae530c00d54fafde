/// `hebb memory census`, `basin` and `capacity`, and the pictures of memories.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "hebb/io.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using testing::only_object;
using testing::Outcome;
using testing::Shell;
using Json = nlohmann::json;

void expect_interval(const Json& json, const std::string& name) {
  const double value = json[name];
  EXPECT_LE(json[name + "_interval"][0].get<double>(), value) << name;
  EXPECT_GE(json[name + "_interval"][1].get<double>(), value) << name;
}

// Three patterns rest in themselves, their inverses, and the eight mixtures sgn(+-a +-b +-c).
TEST(MemoryCensusCommand, NamesWhatThreePatternsRestIn) {
  const Shell hebb;
  ASSERT_EQ(hebb("memory store three.hebb --random 3x400 -q").code, 0);
  const Json json = only_object(hebb("memory census three.hebb --starts 2000 --json"));
  EXPECT_EQ(json["starts"], 2000);
  EXPECT_EQ(json["unsettled"], 0);
  ASSERT_EQ(json["attractors"].size(), 14U);
  std::int64_t hits = 0;
  std::map<std::string, int> kinds;
  for (const Json& attractor : json["attractors"]) {
    hits += attractor["hits"].get<std::int64_t>();
    ++kinds[attractor["label"]];
    EXPECT_EQ(attractor["stable"], true);
    EXPECT_GT(attractor["depth"], 0);
    EXPECT_LT(attractor["energy"], 0);
    EXPECT_EQ(attractor["overlap"], 1);
    EXPECT_EQ(attractor["patterns"].size(), attractor["label"] == "mixture" ? 3U : 1U);
    expect_interval(attractor, "share");
  }
  EXPECT_EQ(hits, 2000);
  EXPECT_EQ(kinds, (std::map<std::string, int>{{"pattern", 3}, {"inverse", 3}, {"mixture", 8}}));
  double shares = 0;
  for (const auto& [kind, share] : json["shares"].items()) shares += share.get<double>();
  EXPECT_NEAR(shares, 1, 1e-12);

  const Outcome table = hebb("memory census three.hebb --starts 500 --list 2");
  EXPECT_NE(table.out.find("pattern random"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("and 12 more"), std::string::npos) << table.out;
  EXPECT_EQ(hebb("memory census three.hebb --starts 500 --threads 1").out,
            hebb("memory census three.hebb --starts 500 --threads 2").out);
}

TEST(MemoryCensusCommand, CountsAllStatesOfSmallOnes) {
  const Shell hebb;
  ASSERT_EQ(hebb("memory store small.hebb --random 2x10 --seed 4 -q").code, 0);
  const Json json = only_object(hebb("memory census small.hebb --exhaustive --json"));
  EXPECT_EQ(json["starts"], 1024);
  std::int64_t hits = json["unsettled"];
  for (const Json& attractor : json["attractors"]) hits += attractor["hits"].get<std::int64_t>();
  EXPECT_EQ(hits, 1024);
  ASSERT_EQ(hebb("memory store large.hebb --random 2x30 -q").code, 0);
  EXPECT_EQ(hebb("memory census large.hebb --exhaustive").code, 2);
}

TEST(MemoryBasinCommand, FallsFromOneToNothing) {
  const Shell hebb;
  ASSERT_EQ(hebb("memory store s.hebb --random 10x500 -q").code, 0);
  const Json json =
      only_object(hebb("memory basin s.hebb --flips 0.5,0,0.2 --trials 50 --svg basin.svg --json"));
  ASSERT_EQ(json["results"].size(), 3U);
  for (const Json& point : json["results"]) {
    EXPECT_EQ(point["trials"], 50);
    expect_interval(point, "recalled_fraction");
    expect_interval(point, "exact_fraction");
  }
  EXPECT_EQ(json["results"][0]["flip"], 0);
  EXPECT_EQ(json["results"][0]["exact_fraction"], 1);
  EXPECT_EQ(json["results"][1]["recalled_fraction"], 1);
  EXPECT_LT(json["results"][2]["recalled_fraction"], 0.3);
  EXPECT_TRUE(hebb.read("basin.svg").starts_with("<svg "));
  EXPECT_EQ(only_object(hebb("memory basin s.hebb --pattern 'random 3' --json"))["results"].size(), 6U);
  EXPECT_NE(hebb("memory basin s.hebb --flips 0.1").out.find("recalled"), std::string::npos);
}

TEST(MemoryBasinCommand, IsInterruptedWithWhatItHas) {
  const Shell hebb;
  ASSERT_EQ(hebb("memory store s.hebb --random 10x500 -q").code, 0);
  const Outcome outcome = hebb("memory basin s.hebb --flips 0.1,0.2 --trials 1000000000 --json -q",
                               "timeout --foreground --preserve-status -s INT 1");
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const Json json = Json::parse(outcome.out);
  ASSERT_EQ(json["results"].size(), 1U);
  EXPECT_GT(json["results"][0]["trials"], 0);
  EXPECT_LT(json["results"][0]["trials"], 1000000000);
}

TEST(MemoryCapacityCommand, PutsTheoryBesideMeasurement) {
  const Shell hebb;
  const Json json = only_object(hebb(
      "memory capacity --neurons 1000 --loads 0.2,0.05 --trials 6 --flip 0.1 --seed 3 --svg c.svg --json"));
  EXPECT_EQ(json["rule"], "hebb");
  EXPECT_EQ(json["neurons"], 1000);
  ASSERT_EQ(json["results"].size(), 2U);
  const Json& low = json["results"][0];
  EXPECT_EQ(low["load"], 0.05);
  EXPECT_EQ(low["patterns"], 50);
  EXPECT_EQ(low["trials"], 6);
  EXPECT_EQ(low["flip"], 0.1);
  EXPECT_NEAR(low["mean_overlap"], 1, 0.002);
  EXPECT_NEAR(low["theory_overlap"], 1, 1e-4);
  for (const char* name : {"mean_overlap", "stable_fraction", "exact_recall_fraction"})
    expect_interval(low, name);
  EXPECT_LT(json["results"][1]["stable_fraction"], 0.01);
  EXPECT_EQ(json["results"][1]["theory_overlap"], 0);
  EXPECT_TRUE(hebb.read("c.svg").starts_with("<svg "));

  const std::string cube =
      "memory capacity --energy polynomial --degree 3 --neurons 60 --patterns 200 --json";
  const Json dense = only_object(hebb(cube));
  EXPECT_EQ(dense["results"][0]["patterns"], 200);
  EXPECT_LT(dense["results"][0]["stable_fraction"], 1);
  EXPECT_EQ(only_object(hebb(cube + " --units 01"))["results"], dense["results"]);
  const Json warm = only_object(
      hebb("memory capacity --neurons 500 --loads 0.02 --temperature 0.3 --trials 2 --sweeps 20 --json"));
  EXPECT_GT(warm["results"][0]["mean_overlap"], 0.8);
  EXPECT_NE(hebb("memory capacity --neurons 100 --loads 0.05 --trials 2").out.find("load"),
            std::string::npos);
}

TEST(MemoryPictures, ShowCuesAndAttractors) {
  const Shell hebb;
  ASSERT_EQ(hebb("memory store d.hebb --rule pseudo-inverse --data strokes --count 4 -q").code, 0);
  ASSERT_EQ(hebb("memory recall d.hebb --flip 0.2 --trials 3 --picture recall.png").code, 0);
  ASSERT_EQ(hebb("memory census d.hebb --starts 100 --list 3 --picture census.png").code, 0);
  const Image recall = read_image(hebb.file("recall.png"));
  EXPECT_EQ(recall.channels, 3);
  // Three rows of pattern, cue and state at rest, each 4 times as large as 28 pixels.
  EXPECT_GT(recall.width, 3 * 4 * 28);
  EXPECT_GT(recall.height, 3 * 4 * 28);
  EXPECT_GT(read_image(hebb.file("census.png")).width, 3 * 4 * 28);
  EXPECT_EQ(hebb("memory census d.hebb --starts 10 --picture no/such/folder.png").code, 3);
}

TEST(MemoryCensusCommand, IsRefusedWithAHint) {
  const Shell hebb;
  ASSERT_EQ(hebb("memory store s.hebb --random 2x20 -q").code, 0);
  struct Wrong {
    std::string arguments;
    int code;
    std::string hint;
  };
  for (const Wrong& wrong : {Wrong{"memory census none.hebb", 3, "none.hebb"},
                             {"memory census s.hebb --starts 0", 2, "at least one start"},
                             {"memory census s.hebb --order upwards", 2, "order"},
                             {"memory basin s.hebb --flips 1.5", 2, "1.5"},
                             {"memory basin s.hebb --pattern nobody", 2, "nobody"},
                             {"memory basin s.hebb --flips 0.1 --svg b.svg", 2, "two"},
                             {"memory capacity --neurons 0 --loads 0.1", 2, "0"},
                             {"memory capacity --neurons 100 --loads 0.1 --patterns 3", 2, "--patterns"},
                             {"memory capacity --rule heb --neurons 100 --loads 0.1", 2, "hebb"},
                             {"memory capacity --neurons 100 --loads 0.1 --trials 0", 2, "trial"}}) {
    const Outcome outcome = hebb(wrong.arguments);
    EXPECT_EQ(outcome.code, wrong.code) << wrong.arguments << outcome.err;
    EXPECT_NE(outcome.err.find(wrong.hint), std::string::npos) << wrong.arguments << ": " << outcome.err;
    EXPECT_EQ(outcome.out, "") << wrong.arguments;
  }
}

}  // namespace
}  // namespace hebb
