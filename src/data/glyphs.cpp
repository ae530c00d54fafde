#include "data/glyphs.hpp"

#include <array>
#include <cstddef>

namespace hebb {
namespace {

constexpr bool kCorner = true;

using Variants = std::vector<Glyph>;

Variants zeros() {
  const PenStroke round = {{.55F, .0F}, {.2F, .14F}, {.02F, .52F}, {.2F, .9F}, {.55F, 1.F},
                           {.87F, .8F}, {.97F, .4F}, {.78F, .07F}, {.5F, .01F}};
  const PenStroke overlapping = {{.8F, .12F},  {.45F, .03F}, {.1F, .35F},  {.08F, .75F}, {.42F, 1.F},
                                 {.85F, .78F}, {.93F, .35F}, {.65F, .03F}, {.38F, .1F}};
  const PenStroke open = {{.42F, .05F}, {.1F, .3F},   {.06F, .7F}, {.4F, .99F},
                          {.8F, .85F},  {.95F, .45F}, {.75F, .1F}, {.55F, .09F}};
  return {{.72F, {round}}, {.55F, {overlapping}}, {.85F, {round}}, {.66F, {open}}};
}

Variants ones() {
  const PenStroke bar = {{.5F, .0F}, {.5F, .5F}, {.5F, 1.F}};
  const PenStroke flag = {{.1F, .3F}, {.38F, .16F}, {.6F, .0F, kCorner}, {.6F, .5F}, {.58F, 1.F}};
  const PenStroke small_flag = {{.3F, .14F}, {.55F, .0F, kCorner}, {.52F, .5F}, {.5F, 1.F}};
  const PenStroke serif = {{.2F, 1.F}, {.95F, .98F}};
  return {{.3F, {bar}}, {.45F, {flag}}, {.5F, {flag, serif}}, {.35F, {small_flag}}};
}

Variants twos() {
  const PenStroke plain = {{.1F, .24F},  {.28F, .04F},         {.65F, .01F}, {.86F, .24F},
                           {.66F, .58F}, {.1F, .97F, kCorner}, {.5F, .955F}, {.95F, .95F}};
  const PenStroke looped = {{.1F, .2F},   {.4F, .0F},   {.8F, .1F},   {.8F, .42F}, {.42F, .84F}, {.16F, .98F},
                            {.06F, .86F}, {.24F, .76F}, {.55F, .93F}, {.8F, .99F}, {.97F, .88F}};
  const PenStroke swan = {{.14F, .32F}, {.22F, .06F}, {.6F, .0F},  {.82F, .28F}, {.52F, .66F},
                          {.16F, .96F}, {.42F, .89F}, {.7F, .97F}, {.98F, .9F}};
  const PenStroke angular = {{.12F, .1F}, {.5F, .0F},           {.85F, .16F},
                             {.62F, .5F}, {.05F, 1.F, kCorner}, {.92F, 1.F}};
  return {{.68F, {plain}}, {.68F, {looped}}, {.64F, {swan}}, {.66F, {angular}}};
}

Variants threes() {
  const PenStroke round = {{.1F, .14F},  {.42F, .0F}, {.8F, .14F}, {.7F, .4F},  {.36F, .48F, kCorner},
                           {.74F, .55F}, {.9F, .78F}, {.55F, 1.F}, {.08F, .88F}};
  const PenStroke flat = {{.14F, .03F}, {.84F, .02F, kCorner}, {.42F, .4F, kCorner}, {.78F, .5F},
                          {.88F, .76F}, {.52F, 1.F},           {.08F, .9F}};
  const PenStroke looped = {{.14F, .1F}, {.5F, .0F},  {.82F, .18F}, {.62F, .43F}, {.4F, .5F},  {.44F, .42F},
                            {.64F, .5F}, {.88F, .7F}, {.72F, .96F}, {.34F, 1.F},  {.04F, .84F}};
  const PenStroke wide = {{.2F, .08F}, {.55F, .0F}, {.8F, .2F}, {.48F, .44F, kCorner},
                          {.85F, .6F}, {.8F, .88F}, {.4F, 1.F}, {.1F, .96F}};
  return {{.62F, {round}}, {.64F, {flat}}, {.6F, {looped}}, {.72F, {wide}}};
}

Variants fours() {
  const PenStroke open_hook = {{.22F, .02F}, {.12F, .3F}, {.06F, .56F, kCorner}, {.5F, .57F}, {.94F, .53F}};
  const PenStroke mast = {{.72F, .14F}, {.68F, .55F}, {.64F, 1.F}};
  const PenStroke closed = {
      {.68F, .0F, kCorner}, {.4F, .32F}, {.04F, .68F, kCorner}, {.5F, .69F}, {.97F, .67F}};
  const PenStroke closed_mast = {{.68F, .0F}, {.69F, .5F}, {.7F, 1.F}};
  const PenStroke cup = {{.12F, .04F}, {.08F, .32F}, {.24F, .52F}, {.54F, .5F}, {.84F, .38F}};
  const PenStroke long_mast = {{.88F, .0F}, {.84F, .5F}, {.76F, 1.F}};
  return {{.7F, {open_hook, mast}}, {.7F, {closed, closed_mast}}, {.62F, {cup, long_mast}}};
}

Variants fives() {
  const PenStroke belly = {{.22F, .04F}, {.17F, .44F, kCorner}, {.5F, .36F}, {.86F, .56F},
                           {.8F, .88F},  {.42F, 1.F},           {.06F, .9F}};
  const PenStroke hat = {{.22F, .04F}, {.55F, .04F}, {.9F, .01F}};
  const PenStroke joined = {{.88F, .02F}, {.26F, .05F, kCorner}, {.18F, .42F, kCorner}, {.55F, .38F},
                            {.88F, .62F}, {.72F, .94F},          {.36F, 1.F},           {.05F, .9F}};
  const PenStroke soft = {{.9F, .04F},  {.42F, .06F}, {.24F, .26F}, {.44F, .42F},
                          {.76F, .56F}, {.82F, .82F}, {.5F, 1.F},   {.06F, .92F}};
  return {{.66F, {belly, hat}}, {.64F, {joined}}, {.6F, {soft}}};
}

Variants sixes() {
  const PenStroke curled = {{.8F, .04F}, {.42F, .16F}, {.12F, .56F}, {.2F, .92F}, {.54F, 1.F},
                            {.86F, .8F}, {.7F, .55F},  {.36F, .6F},  {.15F, .8F}};
  const PenStroke straight = {{.6F, .0F},  {.3F, .32F},  {.1F, .72F},  {.36F, 1.F},
                              {.8F, .88F}, {.78F, .62F}, {.44F, .56F}, {.13F, .78F}};
  const PenStroke open = {{.72F, .0F}, {.26F, .3F},  {.06F, .7F}, {.32F, 1.F},
                          {.8F, .9F},  {.84F, .62F}, {.5F, .52F}, {.24F, .66F}};
  return {{.6F, {curled}}, {.55F, {straight}}, {.64F, {open}}};
}

Variants sevens() {
  const PenStroke plain = {{.06F, .06F}, {.5F, .05F}, {.92F, .03F, kCorner}, {.6F, .45F}, {.42F, 1.F}};
  const PenStroke hooked = {{.06F, .24F},          {.1F, .04F, kCorner}, {.5F, .06F},
                            {.92F, .02F, kCorner}, {.62F, .48F},         {.5F, 1.F}};
  const PenStroke wavy = {{.06F, .12F},        {.26F, .02F}, {.56F, .1F},
                          {.9F, .0F, kCorner}, {.56F, .5F},  {.3F, 1.F}};
  const PenStroke bar = {{.3F, .52F}, {.86F, .48F}};
  return {{.66F, {plain}}, {.66F, {plain, bar}}, {.64F, {hooked}}, {.66F, {wavy}}, {.66F, {wavy, bar}}};
}

Variants eights() {
  const PenStroke eight = {{.8F, .14F}, {.46F, .0F},  {.16F, .2F}, {.42F, .45F}, {.8F, .68F}, {.76F, .94F},
                           {.4F, 1.F},  {.12F, .82F}, {.3F, .58F}, {.7F, .36F},  {.84F, .12F}};
  const PenStroke upper = {{.5F, .0F},   {.2F, .16F},  {.28F, .42F}, {.6F, .44F},
                           {.82F, .22F}, {.62F, .02F}, {.46F, .0F}};
  const PenStroke lower = {{.5F, .45F},  {.14F, .62F}, {.16F, .94F}, {.54F, 1.F},
                           {.88F, .82F}, {.76F, .54F}, {.48F, .45F}};
  const PenStroke open = {{.86F, .06F}, {.48F, .02F}, {.18F, .2F}, {.48F, .46F}, {.84F, .72F},
                          {.66F, .98F}, {.26F, .96F}, {.2F, .72F}, {.56F, .46F}, {.92F, .1F}};
  return {{.58F, {eight}}, {.6F, {upper, lower}}, {.56F, {open}}};
}

Variants nines() {
  const PenStroke straight = {{.84F, .16F},          {.5F, .0F},   {.14F, .2F}, {.32F, .5F}, {.68F, .44F},
                              {.86F, .14F, kCorner}, {.84F, .55F}, {.78F, 1.F}};
  const PenStroke curled = {{.82F, .2F},  {.48F, .01F}, {.12F, .24F}, {.36F, .52F}, {.74F, .38F},
                            {.86F, .16F}, {.86F, .58F}, {.62F, .94F}, {.16F, .96F}};
  const PenStroke slim = {{.8F, .08F},          {.38F, .04F}, {.16F, .32F}, {.5F, .48F},
                          {.82F, .1F, kCorner}, {.68F, .55F}, {.48F, 1.F}};
  return {{.58F, {straight}}, {.6F, {curled}}, {.58F, {slim}}};
}

}  // namespace

const std::vector<Glyph>& glyphs_of(std::int32_t digit) {
  static const std::array<Variants, 10> table = {zeros(), ones(),  twos(),   threes(), fours(),
                                                 fives(), sixes(), sevens(), eights(), nines()};
  return table.at(static_cast<std::size_t>(digit));
}

}  // namespace hebb
