/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the steps of sanitizing share. A step looks at the graph as the step before left it, and edits `items`; places
 * in both are the same. A status other than that of memory, limits and callbacks gives the step up, with its edits.
 */
#ifndef C2S_SANITIZE_STEP_H
#define C2S_SANITIZE_STEP_H

#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "layers/quantizeml_attributes.h"
#include "transform/calls.h"
#include "transform/depth_order.h"

struct c2s_sanitizer {
    cnn2snn_context *context;
    struct c2s_graph *graph; /* node i calls layer i */
    struct c2s_calls calls;
    struct c2s_item_list items;
    struct c2s_value *outputs;
    uint64_t identity_weights; /* that were put in so far */
    bool changed;
};

typedef cnn2snn_status c2s_sanitize_step(struct c2s_sanitizer *s, cnn2snn_error **error);

enum { C2S_NOWHERE = -1 };

static inline const cnn2snn_layer *c2s_sanitize_layer(const struct c2s_sanitizer *s, size_t at)
{
    return s->graph->layers[at];
}

static inline enum c2s_kind_id c2s_sanitize_kind(const struct c2s_sanitizer *s, size_t at)
{
    return c2s_layer_id(s->graph->layers[at]);
}

static inline size_t c2s_sanitize_user_count(const struct c2s_sanitizer *s, size_t at)
{
    return c2s_calls_user_count(&s->calls, at);
}

static inline const struct c2s_shape *c2s_sanitize_output_shape(const struct c2s_sanitizer *s, size_t at)
{
    return &s->graph->nodes[at].shapes[0];
}

/* Shape of the first input; NULL for InputLayers. */
const struct c2s_shape *c2s_sanitize_input_shape(const struct c2s_sanitizer *s, size_t at);
/* The layer that alone takes the output, or C2S_NOWHERE. */
ptrdiff_t c2s_sanitize_only_user(const struct c2s_sanitizer *s, size_t at);
/* The layer that gives the only input, or C2S_NOWHERE. */
ptrdiff_t c2s_sanitize_only_input(const struct c2s_sanitizer *s, size_t at);

/* True for kinds whose class is Conv2D in Keras or derived from it. */
bool c2s_sanitize_is_conv2d(enum c2s_kind_id kind);
/* Attributes of any float convolution, or NULL. */
const struct c2s_conv_attributes *c2s_sanitize_conv(const cnn2snn_layer *layer);
/* Is it padded as Keras's "same" is? A PaddedConv2D isn't: its padding is its own. */
bool c2s_sanitize_is_same(const cnn2snn_layer *layer);

/* Takes the layer, also on failure. */
void c2s_sanitize_replace_take(struct c2s_sanitizer *s, size_t at, cnn2snn_layer *layer);
/* Those who took the output of `from` take `to` instead; the model's outputs only where nobody did. */
void c2s_sanitize_redirect(struct c2s_sanitizer *s, size_t from, struct c2s_value to);
/* Puts the layer (taken, also on failure) behind an item, in front of those who take its output. */
cnn2snn_status c2s_sanitize_insert_take(struct c2s_sanitizer *s, size_t behind, cnn2snn_layer *layer,
                                        cnn2snn_error **error);
/* Puts an item behind the only one that takes its output. */
void c2s_sanitize_swap(struct c2s_sanitizer *s, size_t first, size_t second);
/* Takes an item with one input out. */
void c2s_sanitize_remove(struct c2s_sanitizer *s, size_t at);

/* The layer with another class (NULL: the same) and this config, which is taken; NULL is a lack of memory. Weights
 * come along where they fit. */
cnn2snn_status c2s_sanitize_remake_take(const cnn2snn_layer *layer, const char *class_name, json_t *config,
                                        cnn2snn_layer **out_layer, cnn2snn_error **error);
/* The layer with one member of its config set to `value`, which is taken. */
cnn2snn_status c2s_sanitize_with_member(const cnn2snn_layer *layer, const char *key, json_t *value,
                                        cnn2snn_layer **out_layer, cnn2snn_error **error);

/* A convolution with kernels of one element that changes nothing, for 4-D inputs of so many channels. */
cnn2snn_status c2s_identity_conv_create(cnn2snn_context *context, const char *name, int64_t channels,
                                        cnn2snn_layer **out_layer, cnn2snn_error **error);

/* In their order (spec/quantizeml-ptq.md 3, S1 to S16). */
c2s_sanitize_step c2s_split_activations, c2s_replace_activations, c2s_replace_leaky_activations;
c2s_sanitize_step c2s_make_depthwise, c2s_remove_reshapes, c2s_align_rescaling;
c2s_sanitize_step c2s_invert_activation_pooling, c2s_invert_pooling_batchnorm, c2s_fold_batchnorms;
c2s_sanitize_step c2s_remove_zero_padding, c2s_split_concatenates, c2s_make_kernels_odd, c2s_split_depthwise;
c2s_sanitize_step c2s_identity_before_pooled_sum, c2s_identity_behind_merges, c2s_identity_behind_input_conv;
c2s_sanitize_step c2s_identity_for_many_users;

#endif
