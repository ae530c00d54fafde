// Multiple-instance learning: a label for a bag of instances, and none for the instances.
//
// Of the 16 instances of a bag one is a certain one, the key, or the opposite of the key, and that is the
// label. Which instance it is, and what the key looks like, is not told. Every bag is moved so that the mean
// of its instances is zero: to whatever comes behind a mean, all bags are the same. A Hopfield layer has
// learned queries that compare themselves with every instance and take the sum weighted by the softmax of the
// similarities (Ramsauer et al. 2020, arXiv:2008.02217): they find the key.

#include <cstdio>
#include <hebb/hebb.hpp>

using namespace hebb;

/// Trains on the bags and returns the share of the test bags that are told apart.
double accuracy(Sequential& model, const DataSplits& data) {
  model.build(data.train->input_shape(), /*seed=*/1);
  train(model,
        {.loss = "cross_entropy",
         .optimizer = Adam({.learning_rate = 1e-2}),
         .batch_size = 32,
         .epochs = 10,
         .seed = 1},
        {.train = data.train.get()});
  const double share = evaluate(model, *data.test, "cross_entropy").classes->accuracy();
  std::printf("%-70s %5.1f %%\n", model.to_string().c_str(), 100 * share);
  return share;
}

int main() {
  const DataSplits data = load_dataset("bags");  // 2000 bags [16, 8], and 1000 to test
  Sequential by_mean = Sequential::parse("reshape(16, 1, 8) globalavgpool dense(32, act=relu) dense(2)");
  Sequential by_hopfield = Sequential::parse("hopfield_pooling(quantity=2) dense(2)");
  const double blind = accuracy(by_mean, data);
  const double seeing = accuracy(by_hopfield, data);

  // What the queries attend to in a bag that holds the key.
  const auto& layer = dynamic_cast<const HopfieldPooling&>(by_hopfield.layer(0));
  std::vector<float> bag(16 * 8);
  const std::int64_t index = 1;  // the odd ones do
  data.test->fill({&index, 1}, bag.data(), {});
  const std::vector<double> weights = layer.weights(Tensor::from(bag, {1, 16, 8})).to_vector();
  for (std::size_t i = 0; i < weights.size(); ++i)
    std::printf("%s %.2f", i % 16 == 0 ? "\nattention to the 16 instances:" : "", weights[i]);
  std::printf("\n");
  return blind > 0.4 && blind < 0.6 && seeing > 0.95 ? 0 : 1;
}
