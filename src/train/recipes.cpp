/// The recipes that come with the library: configurations that are known to do well, as TOML.

#include <algorithm>
#include <array>

#include "core/names.hpp"
#include "hebb/config.hpp"
#include "hebb/error.hpp"

namespace hebb {

namespace {

constexpr std::array<Recipe, 1> kRecipes = {{
    {"fast-mnist", "MNIST in seconds: a small convolutional network and one cycle of the learning rate",
     R"toml(# 99 % in two epochs; more epochs, more accuracy: --epochs 40 --augment 'shift(2) rotate(8)'. Chosen by its
# accuracy on a tenth of the training samples, which had been set aside (validation = 0.1), never by the test samples.
data = "mnist"
model = "conv(16, kernel=5, stride=2, act=relu) conv(32, kernel=3, bias=false) maxpool(2) batch_norm relu flatten dense(64, bias=false) batch_norm relu dense(10)"
optimizer = "adam"
learning_rate = 0.015
schedule = "one_cycle"
batch_size = 128
epochs = 2
)toml"},
}};

}  // namespace

std::span<const Recipe> recipes() { return kRecipes; }

const Recipe& find_recipe(std::string_view name) {
  const auto* found =
      std::find_if(kRecipes.begin(), kRecipes.end(), [&](const Recipe& r) { return r.name == name; });
  if (found != kRecipes.end()) return *found;
  std::vector<std::string_view> names;
  for (const Recipe& r : kRecipes) names.push_back(r.name);
  throw ConfigError(unknown_name("recipe", name, names));
}

}  // namespace hebb
