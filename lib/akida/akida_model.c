/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how an Akida model lies in memory: layers in order, their parameters and variables sorted by name. */
#include "akida/akida_model.h"

#include <stdio.h>
#include <string.h>

#include "akida/kinds.h"
#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"

/* ------------------------------------------------------------------------------------------------ element types */

static const cnn2snn_dtype element_dtypes[] = {
    CNN2SNN_DTYPE_INT32, CNN2SNN_DTYPE_FLOAT32, CNN2SNN_DTYPE_UINT8,
    CNN2SNN_DTYPE_INT8,  CNN2SNN_DTYPE_UINT8,   CNN2SNN_DTYPE_UINT8, /* never seen, but one byte each */
    CNN2SNN_DTYPE_INT8,                                              /* int1 */
    CNN2SNN_DTYPE_INT8,                                              /* int4 */
    CNN2SNN_DTYPE_INT8,                                              /* int2 */
    CNN2SNN_DTYPE_INT16, CNN2SNN_DTYPE_UINT16,
};

enum { TYPE_INT8 = 3, TYPE_INT1 = 6, TYPE_INT4 = 7, TYPE_INT2 = 8, TYPE_COUNT = 11 };

cnn2snn_dtype c2s_akida_element_dtype(int32_t element_type)
{
    return element_type >= 0 && element_type < TYPE_COUNT ? element_dtypes[element_type] : CNN2SNN_DTYPE_NONE;
}

static int32_t plain_element_type(cnn2snn_dtype dtype)
{
    for (int32_t type = 0; type < TYPE_COUNT; type++)
        if (element_dtypes[type] == dtype)
            return type;
    return -1;
}

static bool is_weights(const char *name)
{
    return !strcmp(name, "weights") || !strcmp(name, "weights_pw");
}

int32_t c2s_akida_variable_element_type(const struct c2s_akida_layer *layer,
                                        const struct c2s_akida_variable *variable)
{
    if (variable->element_type >= 0)
        return variable->element_type;
    int32_t plain = plain_element_type(variable->tensor->dtype);
    if (plain != TYPE_INT8 || !is_weights(variable->name))
        return plain;
    int32_t bits = c2s_akida_layer_get_parameter(layer, "weights_bits", 8);
    if (c2s_akida_kind_version(layer->kind) == 1)
        return bits == 1 ? TYPE_INT1 : bits == 2 ? TYPE_INT2 : bits == 4 ? TYPE_INT4 : TYPE_INT8;
    bool narrow = layer->kind == C2S_AKIDA_CONV2D || layer->kind == C2S_AKIDA_DEPTHWISE_CONV2D ||
                  layer->kind == C2S_AKIDA_DENSE1D;
    return narrow && bits == 4 ? TYPE_INT4 : TYPE_INT8;
}

/* ------------------------------------------------------------------------------------------------ sorted arrays */

/* Index of the first of `count` elements of `size` bytes (each starts with its name) that isn't before `name`. */
static size_t lower_bound(const void *array, size_t count, size_t size, const char *name)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *other;
        memcpy(&other, (const char *)array + middle * size, sizeof other);
        if (strcmp(other, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* NULL when there is none. */
static void *find_named(const void *array, size_t count, size_t size, const char *name)
{
    size_t index = lower_bound(array, count, size, name);
    if (index == count)
        return NULL;
    char *element = (char *)array + index * size;
    const char *other;
    memcpy(&other, element, sizeof other);
    return strcmp(other, name) ? NULL : element;
}

/* Finds the element of that name or inserts one of zeros with a copy of the name. NULL without memory. */
static void *find_or_insert(cnn2snn_context *context, void *array, size_t *count, size_t *capacity, size_t size,
                            const char *name)
{
    char *elements;
    memcpy(&elements, array, sizeof elements);
    void *found = find_named(elements, *count, size, name);
    if (found)
        return found;
    char *copy = c2s_strdup(context, name);
    if (!copy || c2s_array_reserve(context, array, capacity, *count + 1, size)) {
        c2s_free(context, copy);
        return NULL;
    }
    memcpy(&elements, array, sizeof elements);
    size_t index = lower_bound(elements, *count, size, name);
    char *element = elements + index * size;
    memmove(element + size, element, (*count - index) * size);
    memset(element, 0, size);
    memcpy(element, &copy, sizeof copy);
    ++*count;
    return element;
}

/* ------------------------------------------------------------------------------------------------ life */

cnn2snn_status c2s_akida_model_create(cnn2snn_context *context, cnn2snn_akida_model **out_model,
                                      cnn2snn_error **error)
{
    cnn2snn_akida_model *model = c2s_calloc(context, 1, sizeof *model);
    if (!model)
        return c2s_error_no_memory(error);
    model->context = c2s_context_retain(context);
    atomic_init(&model->references, 1);
    *out_model = model;
    return CNN2SNN_OK;
}

static void layer_clear(cnn2snn_context *context, struct c2s_akida_layer *layer)
{
    for (size_t i = 0; i < layer->parameter_count; i++)
        c2s_free(context, layer->parameters[i].name);
    for (size_t i = 0; i < layer->variable_count; i++) {
        c2s_free(context, layer->variables[i].name);
        c2s_tensor_release(layer->variables[i].tensor);
    }
    c2s_free(context, layer->parameters);
    c2s_free(context, layer->variables);
    c2s_free(context, layer->inbounds);
    c2s_free(context, layer->name);
}

void c2s_akida_model_release(cnn2snn_akida_model *model)
{
    if (!model || atomic_fetch_sub(&model->references, 1) > 1)
        return;
    cnn2snn_context *context = model->context;
    for (size_t i = 0; i < model->layer_count; i++)
        layer_clear(context, &model->layers[i]);
    for (size_t i = 0; i < model->learning_count; i++)
        c2s_free(context, model->learning[i].name);
    c2s_free(context, model->layers);
    c2s_free(context, model->learning);
    c2s_free(context, model->version);
    c2s_free(context, model);
    c2s_context_release(context);
}

/* ------------------------------------------------------------------------------------------------ building */

cnn2snn_status c2s_akida_layer_add_inbound(cnn2snn_akida_model *model, struct c2s_akida_layer *layer, size_t inbound,
                                           cnn2snn_error **error)
{
    if (c2s_array_reserve(model->context, &layer->inbounds, &layer->inbound_capacity, layer->inbound_count + 1,
                          sizeof *layer->inbounds))
        return c2s_error_no_memory(error);
    layer->inbounds[layer->inbound_count++] = inbound;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_akida_model_add_layer(cnn2snn_akida_model *model, int32_t kind, const char *name, int64_t inbound,
                                         struct c2s_akida_layer **out_layer, cnn2snn_error **error)
{
    if (inbound >= 0 && (uint64_t)inbound >= model->layer_count)
        return c2s_layer_error(model->context, error, CNN2SNN_E_INVALID_ARGUMENT, "F-fbz", name,
                               "inbound layer %lld, but there are %zu layers before it", (long long)inbound,
                               model->layer_count);
    char *copy = c2s_strdup(model->context, name);
    if (!copy || c2s_array_reserve(model->context, &model->layers, &model->layer_capacity, model->layer_count + 1,
                                   sizeof *model->layers)) {
        c2s_free(model->context, copy);
        return c2s_error_no_memory(error);
    }
    struct c2s_akida_layer *layer = &model->layers[model->layer_count];
    *layer = (struct c2s_akida_layer){.kind = kind, .name = copy};
    const char *kind_name = c2s_akida_kind_name(kind);
    if (kind_name)
        snprintf(layer->kind_text, sizeof layer->kind_text, "%s", kind_name);
    else
        snprintf(layer->kind_text, sizeof layer->kind_text, "unknown (%d)", kind);
    if (inbound >= 0 && c2s_akida_layer_add_inbound(model, layer, (size_t)inbound, error)) {
        c2s_free(model->context, copy);
        return CNN2SNN_E_NO_MEMORY;
    }
    model->layer_count++;
    if (out_layer)
        *out_layer = layer;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_akida_layer_set_parameter(cnn2snn_akida_model *model, struct c2s_akida_layer *layer,
                                             const char *name, int32_t value, cnn2snn_error **error)
{
    struct c2s_akida_parameter *parameter =
        find_or_insert(model->context, &layer->parameters, &layer->parameter_count, &layer->parameter_capacity,
                       sizeof *layer->parameters, name);
    if (!parameter)
        return c2s_error_no_memory(error);
    parameter->value = value;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_akida_layer_set_variable(cnn2snn_akida_model *model, struct c2s_akida_layer *layer,
                                            const char *name, int32_t element_type, int32_t layout,
                                            cnn2snn_tensor *tensor, cnn2snn_error **error)
{
    if (plain_element_type(tensor->dtype) < 0 ||
        (element_type >= 0 && c2s_dtype_size(c2s_akida_element_dtype(element_type)) != c2s_dtype_size(tensor->dtype)))
        return c2s_layer_error(model->context, error, CNN2SNN_E_TYPE, "F-fbz", layer->name,
                               "variable %s is %s, which a file can't hold as element type %d", name,
                               c2s_dtype_name(tensor->dtype), element_type);
    struct c2s_akida_variable *variable = find_or_insert(model->context, &layer->variables, &layer->variable_count,
                                                         &layer->variable_capacity, sizeof *variable, name);
    if (!variable)
        return c2s_error_no_memory(error);
    if (layout < 0)
        layout = c2s_akida_kind_version(layer->kind) == 1 && is_weights(name) ? 0 : 1;
    cnn2snn_tensor *old = variable->tensor;
    variable->tensor = c2s_tensor_retain(tensor);
    variable->element_type = element_type < 0 ? -1 : element_type;
    variable->layout = layout;
    c2s_tensor_release(old);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_akida_model_set_learning(cnn2snn_akida_model *model, const char *name, double value,
                                            cnn2snn_error **error)
{
    struct c2s_akida_learning *learning = find_or_insert(model->context, &model->learning, &model->learning_count,
                                                         &model->learning_capacity, sizeof *model->learning, name);
    if (!learning)
        return c2s_error_no_memory(error);
    learning->value = value;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ looking into */

const struct c2s_akida_variable *c2s_akida_layer_find_variable(const struct c2s_akida_layer *layer, const char *name)
{
    return find_named(layer->variables, layer->variable_count, sizeof *layer->variables, name);
}

static const struct c2s_akida_parameter *find_parameter(const struct c2s_akida_layer *layer, const char *name)
{
    return find_named(layer->parameters, layer->parameter_count, sizeof *layer->parameters, name);
}

int32_t c2s_akida_layer_get_parameter(const struct c2s_akida_layer *layer, const char *name, int32_t otherwise)
{
    const struct c2s_akida_parameter *parameter = find_parameter(layer, name);
    return parameter ? parameter->value : otherwise;
}

bool c2s_akida_layer_has_parameter(const struct c2s_akida_layer *layer, const char *name)
{
    return find_parameter(layer, name) != NULL;
}

/* ------------------------------------------------------------------------------------------------ copying */

static cnn2snn_status copy_layer(cnn2snn_akida_model *model, const struct c2s_akida_layer *from,
                                 cnn2snn_error **error)
{
    struct c2s_akida_layer *layer;
    C2S_TRY(c2s_akida_model_add_layer(model, from->kind, from->name, -1, &layer, error));
    for (size_t i = 0; i < from->inbound_count; i++)
        C2S_TRY(c2s_akida_layer_add_inbound(model, layer, from->inbounds[i], error));
    for (size_t i = 0; i < from->parameter_count; i++)
        C2S_TRY(
            c2s_akida_layer_set_parameter(model, layer, from->parameters[i].name, from->parameters[i].value, error));
    for (size_t i = 0; i < from->variable_count; i++) {
        const struct c2s_akida_variable *variable = &from->variables[i];
        C2S_TRY(c2s_akida_layer_set_variable(model, layer, variable->name, variable->element_type, variable->layout,
                                             variable->tensor, error));
    }
    layer->unknown_fields = from->unknown_fields;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_akida_model_clone(const cnn2snn_akida_model *model, cnn2snn_akida_model **out_model,
                                     cnn2snn_error **error)
{
    cnn2snn_akida_model *copy = NULL;
    cnn2snn_status status;
    C2S_GOTO(c2s_akida_model_create(model->context, &copy, error));
    for (size_t i = 0; i < model->layer_count; i++)
        C2S_GOTO(copy_layer(copy, &model->layers[i], error));
    for (size_t i = 0; i < model->learning_count; i++)
        C2S_GOTO(c2s_akida_model_set_learning(copy, model->learning[i].name, model->learning[i].value, error));
    copy->unknown_fields = model->unknown_fields;
    copy->version = c2s_strdup(model->context, model->version);
    if (model->version && !copy->version)
        C2S_GOTO(c2s_error_no_memory(error));
done:
    if (status)
        c2s_akida_model_release(copy);
    else
        *out_model = copy;
    return status;
}
