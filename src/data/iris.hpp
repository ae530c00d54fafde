/// The iris flowers of Fisher.
#pragma once

#include "hebb/datasets.hpp"

namespace hebb {

/// 150 flowers, 50 of each species: lengths and widths of sepals and petals in cm. The numbers are those of
/// R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936),
/// 179-188, table I. (The widespread file of the UCI repository has two slips, in the 35th and the 38th
/// flower; they are not in here.)
DataSplits make_iris();

}  // namespace hebb
