/* SPDX-License-Identifier: Apache-2.0 */
/* What calibration can't take is refused with its reason: no model comes out, and what was there stays as it was. */
#include "../support/graphs.h"

#include <math.h>

#include "cnn2snn/cnn2snn.h"
#include "ir/model.h"

#define QUANTIZER "'quantizer': {'class_name': 'MaxPerAxisQuantizer', 'config': {'bitwidth': 3}}"
#define MODEL                                                                                                        \
    "['QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, " QUANTIZER                                   \
    "}], ['QuantizedReLU', {'name': 'r', 'bitwidth': 4}], ['Flatten', {'name': 'f'}], "                              \
    "['QuantizedDense', {'name': 'd', 'units': 1, " QUANTIZER "}]"

static cnn2snn_model *model_of(struct c2s_graph *graph)
{
    cnn2snn_model *model = NULL;
    must(c2s_model_create(context, graph, &model, &error));
    c2s_graph_release(graph);
    return model;
}

static cnn2snn_samples *samples_of(size_t rank, const int64_t *shape, float last)
{
    cnn2snn_tensor *tensor = NULL;
    cnn2snn_samples *samples = NULL;
    must(cnn2snn_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, rank, shape, &tensor, &error));
    float *values = cnn2snn_tensor_get_writable_data(tensor);
    size_t count = (size_t)cnn2snn_tensor_get_count(tensor);
    for (size_t i = 0; i < count; i++)
        values[i] = i + 1 == count ? last : (float)(i % 7) / 2 - 1;
    must(cnn2snn_samples_create(tensor, &samples, &error));
    cnn2snn_tensor_destroy(tensor);
    return samples;
}
#define SAMPLES(last, ...)                                                                                           \
    samples_of(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__}, last)

/* Each of the calls that take samples. */
enum { BIAS_CORRECTION, ADAROUND, RESCALING, SAMPLER, CALLS };

static cnn2snn_status sample(const cnn2snn_model *model, cnn2snn_samples *samples, int64_t batch_size)
{
    cnn2snn_sampler_options options = CNN2SNN_SAMPLER_OPTIONS_INIT;
    cnn2snn_sampler *sampler = NULL;
    double unused;
    options.batch_size = batch_size;
    cnn2snn_status status = cnn2snn_sampler_create(model, samples, &options, &sampler, &error);
    if (!status)
        status = cnn2snn_sampler_select_layer(sampler, "d", 0, &error);
    if (!status)
        status = cnn2snn_sampler_quantization_error(sampler, CNN2SNN_METRIC_MSE, &unused, &error);
    cnn2snn_sampler_destroy(sampler);
    return status;
}

static cnn2snn_status attempt(int call, const cnn2snn_model *model, cnn2snn_samples *samples, int64_t batch_size,
                              cnn2snn_model **out_model)
{
    cnn2snn_bias_correction_options correction = CNN2SNN_BIAS_CORRECTION_OPTIONS_INIT;
    cnn2snn_adaround_options rounding = CNN2SNN_ADAROUND_OPTIONS_INIT;
    correction.batch_size = rounding.batch_size = batch_size;
    rounding.epochs = 2;
    switch (call) {
    case BIAS_CORRECTION:
        return cnn2snn_model_bias_correction(model, samples, &correction, out_model, &error);
    case ADAROUND:
        return cnn2snn_model_adaround(model, samples, &rounding, out_model, &error);
    case RESCALING:
        return cnn2snn_model_activations_rescaling_samples(model, samples, batch_size, out_model, &error);
    default:
        *out_model = NULL;
        return sample(model, samples, batch_size);
    }
}

/* The error says `text` and what was found. Takes the samples. */
static void call_refuses(int call, const cnn2snn_model *model, cnn2snn_samples *samples, int64_t batch_size,
                         cnn2snn_status code, const char *text)
{
    cnn2snn_model *result = (cnn2snn_model *)model;
    cnn2snn_status status = attempt(call, model, samples, batch_size, &result);
    ck_assert_msg(status == code, "call %d: status %d, expected %d", call, (int)status, (int)code);
    ck_assert_ptr_null(result);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(cnn2snn_error_get_text(error), text) != NULL, "call %d: %s", call,
                  cnn2snn_error_get_text(error));
    c2s_error_clear(&error);
    cnn2snn_samples_destroy(samples);
}

START_TEST(l083_l088_l089_l143_samples_that_can_not_be)
{
    cnn2snn_model *model = model_of(sequential("[2, 2, 2]", MODEL)), *result = NULL;
    cnn2snn_buffer *before = NULL, *after = NULL;
    must(cnn2snn_model_save_memory(model, &before, &error));
    for (int call = 0; call < CALLS; call++) {
        call_refuses(call, model, SAMPLES(0, 0, 2, 2, 2), 0, CNN2SNN_E_VALUE, "no samples");
        call_refuses(call, model, SAMPLES(0, 5, 2, 2, 3), 0, CNN2SNN_E_VALUE, "2, 2, 3)");
        call_refuses(call, model, SAMPLES(0, 5, 4, 2), 0, CNN2SNN_E_VALUE, "samples of");
        call_refuses(call, model, SAMPLES(NAN, 5, 2, 2, 2), 0, CNN2SNN_E_VALUE, "sample 4 holds a value that is NaN");
        call_refuses(call, model, SAMPLES(INFINITY, 5, 2, 2, 2), 0, CNN2SNN_E_VALUE, "sample 4 holds");
        call_refuses(call, model, SAMPLES(0, 5, 2, 2, 2), -1, CNN2SNN_E_VALUE, "batch size -1");
        if (call != RESCALING) /* its batches only say what is looked at together */
            call_refuses(call, model, SAMPLES(0, 5, 2, 2, 2), 6, CNN2SNN_E_VALUE, "batch size 6, there are 5");
        cnn2snn_samples *good = SAMPLES(0, 5, 2, 2, 2);
        must(attempt(call, model, good, 0, &result));
        cnn2snn_model_destroy(result);
        cnn2snn_samples_destroy(good);
    }
    must(cnn2snn_model_save_memory(model, &after, &error));
    ck_assert_uint_eq(cnn2snn_buffer_get_size(before), cnn2snn_buffer_get_size(after));
    ck_assert_mem_eq(cnn2snn_buffer_get_data(before), cnn2snn_buffer_get_data(after),
                     cnn2snn_buffer_get_size(before));
    cnn2snn_buffer_destroy(before);
    cnn2snn_buffer_destroy(after);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l088_l089_models_that_are_not_quantized)
{
    cnn2snn_model *model = model_of(sequential(
        "[2, 2, 2]", "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1}], ['ReLU', {'name': 'r'}]"));
    call_refuses(BIAS_CORRECTION, model, SAMPLES(0, 5, 2, 2, 2), 0, CNN2SNN_E_VALUE, "no quantized layers");
    call_refuses(ADAROUND, model, SAMPLES(0, 5, 2, 2, 2), 0, CNN2SNN_E_VALUE, "no quantized layers");
    cnn2snn_model_destroy(model);
    model =
        model_of(graph_of("{'inputs': {'x': [2]}, 'layers': [['QuantizedDense', {'name': 'a', 'units': 2, " QUANTIZER
                          "}, ['x']], ['Add', {'name': 'add'}, ['a', 'x']]]}"));
    for (int call = 0; call < CALLS; call++)
        if (call != RESCALING) /* there branches are no matter */
            call_refuses(call, model, SAMPLES(0, 5, 2), 0, CNN2SNN_E_NOT_SEQUENTIAL, "");
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l084_l143_names_that_are_not_there)
{
    cnn2snn_model *model = model_of(sequential("[2, 2, 2]", MODEL));
    cnn2snn_samples *samples = SAMPLES(0, 5, 2, 2, 2);
    cnn2snn_sampler *sampler = NULL;
    const cnn2snn_layer *layer = NULL;
    double first = 0, again = 0;
    must(cnn2snn_sampler_create(model, samples, NULL, &sampler, &error));
    must(cnn2snn_sampler_select_layer(sampler, "d", 1, &error));
    must(cnn2snn_sampler_quantization_error(sampler, CNN2SNN_METRIC_MAX, &first, &error));
    refused(cnn2snn_sampler_select_layer(sampler, "nobody", 0, &error), CNN2SNN_E_VALUE, "L-084", NULL);
    refused(cnn2snn_sampler_select_layer(sampler, "", 0, &error), CNN2SNN_E_VALUE, "L-084", NULL);
    refused(cnn2snn_sampler_select_layer(sampler, "f", 0, &error), CNN2SNN_E_VALUE, "L-084", "f");
    refused(cnn2snn_sampler_select_layer(sampler, NULL, 0, &error), CNN2SNN_E_INVALID_ARGUMENT, "A-null", NULL);
    /* What was selected still is. */
    must(cnn2snn_sampler_quantization_error(sampler, CNN2SNN_METRIC_MAX, &again, &error));
    ck_assert_double_eq(first, again);
    ck_assert_double_gt(first, 0);
    refused(cnn2snn_model_next_activation(model, "nobody", &layer, &error), CNN2SNN_E_VALUE, "L-143", NULL);
    ck_assert_ptr_null(layer);
    cnn2snn_sampler_destroy(sampler);
    cnn2snn_samples_destroy(samples);
    cnn2snn_model_destroy(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("api calibrate input");
    TCase *cases = tcase_create("core");
    tcase_add_checked_fixture(cases, context_setup, context_teardown);
    tcase_add_test(cases, l083_l088_l089_l143_samples_that_can_not_be);
    tcase_add_test(cases, l088_l089_models_that_are_not_quantized);
    tcase_add_test(cases, l084_l143_names_that_are_not_there);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
