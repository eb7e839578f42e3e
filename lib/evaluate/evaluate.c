/* SPDX-License-Identifier: Apache-2.0 */
/* Runs plans batch by batch. How samples are put into batches, and how many threads there are, doesn't show. */
#include "evaluate/evaluate.h"

#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/context.h"
#include "base/error.h"
#include "evaluate/execution_plan.h"
#include "evaluate/derived_values.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "ops/op.h"

/* Memory for values that a batch of a size of our own choosing takes at most, unless one sample needs more: what
 * stays in the caches of a core. */
enum { WORKSPACE_BYTES = 4 << 20, MAX_BATCH = 64, MAX_THREADS = 1024 };

struct evaluation {
    const struct c2s_graph *graph;
    const struct c2s_evaluate_options *options;
    const cnn2snn_tensor *const *inputs;
    bool without_batch; /* inputs are one sample each */
    int64_t samples, batch;
    struct c2s_graph *derived_graph; /* of a QuantizeML graph, with the inputs' shapes */
    struct c2s_derivation *derivation;
    struct c2s_execution_plan *plan;
    struct c2s_run run;
    void **slots;
    cnn2snn_tensor **values; /* of the batch at work */
    cnn2snn_tensor **outputs;
};

/* ------------------------------------------------------------------------------------------------ inputs */

static struct c2s_shape shape_of(const cnn2snn_tensor *tensor, size_t first)
{
    struct c2s_shape shape = {.rank = tensor->rank - first};
    memcpy(shape.extents, tensor->shape + first, shape.rank * sizeof *shape.extents);
    return shape;
}

static const cnn2snn_layer *input_layer_of(const struct c2s_graph *graph, size_t index)
{
    return graph->layers[graph->nodes[graph->inputs[index]].layer];
}

/* A single sample may come without a batch axis, as long as there is no doubt. */
static bool lacks_batch(const struct c2s_graph *graph, const cnn2snn_tensor *const *inputs)
{
    for (size_t i = 0; i < graph->input_count; i++) {
        const struct c2s_input_attributes *input = input_layer_of(graph, i)->attributes;
        struct c2s_shape shape = shape_of(inputs[i], 0);
        if (c2s_shape_is_unranked(&input->shape) || !c2s_input_takes(input_layer_of(graph, i), &shape))
            return false;
    }
    return graph->input_count > 0;
}

static cnn2snn_status wrong_input(const struct evaluation *e, size_t index, cnn2snn_error **error)
{
    char found[256], expected[256];
    const cnn2snn_tensor *input = e->inputs[index];
    const cnn2snn_layer *layer = input_layer_of(e->graph, index);
    struct c2s_shape shape = ((const struct c2s_input_attributes *)layer->attributes)->shape;
    int64_t with_batch[CNN2SNN_MAX_RANK + 1] = {-1};
    memcpy(with_batch + 1, shape.extents, shape.rank * sizeof *with_batch);
    return c2s_layer_error(e->graph->context, error, CNN2SNN_E_VALUE, "R-input", layer->name,
                           "input of shape %s, expected %s",
                           c2s_shape_print(input->rank, input->shape, found, sizeof found),
                           c2s_shape_print(shape.rank + 1, with_batch, expected, sizeof expected));
}

static cnn2snn_status check_inputs(struct evaluation *e, size_t input_count, struct c2s_shape *shapes,
                                   cnn2snn_error **error)
{
    const struct c2s_graph *graph = e->graph;
    if (input_count != graph->input_count)
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "R-inputs", "%zu inputs, expected %zu", input_count,
                         graph->input_count);
    if (!input_count)
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "R-inputs", "model %s has no inputs", graph->name);
    e->without_batch = lacks_batch(graph, e->inputs);
    e->samples = e->without_batch ? 1 : e->inputs[0]->rank ? e->inputs[0]->shape[0] : 0;
    for (size_t i = 0; i < input_count; i++) {
        if (!e->without_batch && !e->inputs[i]->rank)
            return wrong_input(e, i, error);
        shapes[i] = shape_of(e->inputs[i], e->without_batch ? 0 : 1);
        if (!c2s_input_takes(input_layer_of(graph, i), &shapes[i]))
            return wrong_input(e, i, error);
        if (!e->without_batch && e->inputs[i]->shape[0] != e->samples)
            return c2s_layer_error(graph->context, error, CNN2SNN_E_VALUE, "R-batch", input_layer_of(graph, i)->name,
                                   "%lld samples, but %lld in the first input", (long long)e->inputs[i]->shape[0],
                                   (long long)e->samples);
    }
    return CNN2SNN_OK;
}

/* Samples [first, first + count) of an input: float32, or integers of the type of the InputLayer of a QuantizeML
 * graph, whatever came in. */
static cnn2snn_status take_samples(const struct evaluation *e, size_t index, int64_t first, int64_t count,
                                   cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    const cnn2snn_tensor *input = e->inputs[index];
    cnn2snn_tensor *part = NULL;
    if (e->without_batch) {
        int64_t shape[CNN2SNN_MAX_RANK + 1] = {1};
        memcpy(shape + 1, input->shape, input->rank * sizeof *shape);
        C2S_TRY(c2s_tensor_reshape(input, input->rank + 1, shape, &part, error));
    } else {
        C2S_TRY(c2s_tensor_slice(input, first, count, &part, error));
    }
    cnn2snn_dtype dtype = e->plan->values[index].dtype;
    cnn2snn_tensor *typed = NULL;
    const struct c2s_input_attributes *attributes = input_layer_of(e->graph, index)->attributes;
    cnn2snn_status status =
        c2s_tensor_convert(part, e->plan->values[index].number ? attributes->dtype : dtype, &typed, error);
    if (!status)
        status = c2s_tensor_convert(typed, dtype, out_tensor, error);
    c2s_tensor_release(typed);
    c2s_tensor_release(part);
    return status;
}

/* ------------------------------------------------------------------------------------------------ memory */

static cnn2snn_status choose_batch(struct evaluation *e, cnn2snn_error **error)
{
    cnn2snn_context *context = e->graph->context;
    size_t bytes = 0, limit = context->max_total_bytes < SIZE_MAX ? (size_t)context->max_total_bytes : SIZE_MAX;
    for (size_t i = 0; i < e->plan->slot_count; i++) {
        size_t size;
        if (!c2s_mul_size(e->plan->slots[i], sizeof(float), &size) || !c2s_add_size(bytes, size, &bytes) ||
            bytes > limit)
            return c2s_error(context, error, CNN2SNN_E_LIMIT, "R-memory",
                             "one sample needs more memory than the context's max_total_bytes, %llu",
                             (unsigned long long)context->max_total_bytes);
    }
    size_t room = (e->options && e->options->batch_size ? limit : WORKSPACE_BYTES) / (bytes ? bytes : 1);
    int64_t wanted = e->options && e->options->batch_size ? e->options->batch_size : MAX_BATCH;
    if ((uint64_t)wanted > room)
        wanted = room ? (int64_t)room : 1;
    e->batch = wanted < e->samples ? wanted : e->samples;
    return CNN2SNN_OK;
}

static cnn2snn_status make_room(struct evaluation *e, cnn2snn_error **error)
{
    cnn2snn_context *context = e->graph->context;
    struct c2s_execution_plan *plan = e->plan;
    C2S_TRY(choose_batch(e, error));
    e->slots = c2s_calloc(context, plan->slot_count, sizeof *e->slots);
    e->values = c2s_calloc(context, plan->value_count, sizeof *e->values);
    if (!e->slots || !e->values)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < plan->slot_count; i++) {
        size_t size;
        if (!c2s_mul_size(plan->slots[i] * sizeof(float), (size_t)e->batch, &size))
            return c2s_error_no_memory(error);
        e->slots[i] = c2s_alloc(context, size);
        if (!e->slots[i])
            return c2s_error_no_memory(error);
    }
    return CNN2SNN_OK;
}

static cnn2snn_status make_outputs(struct evaluation *e, cnn2snn_error **error)
{
    for (size_t i = 0; i < e->plan->output_count; i++) {
        const struct c2s_shape *shape = &e->plan->values[e->plan->outputs[i]].shape;
        int64_t extents[CNN2SNN_MAX_RANK + 1] = {e->samples};
        memcpy(extents + 1, shape->extents, shape->rank * sizeof *extents);
        C2S_TRY(c2s_tensor_create(e->graph->context, CNN2SNN_DTYPE_FLOAT32, shape->rank + 1, extents, &e->outputs[i],
                                  error));
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ running */

/* The tensor of a step's output for a batch of `count` samples. */
static cnn2snn_status make_value(const struct evaluation *e, const struct c2s_step *step, int64_t count,
                                 cnn2snn_error **error)
{
    const struct c2s_plan_value *value = &e->plan->values[step->output];
    size_t slot = e->plan->storages[value->storage].slot, rank = value->shape.rank + 1;
    int64_t shape[CNN2SNN_MAX_RANK + 1] = {count};
    memcpy(shape + 1, value->shape.extents, value->shape.rank * sizeof *shape);
    if (step->memory == C2S_OP_VIEW)
        return c2s_tensor_reshape(e->values[step->inputs[0]], rank, shape, &e->values[step->output], error);
    return c2s_tensor_wrap(e->graph->context, value->dtype, rank, shape, NULL, e->slots[slot], NULL, NULL,
                           &e->values[step->output], error);
}

/* The op's inputs as it takes them; new references. */
static cnn2snn_status take_inputs(const struct evaluation *e, const struct c2s_run *run, const struct c2s_step *step,
                                  cnn2snn_tensor **inputs, cnn2snn_error **error)
{
    for (size_t i = 0; i < step->input_count; i++) {
        const struct c2s_plan_value *value = &e->plan->values[step->inputs[i]];
        const cnn2snn_tensor *tensor = e->values[step->inputs[i]];
        if (step->takes_integers && !value->number)
            C2S_TRY(c2s_values_as_images(tensor, &inputs[i], error));
        else if (!step->takes_integers && value->number)
            C2S_TRY(c2s_values_as_floats(value->number, tensor, run->pool, &inputs[i], error));
        else
            inputs[i] = c2s_tensor_retain(tensor);
    }
    return CNN2SNN_OK;
}

static cnn2snn_status forward(const struct evaluation *e, struct c2s_run *run, const struct c2s_step *step,
                              cnn2snn_tensor **inputs, cnn2snn_error **error)
{
    cnn2snn_status status = take_inputs(e, run, step, inputs, error);
    if (!status)
        status = c2s_op_forward(step->op, run, step->input_count, inputs, e->values[step->output], error);
    for (size_t i = 0; i < step->input_count; i++) {
        c2s_tensor_release(inputs[i]);
        inputs[i] = NULL;
    }
    return status;
}

static cnn2snn_status tell_integers(const struct evaluation *e, const struct c2s_step *step,
                                    const struct c2s_number *number, cnn2snn_error **error)
{
    cnn2snn_tensor *scales = NULL;
    if (!e->options->layer_integers)
        return CNN2SNN_OK;
    C2S_TRY(c2s_values_scales(number, e->graph->context, &scales, error));
    cnn2snn_status status = e->options->layer_integers(e->options->layer_integers_user_data, step->path,
                                                       e->values[step->output], scales, error);
    c2s_tensor_release(scales);
    return status;
}

static cnn2snn_status tell_output(const struct evaluation *e, const struct c2s_run *run, const struct c2s_step *step,
                                  cnn2snn_error **error)
{
    const struct c2s_number *number = e->plan->values[step->output].number;
    cnn2snn_tensor *floats = NULL;
    if (number)
        C2S_TRY(tell_integers(e, step, number, error));
    if (!e->options->layer_output)
        return CNN2SNN_OK;
    if (!number)
        return e->options->layer_output(e->options->layer_output_user_data, step->path, e->values[step->output],
                                        error);
    C2S_TRY(c2s_values_as_floats(number, e->values[step->output], run->pool, &floats, error));
    cnn2snn_status status = e->options->layer_output(e->options->layer_output_user_data, step->path, floats, error);
    c2s_tensor_release(floats);
    return status;
}

static bool tells_layers(const struct evaluation *e)
{
    return e->options && (e->options->layer_output || e->options->layer_integers);
}

static cnn2snn_status run_step(const struct evaluation *e, struct c2s_run *run, const struct c2s_step *step,
                               cnn2snn_tensor **inputs, int64_t count, cnn2snn_error **error)
{
    if (step->op) {
        C2S_TRY(make_value(e, step, count, error));
        if (step->memory != C2S_OP_VIEW)
            C2S_TRY(forward(e, run, step, inputs, error));
    }
    return tells_layers(e) ? tell_output(e, run, step, error) : CNN2SNN_OK;
}

/* The values of a batch that begins with sample `first` as part of output `index`. */
static cnn2snn_status put_output(const struct evaluation *e, size_t index, int64_t first, int64_t count,
                                 cnn2snn_error **error)
{
    const struct c2s_plan_value *value = &e->plan->values[e->plan->outputs[index]];
    const cnn2snn_tensor *tensor = e->values[e->plan->outputs[index]];
    float *to = c2s_f32_writable(e->outputs[index]) + (size_t)first * (size_t)(tensor->count / (uint64_t)count);
    if (value->number)
        return c2s_integers_to_floats(value->number, tensor, e->run.pool, to, error);
    memcpy(to, tensor->data, tensor->size);
    return CNN2SNN_OK;
}

static size_t most_inputs(const struct c2s_execution_plan *plan)
{
    size_t most = 0;
    for (size_t s = 0; s < plan->step_count; s++)
        most = plan->steps[s].input_count > most ? plan->steps[s].input_count : most;
    return most;
}

static cnn2snn_status run_batch(struct evaluation *e, int64_t first, int64_t count, cnn2snn_tensor **inputs,
                                cnn2snn_error **error)
{
    const struct c2s_execution_plan *plan = e->plan;
    for (size_t i = 0; i < e->graph->input_count; i++)
        C2S_TRY(take_samples(e, i, first, count, &e->values[i], error));
    for (size_t s = 0; s < plan->step_count; s++)
        C2S_TRY(run_step(e, &e->run, &plan->steps[s], inputs, count, error));
    for (size_t i = 0; i < plan->output_count; i++)
        C2S_TRY(put_output(e, i, first, count, error));
    return CNN2SNN_OK;
}

static void forget_values(struct evaluation *e)
{
    for (size_t i = 0; e->values && i < e->plan->value_count; i++) {
        c2s_tensor_release(e->values[i]);
        e->values[i] = NULL;
    }
}

static cnn2snn_status run_batches(struct evaluation *e, cnn2snn_error **error)
{
    cnn2snn_context *context = e->graph->context;
    cnn2snn_tensor **inputs = c2s_calloc(context, most_inputs(e->plan), sizeof *inputs);
    cnn2snn_status status = inputs ? CNN2SNN_OK : c2s_error_no_memory(error);
    for (int64_t first = 0; !status && first < e->samples; first += e->batch) {
        int64_t count = e->samples - first < e->batch ? e->samples - first : e->batch;
        status = c2s_progress(context, "evaluate", (uint64_t)first, (uint64_t)e->samples, error);
        if (!status)
            status = run_batch(e, first, count, inputs, error);
        forget_values(e);
    }
    if (!status)
        status = c2s_progress(context, "evaluate", (uint64_t)e->samples, (uint64_t)e->samples, error);
    c2s_free(context, inputs);
    return status;
}

/* ------------------------------------------------------------------------------------------------ graphs */

static cnn2snn_status check_options(const struct c2s_graph *graph, const struct c2s_evaluate_options *options,
                                    cnn2snn_error **error)
{
    if (options && options->batch_size < 0)
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "R-batch", "batch_size %lld, expected 0 or more",
                         (long long)options->batch_size);
    if (options && (options->threads < 0 || options->threads > MAX_THREADS))
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "R-threads", "threads %d, expected 0 to %d",
                         (int)options->threads, MAX_THREADS);
    return CNN2SNN_OK;
}

static cnn2snn_status evaluate(struct evaluation *e, const struct c2s_shape *shapes, cnn2snn_error **error)
{
    bool tells = tells_layers(e);
    if (e->samples && c2s_graph_is_quantizeml(e->graph))
        C2S_TRY(c2s_derive_for_shapes(e->graph, shapes, &e->derived_graph, &e->derivation, error));
    C2S_TRY(c2s_execution_plan_create(e->graph, shapes, e->derivation, e->samples > 0, tells, &e->plan, error));
    C2S_TRY(make_outputs(e, error));
    if (!e->samples)
        return CNN2SNN_OK;
    C2S_TRY(make_room(e, error));
    C2S_TRY(c2s_run_init(&e->run, e->graph->context, e->options ? e->options->threads : 0, error));
    return run_batches(e, error);
}

cnn2snn_status c2s_graph_evaluate(const struct c2s_graph *graph, size_t input_count,
                                  const cnn2snn_tensor *const *inputs, const struct c2s_evaluate_options *options,
                                  cnn2snn_tensor **outputs, cnn2snn_error **error)
{
    cnn2snn_context *context = graph->context;
    struct evaluation e = {.graph = graph, .options = options, .inputs = inputs, .outputs = outputs};
    for (size_t i = 0; i < graph->output_count; i++)
        outputs[i] = NULL;
    C2S_TRY(check_options(graph, options, error));
    struct c2s_shape *shapes = c2s_calloc(context, graph->input_count, sizeof *shapes);
    cnn2snn_status status = shapes ? check_inputs(&e, input_count, shapes, error) : c2s_error_no_memory(error);
    if (!status)
        status = evaluate(&e, shapes, error);
    if (e.run.pool)
        c2s_run_free(&e.run);
    forget_values(&e);
    for (size_t i = 0; e.slots && i < e.plan->slot_count; i++)
        c2s_free(context, e.slots[i]);
    for (size_t i = 0; status && i < graph->output_count; i++) {
        c2s_tensor_release(outputs[i]);
        outputs[i] = NULL;
    }
    c2s_free(context, e.slots);
    c2s_free(context, e.values);
    c2s_execution_plan_destroy(e.plan);
    c2s_derivation_destroy(e.derivation);
    c2s_graph_release(e.derived_graph);
    c2s_free(context, shapes);
    return status;
}

/* ------------------------------------------------------------------------------------------------ single layers */

/* A layer that is built: `layer` itself or a copy with initial weights. */
static cnn2snn_status build(const cnn2snn_layer *layer, size_t input_count, const struct c2s_shape *shapes,
                            cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    if (layer->built) {
        *out_layer = c2s_layer_retain(layer);
        return CNN2SNN_OK;
    }
    cnn2snn_layer *copy = NULL;
    C2S_TRY(c2s_layer_copy(layer, &copy, error));
    cnn2snn_status status = c2s_layer_build(copy, input_count, shapes, error);
    if (status)
        c2s_layer_release(copy);
    else
        *out_layer = copy;
    return status;
}

static cnn2snn_status call_op(const cnn2snn_layer *layer, size_t input_count, cnn2snn_tensor **inputs,
                              cnn2snn_tensor *output, cnn2snn_error **error)
{
    struct c2s_op *op = NULL;
    struct c2s_run run;
    if (!inputs[0]->shape[0])
        return CNN2SNN_OK;
    C2S_TRY(c2s_op_prepare(layer, &op, error));
    cnn2snn_status status = c2s_run_init(&run, layer->context, 0, error);
    if (!status) {
        status = c2s_op_forward(op, &run, input_count, inputs, output, error);
        c2s_run_free(&run);
    }
    c2s_op_destroy(op);
    return status;
}

static cnn2snn_status call_leaf(const cnn2snn_layer *layer, size_t input_count, cnn2snn_tensor **inputs,
                                const struct c2s_shape *shapes, cnn2snn_tensor **out_output, cnn2snn_error **error)
{
    cnn2snn_layer *built = NULL;
    cnn2snn_tensor *output = NULL;
    struct c2s_shape shape;
    int64_t extents[CNN2SNN_MAX_RANK + 1];
    C2S_TRY(c2s_op_check(layer, error));
    C2S_TRY(c2s_find_output_shape(layer, input_count, shapes, &shape, error));
    C2S_TRY(build(layer, input_count, shapes, &built, error));
    cnn2snn_status status = c2s_check_weights(built, input_count, shapes, error);
    extents[0] = inputs[0]->shape[0];
    memcpy(extents + 1, shape.extents, shape.rank * sizeof *extents);
    if (!status)
        status = c2s_tensor_create(layer->context, CNN2SNN_DTYPE_FLOAT32, shape.rank + 1, extents, &output, error);
    if (!status)
        status = call_op(built, input_count, inputs, output, error);
    c2s_layer_release(built);
    if (status)
        c2s_tensor_release(output);
    else
        *out_output = output;
    return status;
}

static cnn2snn_status convert_inputs(const cnn2snn_layer *layer, size_t input_count,
                                     const cnn2snn_tensor *const *inputs, cnn2snn_tensor **converted,
                                     struct c2s_shape *shapes, cnn2snn_error **error)
{
    for (size_t i = 0; i < input_count; i++) {
        if (!inputs[i]->rank || inputs[i]->shape[0] != inputs[0]->shape[0])
            return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "R-batch", layer->name,
                                   "inputs need a batch axis in front, the same for all");
        shapes[i] = shape_of(inputs[i], 1);
        C2S_TRY(c2s_tensor_convert(inputs[i], CNN2SNN_DTYPE_FLOAT32, &converted[i], error));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status call_model(const cnn2snn_layer *layer, size_t input_count, const cnn2snn_tensor *const *inputs,
                                 cnn2snn_tensor **out_output, cnn2snn_error **error)
{
    if (layer->graph->output_count != 1)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "R-outputs", layer->name,
                               "%zu outputs, expected 1", layer->graph->output_count);
    return c2s_graph_evaluate(layer->graph, input_count, inputs, NULL, out_output, error);
}

cnn2snn_status c2s_layer_call(const cnn2snn_layer *layer, size_t input_count, const cnn2snn_tensor *const *inputs,
                              cnn2snn_tensor **out_output, cnn2snn_error **error)
{
    *out_output = NULL;
    if (!input_count)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "R-inputs", layer->name, "no inputs");
    if (layer->graph)
        return call_model(layer, input_count, inputs, out_output, error);
    cnn2snn_tensor **converted = c2s_calloc(layer->context, input_count, sizeof *converted);
    struct c2s_shape *shapes = c2s_calloc(layer->context, input_count, sizeof *shapes);
    cnn2snn_status status = converted && shapes ? CNN2SNN_OK : c2s_error_no_memory(error);
    if (!status)
        status = convert_inputs(layer, input_count, inputs, converted, shapes, error);
    if (!status)
        status = call_leaf(layer, input_count, converted, shapes, out_output, error);
    for (size_t i = 0; converted && i < input_count; i++)
        c2s_tensor_release(converted[i]);
    c2s_free(layer->context, converted);
    c2s_free(layer->context, shapes);
    return status;
}
