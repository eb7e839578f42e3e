/* SPDX-License-Identifier: Apache-2.0 */
/* Sanitizing: a Rescaling with an offset, or with a scale for each channel, goes into the layer behind it. */
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "transform/kernel_axes.h"
#include "transform/rewrite.h"
#include "transform/sanitize.h"
#include "transform/sanitize_step.h"

/* ------------------------------------------------------------------------------------------------ padding values */

/* padding values of a layer minus the offsets, or divided by scales; all alike: one. *out: NULL where it has none. */
static cnn2snn_status move_padding(const cnn2snn_layer *layer, size_t count, const double *by, bool divide,
                                   json_t **out, cnn2snn_error **error)
{
    const json_t *values = json_object_get(layer->config, "padding_value");
    size_t found = json_is_array(values) ? json_array_size(values) : 1, longest = found > count ? found : count;
    *out = NULL;
    if (!values || json_is_null(values))
        return CNN2SNN_OK;
    if (!found || (found > 1 && count > 1 && found != count))
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "P-011", layer->name,
                               "%zu padding values and %zu offsets", found, count);
    json_t *moved = json_array();
    bool alike = true;
    double first = 0;
    for (size_t i = 0; i < longest; i++) {
        double value = json_number_value(json_is_array(values) ? json_array_get(values, found > 1 ? i : 0) : values);
        double factor = by[count > 1 ? i : 0], result = divide ? (double)(float)value / factor : value - factor;
        first = i ? first : result;
        alike = alike && result == first;
        if (json_array_append_new(moved, json_real(result))) {
            json_decref(moved);
            return c2s_error(layer->context, error, CNN2SNN_E_VALUE, "P-011", "a padding value is no number");
        }
    }
    if (alike && !divide)
        while (json_array_size(moved) > 1)
            json_array_remove(moved, json_array_size(moved) - 1);
    *out = moved;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ weights */

/* Channels of the input are the last axis but one of convolutions, and the first of Dense. */
static uint64_t channel_of(const cnn2snn_tensor *kernel, uint64_t index)
{
    uint64_t filters = (uint64_t)kernel->shape[kernel->rank - 1];
    return index / filters % (uint64_t)kernel->shape[kernel->rank - 2];
}

static cnn2snn_status check_channels(const cnn2snn_layer *layer, size_t count, cnn2snn_error **error)
{
    const cnn2snn_tensor *kernel = c2s_layer_find_weight(layer, "kernel"),
                         *bias = c2s_layer_find_weight(layer, "bias");
    if (!kernel || kernel->rank < 2 || !bias || bias->count != (uint64_t)kernel->shape[kernel->rank - 1])
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "P-011", layer->name,
                               "no kernel and bias that an offset could go into");
    int64_t channels = kernel->shape[kernel->rank - 2];
    if (count > 1 && (int64_t)count != channels)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "P-011", layer->name,
                               "%zu offsets or scales for %lld channels", count, (long long)channels);
    return CNN2SNN_OK;
}

/* bias + sum(kernel * offset), added up row by row as the reference does. */
static cnn2snn_status shift_bias(const cnn2snn_layer *layer, size_t count, const double *offsets,
                                 cnn2snn_tensor **out_bias, cnn2snn_error **error)
{
    const cnn2snn_tensor *kernel = c2s_layer_find_weight(layer, "kernel"),
                         *bias = c2s_layer_find_weight(layer, "bias");
    C2S_TRY(c2s_tensor_create(layer->context, CNN2SNN_DTYPE_FLOAT32, 1, bias->shape, out_bias, error));
    float *sums = c2s_f32_writable(*out_bias);
    memset(sums, 0, bias->count * sizeof *sums);
    for (uint64_t i = 0; i < kernel->count; i++)
        sums[i % bias->count] += c2s_f32(kernel)[i] * (float)offsets[count > 1 ? channel_of(kernel, i) : 0];
    for (uint64_t i = 0; i < bias->count; i++)
        sums[i] = c2s_f32(bias)[i] + sums[i];
    return CNN2SNN_OK;
}

static cnn2snn_status scale_kernel(const cnn2snn_layer *layer, size_t count, const double *scales,
                                   cnn2snn_tensor **out_kernel, cnn2snn_error **error)
{
    const cnn2snn_tensor *kernel = c2s_layer_find_weight(layer, "kernel");
    C2S_TRY(c2s_tensor_create(layer->context, CNN2SNN_DTYPE_FLOAT32, kernel->rank, kernel->shape, out_kernel, error));
    float *values = c2s_f32_writable(*out_kernel);
    for (uint64_t i = 0; i < kernel->count; i++)
        values[i] = c2s_f32(kernel)[i] * (float)scales[count > 1 ? channel_of(kernel, i) : 0];
    return CNN2SNN_OK;
}

/* The layer with other padding values (NULL: as they are), the kernel or the bias put in place. */
static cnn2snn_status remake(const cnn2snn_layer *layer, json_t *padding, const char *weight, cnn2snn_tensor *value,
                             cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_layer *made = NULL;
    cnn2snn_tensor *weights[C2S_MAX_LAYER_WEIGHTS] = {NULL};
    if (padding)
        C2S_TRY(c2s_sanitize_with_member(layer, "padding_value", json_incref(padding), &made, error));
    const cnn2snn_layer *like = made ? made : layer;
    for (size_t i = 0; i < like->weight_count; i++)
        weights[i] = strcmp(like->weights[i].name, weight) ? like->weights[i].tensor : value;
    cnn2snn_status status = c2s_layer_with_weights(like, like->weight_count, weights, out_layer, error);
    c2s_layer_release(made);
    return status;
}

cnn2snn_status c2s_layer_fold_offset(const cnn2snn_layer *layer, size_t offset_count, const double *offsets,
                                     cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_tensor *bias = NULL;
    json_t *padding = NULL;
    C2S_TRY(check_channels(layer, offset_count, error));
    C2S_TRY(move_padding(layer, offset_count, offsets, false, &padding, error));
    cnn2snn_status status = shift_bias(layer, offset_count, offsets, &bias, error);
    if (!status)
        status = remake(layer, padding, "bias", bias, out_layer, error);
    c2s_tensor_release(bias);
    json_decref(padding);
    return status;
}

static cnn2snn_status fold_scale(const cnn2snn_layer *layer, size_t count, const double *scales,
                                 cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_tensor *kernel = NULL;
    json_t *padding = NULL;
    C2S_TRY(check_channels(layer, count, error));
    if (c2s_layer_id(layer) == C2S_KIND_PADDED_CONV2D)
        C2S_TRY(move_padding(layer, count, scales, true, &padding, error));
    cnn2snn_status status = scale_kernel(layer, count, scales, &kernel, error);
    if (!status)
        status = remake(layer, padding, "kernel", kernel, out_layer, error);
    c2s_tensor_release(kernel);
    json_decref(padding);
    return status;
}

/* ------------------------------------------------------------------------------------------------ the step */

/* With a bias, and padding "same" written as values, so that what the border stands for may change. */
static cnn2snn_status prepare(const cnn2snn_layer *layer, const struct c2s_shape *input, cnn2snn_layer **out_layer,
                              cnn2snn_error **error)
{
    bool pads = c2s_sanitize_is_same(layer), biased = c2s_layer_find_weight(layer, "bias") != NULL;
    json_t *config = json_copy(layer->config);
    if (!config || json_object_set_new(config, "use_bias", json_true()) ||
        (pads && json_object_set_new(config, "padding_value", json_pack("[f]", 0.0)))) {
        json_decref(config);
        return c2s_error_no_memory(error);
    }
    cnn2snn_layer *made = NULL;
    cnn2snn_tensor *weights[2] = {layer->weights[0].tensor, NULL};
    C2S_TRY(c2s_sanitize_remake_take(layer, pads ? "Custom>PaddedConv2D" : NULL, config, &made, error));
    *out_layer = made;
    if (biased)
        return CNN2SNN_OK;
    const int64_t filters = weights[0]->shape[weights[0]->rank - 1];
    cnn2snn_status status = c2s_tensor_create(layer->context, CNN2SNN_DTYPE_FLOAT32, 1, &filters, &weights[1], error);
    if (!status) {
        memset(c2s_f32_writable(weights[1]), 0, weights[1]->count * sizeof(float));
        status = c2s_layer_replace_weights(made, input, 2, weights, error);
    }
    c2s_tensor_release(weights[1]);
    if (status) {
        c2s_layer_release(made);
        *out_layer = NULL;
    }
    return status;
}

static cnn2snn_status aligned_rescaling(const cnn2snn_layer *rescaling, cnn2snn_layer **out_layer,
                                        cnn2snn_error **error)
{
    const struct c2s_rescaling_attributes *attributes = rescaling->attributes;
    json_t *config = json_copy(rescaling->config);
    if (!config || json_object_set_new(config, "offset", json_integer(0)) ||
        (attributes->scale_count > 1 && json_object_set_new(config, "scale", json_integer(1)))) {
        json_decref(config);
        return c2s_error_no_memory(error);
    }
    return c2s_sanitize_remake_take(rescaling, NULL, config, out_layer, error);
}

static cnn2snn_status align(struct c2s_sanitizer *s, size_t at, size_t next, cnn2snn_error **error)
{
    const struct c2s_rescaling_attributes *attributes = c2s_sanitize_layer(s, at)->attributes;
    const struct c2s_shape *input = c2s_sanitize_input_shape(s, next);
    cnn2snn_layer *made = NULL, *folded = NULL, *rescaling = NULL;
    C2S_TRY(prepare(c2s_sanitize_layer(s, next), input, &made, error));
    c2s_sanitize_replace_take(s, next, made);
    C2S_TRY(c2s_layer_fold_offset(made, attributes->offset_count, attributes->offset, &folded, error));
    c2s_sanitize_replace_take(s, next, folded);
    if (attributes->scale_count > 1) {
        C2S_TRY(fold_scale(folded, attributes->scale_count, attributes->scale, &made, error));
        c2s_sanitize_replace_take(s, next, made);
    }
    C2S_TRY(aligned_rescaling(c2s_sanitize_layer(s, at), &rescaling, error));
    c2s_sanitize_replace_take(s, at, rescaling);
    return CNN2SNN_OK;
}

static bool is_aligned(const cnn2snn_layer *rescaling)
{
    const struct c2s_rescaling_attributes *attributes = rescaling->attributes;
    bool aligned = attributes->scale_count == 1;
    for (size_t i = 0; i < attributes->offset_count; i++)
        aligned = aligned && attributes->offset[i] == 0;
    return aligned;
}

/* Only the first Rescaling of a model is looked at. */
cnn2snn_status c2s_align_rescaling(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    size_t at = 0;
    while (at < s->graph->layer_count && c2s_sanitize_kind(s, at) != C2S_KIND_RESCALING)
        at++;
    if (at == s->graph->layer_count || is_aligned(c2s_sanitize_layer(s, at)))
        return CNN2SNN_OK;
    ptrdiff_t next = c2s_sanitize_only_user(s, at);
    if (next < 0)
        return c2s_layer_error(s->context, error, CNN2SNN_E_VALUE, "P-011", c2s_sanitize_layer(s, at)->name,
                               "%zu layers take the output of Rescaling, expected one",
                               c2s_sanitize_user_count(s, at));
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, (size_t)next);
    if ((c2s_layer_id(layer) != C2S_KIND_CONV2D && c2s_layer_id(layer) != C2S_KIND_DENSE) || !layer->built)
        return c2s_layer_error(s->context, error, CNN2SNN_E_VALUE, "P-011", layer->name,
                               "class %s behind Rescaling, expected Conv2D or Dense", layer->class_name);
    return align(s, at, (size_t)next, error);
}
