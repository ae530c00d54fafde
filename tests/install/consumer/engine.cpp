// An outside program that uses the engine alone: d/dw of sum((x w)^2) at one point.
#include <hebb/ops.hpp>
#include <hebb/transforms.hpp>
#include <iostream>

int main() {
  const hebb::Tensor x = hebb::Tensor::rows({{1.0f, 2.0f}, {3.0f, 4.0f}});
  const auto loss = [&](const hebb::Tensors& w) { return hebb::sum(hebb::square(hebb::matmul(x, w[0]))); };
  const hebb::Tensor w = hebb::Tensor::rows({{1.0f}, {1.0f}});
  const auto gradient = hebb::evaluate(hebb::grad(loss)({w})[0]).to_vector();
  // x w = (3, 7); the gradient is 2 x^T (3, 7) = (48, 68).
  if (gradient.at(0) != 48.0 || gradient.at(1) != 68.0) {
    std::cerr << "expected a gradient of (48, 68), got (" << gradient[0] << ", " << gradient[1] << ")\n";
    return 1;
  }
  std::cout << "engine works\n";
}
