/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of conversion to Akida 1.0 share: converting, looking into the result, and the models of the worked
 * examples. */
#ifndef CONVERT_TESTING_H
#define CONVERT_TESTING_H

#include <math.h>
#include <stdlib.h>

#include "../plan/small_models.h"
#include "convert/convert.h"

static cnn2snn_context *context;

static inline void setup(void)
{
    context = small_context();
}

static inline void teardown(void)
{
    c2s_context_release(context);
}

static const struct c2s_plan_settings default_settings = {0};

static inline struct c2s_plan_settings scaling(double scale, double shift)
{
    return (struct c2s_plan_settings){.has_input_scaling = true, .input_scale = scale, .input_shift = shift};
}

/* Converts; the report is the caller's. */
static inline cnn2snn_akida_model *convert(const struct c2s_graph *graph, struct c2s_plan_settings settings,
                                           cnn2snn_report **out_report)
{
    cnn2snn_report *report = NULL;
    cnn2snn_error *error = NULL;
    struct c2s_plan *plan = NULL;
    cnn2snn_akida_model *model = NULL;
    small_ok(c2s_report_create(context, &report, &error), error);
    small_ok(c2s_plan_create(graph, &settings, report, &plan, &error), error);
    for (size_t i = 0; i < report->count && !plan; i++)
        fprintf(stderr, "%s %s: %s\n", report->faults[i].rule, report->faults[i].layer, report->faults[i].message);
    ck_assert_ptr_nonnull(plan);
    small_ok(c2s_convert_v1(plan, report, &model, &error), error);
    c2s_plan_destroy(plan);
    *out_report = report;
    return model;
}

static inline cnn2snn_akida_model *convert_without_remark(const struct c2s_graph *graph,
                                                          struct c2s_plan_settings settings)
{
    cnn2snn_report *report = NULL;
    cnn2snn_akida_model *model = convert(graph, settings, &report);
    for (size_t i = 0; i < report->count; i++)
        fprintf(stderr, "%s %s: %s\n", report->faults[i].rule, report->faults[i].layer, report->faults[i].message);
    ck_assert_uint_eq(report->count, 0);
    c2s_report_destroy(report);
    ck_assert_ptr_nonnull(model);
    return model;
}

static const struct c2s_akida_layer *find_layer(const cnn2snn_akida_model *model, const char *name)
{
    for (size_t i = 0; i < model->layer_count; i++)
        if (!strcmp(model->layers[i].name, name))
            return &model->layers[i];
    ck_abort_msg("no layer %s", name);
    return NULL;
}

static inline void assert_values(const cnn2snn_akida_model *model, const char *layer, const char *name, size_t count,
                                 const double *expected)
{
    const struct c2s_akida_variable *variable = c2s_akida_layer_find_variable(find_layer(model, layer), name);
    ck_assert_msg(variable != NULL, "%s has no %s", layer, name);
    ck_assert_uint_eq(variable->tensor->count, count);
    for (size_t i = 0; i < count; i++) {
        double found = c2s_tensor_get_double(variable->tensor, i);
        double wanted = variable->tensor->dtype == CNN2SNN_DTYPE_FLOAT32 ? (double)(float)expected[i] : expected[i];
        ck_assert_msg(found == wanted, "%s of %s: %.9g at %zu, expected %.9g", name, layer, found, i, wanted);
    }
}

#define ASSERT_VALUES(model, layer, name, ...)                                                                       \
    assert_values(model, layer, name, COUNT(((const double[]){__VA_ARGS__})), (const double[]){__VA_ARGS__})

static inline void assert_parameter(const cnn2snn_akida_model *model, const char *layer, const char *name,
                                    int32_t expected)
{
    const struct c2s_akida_layer *found = find_layer(model, layer);
    ck_assert_msg(c2s_akida_layer_has_parameter(found, name), "%s has no %s", layer, name);
    ck_assert_int_eq(c2s_akida_layer_get_parameter(found, name, -77), expected);
}

static inline void assert_shape(const cnn2snn_akida_model *model, const char *layer, const char *name, int64_t a,
                                int64_t b, int64_t c, int64_t d)
{
    const cnn2snn_tensor *tensor = c2s_akida_layer_find_variable(find_layer(model, layer), name)->tensor;
    int64_t expected[4] = {a, b, c, d};
    ck_assert_uint_eq(tensor->rank, 4);
    ck_assert_int_eq(tensor->dtype, CNN2SNN_DTYPE_INT8);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(tensor->shape[i], expected[i]);
}

#define SET(graph, layer, weight, ...)                                                                               \
    small_set_weight(graph, (struct small_weight){layer, weight, COUNT(((const float[]){__VA_ARGS__})),              \
                                                  (const float[]){__VA_ARGS__}})

/* EX-41: an image through a convolution, a separable convolution and a dense layer. */
static inline struct c2s_graph *example_41(void)
{
    const struct small_layer layers[] = {
        QCONV("c", 2, 3, 4, ", 'padding': 'same'"),
        NAMED("MaxPooling2D", "p", ", 'pool_size': 2, 'padding': 'same'"),
        QRELU("r", 4, 6),
        NAMED("QuantizedSeparableConv2D", "s",
              ", 'filters': 2, 'kernel_size': 3, 'padding': 'same', 'quantizer_dw': " MAX_QUANTIZER(
                  4) ", 'quantizer': " QUANTIZER(4)),
        NAMED("GlobalAveragePooling2D", "g", ""),
        NAMED("ActivationDiscreteRelu", "r2", ", 'bitwidth': 2"),
        QDENSE("d", 2, 4, ""),
        NAMED("Softmax", "soft", "")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {5, 5, 1}}, COUNT(layers), layers);
    SET(graph, "c", "kernel", 1, -2, .5F, .25F, .125F, .375F, -.25F, 1, .75F, -1.5F, 0, 0, 0, 0, 0, 0, 0, 0);
    SET(graph, "c", "bias", .5F, -.25F);
    SET(graph, "s", "depthwise_kernel", .7F, -.3F, .1F, .6F, 0, 0, -.2F, .5F, .4F, -.7F, 0, 0, 0, 0, .3F, 0, 0, 0);
    SET(graph, "s", "pointwise_kernel", 1, -.5F, .3F, .25F);
    SET(graph, "s", "bias", .1F, -.2F);
    SET(graph, "d", "kernel", .3F, -.9F, .6F, .45F);
    SET(graph, "d", "bias", .05F, -.15F);
    return graph;
}

/* EX-45, before and after the limits of the hardware. */
static inline struct c2s_graph *example_45(void)
{
    const struct small_layer layers[] = {QCONV("c", 2, 1, 8, ""), QRELU("r", 4, 6), QCONV("c2", 1, 1, 8, "")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {1, 1, 4}}, 3, layers);
    SET(graph, "c", "kernel", .1F, 1, .05F, .1F, 0, .2F, .01F, .3F);
    SET(graph, "c", "bias", -5, 1);
    SET(graph, "c2", "kernel", -1, .5F);
    return graph;
}

static inline int run_tests(const char *name, TCase *tests)
{
    Suite *suite = suite_create(name);
    tcase_add_checked_fixture(tests, setup, teardown);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
