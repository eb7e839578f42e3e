/* SPDX-License-Identifier: Apache-2.0 */
/* Layers and quantized activations of the user's classes. */
#include "layer_fixture.h"

static cnn2snn_custom_objects *custom;
static int calls;

static cnn2snn_status give_step(void *user_data, cnn2snn_context *its_context, const char *config, int32_t bitwidth,
                                float *out_step, cnn2snn_error **error)
{
    calls++;
    ck_assert_ptr_nonnull(strstr(config, "\"bitwidth\": 3"));
    ck_assert_int_eq(bitwidth, 3);
    if (!user_data)
        return c2s_error(its_context, error, CNN2SNN_E_VALUE, "U-1", "no step today");
    *out_step = *(float *)user_data;
    return CNN2SNN_OK;
}

/* The last extent is doubled; a first extent of 100 asks for a bad answer. */
static cnn2snn_status give_shape(void *user_data, cnn2snn_context *its_context, const char *config,
                                 size_t input_count, const size_t *input_ranks, const int64_t *const *input_shapes,
                                 size_t *out_rank, int64_t *out_shape, cnn2snn_error **error)
{
    (void)user_data, (void)its_context, (void)config, (void)error;
    calls++;
    ck_assert_uint_ge(input_count, 1);
    if (input_shapes[0][0] == 100)
        return CNN2SNN_E_STATE;
    *out_rank = input_shapes[0][0] == 101 ? 8 : input_ranks[0];
    for (size_t i = 0; i < input_ranks[0]; i++)
        out_shape[i] = input_shapes[0][i];
    out_shape[input_ranks[0] - 1] *= input_shapes[0][0] == 102 ? 0 : 2;
    return CNN2SNN_OK;
}

static cnn2snn_status compute(void *user_data, cnn2snn_context *its_context, const char *config, size_t weight_count,
                              const cnn2snn_tensor *const *weights, size_t input_count,
                              const cnn2snn_tensor *const *inputs, cnn2snn_tensor **out_output, cnn2snn_error **error)
{
    (void)user_data, (void)its_context, (void)config, (void)weight_count, (void)weights, (void)input_count;
    (void)inputs, (void)out_output, (void)error;
    return CNN2SNN_E_UNSUPPORTED;
}

static void register_classes(float *step, bool with_shape)
{
    ck_assert_int_eq(c2s_custom_objects_create(context, &custom, NULL), CNN2SNN_OK);
    cnn2snn_activation_class activation = CNN2SNN_ACTIVATION_CLASS_INIT;
    activation.user_data = step;
    activation.step = give_step;
    ck_assert_int_eq(c2s_custom_objects_add(custom, "MyActivation", C2S_CUSTOM_ACTIVATION, &activation, NULL), 0);
    cnn2snn_layer_class layer = CNN2SNN_LAYER_CLASS_INIT;
    layer.output_shape = with_shape ? give_shape : NULL;
    layer.call = compute;
    ck_assert_int_eq(c2s_custom_objects_add(custom, "MyLayer", C2S_CUSTOM_LAYER, &layer, NULL), 0);
    calls = 0;
}

START_TEST(l072_l108_a_custom_activation_asks_for_its_step_once)
{
    float step = 0.25f;
    register_classes(&step, true);
    struct c2s_layer_source source = {.custom = custom, .constructed = true};
    cnn2snn_layer *layer = make_from("Mine>MyActivation", "{'bitwidth': 3, 'other': [1]}", &source);
    ck_assert_int_eq(c2s_layer_id(layer), C2S_KIND_CUSTOM_ACTIVATION);
    const struct c2s_quantized_activation_attributes *activation = c2s_layer_quantized_activation(layer);
    ck_assert(activation->step == 0.25f && activation->max_value == 1.75f && activation->bitwidth == 3);
    ck_assert_int_eq(calls, 1);
    c2s_custom_objects_destroy(custom); /* the layer keeps its class */
    ck_assert_ptr_nonnull(activation->custom);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(l108_bad_steps_are_errors)
{
    static float steps[] = {0, -1, NAN, INFINITY};
    for (size_t i = 0; i < 5; i++) {
        register_classes(i < 4 ? &steps[i] : NULL, true);
        struct c2s_layer_source source = {.custom = custom};
        cnn2snn_layer *layer;
        cnn2snn_error *error = NULL;
        cnn2snn_status status = create("MyActivation", "{'bitwidth': 3, 'name': 'm'}", &source, &layer, &error);
        expect_failure(status, error, CNN2SNN_E_VALUE,
                       i < 4 ? "m: class MyActivation has a step of" : "m: no step today");
        c2s_custom_objects_destroy(custom);
    }
}
END_TEST

START_TEST(l072_a_custom_layer_tells_its_shape)
{
    register_classes(NULL, true);
    struct c2s_layer_source source = {.custom = custom};
    cnn2snn_layer *layer = make_from("MyLayer", "{'name': 'm', 'size': 3}", &source);
    c2s_custom_objects_destroy(custom);
    ck_assert_int_eq(c2s_layer_id(layer), C2S_KIND_CUSTOM);
    const struct c2s_custom_attributes *attributes = layer->attributes;
    ck_assert_str_eq(attributes->config_text, "{\"name\": \"m\", \"size\": 3}");
    struct c2s_shape input = SHAPE(4, 5), output, expected = SHAPE(4, 10);
    ck_assert_int_eq(c2s_layer_output_shape(layer, 1, &input, &output, NULL), CNN2SNN_OK);
    expect_same_shape(&output, &expected, "output");
    input = c2s_shape_unranked();
    calls = 0;
    ck_assert_int_eq(c2s_layer_output_shape(layer, 1, &input, &output, NULL), CNN2SNN_OK);
    ck_assert(c2s_shape_is_unranked(&output) && !calls);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(bad_shapes_are_errors)
{
    static const struct {
        int64_t first;
        cnn2snn_status status;
        const char *part;
    } bad[] = {{100, CNN2SNN_E_CALLBACK, "m: a callback of class MyLayer failed"},
               {101, CNN2SNN_E_VALUE, "outputs of 8 dimensions"},
               {102, CNN2SNN_E_VALUE, "an output extent of 0"}};
    register_classes(NULL, true);
    struct c2s_layer_source source = {.custom = custom};
    cnn2snn_layer *layer = make_from("MyLayer", "{'name': 'm'}", &source);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct c2s_shape input = SHAPE(bad[i].first, 2), output;
        cnn2snn_error *error = NULL;
        cnn2snn_status status = c2s_layer_output_shape(layer, 1, &input, &output, &error);
        expect_failure(status, error, bad[i].status, bad[i].part);
    }
    c2s_layer_release(layer);
    c2s_custom_objects_destroy(custom);
}
END_TEST

START_TEST(without_a_shape_rule_the_input_counts)
{
    register_classes(NULL, false);
    struct c2s_layer_source source = {.custom = custom};
    cnn2snn_layer *layer = make_from("MyLayer", "{}", &source);
    struct c2s_shape inputs[] = {SHAPE(4, 5), SHAPE(2)}, output;
    ck_assert_int_eq(c2s_layer_output_shape(layer, 2, inputs, &output, NULL), CNN2SNN_OK);
    expect_same_shape(&output, &inputs[0], "output");
    ck_assert_int_eq(c2s_layer_output_shape(layer, 0, NULL, &output, NULL), CNN2SNN_E_VALUE);
    c2s_layer_release(layer);
    c2s_custom_objects_destroy(custom);
}
END_TEST

START_TEST(l072_built_in_classes_win)
{
    register_classes(NULL, true);
    cnn2snn_layer_class own = CNN2SNN_LAYER_CLASS_INIT;
    own.call = compute;
    ck_assert_int_eq(c2s_custom_objects_add(custom, "ReLU", C2S_CUSTOM_LAYER, &own, NULL), 0);
    struct c2s_layer_source source = {.custom = custom};
    cnn2snn_layer *layer = make_from("ReLU", "{}", &source);
    ck_assert_int_eq(c2s_layer_id(layer), C2S_KIND_RELU);
    c2s_layer_release(layer);
    c2s_custom_objects_destroy(custom);
}
END_TEST

START_TEST(l072_weights_of_a_custom_layer_are_what_its_file_has)
{
    register_classes(NULL, false);
    struct c2s_layer_source source = {.custom = custom};
    cnn2snn_layer *layer = make_from("MyLayer", "{}", &source), *copy, *other;
    cnn2snn_tensor *tensor;
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT32, 1, (int64_t[]){3}, &tensor, NULL), 0);
    char name[] = "w";
    const char *names[] = {name};
    ck_assert_int_eq(c2s_layer_set_named_weights(layer, 1, names, &tensor, NULL), CNN2SNN_OK);
    name[0] = 'x';
    ck_assert_str_eq(layer->weights[0].name, "w");
    ck_assert_int_eq(c2s_layer_copy(layer, &copy, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_layer_with_config(layer, NULL, NULL, custom, &other, NULL), CNN2SNN_OK);
    c2s_layer_release(layer);
    ck_assert_str_eq(copy->weights[0].name, "w");
    ck_assert_str_eq(other->weights[0].name, "w");
    ck_assert_ptr_eq(other->weights[0].tensor, tensor);
    c2s_layer_release(copy);
    c2s_layer_release(other);
    c2s_tensor_release(tensor);
    c2s_custom_objects_destroy(custom);
}
END_TEST

int main(void)
{
    return RUN("custom_layers", l072_l108_a_custom_activation_asks_for_its_step_once, l108_bad_steps_are_errors,
               l072_a_custom_layer_tells_its_shape, bad_shapes_are_errors, without_a_shape_rule_the_input_counts,
               l072_built_in_classes_win, l072_weights_of_a_custom_layer_are_what_its_file_has);
}
