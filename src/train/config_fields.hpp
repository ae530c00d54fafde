/// The keys of a configuration, in the order of the file: one list for reading, writing and comparing.
#pragma once

#include <string>

#include "hebb/config.hpp"

namespace hebb::training {

/// The whole training set is a batch: 0, in TOML "full".
struct BatchSize {
  std::int64_t& value;
};

/// Calls `field(key, member)` for every key; `group(title)` before each part of the file. `Config` is
/// TrainConfig or const TrainConfig; a batch size comes as BatchSize when it can be changed, as a number
/// otherwise.
template <class Config, class Group, class Field>
void for_each_field(Config& c, const Group& group, const Field& field) {
  group("Data");
  field("data", c.data);
  field("data_dirs", c.data_options.directories);
  field("count", c.data_options.count);
  field("test_count", c.data_options.test_count);
  field("noise", c.data_options.noise);
  field("data_seed", c.data_options.seed);
  field("classes", c.data_options.classes);
  field("target", c.data_options.target);
  field("task", c.data_options.task);
  field("missing", c.data_options.missing);
  field("ignore", c.data_options.ignore);
  field("header", c.data_options.header);
  field("labels", c.data_options.labels_path);
  field("image_size", c.data_options.image_size);
  field("channels", c.data_options.channels);
  field("skip_bad", c.data_options.skip_bad);
  field("scale", c.scale);
  field("validation", c.validation);
  field("augment", c.augment);
  group("Model");
  field("model", c.model);
  field("init_from", c.init_from);
  field("replace_last", c.replace_last);
  field("freeze", c.freeze);
  group("Learning");
  field("loss", c.loss);
  field("optimizer", c.optimizer);
  field("learning_rate", c.learning_rate);
  field("schedule", c.schedule);
  if constexpr (std::is_const_v<Config>) {
    field("batch_size", c.batch_size);
  } else {
    field("batch_size", BatchSize{c.batch_size});
  }
  field("epochs", c.epochs);
  field("l1", c.l1);
  field("l2", c.l2);
  field("mixup", c.mixup);
  field("ema", c.ema);
  field("clip_value", c.clip_value);
  field("clip_norm", c.clip_norm);
  field("patience", c.patience);
  field("seed", c.seed);
  group("Running");
  field("checkpoint_seconds", c.checkpoint_seconds);
  field("evaluation_batch", c.evaluation_batch);
  field("threads", c.threads);
  field("precision", c.precision);
}

/// The first key, other than those that may change when a run goes on, in which two configurations differ;
/// empty when there is none.
std::string first_difference(const TrainConfig& a, const TrainConfig& b);

}  // namespace hebb::training
