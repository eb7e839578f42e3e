/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what Dense and QuantizedDense are: products along the last axis. */
#include "base/error.h"
#include "layers/activation_config.h"
#include "layers/layer_families.h"
#include "layers/quantizer_arguments.h"

static cnn2snn_status dense_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_dense_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    attributes->units = c2s_config_int(&config, "units", C2S_REQUIRED, 1);
    attributes->use_bias = c2s_config_bool(&config, "use_bias", true);
    attributes->activation = c2s_config_activation(&config, "activation");
    c2s_config_refuse(&config, "lora_rank");
    c2s_config_refuse(&config, "quantization_config");
    if (c2s_layer_is(layer, C2S_FAMILY_QUANTIZED)) {
        c2s_config_refuse_argument(&config, "activation", attributes->activation.function == C2S_LINEAR);
        c2s_config_quantizer(&config, source, "quantizer", true, &attributes->quantizer);
    }
    return config.status;
}

static void dense_destroy(cnn2snn_context *context, void *attributes)
{
    (void)context;
    c2s_quantizer_release(((struct c2s_dense_attributes *)attributes)->quantizer);
}

static cnn2snn_status check_input(const cnn2snn_layer *layer, const struct c2s_shape *input, cnn2snn_error **error)
{
    if (input->rank || c2s_shape_is_unranked(input))
        return CNN2SNN_OK;
    return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                           "input shape () without the batch, expected at least one dimension");
}

static cnn2snn_status dense_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                    cnn2snn_error **error)
{
    (void)count;
    const struct c2s_dense_attributes *attributes = layer->attributes;
    C2S_TRY(check_input(layer, inputs, error));
    int64_t features = inputs[0].rank ? inputs[0].extents[inputs[0].rank - 1] : -1;
    specs[0] =
        (struct c2s_weight_spec){.name = "kernel", .shape = {2, {features, attributes->units}}, .trainable = true};
    specs[1] = (struct c2s_weight_spec){.name = "bias", .shape = {1, {attributes->units}}, .trainable = true};
    *out_count = attributes->use_bias ? 2 : 1;
    return CNN2SNN_OK;
}

static cnn2snn_status dense_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                  struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_dense_attributes *attributes = layer->attributes;
    C2S_TRY(check_input(layer, inputs, error));
    *out_shape = inputs[0];
    if (out_shape->rank)
        out_shape->extents[out_shape->rank - 1] = attributes->units;
    return c2s_activation_shape(layer, &attributes->activation, out_shape, error);
}

const struct c2s_layer_rules c2s_dense_rules = {.attributes_size = sizeof(struct c2s_dense_attributes),
                                                .parse = dense_parse,
                                                .destroy = dense_destroy,
                                                .weights = dense_weights,
                                                .output_shape = dense_shape};
