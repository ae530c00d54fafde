// From a folder of images to a saved model, and back to a prediction.
//
//     image_classifier FOLDER IMAGE      FOLDER/cat/001.png, FOLDER/dog/001.png, ...
//
// Without arguments it learns from what it draws itself: crosses and disks.

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <hebb/hebb.hpp>

using namespace hebb;
namespace fs = std::filesystem;

/// A gray image; where and how large the shape is is left to chance.
void draw(const fs::path& file, bool disk, Random& random) {
  const float x = random.uniform(7, 13), y = random.uniform(7, 13), size = random.uniform(4, 6);
  Image image{.height = 20, .width = 20, .channels = 1, .bytes = {}};
  for (int p = 0; p < 400; ++p) {
    const float u = std::abs(static_cast<float>(p % 20) - x), v = std::abs(static_cast<float>(p / 20) - y);
    const bool ink = disk ? std::hypot(u, v) < size : std::min(u, v) < 1.5F && std::max(u, v) < size;
    image.bytes.push_back(ink ? 230 : 20);
  }
  fs::create_directories(file.parent_path());
  write_png(file.string(), image);
}

int main(int argc, char** argv) {
  const fs::path work = fs::temp_directory_path() / "hebb_image_classifier";
  const std::string folder = argc > 2 ? argv[1] : (work / "shapes").string();
  const std::string unknown = argc > 2 ? argv[2] : (work / "unknown.png").string();
  Random random(1);
  for (int i = 0; i < 200; ++i)
    draw(work / "shapes" / (i % 2 ? "disk" : "cross") / (std::to_string(i) + ".png"), i % 2, random);
  draw(work / "unknown.png", true, random);

  DataSplits data = load_dataset(folder);
  apply_scaling(data, ScaleKind::standard);
  Sequential model =
      Sequential::parse("conv(8, act=relu) maxpool(2) conv(16, act=relu) globalavgpool dense(" +
                        std::to_string(data.spec.class_names.size()) + ")");
  model.build(data.train->input_shape(), /*seed=*/1);
  train(model, {.loss = "cross_entropy", .optimizer = Adam({.learning_rate = 1e-2F}), .epochs = 10},
        {.train = data.train.get()});
  save_model((work / "model.safetensors").string(), SavedModel(model, data.spec, "cross_entropy"));

  // Elsewhere, perhaps: the file of the model, and an image of any size.
  LoadedModel reader((work / "model.safetensors").string());
  const Shape& shape = reader.input().input_shape;  // height, width, channels
  const Image image = resized(with_channels(read_image(unknown), static_cast<int>(shape[2])),
                              static_cast<int>(shape[0]), static_cast<int>(shape[1]));
  const std::vector<float> pixels(image.bytes.begin(), image.bytes.end());
  const std::string answer(reader.class_name(reader.predict_class(pixels)));
  std::printf("%s: %s\n", unknown.c_str(), answer.c_str());
  fs::remove_all(work);
  return argc > 2 || answer == "disk" ? 0 : 1;
}
