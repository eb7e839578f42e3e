/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which kinds of Akida layers are known, and which parameters each has (spec/fbz.md 3 and 4.1). */
#include "akida/kinds.h"

#include <string.h>

#define GEOMETRY "kernel_height kernel_width padding "
#define POOLING                                                                                                      \
    "pool_type pooling_height pooling_stride_x pooling_stride_y pooling_width stride_x stride_y weights_bits "
#define CONV2D_TAIL                                                                                                  \
    "kernel_size kernel_stride output_bits padding pool_size pool_stride pool_type post_op_buffer_bits "             \
    "weights_bits "
#define TRANSPOSE_TAIL "kernel_size output_bits post_op_buffer_bits weights_bits "

static const struct c2s_akida_kind_row rows[] = {
    {C2S_AKIDA_INPUT_DATA, 12, -1, true, "InputData",
     "input_bits input_channels input_height input_signed input_width "},
    {C2S_AKIDA_INPUT_CONVOLUTIONAL, 1, -1, true, "InputConvolutional",
     "act_bits activation filters input_channels input_height input_width kernel_height kernel_width padding "
     "padding_value " POOLING},
    {C2S_AKIDA_FULLY_CONNECTED, 1, 1, true, "FullyConnected", "act_bits activation units weights_bits "},
    {C2S_AKIDA_CONVOLUTIONAL, 1, 1, true, "Convolutional", "act_bits activation filters " GEOMETRY POOLING},
    {C2S_AKIDA_SEPARABLE_CONVOLUTIONAL, 1, 1, true, "SeparableConvolutional",
     "act_bits activation filters " GEOMETRY POOLING},
    {C2S_AKIDA_ADD, 2, 2, true, "Add", "buffer_bits output_bits post_op_buffer_bits "},
    {C2S_AKIDA_DENSE2D, 2, 1, false, "Dense2D",
     "activation buffer_bits collapse_dims output_bits post_op_buffer_bits units "},
    {C2S_AKIDA_CONCATENATE, 12, 2, true, "Concatenate", ""},
    {C2S_AKIDA_BATCH_NORMALIZATION, 2, 1, false, "BatchNormalization",
     "activation buffer_bits output_bits post_op_buffer_bits "},
    {C2S_AKIDA_CONV2D, 2, 1, true, "Conv2D", "activation buffer_bits filters " CONV2D_TAIL},
    {C2S_AKIDA_INPUT_CONV2D, 2, -1, true, "InputConv2D",
     "activation buffer_bits filters input_channels input_x input_y " CONV2D_TAIL},
    {C2S_AKIDA_DEPTHWISE_CONV2D, 2, 1, true, "DepthwiseConv2D", "activation buffer_bits " CONV2D_TAIL},
    {C2S_AKIDA_CONV2D_TRANSPOSE, 2, 1, true, "Conv2DTranspose", "activation buffer_bits filters " TRANSPOSE_TAIL},
    {C2S_AKIDA_EXTRACT_TOKEN, 2, 1, false, "ExtractToken", ""},
    {C2S_AKIDA_DEQUANTIZER, 2, 1, true, "Dequantizer", ""},
    {C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE, 2, 1, true, "DepthwiseConv2DTranspose",
     "activation buffer_bits " TRANSPOSE_TAIL},
    {C2S_AKIDA_BUFFER_TEMP_CONV, 2, 1, true, "BufferTempConv",
     "activation buffer_bits fifo_size filters output_bits post_op_buffer_bits weights_bits "},
    {C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV, 2, 1, true, "DepthwiseBufferTempConv",
     "activation buffer_bits fifo_size output_bits post_op_buffer_bits weights_bits "},
    {C2S_AKIDA_DENSE1D, 2, 1, true, "Dense1D",
     "activation buffer_bits output_bits post_op_buffer_bits units weights_bits "},
    {C2S_AKIDA_STATEFUL_RECURRENT, 2, 1, true, "StatefulRecurrent",
     "activation buffer_bits internal_state_bits output_bits output_channels post_op_buffer_bits stateful_channels "
     "subsample "},
    {C2S_AKIDA_QUANTIZER, 12, -1, true, "Quantizer",
     "channels_first input_channels input_height input_width output_bits output_signed "},
    {C2S_AKIDA_PICO_POST_PROCESSING, 2, 2, true, "PicoPostProcessing", "buffer_bits "},
};

const struct c2s_akida_kind_row *c2s_akida_kind_find(int32_t kind)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].kind == kind)
            return &rows[i];
    return NULL;
}

bool c2s_akida_words_have(const char *words, const char *name)
{
    size_t size = strlen(name);
    for (const char *word = words; *word; word = strchr(word, ' ') + 1)
        if (!strncmp(word, name, size) && word[size] == ' ')
            return true;
    return false;
}

bool c2s_akida_layer_knows_parameter(const struct c2s_akida_layer *layer, const char *name)
{
    const struct c2s_akida_kind_row *row = c2s_akida_kind_find(layer->kind);
    const char *old = layer->kind == C2S_AKIDA_INPUT_CONV2D ? "padding_value "
                      : layer->kind == C2S_AKIDA_ADD        ? "activation "
                                                            : "";
    return row && (c2s_akida_words_have(row->keys, name) || c2s_akida_words_have(old, name));
}

const char *c2s_akida_kind_name(int32_t kind)
{
    const struct c2s_akida_kind_row *row = c2s_akida_kind_find(kind);
    return row ? row->name : NULL;
}

int32_t c2s_akida_kind_version(int32_t kind)
{
    const struct c2s_akida_kind_row *row = c2s_akida_kind_find(kind);
    return row ? row->version : 0;
}

cnn2snn_akida_version c2s_akida_model_version(const cnn2snn_akida_model *model)
{
    cnn2snn_akida_version version = CNN2SNN_AKIDA_V1;
    for (size_t i = 0; i < model->layer_count; i++) {
        int32_t of_kind = c2s_akida_kind_version(model->layers[i].kind);
        if (!of_kind)
            return CNN2SNN_AKIDA_DEFAULT;
        if (of_kind == 2)
            version = CNN2SNN_AKIDA_V2;
    }
    return version;
}
