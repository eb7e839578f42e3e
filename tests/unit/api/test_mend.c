/* SPDX-License-Identifier: Apache-2.0 */
/* Mending: each fault that can be written otherwise goes, with its rule told, and the outputs stay. */
#include "api_fixture.h"

#include <math.h>

enum { MAX_LAYERS = 8, SAMPLES = 4 };

struct mend_case {
    const char *rule;
    int64_t shape[3];
    const char *layers[MAX_LAYERS][2];
};

#define CONV(more)                                                                                                   \
    {                                                                                                                \
        "Conv2D", "{\"filters\": 4, \"kernel_size\": 3, " more "}"                                                   \
    }
#define POINT                                                                                                        \
    {                                                                                                                \
        "Conv2D", "{\"filters\": 3, \"kernel_size\": 1}"                                                             \
    }
#define RELU                                                                                                         \
    {                                                                                                                \
        "ReLU", NULL                                                                                                 \
    }
#define POOL(more)                                                                                                   \
    {                                                                                                                \
        "MaxPooling2D", "{\"pool_size\": 2" more "}"                                                                 \
    }

static const struct mend_case mendable[] = {
    {"L-H13", {8, 8, 3}, {RELU, CONV("\"padding\": \"same\""), RELU, POINT}},
    {"L-H13", {8, 8, 3}, {CONV("\"use_bias\": true"), RELU, {"ReLU", "{\"max_value\": 900}"}, POINT}},
    {"L-H13", {8, 8, 3}, {CONV("\"use_bias\": true"), {"ReLU", "{\"max_value\": 90}"}, RELU, POINT}},
    {"L-H17", {8, 8, 3}, {CONV("\"use_bias\": true"), {"Flatten", NULL}, RELU, {"Dense", "{\"units\": 3}"}}},
    {"L-H17",
     {8, 8, 3},
     {CONV("\"use_bias\": true"), RELU, {"Flatten", NULL}, {"Reshape", "{\"target_shape\": [6, 6, 4]}"}, POINT}},
    {"L-H18",
     {8, 8, 3},
     {CONV("\"use_bias\": true"),
      RELU,
      {"Reshape", "{\"target_shape\": [6, 24]}"},
      {"Flatten", NULL},
      {"Dense", "{\"units\": 3}"}}},
    {"L-H15", {14, 14, 3}, {CONV("\"use_bias\": true"), POOL(""), POOL(", \"strides\": 1"), RELU, POINT}},
    {"L-H15", {16, 16, 3}, {CONV("\"padding\": \"same\""), POOL(""), POOL(""), RELU, POINT}},
    {"L-H13", {8, 8, 3}, {CONV("\"use_bias\": true"), RELU, POOL(""), RELU, POINT}},
    {"L-H13",
     {8, 8, 3},
     {CONV("\"use_bias\": true"), {"ReLU", "{\"max_value\": 90}"}, POOL(""), {"ReLU", "{\"max_value\": 60}"}, POINT}},
    {"L-H15", {14, 14, 3}, {CONV("\"use_bias\": true"), POOL(""), RELU, POOL(""), POINT}},
    {"L-H15", {14, 14, 3}, {CONV("\"use_bias\": true"), RELU, POOL(""), POOL(", \"strides\": 1"), POINT}},
    {"L-H15", {14, 14, 3}, {CONV("\"use_bias\": true"), RELU, POOL(""), RELU, POOL(""), RELU, POINT}},
    {"L-H15",
     {1, 1, 3},
     {{"Dense", "{\"units\": 4}"}, {"MaxPooling2D", "{\"pool_size\": 1}"}, RELU, {"Dense", "{\"units\": 3}"}}},
    {"L-H14", {8, 8, 3}, {POOL(""), CONV("\"use_bias\": true"), RELU, POINT}},
    {"L-H14", {9, 8, 1}, {POOL(", \"padding\": \"same\""), RELU, CONV("\"use_bias\": true"), RELU, POINT}},
    {"L-H16", {8, 8, 3}, {CONV("\"padding\": \"same\""), POOL(""), RELU, POINT}},
    {"L-H16", {8, 8, 3}, {CONV("\"padding\": \"valid\""), POOL(", \"padding\": \"same\""), RELU, POINT}},
    {"L-H2", {12, 11, 3}, {CONV("\"dilation_rate\": [2, 2]"), RELU, POINT}},
    {"L-H2",
     {12, 11, 3},
     {CONV("\"dilation_rate\": [2, 2], \"padding\": \"same\", \"use_bias\": false"), RELU, POINT}},
    {"L-H11", {8, 8, 3}, {CONV("\"use_bias\": true"), RELU, {"Dense", "{\"units\": 5}"}}},
    {"L-H21",
     {8, 9, 3},
     {CONV("\"use_bias\": true"),
      RELU,
      {"DepthwiseConv2D", "{\"kernel_size\": 3, \"padding\": \"same\"}"},
      RELU,
      POINT}},
    {"L-H21",
     {8, 9, 3},
     {CONV("\"use_bias\": true"),
      RELU,
      {"DepthwiseConv2D", "{\"kernel_size\": 3, \"depth_multiplier\": 2, \"use_bias\": false}"},
      RELU,
      POINT}},
    {"L-H21",
     {8, 8, 3},
     {CONV("\"use_bias\": true"),
      RELU,
      {"ZeroPadding2D", "{\"padding\": 1}"},
      CONV("\"use_bias\": true"),
      RELU,
      POINT}},
    {"L-H21",
     {10, 10, 3},
     {CONV("\"use_bias\": true"),
      RELU,
      {"ZeroPadding2D", "{\"padding\": [[0, 1], [0, 1]]}"},
      CONV("\"strides\": 2"),
      RELU,
      POINT}},
    {"L-H9", {8, 8, 3}, {CONV("\"use_bias\": true"), {"BatchNormalization", "{\"scale\": false}"}, RELU, POINT}},
    {"L-H9",
     {8, 8, 3},
     {CONV("\"use_bias\": false"), {"BatchNormalization", "{\"scale\": false, \"center\": false}"}, RELU, POINT}},
    {"L-H21",
     {8, 8, 3},
     {CONV("\"use_bias\": true"), RELU, {"BatchNormalization", NULL}, CONV("\"use_bias\": false")}},
    {"L-H21", {8, 8, 3}, {{"BatchNormalization", NULL}, CONV("\"use_bias\": true"), RELU, POINT}},
    {"L-H21",
     {8, 8, 3},
     {CONV("\"use_bias\": true"),
      RELU,
      {"BatchNormalization", NULL},
      {"Flatten", NULL},
      {"Dense", "{\"units\": 3}"}}},
    {"L-H19",
     {8, 8, 3},
     {CONV("\"use_bias\": true"), RELU, {"Rescaling", "{\"scale\": 2.5}"}, CONV("\"padding\": \"same\"")}},
    {"L-H19",
     {8, 8, 3},
     {CONV("\"use_bias\": true"),
      RELU,
      {"Rescaling", "{\"scale\": 0.5, \"offset\": 3}"},
      CONV("\"use_bias\": true")}},
    {"L-D", {8, 8, 3}, {CONV("\"activation\": \"relu\""), POINT}},
    {"L-H20", {8, 8, 3}, {CONV("\"use_bias\": true"), {"Activation", "{\"activation\": \"relu\"}"}, POINT}},
};

/* What would change the outputs, or has no other form. */
static const struct mend_case others[] = {
    {"L-H13", {8, 8, 3}, {{"ReLU", "{\"max_value\": 6}"}, CONV("\"use_bias\": true"), RELU, POINT}},
    {"L-H16", {9, 9, 3}, {CONV("\"padding\": \"same\""), POOL(""), RELU, POINT}},
    {"L-H15", {9, 9, 3}, {CONV("\"padding\": \"same\""), POOL(", \"padding\": \"same\""), POOL(""), RELU, POINT}},
    {"L-H21",
     {8, 8, 3},
     {CONV("\"use_bias\": true"),
      RELU,
      {"ZeroPadding2D", "{\"padding\": 2}"},
      CONV("\"use_bias\": true"),
      RELU,
      POINT}},
    {"L-H21",
     {8, 8, 3},
     {CONV("\"use_bias\": true"), RELU, {"BatchNormalization", NULL}, CONV("\"padding\": \"same\"")}},
    {"L-H19",
     {8, 8, 3},
     {CONV("\"use_bias\": true"),
      RELU,
      {"Rescaling", "{\"scale\": 1, \"offset\": 3}"},
      CONV("\"padding\": \"same\"")}},
    {"L-H12", {8, 8, 3}, {CONV("\"use_bias\": true"), POINT}},
    {"L-H15",
     {8, 8, 3},
     {CONV("\"use_bias\": true"), RELU, {"GlobalAveragePooling2D", NULL}, {"Dense", "{\"units\": 3}"}}},
    {"L-H14", {8, 8, 3}, {POOL(""), {"BatchNormalization", NULL}, RELU, POINT}},
    {"L-H13", {8, 8, 3}, {CONV("\"use_bias\": true"), {"ReLU", "{\"negative_slope\": 0.5}"}, POOL(""), RELU, POINT}},
};

static uint32_t state;

static float random_value(void)
{
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / (1 << 24);
}

/* Weights between -0.5 and 0.5; gammas and variances above 0. */
static void fill_weights(cnn2snn_model *model)
{
    for (size_t l = 0; l < cnn2snn_model_get_layer_count(model); l++)
        for (size_t w = 0; w < cnn2snn_layer_get_weight_count(cnn2snn_model_get_layer(model, (int64_t)l)); w++) {
            const cnn2snn_layer *layer = cnn2snn_model_get_layer(model, (int64_t)l); /* setting a weight renews it */
            const cnn2snn_tensor *old = cnn2snn_layer_get_weight(layer, w);
            const char *name = cnn2snn_layer_get_weight_name(layer, w);
            float shift = strcmp(name, "gamma") && !strstr(name, "variance") ? -0.5f : 0.5f;
            cnn2snn_tensor *value = make_tensor(cnn2snn_tensor_get_rank(old), cnn2snn_tensor_get_shape(old));
            float *data = cnn2snn_tensor_get_writable_data(value);
            for (uint64_t i = 0; i < cnn2snn_tensor_get_count(value); i++)
                data[i] = random_value() + shift;
            DONE(cnn2snn_model_set_weight(model, cnn2snn_layer_get_name(layer), w, value, error));
            cnn2snn_tensor_destroy(value);
        }
}

static cnn2snn_model *make_case(const struct mend_case *c)
{
    size_t count = 0;
    while (count < MAX_LAYERS && c->layers[count][0])
        count++;
    cnn2snn_model *model = make_sequential(3, c->shape, count, c->layers);
    fill_weights(model);
    return model;
}

static cnn2snn_tensor *outputs_of(const cnn2snn_model *model, const int64_t *shape)
{
    int64_t batch[4] = {SAMPLES, shape[0], shape[1], shape[2]};
    cnn2snn_tensor *input = make_tensor(4, batch), *output = NULL;
    float *data = cnn2snn_tensor_get_writable_data(input);
    state = 99;
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(input); i++)
        data[i] = floorf(random_value() * 256);
    const cnn2snn_tensor *inputs = input;
    DONE(cnn2snn_model_predict(model, 1, &inputs, NULL, 1, &output, error));
    cnn2snn_tensor_destroy(input);
    return output;
}

static void same_outputs(const cnn2snn_model *a, const cnn2snn_model *b, const int64_t *shape)
{
    cnn2snn_tensor *first = outputs_of(a, shape), *second = outputs_of(b, shape);
    const float *x = cnn2snn_tensor_get_data(first), *y = cnn2snn_tensor_get_data(second);
    float largest = 0;
    ck_assert_uint_eq(cnn2snn_tensor_get_count(first), cnn2snn_tensor_get_count(second));
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(first); i++)
        largest = fmaxf(largest, fabsf(x[i]));
    ck_assert_float_gt(largest, 1);
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(first); i++)
        ck_assert_float_le(fabsf(x[i] - y[i]), 1e-5f * largest);
    cnn2snn_tensor_destroy(first);
    cnn2snn_tensor_destroy(second);
}

static int is_compatible(const cnn2snn_model *model)
{
    int32_t compatible = -1;
    DONE(cnn2snn_check_model_compatibility(model, NULL, &compatible, NULL, error));
    return compatible;
}

static int tells_rule(const cnn2snn_report *report, const char *rule)
{
    for (size_t i = 0; i < cnn2snn_report_get_count(report); i++)
        if (!strcmp(cnn2snn_report_get_rule(report, i), rule)) {
            ck_assert_int_eq(cnn2snn_report_get_severity(report, i), CNN2SNN_SEVERITY_INFO);
            return 1;
        }
    return 0;
}

START_TEST(what_has_another_form_gets_it)
{
    const struct mend_case *c = &mendable[_i];
    cnn2snn_model *model = make_case(c), *mended = NULL;
    cnn2snn_report *report = NULL;
    DONE(cnn2snn_model_mend(model, &mended, &report, error));
    ck_assert_msg(tells_rule(report, c->rule), "case %d: %s is not told", _i, c->rule);
    ck_assert_msg(is_compatible(mended), "case %d", _i);
    same_outputs(model, mended, c->shape);
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(mended);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(what_would_change_the_outputs_stays)
{
    const struct mend_case *c = &others[_i];
    cnn2snn_model *model = make_case(c), *mended = NULL;
    cnn2snn_report *report = NULL;
    DONE(cnn2snn_model_mend(model, &mended, &report, error));
    ck_assert_msg(!cnn2snn_report_get_count(report), "case %d: %s: %s", _i, cnn2snn_report_get_layer(report, 0),
                  cnn2snn_report_get_message(report, 0));
    ck_assert_int_eq(is_compatible(mended), 0);
    same_outputs(model, mended, c->shape);
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(mended);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(a_null_gamma_gives_a_constant)
{
    static const struct mend_case c = {
        "L-H8",
        {8, 8, 3},
        {CONV("\"use_bias\": true"), POOL(""), {"BatchNormalization", "{\"name\": \"norm\"}"}, RELU, POINT}};
    cnn2snn_model *model = make_case(&c), *mended = NULL;
    cnn2snn_report *report = NULL;
    int64_t four = 4;
    cnn2snn_tensor *gamma = make_tensor(1, &four); /* 0, 1, 2, 3 */
    DONE(cnn2snn_model_set_weight(model, "norm", 0, gamma, error));
    cnn2snn_tensor_destroy(gamma);
    ck_assert_int_eq(is_compatible(model), 0);
    DONE(cnn2snn_model_mend(model, &mended, &report, error));
    ck_assert(tells_rule(report, "L-H8"));
    ck_assert_int_eq(is_compatible(mended), 1);
    same_outputs(model, mended, c.shape);
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(mended);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(a_shared_layer_becomes_two)
{
    static const int64_t shape[3] = {8, 8, 4};
    cnn2snn_model_builder *builder = NULL;
    cnn2snn_layer *conv =
        make_layer("Conv2D", "{\"filters\": 4, \"kernel_size\": 3, \"padding\": \"same\", \"name\": \"conv\"}");
    cnn2snn_layer *relu = make_layer("ReLU", "{\"name\": \"relu\"}");
    cnn2snn_model *model = NULL, *mended = NULL;
    int32_t value = 0;
    DONE(cnn2snn_model_builder_create(context, "shared", &builder, error));
    DONE(cnn2snn_model_builder_add_input(builder, "in", 3, shape, CNN2SNN_DTYPE_NONE, &value, error));
    DONE(cnn2snn_model_builder_call(builder, conv, 1, &value, &value, error));
    DONE(cnn2snn_model_builder_call(builder, relu, 1, &value, &value, error));
    DONE(cnn2snn_model_builder_call(builder, conv, 1, &value, &value, error));
    DONE(cnn2snn_model_builder_finish(builder, 1, &value, &model, error));
    fill_weights(model);
    ck_assert_int_eq(is_compatible(model), 0);
    DONE(cnn2snn_model_mend(model, &mended, NULL, error));
    ck_assert_int_eq(is_compatible(mended), 1);
    ck_assert_ptr_nonnull(cnn2snn_model_find_layer(mended, "conv_again"));
    same_outputs(model, mended, shape);
    cnn2snn_model_destroy(mended);
    cnn2snn_model_destroy(model);
    cnn2snn_model_builder_destroy(builder);
    cnn2snn_layer_destroy(conv);
    cnn2snn_layer_destroy(relu);
}
END_TEST

START_TEST(branches_are_not_mended)
{
    static const int64_t shape[3] = {8, 8, 4};
    cnn2snn_model_builder *builder = NULL;
    cnn2snn_layer *relu = make_layer("ReLU", NULL), *add = make_layer("Add", NULL);
    cnn2snn_model *model = NULL, *mended = NULL;
    int32_t values[2] = {0, 0};
    DONE(cnn2snn_model_builder_create(context, "branches", &builder, error));
    DONE(cnn2snn_model_builder_add_input(builder, "in", 3, shape, CNN2SNN_DTYPE_NONE, &values[0], error));
    DONE(cnn2snn_model_builder_call(builder, relu, 1, &values[0], &values[1], error));
    DONE(cnn2snn_model_builder_call(builder, add, 2, values, &values[0], error));
    DONE(cnn2snn_model_builder_finish(builder, 1, values, &model, error));
    FAILS(CNN2SNN_E_INCOMPATIBLE, "branches", cnn2snn_model_mend(model, &mended, NULL, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "model", cnn2snn_model_mend(NULL, &mended, NULL, error));
    cnn2snn_model_destroy(model);
    cnn2snn_model_builder_destroy(builder);
    cnn2snn_layer_destroy(relu);
    cnn2snn_layer_destroy(add);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("mend");
    tcase_add_loop_test(tests, what_has_another_form_gets_it, 0, sizeof mendable / sizeof *mendable);
    tcase_add_loop_test(tests, what_would_change_the_outputs_stays, 0, sizeof others / sizeof *others);
    tcase_add_test(tests, a_null_gamma_gives_a_constant);
    tcase_add_test(tests, a_shared_layer_becomes_two);
    tcase_add_test(tests, branches_are_not_mended);
    return run_suite("mend", tests);
}
