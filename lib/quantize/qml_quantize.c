/* SPDX-License-Identifier: Apache-2.0 */
/* Decides in which order a model is quantized by QuantizeML, and which faults there are to be told of. */
#include "quantize/qml_quantize.h"

#include "base/allocator.h"
#include "base/error.h"
#include "quantize/qml_stages.h"
#include "transform/sanitize.h"

#define FAULT(work, code, rule, layer, remedy, ...)                                                                  \
    c2s_report_add((work)->report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_##code, rule, layer, remedy, error, __VA_ARGS__)

struct c2s_qml_parameters c2s_qml_parameters_of(cnn2snn_akida_version version, cnn2snn_dtype input_dtype)
{
    struct c2s_qml_parameters parameters = {.activation_bits = 8,
                                            .weight_bits = 8,
                                            .input_weight_bits = 8,
                                            .output_bits = 8,
                                            .buffer_bits = 32,
                                            .input_dtype = input_dtype};
    if (version != CNN2SNN_AKIDA_V1)
        return parameters;
    parameters.activation_bits = parameters.weight_bits = parameters.input_weight_bits = 4;
    parameters.per_tensor_activations = true;
    return parameters;
}

/* ------------------------------------------------------------------------------------------------ the model */

/* What the reference can't quantize whatever its layers are. *sound: it makes sense to go on. */
static cnn2snn_status check_model(const struct c2s_graph *graph, cnn2snn_report *report, bool *sound,
                                  cnn2snn_error **error)
{
    const struct c2s_qml_work work = {.report = report};
    char text[C2S_SHAPE_TEXT];
    *sound = graph->input_count > 0 && graph->output_count > 0;
    if (graph->input_count != 1)
        C2S_TRY(FAULT(&work, INCOMPATIBLE, "P-004", NULL, "split the model, or join its inputs to one",
                      "%zu inputs, expected one", graph->input_count));
    for (size_t i = 0; i < graph->input_count; i++) {
        const struct c2s_node *node = &graph->nodes[graph->inputs[i]];
        if (c2s_shape_is_known(&node->shapes[0]))
            continue;
        *sound = false;
        C2S_TRY(FAULT(&work, INCOMPATIBLE, "P-003", graph->layers[node->layer]->name,
                      "reshape the model to the size of its inputs", "input shape %s, expected all extents known",
                      c2s_shape_text(&node->shapes[0], text, sizeof text)));
    }
    for (size_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].call_index == 1)
            C2S_TRY(FAULT(&work, INCOMPATIBLE, "Q-051", graph->layers[graph->nodes[i].layer]->name,
                          "give each place a layer of its own", "is called several times, expected once"));
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ layers */

static bool inputs_are_reached(const struct c2s_qml_work *work, size_t at)
{
    const struct c2s_node *node = &work->graph->nodes[at];
    for (size_t i = 0; i < node->input_count; i++)
        if (!work->reached[node->inputs[i].node])
            return false;
    return true;
}

static cnn2snn_status create_layer(struct c2s_qml_work *work, size_t at, const struct c2s_qml_layer_options *options,
                                   cnn2snn_error **error)
{
    const struct c2s_node *node = &work->graph->nodes[at];
    struct c2s_shape *shapes = c2s_calloc(work->context, node->input_count ? node->input_count : 1, sizeof *shapes);
    cnn2snn_error *cause = NULL;
    if (!shapes)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < node->input_count; i++)
        shapes[i] = work->graph->nodes[node->inputs[i].node].shapes[node->inputs[i].output];
    cnn2snn_status status =
        c2s_qml_layer_create(work->graph->layers[at], node->input_count, shapes, options, &work->layers[at], &cause);
    c2s_free(work->context, shapes);
    return status ? c2s_report_add_cause(work->report, status, cause, "P-001", error) : CNN2SNN_OK;
}

cnn2snn_status c2s_qml_replace_layers(struct c2s_qml_work *work, ptrdiff_t first, cnn2snn_error **error)
{
    int32_t weight_bits = work->parameters->input_weight_bits;
    for (size_t i = 0; i < work->graph->layer_count; i++) {
        const cnn2snn_layer *layer = work->graph->layers[i];
        work->reached[i] = c2s_layer_id(layer) == C2S_KIND_INPUT;
        if (work->reached[i] || !c2s_qml_class_of(layer) || !inputs_are_reached(work, i))
            continue;
        const struct c2s_qml_layer_options options = {weight_bits, work->parameters->buffer_bits, work->outputs[i],
                                                      (ptrdiff_t)i == first};
        C2S_TRY(create_layer(work, i, &options, error));
        work->reached[i] = work->layers[i] != NULL;
        if (work->layers[i] && c2s_qml_has_weights(layer))
            weight_bits = work->parameters->weight_bits;
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ the input */

/* The first layer that is neither the input nor a Rescaling, or one of these where several take its output. */
static size_t find_first(const struct c2s_qml_work *work)
{
    size_t at = work->graph->inputs[0];
    for (;;) {
        enum c2s_kind_id kind = c2s_layer_id(work->graph->layers[at]);
        if ((kind != C2S_KIND_INPUT && kind != C2S_KIND_RESCALING) || c2s_calls_user_count(&work->calls, at) != 1)
            return at;
        at = work->calls.users[work->calls.first_user[at]];
    }
}

static bool takes_unsigned(enum c2s_kind_id kind)
{
    return kind == C2S_KIND_CONV2D || kind == C2S_KIND_PADDED_CONV2D || kind == C2S_KIND_CONV2D_TRANSPOSE ||
           kind == C2S_KIND_BUFFER_TEMP_CONV || kind == C2S_KIND_DENSE || kind == C2S_KIND_STATEFUL_PROJECTION;
}

/* How the input is quantized. */
struct input_plan {
    bool quantizes, is_signed;
    size_t first;  /* what takes the input */
    bool is_wrong; /* it can't take unsigned integers, though it should */
};

static cnn2snn_dtype input_dtype(const struct c2s_qml_work *work)
{
    const cnn2snn_layer *input = work->graph->layers[work->graph->inputs[0]];
    return ((const struct c2s_input_attributes *)input->attributes)->dtype;
}

static struct input_plan plan_input(const struct c2s_qml_work *work)
{
    struct input_plan plan = {c2s_dtype_is_float(input_dtype(work)),
                              !c2s_dtype_is_unsigned(work->parameters->input_dtype), find_first(work), false};
    plan.is_wrong =
        plan.quantizes && !plan.is_signed && !takes_unsigned(c2s_layer_id(work->graph->layers[plan.first]));
    plan.is_signed = plan.is_signed || plan.is_wrong; /* so that the rest can be looked at */
    return plan;
}

static cnn2snn_status tell_input(const struct c2s_qml_work *work, const struct input_plan *plan,
                                 cnn2snn_error **error)
{
    const cnn2snn_layer *first = work->graph->layers[plan->first];
    const char *wanted = c2s_dtype_name(work->parameters->input_dtype);
    if (plan->is_wrong)
        return FAULT(work, VALUE, "P-035", first->name,
                     "quantize with input_dtype int8, or start with Conv2D or Dense",
                     "%s is the first layer behind %s inputs, expected Conv2D or Dense", first->class_name, wanted);
    if (plan->quantizes || input_dtype(work) == work->parameters->input_dtype)
        return CNN2SNN_OK;
    return c2s_report_add(work->report, CNN2SNN_SEVERITY_WARNING, CNN2SNN_OK, "P-036",
                          work->graph->layers[work->graph->inputs[0]]->name, NULL, error,
                          "inputs of type %s, which stay so, though %s is asked for",
                          c2s_dtype_name(input_dtype(work)), wanted);
}

/* ------------------------------------------------------------------------------------------------ all of it */

static cnn2snn_status work_init(struct c2s_qml_work *work, const struct c2s_graph *graph, cnn2snn_error **error)
{
    cnn2snn_error *cause = NULL;
    work->context = graph->context;
    cnn2snn_status status = c2s_sanitize(graph, work->report, &work->graph, &cause);
    if (status)
        return c2s_report_add_cause(work->report, status, cause, "P-001", error);
    size_t count = work->graph->layer_count;
    work->outputs = c2s_calloc(work->context, count, sizeof *work->outputs);
    work->layers = c2s_calloc(work->context, count, sizeof *work->layers);
    work->reached = c2s_calloc(work->context, count, sizeof *work->reached);
    if (!work->outputs || !work->layers || !work->reached)
        return c2s_error_no_memory(error);
    return c2s_calls_find(work->graph, &work->calls, error);
}

static void work_free(struct c2s_qml_work *work)
{
    for (size_t i = 0; work->layers && i < work->graph->layer_count; i++)
        c2s_layer_release(work->layers[i]);
    c2s_free(work->context, work->outputs);
    c2s_free(work->context, work->layers);
    c2s_free(work->context, work->reached);
    c2s_calls_free(work->context, &work->calls);
    c2s_graph_release(work->graph);
}

static bool is_quantized(const struct c2s_qml_work *work)
{
    for (size_t i = 0; i < work->graph->layer_count; i++)
        if (work->layers[i])
            return true;
    return false;
}

static bool stops_quantization(const struct c2s_qml_work *work, size_t at)
{
    const struct c2s_node *node = &work->graph->nodes[at];
    bool stops = false;
    for (size_t i = 0; i < node->input_count; i++)
        stops = stops || work->layers[node->inputs[i].node];
    return stops;
}

/* Layers that can't be quantized wherever they stand: those in front of which quantization stops, and those behind.
 */
static cnn2snn_status tell_floats(const struct c2s_qml_work *work, ptrdiff_t told, cnn2snn_error **error)
{
    static const char *const remedy = "where it is to run on Akida, use layers that can be quantized";
    for (size_t i = 0; i < work->graph->layer_count; i++) {
        const cnn2snn_layer *layer = work->graph->layers[i];
        if (work->reached[i] || c2s_qml_class_of(layer) || (ptrdiff_t)i == told)
            continue;
        C2S_TRY(
            c2s_report_add(work->report, CNN2SNN_SEVERITY_WARNING, CNN2SNN_OK, "P-038", layer->name, remedy, error,
                           stops_quantization(work, i)
                               ? "%s can't be quantized: quantization stops in front of it, what follows stays float"
                               : "%s can't be quantized either",
                           layer->class_name));
    }
    return CNN2SNN_OK;
}

/* Why nothing could be quantized: the layer behind the input. */
static cnn2snn_status tell_nothing(struct c2s_qml_work *work, cnn2snn_error **error)
{
    size_t first = find_first(work);
    const cnn2snn_layer *layer = work->graph->layers[first];
    C2S_TRY(FAULT(work, INCOMPATIBLE, "P-038", layer->name, "start the model with layers that can be quantized",
                  "no layer can be quantized, since %s, the first one, can't", layer->class_name));
    return tell_floats(work, (ptrdiff_t)first, error);
}

/* The reference calibrates with one sample, of no known row of frames. */
static cnn2snn_status tell_buffers(const struct c2s_qml_work *work, cnn2snn_error **error)
{
    for (size_t i = 0; i < work->graph->layer_count; i++) {
        const cnn2snn_layer *layer = work->graph->layers[i];
        enum c2s_kind_id kind = c2s_layer_id(layer);
        if (kind == C2S_KIND_BUFFER_TEMP_CONV || kind == C2S_KIND_DEPTHWISE_BUFFER_TEMP_CONV)
            return FAULT(work, VALUE, "P-025", layer->name,
                         "quantize the model with samples and a batch_size of your own, then convert it",
                         "%s can't be calibrated with a random sample: it takes frames in a row", layer->class_name);
    }
    return CNN2SNN_OK;
}

static cnn2snn_status quantize(struct c2s_qml_work *work, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    const struct input_plan input = plan_input(work);
    bool takes_zero_point = input.quantizes && !input.is_signed;
    struct c2s_graph *graph = NULL;
    cnn2snn_error *cause = NULL;
    C2S_TRY(c2s_qml_choose_outputs(work, error));
    C2S_TRY(c2s_qml_replace_layers(work, takes_zero_point ? (ptrdiff_t)input.first : C2S_NOBODY, error));
    if (!is_quantized(work))
        return tell_nothing(work, error);
    C2S_TRY(tell_input(work, &input, error));
    C2S_TRY(tell_floats(work, C2S_NOBODY, error));
    C2S_TRY(tell_buffers(work, error));
    cnn2snn_status status = c2s_qml_assemble(work, input.quantizes, input.is_signed, &graph, &cause);
    if (!status)
        status = c2s_qml_calibrate(work, graph, out_graph, &cause);
    c2s_graph_release(graph);
    return status ? c2s_report_add_cause(work->report, status, cause, "P-001", error) : CNN2SNN_OK;
}

cnn2snn_status c2s_qml_quantize(const struct c2s_graph *graph, const struct c2s_qml_parameters *parameters,
                                cnn2snn_report *report, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct c2s_qml_work work = {.context = graph->context, .parameters = parameters, .report = report};
    bool sound = false;
    *out_graph = NULL;
    C2S_TRY(check_model(graph, report, &sound, error));
    if (!sound)
        return CNN2SNN_OK;
    cnn2snn_status status = work_init(&work, graph, error);
    if (!status && work.graph)
        status = quantize(&work, out_graph, error);
    work_free(&work);
    return status;
}
