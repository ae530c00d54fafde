/// The scope that nodes built by this thread carry, and the making of nodes.
#pragma once

#include <memory>
#include <string>

#include "graph/node.hpp"

namespace hebb {

/// The names of the living Scopes of this thread, joined by dots.
const std::string& current_scope();

/// A node with a fresh id and the current scope.
std::shared_ptr<Node> new_node();

}  // namespace hebb
