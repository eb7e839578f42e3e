/* SPDX-License-Identifier: Apache-2.0 */
/* Decides in which order a QuantizeML model is looked at, and when its conversion can go on. */
#include "plan/qml_plan.h"

#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "layers/quantizeml_attributes.h"
#include "plan/qml_blocks.h"
#include "plan/qml_rules.h"

/* -------------------------------------------------------------------------------------------- looking at blocks */

const cnn2snn_layer *c2s_qml_block_layer(const struct c2s_qml_plan *plan, const struct c2s_qml_block *block,
                                         size_t position)
{
    return plan->graph->layers[plan->graph->nodes[block->nodes[position]].layer];
}

const cnn2snn_layer *c2s_qml_block_find(const struct c2s_qml_plan *plan, const struct c2s_qml_block *block,
                                        enum c2s_kind_id kind)
{
    ptrdiff_t position = c2s_block_pattern_position(block->pattern, kind);
    return position < 0 ? NULL : c2s_qml_block_layer(plan, block, (size_t)position);
}

const cnn2snn_layer *c2s_qml_block_main(const struct c2s_qml_plan *plan, const struct c2s_qml_block *block)
{
    return c2s_qml_block_layer(plan, block, c2s_block_pattern_main(block->pattern));
}

const struct c2s_derived *c2s_qml_block_derived(const struct c2s_qml_plan *plan, const struct c2s_qml_block *block,
                                                size_t position)
{
    return &plan->derivation->nodes[block->nodes[position]];
}

const struct c2s_output_quantizer *c2s_qml_block_output(const struct c2s_qml_plan *plan,
                                                        const struct c2s_qml_block *block)
{
    const struct c2s_output_quantizer *output =
        c2s_layer_output_quantizer(c2s_qml_block_layer(plan, block, block->count - 1));
    return output && output->present ? output : NULL;
}

const struct c2s_shape *c2s_qml_block_input_shape(const struct c2s_qml_plan *plan, const struct c2s_qml_block *block,
                                                  size_t position)
{
    struct c2s_value value = plan->graph->nodes[block->nodes[position]].inputs[0];
    return &plan->graph->nodes[value.node].shapes[value.output];
}

const struct c2s_shape *c2s_qml_block_output_shape(const struct c2s_qml_plan *plan, const struct c2s_qml_block *block,
                                                   size_t position)
{
    return &plan->graph->nodes[block->nodes[position]].shapes[0];
}

/* ------------------------------------------------------------------------------------------------ checking */

struct check {
    struct c2s_qml_view view;
    struct c2s_qml_split split;
    struct c2s_qml_plan *plan;
    size_t *calls;
    cnn2snn_report *report;
};

static cnn2snn_status start(struct check *check, const struct c2s_graph *graph,
                            const struct c2s_plan_settings *settings, cnn2snn_error **error)
{
    cnn2snn_context *context = graph->context;
    for (size_t i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i].shapes)
            return c2s_error(context, error, CNN2SNN_E_STATE, "Q-046", "the shapes of the model aren't known");
    check->calls = c2s_calloc(context, graph->layer_count, sizeof *check->calls);
    check->plan = check->calls ? c2s_calloc(context, 1, sizeof *check->plan) : NULL;
    if (!check->plan)
        return c2s_error_no_memory(error);
    *check->plan = (struct c2s_qml_plan){
        .context = c2s_context_retain(context),
        .graph = c2s_graph_retain(graph),
        .version = settings->akida_version ? settings->akida_version : context->akida_version,
        .flatten_shifts = settings->flatten_shifts,
        .exact_scales = settings->exact_scales,
    };
    for (size_t i = 0; i < graph->node_count; i++)
        check->calls[graph->nodes[i].layer]++;
    check->view = (struct c2s_qml_view){settings, check->plan, &check->split, check->calls};
    return c2s_qml_split_create(graph, check->plan->version, &check->split, error);
}

static cnn2snn_status run(struct check *check, enum c2s_qml_scope scope, cnn2snn_error **error)
{
    return c2s_qml_rules_run(scope, &check->view, check->report, error);
}

static bool is_told(const cnn2snn_report *report, const char *layer)
{
    for (size_t i = 0; layer && i < report->count; i++)
        if (report->faults[i].severity == CNN2SNN_SEVERITY_ERROR && !strcmp(report->faults[i].layer, layer))
            return true;
    return false;
}

/* Derives the integers; what that fails on becomes a fault like the others, unless its layer has one already. */
static cnn2snn_status derive(struct check *check, cnn2snn_error **error)
{
    cnn2snn_error *cause = NULL;
    cnn2snn_status status = c2s_derive(check->plan->graph, &check->plan->derivation, &cause);
    if (!status)
        return CNN2SNN_OK;
    if (c2s_status_is_fault(c2s_status_of_cause(status, cause)) && cause && is_told(check->report, cause->layer)) {
        c2s_error_clear(&cause);
        return CNN2SNN_OK;
    }
    return c2s_report_add_cause(check->report, status, cause, "Q-001", error);
}

static cnn2snn_status check_all(struct check *check, const struct c2s_plan_settings *settings, cnn2snn_error **error)
{
    C2S_TRY(run(check, C2S_QML_SETTINGS, error));
    C2S_TRY(run(check, C2S_QML_GRAPH, error));
    bool sound = !c2s_report_count_errors(check->report); /* otherwise there is nothing to derive */
    C2S_TRY(run(check, C2S_QML_ANYWHERE, error));
    C2S_TRY(run(check, C2S_QML_NODE, error));
    C2S_TRY(c2s_qml_make_blocks(&check->split, settings->patterns ? settings->patterns : &c2s_block_patterns,
                                check->plan, check->report, error));
    C2S_TRY(run(check, C2S_QML_BLOCK, error));
    if (sound)
        C2S_TRY(derive(check, error));
    return check->plan->derivation ? run(check, C2S_QML_NUMBERS, error) : CNN2SNN_OK;
}

cnn2snn_status c2s_qml_plan_create(const struct c2s_graph *graph, const struct c2s_plan_settings *settings,
                                   cnn2snn_report *report, struct c2s_qml_plan **out_plan, cnn2snn_error **error)
{
    struct check check = {.report = report};
    *out_plan = NULL;
    cnn2snn_status status = start(&check, graph, settings, error);
    if (!status)
        status = check_all(&check, settings, error);
    c2s_qml_split_free(&check.split);
    c2s_free(graph->context, check.calls);
    if (!status && !c2s_report_count_errors(report))
        *out_plan = check.plan;
    else
        c2s_qml_plan_destroy(check.plan);
    return status;
}

void c2s_qml_plan_destroy(struct c2s_qml_plan *plan)
{
    if (!plan)
        return;
    cnn2snn_context *context = plan->context;
    c2s_derivation_destroy(plan->derivation);
    c2s_graph_release(plan->graph);
    c2s_free(context, plan->blocks);
    c2s_free(context, plan);
    c2s_context_release(context);
}
