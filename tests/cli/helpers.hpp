/// Runs the tool as a shell would.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

namespace hebb::testing {

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

/// What a command that succeeded printed: one JSON object on a line.
inline nlohmann::json only_object(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1) << outcome.out;
  nlohmann::json json = nlohmann::json::parse(outcome.out);
  EXPECT_TRUE(json.is_object()) << outcome.out;
  return json;
}

/// A folder of its own for each test, in which commands run.
class Shell {
 public:
  Shell() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hebb_cli_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~Shell() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  std::string read(const std::string& name) const {
    std::ifstream in(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::binary) << text;
  }

  /// `hebb ARGUMENTS` by /bin/sh; arguments may redirect and pipe.
  Outcome operator()(const std::string& arguments, const std::string& before = "") const {
    const std::string command = "cd " + folder_ + " && " + before + " '" HEBB_CLI_PATH "' " + arguments;
    const std::string wrapped = "( " + command + " ) >" + file("stdout") + " 2>" + file("stderr");
    const int status = std::system(wrapped.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read("stdout"), read("stderr")};
  }

 private:
  std::string folder_;
};

}  // namespace hebb::testing
