/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the bytes of a written .fbz file (spec/fbz.md 1 and 2). The same model gives the same bytes. */
#include "akida/fbz.h"

#include <snappy-c.h>
#include <string.h>

#include "akida/flatbuffer_writer.h"
#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

/* Kinds of tables; each has one vtable at the start of the file. */
enum { LAYER, PARAMETERS, MAP, ENTRY, ENTRY_WITHOUT_VALUE, VARIABLE_COLUMN_MAJOR, VARIABLE, REAL_ENTRY, TABLE_COUNT };

/* Size of the vtable, size of the table, then where each field lies in the table. */
static const uint16_t vtables[TABLE_COUNT][7] = {
    [LAYER] = {14, 20, 0, 4, 8, 12, 16},
    [PARAMETERS] = {12, 8, 0, 0, 0, 4},
    [MAP] = {6, 8, 4},
    [ENTRY] = {8, 12, 4, 8},
    [ENTRY_WITHOUT_VALUE] = {6, 8, 4},
    [VARIABLE_COLUMN_MAJOR] = {12, 20, 4, 8, 12, 16},
    [VARIABLE] = {14, 20, 4, 8, 12, 16, 17},
    [REAL_ENTRY] = {8, 16, 4, 8},
};

struct output {
    struct c2s_flat_writer writer;
    size_t vtables[TABLE_COUNT];
};

static size_t add_table(struct output *output, size_t slot, int kind)
{
    return c2s_flat_add_table(&output->writer, slot, output->vtables[kind], vtables[kind][1],
                              kind == REAL_ENTRY ? 8 : 4);
}

static void add_entry(struct output *output, size_t slot, const char *key, int32_t value)
{
    size_t entry = add_table(output, slot, value ? ENTRY : ENTRY_WITHOUT_VALUE);
    if (value)
        c2s_flat_put_u32(&output->writer, entry + 8, (uint32_t)value);
    c2s_flat_add_string(&output->writer, entry + 4, key);
}

/* All parameters, layer_type at its place between them. */
static void add_parameters(struct output *output, size_t slot, const struct c2s_akida_layer *layer)
{
    static const char key_of_kind[] = "layer_type";
    size_t parameters = add_table(output, slot, PARAMETERS), map = add_table(output, parameters + 4, MAP);
    size_t entry = c2s_flat_add_vector(&output->writer, map + 4, layer->parameter_count + 1, 4) + 4, i = 0;
    for (; i < layer->parameter_count && strcmp(layer->parameters[i].name, key_of_kind) < 0; i++, entry += 4)
        add_entry(output, entry, layer->parameters[i].name, layer->parameters[i].value);
    add_entry(output, entry, key_of_kind, layer->kind);
    for (entry += 4; i < layer->parameter_count; i++, entry += 4)
        add_entry(output, entry, layer->parameters[i].name, layer->parameters[i].value);
}

static void add_variable(struct output *output, size_t slot, const struct c2s_akida_layer *layer,
                         const struct c2s_akida_variable *variable)
{
    struct c2s_flat_writer *writer = &output->writer;
    const cnn2snn_tensor *tensor = variable->tensor;
    size_t table = add_table(output, slot, variable->layout ? VARIABLE : VARIABLE_COLUMN_MAJOR);
    c2s_flat_put_u8(writer, table + 16, (uint8_t)c2s_akida_variable_element_type(layer, variable));
    if (variable->layout)
        c2s_flat_put_u8(writer, table + 17, (uint8_t)variable->layout);
    c2s_flat_add_string(writer, table + 4, variable->name);
    size_t shape = c2s_flat_add_vector(writer, table + 8, tensor->rank, 4) + 4;
    for (size_t i = 0; i < tensor->rank; i++)
        c2s_flat_put_u32(writer, shape + 4 * i, (uint32_t)tensor->shape[variable->layout ? i : tensor->rank - 1 - i]);
    size_t data = c2s_flat_add_vector(writer, table + 12, tensor->size, 1) + 4;
    c2s_flat_put_bytes(writer, data, tensor->data, tensor->size);
}

static void add_layer(struct output *output, size_t slot, const cnn2snn_akida_model *model,
                      const struct c2s_akida_layer *layer)
{
    struct c2s_flat_writer *writer = &output->writer;
    size_t table = add_table(output, slot, LAYER);
    c2s_flat_add_string(writer, table + 4, layer->name);
    size_t element = c2s_flat_add_vector(writer, table + 8, layer->variable_count, 4) + 4;
    for (size_t i = 0; i < layer->variable_count; i++, element += 4)
        add_variable(output, element, layer, &layer->variables[i]);
    add_parameters(output, table + 12, layer);
    element = c2s_flat_add_vector(writer, table + 16, layer->inbound_count, 4) + 4;
    for (size_t i = 0; i < layer->inbound_count; i++, element += 4)
        c2s_flat_add_string(writer, element, model->layers[layer->inbounds[i]].name);
}

static void add_learning(struct output *output, size_t slot, const cnn2snn_akida_model *model)
{
    size_t map = add_table(output, slot, MAP);
    size_t element = c2s_flat_add_vector(&output->writer, map + 4, model->learning_count, 4) + 4;
    for (size_t i = 0; i < model->learning_count; i++, element += 4) {
        const struct c2s_akida_learning *learning = &model->learning[i];
        size_t entry = add_table(output, element, learning->value != 0 ? REAL_ENTRY : ENTRY_WITHOUT_VALUE);
        if (learning->value != 0)
            c2s_flat_put_f64(&output->writer, entry + 8, learning->value);
        c2s_flat_add_string(&output->writer, entry + 4, learning->name);
    }
}

/* Root offset, vtables, then the root table and all that it refers to. */
static void add_model(struct output *output, const cnn2snn_akida_model *model, const char *version)
{
    struct c2s_flat_writer *writer = &output->writer;
    const uint16_t root[5] = {10, 16, 4, model->learning_count ? 8 : 0, version ? 12 : 0};
    size_t start = c2s_flat_take(writer, 4, 4), vtable = c2s_flat_add_vtable(writer, root, 5);
    for (int kind = 0; kind < TABLE_COUNT; kind++)
        output->vtables[kind] = c2s_flat_add_vtable(writer, vtables[kind], vtables[kind][0] / 2u);
    size_t table = c2s_flat_add_table(writer, start, vtable, root[1], 4);
    size_t element = c2s_flat_add_vector(writer, table + 4, model->layer_count, 4) + 4;
    for (size_t i = 0; i < model->layer_count; i++, element += 4)
        add_layer(output, element, model, &model->layers[i]);
    if (model->learning_count)
        add_learning(output, table + 8, model);
    if (version)
        c2s_flat_add_string(writer, table + 12, version);
    c2s_flat_take(writer, 0, 4);
}

/* The file's numbers have 32 bits: extents, and offsets of at most 2^31 - 1. */
static cnn2snn_status check_sizes(const cnn2snn_akida_model *model, size_t size, cnn2snn_error **error)
{
    if (size > INT32_MAX)
        return c2s_error(model->context, error, CNN2SNN_E_LIMIT, "F-fbz", "%zu bytes, expected fewer than 2^31",
                         size);
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t j = 0; j < model->layers[i].variable_count; j++) {
            const cnn2snn_tensor *tensor = model->layers[i].variables[j].tensor;
            for (size_t k = 0; k < tensor->rank; k++)
                if (tensor->shape[k] > UINT32_MAX)
                    return c2s_layer_error(model->context, error, CNN2SNN_E_LIMIT, "F-fbz", model->layers[i].name,
                                           "extent %lld of variable %s, expected fewer than 2^32",
                                           (long long)tensor->shape[k], model->layers[i].variables[j].name);
        }
    return CNN2SNN_OK;
}

static cnn2snn_status make_payload(const cnn2snn_akida_model *model, const char *version, struct output *output,
                                   cnn2snn_error **error)
{
    struct output measured = {{NULL, 0}, {0}};
    add_model(&measured, model, version);
    C2S_TRY(check_sizes(model, measured.writer.size, error));
    *output = (struct output){{c2s_alloc(model->context, measured.writer.size), 0}, {0}};
    if (!output->writer.data)
        return c2s_error_no_memory(error);
    add_model(output, model, version);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_fbz_write(const cnn2snn_akida_model *model, const char *version, cnn2snn_buffer **out_buffer,
                             cnn2snn_error **error)
{
    cnn2snn_context *context = model->context;
    cnn2snn_status status;
    struct output payload = {{NULL, 0}, {0}};
    cnn2snn_buffer *buffer = c2s_calloc(context, 1, sizeof *buffer);
    if (!buffer)
        return c2s_error_no_memory(error);
    buffer->context = c2s_context_retain(context);
    C2S_GOTO(make_payload(model, version, &payload, error));
    /* The reference's files are as long as the longest block could be, filled up with zeros. */
    buffer->size = snappy_max_compressed_length(payload.writer.size);
    buffer->data = c2s_alloc(context, buffer->size);
    if (!buffer->data)
        C2S_GOTO(c2s_error_no_memory(error));
    size_t used = buffer->size;
    if (snappy_compress((const char *)payload.writer.data, payload.writer.size, buffer->data, &used) != SNAPPY_OK)
        C2S_GOTO(c2s_error(context, error, CNN2SNN_E_LIMIT, "F-fbz", "%zu bytes can't be compressed",
                           payload.writer.size));
    memset(buffer->data + used, 0, buffer->size - used);
done:
    c2s_free(context, payload.writer.data);
    if (status)
        c2s_buffer_destroy(buffer);
    else
        *out_buffer = buffer;
    return status;
}

cnn2snn_status c2s_fbz_save(const cnn2snn_akida_model *model, const char *path, const char *version,
                            cnn2snn_error **error)
{
    cnn2snn_buffer *buffer;
    C2S_TRY(c2s_fbz_write(model, version, &buffer, error));
    cnn2snn_status status = c2s_file_write(model->context, path, buffer->data, buffer->size, error);
    c2s_buffer_destroy(buffer);
    return status;
}
