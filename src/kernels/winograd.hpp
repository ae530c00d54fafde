/// Filters of 3 x 3 with fewer products: 2 x 2 outputs are made from 4 x 4 pixels by 16 products for each
/// channel instead of 36 (Winograd 1980; Lavin and Gray 2016, arXiv:1509.09308). With
///
///     B = [1 0 0 0; 0 1 -1 1; -1 1 1 0; 0 0 0 -1]   G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1]
///     A = [1 0; 1 1; 1 -1; 0 -1]
///
/// the outputs of a tile of pixels d under a filter g are A' ((G g G') o (B' d B)) A. Summed over channels,
/// the product in the middle is a matrix product at each of 16 positions: of tiles x channels and channels x
/// outputs.
#pragma once

#include <array>
#include <cstdint>

namespace hebb {

inline constexpr std::int64_t kWinogradPositions = 16;

/// Neighbouring tiles of pixels, each two pixels right of the one before: to[position][tile][channel] = B' d
/// B.
struct WinogradPixels {
  const float* pixels = nullptr;  ///< of the first tile; each reads 4 x 4 of them
  std::int64_t row_step = 0;      ///< elements between rows
  std::int64_t channels = 0;      ///< and between pixels
  std::int64_t tiles = 0;
  float* to = nullptr;
  std::int64_t position_step = 0;  ///< elements between positions
};
void winograd_pixels(const WinogradPixels& w);

/// The outputs of such tiles: to = A' m A + bias.
struct WinogradOutputs {
  const float* products = nullptr;  ///< of the first tile, at the first position
  std::int64_t position_step = 0;
  std::int64_t tile_step = 0;
  std::int64_t outputs = 0;
  const float* bias = nullptr;  ///< null for zeros
  std::int64_t tiles = 0;
  std::int64_t rows = 2;     ///< of outputs that there are, 1 or 2
  std::int64_t columns = 0;  ///< of outputs that there are, 2 tiles or one less
  float* to = nullptr;
  std::int64_t row_step = 0;  ///< elements between rows of outputs; pixels are `outputs` apart
};
void winograd_outputs(const WinogradOutputs& w);

/// The gradient with respect to the outputs of such tiles, for that with respect to the filter: to = A y A',
/// y being zero where there is no output. The gradient with respect to the filter of a channel is G' s G, s
/// being the sum over all tiles of to, times what winograd_pixels makes of the channel.
struct WinogradSlopes {
  const float* slopes = nullptr;  ///< of the first tile
  std::int64_t row_step = 0;      ///< elements between rows; pixels are `outputs` apart
  std::int64_t outputs = 0;
  std::int64_t tiles = 0;
  std::int64_t rows = 2, columns = 0;  ///< as in WinogradOutputs
  float* to = nullptr;                 ///< rows of whole vectors of outputs, the last filled up with zeros
  std::int64_t position_step = 0;
  std::int64_t tile_step = 0;
};
void winograd_slopes(const WinogradSlopes& w);

/// G' s G for one channel: tap (u, v) of output o is to[(3 u + v) * tap_step + o].
struct WinogradSums {
  const float* sums = nullptr;  ///< [position][output]
  std::int64_t position_step = 0;
  std::int64_t outputs = 0;
  float* to = nullptr;
  std::int64_t tap_step = 0;
};
void winograd_sums(const WinogradSums& w);

/// Filters of one channel: to[position][output] = G g G', g[u][v] being taps[3 u + v][output].
struct WinogradFilter {
  std::array<const float*, 9> taps = {};
  std::int64_t outputs = 0;
  float* to = nullptr;
  std::int64_t position_step = 0;
};
void winograd_filter(const WinogradFilter& w);

}  // namespace hebb
