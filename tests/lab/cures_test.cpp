#include <gtest/gtest.h>

#include <algorithm>

#include "hebb/error.hpp"
#include "hebb/evaluation.hpp"
#include "hebb/lab.hpp"
#include "hebb/model.hpp"
#include "hebb/trainer.hpp"
#include "lab/sine.hpp"

namespace hebb::lab {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

CuresOptions quick() {
  return {.test = 50,
          .model = "dense(8, act=tanh) dense(6, act=relu) dense(1)",
          .learning_rate = 0.03,
          .epochs = 150,
          .runs = 3,
          .patience = 20};
}

const CureResult& result(const Cures& found, const std::string& cure) {
  const auto at = std::find_if(found.results.begin(), found.results.end(),
                               [&](const CureResult& r) { return r.cure == cure; });
  if (at == found.results.end()) throw std::out_of_range(cure);
  return *at;
}

Points part(const Points& all, std::int64_t begin, std::int64_t end) {
  return {{all.x.begin() + begin, all.x.begin() + end}, {all.y.begin() + begin, all.y.begin() + end}};
}

/// What the trainer makes of a run of the experiment.
struct Trained {
  std::vector<double> validation_losses = {};
  double train_loss, test_loss;
  std::int64_t best_epoch;
};

struct Setting {
  std::string model = quick().model;
  std::int64_t samples = 20;
  std::int64_t held_back = 0;
  double l2 = 0;
};

Trained train_again(const Setting& setting, std::uint64_t run) {
  const CuresOptions options = quick();
  const std::uint64_t seed = Random(options.seed, run).bits();
  const Points all = noisy_sine(setting.samples, options.noise, Random(seed, 0));
  const ArrayDataset train_data = data_set(part(all, 0, setting.samples - setting.held_back));
  const ArrayDataset test = data_set(noisy_sine(options.test, options.noise, Random(seed, 1)));
  std::optional<ArrayDataset> held_back;
  if (setting.held_back > 0)
    held_back.emplace(data_set(part(all, setting.samples - setting.held_back, setting.samples)));
  Sequential model = Sequential::parse(setting.model);
  model.build({1}, seed);
  const TrainResult result = train(model,
                                   {.loss = "mse",
                                    .optimizer = Adam({.learning_rate = options.learning_rate}),
                                    .penalty = {.l2 = setting.l2},
                                    .batch_size = 0,
                                    .epochs = options.epochs,
                                    .patience = held_back ? options.patience : 0,
                                    .seed = seed},
                                   {.train = &train_data, .validation = held_back ? &*held_back : &test});
  Trained trained{.train_loss = evaluate(model, train_data, "mse").loss,
                  .test_loss = evaluate(model, test, "mse").loss,
                  .best_epoch = result.best_epoch};
  for (const EpochReport& report : result.epochs)
    trained.validation_losses.push_back(*report.validation_loss);
  return trained;
}

double middle(std::array<double, 3> values) {
  return std::max(std::min(values[0], values[1]), std::min(std::max(values[0], values[1]), values[2]));
}

/// The trainer has dropout, penalties and early stopping of its own.
TEST(Cures, LearnAsTheTrainerDoes) {
  const Cures found = cures(quick());
  ASSERT_EQ(found.results.size(), 6U);
  const auto expect = [&](const std::string& cure, const Setting& setting) {
    const std::array<Trained, 3> runs = {train_again(setting, 0), train_again(setting, 1),
                                         train_again(setting, 2)};
    const CureResult& r = result(found, cure);
    ASSERT_EQ(r.test_loss.size(), 150U);
    ASSERT_EQ(r.train_loss.size(), 150U);
    for (std::size_t e = 0; e < 150; ++e) {
      const double loss =
          middle({runs[0].validation_losses[e], runs[1].validation_losses[e], runs[2].validation_losses[e]});
      EXPECT_NEAR(r.test_loss[e], loss, 1e-6) << cure << e;
    }
    EXPECT_EQ(r.epoch, 150);
  };
  expect("none", {});
  expect("dropout", {.model = "dense(8, act=tanh) dropout(0.2) dense(6, act=relu) dropout(0.2) dense(1)"});
  expect("L2", {.l2 = 0.003});
  expect("more data", {.samples = 100});

  std::array<double, 3> train{}, test{}, epoch{};
  for (std::uint64_t run = 0; run < 3; ++run) {
    const Trained trained = train_again({.held_back = 6}, run);
    train[run] = trained.train_loss;
    test[run] = trained.test_loss;
    epoch[run] = static_cast<double>(trained.best_epoch);
  }
  const CureResult& early = result(found, "early stopping");
  EXPECT_EQ(early.epoch, middle(epoch));
  EXPECT_LT(early.epoch, 150);
  EXPECT_NEAR(early.test_loss.back(), middle(test), 1e-6);
  EXPECT_NEAR(early.train_loss.back(), middle(train), 1e-6);
}

TEST(Cures, OfNoStrengthAreNone) {
  CuresOptions options = quick();
  options.epochs = 30;
  const Cures strong = cures(options);
  options.dropout = options.l2 = options.input_noise = 0;
  options.more = 1;
  const Cures weak = cures(options);
  for (const char* cure : {"dropout", "L2", "input noise", "more data"}) {
    EXPECT_EQ(result(weak, cure).test_loss, result(weak, "none").test_loss) << cure;
    EXPECT_EQ(result(weak, cure).train_loss, result(weak, "none").train_loss) << cure;
    EXPECT_NE(result(strong, cure).train_loss, result(strong, "none").train_loss) << cure;
  }
}

TEST(Cures, MoreDataIsBest) {
  const Cures found = cures({.test = 200, .runs = 3});
  const CureResult& none = result(found, "none");
  EXPECT_EQ(found.results.front().cure, "none");
  EXPECT_EQ(found.best, "more data");
  EXPECT_DOUBLE_EQ(found.noise_loss, 0.09);
  EXPECT_LT(none.train_loss.back(), found.noise_loss / 2);
  for (const CureResult& r : found.results)
    EXPECT_GE(r.test_loss.back(), result(found, "more data").test_loss.back());
  EXPECT_GT(result(found, "L2").train_loss.back(), none.train_loss.back());
  EXPECT_TRUE(has(conclusion(found)[0], ": overfitting.")) << conclusion(found)[0];
  EXPECT_TRUE(has(conclusion(found)[1], "more data")) << conclusion(found)[1];
}

TEST(Cures, AreFunctionsOfTheirOptions) {
  CuresOptions options = quick();
  options.epochs = 20;
  const Cures once = cures(options);
  const Cures again = cures(options);
  options.seed = 1;
  const Cures other = cures(options);
  for (std::size_t i = 0; i < once.results.size(); ++i) {
    EXPECT_EQ(once.results[i].test_loss, again.results[i].test_loss);
    EXPECT_NE(once.results[i].test_loss, other.results[i].test_loss);
  }
}

TEST(Cures, ConclusionFollowsTheFigures) {
  Cures found;
  found.results = {{"none", {3, 0.1}, {2, 1, 4}}, {"A", {1}, {2}}, {"B", {1}, {1}}, {"C", {1}, {5}}};
  Conclusion words = conclusion(found);
  EXPECT_EQ(
      words[0],
      "Without a cure the training loss falls from 3 to 0.1, and the test loss, lowest after epoch 2 (1), "
      "ends at 4: overfitting.");
  EXPECT_EQ(words[1],
            "What lowers the test loss in the end are, the best first, B (1) and A (2); not so C (5).");
  found.results[0].test_loss = {4, 2, 0.9};
  words = conclusion(found);
  EXPECT_TRUE(has(words[0], "ends at 0.9: there is nothing to cure")) << words[0];
  EXPECT_EQ(words[1], "Of the cures none lowers the test loss in the end: B (1), A (2) and C (5).");
  found.results[3].test_loss = {0.1};
  EXPECT_EQ(conclusion(found)[1], "What lowers the test loss in the end is C (0.1); not so B (1) and A (2).");
  EXPECT_THROW(conclusion(Cures()), DataError);
  found.results[2].test_loss.clear();
  EXPECT_THROW(conclusion(found), DataError);
}

TEST(Cures, RefuseWhatTheyCannotTry) {
  const auto refused = [](auto change) {
    CuresOptions options = quick();
    options.epochs = 2;
    change(options);
    EXPECT_THROW(cures(options), ConfigError);
  };
  refused([](auto& o) { o.samples = 1; });
  refused([](auto& o) { o.test = 0; });
  refused([](auto& o) { o.noise = -1; });
  refused([](auto& o) { o.model = "dense(2)"; });
  refused([](auto& o) { o.model = "dens(1)"; });
  refused([](auto& o) { o.model = ""; });
  refused([](auto& o) { o.learning_rate = -1; });
  refused([](auto& o) { o.epochs = 0; });
  refused([](auto& o) { o.runs = 0; });
  refused([](auto& o) { o.held_back = 0; });
  refused([](auto& o) { o.held_back = 1; });
  refused([](auto& o) { o.patience = 0; });
  refused([](auto& o) { o.dropout = 1; });
  refused([](auto& o) { o.l2 = -1; });
  refused([](auto& o) { o.input_noise = -1; });
  refused([](auto& o) { o.more = 0; });
  refused([](auto& o) { o.more = 100'000; });
  CuresOptions wild = quick();
  wild.learning_rate = 1e30;
  EXPECT_THROW(cures(wild), DivergedError);
}

}  // namespace
}  // namespace hebb::lab
