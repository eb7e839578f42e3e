/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a saved model holds: what tf_keras 2.19 writes, so that the reference loads it. */
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/file.h"
#include "formats/hdf5_writer.h"
#include "formats/keras_hdf5.h"
#include "formats/keras_layer_order.h"
#include "formats/keras_weights.h"
#include "ir/model.h"

/* The form of the file is theirs, whatever the model came from. */
static const char keras_version[] = "2.19.0", backend[] = "tensorflow";

/* Names of the weights of one layer, unique within its group. */
struct names {
    cnn2snn_context *context;
    char **names;
    size_t count;
    json_t *taken;
};

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        c2s_free(names->context, names->names[i]);
    c2s_free(names->context, names->names);
    json_decref(names->taken);
}

/* "conv/kernel:0"; with a number behind the weight's name where two layers of nested models have the same. */
static cnn2snn_status add_name(struct names *names, const char *layer, const char *weight, cnn2snn_error **error)
{
    struct c2s_text text;
    c2s_text_init(&text, names->context);
    c2s_text_format(&text, "%s/%s:0", layer, weight);
    for (size_t number = 1; !text.failed && json_object_get(names->taken, text.data); number++) {
        c2s_text_free(&text);
        c2s_text_format(&text, "%s/%s_%zu:0", layer, weight, number);
    }
    if (!text.failed && !json_object_set_new(names->taken, text.data, json_true()))
        names->names[names->count] = c2s_strdup(names->context, text.data);
    c2s_text_free(&text);
    if (!names->names[names->count])
        return c2s_error_no_memory(error);
    names->count++;
    return CNN2SNN_OK;
}

static cnn2snn_status make_names(struct names *names, const struct c2s_weight_order *order, cnn2snn_error **error)
{
    names->names = c2s_calloc(names->context, order->count, sizeof *names->names);
    names->taken = json_object();
    if (!names->names || !names->taken)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < order->count; i++)
        C2S_TRY(add_name(names, order->slots[i].layer->name, order->slots[i].spec.name, error));
    return CNN2SNN_OK;
}

static cnn2snn_status write_weights(struct c2s_hdf5_writer *writer, hid_t group, const struct c2s_weight_order *order,
                                    const struct names *names)
{
    for (size_t i = 0; i < order->count; i++) {
        const struct c2s_weight_slot *slot = &order->slots[i];
        if (slot->index >= slot->layer->weight_count)
            return c2s_layer_error(writer->context, writer->error, CNN2SNN_E_STATE, "F-unbuilt", slot->layer->name,
                                   "has no weights yet, so the model can't be saved");
        C2S_TRY(c2s_hdf5_writer_array(writer, group, names->names[i], slot->layer->weights[slot->index].tensor));
    }
    return c2s_hdf5_writer_names(writer, group, "weight_names", names->count, (const char *const *)names->names);
}

static cnn2snn_status write_layer(struct c2s_hdf5_writer *writer, hid_t parent, const struct c2s_graph *graph,
                                  const struct c2s_node *call)
{
    struct c2s_weight_order order;
    struct names names = {.context = writer->context};
    hid_t group = -1;
    C2S_TRY(c2s_weight_order_of(graph, call, &order, writer->error));
    cnn2snn_status status = c2s_hdf5_writer_group(writer, parent, graph->layers[call->layer]->name, &group);
    if (!status)
        status = make_names(&names, &order, writer->error);
    if (!status)
        status = write_weights(writer, group, &order, &names);
    if (group >= 0)
        H5Gclose(group);
    free_names(&names);
    c2s_weight_order_free(&order);
    return status;
}

static cnn2snn_status write_versions(struct c2s_hdf5_writer *writer, hid_t group)
{
    C2S_TRY(c2s_hdf5_writer_string(writer, group, "keras_version", keras_version));
    return c2s_hdf5_writer_string(writer, group, "backend", backend);
}

/* The model's own weights, of which Sequential and functional models have none. */
static cnn2snn_status write_own_weights(struct c2s_hdf5_writer *writer, hid_t parent)
{
    hid_t group;
    C2S_TRY(c2s_hdf5_writer_group(writer, parent, "top_level_model_weights", &group));
    cnn2snn_status status = c2s_hdf5_writer_names(writer, group, "weight_names", 0, NULL);
    H5Gclose(group);
    return status;
}

/* The layers as Keras's model.layers has them: a Sequential's without its InputLayer. */
static cnn2snn_status write_layers(struct c2s_hdf5_writer *writer, hid_t group, const struct c2s_graph *graph,
                                   size_t count, const size_t *layers)
{
    size_t *first = NULL;
    const char **names = c2s_calloc(writer->context, count, sizeof *names);
    cnn2snn_status status =
        names ? c2s_first_calls(graph, &first, writer->error) : c2s_error_no_memory(writer->error);
    for (size_t i = 0; i < count && !status; i++) {
        names[i] = graph->layers[layers[i]]->name;
        status = write_layer(writer, group, graph, &graph->nodes[first[layers[i]]]);
    }
    if (!status)
        status = c2s_hdf5_writer_names(writer, group, "layer_names", count, names);
    c2s_free(writer->context, names);
    c2s_free(writer->context, first);
    return status;
}

static cnn2snn_status write_model_weights(struct c2s_hdf5_writer *writer, const struct c2s_graph *graph)
{
    struct c2s_layer_order order;
    hid_t group;
    C2S_TRY(c2s_layer_order_of(graph, &order, writer->error));
    size_t skipped = graph->sequential ? 1 : 0;
    cnn2snn_status status = c2s_hdf5_writer_group(writer, writer->file, "model_weights", &group);
    if (!status) {
        status = write_layers(writer, group, graph, order.count - skipped, order.layers + skipped);
        if (!status)
            status = write_own_weights(writer, group);
        if (!status)
            status = write_versions(writer, group);
        H5Gclose(group);
    }
    c2s_layer_order_free(writer->context, &order);
    return status;
}

static cnn2snn_status write_config(struct c2s_hdf5_writer *writer, const struct c2s_graph *graph)
{
    json_t *config;
    struct c2s_text text;
    C2S_TRY(c2s_keras_config_write(graph, &config, writer->error));
    c2s_text_init(&text, writer->context);
    c2s_json_dump(&text, config, false);
    json_decref(config);
    cnn2snn_status status = text.failed ? c2s_error_no_memory(writer->error)
                                        : c2s_hdf5_writer_string(writer, writer->file, "model_config", text.data);
    c2s_text_free(&text);
    return status;
}

/* Of Keras 3 it would be no use: tf_keras doesn't know its optimizers' arguments. */
static bool keeps_training(const cnn2snn_model *model)
{
    return model->training_config && !c2s_model_is_of_keras3(model);
}

static cnn2snn_status write_optimizer(struct c2s_hdf5_writer *writer, const cnn2snn_model *model)
{
    size_t count = model->optimizer_weight_count;
    hid_t group;
    const char **names = c2s_calloc(writer->context, count, sizeof *names);
    if (!names)
        return c2s_error_no_memory(writer->error);
    cnn2snn_status status = c2s_hdf5_writer_group(writer, writer->file, "optimizer_weights", &group);
    for (size_t i = 0; i < count && !status; i++) {
        names[i] = model->optimizer_weights[i].name;
        status = c2s_hdf5_writer_array(writer, group, names[i], model->optimizer_weights[i].tensor);
    }
    if (!status)
        status = c2s_hdf5_writer_names(writer, group, "weight_names", count, names);
    if (group >= 0)
        H5Gclose(group);
    c2s_free(writer->context, names);
    return status;
}

static cnn2snn_status write_model(struct c2s_hdf5_writer *writer, const cnn2snn_model *model)
{
    C2S_TRY(write_versions(writer, writer->file));
    C2S_TRY(write_config(writer, model->graph));
    if (keeps_training(model))
        C2S_TRY(c2s_hdf5_writer_string(writer, writer->file, "training_config", model->training_config));
    C2S_TRY(write_model_weights(writer, model->graph));
    if (keeps_training(model) && model->optimizer_weight_count)
        C2S_TRY(write_optimizer(writer, model));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_keras_hdf5_write(const cnn2snn_model *model, cnn2snn_buffer **out_buffer, cnn2snn_error **error)
{
    struct c2s_hdf5_writer writer;
    const void *data;
    size_t size;
    *out_buffer = NULL;
    cnn2snn_status status = c2s_hdf5_writer_open(model->context, &writer, error);
    if (!status)
        status = write_model(&writer, model);
    if (!status)
        status = c2s_hdf5_writer_finish(&writer, &data, &size);
    if (!status) {
        struct c2s_text text;
        c2s_text_init(&text, model->context);
        c2s_text_add_bytes(&text, data, size);
        status = c2s_text_to_buffer(&text, out_buffer, error);
    }
    c2s_hdf5_writer_close(&writer);
    return status;
}

cnn2snn_status c2s_keras_hdf5_save(const cnn2snn_model *model, const char *path, cnn2snn_error **error)
{
    struct c2s_hdf5_writer writer;
    const void *data;
    size_t size;
    cnn2snn_status status = c2s_hdf5_writer_open(model->context, &writer, error);
    if (!status)
        status = write_model(&writer, model);
    if (!status)
        status = c2s_hdf5_writer_finish(&writer, &data, &size);
    if (!status)
        status = c2s_file_write(model->context, path, data, size, error);
    if (status)
        c2s_error_set_file(error, path);
    c2s_hdf5_writer_close(&writer);
    return status;
}
