/// Timing, and the results that a benchmark prints and writes as JSON.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace hebb::bench {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

inline double seconds_of(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

inline double median_seconds(int repetitions, const std::function<void()>& work) {
  work();
  std::vector<double> all;
  for (int i = 0; i < repetitions; ++i) all.push_back(seconds_of(work));
  return median(all);
}

/// The median time of one call, from seven batches of calls that last 50 ms each.
inline double seconds_per_call(const std::function<void()>& call) {
  call();
  std::int64_t calls = 1;
  const auto batch = [&] {
    return seconds_of([&] {
      for (std::int64_t i = 0; i < calls; ++i) call();
    });
  };
  while (batch() < 0.05) calls *= 2;
  std::vector<double> all;
  for (int i = 0; i < 7; ++i) all.push_back(batch() / static_cast<double>(calls));
  return median(all);
}

class Results {
 public:
  void add(const std::string& name, double value, const std::string& unit, Json extra = Json::object()) {
    fmt::print("{:<34} {:>10.4g} {}{}\n", name, value, unit,
               extra.contains("peak_share")
                   ? fmt::format("  {:.0f} % of peak", 100 * extra["peak_share"].get<double>())
                   : "");
    std::fflush(stdout);
    all_.push_back({{"name", name}, {"value", value}, {"unit", unit}, {"extra", std::move(extra)}});
  }
  const Json& all() const { return all_; }

 private:
  Json all_ = Json::array();
};

}  // namespace hebb::bench
