/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a model is in the form of an older Akida runtime: kinds of layers, parameters and variables that came
 * and went (spec/fbz.md 2.1 and 6). */
#include "akida/release.h"

#include <stdio.h>
#include <string.h>

#include "akida/kinds.h"
#include "akida/variables.h"
#include "base/allocator.h"
#include "base/error.h"
#include "base/report.h"

#define RELEASE(major, minor) ((major)*1000 + (minor))

enum { OLDEST = RELEASE(2, 4) };

struct older {
    cnn2snn_akida_model *model;
    struct c2s_akida_layer *layer;
    const char *text;
    int32_t release;
    cnn2snn_report *report;
    cnn2snn_error **error;
};

#define REFUSE(at, remedy, ...)                                                                                      \
    c2s_report_add((at)->report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_INCOMPATIBLE, "A-RELEASE", (at)->layer->name,     \
                   remedy, (at)->error, __VA_ARGS__)

/* Kinds of layers that came later than the oldest release. */
struct since {
    int32_t kind, release;
};

static const struct since kinds[] = {
    {C2S_AKIDA_BUFFER_TEMP_CONV, RELEASE(2, 7)},      {C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV, RELEASE(2, 7)},
    {C2S_AKIDA_STATEFUL_RECURRENT, RELEASE(2, 16)},   {C2S_AKIDA_QUANTIZER, RELEASE(2, 18)},
    {C2S_AKIDA_PICO_POST_PROCESSING, RELEASE(2, 19)},
};

/* Parameters that came later, with the value that old runtimes take for granted. */
struct key {
    const char *name;
    int32_t release, value;
};

static const struct key keys[] = {
    {"post_op_buffer_bits", RELEASE(2, 7), 32},
    {"weights_bits", RELEASE(2, 14), 8},
};

static void drop_parameter(struct older *at, const char *name)
{
    struct c2s_akida_layer *layer = at->layer;
    for (size_t i = 0; i < layer->parameter_count; i++) {
        if (strcmp(layer->parameters[i].name, name))
            continue;
        c2s_free(at->model->context, layer->parameters[i].name);
        layer->parameter_count--;
        memmove(&layer->parameters[i], &layer->parameters[i + 1],
                (layer->parameter_count - i) * sizeof *layer->parameters);
        return;
    }
}

static void drop_variable(struct older *at, const char *name)
{
    struct c2s_akida_layer *layer = at->layer;
    for (size_t i = 0; i < layer->variable_count; i++) {
        if (strcmp(layer->variables[i].name, name))
            continue;
        c2s_free(at->model->context, layer->variables[i].name);
        c2s_tensor_release(layer->variables[i].tensor);
        layer->variable_count--;
        memmove(&layer->variables[i], &layer->variables[i + 1],
                (layer->variable_count - i) * sizeof *layer->variables);
        return;
    }
}

/* ------------------------------------------------------------------------------------------------ layers */

static cnn2snn_status check_kind(struct older *at)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].kind == at->layer->kind && at->release < kinds[i].release)
            return REFUSE(at, "target a newer release", "layers of kind %s came with release %d.%d, expected %s",
                          at->layer->kind_text, (int)kinds[i].release / 1000, (int)kinds[i].release % 1000, at->text);
    return CNN2SNN_OK;
}

/* Weights of 4 bits are held in 8 by runtimes that don't know weights_bits: the value may go whatever it is. */
static cnn2snn_status drop_keys(struct older *at)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (at->release >= keys[i].release || !c2s_akida_layer_has_parameter(at->layer, keys[i].name))
            continue;
        int32_t value = c2s_akida_layer_get_parameter(at->layer, keys[i].name, 0);
        if (value != keys[i].value && strcmp(keys[i].name, "weights_bits"))
            C2S_TRY(REFUSE(at, "quantize with the usual buffers, or target a newer release",
                           "%s is %d, which release %s has not: expected %d", keys[i].name, (int)value, at->text,
                           (int)keys[i].value));
        drop_parameter(at, keys[i].name);
    }
    return CNN2SNN_OK;
}

/* Up to 2.10 a Dense1D was a Dense2D that takes all positions together. */
static cnn2snn_status age_dense(struct older *at)
{
    if (at->layer->kind != C2S_AKIDA_DENSE1D || at->release >= RELEASE(2, 11))
        return CNN2SNN_OK;
    at->layer->kind = C2S_AKIDA_DENSE2D;
    snprintf(at->layer->kind_text, sizeof at->layer->kind_text, "%s", c2s_akida_kind_name(C2S_AKIDA_DENSE2D));
    return c2s_akida_layer_set_parameter(at->model, at->layer, "collapse_dims", 1, at->error);
}

/* From 2.5 to 2.17 an Add had an activation, before that scales. */
static cnn2snn_status age_add(struct older *at)
{
    if (at->layer->kind != C2S_AKIDA_ADD || at->release >= RELEASE(2, 18))
        return CNN2SNN_OK;
    if (at->release >= RELEASE(2, 5))
        return c2s_akida_layer_set_parameter(at->model, at->layer, "activation", 0, at->error);
    const struct c2s_akida_variable *shift = c2s_akida_layer_find_variable(at->layer, "output_shift");
    cnn2snn_tensor *scales = NULL;
    if (!shift)
        return CNN2SNN_OK;
    C2S_TRY(c2s_tensor_create(at->model->context, CNN2SNN_DTYPE_UINT8, shift->tensor->rank, shift->tensor->shape,
                              &scales, at->error));
    memset(scales->data, 1, scales->size);
    cnn2snn_status status =
        c2s_akida_layer_set_variable(at->model, at->layer, "output_scales", -1, -1, scales, at->error);
    c2s_tensor_release(scales);
    return status;
}

/* Up to 2.4 one padding value for all channels was a parameter. */
static cnn2snn_status age_padding(struct older *at)
{
    if (at->layer->kind != C2S_AKIDA_INPUT_CONV2D || at->release >= RELEASE(2, 5))
        return CNN2SNN_OK;
    const struct c2s_akida_variable *padding = c2s_akida_layer_find_variable(at->layer, "padding_value");
    const uint8_t *values = padding ? padding->tensor->data : NULL;
    int32_t value = values && padding->tensor->count ? values[0] : 0;
    for (uint64_t i = 1; values && i < padding->tensor->count; i++)
        if (values[i] != value)
            return REFUSE(at, "rescale all channels alike, or target a newer release",
                          "padding values %d and %d, expected one for all channels in release %s", (int)value,
                          (int)values[i], at->text);
    drop_variable(at, "padding_value");
    return c2s_akida_layer_set_parameter(at->model, at->layer, "padding_value", value, at->error);
}

static cnn2snn_status age_layer(struct older *at)
{
    C2S_TRY(check_kind(at));
    if (c2s_akida_kind_version(at->layer->kind) != 2)
        return CNN2SNN_OK;
    C2S_TRY(drop_keys(at));
    C2S_TRY(age_dense(at));
    C2S_TRY(age_add(at));
    return age_padding(at);
}

/* ------------------------------------------------------------------------------------------------ release */

static cnn2snn_status read_release(struct older *at)
{
    int major = 0, minor = 0, patch = 0, end = 0;
    if (sscanf(at->text, "%3d.%3d.%3d%n", &major, &minor, &patch, &end) != 3 || at->text[end] || major < 0 ||
        minor < 0 || patch < 0)
        return c2s_error(at->model->context, at->error, CNN2SNN_E_VALUE, "A-RELEASE",
                         "release '%.40s', expected three numbers such as 2.16.1", at->text);
    at->release = RELEASE(major, minor);
    if (at->release < OLDEST)
        return c2s_error(at->model->context, at->error, CNN2SNN_E_VALUE, "A-RELEASE",
                         "release '%.40s', expected 2.4.0 or newer", at->text);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_akida_model_for_release(const cnn2snn_akida_model *model, const char *release,
                                           cnn2snn_report *report, cnn2snn_akida_model **out_model,
                                           cnn2snn_error **error)
{
    struct older at = {.text = release, .report = report, .error = error};
    size_t before = c2s_report_count_errors(report);
    *out_model = NULL;
    C2S_TRY(c2s_akida_model_clone(model, &at.model, error));
    cnn2snn_status status = read_release(&at);
    for (size_t i = 0; i < at.model->layer_count && !status; i++) {
        at.layer = &at.model->layers[i];
        status = age_layer(&at);
    }
    if (status || c2s_report_count_errors(report) > before)
        c2s_akida_model_release(at.model);
    else
        *out_model = at.model;
    return status;
}
