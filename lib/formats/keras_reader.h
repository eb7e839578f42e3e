/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that read a model_config: settings, objects of layers, and what a model's own input is. */
#ifndef C2S_KERAS_READER_H
#define C2S_KERAS_READER_H

#include "formats/keras_config.h"
#include "layers/layer_kind.h"

struct c2s_keras_reader {
    cnn2snn_context *context;
    const cnn2snn_custom_objects *custom;
    bool allow_unknown;
    int generation; /* 2 or 3 */
    uint32_t depth; /* of nested models */
    cnn2snn_error **error;
};

/* "hard_sigmoid" of Keras 3, which Keras 2 has no name for: written so, and read back (docs/differences.md). */
#define C2S_KERAS3_HARD_SIGMOID "hard_sigmoid_keras3"

/* Something that a model begins with. */
struct c2s_keras_input {
    bool found;
    struct c2s_shape shape;
    cnn2snn_dtype dtype;
};

/* The last part of a class name: "MyLayer" of "Custom>MyLayer". "" when the object has none. */
const char *c2s_keras_class(const json_t *object);
/* Sequential, Functional or Model. */
bool c2s_keras_is_model(const json_t *object);
/* Name of a layer's object, or NULL. */
const char *c2s_keras_name(const json_t *object);
/* The list of a Sequential's or functional model's layers, or NULL. */
json_t *c2s_keras_layers(const json_t *object);

/*
 * What a model's config says about its own first input: of a functional model that is always something; a Sequential
 * may leave it to its first layer, or to whoever calls it. `found` is false where shapes can't be read.
 */
struct c2s_keras_input c2s_keras_own_input(const json_t *object);
/* True where Keras 2 made a call of the nested model on its own input, so that its calls are counted from 1. */
bool c2s_keras_begins_with_input(const json_t *object);

/* A layer that is no model. `name` (NULL: the object's) is put into its config when there is none. */
cnn2snn_status c2s_keras_read_layer(const struct c2s_keras_reader *reader, const json_t *object, const char *name,
                                    cnn2snn_layer **out_layer);
/* A nested model. `input` gives the input of a Sequential that has none of its own; may be NULL. */
cnn2snn_status c2s_keras_read_nested(const struct c2s_keras_reader *reader, const json_t *object, const char *name,
                                     const struct c2s_keras_input *input, cnn2snn_layer **out_layer);

/* Graphs of {"class_name", "config"}; verified, without shapes. */
cnn2snn_status c2s_keras_read_model(const struct c2s_keras_reader *reader, const json_t *object,
                                    const struct c2s_keras_input *input, struct c2s_graph **out_graph);
cnn2snn_status c2s_keras_read_functional(const struct c2s_keras_reader *reader, const json_t *object,
                                         struct c2s_graph **out_graph);

/* Members of a model's config that the graph doesn't hold in other ways; NULL when there are none. */
cnn2snn_status c2s_keras_config_extras(const struct c2s_keras_reader *reader, const json_t *config, json_t **out);

/* CNN2SNN_E_MALFORMED about a layer (name may be NULL). */
cnn2snn_status c2s_keras_malformed(const struct c2s_keras_reader *reader, const char *layer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ------------------------------------------------------------------------------------------------ calls */

/* A tensor that a call takes: output `output` of call `call` of a layer, as the file counts. */
struct c2s_keras_reference {
    const char *layer;
    int64_t call;
    int64_t output;
    bool keras3; /* written in the form of Keras 3, which counts differently */
};

struct c2s_keras_call {
    struct c2s_keras_reference *references;
    size_t count, capacity;
    json_t *arguments; /* keyword arguments; or NULL */
    bool constants;    /* other arguments than tensors */
};

/* Reads an entry of inbound_nodes. `call` is zeroed before, and to be freed in any case. */
cnn2snn_status c2s_keras_read_call(const struct c2s_keras_reader *reader, const char *layer, const char *class_name,
                                   const json_t *node, struct c2s_keras_call *call);
/* The keyword by which layers of a class take their second tensor; NULL: all tensors are in a list. */
const char *c2s_keras_second_argument(const char *class_name);
/* Reads input_layers or output_layers. */
cnn2snn_status c2s_keras_read_ends(const struct c2s_keras_reader *reader, const char *what, const json_t *list,
                                   struct c2s_keras_call *call);
void c2s_keras_call_free(cnn2snn_context *context, struct c2s_keras_call *call);
/* Refuses arguments that would change what a layer computes. */
cnn2snn_status c2s_keras_check_arguments(const struct c2s_keras_reader *reader, const cnn2snn_layer *layer,
                                         const struct c2s_keras_call *call);

#endif
