/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when a block's integers don't fit what its Akida layer holds (spec/quantizeml-conversion.md 5, 6). */
#include "layers/quantizeml_attributes.h"
#include "plan/qml_rules.h"

static const struct c2s_derived *main_derived(const struct c2s_qml_view *view, size_t index)
{
    const struct c2s_qml_block *block = &view->plan->blocks[index];
    return c2s_qml_block_derived(view->plan, block, c2s_block_pattern_main(block->pattern));
}

/* Integers are int32 here. */
static int32_t at(const cnn2snn_tensor *tensor, uint64_t index)
{
    return ((const int32_t *)tensor->data)[index];
}

/* The first of them out of range, or -1. */
static int64_t find_outside(const cnn2snn_tensor *tensor, int32_t low, int32_t high)
{
    for (uint64_t i = 0; tensor && i < tensor->count; i++)
        if (at(tensor, i) < low || at(tensor, i) > high)
            return (int64_t)i;
    return -1;
}

static bool is_outside(const cnn2snn_tensor *tensor, int32_t low, int32_t high, struct c2s_found *found)
{
    int64_t index = find_outside(tensor, low, high);
    if (index >= 0)
        c2s_found_set(found, 0, "%d", (int)at(tensor, (uint64_t)index));
    return index >= 0;
}

bool c2s_qml_padding_is_no_byte(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    return is_outside(main_derived(view, index)->integers[C2S_PADDING_VALUE], 0, 255, found);
}

bool c2s_qml_padding_is_not_zero(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    return is_outside(main_derived(view, index)->integers[C2S_PADDING_VALUE], 0, 0, found) &&
           find_outside(main_derived(view, index)->integers[C2S_PADDING_VALUE], 0, 255) < 0;
}

bool c2s_qml_padding_differs_by_channel(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_tensor *values = main_derived(view, index)->integers[C2S_PADDING_VALUE];
    for (uint64_t i = 1; values && i < values->count; i++)
        if (at(values, i) != at(values, 0)) {
            c2s_found_set(found, 0, "%d", (int)at(values, 0));
            c2s_found_set(found, 1, "%d", (int)at(values, i));
            return true;
        }
    return false;
}

bool c2s_qml_input_is_shifted(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    return is_outside(main_derived(view, index)->integers[C2S_INPUT_SHIFT], 0, 0, found);
}

bool c2s_qml_table_is_not_11_bits(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_qml_block *block = &view->plan->blocks[index];
    ptrdiff_t position = c2s_block_pattern_position(block->pattern, C2S_KIND_QML_ACTIVATION);
    if (position < 0)
        return false;
    const cnn2snn_tensor *table =
        c2s_qml_block_derived(view->plan, block, (size_t)position)->integers[C2S_LUT_VALUES];
    c2s_found_set(found, 0, "%llu", table ? (unsigned long long)table->count : 0);
    found->layer = c2s_qml_block_layer(view->plan, block, (size_t)position)->name;
    return !table || table->count != 2048;
}

/* What variables hold that have 8 bits in the file. */
struct limit {
    enum c2s_integers integers;
    int32_t low, high;
    const char *name;
};

static const struct limit limits[] = {
    {C2S_BIAS_SHIFT, 0, 255, "bias_shift"},
    {C2S_INPUT_SHIFT, 0, 255, "input_shift"},
    {C2S_MAX_VALUE_SHIFT, 0, 255, "max_value_shift"},
    {C2S_A_SHIFT, 0, 255, "a_shift"},
    {C2S_B_SHIFT, 0, 255, "b_shift"},
    {C2S_ZERO_POINTS, 0, 255, "zero_points"},
    {C2S_OUTPUT_SHIFT, INT32_MIN, 127, "output_shift"},
    {C2S_STATE_SHIFT, -128, 127, "new_state_shift"},
    {C2S_STATE_SCALE, 0, 255, "new_state_scale"},
};

static bool exceeds(const struct c2s_derived *derived, struct c2s_found *found)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const cnn2snn_tensor *tensor = derived->integers[limits[i].integers];
        int64_t index = find_outside(tensor, limits[i].low, limits[i].high);
        if (index < 0)
            continue;
        c2s_found_set(found, 0, "%s", limits[i].name);
        c2s_found_set(found, 1, "%d", (int)at(tensor, (uint64_t)index));
        if (limits[i].low == INT32_MIN)
            c2s_found_set(found, 2, "at most %d", (int)limits[i].high);
        else
            c2s_found_set(found, 2, "%d to %d", (int)limits[i].low, (int)limits[i].high);
        return true;
    }
    return false;
}

bool c2s_qml_number_exceeds_variable(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_qml_block *block = &view->plan->blocks[index];
    for (size_t i = 0; i < block->count; i++) {
        found->layer = c2s_qml_block_layer(view->plan, block, i)->name;
        if (view->plan->version == CNN2SNN_AKIDA_V2 && exceeds(c2s_qml_block_derived(view->plan, block, i), found))
            return true;
    }
    return false;
}

/* With exact scales, bits that shifts can't do are taken off first. */
bool c2s_qml_scale_exceeds_byte(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_qml_block *block = &view->plan->blocks[index];
    for (size_t i = 0; i < block->count && !view->plan->exact_scales; i++) {
        found->layer = c2s_qml_block_layer(view->plan, block, i)->name;
        if (is_outside(c2s_qml_block_derived(view->plan, block, i)->integers[C2S_OUTPUT_SCALES], 0, 255, found))
            return true;
    }
    return false;
}

/* Trap 13: without the option the file is the reference's. Akida 1.0 has no place for the shifts at all. */
bool c2s_qml_flatten_shift_is_lost(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_qml_block *block = &view->plan->blocks[index];
    if (view->plan->flatten_shifts && view->plan->version == CNN2SNN_AKIDA_V2)
        return false;
    for (size_t i = 0; i < block->count; i++) {
        const cnn2snn_tensor *shift = c2s_qml_block_derived(view->plan, block, i)->integers[C2S_FLATTEN_SHIFT];
        int32_t most = 0;
        for (uint64_t j = 0; shift && j < shift->count; j++)
            most = at(shift, j) > most ? at(shift, j) : most;
        c2s_found_set(found, 0, "%d", (int)most);
        if (most > 0)
            return true;
    }
    return false;
}
