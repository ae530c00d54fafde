// `hebb memory tsp`, as a shell runs it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "helpers.hpp"

namespace hebb {
namespace {

using testing::Outcome;
using testing::Shell;
using Json = nlohmann::json;

/// Cities on a circle of radius 10 around (100, 50), in the order 0, 3, 6, 1, 4, 7, 2, 5: a tour of length
/// 2 n r sin(pi / n).
std::string circle() {
  std::ostringstream text;
  text << "name,x,y\n";
  for (int k = 0; k < 8; ++k) {
    const double angle = 2 * 3.14159265358979 * (3 * k % 8) / 8;
    text << "c" << k << "," << 100 + 10 * std::cos(angle) << "," << 50 + 10 * std::sin(angle) << "\n";
  }
  return text.str();
}

constexpr double kAround = 2 * 8 * 10 * 0.38268343236509;

Json result_of(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1);
  return Json::parse(outcome.out);
}

TEST(CliMemoryTsp, TellsWhatStartsEndedIn) {
  const Shell hebb;
  hebb.write("cities.csv", circle());
  const Json json = result_of(hebb("memory tsp --cities cities.csv --method annealing --starts 40 --json"));
  EXPECT_EQ(json["starts"], 40);
  EXPECT_NEAR(json["optimum_length"].get<double>(), kAround, 1e-3);
  EXPECT_GT(json["valid_fraction"].get<double>(), 0.3);
  for (const std::string share : {"valid_fraction", "hit_optimum_fraction"}) {
    EXPECT_LE(json[share + "_interval"][0], json[share]);
    EXPECT_GE(json[share + "_interval"][1], json[share]);
  }
  EXPECT_GE(json["best_length"].get<double>(), kAround - 1e-3);
  EXPECT_LT(json["best_length"].get<double>(), 1.5 * kAround);
  EXPECT_LE(json["hit_optimum_fraction"].get<double>(), json["valid_fraction"].get<double>());
  EXPECT_EQ(json["parameters"]["method"], "annealing");
  auto tour = json["best_tour"].get<std::vector<int>>();
  std::sort(tour.begin(), tour.end());
  std::vector<int> all(8);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(tour, all);
}

TEST(CliMemoryTsp, HasThePublishedParametersAndTakesOthers) {
  const Shell hebb;
  hebb.write("cities.csv", circle());
  Json json = result_of(hebb("memory tsp --cities cities.csv --starts 6 --json"));
  Json parameters = json["parameters"];
  EXPECT_EQ(parameters["method"], "hopfield-tank");
  EXPECT_EQ(parameters["A"], 500);
  EXPECT_EQ(parameters["B"], 500);
  EXPECT_EQ(parameters["C"], 200);
  EXPECT_EQ(parameters["D"], 500);
  EXPECT_EQ(parameters["u0"], 0.02);
  EXPECT_EQ(parameters["visits"], 12);
  EXPECT_NEAR(parameters["unit"].get<double>(), 20, 1e-3);
  json =
      result_of(hebb("memory tsp --cities cities.csv --starts 3 --A 400 --C 150 --u0 0.1 --visits 9 "
                     "--unit 25 --seed 7 --json"));
  parameters = json["parameters"];
  EXPECT_EQ(parameters["A"], 400);
  EXPECT_EQ(parameters["C"], 150);
  EXPECT_EQ(parameters["u0"], 0.1);
  EXPECT_EQ(parameters["visits"], 9);
  EXPECT_EQ(parameters["unit"], 25);
  EXPECT_EQ(parameters["seed"], 7);
}

TEST(CliMemoryTsp, IsTheSameWithAnyNumberOfThreads) {
  const Shell hebb;
  hebb.write("cities.csv", circle());
  for (const std::string method : {"hopfield-tank", "annealing"}) {
    const std::string command = "memory tsp --cities cities.csv --starts 20 --json --method " + method;
    Json one = result_of(hebb(command + " --threads 1"));
    Json three = result_of(hebb(command + " --threads 3"));
    one.erase("total_seconds");
    three.erase("total_seconds");
    EXPECT_EQ(one, three);
  }
}

TEST(CliMemoryTsp, SaysSoWhenNoStartEndsInATour) {
  const Shell hebb;
  // Of four cities on a line these starts visit one too few, or one twice.
  hebb.write("cities.csv", "x,y\n0,0\n1,0\n0.5,0\n2,0\n");
  const std::string command = "memory tsp --cities cities.csv --starts 5 --svg tour.svg";
  const Json json = result_of(hebb(command + " --json"));
  EXPECT_EQ(json["valid_fraction"], 0);
  EXPECT_TRUE(json["best_length"].is_null());
  EXPECT_TRUE(json["best_tour"].is_null());
  EXPECT_EQ(json["hit_optimum_fraction"], 0);
  EXPECT_EQ(hebb.read("tour.svg").find("<polygon"), std::string::npos);
  EXPECT_NE(hebb(command).out.find("no start ended in a tour"), std::string::npos);
}

TEST(CliMemoryTsp, HasNoOptimumForManyCities) {
  const Shell hebb;
  std::string text = "x,y\n";
  for (int k = 0; k < 19; ++k) text += std::to_string(k * k % 19) + "," + std::to_string(k) + "\n";
  hebb.write("cities.csv", text);
  const Json json =
      result_of(hebb("memory tsp --cities cities.csv --method annealing --sweeps 20 --starts 2 --json"));
  EXPECT_TRUE(json["optimum_length"].is_null());
  EXPECT_TRUE(json["hit_optimum_fraction"].is_null());
}

TEST(CliMemoryTsp, DrawsTheTour) {
  const Shell hebb;
  hebb.write("cities.csv", circle());
  const std::string command = "memory tsp --cities cities.csv --method annealing --starts 20 --svg tour.svg";
  const Outcome plain = hebb(command, "LC_ALL=C");
  EXPECT_EQ(plain.code, 0) << plain.err;
  EXPECT_EQ(std::count(plain.out.begin(), plain.out.end(), '*') > 20, true);
  const std::string map = plain.out.substr(plain.out.find("\n\n"));
  EXPECT_EQ(std::count(map.begin(), map.end(), 'o'), 8);
  std::istringstream lines(plain.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U);
  const std::string svg = hebb.read("tour.svg");
  EXPECT_NE(svg.find("<polygon"), std::string::npos);
  std::size_t circles = 0;
  for (std::size_t at = 0; (at = svg.find("<circle", at)) != std::string::npos; ++at) ++circles;
  EXPECT_EQ(circles, 8U);
}

TEST(CliMemoryTsp, HelpFitsTheScreen) {
  const Shell hebb;
  const Outcome help = hebb("memory tsp --help");
  EXPECT_EQ(help.code, 0);
  std::istringstream lines(help.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST(CliMemoryTsp, TellsWhatIsWrongWithTheCities) {
  const Shell hebb;
  const auto fails = [&](const std::string& text, const std::string& message) {
    hebb.write("cities.csv", text);
    const Outcome outcome = hebb("memory tsp --cities cities.csv --starts 1");
    EXPECT_EQ(outcome.code, 3) << text;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
  };
  fails("", "empty");
  fails("x,y\n", "no rows");
  fails("x,y\n1,2\n", "1 city");
  fails("x,z\n1,2\n3,4\n", "no column 'y'");
  fails("1,2\n3,4\n", "no column 'x'");
  fails("x,y\n1,2\n3,nan\n", "line 3, column 2 ('y'): 'nan' is not a finite number");
  fails("x,y\n1,2\n3,\n", "line 3, column 2 ('y'): the value is missing");
  fails("x,y\n1,2\n3,four\n", "line 3, column 2 ('y'): expected a number");
  fails("x,y\n1,2\n3,4\n1.0,2\n", "lines 2 and 4 lie at the same place");
  fails("x,y\n1,2\n3\n", "line 3");
  fails("x,y\n1e308,2\n-1e308,4\n", "distances");
  std::string many = "x,y\n";
  for (int k = 0; k < 1000; ++k) many += std::to_string(k) + ",0\n";
  fails(many, "1000 cities");
  EXPECT_EQ(hebb("memory tsp --cities nowhere.csv").code, 3);
}

TEST(CliMemoryTsp, RefusesOptionsThatMakeNoSense) {
  const Shell hebb;
  hebb.write("cities.csv", circle());
  for (const std::string options :
       {"--starts 0", "--starts -1", "--method genetic", "--u0 0", "--u0 nan", "--A inf", "--unit -2",
        "--visits 0", "--penalty 1", "--sweeps 5", "--method annealing --C 3",
        "--method annealing --sweeps 0", "--method annealing --sweeps 9000000000", "--seed x"}) {
    const Outcome outcome = hebb("memory tsp --cities cities.csv " + options);
    EXPECT_EQ(outcome.code, 2) << options;
    EXPECT_NE(outcome.err, "");
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_EQ(hebb("memory tsp").code, 2);
}

}  // namespace
}  // namespace hebb
