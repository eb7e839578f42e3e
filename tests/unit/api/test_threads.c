/* SPDX-License-Identifier: Apache-2.0 */
/* One context and one model used by several threads at once give what one thread gets. */
#include <pthread.h>

#include "api_fixture.h"

static cnn2snn_model *model;
static cnn2snn_buffer *file, *expected;

enum { THREADS = 4, ROUNDS = 5 };

static cnn2snn_status convert_to_bytes(const cnn2snn_model *float_model, cnn2snn_buffer **out)
{
    cnn2snn_quantize_options options = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    cnn2snn_model *quantized = NULL;
    cnn2snn_akida_model *akida = NULL;
    options.weight_quantization = options.activ_quantization = 4;
    options.input_weight_quantization = 8;
    cnn2snn_status status = cnn2snn_model_quantize(float_model, &options, &quantized, NULL);
    if (!status)
        status = cnn2snn_convert(quantized, NULL, &akida, NULL, NULL);
    if (!status)
        status = cnn2snn_akida_model_save_memory(akida, NULL, out, NULL);
    cnn2snn_akida_model_destroy(akida);
    cnn2snn_model_destroy(quantized);
    return status;
}

static int same_bytes(const cnn2snn_buffer *a, const cnn2snn_buffer *b)
{
    size_t size = cnn2snn_buffer_get_size(a);
    return size == cnn2snn_buffer_get_size(b) &&
           !memcmp(cnn2snn_buffer_get_data(a), cnn2snn_buffer_get_data(b), size);
}

/* The shared model converted, a model of its own loaded and converted, the shared one run. */
static int do_round(void)
{
    static const int64_t shape[] = {2, 6, 6, 1};
    cnn2snn_buffer *shared = NULL, *own = NULL;
    cnn2snn_model *loaded = NULL;
    cnn2snn_tensor *input = NULL, *output = NULL;
    cnn2snn_error *error = NULL;
    int fine = !convert_to_bytes(model, &shared) && same_bytes(shared, expected);
    fine = fine && !cnn2snn_model_load_memory(context, cnn2snn_buffer_get_data(file), cnn2snn_buffer_get_size(file),
                                              NULL, &loaded, NULL);
    fine = fine && !convert_to_bytes(loaded, &own) && same_bytes(own, expected);
    fine = fine && !cnn2snn_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 4, shape, &input, NULL);
    const cnn2snn_tensor *inputs[] = {input};
    fine = fine && !cnn2snn_model_predict(model, 1, inputs, NULL, 1, &output, NULL);
    fine = fine && cnn2snn_model_quantize_layer(model, 99, 4, NULL, NULL, &(cnn2snn_model *){NULL}, &error) != 0;
    cnn2snn_error_destroy(error);
    cnn2snn_tensor_destroy(output);
    cnn2snn_tensor_destroy(input);
    cnn2snn_model_destroy(loaded);
    cnn2snn_buffer_destroy(own);
    cnn2snn_buffer_destroy(shared);
    return fine;
}

static void *work(void *fine)
{
    *(int *)fine = 1;
    for (int i = 0; i < ROUNDS; i++)
        *(int *)fine = *(int *)fine && do_round();
    return NULL;
}

START_TEST(threads_share_a_context_and_a_model)
{
    static const int64_t shape[] = {6, 6, 1};
    static const char *const layers[][2] = {
        {"Conv2D", "{\"filters\": 3, \"kernel_size\": 3}"},
        {"ReLU", "{\"max_value\": 6}"},
        {"Flatten", "{}"},
        {"Dense", "{\"units\": 2}"},
    };
    pthread_t threads[THREADS];
    int fine[THREADS];
    model = make_sequential(3, shape, 4, layers);
    DONE(cnn2snn_model_save_memory(model, &file, error));
    ck_assert_int_eq(convert_to_bytes(model, &expected), CNN2SNN_OK);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &fine[i]), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(fine[i], 1);
    cnn2snn_buffer_destroy(expected);
    cnn2snn_buffer_destroy(file);
    cnn2snn_model_destroy(model);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("threads");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, threads_share_a_context_and_a_model);
    return run_suite("threads", tests);
}
