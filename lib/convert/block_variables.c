/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides the integers of an Akida 1.0 layer. The order of operations and the type of each intermediate result are
 * those of spec/legacy.md g.4: thresholds in double, steps in float32, rounded where it rounds.
 */
#include "convert/block_variables.h"

#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"

/* What the weights of a layer become on the way to its variables. */
struct work {
    cnn2snn_context *context;
    const struct c2s_plan_block *block;
    cnn2snn_tensor *integers; /* float32; of the pointwise kernel for separable layers */
    cnn2snn_tensor *scale;    /* of all weights of a filter together: one number, or one for each */
    int64_t filters;
    int32_t limit_bits; /* bits whose range the integers must keep; 0: wraps */
};

static cnn2snn_status layer_error(const struct c2s_plan_block *block, const char *text, cnn2snn_error **error)
{
    return c2s_layer_error(block->neural->context, error, CNN2SNN_E_VALUE, "L-G4", block->neural->name, "%s", text);
}

/* 2, 4: what the runtime takes; others: what 8 bits hold. */
static void integer_range(int32_t bits, float *low, float *high)
{
    *high = bits == 2 ? 1.0F : bits == 4 ? 7.0F : 127.0F;
    *low = bits == 2 ? -1.0F : bits == 4 ? -7.0F : -128.0F;
}

/* The low 8 bits, as the reference stores integers of more bits. */
static int8_t wrap(float value)
{
    if (!(value >= -2147483648.0F && value < 2147483648.0F))
        return 0;
    uint8_t low = (uint8_t)((uint32_t)(int32_t)value & 0xFFU);
    return (int8_t)(low < 128 ? low : (int)low - 256);
}

static int8_t to_int8(const struct work *work, float value, uint64_t *out_of_range)
{
    float low, high;
    integer_range(work->limit_bits, &low, &high);
    if (work->limit_bits && !(value >= low && value <= high))
        ++*out_of_range;
    return wrap(value);
}

/* (h, w, c, f) with both spatial axes turned around, or as it is. */
static cnn2snn_status spatial_weights(const struct work *work, const cnn2snn_tensor *integers, bool flip,
                                      cnn2snn_tensor **out, uint64_t *out_of_range, cnn2snn_error **error)
{
    if (integers->rank != 4)
        return layer_error(work->block, "the kernel has not 4 axes", error);
    cnn2snn_tensor *weights = NULL;
    C2S_TRY(c2s_tensor_create(work->context, CNN2SNN_DTYPE_INT8, 4, integers->shape, &weights, error));
    int8_t *to = weights->data;
    uint64_t places = (uint64_t)integers->shape[0] * (uint64_t)integers->shape[1];
    uint64_t size = places ? integers->count / places : 0;
    for (uint64_t place = 0; place < places; place++) {
        /* both axes turned around is the row of places backwards */
        const float *from = c2s_f32(integers) + (flip ? places - 1 - place : place) * size;
        for (uint64_t i = 0; i < size; i++)
            *to++ = to_int8(work, from[i], out_of_range);
    }
    *out = weights;
    return CNN2SNN_OK;
}

/* (1, 1, X*Y*C, units): row (c, y, x) of the Keras row (x, y, c). */
static cnn2snn_status dense_weights(const struct work *work, cnn2snn_tensor **out, uint64_t *out_of_range,
                                    cnn2snn_error **error)
{
    const int64_t *dims = work->block->input_dims;
    const cnn2snn_tensor *integers = work->integers;
    if (integers->rank != 2 || integers->shape[0] != dims[0] * dims[1] * dims[2])
        return layer_error(work->block, "the kernel has not a row for each input", error);
    int64_t shape[4] = {1, 1, integers->shape[0], work->filters};
    cnn2snn_tensor *weights = NULL;
    C2S_TRY(c2s_tensor_create(work->context, CNN2SNN_DTYPE_INT8, 4, shape, &weights, error));
    int8_t *to = weights->data;
    for (int64_t c = 0; c < dims[2]; c++)
        for (int64_t y = 0; y < dims[1]; y++)
            for (int64_t x = 0; x < dims[0]; x++) {
                const float *from = c2s_f32(integers) + ((x * dims[1] + y) * dims[2] + c) * work->filters;
                for (int64_t i = 0; i < work->filters; i++)
                    *to++ = to_int8(work, from[i], out_of_range);
            }
    *out = weights;
    return CNN2SNN_OK;
}

static cnn2snn_status check_scale(const struct work *work, const cnn2snn_tensor *scale, cnn2snn_error **error)
{
    if (scale->dtype != CNN2SNN_DTYPE_FLOAT32 || (scale->count != 1 && scale->count != (uint64_t)work->filters))
        return layer_error(work->block, "the scale factor fits neither the layer nor each of its filters", error);
    return CNN2SNN_OK;
}

static cnn2snn_status make_integers(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *kernel,
                                    cnn2snn_tensor **integers, cnn2snn_tensor **scale, cnn2snn_error **error)
{
    cnn2snn_tensor *single = NULL;
    C2S_TRY(c2s_tensor_convert(kernel, CNN2SNN_DTYPE_FLOAT32, &single, error));
    cnn2snn_status status = c2s_quantizer_integers(quantizer, single, integers, scale, error);
    c2s_tensor_release(single);
    return status;
}

/* Depthwise weights, and the scale of both kernels together: their product, rounded to float32. */
static cnn2snn_status add_depthwise(struct work *work, struct c2s_block_variables *variables, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = work->block->neural;
    cnn2snn_tensor *integers = NULL, *scale = NULL, *combined = NULL;
    cnn2snn_status status;
    C2S_GOTO(make_integers(c2s_layer_depthwise_quantizer(layer), layer->weights[0].tensor, &integers, &scale, error));
    if (scale->dtype != CNN2SNN_DTYPE_FLOAT32 || scale->count != 1) {
        status = layer_error(work->block, "the depthwise kernel has more than one scale factor", error);
        goto done;
    }
    C2S_GOTO(spatial_weights(work, integers, true, &variables->weights, &variables->out_of_range, error));
    C2S_GOTO(c2s_tensor_create(work->context, CNN2SNN_DTYPE_FLOAT32, work->scale->rank, work->scale->shape, &combined,
                               error));
    for (uint64_t i = 0; i < combined->count; i++)
        c2s_f32_writable(combined)[i] = c2s_f32(scale)[0] * c2s_f32(work->scale)[i];
    c2s_tensor_release(work->scale);
    work->scale = combined;
done:
    c2s_tensor_release(integers);
    c2s_tensor_release(scale);
    return status;
}

static cnn2snn_status add_weights(struct work *work, const struct c2s_block_input *input,
                                  struct c2s_block_variables *variables, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = work->block->neural;
    bool separable = c2s_layer_id(layer) == C2S_KIND_QUANTIZED_SEPARABLE_CONV2D;
    const cnn2snn_quantizer *quantizer = c2s_layer_quantizer(layer);
    const cnn2snn_tensor *kernel = layer->weights[separable ? 1 : 0].tensor;
    work->filters = kernel->rank ? kernel->shape[kernel->rank - 1] : 0;
    work->limit_bits = quantizer->bitwidth > 8 ? 0 : quantizer->bitwidth;
    C2S_TRY(make_integers(quantizer, kernel, &work->integers, &work->scale, error));
    C2S_TRY(check_scale(work, work->scale, error));
    if (c2s_layer_id(layer) == C2S_KIND_QUANTIZED_DENSE)
        return dense_weights(work, &variables->weights, &variables->out_of_range, error);
    if (!separable)
        return spatial_weights(work, work->integers, !input->image, &variables->weights, &variables->out_of_range,
                               error);
    C2S_TRY(add_depthwise(work, variables, error));
    return spatial_weights(work, work->integers, false, &variables->pointwise, &variables->out_of_range, error);
}

/* floor(T) where int32 holds it, otherwise INT32_MIN as the reference's cast gives. */
static int32_t to_threshold(double value)
{
    double floored = floor(value);
    return floored >= -2147483648.0 && floored < 2147483648.0 ? (int32_t)floored : INT32_MIN;
}

/* Sum of the integer weights of each filter, times the shift: what the shift of an image adds to its potentials. */
static cnn2snn_status shift_potentials(const struct work *work, double shift, double **out, cnn2snn_error **error)
{
    size_t filters = (size_t)work->filters;
    double *sums = c2s_calloc(work->context, filters, sizeof *sums);
    if (!sums)
        return c2s_error_no_memory(error);
    const float *values = c2s_f32(work->integers);
    for (uint64_t i = 0; i < work->integers->count; i += filters)
        for (size_t filter = 0; filter < filters; filter++)
            sums[filter] += (double)values[i + filter]; /* exact: sums of integers */
    for (size_t filter = 0; filter < filters; filter++)
        sums[filter] *= shift;
    *out = sums;
    return CNN2SNN_OK;
}

static cnn2snn_status fill_activation(const struct work *work, const struct c2s_block_input *input,
                                      const double *shifts, struct c2s_block_variables *variables,
                                      cnn2snn_error **error)
{
    const struct c2s_plan_block *block = work->block;
    const struct c2s_quantized_activation_attributes *activation =
        block->activation ? c2s_layer_quantized_activation(block->activation) : NULL;
    float half_step = activation ? activation->step * 0.5F : 0.0F;
    float step_part = activation ? activation->step * (float)(1 << activation->bitwidth) / 16.0F : 1.0F;
    double pooled = (double)block->pooled_elements;
    cnn2snn_tensor *bias = NULL;
    if (c2s_layer_use_bias(block->neural)) {
        const struct c2s_weight *last = &block->neural->weights[block->neural->weight_count - 1];
        if (last->tensor->count != (uint64_t)work->filters)
            return layer_error(block, "the bias has not one number for each filter", error);
        C2S_TRY(c2s_tensor_convert(last->tensor, CNN2SNN_DTYPE_FLOAT32, &bias, error));
    }
    for (int64_t i = 0; i < work->filters; i++) {
        float product = (float)input->scale * c2s_f32(work->scale)[work->scale->count == 1 ? 0 : i];
        double threshold = (double)product * ((double)half_step - (bias ? (double)c2s_f32(bias)[i] : 0.0));
        if (shifts)
            threshold += shifts[i];
        float step = product * step_part;
        ((int32_t *)variables->threshold->data)[i] = to_threshold(threshold * pooled);
        c2s_f32_writable(variables->act_step)[i] = step * (float)block->pooled_elements;
    }
    c2s_tensor_release(bias);
    return CNN2SNN_OK;
}

static cnn2snn_status add_activation(const struct work *work, const struct c2s_block_input *input,
                                     struct c2s_block_variables *variables, cnn2snn_error **error)
{
    C2S_TRY(c2s_tensor_create(work->context, CNN2SNN_DTYPE_INT32, 1, &work->filters, &variables->threshold, error));
    C2S_TRY(c2s_tensor_create(work->context, CNN2SNN_DTYPE_FLOAT32, 1, &work->filters, &variables->act_step, error));
    double *shifts = NULL;
    if (input->image)
        C2S_TRY(shift_potentials(work, input->shift, &shifts, error));
    cnn2snn_status status = fill_activation(work, input, shifts, variables, error);
    c2s_free(work->context, shifts);
    return status;
}

cnn2snn_status c2s_block_variables_create(cnn2snn_context *context, const struct c2s_plan_block *block,
                                          const struct c2s_block_input *input, struct c2s_block_variables *variables,
                                          cnn2snn_error **error)
{
    struct work work = {.context = context, .block = block};
    *variables = (struct c2s_block_variables){0};
    cnn2snn_status status = add_weights(&work, input, variables, error);
    if (!status)
        status = add_activation(&work, input, variables, error);
    c2s_tensor_release(work.integers);
    c2s_tensor_release(work.scale);
    if (status)
        c2s_block_variables_free(variables);
    return status;
}

void c2s_block_variables_free(struct c2s_block_variables *variables)
{
    c2s_tensor_release(variables->weights);
    c2s_tensor_release(variables->pointwise);
    c2s_tensor_release(variables->threshold);
    c2s_tensor_release(variables->act_step);
    *variables = (struct c2s_block_variables){0};
}
