/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how quantizers are read, and which arguments quantized layers refuse. */
#include "layers/quantizer_arguments.h"

#include "base/error.h"

void c2s_config_quantizer(struct c2s_config *config, const struct c2s_layer_source *source, const char *key,
                          bool required, cnn2snn_quantizer **out)
{
    if (config->status)
        return;
    const json_t *value = json_object_get(config->object, key);
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
