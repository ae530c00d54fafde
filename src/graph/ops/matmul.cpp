#include <algorithm>
#include <memory>

#include "core/parallel.hpp"
#include "graph/matmul_plan.hpp"
#include "graph/ops/common.hpp"
#include "kernels/scratch.hpp"

namespace hebb {

extern const Op op_matmul;

namespace {

/// The last two extents of an operand, as the product sees them.
std::pair<std::int64_t, std::int64_t> sides(const Shape& shape, bool transposed) {
  return transposed ? std::pair(shape[-1], shape[-2]) : std::pair(shape[-2], shape[-1]);
}

Shape leading(const Shape& shape) {
  return Shape(std::vector<std::int64_t>(shape.extents().begin(), shape.extents().end() - 2));
}

Signature infer(std::span<const Tensor> inputs, const Attributes& attributes) {
  const DType type = require_float(inputs);
  const Shape& a = inputs[0].shape();
  const Shape& b = inputs[1].shape();
  if (a.rank() < 2 || b.rank() < 2) throw ShapeError("a matrix product needs operands of rank 2 or more");
  const auto [m, k] = sides(a, attributes.flag("transpose_a"));
  const auto [k_of_b, n] = sides(b, attributes.flag("transpose_b"));
  if (k != k_of_b) {
    throw ShapeError("the inner extents differ: " + std::to_string(k) + " on the left, " +
                     std::to_string(k_of_b) + " on the right");
  }
  std::vector<std::int64_t> extents = broadcast_shapes(leading(a), leading(b)).extents();
  extents.push_back(m);
  extents.push_back(n);
  return {Shape(std::move(extents)), type};
}

/// One plain product of a batch: strides in elements.
GemmProblem plain_product(const Node& node) {
  const bool transpose_a = node.attributes.flag("transpose_a");
  const bool transpose_b = node.attributes.flag("transpose_b");
  const Shape& a = node.inputs[0].shape();
  const Shape& b = node.inputs[1].shape();
  const auto [m, k] = sides(a, transpose_a);
  const std::int64_t n = sides(b, transpose_b).second;
  return {.m = m,
          .n = n,
          .k = k,
          .transpose_a = transpose_a,
          .transpose_b = transpose_b,
          .a_stride = a[-1],
          .b_stride = b[-1],
          .c_stride = n};
}

std::vector<Tensor> vjp(const Tensor& y, const Tensor& g) {
  const Tensor& a = y.node().inputs[0];
  const Tensor& b = y.node().inputs[1];
  const bool ta = y.node().attributes.flag("transpose_a");
  const bool tb = y.node().attributes.flag("transpose_b");
  // C = A B: dA = G B^T, dB = A^T G; the transposed forms follow by transposing these.
  const Tensor da =
      ta ? matmul(b, g, {.transpose_a = tb, .transpose_b = true}) : matmul(g, b, {.transpose_b = !tb});
  // Leading axes that only the left operand has are more rows: one product sums over them, instead of many
  // products that are then added.
  const bool rows = b.shape().rank() == 2 && a.shape().rank() > 2 && !ta;
  const Tensor flat_a = rows ? reshape(a, {-1, a.shape()[-1]}) : a;
  const Tensor flat_g = rows ? reshape(g, {-1, g.shape()[-1]}) : g;
  const Tensor db = tb ? matmul(flat_g, flat_a, {.transpose_a = true, .transpose_b = ta})
                       : matmul(flat_a, flat_g, {.transpose_a = !ta});
  return {da, db};
}

constexpr std::int64_t kWorkOfThread = 20'000;  // multiply-adds
constexpr std::int64_t kLarge = 1 << 20;  // multiply-adds of a product that is worth all threads by itself

/// Products of every combination of leading axes: large ones one after the other, each parallel inside; of
/// others threads take several each.
BlockKernel block_kernel(const Node& node, const KernelSetting& setting) {
  if (is_single_product(node)) {
    const Gemm gemm(single_product(node, setting));
    const auto kept = std::make_shared<Scratch>();
    const float* packed_b = nullptr;
    if (const float* b = setting.constant(1); b != nullptr && gemm.packed_floats() > 0) {
      float* memory = kept->floats(gemm.packed_floats());
      gemm.pack(b, memory);
      packed_b = memory;
    }
    return [gemm, kept, packed_b](const void* const* operands, const float* bias, void* result,
                                  const Epilogue& epilogue) {
      gemm.run({static_cast<const float*>(operands[0]), static_cast<const float*>(operands[1]), bias,
                static_cast<float*>(result), packed_b},
               epilogue);
    };
  }
  const Shape lead = leading(node.shape);
  const auto a_at = broadcast_offsets(lead, leading(node.inputs[0].shape()));
  const auto b_at = broadcast_offsets(lead, leading(node.inputs[1].shape()));
  GemmProblem problem = plain_product(node);
  problem.precision = setting.precision;
  return [problem, a_at, b_at, gemm = Gemm(problem)](const void* const* operands, const float* bias,
                                                     void* result, const Epilogue& epilogue) {
    const auto* a = static_cast<const float*>(operands[0]);
    const auto* b = static_cast<const float*>(operands[1]);
    auto* c = static_cast<float*>(result);
    const auto products = static_cast<std::int64_t>(a_at.size());
    const auto run = [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const auto at = static_cast<std::size_t>(i);
        gemm.run({a + a_at[at] * problem.m * problem.k, b + b_at[at] * problem.k * problem.n, bias,
                  c + i * problem.m * problem.n});
        epilogue(i * problem.m, (i + 1) * problem.m, 0, problem.n);
      }
    };
    const std::int64_t work = problem.m * problem.n * problem.k;
    if (work >= kLarge) {
      run(0, products);
    } else {
      parallel_ranges(products, kWorkOfThread / std::max<std::int64_t>(work, 1), run);
    }
  };
}

}  // namespace

bool is_single_product(const Node& node) {
  const Shape& a = node.inputs[0].shape();
  const Shape& b = node.inputs[1].shape();
  return b.rank() == 2 && (a.rank() == 2 || !node.attributes.flag("transpose_a"));
}

GemmProblem single_product(const Node& node, const KernelSetting& setting) {
  GemmProblem problem = plain_product(node);
  problem.precision = setting.precision;
  problem.constant_b = setting.constant(1) != nullptr;
  if (node.inputs[0].shape().rank() > 2) {
    problem.m = 1;
    for (int axis = 0; axis + 1 < node.shape.rank(); ++axis) problem.m *= node.shape[axis];
  }
  return problem;
}

const Op op_matmul = {
    .name = "matmul",
    .arity = 2,
    .formula = "y[i, j] = sum over k of a[i, k] * b[k, j]",
    .infer = infer,
    .reference = Reference([](const auto& call) {
      const GemmProblem p = plain_product(call.node);
      const Shape lead = leading(call.node.shape);
      const auto a_at = broadcast_offsets(lead, leading(call.shape(0)));
      const auto b_at = broadcast_offsets(lead, leading(call.shape(1)));
      for (std::size_t batch = 0; batch < a_at.size(); ++batch) {
        const auto* a = call.in(0) + a_at[batch] * p.m * p.k;
        const auto* b = call.in(1) + b_at[batch] * p.k * p.n;
        auto* c = call.out() + static_cast<std::int64_t>(batch) * p.m * p.n;
        for (std::int64_t i = 0; i < p.m; ++i) {
          for (std::int64_t j = 0; j < p.n; ++j) {
            typename std::decay_t<decltype(call)>::Scalar sum = 0;
            for (std::int64_t k = 0; k < p.k; ++k) {
              sum += (p.transpose_a ? a[k * p.a_stride + i] : a[i * p.a_stride + k]) *
                     (p.transpose_b ? b[j * p.b_stride + k] : b[k * p.b_stride + j]);
            }
            c[i * p.n + j] = sum;
          }
        }
      }
    }),
    .vjp = vjp,
    .block_kernel = block_kernel,
    .adds_bias = true,
    .error = {.scale = ErrorBound::Scale::operands,
              .terms = [](const Node& node) { return plain_product(node).k; }},
    .sample =
        [](Sampler& s) {
          const std::int64_t m = s.extent();
          const std::int64_t n = s.extent();
          const std::int64_t k = s.extent();
          const MatmulOptions options{s.chance(), s.chance()};
          const auto operand = [&](std::int64_t rows, std::int64_t columns, bool transposed,
                                   std::vector<std::int64_t> lead) {
            lead.push_back(transposed ? columns : rows);
            lead.push_back(transposed ? rows : columns);
            return s.normal(Shape(std::move(lead)));
          };
          std::vector<std::int64_t> of_a;
          std::vector<std::int64_t> of_b;
          switch (s.integer(0, 3)) {
            case 0: of_a = {s.integer(1, 3)}; break;
            case 1: of_a = of_b = {s.integer(1, 3)}; break;
            case 2:
              of_a = {2, 1};
              of_b = {3};
              break;
            default: break;
          }
          return matmul(operand(m, k, options.transpose_a, of_a), operand(k, n, options.transpose_b, of_b),
                        options);
        },
};

Tensor matmul(const Tensor& a, const Tensor& b, MatmulOptions options) {
  return apply(op_matmul, {a, b},
               {{"transpose_a", std::int64_t{options.transpose_a}},
                {"transpose_b", std::int64_t{options.transpose_b}}});
}

}  // namespace hebb
