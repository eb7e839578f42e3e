/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeML models of a few layers, for graphs of support/graphs.h. */
#ifndef QML_MODELS_H
#define QML_MODELS_H

#include "../support/graphs.h"

#include "base/report.h"
#include "plan/qml_plan.h"

/* Configs: an output of 8 bits; the same by channel; 4-bit weights; both. */
#define OUT8 "'quant_config': {'output_quantizer': {'bitwidth': 8}}"
#define OUT8_AXIS "'quant_config': {'output_quantizer': {'bitwidth': 8, 'axis': 'per-axis'}}"
#define OUT4 "'quant_config': {'output_quantizer': {'bitwidth': 4, 'signed': false}}"
#define W4 "'quant_config': {'weight_quantizer': {'bitwidth': 4}}"
#define SEP4 "'quant_config': {'dw_weight_quantizer': {'bitwidth': 4}, 'pw_weight_quantizer': {'bitwidth': 4}}"

#define SIGNED_INPUT "['Custom>InputQuantizer', {'name': 'q'}, null, [[-1], [1]]]"
#define UNSIGNED_INPUT "['Custom>InputQuantizer', {'name': 'q', 'signed': false}, null, [[0], [1]]]"
#define CONV(name, more) "['Custom>QuantizedConv2D', {'name': '" name "', 'filters': 2, 'kernel_size': 3" more "}]"
#define DEPTHWISE(name, more) "['Custom>QuantizedDepthwiseConv2D', {'name': '" name "', 'kernel_size': 3" more "}]"
#define SEPARABLE(name, more)                                                                                        \
    "['Custom>QuantizedSeparableConv2D', {'name': '" name "', 'filters': 2, 'kernel_size': 3" more "}]"
#define TRANSPOSE(name, more)                                                                                        \
    "['Custom>QuantizedConv2DTranspose', {'name': '" name "', 'filters': 2, 'kernel_size': 3, 'strides': 2, "        \
    "'padding': 'same'" more "}]"
#define DEPTHWISE_TRANSPOSE(name, more)                                                                              \
    "['Custom>QuantizedDepthwiseConv2DTranspose', {'name': '" name "', 'kernel_size': 3, 'strides': 2, "             \
    "'padding': 'same'" more "}]"
#define DENSE(name, more) "['Custom>QuantizedDense', {'name': '" name "', 'units': 2" more "}]"
#define RELU(name, more) "['Custom>QuantizedReLU', {'name': '" name "'" more "}]"
#define LUT(name, more) "['Custom>QuantizedActivation', {'name': '" name "', 'activation': 'swish'" more "}]"
#define POOL(name, more) "['Custom>QuantizedMaxPool2D', {'name': '" name "'" more "}]"
#define GAP(name, more) "['Custom>QuantizedGlobalAveragePooling2D', {'name': '" name "'" more "}]"
#define FLATTEN(name) "['Custom>QuantizedFlatten', {'name': '" name "'}]"
#define DEQUANTIZER "['Custom>Dequantizer', {'name': 'dq'}]"

static inline void print_report(const cnn2snn_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        fprintf(stderr, "%s %s: %s\n", report->faults[i].rule, report->faults[i].layer, report->faults[i].message);
}

/* "Q-070 c, Q-079 r": entries of that severity. */
static inline void list_entries(const cnn2snn_report *report, cnn2snn_severity severity, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < report->count && used < size; i++)
        if (report->faults[i].severity == severity)
            used += (size_t)snprintf(text + used, size - used, "%s%s%s%s", used ? ", " : "", report->faults[i].rule,
                                     *report->faults[i].layer ? " " : "", report->faults[i].layer);
}

/* Plans a graph, which is released, and expects just these faults and warnings. */
static inline void expect_plan(struct c2s_graph *graph, struct c2s_plan_settings settings, const char *faults,
                               const char *warnings)
{
    cnn2snn_report *report = NULL;
    struct c2s_qml_plan *plan = NULL;
    char found[2048];
    must(c2s_report_create(context, &report, &error));
    must(c2s_qml_plan_create(graph, &settings, report, &plan, &error));
    list_entries(report, CNN2SNN_SEVERITY_ERROR, found, sizeof found);
    if (strcmp(found, faults))
        print_report(report);
    ck_assert_str_eq(found, faults);
    list_entries(report, CNN2SNN_SEVERITY_WARNING, found, sizeof found);
    if (warnings)
        ck_assert_str_eq(found, warnings);
    ck_assert(*faults ? plan == NULL : plan != NULL);
    c2s_qml_plan_destroy(plan);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}

static inline void expect_faults(cnn2snn_akida_version version, const char *input, const char *layers,
                                 const char *faults)
{
    expect_plan(sequential(input, layers), (struct c2s_plan_settings){.akida_version = version}, faults, NULL);
}

#endif
