/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels for any processor: vectors of 16 bytes, which every 64-bit one has, and compilers make up elsewhere. */
#define VARIANT plain
#define TARGET
#define LANES 4
#if defined(__aarch64__)
#define TILE_ROWS 4
#else
#define TILE_ROWS 2
#endif
#define TILE_PANELS 1
#include "kernels/kernels_template.h"
