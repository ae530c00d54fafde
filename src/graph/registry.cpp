#include <array>

#include "graph/op.hpp"
#include "hebb/ops.hpp"

namespace hebb {

#define HEBB_OP(name, ...) extern const Op op_##name;
#include "hebb/ops.def"
#undef HEBB_OP

std::span<const Op* const> registry() {
  static const auto rows = std::to_array<const Op*>({
#define HEBB_OP(name, ...) &op_##name,
#include "hebb/ops.def"
#undef HEBB_OP
  });
  return rows;
}

const Op* find_op(std::string_view name) {
  for (const Op* op : registry()) {
    if (op->name == name) return op;
  }
  return nullptr;
}

}  // namespace hebb
