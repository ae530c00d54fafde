/// `hebb memory` and what is under it.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "helpers.hpp"

namespace hebb {
namespace {

using testing::only_object;
using testing::Outcome;
using testing::Shell;
using Json = nlohmann::json;

TEST(MemoryTheory, IsOneObject) {
  const Shell hebb;
  const Json json = only_object(hebb("memory theory --loads 0.12,0.13 --temperature 0 --json"));
  EXPECT_EQ(json["temperature"], 0);
  EXPECT_NEAR(json["alpha_c"].get<double>(), 0.1379, 5e-5);
  EXPECT_NEAR(json["overlap_at_alpha_c"].get<double>(), 0.967, 5e-4);
  ASSERT_EQ(json["results"].size(), 2U);
  EXPECT_EQ(json["results"][0]["load"], 0.12);
  EXPECT_NEAR(json["results"][0]["overlap"].get<double>(), 0.9932, 5e-5);
  EXPECT_EQ(json["results"][1]["load"], 0.13);
  EXPECT_NEAR(json["results"][1]["overlap"].get<double>(), 0.9872, 5e-5);

  const Outcome beyond = hebb("memory theory --loads 0.1,0.2 --json");
  EXPECT_EQ(only_object(beyond)["results"][1]["overlap"], 0);
  EXPECT_NE(beyond.err.find("above load 0.1379"), std::string::npos) << beyond.err;
  EXPECT_EQ(hebb("-q memory theory --loads 0.2 --json").err, "");
  const Json hot = only_object(hebb("memory theory --loads 0.01 --temperature 1 --json"));
  EXPECT_EQ(hot["alpha_c"], 0);
  EXPECT_TRUE(hot["overlap_at_alpha_c"].is_null());
  EXPECT_EQ(hot["results"][0]["overlap"], 0);
  const Json laws = only_object(hebb("memory theory --loads 0.1 --neurons 10000 --json"));
  EXPECT_EQ(laws["neurons"], 10000);
  EXPECT_EQ(laws["capacities"][0]["patterns"], 1500);
}

TEST(MemoryTheory, TellsAndDraws) {
  const Shell hebb;
  for (const char* locale : {"LC_ALL=C.UTF-8", "LC_ALL=C"}) {
    const Outcome text =
        hebb("memory theory --neurons 10000 --svg m.svg --phase-diagram p.svg", std::string("env ") + locale);
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_EQ(text.err, "");
    for (const char* word :
         {"up to load 0.1379", "overlap 0.9674", "0.9932", "spin glass", "N / (2 ln N)", "542"})
      EXPECT_NE(text.out.find(word), std::string::npos) << word << text.out;
    for (const char* file : {"m.svg", "p.svg"}) {
      const std::string svg = hebb.read(file);
      EXPECT_TRUE(svg.starts_with("<svg ")) << svg;
      EXPECT_TRUE(svg.ends_with("</svg>\n"));
      EXPECT_EQ(svg.find("nan"), std::string::npos);
      EXPECT_EQ(svg.find("inf"), std::string::npos);
    }
  }
  const Outcome hot = hebb("memory theory --temperature 1.5");
  EXPECT_EQ(hot.code, 0);
  EXPECT_NE(hot.out.find("nothing is retrieved"), std::string::npos) << hot.out;
}

TEST(MemoryTheory, IsRefusedWithAHint) {
  const Shell hebb;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"--loads 0.1,x", "expected a number, got 'x'"},
      {"--loads -0.1", "from 0; got -0.1"},
      {"--loads nan", "finite"},
      {"--loads inf", "finite"},
      {"--temperature -1", "from 0; got -1"},
      {"--temperature nan", "finite"},
      {"--temperature 1e400", "too large"},
      {"--temperature 1 --svg a.svg", "no curve"},
      {"--neurons 2", "at least 3 units; got 2"},
      {"--neurons -4", "got -4"},
      {"--load 0.1", "did you mean '--loads'"},
  };
  for (const auto& [arguments, hint] : cases) {
    const Outcome outcome = hebb("memory theory " + arguments);
    EXPECT_EQ(outcome.code, 2) << arguments;
    EXPECT_EQ(outcome.out, "") << arguments;
    EXPECT_NE(outcome.err.find(hint), std::string::npos) << arguments << ": " << outcome.err;
  }
  EXPECT_EQ(hebb("memory theory --svg /proc/none/a.svg").code, 3);
}

}  // namespace
}  // namespace hebb
