/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/simulator.h. */
#include "cnn2snn/simulator.h"

#include <string.h>

#include "api/edge.h"
#include "simulate/simulator.h"

cnn2snn_status cnn2snn_simulator_options_init(cnn2snn_simulator_options *options, size_t struct_size)
{
    cnn2snn_simulator_options defaults = CNN2SNN_SIMULATOR_OPTIONS_INIT;
    return c2s_options_write(options, struct_size, &defaults, sizeof defaults);
}

cnn2snn_status cnn2snn_simulator_create(const cnn2snn_akida_model *model, const cnn2snn_simulator_options *options,
                                        cnn2snn_simulator **out_simulator, cnn2snn_error **error)
{
    C2S_OUT(error, out_simulator);
    C2S_NEED(error, model);
    cnn2snn_simulator_options ours = CNN2SNN_SIMULATOR_OPTIONS_INIT;
    C2S_TRY(c2s_options_read(model->context, &ours, sizeof ours, options, "cnn2snn_simulator_options", error));
    C2S_TRY(c2s_edge_reserved(model->context, ours.reserved, "cnn2snn_simulator_options", error));
    if (ours.threads < 0 || ours.threads > 1024)
        return c2s_error(model->context, error, CNN2SNN_E_VALUE, "A-range", "threads %d, expected 0 to 1024",
                         (int)ours.threads);
    C2S_RETURN(model->context, c2s_simulator_create(model, ours.threads, out_simulator, error), out_simulator, error);
}

void cnn2snn_simulator_destroy(cnn2snn_simulator *simulator)
{
    c2s_simulator_destroy(simulator);
}

static const struct c2s_stage *last_stage(const cnn2snn_simulator *simulator)
{
    return &simulator->stages[simulator->stage_count - 1];
}

cnn2snn_status cnn2snn_simulator_get_input_shape(const cnn2snn_simulator *simulator, int64_t out_shape[3])
{
    if (!simulator || !out_shape)
        return CNN2SNN_E_INVALID_ARGUMENT;
    memcpy(out_shape, simulator->stages[0].in, sizeof simulator->stages[0].in);
    return CNN2SNN_OK;
}

cnn2snn_dtype cnn2snn_simulator_get_input_dtype(const cnn2snn_simulator *simulator)
{
    return simulator ? c2s_sample_dtype(&simulator->stages[0]) : CNN2SNN_DTYPE_NONE;
}

int32_t cnn2snn_simulator_accepts_float32(const cnn2snn_simulator *simulator)
{
    return simulator && simulator->stages[0].layer->kind == C2S_AKIDA_QUANTIZER;
}

cnn2snn_status cnn2snn_simulator_get_output_shape(const cnn2snn_simulator *simulator, int64_t out_shape[3])
{
    if (!simulator || !out_shape)
        return CNN2SNN_E_INVALID_ARGUMENT;
    memcpy(out_shape, last_stage(simulator)->out, sizeof simulator->stages[0].out);
    return CNN2SNN_OK;
}

cnn2snn_dtype cnn2snn_simulator_get_output_dtype(const cnn2snn_simulator *simulator)
{
    return simulator ? last_stage(simulator)->dtype : CNN2SNN_DTYPE_NONE;
}

uint64_t cnn2snn_simulator_get_memory_size(const cnn2snn_simulator *simulator)
{
    cnn2snn_simulator_memory memory = {0};
    if (simulator)
        c2s_simulator_memory(simulator, &memory);
    return memory.total;
}

cnn2snn_status cnn2snn_simulator_get_memory(const cnn2snn_simulator *simulator, cnn2snn_simulator_memory *out_memory,
                                            size_t struct_size)
{
    cnn2snn_simulator_memory memory;
    if (!simulator)
        return CNN2SNN_E_INVALID_ARGUMENT;
    c2s_simulator_memory(simulator, &memory);
    return c2s_options_write(out_memory, struct_size, &memory, sizeof memory);
}

cnn2snn_status cnn2snn_simulator_forward(cnn2snn_simulator *simulator, const cnn2snn_tensor *input,
                                         cnn2snn_layer_output_fn layer_output, void *layer_output_user_data,
                                         cnn2snn_tensor **out_output, cnn2snn_error **error)
{
    C2S_OUT(error, out_output);
    C2S_NEED(error, simulator);
    C2S_NEED(error, input);
    C2S_RETURN(
        simulator->context,
        c2s_simulator_forward(simulator, input, false, layer_output, layer_output_user_data, out_output, error),
        out_output, error);
}

cnn2snn_status cnn2snn_simulator_predict(cnn2snn_simulator *simulator, const cnn2snn_tensor *input,
                                         cnn2snn_tensor **out_output, cnn2snn_error **error)
{
    C2S_OUT(error, out_output);
    C2S_NEED(error, simulator);
    C2S_NEED(error, input);
    C2S_RETURN(simulator->context, c2s_simulator_forward(simulator, input, true, NULL, NULL, out_output, error),
               out_output, error);
}

void cnn2snn_simulator_reset(cnn2snn_simulator *simulator)
{
    if (simulator)
        c2s_simulator_reset(simulator);
}

cnn2snn_status cnn2snn_simulator_forward_into(cnn2snn_simulator *simulator, const cnn2snn_tensor *input,
                                              cnn2snn_layer_output_fn layer_output, void *layer_output_user_data,
                                              cnn2snn_tensor *output, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, simulator);
    C2S_NEED(error, input);
    C2S_NEED(error, output);
    return c2s_edge_end(
        simulator->context,
        c2s_simulator_forward_into(simulator, input, false, layer_output, layer_output_user_data, output, error),
        error);
}

cnn2snn_status cnn2snn_simulator_predict_into(cnn2snn_simulator *simulator, const cnn2snn_tensor *input,
                                              cnn2snn_tensor *output, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, simulator);
    C2S_NEED(error, input);
    C2S_NEED(error, output);
    return c2s_edge_end(simulator->context,
                        c2s_simulator_forward_into(simulator, input, true, NULL, NULL, output, error), error);
}
