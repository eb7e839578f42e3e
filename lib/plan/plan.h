/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Akida model will be: the blocks of a legacy-quantized model, and every fault found on the way. `check` is
 * plan, `convert` is plan, then emit: one set of rules (plan/rule.h).
 */
#ifndef C2S_PLAN_H
#define C2S_PLAN_H

#include "base/report.h"
#include "cnn2snn/converter.h"
#include "ir/graph.h"

struct c2s_block_patterns;

struct c2s_plan_settings {
    bool has_input_scaling;
    double input_scale, input_shift;
    cnn2snn_input_mode input_mode;
    cnn2snn_akida_version akida_version;       /* DEFAULT: what suits the model */
    bool flatten_shifts;                       /* QuantizeML models: exports what the reference loses (trap 13) */
    bool exact_scales;                         /* QuantizeML models: the same (trap 20) */
    const struct c2s_block_patterns *patterns; /* QuantizeML models; NULL: all (plan/block_patterns.h) */
};

/* Which rules count. */
enum c2s_rule_set {
    C2S_RULES_COMPATIBLE = 1, /* of check_model_compatibility (spec/legacy.md h.1): float models too */
    C2S_RULES_CONVERT = 2,    /* of conversion on top of them (g.1 to g.3) */
    C2S_RULES_AHEAD = 4       /* what quantization or conversion of a float model will not take: told as warnings */
};

/* One Akida layer: a neural layer with the pooling and the activation behind it. Layers are borrowed from the graph.
 */
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
 * Runs the rules of the sets over a model. Faults and warnings go to the report: first what the settings break, then
 * the structure, then the order of layers, then what becomes of each; the first one is what the reference would
 * raise. The status is CNN2SNN_OK also when there are faults, and something else only when the checking itself failed
 * (memory, callbacks).
 */
cnn2snn_status c2s_plan_check(const struct c2s_graph *graph, const struct c2s_plan_settings *settings, unsigned sets,
                              cnn2snn_report *report, cnn2snn_error **error);

/* True where a layer has weights or activations quantized by CNN2SNN: then the rules of conversion count, too. */
bool c2s_graph_is_quantized(const struct c2s_graph *graph);

/* Checks all rules and plans the conversion; *out_plan is NULL, and the status CNN2SNN_OK, where there are faults. */
cnn2snn_status c2s_plan_create(const struct c2s_graph *graph, const struct c2s_plan_settings *settings,
                               cnn2snn_report *report, struct c2s_plan **out_plan, cnn2snn_error **error);
void c2s_plan_destroy(struct c2s_plan *plan);

#endif
