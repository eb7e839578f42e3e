/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Milliseconds an image, and of each layer, of an Akida model, with each variant of the loops; for layers also their
 * share of what the processor's instruction for products of bytes gives from registers alone.
 * Usage: bench_simulate MODEL.fbz [samples [threads [part of a variant's name, or best]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "akida/fbz.h"
#include "akida/kinds.h"
#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "base/processor.h"
#include "simulate/simulator.h"

static void must(cnn2snn_status status, cnn2snn_error *error)
{
    if (!status)
        return;
    fprintf(stderr, "%s\n", error ? error->text : "failed");
    exit(1);
}

/* With one thread the time that others take on this machine doesn't count. */
static clockid_t used_clock = CLOCK_MONOTONIC;

static double now(void)
{
    struct timespec time;
    clock_gettime(used_clock, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

/* Best of several runs, in milliseconds. */
static double run(cnn2snn_simulator *simulator, const cnn2snn_tensor *input)
{
    double best = 1e30;
    double begin = now();
    for (int i = 0; i < 5 || now() - begin < 1000; i++) {
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

static double weights_of(const struct c2s_stage *stage, const char *name)
{
    const struct c2s_akida_variable *weights = c2s_akida_layer_find_variable(stage->layer, name);
    return weights ? (double)weights->tensor->count : 0;
}

/* Multiplications of weights for a sample. */
static double products(const struct c2s_stage *stage)
{
    double places = (double)stage->out[0] * (double)stage->out[1], weights = weights_of(stage, "weights");
    if (stage->pool_type)
        places = (double)stage->window.x.out * (double)stage->window.y.out;
    switch (stage->layer->kind) {
    case C2S_AKIDA_CONV2D_TRANSPOSE:
    case C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE:
        return places / 4 * weights; /* of the input */
    case C2S_AKIDA_STATEFUL_RECURRENT:
        return places * weights_of(stage, "out_proj") + (double)stage->in[1] * weights_of(stage, "in_proj");
    default:
        return places * (weights + weights_of(stage, "weights_pw"));
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

/* Billions of products a second. */
__attribute__((target("avx512f,avx512vnni"))) static double peak(void)
{
    enum { SUMS = 16, ROUNDS = 20000 };
    __m512i sums[SUMS], a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
    double best = 1e30;
    if (!__builtin_cpu_supports("avx512vnni"))
        return 0;
    for (int i = 0; i < SUMS; i++)
        sums[i] = _mm512_set1_epi32(i);
    for (int i = 0; i < 50; i++) {
        double start = now();
        for (int round = 0; round < ROUNDS; round++) {
#pragma GCC unroll 16
            for (int j = 0; j < SUMS; j++)
                sums[j] = _mm512_dpbusd_epi32(sums[j], a, b);
            __asm__ volatile("" : "+v"(a), "+v"(b)); /* each round is computed */
        }
        double taken = now() - start;
        best = taken < best ? taken : best;
    }
    __m512i all = sums[0];
    for (int i = 1; i < SUMS; i++)
        all = _mm512_add_epi32(all, sums[i]);
    volatile int used = _mm512_reduce_add_epi32(all);
    (void)used;
    return SUMS * 64.0 * ROUNDS / best / 1e6;
}
#else
static double peak(void)
{
    return 0;
}
#endif

/* Best of several runs of a layer on what the last run has left in the working memory. */
static double run_layer(const cnn2snn_simulator *simulator, const struct c2s_stage *stage, const uint8_t *sample)
{
    const struct c2s_crew crew = {NULL, 0, simulator->own, simulator->own_size};
    const int32_t *inputs[2] = {simulator->lanes, simulator->lanes};
    int32_t *output = simulator->lanes + stage->output_offset,
            *scratch = simulator->lanes + simulator->scratch_offset;
    double best = 1e30, begin = now();
    for (size_t j = 0; j < stage->inbound_count; j++)
        inputs[j] = simulator->lanes + simulator->stages[stage->inbounds[j]].output_offset;
    const uint8_t *const bytes[2] = {stage->inbound_count ? (const uint8_t *)inputs[0] : sample,
                                     (const uint8_t *)inputs[1]};
    while (now() - begin < 20) {
        double start = now();
        if (stage->bytes.kernels)
            c2s_byte_plan_run(stage, bytes, output, scratch, simulator->state + stage->state_offset, &crew);
        else if (!stage->has_bytes)
            stage->run(stage, inputs, output, scratch, simulator->state + stage->state_offset);
        double taken = now() - start;
        best = taken < best ? taken : best;
    }
    return best;
}

/* What takes bytes runs on the byte kernels; the rest is plain C. */
static const char *path_of(const struct c2s_stage *stage)
{
    return stage->bytes.kernels ? "bytes" : stage->has_bytes ? "copy" : "plain";
}

struct kind_total {
    const char *kind;
    size_t layers, on_bytes;
    double time, rate; /* rate: billions of products */
};

static void print_kinds(const struct kind_total *totals, size_t count, double all, double top)
{
    printf("  by kind:\n");
    for (size_t i = 0; i < count; i++) {
        const struct kind_total *t = &totals[i];
        printf("  %-28s %2zu layers, %2zu on bytes %8.3f ms %5.1f %% of time", t->kind, t->layers, t->on_bytes,
               t->time, 100 * t->time / all);
        printf(top > 0 && t->rate > 0 ? " %5.1f %% of peak\n" : "\n", 100 * t->rate / t->time / top / 1e6);
    }
}

static void print_layers(const cnn2snn_simulator *simulator, const uint8_t *sample, double top)
{
    struct kind_total totals[32] = {{0}};
    double all = 0;
    size_t kinds = 0;
    for (size_t i = 0; i < simulator->stage_count; i++) {
        const struct c2s_stage *stage = &simulator->stages[i];
        double best = run_layer(simulator, stage, sample), rate = products(stage) / best / 1e6;
        printf("  %-20.20s %-20.20s (%3lld, %3lld, %4lld) %-5s %7.3f ms %7.1f GMAC/s", stage->layer->name,
               stage->layer->kind_text, (long long)stage->out[0], (long long)stage->out[1], (long long)stage->out[2],
               path_of(stage), best, rate);
        printf(top > 0 && rate > 0 ? " %5.1f %% of peak\n" : "\n", 100 * rate / top);
        size_t k = 0;
        while (k < kinds && strcmp(totals[k].kind, stage->layer->kind_text))
            k++;
        kinds += k == kinds && kinds < 31;
        totals[k].kind = stage->layer->kind_text;
        totals[k].layers++;
        totals[k].on_bytes += path_of(stage)[0] != 'p';
        totals[k].time += best;
        totals[k].rate += products(stage);
        all += best;
    }
    print_kinds(totals, kinds, all, top);
}

static void measure(const cnn2snn_akida_model *model, const struct c2s_byte_kernels *kernels, int64_t samples,
                    int threads, bool layers)
{
    cnn2snn_simulator *simulator = NULL;
    cnn2snn_tensor *input = NULL;
    cnn2snn_error *error = NULL;
    must(c2s_simulator_create_with(model, threads, kernels, &simulator, &error), error);
    const int64_t *in = simulator->stages[0].in, shape[4] = {samples, in[0], in[1], in[2]};
    must(c2s_tensor_create(model->context, c2s_sample_dtype(&simulator->stages[0]), 4, shape, &input, &error), error);
    for (size_t i = 0; i < input->size; i++)
        ((unsigned char *)input->data)[i] = (unsigned char)(i * 2654435761u >> 13);
    double time = run(simulator, input);
    cnn2snn_simulator_memory memory;
    c2s_simulator_memory(simulator, &memory);
    printf("%-16s %9.3f ms an image, %.1f MB: weights %.1f, activations %.1f, workspace %.1f, state %.1f\n",
           kernels ? kernels->name : "plain C", time / (double)samples, (double)memory.total / 1e6,
           (double)memory.weights / 1e6, (double)memory.activations / 1e6, (double)memory.workspace / 1e6,
           (double)memory.state / 1e6);
    if (layers) {
        double top = peak();
        printf("  peak of one thread: %.0f GMAC/s\n", top);
        print_layers(simulator, input->data, top);
    }
    c2s_tensor_release(input);
    c2s_simulator_destroy(simulator);
}

int main(int argc, char **argv)
{
    cnn2snn_context *context = NULL;
    cnn2snn_akida_model *model = NULL;
    cnn2snn_error *error = NULL;
    int64_t samples = argc > 2 ? atoll(argv[2]) : 1;
    int threads = argc > 3 ? atoi(argv[3]) : 1;
    if (argc < 2 || samples < 1)
        return 2;
    if (threads == 1)
        used_clock = CLOCK_PROCESS_CPUTIME_ID;
    must(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, &error), error);
    must(c2s_fbz_load(context, argv[1], &model, &error), error);
    const struct c2s_byte_kernels *variants[16] = {NULL};
    size_t count = 1;
    for (size_t n = 1; c2s_byte_kernels_variant(n) && count < 16; n++)
        variants[count++] = c2s_byte_kernels_variant(n);
    for (size_t n = 0; n < count; n++)
        if (argc < 5 || strstr(variants[n] ? variants[n]->name : "plain C", argv[4]) ||
            (!strcmp(argv[4], "best") && n + 1 == count))
            measure(model, variants[n], samples, threads, threads == 1 && n + 1 == count);
    c2s_akida_model_release(model);
    c2s_context_release(context);
    return 0;
}
