/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product on tiles of 16 rows of 64 bytes (x86's AMX), included by byte_kernels_template.h, whose results it
 * shares. A tile of weights is 16 groups of a panel, as they are packed for all variants. A variant defines
 *   TILES_SET(shapes), TILES_DROP()          all tiles' rows and bytes of a row; and back to none
 *   TILE_ZERO(tile), TILE_LOAD(tile, from, step), TILE_STORE(tile, to, step)   rows are `step` bytes apart
 *   TILE_DOT(sums, input, weights)           adds products, unsigned with signed
 * Numbers of tiles are literals: they are parts of instructions. No guard on purpose.
 */

/* Sums of 16 filters each are in tiles 0 to 3; the last groups of a segment have tiles of a shape of their own. */
#define INPUT_TILE 4
#define WEIGHT_TILE 5
#define LAST_INPUT_TILE 6
#define LAST_WEIGHT_TILE 7

enum { TILE_LINES = 16, LINE = 64, TILE_PANELS = 4, TILE_FILTERS = TILE_PANELS * C2S_BYTE_PANEL };

/* As the processor reads it. */
struct tile_shapes {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

/* So many pixels from one on, with some panels. */
struct block {
    size_t pixel, rows, filter, panels;
    const uint8_t *in[TILE_LINES];
    bool even; /* all pixels are p->pixel_step apart */
};

TARGET static void set_tiles(size_t rows, size_t last_groups)
{
    struct tile_shapes shapes = {.palette = 1};
    for (size_t tile = 0; tile < 8; tile++) {
        shapes.rows[tile] = (uint8_t)rows;
        shapes.row_bytes[tile] = LINE;
    }
    shapes.rows[WEIGHT_TILE] = TILE_LINES;
    shapes.rows[LAST_WEIGHT_TILE] = (uint8_t)last_groups;
    shapes.row_bytes[LAST_INPUT_TILE] = (uint16_t)(4 * last_groups);
    if (!last_groups) /* neither exists */
        shapes.rows[LAST_INPUT_TILE] = shapes.row_bytes[LAST_WEIGHT_TILE] = 0;
    TILES_SET(&shapes);
}

static void find_pixels(const struct c2s_byte_product *p, struct block *block)
{
    size_t row = block->pixel / p->row_pixels, column = block->pixel % p->row_pixels;
    block->even = column + block->rows <= p->row_pixels || p->row_step == p->row_pixels * p->pixel_step;
    for (size_t r = 0; r < block->rows; r++) {
        block->in[r] = p->in + row * p->row_step + column * p->pixel_step;
        bool last = ++column == p->row_pixels;
        row += last;
        column = last ? 0 : column;
    }
}

/* `bytes` of each pixel, one line after the other. */
INLINE const uint8_t *gather(const struct block *block, size_t offset, const size_t bytes, uint8_t *lines)
{
    for (size_t r = 0; r < block->rows; r++)
        memcpy(lines + r * LINE, block->in[r] + offset, bytes);
    return lines;
}

#define DEFINE_ADD(name, input_tile, weight_tile)                                                                    \
    INLINE void name(const struct c2s_byte_product *p, const struct block *block, size_t offset,                     \
                     const size_t groups, const int8_t *weights, size_t panel_size)                                  \
    {                                                                                                                \
        _Alignas(64) uint8_t lines[TILE_LINES * LINE];                                                               \
        if (block->even)                                                                                             \
            TILE_LOAD(input_tile, block->in[0] + offset, p->pixel_step);                                             \
        else                                                                                                         \
            TILE_LOAD(input_tile, gather(block, offset, 4 * groups, lines), LINE);                                   \
        TILE_LOAD(weight_tile, weights, LINE);                                                                       \
        TILE_DOT(0, input_tile, weight_tile);                                                                        \
        if (block->panels > 1) {                                                                                     \
            TILE_LOAD(weight_tile, weights + panel_size, LINE);                                                      \
            TILE_DOT(1, input_tile, weight_tile);                                                                    \
        }                                                                                                            \
        if (block->panels > 2) {                                                                                     \
            TILE_LOAD(weight_tile, weights + 2 * panel_size, LINE);                                                  \
            TILE_DOT(2, input_tile, weight_tile);                                                                    \
        }                                                                                                            \
        if (block->panels > 3) {                                                                                     \
            TILE_LOAD(weight_tile, weights + 3 * panel_size, LINE);                                                  \
            TILE_DOT(3, input_tile, weight_tile);                                                                    \
        }                                                                                                            \
    }
DEFINE_ADD(add_groups, INPUT_TILE, WEIGHT_TILE)
DEFINE_ADD(add_last_groups, LAST_INPUT_TILE, LAST_WEIGHT_TILE)

/* All segments. */
TARGET static void add_segments(const struct c2s_byte_product *p, const struct block *block)
{
    size_t panel_size = p->segments * p->groups * PACKED;
    const int8_t *weights = p->weights + block->filter / C2S_BYTE_PANEL * panel_size;
    for (size_t segment = 0; segment < p->segments; segment++) {
        size_t offset = segment * p->segment_step, left = p->groups;
        for (; left >= TILE_LINES; left -= TILE_LINES, offset += LINE, weights += TILE_LINES * PACKED)
            add_groups(p, block, offset, TILE_LINES, weights, panel_size);
        if (left)
            add_last_groups(p, block, offset, left, weights, panel_size);
        weights += left * PACKED;
    }
}

INLINE void store_result(const struct c2s_byte_product *p, size_t pixel, size_t filter, size_t vectors,
                         const int32_t *sums)
{
    vector v[1][TILE_FILTERS / LANES];
    for (size_t i = 0; i < vectors; i++)
        v[0][i] = PLUS(LOAD(sums + i * LANES), LOAD(p->epilogue.start + filter + i * LANES));
#ifdef IN_ORDER
    if (vectors == TILE_VECTORS && !p->out.wide && p->filters - filter >= BLOCK) {
        store_four(1, p, pixel, filter, v);
        return;
    }
#endif
    for (size_t i = 0; i < vectors && filter + i * LANES < p->filters; i++) {
        struct numbers numbers = load_numbers(&p->epilogue, filter + i * LANES);
        store_filters(&p->out, pixel * p->out.step + filter + i * LANES, p->filters - filter - i * LANES,
                      finish(&numbers, v[0][i]));
    }
}

TARGET static void multiply_block(const struct c2s_byte_product *p, const struct block *block)
{
    _Alignas(64) int32_t sums[TILE_LINES][TILE_FILTERS];
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    add_segments(p, block);
    TILE_STORE(0, sums[0], sizeof *sums);
    if (block->panels > 1)
        TILE_STORE(1, sums[0] + C2S_BYTE_PANEL, sizeof *sums);
    if (block->panels > 2)
        TILE_STORE(2, sums[0] + 2 * C2S_BYTE_PANEL, sizeof *sums);
    if (block->panels > 3)
        TILE_STORE(3, sums[0] + 3 * C2S_BYTE_PANEL, sizeof *sums);
    for (size_t r = 0; r < block->rows; r++)
        store_result(p, block->pixel + r, block->filter, block->panels * PANEL_VECTORS, sums[r]);
}

/* `rows` pixels at a time. */
static void multiply_pixels(const struct c2s_byte_product *p, size_t first, size_t end, size_t rows)
{
    set_tiles(rows, p->groups % TILE_LINES);
    for (size_t filter = 0; filter < p->filters; filter += TILE_FILTERS) {
        size_t panels = (p->filters - filter + C2S_BYTE_PANEL - 1) / C2S_BYTE_PANEL;
        for (size_t pixel = first; pixel < end; pixel += rows) {
            struct block block = {.pixel = pixel,
                                  .rows = rows,
                                  .filter = filter,
                                  .panels = panels < TILE_PANELS ? panels : TILE_PANELS};
            find_pixels(p, &block);
            multiply_block(p, &block);
        }
    }
}

/* Any product without runs. */
static void multiply_by_tiles(const struct c2s_byte_product *p)
{
    size_t whole = p->pixels / TILE_LINES * TILE_LINES;
    if (whole)
        multiply_pixels(p, 0, whole, TILE_LINES);
    if (p->pixels > whole)
        multiply_pixels(p, whole, p->pixels, p->pixels - whole);
    TILES_DROP();
}
