#include "hebb/metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "golden.hpp"
#include "hebb/error.hpp"

namespace hebb {
namespace {

using testing::find;
using testing::read_golden;

std::vector<float> floats(const std::vector<double>& values) { return {values.begin(), values.end()}; }

TEST(Metrics, OfClassesAreThoseOfScikitLearn) {
  const auto golden = read_golden("nn/golden/metrics.txt");
  const std::vector<float> scores = floats(find(golden, "scores"));
  const std::vector<double> truth = find(golden, "truth");
  const std::vector<std::int32_t> labels(truth.begin(), truth.end());
  ClassificationMetrics m(5, 3);
  // In two batches, as an evaluation does.
  m.add(std::span(scores).first(35), std::span(labels).first(7));
  m.add(std::span(scores).subspan(35), std::span(labels).subspan(7));
  EXPECT_EQ(m.count(), 40);
  EXPECT_NEAR(m.accuracy(), find(golden, "accuracy")[0], 1e-15);
  EXPECT_NEAR(m.top_k_accuracy(), find(golden, "top3")[0], 1e-15);
  for (std::int64_t i = 0; i < 5; ++i) {
    const auto at = static_cast<std::size_t>(i);
    EXPECT_NEAR(m.precision(i), find(golden, "precision")[at], 1e-15);
    EXPECT_NEAR(m.recall(i), find(golden, "recall")[at], 1e-15);
    EXPECT_NEAR(m.f1(i), find(golden, "f1")[at], 1e-15);
    for (std::int64_t j = 0; j < 5; ++j) {
      EXPECT_EQ(m.confusion(i, j), find(golden, "confusion")[static_cast<std::size_t>(i * 5 + j)]);
    }
  }
  const std::vector<double> macro = find(golden, "macro");
  EXPECT_NEAR(m.macro_precision(), macro[0], 1e-15);
  EXPECT_NEAR(m.macro_recall(), macro[1], 1e-15);
  EXPECT_NEAR(m.macro_f1(), macro[2], 1e-15);
}

TEST(Metrics, OfValuesAreThoseOfScikitLearn) {
  const auto golden = read_golden("nn/golden/metrics.txt");
  const std::vector<float> values = floats(find(golden, "values"));
  const std::vector<float> wanted = floats(find(golden, "wanted"));
  RegressionMetrics m(2);
  m.add(std::span(values).first(20), std::span(wanted).first(20));
  m.add(std::span(values).subspan(20), std::span(wanted).subspan(20));
  EXPECT_NEAR(m.mse(), find(golden, "mse")[0], 1e-6);
  EXPECT_NEAR(m.rmse(), std::sqrt(find(golden, "mse")[0]), 1e-6);
  EXPECT_NEAR(m.mae(), find(golden, "mae")[0], 1e-6);
  EXPECT_NEAR(m.r2(), find(golden, "r2")[0], 1e-6);
}

TEST(Metrics, OfEdges) {
  ClassificationMetrics m(2);
  EXPECT_EQ(m.accuracy(), 0);
  EXPECT_EQ(m.macro_f1(), 0);
  m.add_binary(std::vector<float>{0.4F, 0.6F, 0.6F}, std::vector<std::int32_t>{0, 1, 0}, 0.5);
  EXPECT_NEAR(m.accuracy(), 2.0 / 3, 1e-15);
  EXPECT_EQ(m.confusion(0, 1), 1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(m.add(std::vector<float>{nan, 1}, std::vector<std::int32_t>{0}), DivergedError);
  EXPECT_THROW(m.add(std::vector<float>{0, 1}, std::vector<std::int32_t>{2}), DataError);
  EXPECT_THROW(m.add(std::vector<float>{0, 1, 2}, std::vector<std::int32_t>{0}), ShapeError);
  EXPECT_THROW(ClassificationMetrics(1), ConfigError);
  RegressionMetrics constant;
  constant.add(std::vector<float>{2, 2}, std::vector<float>{2, 2});
  EXPECT_EQ(constant.r2(), 1);
}

}  // namespace
}  // namespace hebb
