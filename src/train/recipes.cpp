/// The recipes that come with the library: configurations that are known to do well, as TOML.

#include <algorithm>
#include <array>

#include "core/names.hpp"
#include "hebb/config.hpp"
#include "hebb/error.hpp"

namespace hebb {

namespace {

constexpr std::array<Recipe, 2> kRecipes = {{
    {"fast-mnist",
     "MNIST to 99 % in seconds: a small convolutional network and one cycle of the learning rate",
     R"toml(# 99 % in two epochs. Chosen by its accuracy on a tenth of the training samples, which had been set aside
# (validation = 0.1), never by the test samples.
data = "mnist"
model = "conv(16, kernel=5, stride=2, act=relu) conv(32, kernel=3, bias=false) maxpool(2) batch_norm relu flatten dense(64, bias=false) batch_norm relu dense(10)"
optimizer = "adam"
learning_rate = 0.015
schedule = "one_cycle"
batch_size = 128
epochs = 2
)toml"},
    {"accurate-mnist",
     "MNIST to 99.5 % in a minute: a wider network, shifted and turned images, averaged weights",
     R"toml(# 99.5 % in 14 epochs. Chosen as fast-mnist was.
data = "mnist"
augment = "shift(2) rotate(8)"
model = "conv(24, kernel=5, stride=2, bias=false) batch_norm relu conv(48, kernel=3, bias=false) batch_norm relu conv(48, kernel=3, bias=false) maxpool(2) batch_norm relu flatten dense(64, bias=false) batch_norm relu dense(10)"
optimizer = "adam"
learning_rate = 0.015
schedule = "one_cycle"
batch_size = 128
ema = 0.999
epochs = 14
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
