/* SPDX-License-Identifier: Apache-2.0 */
/* Decides in which order a model's rules are asked, and how its layers group into Akida layers. */
#include "plan/plan.h"

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "plan/rule.h"
#include "transform/transform.h"

/* Everything that a check makes and a plan may keep. */
struct check {
    struct c2s_view view;
    struct c2s_chain chain;
    struct c2s_graph *prepared; /* NULL where that failed */
    size_t *calls;
    const struct c2s_node **nodes;
    cnn2snn_report *report;
    unsigned sets;
};

/* A Rescaling layer among the first two layers of Keras's model.layers gives the input scaling. */
static const cnn2snn_layer *find_rescaling(const struct c2s_graph *graph)
{
    size_t first = graph->sequential ? 1 : 0;
    for (size_t i = first; i < first + 2 && i < graph->layer_count; i++)
        if (c2s_layer_id(graph->layers[i]) == C2S_KIND_RESCALING)
            return graph->layers[i];
    return NULL;
}

static void set_input_scaling(struct c2s_view *view)
{
    view->scale = 1.0;
    view->shift = 0.0;
    if (view->settings->has_input_scaling) {
        view->scale = view->settings->input_scale;
        view->shift = view->settings->input_shift;
    } else if (view->rescaling) {
        const struct c2s_rescaling_attributes *attributes = view->rescaling->attributes;
        if (attributes->scale_count && attributes->offset_count) {
            view->scale = 1.0 / attributes->scale[0];
            view->shift = -attributes->offset[0] / attributes->scale[0];
        }
    }
}

static bool takes_images(const struct c2s_graph *graph, cnn2snn_input_mode mode)
{
    if (mode != CNN2SNN_INPUT_AUTO)
        return mode == CNN2SNN_INPUT_IMAGE;
    if (!graph->input_count)
        return false;
    const struct c2s_node *node = &graph->nodes[graph->inputs[0]];
    if (!node->shapes || !node->output_count || !node->shapes[0].rank)
        return false;
    int64_t channels = node->shapes[0].extents[node->shapes[0].rank - 1];
    return channels == 1 || channels == 3;
}

static cnn2snn_status count_calls(struct check *check, cnn2snn_error **error)
{
    const struct c2s_graph *graph = check->view.graph;
    check->calls = c2s_calloc(graph->context, graph->layer_count, sizeof *check->calls);
    check->nodes = c2s_calloc(graph->context, graph->layer_count, sizeof *check->nodes);
    if (!check->calls || !check->nodes)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < graph->node_count; i++) {
        size_t layer = graph->nodes[i].layer;
        if (!check->calls[layer]++)
            check->nodes[layer] = &graph->nodes[i];
    }
    check->view.calls = check->calls;
    check->view.nodes = check->nodes;
    return CNN2SNN_OK;
}

/* Faults of the model, as against those of the machine or of the user's callbacks. */
static bool is_fault(cnn2snn_status status)
{
    return status == CNN2SNN_E_INCOMPATIBLE || status == CNN2SNN_E_VALUE || status == CNN2SNN_E_TYPE ||
           status == CNN2SNN_E_NOT_SEQUENTIAL || status == CNN2SNN_E_MALFORMED || status == CNN2SNN_E_UNSUPPORTED ||
           status == CNN2SNN_E_STATE || status == CNN2SNN_E_INDEX;
}

/* Prepares the graph; what it fails on becomes a fault like the others, with the remedy of its rule. */
static cnn2snn_status prepare(struct check *check, cnn2snn_error **error)
{
    cnn2snn_error *cause = NULL;
    cnn2snn_status status = c2s_prepare_to_convert(check->view.graph, &check->prepared, &cause);
    if (!status)
        return CNN2SNN_OK;
    if (!is_fault(status) || !cause) {
        if (error && !*error)
            *error = cause;
        else
            c2s_error_clear(&cause);
        return status;
    }
    const char *id = cause->rule && *cause->rule ? cause->rule : "L-E";
    const struct c2s_rule *rule = c2s_rule_find(id);
    status = c2s_report_add(check->report, CNN2SNN_SEVERITY_ERROR, status, id, cause->layer,
                            rule ? rule->remedy : NULL, error, "%s", cause->message);
    c2s_error_clear(&cause);
    if (!status) {
        const struct c2s_fault *fault = &check->report->faults[check->report->count - 1];
        check->view.known_rule = fault->rule;
        check->view.known_layer = fault->layer;
    }
    return status;
}

static cnn2snn_status run(struct check *check, enum c2s_rule_scope scope, cnn2snn_error **error)
{
    return c2s_rules_run(scope, check->sets, &check->view, check->report, error);
}

/* The model can't be prepared: all that is wrong with its structure, and a row of layers as good as it gets. */
static cnn2snn_status check_structure(struct check *check, cnn2snn_error **error)
{
    C2S_TRY(run(check, C2S_SCOPE_GRAPH, error));
    C2S_TRY(run(check, C2S_SCOPE_LAYER, error));
    C2S_TRY(c2s_chain_create(check->view.graph, &check->chain, error));
    if (!check->chain.linear)
        return CNN2SNN_OK;
    c2s_chain_drop_dropout(&check->chain);
    C2S_TRY(run(check, C2S_SCOPE_INVERT, error));
    c2s_chain_invert_batchnorm_pooling(&check->chain);
    C2S_TRY(run(check, C2S_SCOPE_FOLD, error));
    c2s_chain_fold_batchnorm(&check->chain);
    return CNN2SNN_OK;
}

bool c2s_graph_is_quantized(const struct c2s_graph *graph)
{
    for (size_t i = 0; i < graph->layer_count; i++) {
        const cnn2snn_layer *layer = graph->layers[i];
        if (c2s_layer_is(layer, C2S_FAMILY_QUANTIZED | C2S_FAMILY_QUANTIZED_ACTIVATION) ||
            (layer->graph && c2s_graph_is_quantized(layer->graph)))
            return true;
    }
    return false;
}

static cnn2snn_status check_all(struct check *check, cnn2snn_error **error)
{
    check->view.chain = &check->chain;
    check->view.rescaling = find_rescaling(check->view.graph);
    set_input_scaling(&check->view);
    check->view.quantized = c2s_graph_is_quantized(check->view.graph);
    check->view.image = takes_images(check->view.graph, check->view.settings->input_mode);
    C2S_TRY(count_calls(check, error));
    C2S_TRY(run(check, C2S_SCOPE_SETTINGS, error));
    C2S_TRY(prepare(check, error));
    if (check->prepared)
        C2S_TRY(c2s_chain_create(check->prepared, &check->chain, error));
    else
        C2S_TRY(check_structure(check, error));
    C2S_TRY(run(check, C2S_SCOPE_CHAIN, error));
    C2S_TRY(run(check, C2S_SCOPE_ORDER, error));
    return run(check, C2S_SCOPE_BLOCK, error);
}

static void free_check(struct check *check)
{
    c2s_free(check->view.graph->context, check->calls);
    c2s_free(check->view.graph->context, check->nodes);
    if (check->chain.context)
        c2s_chain_free(&check->chain);
    c2s_graph_release(check->prepared);
}

cnn2snn_status c2s_plan_check(const struct c2s_graph *graph, const struct c2s_plan_settings *settings, unsigned sets,
                              cnn2snn_report *report, cnn2snn_error **error)
{
    struct check check = {.view = {.graph = graph, .settings = settings}, .report = report, .sets = sets};
    cnn2snn_status status = check_all(&check, error);
    free_check(&check);
    return status;
}

/* (X, Y, C) of a shape with one or three extents. */
static void set_dims(int64_t dims[3], const struct c2s_shape *shape)
{
    bool flat = shape->rank == 1;
    dims[0] = flat ? 1 : shape->extents[0];
    dims[1] = flat ? 1 : shape->extents[1];
    dims[2] = shape->extents[shape->rank - 1];
}

/* Groups the layers; the rules have seen to it that everything fits. */
static cnn2snn_status make_blocks(const struct c2s_chain *chain, struct c2s_plan *plan, cnn2snn_error **error)
{
    int64_t dims[3];
    set_dims(plan->input_dims, &chain->input);
    set_dims(dims, &chain->input);
    for (size_t i = 0; i < chain->count; i++) {
        const struct c2s_link *link = &chain->links[i];
        if (!link->shapes_known)
            return c2s_layer_error(plan->context, error, CNN2SNN_E_STATE, "L-G3", link->layer->name,
                                   "input or output shape is unknown");
        if (c2s_layer_is(link->layer, C2S_FAMILY_NEURAL)) {
            if (c2s_array_reserve(plan->context, &plan->blocks, &plan->block_capacity, plan->block_count + 1,
                                  sizeof *plan->blocks))
                return c2s_error_no_memory(error);
            plan->blocks[plan->block_count++] = (struct c2s_plan_block){
                .neural = link->layer, .input_dims = {dims[0], dims[1], dims[2]}, .pooled_elements = 1};
            set_dims(dims, &link->out);
        } else if (c2s_layer_is(link->layer, C2S_FAMILY_POOLING)) {
            struct c2s_plan_block *block = &plan->blocks[plan->block_count - 1];
            block->pooling = link->layer;
            if (c2s_layer_id(link->layer) == C2S_KIND_GLOBAL_AVERAGE_POOLING2D)
                block->pooled_elements = link->in.extents[0] * link->in.extents[1];
            set_dims(dims, &link->out);
        } else if (c2s_layer_is(link->layer, C2S_FAMILY_QUANTIZED_ACTIVATION)) {
            plan->blocks[plan->block_count - 1].activation = link->layer;
        }
    }
    return CNN2SNN_OK;
}

static cnn2snn_status make_plan(struct check *check, struct c2s_plan **out_plan, cnn2snn_error **error)
{
    cnn2snn_context *context = check->view.graph->context;
    struct c2s_plan *plan = c2s_calloc(context, 1, sizeof *plan);
    if (!plan)
        return c2s_error_no_memory(error);
    plan->context = c2s_context_retain(context);
    plan->graph = c2s_graph_retain(check->prepared);
    plan->image = check->view.image;
    plan->scale = check->view.scale;
    plan->shift = check->view.shift;
    cnn2snn_status status = make_blocks(&check->chain, plan, error);
    if (status) {
        c2s_plan_destroy(plan);
        return status;
    }
    *out_plan = plan;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_plan_create(const struct c2s_graph *graph, const struct c2s_plan_settings *settings,
                               cnn2snn_report *report, struct c2s_plan **out_plan, cnn2snn_error **error)
{
    *out_plan = NULL;
    struct check check = {.view = {.graph = graph, .settings = settings},
                          .report = report,
                          .sets = C2S_RULES_COMPATIBLE | C2S_RULES_CONVERT};
    cnn2snn_status status = check_all(&check, error);
    if (!status && !c2s_report_count_errors(report))
        status = make_plan(&check, out_plan, error);
    free_check(&check);
    return status;
}

void c2s_plan_destroy(struct c2s_plan *plan)
{
    if (!plan)
        return;
    cnn2snn_context *context = plan->context;
    c2s_graph_release(plan->graph);
    c2s_free(context, plan->blocks);
    c2s_free(context, plan);
    c2s_context_release(context);
}
