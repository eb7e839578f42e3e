/* SPDX-License-Identifier: Apache-2.0 */
/* Each rule is broken alone by a model of its own, and nothing else is reported then. */
#include <math.h>
#include <stdlib.h>

#include "plan/rule.h"
#include "small_models.h"

static cnn2snn_context *context;

static void setup(void)
{
    context = small_context();
}

static void teardown(void)
{
    c2s_context_release(context);
}

#define COMPATIBLE C2S_RULES_COMPATIBLE
#define BOTH (C2S_RULES_COMPATIBLE | C2S_RULES_CONVERT)
#define AHEAD (C2S_RULES_COMPATIBLE | C2S_RULES_AHEAD)

/* What breaks one rule. */
struct broken {
    const char *rule, *layer; /* expected */
    cnn2snn_status code;      /* CNN2SNN_OK: a warning */
    unsigned sets;
    struct c2s_shape input;
    struct c2s_plan_settings settings;
    struct small_layer layers[8];
    struct small_weight weight; /* or none */
};

#define IMAGE3                                                                                                       \
    {                                                                                                                \
        3,                                                                                                           \
        {                                                                                                            \
            8, 8, 3                                                                                                  \
        }                                                                                                            \
    }
#define IMAGE1                                                                                                       \
    {                                                                                                                \
        3,                                                                                                           \
        {                                                                                                            \
            8, 8, 1                                                                                                  \
        }                                                                                                            \
    }
#define EVENTS                                                                                                       \
    {                                                                                                                \
        3,                                                                                                           \
        {                                                                                                            \
            8, 8, 4                                                                                                  \
        }                                                                                                            \
    }
#define SCALING(scale, shift)                                                                                        \
    {                                                                                                                \
        .has_input_scaling = true, .input_scale = scale, .input_shift = shift                                        \
    }
#define CONV(name, more) NAMED("Conv2D", name, ", 'filters': 2, 'kernel_size': 3, 'padding': 'same'" more)
#define RELU(name) NAMED("ReLU", name, "")
#define SAME ", 'padding': 'same'"
#define GOOD QCONV("c", 2, 3, 8, SAME), QRELU("r", 4, 6)

static const float negative[] = {1, -1}, null[] = {1, 0};

static const struct broken cases[] = {
    {"L-G1-VERSION", "", CNN2SNN_E_VALUE, BOTH, IMAGE1, {.akida_version = CNN2SNN_AKIDA_V2}, {GOOD}, {0}},
    {"L-G1-RESCALING",
     "s",
     CNN2SNN_E_VALUE,
     BOTH,
     IMAGE1,
     SCALING(255, 0),
     {NAMED("Rescaling", "s", ", 'scale': 0.5, 'offset': 0"), GOOD},
     {0}},
    {"L-G1-CHANNELS",
     "s",
     CNN2SNN_E_TYPE,
     BOTH,
     IMAGE3,
     {0},
     {NAMED("Rescaling", "s", ", 'scale': [1, 2, 3], 'offset': 0"), GOOD},
     {0}},
    {"L-G1-SCALE", "", CNN2SNN_E_VALUE, BOTH, IMAGE1, SCALING(0, 0), {GOOD}, {0}},
    {"L-G1-SCALE", "", CNN2SNN_E_VALUE, BOTH, IMAGE1, SCALING(-1, 0), {GOOD}, {0}},
    {"L-G1-SCALE", "", CNN2SNN_E_VALUE, BOTH, IMAGE1, SCALING(NAN, 0), {GOOD}, {0}},
    {"L-G1-SCALE", "", CNN2SNN_E_VALUE, BOTH, IMAGE1, SCALING(1e300, 0), {GOOD}, {0}},
    {"L-G1-SCALE", "", CNN2SNN_E_VALUE, BOTH, IMAGE1, SCALING(1e-300, 0), {GOOD}, {0}},
    {"L-G1-SCALE",
     "s",
     CNN2SNN_E_VALUE,
     BOTH,
     IMAGE1,
     {0},
     {NAMED("Rescaling", "s", ", 'scale': -0.5, 'offset': 0"), GOOD},
     {0}},
    {"L-G1-SHIFT", "", CNN2SNN_E_VALUE, BOTH, IMAGE1, SCALING(1, NAN), {GOOD}, {0}},
    {"L-G1-SHIFT", "", CNN2SNN_E_VALUE, BOTH, IMAGE1, SCALING(1, INFINITY), {GOOD}, {0}},
    {"L-G3-PADDING", "", CNN2SNN_E_VALUE, BOTH, IMAGE1, SCALING(1, 256), {GOOD}, {0}},
    {"L-G3-PADDING", "", CNN2SNN_E_VALUE, BOTH, IMAGE1, SCALING(1, -1), {GOOD}, {0}},
    {"C-05", "", CNN2SNN_OK, BOTH, IMAGE1, SCALING(1, 255.9), {GOOD}, {0}},
    {"C-05", "", CNN2SNN_OK, BOTH, IMAGE1, SCALING(1, -0.5), {GOOD}, {0}},
    {"C-05", "", CNN2SNN_OK, BOTH, EVENTS, SCALING(1, 3), {GOOD}, {0}},
    {"L-H3", "in", CNN2SNN_E_INCOMPATIBLE, COMPATIBLE, {2, {8, 4}}, {0}, {NAMED("Flatten", "f", "")}, {0}},
    {"L-H1",
     "c",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ", 'data_format': 'channels_first'")},
     {0}},
    {"L-H2", "c", CNN2SNN_E_VALUE, COMPATIBLE, IMAGE3, {0}, {CONV("c", ", 'dilation_rate': [2, 1]")}, {0}},
    {"L-H7",
     "b",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("MaxPooling2D", "p", ", 'pool_size': 2" SAME), NAMED("BatchNormalization", "b", "")},
     {"b", "gamma", 2, negative}},
    {"L-H8",
     "b",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("BatchNormalization", "b", ", 'axis': 1")},
     {0}},
    {"L-H8",
     "b",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("BatchNormalization", "b", "")},
     {"b", "gamma", 2, null}},
    {"L-H8",
     "c",
     CNN2SNN_E_INCOMPATIBLE,
     BOTH,
     IMAGE3,
     {0},
     {NAMED("QuantizedConv2D", "c", ", 'filters': 2, 'kernel_size': 3, 'quantizer': " MAX_QUANTIZER(4)),
      NAMED("BatchNormalization", "b", "")},
     {0}},
    {"L-H9",
     "b",
     CNN2SNN_E_VALUE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("BatchNormalization", "b", ", 'scale': false")},
     {0}},
    {"L-H9",
     "b",
     CNN2SNN_E_VALUE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("BatchNormalization", "b", ", 'center': false")},
     {0}},
    {"L-G2-SIZE", "", CNN2SNN_E_VALUE, BOTH, {3, {-1, -1, 1}}, {0}, {GOOD}, {0}},
    {"L-G3-EMPTY", "", CNN2SNN_E_INCOMPATIBLE, BOTH, EVENTS, {0}, {NAMED("Flatten", "f", "")}, {0}},
    {"L-H10",
     "d",
     CNN2SNN_E_INCOMPATIBLE,
     BOTH,
     {1, {3}},
     {.input_mode = CNN2SNN_INPUT_IMAGE},
     {QDENSE("d", 2, 4, "")},
     {0}},
    {"L-H10", "c", CNN2SNN_E_INCOMPATIBLE, BOTH, EVENTS, {.input_mode = CNN2SNN_INPUT_IMAGE}, {GOOD}, {0}},
    {"L-H11", "d", CNN2SNN_E_INCOMPATIBLE, COMPATIBLE, EVENTS, {0}, {NAMED("Dense", "d", ", 'units': 2")}, {0}},
    {"L-H12", "c2", CNN2SNN_E_INCOMPATIBLE, COMPATIBLE, IMAGE3, {0}, {CONV("c", ""), CONV("c2", "")}, {0}},
    {"L-H13", "r", CNN2SNN_E_INCOMPATIBLE, COMPATIBLE, IMAGE3, {0}, {RELU("r"), CONV("c", "")}, {0}},
    {"L-H13", "r2", CNN2SNN_E_INCOMPATIBLE, COMPATIBLE, IMAGE3, {0}, {CONV("c", ""), RELU("r"), RELU("r2")}, {0}},
    {"L-H14",
     "p",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {NAMED("MaxPooling2D", "p", ", 'pool_size': 2"), CONV("c", "")},
     {0}},
    {"L-H15",
     "g",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), RELU("r"), NAMED("GlobalAveragePooling2D", "g", "")},
     {0}},
    {"L-H15",
     "g",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("MaxPooling2D", "p", ", 'pool_size': 2" SAME), NAMED("GlobalAveragePooling2D", "g", "")},
     {0}},
    {"L-H16",
     "p",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("MaxPooling2D", "p", ", 'pool_size': 2, 'padding': 'valid'"), RELU("r")},
     {0}},
    {"L-H16",
     "p",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), RELU("r"), NAMED("MaxPooling2D", "p", ", 'pool_size': 2, 'padding': 'valid'")},
     {0}},
    {"L-H17",
     "f",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("Flatten", "f", ""), RELU("r")},
     {0}},
    {"L-H18",
     "s",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("Reshape", "s", ", 'target_shape': [128]")},
     {0}},
    {"L-H19",
     "s",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), RELU("r"), NAMED("Rescaling", "s", ", 'scale': 2, 'offset': 0")},
     {0}},
    {"L-H20",
     "s",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), RELU("r"), NAMED("Softmax", "s", ""), CONV("c2", "")},
     {0}},
    {"L-H20",
     "s",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), RELU("r"), NAMED("Activation", "s", ", 'activation': 'relu'"), CONV("c2", "")},
     {0}},
    {"L-H21",
     "a",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("AveragePooling2D", "a", ", 'pool_size': 2")},
     {0}},
    {"L-H21",
     "b",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), RELU("r"), NAMED("BatchNormalization", "b", "")},
     {0}},
    {"L-H21",
     "t",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {NAMED("Conv2DTranspose", "t", ", 'filters': 2, 'kernel_size': 3")},
     {0}},
    {"L-H21",
     "u",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("NobodyKnows", "u", "")},
     {0}},
    /* what a fault brings about is not told besides */
    {"L-H13", "r", CNN2SNN_E_INCOMPATIBLE, BOTH, IMAGE3, {0}, {QRELU("r", 4, 6), QCONV("c", 2, 3, 8, "")}, {0}},
    {"L-H14",
     "p",
     CNN2SNN_E_INCOMPATIBLE,
     BOTH,
     IMAGE3,
     {0},
     {NAMED("MaxPooling2D", "p", ", 'pool_size': 2"), QCONV("c", 2, 3, 8, "")},
     {0}},
    {"L-H21",
     "l",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("LeakyReLU", "l", ""), CONV("c2", "")},
     {0}},
    {"L-H20",
     "s",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), NAMED("Activation", "s", ", 'activation': 'sigmoid'"), CONV("c2", "")},
     {0}},
    {"L-H21",
     "w",
     CNN2SNN_E_INCOMPATIBLE,
     COMPATIBLE,
     IMAGE3,
     {0},
     {CONV("c", ""), RELU("r"), NAMED("DepthwiseConv2D", "w", ", 'kernel_size': 3"), RELU("r2")},
     {0}},
    {"L-G2-FIRST", "c", CNN2SNN_E_TYPE, BOTH, IMAGE3, {0}, {CONV("c", ""), QRELU("r", 4, 6)}, {0}},
    {"L-G2-FIRST", "d", CNN2SNN_E_TYPE, BOTH, {1, {3}}, {0}, {QDENSE("d", 2, 4, "")}, {0}},
    {"L-G2-RESCALING",
     "s",
     CNN2SNN_E_INCOMPATIBLE,
     BOTH,
     EVENTS,
     {0},
     {NAMED("Rescaling", "s", ", 'scale': 1, 'offset': -1"), GOOD},
     {0}},
    {"L-G3-FLOAT", "r", CNN2SNN_E_INCOMPATIBLE, BOTH, IMAGE3, {0}, {QCONV("c", 2, 3, 8, ""), RELU("r")}, {0}},
    {"L-G3-FLOAT", "c2", CNN2SNN_E_INCOMPATIBLE, BOTH, IMAGE3, {0}, {GOOD, CONV("c2", "")}, {0}},
    {"L-G3-SEPARABLE",
     "s",
     CNN2SNN_E_VALUE,
     BOTH,
     EVENTS,
     {0},
     {NAMED("QuantizedSeparableConv2D", "s",
            ", 'filters': 2, 'kernel_size': 3, 'quantizer': " QUANTIZER(4) ", 'quantizer_dw': " MAX_QUANTIZER(8))},
     {0}},
    {"L-G3-WEIGHT-BITS", "c2", CNN2SNN_E_VALUE, BOTH, IMAGE3, {0}, {GOOD, QCONV("c2", 2, 3, 3, "")}, {0}},
    {"L-G3-WEIGHT-BITS", "c", CNN2SNN_E_VALUE, BOTH, EVENTS, {0}, {QCONV("c", 2, 3, 5, "")}, {0}},
    {"L-G4-WRAP", "c", CNN2SNN_OK, BOTH, IMAGE3, {0}, {QCONV("c", 2, 3, 9, "")}, {0}},
    {"L-G3-ACTIVATION-BITS",
     "r",
     CNN2SNN_E_VALUE,
     BOTH,
     IMAGE3,
     {0},
     {QCONV("c", 2, 3, 8, ""), QRELU("r", 3, 6)},
     {0}},
    {"L-G3-STEP", "r", CNN2SNN_E_VALUE, BOTH, IMAGE3, {0}, {QCONV("c", 2, 3, 8, ""), QRELU("r", 4, 0)}, {0}},
    {"L-G3-STEP", "r", CNN2SNN_E_VALUE, BOTH, IMAGE3, {0}, {QCONV("c", 2, 3, 8, ""), QRELU("r", 4, -1)}, {0}},
    {"L-G3-KERNEL",
     "c",
     CNN2SNN_E_VALUE,
     BOTH,
     IMAGE3,
     {0},
     {NAMED("QuantizedConv2D", "c", ", 'filters': 2, 'kernel_size': [3, 2], 'quantizer': " QUANTIZER(8))},
     {0}},
    {"L-G3-STRIDE",
     "c2",
     CNN2SNN_E_VALUE,
     BOTH,
     IMAGE3,
     {0},
     {GOOD, QCONV("c2", 2, 1, 4, ", 'strides': [1, 2]")},
     {0}},
    {"L-G3-POOL-STRIDE",
     "p",
     CNN2SNN_E_VALUE,
     BOTH,
     IMAGE3,
     {0},
     {QCONV("c", 2, 3, 8, SAME), NAMED("MaxPooling2D", "p", ", 'pool_size': 2, 'strides': [2, 3]" SAME)},
     {0}},
    {"L-G3-EXTENT", "c", CNN2SNN_E_VALUE, BOTH, {3, {65536, 65536, 4}}, {0}, {QCONV("c", 1, 1, 4, "")}, {0}},
    {"C-11",
     "a",
     CNN2SNN_OK,
     BOTH,
     IMAGE3,
     {0},
     {QCONV("c", 2, 3, 8, ""), NAMED("Activation", "a", ", 'activation': 'relu'")},
     {0}},
    /* float models: what will be in the way later */
    {"L-D", "c", CNN2SNN_OK, AHEAD, IMAGE3, {0}, {CONV("c", ", 'activation': 'relu'")}, {0}},
    {"L-D", "c", CNN2SNN_OK, AHEAD, EVENTS, {0}, {CONV("c", ", 'groups': 2")}, {0}},
    {"L-D",
     "s",
     CNN2SNN_OK,
     AHEAD,
     EVENTS,
     {0},
     {NAMED("SeparableConv2D", "s", ", 'filters': 2, 'kernel_size': 3, 'depth_multiplier': 2")},
     {0}},
    {"L-D", "r", CNN2SNN_OK, AHEAD, IMAGE3, {0}, {CONV("c", ""), NAMED("ReLU", "r", ", 'negative_slope': 0.1")}, {0}},
    {"L-D", "r", CNN2SNN_OK, AHEAD, IMAGE3, {0}, {CONV("c", ""), NAMED("ReLU", "r", ", 'threshold': 0.1")}, {0}},
    {"L-G2-FIRST", "d", CNN2SNN_OK, AHEAD, {1, {3}}, {0}, {NAMED("Dense", "d", ", 'units': 2")}, {0}},
    {"L-G2-SIZE", "", CNN2SNN_OK, AHEAD, {3, {-1, -1, 3}}, {0}, {CONV("c", "")}, {0}},
    {"L-G3-KERNEL",
     "c",
     CNN2SNN_OK,
     AHEAD,
     IMAGE3,
     {0},
     {NAMED("Conv2D", "c", ", 'filters': 2, 'kernel_size': 2")},
     {0}},
};

static size_t layer_count(const struct broken *row)
{
    size_t count = 0;
    while (count < COUNT(row->layers) && row->layers[count].class_name)
        count++;
    return count;
}

static cnn2snn_report *check_graph(const struct c2s_graph *graph, const struct c2s_plan_settings *settings,
                                   unsigned sets)
{
    cnn2snn_report *report = NULL;
    cnn2snn_error *error = NULL;
    small_ok(c2s_report_create(context, &report, &error), error);
    small_ok(c2s_plan_check(graph, settings, sets, report, &error), error);
    return report;
}

static void print_faults(const cnn2snn_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        fprintf(stderr, "  %s %s: %s\n", report->faults[i].rule, report->faults[i].layer, report->faults[i].message);
}

static void assert_only_fault(const cnn2snn_report *report, const char *rule, const char *layer, cnn2snn_status code)
{
    if (report->count != 1)
        print_faults(report);
    ck_assert_uint_eq(report->count, 1);
    const struct c2s_fault *fault = &report->faults[0];
    ck_assert_str_eq(fault->rule, rule);
    ck_assert_str_eq(fault->layer, layer);
    ck_assert_int_eq(fault->code, code);
    ck_assert_int_eq(fault->severity, code ? CNN2SNN_SEVERITY_ERROR : CNN2SNN_SEVERITY_WARNING);
    ck_assert_str_ne(fault->message, "");
    ck_assert_str_ne(fault->remedy, "");
    ck_assert_ptr_null(strchr(fault->message, '{'));
}

START_TEST(each_rule_is_broken_alone)
{
    const struct broken *row = &cases[_i];
    struct c2s_graph *graph = small_model(context, row->input, layer_count(row), row->layers);
    if (row->weight.layer)
        small_set_weight(graph, row->weight);
    cnn2snn_report *report = check_graph(graph, &row->settings, row->sets);
    assert_only_fault(report, row->rule, row->layer, row->code);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

/* Functional models: layers, and for each node after the input the layer it calls and the nodes it takes. */
struct call {
    size_t layer, count, inputs[3];
};

static struct c2s_graph *functional(size_t layer_total, const struct small_layer *layers, size_t call_count,
                                    const struct call *calls, size_t output_count)
{
    struct c2s_graph *graph = NULL;
    cnn2snn_error *error = NULL;
    small_ok(c2s_graph_create(context, "model", false, &graph, &error), error);
    cnn2snn_layer *input = small_input(context, "in", (struct c2s_shape)IMAGE3);
    small_ok(c2s_graph_add_layer(graph, input, NULL, &error), error);
    c2s_layer_release(input);
    for (size_t i = 0; i < layer_total; i++) {
        cnn2snn_layer *layer = small_layer_create(context, layers[i], NULL);
        small_ok(c2s_graph_add_layer(graph, layer, NULL, &error), error);
        c2s_layer_release(layer);
    }
    size_t node = 0;
    small_ok(c2s_graph_add_node(graph, 0, 0, NULL, NULL, &node, &error), error);
    small_ok(c2s_graph_add_input(graph, node, &error), error);
    for (size_t i = 0; i < call_count; i++) {
        struct c2s_value values[3];
        for (size_t j = 0; j < calls[i].count; j++)
            values[j] = (struct c2s_value){calls[i].inputs[j], 0};
        small_ok(c2s_graph_add_node(graph, calls[i].layer, calls[i].count, values, NULL, &node, &error), error);
    }
    for (size_t i = 0; i < output_count; i++)
        small_ok(c2s_graph_add_output(graph, (struct c2s_value){node - i, 0}, &error), error);
    small_ok(c2s_graph_build(graph, &error), error);
    return graph;
}

static void assert_functional(struct c2s_graph *graph, const char *rule, const char *layer)
{
    cnn2snn_report *report = check_graph(graph, &(struct c2s_plan_settings){0}, COMPATIBLE);
    assert_only_fault(report, rule, layer, CNN2SNN_E_INCOMPATIBLE);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}

START_TEST(l125_two_outputs_are_a_fault)
{
    const struct small_layer layers[] = {CONV("c", ""), CONV("d", "")};
    const struct call calls[] = {{1, 1, {0}}, {2, 1, {0}}};
    assert_functional(functional(2, layers, 2, calls, 2), "L-H3", "");
}
END_TEST

START_TEST(l125_a_shared_layer_is_a_fault)
{
    const struct small_layer layers[] = {NAMED("Conv2D", "c", ", 'filters': 3, 'kernel_size': 3"), RELU("r")};
    const struct call calls[] = {{1, 1, {0}}, {2, 1, {1}}, {1, 1, {2}}};
    assert_functional(functional(2, layers, 3, calls, 1), "L-H4", "c");
}
END_TEST

START_TEST(l125_an_addition_is_a_fault)
{
    const struct small_layer layers[] = {CONV("c", ""), CONV("d", ""), NAMED("Add", "a", "")};
    const struct call calls[] = {{1, 1, {0}}, {2, 1, {0}}, {3, 2, {1, 2}}};
    assert_functional(functional(3, layers, 3, calls, 1), "L-H4", "a");
}
END_TEST

/* A value that goes on alone and into a Concatenate. */
START_TEST(l125_a_skip_connection_is_a_fault)
{
    const struct small_layer layers[] = {CONV("c", ""), CONV("d", ""), NAMED("Concatenate", "a", "")};
    const struct call calls[] = {{1, 1, {0}}, {2, 1, {1}}, {3, 2, {1, 2}}};
    struct c2s_graph *graph = functional(3, layers, 3, calls, 1);
    cnn2snn_report *report = check_graph(graph, &(struct c2s_plan_settings){0}, COMPATIBLE);
    ck_assert_str_eq(report->faults[0].rule, "L-H4");
    ck_assert_str_eq(report->faults[0].layer, "a");
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l125_a_concatenate_on_another_axis_is_a_fault)
{
    const struct small_layer layers[] = {CONV("c", ""), CONV("d", ""), NAMED("Concatenate", "a", ", 'axis': 1")};
    const struct call calls[] = {{1, 1, {0}}, {2, 1, {0}}, {3, 2, {1, 2}}};
    struct c2s_graph *graph = functional(3, layers, 3, calls, 1);
    cnn2snn_report *report = check_graph(graph, &(struct c2s_plan_settings){0}, COMPATIBLE);
    ck_assert_uint_eq(report->count, 2); /* and branches are a fault anyway */
    ck_assert_str_eq(report->faults[0].rule, "L-H5");
    ck_assert_str_eq(report->faults[1].rule, "L-H6");
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l125_branches_are_a_fault)
{
    const struct small_layer layers[] = {CONV("c", ""), CONV("d", ""), NAMED("Concatenate", "a", "")};
    const struct call calls[] = {{1, 1, {0}}, {2, 1, {0}}, {3, 2, {1, 2}}};
    struct c2s_graph *graph = functional(3, layers, 3, calls, 1);
    cnn2snn_report *report = check_graph(graph, &(struct c2s_plan_settings){0}, COMPATIBLE);
    assert_only_fault(report, "L-H6", "", CNN2SNN_E_INCOMPATIBLE);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(weights_that_are_not_set_are_a_fault)
{
    const struct small_layer layers[] = {GOOD};
    struct c2s_graph *graph = small_shaped_model(context, (struct c2s_shape)IMAGE3, 2, layers, NULL);
    cnn2snn_report *report = check_graph(graph, &(struct c2s_plan_settings){0}, BOTH);
    assert_only_fault(report, "L-G4-WEIGHTS", "c", CNN2SNN_E_STATE);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(weights_that_are_nan_are_a_fault)
{
    const float bad[] = {NAN, INFINITY, -INFINITY};
    const char *const weights[] = {"kernel", "bias"};
    const struct small_layer layers[] = {GOOD};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape)IMAGE3, 2, layers);
    c2s_f32_writable(small_weight(graph, "c", weights[_i / 3]))[1] = bad[_i % 3];
    cnn2snn_report *report = check_graph(graph, &(struct c2s_plan_settings){0}, BOTH);
    assert_only_fault(report, "L-finite", "c", CNN2SNN_E_VALUE);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

/* A model that breaks nothing, with everything that is allowed although it looks odd. */
START_TEST(a_good_model_has_no_fault)
{
    const struct small_layer layers[] = {
        NAMED("Rescaling", "s", ", 'scale': 0.00392156862745098, 'offset': 0"),
        QCONV("c", 4, 3, 3, ", 'padding': 'same', 'strides': 2"),
        NAMED("Dropout", "drop", ", 'rate': 0.5"),
        NAMED("BatchNormalization", "b", ""),
        QRELU("r", 4, 6),
        NAMED("MaxPooling2D", "p", ", 'pool_size': 2, 'padding': 'same'"),
        NAMED("QuantizedSeparableConv2D", "sep",
              ", 'filters': 4, 'kernel_size': 3, 'padding': 'same', 'quantizer': " QUANTIZER(
                  4) ", 'quantizer_dw': " MAX_QUANTIZER(4)),
        NAMED("GlobalAveragePooling2D", "g", ""),
        NAMED("ActivationDiscreteRelu", "r2", ", 'bitwidth': 2"),
        NAMED("Reshape", "shape", ", 'target_shape': [1, 1, 4]"),
        QDENSE("d", 3, 2, ""),
        NAMED("Softmax", "soft", ""),
        NAMED("Flatten", "f", ""),
    };
    struct c2s_graph *graph = small_model(context, (struct c2s_shape)IMAGE3, COUNT(layers), layers);
    cnn2snn_report *report = check_graph(graph, &(struct c2s_plan_settings){0}, BOTH);
    ck_assert_uint_eq(report->count, 0);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

static bool has_fault(const cnn2snn_report *report, const char *rule, const char *layer)
{
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        count += !strcmp(report->faults[i].rule, rule) && !strcmp(report->faults[i].layer, layer);
    return count == 1;
}

START_TEST(all_faults_are_reported_at_once)
{
    const struct small_layer layers[] = {
        QCONV("c", 2, 2, 8, SAME), NAMED("MaxPooling2D", "p", ", 'pool_size': 2, 'strides': 3"), QRELU("r", 8, 6),
        QCONV("c2", 2, 1, 3, ", 'strides': 2"), NAMED("LeakyReLU", "l", "")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape)IMAGE3, COUNT(layers), layers);
    cnn2snn_report *report = check_graph(graph, &(struct c2s_plan_settings)SCALING(0, 300), BOTH);
    const char *const expected[][2] = {{"L-G1-SCALE", ""},
                                       {"L-G3-PADDING", ""},
                                       {"L-H16", "p"},
                                       {"L-H21", "l"},
                                       {"L-G3-KERNEL", "c"},
                                       {"L-G3-POOL-STRIDE", "p"},
                                       {"L-G3-ACTIVATION-BITS", "r"},
                                       {"L-G3-WEIGHT-BITS", "c2"},
                                       {"L-G3-STRIDE", "c2"}};
    ck_assert_uint_eq(report->count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) { /* and in the order in which the reference finds them */
        ck_assert_str_eq(report->faults[i].rule, expected[i][0]);
        ck_assert_str_eq(report->faults[i].layer, expected[i][1]);
    }
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(a_broken_structure_hides_no_other_fault)
{
    const struct small_layer layers[] = {CONV("c", ", 'dilation_rate': 2"),
                                         NAMED("MaxPooling2D", "p", ", 'pool_size': 2" SAME),
                                         NAMED("BatchNormalization", "b", ""),
                                         RELU("r"),
                                         NAMED("Dropout", "drop", ", 'rate': 0.5"),
                                         CONV("c2", ", 'dilation_rate': 2"),
                                         CONV("c3", ""),
                                         NAMED("BatchNormalization", "b2", ", 'scale': false")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape)IMAGE3, COUNT(layers), layers);
    small_set_weight(graph, (struct small_weight){"b", "gamma", 2, negative});
    cnn2snn_report *report = check_graph(graph, &(struct c2s_plan_settings){0}, COMPATIBLE);
    ck_assert_str_eq(report->faults[0].rule, "L-H2"); /* what the reference raises */
    ck_assert(has_fault(report, "L-H2", "c"));
    ck_assert(has_fault(report, "L-H2", "c2"));
    ck_assert(has_fault(report, "L-H7", "b"));
    ck_assert(has_fault(report, "L-H9", "b2"));
    ck_assert(has_fault(report, "L-H12", "c3"));
    ck_assert_uint_eq(report->count, 5);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(layers_of_a_branched_model_are_checked_one_by_one)
{
    const struct small_layer layers[] = {QCONV("c", 2, 2, 3, SAME), QCONV("d", 2, 3, 4, SAME), QRELU("r", 5, 6),
                                         NAMED("Add", "a", ""), NAMED("LeakyReLU", "l", "")};
    const struct call calls[] = {{1, 1, {0}}, {2, 1, {0}}, {3, 1, {2}}, {4, 2, {1, 3}}, {5, 1, {4}}};
    struct c2s_graph *graph = functional(5, layers, 5, calls, 1);
    cnn2snn_report *report = check_graph(graph, &(struct c2s_plan_settings){0}, BOTH);
    ck_assert_uint_eq(report->count, 4);
    ck_assert(has_fault(report, "L-H4", "a"));
    ck_assert(has_fault(report, "L-H21", "l"));
    ck_assert(has_fault(report, "L-G3-KERNEL", "c"));
    ck_assert(has_fault(report, "L-G3-ACTIVATION-BITS", "r"));
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(a_float_model_is_one_fault)
{
    const struct c2s_shape shapes[] = {IMAGE3, EVENTS};
    const struct small_layer layers[] = {CONV("c", ""), RELU("r"), CONV("c2", "")};
    struct c2s_graph *graph = small_model(context, shapes[_i], 3, layers);
    cnn2snn_report *report = check_graph(graph, &(struct c2s_plan_settings){0}, BOTH);
    if (_i == 0)
        assert_only_fault(report, "L-G2-FIRST", "c", CNN2SNN_E_TYPE);
    else
        assert_only_fault(report, "L-G3-FLOAT", "c", CNN2SNN_E_INCOMPATIBLE);
    c2s_report_destroy(report);
    report = check_graph(graph, &(struct c2s_plan_settings){0}, COMPATIBLE);
    ck_assert_uint_eq(report->count, 0);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(an_empty_model_is_compatible_but_does_not_convert)
{
    struct c2s_graph *graph = small_model(context, (struct c2s_shape)EVENTS, 0, NULL);
    cnn2snn_report *report = check_graph(graph, &(struct c2s_plan_settings){0}, COMPATIBLE);
    ck_assert_uint_eq(report->count, 0);
    c2s_report_destroy(report);
    report = check_graph(graph, &(struct c2s_plan_settings){0}, BOTH);
    assert_only_fault(report, "L-G3-EMPTY", "", CNN2SNN_E_INCOMPATIBLE);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(rules_of_one_scope_stand_together_and_each_is_tested)
{
    bool seen[C2S_SCOPE_BLOCK + 1] = {false};
    for (size_t i = 0; i < c2s_rule_count; i++) {
        const struct c2s_rule *rule = &c2s_rules[i];
        if (i && c2s_rules[i - 1].scope != rule->scope)
            ck_assert_msg(!seen[rule->scope], "%s stands apart", rule->id);
        seen[rule->scope] = true;
        ck_assert_int_eq(rule->code == CNN2SNN_OK, rule->severity == CNN2SNN_SEVERITY_WARNING);
        bool tested = !strcmp(rule->id, "L-H4") || !strcmp(rule->id, "L-H5") || !strcmp(rule->id, "L-H6") ||
                      !strcmp(rule->id, "L-G4-WEIGHTS") || !strcmp(rule->id, "L-finite");
        for (size_t j = 0; j < COUNT(cases); j++)
            tested = tested || !strcmp(cases[j].rule, rule->id);
        ck_assert_msg(tested, "%s has no test", rule->id);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rules");
    TCase *tests = tcase_create("rules");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, each_rule_is_broken_alone, 0, (int)COUNT(cases));
    tcase_add_test(tests, l125_two_outputs_are_a_fault);
    tcase_add_test(tests, l125_a_shared_layer_is_a_fault);
    tcase_add_test(tests, l125_an_addition_is_a_fault);
    tcase_add_test(tests, l125_a_skip_connection_is_a_fault);
    tcase_add_test(tests, l125_a_concatenate_on_another_axis_is_a_fault);
    tcase_add_test(tests, l125_branches_are_a_fault);
    tcase_add_test(tests, weights_that_are_not_set_are_a_fault);
    tcase_add_loop_test(tests, weights_that_are_nan_are_a_fault, 0, 6);
    tcase_add_test(tests, a_good_model_has_no_fault);
    tcase_add_test(tests, all_faults_are_reported_at_once);
    tcase_add_test(tests, a_broken_structure_hides_no_other_fault);
    tcase_add_test(tests, layers_of_a_branched_model_are_checked_one_by_one);
    tcase_add_loop_test(tests, a_float_model_is_one_fault, 0, 2);
    tcase_add_test(tests, an_empty_model_is_compatible_but_does_not_convert);
    tcase_add_test(tests, rules_of_one_scope_stand_together_and_each_is_tested);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
