/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeML's recurrence, and what judges predictions. */
#include <stdlib.h>

#include "base/checked.h"
#include "base/error.h"
#include "ops/integer_op.h"

/* ------------------------------------------------------------------------------------------------ recurrence */

/* Arrays of the op: factors of the state, and of the input. */
enum { REAL, IMAGINARY, ALIGN, SCALE, SHIFT, BACK, VECTORS };

static int32_t *vector(const struct c2s_op *op, int which)
{
    return op->integer->arrays[which];
}

cnn2snn_status c2s_op_prepare_integer_recurrent(struct c2s_op *op, cnn2snn_error **error)
{
    static const enum c2s_integers sources[] = {
        [REAL] = C2S_STATE_REAL,   [IMAGINARY] = C2S_STATE_IMAGINARY, [ALIGN] = C2S_INPUT_SHIFT,
        [SCALE] = C2S_STATE_SCALE, [SHIFT] = C2S_STATE_SHIFT,         [BACK] = C2S_OUTPUT_SHIFT};
    size_t channels = c2s_channels_of(&op->integer->input);
    void *state;
    for (int i = 0; i < VECTORS; i++) {
        int32_t *entries;
        C2S_TRY(c2s_integer_entries(op, sources[i], channels, &entries, error));
        if (entries)
            continue;
        C2S_TRY(c2s_integer_array(op, channels, sizeof *entries, &state, error));
        for (size_t c = 0; i == SCALE && c < channels; c++)
            ((int32_t *)state)[c] = 1;
    }
    C2S_TRY(c2s_integer_array(op, channels, 2 * sizeof(int64_t), &state, error));
    op->integer->state = state;
    op->integer->state_size = 2 * channels;
    return CNN2SNN_OK;
}

/* state: real and imaginary part of one channel. */
static void step_state(const struct c2s_op *op, size_t c, int64_t drive, int64_t *state)
{
    int32_t bits = op->derived->accumulator.value_bits, output_bits = op->derived->output.value_bits;
    int64_t a = vector(op, REAL)[c], b = vector(op, IMAGINARY)[c], re = state[0], im = state[1];
    int64_t input = c2s_integer_shift_left(drive, vector(op, ALIGN)[c], bits);
    int64_t scaled = c2s_integer_limit(input * vector(op, SCALE)[c], bits);
    scaled = c2s_integer_rescale(scaled, vector(op, SHIFT)[c], bits);
    int64_t x = c2s_integer_limit(c2s_integer_limit(re * a, bits) - c2s_integer_limit(im * b, bits), bits);
    int64_t y = c2s_integer_limit(c2s_integer_limit(re * b, bits) + c2s_integer_limit(im * a, bits), bits);
    x = c2s_integer_limit(x + scaled, bits);
    state[0] = c2s_integer_rescale(x, vector(op, BACK)[c], output_bits);
    state[1] = c2s_integer_rescale(y, vector(op, BACK)[c], output_bits);
}

/* Samples follow one another in time; (sample, step, channel) becomes (sample, step, channel, part). */
cnn2snn_status c2s_op_integer_recurrent(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    const cnn2snn_tensor *in = call->inputs[0];
    size_t channels = c2s_channels_of(&call->op->integer->input);
    for (size_t i = 0; i < in->count; i++) {
        int64_t drive, *state = call->op->integer->state + i % channels * 2;
        c2s_integers_load(in->dtype, in->data, i, 1, &drive);
        step_state(call->op, i % channels, drive, state);
        c2s_integers_store(call->output->dtype, call->output->data, 2 * i, 2, state);
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ predictions */

/* Whether the mean of |prediction - truth| over the first axis, rounded down, reaches the threshold. */
cnn2snn_status c2s_op_integer_pico(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_integer_op *integer = call->op->integer;
    const cnn2snn_tensor *in = call->inputs[0], *truth = call->inputs[1];
    const struct c2s_qml_pico_attributes *attributes = call->op->layer->attributes;
    int32_t bits = integer->finish.output_bits;
    if (!in->count)
        return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "R-merge", "no predictions");
    size_t count = (size_t)in->shape[1], inner = (size_t)call->output->count / (size_t)in->shape[0], size;
    void *scratch;
    if (!c2s_tensor_same_shape(in, truth))
        return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "R-merge",
                         "predictions and what is true have different shapes");
    if (!c2s_mul_size((size_t)in->count, sizeof(int64_t), &size))
        return c2s_error_no_memory(error);
    C2S_TRY(c2s_run_reserve(call->run, size, &scratch, error));
    int64_t *values = scratch;
    c2s_integer_finish_all(&integer->finish, call->run->pool, (size_t)in->count / integer->finish.channels, in->dtype,
                           in->data, CNN2SNN_DTYPE_INT64, values);
    for (size_t o = 0; o < call->output->count; o++) {
        int64_t sum = 0, expected;
        for (size_t i = 0; i < count; i++) {
            size_t at = (o / inner * count + i) * inner + o % inner;
            c2s_integers_load(truth->dtype, truth->data, at, 1, &expected);
            int64_t difference = c2s_integer_limit(values[at] - c2s_integer_limit(expected, bits), bits);
            sum += c2s_integer_limit(llabs((long long)difference), bits);
        }
        int64_t reached = (double)(sum / (int64_t)count) >= attributes->threshold;
        c2s_integers_store(call->output->dtype, call->output->data, o, 1, &reached);
    }
    return CNN2SNN_OK;
}
