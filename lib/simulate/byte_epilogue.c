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
#include "simulate/byte_pack.h"
#include "simulate/run.h"
#include "simulate/run_v1.h"
#include "simulate/run_v2.h"

struct search {
    const struct c2s_stage *stage;
    const struct c2s_byte_plan *plan;
    const struct c2s_byte_sums *sums;
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

/* What the layer gives for these sums (in front of the shift to the left), one for each filter. */
static void apply(const struct search *search, const int64_t *sums)
{
    const struct c2s_stage *stage = search->stage;
    for (int64_t f = 0; f < count_of(search); f++)
        search->values[f] = (int32_t)(sums[f] * (INT64_C(1) << search->sums->left[f]));
    for (int64_t f = 0; stage->layer->kind == C2S_AKIDA_FULLY_CONNECTED && f < count_of(search); f++)
        search->values[f] = (int32_t)c2s_saturate(search->values[f], C2S_POTENTIAL_BITS);
    if (search->version_1) {
        c2s_apply_levels(stage, search->values, 1);
        return;
    }
    if (search->plan->adds)
        for (int64_t f = 0; f < count_of(search); f++)
            search->values[f] = (int32_t)c2s_saturate(search->values[f], stage->buffer_bits);
    else
        c2s_add_bias(stage, search->values, 1);
    if (search->after == C2S_AFTER_LOOKUP) {
        for (int64_t f = 0; f < count_of(search); f++)
            search->values[f] = c2s_lookup_place(stage, search->values[f], f);
        return;
    }
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

static void find_ends(struct search *search, int64_t *spare)
{
    size_t size = (size_t)count_of(search) * sizeof *spare;
    for (int64_t f = 0; f < count_of(search); f++) {
        int64_t bound = search->sums->bounds[f];
        search->low[f] = bound > INT32_MAX ? INT32_MIN : -bound;
        search->high[f] = bound > INT32_MAX ? INT32_MAX : bound;
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
    bool full = search->after == C2S_AFTER_NOTHING, lookup = search->after == C2S_AFTER_LOOKUP;
    const int32_t *scales = lookup ? stage->lut_scales : full ? stage->scales : NULL;
    int64_t scale = scales ? scales[f] : 1, bias = search->plan->adds ? 0 : stage->bias[f];
    int32_t shift = lookup ? stage->lut_shift[f] : full ? stage->shift[f] : 0;
    int64_t left = INT64_C(1) << (shift > 0 ? shift : 0), half = shift < 0 ? INT64_C(1) << (-shift - 1) : 0;
    if (!fits(scale * left))
        return (struct formula){INT64_MAX, 0, 0};
    return (struct formula){scale * left * (INT64_C(1) << search->sums->left[f]), bias * (scale * left) + half,
                            shift < 0 ? -shift : 0};
}

/* The first potential that gives the level, counted from the lower end. */
static int64_t first_of(const struct search *search, int64_t f, int64_t level)
{
    const struct c2s_stage *stage = search->stage;
    return stage->threshold[f] + (level - 1) * stage->step[f] / 16 + 1 - search->low[f];
}

/*
 * A line that gives the level or one less, which the steps make good: from one level's first potential on it must
 * reach the level before, and in front of it not the level.
 */
static bool fit_line(const struct search *search, int64_t f, int32_t shift, struct formula *out)
{
    int64_t factor = (INT64_C(16) << shift) / search->stage->step[f];
    int64_t least = INT64_MIN, most = INT64_MAX, high = search->high[f] - search->low[f];
    for (int64_t level = search->least[f] + 1; level <= search->largest[f]; level++) {
        int64_t first = first_of(search, f, level), top = level * (INT64_C(1) << shift);
        int64_t reach = top - (INT64_C(1) << shift) - first * factor, miss = top - (first - 1) * factor - 1;
        least = reach > least ? reach : least;
        most = miss < most ? miss : most;
    }
    if (first_of(search, f, search->largest[f] + 1) <= high) { /* the steps would go on above the largest */
        int64_t miss = search->largest[f] * (INT64_C(1) << shift) - high * factor - 1;
        most = miss < most ? miss : most;
    }
    *out = (struct formula){factor, most, shift};
    int64_t low_result = result_of(out, 0), high_result = result_of(out, high);
    return least <= most && (low_result == search->least[f] || low_result == search->least[f] - 1) &&
           (high_result == search->largest[f] || high_result == search->largest[f] - 1);
}

static struct formula level_formula(const struct search *search, int64_t f)
{
    struct formula found = {0, INT64_MAX, 0};
    for (int32_t shift = 27; shift >= 0; shift--)
        if (fit_line(search, f, shift, &found))
            return found;
    return (struct formula){0, INT64_MAX, 0};
}

/* The line counts sums from the lower end on, where its numbers are smaller: move_origins makes it so. */
static bool set_levels(const struct search *search, int64_t f, size_t slot)
{
    const struct c2s_byte_plan *plan = search->plan;
    int64_t origin = search->low[f], bound = search->sums->bounds[f], step = search->stage->step[f];
    int64_t edge = 16 * (search->stage->threshold[f] - origin);
    struct formula line = level_formula(search, f);
    if (!fits(line.addend) || bound > INT32_MAX || !fits(bound - origin) || !fits(-bound - origin) ||
        !fits(16 * step) || !fits(edge + 16 * step) || !fits(edge - step))
        return false;
    plan->epilogue.low[slot] = (int32_t)origin;
    plan->epilogue.high[slot] = (int32_t)search->high[f];
    plan->epilogue.factor[slot] = (int32_t)line.factor;
    plan->epilogue.addend[slot] = (int32_t)line.addend;
    plan->epilogue.shift[slot] = line.shift;
    plan->epilogue.step[slot] = (int32_t)step;
    plan->epilogue.edge[slot] = (int32_t)edge;
    return true;
}

static bool set_filter(const struct search *search, int64_t f, size_t slot, const struct c2s_byte_epilogue *out)
{
    struct formula formula = {0, search->least[f], 0};
    if (search->least[f] != search->largest[f]) {
        if (out->step)
            return set_levels(search, f, slot);
        formula = search->version_1 ? (struct formula){1, 0, 0} : scaled_formula(search, f);
    }
    if (result_of(&formula, search->low[f]) != search->least[f] ||
        result_of(&formula, search->high[f]) != search->largest[f])
        return false;
    out->low[slot] = (int32_t)search->low[f];
    out->high[slot] = (int32_t)search->high[f];
    out->factor[slot] = (int32_t)formula.factor;
    out->addend[slot] = (int32_t)formula.addend;
    out->shift[slot] = formula.shift;
    if (out->step) { /* a constant: no sum is above the step */
        out->low[slot] = out->high[slot] = out->step[slot] = 0;
        out->edge[slot] = INT32_MAX;
    }
    return true;
}

static void move_origins(const struct c2s_byte_plan *plan)
{
    const struct c2s_byte_epilogue *e = &plan->epilogue;
    for (int64_t f = 0; e->step && f < plan->filters; f++) {
        size_t slot = c2s_byte_plan_slot(plan, f);
        int32_t *start = &plan->phases[0].start[slot];
        *start = (int32_t)((uint32_t)*start - (uint32_t)e->low[slot]);
        e->high[slot] -= e->low[slot];
        e->low[slot] = 0;
    }
}

static void set_sums(struct c2s_byte_plan *plan, const struct c2s_byte_sums *sums)
{
    const struct c2s_byte_epilogue *e = &plan->epilogue;
    plan->epilogue.step = plan->epilogue.edge = NULL;
    for (int64_t f = 0; f < plan->filters; f++) {
        size_t slot = c2s_byte_plan_slot(plan, f);
        e->low[slot] = INT32_MIN;
        e->high[slot] = INT32_MAX;
        e->factor[slot] = (int32_t)(UINT32_C(1) << sums->left[f]);
        e->addend[slot] = e->shift[slot] = 0; /* attempts before may have set them */
    }
}

static bool set_filters(const struct search *search)
{
    for (int64_t f = 0; f < count_of(search); f++)
        if (!set_filter(search, f, c2s_byte_plan_slot(search->plan, f), &search->plan->epilogue))
            return false;
    move_origins(search->plan);
    return true;
}

cnn2snn_status c2s_byte_epilogue_find(const struct c2s_preparation *at, struct c2s_byte_plan *plan,
                                      const struct c2s_byte_sums *sums, enum c2s_byte_after after, bool *out_exact)
{
    cnn2snn_context *context = at->model->context;
    size_t filters = (size_t)plan->filters;
    struct search search = {.stage = at->stage,
                            .plan = plan,
                            .sums = sums,
                            .after = after,
                            .version_1 = c2s_akida_kind_version(at->layer->kind) == 1};
    *out_exact = true;
    plan->after = after;
    if (after == C2S_AFTER_SUMS) {
        set_sums(plan, sums);
        return CNN2SNN_OK;
    }
    int64_t *ends = c2s_calloc(context, filters, 4 * sizeof *ends);
    int32_t *values = c2s_calloc(context, filters, 3 * sizeof *values);
    if (ends && values) {
        search.low = ends;
        search.high = ends + filters;
        search.other = ends + 2 * filters;
        search.values = values;
        search.least = values + filters;
        search.largest = values + 2 * filters;
        find_ends(&search, ends + 3 * filters);
        *out_exact = set_filters(&search);
    }
    cnn2snn_status status = ends && values ? CNN2SNN_OK : c2s_error_no_memory(at->error);
    c2s_free(context, ends);
    c2s_free(context, values);
    return status;
}
