/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which layers run on bytes, and as which product or depthwise sum. */
#include "simulate/byte_plan.h"

#include <string.h>

#include "akida/kinds.h"
#include "base/allocator.h"
#include "base/error.h"
#include "simulate/byte_pack.h"
#include "simulate/byte_shape.h"
#include "simulate/run.h"
#include "simulate/run_v1.h"
#include "simulate/run_v2.h"

enum {
    LUT_SIZE = 2048,
    MOST_TABLES = 256, /* with more of them the caches would hold nothing else */
    MOST_DIGIT_BITS = 7,
    MOST_SHIFT_OF_ADD = 6, /* as a weight */
};

/* What a plan is made of, and what is only needed until it is made. */
struct planning {
    const struct c2s_preparation *at;
    const struct c2s_stage *stages;
    struct c2s_byte_plan *plan;
    struct c2s_byte_source source;
    struct c2s_byte_sums sums;
    bool done;
};

static int32_t kind_of(const struct planning *planning)
{
    return planning->at->layer->kind;
}

/* ------------------------------------------------------------------------------------------------ input */

static const struct c2s_stage *producer_of(const struct planning *planning, size_t input)
{
    const struct c2s_stage *stage = planning->at->stage;
    return input < stage->inbound_count ? &planning->stages[stage->inbounds[input]] : NULL;
}

/* False where the values of an input aren't bytes. */
static bool look_at_input(struct planning *planning, size_t input)
{
    const struct c2s_stage *producer = producer_of(planning, input);
    bool is_signed = producer && producer->dtype == CNN2SNN_DTYPE_INT8;
    if (producer && !is_signed && producer->dtype != CNN2SNN_DTYPE_UINT8)
        return false;
    int64_t most = is_signed ? 128 : 255;
    planning->source.zero[input] = is_signed ? 128 : 0;
    if (producer && producer->magnitude < most)
        most = producer->magnitude;
    if (most > planning->source.magnitude)
        planning->source.magnitude = most;
    return true;
}

/* False where shifting inputs isn't the same as shifting weights. */
static bool shifts_fit(const struct planning *planning, const int32_t *shift, int64_t count)
{
    for (int64_t c = 0; shift && c < count; c++)
        if (shift[c] < 0 || planning->source.magnitude << shift[c] >= INT64_C(1)
                                                                          << (planning->at->stage->buffer_bits - 1))
            return false;
    return true;
}

static bool padding_fits(const struct planning *planning)
{
    const struct c2s_stage *stage = planning->at->stage;
    for (int64_t c = 0; stage->padding && c < stage->in[2]; c++)
        if (stage->padding[c] + planning->source.zero[0] > 255)
            return false;
    return true;
}

static cnn2snn_status make_fill(const struct planning *planning)
{
    const struct c2s_stage *stage = planning->at->stage;
    void *memory;
    C2S_TRY(c2s_prepare_memory(planning->at, (uint64_t)stage->in[2], 1, &memory));
    for (int64_t c = 0; c < stage->in[2]; c++)
        ((uint8_t *)memory)[c] = (uint8_t)(planning->source.zero[0] + (stage->padding ? stage->padding[c] : 0));
    planning->plan->fill = memory;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ tables */

static bool are_alike(const struct c2s_stage *stage, int64_t a, int64_t b)
{
    return stage->shift[a] == stage->shift[b] && (!stage->scales || stage->scales[a] == stage->scales[b]);
}

/* Outputs for each place in the table, of channels with the scale and shift of filter f. */
static void fill_table(const struct planning *planning, int64_t f, uint8_t *table)
{
    struct c2s_stage one = *planning->at->stage;
    one.out[2] = 1;
    one.scales = one.scales ? one.scales + f : NULL;
    one.shift += f;
    for (int i = 0; i < LUT_SIZE; i++) {
        int32_t value = one.lut[i];
        c2s_rescale_output(&one, &value, 1);
        table[i] = (uint8_t)value ^ planning->plan->flip;
    }
}

/* A table for each scale and shift; *out_made is false where these are too many. */
static cnn2snn_status make_tables(const struct planning *planning, bool *out_made)
{
    const struct c2s_stage *stage = planning->at->stage;
    int64_t first[MOST_TABLES];
    size_t count = 0, i;
    void *memory, *pointers;
    *out_made = false;
    for (int64_t f = 0; f < stage->out[2]; f++) {
        for (i = 0; i < count && !are_alike(stage, first[i], f); i++)
            ;
        if (i == MOST_TABLES)
            return CNN2SNN_OK;
        if (i == count)
            first[count++] = f;
    }
    C2S_TRY(c2s_prepare_memory(planning->at, count, LUT_SIZE, &memory));
    C2S_TRY(c2s_prepare_memory(planning->at, (uint64_t)stage->out[2], sizeof(uint8_t *), &pointers));
    for (i = 0; i < count; i++)
        fill_table(planning, first[i], (uint8_t *)memory + i * LUT_SIZE);
    for (int64_t f = 0; f < stage->out[2]; f++) {
        for (i = 0; !are_alike(stage, first[i], f); i++)
            ;
        ((const uint8_t **)pointers)[f] = (const uint8_t *)memory + i * LUT_SIZE;
    }
    planning->plan->tables = pointers;
    *out_made = true;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ epilogue */

static bool shifted_sums_fit(const struct planning *planning)
{
    for (int64_t f = 0; f < planning->plan->filters; f++) {
        int32_t left = planning->sums.left[f];
        if (left && planning->sums.bounds[f] > INT32_MAX >> left)
            return false;
    }
    return true;
}

/* Copies the numbers of the channels behind them, for several pixels side by side. */
static void replicate(const struct c2s_byte_plan *plan)
{
    const struct c2s_byte_epilogue *e = &plan->epilogue;
    size_t channels = (size_t)plan->channels;
    for (size_t p = 0; p < plan->phase_count; p++) {
        int32_t *vectors[] = {plan->phases[p].start, e->low, e->high, e->factor, e->addend, e->shift};
        for (size_t c = channels; c < channels * plan->replicas; c++)
            for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
                vectors[i][c2s_byte_slot(plan->kernels, c)] = vectors[i][c2s_byte_slot(plan->kernels, c % channels)];
    }
}

/* True if 32 bits hold all running sums of results, before they are limited to their width. */
static bool averages_fit(const struct planning *planning)
{
    const struct c2s_byte_plan *plan = planning->plan;
    bool version_1 = c2s_akida_kind_version(kind_of(planning)) == 1;
    int32_t bits = version_1 ? C2S_POTENTIAL_BITS : planning->at->stage->post_bits;
    int64_t places = plan->window.x.out * plan->window.y.out;
    int64_t most = bits == 32 ? INT32_MAX / places : INT32_MAX - (INT64_C(1) << (bits - 1));
    for (int64_t f = 0; f < plan->filters; f++) {
        size_t slot = c2s_byte_plan_slot(plan, f);
        int64_t bound = planning->sums.bounds[f] > INT32_MAX ? INT32_MAX : planning->sums.bounds[f];
        bool sums = plan->after == C2S_AFTER_SUMS;
        int64_t low = sums ? -bound : plan->epilogue.low[slot], high = sums ? bound : plan->epilogue.high[slot];
        low = (low * plan->epilogue.factor[slot] + plan->epilogue.addend[slot]) >> plan->epilogue.shift[slot];
        high = (high * plan->epilogue.factor[slot] + plan->epilogue.addend[slot]) >> plan->epilogue.shift[slot];
        if (high > most || low < -most)
            return false;
    }
    return !(plan->after == C2S_AFTER_SUMS && !version_1);
}

static enum c2s_byte_after best_end(const struct planning *planning)
{
    const struct c2s_stage *stage = planning->at->stage;
    bool average = stage->pool_type == C2S_POOL_AVERAGE;
    if (c2s_akida_kind_version(kind_of(planning)) == 1)
        return average || (stage->pool_type == C2S_POOL_MAX && !stage->activation) ? C2S_AFTER_SUMS
                                                                                   : C2S_AFTER_NOTHING;
    if (stage->activation == 2)
        return average || c2s_dtype_size(stage->dtype) != 1 ? C2S_AFTER_SUMS : C2S_AFTER_LOOKUP;
    return average ? C2S_AFTER_AVERAGE : C2S_AFTER_NOTHING;
}

/* Of what can be done along with the sums, the most that is exact. *out_found: false for layers that need others. */
static cnn2snn_status choose_end(const struct planning *planning, bool *out_found)
{
    struct c2s_byte_plan *plan = planning->plan;
    const struct c2s_preparation *at = planning->at;
    *out_found = false;
    if (!shifted_sums_fit(planning))
        return CNN2SNN_OK;
    C2S_TRY(c2s_byte_epilogue_find(at, plan, &planning->sums, best_end(planning), out_found));
    if (*out_found && plan->after == C2S_AFTER_LOOKUP)
        C2S_TRY(make_tables(planning, out_found));
    if (*out_found)
        return CNN2SNN_OK;
    return c2s_byte_epilogue_find(at, plan, &planning->sums, C2S_AFTER_SUMS, out_found);
}

static cnn2snn_status make_epilogue(const struct planning *planning)
{
    struct c2s_byte_epilogue *e = &planning->plan->epilogue;
    int32_t **vectors[] = {&e->low, &e->high, &e->factor, &e->addend, &e->shift, &e->step, &e->edge};
    size_t count = c2s_akida_kind_version(kind_of(planning)) == 1 && planning->at->stage->activation ? 7 : 5;
    size_t padded = c2s_byte_round_up((size_t)planning->plan->filters, C2S_BYTE_MOST_BLOCK);
    void *memory;
    C2S_TRY(c2s_prepare_memory(planning->at, padded, count * sizeof(int32_t), &memory));
    for (size_t i = 0; i < count; i++)
        *vectors[i] = (int32_t *)memory + i * padded;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ plans */

/* Packs the weights and lets `end` choose the epilogue. */
static cnn2snn_status complete(struct planning *planning,
                               cnn2snn_status (*end)(const struct planning *planning, bool *out_found))
{
    cnn2snn_context *context = planning->at->model->context;
    size_t filters = (size_t)planning->plan->filters;
    cnn2snn_status status = CNN2SNN_OK;
    planning->sums = (struct c2s_byte_sums){c2s_calloc(context, filters, sizeof *planning->sums.bounds),
                                            c2s_calloc(context, filters, sizeof *planning->sums.left)};
    if (!planning->sums.bounds || !planning->sums.left)
        C2S_GOTO(c2s_error_no_memory(planning->at->error));
    C2S_GOTO(c2s_byte_pack(planning->at, planning->plan, &planning->source, &planning->sums));
    C2S_GOTO(make_epilogue(planning));
    C2S_GOTO(end(planning, &planning->done));
    if (planning->done && planning->at->stage->pool_type == C2S_POOL_AVERAGE)
        planning->plan->quick_average = averages_fit(planning);
    if (planning->done)
        replicate(planning->plan);
    if (planning->done)
        c2s_byte_set_blocks(planning->plan);
done:
    c2s_free(context, planning->sums.bounds);
    c2s_free(context, planning->sums.left);
    return status;
}

static struct planning start(const struct c2s_preparation *at, const struct c2s_byte_kernels *kernels,
                             const struct c2s_stage *stages, struct c2s_byte_plan *plan)
{
    *plan = (struct c2s_byte_plan){.kernels = kernels,
                                   .channels = at->stage->in[2],
                                   .filters = at->stage->out[2],
                                   .spread = 1,
                                   .replicas = 1,
                                   .phase_count = 1};
    return (struct planning){
        .at = at, .stages = stages, .plan = plan, .source = {.weights = at->stage->weights, .second = INT64_MAX}};
}

/* Where the output is bytes, results that are finished are. */
static void set_output(const struct planning *planning)
{
    struct c2s_stage *stage = planning->at->stage;
    struct c2s_byte_plan *plan = planning->plan;
    bool finished = plan->after == C2S_AFTER_NOTHING || plan->after == C2S_AFTER_LOOKUP;
    stage->has_bytes = finished && c2s_dtype_size(stage->dtype) == 1;
    plan->wide = !stage->has_bytes || plan->after == C2S_AFTER_LOOKUP;
}

/* Pixels whose channels don't fill a block of channels run side by side as one. */
static void set_replicas(struct c2s_byte_plan *plan)
{
    size_t channels = (size_t)plan->channels, block = plan->kernels->channel_block;
    bool neighbours = plan->depthwise && plan->window.y.stride == 1 && plan->spread == 1;
    if (neighbours && channels < block && block % channels == 0)
        plan->replicas = block / channels;
}

static cnn2snn_status plan_sums(struct planning *planning)
{
    const struct c2s_stage *stage = planning->at->stage;
    struct c2s_byte_plan *plan = planning->plan;
    if (stage->wide_sums || !c2s_byte_set_shape(planning->at, plan, &planning->source) || !look_at_input(planning, 0))
        return CNN2SNN_OK;
    planning->source.shift = stage->input_shift;
    if (!shifts_fit(planning, stage->input_shift, plan->channels) || !padding_fits(planning))
        return CNN2SNN_OK;
    set_replicas(plan);
    plan->flip = stage->dtype == CNN2SNN_DTYPE_INT8 ? 128 : 0;
    C2S_TRY(make_fill(planning));
    C2S_TRY(complete(planning, choose_end));
    if (planning->done)
        set_output(planning);
    return CNN2SNN_OK;
}

/* Both inputs are rows of taps, whose weights are the shifts. */
static cnn2snn_status plan_add(struct planning *planning)
{
    const struct c2s_stage *stage = planning->at->stage;
    struct c2s_byte_plan *plan = planning->plan;
    int64_t channels = stage->out[2];
    void *weights, *least;
    if (!look_at_input(planning, 0) || !look_at_input(planning, 1) ||
        !shifts_fit(planning, stage->input_shift, channels) || !shifts_fit(planning, stage->other_shift, channels))
        return CNN2SNN_OK;
    C2S_TRY(c2s_prepare_memory(planning->at, (uint64_t)channels, 2, &weights));
    C2S_TRY(c2s_prepare_memory(planning->at, (uint64_t)channels, sizeof(int32_t), &least));
    for (int64_t c = 0; c < channels; c++) {
        int32_t a = stage->input_shift[c], b = stage->other_shift[c], both = a < b ? a : b;
        if (a - both > MOST_SHIFT_OF_ADD || b - both > MOST_SHIFT_OF_ADD)
            return CNN2SNN_OK;
        ((int8_t *)weights)[c] = (int8_t)(1 << (a - both));
        ((int8_t *)weights)[channels + c] = (int8_t)(1 << (b - both));
        ((int32_t *)least)[c] = both;
    }
    c2s_byte_set_pixels(plan, &planning->source, stage->out[0], stage->out[1], 2);
    planning->source.weights = weights;
    planning->source.shift = least;
    plan->adds = plan->depthwise = true;
    plan->phase_count = 2; /* one for each order of the inputs in memory */
    plan->phases[1] = plan->phases[0];
    plan->phases[1].x = (struct c2s_byte_taps){1, -1, 2, 0};
    set_replicas(plan);
    plan->flip = stage->dtype == CNN2SNN_DTYPE_INT8 ? 128 : 0;
    C2S_TRY(complete(planning, choose_end));
    if (planning->done)
        set_output(planning);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ separable */

static cnn2snn_status take_sums(const struct planning *planning, bool *out_found)
{
    return c2s_byte_epilogue_find(planning->at, planning->plan, &planning->sums, C2S_AFTER_SUMS, out_found);
}

/* Bits of the lower of two bytes that hold all sums of so large a magnitude; more than MOST_DIGIT_BITS: none do. */
static int32_t digits_for(int64_t largest)
{
    int32_t bits = 0;
    while (largest >= INT64_C(128) << bits)
        bits++;
    return bits;
}

/* The depthwise half: each sum becomes two bytes. */
static cnn2snn_status plan_first(struct planning *planning, int32_t *out_bits)
{
    const struct c2s_stage *stage = planning->at->stage;
    struct c2s_byte_plan *plan = planning->plan;
    void *memory;
    plan->filters = plan->channels;
    if (!c2s_byte_set_shape(planning->at, plan, &planning->source) || !look_at_input(planning, 0))
        return CNN2SNN_OK;
    int64_t largest = c2s_largest_sum(stage->weights, (uint64_t)(planning->source.rows * planning->source.columns),
                                      plan->channels, planning->source.magnitude);
    *out_bits = digits_for(largest);
    if (*out_bits > MOST_DIGIT_BITS)
        return CNN2SNN_OK;
    C2S_TRY(make_fill(planning));
    C2S_TRY(c2s_prepare_memory(planning->at, 1, sizeof *plan->digits, &memory));
    struct c2s_byte_digits *digits = memory;
    for (int i = 0; i < C2S_BYTE_MOST_LANES; i++) {
        digits->bits[i] = *out_bits;
        digits->weight[i] = -(1 << *out_bits);
    }
    plan->digits = digits;
    plan->flip = 128; /* of the upper byte */
    return complete(planning, take_sums);
}

/* The product with both bytes: the lower ones of all channels, then the upper ones, which are shifted. */
static cnn2snn_status plan_second(struct planning *planning, const struct c2s_byte_plan *first, int32_t bits)
{
    const struct c2s_stage *stage = planning->at->stage;
    int64_t channels = stage->in[2];
    size_t half = (size_t)(channels * stage->out[2]);
    void *weights, *shift;
    C2S_TRY(c2s_prepare_memory(planning->at, half, 2, &weights));
    C2S_TRY(c2s_prepare_memory(planning->at, (uint64_t)channels, 2 * sizeof(int32_t), &shift));
    memcpy(weights, stage->pointwise, half);
    memcpy((char *)weights + half, stage->pointwise, half);
    for (int64_t c = 0; c < channels; c++)
        ((int32_t *)shift)[channels + c] = bits;
    planning->source = (struct c2s_byte_source){
        .weights = weights, .shift = shift, .zero = {0, 128}, .second = channels, .magnitude = 128};
    planning->plan->channels = 2 * channels;
    planning->plan->flip = 0;
    c2s_byte_set_pixels(planning->plan, &planning->source, first->window.x.out, first->window.y.out, 1);
    C2S_TRY(complete(planning, choose_end));
    c2s_prepare_release(planning->at, weights);
    c2s_prepare_release(planning->at, shift);
    if (planning->done)
        set_output(planning);
    return CNN2SNN_OK;
}

static cnn2snn_status plan_separable(struct planning *planning)
{
    struct c2s_stage *stage = planning->at->stage;
    int32_t bits = 0;
    C2S_TRY(plan_first(planning, &bits));
    if (!planning->done)
        return CNN2SNN_OK;
    struct planning second = start(planning->at, planning->plan->kernels, planning->stages, &stage->second);
    C2S_TRY(plan_second(&second, planning->plan, bits));
    planning->done = second.done;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ all kinds */

/* Inputs of one type lie behind one another. */
static void plan_concatenate(struct planning *planning)
{
    struct c2s_stage *stage = planning->at->stage;
    planning->done = c2s_dtype_size(stage->dtype) == 1;
    planning->plan->joins = true;
    stage->has_bytes = planning->done;
}

static cnn2snn_status plan_kind(struct planning *planning)
{
    switch (kind_of(planning)) {
    case C2S_AKIDA_ADD:
        return plan_add(planning);
    case C2S_AKIDA_CONCATENATE:
        plan_concatenate(planning);
        return CNN2SNN_OK;
    case C2S_AKIDA_SEPARABLE_CONVOLUTIONAL:
        return plan_separable(planning);
    default:
        return plan_sums(planning);
    }
}

/* The plain form isn't needed any more; the scratch is what the plan needs. */
static void replace_plain(const struct planning *planning)
{
    struct c2s_stage *stage = planning->at->stage;
    const struct c2s_byte_plan *plan = stage->second.kernels ? &stage->second : &stage->bytes;
    c2s_prepare_release(planning->at, stage->weights);
    c2s_prepare_release(planning->at, stage->pointwise);
    stage->weights = stage->pointwise = NULL;
    stage->scratch_size = 0;
    size_t results = (size_t)(plan->window.x.out * plan->window.y.out * plan->spread * plan->spread * plan->filters);
    if (stage->pool_type != C2S_POOL_NONE || plan->tables)
        stage->scratch_size = c2s_byte_whole_lines(plan->wide ? 4 * results : results);
    if (stage->pool_type != C2S_POOL_NONE && plan->tables) /* what is pooled, in front of the table */
        stage->scratch_size += c2s_byte_whole_lines(4 * (size_t)(stage->out[0] * stage->out[1] * stage->out[2]));
    if (stage->second.kernels)
        stage->scratch_size +=
            c2s_byte_whole_lines((size_t)(plan->window.x.out * plan->window.y.out * plan->channels));
    if (stage->bytes.tap_step)
        stage->state_size = c2s_byte_state_size(stage);
}

cnn2snn_status c2s_byte_plan_prepare(const struct c2s_preparation *at, const struct c2s_byte_kernels *kernels,
                                     const struct c2s_stage *stages)
{
    struct c2s_stage *stage = at->stage;
    int32_t kind = at->layer->kind;
    if (!kernels)
        return CNN2SNN_OK;
    if (kind == C2S_AKIDA_INPUT_DATA || kind == C2S_AKIDA_QUANTIZER) {
        stage->has_bytes = !stage->inbound_count && c2s_dtype_size(stage->dtype) == 1; /* not behind a Quantizer */
        return CNN2SNN_OK;
    }
    struct planning planning = start(at, kernels, stages, &stage->bytes);
    C2S_TRY(plan_kind(&planning));
    if (planning.done)
        replace_plain(&planning);
    else
        stage->bytes = stage->second = (struct c2s_byte_plan){0};
    return CNN2SNN_OK;
}
