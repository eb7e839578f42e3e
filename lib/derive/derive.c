/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which rule derives a call, in the graph's order, and quantizes the outputs. */
#include "derive/derive.h"

#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "derive/derive_step.h"
#include "numeric/fixed_point.h"

/* What reaches a quantized layer in floats is taken as an image's integers. */
enum { IMAGE_BITS = 8 };

/* What a kind takes beside integers with scales. */
enum takes {
    FLOATS = 1, /* and nothing else */
    IMAGES = 2, /* floats as an image's integers */
    PLAIN = 4   /* no scales */
};

struct rule {
    enum c2s_kind_id id;
    unsigned takes;
    c2s_derive_rule *derive;
};

static const struct rule rules[] = {
    {C2S_KIND_INPUT, 0, c2s_derive_input},
    {C2S_KIND_QML_INPUT_QUANTIZER, FLOATS, c2s_derive_input_quantizer},
    {C2S_KIND_QML_DEQUANTIZER, 0, c2s_derive_dequantizer},
    {C2S_KIND_QML_CONV2D, IMAGES, c2s_derive_conv},
    {C2S_KIND_QML_CONV2D_TRANSPOSE, PLAIN, c2s_derive_conv_transpose},
    {C2S_KIND_QML_DEPTHWISE_CONV2D, IMAGES | PLAIN, c2s_derive_depthwise},
    {C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE, PLAIN, c2s_derive_depthwise_transpose},
    {C2S_KIND_QML_SEPARABLE_CONV2D, IMAGES | PLAIN, c2s_derive_separable},
    {C2S_KIND_QML_DENSE, IMAGES, c2s_derive_dense},
    {C2S_KIND_QML_RELU, 0, c2s_derive_relu},
    {C2S_KIND_QML_ACTIVATION, PLAIN, c2s_derive_activation},
    {C2S_KIND_QML_ADD, PLAIN, c2s_derive_add},
    {C2S_KIND_QML_CONCATENATE, PLAIN, c2s_derive_concatenate},
    {C2S_KIND_QML_MAX_POOLING2D, 0, c2s_derive_unchanged},
    {C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D, 0, c2s_derive_global_pool},
    {C2S_KIND_QML_FLATTEN, PLAIN, c2s_derive_flatten},
    {C2S_KIND_QML_RESHAPE, 0, c2s_derive_reshape},
    {C2S_KIND_QML_PERMUTE, PLAIN, c2s_derive_permute},
    {C2S_KIND_QML_DROPOUT, 0, c2s_derive_unchanged},
    {C2S_KIND_QML_RESCALING, IMAGES, c2s_derive_rescaling},
    {C2S_KIND_QML_EXTRACT_TOKEN, PLAIN, c2s_derive_token},
    {C2S_KIND_QML_BUFFER_TEMP_CONV, IMAGES, c2s_derive_buffer_temp_conv},
    {C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV, PLAIN, c2s_derive_buffer_temp_conv},
    {C2S_KIND_QML_STATEFUL_PROJECTION, IMAGES, c2s_derive_dense},
    {C2S_KIND_QML_STATEFUL_RECURRENT, 0, c2s_derive_recurrent},
    {C2S_KIND_QML_BATCH_NORMALIZATION, 0, c2s_derive_batchnorm},
    {C2S_KIND_QML_PICO_POST_PROCESSING, 0, c2s_derive_pico},
    {C2S_KIND_DROPOUT, 0, c2s_derive_unchanged},
};

struct deriver {
    const struct c2s_graph *graph;
    struct c2s_derivation *derivation;
    struct c2s_derived_weights *weights; /* by layer */
    struct c2s_number image;
    bool one_range;
    cnn2snn_error **error;
};

static const struct rule *find_rule(enum c2s_kind_id id)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].id == id)
            return &rules[i];
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ one call */

/* Of a package such as QuantizeML: it may well compute on integers. */
static bool is_packaged(const cnn2snn_layer *layer)
{
    return strchr(layer->class_name, '>') != NULL;
}

/* Layers of Keras compute on floats; conversion leaves those out that the reference lets stand between quantized
 * ones. */
static cnn2snn_status derive_float_layer(struct c2s_derive_step *step, bool behind_integers)
{
    switch (c2s_layer_id(step->layer)) {
    case C2S_KIND_MODEL:
        return c2s_derive_error(step, CNN2SNN_E_UNSUPPORTED, "Q-056", "a nested model, expected layers");
    case C2S_KIND_OPAQUE:
    case C2S_KIND_CUSTOM:
        return behind_integers || is_packaged(step->layer)
                   ? c2s_derive_error(step, CNN2SNN_E_UNSUPPORTED, "Q-020", "class %.80s is unknown",
                                      step->layer->class_name)
                   : CNN2SNN_OK;
    case C2S_KIND_RESCALING:
    case C2S_KIND_ACTIVATION:
    case C2S_KIND_SOFTMAX:
        return CNN2SNN_OK;
    default:
        break;
    }
    return behind_integers ? c2s_derive_error(
                                 step, CNN2SNN_E_UNSUPPORTED, "Q-056",
                                 "class %.80s computes on floats, but its input is quantized: quantize the layer, or "
                                 "put it behind a Dequantizer",
                                 step->layer->class_name)
                           : CNN2SNN_OK;
}

static cnn2snn_status quantize_output(struct c2s_derive_step *step)
{
    const struct c2s_output_quantizer *quantizer = c2s_layer_output_quantizer(step->layer);
    struct c2s_derived *derived = step->derived;
    const cnn2snn_tensor *range, *rate;
    if (derived->output.frac_bits || c2s_layer_id(step->layer) == C2S_KIND_QML_DEQUANTIZER ||
        !derived->accumulator.frac_bits)
        return CNN2SNN_OK;
    if (!quantizer) {
        derived->output = c2s_number_retain(&derived->accumulator);
        return CNN2SNN_OK;
    }
    if (derived->accumulator.scales && derived->accumulator.value_bits > quantizer->buffer_bitwidth)
        return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-005",
                                "%d value bits don't fit the output quantizer's buffer_bitwidth %d",
                                (int)derived->accumulator.value_bits, (int)quantizer->buffer_bitwidth);
    C2S_TRY(c2s_derive_weight(step, "output_quantizer/range_max", &range));
    C2S_TRY(c2s_derive_weight(step, "output_quantizer/rescaling_rate", &rate));
    const struct c2s_fixed_output how = {quantizer->bitwidth - (quantizer->is_signed ? 1 : 0), quantizer->scale_bits,
                                         range, rate};
    return c2s_fixed_quantize_output(&how, &derived->accumulator, &derived->integers[C2S_OUTPUT_SCALES],
                                     &derived->integers[C2S_OUTPUT_SHIFT], &derived->output, step->error);
}

static cnn2snn_status check_inputs(struct c2s_derive_step *step, const struct rule *rule)
{
    for (size_t i = 0; i < step->input_count && i < 2; i++) {
        const struct c2s_number *input = &step->inputs[i];
        if (rule->takes & FLOATS && input->value_bits)
            return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-014", "input is of integers, expected floats");
        if (c2s_layer_is_qml_quantized(step->layer) && !(rule->takes & FLOATS))
            C2S_TRY(c2s_derive_require_integers(step, input));
        if (rule->takes & PLAIN)
            C2S_TRY(c2s_derive_require_fixed_point(step, input));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status run_rule(struct c2s_derive_step *step, const struct rule *rule)
{
    C2S_TRY(check_inputs(step, rule));
    C2S_TRY(rule->derive(step));
    if (step->derived->accumulator.frac_bits)
        C2S_TRY(c2s_derive_check_number(step, &step->derived->accumulator));
    return quantize_output(step);
}

/* ------------------------------------------------------------------------------------------------ the graph */

/* Numbers and shapes of the inputs as they enter. */
static bool read_inputs(struct deriver *deriver, const struct c2s_node *node, const struct rule *rule,
                        struct c2s_derive_step *step)
{
    bool behind_integers = false;
    step->input_count = node->input_count;
    for (size_t i = 0; i < node->input_count && i < 2; i++) {
        const struct c2s_value *value = &node->inputs[i];
        const struct c2s_derived *source = &deriver->derivation->nodes[value->node];
        step->inputs[i] = source->output;
        step->input_shapes[i] = deriver->graph->nodes[value->node].shapes[value->output];
        behind_integers =
            behind_integers || (source->output.value_bits && c2s_layer_id(source->layer) != C2S_KIND_INPUT);
        if (!source->output.value_bits && rule && rule->takes & IMAGES)
            step->inputs[i] = deriver->image;
    }
    return behind_integers;
}

static cnn2snn_status derive_node(struct deriver *deriver, size_t index)
{
    const struct c2s_node *node = &deriver->graph->nodes[index];
    struct c2s_derived *derived = &deriver->derivation->nodes[index];
    struct c2s_derive_step step = {.context = deriver->graph->context,
                                   .layer = deriver->graph->layers[node->layer],
                                   .weights = &deriver->weights[node->layer],
                                   .derived = derived,
                                   .output_shape = node->shapes[0],
                                   .one_range = deriver->one_range,
                                   .error = deriver->error};
    const struct rule *rule = find_rule(c2s_layer_id(step.layer));
    derived->layer = step.layer;
    step.quant = c2s_layer_quant_config(step.layer);
    bool behind_integers = read_inputs(deriver, node, rule, &step);
    if (node->input_count)
        derived->input = c2s_number_retain(&step.inputs[0]);
    cnn2snn_status status = rule ? run_rule(&step, rule) : derive_float_layer(&step, behind_integers);
    if (status)
        c2s_error_set_layer(deriver->error, step.layer->name);
    return status;
}

bool c2s_graph_is_quantizeml(const struct c2s_graph *graph)
{
    for (size_t i = 0; i < graph->layer_count; i++) {
        const cnn2snn_layer *layer = graph->layers[i];
        if (c2s_layer_is(layer, C2S_FAMILY_QUANTIZEML) || (layer->graph && c2s_graph_is_quantizeml(layer->graph)))
            return true;
    }
    return false;
}

bool c2s_graph_is_quantizeml_quantized(const struct c2s_graph *graph)
{
    for (size_t i = 0; i < graph->layer_count; i++) {
        const cnn2snn_layer *layer = graph->layers[i];
        if (c2s_layer_is_qml_quantized(layer) || (layer->graph && c2s_graph_is_quantizeml_quantized(layer->graph)))
            return true;
    }
    return false;
}

static cnn2snn_status derive_all(struct deriver *deriver)
{
    cnn2snn_context *context = deriver->graph->context;
    deriver->image.value_bits = IMAGE_BITS;
    C2S_TRY(c2s_scalar_create(context, 0, &deriver->image.frac_bits, deriver->error));
    for (size_t i = 0; i < deriver->graph->node_count; i++) {
        const struct c2s_node *node = &deriver->graph->nodes[i];
        if (!node->shapes)
            return c2s_layer_error(context, deriver->error, CNN2SNN_E_STATE, "K-shape",
                                   deriver->graph->layers[node->layer]->name, "its shapes are not inferred yet");
        C2S_TRY(derive_node(deriver, i));
    }
    return CNN2SNN_OK;
}

static void free_weights(struct deriver *deriver)
{
    for (size_t i = 0; deriver->weights && i < deriver->graph->layer_count; i++) {
        c2s_tensor_release(deriver->weights[i].integers);
        c2s_tensor_release(deriver->weights[i].scales);
        c2s_tensor_release(deriver->weights[i].more_integers);
        c2s_tensor_release(deriver->weights[i].more_scales);
    }
    c2s_free(deriver->graph->context, deriver->weights);
}

static cnn2snn_status derive_by(const struct c2s_graph *graph, bool one_range, struct c2s_derivation **out_derivation,
                                cnn2snn_error **error)
{
    cnn2snn_context *context = graph->context;
    struct deriver deriver = {.graph = graph, .image = c2s_number_none(), .one_range = one_range, .error = error};
    *out_derivation = NULL;
    deriver.derivation = c2s_calloc(context, 1, sizeof *deriver.derivation);
    if (!deriver.derivation)
        return c2s_error_no_memory(error);
    deriver.derivation->context = c2s_context_retain(context);
    deriver.derivation->nodes = c2s_calloc(context, graph->node_count, sizeof *deriver.derivation->nodes);
    deriver.derivation->count = deriver.derivation->nodes ? graph->node_count : 0;
    deriver.weights = c2s_calloc(context, graph->layer_count, sizeof *deriver.weights);
    cnn2snn_status status =
        deriver.derivation->nodes && deriver.weights ? derive_all(&deriver) : c2s_error_no_memory(error);
    free_weights(&deriver);
    c2s_number_free(&deriver.image);
    if (status)
        c2s_derivation_destroy(deriver.derivation);
    else
        *out_derivation = deriver.derivation;
    return status;
}

cnn2snn_status c2s_derive(const struct c2s_graph *graph, struct c2s_derivation **out_derivation,
                          cnn2snn_error **error)
{
    return derive_by(graph, false, out_derivation, error);
}

cnn2snn_status c2s_derive_as_written(const struct c2s_graph *graph, struct c2s_derivation **out_derivation,
                                     cnn2snn_error **error)
{
    return derive_by(graph, c2s_graph_is_of_first_release(graph), out_derivation, error);
}

static void free_derived(struct c2s_derived *derived)
{
    c2s_number_free(&derived->input);
    c2s_number_free(&derived->accumulator);
    c2s_number_free(&derived->output);
    for (size_t i = 0; i < C2S_INTEGERS_COUNT; i++)
        c2s_tensor_release(derived->integers[i]);
    c2s_tensor_release(derived->float_scales);
}

void c2s_derivation_destroy(struct c2s_derivation *derivation)
{
    if (!derivation)
        return;
    cnn2snn_context *context = derivation->context;
    for (size_t i = 0; i < derivation->count; i++)
        free_derived(&derivation->nodes[i]);
    c2s_free(context, derivation->nodes);
    c2s_free(context, derivation);
    c2s_context_release(context);
}
