// A program that trains, saves, loads and uses a classifier: what a program of yours would do.
//
// It reads MNIST from $HEBB_DATA/mnist or the cache folder of `hebb fetch mnist`; where that is not, Hebb's
// own digits take its place.

#include <cstdio>
#include <cstdlib>
#include <hebb/hebb.hpp>

using namespace hebb;

DataSplits digits() {
  DataOptions options;
  if (const char* folder = std::getenv("HEBB_DATA")) options.directories.push_back(folder);
  try {
    return load_dataset("mnist", options);
  } catch (const Error& error) {
    std::printf("SKIPPED: MNIST (%s); using strokes\n", error.what());
    return load_dataset("strokes");
  }
}

int main() {
  DataSplits data = digits();
  apply_scaling(data, ScaleKind::standard);

  // Layers by description; Sequential{Linear(128, {.activation = "relu"}), Linear(10)} is the same.
  Sequential model = Sequential::parse("dense(128, act=relu) dense(10)");
  model.build(data.train->input_shape(), /*seed=*/1);

  const TrainResult result = train(model,
                                   {.loss = "cross_entropy",
                                    .optimizer = Adam({.learning_rate = 1e-3}),
                                    .batch_size = 128,
                                    .epochs = 2,
                                    .seed = 1},
                                   {.train = data.train.get()});
  for (const EpochReport& epoch : result.epochs) {
    std::printf("epoch %d  loss %.4f  %.2f s\n", static_cast<int>(epoch.epoch), epoch.train_loss,
                epoch.seconds);
  }
  const EvaluationReport report = evaluate(model, *data.test, "cross_entropy");
  std::printf("test accuracy %.2f %%\n", 100 * report.classes->accuracy());

  // One file is the whole model: weights, description, scaling, class names.
  const std::string path = "digits.safetensors";
  save_model(path, SavedModel(model, data.spec, "cross_entropy"));

  // Elsewhere, perhaps: raw pixels in, probabilities out.
  LoadedModel reader(path);
  const DataSplits raw = digits();
  std::vector<float> pixels(static_cast<std::size_t>(reader.inputs()));
  std::int32_t label = 0;
  const std::int64_t first = 0;
  raw.test->fill(std::span(&first, 1), pixels.data(), {.labels = &label});
  const std::span<const float> probabilities = reader.predict(pixels);
  const std::int64_t guess = reader.class_of(probabilities);
  std::printf("the first test image is a %d; predicted %s with probability %.3f\n", label,
              std::string(reader.class_name(guess)).c_str(),
              static_cast<double>(probabilities[static_cast<std::size_t>(guess)]));
  std::remove(path.c_str());
  return report.classes->accuracy() > 0.9 ? 0 : 1;
}
