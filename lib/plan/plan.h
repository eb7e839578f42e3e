/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Akida model will be: the blocks of a legacy-quantized model, and every fault found on the way. `check` is
 * plan, `convert` is plan, then emit: one set of rules.
 */
#ifndef C2S_PLAN_H
#define C2S_PLAN_H

#include "base/report.h"
#include "cnn2snn/converter.h"
#include "ir/graph.h"

struct c2s_plan_settings {
    bool has_input_scaling;
    double input_scale, input_shift;
    cnn2snn_input_mode input_mode;
    cnn2snn_akida_version akida_version; /* DEFAULT: what suits the model */
};

/* One Akida layer: a neural layer with the pooling and the activation behind it. Layers are borrowed from the graph. */
struct c2s_plan_block {
    const cnn2snn_layer *neural;
    const cnn2snn_layer *pooling;    /* or NULL */
    const cnn2snn_layer *activation; /* or NULL */
    int64_t input_dims[3];           /* (X, Y, C) of the Akida layer */
    int64_t pooled_elements;         /* H * W in front of a GlobalAveragePooling2D, otherwise 1 */
};

struct c2s_plan {
    cnn2snn_context *context;
    struct c2s_graph *graph; /* prepared to convert: Sequential, folded */
    bool image;              /* InputConvolutional; otherwise an InputData goes first */
    double scale, shift;     /* input scaling in force */
    int64_t input_dims[3];
    struct c2s_plan_block *blocks;
    size_t block_count, block_capacity;
};

/*
 * Plans the conversion. Faults and warnings go to the report; the status is CNN2SNN_OK also when there are faults
 * (then *out_plan may be NULL), and something else only when the planning itself failed (memory, callbacks).
 */
cnn2snn_status c2s_plan_create(const struct c2s_graph *graph, const struct c2s_plan_settings *settings,
                               cnn2snn_report *report, struct c2s_plan **out_plan, cnn2snn_error **error);
void c2s_plan_destroy(struct c2s_plan *plan);

#endif
