/* SPDX-License-Identifier: Apache-2.0 */
/* The Akida model in memory: layers with integer parameters and named variables, as the .fbz file has them. */
#ifndef C2S_AKIDA_MODEL_H
#define C2S_AKIDA_MODEL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cnn2snn/akida.h"
#include "tensor/tensor.h"

/* layer_type codes of the file (spec/fbz.md 3). */
enum c2s_akida_kind {
    C2S_AKIDA_INPUT_DATA = 1,
    C2S_AKIDA_INPUT_CONVOLUTIONAL = 2,
    C2S_AKIDA_FULLY_CONNECTED = 3,
    C2S_AKIDA_CONVOLUTIONAL = 4,
    C2S_AKIDA_SEPARABLE_CONVOLUTIONAL = 5,
    C2S_AKIDA_ADD = 6,
    C2S_AKIDA_DENSE2D = 7, /* of old runtimes */
    C2S_AKIDA_CONCATENATE = 12,
    C2S_AKIDA_BATCH_NORMALIZATION = 13, /* of old runtimes */
    C2S_AKIDA_CONV2D = 14,
    C2S_AKIDA_INPUT_CONV2D = 15,
    C2S_AKIDA_DEPTHWISE_CONV2D = 16,
    C2S_AKIDA_CONV2D_TRANSPOSE = 17,
    C2S_AKIDA_EXTRACT_TOKEN = 18, /* of old runtimes */
    C2S_AKIDA_DEQUANTIZER = 19,
    C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE = 20,
    C2S_AKIDA_BUFFER_TEMP_CONV = 21,
    C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV = 22,
    C2S_AKIDA_DENSE1D = 25,
    C2S_AKIDA_STATEFUL_RECURRENT = 26,
    C2S_AKIDA_QUANTIZER = 27,
    C2S_AKIDA_PICO_POST_PROCESSING = 28
};

enum { C2S_PADDING_VALID = 0, C2S_PADDING_SAME = 1, C2S_PADDING_SAME_UPPER = 2 };
enum { C2S_POOL_NONE = 0, C2S_POOL_MAX = 1, C2S_POOL_AVERAGE = 2 };

struct c2s_akida_parameter {
    char *name;
    int32_t value;
};

struct c2s_akida_variable {
    char *name;
    int32_t element_type;   /* code in the file, 0..10: keeps int1/int2/int4 apart from int8; -1: the canonical one */
    int32_t layout;         /* 0 col-major (shape reversed in the file), 1 row-major */
    cnn2snn_tensor *tensor; /* in the API's shape */
};

struct c2s_akida_layer {
    int32_t kind;       /* an enum c2s_akida_kind, or another code of a file */
    char kind_text[32]; /* its name, or "unknown (N)" */
    char *name;
    struct c2s_akida_parameter *parameters; /* sorted by name; without layer_type */
    size_t parameter_count, parameter_capacity;
    struct c2s_akida_variable *variables; /* sorted by name */
    size_t variable_count, variable_capacity;
    size_t *inbounds; /* indices of earlier layers */
    size_t inbound_count, inbound_capacity;
    uint64_t unknown_fields; /* of the file, about this layer: nobody knows what they say, and they are dropped */
};

struct c2s_akida_learning { /* the seven numbers of a model compiled for learning, sorted; kept for writing */
    char *name;
    double value;
};

struct cnn2snn_akida_model {
    cnn2snn_context *context;
    atomic_size_t references;
    struct c2s_akida_layer *layers;
    size_t layer_count, layer_capacity;
    struct c2s_akida_learning *learning;
    size_t learning_count, learning_capacity;
    char *version;           /* NULL: none in the file */
    uint64_t unknown_fields; /* of the file, about the whole model */
};

cnn2snn_status c2s_akida_model_create(cnn2snn_context *context, cnn2snn_akida_model **out_model,
                                      cnn2snn_error **error);
void c2s_akida_model_release(cnn2snn_akida_model *model);

/* Adds a layer behind the last; `inbound` is the index of the layer before it, or -1. The pointer is valid until the
 * next addition. */
cnn2snn_status c2s_akida_model_add_layer(cnn2snn_akida_model *model, int32_t kind, const char *name, int64_t inbound,
                                         struct c2s_akida_layer **out_layer, cnn2snn_error **error);
/* One more inbound layer, in operand order. */
cnn2snn_status c2s_akida_layer_add_inbound(cnn2snn_akida_model *model, struct c2s_akida_layer *layer, size_t inbound,
                                           cnn2snn_error **error);
cnn2snn_status c2s_akida_layer_set_parameter(cnn2snn_akida_model *model, struct c2s_akida_layer *layer,
                                             const char *name, int32_t value, cnn2snn_error **error);
/*
 * Adds or replaces a variable; keeps a new reference to the tensor, which is int32, float32, uint8, int8, int16 or
 * uint16. element_type -1: the code that the runtime's own writer uses (int4 for weights of 4 bits, and so on),
 * decided by the layer's parameters when the file is written. layout -1: likewise.
 */
cnn2snn_status c2s_akida_layer_set_variable(cnn2snn_akida_model *model, struct c2s_akida_layer *layer,
                                            const char *name, int32_t element_type, int32_t layout,
                                            cnn2snn_tensor *tensor, cnn2snn_error **error);
cnn2snn_status c2s_akida_model_set_learning(cnn2snn_akida_model *model, const char *name, double value,
                                            cnn2snn_error **error);
const struct c2s_akida_variable *c2s_akida_layer_find_variable(const struct c2s_akida_layer *layer, const char *name);
/* The code that goes to the file. */
int32_t c2s_akida_variable_element_type(const struct c2s_akida_layer *layer,
                                        const struct c2s_akida_variable *variable);
/* dtype of an element type's code, CNN2SNN_DTYPE_NONE for unknown codes. */
cnn2snn_dtype c2s_akida_element_dtype(int32_t element_type);
int32_t c2s_akida_layer_get_parameter(const struct c2s_akida_layer *layer, const char *name, int32_t otherwise);
bool c2s_akida_layer_has_parameter(const struct c2s_akida_layer *layer, const char *name);
/* A copy; the tensors are shared. */
cnn2snn_status c2s_akida_model_clone(const cnn2snn_akida_model *model, cnn2snn_akida_model **out_model,
                                     cnn2snn_error **error);

/* Whether the layer's kind has a parameter or a variable of that name, in today's form or in that of an old runtime.
 */
bool c2s_akida_layer_knows_parameter(const struct c2s_akida_layer *layer, const char *name);
bool c2s_akida_layer_knows_variable(const struct c2s_akida_layer *layer, const char *name);

const char *c2s_akida_kind_name(int32_t kind); /* NULL for unknown codes */
/* 1, 2, 12 (both: Concatenate and the like), or 0 for unknown kinds. */
int32_t c2s_akida_kind_version(int32_t kind);
cnn2snn_akida_version c2s_akida_model_version(const cnn2snn_akida_model *model);

/* Shapes (X, Y, C) of a layer; CNN2SNN_E_UNSUPPORTED for unknown kinds, CNN2SNN_E_MALFORMED where they don't fit. */
cnn2snn_status c2s_akida_layer_input_shape(const cnn2snn_akida_model *model, size_t layer, int64_t shape[3],
                                           cnn2snn_error **error);
cnn2snn_status c2s_akida_layer_output_shape(const cnn2snn_akida_model *model, size_t layer, int64_t shape[3],
                                            cnn2snn_error **error);
/* The same for the layers 0 .. count-1 at once. `known` is false for unknown kinds and what depends on them. */
struct c2s_akida_shapes {
    bool known;
    int64_t input[3], output[3];
};
cnn2snn_status c2s_akida_model_shapes(const cnn2snn_akida_model *model, size_t count, struct c2s_akida_shapes *shapes,
                                      cnn2snn_error **error);

/* What the Akida runtime refuses of a model (spec/legacy.md g.3, spec/fbz.md 5): one fault each in the report. */
cnn2snn_status c2s_akida_model_verify(const cnn2snn_akida_model *model, cnn2snn_report *report,
                                      cnn2snn_error **error);

/*
 * A copy whose act_step and threshold fit the hardware (spec/legacy.md e.11, limits of 2.19; the last layer is never
 * touched); a plain copy of other models. Clamped thresholds are a warning with rule "L-E11" in the report, which may
 * be NULL. CNN2SNN_E_VALUE where the ratios don't fit the next layer's weights.
 */
cnn2snn_status c2s_akida_fix_v1_activation_variables(const cnn2snn_akida_model *model, cnn2snn_report *report,
                                                     cnn2snn_akida_model **out_model, cnn2snn_error **error);

#endif
