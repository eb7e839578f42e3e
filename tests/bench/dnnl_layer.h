/* SPDX-License-Identifier: Apache-2.0 */
/* oneDNN's convolution and product, for a comparison in the same run. */
#ifndef BENCH_DNNL_LAYER_H
#define BENCH_DNNL_LAYER_H

#include <stdbool.h>
#include <stdint.h>

struct dnnl_layer;

/* What is measured: channels last, `groups` equal to channels for depthwise. */
struct layer_numbers {
    int64_t samples, in[2], channels, filters, out[2], kernel, stride, before[2], after[2], groups;
};

/* NULL without oneDNN. Weights are in oneDNN's own order, images in ours. */
struct dnnl_layer *dnnl_layer_create(const struct layer_numbers *numbers);
void dnnl_layer_run(struct dnnl_layer *layer);
void dnnl_layer_destroy(struct dnnl_layer *layer);

#endif
