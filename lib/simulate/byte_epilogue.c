/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides the numbers with which sums become results: (clamp(sum, low, high) * factor + addend) >> shift. All that
 * layers do with a sum never decreases as the sum grows. So outside of low and high, the last sums that give the
 * least and the first that gives the largest result, the result is constant; between them nothing saturates, because
 * it would be constant there as well; and where the formula gives the right results at both ends, it does everywhere.
 */
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "akida/kinds.h"
#include "simulate/run.h"
#include "simulate/run_v1.h"
#include "simulate/run_v2.h"
#include "simulate/stage_vectors.h"

struct search {
    const struct c2s_stage *stage;
    enum c2s_byte_after after;
    bool version_1;
    int32_t *values;             /* scratch, one for each filter */
    int32_t *least, *largest;    /* results at both ends */
    int64_t *low, *high, *other; /* sums */
};

static int64_t count_of(const struct search *search)
{
    return search->stage->out[2];
}

static int32_t input_shift(const struct search *search, int64_t f)
{
    const int32_t *shift = search->stage->input_shift;
    bool own = search->stage->bytes.depthwise;
    return shift ? shift[own ? f : 0] : 0;
}

/* What the layer gives for these sums (of inputs that aren't shifted), one for each filter. */
static void apply(const struct search *search, const int64_t *sums)
{
    const struct c2s_stage *stage = search->stage;
    for (int64_t f = 0; f < count_of(search); f++)
        search->values[f] = (int32_t)(sums[f] * (INT64_C(1) << input_shift(search, f)));
    for (int64_t f = 0; stage->layer->kind == C2S_AKIDA_FULLY_CONNECTED && f < count_of(search); f++)
        search->values[f] = (int32_t)c2s_saturate(search->values[f], C2S_POTENTIAL_BITS);
    if (search->version_1) {
        c2s_apply_levels(stage, search->values, 1);
        return;
    }
    c2s_add_bias(stage, search->values, 1);
    c2s_apply_activation(stage, search->values, 1);
    if (search->after == C2S_AFTER_NOTHING)
        c2s_rescale_output(stage, search->values, 1);
}

/* Moves the lower ends up to the last sum that still gives the least result. */
static void raise_low(struct search *search, int64_t *left, int64_t *right)
{
    for (int step = 0; step < 33; step++) {
        for (int64_t f = 0; f < count_of(search); f++)
            search->other[f] = left[f] + (right[f] - left[f] + 1) / 2;
        apply(search, search->other);
        for (int64_t f = 0; f < count_of(search); f++)
            if (search->values[f] == search->least[f])
                left[f] = search->other[f];
            else
                right[f] = search->other[f] - 1;
    }
}

/* Moves the upper ends down to the first sum that gives the largest result. */
static void lower_high(struct search *search, int64_t *left, int64_t *right)
{
    for (int step = 0; step < 33; step++) {
        for (int64_t f = 0; f < count_of(search); f++)
            search->other[f] = left[f] + (right[f] - left[f]) / 2;
        apply(search, search->other);
        for (int64_t f = 0; f < count_of(search); f++)
            if (search->values[f] == search->largest[f])
                right[f] = search->other[f];
            else
                left[f] = search->other[f] + 1;
    }
}

static void find_ends(struct search *search, const int64_t *bounds, int64_t *spare)
{
    size_t size = (size_t)count_of(search) * sizeof *spare;
    for (int64_t f = 0; f < count_of(search); f++) {
        search->low[f] = bounds[f] > INT32_MAX ? INT32_MIN : -bounds[f];
        search->high[f] = bounds[f] > INT32_MAX ? INT32_MAX : bounds[f];
    }
    apply(search, search->low);
    memcpy(search->least, search->values, (size_t)count_of(search) * sizeof *search->least);
    apply(search, search->high);
    memcpy(search->largest, search->values, (size_t)count_of(search) * sizeof *search->largest);
    memcpy(spare, search->high, size);
    raise_low(search, search->low, spare);
    memcpy(spare, search->low, size);
    lower_high(search, spare, search->high);
}

struct formula {
    int64_t factor, addend;
    int32_t shift;
};

static bool fits(int64_t value)
{
    return value >= INT32_MIN && value <= INT32_MAX;
}

/* The formula's result, or one that nothing equals where it leaves 32 bits. */
static int64_t result_of(const struct formula *formula, int64_t sum)
{
    if (!fits(formula->factor) || !fits(sum * formula->factor) || !fits(formula->addend) ||
        !fits(sum * formula->factor + formula->addend))
        return INT64_MAX;
    return (sum * formula->factor + formula->addend) >> formula->shift;
}

static struct formula scaled_formula(const struct search *search, int64_t f)
{
    const struct c2s_stage *stage = search->stage;
    bool full = search->after == C2S_AFTER_NOTHING;
    int64_t scale = full && stage->scales ? stage->scales[f] : 1;
    int32_t shift = full ? stage->shift[f] : 0;
    int64_t left = INT64_C(1) << (shift > 0 ? shift : 0), half = shift < 0 ? INT64_C(1) << (-shift - 1) : 0;
    if (!fits(scale * left))
        return (struct formula){INT64_MAX, 0, 0};
    return (struct formula){scale * left * (INT64_C(1) << input_shift(search, f)),
                            stage->bias[f] * (scale * left) + half, shift < 0 ? -shift : 0};
}

/* The first potential that gives the level. */
static int64_t first_of(const struct c2s_stage *stage, int64_t f, int64_t level)
{
    return stage->threshold[f] + (level - 1) * stage->step[f] / 16 + 1;
}

/* Levels as steps of a line: at each of them the line must reach the level just there. */
static bool fit_line(const struct search *search, int64_t f, int32_t shift, int64_t factor, struct formula *out)
{
    int64_t least = INT64_MIN, most = INT64_MAX;
    for (int64_t level = search->least[f] + 1; level <= search->largest[f]; level++) {
        int64_t first = first_of(search->stage, f, level), top = level * (INT64_C(1) << shift);
        int64_t reach = top - first * factor, miss = top - (first - 1) * factor - 1;
        least = reach > least ? reach : least;
        most = miss < most ? miss : most;
    }
    *out = (struct formula){factor, least, shift};
    return least <= most && result_of(out, search->low[f]) == search->least[f] &&
           result_of(out, search->high[f]) == search->largest[f];
}

static struct formula level_formula(const struct search *search, int64_t f)
{
    struct formula found = {0, INT64_MAX, 0};
    for (int32_t shift = 24; shift >= 0; shift--) {
        int64_t factor = (INT64_C(16) << shift) / search->stage->step[f];
        if (fit_line(search, f, shift, factor, &found) || fit_line(search, f, shift, factor + 1, &found))
            return found;
    }
    return (struct formula){0, INT64_MAX, 0};
}

static bool set_filter(const struct search *search, int64_t f, size_t slot, struct c2s_byte_epilogue *out)
{
    struct formula formula = {0, search->least[f], 0};
    if (search->least[f] != search->largest[f])
        formula = search->version_1 && search->stage->activation ? level_formula(search, f)
                  : search->version_1                            ? (struct formula){1, 0, 0}
                                                                 : scaled_formula(search, f);
    if (result_of(&formula, search->low[f]) != search->least[f] ||
        result_of(&formula, search->high[f]) != search->largest[f])
        return false;
    out->low[slot] = (int32_t)search->low[f];
    out->high[slot] = (int32_t)search->high[f];
    out->factor[slot] = (int32_t)formula.factor;
    out->addend[slot] = (int32_t)formula.addend;
    out->shift[slot] = formula.shift;
    return true;
}

static size_t slot_of(const struct search *search, int64_t f)
{
    const struct c2s_byte_plan *plan = &search->stage->bytes;
    return plan->depthwise ? c2s_byte_slot(plan->kernels, (size_t)f) : (size_t)f;
}

static void set_sums(const struct search *search, struct c2s_byte_epilogue *out)
{
    for (int64_t f = 0; f < count_of(search); f++) {
        size_t slot = slot_of(search, f);
        out->low[slot] = INT32_MIN;
        out->high[slot] = INT32_MAX;
        out->factor[slot] = (int32_t)(UINT32_C(1) << input_shift(search, f));
        out->addend[slot] = out->shift[slot] = 0; /* attempts before may have set them */
    }
}

cnn2snn_status c2s_byte_plan_find_epilogue(const struct c2s_preparation *at, const int64_t *bounds,
                                           enum c2s_byte_after after, struct c2s_byte_epilogue *out, bool *out_exact)
{
    cnn2snn_context *context = at->model->context;
    size_t filters = (size_t)at->stage->out[2];
    struct search search = {
        .stage = at->stage, .after = after, .version_1 = c2s_akida_kind_version(at->layer->kind) == 1};
    *out_exact = true;
    if (after == C2S_AFTER_SUMS) {
        set_sums(&search, out);
        return CNN2SNN_OK;
    }
    int64_t *sums = c2s_calloc(context, filters, 4 * sizeof *sums);
    int32_t *values = c2s_calloc(context, filters, 3 * sizeof *values);
    if (sums && values) {
        search.low = sums;
        search.high = sums + filters;
        search.other = sums + 2 * filters;
        search.values = values;
        search.least = values + filters;
        search.largest = values + 2 * filters;
        find_ends(&search, bounds, sums + 3 * filters);
        for (size_t f = 0; f < filters && *out_exact; f++)
            *out_exact = set_filter(&search, (int64_t)f, slot_of(&search, (int64_t)f), out);
    }
    cnn2snn_status status = sums && values ? CNN2SNN_OK : c2s_error_no_memory(at->error);
    c2s_free(context, sums);
    c2s_free(context, values);
    return status;
}
