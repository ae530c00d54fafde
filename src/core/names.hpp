/// Answers to names nobody knows.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hebb {

/// The candidate with the smallest edit distance to `name` (insertions, deletions, replacements, swaps of
/// neighbours; case does not count), the first of equal ones; empty when there is no candidate.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

/// "unknown layer 'dens'; did you mean 'dense'? Known: dense, dropout, ..."
std::string unknown_name(std::string_view what, std::string_view name,
                         std::span<const std::string_view> candidates);

/// Text from outside, fit for a message: quoted, shortened, unprintable bytes as \xNN.
std::string in_quotes(std::string_view text);

}  // namespace hebb
