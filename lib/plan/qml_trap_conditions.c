/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when an Akida model computes something else than its Keras model, by the numbers of both and without
 * samples (the traps of spec/quantizeml.md 2). The files are the reference's all the same, unless an option asks for
 * what is right. */
#include <math.h>

#include "layers/quantizeml_attributes.h"
#include "plan/qml_rules.h"

enum { AKIDA_PRODUCT_BITS = 31, POTENTIAL_LIMIT = 524287 };

static const struct c2s_qml_block *block_at(const struct c2s_qml_view *view, size_t index)
{
    return &view->plan->blocks[index];
}

static const struct c2s_derived *derived_at(const struct c2s_qml_view *view, size_t index, size_t position)
{
    return c2s_qml_block_derived(view->plan, block_at(view, index), position);
}

static const struct c2s_derived *main_derived(const struct c2s_qml_view *view, size_t index)
{
    return derived_at(view, index, c2s_block_pattern_main(block_at(view, index)->pattern));
}

static double entry(const cnn2snn_tensor *tensor, uint64_t index, double otherwise)
{
    return tensor ? c2s_tensor_get_double(tensor, tensor->count == 1 ? 0 : index) : otherwise;
}

/* ------------------------------------------------------------------------------------------------ inputs */

/* Trap 5: halves go away from zero on Akida, to the even number in Keras. Whole numbers meet them where one step is
 * larger than 1. */
bool c2s_qml_halves_round_apart(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_tensor *scales = derived_at(view, index, 0)->float_scales;
    for (uint64_t i = 0; scales && i < scales->count; i++)
        if (c2s_f32(scales)[i] < 1) {
            c2s_found_set(found, 0, "%g", (double)(1 / c2s_f32(scales)[i]));
            return true;
        }
    return false;
}

/* ------------------------------------------------------------------------------------------------ outputs */

/* Trap 8. */
bool c2s_qml_sign_is_lost(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_qml_block *block = block_at(view, index);
    const struct c2s_output_quantizer *output = c2s_qml_block_output(view->plan, block);
    if (!output || !output->is_signed || output->bitwidth > 4)
        return false;
    c2s_found_set(found, 0, "%d", (int)output->bitwidth);
    return true;
}

/* The largest sizes that the sums of some neighbouring filters can have. */
enum { SUMS = 64 };
struct largest_sums {
    uint64_t first, count; /* of filters; none yet */
    double sums[SUMS];
};

static void add_weights(const cnn2snn_tensor *weights, uint64_t at, uint64_t count, double unit, double *sums)
{
    if (weights->dtype == CNN2SNN_DTYPE_INT8) {
        const int8_t *row = (const int8_t *)weights->data + at;
        for (uint64_t i = 0; i < count; i++)
            sums[i] += fabs((double)row[i]) * unit;
    } else {
        for (uint64_t i = 0; i < count; i++)
            sums[i] += fabs(c2s_tensor_get_double(weights, at + i)) * unit;
    }
}

static void fill_sums(const struct c2s_derived *derived, uint64_t filters, uint64_t first,
                      struct largest_sums *largest)
{
    const cnn2snn_tensor *weights = derived->integers[C2S_WEIGHTS], *shift = derived->integers[C2S_INPUT_SHIFT];
    double *sums = largest->sums, unit = ldexp(1, (int)derived->input.value_bits);
    enum c2s_kind_id id = c2s_layer_id(derived->layer);
    bool depthwise = id == C2S_KIND_QML_DEPTHWISE_CONV2D || id == C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE ||
                     id == C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV;
    uint64_t channels = shift && shift->count ? shift->count : 1;
    uint64_t rows = weights ? weights->count / filters : 0, count = filters - first < SUMS ? filters - first : SUMS;
    *largest = (struct largest_sums){.first = first, .count = count};
    for (uint64_t row = 0; row < rows; row++)
        add_weights(weights, row * filters + first, count,
                    depthwise ? unit : ldexp(unit, (int)entry(shift, row % channels, 0)), sums);
    for (uint64_t i = 0; i < count; i++) {
        if (depthwise)
            sums[i] = ldexp(sums[i], (int)entry(shift, first + i, 0));
        sums[i] = fmin(sums[i], ldexp(1, (int)derived->accumulator.value_bits));
        sums[i] += fabs(entry(derived->integers[C2S_BIAS], first + i, 0));
    }
}

/* The largest size that a filter's sum can have, with its bias; layers of weights only. */
static double largest_sum(const struct c2s_derived *derived, uint64_t filters, uint64_t filter,
                          struct largest_sums *largest)
{
    if (filter < largest->first || filter - largest->first >= largest->count)
        fill_sums(derived, filters, filter, largest);
    return largest->sums[filter - largest->first];
}

/* Where the sums of a block meet an output quantizer first: behind the activation, or in front of a table. */
static const struct c2s_derived *first_quantized(const struct c2s_qml_view *view, size_t index)
{
    const struct c2s_qml_block *block = block_at(view, index);
    for (size_t i = c2s_block_pattern_main(block->pattern); i < block->count; i++)
        if (derived_at(view, index, i)->integers[C2S_OUTPUT_SHIFT])
            return derived_at(view, index, i);
    return NULL;
}

/* A global average is a sum on Akida. */
static double pooled(const struct c2s_qml_view *view, size_t index)
{
    const struct c2s_qml_block *block = block_at(view, index);
    ptrdiff_t position = c2s_block_pattern_position(block->pattern, C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D);
    if (position < 0)
        return 1;
    const struct c2s_shape *in = c2s_qml_block_input_shape(view->plan, block, (size_t)position);
    return in->rank == 3 ? (double)in->extents[0] * (double)in->extents[1] : 1;
}

static uint64_t filters_of(const struct c2s_qml_view *view, size_t index)
{
    const struct c2s_qml_block *block = block_at(view, index);
    const struct c2s_shape *out =
        c2s_qml_block_output_shape(view->plan, block, c2s_block_pattern_main(block->pattern));
    return out->rank && out->extents[out->rank - 1] > 0 ? (uint64_t)out->extents[out->rank - 1] : 0;
}

/* The largest size of what the output's mantissas multiply: sums of positions where they are averaged, limited by a
 * ReLU. */
static double largest_product(const struct c2s_qml_view *view, size_t index, const struct c2s_derived *output,
                              uint64_t filter, struct largest_sums *largest)
{
    const struct c2s_qml_block *block = block_at(view, index);
    ptrdiff_t relu = c2s_block_pattern_position(block->pattern, C2S_KIND_QML_RELU);
    double sum = largest_sum(main_derived(view, index), filters_of(view, index), filter, largest);
    if (relu >= 0)
        sum = fmin(sum, entry(derived_at(view, index, (size_t)relu)->integers[C2S_MAX_VALUE], filter, sum));
    return sum * pooled(view, index) * entry(output->integers[C2S_OUTPUT_SCALES], filter, 1);
}

/* Trap 20: a right shift of the buffer's width and more is one less than that width on Akida. */
bool c2s_qml_shift_is_limited(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_derived *output = first_quantized(view, index);
    const struct c2s_quant_config *quant = c2s_layer_quant_config(main_derived(view, index)->layer);
    if (!output || !quant || view->plan->exact_scales)
        return false;
    double least = 1.0 - quant->buffer_bitwidth;
    struct largest_sums largest = {0};
    for (uint64_t i = 0, count = filters_of(view, index); i < count; i++) {
        double shift = entry(output->integers[C2S_OUTPUT_SHIFT], i, 0);
        if (shift >= least)
            continue;
        if (ldexp(largest_product(view, index, output, i, &largest), (int)least) < 0.5)
            continue;
        c2s_found_set(found, 0, "%d", (int)-shift);
        c2s_found_set(found, 1, "%d", (int)-least);
        c2s_found_set(found, 2, "%llu", (unsigned long long)i);
        return true;
    }
    return false;
}

/* Products with mantissas have 32 bits on Akida and 33 in Keras: outputs that either cuts before they are full. */
bool c2s_qml_product_is_cut(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_derived *output = first_quantized(view, index);
    if (!output || view->plan->exact_scales)
        return false;
    struct largest_sums largest = {0};
    for (uint64_t i = 0, count = filters_of(view, index); i < count; i++) {
        double shift = entry(output->integers[C2S_OUTPUT_SHIFT], i, 0);
        double cut = ldexp(1, AKIDA_PRODUCT_BITS + (int)shift), full = ldexp(1, (int)output->output.value_bits) - 1;
        if (cut >= full || largest_product(view, index, output, i, &largest) < ldexp(1, AKIDA_PRODUCT_BITS))
            continue;
        c2s_found_set(found, 0, "%llu", (unsigned long long)i);
        c2s_found_set(found, 1, "%g", cut);
        c2s_found_set(found, 2, "%g", full);
        return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------------------------ Akida 1.0 */

/* The potential of one of the output's levels, and whether there is an activation with one. */
static bool find_step(const struct c2s_qml_view *view, size_t index, uint64_t filter, double *step)
{
    const struct c2s_qml_block *block = block_at(view, index);
    const struct c2s_derived *last = derived_at(view, index, block->count - 1);
    const cnn2snn_tensor *shift = last->integers[C2S_OUTPUT_SHIFT];
    if (!shift || !c2s_block_pattern_has(block->pattern, C2S_KIND_QML_RELU))
        return false;
    *step = ldexp(1, (int)-entry(shift, filter, 0)) / entry(last->integers[C2S_OUTPUT_SCALES], filter, 1);
    return true;
}

/* Trap 11: steps are cut to sixteenths; half a level of the largest output is what counts. */
bool c2s_qml_step_is_cut(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_output_quantizer *output = c2s_qml_block_output(view->plan, block_at(view, index));
    double step;
    for (uint64_t i = 0, count = output ? filters_of(view, index) : 0; i < count; i++) {
        if (!find_step(view, index, i, &step))
            return false;
        double sixteenths = 16 * ldexp(step, (int)output->bitwidth - 4), rest = sixteenths - floor(sixteenths);
        if (rest / sixteenths <= ldexp(1, -output->bitwidth - 1))
            continue;
        c2s_found_set(found, 0, "%g", sixteenths / 16);
        c2s_found_set(found, 1, "%g", floor(sixteenths) / 16);
        c2s_found_set(found, 2, "%llu", (unsigned long long)i);
        return true;
    }
    return false;
}

/* Trap 12: sums over positions have 20 bits, while the largest output needs more. */
bool c2s_qml_average_saturates(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_output_quantizer *output = c2s_qml_block_output(view->plan, block_at(view, index));
    double step, positions = pooled(view, index);
    for (uint64_t i = 0, count = output && positions > 1 ? filters_of(view, index) : 0; i < count; i++) {
        if (!find_step(view, index, i, &step))
            return false;
        double bias = positions * entry(main_derived(view, index)->integers[C2S_BIAS], i, 0);
        double most = step * (ldexp(1, output->bitwidth) - 1) - bias;
        if (most <= POTENTIAL_LIMIT)
            continue;
        c2s_found_set(found, 0, "%.0f", most);
        c2s_found_set(found, 1, "%d", POTENTIAL_LIMIT);
        c2s_found_set(found, 2, "%llu", (unsigned long long)i);
        return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------------------------ predictions */

bool c2s_qml_predictions_have_another_size(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_graph *graph = view->plan->graph;
    const struct c2s_node *node = &graph->nodes[block_at(view, index)->nodes[0]];
    if (node->input_count != 2)
        return false;
    const struct c2s_shape *shapes[2];
    for (size_t i = 0; i < 2; i++) {
        shapes[i] = &graph->nodes[node->inputs[i].node].shapes[node->inputs[i].output];
        c2s_found_shape(found, i, shapes[i]);
    }
    return !c2s_shape_equal(shapes[0], shapes[1]);
}
