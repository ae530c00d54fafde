/// Neural networks: layers, initialisers, models, losses and metrics, and looking inside.
#pragma once

#include "hebb/hopfield_layers.hpp"  // IWYU pragma: export
#include "hebb/image_layers.hpp"     // IWYU pragma: export
#include "hebb/initializers.hpp"     // IWYU pragma: export
#include "hebb/inspection.hpp"       // IWYU pragma: export
#include "hebb/layers.hpp"           // IWYU pragma: export
#include "hebb/losses.hpp"           // IWYU pragma: export
#include "hebb/metrics.hpp"          // IWYU pragma: export
#include "hebb/model.hpp"            // IWYU pragma: export
#include "hebb/module.hpp"           // IWYU pragma: export
