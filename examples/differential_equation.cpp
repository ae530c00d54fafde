// A network that learns to be the solution of a differential equation, y'' = -y, y(0) = 0, y'(0) = 1, without
// ever seeing it: the loss is how far the network is from obeying the equation (Raissi, Perdikaris and
// Karniadakis 2019, "physics-informed neural networks"). Its derivatives with respect to the weights are
// third derivatives of the network; all come from `gradients`, applied to its own results.

#include <cmath>
#include <cstdio>
#include <hebb/hebb.hpp>

using namespace hebb;

constexpr int kPoints = 40;
constexpr double kEnd = 3.14159265358979;

// y(x) = x + x^2 n(x) meets both conditions at 0, whatever the network n computes.
Tensor solution(const Tensor& x, const Tensors& w) {
  const Tensor n = matmul(tanh(matmul(x, w[0]) + w[1]), w[2]) + w[3];
  return x + x * x * n;
}

int main() {
  std::vector<float> grid;
  for (int i = 0; i < kPoints; ++i) grid.push_back(static_cast<float>(kEnd * i / (kPoints - 1)));
  const Tensor x = Tensor::from(grid, Shape{kPoints, 1});

  const auto loss = [&](const Tensors& w) {
    // Each row of y depends on its own x alone, so the gradient of the sum is the derivative row by row.
    const Tensor y = solution(x, w);
    const Tensor first = gradients(sum(y), {x})[0];
    const Tensor second = gradients(sum(first), {x})[0];
    return mean(square(second + y));
  };
  const Compiled value_and_slope = compile(value_and_grad(loss));

  Random random(1);
  const Initializer xavier("xavier_uniform");
  Tensors w = {xavier({1, 16}, {1, 16}, random), xavier({1, 16}, {1, 16}, random),
               xavier({16, 1}, {16, 1}, random), evaluate(full(0.0, {1, 1}))};

  // The weights as one vector, for L-BFGS.
  std::vector<double> point;
  for (const Tensor& part : w) {
    for (const double v : part.to_vector()) point.push_back(v);
  }
  const auto unpack = [&](std::span<const double> flat) {
    std::size_t at = 0;
    for (Tensor& part : w) {
      part = Tensor::make<float>(part.shape(), [&](float* to) {
        for (std::int64_t i = 0; i < part.size(); ++i) to[i] = static_cast<float>(flat[at++]);
      });
    }
  };
  const LossAndGradient f = [&](std::span<const double> flat, std::span<double> gradient) {
    unpack(flat);
    const Tensors found = value_and_slope(w);
    std::size_t at = 0;
    for (std::size_t i = 1; i < found.size(); ++i) {
      for (const double g : found[i].to_vector()) gradient[at++] = g;
    }
    return found[0].item();
  };

  Lbfgs method;
  for (int i = 0; i < 400 && !method.converged(); ++i) {
    const double before = method.step(point, f);
    if (i % 50 == 0) std::printf("iteration %3d  loss %.3e\n", i, before);
  }
  unpack(point);

  double worst = 0;
  const std::vector<double> y = solution(x, w).to_vector();
  std::puts("\n     x      y(x)     sin x");
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double exact = std::sin(static_cast<double>(grid[i]));
    if (i % 5 == 0) std::printf("%6.3f  %8.5f  %8.5f\n", static_cast<double>(grid[i]), y[i], exact);
    worst = std::max(worst, std::abs(y[i] - exact));
  }
  std::printf("\nlargest error %.1e\n", worst);
  return worst < 1e-2 ? 0 : 1;
}
