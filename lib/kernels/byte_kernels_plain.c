/* SPDX-License-Identifier: Apache-2.0 */
/* The byte kernels in plain C: what all others must equal. */
#include "kernels/byte_kernels_variants.h"

static void finish(const struct c2s_byte_epilogue *epilogue, const struct c2s_byte_output *out, size_t pixel,
                   size_t place, size_t slot, uint32_t sum)
{
    int32_t value = (int32_t)((uint32_t)epilogue->start[slot] + sum);
    value = value < epilogue->low[slot] ? epilogue->low[slot] : value;
    value = value > epilogue->high[slot] ? epilogue->high[slot] : value;
    int32_t clamped = value;
    value = (int32_t)((uint32_t)value * (uint32_t)epilogue->factor[slot] + (uint32_t)epilogue->addend[slot]);
    value >>= epilogue->shift[slot];
    if (epilogue->step) {
        uint32_t edge = (uint32_t)value * (uint32_t)epilogue->step[slot] + (uint32_t)epilogue->edge[slot];
        value += clamped > (int32_t)edge >> 4;
    }
    if (out->low) {
        out->low[pixel * out->step + place] = (uint8_t)(value & ((1 << out->digits->bits[0]) - 1));
        value >>= out->digits->bits[0];
    }
    if (out->wide)
        ((int32_t *)out->data)[pixel * out->step + place] = value;
    else
        ((uint8_t *)out->data)[pixel * out->step + place] = (uint8_t)value ^ out->flip;
}

static void add_group(const uint8_t *x, const int8_t *weights, int32_t *sums)
{
    for (size_t f = 0; f < C2S_BYTE_PANEL; f++) {
        const int8_t *w = weights + 4 * f;
        int32_t sum = x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + x[3] * w[3];
        sums[f] = (int32_t)((uint32_t)sums[f] + (uint32_t)sum);
    }
}

/* Returns the weights behind those of the panel. */
static const int8_t *add_panel(const struct c2s_byte_product *p, const uint8_t *in, const int8_t *weights,
                               int32_t *sums)
{
    for (size_t i = 0; i < (p->runs ? p->run_count : p->segments); i++) {
        const uint8_t *x = in + (p->runs ? p->runs[i].offset : i * p->segment_step);
        size_t groups = p->runs ? p->runs[i].groups : p->groups;
        for (size_t group = 0; group < groups; group++, weights += 4 * C2S_BYTE_PANEL)
            add_group(x + 4 * group, weights, sums);
        for (size_t f = 0; p->runs && f < C2S_BYTE_PANEL; f++)
            sums[f] = (int32_t)((uint32_t)sums[f] << p->runs[i].shift);
    }
    return weights;
}

static void multiply(const struct c2s_byte_product *p)
{
    for (size_t pixel = 0; pixel < p->pixels; pixel++) {
        const uint8_t *in = p->in + pixel / p->row_pixels * p->row_step + pixel % p->row_pixels * p->pixel_step;
        const int8_t *weights = p->weights;
        for (size_t first = 0; first < p->filters; first += C2S_BYTE_PANEL) {
            int32_t sums[C2S_BYTE_PANEL] = {0};
            weights = add_panel(p, in, weights, sums);
            for (size_t f = 0; f < C2S_BYTE_PANEL && first + f < p->filters; f++)
                finish(&p->epilogue, &p->out, pixel, first + f, first + f, (uint32_t)sums[f]);
        }
    }
}

static void depthwise(const struct c2s_byte_window *p)
{
    size_t groups = (p->rows + 3) / 4, block_size = C2S_BYTE_PANEL * 4 * p->columns * groups;
    for (size_t pixel = 0; pixel < p->pixels; pixel++)
        for (size_t c = 0; c < p->channels; c++) {
            const int8_t *weights = p->weights + c / C2S_BYTE_PANEL * block_size + c % C2S_BYTE_PANEL * 4;
            const uint8_t *in = p->in + pixel * p->pixel_step + c;
            uint32_t sum = 0;
            for (size_t column = 0; column < p->columns; column++)
                for (size_t row = 0; row < p->rows; row++)
                    sum += (uint32_t)(in[row * p->row_step + column * p->column_step] *
                                      weights[(column * groups + row / 4) * 4 * C2S_BYTE_PANEL + row % 4]);
            finish(&p->epilogue, &p->out, pixel, c, c, sum);
        }
}

static void largest(const uint8_t *x, uint8_t *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] > y[i] ? x[i] : y[i];
}

const struct c2s_byte_kernels c2s_byte_kernels_plain = {"plain", C2S_BYTE_PANEL, 0, multiply, depthwise, largest};
