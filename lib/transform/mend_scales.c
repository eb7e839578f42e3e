/* SPDX-License-Identifier: Apache-2.0 */
/* Mends of batch normalization and rescaling: what scales a channel goes into the weights beside it. */
#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "transform/mend.h"

/* ------------------------------------------------------------------------------------------------ all weights */

static cnn2snn_status filled(cnn2snn_context *context, int64_t count, float value, cnn2snn_tensor **out,
                             cnn2snn_error **error)
{
    C2S_TRY(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT32, 1, &count, out, error));
    for (int64_t i = 0; i < count; i++)
        c2s_f32_writable(*out)[i] = value;
    return CNN2SNN_OK;
}

static void release_all(cnn2snn_tensor **tensors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        c2s_tensor_release(tensors[i]);
}

/* Tensors of a layer that may be written to. */
static cnn2snn_status copy_weights(const cnn2snn_layer *layer, cnn2snn_tensor **out, cnn2snn_error **error)
{
    for (size_t i = 0; i < layer->weight_count; i++)
        C2S_TRY(c2s_tensor_copy(layer->weights[i].tensor, &out[i], error));
    return CNN2SNN_OK;
}

static cnn2snn_status fill_batchnorm(const cnn2snn_layer *layer, cnn2snn_tensor *weights[4], cnn2snn_error **error)
{
    static const char *const names[4] = {"gamma", "beta", "moving_mean", "moving_variance"};
    int64_t channels = layer->weights[layer->weight_count - 1].tensor->shape[0];
    for (size_t i = 0; i < 4; i++) {
        const cnn2snn_tensor *own = c2s_layer_find_weight(layer, names[i]);
        if (own)
            weights[i] = c2s_tensor_retain(own);
        else
            C2S_TRY(filled(layer->context, channels, i == 0 || i == 3, &weights[i], error));
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_mend_batchnorm_weights(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = m->layers.layers[index];
    if (c2s_mend_kind(m, index) != C2S_KIND_BATCH_NORMALIZATION || !layer->built || !layer->weight_count)
        return CNN2SNN_OK;
    const struct c2s_batchnorm_attributes *norm = layer->attributes;
    if ((norm->scale && norm->center) || norm->axis_count != 1)
        return CNN2SNN_OK;
    cnn2snn_tensor *weights[4] = {NULL};
    json_t *more = json_pack("{s:b, s:b}", "scale", 1, "center", 1), *config = json_copy(layer->config);
    if (!more || !config || json_object_update(config, more)) {
        json_decref(config);
        config = NULL;
    }
    json_decref(more);
    *mended = true;
    cnn2snn_status status = config ? fill_batchnorm(layer, weights, error) : c2s_error_no_memory(error);
    if (status)
        json_decref(config);
    else
        status = c2s_mend_remake(m, index, NULL, config, 4, weights, error);
    release_all(weights, 4);
    if (status)
        return status;
    return c2s_mend_note(m, "L-H9", m->layers.layers[index]->name, "built with scale 1 and center 0", error);
}

/* ------------------------------------------------------------------------------------------------ null gammas */

/* The float neural layer whose outputs a BatchNormalization at `index` normalizes, through poolings; -1: none. */
static int64_t neural_before(const struct c2s_mending *m, size_t index)
{
    while (index-- > 0) {
        int kind = c2s_mend_kind(m, index);
        if (kind == C2S_KIND_CONV2D || kind == C2S_KIND_SEPARABLE_CONV2D || kind == C2S_KIND_DENSE)
            return (int64_t)index;
        if (kind != C2S_KIND_MAX_POOLING2D && kind != C2S_KIND_GLOBAL_AVERAGE_POOLING2D && kind != C2S_KIND_DROPOUT)
            return -1;
    }
    return -1;
}

static bool is_linear(const cnn2snn_layer *layer)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    const struct c2s_dense_attributes *dense = c2s_layer_dense(layer);
    return (conv ? conv->activation.function : dense->activation.function) == C2S_LINEAR;
}

/*
 * A filter whose gamma is 0 gives beta whatever it computes: its weights become zeros, its mean what is left of it,
 * its gamma 1.
 */
static void silence(const struct cnn2snn_layer *neural, cnn2snn_tensor **weights, cnn2snn_tensor **norm)
{
    size_t kernel_at = c2s_layer_id(neural) == C2S_KIND_SEPARABLE_CONV2D ? 1 : 0;
    cnn2snn_tensor *kernel = weights[kernel_at];
    const float *bias = neural->weight_count > kernel_at + 1 ? c2s_f32(weights[kernel_at + 1]) : NULL;
    uint64_t channels = norm[0]->count;
    for (uint64_t c = 0; c < channels; c++) {
        if (c2s_f32(norm[0])[c] != 0)
            continue;
        for (uint64_t i = c; i < kernel->count; i += channels)
            c2s_f32_writable(kernel)[i] = 0;
        c2s_f32_writable(norm[0])[c] = 1;
        c2s_f32_writable(norm[2])[c] = bias ? bias[c] : 0;
    }
}

static bool has_null_gamma(const cnn2snn_layer *layer)
{
    const cnn2snn_tensor *gamma = c2s_layer_find_weight(layer, "gamma");
    for (uint64_t i = 0; gamma && i < gamma->count; i++)
        if (c2s_f32(gamma)[i] == 0)
            return true;
    return false;
}

static cnn2snn_status replace_weights(struct c2s_mending *m, size_t index, cnn2snn_tensor *const *weights,
                                      cnn2snn_error **error)
{
    cnn2snn_layer *layer = NULL;
    C2S_TRY(c2s_layer_with_weights(m->layers.layers[index], m->layers.layers[index]->weight_count, weights, &layer,
                                   error));
    c2s_mend_replace(m, index, layer);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_mend_null_gamma(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = m->layers.layers[index];
    if (c2s_mend_kind(m, index) != C2S_KIND_BATCH_NORMALIZATION || layer->weight_count != 4 || !has_null_gamma(layer))
        return CNN2SNN_OK;
    int64_t at = neural_before(m, index);
    const cnn2snn_layer *neural = at < 0 ? NULL : m->layers.layers[at];
    if (!neural || !neural->built || !is_linear(neural) ||
        m->shapes[at + 1].extents[m->shapes[at + 1].rank - 1] != (int64_t)layer->weights[0].tensor->count)
        return CNN2SNN_OK;
    cnn2snn_tensor *weights[4] = {NULL}, *norm[4] = {NULL};
    cnn2snn_status status = copy_weights(neural, weights, error);
    if (!status)
        status = copy_weights(layer, norm, error);
    if (!status) {
        silence(neural, weights, norm);
        status = replace_weights(m, (size_t)at, weights, error);
    }
    if (!status)
        status = replace_weights(m, index, norm, error);
    release_all(weights, 4);
    release_all(norm, 4);
    *mended = true;
    if (status)
        return status;
    return c2s_mend_note(m, "L-H8", m->layers.layers[index]->name,
                         "gammas of 0 are 1, and the filters before them give a constant", error);
}

/* ------------------------------------------------------------------------------------------------ forward */

/* output = scale * input + shift, by channel. */
struct affine {
    int64_t channels;
    float *scale, *shift; /* of one block: scale */
};

static void batchnorm_affine(const cnn2snn_layer *layer, struct affine *out)
{
    const cnn2snn_tensor *gamma = c2s_layer_find_weight(layer, "gamma"), *beta = c2s_layer_find_weight(layer, "beta");
    const cnn2snn_tensor *mean = c2s_layer_find_weight(layer, "moving_mean");
    const cnn2snn_tensor *variance = c2s_layer_find_weight(layer, "moving_variance");
    double epsilon = ((const struct c2s_batchnorm_attributes *)layer->attributes)->epsilon;
    for (int64_t c = 0; c < out->channels; c++) {
        double scale = (gamma ? c2s_f32(gamma)[c] : 1) / sqrt(c2s_f32(variance)[c] + epsilon);
        out->scale[c] = (float)scale;
        out->shift[c] = (float)((beta ? c2s_f32(beta)[c] : 0) - scale * c2s_f32(mean)[c]);
    }
}

static void rescaling_affine(const cnn2snn_layer *layer, struct affine *out)
{
    const struct c2s_rescaling_attributes *rescaling = layer->attributes;
    for (int64_t c = 0; c < out->channels; c++) {
        out->scale[c] = (float)rescaling->scale[rescaling->scale_count > 1 ? c : 0];
        out->shift[c] = (float)rescaling->offset[rescaling->offset_count > 1 ? c : 0];
    }
}

/* Whether the layer scales channels and can't be folded into what stands before it. */
static bool scales_forward(const struct c2s_mending *m, size_t index)
{
    const cnn2snn_layer *layer = m->layers.layers[index];
    const struct c2s_shape *shape = &m->shapes[index];
    int kind = c2s_mend_kind(m, index);
    if (!shape->rank || shape->extents[shape->rank - 1] < 1)
        return false;
    int64_t channels = shape->extents[shape->rank - 1];
    if (kind == C2S_KIND_RESCALING) {
        const struct c2s_rescaling_attributes *rescaling = layer->attributes;
        return index > 0 && (rescaling->scale_count == 1 || (int64_t)rescaling->scale_count == channels) &&
               (rescaling->offset_count == 1 || (int64_t)rescaling->offset_count == channels);
    }
    if (kind != C2S_KIND_BATCH_NORMALIZATION || !layer->built || neural_before(m, index) >= 0)
        return false;
    const struct c2s_batchnorm_attributes *norm = layer->attributes;
    return norm->axis_count == 1 && (norm->axes[0] == -1 || norm->axes[0] == (int64_t)shape->rank);
}

/* The Conv2D or Dense that reads what the layer gives, through a Flatten; -1: none that can take it. */
static int64_t reader_behind(const struct c2s_mending *m, size_t index)
{
    size_t at = index + 1;
    if (c2s_mend_kind(m, at) == C2S_KIND_FLATTEN && c2s_mend_kind(m, at + 1) == C2S_KIND_DENSE)
        at++;
    if (c2s_mend_kind(m, at) != C2S_KIND_CONV2D && c2s_mend_kind(m, at) != C2S_KIND_DENSE)
        return -1;
    const cnn2snn_layer *reader = m->layers.layers[at];
    const struct c2s_conv_attributes *conv = c2s_layer_conv(reader);
    if (!reader->built || (conv && (conv->groups != 1 || conv->channels_first)))
        return -1;
    return (int64_t)at;
}

/* A padding of zeros is not shifted, so that the shift must be 0 where there is some. */
static bool shift_fits(const cnn2snn_layer *reader, const struct affine *affine)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(reader);
    if (!conv || conv->padding == C2S_VALID || (conv->kernel_size[0] == 1 && conv->kernel_size[1] == 1))
        return true;
    for (int64_t c = 0; c < affine->channels; c++)
        if (affine->shift[c] != 0)
            return false;
    return true;
}

/* Rows of the kernel belong to channels in turn. */
static void scale_reader(const struct affine *affine, cnn2snn_tensor *kernel, cnn2snn_tensor *bias)
{
    uint64_t filters = bias->count, rows = kernel->count / filters;
    float *values = c2s_f32_writable(kernel);
    for (uint64_t o = 0; o < filters; o++) {
        double sum = c2s_f32(bias)[o];
        for (uint64_t r = 0; r < rows; r++) {
            uint64_t c = r % (uint64_t)affine->channels;
            sum += (double)values[r * filters + o] * affine->shift[c];
            values[r * filters + o] *= affine->scale[c];
        }
        c2s_f32_writable(bias)[o] = (float)sum;
    }
}

static cnn2snn_status remake_reader(struct c2s_mending *m, size_t at, const struct affine *affine,
                                    cnn2snn_error **error)
{
    const cnn2snn_layer *reader = m->layers.layers[at];
    cnn2snn_tensor *weights[2] = {NULL, NULL};
    cnn2snn_status status = copy_weights(reader, weights, error);
    if (!status && !weights[1])
        status = filled(m->context, weights[0]->shape[weights[0]->rank - 1], 0, &weights[1], error);
    if (!status) {
        json_t *config = json_copy(reader->config);
        if (config && json_object_set_new(config, "use_bias", json_true())) {
            json_decref(config);
            config = NULL;
        }
        scale_reader(affine, weights[0], weights[1]);
        status = c2s_mend_remake(m, at, NULL, config, 2, weights, error);
    }
    release_all(weights, 2);
    return status;
}

cnn2snn_status c2s_mend_scale_forward(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    int64_t at = scales_forward(m, index) ? reader_behind(m, index) : -1;
    if (at < 0)
        return CNN2SNN_OK;
    const cnn2snn_layer *layer = m->layers.layers[index];
    struct affine affine = {.channels = m->shapes[index].extents[m->shapes[index].rank - 1]};
    affine.scale = c2s_calloc(m->context, 2 * (size_t)affine.channels, sizeof(*affine.scale));
    if (!affine.scale)
        return c2s_error_no_memory(error);
    affine.shift = affine.scale + affine.channels;
    bool is_rescaling = c2s_layer_id(layer) == C2S_KIND_RESCALING;
    is_rescaling ? rescaling_affine(layer, &affine) : batchnorm_affine(layer, &affine);
    cnn2snn_status status = CNN2SNN_OK;
    if (shift_fits(m->layers.layers[at], &affine)) {
        *mended = true;
        status = remake_reader(m, (size_t)at, &affine, error);
        if (!status)
            status = c2s_mend_note(m, is_rescaling ? "L-H19" : "L-H21", layer->name,
                                   "removed: the weights behind it are scaled instead", error);
        if (!status)
            c2s_mend_remove(m, index);
    }
    c2s_free(m->context, affine.scale);
    return status;
}
