/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides what an .fbz file says (spec/fbz.md 2). Kinds and parameters that nobody knows are kept as they are; only
 * fields of tables that nobody knows can't be, since a FlatBuffer doesn't say how long they are.
 */
#include "akida/fbz.h"

#include <stdlib.h>
#include <string.h>

#include "akida/fbz_old.h"
#include "akida/flatbuffer_reader.h"
#include "akida/snappy_block.h"
#include "base/allocator.h"
#include "base/checked.h"
#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

enum {
    MAX_KEYS = 1000,     /* of one layer's parameters, or variables */
    ENTRY_COST = 16,     /* at least so many bytes of an unshared file are in one parameter or variable */
    BUDGET_PER_BYTE = 4, /* names may be shared between layers */
    SMALLEST_BUDGET = 4096
};

struct named {
    const unsigned char *text;
    size_t size, index;
};

struct reading {
    cnn2snn_context *context;
    struct c2s_flat_buffer buffer;
    cnn2snn_akida_model *model;
    struct named *names; /* of all layers, sorted */
    size_t layer_count;
    uint64_t data_left; /* bytes of variables that may still come */
    uint64_t unknown_fields;
    cnn2snn_error **error;
};

static cnn2snn_status refuse(const struct reading *reading, cnn2snn_status code, const char *what)
{
    return c2s_error(reading->context, reading->error, code, "F-fbz", "%s", what);
}

static cnn2snn_status copy_text(struct reading *reading, const struct c2s_flat_vector *string, char **out)
{
    *out = c2s_strndup(reading->context, (const char *)c2s_flat_bytes(&reading->buffer, string), string->count);
    return *out ? CNN2SNN_OK : c2s_error_no_memory(reading->error);
}

/* A string that must be there. */
static cnn2snn_status required_text(struct reading *reading, const struct c2s_flat_table *table, uint32_t field,
                                    const char *what, char **out)
{
    struct c2s_flat_vector string;
    C2S_TRY(c2s_flat_get_string(table, field, &string, reading->error));
    if (!string.position)
        return refuse(reading, CNN2SNN_E_MALFORMED, what);
    return copy_text(reading, &string, out);
}

/* ------------------------------------------------------------------------------------------------ names of layers */

static int compare_named(const void *a, const void *b)
{
    const struct named *left = a, *right = b;
    size_t size = left->size < right->size ? left->size : right->size;
    int order = size ? memcmp(left->text, right->text, size) : 0;
    return order ? order : (left->size > right->size) - (left->size < right->size);
}

static cnn2snn_status read_names(struct reading *reading, const struct c2s_flat_vector *layers)
{
    reading->names = c2s_calloc(reading->context, layers->count, sizeof *reading->names);
    if (!reading->names)
        return c2s_error_no_memory(reading->error);
    for (uint32_t i = 0; i < layers->count; i++) {
        struct c2s_flat_table table;
        struct c2s_flat_vector name;
        C2S_TRY(c2s_flat_table_at(&reading->buffer, layers, i, &table, reading->error));
        C2S_TRY(c2s_flat_get_string(&table, 1, &name, reading->error));
        if (!name.position)
            return refuse(reading, CNN2SNN_E_MALFORMED, "a layer has no name");
        reading->names[i] = (struct named){c2s_flat_bytes(&reading->buffer, &name), name.count, i};
    }
    qsort(reading->names, layers->count, sizeof *reading->names, compare_named);
    for (uint32_t i = 1; i < layers->count; i++)
        if (!compare_named(&reading->names[i - 1], &reading->names[i]))
            return refuse(reading, CNN2SNN_E_MALFORMED, "two layers have the same name");
    return CNN2SNN_OK;
}

static cnn2snn_status read_inbounds(struct reading *reading, const struct c2s_flat_table *table,
                                    struct c2s_akida_layer *layer, size_t index)
{
    struct c2s_flat_vector names;
    C2S_TRY(c2s_flat_get_vector(table, 4, 4, &names, reading->error));
    if (!names.count && index)
        return c2s_akida_layer_add_inbound(reading->model, layer, index - 1, reading->error);
    for (uint32_t i = 0; i < names.count; i++) {
        struct c2s_flat_vector name;
        C2S_TRY(c2s_flat_string_at(&reading->buffer, &names, i, &name, reading->error));
        C2S_TRY(c2s_flat_charge(&reading->buffer, 4, reading->error));
        struct named key = {c2s_flat_bytes(&reading->buffer, &name), name.count, 0};
        const struct named *found =
            bsearch(&key, reading->names, reading->layer_count, sizeof *reading->names, compare_named);
        if (!found || found->index >= index)
            return refuse(reading, CNN2SNN_E_MALFORMED, "an inbound layer isn't one of the layers before it");
        C2S_TRY(c2s_akida_layer_add_inbound(reading->model, layer, found->index, reading->error));
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ parameters */

/* Vector of entries of an IntMap or RealMap. */
static cnn2snn_status open_map(struct reading *reading, const struct c2s_flat_table *map, struct c2s_flat_vector *out)
{
    reading->unknown_fields += c2s_flat_count_unknown(map, 1);
    C2S_TRY(c2s_flat_get_vector(map, 0, 4, out, reading->error));
    if (out->count > MAX_KEYS)
        return c2s_error(reading->context, reading->error, CNN2SNN_E_LIMIT, "F-fbz",
                         "%u parameters, expected at most %d", (unsigned)out->count, MAX_KEYS);
    return c2s_flat_charge(&reading->buffer, out->count * (uint64_t)ENTRY_COST, reading->error);
}

static cnn2snn_status open_entry(struct reading *reading, const struct c2s_flat_vector *entries, uint32_t index,
                                 struct c2s_flat_table *out, struct c2s_flat_vector *key)
{
    C2S_TRY(c2s_flat_table_at(&reading->buffer, entries, index, out, reading->error));
    C2S_TRY(c2s_flat_get_string(out, 0, key, reading->error));
    reading->unknown_fields += c2s_flat_count_unknown(out, 3);
    return key->position ? CNN2SNN_OK : refuse(reading, CNN2SNN_E_MALFORMED, "a parameter has no name");
}

static bool is_kind_key(struct reading *reading, const struct c2s_flat_vector *key)
{
    static const char layer_type[] = "layer_type";
    return key->count == sizeof layer_type - 1 &&
           !memcmp(c2s_flat_bytes(&reading->buffer, key), layer_type, key->count);
}

/* The kind, which the parameters hold like any other number. */
static cnn2snn_status read_kind(struct reading *reading, const struct c2s_flat_vector *entries, int32_t *out)
{
    bool found = false;
    for (uint32_t i = 0; i < entries->count; i++) {
        struct c2s_flat_table entry;
        struct c2s_flat_vector key;
        C2S_TRY(c2s_flat_table_at(&reading->buffer, entries, i, &entry, reading->error));
        C2S_TRY(c2s_flat_get_vector(&entry, 0, 1, &key, reading->error));
        if (!key.position || !is_kind_key(reading, &key))
            continue;
        int32_t value = 0;
        C2S_TRY(c2s_flat_get_i32(&entry, 1, &value, reading->error));
        if (found && value != *out)
            return refuse(reading, CNN2SNN_E_MALFORMED, "layer_type is there twice, with different values");
        *out = value;
        found = true;
    }
    return found ? CNN2SNN_OK : refuse(reading, CNN2SNN_E_MALFORMED, "a layer has no parameter layer_type");
}

static cnn2snn_status read_parameter(struct reading *reading, const struct c2s_flat_vector *entries, uint32_t index,
                                     struct c2s_akida_layer *layer)
{
    struct c2s_flat_table entry;
    struct c2s_flat_vector key;
    char *name;
    int32_t value = 0;
    cnn2snn_status status;
    C2S_TRY(open_entry(reading, entries, index, &entry, &key));
    if (is_kind_key(reading, &key))
        return CNN2SNN_OK;
    C2S_TRY(c2s_flat_get_i32(&entry, 1, &value, reading->error));
    C2S_TRY(copy_text(reading, &key, &name));
    if (c2s_akida_layer_get_parameter(layer, name, value) == value)
        status = c2s_akida_layer_set_parameter(reading->model, layer, name, value, reading->error);
    else
        status = c2s_error(reading->context, reading->error, CNN2SNN_E_MALFORMED, "F-fbz",
                           "parameter %s is there twice, with different values", name);
    c2s_free(reading->context, name);
    return status;
}

static cnn2snn_status read_learning(struct reading *reading, const struct c2s_flat_table *root)
{
    struct c2s_flat_table map, entry;
    struct c2s_flat_vector entries, key;
    bool there;
    C2S_TRY(c2s_flat_get_table(root, 1, &map, &there, reading->error));
    if (!there)
        return CNN2SNN_OK;
    C2S_TRY(open_map(reading, &map, &entries));
    for (uint32_t i = 0; i < entries.count; i++) {
        double value = 0;
        char *name;
        C2S_TRY(open_entry(reading, &entries, i, &entry, &key));
        C2S_TRY(c2s_flat_get_f64(&entry, 1, &value, reading->error));
        C2S_TRY(copy_text(reading, &key, &name));
        cnn2snn_status status = c2s_akida_model_set_learning(reading->model, name, value, reading->error);
        c2s_free(reading->context, name);
        if (status)
            return status;
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ variables */

struct stored_shape {
    size_t rank;
    int64_t extents[CNN2SNN_MAX_RANK]; /* as the API has them */
    uint64_t count;
};

static cnn2snn_status read_shape(struct reading *reading, const struct c2s_flat_table *table, int32_t layout,
                                 struct stored_shape *out)
{
    struct c2s_flat_vector extents;
    C2S_TRY(c2s_flat_get_vector(table, 1, 4, &extents, reading->error));
    if (!extents.position || extents.count > CNN2SNN_MAX_RANK)
        return refuse(reading, CNN2SNN_E_MALFORMED, "a variable has no shape, or more than 8 dimensions");
    out->rank = extents.count;
    out->count = 1;
    for (uint32_t i = 0; i < extents.count; i++) {
        uint32_t extent = 0;
        c2s_read_u32_at(&reading->buffer.bytes, extents.position + UINT64_C(4) * i, &extent);
        out->extents[layout ? i : extents.count - 1 - i] = extent;
        if (__builtin_mul_overflow(out->count, extent, &out->count))
            return refuse(reading, CNN2SNN_E_MALFORMED, "a variable's shape is too large");
    }
    return CNN2SNN_OK;
}

static cnn2snn_status read_tensor(struct reading *reading, const struct c2s_flat_table *table, int32_t type,
                                  int32_t layout, cnn2snn_tensor **out)
{
    struct stored_shape shape;
    struct c2s_flat_vector data;
    uint64_t size;
    cnn2snn_dtype dtype = c2s_akida_element_dtype(type);
    C2S_TRY(read_shape(reading, table, layout, &shape));
    C2S_TRY(c2s_flat_get_vector(table, 2, 1, &data, reading->error));
    if (!data.position || __builtin_mul_overflow(shape.count, c2s_dtype_size(dtype), &size) || size != data.count)
        return refuse(reading, CNN2SNN_E_MALFORMED, "a variable's data don't have the size that its shape says");
    if (size > reading->data_left)
        return refuse(reading, CNN2SNN_E_MALFORMED, "variables share their data");
    reading->data_left -= size;
    C2S_TRY(c2s_tensor_create(reading->context, dtype, shape.rank, shape.extents, out, reading->error));
    if (size)
        memcpy((*out)->data, c2s_flat_bytes(&reading->buffer, &data), size);
    return CNN2SNN_OK;
}

static cnn2snn_status read_variable(struct reading *reading, const struct c2s_flat_table *table,
                                    struct c2s_akida_layer *layer)
{
    int32_t type = -1, layout = 0;
    size_t count = layer->variable_count;
    char *name = NULL;
    cnn2snn_tensor *tensor = NULL;
    cnn2snn_status status;
    reading->unknown_fields += c2s_flat_count_unknown(table, 31);
    C2S_GOTO(required_text(reading, table, 0, "a variable has no name", &name));
    C2S_GOTO(c2s_flat_get_u8(table, 3, &type, reading->error));
    C2S_GOTO(c2s_flat_get_u8(table, 4, &layout, reading->error));
    if (type < 0 || layout > 1)
        C2S_GOTO(refuse(reading, CNN2SNN_E_MALFORMED, "a variable has no element type, or an unknown layout"));
    if (c2s_akida_element_dtype(type) == CNN2SNN_DTYPE_NONE)
        C2S_GOTO(c2s_error(reading->context, reading->error, CNN2SNN_E_UNSUPPORTED, "F-fbz",
                           "variable %s has element type %d, which isn't known", name, type));
    C2S_GOTO(read_tensor(reading, table, type, layout, &tensor));
    C2S_GOTO(c2s_akida_layer_set_variable(reading->model, layer, name, type, layout, tensor, reading->error));
    if (layer->variable_count == count)
        C2S_GOTO(refuse(reading, CNN2SNN_E_MALFORMED, "a variable is there twice"));
done:
    c2s_free(reading->context, name);
    if (tensor)
        c2s_tensor_release(tensor);
    return status;
}

static cnn2snn_status read_variables(struct reading *reading, const struct c2s_flat_table *table,
                                     struct c2s_akida_layer *layer)
{
    struct c2s_flat_vector variables;
    C2S_TRY(c2s_flat_get_vector(table, 2, 4, &variables, reading->error));
    if (variables.count > MAX_KEYS)
        return c2s_error(reading->context, reading->error, CNN2SNN_E_LIMIT, "F-fbz",
                         "%u variables, expected at most %d", (unsigned)variables.count, MAX_KEYS);
    C2S_TRY(c2s_flat_charge(&reading->buffer, variables.count * (uint64_t)ENTRY_COST, reading->error));
    for (uint32_t i = 0; i < variables.count; i++) {
        struct c2s_flat_table variable;
        C2S_TRY(c2s_flat_table_at(&reading->buffer, &variables, i, &variable, reading->error));
        C2S_TRY(read_variable(reading, &variable, layer));
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ layers, model */

static cnn2snn_status read_layer_named(struct reading *reading, const struct c2s_flat_table *table, const char *name,
                                       size_t index)
{
    struct c2s_flat_table parameters, map;
    struct c2s_flat_vector entries = {0, 0};
    struct c2s_akida_layer *layer;
    bool there, generic;
    int32_t kind;
    uint64_t unknown_before = reading->unknown_fields;
    reading->unknown_fields += c2s_flat_count_unknown(table, 31);
    C2S_TRY(c2s_flat_get_table(table, 3, &parameters, &there, reading->error));
    if (!there)
        return refuse(reading, CNN2SNN_E_MALFORMED, "a layer has no parameters");
    reading->unknown_fields += c2s_flat_count_unknown(&parameters, 15);
    C2S_TRY(c2s_flat_get_table(&parameters, 3, &map, &generic, reading->error));
    if (generic) {
        C2S_TRY(open_map(reading, &map, &entries));
        C2S_TRY(read_kind(reading, &entries, &kind));
    } else {
        C2S_TRY(c2s_fbz_old_kind(&parameters, &kind, reading->error));
    }
    C2S_TRY(c2s_akida_model_add_layer(reading->model, kind, name, -1, &layer, reading->error));
    for (uint32_t i = 0; i < entries.count; i++)
        C2S_TRY(read_parameter(reading, &entries, i, layer));
    if (!generic)
        C2S_TRY(c2s_fbz_old_parameters(&parameters, reading->model, layer, reading->error));
    C2S_TRY(read_variables(reading, table, layer));
    layer->unknown_fields = reading->unknown_fields - unknown_before;
    return read_inbounds(reading, table, layer, index);
}

static cnn2snn_status read_layer(struct reading *reading, const struct c2s_flat_table *table, size_t index)
{
    char *name;
    C2S_TRY(required_text(reading, table, 1, "a layer has no name", &name));
    cnn2snn_status status = read_layer_named(reading, table, name, index);
    if (status)
        c2s_error_set_layer(reading->error, name);
    c2s_free(reading->context, name);
    return status;
}

static cnn2snn_status read_root(struct reading *reading)
{
    struct c2s_flat_table root, table;
    struct c2s_flat_vector layers, version;
    C2S_TRY(c2s_flat_root(&reading->buffer, &root, reading->error));
    reading->unknown_fields += c2s_flat_count_unknown(&root, 7);
    C2S_TRY(c2s_flat_get_vector(&root, 0, 4, &layers, reading->error));
    if (!layers.position)
        return refuse(reading, CNN2SNN_E_MALFORMED, "the model has no list of layers");
    if (layers.count > reading->context->max_nodes)
        return c2s_error(reading->context, reading->error, CNN2SNN_E_LIMIT, "F-fbz",
                         "%u layers, more than the context's max_nodes", (unsigned)layers.count);
    reading->layer_count = layers.count;
    C2S_TRY(c2s_flat_get_string(&root, 2, &version, reading->error));
    if (version.position)
        C2S_TRY(copy_text(reading, &version, &reading->model->version));
    C2S_TRY(read_names(reading, &layers));
    for (uint32_t i = 0; i < layers.count; i++) {
        C2S_TRY(c2s_flat_table_at(&reading->buffer, &layers, i, &table, reading->error));
        C2S_TRY(read_layer(reading, &table, i));
    }
    C2S_TRY(read_learning(reading, &root));
    reading->model->unknown_fields = reading->unknown_fields;
    for (size_t i = 0; i < reading->model->layer_count; i++)
        reading->model->unknown_fields -= reading->model->layers[i].unknown_fields;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_fbz_read_payload(cnn2snn_context *context, const unsigned char *data, size_t size,
                                    cnn2snn_akida_model **out_model, cnn2snn_error **error)
{
    struct reading reading = {
        .context = context,
        .buffer = {context, {data, size, 0}, size * (uint64_t)BUDGET_PER_BYTE + SMALLEST_BUDGET},
        .data_left = size,
        .error = error,
    };
    C2S_TRY(c2s_akida_model_create(context, &reading.model, error));
    cnn2snn_status status = read_root(&reading);
    c2s_free(context, reading.names);
    if (status) {
        c2s_akida_model_release(reading.model);
        return status;
    }
    if (reading.unknown_fields)
        c2s_log(context, CNN2SNN_LOG_WARNING, "%llu fields of the file aren't known and are dropped",
                (unsigned long long)reading.unknown_fields);
    *out_model = reading.model;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_fbz_read(cnn2snn_context *context, const void *data, size_t size, cnn2snn_akida_model **out_model,
                            cnn2snn_error **error)
{
    unsigned char *payload;
    size_t payload_size;
    C2S_TRY(c2s_snappy_decompress(context, data, size, context->max_total_bytes, &payload, &payload_size, error));
    cnn2snn_status status = c2s_fbz_read_payload(context, payload, payload_size, out_model, error);
    c2s_free(context, payload);
    return status;
}

cnn2snn_status c2s_fbz_load(cnn2snn_context *context, const char *path, cnn2snn_akida_model **out_model,
                            cnn2snn_error **error)
{
    cnn2snn_buffer *buffer;
    C2S_TRY(c2s_file_read(context, path, &buffer, error));
    cnn2snn_status status = c2s_fbz_read(context, buffer->data, buffer->size, out_model, error);
    c2s_buffer_destroy(buffer);
    if (status)
        c2s_error_set_file(error, path);
    return status;
}
