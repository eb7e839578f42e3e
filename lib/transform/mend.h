/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mending: what keeps a model from suiting Akida 1.0 and can be written otherwise with the same outputs. A mend looks
 * at one place of a row of layers and changes it, or leaves it alone.
 */
#ifndef C2S_MEND_H
#define C2S_MEND_H

#include "base/report.h"
#include "transform/rewrite.h"

struct c2s_mending {
    cnn2snn_context *context;
    cnn2snn_layer *input_layer;   /* borrowed */
    struct c2s_layer_list layers; /* behind it */
    struct c2s_shape *shapes;     /* shapes[i]: what layers.layers[i] takes, one more than layers */
    cnn2snn_report *report;       /* what was done, as CNN2SNN_SEVERITY_INFO */
};

/* Changes the row at layer `index`, notes it and sets *mended; or does nothing. */
typedef cnn2snn_status c2s_mend_fn(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error);

/* mend_order.c */
c2s_mend_fn c2s_mend_first_relu, c2s_mend_second_relu, c2s_mend_flatten_before_relu, c2s_mend_reshape_back;
c2s_mend_fn c2s_mend_reshape_before_flatten, c2s_mend_two_pools, c2s_mend_pool_padding;
c2s_mend_fn c2s_mend_relu_and_pool, c2s_mend_pixel_pool;
/* mend_layers.c */
c2s_mend_fn c2s_mend_fused_activation, c2s_mend_activation_layer, c2s_mend_dilation, c2s_mend_dense_on_map;
c2s_mend_fn c2s_mend_depthwise, c2s_mend_zero_padding, c2s_mend_first_pool;
/* mend_scales.c */
c2s_mend_fn c2s_mend_batchnorm_weights, c2s_mend_null_gamma, c2s_mend_scale_forward;

/* Helpers: the layer's kind, or -1 behind the end. */
int c2s_mend_kind(const struct c2s_mending *m, size_t index);
/* Largest value of a plain ReLU layer; NaN for other layers and other ReLUs. */
float c2s_mend_relu_limit(const struct c2s_mending *m, size_t index);
void c2s_mend_remove(struct c2s_mending *m, size_t index);
/* Take the layer, also on failure. */
void c2s_mend_replace(struct c2s_mending *m, size_t index, cnn2snn_layer *layer);
cnn2snn_status c2s_mend_insert(struct c2s_mending *m, size_t index, cnn2snn_layer *layer, cnn2snn_error **error);
/* Replaces a layer by one of another class (NULL: the same) and config (taken); `weights` NULL: its own. */
cnn2snn_status c2s_mend_remake(struct c2s_mending *m, size_t index, const char *class_name, json_t *config,
                               size_t count, cnn2snn_tensor *const *weights, cnn2snn_error **error);
/* A name that no layer has: base and a suffix, numbered where that is taken. A block of the allocator, or NULL. */
char *c2s_mend_new_name(const struct c2s_mending *m, const char *base, const char *suffix);
/* A new ReLU behind layer `index`, named after it; an infinite limit is none. */
cnn2snn_status c2s_mend_add_relu(struct c2s_mending *m, size_t index, float limit, cnn2snn_error **error);
cnn2snn_status c2s_mend_note(struct c2s_mending *m, const char *rule, const char *layer, const char *what,
                             cnn2snn_error **error);

/*
 * A Sequential in which all mends are made, and what was done. CNN2SNN_E_INCOMPATIBLE where the layers are no row.
 * Outputs are the same for inputs that are not negative, as Akida's are, up to rounding.
 */
cnn2snn_status c2s_mend_model(const struct c2s_graph *graph, cnn2snn_report *report, struct c2s_graph **out_graph,
                              cnn2snn_error **error);

#endif
