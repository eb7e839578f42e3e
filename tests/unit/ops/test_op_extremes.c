/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments that no trained network has: each call ends in a result of the promised shape or in an error. */
#include "../support/layer_testing.h"

static const char *const numbers[] = {"0",
                                      "1",
                                      "2",
                                      "3",
                                      "7",
                                      "-1",
                                      "65536",
                                      "2147483647",
                                      "2147483648",
                                      "4611686018427387904",
                                      "9223372036854775807",
                                      "1e300"};

static const char *number(void)
{
    return numbers[random_between(&randomness, 0, sizeof numbers / sizeof *numbers - 1)];
}

/* Small ones more often, so that calls get through as well. */
static const char *mostly_small(void)
{
    return random_between(&randomness, 0, 3) ? numbers[random_between(&randomness, 1, 3)] : number();
}

static const char *padding(void)
{
    return random_between(&randomness, 0, 1) ? "same" : "valid";
}

/* Writes the config of a random layer, and says its class. */
static const char *random_layer(char *text, size_t size)
{
    const char *a = mostly_small(), *b = mostly_small(), *c = mostly_small(), *d = mostly_small(),
               *e = mostly_small();
    switch (random_between(&randomness, 0, 9)) {
    case 0:
        snprintf(text, size, "{'filters': %s, 'kernel_size': [%s, %s], 'strides': %s, 'padding': '%s', 'groups': %s}",
                 a, b, c, d, padding(), e);
        return "Conv2D";
    case 1:
        snprintf(text, size, "{'filters': %s, 'kernel_size': %s, 'dilation_rate': [%s, %s], 'padding': '%s'}", a, b,
                 c, d, padding());
        return "Conv2D";
    case 2:
        snprintf(text, size, "{'filters': %s, 'kernel_size': %s, 'strides': [%s, %s], 'padding': '%s'}", a, b, c, d,
                 padding());
        return "Conv2DTranspose";
    case 3:
        snprintf(text, size, "{'depth_multiplier': %s, 'kernel_size': %s, 'strides': %s, 'dilation_rate': %s}", a, b,
                 c, d);
        return "DepthwiseConv2D";
    case 4:
        snprintf(text, size, "{'pool_size': [%s, %s], 'strides': [%s, %s], 'padding': '%s'}", a, b, c, d, padding());
        return random_between(&randomness, 0, 1) ? "MaxPooling2D" : "AveragePooling2D";
    case 5:
        snprintf(text, size, "{'padding': [[%s, %s], [%s, %s]]}", a, b, c, d);
        return "ZeroPadding2D";
    case 6:
        snprintf(text, size, "{'cropping': [[%s, %s], [%s, %s]]}", a, b, c, d);
        return "Cropping2D";
    case 7:
        snprintf(text, size, "{'size': [%s, %s], 'interpolation': '%s'}", a, b, c[0] == '1' ? "nearest" : "bilinear");
        return "UpSampling2D";
    case 8:
        snprintf(text, size, "{'target_shape': [%s, %s, %s]}", a, b, c);
        return "Reshape";
    default:
        snprintf(text, size, "{'axis': [%s, %s]}", a, b);
        return random_between(&randomness, 0, 1) ? "BatchNormalization" : "Softmax";
    }
}

START_TEST(extreme_arguments_end_in_results_or_errors)
{
    int results = 0, errors = 0;
    context->max_tensor_elements = 1 << 18;
    for (int round = 0; round < 4000; round++) {
        char text[512];
        cnn2snn_error *error = NULL;
        cnn2snn_layer *layer = NULL;
        json_t *config = NULL;
        cnn2snn_tensor *x = TENSOR(NULL, random_between(&randomness, 0, 2), random_between(&randomness, 1, 5),
                                   random_between(&randomness, 1, 5), random_between(&randomness, 1, 4));
        cnn2snn_tensor *y = NULL;
        const cnn2snn_tensor *inputs[] = {x};
        const char *class_name = random_layer(text, sizeof text);
        for (char *c = text; *c; c++)
            *c = *c == '\'' ? '"' : *c;
        ck_assert_int_eq(c2s_json_parse(context, text, strlen(text), "config", &config, NULL), CNN2SNN_OK);
        cnn2snn_status status = c2s_layer_create(context, class_name, config, NULL, &layer, &error);
        if (!status)
            status = c2s_layer_call(layer, 1, inputs, &y, &error);
        ck_assert_msg(!status == (error == NULL) && !status == (y != NULL), "%s %s: status %d", class_name, text,
                      (int)status);
        results += !status;
        errors += status != CNN2SNN_OK;
        json_decref(config);
        c2s_error_destroy(error);
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
    ck_assert_int_gt(results, 500);
    ck_assert_int_gt(errors, 500);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("op_extremes");
    TCase *tests = tcase_create("op_extremes");
    tcase_add_test(tests, extreme_arguments_end_in_results_or_errors);
    return run_suite(suite, tests);
}
