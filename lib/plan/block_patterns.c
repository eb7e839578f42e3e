/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which rows of QuantizeML layers become one Akida layer (spec/quantizeml-conversion.md 4). */
#include "plan/block_patterns.h"

#include <string.h>

#define V1 CNN2SNN_AKIDA_V1
#define V2 CNN2SNN_AKIDA_V2
#define INPUT true
#define ANYWHERE false

#define CONV C2S_KIND_QML_CONV2D
#define DEPTHWISE C2S_KIND_QML_DEPTHWISE_CONV2D
#define SEPARABLE C2S_KIND_QML_SEPARABLE_CONV2D
#define TRANSPOSE C2S_KIND_QML_CONV2D_TRANSPOSE
#define DEPTHWISE_TRANSPOSE C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE
#define DENSE C2S_KIND_QML_DENSE
#define FLATTEN C2S_KIND_QML_FLATTEN
#define RESHAPE C2S_KIND_QML_RESHAPE
#define RELU C2S_KIND_QML_RELU
#define LUT C2S_KIND_QML_ACTIVATION
#define POOL C2S_KIND_QML_MAX_POOLING2D
#define GAP C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D
#define TEMPORAL C2S_KIND_QML_BUFFER_TEMP_CONV
#define DEPTHWISE_TEMPORAL C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV
#define PROJECTION C2S_KIND_QML_STATEFUL_PROJECTION
#define RECURRENT C2S_KIND_QML_STATEFUL_RECURRENT
#define TOKEN C2S_KIND_QML_EXTRACT_TOKEN

/* clang-format off */
static const struct c2s_block_pattern rows[] = {
    {V2, C2S_BLOCK_QUANTIZER, INPUT, "Quantizer", {C2S_KIND_QML_INPUT_QUANTIZER}},
    {V2, C2S_BLOCK_INPUT_CONV, INPUT, "InputConv2D", {CONV, RELU}},
    {V2, C2S_BLOCK_INPUT_CONV, INPUT, "InputConv2D", {CONV, POOL, RELU}},
    {V2, C2S_BLOCK_INPUT_CONV, INPUT, "InputConv2D", {CONV, LUT}},
    {V2, C2S_BLOCK_INPUT_CONV, INPUT, "InputConv2D", {CONV, POOL, LUT}},
    {V2, C2S_BLOCK_CONV, ANYWHERE, "Conv2D", {CONV}},
    {V2, C2S_BLOCK_CONV, ANYWHERE, "Conv2D", {CONV, RELU}},
    {V2, C2S_BLOCK_CONV, ANYWHERE, "Conv2D", {CONV, POOL, RELU}},
    {V2, C2S_BLOCK_CONV, ANYWHERE, "Conv2D", {CONV, RELU, GAP}},
    {V2, C2S_BLOCK_CONV, ANYWHERE, "Conv2D", {CONV, GAP}},
    {V2, C2S_BLOCK_CONV, ANYWHERE, "Conv2D", {CONV, LUT}},
    {V2, C2S_BLOCK_CONV, ANYWHERE, "Conv2D", {CONV, POOL, LUT}},
    {V2, C2S_BLOCK_CONV, ANYWHERE, "Conv2D", {CONV, LUT, GAP}},
    {V2, C2S_BLOCK_DEPTHWISE_CONV, ANYWHERE, "DepthwiseConv2D", {DEPTHWISE}},
    {V2, C2S_BLOCK_DEPTHWISE_CONV, ANYWHERE, "DepthwiseConv2D", {DEPTHWISE, RELU}},
    {V2, C2S_BLOCK_DEPTHWISE_CONV, ANYWHERE, "DepthwiseConv2D", {DEPTHWISE, POOL, RELU}},
    {V2, C2S_BLOCK_DEPTHWISE_CONV, ANYWHERE, "DepthwiseConv2D", {DEPTHWISE, LUT}},
    {V2, C2S_BLOCK_DEPTHWISE_CONV, ANYWHERE, "DepthwiseConv2D", {DEPTHWISE, POOL, LUT}},
    {V2, C2S_BLOCK_CONV_TRANSPOSE, ANYWHERE, "Conv2DTranspose", {TRANSPOSE}},
    {V2, C2S_BLOCK_CONV_TRANSPOSE, ANYWHERE, "Conv2DTranspose", {TRANSPOSE, RELU}},
    {V2, C2S_BLOCK_CONV_TRANSPOSE, ANYWHERE, "Conv2DTranspose", {TRANSPOSE, LUT}},
    {V2, C2S_BLOCK_DEPTHWISE_CONV_TRANSPOSE, ANYWHERE, "DepthwiseConv2DTranspose", {DEPTHWISE_TRANSPOSE}},
    {V2, C2S_BLOCK_DEPTHWISE_CONV_TRANSPOSE, ANYWHERE, "DepthwiseConv2DTranspose", {DEPTHWISE_TRANSPOSE, RELU}},
    {V2, C2S_BLOCK_DEPTHWISE_CONV_TRANSPOSE, ANYWHERE, "DepthwiseConv2DTranspose", {DEPTHWISE_TRANSPOSE, LUT}},
    {V2, C2S_BLOCK_DENSE, ANYWHERE, "Dense1D", {DENSE}},
    {V2, C2S_BLOCK_DENSE, ANYWHERE, "Dense1D", {DENSE, RELU}},
    {V2, C2S_BLOCK_DENSE, ANYWHERE, "Dense1D", {FLATTEN, DENSE}},
    {V2, C2S_BLOCK_DENSE, ANYWHERE, "Dense1D", {FLATTEN, DENSE, RELU}},
    {V2, C2S_BLOCK_DENSE, ANYWHERE, "Dense1D", {RESHAPE, DENSE}},
    {V2, C2S_BLOCK_DENSE, ANYWHERE, "Dense1D", {RESHAPE, DENSE, RELU}},
    {V2, C2S_BLOCK_DENSE, ANYWHERE, "Dense1D", {RESHAPE, FLATTEN, DENSE}},
    {V2, C2S_BLOCK_DENSE, ANYWHERE, "Dense1D", {RESHAPE, FLATTEN, DENSE, RELU}},
    {V2, C2S_BLOCK_ADD, ANYWHERE, "Add", {C2S_KIND_QML_ADD}},
    {V2, C2S_BLOCK_CONCATENATE, ANYWHERE, "Concatenate", {C2S_KIND_QML_CONCATENATE}},
    {V2, C2S_BLOCK_TEMPORAL, ANYWHERE, "BufferTempConv", {TEMPORAL}},
    {V2, C2S_BLOCK_TEMPORAL, ANYWHERE, "BufferTempConv", {TEMPORAL, RELU}},
    {V2, C2S_BLOCK_DEPTHWISE_TEMPORAL, ANYWHERE, "DepthwiseBufferTempConv", {DEPTHWISE_TEMPORAL}},
    {V2, C2S_BLOCK_DEPTHWISE_TEMPORAL, ANYWHERE, "DepthwiseBufferTempConv", {DEPTHWISE_TEMPORAL, RELU}},
    {V2, C2S_BLOCK_RECURRENT, ANYWHERE, "StatefulRecurrent", {PROJECTION, RECURRENT, TOKEN, PROJECTION}},
    {V2, C2S_BLOCK_RECURRENT, ANYWHERE, "StatefulRecurrent", {PROJECTION, RECURRENT, TOKEN, PROJECTION, RELU}},
    {V2, C2S_BLOCK_PICO, ANYWHERE, "PicoPostProcessing", {C2S_KIND_QML_PICO_POST_PROCESSING}},
    {V2, C2S_BLOCK_DEQUANTIZER, ANYWHERE, "Dequantizer", {C2S_KIND_QML_DEQUANTIZER}},

    {V1, C2S_BLOCK_QUANTIZER, INPUT, "Quantizer", {C2S_KIND_QML_INPUT_QUANTIZER}},
    {V1, C2S_BLOCK_INPUT_CONV, INPUT, "InputConvolutional", {CONV, RELU}},
    {V1, C2S_BLOCK_INPUT_CONV, INPUT, "InputConvolutional", {CONV, POOL, RELU}},
    {V1, C2S_BLOCK_CONV, ANYWHERE, "Convolutional", {CONV}},
    {V1, C2S_BLOCK_CONV, ANYWHERE, "Convolutional", {CONV, RELU}},
    {V1, C2S_BLOCK_CONV, ANYWHERE, "Convolutional", {CONV, POOL, RELU}},
    {V1, C2S_BLOCK_CONV, ANYWHERE, "Convolutional", {CONV, GAP, RELU}},
    {V1, C2S_BLOCK_CONV, ANYWHERE, "Convolutional", {CONV, GAP}},
    {V1, C2S_BLOCK_SEPARABLE_CONV, ANYWHERE, "SeparableConvolutional", {SEPARABLE}},
    {V1, C2S_BLOCK_SEPARABLE_CONV, ANYWHERE, "SeparableConvolutional", {SEPARABLE, RELU}},
    {V1, C2S_BLOCK_SEPARABLE_CONV, ANYWHERE, "SeparableConvolutional", {SEPARABLE, GAP, RELU}},
    {V1, C2S_BLOCK_SEPARABLE_CONV, ANYWHERE, "SeparableConvolutional", {SEPARABLE, GAP}},
    {V1, C2S_BLOCK_SEPARABLE_CONV, ANYWHERE, "SeparableConvolutional", {SEPARABLE, POOL, RELU}},
    {V1, C2S_BLOCK_DENSE, ANYWHERE, "FullyConnected", {DENSE}},
    {V1, C2S_BLOCK_DENSE, ANYWHERE, "FullyConnected", {DENSE, RELU}},
    {V1, C2S_BLOCK_DENSE, ANYWHERE, "FullyConnected", {FLATTEN, DENSE}},
    {V1, C2S_BLOCK_DENSE, ANYWHERE, "FullyConnected", {FLATTEN, DENSE, RELU}},
    {V1, C2S_BLOCK_DENSE, ANYWHERE, "FullyConnected", {RESHAPE, DENSE}},
    {V1, C2S_BLOCK_DENSE, ANYWHERE, "FullyConnected", {RESHAPE, DENSE, RELU}},
    {V1, C2S_BLOCK_DENSE, ANYWHERE, "FullyConnected", {RESHAPE, FLATTEN, DENSE}},
    {V1, C2S_BLOCK_DENSE, ANYWHERE, "FullyConnected", {RESHAPE, FLATTEN, DENSE, RELU}},
    {V1, C2S_BLOCK_DEQUANTIZER, ANYWHERE, "(part of the last layer)", {C2S_KIND_QML_DEQUANTIZER}},
};
/* clang-format on */

const struct c2s_block_patterns c2s_block_patterns = {rows, sizeof rows / sizeof rows[0]};

size_t c2s_block_pattern_length(const struct c2s_block_pattern *pattern)
{
    size_t length = 0;
    while (length < C2S_PATTERN_LENGTH && pattern->layers[length] != C2S_KIND_OPAQUE)
        length++;
    return length;
}

static bool matches(const struct c2s_block_pattern *pattern, size_t count, const enum c2s_kind_id *layers)
{
    if (c2s_block_pattern_length(pattern) != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (pattern->layers[i] != layers[i])
            return false;
    return true;
}

const struct c2s_block_pattern *c2s_block_pattern_find(const struct c2s_block_patterns *patterns,
                                                       cnn2snn_akida_version version, bool input_only, size_t count,
                                                       const enum c2s_kind_id *layers)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const struct c2s_block_pattern *pattern = &patterns->rows[i];
        if (pattern->version == version && pattern->input_only == input_only && matches(pattern, count, layers))
            return pattern;
    }
    return NULL;
}

ptrdiff_t c2s_block_pattern_position(const struct c2s_block_pattern *pattern, enum c2s_kind_id kind)
{
    for (size_t i = 0; i < c2s_block_pattern_length(pattern); i++)
        if (pattern->layers[i] == kind)
            return (ptrdiff_t)i;
    return -1;
}

bool c2s_block_pattern_has(const struct c2s_block_pattern *pattern, enum c2s_kind_id kind)
{
    return c2s_block_pattern_position(pattern, kind) >= 0;
}

size_t c2s_block_pattern_main(const struct c2s_block_pattern *pattern)
{
    if (pattern->kind == C2S_BLOCK_DENSE)
        return (size_t)c2s_block_pattern_position(pattern, DENSE);
    return pattern->kind == C2S_BLOCK_RECURRENT ? 3 : 0; /* the output projection */
}

const char *c2s_plain_class_name(const struct c2s_layer_kind *kind)
{
    const char *package = strchr(kind->class_name, '>');
    return package ? package + 1 : kind->class_name;
}
