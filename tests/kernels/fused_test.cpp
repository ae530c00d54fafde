#include "kernels/fused.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "hebb/random.hpp"

namespace hebb {
namespace {

using Matrix = std::vector<float>;

/// The program instruction by instruction.
std::vector<Matrix> by_instructions(const FusedProgram& program, const std::vector<Matrix>& operands,
                                    std::size_t rows, std::size_t columns) {
  std::vector<Matrix> values = operands;
  const auto is_scalar = [&](std::int8_t i) {
    return i >= 0 && i < program.operands && (program.scalars >> i & 1U) != 0;
  };
  for (const FusedLine& line : program.lines) {
    Matrix result(rows * columns);
    const unsigned scalars =
        (is_scalar(line.a) ? 1U : 0U) | (is_scalar(line.b) ? 2U : 0U) | (is_scalar(line.c) ? 4U : 0U);
    for (std::size_t row = 0; row < rows; ++row) {
      const auto at = [&](std::int8_t i) -> const float* {
        if (i < 0) return nullptr;
        return values[static_cast<std::size_t>(i)].data() + (is_scalar(i) ? row : row * columns);
      };
      elementwise_run(line.code, scalars)(at(line.a), at(line.b), at(line.c), result.data() + row * columns,
                                          columns);
    }
    values.push_back(std::move(result));
  }
  return values;
}

/// Every program on every width around a vector's: the same bits as its instructions, nothing written beside
/// them.
TEST(Fused, ComputesWhatItsInstructionsDo) {
  Random random(5, 0);
  for (std::size_t index = 0; index < fused_programs().size(); ++index) {
    const FusedProgram& program = fused_programs()[index];
    const FusedRun run = find_fused(program);
    ASSERT_NE(run, nullptr) << "program " << index;
    for (const std::size_t rows : {1U, 3U}) {
      for (std::size_t columns = 1; columns < 40; ++columns) {
        std::vector<Matrix> operands;
        for (int i = 0; i < program.operands; ++i) {
          Matrix values((program.scalars >> i & 1U) != 0 ? rows : rows * columns);
          for (float& value : values) value = std::abs(random.normal()) * (i == 0 ? -1.0F : 1.0F);
          operands.push_back(std::move(values));
        }
        const std::vector<Matrix> want = by_instructions(program, operands, rows, columns);
        // Rows of the results lie further apart than they are long.
        const std::size_t stride = columns + 5;
        std::vector<Matrix> results(program.stored.size(), Matrix(rows * stride, -77.0F));
        std::vector<FusedArray> arrays;
        for (int i = 0; i < program.operands; ++i) {
          arrays.push_back({operands[static_cast<std::size_t>(i)].data(),
                            (program.scalars >> i & 1U) != 0 ? 1 : static_cast<std::int64_t>(columns)});
        }
        for (Matrix& result : results) arrays.push_back({result.data(), static_cast<std::int64_t>(stride)});
        run(arrays.data(), static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns));
        for (std::size_t r = 0; r < results.size(); ++r) {
          const Matrix& exact = want[static_cast<std::size_t>(program.stored[r])];
          for (std::size_t row = 0; row < rows; ++row) {
            ASSERT_EQ(std::memcmp(results[r].data() + row * stride, exact.data() + row * columns,
                                  columns * sizeof(float)),
                      0)
                << "program " << index << ", result " << r << ", " << rows << " x " << columns;
            for (std::size_t j = columns; j < stride; ++j) ASSERT_EQ(results[r][row * stride + j], -77.0F);
          }
        }
      }
    }
  }
}

TEST(Fused, KnowsOnlyItsPrograms) {
  FusedProgram program = fused_programs()[0];
  ++program.operands;
  EXPECT_EQ(find_fused(program), nullptr);
}

}  // namespace
}  // namespace hebb
