#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <numeric>
#include <thread>

#include "core/denormals.hpp"
#include "core/environment.hpp"
#include "core/names.hpp"
#include "core/parallel.hpp"
#include "hebb/error.hpp"
#include "hebb/random.hpp"
#include "hebb/shape.hpp"
#include "hebb/threads.hpp"

namespace hebb {
namespace {

TEST(Random, IsPhilox) {
  // Known answers of the authors' own implementation, Random123 (kat_vectors, philox4x32 10).
  using Block = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, DrawsWhatItsNamesSay) {
  Random random(5, 7);
  constexpr int kCount = 100000;
  double mean = 0;
  double square = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.normal();
    mean += x / kCount;
    square += x * x / kCount;
  }
  // Standard errors of mean and variance of so many normal numbers: 0.0032 and 0.0045; five of each.
  EXPECT_NEAR(mean, 0, 0.016);
  EXPECT_NEAR(square, 1, 0.0225);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(10000.0 * 6 / 7));
  for (int i = 0; i < 1000; ++i) {
    const float u = random.uniform();
    EXPECT_TRUE(u >= 0 && u < 1);
  }
  std::vector<std::int32_t> order = random.permutation(100);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (std::int32_t i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(Shape, CountsAndRefuses) {
  EXPECT_EQ(Shape({2, 3, 4}).elements(), 24);
  EXPECT_EQ(Shape().elements(), 1);
  EXPECT_EQ((Shape{2, 3, 4}.strides()), (std::vector<std::int64_t>{12, 4, 1}));
  EXPECT_EQ((Shape{2, 3}[-1]), 3);
  EXPECT_THROW((Shape{2, 3}[2]), ShapeError);
  EXPECT_THROW((Shape{-1}), ShapeError);
  EXPECT_THROW((Shape{std::int64_t{1} << 40, std::int64_t{1} << 40}), ShapeError);
  EXPECT_EQ((Shape{0, std::int64_t{1} << 40}.elements()), 0);
  EXPECT_EQ(to_string(Shape{3, 4}), "[3, 4]");
}

TEST(Shape, BroadcastsByNumpysRule) {
  EXPECT_EQ(broadcast_shapes({2, 1, 3}, {4, 1}), (Shape{2, 4, 3}));
  EXPECT_EQ(broadcast_shapes({}, {5}), (Shape{5}));
  EXPECT_EQ(broadcast_shapes({0}, {1}), (Shape{0}));
  EXPECT_THROW(broadcast_shapes({2}, {3}), ShapeError);
  EXPECT_THROW(broadcast_shapes({0}, {2}), ShapeError);
}

TEST(Names, OfferTheNearest) {
  const std::vector<std::string_view> names = {"dense", "dropout", "flatten"};
  EXPECT_EQ(nearest("dens", names), "dense");
  EXPECT_EQ(nearest("DROPUOT", names), "dropout");
  EXPECT_EQ(nearest("x", {}), "");
  EXPECT_EQ(unknown_name("layer", "fltten", names),
            "unknown layer 'fltten'; did you mean 'flatten'? Known: dense, dropout, flatten");
  EXPECT_EQ(nearest(std::string(1 << 20, 'x'), names).empty(), false);
}

TEST(Names, AreQuotedWithoutHarm) {
  EXPECT_EQ(in_quotes("a\x1b[2J\n"), "'a\\x1b[2J\\x0a'");
  EXPECT_EQ(in_quotes(std::string(100, 'a')), "'" + std::string(60, 'a') + "...'");
}

TEST(Parallel, DoesEveryTaskOnce) {
  const int before = threads();
  for (const int count : {1, 2, 5}) {
    set_threads(count);
    for (const std::int64_t tasks : {0, 1, 2, 3, 100, 1001}) {
      std::vector<std::atomic<int>> done(static_cast<std::size_t>(tasks));
      parallel_for(tasks, [&](std::int64_t task) { ++done[static_cast<std::size_t>(task)]; });
      for (const auto& times : done) EXPECT_EQ(times.load(), 1);
    }
  }
  set_threads(before);
  EXPECT_THROW(set_threads(0), ConfigError);
  EXPECT_THROW(set_threads(1000), ConfigError);
}

/// A thread that is held up by one task does not hold up those that follow it.
TEST(Parallel, TakesWhatASlowThreadLeaves) {
  const int before = threads();
  for (const int count : {2, 5}) {
    set_threads(count);
    for (const std::int64_t slow : {0, 63}) {
      std::atomic<int> done{0};
      parallel_for(64, [&](std::int64_t task) {
        while (task == slow && done.load() < 63) std::this_thread::yield();
        ++done;
      });
      EXPECT_EQ(done.load(), 64);
    }
  }
  set_threads(before);
}

TEST(Parallel, MayBeUsedFromSeveralThreadsAndWithinItself) {
  std::atomic<std::int64_t> sum{0};
  const auto work = [&] {
    for (int round = 0; round < 200; ++round) {
      parallel_for(8, [&](std::int64_t) { parallel_for(4, [&](std::int64_t task) { sum += task; }); });
    }
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(sum.load(), 2 * 200 * 8 * 6);
}

#if defined(__x86_64__) || defined(__aarch64__)
TEST(Denormals, AreFlushedInTheScopeAndItsTasksAndNotAfter) {
  const int before = threads();
  set_threads(2);
  volatile float tiny = 1e-38F;
  const auto product = [&] { return tiny * 0.01F; };
  EXPECT_GT(product(), 0.0F);
  {
    const DenormalScope scope(DenormalMode::flushed());
    std::vector<float> found(8, 1.0F);
    parallel_for(8, [&](std::int64_t task) { found[static_cast<std::size_t>(task)] = product(); });
    for (const float value : found) EXPECT_EQ(value, 0.0F);
  }
  std::vector<float> found(8, 0.0F);
  parallel_for(8, [&](std::int64_t task) { found[static_cast<std::size_t>(task)] = product(); });
  for (const float value : found) EXPECT_GT(value, 0.0F);
  set_threads(before);
}
#endif

TEST(Environment, NamesWhatItCannotTake) {
  for (const char* text : {"0", "two", "2x", "-1", "257", "99999999999999999999"}) {
    ::setenv("HEBB_THREADS", text, 1);
    EXPECT_THROW(threads_from_environment(256), ConfigError) << text;
  }
  ::setenv("HEBB_THREADS", "12", 1);
  EXPECT_EQ(threads_from_environment(256), 12);
  ::unsetenv("HEBB_THREADS");
  EXPECT_EQ(threads_from_environment(256), 0);
}

}  // namespace
}  // namespace hebb
