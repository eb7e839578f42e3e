/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which quantizers a layer gets: one scale for each filter, but one for the whole depthwise kernel, unless
 * the user's function says otherwise. It's called for the pointwise kernel first.
 */
#include "quantize/layer_quantizers.h"

#include "base/error.h"
#include "base/error_object.h"
#include "base/json.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"

/* What the function's own failure becomes: its error, or one that says that it told nothing. */
static cnn2snn_status function_failed(const cnn2snn_layer *layer, cnn2snn_status status, cnn2snn_error *own,
                                      cnn2snn_error **error)
{
    if (!own)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_CALLBACK, "A-callback", layer->name,
                               "the quantizer function failed with status %d and no error", (int)status);
    c2s_error_set_layer(&own, layer->name);
    status = own->code;
    if (error && !*error)
        *error = own;
    else
        c2s_error_destroy(own);
    return status;
}

static cnn2snn_status ask_function(const cnn2snn_layer *layer, const struct c2s_layer_rule *rule,
                                   cnn2snn_quantizer *by_default, cnn2snn_quantizer **out_quantizer,
                                   cnn2snn_error **error)
{
    cnn2snn_quantizer *chosen = NULL;
    cnn2snn_error *own = NULL;
    cnn2snn_status status = rule->quantizer_function(rule->user_data, layer, by_default, &chosen, &own);
    if (status) {
        c2s_quantizer_release(chosen);
        return function_failed(layer, status, own, error);
    }
    c2s_error_destroy(own);
    if (!chosen)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_TYPE, "L-011", layer->name,
                               "the quantizer function gave no quantizer");
    *out_quantizer = chosen;
    return CNN2SNN_OK;
}

/* The default quantizer: nobody else holds it yet, so that it may be given its number. */
static cnn2snn_status make_default(const cnn2snn_layer *layer, const struct c2s_layer_rule *rule,
                                   cnn2snn_quantizer_kind kind, cnn2snn_quantizer **out_quantizer,
                                   cnn2snn_error **error)
{
    size_t *made = kind == CNN2SNN_QUANTIZER_MAX ? &rule->made->per_tensor : &rule->made->per_axis;
    size_t number = (*made)++;
    C2S_TRY(c2s_quantizer_create(layer->context, kind, rule->bitwidth, 0, out_quantizer, error));
    if (!number)
        return CNN2SNN_OK;
    json_t *config = (*out_quantizer)->config;
    json_t *name = json_sprintf("%s_%zu", c2s_json_get_string(config, "name", ""), number);
    if (!json_object_set_new(config, "name", name))
        return CNN2SNN_OK;
    c2s_quantizer_release(*out_quantizer);
    *out_quantizer = NULL;
    return c2s_error_no_memory(error);
}

static cnn2snn_status choose_new(const cnn2snn_layer *layer, const struct c2s_layer_rule *rule,
                                 cnn2snn_quantizer_kind kind, cnn2snn_quantizer **out_quantizer,
                                 cnn2snn_error **error)
{
    cnn2snn_quantizer *by_default = NULL;
    C2S_TRY(make_default(layer, rule, kind, &by_default, error));
    if (!rule->quantizer_function) {
        *out_quantizer = by_default;
        return CNN2SNN_OK;
    }
    cnn2snn_status status = ask_function(layer, rule, by_default, out_quantizer, error);
    c2s_quantizer_release(by_default);
    return status;
}

static cnn2snn_status choose_for_float(const cnn2snn_layer *layer, const struct c2s_layer_rule *rule,
                                       struct c2s_layer_quantizers *out, cnn2snn_error **error)
{
    C2S_TRY(choose_new(layer, rule, CNN2SNN_QUANTIZER_MAX_PER_AXIS, &out->kernel, error));
    if (c2s_layer_id(layer) == C2S_KIND_SEPARABLE_CONV2D)
        C2S_TRY(choose_new(layer, rule, CNN2SNN_QUANTIZER_MAX, &out->depthwise, error));
    return CNN2SNN_OK;
}

static cnn2snn_status choose_for_quantized(const cnn2snn_layer *layer, const struct c2s_layer_rule *rule,
                                           struct c2s_layer_quantizers *out, cnn2snn_error **error)
{
    const cnn2snn_quantizer *depthwise = c2s_layer_depthwise_quantizer(layer);
    C2S_TRY(c2s_quantizer_with_bitwidth(c2s_layer_quantizer(layer), rule->bitwidth, &out->kernel, error));
    if (depthwise)
        C2S_TRY(c2s_quantizer_with_bitwidth(depthwise, rule->bitwidth, &out->depthwise, error));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_quantizers_choose(const cnn2snn_layer *layer, const struct c2s_layer_rule *rule,
                                           struct c2s_layer_quantizers *out, cnn2snn_error **error)
{
    *out = (struct c2s_layer_quantizers){NULL, NULL};
    cnn2snn_status status = c2s_layer_is(layer, C2S_FAMILY_QUANTIZED) ? choose_for_quantized(layer, rule, out, error)
                                                                      : choose_for_float(layer, rule, out, error);
    if (!status)
        return CNN2SNN_OK;
    c2s_layer_quantizers_release(out);
    c2s_error_set_layer(error, layer->name);
    return status;
}

void c2s_layer_quantizers_release(struct c2s_layer_quantizers *quantizers)
{
    c2s_quantizer_release(quantizers->kernel);
    c2s_quantizer_release(quantizers->depthwise);
    *quantizers = (struct c2s_layer_quantizers){NULL, NULL};
}
