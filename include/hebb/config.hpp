/// What a run is: everything that decides its result, as values and as TOML.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/datasets.hpp"

namespace hebb {

/// The configuration of a run. Each member is a key of the TOML file, by the name it has here; keys that are
/// left out have the defaults below.
///
///     data = "mnist"
///     model = "dense(128, act=relu) dense(10)"
///     optimizer = "adam"
///     learning_rate = 0.001
///     epochs = 5
struct TrainConfig {
  // ---- Data ----
  std::string data = {};  ///< a name of known_datasets() or a path
  /// How it is loaded. In TOML its members are the keys `data_dirs`, `count`, `test_count`, `noise`,
  /// `data_seed`, `classes`, `target`, `task`, `missing`, `ignore`, `header`, `labels`,
  /// `image_size`, `channels`, `skip_bad`.
  DataOptions data_options = {};
  ScaleKind scale = ScaleKind::standard;
  double validation = 0;     ///< share of the training split set aside, in [0, 1); 0: none
  std::string augment = {};  ///< random changes of training images, as Augmentation::parse reads them

  // ---- Model ----
  /// The model description, the name of a model ("lenet5"), or a neuron that learns by its own rule
  /// ("perceptron", see neurons::neuron_help); may be empty when `init_from` says it all.
  std::string model = {};
  std::string init_from = {};     ///< a saved model to start from; with `model`, what fits by name is taken
  std::string replace_last = {};  ///< a layer, such as "dense(5)", put in the place of the last one
  std::vector<std::string> freeze = {};  ///< patterns of parameters that stay as they are: "dense_1.*"

  // ---- Learning ----
  std::string loss = "auto";       ///< as Loss::parse reads it; auto: what suits the data's targets
  std::string optimizer = "adam";  ///< name, with options where wanted: "sgd(momentum=0.9)"; "lbfgs"
  std::optional<double> learning_rate = {};  ///< positive; the optimiser's own default when empty
  std::string schedule = "constant";         ///< name, with options where wanted: "cosine"
  std::int64_t batch_size = 32;              ///< 0: the whole training set ("full" in TOML)
  std::int64_t epochs = 10;                  ///< in total, those before a resumption included
  double l1 = 0;                             ///< strengths of penalties
  double l2 = 0;
  double mixup = 0;           ///< mix samples of a batch by shares drawn from Beta(mixup, mixup); 0: none
  double ema = 0;             ///< decay of the moving average of weights, such as 0.999; 0: none
  double clip_value = 0;      ///< largest absolute value of a gradient's element; 0: no limit
  double clip_norm = 0;       ///< largest norm of the whole gradient; 0: no limit
  std::int64_t patience = 0;  ///< epochs without a better validation loss before stopping; 0: never stop
  std::uint64_t seed = 0;     ///< of initial weights, split, shuffling, dropout and augmentation

  // ---- Running ----
  double checkpoint_seconds = 30;        ///< time between checkpoints
  std::int64_t evaluation_batch = 1024;  ///< samples evaluated at once; changes results by rounding only
  std::int64_t threads = 0;              ///< 0: as many as there are processors; does not change results
  std::string precision = "f32";

  /// Throws ConfigError, naming the key, for what is out of its range whatever the data: a learning rate that
  /// is not a positive number, negative epochs, unknown names (with the nearest), a malformed model
  /// description.
  void check() const;
};

/// Reads TOML. `name` stands for the file in messages. Throws ConfigError with line and column for text that
/// is not TOML, an unknown key (with the nearest), a value of the wrong type, and whatever `check` refuses.
TrainConfig parse_config(std::string_view toml, const std::string& name = "<memory>");
/// The same of a file; FormatError when it cannot be read.
TrainConfig read_config(const std::string& path);

/// As TOML that `parse_config` reads back exactly; every key is written out but those without a value.
std::string to_toml(const TrainConfig& config);

/// The keys of the TOML file.
std::vector<std::string_view> config_keys();

/// Sets one key to a value given as text, as TOML writes it, though texts may go without quotes: ("epochs",
/// "5"), ("model", "dense(10)"). Throws ConfigError for an unknown key (with the nearest) and for a value of
/// the wrong type; ranges are for `check` to tell.
void set_config_value(TrainConfig& config, const std::string& key, const std::string& text);

/// A configuration that comes with the library.
struct Recipe {
  std::string_view name;     ///< "fast-mnist"
  std::string_view summary;  ///< one line
  std::string_view toml;     ///< as parse_config reads it
};
std::span<const Recipe> recipes();
/// The recipe of a name. Throws ConfigError, with the nearest name, when there is none.
const Recipe& find_recipe(std::string_view name);

}  // namespace hebb
