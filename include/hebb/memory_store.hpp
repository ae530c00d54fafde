/// A memory for real use: patterns with labels in one file, recall that says what it recognised and how sure
/// it is, and a warning before too much is stored.
///
///     memory::Store store(35, {.rule = memory::Rule::pseudo_inverse});
///     store.add(letters);                    // a PatternSet; hebb/pattern_files.hpp reads them from files
///     store.calibrate();
///     store.save("letters.hebb");
///     const memory::Recognition found = memory::Store::load("letters.hebb").recognise(cue);
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/attractors.hpp"
#include "hebb/binary_memory.hpp"

namespace hebb {
struct SafetensorsFile;  // io.hpp
}

namespace hebb::memory {

/// What patterns show, so that cues can be read in the same way, and states shown.
struct Look {
  enum class Kind : std::uint8_t { values, image, text };
  Kind kind = Kind::values;
  std::int64_t height = 0;  ///< image: pixels, height x width = units
  std::int64_t width = 0;
  bool resizes = false;                  ///< image: others are brought to this size
  std::optional<double> threshold = {};  ///< units are up from this value on; none: values are the units' own
  bool inverted = false;                 ///< up and down are exchanged: dark is up

  bool operator==(const Look&) const = default;
};

/// Patterns as bits, each with a label.
struct PatternSet {
  std::int64_t units = 0;
  /// [patterns, (units + 7) / 8]: unit i is bit i % 8 of byte i / 8, set where it is up; bits left over are
  /// 0.
  std::vector<std::uint8_t> bits = {};
  std::vector<std::string> labels = {};  ///< [patterns]
  Look look = {};

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t row_bytes() const { return (units + 7) / 8; }
  std::span<const std::uint8_t> row(std::int64_t index) const;
  bool up(std::int64_t index, std::int64_t unit) const {
    return (bits[static_cast<std::size_t>(index * row_bytes() + unit / 8)] >> (unit % 8)) & 1;
  }
  /// Pattern `index` in the values of such units, [units].
  std::vector<float> values(std::int64_t index, Units values_of) const;
  /// Appends a pattern; up(i) tells of unit i.
  template <class Up>
  void append(std::string label, const Up& up_at) {
    const auto first = bits.size();
    bits.resize(first + static_cast<std::size_t>(row_bytes()));
    for (std::int64_t i = 0; i < units; ++i) {
      if (up_at(i)) bits[first + static_cast<std::size_t>(i / 8)] |= static_cast<std::uint8_t>(1 << (i % 8));
    }
    labels.push_back(std::move(label));
  }
};

/// How cues and what they lead to tell what is stored from what is not: the probability of a cue being like
/// something stored is 1 / (1 + exp(-(offset + start e0 + end e1 + kept m + lead d))). e0 and e1 are the
/// energies a unit before and after recall, sign(e) |e|^(1/n) of them with n the degree of the energy
/// (quadratic 2, exponential 1); where a memory has no energy, -1/2 of the mean of s_i h_i stands for it. m
/// is the overlap of the cue and of what it led to, d how much that is above the cue's largest overlap with
/// another pattern than the one it led to.
struct Calibration {
  double offset = 0;
  double start = 0;
  double end = 0;
  double kept = 0;
  double lead = 0;
  std::int64_t samples = 0;  ///< of each kind
  double accuracy = 0;       ///< share of the samples that are told rightly
};

/// Unlearning as part of what a store learns: see BinaryMemory::unlearn.
struct Unlearning {
  static constexpr std::int64_t kMostDreams = 1'000'000;

  std::int64_t dreams = 0;  ///< 0 to kMostDreams
  double strength = 0.01;   ///< in (0, 1]
  std::uint64_t seed = 0;

  bool operator==(const Unlearning&) const = default;
};

/// What became of a cue.
struct Recognition {
  Recall recall;
  Label label;                ///< what it came to rest in: see classify
  std::int64_t nearest = -1;  ///< the stored pattern that the final state is most like, or most unlike
  double overlap = 0;         ///< with it, from -1 to 1
  /// The probability that the cue is like something stored; none unless the store is calibrated.
  std::optional<double> confidence;

  /// Nothing like the cue is stored.
  bool rejected() const { return confidence && *confidence < 0.5; }
  /// It is a damaged form of the pattern `nearest`.
  bool known() const { return !rejected() && label.kind == AttractorKind::pattern; }
};

/// How the patterns disturb each other, measured on some or all of them.
struct Crosstalk {
  std::int64_t examined = 0;          ///< patterns
  double signal = 0;                  ///< mean over units of xi_i h_i, what holds a pattern
  double noise = 0;                   ///< its deviation
  double unstable_bits = 0;           ///< share of units that want to leave their pattern
  double expected_unstable_bits = 0;  ///< by the ratio of signal to noise: 1/2 erfc(signal / (sqrt(2) noise))
  double stable_patterns = 0;         ///< share of patterns that no unit wants to leave
};

/// A BinaryMemory with labels. Weights are not kept: they are learned anew from the patterns in their order,
/// and dreams are dreamt anew, which gives the same ones.
class Store {
 public:
  /// Errors: see BinaryMemory; ConfigError for a look that does not have `units` pixels.
  explicit Store(std::int64_t units, const BinaryOptions& options = {}, const Look& look = {});

  /// Reads a file. Throws FormatError, naming the file, when it is damaged, is no store, is of a newer
  /// format, or holds patterns that its rule cannot learn.
  static Store load(const std::string& path);
  static Store from_safetensors(const SafetensorsFile& file, const std::string& name = "<memory>");
  /// Writes atomically: whatever happens, there is the old file or the new one. Throws FormatError.
  void save(const std::string& path) const;
  SafetensorsFile to_safetensors() const;

  const BinaryMemory& memory() const { return memory_; }
  const PatternSet& patterns() const { return patterns_; }
  std::int64_t units() const { return patterns_.units; }
  std::int64_t size() const { return patterns_.size(); }

  /// Adds patterns, all or none. Throws ShapeError for another number of units; DataError, naming the
  /// pattern, for one that is stored already or has no unit up, and for what the rule cannot learn.
  /// Calibration is lost.
  void add(const PatternSet& patterns);
  /// Removes a pattern; those behind it move up. A rule that cannot unlearn it learns the others anew.
  void remove(std::int64_t index);
  /// From now on the weights are those of the patterns less those of the dreams, which follow all patterns
  /// and so are dreamt anew whenever patterns come or go, and when the file is read. Takes the place of the
  /// unlearning before; 0 dreams undo it. Calibration is lost. Throws ConfigError, unchanged, for numbers out
  /// of range, and for memories without symmetric weights.
  void unlearn(const Unlearning& unlearning);
  const Unlearning& unlearning() const { return unlearning_; }
  /// The pattern of a label, or of a number from 0. Throws ConfigError where there is none, offering the
  /// nearest label, or several.
  std::int64_t find(const std::string& label_or_number) const;

  /// Recalls a cue [units], or cues [count, units]. Errors: see Memory::recall.
  Recognition recognise(std::span<const float> cue, const RecallOptions& options = {}) const;
  std::vector<Recognition> recognise_batch(std::span<const float> cues,
                                           const RecallOptions& options = {}) const;

  /// Learns to tell what is stored: recalls stored patterns with up to 30 % of their bits inverted, and as
  /// many states that are not stored: random ones, and patterns whose units were shuffled. Nothing happens to
  /// an empty store.
  void calibrate(std::uint64_t seed = 0);
  const std::optional<Calibration>& calibration() const { return calibration_; }

  /// Measures at most so many of the patterns, evenly chosen.
  Crosstalk crosstalk(std::int64_t most = 32) const;
  /// How many random patterns the rule is said to hold (see memory_theory.hpp), where a law is known: there
  /// is none of unlearning.
  std::optional<double> capacity() const;
  /// Said when the store is nearly full: its patterns are 80 % of the capacity, or crosstalk lets 0.1 % of
  /// their bits be unstable. Names a rule that holds these very patterns, if one does.
  std::optional<std::string> warning() const;

 private:
  void relearn();
  void check_new(const PatternSet& patterns) const;

  BinaryMemory memory_;
  PatternSet patterns_;
  Unlearning unlearning_;
  std::optional<Calibration> calibration_;
};

}  // namespace hebb::memory
