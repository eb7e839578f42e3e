/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of the user's, by name: quantizers, quantized activations, layers. */
#ifndef C2S_CUSTOM_OBJECTS_H
#define C2S_CUSTOM_OBJECTS_H

#include <stdatomic.h>

#include "cnn2snn/quantizer.h"

enum c2s_custom_type { C2S_CUSTOM_QUANTIZER, C2S_CUSTOM_ACTIVATION, C2S_CUSTOM_LAYER };

/* One registered class; a counted reference, kept by every object made of it. */
struct c2s_custom_class {
    cnn2snn_context *context;
    atomic_size_t references;
    char *name;
    enum c2s_custom_type type;
    union {
        cnn2snn_quantizer_class quantizer;
        cnn2snn_activation_class activation;
        cnn2snn_layer_class layer;
    } callbacks;
};

struct c2s_custom_class *c2s_custom_class_retain(struct c2s_custom_class *custom_class);
void c2s_custom_class_release(struct c2s_custom_class *custom_class);

cnn2snn_status c2s_custom_objects_create(cnn2snn_context *context, cnn2snn_custom_objects **out_custom,
                                         cnn2snn_error **error);
/* `callbacks` is the public struct of the type, whole. */
cnn2snn_status c2s_custom_objects_add(cnn2snn_custom_objects *custom, const char *name, enum c2s_custom_type type,
                                      const void *callbacks, cnn2snn_error **error);
/* Adds a class that some object was made of (one more reference), so that its like can be made again. Nothing happens
 * when a class of that name and type is there. */
cnn2snn_status c2s_custom_objects_add_class(cnn2snn_custom_objects *custom, struct c2s_custom_class *custom_class,
                                            cnn2snn_error **error);
void c2s_custom_objects_destroy(cnn2snn_custom_objects *custom);

/* The class of that name and type, borrowed; NULL when there is none (custom may be NULL). A package prefix "pkg>" of
 * either name is ignored. */
struct c2s_custom_class *c2s_custom_objects_find(const cnn2snn_custom_objects *custom, const char *name,
                                                 enum c2s_custom_type type);

/*
 * What a callback's result means to the caller: `status` is what it returned, `own` the error that it was handed
 * (own is given up). CNN2SNN_OK, the callback's own error, or CNN2SNN_E_CALLBACK when it failed without saying how.
 */
cnn2snn_status c2s_custom_class_take_result(const struct c2s_custom_class *custom_class, cnn2snn_status status,
                                            cnn2snn_error *own, cnn2snn_error **error);

#endif
