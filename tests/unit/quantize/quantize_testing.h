/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of quantization share: small models, and a layer's class, quantizers and bits in one line of text.
 */
#ifndef QUANTIZE_TESTING_H
#define QUANTIZE_TESTING_H

#include "../support/graphs.h"

#include "numeric/custom_objects.h"
#include "quantize/quantize.h"

#define CONV(name) "['Conv2D', {'name': '" name "', 'filters': 2, 'kernel_size': 1}]"
#define SEPARABLE(name) "['SeparableConv2D', {'name': '" name "', 'filters': 2, 'kernel_size': 1}]"
#define DENSE(name) "['Dense', {'name': '" name "', 'units': 2}]"
#define RELU(name) "['ReLU', {'name': '" name "'}]"

/* The model of EX-21. */
#define BASE                                                                                                         \
    CONV("c")                                                                                                        \
    ", ['ReLU', {'name': 'r', 'max_value': 6.0}]," SEPARABLE("s") "," RELU("r2") ",['Flatten', {'name':"             \
                                                                                 "'f'}]," DENSE("d")

static struct c2s_graph *source, *result;
static struct c2s_quantize_settings settings;

static inline void setup(void)
{
    context_setup();
    settings = (struct c2s_quantize_settings){.input_weight_bits = -1, .fold_batchnorm = true};
}

static inline void release(void)
{
    c2s_graph_release(source);
    c2s_graph_release(result);
    source = result = NULL;
}

static inline void bits(int32_t weights, int32_t activations, int32_t input_weights)
{
    settings.weight_bits = weights;
    settings.activation_bits = activations;
    settings.input_weight_bits = input_weights;
}

static inline void quantized(const char *input, const char *layers)
{
    source = sequential(input, layers);
    must(c2s_graph_quantize(source, &settings, &result, &error));
    must(c2s_graph_verify(result, &error));
}

static inline void quantize_refuses(const char *input, const char *layers, cnn2snn_status status, const char *rule,
                                    const char *layer)
{
    source = sequential(input, layers);
    refused(c2s_graph_quantize(source, &settings, &result, &error), status, rule, layer);
    ck_assert_ptr_null(result);
    release();
}

/* "QuantizedConv2D MaxPerAxisQuantizer 4", "Conv2D", "QuantizedReLU 4 6". */
static inline const char *kind_of(const struct c2s_graph *graph, const char *name)
{
    static char text[200];
    const cnn2snn_layer *layer = layer_named(graph, name);
    const cnn2snn_quantizer *quantizer = c2s_layer_quantizer(layer), *dw = c2s_layer_depthwise_quantizer(layer);
    const struct c2s_quantized_activation_attributes *activation = c2s_layer_quantized_activation(layer);
    size_t used = (size_t)snprintf(text, sizeof text, "%s", layer->class_name);
    if (quantizer)
        used += (size_t)snprintf(text + used, sizeof text - used, " %s %d", quantizer->class_name,
                                 (int)quantizer->bitwidth);
    if (dw)
        used += (size_t)snprintf(text + used, sizeof text - used, " %s %d", dw->class_name, (int)dw->bitwidth);
    if (activation)
        snprintf(text + used, sizeof text - used, " %d %g", (int)activation->bitwidth, (double)activation->max_value);
    return text;
}

#define is_now(name, expected) ck_assert_str_eq(kind_of(result, name), expected)

static const char *const branches =
    "{'inputs': {'x': [4]}, 'name': 'two', 'layers': [['Dense', {'name': 'a', 'units': 2}],"
    "['Dense', {'name': 'b', 'units': 2}, ['x']], ['Concatenate', {'name': 'cat'}, ['a', "
    "'b']], ['ReLU', {'name': 'r'}]]}";

static char called[300];

/* A quantizer function: notes what it is asked for, and gives a StdWeightQuantizer of the threshold at user_data. */
static inline cnn2snn_status write_call(void *user_data, const cnn2snn_layer *layer, cnn2snn_quantizer *by_default,
                                        cnn2snn_quantizer **out, cnn2snn_error **own)
{
    ck_assert_ptr_nonnull(layer->weights[0].tensor);
    size_t used = strlen(called);
    snprintf(called + used, sizeof called - used, "%s(%s, %s %d)", used ? " " : "", layer->name,
             by_default->class_name, (int)by_default->bitwidth);
    return c2s_quantizer_create(layer->context, CNN2SNN_QUANTIZER_STD, by_default->bitwidth, *(double *)user_data,
                                out, own);
}

static inline int run(const char *name, TCase *cases)
{
    Suite *suite = suite_create(name);
    tcase_add_checked_fixture(cases, setup, context_teardown);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
