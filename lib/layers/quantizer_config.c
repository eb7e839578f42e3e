/* SPDX-License-Identifier: Apache-2.0 */
/* Decides where a layer's quantizers come from, and which arguments quantized layers refuse. */
#include "layers/quantizer_config.h"

#include <string.h>

#include "base/error.h"

/* The quantizer of the layer that the new one is made after, when the config says the same of it: its class may be
 * one that only that layer knows. */
static const cnn2snn_quantizer *known_quantizer(const struct c2s_layer_source *source, const char *key,
                                                const json_t *value)
{
    bool depthwise = !strcmp(key, "quantizer_dw");
    const cnn2snn_quantizer *given = depthwise ? source->quantizer_dw : source->quantizer;
    if (given || !source->like)
        return given;
    const cnn2snn_quantizer *of_like =
        depthwise ? c2s_layer_depthwise_quantizer(source->like) : c2s_layer_quantizer(source->like);
    const json_t *said = json_object_get(source->like->config, key);
    return of_like && value && said && json_equal((json_t *)said, (json_t *)value) ? of_like : NULL;
}

void c2s_config_quantizer(struct c2s_config *config, const struct c2s_layer_source *source, const char *key,
                          bool required, cnn2snn_quantizer **out)
{
    if (config->status)
        return;
    const json_t *value = json_object_get(config->object, key);
    const cnn2snn_quantizer *known = known_quantizer(source, key, value);
    if (known) {
        *out = c2s_quantizer_retain(known);
        return;
    }
    if (!value || (json_is_null(value) && !required)) {
        if (required)
            c2s_config_missing(config, key);
        return;
    }
    config->status = c2s_quantizer_from_json(config->layer->context, value, source->custom, out, config->error);
    if (config->status) {
        c2s_error_prefix(config->error, key);
        c2s_error_set_layer(config->error, config->layer->name);
    }
}

void c2s_config_refuse_argument(struct c2s_config *config, const char *key, bool is_default)
{
    if (config->status || !json_object_get(config->object, key) || (!config->constructed && is_default))
        return;
    config->status = c2s_layer_error(config->layer->context, config->error, CNN2SNN_E_TYPE, "L-C",
                                     config->layer->name, "argument %s, which quantized layers don't have", key);
}
