/* SPDX-License-Identifier: Apache-2.0 */
#include "dnnl_layer.h"

#include <stddef.h>

#ifdef BENCH_DNNL
#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dnnl_layer {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_memory_t memories[4];
};

static void must(dnnl_status_t status, const char *what)
{
    if (status == dnnl_success)
        return;
    fprintf(stderr, "oneDNN: %s failed with status %d\n", what, (int)status);
    exit(1);
}

static dnnl_memory_t make_memory(dnnl_engine_t engine, const dnnl_memory_desc_t *description)
{
    dnnl_memory_t memory;
    void *data;
    must(dnnl_memory_create(&memory, description, engine, DNNL_MEMORY_ALLOCATE), "memory");
    must(dnnl_memory_get_data_handle(memory, &data), "memory");
    memset(data, 0, dnnl_memory_desc_get_size(description));
    return memory;
}

struct dnnl_layer *dnnl_layer_create(const struct layer_numbers *n)
{
    struct dnnl_layer *layer = calloc(1, sizeof *layer);
    dnnl_memory_desc_t x, w, b, y;
    dnnl_convolution_desc_t convolution;
    dnnl_primitive_desc_t chosen;
    const dnnl_dims_t in = {n->samples, n->channels, n->in[0], n->in[1]}, bias = {n->filters};
    const dnnl_dims_t out = {n->samples, n->filters, n->out[0], n->out[1]};
    const dnnl_dims_t strides = {n->stride, n->stride}, before = {n->before[0], n->before[1]};
    const dnnl_dims_t after = {n->after[0], n->after[1]};
    dnnl_dims_t plain = {n->filters, n->channels, n->kernel, n->kernel};
    dnnl_dims_t grouped = {n->groups, n->filters / n->groups, n->channels / n->groups, n->kernel, n->kernel};
    must(dnnl_engine_create(&layer->engine, dnnl_cpu, 0), "engine");
    must(dnnl_stream_create(&layer->stream, layer->engine, dnnl_stream_default_flags), "stream");
    must(dnnl_memory_desc_init_by_tag(&x, 4, in, dnnl_f32, dnnl_nhwc), "input");
    must(dnnl_memory_desc_init_by_tag(&y, 4, out, dnnl_f32, dnnl_nhwc), "output");
    must(dnnl_memory_desc_init_by_tag(&b, 1, bias, dnnl_f32, dnnl_x), "bias");
    must(dnnl_memory_desc_init_by_tag(&w, n->groups > 1 ? 5 : 4, n->groups > 1 ? grouped : plain, dnnl_f32,
                                      dnnl_format_tag_any),
         "weights");
    must(dnnl_convolution_forward_desc_init(&convolution, dnnl_forward_inference, dnnl_convolution_direct, &x, &w, &b,
                                            &y, strides, before, after),
         "description");
    must(dnnl_primitive_desc_create(&chosen, &convolution, NULL, layer->engine, NULL), "choice");
    layer->memories[0] = make_memory(layer->engine, &x);
    layer->memories[1] = make_memory(layer->engine, dnnl_primitive_desc_query_md(chosen, dnnl_query_weights_md, 0));
    layer->memories[2] = make_memory(layer->engine, &b);
    layer->memories[3] = make_memory(layer->engine, &y);
    must(dnnl_primitive_create(&layer->primitive, chosen), "primitive");
    must(dnnl_primitive_desc_destroy(chosen), "choice");
    return layer;
}

void dnnl_layer_run(struct dnnl_layer *layer)
{
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, layer->memories[0]},
                                         {DNNL_ARG_WEIGHTS, layer->memories[1]},
                                         {DNNL_ARG_BIAS, layer->memories[2]},
                                         {DNNL_ARG_DST, layer->memories[3]}};
    must(dnnl_primitive_execute(layer->primitive, layer->stream, 4, arguments), "run");
    must(dnnl_stream_wait(layer->stream), "run");
}

void dnnl_layer_destroy(struct dnnl_layer *layer)
{
    if (!layer)
        return;
    for (int i = 0; i < 4; i++)
        dnnl_memory_destroy(layer->memories[i]);
    dnnl_primitive_destroy(layer->primitive);
    dnnl_stream_destroy(layer->stream);
    dnnl_engine_destroy(layer->engine);
    free(layer);
}

#else

struct dnnl_layer *dnnl_layer_create(const struct layer_numbers *numbers)
{
    (void)numbers;
    return NULL;
}

void dnnl_layer_run(struct dnnl_layer *layer)
{
    (void)layer;
}

void dnnl_layer_destroy(struct dnnl_layer *layer)
{
    (void)layer;
}

#endif
