/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte kernels for x86 processors with tiles (AMX-INT8): products large enough for them; all else is as with
 * AVX-512 VNNI. Tiles are a thread's own and hold something only during a call.
 */
#include "kernels/byte_kernels_variants.h"

#ifdef C2S_BYTE_KERNELS_AMX
#define VARIANT amx
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512vnni,amx-tile,amx-int8")))
#include "kernels/byte_kernels_512.h"

#define TILES 1
/* Some compilers don't see what these read. */
#define WRITTEN() __asm__ volatile("" ::: "memory")
#define TILES_SET(shapes) set_shapes(shapes)
#define TILES_DROP() drop_tiles()
#define TILE_ZERO(tile) _tile_zero(tile)
#define TILE_LOAD(tile, from, step)                                                                                  \
    do {                                                                                                             \
        const void *from_ = from;                                                                                    \
        WRITTEN();                                                                                                   \
        _tile_loadd(tile, from_, step);                                                                              \
    } while (0)
#define TILE_STORE(tile, to, step)                                                                                   \
    do {                                                                                                             \
        _tile_stored(tile, to, step);                                                                                \
        WRITTEN();                                                                                                   \
    } while (0)
#define TILE_DOT(sums, input, weights) _tile_dpbusd(sums, input, weights)

TARGET static void set_shapes(const void *shapes)
{
    WRITTEN();
    _tile_loadconfig(shapes);
}

TARGET static void drop_tiles(void)
{
    _tile_release();
}
#include "kernels/byte_kernels_template.h"

/* With fewer, most of a tile's work would be for nothing. */
enum { LEAST_PIXELS = 8, LEAST_GROUPS = 8 };

static void multiply(const struct c2s_byte_product *p)
{
    if (p->runs || p->pixels < LEAST_PIXELS || p->groups < LEAST_GROUPS)
        c2s_byte_kernels_avx512vnni.multiply(p);
    else
        multiply_by_tiles(p);
}

static void depthwise(const struct c2s_byte_window *p)
{
    c2s_byte_kernels_avx512vnni.depthwise(p);
}

static void largest(const uint8_t *x, uint8_t *y, size_t count)
{
    c2s_byte_kernels_avx512vnni.largest(x, y, count);
}

const struct c2s_byte_kernels c2s_byte_kernels_amx = {"amx", BLOCK, INPUT_OFFSET, multiply, depthwise, largest};
#endif
