/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QuantizeML's own layers in models that are not quantized yet, on floats. Those with a state have it in the op: it
 * is empty at first, and samples of a batch follow one another in time.
 */
#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/error.h"
#include "layers/quantizeml_attributes.h"
#include "ops/integer_op.h"
#include "ops/op_kind.h"

static size_t floats_of(const cnn2snn_tensor *tensor)
{
    return tensor->shape[0] ? tensor->count / (size_t)tensor->shape[0] : 0;
}

/* Zeros, to be freed. */
static cnn2snn_status zeros(const struct c2s_op_call *call, size_t samples, size_t size, float **out,
                            cnn2snn_error **error)
{
    size_t count, bytes;
    if (!c2s_mul_size(samples, size, &count) || !c2s_mul_size(count, sizeof(float), &bytes))
        bytes = SIZE_MAX;
    C2S_TRY(c2s_run_check_size(call->run, bytes, error));
    *out = c2s_calloc(call->run->context, bytes ? bytes : 1, 1);
    return *out ? CNN2SNN_OK : c2s_error_no_memory(error);
}

/* Floats of an image; SIZE_MAX where they are beyond counting. */
static size_t image_size(const size_t extents[2], size_t channels)
{
    size_t count;
    return c2s_mul_size(extents[0], extents[1], &count) && c2s_mul_size(count, channels, &count) ? count : SIZE_MAX;
}

/* ------------------------------------------------------------------------------------------------ elements */

cnn2snn_status c2s_op_qml_activation(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_qml_activation_attributes *a = call->op->layer->attributes;
    const struct c2s_activation_attributes activation = {
        .function = a->function, .alpha = a->alpha, .max_value = INFINITY};
    return c2s_activation_apply(&activation, call->run, 1, call->inputs[0]->count, c2s_f32(call->inputs[0]),
                                c2s_f32_writable(call->output), error);
}

cnn2snn_status c2s_op_qml_add(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_qml_merge_attributes *a = call->op->layer->attributes;
    C2S_TRY(c2s_op_merge(call, error));
    float *values = c2s_f32_writable(call->output);
    for (uint64_t i = 0; a->average && i < call->output->count; i++)
        values[i] *= 0.5f;
    return CNN2SNN_OK;
}

/* 1 where the mean distance over the second axis reaches the threshold. */
cnn2snn_status c2s_op_qml_pico(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_qml_pico_attributes *a = call->op->layer->attributes;
    const cnn2snn_tensor *predictions = call->inputs[0], *truth = call->inputs[1];
    if (predictions->rank < 2 || !c2s_tensor_same_shape(predictions, truth))
        return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "R-merge", "inputs of different shapes");
    size_t steps = (size_t)predictions->shape[1], rest = steps ? floats_of(predictions) / steps : 0;
    const float *p = c2s_f32(predictions), *t = c2s_f32(truth);
    float *y = c2s_f32_writable(call->output);
    for (uint64_t sample = 0; sample < (uint64_t)predictions->shape[0];
         sample++, p += steps * rest, t += steps * rest)
        for (size_t i = 0; i < rest; i++) {
            double sum = 0;
            for (size_t s = 0; s < steps; s++)
                sum += fabs((double)p[s * rest + i] - (double)t[s * rest + i]);
            *y++ = sum / (double)steps >= a->threshold ? 1.0f : 0.0f;
        }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ convolutions */

/* The images with a border of the layer's values, as wide as "same" has it; the window is then one without. */
static cnn2snn_status add_border(const struct c2s_op_call *call, struct c2s_window *window, float **out,
                                 cnn2snn_error **error)
{
    const struct c2s_qml_conv_attributes *a = call->op->layer->attributes;
    const cnn2snn_tensor *in = call->inputs[0];
    size_t channels = (size_t)in->shape[3], size[2], before[2], count;
    for (int axis = 0; axis < 2; axis++) {
        ptrdiff_t reach =
            (window->out[axis] - 1) * window->stride[axis] + window->kernel[axis] - window->before[axis];
        before[axis] = (size_t)window->before[axis];
        size[axis] = before[axis] + (size_t)(reach > window->in[axis] ? reach : window->in[axis]);
        window->in[axis] = (ptrdiff_t)size[axis];
        window->before[axis] = 0;
    }
    if (a->padding_value_count != 1 && a->padding_value_count != channels)
        return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "Q-022", "%zu padding values for %zu channels",
                         a->padding_value_count, channels);
    count = image_size(size, channels);
    C2S_TRY(zeros(call, (size_t)in->shape[0], count, out, error));
    size_t row = (size_t)in->shape[2] * channels;
    for (size_t sample = 0; sample < (size_t)in->shape[0]; sample++) {
        float *image = *out + sample * count;
        for (size_t i = 0; i < count; i++)
            image[i] = a->padding_values[a->padding_value_count == 1 ? 0 : i % channels];
        for (size_t r = 0; r < (size_t)in->shape[1]; r++)
            memcpy(image + ((r + before[0]) * size[1] + before[1]) * channels,
                   c2s_f32(in) + (sample * (size_t)in->shape[1] + r) * row, row * sizeof(float));
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_padded_convolution(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_qml_conv_attributes *a = call->op->layer->attributes;
    struct c2s_window window;
    float *images = NULL;
    if (!a->padding_values)
        return c2s_op_convolution(call, error);
    C2S_TRY(c2s_convolution_window(call, call->op->kernels[0]->shape, &window, error));
    C2S_TRY(add_border(call, &window, &images, error));
    cnn2snn_status status = c2s_op_convolve_window(call, &window, images, error);
    c2s_free(call->run->context, images);
    return status;
}

/* The kernel turned around: the convolution runs over the input with zeros between its pixels. */
cnn2snn_status c2s_op_prepare_depthwise_transpose(struct c2s_op *op, cnn2snn_error **error)
{
    const struct c2s_conv_attributes *a = op->layer->attributes;
    const cnn2snn_tensor *kernel = op->layer->weights[0].tensor;
    size_t taps = (size_t)(kernel->shape[0] * kernel->shape[1]), size = taps ? kernel->size / taps : 0;
    C2S_TRY(
        c2s_tensor_create(op->context, CNN2SNN_DTYPE_FLOAT32, kernel->rank, kernel->shape, &op->kernels[0], error));
    for (size_t tap = 0; tap < taps; tap++)
        memcpy((char *)op->kernels[0]->data + (taps - 1 - tap) * size, (const char *)kernel->data + tap * size, size);
    op->bias = a->use_bias ? c2s_f32(op->layer->weights[1].tensor) : NULL;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_depthwise_transpose(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const cnn2snn_tensor *in = call->inputs[0];
    struct c2s_window window;
    C2S_TRY(c2s_convolution_window(call, call->op->kernels[0]->shape, &window, error));
    size_t channels = (size_t)in->shape[3], rows = (size_t)in->shape[1], columns = (size_t)in->shape[2], count;
    if (!in->count)
        return CNN2SNN_OK;
    size_t step[2] = {(size_t)window.spread[0], (size_t)window.spread[1]}, wide[2];
    for (int axis = 0; axis < 2; axis++) {
        wide[axis] = ((size_t)in->shape[1 + axis] - 1) * step[axis] + 1;
        window.in[axis] = (ptrdiff_t)wide[axis];
        window.spread[axis] = 1;
    }
    float *images;
    count = image_size(wide, channels);
    C2S_TRY(zeros(call, (size_t)in->shape[0], count, &images, error));
    for (size_t i = 0; i < (size_t)in->shape[0] * rows * columns; i++) {
        size_t sample = i / (rows * columns), r = i / columns % rows, c = i % columns;
        memcpy(images + sample * count + (r * step[0] * wide[1] + c * step[1]) * channels, c2s_f32(in) + i * channels,
               channels * sizeof(float));
    }
    cnn2snn_status status = c2s_op_convolve_depthwise_window(call, &window, images, error);
    c2s_free(call->run->context, images);
    return status;
}

/* ------------------------------------------------------------------------------------------------ time */

/* The last of every `subsample` time steps. */
cnn2snn_status c2s_op_qml_projection(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_qml_dense_attributes *a = call->op->layer->attributes;
    const cnn2snn_tensor *in = call->inputs[0];
    if (a->subsample == 1)
        return c2s_op_dense(call, error);
    size_t steps = (size_t)in->shape[1], every = (size_t)a->subsample, taken = steps / every;
    size_t row = steps ? floats_of(in) / steps : 0;
    int64_t shape[CNN2SNN_MAX_RANK];
    memcpy(shape, in->shape, sizeof *shape * in->rank);
    shape[1] = (int64_t)taken;
    cnn2snn_tensor *some;
    C2S_TRY(c2s_tensor_create(call->run->context, CNN2SNN_DTYPE_FLOAT32, in->rank, shape, &some, error));
    for (size_t i = 0; i < (size_t)in->shape[0] * taken; i++)
        memcpy(c2s_f32_writable(some) + i * row,
               c2s_f32(in) + (i / taken * steps + (i % taken + 1) * every - 1) * row, row * sizeof(float));
    struct c2s_op_call inner = *call;
    inner.inputs = &some;
    cnn2snn_status status = c2s_op_dense(&inner, error);
    c2s_tensor_release(some);
    return status;
}

/* What the state of a recurrent layer has for each channel: real and imaginary part. */
cnn2snn_status c2s_op_prepare_qml_recurrent(struct c2s_op *op, cnn2snn_error **error)
{
    op->vectors = c2s_calloc(op->context, 2 * (size_t)op->layer->weights[0].tensor->count + 1, sizeof(float));
    return op->vectors ? CNN2SNN_OK : c2s_error_no_memory(error);
}

cnn2snn_status c2s_op_qml_recurrent(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    const cnn2snn_layer *layer = call->op->layer;
    const float *real = c2s_f32(layer->weights[0].tensor), *imaginary = c2s_f32(layer->weights[1].tensor);
    const float *x = c2s_f32(call->inputs[0]);
    size_t channels = (size_t)layer->weights[0].tensor->count;
    float *y = c2s_f32_writable(call->output), *state = call->op->vectors;
    for (uint64_t i = 0; i < call->inputs[0]->count; i++, y += 2) {
        size_t c = i % channels;
        float re = state[2 * c] * real[c] - state[2 * c + 1] * imaginary[c] + x[i];
        float im = imaginary[c] * state[2 * c] + real[c] * state[2 * c + 1];
        state[2 * c] = y[0] = re;
        state[2 * c + 1] = y[1] = im;
    }
    return CNN2SNN_OK;
}

/* The products of `samples` frames with the kernel; frames has those of the buffer in front. */
static void add_frames(const struct c2s_op_call *call, const float *frames, size_t frame, size_t channels)
{
    const struct c2s_qml_temporal_attributes *a = call->op->layer->attributes;
    const cnn2snn_layer *layer = call->op->layer;
    const float *kernel = c2s_f32(layer->weights[0].tensor), *bias = NULL;
    size_t steps = (size_t)a->kernel_size, filters = a->filters ? (size_t)a->filters : channels;
    size_t places = channels ? frame / channels : 0;
    float *y = c2s_f32_writable(call->output);
    if (a->use_bias)
        bias = c2s_f32(layer->weights[1].tensor);
    for (size_t i = 0; i < (size_t)call->inputs[0]->shape[0] * places; i++, y += filters) {
        const float *x = frames + i / places * frame + i % places * channels;
        for (size_t f = 0; f < filters; f++) {
            float sum = 0;
            for (size_t t = 0; t < steps; t++)
                for (size_t c = a->filters ? 0 : f; c < (a->filters ? channels : f + 1); c++)
                    sum +=
                        x[t * frame + c] * kernel[a->filters ? (t * channels + c) * filters + f : t * channels + c];
            y[f] = bias ? sum + bias[f] : sum;
        }
    }
}

/* The buffer is made with the first frame, whose size it then knows; its last steps stay for the next batch. */
cnn2snn_status c2s_op_qml_temporal(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_qml_temporal_attributes *a = call->op->layer->attributes;
    struct c2s_op *op = (struct c2s_op *)call->op; /* the state is the run's own */
    const cnn2snn_tensor *in = call->inputs[0];
    size_t samples = (size_t)in->shape[0], frame = floats_of(in), kept = (size_t)a->kernel_size - 1, total;
    if (!samples)
        return CNN2SNN_OK;
    if (!c2s_add_size(kept, samples, &total))
        return c2s_error_no_memory(error);
    if (!op->vectors)
        C2S_TRY(zeros(call, kept, frame, &op->vectors, error));
    float *frames = NULL;
    C2S_TRY(zeros(call, total, frame, &frames, error));
    memcpy(frames, op->vectors, kept * frame * sizeof(float));
    memcpy(frames + kept * frame, c2s_f32(in), samples * frame * sizeof(float));
    add_frames(call, frames, frame, (size_t)c2s_extent_from_end(in, 0));
    memcpy(op->vectors, frames + samples * frame, kept * frame * sizeof(float));
    c2s_free(call->run->context, frames);
    return CNN2SNN_OK;
}
