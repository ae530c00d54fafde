// A neural network of two layers, from the first number to the last.
//
// Four rows of three numbers go in; the network shall say 0, 1, 1, 0. It has four hidden units:
//
//     hidden     = sigmoid(input  W1)         [4, 3] x [3, 4] -> [4, 4]
//     prediction = sigmoid(hidden W2)         [4, 4] x [4, 1] -> [4, 1]
//     loss       = the sum over the rows of (prediction - target)^2
//
// Learning is gradient descent: 1500 times, each weight moves a little against the derivative of the loss
// with respect to it. The derivatives come from the chain rule, which `gradients` applies for us:
//
//     W1 = W1 - rate * dloss/dW1,    W2 = W2 - rate * dloss/dW2.

#include <cstdio>
#include <hebb/hebb.hpp>
#include <string>

using namespace hebb;

constexpr double kRate = 1.0;
constexpr int kSteps = 1500;

// What the network computes, written as in the formulas above.
Tensor predict(const Tensor& input, const Tensor& w1, const Tensor& w2) {
  const Tensor hidden = sigmoid(matmul(input, w1));
  return sigmoid(matmul(hidden, w2));
}

int main() {
  const Tensor input = Tensor::rows({{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}});
  const Tensor target = Tensor::rows({{0}, {1}, {1}, {0}});

  // One step: the loss, and the weights after it. Compiled once, run as often as we like.
  const Compiled step = compile([&](const Tensors& weights) -> Tensors {
    const Tensor& w1 = weights[0];
    const Tensor& w2 = weights[1];
    const Tensor loss = sum(square(predict(input, w1, w2) - target));
    const Tensors slope = gradients(loss, {w1, w2});
    return {loss, w1 - kRate * slope[0], w2 - kRate * slope[1]};
  });

  // Weights start at random, between -1 and 1: were they all equal, the hidden units would stay equal for
  // ever.
  Random random(0);
  const Initializer uniform("uniform", 1.0);
  Tensor w1 = uniform({3, 4}, {}, random);
  Tensor w2 = uniform({4, 1}, {}, random);

  std::puts(" step     loss");
  for (int i = 0; i <= kSteps; ++i) {
    const Tensors after = step({w1, w2});
    const double loss = after[0].item();
    if (i % 100 == 0) {
      const std::string bar(static_cast<std::size_t>(loss * 50), '#');
      std::printf("%5d  %7.4f  %s\n", i, loss, bar.c_str());
    }
    if (i < kSteps) {
      w1 = after[1];
      w2 = after[2];
    }
  }

  std::puts("\n input   true  predicted");
  const std::vector<double> predicted = predict(input, w1, w2).to_vector();
  const std::vector<double> x = input.to_vector();
  const std::vector<double> y = target.to_vector();
  for (std::size_t row = 0; row < 4; ++row) {
    std::printf(" %g %g %g   %4g  %9.3f\n", x[3 * row], x[3 * row + 1], x[3 * row + 2], y[row],
                predicted[row]);
  }
  return 0;
}
