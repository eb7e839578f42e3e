/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer of a quantized model on the inputs that the layers before it give (spec/legacy.md f.1). Batches are cut
 * into pieces that memory has room for; sums over pieces are sums over batches. A layer's inputs are kept as far as a
 * fixed amount of memory goes, and computed again from the samples beyond it: memory doesn't grow with the samples.
 */
#ifndef C2S_SAMPLER_H
#define C2S_SAMPLER_H

#include "calibrate/slices.h"
#include "cnn2snn/calibrate.h"
#include "ir/model.h"
#include "tensor/samples.h"

struct c2s_batching {
    int64_t batch_size; /* 0: all */
    bool keep_partial;
    bool whole;        /* batches in one piece each, whatever memory that takes */
    size_t kept_bytes; /* of a layer's inputs at most; 0: 512 MiB */
};

struct cnn2snn_sampler {
    cnn2snn_context *context;
    cnn2snn_samples *samples;
    cnn2snn_model *like; /* whose file facts models made of this have, or NULL; owned */
    struct c2s_graph *graph;
    cnn2snn_layer **layers; /* in the order of calls, borrowed from the graph */
    size_t layer_count;
    struct c2s_shape input; /* of one sample */
    int64_t used;           /* samples that take part */
    int64_t batch_size, batch_count;
    int64_t piece_size, pieces_in_batch;
    size_t piece_count;
    size_t selected;                                      /* index in layers; layer_count: none */
    size_t last;                                          /* of what is looked at, included */
    struct c2s_layer_chain *before, *quantized, *floated; /* of the selection */
    cnn2snn_tensor **inputs; /* of the selected layer by piece, as far as they are kept */
    size_t kept_bytes, most_kept_bytes;
    struct c2s_run run;
    struct c2s_slices slices;
};

cnn2snn_status c2s_sampler_create(const struct c2s_graph *graph, cnn2snn_samples *samples,
                                  const struct c2s_batching *batching, cnn2snn_sampler **out_sampler,
                                  cnn2snn_error **error);
void c2s_sampler_destroy(cnn2snn_sampler *sampler);

/* CNN2SNN_E_VALUE for a layer that isn't a quantized neural one. */
cnn2snn_status c2s_sampler_select(cnn2snn_sampler *sampler, size_t layer, bool include_activation,
                                  cnn2snn_error **error);
/* By name; CNN2SNN_E_VALUE if there is none. */
cnn2snn_status c2s_sampler_find(const cnn2snn_sampler *sampler, const char *name, size_t *out_layer,
                                cnn2snn_error **error);
/* The next QuantizedReLU behind a layer, or layer_count. */
size_t c2s_next_activation(cnn2snn_layer *const *layers, size_t layer_count, size_t layer);

/* The first sample of a piece, and how many there are. Pieces of a batch follow one another. */
void c2s_sampler_piece(const cnn2snn_sampler *sampler, size_t piece, int64_t *out_first, int64_t *out_count);
int64_t c2s_sampler_batch_samples(const cnn2snn_sampler *sampler, int64_t batch);
size_t c2s_sampler_batch_piece(const cnn2snn_sampler *sampler, int64_t batch);
size_t c2s_sampler_batch_pieces(const cnn2snn_sampler *sampler, int64_t batch);

/* Of a layer that is selected: the input of a piece, and outputs of it. */
cnn2snn_status c2s_sampler_input(cnn2snn_sampler *sampler, size_t piece, cnn2snn_tensor **out_input,
                                 cnn2snn_error **error);
cnn2snn_status c2s_sampler_piece_outputs(cnn2snn_sampler *sampler, size_t piece, cnn2snn_tensor **out_float,
                                         cnn2snn_tensor **out_quantized, cnn2snn_error **error);
/* Outputs of a batch; CNN2SNN_E_STATE, CNN2SNN_E_VALUE. */
cnn2snn_status c2s_sampler_batch_outputs(cnn2snn_sampler *sampler, int64_t batch, bool quantized,
                                         cnn2snn_tensor **out_outputs, cnn2snn_error **error);

/* Puts a layer in the selected one's place; it must have its name, class and shapes. */
cnn2snn_status c2s_sampler_replace(cnn2snn_sampler *sampler, const cnn2snn_layer *layer, cnn2snn_error **error);

#endif
