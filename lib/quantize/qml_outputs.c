/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which layers quantize their outputs, to how many bits, by channel or not (spec/quantizeml-ptq.md 5.3). */
#include "base/allocator.h"
#include "base/error.h"
#include "quantize/qml_stages.h"

enum { LUT_INPUT_BITS = 11, STATE_BITS = 16, SIGNED_FROM = 8 };

/* A walk towards the input, over layers that can't have an output quantizer. */
struct walk {
    struct c2s_qml_work *work;
    size_t *stack, *seen; /* seen[i]: number of the walk that met layer i last */
    size_t depth, number;
};

static enum c2s_kind_id kind_of(const struct c2s_qml_work *work, size_t at)
{
    return c2s_layer_id(work->graph->layers[at]);
}

static void push_inputs(struct walk *walk, size_t at)
{
    const struct c2s_node *node = &walk->work->graph->nodes[at];
    for (size_t i = node->input_count; i-- > 0;) {
        size_t input = node->inputs[i].node;
        if (walk->seen[input] == walk->number || kind_of(walk->work, input) == C2S_KIND_INPUT)
            continue;
        walk->seen[input] = walk->number;
        walk->stack[walk->depth++] = input;
    }
}

static void start(struct walk *walk, size_t at)
{
    walk->number++;
    walk->depth = 0;
    push_inputs(walk, at);
}

/* The next layer in front that can have one, or C2S_NOBODY. */
static ptrdiff_t next(struct walk *walk)
{
    while (walk->depth) {
        size_t at = walk->stack[--walk->depth];
        if (c2s_qml_has_output(walk->work->graph->layers[at]))
            return (ptrdiff_t)at;
        push_inputs(walk, at);
    }
    return C2S_NOBODY;
}

static bool is_vector(const struct c2s_shape *shape)
{
    return shape->rank && c2s_shape_elements(shape) == shape->extents[shape->rank - 1];
}

static bool is_activation(enum c2s_kind_id kind)
{
    return kind == C2S_KIND_RELU || kind == C2S_KIND_QML_FLOAT_ACTIVATION;
}

/* What is in front of the average decides. */
static cnn2snn_status pooled_bits(struct walk *inner, size_t pooling, int32_t *bits, cnn2snn_error **error)
{
    const struct c2s_qml_work *work = inner->work;
    start(inner, pooling);
    ptrdiff_t before = next(inner);
    bool activated = before >= 0 && is_activation(kind_of(work, (size_t)before));
    *bits = activated ? work->parameters->activation_bits : work->parameters->output_bits;
    if (before >= 0)
        return CNN2SNN_OK;
    return c2s_report_add(
        work->report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_INDEX, "P-032", work->graph->layers[pooling]->name,
        "put a convolution in front of it", error,
        "the average of the model's input, expected a layer in front whose output can be quantized");
}

static cnn2snn_status choose(struct walk *inner, size_t target, size_t behind, cnn2snn_error **error)
{
    const struct c2s_qml_work *work = inner->work;
    const struct c2s_qml_parameters *parameters = work->parameters;
    struct c2s_output_choice *choice = &work->outputs[target];
    enum c2s_kind_id kind = kind_of(work, target);
    bool before_table = kind_of(work, behind) == C2S_KIND_QML_FLOAT_ACTIVATION;
    bool state = kind == C2S_KIND_STATEFUL_RECURRENT;
    bool per_axis = !(is_vector(&work->graph->nodes[target].shapes[0]) || before_table || state ||
                      parameters->per_tensor_activations);
    if (choice->present) {
        choice->per_axis = choice->per_axis && per_axis;
        return CNN2SNN_OK;
    }
    *choice = (struct c2s_output_choice){true, true, per_axis, parameters->output_bits};
    if (is_activation(kind))
        choice->bitwidth = parameters->activation_bits;
    else if (before_table)
        choice->bitwidth = LUT_INPUT_BITS;
    else if (kind == C2S_KIND_GLOBAL_AVERAGE_POOLING2D)
        C2S_TRY(pooled_bits(inner, target, &choice->bitwidth, error));
    else if (state || kind_of(work, behind) == C2S_KIND_STATEFUL_RECURRENT)
        choice->bitwidth = STATE_BITS;
    if (kind == C2S_KIND_RELU)
        choice->is_signed = parameters->activation_bits >= SIGNED_FROM;
    return CNN2SNN_OK;
}

/* From the output to the input: the settings of the last layer that needs them count. */
static cnn2snn_status choose_all(struct walk *outer, struct walk *inner, cnn2snn_error **error)
{
    const struct c2s_graph *graph = outer->work->graph;
    for (size_t i = graph->layer_count; i-- > 0;) {
        if (!c2s_qml_needs_aligned(graph->layers[i]))
            continue;
        start(outer, i);
        for (ptrdiff_t target; (target = next(outer)) >= 0;)
            C2S_TRY(choose(inner, (size_t)target, i, error));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status walk_init(struct walk *walk, struct c2s_qml_work *work, cnn2snn_error **error)
{
    *walk = (struct walk){.work = work};
    walk->stack = c2s_calloc(work->context, work->graph->layer_count, sizeof *walk->stack);
    walk->seen = c2s_calloc(work->context, work->graph->layer_count, sizeof *walk->seen);
    return walk->stack && walk->seen ? CNN2SNN_OK : c2s_error_no_memory(error);
}

static void walk_free(struct walk *walk)
{
    c2s_free(walk->work->context, walk->stack);
    c2s_free(walk->work->context, walk->seen);
}

cnn2snn_status c2s_qml_choose_outputs(struct c2s_qml_work *work, cnn2snn_error **error)
{
    struct walk outer, inner;
    cnn2snn_status status = walk_init(&outer, work, error);
    cnn2snn_status second = walk_init(&inner, work, error);
    if (!status)
        status = second;
    if (!status)
        status = choose_all(&outer, &inner, error);
    walk_free(&outer);
    walk_free(&inner);
    return status;
}
