// A block that Hebb has no layer for, made of what it has: squeeze and excitation (Hu, Shen and Sun 2018).
//
// A convolution treats its channels alike in every image. This block looks at the whole image first and then
// makes some channels louder and others quieter:
//
//     squeeze     s = mean of x over rows and columns          [batch, channels]
//     excitation  e = sigmoid(W2 relu(W1 s))                    [batch, channels], each in (0, 1)
//     result      y = x * e, for all pixels of a channel alike
//
// Layers and operations mix freely in a plain struct; its `visit` shows where the parameters are, and that is
// all that training, saving and loading need.

#include <cstdio>
#include <hebb/hebb.hpp>

using namespace hebb;

struct SqueezeExcitation {
  Linear narrow, wide;

  SqueezeExcitation(std::int64_t channels, std::int64_t inner, Random& random)
      : narrow(built(Linear(inner, {.activation = "relu"}), {channels}, random)),
        wide(built(Linear(channels, {.activation = "sigmoid"}), {inner}, random)) {}

  Tensor operator()(const Tensor& x, ForwardContext& context) const {
    const Tensor loudness = wide(narrow(mean(x, {1, 2}), context), context);
    return x * reshape(loudness, {x.shape()[0], 1, 1, x.shape()[3]});
  }
  void visit(ParameterVisitor& visitor) {
    visitor("narrow", narrow);
    visitor("wide", wide);
  }
};

struct Net {
  Conv2d edges, shapes;
  SqueezeExcitation attention;
  Linear classes;

  Net(const Shape& image, Random& random)
      : edges(built(Conv2d(8, {.stride = 2, .activation = "relu"}), image, random)),
        shapes(built(Conv2d(16, {.stride = 2, .activation = "relu"}), edges.output_shape(image), random)),
        attention(16, 4, random),
        classes(built(Linear(10), shapes.output_shape(edges.output_shape(image)), random)) {}

  Tensor operator()(const Tensor& x, ForwardContext& context) const {
    return classes(attention(shapes(edges(x, context), context), context), context);
  }
  void visit(ParameterVisitor& visitor) {
    visitor("edges", edges);
    visitor("shapes", shapes);
    visitor("attention", attention);
    visitor("classes", classes);
  }
};

int main() {
  DataSplits data = load_dataset("strokes");
  apply_scaling(data, ScaleKind::standard);

  Random random(1);
  auto model = make_module(Net(data.train->input_shape(), random));
  for (const NamedTensor& p : parameters(model)) {
    std::printf("%-24s %s\n", p.name.c_str(), to_string(p.value->shape()).c_str());
  }
  train(model,
        {.loss = "cross_entropy",
         .optimizer = Adam({.learning_rate = 3e-3}),
         .batch_size = 64,
         .epochs = 2,
         .seed = 1},
        {.train = data.train.get()});
  const EvaluationReport report = evaluate(model, *data.test, "cross_entropy");
  std::printf("test accuracy %.2f %%\n", 100 * report.classes->accuracy());

  // A free composition is saved as the graph of its operations; a reader needs nothing of this program.
  save_model("squeeze.safetensors", SavedModel(model, data.spec, "cross_entropy"));
  const SavedModel reader = load_model("squeeze.safetensors");
  const bool same = evaluate(*reader.module, *data.test, "cross_entropy").loss == report.loss;
  std::printf("the saved model computes %s\n", same ? "the same" : "something else");
  std::remove("squeeze.safetensors");
  return same && report.classes->accuracy() > 0.9 ? 0 : 1;
}
