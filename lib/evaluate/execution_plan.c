/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what runs in which order. */
#include "evaluate/execution_plan.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "evaluate/plan_memory.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "layers/quantizeml_attributes.h"

/* ------------------------------------------------------------------------------------------------ checks */

bool c2s_input_takes(const cnn2snn_layer *input_layer, const struct c2s_shape *shape)
{
    const struct c2s_input_attributes *input = input_layer->attributes;
    if (c2s_shape_is_unranked(&input->shape))
        return true;
    if (input->shape.rank != shape->rank)
        return false;
    for (size_t i = 0; i < shape->rank; i++)
        if (input->shape.extents[i] != -1 && input->shape.extents[i] != shape->extents[i])
            return false;
    return true;
}

static bool has_shape(const cnn2snn_tensor *tensor, const struct c2s_shape *shape)
{
    return tensor->rank == shape->rank && !memcmp(tensor->shape, shape->extents, tensor->rank * sizeof(int64_t));
}

cnn2snn_status c2s_check_weights(const cnn2snn_layer *layer, size_t input_count, const struct c2s_shape *inputs,
                                 cnn2snn_error **error)
{
    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS];
    size_t count = 0;
    char found[128], expected[128];
    if (c2s_layer_id(layer) == C2S_KIND_CUSTOM) /* whose weights are its own affair */
        return CNN2SNN_OK;
    C2S_TRY(c2s_layer_weight_specs(layer, input_count, inputs, specs, &count, error));
    if ((!layer->built && count) || layer->weight_count != count)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "R-weights", layer->name,
                               "%zu weights, expected %zu", layer->weight_count, count);
    for (size_t i = 0; i < count; i++) {
        const cnn2snn_tensor *weight = layer->weights[i].tensor;
        if (!weight || weight->dtype != CNN2SNN_DTYPE_FLOAT32 || !has_shape(weight, &specs[i].shape))
            return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "R-weights", layer->name,
                                   "weight %s is %s of shape %s, expected float32 of shape %s", specs[i].name,
                                   weight ? c2s_dtype_name(weight->dtype) : "missing",
                                   weight ? c2s_shape_print(weight->rank, weight->shape, found, sizeof found) : "()",
                                   c2s_shape_text(&specs[i].shape, expected, sizeof expected));
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_find_output_shape(const cnn2snn_layer *layer, size_t input_count, const struct c2s_shape *inputs,
                                     struct c2s_shape *out_shape, cnn2snn_error **error)
{
    char text[128];
    uint64_t count;
    C2S_TRY(c2s_layer_output_shape(layer, input_count, inputs, out_shape, error));
    if (!c2s_shape_is_known(out_shape))
        return c2s_layer_error(layer->context, error, CNN2SNN_E_UNSUPPORTED, "R-shape", layer->name,
                               "the output shape %s is not known", c2s_shape_text(out_shape, text, sizeof text));
    cnn2snn_status status = c2s_shape_count(layer->context, out_shape->rank, out_shape->extents, &count, error);
    if (status)
        c2s_error_set_layer(error, layer->name);
    return status;
}

/* ------------------------------------------------------------------------------------------------ lists */

#define GROW(plan, list, count, capacity)                                                                            \
    c2s_array_reserve((plan)->context, &(plan)->list, &(plan)->capacity, (plan)->count + 1, sizeof *(plan)->list)

static cnn2snn_status add_storage(struct c2s_execution_plan *plan, const struct c2s_shape *shape, cnn2snn_dtype dtype,
                                  size_t *out_storage, cnn2snn_error **error)
{
    uint64_t elements;
    C2S_TRY(c2s_shape_count(plan->context, shape->rank, shape->extents, &elements, error));
    if (dtype == CNN2SNN_DTYPE_INT64 && __builtin_mul_overflow(elements, 2, &elements))
        return c2s_error_no_memory(error);
    if (GROW(plan, storages, storage_count, storage_capacity))
        return c2s_error_no_memory(error);
    plan->storages[plan->storage_count] = (struct c2s_plan_storage){(size_t)elements, 0, SIZE_MAX};
    *out_storage = plan->storage_count++;
    return CNN2SNN_OK;
}

static cnn2snn_status add_value(struct c2s_execution_plan *plan, const struct c2s_shape *shape, size_t storage,
                                size_t *out_value, cnn2snn_error **error)
{
    if (GROW(plan, values, value_count, value_capacity))
        return c2s_error_no_memory(error);
    plan->values[plan->value_count] = (struct c2s_plan_value){*shape, storage, CNN2SNN_DTYPE_FLOAT32, NULL};
    *out_value = plan->value_count++;
    return CNN2SNN_OK;
}

/* Takes over `inputs`, also on failure. */
static cnn2snn_status add_step(struct c2s_execution_plan *plan, const struct c2s_step *step, const char *prefix,
                               cnn2snn_error **error)
{
    size_t size = strlen(prefix) + strlen(step->layer->name) + 2;
    char *path = c2s_alloc(plan->context, size);
    if (!path || GROW(plan, steps, step_count, step_capacity)) {
        c2s_free(plan->context, path);
        c2s_free(plan->context, step->inputs);
        return c2s_error_no_memory(error);
    }
    snprintf(path, size, "%s%s%s", prefix, *prefix ? "/" : "", step->layer->name);
    plan->steps[plan->step_count] = *step;
    plan->steps[plan->step_count++].path = path;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ laying out */

/* What calls of one model share: the ops of its layers, by index, and the same of models nested in it. */
struct model_state {
    struct c2s_op **ops;
    struct model_state **nested;
    size_t layer_count;
};

/* One call of a model. */
struct scope {
    struct c2s_execution_plan *plan;
    const struct c2s_graph *graph;
    struct model_state *state;
    const char *prefix;
    uint32_t depth;
    bool runs, tells;
    const struct c2s_derivation *derivation; /* of the outermost graph, or NULL */
    const size_t *inputs;                    /* values */
    size_t *outputs;                         /* values, to be filled in */
    size_t *first;                           /* for each node the place of its first output in `values` */
    size_t *values;                          /* of all nodes' outputs */
    bool *needed;                            /* by node */
};

static void destroy_state(cnn2snn_context *context, struct model_state *state)
{
    if (!state)
        return;
    for (size_t i = 0; state->nested && i < state->layer_count; i++)
        destroy_state(context, state->nested[i]);
    c2s_free(context, state->ops);
    c2s_free(context, state->nested);
    c2s_free(context, state);
}

static struct model_state *create_state(cnn2snn_context *context, size_t layer_count)
{
    struct model_state *state = c2s_calloc(context, 1, sizeof *state);
    if (!state)
        return NULL;
    state->layer_count = layer_count;
    state->ops = c2s_calloc(context, layer_count, sizeof *state->ops);
    state->nested = c2s_calloc(context, layer_count, sizeof *state->nested);
    if (state->ops && state->nested)
        return state;
    destroy_state(context, state);
    return NULL;
}

static size_t count_outputs(const cnn2snn_layer *layer)
{
    return layer->graph ? layer->graph->output_count : 1;
}

static cnn2snn_status malformed(const struct scope *scope, const char *what, cnn2snn_error **error)
{
    return c2s_error(scope->plan->context, error, CNN2SNN_E_MALFORMED, "R-graph", "model %s: %s", scope->graph->name,
                     what);
}

/* True when `value` is an output of a node before `node`. */
static bool exists(const struct scope *scope, struct c2s_value value, size_t node)
{
    return value.node < node &&
           value.output < count_outputs(scope->graph->layers[scope->graph->nodes[value.node].layer]);
}

static cnn2snn_status mark_needed(const struct scope *scope, cnn2snn_error **error)
{
    const struct c2s_graph *graph = scope->graph;
    for (size_t i = 0; i < graph->output_count; i++) {
        if (!exists(scope, graph->outputs[i], graph->node_count))
            return malformed(scope, "an output is missing", error);
        scope->needed[graph->outputs[i].node] = true;
    }
    for (size_t n = graph->node_count; n-- > 0;)
        for (size_t i = 0; scope->needed[n] && i < graph->nodes[n].input_count; i++) {
            if (!exists(scope, graph->nodes[n].inputs[i], n))
                return malformed(scope, "a call takes a value that is not there yet", error);
            scope->needed[graph->nodes[n].inputs[i].node] = true;
        }
    return CNN2SNN_OK;
}

static size_t value_of(const struct scope *scope, struct c2s_value value)
{
    return scope->values[scope->first[value.node] + value.output];
}

/* The value is what the node puts out. */
static void set_number(const struct scope *scope, size_t node, size_t value)
{
    if (!scope->derivation)
        return;
    const struct c2s_number *number = &scope->derivation->nodes[node].output;
    scope->plan->values[value].dtype = c2s_number_dtype(number);
    scope->plan->values[value].number = number->value_bits ? number : NULL;
}

static cnn2snn_status take_input(const struct scope *scope, size_t node, cnn2snn_error **error)
{
    const struct c2s_graph *graph = scope->graph;
    const cnn2snn_layer *layer = graph->layers[graph->nodes[node].layer];
    for (size_t i = 0; i < graph->input_count; i++) {
        if (graph->inputs[i] != node)
            continue;
        const struct c2s_shape *shape = &scope->plan->values[scope->inputs[i]].shape;
        char found[128], expected[128];
        if (!c2s_input_takes(layer, shape))
            return c2s_layer_error(graph->context, error, CNN2SNN_E_VALUE, "R-input", layer->name,
                                   "input of shape %s, expected %s", c2s_shape_text(shape, found, sizeof found),
                                   c2s_shape_text(&((const struct c2s_input_attributes *)layer->attributes)->shape,
                                                  expected, sizeof expected));
        scope->values[scope->first[node]] = scope->inputs[i];
        set_number(scope, node, scope->inputs[i]);
        return CNN2SNN_OK;
    }
    return malformed(scope, "an InputLayer is none of the model's inputs", error);
}

/* Calls of a layer share its op, but for those that compute on integers, which each have their own. */
static cnn2snn_status prepare(const struct scope *scope, size_t node_index, const struct c2s_shape *shapes,
                              const struct c2s_shape *output, const struct c2s_op **out_op, cnn2snn_error **error)
{
    struct c2s_execution_plan *plan = scope->plan;
    const struct c2s_node *node = &scope->graph->nodes[node_index];
    const cnn2snn_layer *layer = scope->graph->layers[node->layer];
    bool quantized = scope->derivation && c2s_layer_is_qml_quantized(layer);
    struct c2s_op *own = NULL, **op = quantized ? &own : &scope->state->ops[node->layer];
    if (!*op) {
        if (GROW(plan, ops, op_count, op_capacity))
            return c2s_error_no_memory(error);
        if (quantized)
            C2S_TRY(c2s_op_prepare_derived(&scope->derivation->nodes[node_index], node->input_count, shapes, output,
                                           op, error));
        else
            C2S_TRY(c2s_op_prepare(layer, op, error));
        plan->ops[plan->op_count++] = *op;
    }
    *out_op = *op;
    return CNN2SNN_OK;
}

static struct c2s_step make_step(const struct scope *scope, size_t node_index)
{
    const struct c2s_node *node = &scope->graph->nodes[node_index];
    const cnn2snn_layer *layer = scope->graph->layers[node->layer];
    struct c2s_step step = {.layer = layer, .memory = c2s_op_memory(layer), .input_count = node->input_count};
    if (scope->derivation && c2s_layer_is_qml_quantized(layer)) {
        step.memory = c2s_op_derived_memory(&scope->derivation->nodes[node_index]);
        step.takes_integers = c2s_layer_id(layer) != C2S_KIND_QML_INPUT_QUANTIZER;
    }
    return step;
}

static cnn2snn_status add_output(const struct scope *scope, size_t node_index, const size_t *inputs,
                                 const struct c2s_shape *shape, struct c2s_step *step, cnn2snn_error **error)
{
    struct c2s_execution_plan *plan = scope->plan;
    size_t storage = plan->values[inputs[0]].storage;
    cnn2snn_dtype dtype = CNN2SNN_DTYPE_FLOAT32;
    if (scope->derivation)
        dtype = c2s_number_dtype(&scope->derivation->nodes[node_index].output);
    if (step->memory == C2S_OP_VIEW && dtype != plan->values[inputs[0]].dtype)
        step->memory = C2S_OP_SEPARATE;
    if (step->memory != C2S_OP_VIEW)
        C2S_TRY(add_storage(plan, shape, dtype, &storage, error));
    C2S_TRY(add_value(plan, shape, storage, &step->output, error));
    set_number(scope, node_index, step->output);
    return CNN2SNN_OK;
}

static cnn2snn_status lay_out_call(const struct scope *scope, size_t node_index, size_t *inputs,
                                   const struct c2s_shape *shapes, cnn2snn_error **error)
{
    struct c2s_execution_plan *plan = scope->plan;
    const struct c2s_node *node = &scope->graph->nodes[node_index];
    const cnn2snn_layer *layer = scope->graph->layers[node->layer];
    struct c2s_step step = make_step(scope, node_index);
    struct c2s_shape shape;
    if (!node->input_count)
        return c2s_layer_error(plan->context, error, CNN2SNN_E_VALUE, "R-inputs", layer->name, "no inputs");
    C2S_TRY(c2s_find_output_shape(layer, node->input_count, shapes, &shape, error));
    C2S_TRY(c2s_check_weights(layer, node->input_count, shapes, error));
    C2S_TRY(add_output(scope, node_index, inputs, &shape, &step, error));
    if (scope->runs)
        C2S_TRY(prepare(scope, node_index, shapes, &shape, &step.op, error));
    scope->values[scope->first[node_index]] = step.output;
    step.inputs = c2s_calloc(plan->context, node->input_count, sizeof *step.inputs);
    if (!step.inputs)
        return c2s_error_no_memory(error);
    memcpy(step.inputs, inputs, node->input_count * sizeof *inputs);
    return add_step(plan, &step, scope->prefix, error);
}

static cnn2snn_status lay_out_graph(struct scope *scope, cnn2snn_error **error);

static cnn2snn_status tell_nested(const struct scope *scope, const cnn2snn_layer *layer, const size_t *outputs,
                                  cnn2snn_error **error)
{
    struct c2s_step step = {.layer = layer, .memory = C2S_OP_VIEW, .input_count = 1, .output = outputs[0]};
    step.inputs = c2s_calloc(scope->plan->context, 1, sizeof *step.inputs);
    if (!step.inputs)
        return c2s_error_no_memory(error);
    step.inputs[0] = outputs[0];
    return add_step(scope->plan, &step, scope->prefix, error);
}

static cnn2snn_status lay_out_nested(const struct scope *scope, size_t node_index, const size_t *inputs,
                                     cnn2snn_error **error)
{
    cnn2snn_context *context = scope->plan->context;
    const struct c2s_node *node = &scope->graph->nodes[node_index];
    const cnn2snn_layer *layer = scope->graph->layers[node->layer];
    if (node->input_count != layer->graph->input_count)
        return c2s_layer_error(context, error, CNN2SNN_E_VALUE, "R-inputs", layer->name, "%zu inputs, expected %zu",
                               node->input_count, layer->graph->input_count);
    if (scope->depth >= context->max_depth)
        return c2s_layer_error(context, error, CNN2SNN_E_LIMIT, "R-depth", layer->name,
                               "models are nested deeper than max_depth %u", (unsigned)context->max_depth);
    struct model_state **state = &scope->state->nested[node->layer];
    if (!*state)
        *state = create_state(context, layer->graph->layer_count);
    size_t size = strlen(scope->prefix) + strlen(layer->name) + 2;
    char *prefix = c2s_alloc(context, size);
    if (!*state || !prefix) {
        c2s_free(context, prefix);
        return c2s_error_no_memory(error);
    }
    snprintf(prefix, size, "%s%s%s", scope->prefix, *scope->prefix ? "/" : "", layer->name);
    struct scope inner = {.plan = scope->plan,
                          .graph = layer->graph,
                          .state = *state,
                          .prefix = prefix,
                          .depth = scope->depth + 1,
                          .runs = scope->runs,
                          .tells = scope->tells,
                          .inputs = inputs,
                          .outputs = scope->values + scope->first[node_index]};
    cnn2snn_status status = lay_out_graph(&inner, error);
    if (!status && scope->tells && layer->graph->output_count)
        status = tell_nested(scope, layer, inner.outputs, error);
    c2s_free(context, prefix);
    return status;
}

static cnn2snn_status lay_out_node(const struct scope *scope, size_t node_index, cnn2snn_error **error)
{
    struct c2s_execution_plan *plan = scope->plan;
    const struct c2s_node *node = &scope->graph->nodes[node_index];
    const cnn2snn_layer *layer = scope->graph->layers[node->layer];
    if (c2s_layer_id(layer) == C2S_KIND_INPUT)
        return take_input(scope, node_index, error);
    C2S_TRY(c2s_op_check(layer, error));
    if (plan->step_count >= plan->context->max_nodes)
        return c2s_layer_error(plan->context, error, CNN2SNN_E_LIMIT, "R-nodes", layer->name,
                               "more calls than the context's max_nodes %u", (unsigned)plan->context->max_nodes);
    size_t *inputs = c2s_calloc(plan->context, node->input_count, sizeof *inputs);
    struct c2s_shape *shapes = c2s_calloc(plan->context, node->input_count, sizeof *shapes);
    cnn2snn_status status = inputs && shapes ? CNN2SNN_OK : c2s_error_no_memory(error);
    for (size_t i = 0; !status && i < node->input_count; i++) {
        inputs[i] = value_of(scope, node->inputs[i]);
        shapes[i] = plan->values[inputs[i]].shape;
    }
    if (!status && layer->graph)
        status = lay_out_nested(scope, node_index, inputs, error);
    else if (!status)
        status = lay_out_call(scope, node_index, inputs, shapes, error);
    c2s_free(plan->context, inputs);
    c2s_free(plan->context, shapes);
    return status;
}

static cnn2snn_status lay_out_graph(struct scope *scope, cnn2snn_error **error)
{
    cnn2snn_context *context = scope->plan->context;
    const struct c2s_graph *graph = scope->graph;
    cnn2snn_status status = CNN2SNN_OK;
    size_t outputs = 0;
    scope->first = c2s_calloc(context, graph->node_count, sizeof *scope->first);
    scope->needed = c2s_calloc(context, graph->node_count, sizeof *scope->needed);
    for (size_t n = 0; scope->first && n < graph->node_count; n++) {
        scope->first[n] = outputs;
        outputs += count_outputs(graph->layers[graph->nodes[n].layer]);
    }
    scope->values = c2s_calloc(context, outputs, sizeof *scope->values);
    if (!scope->first || !scope->needed || !scope->values)
        C2S_GOTO(c2s_error_no_memory(error));
    C2S_GOTO(mark_needed(scope, error));
    for (size_t n = 0; n < graph->node_count; n++)
        if (scope->needed[n])
            C2S_GOTO(lay_out_node(scope, n, error));
    for (size_t i = 0; i < graph->output_count; i++)
        scope->outputs[i] = value_of(scope, graph->outputs[i]);
done:
    c2s_free(context, scope->first);
    c2s_free(context, scope->needed);
    c2s_free(context, scope->values);
    return status;
}

/* ------------------------------------------------------------------------------------------------ plans */

static cnn2snn_status fill_plan(struct c2s_execution_plan *plan, const struct c2s_graph *graph,
                                const struct c2s_shape *shapes, const struct c2s_derivation *derivation, bool runs,
                                bool tells, cnn2snn_error **error)
{
    plan->output_count = graph->output_count;
    plan->outputs = c2s_calloc(plan->context, graph->output_count, sizeof *plan->outputs);
    struct model_state *state = create_state(plan->context, graph->layer_count);
    size_t *inputs = c2s_calloc(plan->context, graph->input_count, sizeof *inputs);
    cnn2snn_status status = plan->outputs && state && inputs ? CNN2SNN_OK : c2s_error_no_memory(error);
    for (size_t i = 0; !status && i < graph->input_count; i++) {
        size_t storage = 0;
        status = add_storage(plan, &shapes[i], CNN2SNN_DTYPE_FLOAT32, &storage, error);
        if (!status)
            status = add_value(plan, &shapes[i], storage, &inputs[i], error);
    }
    struct scope scope = {.plan = plan,
                          .graph = graph,
                          .state = state,
                          .prefix = "",
                          .depth = 1,
                          .runs = runs,
                          .tells = tells,
                          .derivation = derivation,
                          .inputs = inputs,
                          .outputs = plan->outputs};
    if (!status)
        status = lay_out_graph(&scope, error);
    if (!status && runs)
        status = c2s_plan_assign_memory(plan, error);
    destroy_state(plan->context, state);
    c2s_free(plan->context, inputs);
    return status;
}

cnn2snn_status c2s_execution_plan_create(const struct c2s_graph *graph, const struct c2s_shape *shapes,
                                         const struct c2s_derivation *derivation, bool runs, bool tells,
                                         struct c2s_execution_plan **out_plan, cnn2snn_error **error)
{
    *out_plan = NULL;
    struct c2s_execution_plan *plan = c2s_calloc(graph->context, 1, sizeof *plan);
    if (!plan)
        return c2s_error_no_memory(error);
    plan->context = graph->context;
    cnn2snn_status status = fill_plan(plan, graph, shapes, derivation, runs, tells, error);
    if (status)
        c2s_execution_plan_destroy(plan);
    else
        *out_plan = plan;
    return status;
}

void c2s_execution_plan_destroy(struct c2s_execution_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->step_count; i++) {
        c2s_free(plan->context, plan->steps[i].inputs);
        c2s_free(plan->context, plan->steps[i].path);
    }
    for (size_t i = 0; i < plan->op_count; i++)
        c2s_op_destroy(plan->ops[i]);
    c2s_free(plan->context, plan->ops);
    c2s_free(plan->context, plan->steps);
    c2s_free(plan->context, plan->values);
    c2s_free(plan->context, plan->storages);
    c2s_free(plan->context, plan->slots);
    c2s_free(plan->context, plan->outputs);
    c2s_free(plan->context, plan);
}
