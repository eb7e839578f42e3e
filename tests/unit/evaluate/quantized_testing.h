/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeML graphs (support/graphs.h) run on given values. */
#ifndef QUANTIZED_TESTING_H
#define QUANTIZED_TESTING_H

#include "../support/graphs.h"

#include <math.h>

#include "evaluate/evaluate.h"
#include "layers/quantizeml_attributes.h"

/* Quantizers of float inputs: `bits` fractional bits in 8 signed bits, from a range of 2^(7 - bits). */
#define QUANTIZER(name, range) "['Custom>InputQuantizer', {'name': '" name "'}, null, [[-" range "], [" range "]]]"

static cnn2snn_tensor *tensor_of(size_t rank, const int64_t *shape, const float *values)
{
    cnn2snn_tensor *tensor = NULL;
    must(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, rank, shape, &tensor, &error));
    memcpy(tensor->data, values, tensor->size);
    return tensor;
}

static cnn2snn_tensor *evaluate(const struct c2s_graph *graph, const cnn2snn_tensor *input,
                                const struct c2s_evaluate_options *options)
{
    cnn2snn_tensor *output = NULL;
    must(c2s_graph_evaluate(graph, 1, &input, options, &output, &error));
    return output;
}

/* The graph on `count` values in samples of its input's shape gives `expected`. */
static inline void gives(const char *text, size_t count, const float *values, size_t expected_count,
                         const float *expected, int line)
{
    struct c2s_graph *graph = graph_of(text);
    const struct c2s_input_attributes *in = graph->layers[0]->attributes;
    int64_t shape[CNN2SNN_MAX_RANK], sample = 1;
    for (size_t i = 0; i < in->shape.rank; i++)
        sample *= shape[i + 1] = in->shape.extents[i];
    shape[0] = (int64_t)count / sample;
    cnn2snn_tensor *input = tensor_of(in->shape.rank + 1, shape, values), *output = evaluate(graph, input, NULL);
    ck_assert_uint_eq(output->count, expected_count);
    for (size_t i = 0; i < expected_count; i++)
        if (!(c2s_f32(output)[i] == expected[i]))
            ck_abort_msg("line %d: %.9g at %zu, expected %.9g", line, (double)c2s_f32(output)[i], i,
                         (double)expected[i]);
    c2s_tensor_release(output);
    c2s_tensor_release(input);
    c2s_graph_release(graph);
}

#define FLOATS(...)                                                                                                  \
    sizeof((float[]){__VA_ARGS__}) / sizeof(float), (const float[])                                                  \
    {                                                                                                                \
        __VA_ARGS__                                                                                                  \
    }
#define GIVES(text, values, expected) gives(text, values, expected, __LINE__)

#endif
