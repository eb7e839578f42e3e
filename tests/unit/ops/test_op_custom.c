/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of the user's: what the callback is given, and that nothing it gives is taken on trust. */
#include "../support/layer_testing.h"

#include "numeric/custom_objects.h"

enum mode { DOUBLES, GIVES_ITS_INPUT, FAILS, FAILS_SILENTLY, GIVES_NOTHING, GIVES_INTEGERS, GIVES_OTHER_SHAPE };

static int calls;
static char config_seen[256];

static cnn2snn_status call(void *user_data, cnn2snn_context *c, const char *config, size_t weight_count,
                           const cnn2snn_tensor *const *weights, size_t input_count,
                           const cnn2snn_tensor *const *inputs, cnn2snn_tensor **out_output, cnn2snn_error **error)
{
    (void)weights;
    calls++;
    snprintf(config_seen, sizeof config_seen, "%s", config);
    ck_assert_uint_eq(weight_count, 0);
    ck_assert_uint_eq(input_count, 1);
    ck_assert_int_eq(inputs[0]->dtype, CNN2SNN_DTYPE_FLOAT32);
    switch (*(enum mode *)user_data) {
    case GIVES_ITS_INPUT:
        *out_output = c2s_tensor_retain(inputs[0]);
        return CNN2SNN_OK;
    case FAILS:
        return c2s_error(c, error, CNN2SNN_E_INDEX, "X-1", "the callback's own words");
    case FAILS_SILENTLY:
        return -77;
    case GIVES_NOTHING:
        return CNN2SNN_OK;
    case GIVES_INTEGERS:
        return c2s_tensor_create(c, CNN2SNN_DTYPE_INT32, inputs[0]->rank, inputs[0]->shape, out_output, error);
    case GIVES_OTHER_SHAPE:
        return c2s_tensor_create(c, CNN2SNN_DTYPE_FLOAT32, 1, inputs[0]->shape, out_output, error);
    default:
        C2S_TRY(c2s_tensor_copy(inputs[0], out_output, error));
        for (size_t i = 0; i < (*out_output)->count; i++)
            c2s_f32_writable(*out_output)[i] *= 2;
        return CNN2SNN_OK;
    }
}

static cnn2snn_layer *make_custom(enum mode *mode)
{
    const cnn2snn_layer_class callbacks = {sizeof callbacks, mode, NULL, NULL, call};
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_layer *layer = NULL;
    CHECK_OK(c2s_custom_objects_create(context, &custom, &error));
    CHECK_OK(c2s_custom_objects_add(custom, "Mine", C2S_CUSTOM_LAYER, &callbacks, &error));
    const struct c2s_layer_source source = {.custom = custom, .keras_generation = 3};
    json_t *config = json_pack("{s:s, s:i}", "name", "mine", "factor", 2);
    CHECK_OK(c2s_layer_create(context, "Mine", config, &source, &layer, &error));
    json_decref(config);
    c2s_custom_objects_destroy(custom);
    return layer;
}

START_TEST(the_callback_computes_the_output)
{
    enum mode mode = DOUBLES;
    const float values[] = {1, 2, 3, 4}, expected[] = {2, 4, 6, 8};
    cnn2snn_layer *layer = make_custom(&mode);
    cnn2snn_tensor *x = TENSOR(values, 2, 2), *y = call_one(layer, x);
    check_values(y, 4, expected, 0);
    ck_assert_ptr_nonnull(strstr(config_seen, "\"factor\": 2"));
    c2s_tensor_release(y);
    mode = GIVES_ITS_INPUT;
    y = call_one(layer, x);
    check_values(y, 4, values, 0);
    ck_assert_ptr_ne(y->data, x->data);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(what_the_callback_gives_is_checked)
{
    const struct {
        enum mode mode;
        cnn2snn_status status;
        const char *part;
    } cases[] = {{FAILS, CNN2SNN_E_INDEX, "the callback's own words"},
                 {FAILS_SILENTLY, CNN2SNN_E_CALLBACK, "Mine"},
                 {GIVES_NOTHING, CNN2SNN_E_CALLBACK, "no output"},
                 {GIVES_INTEGERS, CNN2SNN_E_CALLBACK, "int32"},
                 {GIVES_OTHER_SHAPE, CNN2SNN_E_CALLBACK, "(2,), expected float32 of shape (2, 2)"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum mode mode = cases[i].mode;
        cnn2snn_layer *layer = make_custom(&mode);
        cnn2snn_tensor *x = TENSOR(NULL, 2, 2), *y = NULL;
        const cnn2snn_tensor *inputs[] = {x};
        CHECK_FAILS(c2s_layer_call(layer, 1, inputs, &y, &error), cases[i].status, cases[i].part);
        ck_assert_ptr_null(y);
        CHECK_FAILS(c2s_layer_call(layer, 1, inputs, &y, &error), cases[i].status, "mine");
        ck_assert_int_eq(c2s_layer_call(layer, 1, inputs, &y, NULL), cases[i].status);
        c2s_tensor_release(x);
        c2s_layer_release(layer);
    }
}
END_TEST

START_TEST(no_samples_no_call)
{
    enum mode mode = FAILS;
    cnn2snn_layer *layer = make_custom(&mode);
    cnn2snn_tensor *x = TENSOR(NULL, 0, 2);
    calls = 0;
    cnn2snn_tensor *y = call_one(layer, x);
    CHECK_SHAPE(y, 0, 2);
    ck_assert_int_eq(calls, 0);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ activations */

static cnn2snn_status half(void *user_data, cnn2snn_context *c, const char *config, int32_t bitwidth, float *out_step,
                           cnn2snn_error **error)
{
    (void)user_data;
    (void)c;
    (void)config;
    (void)bitwidth;
    (void)error;
    *out_step = 0.5f;
    return CNN2SNN_OK;
}

START_TEST(l072_l108_a_quantized_activation_of_the_users_goes_by_its_step)
{
    const cnn2snn_activation_class callbacks = {sizeof callbacks, NULL, NULL, half};
    const float values[] = {-1, 0.25f, 0.26f, 0.75f, 0.76f, 9}, expected[] = {0, 0, 0.5f, 0.5f, 1, 1.5f};
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_layer *layer = NULL;
    CHECK_OK(c2s_custom_objects_create(context, &custom, &error));
    CHECK_OK(c2s_custom_objects_add(custom, "Half", C2S_CUSTOM_ACTIVATION, &callbacks, &error));
    const struct c2s_layer_source source = {.custom = custom, .keras_generation = 3};
    json_t *config = json_pack("{s:i}", "bitwidth", 2);
    CHECK_OK(c2s_layer_create(context, "Half", config, &source, &layer, &error));
    json_decref(config);
    c2s_custom_objects_destroy(custom);
    cnn2snn_tensor *x = TENSOR(values, 1, 6), *y = call_one(layer, x);
    check_values(y, 6, expected, 0);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("op_custom");
    TCase *tests = tcase_create("op_custom");
    tcase_add_test(tests, the_callback_computes_the_output);
    tcase_add_test(tests, what_the_callback_gives_is_checked);
    tcase_add_test(tests, no_samples_no_call);
    tcase_add_test(tests, l072_l108_a_quantized_activation_of_the_users_goes_by_its_step);
    return run_suite(suite, tests);
}
