/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the order of an Akida model's layers, what feeds them, and what stands at its input
 * (spec/quantizeml-conversion.md 5, 6). */
#include "convert/qml_emitter.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "convert/convert.h"
#include "layers/quantizeml_attributes.h"

/* ------------------------------------------------------------------------------------------------ inputs */

/* With 1s in front up to three extents. */
static void pad_dims(const struct c2s_shape *shape, int64_t dims[3])
{
    for (size_t i = 0; i < 3; i++)
        dims[i] = i + shape->rank < 3 ? 1 : shape->extents[i + shape->rank - 3];
}

static cnn2snn_status emit_quantizer(struct c2s_qml_emitter *at)
{
    const struct c2s_qml_input_quantizer_attributes *quantizer =
        c2s_qml_block_layer(at->plan, at->block, 0)->attributes;
    const struct c2s_derived *derived = c2s_qml_derived(at, 0);
    int64_t dims[3];
    pad_dims(c2s_qml_block_input_shape(at->plan, at->block, 0), dims);
    const struct c2s_qml_parameter parameters[] = {
        {"input_width", dims[0]},
        {"input_height", dims[1]},
        {"input_channels", dims[2]},
        {"output_bits", quantizer->bitwidth},
        {"output_signed", quantizer->is_signed},
        {"channels_first", 0},
    };
    C2S_TRY(C2S_QML_SET(at, parameters));
    C2S_TRY(c2s_qml_set_floats(at, "scales", dims[2], derived->float_scales));
    return c2s_qml_set_integers(at, "zero_points", CNN2SNN_DTYPE_UINT8, dims[2], derived->integers[C2S_ZERO_POINTS],
                                0);
}

static cnn2snn_status set_input_data(struct c2s_qml_emitter *at, const int64_t dims[3], int32_t bits)
{
    const struct c2s_qml_parameter parameters[] = {
        {"input_width", dims[0]}, {"input_height", dims[1]},  {"input_channels", dims[2]},
        {"input_bits", bits},     {"input_signed", bits > 4}, /* as the runtime's own layer has it */
    };
    return C2S_QML_SET(at, parameters);
}

/* The InputData of the model's own input. */
static cnn2snn_status add_model_input(struct c2s_qml_emitter *at)
{
    const struct c2s_graph *graph = at->plan->graph;
    const cnn2snn_layer *layer = graph->layers[graph->nodes[graph->inputs[0]].layer];
    const struct c2s_input_attributes *input = layer->attributes;
    int32_t bits = c2s_dtype_is_float(input->dtype) ? 8 : 8 * (int32_t)c2s_dtype_size(input->dtype);
    int64_t dims[3];
    pad_dims(&input->shape, dims);
    at->input_data = (int64_t)at->model->layer_count;
    C2S_TRY(c2s_akida_model_add_layer(at->model, C2S_AKIDA_INPUT_DATA, layer->name, -1, &at->layer, at->error));
    return set_input_data(at, dims, at->plan->version == CNN2SNN_AKIDA_V1 ? 4 : bits);
}

/* An InputData behind a Quantizer, named as the runtime names layers that have no name. */
static cnn2snn_status add_quantized_input(struct c2s_qml_emitter *at, size_t *akida)
{
    const struct c2s_qml_block *before = &at->plan->blocks[at->block->inbounds[0]];
    const struct c2s_qml_input_quantizer_attributes *quantizer = c2s_qml_block_layer(at->plan, before, 0)->attributes;
    char name[48];
    int64_t dims[3];
    snprintf(name, sizeof name, "InputData_%zu", at->model->layer_count + 1);
    pad_dims(c2s_qml_block_output_shape(at->plan, before, 0), dims);
    C2S_TRY(c2s_akida_model_add_layer(at->model, C2S_AKIDA_INPUT_DATA, name, (int64_t)*akida, &at->layer, at->error));
    *akida = at->model->layer_count - 1;
    return set_input_data(at, dims, quantizer->bitwidth);
}

/* ------------------------------------------------------------------------------------------------ layers */

struct emitter_row {
    int32_t kind_v1, kind_v2; /* of the Akida layer; 0: there is none */
    c2s_qml_emit *emit_v1, *emit_v2;
};

/* By kind of block. */
static const struct emitter_row rows[C2S_BLOCK_COUNT] = {
    [C2S_BLOCK_QUANTIZER] = {C2S_AKIDA_QUANTIZER, C2S_AKIDA_QUANTIZER, emit_quantizer, emit_quantizer},
    [C2S_BLOCK_INPUT_CONV] = {C2S_AKIDA_INPUT_CONVOLUTIONAL, C2S_AKIDA_INPUT_CONV2D, c2s_qml_emit_convolution_v1,
                              c2s_qml_emit_convolution},
    [C2S_BLOCK_CONV] = {C2S_AKIDA_CONVOLUTIONAL, C2S_AKIDA_CONV2D, c2s_qml_emit_convolution_v1,
                        c2s_qml_emit_convolution},
    [C2S_BLOCK_DEPTHWISE_CONV] = {0, C2S_AKIDA_DEPTHWISE_CONV2D, NULL, c2s_qml_emit_convolution},
    [C2S_BLOCK_SEPARABLE_CONV] = {C2S_AKIDA_SEPARABLE_CONVOLUTIONAL, 0, c2s_qml_emit_convolution_v1, NULL},
    [C2S_BLOCK_CONV_TRANSPOSE] = {0, C2S_AKIDA_CONV2D_TRANSPOSE, NULL, c2s_qml_emit_convolution},
    [C2S_BLOCK_DEPTHWISE_CONV_TRANSPOSE] = {0, C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE, NULL, c2s_qml_emit_convolution},
    [C2S_BLOCK_DENSE] = {C2S_AKIDA_FULLY_CONNECTED, C2S_AKIDA_DENSE1D, c2s_qml_emit_dense_v1, c2s_qml_emit_dense},
    [C2S_BLOCK_ADD] = {0, C2S_AKIDA_ADD, NULL, c2s_qml_emit_add},
    [C2S_BLOCK_CONCATENATE] = {0, C2S_AKIDA_CONCATENATE, NULL, NULL},
    [C2S_BLOCK_TEMPORAL] = {0, C2S_AKIDA_BUFFER_TEMP_CONV, NULL, c2s_qml_emit_temporal},
    [C2S_BLOCK_DEPTHWISE_TEMPORAL] = {0, C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV, NULL, c2s_qml_emit_temporal},
    [C2S_BLOCK_RECURRENT] = {0, C2S_AKIDA_STATEFUL_RECURRENT, NULL, c2s_qml_emit_recurrent},
    [C2S_BLOCK_PICO] = {0, C2S_AKIDA_PICO_POST_PROCESSING, NULL, c2s_qml_emit_pico},
    [C2S_BLOCK_DEQUANTIZER] = {0, C2S_AKIDA_DEQUANTIZER, NULL, c2s_qml_emit_dequantizer},
};

static cnn2snn_status add_layer(struct c2s_qml_emitter *at, int32_t kind, c2s_qml_emit *emit)
{
    int64_t inbounds[C2S_MAX_INBOUNDS] = {-1, -1};
    size_t count = at->block->inbound_count;
    for (size_t i = 0; i < count; i++) {
        ptrdiff_t block = at->block->inbounds[i];
        if (block == C2S_MODEL_INPUT && at->block->input_data && at->input_data < 0)
            C2S_TRY(add_model_input(at));
        inbounds[i] = block == C2S_MODEL_INPUT ? at->input_data : (int64_t)at->akida_of[block];
    }
    if (at->block->input_data && at->block->inbounds[0] != C2S_MODEL_INPUT) {
        size_t akida = (size_t)inbounds[0];
        C2S_TRY(add_quantized_input(at, &akida));
        inbounds[0] = (int64_t)akida;
    }
    const char *name = c2s_qml_block_main(at->plan, at->block)->name;
    C2S_TRY(c2s_akida_model_add_layer(at->model, kind, name, inbounds[0], &at->layer, at->error));
    for (size_t i = 1; i < count; i++)
        C2S_TRY(c2s_akida_layer_add_inbound(at->model, at->layer, (size_t)inbounds[i], at->error));
    return emit ? emit(at) : CNN2SNN_OK;
}

static cnn2snn_status add_block(struct c2s_qml_emitter *at, size_t index)
{
    bool v1 = at->plan->version == CNN2SNN_AKIDA_V1;
    const struct emitter_row *row = &rows[at->plan->blocks[index].pattern->kind];
    at->block = &at->plan->blocks[index];
    if (v1 && at->block->pattern->kind == C2S_BLOCK_DEQUANTIZER)
        return c2s_qml_fold_dequantizer(at);
    C2S_TRY(add_layer(at, v1 ? row->kind_v1 : row->kind_v2, v1 ? row->emit_v1 : row->emit_v2));
    at->akida_of[index] = at->model->layer_count - 1;
    return CNN2SNN_OK;
}

static cnn2snn_status add_blocks(const struct c2s_qml_plan *plan, cnn2snn_akida_model *model, cnn2snn_error **error)
{
    struct c2s_qml_emitter at = {.plan = plan, .model = model, .input_data = -1, .error = error};
    at.akida_of = c2s_calloc(plan->context, plan->block_count, sizeof *at.akida_of);
    if (!at.akida_of)
        return c2s_error_no_memory(error);
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; i < plan->block_count && !status; i++) {
        status = c2s_progress(plan->context, "convert", i, plan->block_count, error);
        if (!status)
            status = add_block(&at, i);
    }
    c2s_free(plan->context, at.akida_of);
    return status ? status : c2s_progress(plan->context, "convert", plan->block_count, plan->block_count, error);
}

cnn2snn_status c2s_convert_qml(const struct c2s_qml_plan *plan, cnn2snn_report *report,
                               cnn2snn_akida_model **out_model, cnn2snn_error **error)
{
    cnn2snn_akida_model *model = NULL;
    cnn2snn_error *cause = NULL;
    *out_model = NULL;
    cnn2snn_status status;
    C2S_GOTO(c2s_akida_model_create(plan->context, &model, &cause));
    C2S_GOTO(add_blocks(plan, model, &cause));
    C2S_GOTO(c2s_akida_model_verify(model, report, &cause));
    if (!c2s_report_count_errors(report))
        C2S_GOTO(c2s_akida_fix_v1_activation_variables(model, report, out_model, &cause));
done:
    c2s_akida_model_release(model);
    return status ? c2s_fault_from_error(status, cause, "Q-065", report, error) : CNN2SNN_OK;
}
