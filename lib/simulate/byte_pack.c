/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides how weights become bytes that the kernels read. Where inputs are shifted to the left channel by channel,
 * the weights take the shift. Shifted weights that bytes don't hold are summed up in several passes over the input
 * with a shift of the sums behind each: either a pass for each shift, or one for the high and one for the low byte of
 * the weights, whatever takes fewer steps. Groups of channels that have nothing to add are left out.
 */
#include "simulate/byte_pack.h"

#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/error.h"

enum { MOST_PASSES = 32, HIGH_BYTE = 1, LOW_BYTE = 0, MOST_SHIFT_OF_BYTES = 8 };

struct pass {
    int32_t level; /* shift of the channels that count, or which byte of the weights */
    int32_t after; /* shift of the sums */
};

struct packer {
    const struct c2s_byte_plan *plan;
    const struct c2s_byte_source *source;
    int32_t least; /* shift of all channels */
    bool halves;   /* passes are bytes of the weights */
    struct pass passes[MOST_PASSES];
    size_t pass_count;
};

static int32_t shift_of(const struct packer *packer, int64_t channel)
{
    return packer->source->shift ? packer->source->shift[channel] - packer->least : 0;
}

static bool counts(const struct packer *packer, const struct pass *pass, int64_t channel)
{
    if (packer->pass_count == 1)
        return true;
    int32_t shift = shift_of(packer, channel);
    return packer->halves ? pass->level == LOW_BYTE || shift > 0 : shift == pass->level;
}

/* What a pass takes of the weight of a channel that counts in it. */
static int8_t part_of(const struct packer *packer, const struct pass *pass, int64_t channel, int8_t weight)
{
    if (!packer->halves)
        return weight;
    int32_t whole = weight * (1 << shift_of(packer, channel)), low = (int8_t)(uint8_t)(whole & 255);
    return (int8_t)(pass->level == LOW_BYTE ? low : (whole - low) / 256);
}

static uint8_t zero_of(const struct packer *packer, int64_t tap_row, int64_t channel)
{
    bool second = packer->plan->adds ? tap_row > 0 : channel >= packer->source->second;
    return packer->source->zero[second];
}

/* ------------------------------------------------------------------------------------------------ passes */

static bool group_counts(const struct packer *packer, const struct pass *pass, int64_t group, int64_t length)
{
    for (int64_t k = 4 * group; k < 4 * group + 4 && k < length; k++)
        if (counts(packer, pass, k % packer->plan->channels))
            return true;
    return false;
}

/* Bytes of a row of taps. */
static int64_t length_of(const struct packer *packer, const struct c2s_byte_phase *phase)
{
    return phase->y.count * packer->plan->channels;
}

/* Runs of one pass; `out` may be NULL. Returns how many; adds their groups to *groups. */
static size_t find_runs(const struct packer *packer, const struct c2s_byte_phase *phase, const struct pass *pass,
                        struct c2s_byte_run *out, size_t *groups)
{
    const struct c2s_byte_plan *plan = packer->plan;
    int64_t length = length_of(packer, phase);
    size_t count = 0, step = plan->tap_step ? plan->tap_step : (size_t)(plan->window.y.padded * plan->channels);
    for (int64_t row = 0; row < phase->x.count; row++) {
        bool goes_on = false;
        for (int64_t group = 0; group < (length + 3) / 4; group++) {
            bool used = group_counts(packer, pass, group, length);
            if (used && !goes_on)
                count++;
            if (used && out)
                out[count - 1] =
                    (struct c2s_byte_run){goes_on ? out[count - 1].offset : (size_t)row * step + 4 * (size_t)group,
                                          goes_on ? out[count - 1].groups + 1 : 1, 0};
            *groups += used;
            goes_on = used;
        }
    }
    if (out && count)
        out[count - 1].shift = pass->after;
    return count;
}

static size_t count_groups(const struct packer *packer)
{
    size_t groups = 0;
    for (size_t i = 0; i < packer->pass_count; i++)
        find_runs(packer, &packer->plan->phases[0], &packer->passes[i], NULL, &groups);
    return groups + packer->pass_count; /* the shifts take time as well */
}

/* A pass for each shift, the largest first. */
static void pass_by_shift(struct packer *packer)
{
    bool found[MOST_PASSES] = {false};
    packer->halves = false;
    packer->pass_count = 0;
    for (int64_t c = 0; c < packer->plan->channels; c++)
        found[shift_of(packer, c)] = true;
    for (int32_t shift = MOST_PASSES - 1; shift >= 0; shift--)
        if (found[shift]) {
            if (packer->pass_count)
                packer->passes[packer->pass_count - 1].after -= shift;
            packer->passes[packer->pass_count++] = (struct pass){shift, shift};
        }
}

static void choose_passes(struct packer *packer)
{
    const struct c2s_byte_source *source = packer->source;
    int32_t most = 0;
    packer->least = source->shift ? source->shift[0] : 0;
    for (int64_t c = 0; source->shift && c < packer->plan->channels; c++)
        packer->least = source->shift[c] < packer->least ? source->shift[c] : packer->least;
    for (int64_t c = 0; c < packer->plan->channels; c++)
        most = shift_of(packer, c) > most ? shift_of(packer, c) : most;
    pass_by_shift(packer);
    if (packer->pass_count == 1 || most > MOST_SHIFT_OF_BYTES)
        return;
    struct packer other = *packer;
    other.halves = true;
    other.pass_count = 2;
    other.passes[0] = (struct pass){HIGH_BYTE, 8};
    other.passes[1] = (struct pass){LOW_BYTE, 0};
    if (count_groups(&other) < count_groups(packer))
        *packer = other;
}

/* ------------------------------------------------------------------------------------------------ products */

/* Of all filters. */
static const int8_t *weights_of(const struct packer *packer, int64_t tap_row, int64_t tap_column, int64_t channel)
{
    const struct c2s_byte_source *source = packer->source;
    int64_t x = source->turned[0], y = source->turned[1], channels = source->turned[2];
    int64_t tap = tap_row * source->columns + tap_column;
    if (packer->plan->depthwise)
        return source->weights + tap * packer->plan->channels;
    if (x)
        channel = (channel % channels * y + channel / channels % y) * x + channel / channels / y;
    return source->weights + (tap * packer->plan->channels + channel) * packer->plan->filters;
}

static int64_t tap_at(const struct c2s_byte_taps *taps, int64_t number)
{
    return taps->first + number * taps->step;
}

static void pack_group(const struct packer *packer, const struct c2s_byte_phase *phase, const struct pass *pass,
                       int64_t row, int64_t group, int8_t *packed, size_t panel_size)
{
    int64_t channels = packer->plan->channels, length = length_of(packer, phase);
    for (int64_t k = 4 * group; k < 4 * group + 4 && k < length; k++) {
        if (!counts(packer, pass, k % channels))
            continue;
        const int8_t *weights =
            weights_of(packer, tap_at(&phase->x, row), tap_at(&phase->y, k / channels), k % channels);
        for (size_t f = 0; f < (size_t)packer->plan->filters; f++)
            packed[f / C2S_BYTE_PANEL * panel_size + f % C2S_BYTE_PANEL * 4 + (size_t)k % 4] =
                part_of(packer, pass, k % channels, weights[f]);
    }
}

/* [panel][pass][row of taps][group][16 filters][4] without groups that add nothing. */
static void pack_products(const struct packer *packer, const struct c2s_byte_phase *phase, int8_t *packed,
                          size_t panel_size)
{
    int64_t length = length_of(packer, phase);
    for (size_t i = 0; i < packer->pass_count; i++)
        for (int64_t row = 0; row < phase->x.count; row++)
            for (int64_t group = 0; group < (length + 3) / 4; group++)
                if (group_counts(packer, &packer->passes[i], group, length)) {
                    pack_group(packer, phase, &packer->passes[i], row, group, packed, panel_size);
                    packed += 4 * C2S_BYTE_PANEL;
                }
}

static cnn2snn_status make_runs(const struct c2s_preparation *at, const struct packer *packer,
                                struct c2s_byte_phase *phase)
{
    void *memory;
    size_t groups = 0, count = 0, done = 0;
    for (size_t i = 0; i < packer->pass_count; i++)
        count += find_runs(packer, phase, &packer->passes[i], NULL, &groups);
    phase->groups = groups;
    if (packer->pass_count == 1) {
        phase->groups = ((size_t)length_of(packer, phase) + 3) / 4;
        return CNN2SNN_OK;
    }
    C2S_TRY(c2s_prepare_memory(at, count, sizeof(struct c2s_byte_run), &memory));
    phase->runs = memory;
    phase->run_count = count;
    for (size_t i = 0; i < packer->pass_count; i++)
        done += find_runs(packer, phase, &packer->passes[i], (struct c2s_byte_run *)memory + done, &groups);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ depthwise */

/* Channels behind the last are those of the next pixels. */
static void pack_depthwise(const struct packer *packer, const struct c2s_byte_phase *phase, size_t padded,
                           int8_t *packed)
{
    const struct c2s_byte_plan *plan = packer->plan;
    size_t rows = (size_t)phase->x.count, columns = (size_t)phase->y.count, channels = (size_t)plan->channels;
    size_t block = plan->kernels->channel_block, groups = (rows + 3) / 4;
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++) {
            const int8_t *weights =
                weights_of(packer, tap_at(&phase->x, (int64_t)row), tap_at(&phase->y, (int64_t)column), 0);
            for (size_t c = 0; c < padded; c++) {
                size_t channel = plan->replicas > 1 ? c % channels : c;
                size_t place = (c / block * columns + column) * groups + row / 4;
                if (channel < channels)
                    packed[(place * block + c2s_byte_slot(plan->kernels, c) % block) * 4 + row % 4] =
                        weights[channel];
            }
        }
}

/* ------------------------------------------------------------------------------------------------ sums */

static void add_bounds(const struct packer *packer, const int8_t *weights, int64_t factor, int64_t *bounds)
{
    for (int64_t f = 0; f < packer->plan->filters; f++)
        if (bounds[f] < INT64_C(1) << 56)
            bounds[f] += (weights[f] < 0 ? -weights[f] : weights[f]) * factor;
}

static void find_bounds(const struct packer *packer, const struct c2s_byte_sums *sums)
{
    const struct c2s_byte_plan *plan = packer->plan;
    const struct c2s_byte_source *source = packer->source;
    int64_t channels = plan->depthwise ? 1 : plan->channels;
    for (int64_t row = 0; row < source->rows; row++)
        for (int64_t column = 0; column < source->columns; column++)
            for (int64_t c = 0; c < channels; c++)
                add_bounds(packer, weights_of(packer, row, column, c),
                           plan->depthwise ? 1 : INT64_C(1) << shift_of(packer, c), sums->bounds);
    for (int64_t f = 0; f < plan->filters; f++) {
        bool huge = sums->bounds[f] > INT64_C(1) << 40;
        sums->bounds[f] = huge ? INT64_MAX : sums->bounds[f] * source->magnitude;
        sums->left[f] = plan->depthwise && source->shift ? source->shift[f] : packer->least;
    }
}

/* Start values take off what the inputs' offsets add, as far as the kernels don't. */
static void find_start(const struct packer *packer, const struct c2s_byte_phase *phase)
{
    const struct c2s_byte_plan *plan = packer->plan;
    int64_t channels = plan->depthwise ? 1 : plan->channels;
    for (int64_t row = 0; row < phase->x.count; row++)
        for (int64_t column = 0; column < phase->y.count; column++)
            for (int64_t c = 0; c < channels; c++) {
                int64_t tap_row = tap_at(&phase->x, row);
                const int8_t *weights = weights_of(packer, tap_row, tap_at(&phase->y, column), c);
                int64_t offset = zero_of(packer, tap_row, c) - plan->kernels->input_offset;
                uint32_t factor = (uint32_t)(plan->depthwise ? offset : offset * (INT64_C(1) << shift_of(packer, c)));
                for (int64_t f = 0; factor && f < plan->filters; f++) {
                    int32_t *start = &phase->start[c2s_byte_plan_slot(plan, f)];
                    *start = (int32_t)((uint32_t)*start - factor * (uint32_t)weights[f]);
                }
            }
}

/* ------------------------------------------------------------------------------------------------ phases */

static size_t round_up(size_t value, size_t step)
{
    return (value + step - 1) / step * step;
}

static cnn2snn_status pack_phase(const struct c2s_preparation *at, const struct packer *packer,
                                 struct c2s_byte_phase *phase)
{
    const struct c2s_byte_plan *plan = packer->plan;
    void *memory;
    size_t size,
        padded = round_up((size_t)plan->filters, plan->depthwise ? plan->kernels->channel_block : C2S_BYTE_PANEL);
    C2S_TRY(c2s_prepare_memory(at, round_up(padded, C2S_BYTE_MOST_BLOCK), sizeof(int32_t), &memory));
    phase->start = memory;
    find_start(packer, phase);
    size_t rows = ((size_t)phase->x.count + 3) / 4, columns = (size_t)phase->y.count;
    if (!plan->depthwise) {
        C2S_TRY(make_runs(at, packer, phase));
        rows = phase->runs ? 1 : (size_t)phase->x.count;
        columns = phase->groups;
    }
    if (!c2s_mul_size(padded, rows, &size) || !c2s_mul_size(size, columns, &size) || !c2s_mul_size(size, 4, &size))
        return c2s_error_no_memory(at->error);
    C2S_TRY(c2s_prepare_memory(at, size, 1, &memory));
    if (plan->depthwise)
        pack_depthwise(packer, phase, padded, memory);
    else
        pack_products(packer, phase, memory, rows * columns * 4 * C2S_BYTE_PANEL);
    phase->weights = memory;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_byte_pack(const struct c2s_preparation *at, struct c2s_byte_plan *plan,
                             const struct c2s_byte_source *source, const struct c2s_byte_sums *sums)
{
    struct packer packer = {.plan = plan, .source = source, .pass_count = 1};
    if (!plan->depthwise)
        choose_passes(&packer);
    find_bounds(&packer, sums);
    for (size_t i = 0; i < plan->phase_count; i++)
        C2S_TRY(pack_phase(at, &packer, &plan->phases[i]));
    return CNN2SNN_OK;
}
