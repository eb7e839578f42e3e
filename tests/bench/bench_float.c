/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Float forward passes of single layers: billions of operations a second, beside oneDNN's on the same shapes where it
 * was found. Usage: bench_float [threads [part of a name [number of a variant of the kernels]]]; for oneDNN the
 * threads are those of OMP_NUM_THREADS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/context.h"
#include "base/error_object.h"
#include "dnnl_layer.h"
#include "kernels/kernels.h"
#include "layers/layer_kind.h"
#include "ops/op.h"

struct row {
    const char *name, *class_name;
    int64_t samples, size, channels, filters, kernel, stride;
};

static const struct row rows[] = {
    {"first layer", "Conv2D", 4, 224, 3, 32, 3, 2},
    {"3x3, 64", "Conv2D", 4, 56, 64, 64, 3, 1},
    {"3x3, 128", "Conv2D", 4, 28, 128, 128, 3, 1},
    {"3x3, 256", "Conv2D", 4, 14, 256, 256, 3, 1},
    {"3x3, 512", "Conv2D", 4, 7, 512, 512, 3, 1},
    {"3x3, 128, stride 2", "Conv2D", 4, 56, 128, 128, 3, 2},
    {"1x1, 64", "Conv2D", 4, 56, 64, 64, 1, 1},
    {"1x1, 64 to 256", "Conv2D", 4, 56, 64, 256, 1, 1},
    {"1x1, 512", "Conv2D", 4, 14, 512, 512, 1, 1},
    {"1x1, 1024", "Conv2D", 4, 7, 1024, 1024, 1, 1},
    {"dense, 1024 to 1000", "Conv2D", 64, 1, 1024, 1000, 1, 1},
    {"small, 16", "Conv2D", 32, 28, 16, 16, 3, 1},
    {"depthwise 112, 64", "DepthwiseConv2D", 4, 112, 64, 64, 3, 1},
    {"depthwise 28, 256", "DepthwiseConv2D", 4, 28, 256, 256, 3, 1},
    {"depthwise 14, 512", "DepthwiseConv2D", 4, 14, 512, 512, 3, 1},
};

/* With one thread the time that others take on this machine doesn't count. */
static clockid_t used_clock = CLOCK_MONOTONIC;

static double now(void)
{
    struct timespec time;
    clock_gettime(used_clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void must(cnn2snn_status status, const cnn2snn_error *error)
{
    if (!status)
        return;
    fprintf(stderr, "%s\n", error && error->text ? error->text : "failed");
    exit(1);
}

static cnn2snn_layer *make_layer(cnn2snn_context *context, const struct row *row, const struct c2s_shape *shape)
{
    cnn2snn_error *error = NULL;
    cnn2snn_layer *layer = NULL;
    json_t *config = json_pack("{s:I, s:I, s:I, s:s}", "filters", (json_int_t)row->filters, "kernel_size",
                               (json_int_t)row->kernel, "strides", (json_int_t)row->stride, "padding", "same");
    must(c2s_layer_create(context, row->class_name, config, NULL, &layer, &error), error);
    json_decref(config);
    must(c2s_layer_build(layer, 1, shape, &error), error);
    for (size_t i = 0; i < layer->weights[0].tensor->count; i++)
        c2s_f32_writable(layer->weights[0].tensor)[i] = (float)(i % 13) * 0.125f - 0.75f;
    return layer;
}

static struct layer_numbers numbers_of(const struct row *row, const cnn2snn_tensor *output)
{
    struct layer_numbers n = {.samples = row->samples,
                              .in = {row->size, row->size},
                              .channels = row->channels,
                              .filters = row->filters,
                              .out = {output->shape[1], output->shape[2]},
                              .kernel = row->kernel,
                              .stride = row->stride,
                              .groups = strcmp(row->class_name, "Conv2D") ? row->channels : 1};
    for (int axis = 0; axis < 2; axis++) {
        int64_t padding = (n.out[axis] - 1) * n.stride + n.kernel - n.in[axis];
        n.before[axis] = padding > 0 ? padding / 2 : 0;
        n.after[axis] = padding > 0 ? padding - padding / 2 : 0;
    }
    return n;
}

/* The best of several rounds: others use this machine too. */
#define BEST_TIME(best, call)                                                                                        \
    do {                                                                                                             \
        best = 1e9;                                                                                                  \
        for (double bench_begin = now(); now() - bench_begin < 0.4;) {                                               \
            double bench_start = now();                                                                              \
            call;                                                                                                    \
            double bench_time = now() - bench_start;                                                                 \
            best = bench_time < best ? bench_time : best;                                                            \
        }                                                                                                            \
    } while (0)

static void measure(cnn2snn_context *context, struct c2s_run *run, const struct row *row)
{
    cnn2snn_error *error = NULL;
    cnn2snn_tensor *input = NULL, *output = NULL;
    struct c2s_op *op = NULL;
    struct c2s_shape shape = {3, {row->size, row->size, row->channels}}, out;
    int64_t in_shape[] = {row->samples, row->size, row->size, row->channels}, out_shape[4];
    cnn2snn_layer *layer = make_layer(context, row, &shape);
    must(c2s_layer_output_shape(layer, 1, &shape, &out, &error), error);
    out_shape[0] = row->samples;
    memcpy(out_shape + 1, out.extents, 3 * sizeof *out_shape);
    must(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 4, in_shape, &input, &error), error);
    must(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 4, out_shape, &output, &error), error);
    for (size_t i = 0; i < input->count; i++)
        c2s_f32_writable(input)[i] = (float)(i % 17) * 0.0625f - 0.5f;
    must(c2s_op_prepare(layer, &op, &error), error);
    struct layer_numbers n = numbers_of(row, output);
    struct dnnl_layer *dnnl = dnnl_layer_create(&n);
    double ours, theirs = 0;
    double operations = 2.0 * (double)output->count * (double)(row->kernel * row->kernel * (n.channels / n.groups));
    BEST_TIME(ours, must(c2s_op_forward(op, run, 1, &input, output, &error), error));
    if (dnnl)
        BEST_TIME(theirs, dnnl_layer_run(dnnl));
    printf("%-22s %8.1f", row->name, operations / ours * 1e-9);
    if (dnnl)
        printf(" %8.1f %6.0f %%", operations / theirs * 1e-9, 100 * theirs / ours);
    printf("\n");
    dnnl_layer_destroy(dnnl);
    c2s_op_destroy(op);
    c2s_tensor_release(input);
    c2s_tensor_release(output);
    c2s_layer_release(layer);
}

int main(int argc, char **argv)
{
    cnn2snn_context *context = NULL;
    cnn2snn_error *error = NULL;
    struct c2s_run run;
    must(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, &error), error);
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    if (threads == 1)
        used_clock = CLOCK_PROCESS_CPUTIME_ID;
    must(c2s_run_init(&run, context, threads, &error), error);
    if (argc > 3 && c2s_kernels_variant((size_t)atoi(argv[3])))
        run.kernels = c2s_kernels_variant((size_t)atoi(argv[3]));
    printf("kernels: %s\n%-22s %8s %8s %8s\n", run.kernels->name, "layer", "GFLOP/s", "oneDNN", "share");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (argc < 3 || strstr(rows[i].name, argv[2]))
            measure(context, &run, &rows[i]);
    c2s_run_free(&run);
    c2s_context_release(context);
    return 0;
}
