/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how layers of the user's classes are asked, and what is known of layers of unknown ones. */
#include "layers/custom_layers.h"

#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "layers/layer_families.h"

/* The config as JSON text. */
static cnn2snn_status config_text(const cnn2snn_layer *layer, char **out_text, cnn2snn_error **error)
{
    struct c2s_text text;
    c2s_text_init(&text, layer->context);
    c2s_json_dump(&text, layer->config, false);
    *out_text = text.failed ? NULL : c2s_strndup(layer->context, text.data ? text.data : "", text.size);
    c2s_text_free(&text);
    return *out_text ? CNN2SNN_OK : c2s_error_no_memory(error);
}

/* What a callback's result means, with the layer's name. */
static cnn2snn_status take_result(const cnn2snn_layer *layer, const struct c2s_custom_class *custom,
                                  cnn2snn_status status, cnn2snn_error *own, cnn2snn_error **error)
{
    status = c2s_custom_class_take_result(custom, status, own, error);
    if (status)
        c2s_error_set_layer(error, layer->name);
    return status;
}

cnn2snn_status c2s_custom_activation_step(const cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                          struct c2s_quantized_activation_attributes *attributes,
                                          cnn2snn_error **error)
{
    struct c2s_custom_class *custom =
        c2s_custom_objects_find(source->custom, layer->class_name, C2S_CUSTOM_ACTIVATION);
    char *text;
    attributes->custom = c2s_custom_class_retain(custom);
    C2S_TRY(config_text(layer, &text, error));
    const cnn2snn_activation_class *callbacks = &custom->callbacks.activation;
    cnn2snn_error *own = NULL;
    float step = 0;
    cnn2snn_status status =
        callbacks->step(callbacks->user_data, layer->context, text, attributes->bitwidth, &step, &own);
    c2s_free(layer->context, text);
    C2S_TRY(take_result(layer, custom, status, own, error));
    if (!isfinite(step) || step <= 0)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-custom", layer->name,
                               "class %s has a step of %g, expected a finite number above 0", layer->class_name,
                               (double)step);
    attributes->step = step;
    return CNN2SNN_OK;
}

static cnn2snn_status custom_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_custom_attributes *attributes = layer->attributes;
    attributes->custom =
        c2s_custom_class_retain(c2s_custom_objects_find(source->custom, layer->class_name, C2S_CUSTOM_LAYER));
    return config_text(layer, &attributes->config_text, error);
}

static void custom_destroy(cnn2snn_context *context, void *attributes)
{
    struct c2s_custom_attributes *custom = attributes;
    c2s_custom_class_release(custom->custom);
    c2s_free(context, custom->config_text);
}

/* The callback's shape, checked: what comes back is as little trusted as what a file says. */
static cnn2snn_status check_shape(const cnn2snn_layer *layer, size_t rank, const int64_t *extents,
                                  struct c2s_shape *out_shape, cnn2snn_error **error)
{
    if (rank > CNN2SNN_MAX_RANK - 1)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-custom", layer->name,
                               "class %s has outputs of %zu dimensions, at most %d are possible", layer->class_name,
                               rank, CNN2SNN_MAX_RANK - 1);
    *out_shape = (struct c2s_shape){.rank = rank};
    memcpy(out_shape->extents, extents, rank * sizeof *extents);
    for (size_t i = 0; i < rank; i++)
        if (extents[i] < -1 || !extents[i])
            return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-custom", layer->name,
                                   "class %s has an output extent of %lld", layer->class_name, (long long)extents[i]);
    return CNN2SNN_OK;
}

static cnn2snn_status ask_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                size_t *ranks, const int64_t **shapes, struct c2s_shape *out_shape,
                                cnn2snn_error **error)
{
    const struct c2s_custom_attributes *attributes = layer->attributes;
    const cnn2snn_layer_class *callbacks = &attributes->custom->callbacks.layer;
    int64_t extents[CNN2SNN_MAX_RANK] = {0};
    size_t rank = 0;
    cnn2snn_error *own = NULL;
    for (size_t i = 0; i < count; i++) {
        ranks[i] = inputs[i].rank;
        shapes[i] = inputs[i].extents;
    }
    cnn2snn_status status = callbacks->output_shape(callbacks->user_data, layer->context, attributes->config_text,
                                                    count, ranks, shapes, &rank, extents, &own);
    C2S_TRY(take_result(layer, attributes->custom, status, own, error));
    return check_shape(layer, rank, extents, out_shape, error);
}

static cnn2snn_status custom_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                   struct c2s_shape *out_shape, cnn2snn_error **error)
{
    const struct c2s_custom_attributes *attributes = layer->attributes;
    *out_shape = count ? inputs[0] : c2s_shape_unranked();
    if (!attributes->custom->callbacks.layer.output_shape)
        return CNN2SNN_OK;
    *out_shape = c2s_shape_unranked();
    for (size_t i = 0; i < count; i++)
        if (c2s_shape_is_unranked(&inputs[i]))
            return CNN2SNN_OK;
    size_t *ranks = c2s_calloc(layer->context, count, sizeof *ranks);
    const int64_t **shapes = c2s_calloc(layer->context, count, sizeof *shapes);
    cnn2snn_status status = ranks && shapes ? ask_shape(layer, count, inputs, ranks, shapes, out_shape, error)
                                            : c2s_error_no_memory(error);
    c2s_free(layer->context, ranks);
    c2s_free(layer->context, shapes);
    return status;
}

static cnn2snn_status opaque_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                   struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)layer;
    (void)count;
    (void)inputs;
    (void)error;
    *out_shape = c2s_shape_unranked();
    return CNN2SNN_OK;
}

const struct c2s_layer_rules c2s_custom_rules = {.attributes_size = sizeof(struct c2s_custom_attributes),
                                                 .parse = custom_parse,
                                                 .destroy = custom_destroy,
                                                 .output_shape = custom_shape};

const struct c2s_layer_rules c2s_opaque_rules = {.output_shape = opaque_shape};
