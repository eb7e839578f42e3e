/* SPDX-License-Identifier: Apache-2.0 */
/* How the layers of a QuantizeML model fall into blocks (spec/quantizeml-conversion.md 3 to 5). */
#ifndef C2S_QML_BLOCKS_H
#define C2S_QML_BLOCKS_H

#include "plan/qml_plan.h"

/* The graph's calls as the split looks at them. */
struct c2s_qml_split {
    const struct c2s_graph *graph;
    cnn2snn_akida_version version;
    size_t *order;          /* nodes in the order of Keras's model.layers */
    size_t count;           /* of them */
    size_t end;             /* position of the first Dequantizer, or count: nothing behind it is converted */
    size_t *consumer_count; /* of each node: how many nodes take its output */
    size_t *consumer;       /* of each node: the first of them */
    ptrdiff_t *block_of;    /* of each node */
};

cnn2snn_status c2s_qml_split_create(const struct c2s_graph *graph, cnn2snn_akida_version version,
                                    struct c2s_qml_split *split, cnn2snn_error **error);
void c2s_qml_split_free(struct c2s_qml_split *split);

/* Fills in the plan's blocks; what falls into none, or forms no known one, goes to the report. Every node has its
 * shapes. */
cnn2snn_status c2s_qml_make_blocks(struct c2s_qml_split *split, const struct c2s_block_patterns *patterns,
                                   struct c2s_qml_plan *plan, cnn2snn_report *report, cnn2snn_error **error);

/* True for layers that conversion leaves out wherever they are. */
bool c2s_qml_is_skipped(const struct c2s_graph *graph, size_t node);

#endif
