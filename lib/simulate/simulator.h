/* SPDX-License-Identifier: Apache-2.0 */
/* Runs Akida models on integers (docs: spec/simulator.md). One thread at a time; the model is shared. */
#ifndef C2S_SIMULATOR_H
#define C2S_SIMULATOR_H

#include "base/worker_pool.h"
#include "cnn2snn/model.h"
#include "simulate/stage.h"

typedef struct cnn2snn_simulator cnn2snn_simulator;

struct cnn2snn_simulator {
    cnn2snn_context *context;
    cnn2snn_akida_model *model; /* counted */
    struct c2s_stage *stages;
    size_t stage_count;
    struct c2s_worker_pool *pool;
    size_t lane_count; /* working memories, one for each thread */
    size_t input_size; /* elements of one sample */
    size_t lane_size;  /* elements: the sample, then the outputs of stages, then the scratch */
    size_t scratch_offset;
    int32_t *lanes;
    size_t state_size; /* elements; 0: samples don't depend on each other */
    int32_t *state;
    bool keeps_all; /* outputs of all stages stay until the sample is done */
};

struct c2s_simulator_settings {
    int32_t threads; /* 0: the context's */
    bool keep_all;   /* room for the outputs of all layers at once: needed for c2s_simulator_forward's layer_output */
};

cnn2snn_status c2s_simulator_create(cnn2snn_akida_model *model, const struct c2s_simulator_settings *settings,
                                    cnn2snn_simulator **out_simulator, cnn2snn_error **error);
void c2s_simulator_destroy(cnn2snn_simulator *simulator);
void c2s_simulator_reset(cnn2snn_simulator *simulator);

/* What the model takes: the extents of one sample and their type; a Quantizer takes float32 or that type. */
void c2s_simulator_input(const cnn2snn_simulator *simulator, int64_t shape[3], cnn2snn_dtype *out_dtype,
                         bool *out_takes_floats);

/*
 * The last layer's output for samples (N, X, Y, C); (N, C) stands for (N, 1, 1, C). CNN2SNN_E_VALUE for other shapes
 * and types. With `predict`: potentials as floats (spec/simulator.md 1), CNN2SNN_E_INCOMPATIBLE where the model has
 * none. layer_output (may be NULL; the simulator must keep all) gets each layer's output of all samples, in the
 * layers' order.
 */
cnn2snn_status c2s_simulator_forward(cnn2snn_simulator *simulator, const cnn2snn_tensor *input, bool predict,
                                     cnn2snn_layer_output_fn layer_output, void *user_data,
                                     cnn2snn_tensor **out_output, cnn2snn_error **error);

#endif
