/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what to do about layers that form no block (spec/quantizeml-conversion.md 3, 4). */
#include "plan/qml_faults.h"

#include "base/error.h"
#include "base/report.h"
#include "base/text.h"
#include "layers/quantizeml_attributes.h"

#define V1 1
#define V2 2
#define BOTH (V1 | V2)
#define ALONE C2S_KIND_OPAQUE

/* What helps where a layer of the first kind is in a block, right in front of one of the second or anyhow. */
struct cure {
    int versions;
    enum c2s_kind_id first, second;
    const char *remedy;
};

/* clang-format off */
static const struct cure cures[] = {
    {V2, C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D, C2S_KIND_QML_RELU,
     "move GlobalAveragePooling2D after the activation"},
    {V2, C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D, C2S_KIND_QML_ACTIVATION,
     "move GlobalAveragePooling2D after the activation"},
    {V1, C2S_KIND_QML_RELU, C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D,
     "move GlobalAveragePooling2D in front of the activation"},
    {BOTH, C2S_KIND_QML_RELU, C2S_KIND_QML_MAX_POOLING2D, "move MaxPooling2D in front of the activation"},
    {BOTH, C2S_KIND_QML_ACTIVATION, C2S_KIND_QML_MAX_POOLING2D, "move MaxPooling2D in front of the activation"},
    {BOTH, C2S_KIND_QML_MAX_POOLING2D, C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D,
     "keep one pooling behind each convolution"},
    {V1, C2S_KIND_QML_DEPTHWISE_CONV2D, ALONE, "target Akida 2.0, or use SeparableConv2D"},
    {V1, C2S_KIND_QML_CONV2D_TRANSPOSE, ALONE, "target Akida 2.0"},
    {V1, C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE, ALONE, "target Akida 2.0"},
    {V1, C2S_KIND_QML_ACTIVATION, ALONE, "target Akida 2.0, or use a ReLU with a maximum"},
    {V1, C2S_KIND_QML_ADD, ALONE, "target Akida 2.0"},
    {V1, C2S_KIND_QML_CONCATENATE, ALONE, "target Akida 2.0"},
    {V1, C2S_KIND_QML_BUFFER_TEMP_CONV, ALONE, "target Akida 2.0"},
    {V1, C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV, ALONE, "target Akida 2.0"},
    {V1, C2S_KIND_QML_STATEFUL_RECURRENT, ALONE, "target Akida 2.0"},
    {V1, C2S_KIND_QML_PICO_POST_PROCESSING, ALONE, "target Akida 2.0"},
    {V2, C2S_KIND_QML_SEPARABLE_CONV2D, ALONE,
     "use DepthwiseConv2D and Conv2D with 1x1 kernels instead: Akida 2.0 has no layer that does both"},
    {V2, C2S_KIND_QML_DENSE, C2S_KIND_QML_ACTIVATION, "use a ReLU behind Dense: it takes no look-up table"},
    {V2, C2S_KIND_QML_ADD, C2S_KIND_QML_RELU,
     "quantize the output of Add with at most 8 bits, and put a Conv2D with 1x1 kernels in front of the ReLU"},
    {V2, C2S_KIND_QML_STATEFUL_RECURRENT, ALONE,
     "use StatefulProjection, StatefulRecurrent, ExtractToken, StatefulProjection in a row"},
    {BOTH, C2S_KIND_QML_BATCH_NORMALIZATION, ALONE,
     "fold BatchNormalization into the layer in front before quantizing: later runtimes have no layer for it"},
    {BOTH, C2S_KIND_QML_PERMUTE, ALONE, "remove Permute"},
    {BOTH, C2S_KIND_QML_EXTRACT_TOKEN, ALONE, "remove ExtractToken"},
    {BOTH, C2S_KIND_QML_FLATTEN, ALONE, "put Flatten right in front of a Dense"},
    {BOTH, C2S_KIND_QML_RESHAPE, ALONE, "put Reshape right in front of a Dense"},
};
/* clang-format on */

static enum c2s_kind_id kind_of(const struct c2s_qml_plan *plan, size_t node)
{
    return c2s_layer_id(plan->graph->layers[plan->graph->nodes[node].layer]);
}

static bool is_compute(enum c2s_kind_id kind)
{
    return kind == C2S_KIND_QML_CONV2D || kind == C2S_KIND_QML_DEPTHWISE_CONV2D ||
           kind == C2S_KIND_QML_SEPARABLE_CONV2D || kind == C2S_KIND_QML_CONV2D_TRANSPOSE ||
           kind == C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE || kind == C2S_KIND_QML_DENSE ||
           kind == C2S_KIND_QML_BUFFER_TEMP_CONV || kind == C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV;
}

static const char *find_remedy(const struct c2s_qml_plan *plan, size_t count, const size_t *nodes)
{
    int version = plan->version == CNN2SNN_AKIDA_V1 ? V1 : V2;
    size_t computing = 0;
    for (size_t i = 0; i < sizeof cures / sizeof *cures; i++)
        for (size_t j = 0; j < count; j++)
            if (cures[i].versions & version && kind_of(plan, nodes[j]) == cures[i].first &&
                (cures[i].second == ALONE || (j + 1 < count && kind_of(plan, nodes[j + 1]) == cures[i].second)))
                return cures[i].remedy;
    for (size_t i = 0; i < count; i++)
        computing += is_compute(kind_of(plan, nodes[i]));
    if (computing > 1)
        return "quantize the output of each of these layers, with at most 8 bits";
    if (!computing)
        return "put pooling and activation right behind a convolution whose output is not quantized";
    return "use one of the rows of layers that `cnn2snn supported-ops` lists";
}

/* Layers that are no part of QuantizeML's quantized set. */
static const cnn2snn_layer *find_float(const struct c2s_qml_plan *plan, size_t count, const size_t *nodes)
{
    for (size_t i = 0; i < count; i++) {
        const cnn2snn_layer *layer = plan->graph->layers[plan->graph->nodes[nodes[i]].layer];
        if (!c2s_layer_is_qml_quantized(layer))
            return layer;
    }
    return NULL;
}

static void add_pattern(struct c2s_text *text, const struct c2s_block_pattern *pattern)
{
    for (size_t i = 0; i < c2s_block_pattern_length(pattern); i++)
        c2s_text_format(text, "%s%s", i ? " > " : "", c2s_plain_class_name(c2s_layer_kind_get(pattern->layers[i])));
}

/* Rows that have a computing layer of the block, or any of its layers where there is none. */
static void add_known(struct c2s_text *text, const struct c2s_block_patterns *patterns,
                      const struct c2s_qml_plan *plan, size_t count, const size_t *nodes, bool computing)
{
    size_t found = 0;
    for (size_t i = 0; i < patterns->count; i++) {
        const struct c2s_block_pattern *row = &patterns->rows[i];
        bool common = false;
        for (size_t j = 0; j < count; j++)
            common = common || ((!computing || is_compute(kind_of(plan, nodes[j]))) &&
                                c2s_block_pattern_has(row, kind_of(plan, nodes[j])));
        if (!common || row->version != plan->version || row->input_only)
            continue;
        c2s_text_add(text, found++ ? ", " : "; known rows: ");
        add_pattern(text, row);
    }
}

cnn2snn_status c2s_qml_report_pattern(cnn2snn_report *report, const struct c2s_block_patterns *patterns,
                                      const struct c2s_qml_plan *plan, size_t count, const size_t *nodes,
                                      cnn2snn_error **error)
{
    const cnn2snn_layer *subject = plan->graph->layers[plan->graph->nodes[nodes[0]].layer];
    const cnn2snn_layer *float_layer = find_float(plan, count, nodes);
    if (float_layer)
        return c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_INCOMPATIBLE, "Q-020", float_layer->name,
                              "quantize the whole model, or end it with a Dequantizer in front of this layer", error,
                              "%s in front of the end of the model, expected a layer quantized by QuantizeML",
                              float_layer->class_name);
    struct c2s_text text;
    c2s_text_init(&text, plan->context);
    size_t computing = 0;
    for (size_t i = 0; i < count; i++) {
        const cnn2snn_layer *layer = plan->graph->layers[plan->graph->nodes[nodes[i]].layer];
        c2s_text_format(&text, "%s%s (%s)", i ? " > " : "", c2s_plain_class_name(layer->kind), layer->name);
        if (is_compute(c2s_layer_id(layer)) && !computing++)
            subject = layer;
    }
    c2s_text_format(&text, " is no block of Akida %s", plan->version == CNN2SNN_AKIDA_V1 ? "1.0" : "2.0");
    add_known(&text, patterns, plan, count, nodes, computing > 0);
    cnn2snn_status status =
        text.failed ? c2s_error_no_memory(error)
                    : c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_INCOMPATIBLE, "Q-056", subject->name,
                                     find_remedy(plan, count, nodes), error, "%s", text.data);
    c2s_text_free(&text);
    return status;
}

cnn2snn_status c2s_qml_report_cut(cnn2snn_report *report, const cnn2snn_layer *layer, const cnn2snn_layer *behind,
                                  cnn2snn_error **error)
{
    const char *remedy = "target Akida 2.0, or quantize no outputs but those of ReLU layers";
    if (c2s_layer_id(layer) == C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D)
        remedy = "move GlobalAveragePooling2D in front of the activation";
    return c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_INCOMPATIBLE, "Q-054", layer->name, remedy, error,
                          "the output of %s is quantized in front of %s, expected only that of ReLU layers on Akida "
                          "1.0",
                          c2s_plain_class_name(layer->kind), behind->name);
}

cnn2snn_status c2s_qml_report_shared(cnn2snn_report *report, const cnn2snn_layer *layer, cnn2snn_error **error)
{
    return c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_INCOMPATIBLE, "Q-053", layer->name,
                          "quantize its output with at most 8 bits", error,
                          "several layers take the output, which isn't quantized to at most 8 bits");
}

cnn2snn_status c2s_qml_report_loose(cnn2snn_report *report, const cnn2snn_layer *layer, cnn2snn_error **error)
{
    return c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_INCOMPATIBLE, "Q-053", layer->name,
                          "remove the layer, or connect it to the output", error,
                          "nothing that is converted takes the output");
}

cnn2snn_status c2s_qml_report_inbounds(cnn2snn_report *report, const cnn2snn_layer *layer, size_t found,
                                       size_t expected, cnn2snn_error **error)
{
    return c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_INCOMPATIBLE, "Q-063", layer->name,
                          expected == 2 ? "join two at a time" : "give it one input", error,
                          "%zu inputs, expected %zu", found, expected);
}

cnn2snn_status c2s_qml_report_input_use(cnn2snn_report *report, const cnn2snn_layer *layer, cnn2snn_error **error)
{
    return c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_INCOMPATIBLE, "Q-063", layer->name,
                          "let one convolution take the images, and the others its output", error,
                          "takes the model's input, which an input convolution takes already");
}
