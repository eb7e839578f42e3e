/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rows of QuantizeML layers become one Akida layer (spec/quantizeml-conversion.md 4). The one table: conversion
 * matches with it, and `cnn2snn supported-ops` prints it.
 */
#ifndef C2S_BLOCK_PATTERNS_H
#define C2S_BLOCK_PATTERNS_H

#include "layers/layer_kind.h"

enum c2s_block_kind {
    C2S_BLOCK_QUANTIZER,
    C2S_BLOCK_INPUT_CONV,
    C2S_BLOCK_CONV,
    C2S_BLOCK_DEPTHWISE_CONV,
    C2S_BLOCK_SEPARABLE_CONV,
    C2S_BLOCK_CONV_TRANSPOSE,
    C2S_BLOCK_DEPTHWISE_CONV_TRANSPOSE,
    C2S_BLOCK_DENSE,
    C2S_BLOCK_ADD,
    C2S_BLOCK_CONCATENATE,
    C2S_BLOCK_TEMPORAL,
    C2S_BLOCK_DEPTHWISE_TEMPORAL,
    C2S_BLOCK_RECURRENT,
    C2S_BLOCK_PICO,
    C2S_BLOCK_DEQUANTIZER,
    C2S_BLOCK_COUNT
};

enum { C2S_PATTERN_LENGTH = 5 };

struct c2s_block_pattern {
    cnn2snn_akida_version version;
    enum c2s_block_kind kind;
    bool input_only;                             /* at the model's input only */
    const char *akida_layer;                     /* kind of the Akida layer that it becomes */
    enum c2s_kind_id layers[C2S_PATTERN_LENGTH]; /* ended by C2S_KIND_OPAQUE, or full */
};

struct c2s_block_patterns {
    const struct c2s_block_pattern *rows;
    size_t count;
};

/* All rows; those for the input stand before the general ones. */
extern const struct c2s_block_patterns c2s_block_patterns;

size_t c2s_block_pattern_length(const struct c2s_block_pattern *pattern);

/* The row of just these layers, or NULL. */
const struct c2s_block_pattern *c2s_block_pattern_find(const struct c2s_block_patterns *patterns,
                                                       cnn2snn_akida_version version, bool input_only, size_t count,
                                                       const enum c2s_kind_id *layers);

/* True if the row has a layer of that kind. */
bool c2s_block_pattern_has(const struct c2s_block_pattern *pattern, enum c2s_kind_id kind);

/* Position of the layer that names the Akida layer. */
size_t c2s_block_pattern_main(const struct c2s_block_pattern *pattern);

/* Name of a kind's class without the package's: "QuantizedConv2D". */
const char *c2s_plain_class_name(const struct c2s_layer_kind *kind);

/* Position of the first layer of that kind, or -1. */
ptrdiff_t c2s_block_pattern_position(const struct c2s_block_pattern *pattern, enum c2s_kind_id kind);

#endif
