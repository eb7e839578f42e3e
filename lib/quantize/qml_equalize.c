/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides the range of an output that uses all of its bits, and makes the next weights up for it
 * (spec/quantizeml-ptq.md 6.4). Float32, element by element.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "quantize/qml_stages.h"

#define RANGE "output_quantizer/range_max"
#define RATE "output_quantizer/rescaling_rate"

/* Where an output goes to. */
struct target {
    ptrdiff_t at;   /* C2S_NOBODY: to no layer whose weights could make up for it */
    bool flattened; /* there is a Reshape or Flatten in between */
};

static bool has_kernel(enum c2s_kind_id kind)
{
    switch (kind) {
    case C2S_KIND_CONV2D:
    case C2S_KIND_PADDED_CONV2D:
    case C2S_KIND_CONV2D_TRANSPOSE:
    case C2S_KIND_SEPARABLE_CONV2D:
    case C2S_KIND_DEPTHWISE_CONV2D:
    case C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE:
    case C2S_KIND_DENSE:
    case C2S_KIND_QML_CONV2D:
    case C2S_KIND_QML_CONV2D_TRANSPOSE:
    case C2S_KIND_QML_DEPTHWISE_CONV2D:
    case C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE:
    case C2S_KIND_QML_SEPARABLE_CONV2D:
    case C2S_KIND_QML_DENSE:
    case C2S_KIND_QML_STATEFUL_PROJECTION:
        return true;
    default:
        return false;
    }
}

static bool is_passed(enum c2s_kind_id kind)
{
    return kind == C2S_KIND_DROPOUT || kind == C2S_KIND_QML_DROPOUT || kind == C2S_KIND_MAX_POOLING2D ||
           kind == C2S_KIND_QML_MAX_POOLING2D || kind == C2S_KIND_GLOBAL_AVERAGE_POOLING2D ||
           kind == C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D || kind == C2S_KIND_QML_DEQUANTIZER;
}

static bool is_reshape(enum c2s_kind_id kind)
{
    return kind == C2S_KIND_RESHAPE || kind == C2S_KIND_FLATTEN || kind == C2S_KIND_QML_RESHAPE ||
           kind == C2S_KIND_QML_FLATTEN;
}

/* Convolutions in groups, or with channels in front, don't count. */
static bool takes_rate(const cnn2snn_layer *layer)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    return !conv || (conv->groups == 1 && !conv->channels_first);
}

static struct target find_target(const struct c2s_graph *graph, const struct c2s_calls *calls, size_t at,
                                 bool per_axis)
{
    struct target target = {C2S_NOBODY, false};
    while (c2s_calls_user_count(calls, at) == 1) {
        at = calls->users[calls->first_user[at]];
        enum c2s_kind_id kind = c2s_layer_id(graph->layers[at]);
        if (has_kernel(kind)) {
            target.at = takes_rate(graph->layers[at]) ? (ptrdiff_t)at : C2S_NOBODY;
            return target;
        }
        if (is_passed(kind) || (is_reshape(kind) && !per_axis))
            continue;
        if (!is_reshape(kind) || target.flattened)
            return target;
        target.flattened = true;
    }
    return target;
}

/* ------------------------------------------------------------------------------------------------ ranges */

/* The largest that the bits hold: just under a power of two. */
static float ideal_range(float range, int32_t bitwidth)
{
    if (!(range > 0))
        return 0;
    float exponent = floorf((float)log((double)range) / 0.6931472f);
    return ldexpf(ldexpf(1, bitwidth) - 1, (int)exponent - bitwidth);
}

/* Weights that are no numbers make ranges that aren't. */
static bool is_finite(const cnn2snn_tensor *range)
{
    for (uint64_t i = 0; i < range->count; i++)
        if (!isfinite(c2s_f32(range)[i]))
            return false;
    return true;
}

/* *out_rate: NULL where there is nothing to do. */
static cnn2snn_status make_rate(const cnn2snn_layer *layer, const cnn2snn_tensor *range, cnn2snn_tensor **out_ideal,
                                cnn2snn_tensor **out_rate, cnn2snn_error **error)
{
    const struct c2s_output_quantizer *quantizer = c2s_layer_output_quantizer(layer);
    bool same = true;
    C2S_TRY(c2s_tensor_create(layer->context, CNN2SNN_DTYPE_FLOAT32, range->rank, range->shape, out_ideal, error));
    for (uint64_t i = 0; i < range->count; i++) {
        c2s_f32_writable(*out_ideal)[i] = ideal_range(c2s_f32(range)[i], quantizer->bitwidth);
        same = same && c2s_f32(*out_ideal)[i] == c2s_f32(range)[i];
    }
    if (same)
        return CNN2SNN_OK;
    C2S_TRY(c2s_tensor_create(layer->context, CNN2SNN_DTYPE_FLOAT32, range->rank, range->shape, out_rate, error));
    for (uint64_t i = 0; i < range->count; i++) {
        float ideal = c2s_f32(*out_ideal)[i];
        c2s_f32_writable(*out_rate)[i] = ideal == 0 ? 1 : ideal / c2s_f32(range)[i];
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ weights */

static bool is_transposed(const cnn2snn_layer *layer)
{
    return c2s_layer_id(layer) == C2S_KIND_CONV2D_TRANSPOSE || c2s_layer_id(layer) == C2S_KIND_QML_CONV2D_TRANSPOSE;
}

/* The input channel of each weight; channels come again and again where pixels were flattened. */
static uint64_t channel_of(const cnn2snn_layer *layer, const cnn2snn_tensor *kernel, uint64_t channels, uint64_t i)
{
    uint64_t last = (uint64_t)kernel->shape[kernel->rank - 1];
    return (is_transposed(layer) ? i : i / last) % channels;
}

/* Do the channels of the rate fit those of the kernel? */
static cnn2snn_status check_channels(const cnn2snn_layer *layer, const cnn2snn_tensor *kernel,
                                     const cnn2snn_tensor *rate, const struct target *target, cnn2snn_error **error)
{
    uint64_t channels = (uint64_t)kernel->shape[is_transposed(layer) ? kernel->rank - 1 : kernel->rank - 2];
    if (rate->count == 1 || rate->count == channels || (target->flattened && channels % rate->count == 0))
        return CNN2SNN_OK;
    return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "P-047", layer->name,
                           "%llu channels, but %llu ranges in front", (unsigned long long)channels,
                           (unsigned long long)rate->count);
}

static cnn2snn_status divide_kernel(const cnn2snn_layer *layer, const cnn2snn_tensor *rate,
                                    const struct target *target, cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    const cnn2snn_tensor *kernel = layer->weights[0].tensor;
    cnn2snn_tensor *divided = NULL;
    C2S_TRY(check_channels(layer, kernel, rate, target, error));
    C2S_TRY(c2s_tensor_create(layer->context, CNN2SNN_DTYPE_FLOAT32, kernel->rank, kernel->shape, &divided, error));
    for (uint64_t i = 0; i < kernel->count; i++)
        c2s_f32_writable(divided)[i] =
            c2s_f32(kernel)[i] / c2s_f32(rate)[rate->count == 1 ? 0 : channel_of(layer, kernel, rate->count, i)];
    cnn2snn_status status = c2s_qml_set_weight(layer, layer->weights[0].name, divided, out_layer, error);
    c2s_tensor_release(divided);
    return status;
}

static cnn2snn_status put(cnn2snn_layer **place, cnn2snn_layer *made)
{
    c2s_layer_release(*place);
    *place = made;
    return CNN2SNN_OK;
}

static cnn2snn_status set(const struct c2s_graph *graph, size_t at, const char *name, cnn2snn_tensor *value,
                          cnn2snn_layer **layers, cnn2snn_error **error)
{
    cnn2snn_layer *made = NULL;
    C2S_TRY(c2s_qml_set_weight(layers[at] ? layers[at] : graph->layers[at], name, value, &made, error));
    return put(&layers[at], made);
}

cnn2snn_status c2s_qml_equalize(const struct c2s_graph *graph, const struct c2s_calls *calls, size_t at,
                                cnn2snn_layer **layers, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = layers[at] ? layers[at] : graph->layers[at];
    const cnn2snn_tensor *range = c2s_layer_weight(layer, RANGE);
    struct target target = find_target(graph, calls, at, c2s_layer_output_quantizer(layer)->per_axis);
    cnn2snn_tensor *ideal = NULL, *rate = NULL;
    cnn2snn_layer *divided = NULL;
    if (target.at < 0 || !range || !is_finite(range) ||
        c2s_layer_id(layer) == C2S_KIND_QML_ADD) /* an Add has no scales to change */
        return CNN2SNN_OK;
    const cnn2snn_layer *next = layers[target.at] ? layers[target.at] : graph->layers[target.at];
    if (!next->built || !next->weight_count || next->weights[0].tensor->rank < 2)
        return CNN2SNN_OK;
    cnn2snn_status status = make_rate(layer, range, &ideal, &rate, error);
    if (!status && rate)
        status = divide_kernel(next, rate, &target, &divided, error);
    if (!status && rate)
        status = put(&layers[target.at], divided);
    if (!status && rate)
        status = set(graph, at, RANGE, ideal, layers, error);
    if (!status && rate)
        status = set(graph, at, RATE, rate, layers, error);
    c2s_tensor_release(ideal);
    c2s_tensor_release(rate);
    return status;
}
