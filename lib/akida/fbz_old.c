/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what the typed parameters of old files mean in today's names: each field is a row of a table. */
#include "akida/fbz_old.h"

#include "base/error.h"

enum field_type { U8, I8, I32 };

struct field {
    uint32_t id;
    enum field_type type;
    const char *key;
};

struct target {
    cnn2snn_akida_model *model;
    struct c2s_akida_layer *layer;
    cnn2snn_error **error;
};

static const struct field size_fields[] = {{0, I32, "input_width"}, {1, I32, "input_height"}};
static const struct field kernel_fields[] = {{0, U8, "kernel_width"}, {1, U8, "kernel_height"}, {2, U8, "padding"}};
static const struct field stride_fields[] = {{0, U8, "stride_x"}, {1, U8, "stride_y"}};
static const struct field pool_fields[] = {{0, I8, "pooling_width"},
                                           {1, I8, "pooling_height"},
                                           {2, U8, "pool_type"},
                                           {3, I8, "pooling_stride_x"},
                                           {4, I8, "pooling_stride_y"}};
static const struct field activation_fields[] = {{0, U8, "activation"}, {3, U8, "act_bits"}};
static const struct field weights_fields[] = {{1, U8, "weights_bits"}};
static const struct field filters_fields[] = {{0, I32, "filters"}};
static const struct field units_fields[] = {{0, I32, "units"}};
static const struct field separable_fields[] = {{1, I32, "filters"}};
static const struct field input_data_fields[] = {{1, I32, "input_channels"}, {3, U8, "input_bits"}};
static const struct field image_fields[] = {
    {3, I32, "filters"}, {4, U8, "weights_bits"}, {6, U8, "input_channels"}, {7, U8, "padding_value"}};

#define READ(target, table, fields) read_fields(target, table, fields, sizeof(fields) / sizeof *(fields))

static cnn2snn_status read_fields(const struct target *to, const struct c2s_flat_table *table,
                                  const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int32_t value = 0;
        cnn2snn_status status = fields[i].type == U8   ? c2s_flat_get_u8(table, fields[i].id, &value, to->error)
                                : fields[i].type == I8 ? c2s_flat_get_i8(table, fields[i].id, &value, to->error)
                                                       : c2s_flat_get_i32(table, fields[i].id, &value, to->error);
        if (status)
            return status;
        C2S_TRY(c2s_akida_layer_set_parameter(to->model, to->layer, fields[i].key, value, to->error));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status nested(const struct target *to, const struct c2s_flat_table *table, uint32_t field,
                             struct c2s_flat_table *out)
{
    bool there;
    C2S_TRY(c2s_flat_get_table(table, field, out, &there, to->error));
    if (!there)
        return c2s_error(to->model->context, to->error, CNN2SNN_E_MALFORMED, "F-fbz",
                         "part %u of the old form's parameters is missing", (unsigned)field);
    return CNN2SNN_OK;
}

#define READ_NESTED(to, table, id, fields)                                                                           \
    do {                                                                                                             \
        struct c2s_flat_table nested_table;                                                                          \
        C2S_TRY(nested(to, table, id, &nested_table));                                                               \
        C2S_TRY(READ(to, &nested_table, fields));                                                                    \
    } while (0)

static cnn2snn_status read_learning(const struct target *to, const struct c2s_flat_table *neurons)
{
    static const char *const keys[4] = {"initial_plasticity", "learning_competition", "min_plasticity",
                                        "plasticity_decay"};
    struct c2s_flat_table table;
    bool there;
    int32_t type = 0, weights = 0, classes = 0;
    C2S_TRY(c2s_flat_get_table(neurons, 2, &table, &there, to->error));
    if (!there)
        return CNN2SNN_OK;
    C2S_TRY(c2s_flat_get_u8(&table, 0, &type, to->error));
    if (type != 1)
        return CNN2SNN_OK;
    C2S_TRY(c2s_flat_get_i32(&table, 1, &weights, to->error));
    C2S_TRY(c2s_flat_get_i32(&table, 2, &classes, to->error));
    C2S_TRY(c2s_akida_model_set_learning(to->model, "learning_type", 0, to->error));
    C2S_TRY(c2s_akida_model_set_learning(to->model, "num_weights", weights, to->error));
    C2S_TRY(c2s_akida_model_set_learning(to->model, "num_classes", classes, to->error));
    for (uint32_t i = 0; i < 4; i++) {
        double value = 0;
        C2S_TRY(c2s_flat_get_f64(&table, 3 + i, &value, to->error));
        C2S_TRY(c2s_akida_model_set_learning(to->model, keys[i], value, to->error));
    }
    return CNN2SNN_OK;
}

/* Neurons are what FullyConnected and the convolutions have in common. */
static cnn2snn_status read_neurons(const struct target *to, const struct c2s_flat_table *owner,
                                   const struct field *count_field)
{
    struct c2s_flat_table neurons;
    C2S_TRY(nested(to, owner, 0, &neurons));
    C2S_TRY(read_fields(to, &neurons, count_field, 1));
    C2S_TRY(READ(to, &neurons, weights_fields));
    READ_NESTED(to, &neurons, 3, activation_fields);
    return read_learning(to, &neurons);
}

static cnn2snn_status read_convolutional(const struct target *to, const struct c2s_flat_table *table)
{
    C2S_TRY(read_neurons(to, table, filters_fields));
    READ_NESTED(to, table, 1, kernel_fields);
    READ_NESTED(to, table, 2, pool_fields);
    READ_NESTED(to, table, 3, stride_fields);
    return CNN2SNN_OK;
}

static cnn2snn_status read_separable(const struct target *to, const struct c2s_flat_table *table)
{
    struct c2s_flat_table convolutional;
    C2S_TRY(nested(to, table, 0, &convolutional));
    C2S_TRY(read_convolutional(to, &convolutional));
    return READ(to, table, separable_fields); /* the inner number of filters means nothing */
}

static cnn2snn_status read_image(const struct target *to, const struct c2s_flat_table *table)
{
    C2S_TRY(READ(to, table, image_fields));
    READ_NESTED(to, table, 0, size_fields);
    READ_NESTED(to, table, 1, kernel_fields);
    READ_NESTED(to, table, 2, stride_fields);
    READ_NESTED(to, table, 5, pool_fields);
    READ_NESTED(to, table, 8, activation_fields);
    return CNN2SNN_OK;
}

static cnn2snn_status read_input_data(const struct target *to, const struct c2s_flat_table *table)
{
    C2S_TRY(READ(to, table, input_data_fields));
    READ_NESTED(to, table, 0, size_fields);
    return c2s_akida_layer_set_parameter(to->model, to->layer, "input_signed", 0, to->error);
}

cnn2snn_status c2s_fbz_old_kind(const struct c2s_flat_table *parameters, int32_t *out_kind, cnn2snn_error **error)
{
    *out_kind = 0;
    C2S_TRY(c2s_flat_get_u8(parameters, 1, out_kind, error));
    if (*out_kind < C2S_AKIDA_INPUT_DATA || *out_kind > C2S_AKIDA_SEPARABLE_CONVOLUTIONAL)
        return c2s_error(parameters->buffer->context, error, CNN2SNN_E_UNSUPPORTED, "F-fbz",
                         "parameters in the old form of kind %d, which isn't known", *out_kind);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_fbz_old_parameters(const struct c2s_flat_table *parameters, cnn2snn_akida_model *model,
                                      struct c2s_akida_layer *layer, cnn2snn_error **error)
{
    struct target to = {model, layer, error};
    struct c2s_flat_table table;
    C2S_TRY(nested(&to, parameters, 2, &table));
    switch (layer->kind) {
    case C2S_AKIDA_INPUT_DATA:
        return read_input_data(&to, &table);
    case C2S_AKIDA_INPUT_CONVOLUTIONAL:
        return read_image(&to, &table);
    case C2S_AKIDA_FULLY_CONNECTED:
        return read_neurons(&to, &table, units_fields);
    case C2S_AKIDA_CONVOLUTIONAL:
        return read_convolutional(&to, &table);
    default:
        return read_separable(&to, &table);
    }
}
