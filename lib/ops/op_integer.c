/* SPDX-License-Identifier: Apache-2.0 */
/* Makes QuantizeML's layers ready to run: derived integers as arrays with one entry for each channel. */
#include "base/allocator.h"
#include "base/error.h"
#include "ops/integer_op.h"

cnn2snn_status c2s_integer_array(struct c2s_op *op, size_t count, size_t size, void **out, cnn2snn_error **error)
{
    struct c2s_integer_op *integer = op->integer;
    *out = NULL;
    if (c2s_array_reserve(op->context, &integer->arrays, &integer->array_capacity, integer->array_count + 1,
                          sizeof *integer->arrays))
        return c2s_error_no_memory(error);
    *out = c2s_calloc(op->context, count, size);
    if (!*out)
        return c2s_error_no_memory(error);
    integer->arrays[integer->array_count++] = *out;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_integer_entries(struct c2s_op *op, enum c2s_integers which, size_t channels, int32_t **out,
                                   cnn2snn_error **error)
{
    const cnn2snn_tensor *tensor = op->derived->integers[which];
    void *entries;
    *out = NULL;
    if (!tensor)
        return CNN2SNN_OK;
    if (tensor->count != 1 && tensor->count != channels)
        return c2s_error(op->context, error, CNN2SNN_E_VALUE, "R-channels", "%llu integers for %zu channels",
                         (unsigned long long)tensor->count, channels);
    C2S_TRY(c2s_integer_array(op, channels, sizeof **out, &entries, error));
    *out = entries;
    for (size_t i = 0; i < channels; i++)
        (*out)[i] = (int32_t)c2s_tensor_get_double(tensor, tensor->count == 1 ? 0 : i);
    return CNN2SNN_OK;
}

static cnn2snn_status wide_entries(struct c2s_op *op, enum c2s_integers which, size_t channels, const int64_t **out,
                                   cnn2snn_error **error)
{
    int32_t *narrow;
    void *wide;
    *out = NULL;
    C2S_TRY(c2s_integer_entries(op, which, channels, &narrow, error));
    if (!narrow)
        return CNN2SNN_OK;
    C2S_TRY(c2s_integer_array(op, channels, sizeof(int64_t), &wide, error));
    for (size_t i = 0; i < channels; i++)
        ((int64_t *)wide)[i] = narrow[i];
    *out = wide;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_integer_prepare_output(struct c2s_op *op, size_t channels, struct c2s_integer_output *output,
                                          cnn2snn_error **error)
{
    const struct c2s_quant_config *quant = c2s_layer_quant_config(op->layer);
    int32_t *shifts;
    output->channels = channels;
    output->value_bits = quant->buffer_bitwidth - 1;
    if (op->derived->accumulator.frac_bits)
        output->value_bits = op->derived->accumulator.value_bits;
    output->product_bits = quant->output.buffer_bitwidth;
    output->output_bits = op->derived->output.value_bits;
    output->relu = c2s_layer_id(op->layer) == C2S_KIND_QML_RELU;
    C2S_TRY(wide_entries(op, C2S_BIAS, channels, &output->bias, error));
    C2S_TRY(wide_entries(op, C2S_MAX_VALUE, channels, &output->maximum, error));
    C2S_TRY(wide_entries(op, C2S_OUTPUT_SCALES, channels, &output->mantissas, error));
    C2S_TRY(c2s_integer_entries(op, C2S_OUTPUT_SHIFT, channels, &shifts, error));
    output->shifts = shifts;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_prepare_integer_elements(struct c2s_op *op, cnn2snn_error **error)
{
    struct c2s_integer_op *integer = op->integer;
    size_t channels = c2s_channels_of(&integer->input);
    enum c2s_kind_id id = c2s_layer_id(op->layer);
    if (c2s_layer_quant_config(op->layer))
        C2S_TRY(c2s_integer_prepare_output(op, channels, &integer->finish, error));
    if (id == C2S_KIND_QML_PICO_POST_PROCESSING)
        integer->finish.output_bits = integer->finish.value_bits;
    /* Predictions are limited by their quantizer only. */
    if (id == C2S_KIND_QML_PICO_POST_PROCESSING)
        integer->finish.value_bits = integer->finish.product_bits;
    C2S_TRY(c2s_integer_entries(op,
                                id == C2S_KIND_QML_FLATTEN ? C2S_FLATTEN_SHIFT
                                : id == C2S_KIND_QML_ADD   ? C2S_A_SHIFT
                                                           : C2S_INPUT_SHIFT,
                                channels, &integer->shifts[0], error));
    return c2s_integer_entries(op, C2S_B_SHIFT, channels, &integer->shifts[1], error);
}

cnn2snn_status c2s_op_prepare_input_quantizer(struct c2s_op *op, cnn2snn_error **error)
{
    struct c2s_integer_op *integer = op->integer;
    size_t channels = c2s_channels_of(&integer->input);
    const cnn2snn_tensor *scales = op->derived->float_scales;
    void *entries;
    if (!scales || (scales->count != 1 && scales->count != channels))
        return c2s_error(op->context, error, CNN2SNN_E_VALUE, "R-channels", "%llu scales for %zu channels",
                         scales ? (unsigned long long)scales->count : 0, channels);
    C2S_TRY(c2s_integer_entries(op, C2S_ZERO_POINTS, channels, &integer->zero_points, error));
    C2S_TRY(c2s_integer_array(op, channels, sizeof(float), &entries, error));
    integer->scales = entries;
    for (size_t i = 0; i < channels; i++)
        integer->scales[i] = c2s_channel_value(scales, i);
    return CNN2SNN_OK;
}
