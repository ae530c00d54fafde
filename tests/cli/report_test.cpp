#include "hebb/report.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "helpers.hpp"

namespace hebb {
namespace {

using testing::Outcome;
using testing::Shell;

const std::string kMoons = "train --data moons --model 'dense(4, act=relu) dense(2)' --epochs 3 -q ";

bool has(const Shell& hebb, const std::string& name) { return std::filesystem::exists(hebb.file(name)); }

TEST(ReportCommand, TrainingLeavesAReport) {
  const Shell hebb;
  ASSERT_EQ(hebb(kMoons + "--out run").code, 0);
  EXPECT_TRUE(has(hebb, "run/insight.jsonl"));
  EXPECT_TRUE(has(hebb, "run/outcome.json"));
  EXPECT_EQ(has(hebb, "run/report.html"), has_report_page());
  ASSERT_EQ(hebb(kMoons + "--out bare --no-report").code, 0);
  EXPECT_FALSE(has(hebb, "bare/insight.jsonl"));
  EXPECT_FALSE(has(hebb, "bare/report.html"));
  for (const char* name : {"best.safetensors", "last.safetensors"})
    EXPECT_EQ(hebb.read(std::string("run/") + name), hebb.read(std::string("bare/") + name));
}

TEST(ReportCommand, TellsWhatThePageShows) {
  const Shell hebb;
  ASSERT_EQ(hebb(kMoons + "--out run").code, 0);
  const Outcome outcome = hebb("report run --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json.at("runs").at(0).at("epochs").at("epoch").size(), 3U);
  // The command it names gives the same model.
  const std::string command = json.at("runs").at(0).at("command");
  ASSERT_TRUE(command.starts_with("hebb train run/config.toml")) << command;
  ASSERT_EQ(hebb(command.substr(5) + " -q").code, 0);
  EXPECT_EQ(hebb.read("run/best.safetensors"), hebb.read("run-again/best.safetensors"));
}

TEST(ReportCommand, OfADivergedRunAndOfTrials) {
  const Shell hebb;
  EXPECT_EQ(hebb(kMoons + "--out run --optimizer sgd --lr 1e30").code, 4);
  EXPECT_EQ(has(hebb, "run/report.html"), has_report_page());
  ASSERT_EQ(hebb(kMoons + "--out sweep --validation 0.2 --sweep lr=0.1,0.01").code, 0);
  EXPECT_EQ(has(hebb, "sweep/report.html"), has_report_page());
}

TEST(ReportCommand, WritesWhereItIsTold) {
  if (!has_report_page()) GTEST_SKIP() << "this build has no page of reports";
  const Shell hebb;
  ASSERT_EQ(hebb(kMoons + "--out one").code, 0);
  ASSERT_EQ(hebb(kMoons + "--out two").code, 0);
  EXPECT_EQ(hebb("report one two --out both.html").code, 0);
  EXPECT_NE(hebb.read("both.html").find("\"name\":\"two\""), std::string::npos);
  std::filesystem::remove(hebb.file("one/report.html"));
  EXPECT_EQ(hebb("report one").code, 0);
  EXPECT_TRUE(has(hebb, "one/report.html"));
}

TEST(ReportCommand, RefusesWhatIsNoRun) {
  const Shell hebb;
  EXPECT_EQ(hebb("report").code, 2);
  const Outcome nothing = hebb("report nothing");
  EXPECT_EQ(nothing.code, 3);
  EXPECT_NE(nothing.err.find("holds no run"), std::string::npos) << nothing.err;
  EXPECT_EQ(hebb("report a b").code, 2);
  ASSERT_EQ(hebb(kMoons + "--out run").code, 0);
  EXPECT_EQ(hebb("report run --out /proc/none/report.html").code, has_report_page() ? 3 : 2);
}

}  // namespace
}  // namespace hebb
