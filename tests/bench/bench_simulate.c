/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Milliseconds an image, and of each layer, of an Akida model, with each variant of the loops.
 * Usage: bench_simulate MODEL.fbz [samples [threads]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "akida/fbz.h"
#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "simulate/simulator.h"

static void must(cnn2snn_status status, cnn2snn_error *error)
{
    if (!status)
        return;
    fprintf(stderr, "%s\n", error ? error->text : "failed");
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

/* Best of several runs, in milliseconds. */
static double run(cnn2snn_simulator *simulator, const cnn2snn_tensor *input)
{
    double best = 1e30;
    for (int i = 0; i < 7; i++) {
        cnn2snn_tensor *output = NULL;
        cnn2snn_error *error = NULL;
        double start = now();
        must(c2s_simulator_forward(simulator, input, false, NULL, NULL, &output, &error), error);
        double taken = now() - start;
        best = taken < best ? taken : best;
        c2s_tensor_release(output);
    }
    return best;
}

static double products(const struct c2s_stage *stage)
{
    double places = (double)stage->out[0] * (double)stage->out[1] * (double)stage->out[2];
    const struct c2s_akida_variable *weights = c2s_akida_layer_find_variable(stage->layer, "weights");
    if (stage->pool_type)
        places = (double)stage->window.x.out * (double)stage->window.y.out * (double)stage->out[2];
    return weights ? places * (double)weights->tensor->count / (double)stage->out[2] : 0;
}

/* One layer after the other, on what the last run has left in the working memory. */
static void print_layers(const cnn2snn_simulator *simulator)
{
    for (size_t i = 0; i < simulator->stage_count; i++) {
        const struct c2s_stage *stage = &simulator->stages[i];
        const int32_t *inputs[2] = {simulator->lanes, simulator->lanes};
        double best = 1e30;
        for (size_t j = 0; j < stage->inbound_count; j++)
            inputs[j] = simulator->lanes + simulator->stages[stage->inbounds[j]].output_offset;
        for (int k = 0; k < 5; k++) {
            double start = now();
            stage->run(stage, inputs, simulator->lanes + stage->output_offset,
                       simulator->lanes + simulator->scratch_offset, simulator->state + stage->state_offset, NULL);
            double taken = now() - start;
            best = taken < best ? taken : best;
        }
        printf("  %-28s %-24s %9.3f ms %8.1f GMAC/s\n", stage->layer->name, stage->layer->kind_text, best,
               products(stage) / best / 1e6);
    }
}

int main(int argc, char **argv)
{
    cnn2snn_context *context = NULL;
    cnn2snn_akida_model *model = NULL;
    cnn2snn_error *error = NULL;
    int64_t samples = argc > 2 ? atoll(argv[2]) : 1;
    if (argc < 2 || samples < 1)
        return 2;
    must(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, &error), error);
    must(c2s_fbz_load(context, argv[1], &model, &error), error);
    for (size_t n = 0;; n++) {
        const struct c2s_vector_kernels *vectors = n ? c2s_vector_kernels_variant(n - 1) : NULL;
        cnn2snn_simulator *simulator = NULL;
        cnn2snn_tensor *input = NULL;
        if (n && !vectors)
            break;
        must(c2s_simulator_create_with(model, argc > 3 ? atoi(argv[3]) : 1, vectors, &simulator, &error), error);
        const int64_t *in = simulator->stages[0].in, shape[4] = {samples, in[0], in[1], in[2]};
        must(c2s_tensor_create(context, c2s_sample_dtype(&simulator->stages[0]), 4, shape, &input, &error), error);
        for (size_t i = 0; i < input->size; i++)
            ((unsigned char *)input->data)[i] = (unsigned char)(i * 2654435761u >> 13);
        printf("%-8s %9.3f ms an image, %.1f MB\n", n ? vectors->name : "plain",
               run(simulator, input) / (double)samples, (double)simulator->memory_size / 1e6);
        if (!c2s_vector_kernels_variant(n))
            print_layers(simulator);
        c2s_tensor_release(input);
        c2s_simulator_destroy(simulator);
    }
    c2s_akida_model_release(model);
    c2s_context_release(context);
    return 0;
}
