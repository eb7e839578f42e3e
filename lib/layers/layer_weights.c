/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what weights a layer may hold, and what it holds that nobody has set. */
#include "base/error.h"
#include "layers/layer_kind.h"

bool c2s_weight_fits(const struct c2s_weight_spec *spec, const cnn2snn_tensor *tensor)
{
    if (c2s_shape_is_unranked(&spec->shape))
        return true;
    if (tensor->rank != spec->shape.rank)
        return false;
    for (size_t i = 0; i < tensor->rank; i++)
        if (spec->shape.extents[i] >= 0 && spec->shape.extents[i] != tensor->shape[i])
            return false;
    return true;
}

cnn2snn_status c2s_layer_weight_specs(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                      struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                      cnn2snn_error **error)
{
    *out_count = 0;
    if (!layer->kind->rules->weights)
        return CNN2SNN_OK;
    struct c2s_shape unknown = c2s_shape_unranked();
    bool merges = c2s_layer_is(layer, C2S_FAMILY_MERGE);
    if (inputs && (merges ? count < 1 : count != 1))
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "%zu inputs, expected 1", count);
    if (inputs && inputs[0].rank > CNN2SNN_MAX_RANK - 1)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "input of %zu dimensions without the batch, at most %d are possible", inputs[0].rank,
                               CNN2SNN_MAX_RANK - 1);
    return layer->kind->rules->weights(layer, inputs ? count : 1, inputs ? inputs : &unknown, specs, out_count,
                                       error);
}

static cnn2snn_status create_initial(const cnn2snn_layer *layer, const struct c2s_weight_spec *spec,
                                     cnn2snn_tensor **out, cnn2snn_error **error)
{
    if (!c2s_shape_is_known(&spec->shape)) {
        char text[C2S_SHAPE_TEXT];
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-weights", layer->name,
                               "%s has shape %s: the input shape leaves it open", spec->name,
                               c2s_shape_text(&spec->shape, text, sizeof text));
    }
    cnn2snn_status status = c2s_tensor_create_zeros(layer->context, CNN2SNN_DTYPE_FLOAT32, spec->shape.rank,
                                                    spec->shape.extents, out, error);
    if (status) {
        c2s_error_set_layer(error, layer->name);
        return status;
    }
    if (spec->initial != 0) {
        float *values = c2s_f32_writable(*out);
        for (uint64_t i = 0; i < (*out)->count; i++)
            values[i] = spec->initial;
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_build(cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                               cnn2snn_error **error)
{
    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS];
    size_t weight_count;
    if (layer->built)
        return CNN2SNN_OK;
    C2S_TRY(c2s_layer_weight_specs(layer, count, inputs, specs, &weight_count, error));
    C2S_TRY(c2s_layer_reset_weights(layer, weight_count, error));
    for (size_t i = 0; i < weight_count; i++) {
        cnn2snn_status status = create_initial(layer, &specs[i], &layer->weights[i].tensor, error);
        if (status) {
            layer->weights[i].tensor = NULL;
            c2s_layer_reset_weights(layer, 0, NULL);
            return status;
        }
        layer->weights[i].name = specs[i].name;
    }
    layer->built = true;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_check_weight(const cnn2snn_layer *layer, const struct c2s_weight_spec *spec,
                                      const cnn2snn_tensor *tensor, cnn2snn_error **error)
{
    if (c2s_weight_fits(spec, tensor))
        return CNN2SNN_OK;
    char found[C2S_SHAPE_TEXT], expected[C2S_SHAPE_TEXT];
    return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-weights", layer->name,
                           "%s has shape %s, expected %s", spec->name,
                           c2s_shape_print(tensor->rank, tensor->shape, found, sizeof found),
                           c2s_shape_text(&spec->shape, expected, sizeof expected));
}

/* Replaces the layer's weights once all are there. */
static void put_weights(cnn2snn_layer *layer, size_t count, const struct c2s_weight_spec *specs,
                        cnn2snn_tensor *const *converted)
{
    for (size_t i = 0; i < count; i++) {
        layer->weights[i].name = specs[i].name;
        layer->weights[i].tensor = converted[i];
    }
    layer->built = true;
}

cnn2snn_status c2s_layer_set_weights(cnn2snn_layer *layer, size_t count, const struct c2s_weight_spec *specs,
                                     cnn2snn_tensor *const *weights, cnn2snn_error **error)
{
    struct c2s_weight_spec own[C2S_MAX_LAYER_WEIGHTS];
    cnn2snn_tensor *converted[C2S_MAX_LAYER_WEIGHTS] = {NULL};
    size_t own_count;
    C2S_TRY(c2s_layer_weight_specs(layer, 0, NULL, own, &own_count, error));
    if (count != own_count)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-weights", layer->name,
                               "%zu weights, expected %zu", count, own_count);
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; i < count && !status; i++) {
        status = c2s_layer_check_weight(layer, &specs[i], weights[i], error);
        if (!status)
            status = c2s_tensor_convert(weights[i], CNN2SNN_DTYPE_FLOAT32, &converted[i], error);
    }
    if (!status)
        status = c2s_layer_reset_weights(layer, count, error);
    if (!status) {
        put_weights(layer, count, specs, converted);
        return CNN2SNN_OK;
    }
    for (size_t i = 0; i < count; i++)
        c2s_tensor_release(converted[i]);
    return status;
}
