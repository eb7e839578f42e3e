/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as data: when a model can't be converted, what is said then, and what to do about it. `check` and `convert`
 * run the same table; only its rows know a rule's text.
 */
#ifndef C2S_RULE_H
#define C2S_RULE_H

#include "base/report.h"
#include "plan/chain.h"
#include "plan/plan.h"

/* What a rule is asked about, in the order in which scopes are run. */
enum c2s_rule_scope {
    C2S_SCOPE_SETTINGS, /* once: options and the Rescaling layer */
    C2S_SCOPE_GRAPH,    /* once: the model as given; only where it can't be prepared */
    C2S_SCOPE_LAYER,    /* each layer of the model as given; only where it can't be prepared */
    C2S_SCOPE_INVERT,   /* each link, before batch normalization goes before its pooling; likewise */
    C2S_SCOPE_FOLD,     /* each link, before batch normalization is folded; likewise */
    C2S_SCOPE_CHAIN,    /* once: the row of layers */
    C2S_SCOPE_ORDER,    /* each link: the reference's compatibility rules */
    C2S_SCOPE_BLOCK     /* each link: what becomes of it in the Akida model */
};

/* What the model is looked at with. Pointers are borrowed. */
struct c2s_view {
    const struct c2s_graph *graph;
    const struct c2s_chain *chain;
    const struct c2s_plan_settings *settings;
    const cnn2snn_layer *rescaling;      /* among the first two layers, or NULL */
    double scale, shift;                 /* input scaling in force */
    bool quantized;                      /* some layer of the model is */
    bool image;                          /* the first layer becomes an InputConvolutional */
    const size_t *calls;                 /* of each layer of the graph: how many */
    const struct c2s_node *const *nodes; /* of each layer of the graph: its first call, or NULL */
    const char *known_rule;              /* what preparing to convert has told already, or NULL */
    const char *known_layer;
};

/* What a condition found: the values that go into the message, and the layer where the scope doesn't say it. */
struct c2s_found {
    char values[3][256];
    const char *layer;
};

struct c2s_rule {
    const char *id;
    enum c2s_rule_scope scope;
    unsigned sets; /* of enum c2s_rule_set */
    bool alone;    /* needs no neighbours: also asked where layers form no row */
    cnn2snn_severity severity;
    cnn2snn_status code; /* CNN2SNN_OK for warnings */
    bool (*broken)(const struct c2s_view *view, size_t index, struct c2s_found *found);
    const char *message; /* {1} to {3} are what was found */
    const char *remedy;
};

/* All rules; those of one scope stand together. */
extern const struct c2s_rule c2s_rules[];
extern const size_t c2s_rule_count;

/* The first row of that id, or NULL. */
const struct c2s_rule *c2s_rule_find(const char *id);

/* Writes value `index` (0 to 2) of what was found. */
void c2s_found_set(struct c2s_found *found, size_t index, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void c2s_found_shape(struct c2s_found *found, size_t index, const struct c2s_shape *shape);
/* Puts the found values into the message's places. */
void c2s_found_fill(const char *message, const struct c2s_found *found, char *text, size_t size);

/* Runs the rules of a scope, in the table's order for each layer, and reports those that are broken. */
cnn2snn_status c2s_rules_run(enum c2s_rule_scope scope, unsigned sets, const struct c2s_view *view,
                             cnn2snn_report *report, cnn2snn_error **error);

/* What the rows ask, by scope. */
typedef bool c2s_condition(const struct c2s_view *view, size_t index, struct c2s_found *found);

/* input_conditions.c */
c2s_condition c2s_version_is_wrong, c2s_rescaling_and_scaling, c2s_rescaling_by_channel, c2s_scale_is_wrong;
c2s_condition c2s_shift_is_wrong, c2s_padding_value_is_wrong, c2s_shift_is_fractional, c2s_shift_of_events;
c2s_condition c2s_input_size_is_open;

/* graph_conditions.c */
c2s_condition c2s_ends_are_wrong, c2s_has_branches, c2s_is_channels_first, c2s_is_dilated, c2s_is_shared;
c2s_condition c2s_concatenate_is_wrong, c2s_gamma_is_not_positive, c2s_batchnorm_lacks_weights;
c2s_condition c2s_batchnorm_axis_is_wrong, c2s_gamma_is_null, c2s_quantizer_is_per_tensor;

/* order_conditions.c */
c2s_condition c2s_image_input_is_wrong, c2s_dense_input_is_wrong, c2s_activation_is_missing;
c2s_condition c2s_activation_is_alone, c2s_pooling_is_first, c2s_pooling_is_misplaced, c2s_pool_padding_differs;
c2s_condition c2s_flatten_is_misplaced, c2s_reshape_is_wrong, c2s_rescaling_is_misplaced;
c2s_condition c2s_softmax_is_misplaced, c2s_is_unsupported;

/* block_conditions.c */
c2s_condition c2s_has_no_block, c2s_first_layer_is_wrong, c2s_is_not_quantized, c2s_rescaling_shifts_events;
c2s_condition c2s_argument_is_unsupported, c2s_is_not_built, c2s_bitwidths_differ, c2s_weight_bits_are_wrong;
c2s_condition c2s_weight_bits_wrap, c2s_activation_bits_are_wrong, c2s_step_is_wrong, c2s_kernel_is_even;
c2s_condition c2s_stride_exceeds_kernel, c2s_pool_stride_exceeds_pool, c2s_weight_is_not_finite;
c2s_condition c2s_extent_is_wrong, c2s_final_activation_is_dropped, c2s_first_layer_is_no_conv;
c2s_condition c2s_relu_is_not_plain;

#endif
