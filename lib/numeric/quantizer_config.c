/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a weight quantizer is made of: its class, its parameters, and the JSON that files hold of it. */
#include "numeric/weight_quantizer.h"

#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/json.h"

static const struct builtin {
    const char *class_name;
    const char *default_name; /* of an instance; it carries no meaning */
    bool has_threshold;
} builtins[] = {
    [CNN2SNN_QUANTIZER_MAX] = {"MaxQuantizer", "max_quantizer", false},
    [CNN2SNN_QUANTIZER_MAX_PER_AXIS] = {"MaxPerAxisQuantizer", "max_per_axis_quantizer", false},
    [CNN2SNN_QUANTIZER_STD] = {"StdWeightQuantizer", "std_weight_quantizer", true},
    [CNN2SNN_QUANTIZER_STD_PER_AXIS] = {"StdPerAxisQuantizer", "std_per_axis_quantizer", true},
};

enum { BUILTINS = sizeof builtins / sizeof *builtins, DEFAULT_BITWIDTH = 4, MAX_BITWIDTH = 128 };
static const double default_threshold = 3;

static cnn2snn_quantizer_kind find_kind(const char *class_name)
{
    for (cnn2snn_quantizer_kind kind = 1; kind < BUILTINS; kind++)
        if (!strcmp(builtins[kind].class_name, class_name))
            return kind;
    return CNN2SNN_QUANTIZER_CUSTOM;
}

/* ------------------------------------------------------------------------------------------------ life */

cnn2snn_quantizer *c2s_quantizer_retain(const cnn2snn_quantizer *quantizer)
{
    cnn2snn_quantizer *counted = (cnn2snn_quantizer *)quantizer;
    if (counted)
        atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
    return counted;
}

void c2s_quantizer_release(cnn2snn_quantizer *quantizer)
{
    if (!quantizer || atomic_fetch_sub_explicit(&quantizer->references, 1, memory_order_acq_rel) != 1)
        return;
    cnn2snn_context *context = quantizer->context;
    json_decref(quantizer->config);
    json_decref(quantizer->identifier);
    c2s_custom_class_release(quantizer->custom);
    c2s_free(context, quantizer->class_name);
    c2s_free(context, quantizer);
    c2s_context_release(context);
}

/* ------------------------------------------------------------------------------------------------ config */

static bool set_new(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

/* The given value, or `otherwise` (stolen) where there is none. */
static bool set_given(json_t *object, const json_t *given, const char *key, json_t *otherwise)
{
    json_t *value = c2s_json_get(given, key);
    if (!value)
        return set_new(object, key, otherwise);
    json_decref(otherwise);
    return set_new(object, key, json_deep_copy(value));
}

/* A built-in class's config in the reference's order, with what it has by default; other entries stay behind. */
static json_t *complete_config(const cnn2snn_quantizer *quantizer, const json_t *given)
{
    const struct builtin *builtin = &builtins[quantizer->kind];
    json_t *config = json_object(), *value;
    bool ok = config && set_given(config, given, "name", json_string(builtin->default_name)) &&
              set_given(config, given, "trainable", json_true()) &&
              set_given(config, given, "dtype", json_string("float32")) &&
              set_new(config, "bitwidth", json_integer(quantizer->bitwidth));
    if (ok && builtin->has_threshold)
        ok = set_new(config, "threshold", json_real(quantizer->threshold));
    const char *key;
    json_object_foreach ((json_t *)given, key, value) {
        if (ok && !json_object_get(config, key))
            ok = set_new(config, key, json_deep_copy(value));
    }
    if (!ok) {
        json_decref(config);
        return NULL;
    }
    return config;
}

/* ------------------------------------------------------------------------------------------------ making */

struct parameters {
    cnn2snn_quantizer_kind kind;
    const char *class_name;
    double bitwidth;
    double threshold;
    const json_t *given;             /* config, or NULL */
    const json_t *identifier;        /* of a custom class, or NULL */
    struct c2s_custom_class *custom; /* or NULL; retained */
};

static cnn2snn_status check_parameters(cnn2snn_context *context, const struct parameters *p, cnn2snn_error **error)
{
    if (!(p->bitwidth > 1))
        return c2s_error(context, error, CNN2SNN_E_VALUE, "L-a1", "bitwidth %g of %s, expected more than 1",
                         p->bitwidth, p->class_name);
    if (p->bitwidth > MAX_BITWIDTH)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "L-a1", "bitwidth %g of %s, expected at most %d",
                         p->bitwidth, p->class_name, MAX_BITWIDTH);
    if (builtins[p->kind].has_threshold && !isfinite(p->threshold))
        return c2s_error(context, error, CNN2SNN_E_VALUE, "L-a3", "threshold of %s is not a finite number",
                         p->class_name);
    return CNN2SNN_OK;
}

static cnn2snn_status create(cnn2snn_context *context, const struct parameters *p, cnn2snn_quantizer **out_quantizer,
                             cnn2snn_error **error)
{
    C2S_TRY(check_parameters(context, p, error));
    cnn2snn_quantizer *quantizer = c2s_calloc(context, 1, sizeof *quantizer);
    if (!quantizer)
        return c2s_error_no_memory(error);
    atomic_init(&quantizer->references, 1);
    quantizer->context = c2s_context_retain(context);
    quantizer->kind = p->kind;
    quantizer->bitwidth = (int32_t)p->bitwidth;
    quantizer->kmax = (float)(pow(2, p->bitwidth - 1) - 1);
    quantizer->threshold = builtins[p->kind].has_threshold ? p->threshold : (double)NAN;
    quantizer->class_name = c2s_strdup(context, p->class_name);
    quantizer->custom = c2s_custom_class_retain(p->custom);
    quantizer->config = p->custom ? json_deep_copy(p->given) : complete_config(quantizer, p->given);
    quantizer->identifier = json_deep_copy(p->identifier);
    if (!quantizer->class_name || !quantizer->config || (p->identifier && !quantizer->identifier)) {
        c2s_quantizer_release(quantizer);
        return c2s_error_no_memory(error);
    }
    *out_quantizer = quantizer;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_quantizer_create(cnn2snn_context *context, cnn2snn_quantizer_kind kind, double bitwidth,
                                    double threshold, cnn2snn_quantizer **out_quantizer, cnn2snn_error **error)
{
    if (kind <= CNN2SNN_QUANTIZER_CUSTOM || kind >= BUILTINS)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "L-a1", "kind %d is no built-in quantizer", (int)kind);
    struct parameters p = {kind, builtins[kind].class_name, bitwidth, threshold, NULL, NULL, NULL};
    return create(context, &p, out_quantizer, error);
}

/* ------------------------------------------------------------------------------------------------ from JSON */

/* A number of the config; leaves *out alone when it is absent. Python takes true and false for numbers. */
static cnn2snn_status read_number(cnn2snn_context *context, const json_t *config, const char *key,
                                  const char *class_name, double *out, cnn2snn_error **error)
{
    const json_t *value = json_object_get(config, key);
    if (json_is_boolean(value))
        *out = json_is_true(value);
    else if (c2s_json_is_number(value))
        *out = c2s_json_number_value(value);
    else if (value)
        return c2s_error(context, error, CNN2SNN_E_TYPE, "L-a1", "%s of %s is not a number", key, class_name);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_quantizer_from_json(cnn2snn_context *context, const json_t *identifier,
                                       const cnn2snn_custom_objects *custom, cnn2snn_quantizer **out_quantizer,
                                       cnn2snn_error **error)
{
    const char *class_name = c2s_json_get_string(identifier, "class_name", NULL);
    const json_t *config = c2s_json_get(identifier, "config");
    if (!class_name || !json_is_object(config))
        return c2s_error(context, error, CNN2SNN_E_VALUE, "L-a5",
                         "a quantizer is not described by an object with class_name and config");
    struct parameters p = {.kind = find_kind(class_name),
                           .class_name = class_name,
                           .bitwidth = DEFAULT_BITWIDTH,
                           .threshold = default_threshold,
                           .given = config};
    if (p.kind == CNN2SNN_QUANTIZER_CUSTOM) {
        p.custom = c2s_custom_objects_find(custom, class_name, C2S_CUSTOM_QUANTIZER);
        p.identifier = identifier;
        if (!p.custom)
            return c2s_error(context, error, CNN2SNN_E_TYPE, "L-a5", "quantizer class %s is unknown, %s", class_name,
                             "expected one that is built in or registered by cnn2snn_custom_objects_add_quantizer()");
    }
    C2S_TRY(read_number(context, config, "bitwidth", class_name, &p.bitwidth, error));
    if (builtins[p.kind].has_threshold)
        C2S_TRY(read_number(context, config, "threshold", class_name, &p.threshold, error));
    return create(context, &p, out_quantizer, error);
}

cnn2snn_status c2s_quantizer_with_bitwidth(const cnn2snn_quantizer *quantizer, int32_t bitwidth,
                                           cnn2snn_quantizer **out_quantizer, cnn2snn_error **error)
{
    struct parameters p = {quantizer->kind,   quantizer->class_name, bitwidth,         quantizer->threshold,
                           quantizer->config, quantizer->identifier, quantizer->custom};
    cnn2snn_quantizer *fresh = NULL;
    C2S_TRY(create(quantizer->context, &p, &fresh, error));
    if (!set_new(fresh->config, "bitwidth", json_integer(fresh->bitwidth))) {
        c2s_quantizer_release(fresh);
        return c2s_error_no_memory(error);
    }
    *out_quantizer = fresh;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_quantizer_to_json(const cnn2snn_quantizer *quantizer, json_t **out, cnn2snn_error **error)
{
    const json_t *read = quantizer->identifier;
    json_t *object = json_object(), *module = read ? json_null() : json_string("cnn2snn.quantization_ops");
    bool ok = object && set_given(object, read, "module", module) &&
              set_new(object, "class_name", json_string(quantizer->class_name)) &&
              set_new(object, "config", json_deep_copy(quantizer->config)) &&
              set_given(object, read, "registered_name", json_string(quantizer->class_name));
    if (!ok) {
        json_decref(object);
        return c2s_error_no_memory(error);
    }
    *out = object;
    return CNN2SNN_OK;
}
