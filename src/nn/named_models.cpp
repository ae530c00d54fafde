/// The models that have a name.

#include <algorithm>
#include <array>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/model.hpp"

namespace hebb {

namespace {

constexpr std::array<NamedModel, 3> kModels = {{
    {"lenet5", "LeNet-5 for small grey images (LeCun et al. 1998), in today's form",
     "conv(6, kernel=5, padding=same, act=tanh) avgpool(2) conv(16, kernel=5, act=tanh) avgpool(2) flatten "
     "dense(120, act=tanh) dense(84, act=tanh) dense(10)"},
    {"cnn", "two convolutions and two dense layers, with dropout; for ten classes",
     "conv(32, kernel=3, act=relu) conv(32, kernel=3, act=relu) maxpool(2) dropout(0.2) flatten "
     "dense(128, act=relu) dropout(0.2) dense(10)"},
    {"resnet20", "residual network of 20 layers with shortcuts without weights (He et al. 2016, section 4.2)",
     "conv(16, kernel=3, padding=1, bias=false) batch_norm relu "
     "residual(conv(16, kernel=3, padding=1, bias=false) batch_norm relu conv(16, kernel=3, padding=1, "
     "bias=false) batch_norm) relu "
     "residual(conv(16, kernel=3, padding=1, bias=false) batch_norm relu conv(16, kernel=3, padding=1, "
     "bias=false) batch_norm) relu "
     "residual(conv(16, kernel=3, padding=1, bias=false) batch_norm relu conv(16, kernel=3, padding=1, "
     "bias=false) batch_norm) relu "
     "residual(conv(32, kernel=3, stride=2, padding=1, bias=false) batch_norm relu conv(32, kernel=3, "
     "padding=1, bias=false) batch_norm, projection=subsample(2, channels=32)) relu "
     "residual(conv(32, kernel=3, padding=1, bias=false) batch_norm relu conv(32, kernel=3, padding=1, "
     "bias=false) batch_norm) relu "
     "residual(conv(32, kernel=3, padding=1, bias=false) batch_norm relu conv(32, kernel=3, padding=1, "
     "bias=false) batch_norm) relu "
     "residual(conv(64, kernel=3, stride=2, padding=1, bias=false) batch_norm relu conv(64, kernel=3, "
     "padding=1, bias=false) batch_norm, projection=subsample(2, channels=64)) relu "
     "residual(conv(64, kernel=3, padding=1, bias=false) batch_norm relu conv(64, kernel=3, padding=1, "
     "bias=false) batch_norm) relu "
     "residual(conv(64, kernel=3, padding=1, bias=false) batch_norm relu conv(64, kernel=3, padding=1, "
     "bias=false) batch_norm) relu "
     "globalavgpool dense(10)"},
}};

}  // namespace

std::span<const NamedModel> named_models() { return kModels; }

std::string_view model_text(std::string_view name) {
  const auto* found =
      std::find_if(kModels.begin(), kModels.end(), [&](const NamedModel& m) { return m.name == name; });
  if (found != kModels.end()) return found->text;
  std::vector<std::string_view> names;
  for (const NamedModel& m : kModels) names.push_back(m.name);
  throw ConfigError(unknown_name("model", name, names));
}

}  // namespace hebb
