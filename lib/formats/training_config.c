/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which loss and metrics of a training_config belong to which output. They are given once for all outputs, in
 * a list by output, or in an object by the output's name; metrics in lists of their own besides.
 */
#include "formats/training_config.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"

/* A loss, metric or optimizer by class, not an object by output. */
static bool is_class(const json_t *value)
{
    return json_is_object(value) && json_object_get(value, "class_name");
}

/* ------------------------------------------------------------------------------------------------ check */

static cnn2snn_status malformed(cnn2snn_context *context, const char *what, const char *expected,
                                cnn2snn_error **error)
{
    return c2s_error(context, error, CNN2SNN_E_MALFORMED, "F-training-config", "training_config: %s isn't %s", what,
                     expected);
}

/* Losses and metrics at the leaves. Depth is that of the JSON, which was bounded when it was read. */
static cnn2snn_status check_objects(cnn2snn_context *context, const json_t *value, const char *what,
                                    cnn2snn_error **error)
{
    size_t index;
    const char *key;
    json_t *item;
    if (!value || json_is_null(value) || json_is_string(value))
        return CNN2SNN_OK;
    if (is_class(value))
        return json_is_string(json_object_get(value, "class_name"))
                   ? CNN2SNN_OK
                   : malformed(context, what, "an object with a class", error);
    if (!json_is_array(value) && !json_is_object(value))
        return malformed(context, what, "a name or an object", error);
    json_array_foreach (value, index, item)
        C2S_TRY(check_objects(context, item, what, error));
    json_object_foreach ((json_t *)value, key, item)
        C2S_TRY(check_objects(context, item, what, error));
    return CNN2SNN_OK;
}

static cnn2snn_status check_weights(cnn2snn_context *context, const json_t *value, cnn2snn_error **error)
{
    size_t index;
    const char *key;
    json_t *item;
    if (!value || json_is_null(value) || c2s_json_is_number(value))
        return CNN2SNN_OK;
    if (!json_is_array(value) && !json_is_object(value))
        return malformed(context, "loss_weights", "a number", error);
    json_array_foreach (value, index, item)
        if (!json_is_null(item) && !c2s_json_is_number(item))
            return malformed(context, "an entry of loss_weights", "a number", error);
    json_object_foreach ((json_t *)value, key, item)
        if (!json_is_null(item) && !c2s_json_is_number(item))
            return malformed(context, "an entry of loss_weights", "a number", error);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_training_config_check(cnn2snn_context *context, const json_t *config, cnn2snn_error **error)
{
    static const char *const lists[] = {"loss", "metrics", "weighted_metrics"};
    if (!json_is_object(config))
        return malformed(context, "the document", "an object", error);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        C2S_TRY(check_objects(context, json_object_get(config, lists[i]), lists[i], error));
    C2S_TRY(check_weights(context, json_object_get(config, "loss_weights"), error));
    const json_t *optimizer = c2s_json_get(config, "optimizer_config");
    if (optimizer && !c2s_json_get_string(optimizer, "class_name", NULL))
        return malformed(context, "optimizer_config", "an object with a class", error);
    const json_t *arguments = c2s_json_get(optimizer, "config");
    if (arguments && !json_is_object(arguments))
        return malformed(context, "optimizer_config's config", "an object", error);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ by output */

/* A list has one for each output, an object one for each name; anything else is for all. */
static const json_t *of_output(const json_t *value, const struct c2s_training_output *output)
{
    if (json_is_array(value))
        return json_array_get(value, output->index);
    if (json_is_object(value) && !is_class(value))
        return json_object_get(value, output->name);
    return value;
}

const json_t *c2s_training_loss(const json_t *config, const struct c2s_training_output *output)
{
    const json_t *loss = of_output(c2s_json_get(config, "loss"), output);
    while (json_is_array(loss))
        loss = json_array_get(loss, 0);
    return json_is_string(loss) || is_class(loss) ? loss : NULL;
}

double c2s_training_loss_weight(const json_t *config, const struct c2s_training_output *output)
{
    const json_t *weight = of_output(c2s_json_get(config, "loss_weights"), output);
    return c2s_json_is_number(weight) ? c2s_json_number_value(weight) : 1;
}

static const json_t *list_of(const json_t *config, bool weighted)
{
    return c2s_json_get(config, weighted ? "weighted_metrics" : "metrics");
}

bool c2s_training_has_metrics_by_output(const json_t *config, bool weighted, size_t output_count, bool of_keras3)
{
    size_t index;
    json_t *item;
    json_array_foreach (list_of(config, weighted), index, item)
        if (!json_is_string(item) && !is_class(item))
            return true;
    return of_keras3 && output_count > 1;
}

/* What the output has: an array of metrics, one metric, or NULL. */
static const json_t *metrics_of(const json_t *config, bool weighted, const struct c2s_training_output *output)
{
    const json_t *value = list_of(config, weighted);
    if (json_is_array(value) && !output->metrics_by_output[weighted])
        return value;
    value = of_output(value, output);
    return json_is_array(value) || json_is_string(value) || is_class(value) ? value : NULL;
}

size_t c2s_training_metric_count(const json_t *config, bool weighted, const struct c2s_training_output *output)
{
    const json_t *metrics = metrics_of(config, weighted, output);
    if (!json_is_array(metrics))
        return metrics ? 1 : 0;
    return json_array_size(metrics);
}

const json_t *c2s_training_metric(const json_t *config, bool weighted, const struct c2s_training_output *output,
                                  size_t index)
{
    const json_t *metrics = metrics_of(config, weighted, output);
    const json_t *metric = json_is_array(metrics) ? json_array_get(metrics, index) : index ? NULL : metrics;
    return json_is_string(metric) || is_class(metric) ? metric : NULL;
}

/* ------------------------------------------------------------------------------------------------ names */

const char *c2s_training_object_name(const json_t *object, bool own_name)
{
    if (!object || json_is_string(object))
        return json_string_value(object);
    const char *class_name = c2s_json_get_string(object, "class_name", NULL);
    const json_t *config = c2s_json_get(object, "config");
    if (json_is_string(config)) /* a function: {"class_name": "function", "config": its name} */
        return json_string_value(config);
    return own_name ? c2s_json_get_string(config, "name", class_name) : class_name;
}

const char *c2s_training_optimizer_name(const json_t *config)
{
    static const char package[] = "Custom>";
    const char *name = c2s_json_get_string(c2s_json_get(config, "optimizer_config"), "class_name", NULL);
    return name && !strncmp(name, package, sizeof package - 1) ? name + sizeof package - 1 : name;
}

const json_t *c2s_training_optimizer_config(const json_t *config)
{
    return c2s_json_get(c2s_json_get(config, "optimizer_config"), "config");
}
