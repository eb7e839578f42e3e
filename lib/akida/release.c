/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a model is in the form of an older Akida runtime: kinds of layers, parameters and variables that came
 * and went (spec/fbz.md 2.1 and 6). */
#include "akida/release.h"

#include <stdio.h>
#include <string.h>

#include "akida/kinds.h"
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

/* Kinds of Akida 2.0 layers that came later than the others, which compute what they do today since 2.7. */
struct since {
    int32_t kind, release;
};

static const struct since kinds[] = {
    {C2S_AKIDA_BUFFER_TEMP_CONV, RELEASE(2, 11)},     {C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV, RELEASE(2, 11)},
    {C2S_AKIDA_STATEFUL_RECURRENT, RELEASE(2, 16)},   {C2S_AKIDA_QUANTIZER, RELEASE(2, 18)},
    {C2S_AKIDA_PICO_POST_PROCESSING, RELEASE(2, 19)},
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

/* ------------------------------------------------------------------------------------------------ layers */

static int32_t release_of_kind(int32_t kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].kind == kind)
            return kinds[i].release;
    return c2s_akida_kind_version(kind) == 2 ? RELEASE(2, 7) : OLDEST;
}

static cnn2snn_status check_kind(const struct older *at)
{
    int32_t first = release_of_kind(at->layer->kind);
    if (at->release >= first)
        return CNN2SNN_OK;
    return REFUSE(at, "target a newer release", "layers of kind %s came with release %d.%d, expected %s",
                  at->layer->kind_text, (int)first / 1000, (int)first % 1000, at->text);
}

/* Runtimes that don't know of weights_bits hold all weights in 8 bits, those of 4 too. */
static void age_weights(struct older *at)
{
    if (at->release < RELEASE(2, 14))
        drop_parameter(at, "weights_bits");
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

/* Up to 2.17 an Add had an activation. */
static cnn2snn_status age_add(struct older *at)
{
    if (at->layer->kind != C2S_AKIDA_ADD || at->release >= RELEASE(2, 18))
        return CNN2SNN_OK;
    return c2s_akida_layer_set_parameter(at->model, at->layer, "activation", 0, at->error);
}

static cnn2snn_status age_layer(struct older *at)
{
    C2S_TRY(check_kind(at));
    if (c2s_akida_kind_version(at->layer->kind) != 2)
        return CNN2SNN_OK;
    age_weights(at);
    C2S_TRY(age_dense(at));
    return age_add(at);
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
