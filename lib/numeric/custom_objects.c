/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how classes of the user's are registered and found, and what a callback's failure becomes. */
#include "numeric/custom_objects.h"

#include <stdbool.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"

struct cnn2snn_custom_objects {
    cnn2snn_context *context;
    struct c2s_custom_class **classes;
    size_t count, capacity;
};

/* ------------------------------------------------------------------------------------------------ classes */

static void destroy_user_data(enum c2s_custom_type type, const void *callbacks)
{
    const cnn2snn_quantizer_class *quantizer = callbacks;
    const cnn2snn_activation_class *activation = callbacks;
    const cnn2snn_layer_class *layer = callbacks;
    if (type == C2S_CUSTOM_QUANTIZER && quantizer->destroy_user_data)
        quantizer->destroy_user_data(quantizer->user_data);
    if (type == C2S_CUSTOM_ACTIVATION && activation->destroy_user_data)
        activation->destroy_user_data(activation->user_data);
    if (type == C2S_CUSTOM_LAYER && layer->destroy_user_data)
        layer->destroy_user_data(layer->user_data);
}

struct c2s_custom_class *c2s_custom_class_retain(struct c2s_custom_class *custom_class)
{
    if (custom_class)
        atomic_fetch_add_explicit(&custom_class->references, 1, memory_order_relaxed);
    return custom_class;
}

void c2s_custom_class_release(struct c2s_custom_class *custom_class)
{
    if (!custom_class || atomic_fetch_sub_explicit(&custom_class->references, 1, memory_order_acq_rel) != 1)
        return;
    cnn2snn_context *context = custom_class->context;
    destroy_user_data(custom_class->type, &custom_class->callbacks);
    c2s_free(context, custom_class->name);
    c2s_free(context, custom_class);
    c2s_context_release(context);
}

static bool is_complete(enum c2s_custom_type type, const void *callbacks)
{
    switch (type) {
    case C2S_CUSTOM_QUANTIZER:
        return ((const cnn2snn_quantizer_class *)callbacks)->scale_factor != NULL;
    case C2S_CUSTOM_ACTIVATION:
        return ((const cnn2snn_activation_class *)callbacks)->step != NULL;
    default:
        return ((const cnn2snn_layer_class *)callbacks)->call != NULL;
    }
}

static struct c2s_custom_class *create_class(cnn2snn_context *context, const char *name, enum c2s_custom_type type,
                                             const void *callbacks)
{
    struct c2s_custom_class *custom_class = c2s_calloc(context, 1, sizeof *custom_class);
    char *copy = c2s_strdup(context, name);
    if (!custom_class || !copy) {
        c2s_free(context, custom_class);
        c2s_free(context, copy);
        return NULL;
    }
    atomic_init(&custom_class->references, 1);
    custom_class->context = c2s_context_retain(context);
    custom_class->name = copy;
    custom_class->type = type;
    if (type == C2S_CUSTOM_QUANTIZER)
        custom_class->callbacks.quantizer = *(const cnn2snn_quantizer_class *)callbacks;
    else if (type == C2S_CUSTOM_ACTIVATION)
        custom_class->callbacks.activation = *(const cnn2snn_activation_class *)callbacks;
    else
        custom_class->callbacks.layer = *(const cnn2snn_layer_class *)callbacks;
    return custom_class;
}

cnn2snn_status c2s_custom_class_take_result(const struct c2s_custom_class *custom_class, cnn2snn_status status,
                                            cnn2snn_error *own, cnn2snn_error **error)
{
    if (!status) {
        c2s_error_destroy(own);
        return CNN2SNN_OK;
    }
    if (!own)
        return c2s_error(custom_class->context, error, CNN2SNN_E_CALLBACK, "A-callback",
                         "a callback of class %s failed with status %d and no error", custom_class->name,
                         (int)status);
    status = own->code;
    if (error && !*error)
        *error = own;
    else
        c2s_error_destroy(own);
    return status;
}

/* ------------------------------------------------------------------------------------------------ the collection */

cnn2snn_status c2s_custom_objects_create(cnn2snn_context *context, cnn2snn_custom_objects **out_custom,
                                         cnn2snn_error **error)
{
    cnn2snn_custom_objects *custom = c2s_calloc(context, 1, sizeof *custom);
    if (!custom)
        return c2s_error_no_memory(error);
    custom->context = c2s_context_retain(context);
    *out_custom = custom;
    return CNN2SNN_OK;
}

void c2s_custom_objects_destroy(cnn2snn_custom_objects *custom)
{
    if (!custom)
        return;
    cnn2snn_context *context = custom->context;
    for (size_t i = 0; i < custom->count; i++)
        c2s_custom_class_release(custom->classes[i]);
    c2s_free(context, custom->classes);
    c2s_free(context, custom);
    c2s_context_release(context);
}

static const char *without_package(const char *name)
{
    const char *separator = strrchr(name, '>');
    return separator ? separator + 1 : name;
}

struct c2s_custom_class *c2s_custom_objects_find(const cnn2snn_custom_objects *custom, const char *name,
                                                 enum c2s_custom_type type)
{
    for (size_t i = 0; custom && name && i < custom->count; i++)
        if (custom->classes[i]->type == type &&
            !strcmp(without_package(custom->classes[i]->name), without_package(name)))
            return custom->classes[i];
    return NULL;
}

cnn2snn_status c2s_custom_objects_add_class(cnn2snn_custom_objects *custom, struct c2s_custom_class *custom_class,
                                            cnn2snn_error **error)
{
    if (c2s_custom_objects_find(custom, custom_class->name, custom_class->type))
        return CNN2SNN_OK;
    if (c2s_array_reserve(custom->context, &custom->classes, &custom->capacity, custom->count + 1,
                          sizeof *custom->classes))
        return c2s_error_no_memory(error);
    custom->classes[custom->count++] = c2s_custom_class_retain(custom_class);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_custom_objects_add(cnn2snn_custom_objects *custom, const char *name, enum c2s_custom_type type,
                                      const void *callbacks, cnn2snn_error **error)
{
    struct c2s_custom_class *custom_class = NULL;
    cnn2snn_status status = CNN2SNN_OK;
    if (!*without_package(name))
        status = c2s_error(custom->context, error, CNN2SNN_E_VALUE, "A-custom", "a class needs a name");
    else if (c2s_custom_objects_find(custom, name, type))
        status = c2s_error(custom->context, error, CNN2SNN_E_VALUE, "A-custom", "class %s is there already", name);
    else if (!is_complete(type, callbacks))
        status = c2s_error(custom->context, error, CNN2SNN_E_INVALID_ARGUMENT, "A-null",
                           "class %s lacks its required callback", name);
    else if (!(custom_class = create_class(custom->context, name, type, callbacks)))
        status = c2s_error_no_memory(error);
    if (status) {
        destroy_user_data(type, callbacks);
        return status;
    }
    status = c2s_custom_objects_add_class(custom, custom_class, error);
    c2s_custom_class_release(custom_class);
    return status;
}
