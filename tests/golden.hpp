/// Golden values: text files of lines "name: number number ...", written by the scripts beside them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace hebb::testing {

using Golden = std::vector<std::pair<std::string, std::vector<double>>>;

/// The lines of a file below tests/, in their order; lines that begin with '#' are comments.
inline Golden read_golden(const std::string& file) {
  std::ifstream in(std::string(HEBB_TEST_SOURCE_DIR) + "/" + file);
  EXPECT_TRUE(in.good()) << "cannot read " << file;
  Golden golden;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t colon = line.rfind(':');
    golden.emplace_back(line.substr(0, colon), std::vector<double>());
    std::istringstream numbers(line.substr(colon + 1));
    for (std::string number; numbers >> number;) golden.back().second.push_back(std::stod(number));
  }
  EXPECT_FALSE(golden.empty()) << file << " has no line";
  return golden;
}

/// The values of one name.
inline std::vector<double> find(const Golden& golden, const std::string& name) {
  for (const auto& [key, values] : golden) {
    if (key == name) return values;
  }
  ADD_FAILURE() << "no golden value is named " << name;
  return {};
}

/// The same as whole numbers.
inline std::vector<std::int64_t> find_whole(const Golden& golden, const std::string& name) {
  const std::vector<double> values = find(golden, name);
  return {values.begin(), values.end()};
}

/// Expects values that differ by the tolerance at most.
inline void expect_near(const std::vector<double>& got, const std::vector<double>& want, double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], tolerance) << "element " << i;
}

}  // namespace hebb::testing
