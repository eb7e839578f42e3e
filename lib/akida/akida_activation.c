/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how activation steps and thresholds that the Akida 1.0 hardware can't hold are changed (spec/legacy.md
 * e.11). */
#include <math.h>
#include <string.h>

#include "akida/akida_model.h"
#include "base/error.h"
#include "base/report.h"

/* Bits of the hardware's registers: 20 and 24 (signed) of the image layer, 16 and 20 of all others. */
enum {
    IMAGE_STEP_LIMIT = (1 << 20) - 1,
    IMAGE_THRESHOLD_LIMIT = (1 << 23) - 1,
    STEP_LIMIT = (1 << 16) - 1,
    THRESHOLD_LIMIT = (1 << 19) - 1
};

/* A copy of the variable's data that may be changed; CNN2SNN_E_TYPE for another dtype than `dtype`. */
static cnn2snn_status copy_of(cnn2snn_akida_model *model, const struct c2s_akida_layer *layer,
                              const struct c2s_akida_variable *variable, cnn2snn_dtype dtype,
                              cnn2snn_tensor **out_copy, cnn2snn_error **error)
{
    if (variable->tensor->dtype != dtype)
        return c2s_layer_error(model->context, error, CNN2SNN_E_TYPE, "L-E11", layer->name,
                               "variable %s is %s, expected %s", variable->name,
                               c2s_dtype_name(variable->tensor->dtype), c2s_dtype_name(dtype));
    return c2s_tensor_copy(variable->tensor, out_copy, error);
}

/* Puts the copy in the variable's place. */
static void replace(struct c2s_akida_layer *layer, const char *name, cnn2snn_tensor *copy)
{
    struct c2s_akida_variable *variable = (struct c2s_akida_variable *)c2s_akida_layer_find_variable(layer, name);
    c2s_tensor_release(variable->tensor);
    variable->tensor = copy;
}

/* float32 to int32 as x86 does it: what doesn't fit, and NaN, is the smallest number. */
static int32_t truncate_to_i32(float value)
{
    return value >= -2147483648.0f && value < 2147483648.0f ? (int32_t)value : INT32_MIN;
}

/* numpy's floor division of float32, which corrects the quotient by the remainder. b > 0 or NaN. */
static float floor_divide(float a, float b)
{
    float remainder = fmodf(a, b), quotient = (a - remainder) / b;
    if (remainder < 0)
        quotient -= 1;
    if (quotient == 0)
        return 0;
    float whole = floorf(quotient);
    return quotient - whole > 0.5f ? whole + 1 : whole;
}

/* The next layer's weights divided by the ratios along their input channels. */
static cnn2snn_status scale_next_weights(cnn2snn_akida_model *model, struct c2s_akida_layer *next, const float *steps,
                                         uint64_t filters, float limit, cnn2snn_error **error)
{
    const struct c2s_akida_variable *weights = c2s_akida_layer_find_variable(next, "weights");
    if (!weights || weights->tensor->rank != 4)
        return c2s_layer_error(model->context, error, CNN2SNN_E_VALUE, "L-E11", next->name,
                               "no weights of rank 4 to scale for the act_step of the layer before");
    const int64_t *shape = weights->tensor->shape;
    if (filters != 1 && (uint64_t)shape[2] != filters)
        return c2s_layer_error(
            model->context, error, CNN2SNN_E_VALUE, "L-E11", next->name,
            "weights have %lld input channels, expected the %llu filters of the layer before, whose "
            "act_step doesn't fit the hardware",
            (long long)shape[2], (unsigned long long)filters);
    cnn2snn_tensor *copy;
    C2S_TRY(copy_of(model, next, weights, CNN2SNN_DTYPE_INT8, &copy, error));
    int8_t *values = copy->data;
    uint64_t channels = (uint64_t)shape[2], units = (uint64_t)shape[3];
    for (uint64_t i = 0; i < copy->count; i++) {
        float step = steps[filters == 1 ? 0 : i / units % channels];
        if (step > limit)
            values[i] = (int8_t)floor_divide(values[i], step / limit);
    }
    replace(next, "weights", copy);
    return CNN2SNN_OK;
}

/* Takes the part of the old step out of the threshold and puts the new one's in. */
static cnn2snn_status correct_threshold(cnn2snn_akida_model *model, struct c2s_akida_layer *layer, const float *steps,
                                        uint64_t filters, float limit, cnn2snn_error **error)
{
    const struct c2s_akida_variable *threshold = c2s_akida_layer_find_variable(layer, "threshold");
    if (!threshold || threshold->tensor->count != filters)
        return c2s_layer_error(model->context, error, CNN2SNN_E_VALUE, "L-E11", layer->name,
                               "no threshold for each act_step");
    cnn2snn_tensor *copy;
    C2S_TRY(copy_of(model, layer, threshold, CNN2SNN_DTYPE_INT32, &copy, error));
    int32_t *values = copy->data;
    float divisor = exp2f((float)(c2s_akida_layer_get_parameter(layer, "act_bits", 1) - 4));
    for (uint64_t i = 0; i < filters; i++) {
        float fixed = steps[i] > limit ? limit : steps[i];
        int32_t effect = truncate_to_i32(rintf(0.5f * (fixed - steps[i])) / divisor);
        values[i] = (int32_t)((uint32_t)values[i] + (uint32_t)effect);
    }
    replace(layer, "threshold", copy);
    return CNN2SNN_OK;
}

static cnn2snn_status limit_steps(cnn2snn_akida_model *model, size_t index, float limit, cnn2snn_report *report,
                                  cnn2snn_error **error)
{
    struct c2s_akida_layer *layer = &model->layers[index];
    const struct c2s_akida_variable *variable = c2s_akida_layer_find_variable(layer, "act_step");
    uint64_t above = 0;
    float most = limit;
    if (!variable)
        return CNN2SNN_OK;
    cnn2snn_tensor *fixed;
    C2S_TRY(copy_of(model, layer, variable, CNN2SNN_DTYPE_FLOAT32, &fixed, error));
    float *values = fixed->data;
    for (uint64_t i = 0; i < fixed->count; i++)
        if (values[i] > limit) {
            most = values[i] > most ? values[i] : most;
            values[i] = limit;
            above++;
        }
    cnn2snn_status status = CNN2SNN_OK;
    if (above && c2s_akida_layer_get_parameter(layer, "activation", 0))
        C2S_GOTO(correct_threshold(model, layer, c2s_f32(variable->tensor), fixed->count, limit, error));
    if (above) {
        C2S_GOTO(scale_next_weights(model, layer + 1, c2s_f32(variable->tensor), fixed->count, limit, error));
        replace(layer, "act_step", fixed);
        fixed = NULL;
        status =
            !report ? CNN2SNN_OK
                    : c2s_report_add(report, CNN2SNN_SEVERITY_WARNING, CNN2SNN_OK, "L-E11", layer->name,
                                     "fewer bits of weights or inputs, or smaller ranges of activations", error,
                                     "%llu steps are above %g, the most that the hardware holds: weights of %s "
                                     "behind them are divided by up to %.3g and rounded down",
                                     (unsigned long long)above, (double)limit, layer[1].name, (double)(most / limit));
    }
done:
    c2s_tensor_release(fixed);
    return status;
}

static cnn2snn_status limit_thresholds(cnn2snn_akida_model *model, struct c2s_akida_layer *layer, int32_t limit,
                                       cnn2snn_report *report, cnn2snn_error **error)
{
    const struct c2s_akida_variable *variable = c2s_akida_layer_find_variable(layer, "threshold");
    if (!variable)
        return CNN2SNN_OK;
    cnn2snn_tensor *fixed;
    C2S_TRY(copy_of(model, layer, variable, CNN2SNN_DTYPE_INT32, &fixed, error));
    int32_t *values = fixed->data;
    uint64_t above = 0;
    for (uint64_t i = 0; i < fixed->count; i++)
        if (values[i] > limit) {
            values[i] = limit;
            above++;
        }
    if (!above) {
        c2s_tensor_release(fixed);
        return CNN2SNN_OK;
    }
    replace(layer, "threshold", fixed);
    if (!report)
        return CNN2SNN_OK;
    return c2s_report_add(report, CNN2SNN_SEVERITY_WARNING, CNN2SNN_OK, "L-E11", layer->name,
                          "narrower ranges of activations or larger steps", error,
                          "%llu thresholds are above %d, the most that the hardware holds, and are clipped to it",
                          (unsigned long long)above, limit);
}

static cnn2snn_status fix_in_place(cnn2snn_akida_model *model, cnn2snn_report *report, cnn2snn_error **error)
{
    for (size_t i = 0; i + 1 < model->layer_count; i++) {
        bool image = model->layers[i].kind == C2S_AKIDA_INPUT_CONVOLUTIONAL;
        C2S_TRY(limit_steps(model, i, image ? IMAGE_STEP_LIMIT : STEP_LIMIT, report, error));
        C2S_TRY(limit_thresholds(model, &model->layers[i], image ? IMAGE_THRESHOLD_LIMIT : THRESHOLD_LIMIT, report,
                                 error));
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_akida_fix_v1_activation_variables(const cnn2snn_akida_model *model, cnn2snn_report *report,
                                                     cnn2snn_akida_model **out_model, cnn2snn_error **error)
{
    cnn2snn_akida_model *copy;
    C2S_TRY(c2s_akida_model_clone(model, &copy, error));
    cnn2snn_status status = CNN2SNN_OK;
    if (c2s_akida_model_version(model) == CNN2SNN_AKIDA_V1)
        status = fix_in_place(copy, report, error);
    if (status)
        c2s_akida_model_release(copy);
    else
        *out_model = copy;
    return status;
}
