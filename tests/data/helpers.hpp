/// What the tests of the data room share.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "hebb/data.hpp"
#include "hebb/datasets.hpp"
#include "hebb/error.hpp"

namespace hebb::test {

/// A folder that goes when the test does.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hebb-data-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& name = {}) const { return name.empty() ? path_ : path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    const std::string file = path(name);
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }

 private:
  std::string path_;
};

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// An IDX array of bytes: shape and content.
inline std::string idx(const std::vector<std::uint32_t>& extents, const std::string& bytes) {
  std::string text = {0, 0, 8, static_cast<char>(extents.size())};
  for (const std::uint32_t extent : extents) {
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(extent >> shift);
  }
  return text + bytes;
}

inline std::vector<std::int64_t> all_of(const Dataset& data) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(data.size()));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

inline std::vector<float> inputs_of(const Dataset& data, const std::vector<std::int64_t>& indices) {
  std::vector<float> inputs(indices.size() * static_cast<std::size_t>(data.input_shape().elements()));
  data.fill(indices, inputs.data(), {});
  return inputs;
}
inline std::vector<float> inputs_of(const Dataset& data) { return inputs_of(data, all_of(data)); }

inline std::vector<float> values_of(const Dataset& data) {
  std::vector<float> values(static_cast<std::size_t>(data.size() * data.outputs()));
  data.fill(all_of(data), nullptr, {.values = values.data()});
  return values;
}

/// Expects an exception of that very type whose message holds every one of the texts.
template <class Exception, class Body>
void expect_error(const Body& body, const std::vector<std::string>& texts) {
  try {
    body();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Exception& problem) {
    const std::string message = problem.what();
    for (const std::string& text : texts)
      EXPECT_NE(message.find(text), std::string::npos) << message << "\n lacks: " << text;
  } catch (const std::exception& problem) {
    ADD_FAILURE() << "another exception: " << problem.what();
  }
}

}  // namespace hebb::test
