/* SPDX-License-Identifier: Apache-2.0 */
/* Float models made ready for QuantizeML (spec/quantizeml-ptq.md 3): which layers come out, with which weights. */
#include <math.h>

#include "../support/graphs.h"

#include "base/report.h"
#include "transform/sanitize.h"

static cnn2snn_report *notes;

static void setup(void)
{
    context_setup();
    must(c2s_report_create(context, &notes, &error));
}

static void teardown(void)
{
    c2s_report_destroy(notes);
    context_teardown();
}

/* Sanitizes a graph, which is released. */
static struct c2s_graph *sanitized(struct c2s_graph *graph)
{
    struct c2s_graph *out = NULL;
    must(c2s_sanitize(graph, notes, &out, &error));
    c2s_graph_release(graph);
    for (size_t i = 0; i < out->node_count; i++)
        ck_assert_uint_eq(out->nodes[i].layer, i);
    return out;
}

#define becomes(input, layers, names)                                                                                \
    do {                                                                                                             \
        struct c2s_graph *graph_ = sanitized(sequential(input, layers));                                             \
        ck_assert_str_eq(names_of(graph_), names);                                                                   \
        c2s_graph_release(graph_);                                                                                   \
    } while (0)

#define CONV(name, more) "['Conv2D', {'name': '" name "', 'filters': 2, 'kernel_size': 3" more "}]"
#define BN(name, more) "['BatchNormalization', {'name': '" name "'" more "}, null, [[1, 2], [0, 1], [0, 0], [1, 1]]]"
#define RELU(name) "['ReLU', {'name': '" name "'}]"
#define POOL(name) "['MaxPooling2D', {'name': '" name "'}]"

static const char *class_named(const struct c2s_graph *graph, const char *name)
{
    return layer_named(graph, name)->class_name;
}

/* What the report says was not done. */
static void gave_up(const char *rule, const char *layer)
{
    ck_assert_uint_eq(notes->count, 1);
    ck_assert_str_eq(notes->faults[0].rule, rule);
    ck_assert_str_eq(notes->faults[0].layer, layer);
    ck_assert_int_eq(notes->faults[0].severity, CNN2SNN_SEVERITY_WARNING);
}

/* ------------------------------------------------------------------------------------------------ activations */

START_TEST(activations_become_layers_of_their_own)
{
    struct c2s_graph *graph = sanitized(
        sequential("[8, 8, 2]", CONV("c", ", 'activation': 'relu'") ", " CONV("e", ", 'activation': 'sigmoid'")));
    ck_assert_str_eq(names_of(graph), "in c c_activ e e_activ");
    ck_assert_str_eq(class_named(graph, "c_activ"), "ReLU");
    ck_assert_str_eq(class_named(graph, "e_activ"), "Activation");
    config_is(graph, "c", "activation", "'linear'");
    config_is(graph, "c_activ", "max_value", "null");
    c2s_graph_release(graph);
}
END_TEST

START_TEST(activations_that_can_be_tables_are_replaced)
{
    struct c2s_graph *graph = sanitized(sequential(
        "[4, 4, 2]",
        "['Activation', {'name': 'a', 'activation': 'swish'}], ['LeakyReLU', {'name': 'l', 'alpha': 0.25}],"
        "['PReLU', {'name': 'p', 'shared_axes': [1, 2]}, null, [[0.5, 0.5]]],"
        "['PReLU', {'name': 'q', 'shared_axes': [1, 2]}, null, [[0.5, 0.25]]],"
        "['Activation', {'name': 'r', 'activation': 'relu6'}]"));
    ck_assert_str_eq(class_named(graph, "a"), "Custom>Activation");
    config_is(graph, "a", "alpha", "0.2");
    ck_assert_str_eq(class_named(graph, "l"), "Custom>Activation");
    config_is(graph, "l", "alpha", "0.25");
    config_is(graph, "p", "alpha", "0.5");
    ck_assert_str_eq(class_named(graph, "q"), "PReLU");
    ck_assert_str_eq(class_named(graph, "r"), "Activation");
    c2s_graph_release(graph);
}
END_TEST

START_TEST(operations_become_layers_that_can_be_quantized)
{
    struct c2s_graph *graph = sanitized(graph_of("{'input': [8, 8, 2], 'functional': true, 'layers': [" CONV(
        "c", "") ", "
                 "['TFOpLambda', {'name': 'r', 'function': 'nn.relu'}], ['TFOpLambda', {'name': 's', 'function': "
                 "'nn.relu6'}], "
                 "['TFOpLambda', {'name': 't', 'function': 'nn.silu'}], ['TFOpLambda', {'name': 'g', 'function': "
                 "'nn.gelu'}], "
                 "['TFOpLambda', {'name': 'a', 'function': '__operators__.add'}, ['r', 'g']], "
                 "['TFOpLambda', {'name': 'm', 'function': '__operators__.add'}], "
                 "['TFOpLambda', {'name': 'l', 'function': 'nn.leaky_relu'}], "
                 "['TFOpLambda', {'name': 'e', 'function': 'math.exp'}]]}"));
    config_is(graph, "l", "activation", "'leaky_relu'");
    config_is(graph, "l", "alpha", "0.2");
    ck_assert_str_eq(class_named(graph, "r"), "ReLU");
    config_is(graph, "r", "max_value", "null");
    config_is(graph, "s", "max_value", "6.0");
    config_is(graph, "t", "activation", "'swish'");
    config_is(graph, "g", "activation", "'gelu'");
    ck_assert_str_eq(class_named(graph, "a"), "Add");
    ck_assert_str_eq(class_named(graph, "m"), "TFOpLambda"); /* of a number */
    ck_assert_str_eq(class_named(graph, "e"), "TFOpLambda");
    c2s_graph_release(graph);
}
END_TEST

/* The weights of a file may hold what its config can't. */
START_TEST(an_infinite_slope_stays_in_its_prelu)
{
    struct c2s_graph *graph = graph_of("{'input': [4, 4, 1], 'layers': [['LeakyReLU', {'name': 'l'}],"
                                       "['PReLU', {'name': 'p', 'shared_axes': [1, 2]}, null, [[1]]]]}");
    c2s_f32_writable(((cnn2snn_layer *)layer_named(graph, "p"))->weights[0].tensor)[0] = INFINITY;
    graph = sanitized(graph);
    gave_up("P-007", "p");
    ck_assert_str_eq(class_named(graph, "p"), "PReLU");
    ck_assert_str_eq(class_named(graph, "l"), "LeakyReLU"); /* all or nothing */
    c2s_graph_release(graph);
}
END_TEST

START_TEST(max_pooling_goes_in_front_of_piecewise_linear_activations)
{
    becomes("[8, 8, 2]", CONV("c", "") ", " RELU("r") ", " POOL("p"), "in c p r");
    becomes("[8, 8, 2]", CONV("c", "") ", ['LeakyReLU', {'name': 'l'}], " POOL("p"), "in c p l");
    becomes("[8, 8, 2]", CONV("c", "") ", ['Activation', {'name': 'a', 'activation': 'gelu'}], " POOL("p"),
            "in c a p");
}
END_TEST

START_TEST(an_activation_with_several_users_stays_in_front_of_pooling)
{
    struct c2s_graph *graph = sanitized(graph_of("{'input': [8, 8, 2], 'functional': true, 'layers': ["
                                                 "['ReLU', {'name': 'r'}], ['MaxPooling2D', {'name': 'p'}],"
                                                 "['Flatten', {'name': 'f'}], ['Flatten', {'name': 'g'}, ['r']],"
                                                 "['Concatenate', {'name': 'k'}, ['f', 'g']]]}"));
    ck_assert_uint_eq(graph->nodes[node_named(graph, "p")].inputs[0].node, node_named(graph, "r"));
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ batchnorm */

/* spec/quantizeml-ptq.md 13, example 10 */
START_TEST(batch_normalization_is_folded_in_float32)
{
    struct c2s_graph *graph = sanitized(sequential(
        "[2, 2, 1]", "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'use_bias': false}, null, [[1, -2]]],"
                     "['BatchNormalization', {'name': 'b', 'epsilon': 0.001}, null, [[2, 0.5], [0.1, -0.3], [0.25, "
                     "1], [4, 0.01]]]"));
    ck_assert_str_eq(names_of(graph), "in c");
    weight_equals(graph, "c", 0, .99987507f, -9.534626f);
    weight_equals(graph, "c", 1, -.14996877f, -5.0673132f);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(batch_normalization_goes_into_every_kind_of_kernel)
{
    struct c2s_graph *graph = sanitized(sequential(
        "[4, 4, 2]",
        "['DepthwiseConv2D', {'name': 'd', 'kernel_size': 1, 'use_bias': false}, null, [[1, 1]]], " BN(
            "b0", ", 'epsilon': 0") ", "
                                    "['Conv2DTranspose', {'name': 't', 'filters': 2, 'kernel_size': 1, "
                                    "'use_bias': false}, null, [[1, 2, 3, 4]]], " BN("b1", ", 'epsilon': 0")));
    ck_assert_str_eq(names_of(graph), "in d t");
    weight_equals(graph, "d", 0, 1, 2);
    weight_equals(graph, "d", 1, 0, 1);
    weight_equals(graph, "t", 0, 1, 2, 6, 8); /* (filters, channels) */
    c2s_graph_release(graph);
    graph = sanitized(sequential(
        "[4, 4, 2]", "['SeparableConv2D', {'name': 's', 'filters': 2, 'kernel_size': 1, 'use_bias': false},"
                     "null, [[3, 5], [1, 2, 3, 4]]], " BN("b", ", 'epsilon': 0")));
    ck_assert_str_eq(names_of(graph), "in s");
    weight_equals(graph, "s", 0, 3, 5);
    weight_equals(graph, "s", 1, 1, 4, 3, 8);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(batch_normalization_goes_in_front_of_pooling_first)
{
    becomes("[8, 8, 2]", CONV("c", "") ", " POOL("p") ", " BN("b", ""), "in c p");
    becomes("[8, 8, 2]", CONV("c", "") ", ['GlobalAveragePooling2D', {'name': 'g'}], " BN("b", ""), "in c g");
    ck_assert_uint_eq(notes->count, 0);
}
END_TEST

START_TEST(a_negative_gamma_keeps_all_pairs_of_pooling_as_they_are)
{
    becomes("[16, 16, 2]",
            CONV("c", "") ", " POOL("p") ", " BN("b", "") ", " CONV("e", "") ", " POOL(
                "q") ", ['BatchNormalization', {'name': 'n'}, null, [[1, -1], [0, 0], [0, 0], [1, 1]]]",
            "in c p b e q n");
    gave_up("P-013", "n");
}
END_TEST

START_TEST(a_null_gamma_keeps_all_batch_normalization_as_it_is)
{
    becomes("[8, 8, 2]",
            CONV("c", "") ", " BN("b", "") ", " CONV(
                "e", "") ", ['BatchNormalization', {'name': 'n'}, null, [[1, 0], [0, 0], [0, 0], [1, 1]]]",
            "in c b e n");
    gave_up("P-014", "n");
}
END_TEST

START_TEST(batch_normalization_without_scale_keeps_all_as_it_is)
{
    becomes("[8, 8, 2]",
            CONV("c", "") ", " BN("b", "") ", " CONV(
                "e", "") ", ['BatchNormalization', {'name': 'n', 'scale': false}, null, [[1, 1], [0, 0], [1, 1]]]",
            "in c b e n");
    gave_up("P-014", "n");
}
END_TEST

/* ------------------------------------------------------------------------------------------------ structure */

START_TEST(the_last_of_reshapes_in_a_row_stays)
{
    becomes("[2, 2, 2]",
            "['Reshape', {'name': 'r', 'target_shape': [4, 2]}], ['Flatten', {'name': 'f'}], "
            "['Reshape', {'name': 's', 'target_shape': [8]}]",
            "in s");
}
END_TEST

/* spec/quantizeml-ptq.md 13, example 12 */
START_TEST(zero_padding_that_gives_the_size_of_same_is_removed)
{
    static const struct {
        const char *padding;
        int kernel, stride, size;
        bool removed;
    } cases[] = {{"1", 3, 1, 4, true}, {"1", 3, 2, 4, true},  {"[[0, 1], [0, 1]]", 3, 2, 4, true},
                 {"3", 7, 2, 8, true}, {"1", 3, 2, 5, false}, {"2", 3, 1, 4, false},
                 {"1", 4, 2, 5, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "{'input': [%d, %d, 2], 'layers': [['ZeroPadding2D', {'name': 'z', 'padding': %s}],"
                 "['Conv2D', {'name': 'c', 'filters': 3, 'kernel_size': %d, 'strides': %d}]]}",
                 cases[i].size, cases[i].size, cases[i].padding, cases[i].kernel, cases[i].stride);
        struct c2s_graph *graph = sanitized(graph_of(text));
        ck_assert_str_eq(names_of(graph), cases[i].removed ? "in c" : "in z c");
        if (cases[i].removed)
            config_is(graph, "c", "padding", "'same'");
        c2s_graph_release(graph);
    }
}
END_TEST

START_TEST(concatenate_of_many_becomes_a_chain)
{
    struct c2s_graph *graph = sanitized(graph_of(
        "{'inputs': {'a': [2], 'b': [2], 'd': [2]}, 'layers': [['Concatenate', {'name': 'k'}, ['a', 'b', 'd']]]}"));
    size_t last = node_named(graph, "k"), first = node_named(graph, "k_b");
    ck_assert_uint_eq(graph->nodes[last].inputs[0].node, first);
    ck_assert_uint_eq(graph->nodes[last].inputs[1].node, node_named(graph, "d"));
    ck_assert_uint_eq(graph->nodes[first].inputs[0].node, node_named(graph, "a"));
    ck_assert_int_eq(graph->nodes[last].shapes[0].extents[0], 6);
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ convolutions */

START_TEST(a_group_for_each_channel_is_depthwise)
{
    struct c2s_graph *graph = sanitized(
        sequential("[2, 2, 2]",
                   "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'groups': 2}, null, [[3, 4], [5, 6]]]"));
    ck_assert_str_eq(class_named(graph, "c"), "DepthwiseConv2D");
    weight_equals(graph, "c", 0, 3, 4);
    weight_equals(graph, "c", 1, 5, 6);
    ck_assert_int_eq(layer_named(graph, "c")->weights[0].tensor->shape[2], 2);
    c2s_graph_release(graph);
}
END_TEST

/* spec/quantizeml-ptq.md 13, example 11 */
START_TEST(even_kernels_become_odd)
{
    static const struct {
        int size, stride;
        float kernel[9];
    } cases[] = {{4, 1, {0, 0, 0, 0, 1, 2, 0, 3, 4}},
                 {4, 2, {1, 2, 0, 3, 4, 0, 0, 0, 0}},
                 {5, 2, {0, 0, 0, 0, 1, 2, 0, 3, 4}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(
            text, sizeof text,
            "{'input': [%d, %d, 1], 'layers': [['Conv2D', {'name': 'c', 'filters': 1, 'kernel_size': 2, 'strides': "
            "%d, 'padding': 'same', 'use_bias': false}, null, [[1, 2, 3, 4]]]]}",
            cases[i].size, cases[i].size, cases[i].stride);
        struct c2s_graph *graph = sanitized(graph_of(text));
        weight_is(graph, "c", 0, 9, cases[i].kernel);
        c2s_graph_release(graph);
    }
}
END_TEST

static void kernel_becomes(const char *channels, int size, int stride, int expected)
{
    char text[512];
    snprintf(
        text, sizeof text,
        "{'input': [16, 16, %s], 'layers': [['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': %d, 'strides': %d, "
        "'padding': 'same'}]]}",
        channels, size, stride);
    struct c2s_graph *graph = sanitized(graph_of(text));
    ck_assert_int_eq(layer_named(graph, "c")->weights[0].tensor->shape[0], expected);
    c2s_graph_release(graph);
}

START_TEST(which_even_kernels_depends_on_the_place)
{
    kernel_becomes("3", 4, 1, 4);
    kernel_becomes("1", 4, 1, 4);
    kernel_becomes("2", 4, 1, 5);
    kernel_becomes("3", 6, 2, 7);
    kernel_becomes("4", 6, 1, 7);
    kernel_becomes("4", 6, 2, 6);
    kernel_becomes("4", 4, 2, 4);
    kernel_becomes("4", 8, 1, 8);
}
END_TEST

START_TEST(large_depthwise_kernels_with_strides_are_split)
{
    struct c2s_graph *graph = sanitized(sequential("[8, 8, 2]", "['DepthwiseConv2D', {'name': 'd', 'kernel_size': 5, "
                                                                "'strides': 2, 'padding': 'same'}]"));
    ck_assert_str_eq(names_of(graph), "in d d_identity_dw_conv");
    config_is(graph, "d", "strides", "[1, 1]");
    weight_equals(graph, "d_identity_dw_conv", 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    ck_assert_int_eq(graph->nodes[2].shapes[0].extents[0], 4);
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ rescaling */

/* spec/quantizeml-ptq.md 13, example 13 */
START_TEST(an_offset_of_rescaling_goes_into_the_convolution)
{
    struct c2s_graph *graph = sanitized(sequential(
        "[3, 3, 2]", "['Rescaling', {'name': 'r', 'scale': 0.5, 'offset': -1}],"
                     "['Conv2D', {'name': 'c', 'filters': 1, 'kernel_size': 3, 'padding': 'same', "
                     "'use_bias': false}, null, [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]]]"));
    ck_assert_str_eq(class_named(graph, "c"), "Custom>PaddedConv2D");
    weight_equals(graph, "c", 1, -153);
    config_is(graph, "c", "padding_value", "[1.0]");
    config_is(graph, "r", "offset", "0");
    config_is(graph, "r", "scale", "0.5");
    c2s_graph_release(graph);
}
END_TEST

START_TEST(scales_of_channels_go_into_the_kernel)
{
    struct c2s_graph *graph =
        sanitized(sequential("[3, 3, 2]", "['Rescaling', {'name': 'r', 'scale': [0.5, 0.25], 'offset': [-1, 2]}],"
                                          "['Conv2D', {'name': 'c', 'filters': 1, 'kernel_size': 3, 'padding': "
                                          "'same'}, null, [[0, 1, 2, 3, 4, 5, 6, 7, "
                                          "8, 9, 10, 11, 12, 13, 14, 15, 16, 17], [0.5]]]"));
    weight_equals(graph, "c", 0, 0, .25f, 1, .75f, 2, 1.25f, 3, 1.75f, 4, 2.25f, 5, 2.75f, 6, 3.25f, 7, 3.75f, 8,
                  4.25f);
    weight_equals(graph, "c", 1, 90.5f);
    config_is(graph, "c", "padding_value", "[2.0, -8.0]");
    config_is(graph, "r", "scale", "1");
    c2s_graph_release(graph);
}
END_TEST

START_TEST(rescaling_in_front_of_others_stays)
{
    becomes("[4, 4, 2]", "['Rescaling', {'name': 'r', 'scale': 0.5, 'offset': -1}], " POOL("p"), "in r p");
    gave_up("P-011", "p");
}
END_TEST

/* ------------------------------------------------------------------------------------------------ identities */

START_TEST(identities_stand_behind_merges_without_convolution)
{
    struct c2s_graph *graph = sanitized(graph_of(
        "{'input': [4, 4, 4], 'functional': true, 'layers': [['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': "
        "1}],"
        "['Conv2D', {'name': 'e', 'filters': 2, 'kernel_size': 1}, ['in']], ['Add', {'name': 'a'}, ['c', 'e']],"
        "['ReLU', {'name': 'r'}]]}"));
    ck_assert_ptr_nonnull(strstr(names_of(graph), "a a_identity_conv r"));
    weight_equals(graph, "a_identity_conv", 0, 1, 0, 0, 1);
    ck_assert_uint_eq(layer_named(graph, "a_identity_conv")->weight_count, 1);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(a_merge_in_front_of_a_convolution_needs_no_identity)
{
    struct c2s_graph *graph = sanitized(graph_of(
        "{'input': [4, 4, 4], 'functional': true, 'layers': [['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': "
        "1}],"
        "['Conv2D', {'name': 'e', 'filters': 2, 'kernel_size': 1}, ['in']], ['Add', {'name': 'a'}, ['c', 'e']],"
        "['Conv2D', {'name': 'f', 'filters': 2, 'kernel_size': 1}]]}"));
    ck_assert_ptr_null(strstr(names_of(graph), "identity"));
    c2s_graph_release(graph);
}
END_TEST

/* `between` stands behind the first convolution, and its last layer, `split`, has two users. */
static const char *names_with_split(int channels, const char *between, const char *split)
{
    char text[512];
    snprintf(text, sizeof text,
             "{'input': [4, 4, %d], 'functional': true, 'layers': [['Conv2D', {'name': 'c', 'filters': 2, "
             "'kernel_size': 1}], %s ['Conv2D', {'name': 'e', 'filters': 2, 'kernel_size': 1}],"
             "['Add', {'name': 'a'}, ['e', '%s']], ['Conv2D', {'name': 'f', 'filters': 2, 'kernel_size': 1}]]}",
             channels, between, split);
    struct c2s_graph *graph = sanitized(graph_of(text));
    const char *names = names_of(graph);
    c2s_graph_release(graph);
    return names;
}

START_TEST(the_first_convolution_is_not_split)
{
    ck_assert_str_eq(names_with_split(3, RELU("r") ",", "r"), "in c r r_identity_conv e a f");
    ck_assert_str_eq(names_with_split(1, RELU("r") ",", "r"), "in c r r_identity_conv e a f");
    ck_assert_str_eq(names_with_split(3, "", "c"), "in c c_identity_conv e a f");
    ck_assert_str_eq(names_with_split(3, POOL("p") ",", "p"), "in c p p_identity_conv e a f");
    ck_assert_str_eq(names_with_split(2, RELU("r") ",", "r"), "in c r e a f");
}
END_TEST

START_TEST(no_output_goes_to_more_than_two)
{
    struct c2s_graph *graph = sanitized(graph_of(
        "{'input': [4, 4, 4], 'functional': true, 'layers': [['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': "
        "1}],"
        "['Conv2D', {'name': 'e', 'filters': 1, 'kernel_size': 1}, ['c']], "
        "['Conv2D', {'name': 'f', 'filters': 1, 'kernel_size': 1}, ['c']],"
        "['Conv2D', {'name': 'g', 'filters': 1, 'kernel_size': 1}, ['c']],"
        "['Conv2D', {'name': 'h', 'filters': 1, 'kernel_size': 1}, ['c']]], 'outputs': ['e', 'f', 'g', 'h']}"));
    size_t users = 0, c = node_named(graph, "c");
    for (size_t i = 0; i < graph->node_count; i++)
        users += graph->nodes[i].input_count && graph->nodes[i].inputs[0].node == c;
    ck_assert_uint_eq(users, 2);
    size_t last = node_named(graph, "c_identity_conv_4"), next = node_named(graph, "c_identity_conv_3");
    ck_assert_uint_eq(graph->nodes[node_named(graph, "h")].inputs[0].node, last);
    ck_assert_uint_eq(graph->nodes[node_named(graph, "g")].inputs[0].node, last);
    ck_assert_uint_eq(graph->nodes[last].inputs[0].node, next);
    ck_assert_uint_eq(graph->nodes[node_named(graph, "f")].inputs[0].node, next);
    c2s_graph_release(graph);
    graph = sanitized(graph_of(
        "{'input': [4, 4, 4], 'functional': true, 'layers': [['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': "
        "1}], ['Conv2D', {'name': 'e', 'filters': 1, 'kernel_size': 1}, ['c']], "
        "['Conv2D', {'name': 'f', 'filters': 1, 'kernel_size': 1}, ['c']],"
        "['Conv2D', {'name': 'g', 'filters': 1, 'kernel_size': 1}, ['c']]], 'outputs': ['e', 'f', 'g']}"));
    last = node_named(graph, "c_identity_conv_3");
    ck_assert_uint_eq(graph->nodes[node_named(graph, "e")].inputs[0].node, node_named(graph, "c"));
    ck_assert_uint_eq(graph->nodes[node_named(graph, "f")].inputs[0].node, last);
    ck_assert_uint_eq(graph->nodes[node_named(graph, "g")].inputs[0].node, last);
    c2s_graph_release(graph);
}
END_TEST

/* A layer without weights asks for a matrix of channels: a small file could have any amount of memory taken. */
START_TEST(weights_of_identities_have_a_limit)
{
    struct c2s_graph *graph =
        graph_of("{'input': [1, 1, 64], 'functional': true, 'layers': [['Add', {'name': 'a'}, ['in', 'in']],"
                 "['Add', {'name': 'b'}, ['a', 'a']], ['Add', {'name': 'c'}, ['b', 'b']]]}");
    struct c2s_graph *out = NULL;
    must(c2s_sanitize(graph, NULL, &out, &error));
    ck_assert_ptr_nonnull(layer_named(out, "c_identity_conv"));
    c2s_graph_release(out);
    context->max_total_bytes = 3 * 64 * 64 * sizeof(float) - 1;
    ck_assert_int_eq(c2s_sanitize(graph, NULL, &out, &error), CNN2SNN_E_LIMIT);
    ck_assert_str_eq(error->layer, "c");
    ck_assert_ptr_nonnull(strstr(error->message, "12288 weights, expected 12287 at most"));
    ck_assert_ptr_null(out);
    c2s_error_clear(&error);
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ all of it */

START_TEST(calls_of_a_shared_layer_are_layers_of_their_own)
{
    struct c2s_graph *graph =
        sanitized(graph_of("{'input': [4], 'functional': true, 'layers': [['Dense', {'name': 'd', "
                           "'units': 4}], ['Dense', {'name': 'd', 'units': 4}]]}"));
    ck_assert_str_eq(names_of(graph), "in d d_call_2");
    c2s_graph_release(graph);
}
END_TEST

static cnn2snn_status sanitize(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **out_error)
{
    return c2s_sanitize(graph, NULL, out_graph, out_error);
}

START_TEST(memory_may_fail_anywhere)
{
    context_with_failing_allocator();
    struct c2s_graph *graph = graph_of(
        "{'input': [8, 8, 3], 'functional': true, 'layers': ["
        "['Rescaling', {'name': 's', 'scale': [1, 2, 3], 'offset': -1}],"
        "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 3, 'padding': 'same', 'activation': 'relu'}],"
        "['MaxPooling2D', {'name': 'p'}], ['BatchNormalization', {'name': 'b'}], ['LeakyReLU', {'name': 'l'}],"
        "['DepthwiseConv2D', {'name': 'd', 'kernel_size': 5, 'strides': 2, 'padding': 'same'}],"
        "['BatchNormalization', {'name': 'n'}], ['Conv2D', {'name': 'e', 'filters': 2, 'kernel_size': 2, 'padding': "
        "'same'}],"
        "['Concatenate', {'name': 'k'}, ['n', 'e', 'd']], ['Flatten', {'name': 'f'}], ['Flatten', {'name': 'g'}]]}");
    fail_each_allocation(sanitize, graph);
    c2s_graph_release(graph);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sanitize");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, activations_become_layers_of_their_own);
    tcase_add_test(tests, activations_that_can_be_tables_are_replaced);
    tcase_add_test(tests, operations_become_layers_that_can_be_quantized);
    tcase_add_test(tests, an_infinite_slope_stays_in_its_prelu);
    tcase_add_test(tests, max_pooling_goes_in_front_of_piecewise_linear_activations);
    tcase_add_test(tests, an_activation_with_several_users_stays_in_front_of_pooling);
    tcase_add_test(tests, batch_normalization_is_folded_in_float32);
    tcase_add_test(tests, batch_normalization_goes_into_every_kind_of_kernel);
    tcase_add_test(tests, batch_normalization_goes_in_front_of_pooling_first);
    tcase_add_test(tests, a_negative_gamma_keeps_all_pairs_of_pooling_as_they_are);
    tcase_add_test(tests, a_null_gamma_keeps_all_batch_normalization_as_it_is);
    tcase_add_test(tests, batch_normalization_without_scale_keeps_all_as_it_is);
    tcase_add_test(tests, the_last_of_reshapes_in_a_row_stays);
    tcase_add_test(tests, zero_padding_that_gives_the_size_of_same_is_removed);
    tcase_add_test(tests, concatenate_of_many_becomes_a_chain);
    tcase_add_test(tests, a_group_for_each_channel_is_depthwise);
    tcase_add_test(tests, even_kernels_become_odd);
    tcase_add_test(tests, which_even_kernels_depends_on_the_place);
    tcase_add_test(tests, large_depthwise_kernels_with_strides_are_split);
    tcase_add_test(tests, an_offset_of_rescaling_goes_into_the_convolution);
    tcase_add_test(tests, scales_of_channels_go_into_the_kernel);
    tcase_add_test(tests, rescaling_in_front_of_others_stays);
    tcase_add_test(tests, identities_stand_behind_merges_without_convolution);
    tcase_add_test(tests, a_merge_in_front_of_a_convolution_needs_no_identity);
    tcase_add_test(tests, the_first_convolution_is_not_split);
    tcase_add_test(tests, no_output_goes_to_more_than_two);
    tcase_add_test(tests, weights_of_identities_have_a_limit);
    tcase_add_test(tests, calls_of_a_shared_layer_are_layers_of_their_own);
    tcase_add_test(tests, memory_may_fail_anywhere);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
