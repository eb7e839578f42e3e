/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a block of QuantizeML layers is as an Akida 2.0 layer (spec/quantizeml-conversion.md 6.1, 6.2). */
#include "base/error.h"
#include "convert/qml_emitter.h"
#include "layers/quantizeml_attributes.h"

enum { NO_ACTIVATION = 0, WITH_RELU = 1, WITH_LUT = 2, DEFAULT_POST_OP_BITS = 32, TABLE_SIZE = 2048 };

static int32_t activation_of(const struct c2s_qml_emitter *at)
{
    return c2s_block_pattern_has(at->block->pattern, C2S_KIND_QML_RELU)         ? WITH_RELU
           : c2s_block_pattern_has(at->block->pattern, C2S_KIND_QML_ACTIVATION) ? WITH_LUT
                                                                                : NO_ACTIVATION;
}

/* Widths of the accumulator and of what comes out. */
static cnn2snn_status set_bits(struct c2s_qml_emitter *at, int32_t buffer_bits, int32_t bits_without_quantizer)
{
    const struct c2s_output_quantizer *output = c2s_qml_block_output(at->plan, at->block);
    const struct c2s_qml_parameter parameters[] = {
        {"buffer_bits", buffer_bits},
        {"output_bits", output ? output->bitwidth : bits_without_quantizer},
        {"post_op_buffer_bits", output ? output->buffer_bitwidth : DEFAULT_POST_OP_BITS},
    };
    return C2S_QML_SET(at, parameters);
}

/* ------------------------------------------------------------------------------------------------ what all have */

/* Where the numbers of a block are found. */
struct parts {
    size_t main;             /* position of the layer with the bias */
    size_t input;            /* of the layer that takes the inputs */
    int64_t inputs, outputs; /* channels */
};

static cnn2snn_status set_relu(struct c2s_qml_emitter *at, const struct parts *parts)
{
    ptrdiff_t position = c2s_block_pattern_position(at->block->pattern, C2S_KIND_QML_RELU);
    if (position < 0)
        return CNN2SNN_OK;
    const struct c2s_derived *relu = c2s_qml_derived(at, (size_t)position);
    const cnn2snn_tensor *value = relu->integers[C2S_MAX_VALUE], *shift = relu->integers[C2S_MAX_VALUE_SHIFT];
    if (!value) { /* the values of a new layer: no limit */
        C2S_TRY(c2s_qml_set_integers(at, "max_value", CNN2SNN_DTYPE_UINT8, parts->outputs, NULL, 127));
        return c2s_qml_set_integers(at, "max_value_shift", CNN2SNN_DTYPE_UINT8, parts->outputs, NULL, 31);
    }
    C2S_TRY(c2s_qml_set_shifted(at, "max_value", CNN2SNN_DTYPE_UINT8, parts->outputs, value, shift));
    return c2s_qml_set_integers(at, "max_value_shift", CNN2SNN_DTYPE_UINT8, parts->outputs, shift, 0);
}

/* The hardware shifts right by less than the buffer's width. Where the plan asks for exact scales, products of 32
 * bits shall fill the output, too. */
static int32_t least_shift(const struct c2s_qml_emitter *at, const struct c2s_derived *output)
{
    int32_t least = 1 - c2s_akida_layer_get_parameter(at->layer, "buffer_bits", 32);
    int32_t filling =
        1 - c2s_akida_layer_get_parameter(at->layer, "post_op_buffer_bits", 32) + output->output.value_bits;
    return at->plan->exact_scales && output->integers[C2S_OUTPUT_SCALES] && filling > least ? filling : least;
}

static cnn2snn_status set_table(struct c2s_qml_emitter *at, const struct parts *parts)
{
    ptrdiff_t position = c2s_block_pattern_position(at->block->pattern, C2S_KIND_QML_ACTIVATION);
    if (position < 0)
        return CNN2SNN_OK;
    const struct c2s_derived *main = c2s_qml_derived(at, parts->main);
    const struct c2s_derived *table = c2s_qml_derived(at, (size_t)position);
    C2S_TRY(c2s_qml_set_scales(at, "activation_scales", parts->outputs, main->integers[C2S_OUTPUT_SCALES],
                               main->integers[C2S_OUTPUT_SHIFT], least_shift(at, main)));
    C2S_TRY(c2s_qml_set_at_least(at, "activation_shift", parts->outputs, main->integers[C2S_OUTPUT_SHIFT],
                                 least_shift(at, main)));
    return c2s_qml_set_integers(at, "lut_values", CNN2SNN_DTYPE_INT32, TABLE_SIZE, table->integers[C2S_LUT_VALUES],
                                0);
}

static cnn2snn_status set_output_shift(struct c2s_qml_emitter *at, const char *name, int64_t channels)
{
    const struct c2s_derived *last = c2s_qml_derived(at, at->block->count - 1);
    return c2s_qml_set_at_least(at, name, channels, last->integers[C2S_OUTPUT_SHIFT], least_shift(at, last));
}

static cnn2snn_status set_input_shift(struct c2s_qml_emitter *at, const struct parts *parts)
{
    const cnn2snn_tensor *shift = c2s_qml_derived(at, parts->input)->integers[C2S_INPUT_SHIFT];
    if (at->layer->kind == C2S_AKIDA_INPUT_CONV2D)
        return CNN2SNN_OK;
    return c2s_qml_set_integers(at, "input_shift", CNN2SNN_DTYPE_UINT8, parts->inputs, shift, 0);
}

/* Bias, input shifts, activation and output of the layers that have weights. */
static cnn2snn_status set_common(struct c2s_qml_emitter *at, const struct parts *parts)
{
    const struct c2s_derived *main = c2s_qml_derived(at, parts->main);
    const struct c2s_derived *last = c2s_qml_derived(at, at->block->count - 1);
    const cnn2snn_tensor *bias = main->integers[C2S_BIAS], *bias_shift = main->integers[C2S_BIAS_SHIFT];
    bool quantized = c2s_qml_block_output(at->plan, at->block) != NULL;
    C2S_TRY(c2s_qml_set_shifted(at, "bias", CNN2SNN_DTYPE_INT8, parts->outputs, bias, bias_shift));
    C2S_TRY(c2s_qml_set_integers(at, "bias_shift", CNN2SNN_DTYPE_UINT8, parts->outputs, bias_shift, 0));
    C2S_TRY(set_input_shift(at, parts));
    C2S_TRY(set_relu(at, parts));
    C2S_TRY(set_table(at, parts));
    C2S_TRY(c2s_qml_set_scales(at, "output_scales", parts->outputs,
                               quantized ? last->integers[C2S_OUTPUT_SCALES] : NULL, last->integers[C2S_OUTPUT_SHIFT],
                               least_shift(at, last)));
    return quantized ? set_output_shift(at, "output_shift", parts->outputs)
                     : c2s_qml_set_integers(at, "output_shift", CNN2SNN_DTYPE_INT8, parts->outputs, NULL, 0);
}

/* ------------------------------------------------------------------------------------------------ convolutions */

static cnn2snn_status set_pooling(struct c2s_qml_emitter *at, bool same)
{
    const cnn2snn_layer *max = c2s_qml_block_find(at->plan, at->block, C2S_KIND_QML_MAX_POOLING2D);
    const struct c2s_pool_attributes *pool =
        max ? &((const struct c2s_qml_pool_attributes *)max->attributes)->pool : NULL;
    bool average = c2s_block_pattern_has(at->block->pattern, C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D);
    const struct c2s_qml_parameter parameters[] = {
        {"padding", same ? C2S_PADDING_SAME : C2S_PADDING_VALID},
        {"pool_type", pool      ? C2S_POOL_MAX
                      : average ? C2S_POOL_AVERAGE
                                : C2S_POOL_NONE},
        {"pool_size", pool ? pool->pool_size[0] : -1},
        {"pool_stride", pool ? pool->strides[0] : -1},
    };
    return C2S_QML_SET(at, parameters);
}

static cnn2snn_status set_image(struct c2s_qml_emitter *at)
{
    const struct c2s_shape *in = c2s_qml_block_input_shape(at->plan, at->block, 0);
    if (in->rank != 3)
        return c2s_layer_error(at->plan->context, at->error, CNN2SNN_E_VALUE, "Q-062", at->layer->name,
                               "an input of %zu axes, expected 3", in->rank);
    const struct c2s_qml_parameter parameters[] = {
        {"input_x", in->extents[0]}, {"input_y", in->extents[1]}, {"input_channels", in->extents[2]}};
    C2S_TRY(C2S_QML_SET(at, parameters));
    return c2s_qml_set_integers(at, "padding_value", CNN2SNN_DTYPE_UINT8, in->extents[2],
                                c2s_qml_derived(at, 0)->integers[C2S_PADDING_VALUE], 0);
}

cnn2snn_status c2s_qml_emit_convolution(struct c2s_qml_emitter *at)
{
    enum c2s_block_kind kind = at->block->pattern->kind;
    const struct c2s_qml_conv_attributes *conv = c2s_layer_qml_conv(c2s_qml_block_layer(at->plan, at->block, 0));
    bool depthwise = kind == C2S_BLOCK_DEPTHWISE_CONV || kind == C2S_BLOCK_DEPTHWISE_CONV_TRANSPOSE;
    bool transposed = kind == C2S_BLOCK_CONV_TRANSPOSE || kind == C2S_BLOCK_DEPTHWISE_CONV_TRANSPOSE;
    int64_t size = conv->conv.kernel_size[0];
    struct parts parts = {0, 0, c2s_qml_channels_in(at, 0), c2s_qml_channels_out(at, 0)};
    const struct c2s_qml_parameter parameters[] = {
        {"kernel_size", size}, {"weights_bits", conv->quant.weight_bitwidth}, {"activation", activation_of(at)}};
    const struct c2s_qml_parameter filters[] = {{"filters", conv->conv.filters}};
    const struct c2s_qml_parameter strides[] = {{"kernel_stride", conv->conv.strides[0]}};
    C2S_TRY(C2S_QML_SET(at, parameters));
    C2S_TRY(set_bits(at, conv->quant.buffer_bitwidth, conv->quant.buffer_bitwidth));
    if (!depthwise)
        C2S_TRY(C2S_QML_SET(at, filters));
    if (!transposed) {
        C2S_TRY(C2S_QML_SET(at, strides));
        C2S_TRY(set_pooling(at, conv->conv.padding == C2S_SAME || size == 1));
    }
    const int64_t shape[4] = {size, size, parts.inputs, depthwise ? 1 : parts.outputs};
    C2S_TRY(c2s_qml_set_weights(at, "weights", c2s_qml_derived(at, 0)->integers[C2S_WEIGHTS], 4, shape,
                                kind == C2S_BLOCK_CONV || kind == C2S_BLOCK_DEPTHWISE_CONV));
    if (kind == C2S_BLOCK_INPUT_CONV)
        C2S_TRY(set_image(at));
    return set_common(at, &parts);
}

/* ------------------------------------------------------------------------------------------------ dense */

/* Shifts by which Flatten brought channels together, for each of `count` inputs; NULL where there are none. */
static cnn2snn_status flatten_shifts(const struct c2s_qml_emitter *at, int64_t count, cnn2snn_tensor **out)
{
    for (size_t i = 0; i < at->block->count; i++) {
        const cnn2snn_tensor *shift = c2s_qml_derived(at, i)->integers[C2S_FLATTEN_SHIFT];
        if (!shift || !shift->count || count % (int64_t)shift->count)
            continue;
        C2S_TRY(c2s_tensor_create(at->plan->context, CNN2SNN_DTYPE_INT32, 1, &count, out, at->error));
        for (int64_t j = 0; j < count; j++)
            ((int32_t *)(*out)->data)[j] = ((const int32_t *)shift->data)[(uint64_t)j % shift->count];
        break;
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_qml_emit_dense(struct c2s_qml_emitter *at)
{
    size_t main = c2s_block_pattern_main(at->block->pattern);
    const struct c2s_qml_dense_attributes *dense =
        c2s_layer_qml_dense(c2s_qml_block_layer(at->plan, at->block, main));
    struct parts parts = {main, main, c2s_qml_channels_in(at, main), dense->dense.units};
    const struct c2s_qml_parameter parameters[] = {{"units", dense->dense.units},
                                                   {"weights_bits", dense->quant.weight_bitwidth},
                                                   {"activation", activation_of(at)}};
    C2S_TRY(C2S_QML_SET(at, parameters));
    C2S_TRY(set_bits(at, dense->quant.buffer_bitwidth, dense->quant.buffer_bitwidth));
    const int64_t shape[2] = {parts.inputs, parts.outputs};
    C2S_TRY(c2s_qml_set_weights(at, "weights", c2s_qml_derived(at, main)->integers[C2S_WEIGHTS], 2, shape, false));
    C2S_TRY(set_common(at, &parts));
    cnn2snn_tensor *shifts = NULL;
    if (at->plan->flatten_shifts)
        C2S_TRY(flatten_shifts(at, parts.inputs, &shifts));
    cnn2snn_status status = CNN2SNN_OK;
    if (shifts)
        status = c2s_qml_set_integers(at, "input_shift", CNN2SNN_DTYPE_UINT8, parts.inputs, shifts, 0);
    c2s_tensor_release(shifts);
    return status;
}

/* ------------------------------------------------------------------------------------------------ others */

cnn2snn_status c2s_qml_emit_add(struct c2s_qml_emitter *at)
{
    const struct c2s_quant_config *config = c2s_layer_quant_config(c2s_qml_block_layer(at->plan, at->block, 0));
    const struct c2s_derived *derived = c2s_qml_derived(at, 0);
    int64_t channels = c2s_qml_channels_out(at, 0);
    C2S_TRY(set_bits(at, config->buffer_bitwidth, config->buffer_bitwidth));
    C2S_TRY(c2s_qml_set_integers(at, "a_shift", CNN2SNN_DTYPE_UINT8, channels, derived->integers[C2S_A_SHIFT], 0));
    C2S_TRY(c2s_qml_set_integers(at, "b_shift", CNN2SNN_DTYPE_UINT8, channels, derived->integers[C2S_B_SHIFT], 0));
    return c2s_qml_block_output(at->plan, at->block)
               ? set_output_shift(at, "output_shift", channels)
               : c2s_qml_set_integers(at, "output_shift", CNN2SNN_DTYPE_INT8, channels, NULL, 0);
}

cnn2snn_status c2s_qml_emit_temporal(struct c2s_qml_emitter *at)
{
    const struct c2s_qml_temporal_attributes *temporal = c2s_qml_block_layer(at->plan, at->block, 0)->attributes;
    bool depthwise = at->block->pattern->kind == C2S_BLOCK_DEPTHWISE_TEMPORAL;
    struct parts parts = {0, 0, c2s_qml_channels_in(at, 0), c2s_qml_channels_out(at, 0)};
    const struct c2s_qml_parameter parameters[] = {{"fifo_size", temporal->kernel_size},
                                                   {"weights_bits", temporal->quant.weight_bitwidth},
                                                   {"activation", activation_of(at)}};
    const struct c2s_qml_parameter filters[] = {{"filters", temporal->filters}};
    C2S_TRY(C2S_QML_SET(at, parameters));
    C2S_TRY(set_bits(at, temporal->quant.buffer_bitwidth, temporal->quant.buffer_bitwidth));
    if (!depthwise)
        C2S_TRY(C2S_QML_SET(at, filters));
    const int64_t rows = temporal->kernel_size,
                  shape[4] = {1, 1, depthwise ? rows : rows * parts.inputs, depthwise ? parts.inputs : parts.outputs};
    C2S_TRY(c2s_qml_set_weights(at, "weights", c2s_qml_derived(at, 0)->integers[C2S_WEIGHTS], 4, shape, false));
    return set_common(at, &parts);
}

static cnn2snn_status set_state(struct c2s_qml_emitter *at, const struct c2s_derived *state, int64_t channels)
{
    C2S_TRY(c2s_qml_set_weights(at, "A_real", state->integers[C2S_STATE_REAL], 1, &channels, false));
    C2S_TRY(c2s_qml_set_weights(at, "A_imag", state->integers[C2S_STATE_IMAGINARY], 1, &channels, false));
    C2S_TRY(c2s_qml_set_integers(at, "new_state_scale", CNN2SNN_DTYPE_UINT8, channels,
                                 state->integers[C2S_STATE_SCALE], 1));
    C2S_TRY(c2s_qml_set_integers(at, "new_state_shift", CNN2SNN_DTYPE_INT8, channels,
                                 state->integers[C2S_STATE_SHIFT], 0));
    return c2s_qml_set_integers(at, "internal_state_outputs_shift", CNN2SNN_DTYPE_INT8, channels,
                                state->integers[C2S_OUTPUT_SHIFT], 0);
}

cnn2snn_status c2s_qml_emit_recurrent(struct c2s_qml_emitter *at)
{
    enum { INPUT_PROJECTION = 0, RECURRENT = 1, OUTPUT_PROJECTION = 3, STATE_BITS = 16 };
    const struct c2s_qml_dense_attributes *in =
        c2s_layer_qml_dense(c2s_qml_block_layer(at->plan, at->block, INPUT_PROJECTION));
    const struct c2s_qml_dense_attributes *out =
        c2s_layer_qml_dense(c2s_qml_block_layer(at->plan, at->block, OUTPUT_PROJECTION));
    struct parts parts = {OUTPUT_PROJECTION, INPUT_PROJECTION, c2s_qml_channels_in(at, INPUT_PROJECTION),
                          out->dense.units};
    int64_t states = in->dense.units;
    const struct c2s_qml_parameter parameters[] = {{"stateful_channels", states},
                                                   {"output_channels", parts.outputs},
                                                   {"subsample", out->subsample},
                                                   {"internal_state_bits", STATE_BITS},
                                                   {"activation", activation_of(at)}};
    bool widens = activation_of(at) == WITH_RELU || out->dense.use_bias;
    C2S_TRY(C2S_QML_SET(at, parameters));
    C2S_TRY(set_bits(at, in->quant.buffer_bitwidth, widens ? DEFAULT_POST_OP_BITS : in->quant.buffer_bitwidth));
    const int64_t in_shape[2] = {parts.inputs, states}, out_shape[2] = {states, parts.outputs};
    C2S_TRY(c2s_qml_set_weights(at, "in_proj", c2s_qml_derived(at, INPUT_PROJECTION)->integers[C2S_WEIGHTS], 2,
                                in_shape, false));
    C2S_TRY(c2s_qml_set_weights(at, "out_proj", c2s_qml_derived(at, OUTPUT_PROJECTION)->integers[C2S_WEIGHTS], 2,
                                out_shape, false));
    C2S_TRY(set_state(at, c2s_qml_derived(at, RECURRENT), states));
    return set_common(at, &parts);
}

cnn2snn_status c2s_qml_emit_pico(struct c2s_qml_emitter *at)
{
    const struct c2s_qml_pico_attributes *pico = c2s_qml_block_layer(at->plan, at->block, 0)->attributes;
    const struct c2s_derived *derived = c2s_qml_derived(at, 0);
    int64_t channels = c2s_qml_channels_in(at, 0);
    const struct c2s_qml_parameter parameters[] = {{"buffer_bits", pico->quant.buffer_bitwidth}};
    C2S_TRY(C2S_QML_SET(at, parameters));
    C2S_TRY(c2s_qml_set_integers(at, "input_scales", CNN2SNN_DTYPE_UINT16, channels,
                                 derived->integers[C2S_OUTPUT_SCALES], 1));
    C2S_TRY(c2s_qml_set_at_least(at, "input_shift", channels, derived->integers[C2S_OUTPUT_SHIFT],
                                 least_shift(at, derived)));
    return c2s_qml_set_integers(at, "threshold", CNN2SNN_DTYPE_UINT16, channels, NULL, (int32_t)pico->threshold);
}

cnn2snn_status c2s_qml_emit_dequantizer(struct c2s_qml_emitter *at)
{
    return c2s_qml_set_floats(at, "scales", c2s_qml_channels_out(at, 0), c2s_qml_derived(at, 0)->float_scales);
}
