/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how each kind of layer is made ready to run (spec/simulator.md). */
#include "simulate/stage.h"

#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "simulate/run.h"
#include "simulate/stage_vectors.h"

static cnn2snn_status refuse(const struct c2s_preparation *at, cnn2snn_status code, const char *rule,
                             const char *what)
{
    return c2s_layer_error(at->model->context, at->error, code, rule, at->layer->name, "%s", what);
}

/* ------------------------------------------------------------------------------------------------ geometry */

static int64_t get(const struct c2s_preparation *at, const char *key, int64_t otherwise)
{
    return c2s_akida_layer_get_parameter(at->layer, key, (int32_t)otherwise);
}

/* Shapes have been computed, so that all of these are positive and windows fit. */
static void set_axis(struct c2s_integer_axis *axis, int64_t in, int64_t kernel, int64_t stride, int64_t padding)
{
    *axis = (struct c2s_integer_axis){.in = in, .kernel = kernel, .stride = stride};
    if (padding == C2S_PADDING_VALID) {
        axis->out = (in - kernel) / stride + 1;
        axis->padded = in;
        return;
    }
    axis->out = (in - 1) / stride + 1;
    int64_t total = (axis->out - 1) * stride + kernel - in;
    if (total < 0)
        total = 0;
    axis->before = padding == C2S_PADDING_SAME_UPPER ? (kernel - 1) / 2 : total / 2;
    axis->padded = in + (total > axis->before ? total : axis->before);
}

struct keys {
    const char *kernel[2], *stride[2], *pool[2], *pool_stride[2];
};

static const struct keys keys_v1 = {{"kernel_width", "kernel_height"},
                                    {"stride_x", "stride_y"},
                                    {"pooling_width", "pooling_height"},
                                    {"pooling_stride_x", "pooling_stride_y"}};
static const struct keys keys_v2 = {{"kernel_size", "kernel_size"},
                                    {"kernel_stride", "kernel_stride"},
                                    {"pool_size", "pool_size"},
                                    {"pool_stride", "pool_stride"}};

static cnn2snn_status set_windows(const struct c2s_preparation *at, const struct keys *keys)
{
    struct c2s_stage *stage = at->stage;
    struct c2s_integer_axis *axes[2] = {&stage->window.x, &stage->window.y},
                            *pools[2] = {&stage->pool.x, &stage->pool.y};
    int64_t padding = get(at, "padding", 0);
    stage->pool_type = (int32_t)get(at, "pool_type", C2S_POOL_NONE);
    for (int i = 0; i < 2; i++) {
        set_axis(axes[i], stage->in[i], get(at, keys->kernel[i], 1), get(at, keys->stride[i], 1), padding);
        stage->must_pad |= axes[i]->padded > axes[i]->in;
        if (stage->pool_type != C2S_POOL_MAX)
            continue;
        int64_t size = get(at, keys->pool[i], 1), stride = get(at, keys->pool_stride[i], -1);
        set_axis(pools[i], axes[i]->out, size, stride < 0 ? size : stride, padding);
    }
    return CNN2SNN_OK;
}

/* Elements of x * y * channels, within the limits of the context. */
static cnn2snn_status count_elements(const struct c2s_preparation *at, int64_t x, int64_t y, int64_t channels,
                                     size_t *out)
{
    const int64_t shape[3] = {x, y, channels};
    uint64_t count;
    C2S_TRY(c2s_shape_count(at->model->context, 3, shape, &count, at->error));
    if (count > at->model->context->max_total_bytes / sizeof(int32_t))
        return refuse(at, CNN2SNN_E_LIMIT, "S-SIZE", "more data than the context's max_total_bytes allow");
    *out = (size_t)count;
    return CNN2SNN_OK;
}

/* Room for the padded input and for the sums in front of pooling. `extra` elements go between. */
static cnn2snn_status set_scratch(const struct c2s_preparation *at, size_t extra)
{
    struct c2s_stage *stage = at->stage;
    size_t padded = 0, sums = 0;
    if (stage->must_pad)
        C2S_TRY(count_elements(at, stage->window.x.padded, stage->window.y.padded, stage->in[2], &padded));
    if (stage->pool_type != C2S_POOL_NONE)
        C2S_TRY(count_elements(at, stage->window.x.out, stage->window.y.out, stage->out[2], &sums));
    stage->conv_offset = padded + extra;
    stage->scratch_size = padded + extra + sums;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ Akida 1.0 */

int64_t c2s_largest_sum(const int8_t *weights, uint64_t rows, int64_t filters, int64_t magnitude)
{
    int64_t largest = 0;
    for (int64_t f = 0; f < filters; f++) {
        int64_t sum = 0;
        for (uint64_t row = 0; row < rows; row++) {
            int64_t weight = weights[row * (uint64_t)filters + (uint64_t)f];
            sum += weight < 0 ? -weight : weight;
        }
        largest = sum > largest ? sum : largest;
    }
    return largest && magnitude > INT64_MAX / largest ? INT64_MAX : largest * magnitude;
}

static cnn2snn_status check_potential(const struct c2s_preparation *at, int64_t magnitude)
{
    if (magnitude > INT32_MAX)
        return refuse(at, CNN2SNN_E_UNSUPPORTED, "S-POTENTIAL", "potentials may exceed 32 bits");
    at->stage->magnitude = magnitude;
    return CNN2SNN_OK;
}

/* Steps in 1/16, cut off; the runtime refuses those below. */
static cnn2snn_status prepare_steps(const struct c2s_preparation *at)
{
    void *memory;
    C2S_TRY(c2s_prepare_memory(at, (uint64_t)at->stage->out[2], sizeof(int64_t), &memory));
    int64_t *steps = memory;
    for (int64_t f = 0; f < at->stage->out[2]; f++) {
        double step = floor((double)at->stage->act_step[f] * 16);
        if (step < 1)
            return c2s_layer_error(at->model->context, at->error, CNN2SNN_E_VALUE, "S-STEP", at->layer->name,
                                   "act_step of filter %lld is %g, expected at least 1/16", (long long)f,
                                   (double)at->stage->act_step[f]);
        /* Above 2^40 every potential that exceeds the threshold gives 1. */
        steps[f] = (int64_t)(step < 1099511627776.0 ? step : 1099511627776.0) * (1 << (4 - at->stage->act_bits));
    }
    at->stage->step = steps;
    return CNN2SNN_OK;
}

static cnn2snn_status prepare_v1_tail(const struct c2s_preparation *at)
{
    struct c2s_stage *stage = at->stage;
    C2S_TRY(c2s_prepare_parameter(at, "activation", 0, 0, 1, &stage->activation));
    C2S_TRY(c2s_prepare_parameter(at, "act_bits", 1, 1, 4, &stage->act_bits));
    C2S_TRY(c2s_prepare_integers(at, "threshold", &stage->threshold));
    stage->dtype = CNN2SNN_DTYPE_INT32;
    if (!stage->activation) {
        /* predict divides by it, whatever it is */
        const struct c2s_akida_variable *step = c2s_akida_layer_find_variable(at->layer, "act_step");
        if (step && step->tensor->dtype == CNN2SNN_DTYPE_FLOAT32 && step->tensor->count == (uint64_t)stage->out[2]) {
            stage->act_step = c2s_f32(step->tensor);
            return CNN2SNN_OK;
        }
        return c2s_prepare_floats(at, "act_step", &stage->act_step);
    }
    C2S_TRY(c2s_prepare_floats(at, "act_step", &stage->act_step));
    C2S_TRY(prepare_steps(at));
    stage->dtype = CNN2SNN_DTYPE_UINT8;
    stage->magnitude = (1 << stage->act_bits) - 1;
    return CNN2SNN_OK;
}

static cnn2snn_status prepare_convolutional(const struct c2s_preparation *at, int64_t magnitude)
{
    struct c2s_stage *stage = at->stage;
    bool image = at->layer->kind == C2S_AKIDA_INPUT_CONVOLUTIONAL;
    bool separable = at->layer->kind == C2S_AKIDA_SEPARABLE_CONVOLUTIONAL;
    int64_t channels = stage->in[2], filters = stage->out[2], largest;
    size_t depthwise = 0;
    C2S_TRY(set_windows(at, &keys_v1));
    uint64_t taps = (uint64_t)stage->window.x.kernel * (uint64_t)stage->window.y.kernel;
    C2S_TRY(c2s_prepare_weights(at, "weights", !image, &stage->weights));
    if (separable) {
        C2S_TRY(c2s_prepare_weights(at, "weights_pw", false, &stage->pointwise));
        largest = c2s_largest_sum(stage->weights, taps, channels, magnitude);
        C2S_TRY(check_potential(at, largest));
        largest = c2s_largest_sum(stage->pointwise, (uint64_t)channels, filters, largest);
        C2S_TRY(count_elements(at, stage->window.x.out, stage->window.y.out, channels, &depthwise));
    } else {
        largest = c2s_largest_sum(stage->weights, taps * (uint64_t)channels, filters, magnitude);
    }
    C2S_TRY(check_potential(at, largest));
    if (image) {
        void *memory;
        int32_t value;
        C2S_TRY(c2s_prepare_parameter(at, "padding_value", 0, 0, 255, &value));
        C2S_TRY(c2s_prepare_memory(at, (uint64_t)channels, sizeof(int32_t), &memory));
        for (int64_t c = 0; c < channels; c++)
            ((int32_t *)memory)[c] = value;
        stage->padding = memory;
    }
    C2S_TRY(set_scratch(at, depthwise));
    stage->run = c2s_run_convolutional;
    return prepare_v1_tail(at);
}

static cnn2snn_status prepare_fully_connected(const struct c2s_preparation *at, int64_t magnitude)
{
    struct c2s_stage *stage = at->stage;
    C2S_TRY(count_elements(at, stage->in[0], stage->in[1], stage->in[2], &stage->scratch_size));
    C2S_TRY(c2s_prepare_weights(at, "weights", false, &stage->weights));
    C2S_TRY(check_potential(at, c2s_largest_sum(stage->weights, stage->scratch_size, stage->out[2], magnitude)));
    stage->run = c2s_run_fully_connected;
    return prepare_v1_tail(at);
}

/* ------------------------------------------------------------------------------------------------ Akida 2.0 */

static cnn2snn_dtype output_dtype(int32_t bits, bool is_unsigned, bool is_sum)
{
    return is_unsigned             ? CNN2SNN_DTYPE_UINT8
           : bits <= 8             ? CNN2SNN_DTYPE_INT8
           : bits == 16 && !is_sum ? CNN2SNN_DTYPE_INT16
                                   : CNN2SNN_DTYPE_INT32;
}

static int32_t saturate(int64_t value, int32_t bits)
{
    int64_t high = (INT64_C(1) << (bits - 1)) - 1;
    return (int32_t)(value > high ? high : value < -high - 1 ? -high - 1 : value);
}

static cnn2snn_status prepare_bias(const struct c2s_preparation *at)
{
    const int32_t *bias, *shift;
    at->stage->bias_in_buffer = at->layer->kind == C2S_AKIDA_INPUT_CONV2D;
    C2S_TRY(c2s_prepare_integers(at, "bias", &bias));
    C2S_TRY(c2s_prepare_shifts(at, "bias_shift", &shift));
    for (int64_t f = 0; f < at->stage->out[2]; f++) /* both are the stage's own */
        ((int32_t *)bias)[f] = saturate(bias[f] * (INT64_C(1) << shift[f]), at->stage->post_bits);
    at->stage->bias = bias;
    return CNN2SNN_OK;
}

static cnn2snn_status prepare_activation(const struct c2s_preparation *at)
{
    struct c2s_stage *stage = at->stage;
    C2S_TRY(c2s_prepare_parameter(at, "activation", 0, 0, 2, &stage->activation));
    if (stage->activation == 1) {
        const int32_t *value, *shift;
        C2S_TRY(c2s_prepare_integers(at, "max_value", &value));
        C2S_TRY(c2s_prepare_shifts(at, "max_value_shift", &shift));
        for (int64_t f = 0; f < stage->out[2]; f++) /* values have 32 bits, so a limit needs no more */
            ((int32_t *)value)[f] = saturate(value[f] * (INT64_C(1) << shift[f]), 32);
        stage->limit = value;
    } else if (stage->activation == 2) {
        C2S_TRY(c2s_prepare_integers(at, "activation_scales", &stage->lut_scales));
        C2S_TRY(c2s_prepare_shifts(at, "activation_shift", &stage->lut_shift));
        C2S_TRY(c2s_prepare_integers(at, "lut_values", &stage->lut));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status prepare_output(const struct c2s_preparation *at)
{
    struct c2s_stage *stage = at->stage;
    C2S_TRY(c2s_prepare_parameter(at, "output_bits", 8, 1, 32, &stage->output_bits));
    C2S_TRY(c2s_prepare_shifts(at, "output_shift", &stage->shift));
    bool adds = at->layer->kind == C2S_AKIDA_ADD;
    stage->is_unsigned = stage->output_bits <= 4 && !adds;
    stage->dtype = output_dtype(stage->output_bits, stage->is_unsigned, adds);
    stage->magnitude = INT64_C(1) << (stage->is_unsigned ? stage->output_bits : stage->output_bits - 1);
    return CNN2SNN_OK;
}

static cnn2snn_status prepare_widths(const struct c2s_preparation *at, int32_t highest)
{
    C2S_TRY(c2s_prepare_parameter(at, "buffer_bits", 32, 1, highest, &at->stage->buffer_bits));
    return c2s_prepare_parameter(at, "post_op_buffer_bits", 32, 1, 32, &at->stage->post_bits);
}

/* False where shifting and saturating the input would change nothing. */
static bool changes_input(const struct c2s_preparation *at, int64_t magnitude)
{
    for (int64_t i = 0; i < at->stage->in[2]; i++)
        if (at->stage->input_shift[i])
            return true;
    return magnitude >= INT64_C(1) << (at->stage->buffer_bits - 1);
}

/* What the layers with weights have in common. */
static cnn2snn_status prepare_v2_tail(const struct c2s_preparation *at)
{
    C2S_TRY(prepare_bias(at));
    C2S_TRY(prepare_activation(at));
    C2S_TRY(c2s_prepare_integers(at, "output_scales", &at->stage->scales));
    return prepare_output(at);
}

static cnn2snn_status prepare_input_padding(const struct c2s_preparation *at)
{
    /* Runtimes before 2.7 had one number for all channels. */
    bool one = !c2s_akida_layer_find_variable(at->layer, "padding_value") &&
               c2s_akida_layer_has_parameter(at->layer, "padding_value");
    C2S_TRY(c2s_prepare_integers(at, "padding_value", &at->stage->padding));
    int32_t value;
    C2S_TRY(c2s_prepare_parameter(at, "padding_value", 0, 0, 255, &value));
    for (int64_t c = 0; one && c < at->stage->in[2]; c++)
        ((int32_t *)at->stage->padding)[c] = value;
    return CNN2SNN_OK;
}

/* The magnitude of `count` inputs when they are shifted; the buffer limits it. */
static int64_t largest_input(const struct c2s_preparation *at, int64_t count, int64_t magnitude)
{
    int64_t limit = INT64_C(1) << (at->stage->buffer_bits - 1);
    int32_t shift = 0;
    for (int64_t c = 0; at->stage->input_shift && c < count; c++)
        shift = at->stage->input_shift[c] > shift ? at->stage->input_shift[c] : shift;
    return at->stage->input_shift && magnitude > limit >> shift ? limit : magnitude << shift;
}

static cnn2snn_status prepare_conv2d(const struct c2s_preparation *at, int64_t magnitude)
{
    struct c2s_stage *stage = at->stage;
    bool image = at->layer->kind == C2S_AKIDA_INPUT_CONV2D;
    C2S_TRY(prepare_widths(at, 32));
    C2S_TRY(set_windows(at, &keys_v2));
    C2S_TRY(c2s_prepare_weights(at, "weights", !image, &stage->weights));
    if (image) {
        C2S_TRY(prepare_input_padding(at));
    } else {
        C2S_TRY(c2s_prepare_shifts(at, "input_shift", &stage->input_shift));
    }
    if (stage->input_shift)
        stage->must_pad |= changes_input(at, magnitude);
    C2S_TRY(set_scratch(at, 0));
    stage->run = c2s_run_conv2d;
    return prepare_v2_tail(at);
}

/* Layers whose input is shifted into the scratch and which have no window. */
static cnn2snn_status prepare_shifted(const struct c2s_preparation *at, int64_t frames)
{
    struct c2s_stage *stage = at->stage;
    C2S_TRY(prepare_widths(at, 32));
    C2S_TRY(count_elements(at, stage->in[0], stage->in[1], stage->in[2] * frames, &stage->scratch_size));
    C2S_TRY(c2s_prepare_weights(at, "weights", false, &stage->weights));
    C2S_TRY(c2s_prepare_shifts(at, "input_shift", &stage->input_shift));
    return prepare_v2_tail(at);
}

static cnn2snn_status prepare_dense(const struct c2s_preparation *at, int64_t magnitude)
{
    if (at->layer->kind == C2S_AKIDA_DENSE2D && !get(at, "collapse_dims", 1))
        return refuse(at, CNN2SNN_E_UNSUPPORTED, "S-KIND", "Dense2D without collapse_dims can't be run");
    at->stage->run = c2s_run_dense;
    C2S_TRY(prepare_shifted(at, 1));
    int64_t count = (int64_t)at->stage->scratch_size;
    at->stage->wide_sums = c2s_largest_sum(at->stage->weights, (uint64_t)count, at->stage->out[2],
                                           largest_input(at, count, magnitude)) > INT32_MAX;
    return CNN2SNN_OK;
}

static cnn2snn_status prepare_transpose(const struct c2s_preparation *at)
{
    at->stage->window.x.kernel = get(at, "kernel_size", 1);
    at->stage->run =
        at->layer->kind == C2S_AKIDA_CONV2D_TRANSPOSE ? c2s_run_conv2d_transpose : c2s_run_depthwise_transpose;
    return prepare_shifted(at, 1);
}

static cnn2snn_status prepare_temporal(const struct c2s_preparation *at, int64_t magnitude)
{
    struct c2s_stage *stage = at->stage;
    C2S_TRY(c2s_prepare_parameter(at, "fifo_size", 0, 1, 1 << 20, &stage->fifo));
    stage->run = at->layer->kind == C2S_AKIDA_BUFFER_TEMP_CONV ? c2s_run_temporal : c2s_run_depthwise_temporal;
    C2S_TRY(prepare_shifted(at, stage->fifo));
    stage->state_size = stage->scratch_size;
    if (at->layer->kind == C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV)
        stage->wide_sums =
            c2s_largest_sum(stage->weights, (uint64_t)stage->fifo, stage->out[2],
                            largest_input(at, stage->in[2], magnitude)) >= INT64_C(1) << (stage->buffer_bits - 1);
    return CNN2SNN_OK;
}

static cnn2snn_status prepare_recurrent(const struct c2s_preparation *at, int64_t magnitude)
{
    struct c2s_stage *stage = at->stage;
    size_t hidden;
    C2S_TRY(prepare_widths(at, 32));
    C2S_TRY(c2s_prepare_parameter(at, "stateful_channels", 0, 1, INT32_MAX, &stage->hidden));
    C2S_TRY(c2s_prepare_parameter(at, "subsample", 1, 1, INT32_MAX, &stage->subsample));
    C2S_TRY(c2s_prepare_parameter(at, "internal_state_bits", 16, 1, 32, &stage->hidden_bits));
    C2S_TRY(c2s_prepare_weights(at, "in_proj", false, &stage->weights));
    C2S_TRY(c2s_prepare_weights(at, "out_proj", false, &stage->pointwise));
    C2S_TRY(c2s_prepare_shifts(at, "input_shift", &stage->input_shift));
    C2S_TRY(c2s_prepare_integers(at, "new_state_scale", &stage->state_scales));
    C2S_TRY(c2s_prepare_shifts(at, "new_state_shift", &stage->new_state_shift));
    C2S_TRY(c2s_prepare_integers(at, "A_real", &stage->state_real));
    C2S_TRY(c2s_prepare_integers(at, "A_imag", &stage->state_imaginary));
    C2S_TRY(c2s_prepare_shifts(at, "internal_state_outputs_shift", &stage->state_shift));
    C2S_TRY(count_elements(at, 1, 1, stage->hidden, &hidden));
    C2S_TRY(count_elements(at, 1, 1, stage->in[2], &stage->scratch_size));
    stage->scratch_size += hidden;
    stage->state_size = 2 * hidden;
    stage->wide_sums = c2s_largest_sum(stage->weights, (uint64_t)stage->in[2], stage->hidden,
                                       largest_input(at, stage->in[2], magnitude)) > INT32_MAX;
    stage->wide_outputs = c2s_largest_sum(stage->pointwise, (uint64_t)stage->hidden, stage->out[2],
                                          INT64_C(1) << (stage->hidden_bits - 1)) > INT32_MAX;
    stage->run = c2s_run_recurrent;
    return prepare_v2_tail(at);
}

static cnn2snn_status need_two(const struct c2s_preparation *at, const struct c2s_stage *stages)
{
    if (at->stage->inbound_count != 2)
        return refuse(at, CNN2SNN_E_UNSUPPORTED, "S-GRAPH", "expected 2 inbound layers");
    at->stage->other_channels = stages[at->stage->inbounds[1]].out[2];
    return CNN2SNN_OK;
}

static cnn2snn_status prepare_add(const struct c2s_preparation *at)
{
    C2S_TRY(prepare_widths(at, 32));
    C2S_TRY(c2s_prepare_shifts(at, "a_shift", &at->stage->input_shift));
    C2S_TRY(c2s_prepare_shifts(at, "b_shift", &at->stage->other_shift));
    C2S_TRY(c2s_prepare_parameter(at, "activation", 0, 0, 1, &at->stage->activation));
    C2S_TRY(prepare_activation(at));
    if (c2s_akida_layer_find_variable(at->layer, "output_scales"))
        C2S_TRY(c2s_prepare_integers(at, "output_scales", &at->stage->scales));
    at->stage->run = c2s_run_add;
    return prepare_output(at);
}

static cnn2snn_status prepare_pico(const struct c2s_preparation *at, const struct c2s_stage *stages)
{
    C2S_TRY(need_two(at, stages));
    if (memcmp(stages[at->stage->inbounds[1]].out, at->stage->in, sizeof at->stage->in))
        return refuse(at, CNN2SNN_E_MALFORMED, "S-GRAPH", "the two inbound layers have different shapes");
    C2S_TRY(c2s_prepare_parameter(at, "buffer_bits", 44, 1, 62, &at->stage->buffer_bits));
    C2S_TRY(c2s_prepare_integers(at, "input_scales", &at->stage->scales));
    C2S_TRY(c2s_prepare_shifts(at, "input_shift", &at->stage->shift));
    C2S_TRY(c2s_prepare_integers(at, "threshold", &at->stage->threshold));
    at->stage->dtype = CNN2SNN_DTYPE_INT8;
    at->stage->run = c2s_run_pico;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ ends */

static cnn2snn_status prepare_input_data(const struct c2s_preparation *at)
{
    int32_t bits, is_signed;
    C2S_TRY(c2s_prepare_parameter(at, "input_bits", 4, 1, 16, &bits));
    C2S_TRY(c2s_prepare_parameter(at, "input_signed", 0, 0, 1, &is_signed));
    at->stage->dtype = bits <= 8 ? (is_signed ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_UINT8)
                                 : (is_signed ? CNN2SNN_DTYPE_INT16 : CNN2SNN_DTYPE_UINT16);
    at->stage->magnitude = bits <= 8 ? 255 : 65535;
    at->stage->run = c2s_run_copy;
    return CNN2SNN_OK;
}

static cnn2snn_status prepare_quantizer(const struct c2s_preparation *at)
{
    int32_t is_signed;
    C2S_TRY(c2s_prepare_parameter(at, "output_bits", 8, 1, 16, &at->stage->output_bits));
    C2S_TRY(c2s_prepare_parameter(at, "output_signed", 0, 0, 1, &is_signed));
    C2S_TRY(c2s_prepare_floats(at, "scales", &at->stage->float_scales));
    C2S_TRY(c2s_prepare_integers(at, "zero_points", &at->stage->threshold));
    at->stage->is_unsigned = !is_signed;
    at->stage->magnitude = 65535;
    at->stage->dtype = at->stage->output_bits <= 8 ? (is_signed ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_UINT8)
                                                   : (is_signed ? CNN2SNN_DTYPE_INT16 : CNN2SNN_DTYPE_UINT16);
    at->stage->run = c2s_run_copy;
    return CNN2SNN_OK;
}

static cnn2snn_status prepare_concatenate(const struct c2s_preparation *at, const struct c2s_stage *stages)
{
    struct c2s_stage *stage = at->stage;
    C2S_TRY(need_two(at, stages));
    const struct c2s_stage *a = &stages[stage->inbounds[0]], *b = &stages[stage->inbounds[1]];
    stage->dtype = a->dtype == b->dtype ? a->dtype : CNN2SNN_DTYPE_INT32;
    stage->magnitude = a->magnitude > b->magnitude ? a->magnitude : b->magnitude;
    stage->run = c2s_run_concatenate;
    return CNN2SNN_OK;
}

static cnn2snn_status prepare_normalization(const struct c2s_preparation *at)
{
    struct c2s_stage *stage = at->stage;
    const int32_t *shift;
    C2S_TRY(prepare_widths(at, 32));
    C2S_TRY(c2s_prepare_integers(at, "a", &stage->lut_scales));
    C2S_TRY(c2s_prepare_integers(at, "b", &stage->bias));
    C2S_TRY(c2s_prepare_shifts(at, "b_shift", &shift));
    for (int64_t f = 0; f < stage->out[2]; f++)
        ((int32_t *)stage->bias)[f] = saturate(stage->bias[f] * (INT64_C(1) << shift[f]), stage->post_bits);
    C2S_TRY(c2s_prepare_shifts(at, "input_shift", &stage->input_shift));
    C2S_TRY(c2s_prepare_parameter(at, "activation", 0, 0, 1, &stage->activation));
    C2S_TRY(prepare_activation(at));
    C2S_TRY(c2s_prepare_integers(at, "output_scales", &stage->scales));
    stage->run = c2s_run_normalization;
    return prepare_output(at);
}

static cnn2snn_status prepare_kind(const struct c2s_preparation *at, const struct c2s_stage *stages)
{
    struct c2s_stage *stage = at->stage;
    int64_t magnitude = stage->inbound_count ? stages[stage->inbounds[0]].magnitude : 255;
    stage->magnitude = INT32_MAX;
    switch (at->layer->kind) {
    case C2S_AKIDA_INPUT_DATA:
        return prepare_input_data(at);
    case C2S_AKIDA_QUANTIZER:
        return prepare_quantizer(at);
    case C2S_AKIDA_INPUT_CONVOLUTIONAL:
    case C2S_AKIDA_CONVOLUTIONAL:
    case C2S_AKIDA_SEPARABLE_CONVOLUTIONAL:
        return prepare_convolutional(at, magnitude);
    case C2S_AKIDA_FULLY_CONNECTED:
        return prepare_fully_connected(at, magnitude);
    case C2S_AKIDA_INPUT_CONV2D:
    case C2S_AKIDA_CONV2D:
    case C2S_AKIDA_DEPTHWISE_CONV2D:
        return prepare_conv2d(at, magnitude);
    case C2S_AKIDA_CONV2D_TRANSPOSE:
    case C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE:
        return prepare_transpose(at);
    case C2S_AKIDA_DENSE1D:
    case C2S_AKIDA_DENSE2D:
        return prepare_dense(at, magnitude);
    case C2S_AKIDA_BUFFER_TEMP_CONV:
    case C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV:
        return prepare_temporal(at, magnitude);
    case C2S_AKIDA_STATEFUL_RECURRENT:
        return prepare_recurrent(at, magnitude);
    case C2S_AKIDA_ADD:
        C2S_TRY(need_two(at, stages));
        return prepare_add(at);
    case C2S_AKIDA_CONCATENATE:
        return prepare_concatenate(at, stages);
    case C2S_AKIDA_PICO_POST_PROCESSING:
        return prepare_pico(at, stages);
    case C2S_AKIDA_BATCH_NORMALIZATION:
        return prepare_normalization(at);
    case C2S_AKIDA_DEQUANTIZER:
        stage->dtype = CNN2SNN_DTYPE_FLOAT32;
        stage->run = c2s_run_dequantizer;
        return c2s_prepare_floats(at, "scales", &stage->float_scales);
    default:
        return c2s_layer_error(at->model->context, at->error, CNN2SNN_E_UNSUPPORTED, "S-KIND", at->layer->name,
                               "layers of kind %s can't be run", at->layer->kind_text);
    }
}

cnn2snn_status c2s_stage_prepare(const cnn2snn_akida_model *model, size_t index,
                                 const struct c2s_akida_shapes *shapes, const struct c2s_stage *stages,
                                 const struct c2s_byte_kernels *bytes, struct c2s_stage *stage, cnn2snn_error **error)
{
    const struct c2s_akida_layer *layer = &model->layers[index];
    struct c2s_preparation at = {model, layer, shapes, stage, error};
    size_t count;
    *stage = (struct c2s_stage){.layer = layer, .inbound_count = layer->inbound_count};
    if (!shapes->known)
        return c2s_layer_error(model->context, error, CNN2SNN_E_UNSUPPORTED, "S-KIND", layer->name,
                               "layers of kind %s can't be run", layer->kind_text);
    if (layer->inbound_count > 2)
        return refuse(&at, CNN2SNN_E_UNSUPPORTED, "S-GRAPH", "more than 2 inbound layers");
    memcpy(stage->in, shapes->input, sizeof stage->in);
    memcpy(stage->out, shapes->output, sizeof stage->out);
    for (size_t i = 0; i < layer->inbound_count; i++) {
        stage->inbounds[i] = layer->inbounds[i];
        if (stages[layer->inbounds[i]].dtype == CNN2SNN_DTYPE_FLOAT32)
            return refuse(&at, CNN2SNN_E_UNSUPPORTED, "S-GRAPH", "nothing can be behind a Dequantizer");
    }
    C2S_TRY(count_elements(&at, stage->in[0], stage->in[1], stage->in[2], &count));
    C2S_TRY(count_elements(&at, stage->out[0], stage->out[1], stage->out[2], &count));
    C2S_TRY(prepare_kind(&at, stages));
    return c2s_byte_plan_prepare(&at, bytes, stages);
}

void c2s_stage_clear(cnn2snn_context *context, struct c2s_stage *stage)
{
    for (size_t i = 0; i < stage->owned_count; i++)
        c2s_free(context, stage->owned[i].memory);
    stage->owned_count = 0;
}
