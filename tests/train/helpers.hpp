/// Small data and folders for the tests of training.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "hebb/datasets.hpp"
#include "hebb/model.hpp"
#include "hebb/run.hpp"

namespace hebb::testing {

/// A folder that is gone when the test ends.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hebb_test_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline DataSplits moons(std::int64_t count = 200) {
  return load_dataset("moons", {.count = count, .noise = 0.2});
}

/// Bits of every parameter of a model.
inline std::vector<double> weights_of(const Module& model) {
  std::vector<double> all;
  for (const NamedValue& value : parameter_values(model)) {
    for (const double v : value.value.to_vector()) all.push_back(v);
  }
  return all;
}

}  // namespace hebb::testing
