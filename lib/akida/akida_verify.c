/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which models the Akida runtime would refuse (spec/fbz.md 2 and 5, spec/simulator.md, spec/legacy.md g.3).
 */
#include <stdlib.h>
#include <string.h>

#include "akida/akida_model.h"
#include "akida/kinds.h"
#include "akida/variables.h"
#include "base/allocator.h"
#include "base/error.h"
#include "base/error_object.h"
#include "base/report.h"

struct verification {
    const cnn2snn_akida_model *model;
    cnn2snn_report *report;
    const struct c2s_akida_layer *layer;
    const struct c2s_akida_kind_row *kind;
    cnn2snn_error **error;
};

#define FAULT(at, rule, remedy, ...)                                                                                 \
    c2s_report_add((at)->report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_VALUE, rule, (at)->layer->name, remedy,           \
                   (at)->error, __VA_ARGS__)

static int32_t get(const struct verification *at, const char *key, int32_t otherwise)
{
    return c2s_akida_layer_get_parameter(at->layer, key, otherwise);
}

/* ------------------------------------------------------------------------------------------------ parameters */

/* Keys that came late and may be missing. */
static const char late_keys[] = "post_op_buffer_bits weights_bits ";

/* Old runtimes wrote whether an Add has an activation; today's takes a no. */
static bool is_dropped(const struct verification *at, const struct c2s_akida_parameter *parameter)
{
    return at->layer->kind == C2S_AKIDA_ADD && !strcmp(parameter->name, "activation") && !parameter->value;
}

static cnn2snn_status verify_keys(const struct verification *at)
{
    for (size_t i = 0; i < at->layer->parameter_count; i++)
        if (!is_dropped(at, &at->layer->parameters[i]) &&
            !c2s_akida_words_have(at->kind->keys, at->layer->parameters[i].name))
            C2S_TRY(FAULT(at, "A-KEYS", NULL, "parameter %s, which %s doesn't have", at->layer->parameters[i].name,
                          at->kind->name));
    for (const char *word = at->kind->keys; *word; word = strchr(word, ' ') + 1) {
        char key[32] = "";
        memcpy(key, word, (size_t)(strchr(word, ' ') - word));
        if (!c2s_akida_layer_has_parameter(at->layer, key) &&
            !(at->kind->version == 2 && c2s_akida_words_have(late_keys, key)))
            C2S_TRY(FAULT(at, "A-KEYS", NULL, "parameter %s is missing", key));
    }
    return CNN2SNN_OK;
}

struct range {
    const char *key;
    int32_t versions; /* 1 or 2, or 3 for both */
    int32_t low, high;
};

static const struct range ranges[] = {
    {"activation", 1, 0, 1},
    {"activation", 2, 0, 2},
    {"padding", 1, 0, 1},
    {"padding", 2, 0, 2},
    {"pool_type", 3, 0, 2},
    {"padding_value", 1, 0, 255},
    {"output_bits", 2, 1, 32},
    {"buffer_bits", 2, 1, 32},
    {"post_op_buffer_bits", 2, 1, 32},
    {"fifo_size", 2, 1, INT32_MAX},
    {"filters", 3, 1, INT32_MAX},
    {"units", 3, 1, INT32_MAX},
    {"input_bits", 3, 1, INT32_MAX},
    {"stateful_channels", 2, 1, INT32_MAX},
};

static cnn2snn_status verify_ranges(const struct verification *at)
{
    int32_t version = at->kind->version == 12 ? 3 : at->kind->version;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range *range = &ranges[i];
        int32_t value = get(at, range->key, range->low);
        if (!(range->versions & version) || (value >= range->low && value <= range->high) ||
            (at->layer->kind == C2S_AKIDA_PICO_POST_PROCESSING && !strcmp(range->key, "buffer_bits")))
            continue;
        C2S_TRY(
            FAULT(at, "A-RANGE", NULL, "%s is %d, expected %d to %d", range->key, value, range->low, range->high));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status verify_bits_v1(const struct verification *at)
{
    int32_t activation = get(at, "act_bits", 1), weights = get(at, "weights_bits", 1);
    if (activation != 1 && activation != 2 && activation != 4)
        C2S_TRY(FAULT(at, "L-G3-ACTIVATION-BITS", NULL, "activation of %d bits, expected 1, 2 or 4", activation));
    if (at->layer->kind != C2S_AKIDA_INPUT_CONVOLUTIONAL && weights != 1 && weights != 2 && weights != 4 &&
        weights != 8)
        C2S_TRY(FAULT(at, "L-G3-WEIGHT-BITS", NULL, "weights of %d bits, expected 1, 2, 4 or 8", weights));
    return CNN2SNN_OK;
}

static cnn2snn_status verify_axis_v1(const struct verification *at, const char *const keys[4])
{
    int32_t kernel = get(at, keys[0], 1), stride = get(at, keys[1], 1);
    int32_t pool = get(at, keys[2], 1), pool_stride = get(at, keys[3], 1);
    if (kernel % 2 == 0)
        C2S_TRY(
            FAULT(at, "L-G3-KERNEL", "use an odd kernel size", "%s is %d, expected an odd number", keys[0], kernel));
    if (stride > kernel && at->layer->kind != C2S_AKIDA_INPUT_CONVOLUTIONAL)
        C2S_TRY(FAULT(at, "L-G3-STRIDE", "use smaller strides or a larger kernel",
                      "%s is %d, expected at most %s, %d", keys[1], stride, keys[0], kernel));
    if (get(at, "pool_type", 0) == C2S_POOL_MAX && pool_stride > pool)
        C2S_TRY(FAULT(at, "L-G3-POOL-STRIDE", "use strides up to the pool size", "%s is %d, expected at most %s, %d",
                      keys[3], pool_stride, keys[2], pool));
    return CNN2SNN_OK;
}

static cnn2snn_status verify_geometry_v1(const struct verification *at)
{
    static const char *const x[4] = {"kernel_width", "stride_x", "pooling_width", "pooling_stride_x"};
    static const char *const y[4] = {"kernel_height", "stride_y", "pooling_height", "pooling_stride_y"};
    if (!c2s_akida_words_have(at->kind->keys, "kernel_width"))
        return CNN2SNN_OK;
    C2S_TRY(verify_axis_v1(at, x));
    return verify_axis_v1(at, y);
}

static cnn2snn_status verify_geometry_v2(const struct verification *at)
{
    int32_t kind = at->layer->kind, kernel = get(at, "kernel_size", 1), stride = get(at, "kernel_stride", 1);
    if (kernel < 1)
        C2S_TRY(FAULT(at, "A-KERNEL", NULL, "kernel_size is %d, expected 1 or more", kernel));
    if (stride < 1)
        C2S_TRY(FAULT(at, "A-STRIDE", NULL, "kernel_stride is %d, expected 1 or more", stride));
    if (kind == C2S_AKIDA_CONV2D || kind == C2S_AKIDA_DEPTHWISE_CONV2D) {
        if (kernel % 2 == 0)
            C2S_TRY(
                FAULT(at, "A-KERNEL", "use an odd kernel size", "kernel_size is %d, expected an odd number", kernel));
        if (stride > 2)
            C2S_TRY(FAULT(at, "A-STRIDE", NULL, "kernel_stride is %d, expected 1 or 2", stride));
    }
    int32_t pool = get(at, "pool_size", 1), pool_stride = get(at, "pool_stride", 1);
    if (get(at, "pool_type", 0) == C2S_POOL_MAX && pool_stride > pool)
        C2S_TRY(FAULT(at, "A-POOL-STRIDE", "use strides up to the pool size",
                      "pool_stride is %d, expected at most pool_size, %d", pool_stride, pool));
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ variables */

/* Largest magnitude of weights, the same for both signs but for 8 bits and the 4 bits of Akida 2.0. */
static void weight_range(const struct verification *at, const struct c2s_akida_variable *variable, int *low,
                         int *high)
{
    int32_t bits = get(at, "weights_bits", 8);
    *low = -128;
    *high = 127;
    if (at->kind->version == 1 && (bits == 1 || bits == 2 || bits == 4)) {
        *high = bits == 1 ? 1 : (1 << (bits - 1)) - 1;
        *low = bits == 1 ? 0 : -*high;
    } else if (at->kind->version == 2 && c2s_akida_variable_element_type(at->layer, variable) == 7) {
        *low = -8;
        *high = 7;
    }
}

static cnn2snn_status verify_weights(const struct verification *at, const struct c2s_akida_variable *variable)
{
    int low, high;
    weight_range(at, variable, &low, &high);
    const int8_t *values = variable->tensor->data;
    for (uint64_t i = 0; i < variable->tensor->count; i++)
        if (values[i] < low || values[i] > high)
            return FAULT(at, "A-WEIGHTS", NULL, "%s holds %d, expected %d to %d", variable->name, values[i], low,
                         high);
    return CNN2SNN_OK;
}

static cnn2snn_status verify_steps(const struct verification *at, const struct c2s_akida_variable *variable)
{
    const float *values = variable->tensor->data;
    for (uint64_t i = 0; i < variable->tensor->count; i++)
        if (values[i] < 0.0625f)
            return FAULT(
                at, "L-G3-ACT-STEP", "give the activation before it a smaller step, or this one a larger max_value",
                "act_step of filter %llu is %g, expected at least 1/16", (unsigned long long)i, (double)values[i]);
    return CNN2SNN_OK;
}

static cnn2snn_status verify_shifts(const struct verification *at, const struct c2s_akida_variable *variable)
{
    bool is_signed = variable->tensor->dtype == CNN2SNN_DTYPE_INT8;
    const uint8_t *values = variable->tensor->data;
    /* Predictions are shifted within a buffer of 44 bits. */
    int least = at->layer->kind == C2S_AKIDA_PICO_POST_PROCESSING ? -62 : -31;
    for (uint64_t i = 0; i < variable->tensor->count; i++) {
        int value = is_signed ? (int8_t)values[i] : values[i];
        if (value < least || value > 31)
            return FAULT(at, "A-SHIFT", NULL, "%s holds %d, expected %d to 31", variable->name, value, least);
    }
    return CNN2SNN_OK;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && !strcmp(text + size - end_size, end);
}

static cnn2snn_status verify_variable(const struct verification *at, const struct c2s_akida_shapes *shapes,
                                      const struct c2s_akida_variable *variable)
{
    const struct c2s_akida_variable_row *row = c2s_akida_variable_find(at->layer, variable->name);
    char found[160], expected[160];
    int64_t extents[CNN2SNN_MAX_RANK];
    if (!row || row->condition == C2S_WHEN_OLD)
        return FAULT(at, "A-VARIABLE", NULL, "variable %s, which %s doesn't have", variable->name, at->kind->name);
    if (!shapes->known)
        return CNN2SNN_OK;
    if (!c2s_akida_variable_fits(at->layer, shapes, row, variable->tensor)) {
        size_t rank = c2s_akida_variable_shape(at->layer, shapes, row, extents);
        return FAULT(at, "A-VARIABLE", NULL, "variable %s is %s %s, expected %s %s", variable->name,
                     c2s_dtype_name(variable->tensor->dtype),
                     c2s_shape_print(variable->tensor->rank, variable->tensor->shape, found, sizeof found),
                     c2s_dtype_name(row->dtype), c2s_shape_print(rank, extents, expected, sizeof expected));
    }
    if (!strcmp(variable->name, "weights") || !strcmp(variable->name, "weights_pw"))
        return verify_weights(at, variable);
    if (!strcmp(variable->name, "act_step"))
        return verify_steps(at, variable);
    if (ends_with(variable->name, "_shift"))
        return verify_shifts(at, variable);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ graph */

/* Do the layer's outputs have a sign? Outputs of few bits have none, but for those of an Add. */
static bool output_is_signed(const cnn2snn_akida_model *model, size_t index)
{
    const struct c2s_akida_layer *layer = &model->layers[index];
    while (layer->kind == C2S_AKIDA_CONCATENATE && layer->inbound_count)
        layer = &model->layers[layer->inbounds[0]];
    if (layer->kind == C2S_AKIDA_INPUT_DATA)
        return c2s_akida_layer_get_parameter(layer, "input_signed", 0) != 0;
    if (layer->kind == C2S_AKIDA_QUANTIZER)
        return c2s_akida_layer_get_parameter(layer, "output_signed", 0) != 0;
    return layer->kind == C2S_AKIDA_ADD || c2s_akida_layer_get_parameter(layer, "output_bits", 8) > 4;
}

/* 8, which suits all, where they are told to be out of range. */
static int32_t output_bits(const cnn2snn_akida_model *model, size_t index)
{
    const struct c2s_akida_layer *layer = &model->layers[index];
    while (layer->kind == C2S_AKIDA_CONCATENATE && layer->inbound_count)
        layer = &model->layers[layer->inbounds[0]];
    bool is_input = layer->kind == C2S_AKIDA_INPUT_DATA;
    int32_t bits = c2s_akida_layer_get_parameter(layer, is_input ? "input_bits" : "output_bits", 8);
    return bits < 1 || bits > 32 ? 8 : bits;
}

static cnn2snn_status verify_joined(const struct verification *at)
{
    static const char *const remedy = "quantize the outputs of all joined layers to as many bits";
    const size_t *inbounds = at->layer->inbounds;
    for (size_t i = 1; i < at->layer->inbound_count; i++) {
        const char *first_name = at->model->layers[inbounds[0]].name, *name = at->model->layers[inbounds[i]].name;
        int32_t first = output_bits(at->model, inbounds[0]), bits = output_bits(at->model, inbounds[i]);
        if (output_is_signed(at->model, inbounds[i]) != output_is_signed(at->model, inbounds[0]))
            return FAULT(at, "A-SIGN", remedy, "joins outputs of %s and %s, of which only one has a sign", first_name,
                         name);
        if (bits != first)
            return FAULT(at, "A-BITS", remedy, "joins outputs of %s of %d bits and of %s of %d, expected as many",
                         first_name, first, name, bits);
    }
    return CNN2SNN_OK;
}

static cnn2snn_status verify_added_bits(const struct verification *at)
{
    for (size_t i = 0; i < at->layer->inbound_count; i++) {
        int32_t bits = output_bits(at->model, at->layer->inbounds[i]);
        if (bits > 8)
            return FAULT(at, "A-BITS", "quantize the outputs of all added layers to 8 bits or fewer",
                         "adds outputs of %s of %d bits, expected at most 8",
                         at->model->layers[at->layer->inbounds[i]].name, bits);
    }
    return CNN2SNN_OK;
}

static cnn2snn_status verify_merge(const struct verification *at)
{
    if (at->layer->kind == C2S_AKIDA_ADD)
        return verify_added_bits(at);
    return at->layer->kind == C2S_AKIDA_CONCATENATE ? verify_joined(at) : CNN2SNN_OK;
}

static cnn2snn_status verify_inbounds(const struct verification *at, size_t index)
{
    size_t count = at->layer->inbound_count;
    if (!index) {
        if (at->kind->inbounds >= 0)
            C2S_TRY(FAULT(at, "A-GRAPH", NULL, "%s is the first layer, expected an input", at->kind->name));
        if (count)
            C2S_TRY(FAULT(at, "A-GRAPH", NULL, "the first layer has inbound layers"));
    } else if (at->kind->inbounds < 0) {
        if (count != 1 || at->model->layers[at->layer->inbounds[0]].kind != C2S_AKIDA_QUANTIZER)
            C2S_TRY(FAULT(at, "A-GRAPH", NULL, "%s isn't the first layer", at->kind->name));
    } else if (count != (size_t)at->kind->inbounds) {
        C2S_TRY(FAULT(at, "A-GRAPH", NULL, "%zu inbound layers, expected %d", count, at->kind->inbounds));
    }
    return verify_merge(at);
}

static int compare_names(const void *a, const void *b)
{
    const struct c2s_akida_layer *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static cnn2snn_status verify_names(const cnn2snn_akida_model *model, cnn2snn_report *report, cnn2snn_error **error)
{
    const struct c2s_akida_layer **layers = c2s_calloc(model->context, model->layer_count, sizeof *layers);
    if (!layers)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < model->layer_count; i++)
        layers[i] = &model->layers[i];
    qsort(layers, model->layer_count, sizeof *layers, compare_names);
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 1; i < model->layer_count && !status; i++)
        if (!strcmp(layers[i]->name, layers[i - 1]->name))
            status = c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_VALUE, "A-NAME", layers[i]->name, NULL,
                                    error, "two layers have this name");
    c2s_free(model->context, layers);
    return status;
}

/* ------------------------------------------------------------------------------------------------ all */

static cnn2snn_status verify_layer(struct verification *at, const struct c2s_akida_shapes *shapes, size_t index)
{
    at->layer = &at->model->layers[index];
    at->kind = c2s_akida_kind_find(at->layer->kind);
    if (!at->kind || !at->kind->current)
        return FAULT(at, "A-KIND", NULL, "kind %s, which today's runtime doesn't have", at->layer->kind_text);
    C2S_TRY(verify_keys(at));
    C2S_TRY(verify_ranges(at));
    C2S_TRY(verify_inbounds(at, index));
    if (at->kind->version == 1) {
        C2S_TRY(verify_bits_v1(at));
        C2S_TRY(verify_geometry_v1(at));
    } else {
        C2S_TRY(verify_geometry_v2(at));
    }
    for (size_t i = 0; i < at->layer->variable_count; i++)
        C2S_TRY(verify_variable(at, &shapes[index], &at->layer->variables[i]));
    return CNN2SNN_OK;
}

/* The first shape that doesn't fit; what is behind it has none. */
static cnn2snn_status verify_shapes(const cnn2snn_akida_model *model, struct c2s_akida_shapes *shapes,
                                    cnn2snn_report *report, cnn2snn_error **error)
{
    cnn2snn_error *cause = NULL;
    cnn2snn_status status = c2s_akida_model_shapes(model, model->layer_count, shapes, &cause);
    if (status == CNN2SNN_E_MALFORMED)
        status = c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_VALUE, "A-SHAPE", cause->layer, NULL, error,
                                "%s", cause->message);
    else if (status)
        c2s_error_no_memory(error);
    c2s_error_clear(&cause);
    return status;
}

cnn2snn_status c2s_akida_model_verify(const cnn2snn_akida_model *model, cnn2snn_report *report, cnn2snn_error **error)
{
    struct verification at = {.model = model, .report = report, .error = error};
    struct c2s_akida_shapes *shapes = c2s_calloc(model->context, model->layer_count, sizeof *shapes);
    if (!shapes)
        return c2s_error_no_memory(error);
    cnn2snn_status status;
    C2S_GOTO(verify_names(model, report, error));
    C2S_GOTO(verify_shapes(model, shapes, report, error));
    for (size_t i = 0; i < model->layer_count; i++)
        C2S_GOTO(verify_layer(&at, shapes, i));
done:
    c2s_free(model->context, shapes);
    return status;
}
