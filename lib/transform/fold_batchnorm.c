/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folds BatchNormalization into the layer right before it (spec/legacy.md e.5). All in float32, each operation
 * rounded, in the reference's order: s = gamma / sqrt(var + eps), kernel * s, beta + (bias - mean) * s.
 */
#include "transform/transform.h"

#include <inttypes.h>
#include <math.h>

#include "base/error.h"
#include "base/report.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "transform/batchnorm.h"
#include "transform/kernel_axes.h"
#include "transform/rewrite.h"

enum { BATCHNORM_WEIGHTS = 4 }; /* gamma, beta, moving mean, moving variance */

static bool has_activation(const cnn2snn_layer *layer)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    const struct c2s_dense_attributes *dense = c2s_layer_dense(layer);
    return (conv && conv->activation.function != C2S_LINEAR) || (dense && dense->activation.function != C2S_LINEAR);
}

/* The last axis must hold the filters: it doesn't behind a channels_first layer. */
static cnn2snn_status check_axis(const struct c2s_graph *graph, size_t index, cnn2snn_error **error)
{
    char text[256];
    const cnn2snn_layer *batchnorm = graph->layers[index];
    size_t rank = c2s_sequential_input_shape(graph, index)->rank + 1;
    if (c2s_batchnorm_is_on_axis(batchnorm, rank, (int64_t)rank - 1) &&
        !c2s_layer_is_channels_first(graph->layers[index - 1]))
        return CNN2SNN_OK;
    return c2s_advise(error,
                      c2s_layer_error(batchnorm->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H8", batchnorm->name,
                                      "axis %s, expected the last one of %zu, behind a channels_last layer",
                                      c2s_batchnorm_axes_text(batchnorm, text, sizeof(text)), rank),
                      "normalize the last axis");
}

/* A scale for each filter would break the one grid of a per-tensor quantizer. */
static cnn2snn_status check_per_axis(const cnn2snn_layer *layer, cnn2snn_error **error)
{
    const cnn2snn_quantizer *quantizer = c2s_layer_quantizer(layer);
    if (!quantizer || quantizer->kind == CNN2SNN_QUANTIZER_MAX_PER_AXIS ||
        quantizer->kind == CNN2SNN_QUANTIZER_STD_PER_AXIS)
        return CNN2SNN_OK;
    size_t rank = 0;
    if (quantizer->kind == CNN2SNN_QUANTIZER_CUSTOM) {
        cnn2snn_tensor *scale = NULL;
        cnn2snn_status status =
            c2s_quantizer_scale_factor(quantizer, layer->weights[c2s_filter_kernel(layer)].tensor, &scale, error);
        if (status) {
            c2s_error_set_layer(error, layer->name);
            return status;
        }
        rank = scale->rank;
        c2s_tensor_release(scale);
    }
    if (rank == 1)
        return CNN2SNN_OK;
    return c2s_advise(error,
                      c2s_layer_error(layer->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H8", layer->name,
                                      "quantizer %s has one scale factor, expected one for each filter to fold a "
                                      "BatchNormalization",
                                      quantizer->class_name),
                      "use a quantizer per axis, or fold before the model is quantized");
}

static cnn2snn_status check_weights(const cnn2snn_layer *layer, const cnn2snn_layer *batchnorm, cnn2snn_error **error)
{
    const struct c2s_batchnorm_attributes *attributes = batchnorm->attributes;
    if (batchnorm->weight_count != BATCHNORM_WEIGHTS)
        return c2s_advise(error,
                          c2s_layer_error(batchnorm->context, error, CNN2SNN_E_VALUE, "L-H9", batchnorm->name,
                                          "%s false, expected true to fold a BatchNormalization",
                                          attributes->scale ? "center" : "scale"),
                          "build the BatchNormalization with scale and center");
    const cnn2snn_tensor *kernel = layer->weights[c2s_filter_kernel(layer)].tensor;
    uint64_t filters = (uint64_t)kernel->shape[c2s_filter_axis(layer)];
    for (size_t i = 0; i < BATCHNORM_WEIGHTS; i++) /* they can differ behind layers that nobody can look into */
        if (batchnorm->weights[i].tensor->count != filters)
            return c2s_layer_error(batchnorm->context, error, CNN2SNN_E_VALUE, "L-E5", batchnorm->name,
                                   "%s of %" PRIu64 " values, expected %" PRIu64 ", the filters of %s",
                                   batchnorm->weights[i].name, batchnorm->weights[i].tensor->count, filters,
                                   layer->name);
    return c2s_layer_check_finite(batchnorm, error);
}

static cnn2snn_status check_built(const cnn2snn_layer *layer, cnn2snn_error **error)
{
    if (layer->built)
        return CNN2SNN_OK;
    return c2s_advise(error,
                      c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "L-E5", layer->name,
                                      "no weights yet, expected them to fold a BatchNormalization"),
                      "load or set the weights first");
}

/* s = gamma / sqrt(variance + epsilon) */
static cnn2snn_status make_scale(const cnn2snn_layer *batchnorm, cnn2snn_tensor **out_scale, cnn2snn_error **error)
{
    const struct c2s_batchnorm_attributes *attributes = batchnorm->attributes;
    const cnn2snn_tensor *gamma = batchnorm->weights[0].tensor, *variance = batchnorm->weights[3].tensor;
    cnn2snn_tensor *scale = NULL;
    float epsilon = (float)attributes->epsilon;
    uint64_t zeros = 0, bad = 0;
    C2S_TRY(c2s_tensor_create(batchnorm->context, CNN2SNN_DTYPE_FLOAT32, 1, gamma->shape, &scale, error));
    float *s = c2s_f32_writable(scale);
    for (uint64_t i = 0; i < scale->count; i++) {
        s[i] = c2s_f32(gamma)[i] / sqrtf(c2s_f32(variance)[i] + epsilon);
        zeros += s[i] == 0;
        bad += !isfinite(s[i]);
    }
    if (!zeros && !bad) {
        *out_scale = scale;
        return CNN2SNN_OK;
    }
    c2s_tensor_release(scale);
    if (bad)
        return c2s_advise(error,
                          c2s_layer_error(batchnorm->context, error, CNN2SNN_E_VALUE, "L-finite", batchnorm->name,
                                          "gamma / sqrt(moving_variance + %g) is no number for %" PRIu64 " channels",
                                          attributes->epsilon, bad),
                          "train the model again: its weights are broken");
    return c2s_advise(error,
                      c2s_layer_error(batchnorm->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H8", batchnorm->name,
                                      "%" PRIu64 " gammas are null, expected none to fold a BatchNormalization",
                                      zeros),
                      "remove the filters that they switch off");
}

static cnn2snn_status fold_kernel(const cnn2snn_layer *layer, const cnn2snn_tensor *scale,
                                  cnn2snn_tensor **out_kernel, cnn2snn_error **error)
{
    const cnn2snn_tensor *kernel = layer->weights[c2s_filter_kernel(layer)].tensor;
    C2S_TRY(c2s_tensor_create(layer->context, CNN2SNN_DTYPE_FLOAT32, kernel->rank, kernel->shape, out_kernel, error));
    c2s_axis_multiply(kernel, c2s_filter_axis(layer), c2s_f32(scale), *out_kernel);
    return CNN2SNN_OK;
}

static cnn2snn_status fold_bias(const cnn2snn_layer *layer, const cnn2snn_layer *batchnorm,
                                const cnn2snn_tensor *scale, cnn2snn_tensor **out_bias, cnn2snn_error **error)
{
    const cnn2snn_tensor *bias = c2s_layer_find_weight(layer, "bias");
    const float *beta = c2s_f32(batchnorm->weights[1].tensor), *mean = c2s_f32(batchnorm->weights[2].tensor);
    C2S_TRY(c2s_tensor_create(layer->context, CNN2SNN_DTYPE_FLOAT32, 1, scale->shape, out_bias, error));
    float *folded = c2s_f32_writable(*out_bias);
    for (uint64_t i = 0; i < scale->count; i++)
        folded[i] = beta[i] + ((bias ? c2s_f32(bias)[i] : 0.0f) - mean[i]) * c2s_f32(scale)[i];
    return CNN2SNN_OK;
}

static cnn2snn_status with_bias(const cnn2snn_layer *layer, cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    if (c2s_layer_find_weight(layer, "bias"))
        return c2s_layer_copy(layer, out_layer, error);
    json_t *config = json_copy(layer->config);
    if (!config || json_object_set_new(config, "use_bias", json_true())) {
        json_decref(config);
        return c2s_error_no_memory(error);
    }
    cnn2snn_status status = c2s_layer_remake(layer, NULL, config, 0, NULL, out_layer, error);
    json_decref(config);
    return status;
}

cnn2snn_status c2s_layer_fold_batchnorm(const cnn2snn_layer *layer, const cnn2snn_layer *batchnorm,
                                        const struct c2s_shape *input, cnn2snn_layer **out_layer,
                                        cnn2snn_error **error)
{
    size_t kernel = c2s_filter_kernel(layer);
    cnn2snn_tensor *scale = NULL, *folded_kernel = NULL, *folded_bias = NULL;
    cnn2snn_layer *folded = NULL;
    cnn2snn_status status = CNN2SNN_OK;
    C2S_GOTO(check_built(layer, error));
    C2S_GOTO(check_built(batchnorm, error));
    C2S_GOTO(check_per_axis(layer, error));
    C2S_GOTO(check_weights(layer, batchnorm, error));
    C2S_GOTO(make_scale(batchnorm, &scale, error));
    C2S_GOTO(fold_kernel(layer, scale, &folded_kernel, error));
    C2S_GOTO(fold_bias(layer, batchnorm, scale, &folded_bias, error));
    cnn2snn_tensor *weights[C2S_MAX_LAYER_WEIGHTS];
    weights[0] = layer->weights[0].tensor; /* the depthwise kernel of a separable layer stays */
    weights[kernel] = folded_kernel;
    weights[kernel + 1] = folded_bias;
    C2S_GOTO(with_bias(layer, &folded, error));
    C2S_GOTO(c2s_layer_replace_weights(folded, input, kernel + 2, weights, error));
    C2S_GOTO(c2s_layer_check_finite(folded, error));
    *out_layer = c2s_layer_retain(folded);
done:
    c2s_layer_release(folded);
    c2s_tensor_release(folded_bias);
    c2s_tensor_release(folded_kernel);
    c2s_tensor_release(scale);
    return status;
}

/* The layer at `index` with the BatchNormalization behind it. */
static cnn2snn_status add_folded(struct c2s_layer_list *list, const struct c2s_graph *graph, size_t index,
                                 cnn2snn_error **error)
{
    cnn2snn_layer *folded = NULL;
    C2S_TRY(check_built(graph->layers[index], error));
    C2S_TRY(check_built(graph->layers[index + 1], error));
    C2S_TRY(check_axis(graph, index + 1, error));
    C2S_TRY(c2s_layer_fold_batchnorm(graph->layers[index], graph->layers[index + 1],
                                     c2s_sequential_input_shape(graph, index), &folded, error));
    return c2s_layer_list_add_take(list, folded, error);
}

/* A layer with an activation of its own stands between: what the batch normalization scales isn't linear in the
 * kernel. */
static bool is_foldable(const struct c2s_graph *graph, size_t i)
{
    return c2s_layer_is(graph->layers[i], C2S_FAMILY_NEURAL) &&
           c2s_layer_id(graph->layers[i + 1]) == C2S_KIND_BATCH_NORMALIZATION && !has_activation(graph->layers[i]);
}

cnn2snn_status c2s_fold_batchnorm(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    return c2s_rewrite_pairs(graph, "fold_batchnorm", is_foldable, add_folded, out_graph, error);
}
