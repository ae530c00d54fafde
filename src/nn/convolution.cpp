#include "nn/convolution.hpp"

#include "hebb/error.hpp"

namespace hebb {

void require_options(std::string_view kind, std::int64_t channels, const Conv2dOptions& options) {
  require_number(kind, "channels", channels, 1);
  require_number(kind, "a kernel", options.kernel, 1);
  require_number(kind, "a stride", options.stride, 1);
  require_number(kind, "a dilation", options.dilation, 1);
  require_number(kind, "groups", options.groups, 1);
  if (options.padding != kSamePadding) require_number(kind, "a padding", options.padding, 0);
  if (channels % options.groups == 0) return;
  throw ConfigError(std::string(kind) + ": " + std::to_string(options.groups) + " groups do not divide " +
                    std::to_string(channels) + " channels");
}

void require_groups(std::string_view kind, const Conv2dOptions& options, std::int64_t inputs) {
  if (inputs % options.groups == 0) return;
  throw ShapeError(std::string(kind) + ": " + std::to_string(options.groups) + " groups do not divide the " +
                   std::to_string(inputs) + " channels of the input");
}

std::string describe_options(std::int64_t channels, const Conv2dOptions& options,
                             std::int64_t output_padding) {
  const Conv2dOptions usual;
  std::string text = std::to_string(channels);
  const auto add = [&](const char* key, std::int64_t value, std::int64_t otherwise) {
    if (value != otherwise) text += ", " + std::string(key) + "=" + std::to_string(value);
  };
  add("kernel", options.kernel, usual.kernel);
  add("stride", options.stride, usual.stride);
  if (options.padding == kSamePadding) {
    text += ", padding=same";
  } else {
    add("padding", options.padding, usual.padding);
  }
  add("output_padding", output_padding, 0);
  add("dilation", options.dilation, usual.dilation);
  add("groups", options.groups, usual.groups);
  if (!options.activation.is_none()) text += ", act=" + options.activation.describe();
  if (!options.bias) text += ", bias=false";
  if (!options.init.is_auto()) text += ", init=" + options.init.describe();
  return text;
}

Initializer filter_initializer(const Conv2dOptions& options) {
  return options.init.is_auto() ? options.activation.suitable_initializer() : options.init;
}

}  // namespace hebb
