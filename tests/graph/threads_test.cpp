/// Results do not depend on the number of threads, on shapes that are large enough to be shared among them.

#include "hebb/threads.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "hebb/transforms.hpp"

namespace hebb {
namespace {

Tensor normal(const Shape& shape, std::uint64_t stream) {
  Random random(3, stream);
  return Initializer("normal", 1.0)(shape, {}, random);
}

Tensor labels(std::int64_t n, std::uint32_t classes) {
  Random random(4, 0);
  return Tensor::make<std::int32_t>({n}, [&](std::int32_t* to) {
    for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<std::int32_t>(random.below(classes));
  });
}

struct Case {
  const char* name;
  std::function<Tensor()> make;
};

const std::vector<Case> kCases = {
    {"elementwise",
     [] {
       return tanh(normal({300, 400}, 1)) * sigmoid(normal({400}, 2)) + exp(normal({300, 1}, 3));
     }},
    {"matmul",
     [] {
       return matmul(normal({301, 777}, 1), normal({777, 259}, 2));
     }},
    {"matmul_tall",
     [] {
       return matmul(normal({3000, 40}, 1), normal({40, 10}, 2));
     }},
    {"matmul_transposed",
     [] {
       return matmul(normal({777, 301}, 1), normal({259, 777}, 2), {true, true});
     }},
    {"matmul_batched",
     [] {
       return matmul(normal({5, 90, 70}, 1), normal({70, 130}, 2));
     }},
    {"matmul_fused",
     [] {
       return relu(matmul(normal({400, 300}, 1), normal({300, 200}, 2)) + normal({200}, 3));
     }},
    {"sum_all",
     [] {
       return sum(normal({1000, 700}, 1));
     }},
    {"sum_rows",
     [] {
       return sum(normal({1000, 700}, 1), {0});
     }},
    {"sum_columns",
     [] {
       return sum(normal({1000, 700}, 1), {1});
     }},
    {"var",
     [] {
       return var(normal({1000, 700}, 1), {0});
     }},
    {"max",
     [] {
       return max(normal({900, 700}, 1));
     }},
    {"logsumexp",
     [] {
       return logsumexp(normal({900, 700}, 1), {0});
     }},
    {"softmax",
     [] {
       return softmax(normal({2000, 100}, 1));
     }},
    {"log_softmax",
     [] {
       return log_softmax(normal({100, 2000}, 1), 0);
     }},
    {"argmax",
     [] {
       return cast(argmax(normal({2000, 100}, 1)), DType::f32);
     }},
    {"cross_entropy",
     [] {
       return softmax_cross_entropy(normal({5000, 50}, 1), labels(5000, 50), 0.1);
     }},
    {"transpose",
     [] {
       return transpose(normal({700, 900}, 1));
     }},
    {"concat",
     [] {
       return concat({normal({700, 300}, 1), normal({700, 200}, 2)}, 1);
     }},
    {"slice",
     [] {
       return slice(normal({700, 900}, 1), 1, 13, 800);
     }},
    {"gather",
     [] {
       return gather(normal({50, 400}, 1), labels(3000, 50));
     }},
    {"scatter_add",
     [] {
       return scatter_add(normal({3000, 400}, 1), labels(3000, 50), 50);
     }},
    {"bernoulli",
     [] {
       return bernoulli(Tensor::from(std::vector<std::int32_t>{1, 2}, Shape{2}), 0.7, {600, 500}, 3);
     }},
};

class Threads : public ::testing::TestWithParam<Case> {};

TEST_P(Threads, GiveTheSameBits) {
  const int before = threads();
  std::vector<double> one;
  for (const int count : {1, 2, 3, 4}) {
    set_threads(count);
    const std::vector<double> values = evaluate(GetParam().make()).to_vector();
    if (one.empty()) one = values;
    ASSERT_EQ(std::memcmp(values.data(), one.data(), one.size() * sizeof(double)), 0) << count << " threads";
  }
  set_threads(before);
}

INSTANTIATE_TEST_SUITE_P(Large, Threads, ::testing::ValuesIn(kCases),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace hebb
