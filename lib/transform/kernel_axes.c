/* SPDX-License-Identifier: Apache-2.0 */
/* Knows the layouts of kernels: (h, w, channels, filters), transposed (h, w, filters, channels), dense (in, units).
 */
#include "transform/kernel_axes.h"

#include <math.h>

#include "layers/layer_kind.h"

size_t c2s_filter_kernel(const cnn2snn_layer *layer)
{
    return layer->kind->float_kind == C2S_KIND_SEPARABLE_CONV2D ? 1 : 0;
}

size_t c2s_filter_axis(const cnn2snn_layer *layer)
{
    switch (layer->kind->float_kind) {
    case C2S_KIND_DENSE:
        return 1;
    case C2S_KIND_CONV2D_TRANSPOSE:
    case C2S_KIND_DEPTHWISE_CONV2D:
    case C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE:
        return 2;
    default:
        return 3;
    }
}

size_t c2s_channel_axis(const cnn2snn_layer *layer)
{
    switch (layer->kind->float_kind) {
    case C2S_KIND_DENSE:
        return 0;
    case C2S_KIND_CONV2D_TRANSPOSE:
        return 3;
    default:
        return 2;
    }
}

/* How many values follow one another for one index along the axis. */
static uint64_t run_length(const cnn2snn_tensor *tensor, size_t axis)
{
    uint64_t run = 1;
    for (size_t i = axis + 1; i < tensor->rank; i++)
        run *= (uint64_t)tensor->shape[i];
    return run;
}

void c2s_axis_max(const cnn2snn_tensor *tensor, size_t axis, float *out)
{
    const float *values = c2s_f32(tensor);
    uint64_t extent = (uint64_t)tensor->shape[axis], run = run_length(tensor, axis);
    for (uint64_t i = 0; i < extent; i++)
        out[i] = 0;
    for (uint64_t start = 0, index = 0; start < tensor->count;
         start += run, index = index + 1 == extent ? 0 : index + 1)
        for (uint64_t i = start; i < start + run; i++)
            out[index] = fmaxf(out[index], fabsf(values[i]));
}

void c2s_axis_multiply(const cnn2snn_tensor *tensor, size_t axis, const float *factors, cnn2snn_tensor *out)
{
    const float *values = c2s_f32(tensor);
    float *results = c2s_f32_writable(out);
    uint64_t extent = (uint64_t)tensor->shape[axis], run = run_length(tensor, axis);
    for (uint64_t start = 0, index = 0; start < tensor->count;
         start += run, index = index + 1 == extent ? 0 : index + 1)
        for (uint64_t i = start; i < start + run; i++)
            results[i] = values[i] * factors[index];
}

void c2s_axis_divide(const cnn2snn_tensor *tensor, size_t axis, const float *factors, cnn2snn_tensor *out)
{
    const float *values = c2s_f32(tensor);
    float *results = c2s_f32_writable(out);
    uint64_t extent = (uint64_t)tensor->shape[axis], run = run_length(tensor, axis);
    for (uint64_t start = 0, index = 0; start < tensor->count;
         start += run, index = index + 1 == extent ? 0 : index + 1)
        for (uint64_t i = start; i < start + run; i++)
            results[i] = values[i] / factors[index];
}
