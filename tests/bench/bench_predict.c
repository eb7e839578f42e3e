/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples a second of a whole model by the public API, for several batch sizes.
 * Usage: bench_predict MODEL.h5 [samples [threads]]; open extents of the input are taken as 224.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cnn2snn/cnn2snn.h"

static void must(cnn2snn_status status, cnn2snn_error *error)
{
    if (!status)
        return;
    fprintf(stderr, "%s\n", error ? cnn2snn_error_get_text(error) : cnn2snn_status_name(status));
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static cnn2snn_tensor *make_input(cnn2snn_context *context, const cnn2snn_model *model, int64_t samples)
{
    int64_t shape[CNN2SNN_MAX_RANK] = {samples};
    size_t rank = 0;
    cnn2snn_error *error = NULL;
    cnn2snn_tensor *input = NULL;
    must(cnn2snn_model_get_input_shape(model, 0, CNN2SNN_MAX_RANK - 1, shape + 1, &rank, &error), error);
    for (size_t i = 1; i <= rank; i++)
        shape[i] = shape[i] < 0 ? 224 : shape[i];
    must(cnn2snn_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, rank + 1, shape, &input, &error), error);
    float *values = cnn2snn_tensor_get_writable_data(input);
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(input); i++)
        values[i] = (float)(i * 2654435761u % 256) / 255;
    return input;
}

static double predict(const cnn2snn_model *model, const cnn2snn_tensor *input, int64_t batch, int32_t threads)
{
    cnn2snn_predict_options options = CNN2SNN_PREDICT_OPTIONS_INIT;
    cnn2snn_tensor *outputs[16] = {NULL};
    cnn2snn_error *error = NULL;
    options.batch_size = batch;
    options.threads = threads;
    double begin = now();
    must(cnn2snn_model_predict(model, 1, &input, &options, 16, outputs, &error), error);
    double time = now() - begin;
    for (int i = 0; i < 16; i++)
        cnn2snn_tensor_destroy(outputs[i]);
    return time;
}

int main(int argc, char **argv)
{
    cnn2snn_context *context = NULL;
    cnn2snn_model *model = NULL;
    cnn2snn_error *error = NULL;
    int64_t samples = argc > 2 ? atoll(argv[2]) : 256;
    int32_t threads = argc > 3 ? atoi(argv[3]) : 1;
    if (argc < 2)
        return 2;
    must(cnn2snn_context_create(CNN2SNN_ABI_VERSION, NULL, &context, &error), error);
    must(cnn2snn_model_load(context, argv[1], NULL, &model, &error), error);
    cnn2snn_tensor *input = make_input(context, model, samples);
    printf("%10s %12s\n", "batch", "samples/s");
    for (int64_t batch = 0; batch <= samples; batch = batch ? batch * 4 : 1) {
        double best = 1e9;
        for (int round = 0; round < 5; round++) {
            double time = predict(model, input, batch, threads);
            best = time < best ? time : best;
        }
        printf("%10lld %12.1f\n", (long long)batch, (double)samples / best);
    }
    cnn2snn_tensor_destroy(input);
    cnn2snn_model_destroy(model);
    cnn2snn_context_destroy(context);
    return 0;
}
