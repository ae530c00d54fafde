/// Images: folders of them, and changes in training.
#include <gtest/gtest.h>

#include "hebb/io.hpp"
#include "helpers.hpp"
#include "io/json.hpp"

namespace hebb {
namespace {

using testing::Outcome;
using testing::Shell;

/// Dark and bright pictures of several sizes.
void write_images(const Shell& shell) {
  for (const char* part : {"train", "test"}) {
    for (int i = 0; i < 12; ++i) {
      const bool bright = i % 2 == 0;
      const int side = 8 + i;
      const std::string folder = std::string("lamps/") + part + (bright ? "/on" : "/off");
      std::filesystem::create_directories(shell.file(folder));
      shell.write(
          folder + "/" + std::to_string(i) + ".pgm",
          "P5\n" + std::to_string(side) + " 9\n255\n" +
              std::string(static_cast<std::size_t>(side * 9), static_cast<char>(bright ? 190 + i : 20 + i)));
    }
  }
}

constexpr const char* kTrain =
    "train --data lamps --model 'conv(2, kernel=3) flatten dense(2)' --epochs 60 --optimizer 'adam' --lr "
    "0.01 "
    "--batch-size 4 --augment 'shift(1) rotate(5) brightness(0.1)' --out run ";

TEST(Images, AreTrainedOnFromAFolder) {
  const Shell hebb;
  write_images(hebb);
  EXPECT_EQ(hebb(kTrain).code, 3);
  const Outcome trained = hebb(std::string(kTrain) + "--image-size 8x6 --json");
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(parse_json(trained.out)["test_accuracy"], 1.0);
  EXPECT_NE(hebb.read("run/config.toml").find("augment = \"shift(1) rotate(5) brightness(0.1)\""),
            std::string::npos);
  // The model knows to what size, and how.
  const Outcome eval = hebb("eval run/best.safetensors --data lamps --json");
  ASSERT_EQ(eval.code, 0) << eval.err;
  EXPECT_EQ(parse_json(eval.out)["accuracy"], 1.0);
  const Outcome on = hebb("predict run/best.safetensors --input lamps/test/on/2.pgm");
  ASSERT_EQ(on.code, 0) << on.err;
  EXPECT_NE(on.out.find("on"), std::string::npos) << on.out;
  EXPECT_NE(hebb("predict run/best.safetensors --input lamps/test/off/3.pgm").out.find("off"),
            std::string::npos);
}

TEST(Images, ThatCannotBeReadAreListed) {
  const Shell hebb;
  write_images(hebb);
  hebb.write("lamps/train/on/bad.png", "no picture");
  const std::string command = "train --data lamps --image-size 6 --model 'dense(2)' --epochs 1 ";
  const Outcome refused = hebb(command);
  EXPECT_EQ(refused.code, 3);
  EXPECT_NE(refused.err.find("lamps/train/on/bad.png"), std::string::npos) << refused.err;
  const Outcome skipped = hebb(command + "--skip-bad");
  EXPECT_EQ(skipped.code, 0) << skipped.err;
  EXPECT_NE(skipped.err.find("left out: lamps/train/on/bad.png"), std::string::npos) << skipped.err;
}

TEST(Images, AreDrawnOnASheet) {
  const Shell hebb;
  ASSERT_EQ(hebb("datasets strokes --count 100 --png plain.png").code, 0);
  const Image plain = read_image(hebb.file("plain.png"));
  EXPECT_EQ(plain.height, 2 + 10 * 58);
  EXPECT_EQ(plain.width, plain.height);
  EXPECT_EQ(plain.channels, 1);
  ASSERT_EQ(hebb("datasets strokes --count 100 --augment 'shift(3)' --png changed.png").code, 0);
  const Image changed = read_image(hebb.file("changed.png"));
  // The first column is the samples as they are: that of the first is the same in both.
  for (int y = 2; y < 58; ++y) {
    for (int x = 2; x < 58; ++x) {
      const auto at = static_cast<std::size_t>(y * plain.width + x);
      ASSERT_NEAR(plain.bytes[at], changed.bytes[at], 2);
    }
  }
  EXPECT_NE(plain.bytes, changed.bytes);
  EXPECT_EQ(hebb("datasets iris --png x.png").code, 2);
  EXPECT_EQ(hebb("datasets strokes").code, 2);
  EXPECT_EQ(hebb("datasets --png x.png").code, 2);
  EXPECT_EQ(hebb("datasets strokes --augment 'shif(3)' --png x.png").code, 2);
}

TEST(Images, AndOtherDataTakeOnlyTheirOptions) {
  const Shell hebb;
  const Outcome outcome = hebb("train --data iris --noise 0.1 --model 'dense(3)'");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("noise"), std::string::npos) << outcome.err;
  EXPECT_EQ(hebb("train --data iris --augment 'shift(1)' --model 'dense(3)'").code, 2);
  EXPECT_EQ(hebb("train --data iris --augment 'shft(1)' --model 'dense(3)'").code, 2);
}

}  // namespace
}  // namespace hebb
