/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what get_config() says: every key of the class in Keras's order, then what nobody interprets. */
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"

/* All steps share one flag: jansson fails for lack of memory only. */
struct writer {
    const cnn2snn_layer *layer;
    json_t *out;
    bool failed;
};

static void put_new(struct writer *writer, const char *key, json_t *value)
{
    if (json_object_set_new(writer->out, key, value))
        writer->failed = true;
}

/* The layer's own value under `key`, or this JSON text. */
static void put(struct writer *writer, const char *key, const char *otherwise)
{
    json_t *own = json_object_get(writer->layer->config, key);
    if (own && !json_is_null(own))
        put_new(writer, key, json_incref(own));
    else
        put_new(writer, key, json_loads(otherwise, JSON_DECODE_ANY, NULL));
}

static json_t *lower_case(json_t *value)
{
    json_t *lower = json_string(json_string_value(value));
    for (char *c = (char *)json_string_value(lower); c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return lower;
}

static json_t *borders(json_t *value)
{
    json_t *rows = json_is_number(value) ? value : json_array_get(value, 0);
    json_t *columns = json_is_number(value) ? value : json_array_get(value, 1);
    if (!json_is_number(rows) || !json_is_number(columns))
        return json_incref(value);
    return json_pack("[[O, O], [O, O]]", rows, rows, columns, columns);
}

/* The value in the form that Keras gives it; a new reference. */
static json_t *in_form(enum c2s_config_form form, json_t *value)
{
    if (form == C2S_FORM_LOWER_CASE && json_is_string(value))
        return lower_case(value);
    if (form == C2S_FORM_PAIR && json_is_number(value))
        return json_pack("[O, O]", value, value);
    if (form == C2S_FORM_BORDERS)
        return borders(value);
    if (form == C2S_FORM_FLOAT32 && json_is_number(value) && fabs(json_number_value(value)) <= (double)FLT_MAX)
        return json_real((double)(float)json_number_value(value));
    return json_incref(value);
}

/* A value that depends on others and stands in no config, or NULL. *out: a new reference. */
static cnn2snn_status derive(const cnn2snn_layer *layer, const char *key, json_t **out, cnn2snn_error **error)
{
    const struct c2s_pool_attributes *pool = layer->attributes;
    enum c2s_kind_id id = c2s_layer_id(layer);
    *out = NULL;
    if (id == C2S_KIND_QUANTIZED_RELU && !strcmp(key, "max_value"))
        *out = json_real((double)c2s_layer_quantized_activation(layer)->max_value);
    else if (id == C2S_KIND_LEAKY_RELU && !strcmp(key, "alpha") && !c2s_json_get(layer->config, "negative_slope"))
        *out = json_real((double)0.3F);
    else if ((id == C2S_KIND_MAX_POOLING2D || id == C2S_KIND_AVERAGE_POOLING2D) && !strcmp(key, "strides"))
        *out = json_pack("[I, I]", (json_int_t)pool->strides[0], (json_int_t)pool->strides[1]);
    else if (id == C2S_KIND_QUANTIZED_SEPARABLE_CONV2D && !strcmp(key, "quantizer_dw"))
        return c2s_quantizer_to_json(c2s_layer_depthwise_quantizer(layer), out, error);
    return CNN2SNN_OK;
}

static cnn2snn_status put_key(struct writer *writer, const struct c2s_config_key *key, cnn2snn_error **error)
{
    json_t *own = json_object_get(writer->layer->config, key->key), *derived;
    if (own && !json_is_null(own)) {
        put_new(writer, key->key, in_form(key->form, own));
        return CNN2SNN_OK;
    }
    C2S_TRY(derive(writer->layer, key->key, &derived, error));
    if (derived)
        put_new(writer, key->key, derived);
    else if (key->otherwise && *key->otherwise)
        put_new(writer, key->key, json_loads(key->otherwise, JSON_DECODE_ANY, NULL));
    else if (own)
        put_new(writer, key->key, json_incref(own));
    return CNN2SNN_OK;
}

static cnn2snn_status write_config(struct writer *writer, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = writer->layer;
    if (c2s_layer_id(layer) != C2S_KIND_INPUT) {
        put_new(writer, "name", json_string(layer->name));
        put(writer, "trainable", "true");
        put(writer, "dtype", "\"float32\"");
        if (c2s_json_get(layer->config, "batch_input_shape"))
            put(writer, "batch_input_shape", "null");
    }
    for (const struct c2s_config_key *key = layer->kind->keys; key && key->key; key++)
        C2S_TRY(put_key(writer, key, error));
    if (json_object_update_missing(writer->out, layer->config))
        writer->failed = true;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_get_config(const cnn2snn_layer *layer, json_t **out, cnn2snn_error **error)
{
    struct writer writer = {.layer = layer, .out = json_object()};
    *out = NULL;
    if (!writer.out)
        return c2s_error_no_memory(error);
    cnn2snn_status status = write_config(&writer, error);
    if (!status && writer.failed)
        status = c2s_error_no_memory(error);
    if (status)
        json_decref(writer.out);
    else
        *out = writer.out;
    return status;
}
