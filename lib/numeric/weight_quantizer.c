/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides scale factors and quantized weights. All steps are the reference's float32 steps; only its sums, whose
 * order is its own, are made in double here and rounded once.
 */
#include "numeric/weight_quantizer.h"

#include <math.h>
#include <float.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/json.h"
#include "numeric/rounding.h"

enum { MAX_SCALE_FACTOR = 1000 };

static bool is_per_axis(cnn2snn_quantizer_kind kind)
{
    return kind == CNN2SNN_QUANTIZER_MAX_PER_AXIS || kind == CNN2SNN_QUANTIZER_STD_PER_AXIS;
}

static bool is_std(cnn2snn_quantizer_kind kind)
{
    return kind == CNN2SNN_QUANTIZER_STD || kind == CNN2SNN_QUANTIZER_STD_PER_AXIS;
}

/* ------------------------------------------------------------------------------------------------ ranges */

/* The weights as rows of channels: one channel per entry of the last axis, or a single one for all. */
struct matrix {
    const float *data;
    uint64_t rows;
    size_t channels;
};

static void find_max(struct matrix w, float *out)
{
    for (size_t c = 0; c < w.channels; c++)
        out[c] = 0;
    for (const float *row = w.data, *end = row + w.rows * w.channels; row < end; row += w.channels)
        for (size_t c = 0; c < w.channels; c++) {
            float size = fabsf(row[c]);
            if (size > out[c] || isnan(size)) /* once it is NaN it stays NaN */
                out[c] = size;
        }
}

/* sqrt(mean((w - mean(w))^2)); sums and means have room for one double a channel each. */
static void find_std(struct matrix w, double *sums, float *means, float *out)
{
    const float *end = w.data + w.rows * w.channels;
    memset(sums, 0, w.channels * sizeof *sums);
    for (const float *row = w.data; row < end; row += w.channels)
        for (size_t c = 0; c < w.channels; c++)
            sums[c] += (double)row[c];
    for (size_t c = 0; c < w.channels; c++) {
        means[c] = (float)(sums[c] / (double)w.rows);
        sums[c] = 0;
    }
    for (const float *row = w.data; row < end; row += w.channels)
        for (size_t c = 0; c < w.channels; c++) {
            float deviation = row[c] - means[c], square = deviation * deviation;
            sums[c] += (double)square;
        }
    for (size_t c = 0; c < w.channels; c++)
        out[c] = sqrtf((float)(sums[c] / (double)w.rows));
}

static cnn2snn_status compute_std(cnn2snn_context *context, struct matrix w, float *out, cnn2snn_error **error)
{
    double *sums = c2s_calloc(context, w.channels, sizeof *sums);
    float *means = c2s_calloc(context, w.channels, sizeof *means);
    if (sums && means)
        find_std(w, sums, means, out);
    bool complete = sums && means;
    c2s_free(context, sums);
    c2s_free(context, means);
    return complete ? CNN2SNN_OK : c2s_error_no_memory(error);
}

/* The range of float32 weights by a built-in quantizer. */
static cnn2snn_status create_range(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                   cnn2snn_tensor **out_range, cnn2snn_error **error)
{
    cnn2snn_context *context = weights->context;
    bool per_axis = is_per_axis(quantizer->kind);
    if (per_axis && !weights->rank)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "L-a3", "%s needs weights with at least one axis, found ()",
                         quantizer->class_name);
    struct matrix w = {weights->data, weights->count, 1};
    if (per_axis) {
        w.channels = (size_t)weights->shape[weights->rank - 1];
        w.rows = w.channels ? weights->count / w.channels : 0;
    }
    cnn2snn_tensor *range = NULL;
    int64_t extent = (int64_t)w.channels;
    C2S_TRY(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, per_axis, &extent, &range, error));
    float *values = c2s_f32_writable(range);
    cnn2snn_status status = CNN2SNN_OK;
    if (is_std(quantizer->kind))
        status = compute_std(context, w, values, error);
    else
        find_max(w, values);
    if (quantizer->kind == CNN2SNN_QUANTIZER_MAX_PER_AXIS)
        for (size_t c = 0; c < w.channels; c++)
            values[c] = c2s_limit(values[c], 1e-10f, FLT_MAX);
    if (status)
        c2s_tensor_release(range);
    else
        *out_range = range;
    return status;
}

cnn2snn_status c2s_quantizer_range(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                   cnn2snn_tensor **out_range, cnn2snn_error **error)
{
    if (quantizer->kind == CNN2SNN_QUANTIZER_CUSTOM)
        return c2s_error(quantizer->context, error, CNN2SNN_E_TYPE, "L-a3", "class %s has no range",
                         quantizer->class_name);
    cnn2snn_tensor *floats = NULL;
    C2S_TRY(c2s_tensor_convert(weights, CNN2SNN_DTYPE_FLOAT32, &floats, error));
    cnn2snn_status status = create_range(quantizer, floats, out_range, error);
    c2s_tensor_release(floats);
    return status;
}

/* ------------------------------------------------------------------------------------------------ custom classes */

static cnn2snn_status dump_config(const cnn2snn_quantizer *quantizer, struct c2s_text *text, cnn2snn_error **error)
{
    c2s_text_init(text, quantizer->context);
    c2s_json_dump(text, quantizer->config, false);
    return text->failed ? c2s_error_no_memory(error) : CNN2SNN_OK;
}

static bool is_positive_everywhere(const cnn2snn_tensor *tensor)
{
    for (uint64_t i = 0; i < tensor->count; i++)
        if (!(c2s_f32(tensor)[i] > 0 && c2s_f32(tensor)[i] <= FLT_MAX))
            return false;
    return true;
}

static cnn2snn_status check_custom_scale(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                         const cnn2snn_tensor *scale, cnn2snn_error **error)
{
    char text[256];
    int64_t last = weights->rank ? weights->shape[weights->rank - 1] : -1;
    if (!scale || scale->dtype != CNN2SNN_DTYPE_FLOAT32)
        return c2s_error(quantizer->context, error, CNN2SNN_E_TYPE, "L-a1",
                         "scale factor of class %s is %s, expected %s", quantizer->class_name,
                         scale ? c2s_dtype_name(scale->dtype) : "NULL", "float32");
    if (scale->rank > 1 || (scale->rank == 1 && scale->shape[0] != last))
        return c2s_error(quantizer->context, error, CNN2SNN_E_VALUE, "L-a1",
                         "scale factor of class %s has shape %s, expected () or (%lld,)", quantizer->class_name,
                         c2s_shape_print(scale->rank, scale->shape, text, sizeof text), (long long)last);
    if (!is_positive_everywhere(scale))
        return c2s_error(quantizer->context, error, CNN2SNN_E_VALUE, "L-a1",
                         "scale factor of class %s is not a finite number above 0", quantizer->class_name);
    return CNN2SNN_OK;
}

static cnn2snn_status check_custom_weights(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                           const cnn2snn_tensor *quantized, cnn2snn_error **error)
{
    char found[256], expected[256];
    if (!quantized || quantized->dtype != CNN2SNN_DTYPE_FLOAT32)
        return c2s_error(quantizer->context, error, CNN2SNN_E_TYPE, "L-a1",
                         "quantized weights of class %s are %s, expected float32", quantizer->class_name,
                         quantized ? c2s_dtype_name(quantized->dtype) : "NULL");
    if (!c2s_tensor_same_shape(weights, quantized))
        return c2s_error(quantizer->context, error, CNN2SNN_E_VALUE, "L-a1",
                         "quantized weights of class %s have shape %s, expected %s", quantizer->class_name,
                         c2s_shape_print(quantized->rank, quantized->shape, found, sizeof found),
                         c2s_shape_print(weights->rank, weights->shape, expected, sizeof expected));
    return CNN2SNN_OK;
}

typedef cnn2snn_status (*weights_callback)(void *user_data, cnn2snn_context *context, const char *config,
                                           int32_t bitwidth, const cnn2snn_tensor *weights, cnn2snn_tensor **out,
                                           cnn2snn_error **error);

/* Calls one of the class's callbacks; what it gives is not checked yet. */
static cnn2snn_status call_custom(const cnn2snn_quantizer *quantizer, weights_callback callback,
                                  const cnn2snn_tensor *weights, cnn2snn_tensor **out, cnn2snn_error **error)
{
    struct c2s_text config;
    cnn2snn_tensor *result = NULL;
    cnn2snn_status status = dump_config(quantizer, &config, error);
    if (!status) {
        cnn2snn_error *own = NULL;
        status = callback(quantizer->custom->callbacks.quantizer.user_data, quantizer->context, config.data,
                          quantizer->bitwidth, weights, &result, &own);
        status = c2s_custom_class_take_result(quantizer->custom, status, own, error);
    }
    c2s_text_free(&config);
    if (status)
        c2s_tensor_release(result);
    else
        *out = result;
    return status;
}

static cnn2snn_status call_scale_factor(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                        cnn2snn_tensor **out_scale, cnn2snn_error **error)
{
    cnn2snn_tensor *scale = NULL;
    C2S_TRY(call_custom(quantizer, quantizer->custom->callbacks.quantizer.scale_factor, weights, &scale, error));
    cnn2snn_status status = check_custom_scale(quantizer, weights, scale, error);
    if (status)
        c2s_tensor_release(scale);
    else
        *out_scale = scale;
    return status;
}

static cnn2snn_status call_quantize(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                    cnn2snn_tensor **out_weights, cnn2snn_error **error)
{
    cnn2snn_tensor *quantized = NULL;
    C2S_TRY(call_custom(quantizer, quantizer->custom->callbacks.quantizer.quantize, weights, &quantized, error));
    cnn2snn_status status = check_custom_weights(quantizer, weights, quantized, error);
    if (status)
        c2s_tensor_release(quantized);
    else
        *out_weights = quantized;
    return status;
}

/* ------------------------------------------------------------------------------------------------ scale factors */

/* Of float32 weights. */
static cnn2snn_status create_scale(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                   cnn2snn_tensor **out_scale, cnn2snn_error **error)
{
    if (quantizer->kind == CNN2SNN_QUANTIZER_CUSTOM)
        return call_scale_factor(quantizer, weights, out_scale, error);
    C2S_TRY(create_range(quantizer, weights, out_scale, error));
    float *scale = c2s_f32_writable(*out_scale);
    for (uint64_t c = 0; c < (*out_scale)->count; c++) {
        float range = is_std(quantizer->kind) ? scale[c] * (float)quantizer->threshold : scale[c];
        scale[c] = c2s_limit(quantizer->kmax / range, 0, MAX_SCALE_FACTOR);
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_quantizer_scale_factor(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                          cnn2snn_tensor **out_scale, cnn2snn_error **error)
{
    cnn2snn_tensor *floats = NULL;
    C2S_TRY(c2s_tensor_convert(weights, CNN2SNN_DTYPE_FLOAT32, &floats, error));
    cnn2snn_status status = create_scale(quantizer, floats, out_scale, error);
    c2s_tensor_release(floats);
    return status;
}

/* ------------------------------------------------------------------------------------------------ quantizing */

static float quantize_one(float weight, float scale, float kmax)
{
    return c2s_limit(c2s_round_half_even(weight * scale), -kmax, kmax) / scale;
}

static float to_integer(float quantized, float scale)
{
    return c2s_round_half_even(quantized * scale);
}

/* Rows and channels as far as the scale factor tells them apart. */
static struct matrix by_scale(const cnn2snn_tensor *weights, const cnn2snn_tensor *scale)
{
    if (!scale->rank)
        return (struct matrix){weights->data, 1, (size_t)weights->count};
    size_t channels = (size_t)scale->shape[0];
    return (struct matrix){weights->data, channels ? weights->count / channels : 0, channels};
}

enum form { QUANTIZE, INTEGERS_OF_QUANTIZED, INTEGERS };

/* y may be the weights themselves. */
static void apply(struct matrix w, const cnn2snn_tensor *scale, float kmax, enum form form, float *y)
{
    const float *factors = c2s_f32(scale);
    size_t step = scale->rank;
    for (uint64_t r = 0; r < w.rows; r++) {
        const float *x = w.data + r * w.channels;
        float *out = y + r * w.channels;
        if (form == QUANTIZE)
            for (size_t c = 0; c < w.channels; c++)
                out[c] = quantize_one(x[c], factors[c * step], kmax);
        else if (form == INTEGERS)
            for (size_t c = 0; c < w.channels; c++)
                out[c] = to_integer(quantize_one(x[c], factors[c * step], kmax), factors[c * step]);
        else
            for (size_t c = 0; c < w.channels; c++)
                out[c] = to_integer(x[c], factors[c * step]);
    }
}

static cnn2snn_status create_applied(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                     const cnn2snn_tensor *scale, enum form form, cnn2snn_tensor **out,
                                     cnn2snn_error **error)
{
    C2S_TRY(c2s_tensor_create(weights->context, CNN2SNN_DTYPE_FLOAT32, weights->rank, weights->shape, out, error));
    apply(by_scale(weights, scale), scale, quantizer->kmax, form, c2s_f32_writable(*out));
    return CNN2SNN_OK;
}

static bool quantizes_itself(const cnn2snn_quantizer *quantizer)
{
    return quantizer->custom && quantizer->custom->callbacks.quantizer.quantize;
}

cnn2snn_status c2s_quantizer_quantize(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                      cnn2snn_tensor **out_weights, cnn2snn_error **error)
{
    cnn2snn_tensor *floats = NULL, *scale = NULL;
    cnn2snn_status status = c2s_tensor_convert(weights, CNN2SNN_DTYPE_FLOAT32, &floats, error);
    if (!status && quantizes_itself(quantizer)) {
        status = call_quantize(quantizer, floats, out_weights, error);
    } else if (!status) {
        status = create_scale(quantizer, floats, &scale, error);
        if (!status)
            status = create_applied(quantizer, floats, scale, QUANTIZE, out_weights, error);
    }
    c2s_tensor_release(scale);
    c2s_tensor_release(floats);
    return status;
}

static cnn2snn_status check_integers(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *integers,
                                     cnn2snn_error **error)
{
    for (uint64_t i = 0; i < integers->count; i++)
        if (!isfinite(c2s_f32(integers)[i]))
            return c2s_error(quantizer->context, error, CNN2SNN_E_VALUE, "L-a2",
                             "weight %llu can't be quantized by class %s: it or the scale factor is not finite",
                             (unsigned long long)i, quantizer->class_name);
    return CNN2SNN_OK;
}

/* Of float32 weights, whose scale factor is known. */
static cnn2snn_status create_integers(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                      const cnn2snn_tensor *scale, cnn2snn_tensor **out_integers,
                                      cnn2snn_error **error)
{
    if (!quantizes_itself(quantizer))
        return create_applied(quantizer, weights, scale, INTEGERS, out_integers, error);
    cnn2snn_tensor *quantized = NULL;
    C2S_TRY(call_quantize(quantizer, weights, &quantized, error));
    cnn2snn_status status = create_applied(quantizer, quantized, scale, INTEGERS_OF_QUANTIZED, out_integers, error);
    c2s_tensor_release(quantized);
    return status;
}

cnn2snn_status c2s_quantizer_integers(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                      cnn2snn_tensor **out_integers, cnn2snn_tensor **out_scale,
                                      cnn2snn_error **error)
{
    cnn2snn_tensor *floats = NULL, *scale = NULL, *integers = NULL;
    cnn2snn_status status = c2s_tensor_convert(weights, CNN2SNN_DTYPE_FLOAT32, &floats, error);
    if (!status)
        status = create_scale(quantizer, floats, &scale, error);
    if (!status)
        status = create_integers(quantizer, floats, scale, &integers, error);
    if (!status)
        status = check_integers(quantizer, integers, error);
    c2s_tensor_release(floats);
    if (status) {
        c2s_tensor_release(integers);
        c2s_tensor_release(scale);
        return status;
    }
    *out_integers = integers;
    if (out_scale)
        *out_scale = scale;
    else
        c2s_tensor_release(scale);
    return CNN2SNN_OK;
}
