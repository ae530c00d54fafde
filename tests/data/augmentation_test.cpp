#include "hebb/augmentation.hpp"

#include <cmath>

#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using test::expect_error;

std::vector<float> random_images(const Shape& sample, std::int64_t count) {
  Random random(7);
  std::vector<float> images(static_cast<std::size_t>(count * sample.elements()));
  for (float& value : images) value = random.uniform();
  return images;
}

std::vector<std::int64_t> indices_to(std::int64_t count) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

/// What becomes of `count` images in an epoch.
std::vector<float> augmented(const std::string& text, const Shape& sample, std::vector<float> images,
                             std::uint64_t epoch = 0, const AugmenterOptions& options = {}) {
  const auto count = static_cast<std::int64_t>(images.size()) / sample.elements();
  Augmenter(Augmentation::parse(text), sample, options)(images, indices_to(count), epoch);
  return images;
}

/// Height and width of the images whose pixels are followed; odd, so that there is one in the middle.
constexpr std::int64_t kSide = 33;

struct Point {
  double x, y;
};

/// For each of `count` images: where its pixel at (x, y), from the centre, comes from. Told by images whose
/// two channels are the coordinates, which bilinear interpolation reproduces.
std::vector<Point> sources(const std::string& text, std::int64_t x, std::int64_t y, std::int64_t count) {
  const Shape sample = {kSide, kSide, 2};
  std::vector<float> image;
  for (std::int64_t i = 0; i < kSide * kSide; ++i) {
    image.push_back(static_cast<float>(i % kSide - kSide / 2));
    image.push_back(static_cast<float>(i / kSide - kSide / 2));
  }
  std::vector<float> images;
  for (std::int64_t i = 0; i < count; ++i) images.insert(images.end(), image.begin(), image.end());
  images = augmented(text, sample, images);
  std::vector<Point> points;
  for (std::int64_t i = 0; i < count; ++i) {
    const float* pixel = images.data() + ((i * kSide + y + kSide / 2) * kSide + x + kSide / 2) * 2;
    points.push_back({pixel[0], pixel[1]});
  }
  return points;
}

TEST(AugmentationText, IsReadAndWrittenBack) {
  const Augmentation all = Augmentation::parse(
      "brightness(0.2) shift(2) rotate(10) scale(share=0.1) shear(5) elastic(alpha=20, sigma=3) flip crop(4) "
      "cutout(8)");
  const AugmentationOptions expected = {.shift = 2,
                                        .rotate = 10,
                                        .scale = 0.1,
                                        .shear = 5,
                                        .elastic_alpha = 20,
                                        .elastic_sigma = 3,
                                        .flip = 0.5,
                                        .crop = 4,
                                        .cutout = 8,
                                        .brightness = 0.2};
  EXPECT_EQ(all.options(), expected);
  EXPECT_EQ(Augmentation::parse(all.describe()), all);
  EXPECT_EQ(Augmentation(expected).describe(), all.describe());
  EXPECT_EQ(Augmentation::parse("elastic").options().elastic_alpha, 34);
  EXPECT_TRUE(Augmentation::parse(" ").empty());
  EXPECT_EQ(Augmentation().describe(), "");
  for (const std::string_view name : augmentation_names()) {
    const bool whole = name == "crop" || name == "cutout";
    EXPECT_FALSE(Augmentation::parse(std::string(name) + (whole ? "(3)" : "(0.5)")).empty()) << name;
  }
}

TEST(AugmentationText, SaysWhatIsWrongAndWhere) {
  expect_error<ConfigError>([] { Augmentation::parse("shift(2) rotat(10)"); },
                            {"column 10", "rotat", "rotate"});
  expect_error<ConfigError>([] { Augmentation::parse("shift(2) shift(3)"); }, {"column 10", "twice"});
  expect_error<ConfigError>([] { Augmentation::parse("rotate"); }, {"column 1", "rotate", "degrees"});
  expect_error<ConfigError>([] { Augmentation::parse("crop(1.5)"); }, {"column 6", "whole number"});
  expect_error<ConfigError>([] { Augmentation::parse("shift(2, 3)"); }, {"shift"});
  expect_error<ConfigError>([] { Augmentation::parse("elastic(beta=3)"); }, {"beta", "elastic"});
  expect_error<ConfigError>([] { Augmentation::parse("scale(1)"); }, {"scale", "0 to 0.95", "1"});
  expect_error<ConfigError>([] { Augmentation::parse("shift(-1)"); }, {"shift", "-1"});
  expect_error<ConfigError>([] { Augmentation::parse("flip(1.01)"); }, {"flip", "1.01"});
  expect_error<ConfigError>([] { Augmentation::parse("elastic(sigma=0)"); }, {"sigma", "positive"});
  expect_error<ConfigError>([] { Augmentation::parse("shift(nan)"); }, {"column 7", "nan"});
  expect_error<ConfigError>([] { Augmentation({.rotate = std::nan("")}); }, {"rotate"});
  expect_error<ConfigError>([] { Augmentation::parse("shift(2"); }, {"column"});
  expect_error<ConfigError>([] { Augmenter(Augmentation(), Shape{4}); },
                            {"[4]", "[height, width, channels]"});
  expect_error<ConfigError>([] { Augmenter(Augmentation(), Shape{1 << 14, 1 << 14, 1}); }, {"pixels"});
  std::vector<float> images(10);
  expect_error<ShapeError>(
      [&] {
        Augmenter(Augmentation(), Shape{3, 3, 1})(images, indices_to(1), 0);
      },
      {"10", "9"});
}

constexpr const char* kEverything =
    "shift(2) rotate(10) scale(0.1) shear(5) elastic flip crop(3) cutout(5) brightness(0.2)";

TEST(Augmenter, IsAFunctionOfSeedEpochAndIndex) {
  const int before = threads();
  for (const Shape& sample : {Shape{28, 28, 1}, Shape{9, 17, 3}, Shape{5, 1, 2}, Shape{1, 1, 1}}) {
    const std::vector<float> images = random_images(sample, 40);
    const auto elements = static_cast<std::size_t>(sample.elements());
    const std::vector<float> all = augmented(kEverything, sample, images, 3, {.seed = 5});
    for (const int count : {1, 2, 5}) {
      set_threads(count);
      EXPECT_EQ(augmented(kEverything, sample, images, 3, {.seed = 5}), all) << to_string(sample);
    }
    set_threads(before);
    // Alone, or in other company, an image becomes the same.
    std::vector<float> one(images.begin() + 17 * static_cast<std::ptrdiff_t>(elements),
                           images.begin() + 18 * static_cast<std::ptrdiff_t>(elements));
    const std::vector<std::int64_t> index = {17};
    Augmenter(Augmentation::parse(kEverything), sample, {.seed = 5})(one, index, 3);
    EXPECT_TRUE(std::equal(one.begin(), one.end(), all.begin() + 17 * static_cast<std::ptrdiff_t>(elements)));
    if (sample.elements() <= 10) continue;  // cutout leaves nothing
    EXPECT_NE(augmented(kEverything, sample, images, 4, {.seed = 5}), all);
    EXPECT_NE(augmented(kEverything, sample, images, 3, {.seed = 6}), all);
  }
}

TEST(Augmenter, DoesNothingToNothing) {
  const Shape sample = {6, 7, 2};
  const std::vector<float> images = random_images(sample, 5);
  EXPECT_EQ(augmented("", sample, images), images);
  EXPECT_EQ(augmented(kEverything, sample, {}), std::vector<float>());
  const Shape empty = {0, 7, 1};
  std::vector<float> none;
  Augmenter(Augmentation::parse(kEverything), empty)(none, indices_to(3), 0);
}

/// Every image equals one of a few candidates exactly; returns how often each was met.
std::vector<int> count_matches(const std::vector<float>& images,
                               const std::vector<std::vector<float>>& candidates) {
  std::vector<int> counts(candidates.size());
  const std::size_t elements = candidates.front().size();
  for (std::size_t start = 0; start < images.size(); start += elements) {
    int found = 0;
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      if (!std::equal(candidates[c].begin(), candidates[c].end(),
                      images.begin() + static_cast<std::ptrdiff_t>(start)))
        continue;
      ++counts[c];
      ++found;
    }
    EXPECT_EQ(found, 1) << "image " << start / elements;
  }
  return counts;
}

/// `count` times the same random image of the shape.
std::vector<float> repeated(const std::vector<float>& image, int count) {
  std::vector<float> all;
  for (int i = 0; i < count; ++i) all.insert(all.end(), image.begin(), image.end());
  return all;
}

TEST(Augmenter, MirrorsHalfOfTheImagesExactly) {
  for (const std::int64_t width : {6, 7}) {
    const Shape sample = {4, width, 3};
    const std::vector<float> image = random_images(sample, 1);
    std::vector<float> mirrored(image.size());
    for (std::int64_t y = 0; y < 4; ++y) {
      for (std::int64_t x = 0; x < width * 3; ++x) {
        const std::int64_t from = (width - 1 - x / 3) * 3 + x % 3;
        mirrored[static_cast<std::size_t>(y * width * 3 + x)] =
            image[static_cast<std::size_t>(y * width * 3 + from)];
      }
    }
    const std::vector<int> counts =
        count_matches(augmented("flip", sample, repeated(image, 1000)), {image, mirrored});
    EXPECT_NEAR(counts[1], 500, 80);  // five deviations
    EXPECT_EQ(count_matches(augmented("flip(1)", sample, repeated(image, 20)), {image, mirrored})[1], 20);
  }
}

TEST(Augmenter, CropsOutOfThePaddedImageExactly) {
  constexpr float kBackground = -3;
  const Shape sample = {4, 5, 1};
  const std::vector<float> image = random_images(sample, 1);
  std::vector<std::vector<float>> crops;
  for (std::int64_t top = -2; top <= 2; ++top) {
    for (std::int64_t left = -2; left <= 2; ++left) {
      std::vector<float> crop;
      for (std::int64_t y = top; y < top + 4; ++y) {
        for (std::int64_t x = left; x < left + 5; ++x) {
          const bool inside = y >= 0 && y < 4 && x >= 0 && x < 5;
          crop.push_back(inside ? image[static_cast<std::size_t>(y * 5 + x)] : kBackground);
        }
      }
      crops.push_back(crop);
    }
  }
  const std::vector<float> images =
      augmented("crop(2)", sample, repeated(image, 2500), 0, {.background = kBackground});
  for (const int count : count_matches(images, crops)) EXPECT_NEAR(count, 100, 50);
}

TEST(Augmenter, BlanksASquare) {
  const Shape sample = {8, 9, 2};
  const std::vector<float> ones(static_cast<std::size_t>(sample.elements()), 1);
  std::vector<std::vector<float>> candidates;
  for (std::int64_t cy = 0; cy < 8; ++cy) {
    for (std::int64_t cx = 0; cx < 9; ++cx) {
      std::vector<float> image = ones;
      for (std::int64_t y = std::max<std::int64_t>(0, cy - 1); y < std::min<std::int64_t>(8, cy + 2); ++y) {
        for (std::int64_t x = std::max<std::int64_t>(0, cx - 1); x < std::min<std::int64_t>(9, cx + 2); ++x) {
          for (std::int64_t c = 0; c < 2; ++c) image[static_cast<std::size_t>((y * 9 + x) * 2 + c)] = 0;
        }
      }
      candidates.push_back(image);
    }
  }
  for (const int count : count_matches(augmented("cutout(3)", sample, repeated(ones, 7200)), candidates))
    EXPECT_NEAR(count, 100, 50);
}

TEST(Augmenter, BrightensRawValues) {
  constexpr float kBackground = -0.5F;
  const Shape sample = {2, 3, 1};
  const std::vector<float> image = random_images(sample, 1);
  const std::vector<float> images =
      augmented("brightness(0.4)", sample, repeated(image, 500), 0, {.background = kBackground});
  double least = 2, most = 0;
  for (std::size_t start = 0; start < images.size(); start += 6) {
    const double factor = (images[start] - kBackground) / (image[0] - kBackground);
    for (std::size_t i = 0; i < 6; ++i)
      EXPECT_NEAR(images[start + i], kBackground + factor * (image[i] - kBackground), 1e-6);
    least = std::min(least, factor);
    most = std::max(most, factor);
  }
  EXPECT_NEAR(least, 0.6, 0.01);
  EXPECT_NEAR(most, 1.4, 0.01);
}

constexpr double kDegree = 3.14159265358979 / 180;

TEST(Augmenter, ShiftsEvenly) {
  Point low = {9, 9}, high = {-9, -9}, sum = {0, 0};
  for (const Point p : sources("shift(3)", 1, -2, 2000)) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    sum = {sum.x + p.x, sum.y + p.y};
  }
  EXPECT_NEAR(low.x, -2, 0.05);
  EXPECT_NEAR(high.x, 4, 0.05);
  EXPECT_NEAR(low.y, -5, 0.05);
  EXPECT_NEAR(high.y, 1, 0.05);
  EXPECT_NEAR(sum.x / 2000, 1, 0.2);  // five deviations of the mean
  EXPECT_NEAR(sum.y / 2000, -2, 0.2);
}

TEST(Augmenter, RotatesAboutTheCentre) {
  double low = 90, high = -90;
  for (const Point p : sources("rotate(30)", 8, 0, 2000)) {
    EXPECT_NEAR(std::hypot(p.x, p.y), 8, 1e-4);
    low = std::min(low, std::atan2(p.y, p.x) / kDegree);
    high = std::max(high, std::atan2(p.y, p.x) / kDegree);
  }
  EXPECT_NEAR(low, -30, 0.5);
  EXPECT_NEAR(high, 30, 0.5);
}

TEST(Augmenter, ScalesAndShearsAboutTheCentre) {
  double low = 9, high = 0;
  for (const Point p : sources("scale(0.2)", 8, -4, 2000)) {
    EXPECT_NEAR(p.y, -p.x / 2, 1e-4);
    low = std::min(low, 8 / p.x);
    high = std::max(high, 8 / p.x);
  }
  EXPECT_NEAR(low, 0.8, 0.01);
  EXPECT_NEAR(high, 1.2, 0.01);
  low = 9, high = -9;
  for (const Point p : sources("shear(20)", 0, 8, 2000)) {
    EXPECT_NEAR(p.y, 8, 1e-4);
    low = std::min(low, p.x);
    high = std::max(high, p.x);
  }
  EXPECT_NEAR(low, -8 * std::tan(20 * kDegree), 0.05);
  EXPECT_NEAR(high, 8 * std::tan(20 * kDegree), 0.05);
}

/// All at once is one after the other: scaled, sheared, rotated, shifted; the way back undoes them in turn.
/// What is drawn for one change does not depend on the others, so that each can be watched alone.
TEST(Augmenter, ComposesItsChanges) {
  constexpr std::int64_t kCount = 50;
  const auto shifted = sources("shift(2)", 0, 0, kCount);
  const auto rotated = sources("rotate(30)", 8, 0, kCount);
  const auto sheared = sources("shear(20)", 0, 8, kCount);
  const auto resized = sources("scale(0.2)", 8, 0, kCount);
  const auto together = sources("scale(0.2) shift(2) shear(20) rotate(30)", 3, -5, kCount);
  for (std::size_t i = 0; i < together.size(); ++i) {
    const double x = 3 + shifted[i].x;
    const double y = -5 + shifted[i].y;
    const double c = rotated[i].x / 8;
    const double s = rotated[i].y / 8;
    const double turned_x = c * x - s * y;
    const double turned_y = s * x + c * y;
    const double scale = resized[i].x / 8;
    EXPECT_NEAR(together[i].x, scale * (turned_x + sheared[i].x / 8 * turned_y), 1e-3);
    EXPECT_NEAR(together[i].y, scale * turned_y, 1e-3);
  }
}

/// Of noise that is uniform in [-alpha, alpha], a Gaussian leaves the deviation alpha / sqrt(3) / (2 sqrt(pi)
/// sigma), and what lies r apart is correlated by exp(-r^2 / (4 sigma^2)).
TEST(Augmenter, DistortsAsTheFormulasSay) {
  constexpr const char* kText = "elastic(alpha=30, sigma=3)";
  constexpr std::int64_t kCount = 2000;
  const std::vector<Point> here = sources(kText, 0, 0, kCount);
  const std::vector<Point> there = sources(kText, 3, 0, kCount);
  double squares = 0, products = 0, crossed = 0;
  for (std::size_t i = 0; i < here.size(); ++i) {
    squares += here[i].x * here[i].x + here[i].y * here[i].y;
    products += here[i].x * (there[i].x - 3) + here[i].y * there[i].y;
    crossed += here[i].x * here[i].y;
  }
  const double variance = squares / (2 * kCount);
  const double expected = std::pow(30 / std::sqrt(3.0) / (2 * std::sqrt(180 * kDegree) * 3), 2);
  // The deviation of a mean of 4000 squares of normal numbers is sqrt(2 / 4000) = 2.2 % of it.
  EXPECT_NEAR(variance / expected, 1, 0.1);
  EXPECT_NEAR(products / squares, std::exp(-9 / (4 * 9.0)), 0.07);
  EXPECT_NEAR(crossed / kCount / variance, 0, 0.1);
}

TEST(Augmenter, TakesItsBackgroundFromTheData) {
  ArrayData data{.inputs = Tensor::from(std::vector<std::uint8_t>(18, 255), {2, 3, 3, 1}), .targets = {}};
  const ArrayDataset raw(std::move(data));
  EXPECT_EQ(raw.background(), 0);
  const ArrayDataset scaled_data =
      raw.with_scaling({.kind = ScaleKind::unit, .mean = {51}, .deviation = {102}});
  EXPECT_EQ(scaled_data.background(), -0.5F);
  std::vector<float> images = test::inputs_of(scaled_data);
  Augmenter(Augmentation::parse("crop(3)"), scaled_data, 1)(images, indices_to(2), 0);
  for (const float value : images) EXPECT_TRUE(value == 2 || value == -0.5F) << value;
  const ArrayDataset columns = raw.with_scaling(
      {.kind = ScaleKind::standard, .mean = std::vector<float>(9, 1), .deviation = std::vector<float>(9, 2)});
  expect_error<DataError>([&] { Augmenter(Augmentation::parse("crop(3)"), columns, 1); },
                          {"each by its own"});
}

}  // namespace
}  // namespace hebb
