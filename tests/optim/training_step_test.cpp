#include "hebb/training_step.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>

#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/threads.hpp"

namespace {

std::atomic<std::int64_t> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  void* memory = alignment == 0
                     ? std::malloc(bytes)
                     : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// Inlined, GCC would see `free` for what came from `new`, and warn.
[[gnu::noinline]] void release(void* memory) { std::free(memory); }

}  // namespace

// Those of this program, so that they can be counted.
void* operator new(std::size_t bytes) { return counted(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(bytes);
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }

namespace hebb {
namespace {

Sequential network() {
  Sequential model = Sequential::parse(
      "dense(64, act=relu) dropout(0.2) batch_norm residual(layer_norm dense(64, act=gelu)) dense(10)");
  model.build({100}, 1);
  return model;
}

void fill(const BatchBuffers& batch, std::int64_t n) {
  for (std::int64_t i = 0; i < n * 100; ++i) batch.inputs[i] = std::sin(static_cast<float>(i));
  for (std::int64_t i = 0; i < n; ++i) batch.labels[i] = static_cast<std::int32_t>(i % 10);
}

TEST(TrainingStep, AllocatesNothingOnceItRuns) {
  const int before = threads();
  for (const int count : {1, 2}) {
    set_threads(count);
    for (const std::string_view name : optimizer_names()) {
      SCOPED_TRACE(name);
      TrainingStep step(network(), {.input = {100}, .target_type = DType::i32},
                        {.loss = "cross_entropy",
                         .optimizer = Optimizer::parse(name),
                         .penalty = {.l1 = 1e-5, .l2 = 1e-4},
                         .clip = {.value = 1, .norm = 1},
                         .mixup = 0.2,
                         .ema = 0.9});
      for (const std::int64_t n : {3, 128}) {
        fill(step.batch(n), n);
        fill(step.evaluation_batch(n), n);
        step.run();
        step.evaluate();
      }
      const std::int64_t first = allocations;
      for (int i = 0; i < 5; ++i) {
        for (const std::int64_t n : {3, 128}) {
          step.batch(n);
          step.run();
          step.evaluation_batch(n);
          step.evaluate();
        }
      }
      EXPECT_EQ(allocations - first, 0);
    }
  }
  set_threads(before);
}

TEST(TrainingStep, AllocatesNothingForImages) {
  Sequential model = Sequential::parse(
      "conv(5, kernel=3, padding=same, act=relu) conv(20, kernel=3, stride=2) batch_norm relu maxpool(2) "
      "conv(8, kernel=1) avgpool(2) flatten dense(10)");
  model.build({10, 18, 1}, 1);
  const int before = threads();
  for (const int count : {1, 2}) {
    set_threads(count);
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      TrainingStep step(model, {.input = {10, 18, 1}, .target_type = DType::i32},
                        {.loss = "cross_entropy", .optimizer = Adam(), .precision = precision});
      const BatchBuffers batch = step.batch(9);
      std::fill_n(batch.inputs, 9 * 180, 0.5F);
      std::fill_n(batch.labels, 9, 3);
      step.run();
      const std::int64_t first = allocations;
      for (int i = 0; i < 5; ++i) step.run();
      EXPECT_EQ(allocations - first, 0) << to_string(precision) << ", " << count << " threads";
    }
  }
  set_threads(before);
}

/// A batch too large for the cache is computed in parts: to the same bits as each sample alone.
TEST(Predictor, PredictsLargeBatchesInParts) {
  Sequential model = Sequential::parse("conv(32, kernel=3, act=relu) maxpool(2) flatten dense(7)");
  model.build({28, 28, 1}, 1);
  constexpr std::size_t kSamples = 203;
  std::vector<float> inputs(kSamples * 784);
  Random random(5, 0);
  for (float& x : inputs) x = random.normal();
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    Predictor predict(model, {28, 28, 1}, precision);
    EXPECT_GT(predict.plan_bytes(kSamples), std::size_t{16} << 20) << "not too large: the test cannot fail";
    const std::span<const float> outputs = predict(inputs);
    const std::vector<float> together(outputs.begin(), outputs.end());
    ASSERT_EQ(together.size(), 7 * kSamples);
    for (std::size_t i = 0; i < kSamples; ++i) {
      const std::span<const float> alone = predict(std::span(inputs).subspan(784 * i, 784));
      for (std::size_t k = 0; k < 7; ++k) EXPECT_EQ(together[7 * i + k], alone[k]) << i;
    }
  }
}

TEST(Predictor, AllocatesNothingForANumberOfSamplesItKnows) {
  Predictor predict(network(), {100});
  const std::vector<float> inputs(100 * 70, 0.5F);
  const std::vector<std::size_t> counts = {1, 2, 70};
  for (const std::size_t n : counts) predict({inputs.data(), 100 * n});
  const std::int64_t first = allocations;
  for (const std::size_t n : counts) predict({inputs.data(), 100 * n});
  EXPECT_EQ(allocations - first, 0);
}

TEST(TrainingStep, TellsItsMemoryWithoutTakingIt) {
  Sequential model = Sequential::parse("dense(64, act=relu) dense(10)");
  model.build({100}, 1);
  const SampleShape sample = {.input = {100}, .target_type = DType::i32};
  const std::int64_t parameters = model.parameter_count({100});
  const TrainingStep adam(model, sample, {.loss = "cross_entropy", .optimizer = Adam()});
  const TrainingStep sgd(model, sample, {.loss = "cross_entropy", .optimizer = Sgd()});
  EXPECT_EQ(adam.state_bytes(), static_cast<std::size_t>(3 * 4 * parameters));
  EXPECT_EQ(sgd.state_bytes(), static_cast<std::size_t>(4 * parameters));
  // At least the inputs, the hidden values and the outputs; at most, for each of these, its gradient as well
  // and the gradients of the parameters.
  const Predictor predictor(model, {100});
  for (const std::size_t n : {std::size_t{1}, std::size_t{64}, std::size_t{1} << 40U}) {
    const auto samples = static_cast<std::int64_t>(n);
    EXPECT_GE(adam.plan_bytes(samples), n * 4 * (100 + 64 + 10));
    EXPECT_LE(adam.plan_bytes(samples),
              n * 4 * 2 * (100 + 64 + 10) + 4 * static_cast<std::size_t>(parameters) + 4096);
    EXPECT_GE(predictor.plan_bytes(samples), n * 4 * (100 + 64));
    EXPECT_LE(predictor.plan_bytes(samples), n * 4 * (100 + 64 + 10) + 4096);
  }
  EXPECT_THROW(adam.plan_bytes(std::int64_t{1} << 62U), ShapeError);
}

TEST(TrainingStep, MissesBuffersThatAreGone) {
  const auto make = [] {
    return TrainingStep(network(), {.input = {100}, .target_type = DType::i32}, {.loss = "cross_entropy"});
  };
  TrainingStep other = make();
  std::vector<float> gradient(static_cast<std::size_t>(other.trainable_size()));
  fill(other.batch(8), 8);
  const double loss = other.loss_and_gradient(gradient);

  TrainingStep step = make();
  EXPECT_THROW(step.run(), Error);
  fill(step.batch(8), 8);
  // So many other plans that one more drops the batch's own: the one for its gradient must not.
  for (std::int64_t n = 1; n <= 7; ++n) step.evaluation_batch(n);
  EXPECT_EQ(step.loss_and_gradient(gradient), loss);
  for (std::int64_t n = 1; n <= 20; ++n) step.evaluation_batch(n);
  EXPECT_THROW(step.loss_and_gradient(gradient), Error);
  EXPECT_THROW(step.run(), Error);
  fill(step.batch(8), 8);
  EXPECT_NO_THROW(step.run());
}

}  // namespace
}  // namespace hebb
