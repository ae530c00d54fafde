// Eight queens on a chess board, none attacking another, by energy descent: what is wanted is written as a
// quadratic energy of 64 binary variables, and a network of such units comes to rest in it.

#include <cstdio>
#include <hebb/energy_descent.hpp>

using namespace hebb::memory;

constexpr int kSide = 8;

int main() {
  QuadraticEnergy energy(kSide * kSide);  // 1 where a queen stands
  const auto square = [](int row, int column) { return row * kSide + column; };
  for (int k = 0; k < kSide; ++k) {
    std::vector<Term> row, column;
    for (int i = 0; i < kSide; ++i) {
      row.push_back({square(k, i)});
      column.push_back({square(i, k)});
    }
    energy.add_square(row, 1);  // (queens in the row - 1)^2
    energy.add_square(column, 1);
  }
  for (int a = 0; a < kSide * kSide; ++a) {  // and 1 for each pair on a diagonal
    for (int b = 0; b < a; ++b) {
      const int down = a / kSide - b / kSide;
      const int right = a % kSide - b % kSide;
      if (down == right || down == -right) energy.add(a, b, 1.0);
    }
  }

  const Minimum found = minimize(energy, {.starts = 1000});
  std::printf("lowest energy %g, reached by %lld of 1000 starts\n\n", found.energy,
              static_cast<long long>(found.hits));
  for (int row = 0; row < kSide; ++row) {
    for (int column = 0; column < kSide; ++column)
      std::printf(" %c", found.state[static_cast<std::size_t>(square(row, column))] > 0 ? 'Q' : '.');
    std::puts("");
  }
  // The way down of the start that found it, sweep by sweep.
  std::printf("\nenergy:");
  for (const double e : found.history) std::printf(" %g", e);
  std::puts("");
  return found.energy == 0 ? 0 : 1;
}
