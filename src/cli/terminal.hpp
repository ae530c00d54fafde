/// The terminal, if there is one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hebb::cli {

/// Whether a file descriptor (1: standard output, 2: standard error) is a terminal that can redraw a line.
bool is_terminal(int descriptor);
/// Columns of the terminal; 80 where there is none.
int terminal_width(int descriptor);
/// Whether text may hold other characters than ASCII.
bool speaks_utf8();
/// Columns that UTF-8 text takes, each character counted as one.
std::size_t display_width(std::string_view text);

}  // namespace hebb::cli
