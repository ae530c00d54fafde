#include "kernels/isa.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace hebb {
namespace {

// Before main, so that every kernel of this program is chosen by HEBB_ISA.
const std::string kChosen = isa_name();

TEST(Isa, IsTheOneAskedFor) {
  const char* asked = std::getenv("HEBB_ISA");
  if (asked == nullptr || *asked == '\0') GTEST_SKIP() << "SKIPPED: HEBB_ISA is not set";
  const std::string name = asked;
  if (name == "amx" || name == "avx512") {
    EXPECT_EQ(kChosen.substr(0, 4), "AVX3");
    EXPECT_EQ(bf16_products() == "AMX", name == "amx");
  }
  if (name == "avx2") {
    EXPECT_EQ(kChosen, "AVX2");
  }
  if (name == "scalar") {
    EXPECT_TRUE(kChosen != "AVX2" && kChosen.substr(0, 4) != "AVX3") << kChosen;
  }
}

TEST(Isa, CountsWhatItMultipliesAndAdds) { EXPECT_EQ(multiply_and_add(10) % 20, 0); }

}  // namespace
}  // namespace hebb
