/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86's tile instructions in plain C, with the faults that processors answer wrong uses with, and vectors for the
 * code around them: so that every processor runs byte_kernels_tiles.h. No guard: included once, before the template.
 */
#include <check.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/byte_kernels.h"

/* ------------------------------------------------------------------------------------------------ tiles */

static struct {
    bool set;
    size_t rows[8], row_bytes[8];
    uint8_t data[8][16][64];
} tiles;

/* LDTILECFG: which faults on palettes but 1 (0 releases), on what is reserved, and on half a shape. */
static void set_shapes(const void *memory)
{
    uint8_t bytes[64];
    memcpy(bytes, memory, sizeof bytes);
    memset(&tiles, 0, sizeof tiles);
    ck_assert_msg(bytes[0] == 1, "palette %d", bytes[0]);
    for (size_t i = 1; i < 16; i++)
        ck_assert_msg(bytes[i] == 0, "byte %zu of the configuration is %d", i, bytes[i]);
    for (size_t tile = 0; tile < 16; tile++) {
        size_t row_bytes = bytes[16 + 2 * tile] | (size_t)bytes[17 + 2 * tile] << 8, rows = bytes[48 + tile];
        ck_assert_msg(tile < 8 ? rows <= 16 && row_bytes <= 64 && !rows == !row_bytes : !rows && !row_bytes,
                      "tile %zu of %zu rows of %zu bytes", tile, rows, row_bytes);
        if (tile < 8) {
            tiles.rows[tile] = rows;
            tiles.row_bytes[tile] = row_bytes;
        }
    }
    tiles.set = true;
}

static void release(void)
{
    memset(&tiles, 0, sizeof tiles);
}

static void expect_shape(size_t tile)
{
    ck_assert_msg(tiles.set && tiles.rows[tile], "tile %zu is used without a shape", tile);
}

static void zero(size_t tile)
{
    expect_shape(tile);
    memset(tiles.data[tile], 0, sizeof tiles.data[tile]);
}

static void load(size_t tile, const void *from, size_t step)
{
    zero(tile);
    for (size_t r = 0; r < tiles.rows[tile]; r++)
        memcpy(tiles.data[tile][r], (const uint8_t *)from + r * step, tiles.row_bytes[tile]);
}

static void store(size_t tile, void *to, size_t step)
{
    expect_shape(tile);
    for (size_t r = 0; r < tiles.rows[tile]; r++)
        memcpy((uint8_t *)to + r * step, tiles.data[tile][r], tiles.row_bytes[tile]);
}

/* TDPBUSD: sums of 32 bits that wrap around. */
static void add_products(size_t sums, size_t input, size_t weights)
{
    expect_shape(sums);
    expect_shape(input);
    expect_shape(weights);
    ck_assert(sums != input && sums != weights && input != weights);
    ck_assert(tiles.row_bytes[sums] % 4 == 0 && tiles.row_bytes[input] % 4 == 0 && tiles.row_bytes[weights] % 4 == 0);
    ck_assert_uint_eq(tiles.rows[sums], tiles.rows[input]);
    ck_assert_uint_eq(tiles.row_bytes[sums], tiles.row_bytes[weights]);
    ck_assert_uint_eq(tiles.row_bytes[input] / 4, tiles.rows[weights]);
    for (size_t r = 0; r < tiles.rows[sums]; r++)
        for (size_t c = 0; c < tiles.row_bytes[sums] / 4; c++) {
            uint32_t sum;
            memcpy(&sum, tiles.data[sums][r] + 4 * c, sizeof sum);
            for (size_t k = 0; k < tiles.row_bytes[input]; k++)
                sum += (uint32_t)(tiles.data[input][r][k] * (int8_t)tiles.data[weights][k / 4][4 * c + k % 4]);
            memcpy(tiles.data[sums][r] + 4 * c, &sum, sizeof sum);
        }
}

#define TILES 1
#define TILES_SET(shapes) set_shapes(shapes)
#define TILES_DROP() release()
#define TILE_ZERO(tile) zero(tile)
#define TILE_LOAD(tile, from, step) load(tile, from, step)
#define TILE_STORE(tile, to, step) store(tile, to, step)
#define TILE_DOT(sums, input, weights) add_products(sums, input, weights)

/* ------------------------------------------------------------------------------------------------ vectors */

typedef struct {
    int32_t lane[16];
} vector;

static vector load_vector(const void *from)
{
    vector v;
    memcpy(&v, from, sizeof v);
    return v;
}

static void store_vector(void *to, vector v)
{
    memcpy(to, &v, sizeof v);
}

static vector spread(int32_t number)
{
    vector v;
    for (size_t i = 0; i < 16; i++)
        v.lane[i] = number;
    return v;
}

#define DEFINE(name, expression)                                                                                     \
    static vector name(vector v, vector w)                                                                           \
    {                                                                                                                \
        for (size_t i = 0; i < 16; i++) {                                                                            \
            int32_t a = v.lane[i], b = w.lane[i];                                                                    \
            v.lane[i] = (int32_t)(expression);                                                                       \
        }                                                                                                            \
        return v;                                                                                                    \
    }
DEFINE(smaller, a < b ? a : b)
DEFINE(larger, a > b ? a : b)
DEFINE(times, (uint32_t)a *(uint32_t)b)
DEFINE(plus, (uint32_t)a + (uint32_t)b)
DEFINE(shift, a >> b)

static vector narrow(vector a, vector b, vector c, vector d)
{
    vector all[] = {a, b, c, d}, result;
    int8_t bytes[64];
    for (size_t i = 0; i < 64; i++) {
        int32_t value = all[i / 16].lane[i % 16];
        bytes[i] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
    }
    memcpy(&result, bytes, sizeof result);
    return result;
}

static void store_lanes(uint8_t *to, vector v, uint8_t flip)
{
    for (size_t i = 0; i < 16; i++)
        to[i] = (uint8_t)v.lane[i] ^ flip;
}

static vector flip_bytes(vector v, uint8_t flip)
{
    for (size_t i = 0; i < 16; i++)
        v.lane[i] ^= (int32_t)(flip * UINT32_C(0x01010101));
    return v;
}

#define TARGET
#define INPUT_OFFSET 0
#define LANES 16
#define PANEL_SIZE_IN_VECTORS 1
#define TILE_VECTORS 4
#define ZERO spread(0)
#define LOAD(from) load_vector(from)
#define STORE(to, v) store_vector(to, v)
#define SPREAD(from) spread(read_four(from))
#define SMALLER(a, b) smaller(a, b)
#define LARGER(a, b) larger(a, b)
#define TIMES(a, b) times(a, b)
#define PLUS(a, b) plus(a, b)
#define SHIFT(a, b) shift(a, b)
#define NARROW(a, b, c, d) narrow(a, b, c, d)
#define IN_ORDER(v) (v)
#define FLIP(v, flip) flip_bytes(v, flip)
#define STORE_LANES(to, v, flip) store_lanes(to, v, flip)
