/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes of data behind each kind of layer. */
#include "akida_test.h"

#include "cnn2snn/akida.h"

static void expect_output(const cnn2snn_akida_model *model, int64_t x, int64_t y, int64_t c)
{
    int64_t shape[3] = {-1, -1, -1};
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_akida_layer_output_shape(model, model->layer_count - 1, shape, &error);
    ck_assert_msg(!status, "%s", error ? error->message : "");
    ck_assert_int_eq(shape[0], x);
    ck_assert_int_eq(shape[1], y);
    ck_assert_int_eq(shape[2], c);
}

static void expect_error(const cnn2snn_akida_model *model, cnn2snn_status expected, const char *message)
{
    int64_t shape[3];
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(c2s_akida_layer_output_shape(model, model->layer_count - 1, shape, &error), expected);
    ck_assert_str_eq(error->message, message);
    c2s_error_clear(&error);
}

static cnn2snn_akida_model *with_input(int x, int y, int c)
{
    cnn2snn_akida_model *model = new_model();
    add_layer(model, C2S_AKIDA_INPUT_DATA, "in", "input_width", x, "input_height", y, "input_channels", c, NULL);
    return model;
}

static const struct {
    int x, y, kernel_x, kernel_y, stride_x, stride_y, padding, pool, pool_x, pool_y, pool_stride_x, pool_stride_y;
    int out_x, out_y;
} convolutions[] = {
    {9, 11, 3, 5, 1, 1, 0, 0, -1, -1, -1, -1, 7, 7},  {9, 11, 3, 5, 2, 3, 0, 0, -1, -1, -1, -1, 4, 3},
    {9, 11, 3, 5, 1, 1, 1, 0, -1, -1, -1, -1, 9, 11}, {9, 11, 3, 5, 2, 3, 1, 0, -1, -1, -1, -1, 5, 4},
    {9, 11, 3, 5, 2, 3, 2, 0, -1, -1, -1, -1, 5, 4},  {3, 5, 3, 5, 3, 5, 0, 0, -1, -1, -1, -1, 1, 1},
    {9, 11, 1, 1, 1, 1, 0, 1, 2, 3, 2, 3, 4, 3},      {9, 11, 1, 1, 1, 1, 1, 1, 2, 3, 2, 3, 5, 4},
    {9, 11, 1, 1, 1, 1, 1, 1, 2, 3, -1, 1, 5, 11},    {9, 11, 1, 1, 1, 1, 1, 2, -1, -1, -1, -1, 1, 1},
    {1, 1, 3, 3, 2, 2, 1, 1, 2, 2, 2, 2, 1, 1},
};

START_TEST(convolution_and_pooling_give_places)
{
    cnn2snn_akida_model *model = with_input(convolutions[_i].x, convolutions[_i].y, 4);
    add_layer(model, C2S_AKIDA_CONVOLUTIONAL, "c", "kernel_width", convolutions[_i].kernel_x, "kernel_height",
              convolutions[_i].kernel_y, "stride_x", convolutions[_i].stride_x, "stride_y", convolutions[_i].stride_y,
              "padding", convolutions[_i].padding, "pool_type", convolutions[_i].pool, "pooling_width",
              convolutions[_i].pool_x, "pooling_height", convolutions[_i].pool_y, "pooling_stride_x",
              convolutions[_i].pool_stride_x, "pooling_stride_y", convolutions[_i].pool_stride_y, "filters", 6, NULL);
    expect_output(model, convolutions[_i].out_x, convolutions[_i].out_y, 6);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(each_kind_has_its_rule)
{
    cnn2snn_akida_model *model = with_input(8, 6, 4);
    add_layer(model, C2S_AKIDA_CONV2D, "a", "kernel_size", 3, "kernel_stride", 2, "padding", 2, "filters", 5, NULL);
    expect_output(model, 4, 3, 5);
    add_layer(model, C2S_AKIDA_DEPTHWISE_CONV2D, "b", "kernel_size", 3, "kernel_stride", 1, "padding", 0, NULL);
    expect_output(model, 2, 1, 5);
    add_layer(model, C2S_AKIDA_CONV2D_TRANSPOSE, "c", "kernel_size", 3, "filters", 7, NULL);
    expect_output(model, 4, 2, 7);
    add_layer(model, C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE, "d", "kernel_size", 4, NULL);
    expect_output(model, 8, 4, 7);
    add_layer(model, C2S_AKIDA_BUFFER_TEMP_CONV, "e", "filters", 3, "fifo_size", 2, NULL);
    expect_output(model, 8, 4, 3);
    add_layer(model, C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV, "f", "fifo_size", 2, NULL);
    expect_output(model, 8, 4, 3);
    struct c2s_akida_layer *layer = add_layer(model, C2S_AKIDA_CONCATENATE, "g", NULL);
    ck_assert_int_eq(c2s_akida_layer_add_inbound(model, layer, 4, NULL), CNN2SNN_OK);
    expect_output(model, 8, 4, 10);
    layer = add_layer(model, C2S_AKIDA_ADD, "h", NULL);
    ck_assert_int_eq(c2s_akida_layer_add_inbound(model, layer, 7, NULL), CNN2SNN_OK);
    expect_output(model, 8, 4, 10);
    add_layer(model, C2S_AKIDA_DENSE1D, "i", "units", 9, NULL);
    expect_output(model, 1, 1, 9);
    add_layer(model, C2S_AKIDA_DEQUANTIZER, "j", NULL);
    expect_output(model, 1, 1, 9);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(time_steps_are_taken_by_the_subsampling)
{
    cnn2snn_akida_model *model = with_input(1, 6, 4);
    struct c2s_akida_layer *layer =
        add_layer(model, C2S_AKIDA_STATEFUL_RECURRENT, "r", "subsample", 3, "output_channels", 5, NULL);
    expect_output(model, 1, 2, 5);
    ck_assert_int_eq(c2s_akida_layer_set_parameter(model, layer, "subsample", 4, NULL), CNN2SNN_OK);
    expect_error(model, CNN2SNN_E_MALFORMED, "time steps 6, expected 1 row and a multiple of subsample");
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(a_quantizer_moves_the_channels_last)
{
    cnn2snn_akida_model *model = new_model();
    int64_t shape[3];
    struct c2s_akida_layer *layer = add_layer(model, C2S_AKIDA_QUANTIZER, "q", "input_width", 3, "input_height", 16,
                                              "input_channels", 12, "channels_first", 1, NULL);
    expect_output(model, 16, 12, 3);
    ck_assert_int_eq(c2s_akida_layer_input_shape(model, 0, shape, NULL), CNN2SNN_OK);
    ck_assert_int_eq(shape[0], 3);
    ck_assert_int_eq(c2s_akida_layer_set_parameter(model, layer, "channels_first", 0, NULL), CNN2SNN_OK);
    expect_output(model, 3, 16, 12);
    add_layer(model, C2S_AKIDA_INPUT_CONV2D, "c", "input_x", 3, "input_y", 16, "input_channels", 11, "kernel_size", 1,
              "kernel_stride", 1, "padding", 0, "filters", 2, NULL);
    expect_error(model, CNN2SNN_E_MALFORMED, "the layer in front gives another shape than its parameters say");
    c2s_akida_model_release(model);
}
END_TEST

static const struct {
    const char *key;
    int value;
    const char *message;
} faults[] = {
    {"kernel_width", 0, "kernel_width is 0, expected 1 or more"},
    {"kernel_height", 9, "the kernel doesn't fit into 8 data"},
    {"stride_x", -1, "stride_x is -1, expected 1 or more"},
    {"filters", 0, "filters is 0, expected 1 or more"},
    {"padding", 3, "padding is 3, expected 0, 1 or 2"},
    {"pool_type", 3, "pool_type is 3, expected 0, 1 or 2"},
    {"pooling_width", 7, "the pooling window doesn't fit into 6 data"},
    {"pooling_height", -1, "pooling_height is -1, expected 1 or more"},
    {"pooling_stride_x", 0, "pooling_stride_x is 0, expected 1 or more"},
};

START_TEST(what_does_not_fit_is_named)
{
    cnn2snn_akida_model *model = with_input(8, 8, 1);
    struct c2s_akida_layer *layer =
        add_layer(model, C2S_AKIDA_CONVOLUTIONAL, "c", "kernel_width", 3, "kernel_height", 3, "stride_x", 1,
                  "stride_y", 1, "padding", 0, "pool_type", 1, "pooling_width", 2, "pooling_height", 2,
                  "pooling_stride_x", 2, "pooling_stride_y", 2, "filters", 1, NULL);
    expect_output(model, 3, 3, 1);
    ck_assert_int_eq(c2s_akida_layer_set_parameter(model, layer, faults[_i].key, faults[_i].value, NULL), CNN2SNN_OK);
    expect_error(model, CNN2SNN_E_MALFORMED, faults[_i].message);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(behind_an_unknown_kind_nothing_is_known)
{
    cnn2snn_akida_model *model = with_input(8, 8, 1);
    int64_t shape[3];
    add_layer(model, 77, "odd", NULL);
    add_layer(model, C2S_AKIDA_DENSE1D, "d", "units", 2, NULL);
    ck_assert_int_eq(c2s_akida_layer_output_shape(model, 0, shape, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_akida_layer_output_shape(model, 1, shape, NULL), CNN2SNN_E_UNSUPPORTED);
    ck_assert_int_eq(c2s_akida_layer_input_shape(model, 2, shape, NULL), CNN2SNN_E_UNSUPPORTED);
    ck_assert_int_eq(c2s_akida_layer_input_shape(model, 3, shape, NULL), CNN2SNN_E_INDEX);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(doubling_for_ever_overflows_cleanly)
{
    cnn2snn_akida_model *model = with_input(1 << 30, 1, 1);
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        add_layer(model, C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE, name, "kernel_size", 3, NULL);
    }
    expect_error(model, CNN2SNN_E_MALFORMED, "the output exceeds 9223372036854775807");
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(operands_must_agree)
{
    cnn2snn_akida_model *model = with_input(4, 4, 2);
    add_layer(model, C2S_AKIDA_CONV2D_TRANSPOSE, "t", "kernel_size", 3, "filters", 2, NULL);
    struct c2s_akida_layer *layer = add_layer(model, C2S_AKIDA_CONCATENATE, "c", NULL);
    ck_assert_int_eq(c2s_akida_layer_add_inbound(model, layer, 0, NULL), CNN2SNN_OK);
    expect_error(model, CNN2SNN_E_MALFORMED, "inbound 1 has other extents than the first");
    layer->kind = C2S_AKIDA_ADD;
    expect_error(model, CNN2SNN_E_MALFORMED, "inbound 1 has another shape than the first");
    layer->inbound_count = 0;
    expect_error(model, CNN2SNN_E_MALFORMED, "Add has no layer in front of it");
    c2s_akida_model_release(model);
}
END_TEST

/* A lack of memory isn't the model's fault. */
START_TEST(a_summary_tells_what_does_not_fit_or_has_no_memory)
{
    cnn2snn_akida_model *model = with_input(3, 3, 1);
    cnn2snn_buffer *text = NULL;
    cnn2snn_status status = CNN2SNN_E_NO_MEMORY;
    add_layer(model, C2S_AKIDA_CONV2D, "wide", "kernel_size", 9, "filters", 1, NULL);
    for (long n = 1; status; n++) {
        test_heap.allocations = 0;
        test_heap.fail_at = n;
        status = cnn2snn_akida_model_summary(model, 1, &text, NULL);
        ck_assert(status ? status == CNN2SNN_E_NO_MEMORY && !text : text != NULL);
        ck_assert_int_lt(n, 1000);
    }
    test_heap.fail_at = 0;
    ck_assert_ptr_nonnull(strstr(cnn2snn_buffer_get_data(text), "\"fault\": \"wide: "));
    cnn2snn_buffer_destroy(text);
    c2s_akida_model_release(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("akida_shapes");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, convolution_and_pooling_give_places, 0, sizeof convolutions / sizeof *convolutions);
    tcase_add_test(tests, each_kind_has_its_rule);
    tcase_add_test(tests, time_steps_are_taken_by_the_subsampling);
    tcase_add_test(tests, a_quantizer_moves_the_channels_last);
    tcase_add_loop_test(tests, what_does_not_fit_is_named, 0, sizeof faults / sizeof *faults);
    tcase_add_test(tests, behind_an_unknown_kind_nothing_is_known);
    tcase_add_test(tests, doubling_for_ever_overflows_cleanly);
    tcase_add_test(tests, operands_must_agree);
    tcase_add_test(tests, a_summary_tells_what_does_not_fit_or_has_no_memory);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
