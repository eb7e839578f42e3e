/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the integers of recurrence and of what judges predictions. */
#include <math.h>

#include "base/error.h"
#include "derive/derive_step.h"
#include "numeric/fixed_point.h"

/* ------------------------------------------------------------------------------------------------ recurrence */

static cnn2snn_status quantize_states(struct c2s_derive_step *step)
{
    struct c2s_derived_weights *weights = step->weights;
    const struct c2s_fixed_weights how = {step->quant->weight_bitwidth, C2S_NO_AXIS, true};
    const cnn2snn_tensor *real, *imaginary;
    if (!weights->integers) {
        C2S_TRY(c2s_derive_weight(step, "A_real", &real));
        C2S_TRY(c2s_fixed_quantize_weights(&how, real, &weights->integers, &weights->scales, step->error));
    }
    if (!weights->more_integers) {
        C2S_TRY(c2s_derive_weight(step, "A_imag", &imaginary));
        C2S_TRY(
            c2s_fixed_quantize_weights(&how, imaginary, &weights->more_integers, &weights->more_scales, step->error));
    }
    step->derived->integers[C2S_STATE_REAL] = c2s_tensor_retain(weights->integers);
    step->derived->integers[C2S_STATE_IMAGINARY] = c2s_tensor_retain(weights->more_integers);
    return CNN2SNN_OK;
}

/* Float scales of the input as mantissas; *number becomes plain fixed point. */
static cnn2snn_status quantize_scales(struct c2s_derive_step *step, struct c2s_number *number)
{
    cnn2snn_tensor *mantissas, *scale_bits, *bits;
    uint64_t count;
    if (!number->scales)
        return CNN2SNN_OK;
    C2S_TRY(c2s_fixed_quantize_scales(number->scales, step->quant->output.scale_bits, &mantissas, &scale_bits,
                                      step->error));
    cnn2snn_status status =
        c2s_tensor_convert(mantissas, CNN2SNN_DTYPE_INT32, &step->derived->integers[C2S_STATE_SCALE], step->error);
    if (!status)
        status = c2s_derive_entries(step, number->frac_bits, scale_bits, &count);
    if (!status)
        status = c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, count, !scale_bits->rank, &bits);
    for (uint64_t i = 0; !status && i < count; i++)
        c2s_f32_writable(bits)[i] = c2s_channel_value(number->frac_bits, i) + c2s_channel_value(scale_bits, i);
    c2s_tensor_release(mantissas);
    c2s_tensor_release(scale_bits);
    C2S_TRY(status);
    c2s_tensor_release(number->frac_bits);
    c2s_tensor_release(number->scales);
    number->frac_bits = bits;
    number->scales = NULL;
    return CNN2SNN_OK;
}

/* Shifts that bring the input to the products of states and A, and those back to states. */
static cnn2snn_status find_state_shifts(struct c2s_derive_step *step, const struct c2s_number *input,
                                        float state_bits)
{
    struct c2s_derived *derived = step->derived;
    float product_bits = state_bits + c2s_f32(step->weights->scales)[0];
    cnn2snn_tensor **shift = &derived->integers[C2S_STATE_SHIFT], **back = &derived->integers[C2S_OUTPUT_SHIFT];
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_INT32, input->frac_bits->count, !input->frac_bits->rank, shift));
    for (uint64_t i = 0; i < (*shift)->count; i++)
        c2s_i32_writable(*shift)[i] = (int32_t)(product_bits - c2s_f32(input->frac_bits)[i]);
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_INT32, 1, true, back));
    *c2s_i32_writable(*back) = (int32_t)(state_bits - product_bits);
    derived->accumulator.value_bits = step->quant->buffer_bitwidth - 1;
    return c2s_scalar_create(step->context, product_bits, &derived->accumulator.frac_bits, step->error);
}

/* Real and imaginary part lie on the last axis, with the same number. */
static cnn2snn_status set_states(struct c2s_derive_step *step, int32_t value_bits, float state_bits)
{
    struct c2s_number *output = &step->derived->output;
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, 2, false, &output->frac_bits));
    c2s_f32_writable(output->frac_bits)[0] = c2s_f32_writable(output->frac_bits)[1] = state_bits;
    output->value_bits = value_bits;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_derive_recurrent(struct c2s_derive_step *step)
{
    const struct c2s_output_quantizer *quantizer = &step->quant->output;
    const cnn2snn_tensor *range;
    struct c2s_number input;
    int32_t value_bits = quantizer->bitwidth - (quantizer->is_signed ? 1 : 0);
    if (value_bits >= step->quant->buffer_bitwidth - 1)
        return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-013",
                                "output of %d value bits, expected fewer than the %d of its buffer", (int)value_bits,
                                (int)step->quant->buffer_bitwidth - 1);
    C2S_TRY(c2s_derive_weight(step, "range_max", &range));
    if (c2s_f32(range)[0] < 0)
        return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-012", "range_max is %g, expected a finite number from 0",
                                (double)c2s_f32(range)[0]);
    C2S_TRY(quantize_states(step));
    float real = c2s_f32(step->weights->scales)[0], imaginary = c2s_f32(step->weights->more_scales)[0];
    if (real != imaginary)
        return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-036",
                                "A_real has %g fractional bits and A_imag %g, expected the same", (double)real,
                                (double)imaginary);
    float state_bits = c2s_fixed_max_frac(value_bits, c2s_f32(range)[0], true);
    C2S_TRY(c2s_derive_expand(step, step->quant->buffer_bitwidth - 1, &input));
    cnn2snn_status status = quantize_scales(step, &input);
    if (!status)
        status = find_state_shifts(step, &input, state_bits);
    if (!status)
        status = set_states(step, value_bits, state_bits);
    c2s_number_free(&input);
    return status;
}

/* ------------------------------------------------------------------------------------------------ predictions */

/* Predictions are brought to whole numbers of 16 bits, whatever the file's ranges say. */
static cnn2snn_status quantize_predictions(struct c2s_derive_step *step, const cnn2snn_tensor *rate)
{
    struct c2s_derived *derived = step->derived;
    const struct c2s_output_quantizer *quantizer = &step->quant->output;
    int32_t value_bits = quantizer->bitwidth - 1;
    cnn2snn_tensor *range;
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, rate->count, !rate->rank, &range));
    for (uint64_t i = 0; i < range->count; i++)
        c2s_f32_writable(range)[i] = ldexpf(1, value_bits);
    const struct c2s_fixed_output how = {value_bits, quantizer->scale_bits, range, rate};
    cnn2snn_status status =
        c2s_fixed_quantize_output(&how, &step->inputs[0], &derived->integers[C2S_OUTPUT_SCALES],
                                  &derived->integers[C2S_OUTPUT_SHIFT], &derived->accumulator, step->error);
    c2s_tensor_release(range);
    return status;
}

cnn2snn_status c2s_derive_pico(struct c2s_derive_step *step)
{
    const struct c2s_qml_pico_attributes *attributes = step->layer->attributes;
    struct c2s_derived *derived = step->derived;
    const cnn2snn_tensor *rate;
    C2S_TRY(c2s_derive_weight(step, "prediction_quantizer/rescaling_rate", &rate));
    C2S_TRY(quantize_predictions(step, rate));
    /* without its fraction, as the reference's files have it */
    double threshold = trunc(attributes->threshold);
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_INT32, 1, true, &derived->integers[C2S_THRESHOLD]));
    *c2s_i32_writable(derived->integers[C2S_THRESHOLD]) = (int32_t)c2s_fixed_clip(threshold, 31);
    derived->output.value_bits = 1;
    return c2s_scalar_create(step->context, 0, &derived->output.frac_bits, step->error);
}
