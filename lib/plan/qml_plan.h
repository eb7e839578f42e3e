/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Akida model of a QuantizeML model will be: its blocks, each one Akida layer, with the integers that they
 * are made of, and every fault found on the way (spec/quantizeml-conversion.md 1 to 5, 7).
 */
#ifndef C2S_QML_PLAN_H
#define C2S_QML_PLAN_H

#include "derive/derive.h"
#include "plan/block_patterns.h"
#include "plan/plan.h"

enum { C2S_NO_BLOCK = -1, C2S_MODEL_INPUT = -2, C2S_MAX_INBOUNDS = 2 };

struct c2s_qml_block {
    const struct c2s_block_pattern *pattern;
    size_t nodes[C2S_PATTERN_LENGTH]; /* of the graph, in the pattern's order; what conversion skips is left out */
    size_t count;
    ptrdiff_t inbounds[C2S_MAX_INBOUNDS]; /* earlier blocks, or C2S_MODEL_INPUT */
    size_t inbound_count;
    bool input_data; /* an InputData layer goes in front of it */
};

struct c2s_qml_plan {
    cnn2snn_context *context;
    struct c2s_graph *graph;
    struct c2s_derivation *derivation; /* by node of the graph; NULL where that failed */
    cnn2snn_akida_version version;
    bool flatten_shifts; /* export what the reference loses (trap 13) */
    bool exact_scales;   /* what right shifts can't do is taken off the scales (trap 20) */
    struct c2s_qml_block *blocks;
    size_t block_count, block_capacity;
};

/* Checks all rules and plans the conversion; *out_plan is NULL, and the status CNN2SNN_OK, where there are faults. */
cnn2snn_status c2s_qml_plan_create(const struct c2s_graph *graph, const struct c2s_plan_settings *settings,
                                   cnn2snn_report *report, struct c2s_qml_plan **out_plan, cnn2snn_error **error);
void c2s_qml_plan_destroy(struct c2s_qml_plan *plan);

/* The layer at a position of a block. */
const cnn2snn_layer *c2s_qml_block_layer(const struct c2s_qml_plan *plan, const struct c2s_qml_block *block,
                                         size_t position);
/* Its first layer of that kind, or NULL. */
const cnn2snn_layer *c2s_qml_block_find(const struct c2s_qml_plan *plan, const struct c2s_qml_block *block,
                                        enum c2s_kind_id kind);
/* The layer that names the Akida layer. */
const cnn2snn_layer *c2s_qml_block_main(const struct c2s_qml_plan *plan, const struct c2s_qml_block *block);
/* What was derived for the layer at a position. */
const struct c2s_derived *c2s_qml_block_derived(const struct c2s_qml_plan *plan, const struct c2s_qml_block *block,
                                                size_t position);
/* Output quantizer of the block's last layer, or NULL. */
const struct c2s_output_quantizer *c2s_qml_block_output(const struct c2s_qml_plan *plan,
                                                        const struct c2s_qml_block *block);
/* Shapes of what goes into and comes out of the layer at a position. */
const struct c2s_shape *c2s_qml_block_input_shape(const struct c2s_qml_plan *plan, const struct c2s_qml_block *block,
                                                  size_t position);
const struct c2s_shape *c2s_qml_block_output_shape(const struct c2s_qml_plan *plan, const struct c2s_qml_block *block,
                                                   size_t position);

#endif
