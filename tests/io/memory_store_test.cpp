// Memories in files: what comes back, what is refused, and what a store says of cues and of itself.
#include "hebb/memory_store.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <thread>

#include "hebb/io.hpp"
#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "helpers.hpp"
#include "io/json.hpp"

namespace hebb::memory {
namespace {

using test::TemporaryFolder;

PatternSet random_set(std::int64_t count, std::int64_t units, std::uint64_t seed = 1) {
  PatternSet set = {.units = units};
  Random random(seed);
  for (std::int64_t k = 0; k < count; ++k)
    set.append("p" + std::to_string(k), [&](std::int64_t) { return random.below(2) == 1; });
  return set;
}

/// Patterns that differ from one another in a tenth of their units.
PatternSet related_set(std::int64_t count, std::int64_t units) {
  PatternSet set = {.units = units};
  const PatternSet parent = random_set(1, units, 77);
  Random random(5);
  for (std::int64_t k = 0; k < count; ++k)
    set.append("r" + std::to_string(k),
               [&](std::int64_t i) { return parent.up(0, i) != (random.uniform() < 0.05F); });
  return set;
}

Store filled(const PatternSet& set, const BinaryOptions& options = {}) {
  Store store(set.units, options, set.look);
  store.add(set);
  return store;
}

std::vector<float> noisy(const Store& store, std::int64_t index, float share, std::uint64_t seed) {
  std::vector<float> cue = store.patterns().values(index, store.memory().options().units);
  const float down = store.memory().options().units == Units::zero_one ? 0.0F : -1.0F;
  Random random(seed);
  for (float& value : cue) {
    if (random.uniform() < share) value = value > 0 ? down : 1.0F;
  }
  return cue;
}

std::vector<float> random_state(std::int64_t units, std::uint64_t seed) {
  return random_set(1, units, seed).values(0, Units::plus_minus_one);
}

std::vector<BinaryOptions> kinds() {
  return {{},
          {.units = Units::zero_one},
          {.rule = Rule::pseudo_inverse, .seed = ~std::uint64_t{0}},
          {.energy = Energy::polynomial, .degree = 4},
          {.units = Units::zero_one, .energy = Energy::rectified_polynomial},
          {.energy = Energy::exponential}};
}

/// Also those whose weights are learned anew.
std::vector<BinaryOptions> all_kinds() {
  std::vector<BinaryOptions> result = kinds();
  for (const Rule rule : {Rule::storkey, Rule::perceptron, Rule::symmetric_perceptron, Rule::minimum_overlap,
                          Rule::clipped, Rule::palimpsest})
    result.push_back({.rule = rule});
  result.push_back({.dilution = 0.3, .seed = 5});
  result.push_back({.rule = Rule::pseudo_inverse, .form_weights = true});
  return result;
}

TEST(MemoryStore, ComesBackFromItsFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "s.hebb";
  for (BinaryOptions options : all_kinds()) {
    for (const std::int64_t units : {13, 64, 200}) {
      options.bias = options.energy == Energy::quadratic && units == 13 ? std::vector<float>(13, 0.125F)
                                                                        : std::vector<float>();
      Store store = filled(random_set(3, units), options);
      store.add(random_set(2, units, 8));
      store.calibrate();
      store.save(path);
      const Store back = Store::load(path);
      EXPECT_EQ(back.patterns().bits, store.patterns().bits);
      EXPECT_EQ(back.patterns().labels, store.patterns().labels);
      EXPECT_EQ(back.memory().options().rule, options.rule);
      EXPECT_EQ(back.memory().options().energy, options.energy);
      EXPECT_EQ(back.memory().options().degree, options.degree);
      EXPECT_EQ(back.memory().options().units, options.units);
      EXPECT_EQ(back.memory().options().bias, options.bias);
      EXPECT_EQ(back.memory().options().seed, options.seed);
      ASSERT_TRUE(back.calibration());
      EXPECT_EQ(back.calibration()->offset, store.calibration()->offset);
      EXPECT_EQ(back.calibration()->start, store.calibration()->start);
      EXPECT_EQ(back.calibration()->end, store.calibration()->end);
      EXPECT_EQ(back.calibration()->kept, store.calibration()->kept);
      for (const std::int64_t index : {0, 4}) {
        const std::vector<float> cue = noisy(store, index, 0.2F, 9);
        const Recognition one = store.recognise(cue), two = back.recognise(cue);
        EXPECT_EQ(one.recall.state, two.recall.state);
        EXPECT_EQ(one.recall.energy_end, two.recall.energy_end);
        EXPECT_EQ(one.confidence, two.confidence);
      }
    }
  }
  Look look = {.kind = Look::Kind::image,
               .height = 4,
               .width = 6,
               .resizes = true,
               .threshold = 99.5,
               .inverted = true};
  PatternSet set = random_set(3, 24);
  set.look = look;
  set.labels = {"", "a \"quoted\" label", "\u00e9\n"};
  filled(set).save(path);
  EXPECT_EQ(Store::load(path).patterns().look, look);
  EXPECT_EQ(Store::load(path).patterns().labels, set.labels);
  Store(7).save(path);
  EXPECT_EQ(Store::load(path).size(), 0);
}

// Stores were once calibrated on energies alone.
TEST(MemoryStore, ReadsCalibrationsWithoutWhatWasKept) {
  Store store = filled(random_set(5, 60));
  store.calibrate();
  SafetensorsFile file = store.to_safetensors();
  Json json = Json::parse(file.metadata["calibration"]);
  json.erase("kept");
  json.erase("lead");
  file.metadata["calibration"] = json.dump();
  const Store back = Store::from_safetensors(file);
  ASSERT_TRUE(back.calibration());
  EXPECT_EQ(back.calibration()->offset, store.calibration()->offset);
  EXPECT_EQ(back.calibration()->end, store.calibration()->end);
  EXPECT_EQ(back.calibration()->kept, 0);
  EXPECT_EQ(back.calibration()->lead, 0);
  json["kept"] = "much";
  file.metadata["calibration"] = json.dump();
  EXPECT_THROW(Store::from_safetensors(file), FormatError);
}

TEST(MemoryStore, AddsAllPatternsOrNone) {
  for (const BinaryOptions& options : kinds()) {
    Store store = filled(random_set(4, 40), options);
    store.calibrate();
    const std::vector<float> cue = noisy(store, 2, 0.1F, 3);
    const std::vector<float> before = store.memory().field(cue);
    const auto refused = [&](PatternSet set, const std::string& hint) {
      try {
        store.add(set);
        ADD_FAILURE() << hint;
      } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find(hint), std::string::npos) << error.what();
      }
      EXPECT_EQ(store.size(), 4);
      EXPECT_EQ(store.memory().size(), 4);
      EXPECT_EQ(store.memory().field(cue), before);
      EXPECT_TRUE(store.calibration());
    };
    PatternSet set = random_set(3, 40, 2);
    const auto is_up = [&](std::int64_t i) { return store.patterns().up(1, i); };
    set.append("again", is_up);
    refused(set, "pattern 3 ('again') is the same as stored pattern 1 ('p1')");
    set = random_set(2, 40, 2);
    set.append("twice", [&](std::int64_t i) { return set.up(0, i); });
    refused(set, "pattern 2 ('twice') is the same as pattern 0 ('p0')");
    set = random_set(2, 40, 2);
    set.append("blank", [](std::int64_t) { return false; });
    refused(set, "pattern 2 ('blank') is empty");
    refused(random_set(2, 41), "41 units; the store has 40");
  }
  // More than are independent: the rule refuses, in the first block and in a later one.
  for (const std::int64_t units : {20, 600}) {
    Store store = filled(random_set(4, units), {.rule = Rule::pseudo_inverse});
    const std::vector<float> cue = noisy(store, 2, 0.1F, 3);
    const std::vector<float> before = store.memory().field(cue);
    EXPECT_THROW(store.add(random_set(units, units, 2)), DataError);
    EXPECT_EQ(store.size(), 4);
    EXPECT_EQ(store.memory().size(), 4);
    const std::vector<float> after = store.memory().field(cue);
    for (std::size_t i = 0; i < after.size(); ++i) EXPECT_NEAR(after[i], before[i], 1e-5);
    store.add(random_set(3, units, 2));
    EXPECT_EQ(store.recognise(noisy(store, 5, 0.02F, 1)).nearest, 5);
  }
}

TEST(MemoryStore, RemovesAndFinds) {
  for (const BinaryOptions& options : all_kinds()) {
    Store store = filled(random_set(5, 60), options);
    store.remove(store.find("p1"));
    EXPECT_EQ(store.patterns().labels, (std::vector<std::string>{"p0", "p2", "p3", "p4"}));
    PatternSet rest = random_set(5, 60);
    rest.labels.erase(rest.labels.begin() + 1);
    rest.bits.erase(rest.bits.begin() + rest.row_bytes(), rest.bits.begin() + 2 * rest.row_bytes());
    EXPECT_EQ(store.patterns().bits, rest.bits);
    const Store fresh = filled(rest, options);
    const std::vector<float> cue = noisy(store, 3, 0.2F, 4);
    const std::vector<float> one = store.memory().field(cue), two = fresh.memory().field(cue);
    for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], two[i], 1e-5 * (1 + std::abs(two[i])));
    EXPECT_THROW(store.remove(4), ShapeError);
    EXPECT_THROW(store.remove(-1), ShapeError);
    EXPECT_THROW(store.add(random_set(5, 60)), DataError);
    for (const auto& [text, index] : {std::pair{"p3", 2}, {"0", 0}, {"3", 3}})
      EXPECT_EQ(store.find(text), index);
    for (const char* text : {"4", "-1", "p5", "", "99999999999999999999"})
      EXPECT_THROW(store.find(text), ConfigError) << text;
  }
}

TEST(MemoryStore, RefusesDamagedFiles) {
  Store store = filled(random_set(5, 21), {.rule = Rule::pseudo_inverse});
  store.calibrate();
  const TemporaryFolder folder;
  const std::string path = folder / "s.hebb";
  store.save(path);
  const std::vector<std::uint8_t> bytes = read_file(path);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(Store::from_safetensors(parse_safetensors(std::span(bytes).first(size))), FormatError)
        << size;
  Random random(8);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::uint8_t> damaged = bytes;
    for (int k = 0; k < 3; ++k)
      damaged[random.below(static_cast<std::uint32_t>(bytes.size()))] =
          static_cast<std::uint8_t>(random.bits());
    try {
      Store::from_safetensors(parse_safetensors(damaged));
    } catch (const FormatError&) {
    }
  }
  EXPECT_THROW(Store::load(folder / "none.hebb"), FormatError);
}

TEST(MemoryStore, RefusesFilesThatContradictThemselves) {
  PatternSet set = random_set(5, 21);
  const SafetensorsFile good = filled(set, {.bias = std::vector<float>(21, 0.5F)}).to_safetensors();
  EXPECT_EQ(Store::from_safetensors(good).size(), 5);
  const auto refused = [&](const std::function<void(SafetensorsFile&)>& change, const std::string& hint) {
    SafetensorsFile file = good;
    change(file);
    try {
      Store::from_safetensors(file, "file.hebb");
      ADD_FAILURE() << hint;
    } catch (const FormatError& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with("file.hebb: ")) << error.what();
      EXPECT_NE(std::string(error.what()).find(hint), std::string::npos) << error.what();
    }
  };
  for (const char* key : {"format_version", "memory", "look", "labels"}) {
    refused([&](SafetensorsFile& f) { f.metadata.erase(key); }, std::string("have no '") + key + "'");
    refused([&](SafetensorsFile& f) { f.metadata[key] = "{"; }, key);
    refused([&](SafetensorsFile& f) { f.metadata[key] = "[[3]]"; }, key);
    refused([&](SafetensorsFile& f) { f.metadata[key] = std::string(100000, '['); }, key);
  }
  refused([](SafetensorsFile& f) { f.metadata["calibration"] = "{\"offset\":1}"; }, "calibration");
  refused([](SafetensorsFile& f) { f.metadata["format_version"] = "3"; }, "reads versions up to 2");
  const auto unlearning = [](const std::string& text) {
    return [text](SafetensorsFile& f) { f.metadata["unlearning"] = text; };
  };
  refused(unlearning("{"), "metadata 'unlearning'");
  refused(unlearning(R"({"dreams":3,"seed":0})"), "metadata 'unlearning'");
  refused(unlearning(R"({"dreams":-3,"strength":0.1,"seed":0})"), "got -3");
  refused(unlearning(R"({"dreams":9999999,"strength":0.1,"seed":0})"), "0 to 1000000 dreams");
  refused(unlearning(R"({"dreams":3,"strength":1.5,"seed":0})"), "at most 1; got 1.5");
  refused(unlearning(R"({"dreams":3,"strength":1e-30,"seed":0})"), "too small");
  refused([](SafetensorsFile& f) { f.metadata["labels"] = "[\"a\"]"; }, "1 labels for 5 patterns");
  const auto memory_with = [&](const std::string& from, const std::string& to) {
    return [from, to](SafetensorsFile& f) {
      std::string& text = f.metadata["memory"];
      const std::size_t at = text.find(from);
      ASSERT_NE(at, std::string::npos) << text;
      text.replace(at, from.size(), to);
    };
  };
  refused(memory_with("\"neurons\":21", "\"neurons\":0"), "1 to 2^24 units; got 0");
  refused(memory_with("\"neurons\":21", "\"neurons\":99999999999999"), "1 to 2^24");
  refused(memory_with("\"neurons\":21", "\"neurons\":-21"), "1 to 2^24");
  refused(memory_with("\"neurons\":21", "\"neurons\":\"21\""), "memory");
  refused(memory_with("\"neurons\":21", "\"neurons\":200"), "tensor 'bias'");
  refused(memory_with("\"rule\":\"hebb\"", "\"rule\":\"hobb\""), "'hebb'");
  refused(memory_with("\"units\":\"+-1\"", "\"units\":\"2\""), "'01' or '+-1'");
  refused(memory_with("\"dilution\":0.0", "\"dilution\":-3"), "dilution");
  refused([](SafetensorsFile& f) { f.tensors.erase(f.tensors.begin()); }, "no tensor 'patterns'");
  refused(
      [](SafetensorsFile& f) {
        f.tensors[0].second = Tensor::from({1, 2, 3});
      },
      "expected u8 [patterns, 3]");
  refused([](SafetensorsFile& f) { f.tensors[1].second = Tensor::from({1, 2, 3}); }, "expected f32 [21]");
  const auto patterns_with = [&](const std::function<void(std::vector<std::uint8_t>&)>& change) {
    return [&, change](SafetensorsFile& f) {
      std::vector<std::uint8_t> bits = set.bits;
      change(bits);
      f.tensors[0].second = Tensor::from(std::span<const std::uint8_t>(bits), Shape{5, 3});
    };
  };
  refused(patterns_with([](auto& bits) { bits[5] |= 0x80; }), "pattern 1 has bits beyond its 21 units");
  refused(patterns_with([](auto& bits) { std::fill_n(bits.begin(), 3, std::uint8_t{0}); }), "is empty");
  refused(patterns_with([](auto& bits) { std::copy_n(bits.begin(), 3, bits.begin() + 6); }),
          "is the same as");
  // Weights that no machine holds, of a file of 2 MB.
  SafetensorsFile large = Store(std::int64_t{1} << 24).to_safetensors();
  large.metadata["memory"].replace(large.metadata["memory"].find("\"hebb\""), 6, "\"storkey\"");
  EXPECT_THROW(Store::from_safetensors(large), FormatError);
}

// Whatever happened to a store, its weights are those of all its patterns less those of the dreams.
TEST(MemoryStore, UnlearningFollowsAllPatterns) {
  constexpr std::int64_t kUnits = 60;
  const PatternSet set = random_set(8, kUnits);
  PatternSet part = set;
  part.bits.resize(static_cast<std::size_t>(5 * set.row_bytes()));
  part.labels.resize(5);
  PatternSet rest = {.units = kUnits};
  for (std::int64_t k = 5; k < 8; ++k)
    rest.append(set.labels[static_cast<std::size_t>(k)], [&](std::int64_t i) { return set.up(k, i); });
  const Unlearning dreams = {.dreams = 40, .strength = 0.03, .seed = 9};
  const std::vector<float> state = random_state(kUnits, 5);
  const auto expect_field_of = [&](const Store& store, const std::vector<std::int64_t>& numbers,
                                   const char* what) {
    BinaryMemory memory(kUnits, store.memory().options());
    std::vector<float> values;
    for (const std::int64_t k : numbers) {
      const std::vector<float> one = set.values(k, Units::plus_minus_one);
      values.insert(values.end(), one.begin(), one.end());
    }
    memory.store_all(values);
    if (store.unlearning().dreams > 0) memory.unlearn(dreams.dreams, dreams.strength, dreams.seed);
    EXPECT_EQ(store.memory().field(state), memory.field(state)) << what;
  };
  for (const Rule rule : {Rule::hebb, Rule::storkey, Rule::pseudo_inverse, Rule::symmetric_perceptron}) {
    Store store = filled(part, {.rule = rule});
    store.calibrate();
    const std::vector<float> before = store.memory().field(state);
    store.unlearn(dreams);
    EXPECT_NE(store.memory().field(state), before);
    EXPECT_FALSE(store.calibration());
    EXPECT_FALSE(store.capacity());
    expect_field_of(store, {0, 1, 2, 3, 4}, "unlearned");
    store.add(rest);
    expect_field_of(store, {0, 1, 2, 3, 4, 5, 6, 7}, "added to");
    store.remove(2);
    expect_field_of(store, {0, 1, 3, 4, 5, 6, 7}, "forgotten");
    const Store back = Store::from_safetensors(store.to_safetensors());
    EXPECT_EQ(back.unlearning(), dreams);
    expect_field_of(back, {0, 1, 3, 4, 5, 6, 7}, "read");
    EXPECT_EQ(store.to_safetensors().metadata.at("format_version"), "2");
    EXPECT_THROW(store.unlearn({.dreams = 1, .strength = 0}), ConfigError);
    EXPECT_THROW(store.unlearn({.dreams = -1}), ConfigError);
    EXPECT_THROW(store.unlearn({.dreams = Unlearning::kMostDreams + 1}), ConfigError);
    EXPECT_THROW(store.unlearn({.dreams = 1, .strength = 1e-30}), ConfigError);
    EXPECT_EQ(store.unlearning(), dreams);
    store.unlearn({});
    expect_field_of(store, {0, 1, 3, 4, 5, 6, 7}, "undone");
    // As it was before there was unlearning, so that older versions read it.
    EXPECT_EQ(store.to_safetensors().metadata.at("format_version"), "1");
    EXPECT_FALSE(store.to_safetensors().metadata.contains("unlearning"));
  }
  // An empty store keeps it for the patterns to come.
  Store empty(kUnits);
  empty.unlearn(dreams);
  Store read = Store::from_safetensors(empty.to_safetensors());
  read.add(part);
  expect_field_of(read, {0, 1, 2, 3, 4}, "filled later");
  EXPECT_THROW(Store(kUnits, {.rule = Rule::perceptron}).unlearn(dreams), ConfigError);
  EXPECT_THROW(Store(kUnits, {.energy = Energy::polynomial}).unlearn(dreams), ConfigError);
}

// The process that writes is killed at moments spread over its writing: the file is the old one or the new
// one.
TEST(MemoryStore, SurvivesBeingKilled) {
  const TemporaryFolder folder;
  const std::string path = folder / "s.hebb";
  const PatternSet first = random_set(200, 5000, 1), second = random_set(300, 5000, 2);
  // Filled before, so that a child does nothing but write however slow the machine is.
  const Store one = filled(first), two = filled(second);
  one.save(path);
  int seconds = 0;
  for (int round = 0; round < 25; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      while (true) {
        two.save(path);
        one.save(path);
      }
    }
    ASSERT_GT(child, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + 3 * round));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    const Store found = Store::load(path);
    ASSERT_TRUE(found.patterns().bits == first.bits || found.patterns().bits == second.bits) << round;
    seconds += found.size() == 300;
  }
  EXPECT_GT(seconds, 0);
}

TEST(MemoryStore, TellsWhatItDoesNotKnow) {
  for (const BinaryOptions& options : kinds()) {
    Store store = filled(random_set(12, 300), options);
    EXPECT_FALSE(store.recognise(noisy(store, 0, 0.1F, 1)).confidence);
    store.calibrate();
    ASSERT_TRUE(store.calibration());
    EXPECT_GT(store.calibration()->accuracy, 0.97);
    int like = 0, known = 0, unknown = 0;
    constexpr int kTrials = 100;
    for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
      const auto index = static_cast<std::int64_t>(trial % 12);
      const Recognition found = store.recognise(noisy(store, index, 0.2F, 1000 + trial));
      like += *found.confidence > 0.5;
      known += found.known() && found.nearest == index;
      std::vector<float> strange = random_state(300, 5000 + trial);
      if (options.units == Units::zero_one) {
        for (float& value : strange) value = value > 0 ? 1.0F : 0.0F;
      }
      unknown += store.recognise(strange).rejected();
    }
    EXPECT_GE(like, 98) << name_of(options.rule) << name_of(options.energy);
    // Units of 0 and 1 with thresholds of 0 come to rest elsewhere now and then.
    EXPECT_GE(known, options.units == Units::zero_one ? 90 : 98)
        << name_of(options.rule) << name_of(options.energy);
    EXPECT_GE(unknown, 98) << name_of(options.rule) << name_of(options.energy);
  }
}

TEST(MemoryStore, TellsInversesAndMixtures) {
  Store store = filled(random_set(3, 500));
  std::vector<float> cue = noisy(store, 1, 0, 0);
  for (float& value : cue) value = -value;
  EXPECT_EQ(store.recognise(cue).label.kind, AttractorKind::inverse);
  EXPECT_FALSE(store.recognise(cue).known());
  EXPECT_EQ(store.recognise(cue).nearest, 1);
  EXPECT_EQ(store.recognise(cue).overlap, -1);
  for (std::size_t i = 0; i < cue.size(); ++i) {
    int up = 0;
    for (std::int64_t p = 0; p < 3; ++p) up += store.patterns().up(p, static_cast<std::int64_t>(i));
    cue[i] = up >= 2 ? 1.0F : -1.0F;
  }
  const Recognition mixture = store.recognise(cue);
  EXPECT_EQ(mixture.label.kind, AttractorKind::mixture);
  EXPECT_FALSE(mixture.known());
  EXPECT_NEAR(mixture.overlap, 0.5, 0.15);
  EXPECT_THROW(store.recognise(std::vector<float>(499, 1.0F)), ShapeError);
  EXPECT_THROW(Store(5).recognise(std::vector<float>(5, 1.0F)), ConfigError);
}

TEST(MemoryStore, IsCalibratedAlikeWithAnyNumberOfThreads) {
  const int before = threads();
  std::vector<Calibration> found;
  for (const int count : {1, 2, 5}) {
    set_threads(count);
    Store store = filled(random_set(10, 120));
    store.calibrate(4);
    found.push_back(*store.calibration());
  }
  set_threads(before);
  for (const Calibration& one : found) {
    EXPECT_EQ(one.offset, found[0].offset);
    EXPECT_EQ(one.start, found[0].start);
    EXPECT_EQ(one.end, found[0].end);
  }
  Store empty(5);
  empty.calibrate();
  EXPECT_FALSE(empty.calibration());
}

TEST(MemoryStore, MeasuresCrosstalk) {
  // Of the Hebb rule, the field is 1 - 1/N + a normal variable of variance (P - 1) / N.
  const Store store = filled(random_set(100, 1000));
  const Crosstalk some = store.crosstalk();
  EXPECT_EQ(some.examined, 32);
  EXPECT_NEAR(some.signal, 0.999, 0.01);
  EXPECT_NEAR(some.noise, std::sqrt(0.099), 0.01);
  const Crosstalk all = store.crosstalk(1000);
  EXPECT_EQ(all.examined, 100);
  std::int64_t unstable = 0, stable = 0;
  for (std::int64_t p = 0; p < 100; ++p) {
    const std::vector<float> xi = store.patterns().values(p, Units::plus_minus_one);
    const std::vector<float> h = store.memory().field(xi);
    std::int64_t leaving = 0;
    for (std::size_t i = 0; i < h.size(); ++i) leaving += h[i] * xi[i] < 0;
    unstable += leaving;
    stable += leaving == 0;
  }
  EXPECT_GT(unstable, 0);
  EXPECT_DOUBLE_EQ(all.unstable_bits, static_cast<double>(unstable) / 1e5);
  EXPECT_DOUBLE_EQ(all.stable_patterns, static_cast<double>(stable) / 100);
  EXPECT_NEAR(all.expected_unstable_bits, 0.5 * std::erfc(std::sqrt(1 / 0.198)), 2e-4);
  EXPECT_EQ(Store(10).crosstalk().examined, 0);
  EXPECT_EQ(filled(random_set(1, 10)).crosstalk().stable_patterns, 1);
}

TEST(MemoryStore, WarnsBeforeItIsFull) {
  const auto warning = [](const PatternSet& set, const BinaryOptions& options) {
    return filled(set, options).warning().value_or("");
  };
  EXPECT_EQ(warning(random_set(12, 200), {}), "");
  EXPECT_EQ(Store(20).warning(), std::nullopt);
  const std::string hebb = warning(random_set(24, 200), {});
  EXPECT_NE(hebb.find("24 patterns in 200 units, of rule 'hebb' (for about 27"), std::string::npos) << hebb;
  EXPECT_NE(hebb.find("; rule 'pseudo-inverse' would hold them"), std::string::npos) << hebb;
  EXPECT_EQ(warning(random_set(24, 200), {.rule = Rule::pseudo_inverse}), "");
  const std::string full = warning(random_set(190, 200), {.rule = Rule::pseudo_inverse});
  EXPECT_NE(full.find("energy 'polynomial' of degree 3 would hold them"), std::string::npos) << full;
  // Far from the capacity for random patterns, but these are alike.
  const std::string alike = warning(related_set(8, 200), {});
  EXPECT_NE(alike.find("rule 'pseudo-inverse' would hold them"), std::string::npos) << alike;
  EXPECT_EQ(warning(related_set(8, 200), {.rule = Rule::pseudo_inverse}), "");
  // Units of 0 and 1 hold less (Hopfield 1982 has their thresholds at 0).
  const std::string units = warning(random_set(24, 200), {.units = Units::zero_one});
  EXPECT_NE(units.find("rule 'pseudo-inverse' with units of -1 and 1 would hold them"), std::string::npos)
      << units;
}

}  // namespace
}  // namespace hebb::memory
