/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of QuantizeML models as data (spec/quantizeml-conversion.md 2, 5, 6): one row says which Akida version it is
 * about, which kinds of blocks, what is said when it is broken, and what to do then.
 */
#ifndef C2S_QML_RULES_H
#define C2S_QML_RULES_H

#include "plan/qml_blocks.h"
#include "plan/rule.h"

/* What a rule is asked about, in the order in which scopes are run. */
enum c2s_qml_scope {
    C2S_QML_SETTINGS, /* once */
    C2S_QML_GRAPH,    /* once */
    C2S_QML_ANYWHERE, /* each call of a layer, behind the first Dequantizer, too */
    C2S_QML_NODE,     /* each call of a layer in front of the first Dequantizer, and that one */
    C2S_QML_BLOCK,    /* each block */
    C2S_QML_NUMBERS   /* each block, when its integers are known */
};

struct c2s_qml_view {
    const struct c2s_plan_settings *settings;
    const struct c2s_qml_plan *plan;
    const struct c2s_qml_split *split;
    const size_t *calls; /* of each layer of the graph */
};

typedef bool c2s_qml_condition(const struct c2s_qml_view *view, size_t index, struct c2s_found *found);

struct c2s_qml_rule {
    const char *id;
    enum c2s_qml_scope scope;
    int versions;    /* bit 0: Akida 1.0, bit 1: 2.0 */
    unsigned blocks; /* bit 1 << enum c2s_block_kind for each kind of block that it is about; 0: all */
    cnn2snn_severity severity;
    cnn2snn_status code;
    c2s_qml_condition *broken;
    const char *message; /* {1} to {3} are what was found */
    const char *remedy;
};

extern const struct c2s_qml_rule c2s_qml_rules[];
extern const size_t c2s_qml_rule_count;

cnn2snn_status c2s_qml_rules_run(enum c2s_qml_scope scope, const struct c2s_qml_view *view, cnn2snn_report *report,
                                 cnn2snn_error **error);

/* qml_graph_conditions.c */
c2s_qml_condition c2s_qml_scaling_is_given, c2s_qml_is_empty, c2s_qml_size_is_open, c2s_qml_ends_are_wrong;
c2s_qml_condition c2s_qml_rank_is_wrong, c2s_qml_end_is_dropped, c2s_qml_is_channels_first, c2s_qml_is_dilated;
c2s_qml_condition c2s_qml_has_inputs, c2s_qml_is_called_again, c2s_qml_is_model;

/* qml_block_conditions.c */
c2s_qml_condition c2s_qml_dtype_is_unsigned, c2s_qml_sign_differs, c2s_qml_rank_exceeds, c2s_qml_input_is_signed_v1;
c2s_qml_condition c2s_qml_quantizer_bits_are_wrong, c2s_qml_weights_are_not_4_8, c2s_qml_weights_are_not_1_2_4;
c2s_qml_condition c2s_qml_weights_exceed_8, c2s_qml_pointwise_differs, c2s_qml_is_grouped;
c2s_qml_condition c2s_qml_dense_input_is_wrong, c2s_qml_relu_is_unbounded, c2s_qml_relu_has_no_output;
c2s_qml_condition c2s_qml_relu_is_per_axis, c2s_qml_activation_bits_are_wrong, c2s_qml_gap_is_large;
c2s_qml_condition c2s_qml_projection_has_output, c2s_qml_projection_has_bias, c2s_qml_projection_subsamples;
c2s_qml_condition c2s_qml_buffers_differ, c2s_qml_fifo_is_wrong, c2s_qml_threshold_is_wrong;
c2s_qml_condition c2s_qml_nothing_is_dequantized, c2s_qml_add_has_relu, c2s_qml_quantizer_clamps,
    c2s_qml_output_bits_are_wrong;

/* qml_geometry_conditions.c */
c2s_qml_condition c2s_qml_kernel_is_not_square, c2s_qml_strides_differ, c2s_qml_pool_is_not_square;
c2s_qml_condition c2s_qml_pool_padding_differs, c2s_qml_kernel_is_even, c2s_qml_stride_exceeds_2;
c2s_qml_condition c2s_qml_stride_2_kernel_is_wrong, c2s_qml_pool_stride_exceeds, c2s_qml_stride_exceeds_kernel;
c2s_qml_condition c2s_qml_transpose_kernel_is_wrong, c2s_qml_transpose_stride_is_wrong, c2s_qml_transpose_is_valid;

/* qml_number_conditions.c */
c2s_qml_condition c2s_qml_padding_is_no_byte, c2s_qml_padding_is_not_zero, c2s_qml_padding_differs_by_channel;
c2s_qml_condition c2s_qml_input_is_shifted, c2s_qml_table_is_not_11_bits, c2s_qml_flatten_shift_is_lost;
c2s_qml_condition c2s_qml_number_exceeds_variable, c2s_qml_scale_exceeds_byte;

/* qml_trap_conditions.c */
c2s_qml_condition c2s_qml_halves_round_apart, c2s_qml_sign_is_lost, c2s_qml_shift_is_limited, c2s_qml_product_is_cut;
c2s_qml_condition c2s_qml_step_is_cut, c2s_qml_average_saturates, c2s_qml_predictions_have_another_size;

#endif
