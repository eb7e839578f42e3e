/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeML's convolutions, dense layers and temporal buffers: which products they are. */
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "ops/integer_op.h"

/* ------------------------------------------------------------------------------------------------ making */

static cnn2snn_status take_inputs(struct c2s_op *op, struct c2s_integer_stage *stage, cnn2snn_error **error)
{
    stage->input_bits = op->derived->accumulator.value_bits;
    C2S_TRY(c2s_integer_entries(op, C2S_INPUT_SHIFT, stage->channels, &stage->shift, error));
    return c2s_integer_entries(op, C2S_PADDING_VALUE, stage->channels, &stage->border, error);
}

/* The kernel lies on the first two axes of the weights; channels and filters are known from the shapes. */
static cnn2snn_status prepare_single(struct c2s_op *op, bool depthwise, const int64_t kernel[2], bool turned,
                                     cnn2snn_error **error)
{
    struct c2s_integer_stage *stage = &op->integer->stages[0];
    stage->depthwise = depthwise;
    stage->kernel[0] = kernel[0];
    stage->kernel[1] = kernel[1];
    stage->channels = c2s_channels_of(&op->integer->input);
    stage->filters = c2s_channels_of(&op->integer->output);
    C2S_TRY(take_inputs(op, stage, error));
    C2S_TRY(c2s_integer_prepare_output(op, stage->filters, &stage->output, error));
    return c2s_integer_prepare_stage(op, op->derived->integers[C2S_WEIGHTS], turned, op->derived->input.value_bits,
                                     stage, error);
}

/* Depthwise sums, limited, are what the pointwise weights multiply. */
static cnn2snn_status prepare_separable(struct c2s_op *op, const int64_t kernel[2], cnn2snn_error **error)
{
    struct c2s_integer_stage *first = &op->integer->stages[0], *second = &op->integer->stages[1];
    size_t channels = c2s_channels_of(&op->integer->input), filters = c2s_channels_of(&op->integer->output);
    int32_t value_bits = op->derived->accumulator.value_bits;
    *first = (struct c2s_integer_stage){
        .depthwise = true, .kernel = {kernel[0], kernel[1]}, .channels = channels, .filters = channels};
    *second = (struct c2s_integer_stage){
        .kernel = {1, 1}, .channels = channels, .filters = filters, .input_bits = value_bits};
    first->output = (struct c2s_integer_output){.channels = channels, .value_bits = value_bits};
    C2S_TRY(take_inputs(op, first, error));
    C2S_TRY(c2s_integer_prepare_output(op, filters, &second->output, error));
    C2S_TRY(c2s_integer_prepare_stage(op, op->derived->integers[C2S_WEIGHTS], false, op->derived->input.value_bits,
                                      first, error));
    return c2s_integer_prepare_stage(op, op->derived->integers[C2S_POINTWISE_WEIGHTS], false, value_bits, second,
                                     error);
}

cnn2snn_status c2s_op_prepare_integer_neural(struct c2s_op *op, cnn2snn_error **error)
{
    static const int64_t one[] = {1, 1};
    const struct c2s_qml_conv_attributes *conv = c2s_layer_qml_conv(op->layer);
    switch (c2s_layer_id(op->layer)) {
    case C2S_KIND_QML_CONV2D:
        return prepare_single(op, false, conv->conv.kernel_size, false, error);
    case C2S_KIND_QML_CONV2D_TRANSPOSE:
        return prepare_single(op, false, conv->conv.kernel_size, true, error);
    case C2S_KIND_QML_DEPTHWISE_CONV2D:
        return prepare_single(op, true, conv->conv.kernel_size, false, error);
    case C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE:
        return prepare_single(op, true, conv->conv.kernel_size, true, error);
    case C2S_KIND_QML_SEPARABLE_CONV2D:
        return prepare_separable(op, conv->conv.kernel_size, error);
    case C2S_KIND_QML_BATCH_NORMALIZATION:
        return prepare_single(op, true, one, false, error);
    default:
        return prepare_single(op, false, one, false, error);
    }
}

/* The samples of the buffer are rows of an image, each place a column of its own. */
cnn2snn_status c2s_op_prepare_integer_temporal(struct c2s_op *op, cnn2snn_error **error)
{
    const struct c2s_qml_temporal_attributes *temporal = op->layer->attributes;
    struct c2s_integer_op *integer = op->integer;
    const int64_t kernel[] = {temporal->kernel_size, 1};
    size_t size = 1;
    void *state;
    for (size_t i = 0; i < integer->input.rank; i++)
        if (!c2s_mul_size(size, (size_t)integer->input.extents[i], &size))
            return c2s_error_no_memory(error);
    if (!c2s_mul_size(size, (size_t)temporal->kernel_size - 1, &size))
        return c2s_error_no_memory(error);
    C2S_TRY(c2s_integer_array(op, size, sizeof(int64_t), &state, error));
    integer->state = state;
    integer->state_size = size;
    return prepare_single(op, c2s_layer_id(op->layer) == C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV, kernel, false,
                          error);
}

/* ------------------------------------------------------------------------------------------------ forward */

static struct c2s_integer_job job_of(const struct c2s_op_call *call)
{
    return (struct c2s_integer_job){.stage = &call->op->integer->stages[0],
                                    .samples = (size_t)call->inputs[0]->shape[0],
                                    .from_dtype = call->inputs[0]->dtype,
                                    .from = call->inputs[0]->data,
                                    .to_dtype = call->output->dtype,
                                    .to = call->output->data};
}

static cnn2snn_status run_job(const struct c2s_op_call *call, const struct c2s_integer_job *job,
                              cnn2snn_error **error)
{
    void *scratch;
    C2S_TRY(c2s_run_reserve(call->run, c2s_integer_stage_scratch(job, call->run), &scratch, error));
    c2s_integer_stage_run(job, call->run, scratch);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_integer_convolution(const struct c2s_op_call *call, cnn2snn_error **error)
{
    struct c2s_integer_job job = job_of(call);
    C2S_TRY(c2s_convolution_window(call, job.stage->kernel, &job.window, error));
    return run_job(call, &job, error);
}

cnn2snn_status c2s_op_integer_separable(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_integer_op *integer = call->op->integer;
    struct c2s_integer_job first = job_of(call), second = first;
    C2S_TRY(c2s_convolution_window(call, first.stage->kernel, &first.window, error));
    second.stage = &integer->stages[1];
    second.window = first.window;
    for (int axis = 0; axis < 2; axis++) {
        second.window.in[axis] = second.window.out[axis];
        second.window.kernel[axis] = second.window.stride[axis] = second.window.dilation[axis] = 1;
        second.window.before[axis] = 0;
    }
    size_t between, size, more;
    if (!c2s_mul_size(first.samples * (size_t)first.window.out[0] * (size_t)first.window.out[1],
                      first.stage->channels * sizeof(int64_t), &between))
        return c2s_error_no_memory(error);
    between = (between + 63) / 64 * 64;
    size = c2s_integer_stage_scratch(&first, call->run);
    more = c2s_integer_stage_scratch(&second, call->run);
    void *scratch;
    if (!c2s_add_size(between, size > more ? size : more, &size))
        return c2s_error_no_memory(error);
    C2S_TRY(c2s_run_reserve(call->run, size, &scratch, error));
    first.to_dtype = second.from_dtype = CNN2SNN_DTYPE_INT64;
    first.to = scratch;
    second.from = scratch;
    c2s_integer_stage_run(&first, call->run, (char *)scratch + between);
    c2s_integer_stage_run(&second, call->run, (char *)scratch + between);
    return CNN2SNN_OK;
}

/* Every row of the last axis is a sample of its own, for normalization too; a projection takes the last of every `subsample` time steps. */
cnn2snn_status c2s_op_integer_dense(const struct c2s_op_call *call, cnn2snn_error **error)
{
    struct c2s_integer_job job = job_of(call);
    const cnn2snn_tensor *in = call->inputs[0];
    const struct c2s_qml_dense_attributes *dense = c2s_layer_qml_dense(call->op->layer);
    int64_t subsample = dense ? dense->subsample : 1, places = 1;
    job.window = (struct c2s_window){{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {1, 1}};
    for (size_t i = subsample > 1 ? 2 : 1; i + 1 < in->rank; i++)
        places *= in->shape[i];
    if (subsample > 1) {
        job.window.in[0] = in->shape[1];
        job.window.out[0] = in->shape[1] / subsample;
        job.window.stride[0] = subsample;
        job.window.before[0] = 1 - subsample;
        job.window.in[1] = job.window.out[1] = places;
    } else {
        job.samples *= (size_t)places;
    }
    return run_job(call, &job, error);
}

/* Frames of the buffer's state, and behind them those of the batch. */
static void gather_frames(const struct c2s_op_call *call, int64_t *frames)
{
    struct c2s_integer_op *integer = call->op->integer;
    const cnn2snn_tensor *in = call->inputs[0];
    size_t state = integer->state_size, count = (size_t)in->count;
    memcpy(frames, integer->state, state * sizeof *frames);
    c2s_integers_load(in->dtype, in->data, 0, count, frames + state);
    memcpy(integer->state, frames + count, state * sizeof *frames);
}

cnn2snn_status c2s_op_integer_temporal(const struct c2s_op_call *call, cnn2snn_error **error)
{
    struct c2s_integer_job job = job_of(call);
    const cnn2snn_tensor *in = call->inputs[0];
    ptrdiff_t depth = (ptrdiff_t)job.stage->kernel[0], samples = (ptrdiff_t)in->shape[0];
    ptrdiff_t places = (ptrdiff_t)(in->shape[1] * in->shape[2]);
    job.window = (struct c2s_window){.in = {depth - 1 + samples, places},
                                     .out = {samples, places},
                                     .kernel = {depth, 1},
                                     .stride = {1, 1},
                                     .dilation = {1, 1},
                                     .spread = {1, 1}};
    job.samples = 1;
    job.from_dtype = CNN2SNN_DTYPE_INT64;
    size_t frames = call->op->integer->state_size + (size_t)in->count, size;
    void *scratch;
    if (!c2s_mul_size(frames, sizeof(int64_t), &frames) || !c2s_add_size(frames, 63, &frames))
        return c2s_error_no_memory(error);
    frames &= ~(size_t)63;
    if (!c2s_add_size(frames, c2s_integer_stage_scratch(&job, call->run), &size))
        return c2s_error_no_memory(error);
    C2S_TRY(c2s_run_reserve(call->run, size, &scratch, error));
    gather_frames(call, scratch);
    job.from = scratch;
    c2s_integer_stage_run(&job, call->run, (char *)scratch + frames);
    return CNN2SNN_OK;
}
