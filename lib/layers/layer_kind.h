/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layer table: what a layer is. One row a class, found by name; rules elsewhere speak of ids and families.
 * Adding a layer means a row here, attributes, a shape rule, weights, and a forward function in ops.
 *
 * Opaque and custom layers hold whatever weights their file has (c2s_layer_set_named_weights); their specs are none.
 * Behind an opaque layer shapes have no rank (ir/shape.h): every shape rule takes such an input and says what it can,
 * mostly that the output has none either. Nothing behind an opaque layer is built unless the file has its weights.
 */
#ifndef C2S_LAYER_KIND_H
#define C2S_LAYER_KIND_H

#include "ir/layer.h"
#include "ir/shape.h"
#include "numeric/custom_objects.h"

enum c2s_kind_id {
    C2S_KIND_OPAQUE,            /* unknown class: can be named and saved, not run */
    C2S_KIND_CUSTOM,            /* class of the user's, with callbacks */
    C2S_KIND_CUSTOM_ACTIVATION, /* quantized activation class of the user's */
    C2S_KIND_MODEL,             /* nested model: layer->graph */
    C2S_KIND_INPUT,
    C2S_KIND_RESCALING,
    C2S_KIND_CONV2D,
    C2S_KIND_SEPARABLE_CONV2D,
    C2S_KIND_DEPTHWISE_CONV2D,
    C2S_KIND_CONV2D_TRANSPOSE,
    C2S_KIND_DENSE,
    C2S_KIND_QUANTIZED_CONV2D,
    C2S_KIND_QUANTIZED_SEPARABLE_CONV2D,
    C2S_KIND_QUANTIZED_DEPTHWISE_CONV2D,
    C2S_KIND_QUANTIZED_DENSE,
    C2S_KIND_BATCH_NORMALIZATION,
    C2S_KIND_RELU,
    C2S_KIND_QUANTIZED_RELU,
    C2S_KIND_ACTIVATION_DISCRETE_RELU,
    C2S_KIND_ACTIVATION,
    C2S_KIND_SOFTMAX,
    C2S_KIND_LEAKY_RELU,
    C2S_KIND_PRELU,
    C2S_KIND_ELU,
    C2S_KIND_THRESHOLDED_RELU,
    C2S_KIND_MAX_POOLING2D,
    C2S_KIND_AVERAGE_POOLING2D,
    C2S_KIND_GLOBAL_AVERAGE_POOLING2D,
    C2S_KIND_GLOBAL_MAX_POOLING2D,
    C2S_KIND_ZERO_PADDING2D,
    C2S_KIND_CROPPING2D,
    C2S_KIND_UP_SAMPLING2D,
    C2S_KIND_FLATTEN,
    C2S_KIND_RESHAPE,
    C2S_KIND_PERMUTE,
    C2S_KIND_REPEAT_VECTOR,
    C2S_KIND_DROPOUT,        /* Dropout and SpatialDropout1D/2D/3D: what the reference drops */
    C2S_KIND_TRAINING_NOISE, /* GaussianDropout, GaussianNoise, AlphaDropout, ActivityRegularization */
    C2S_KIND_ADD,
    C2S_KIND_SUBTRACT,
    C2S_KIND_MULTIPLY,
    C2S_KIND_AVERAGE,
    C2S_KIND_MAXIMUM,
    C2S_KIND_MINIMUM,
    C2S_KIND_CONCATENATE,
    /* QuantizeML's (class names "Custom>..."): attributes in layers/quantizeml_attributes.h. What computes on
     * integers: */
    C2S_KIND_QML_INPUT_QUANTIZER,
    C2S_KIND_QML_DEQUANTIZER,
    C2S_KIND_QML_CONV2D,
    C2S_KIND_QML_CONV2D_TRANSPOSE,
    C2S_KIND_QML_DEPTHWISE_CONV2D,
    C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE,
    C2S_KIND_QML_SEPARABLE_CONV2D,
    C2S_KIND_QML_DENSE,
    C2S_KIND_QML_RELU,
    C2S_KIND_QML_ACTIVATION,
    C2S_KIND_QML_ADD,
    C2S_KIND_QML_CONCATENATE,
    C2S_KIND_QML_MAX_POOLING2D,
    C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D,
    C2S_KIND_QML_FLATTEN,
    C2S_KIND_QML_RESHAPE,
    C2S_KIND_QML_PERMUTE,
    C2S_KIND_QML_DROPOUT,
    C2S_KIND_QML_RESCALING,
    C2S_KIND_QML_EXTRACT_TOKEN,
    C2S_KIND_QML_BUFFER_TEMP_CONV,
    C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV,
    C2S_KIND_QML_STATEFUL_PROJECTION,
    C2S_KIND_QML_STATEFUL_RECURRENT,
    C2S_KIND_QML_BATCH_NORMALIZATION,
    C2S_KIND_QML_PICO_POST_PROCESSING,
    /* and its float layers: */
    C2S_KIND_PADDED_CONV2D,
    C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE,
    C2S_KIND_QML_FLOAT_ACTIVATION,
    C2S_KIND_QML_FLOAT_ADD,
    C2S_KIND_EXTRACT_TOKEN,
    C2S_KIND_BUFFER_TEMP_CONV,
    C2S_KIND_DEPTHWISE_BUFFER_TEMP_CONV,
    C2S_KIND_STATEFUL_PROJECTION,
    C2S_KIND_STATEFUL_RECURRENT,
    C2S_KIND_PICO_POST_PROCESSING,
    C2S_KIND_COUNT
};

enum c2s_family {
    C2S_FAMILY_NEURAL = 1, /* Conv2D, SeparableConv2D, Dense, quantized ones, Conv2DTranspose (a Conv2D in Keras) */
    C2S_FAMILY_QUANTIZED = 2,  /* weights on a grid by CNN2SNN */
    C2S_FAMILY_ACTIVATION = 4, /* ReLU and quantized activations, as the reference's rules mean it */
    C2S_FAMILY_QUANTIZED_ACTIVATION = 8,
    C2S_FAMILY_POOLING = 16,    /* MaxPooling2D and GlobalAveragePooling2D, as the reference's rules mean it */
    C2S_FAMILY_MERGE = 32,      /* takes several inputs */
    C2S_FAMILY_IDENTITY = 64,   /* nothing to do in inference */
    C2S_FAMILY_QUANTIZEML = 128 /* class of QuantizeML, registered as "Custom>...", quantized or not; no other family
                                   but MERGE applies to it */
};

enum { C2S_MAX_LAYER_WEIGHTS = 8 };

struct c2s_weight_spec {
    const char *name;
    struct c2s_shape shape;
    bool trainable; /* before the non-trainable ones in files */
    float initial;  /* value of a weight that nobody set */
    bool optional;  /* old files lack it: then it has its initial value */
};

/* Where a layer comes from, which decides what its config means. */
struct c2s_layer_source {
    const cnn2snn_custom_objects *custom; /* classes of the user's, or NULL */
    bool allow_unknown;                   /* unknown classes become opaque; otherwise CNN2SNN_E_VALUE */
    bool constructed; /* by a constructor's arguments: the checks that only the quantized layers' constructors make */
    int keras_generation; /* 2 or 3 (0: 2): what "hard_sigmoid" means; kept in layer->keras_generation */
};

enum c2s_config_form {
    C2S_FORM_AS_IS,
    C2S_FORM_LOWER_CASE,
    C2S_FORM_PAIR,    /* n is [n, n] */
    C2S_FORM_BORDERS, /* n is [[n, n], [n, n]], and [n, m] is [[n, n], [m, m]] */
    C2S_FORM_FLOAT32  /* a number as float32 has it */
};

/* A key of a class's config with the value that it has where it is absent, as JSON. */
struct c2s_config_key {
    const char *key;
    const char *otherwise;     /* NULL: required */
    enum c2s_config_form form; /* that get_config() gives a value, in whatever form it was */
};

/* What the classes of a family do. */
struct c2s_layer_rules {
    size_t attributes_size; /* 0: none */
    /* Reads layer->config into layer->attributes (zeroed before). Names key and value in errors. NULL: nothing to
     * read. */
    cnn2snn_status (*parse)(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error);
    /* Frees what attributes own; NULL: nothing. Runs once, with the last of the layer's copies. */
    void (*destroy)(cnn2snn_context *context, void *attributes);
    /* Weights in get_weights() order for these inputs; extents that the inputs leave open are -1. NULL: none. */
    cnn2snn_status (*weights)(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                              struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                              cnn2snn_error **error);
    cnn2snn_status (*output_shape)(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                   struct c2s_shape *out_shape, cnn2snn_error **error);
};

struct c2s_layer_kind {
    enum c2s_kind_id id;
    const char *class_name;      /* canonical; without package prefix, but for QuantizeML's */
    const char *const *aliases;  /* NULL-terminated, or NULL */
    unsigned families;           /* of enum c2s_family */
    enum c2s_kind_id float_kind; /* the kind that a quantized one is made of; otherwise its own id */
    const struct c2s_config_key
        *keys; /* of get_config() in Keras's order, beside name, trainable, dtype; ended by NULL */
    const struct c2s_layer_rules *rules;
};

/* The row of a class (aliases count), or NULL. "Custom>QuantizedConv2D" and so on are QuantizeML's; any other package
 * prefix is ignored. */
const struct c2s_layer_kind *c2s_layer_kind_find(const char *class_name);

/* What an error about an unknown class goes on with: what to do. */
extern const char c2s_layer_class_remedy[];
/* The first row of an id. */
const struct c2s_layer_kind *c2s_layer_kind_get(enum c2s_kind_id id);

static inline enum c2s_kind_id c2s_layer_id(const cnn2snn_layer *layer)
{
    return layer->kind->id;
}

static inline bool c2s_layer_is(const cnn2snn_layer *layer, unsigned families)
{
    return (layer->kind->families & families) != 0;
}

/*
 * Makes a layer of class and config (the config is copied, shallow where it can be; a missing name is made up from
 * the class). Nested models are made by c2s_model_layer_create. source NULL: all zero.
 */
cnn2snn_status c2s_layer_create(cnn2snn_context *context, const char *class_name, const json_t *config,
                                const struct c2s_layer_source *source, cnn2snn_layer **out_layer,
                                cnn2snn_error **error);

/* The name that Keras makes up, without its counter: "Conv2DTranspose" gives "conv2d_transpose". A block of the
 * allocator; NULL without memory. */
char *c2s_layer_name_of_class(cnn2snn_context *context, const char *class_name);

/* A nested model as a layer: class_name Sequential, Functional or Model; the graph is retained, config (may be NULL)
 * is copied. It is built when all layers of its graph are. */
cnn2snn_status c2s_model_layer_create(cnn2snn_context *context, const char *class_name, const char *name,
                                      struct c2s_graph *graph, const json_t *config, bool trainable,
                                      cnn2snn_layer **out_layer, cnn2snn_error **error);

/* A layer of another class and/or config (NULL: the same) with the name, extras and Keras generation of `layer`. The
 * weights come along when there are as many as the new layer has; otherwise it is not built. */
cnn2snn_status c2s_layer_with_config(const cnn2snn_layer *layer, const char *class_name, const json_t *config,
                                     const cnn2snn_custom_objects *custom, cnn2snn_layer **out_layer,
                                     cnn2snn_error **error);

/* An InputLayer. name NULL: "input_1". A shape without rank is of a nested Sequential without an input of its own:
 * the shape of its call counts. */
cnn2snn_status c2s_input_layer_create(cnn2snn_context *context, const char *name, const struct c2s_shape *shape,
                                      cnn2snn_dtype dtype, cnn2snn_layer **out_layer, cnn2snn_error **error);

/* get_config(): the layer's config, complete with the defaults of keys that were absent, in Keras's order of keys,
 * and then the keys that nobody interprets. *out: a new reference. */
cnn2snn_status c2s_layer_get_config(const cnn2snn_layer *layer, json_t **out, cnn2snn_error **error);

/* What the layer would hold for these inputs; extents that these leave open are -1. inputs NULL: nothing is known of
 * them. For nested models: their flattened weights are not listed (count 0). */
cnn2snn_status c2s_layer_weight_specs(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                      struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                      cnn2snn_error **error);
/* Makes the initial weights of a layer that nobody else holds. Nothing happens when it is built. CNN2SNN_E_VALUE when
 * the inputs leave an extent of a weight open. */
cnn2snn_status c2s_layer_build(cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                               cnn2snn_error **error);
/* Sets all weights of a layer that nobody else holds, checking number and shapes against `specs`; what is not float32
 * is converted. References are kept. */
cnn2snn_status c2s_layer_set_weights(cnn2snn_layer *layer, size_t count, const struct c2s_weight_spec *specs,
                                     cnn2snn_tensor *const *weights, cnn2snn_error **error);
/* Has the tensor the spec's shape, open extents being free? */
bool c2s_weight_fits(const struct c2s_weight_spec *spec, const cnn2snn_tensor *tensor);
/* The same, with an error naming both shapes. */
cnn2snn_status c2s_layer_check_weight(const cnn2snn_layer *layer, const struct c2s_weight_spec *spec,
                                      const cnn2snn_tensor *tensor, cnn2snn_error **error);
/* Output shape for input shapes; of every output for a nested model (out_shape has room for its outputs). */
cnn2snn_status c2s_layer_output_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                      struct c2s_shape *out_shape, cnn2snn_error **error);

/* Fills in the shapes of all nodes, from the InputLayers on, those of nested graphs included where they have none,
 * and checks built weights against them (CNN2SNN_E_VALUE naming layer, weight, found and expected shape).
 * CNN2SNN_E_LIMIT when nested models called again and again make more calls than the context's max_nodes. */
cnn2snn_status c2s_graph_infer_shapes(struct c2s_graph *graph, cnn2snn_error **error);
/* Builds the layers that are not built, nested ones too (replacing them where they are shared with other holders),
 * and infers shapes. Layers whose weights depend on what lies behind an opaque layer stay unbuilt. */
cnn2snn_status c2s_graph_build(struct c2s_graph *graph, cnn2snn_error **error);

#endif
