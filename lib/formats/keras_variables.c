/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which variables are whose. Groups are named after classes and counted within each model, by some writers
 * twice where a layer has weights: so, for each class, the groups that have variables go in the order of their
 * numbers to the layers that have weights.
 */
#include "formats/keras_variables.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "formats/keras_weights.h"

static struct c2s_image_text text_of(const char *string)
{
    return (struct c2s_image_text){string, strlen(string)};
}

/* The group at a path below a group, or NULL. */
static const struct c2s_image_object *find_group(const struct c2s_image_index *index, size_t group, const char *path)
{
    const struct c2s_image_object *found = c2s_image_find(index, group, text_of(path));
    return found && found->kind == C2S_IMAGE_GROUP ? found : NULL;
}

const struct c2s_image_object *c2s_keras_variables_find(const struct c2s_image_index *index, size_t group)
{
    const struct c2s_image_object *found = find_group(index, group, "layers");
    return found ? found : find_group(index, group, "_layer_checkpoint_dependencies");
}

/* An underscore in front of capitals that begin a word, or that come behind a small letter. */
void c2s_keras_snake_case(const char *class_name, struct c2s_text *out)
{
    const char *prefix = strrchr(class_name, '>');
    const char *name = prefix ? prefix + 1 : class_name;
    for (size_t i = 0, word = 0; name[i]; i++) {
        unsigned char c = (unsigned char)name[i], before = i ? (unsigned char)name[i - 1] : 0;
        unsigned char after = (unsigned char)name[i + 1];
        if (!isalnum(c) && c != '_')
            continue;
        /* a word takes the character in front of it: two words don't share one */
        bool begins_word = i > word && isupper(c) && (islower(after) || isdigit(after));
        if (begins_word || (i && isupper(c) && islower(before)))
            c2s_text_add(out, "_");
        if (begins_word)
            for (word = i + 1; islower((unsigned char)name[word + 1]) || isdigit((unsigned char)name[word + 1]);
                 word++) {
            }
        char lower = (char)tolower(c);
        c2s_text_add_bytes(out, &lower, 1);
    }
}

struct assignment {
    cnn2snn_context *context;
    const struct c2s_image_index *index;
    cnn2snn_error **error;
};

/* Where the search for the next group of a class goes on. */
struct counter {
    json_t *next; /* by class: the number */
    size_t most;
};

static bool has_variables(const struct assignment *assignment, const cnn2snn_layer *layer,
                          const struct c2s_image_object *group)
{
    size_t number = c2s_image_number(assignment->index, group);
    return layer->graph ? group->holds_arrays && c2s_keras_variables_find(assignment->index, number)
                        : c2s_image_find(assignment->index, number, text_of("vars/0")) != NULL;
}

static cnn2snn_status next_group(const struct assignment *assignment, struct counter *counter, size_t container,
                                 const cnn2snn_layer *layer, const struct c2s_image_object **out)
{
    struct c2s_text class_name, path;
    c2s_text_init(&class_name, assignment->context);
    c2s_text_init(&path, assignment->context);
    if (layer->graph)
        c2s_text_add(&class_name, layer->graph->sequential ? "sequential" : "functional");
    else
        c2s_keras_snake_case(layer->class_name, &class_name);
    *out = NULL;
    bool good = !class_name.failed && class_name.data;
    json_int_t number = good ? json_integer_value(json_object_get(counter->next, class_name.data)) : 0;
    for (; good && !*out && (uint64_t)number <= counter->most; number++) {
        c2s_text_free(&path);
        c2s_text_format(&path, number ? "%s_%lld" : "%s", class_name.data, (long long)number);
        good = !path.failed;
        const struct c2s_image_object *found = good ? find_group(assignment->index, container, path.data) : NULL;
        if (found && has_variables(assignment, layer, found))
            *out = found;
    }
    good = good && !json_object_set_new(counter->next, class_name.data, json_integer(number));
    c2s_text_free(&class_name);
    c2s_text_free(&path);
    return good ? CNN2SNN_OK : c2s_error_no_memory(assignment->error);
}

/* "vars/10" comes behind "vars/9". */
static size_t count_variables(const struct assignment *assignment, size_t group)
{
    char path[64];
    for (size_t count = 0;; count++) {
        snprintf(path, sizeof path, "vars/%zu", count);
        if (!c2s_image_find(assignment->index, group, text_of(path)))
            return count;
    }
}

static cnn2snn_status read_variable(const struct assignment *assignment, size_t group, size_t number,
                                    const char *layer, bool as_float, cnn2snn_tensor **out)
{
    char path[64];
    snprintf(path, sizeof path, "vars/%zu", number);
    return c2s_keras_read_array(assignment->index, group, text_of(path), layer, as_float, out, assignment->error);
}

struct taken {
    cnn2snn_tensor **tensors;
    char (*texts)[24];
    const char **names;
    size_t count;
};

static cnn2snn_status take_variables(const struct assignment *assignment, const cnn2snn_layer *layer, size_t group,
                                     struct taken *taken)
{
    cnn2snn_context *context = assignment->context;
    size_t count = count_variables(assignment, group);
    taken->tensors = c2s_calloc(context, count, sizeof *taken->tensors);
    taken->texts = c2s_calloc(context, count, sizeof *taken->texts);
    taken->names = c2s_calloc(context, count, sizeof *taken->names);
    if (!taken->tensors || !taken->texts || !taken->names)
        return c2s_error_no_memory(assignment->error);
    for (; taken->count < count; taken->count++) {
        snprintf(taken->texts[taken->count], sizeof *taken->texts, "%zu", taken->count);
        taken->names[taken->count] = taken->texts[taken->count];
        C2S_TRY(read_variable(assignment, group, taken->count, layer->name, false, &taken->tensors[taken->count]));
    }
    return CNN2SNN_OK;
}

/* A layer that holds whatever the file has, under its numbers. */
static cnn2snn_status fill_free_layer(const struct assignment *assignment, cnn2snn_layer *layer, size_t group)
{
    struct taken taken = {0};
    cnn2snn_status status = take_variables(assignment, layer, group, &taken);
    if (!status)
        status = c2s_layer_set_named_weights(layer, taken.count, taken.names, taken.tensors, assignment->error);
    for (size_t i = 0; i < taken.count; i++)
        c2s_tensor_release(taken.tensors[i]);
    c2s_free(assignment->context, taken.tensors);
    c2s_free(assignment->context, taken.texts);
    c2s_free(assignment->context, taken.names);
    return status;
}

static cnn2snn_status fill_slot(const struct assignment *assignment, const struct c2s_weight_slot *slot, size_t group,
                                size_t number)
{
    cnn2snn_layer *layer = slot->layer;
    cnn2snn_tensor *tensor;
    C2S_TRY(read_variable(assignment, group, number, layer->name, true, &tensor));
    cnn2snn_status status = c2s_layer_check_weight(layer, &slot->spec, tensor, assignment->error);
    if (!status && layer->weight_count != slot->count)
        status = c2s_layer_reset_weights(layer, slot->count, assignment->error);
    if (status) {
        c2s_tensor_release(tensor);
        return status;
    }
    c2s_tensor_release(layer->weights[slot->index].tensor);
    layer->weights[slot->index] = (struct c2s_weight){slot->spec.name, tensor};
    layer->built = true;
    return CNN2SNN_OK;
}

/* As they were created: trainable ones first, as in the order of a single layer, frozen or not. */
static cnn2snn_status fill_layer(const struct assignment *assignment, const struct c2s_weight_order *order,
                                 size_t group)
{
    size_t count = count_variables(assignment, group);
    if (count != order->count)
        return c2s_layer_error(assignment->context, assignment->error, CNN2SNN_E_VALUE, "F-weights",
                               order->slots[0].layer->name, "the file has %zu weights, expected %zu", count,
                               order->count);
    for (size_t i = 0; i < order->count; i++)
        C2S_TRY(fill_slot(assignment, &order->slots[i], group, i));
    return CNN2SNN_OK;
}

static cnn2snn_status assign_container(const struct assignment *assignment, struct c2s_graph *graph,
                                       size_t container);

static cnn2snn_status assign_found(const struct assignment *assignment, cnn2snn_layer *layer,
                                   const struct c2s_weight_order *order, const struct c2s_image_object *found)
{
    if (!found)
        return order->count
                   ? c2s_layer_error(assignment->context, assignment->error, CNN2SNN_E_VALUE, "F-weights",
                                     layer->name, "the file has no weights for it, expected %zu", order->count)
                   : CNN2SNN_OK;
    size_t group = c2s_image_number(assignment->index, found);
    if (layer->graph)
        return assign_container(
            assignment, layer->graph,
            c2s_image_number(assignment->index, c2s_keras_variables_find(assignment->index, group)));
    return order->free_count ? fill_free_layer(assignment, layer, group) : fill_layer(assignment, order, group);
}

static cnn2snn_status assign_layer(const struct assignment *assignment, struct c2s_graph *graph,
                                   const struct c2s_node *call, struct counter *counter, size_t container)
{
    cnn2snn_layer *layer = graph->layers[call->layer];
    struct c2s_weight_order order;
    const struct c2s_image_object *found = NULL;
    C2S_TRY(c2s_weight_order_of(graph, call, &order, assignment->error));
    cnn2snn_status status = CNN2SNN_OK;
    if (order.count || order.free_count)
        status = next_group(assignment, counter, container, layer, &found);
    if (!status)
        status = assign_found(assignment, layer, &order, found);
    c2s_weight_order_free(&order);
    return status;
}

static void mark_built(struct c2s_graph *graph)
{
    for (size_t i = 0; i < graph->layer_count; i++) {
        cnn2snn_layer *layer = graph->layers[i];
        layer->built = layer->built || layer->graph;
        for (size_t k = 0; layer->graph && k < layer->graph->layer_count; k++)
            layer->built = layer->built && layer->graph->layers[k]->built;
    }
}

static cnn2snn_status assign_container(const struct assignment *assignment, struct c2s_graph *graph, size_t container)
{
    /* 2.12 counts layers with weights twice */
    struct counter counter = {json_object(), 2 * graph->layer_count};
    size_t *first = NULL;
    cnn2snn_status status =
        counter.next ? c2s_first_calls(graph, &first, assignment->error) : c2s_error_no_memory(assignment->error);
    for (size_t i = 0; i < graph->layer_count && !status; i++)
        status = assign_layer(assignment, graph, &graph->nodes[first[i]], &counter, container);
    mark_built(graph);
    c2s_free(assignment->context, first);
    json_decref(counter.next);
    return status;
}

cnn2snn_status c2s_keras_variables_assign(struct c2s_graph *graph, const struct c2s_image_index *index, size_t group,
                                          cnn2snn_error **error)
{
    struct assignment assignment = {graph->context, index, error};
    const struct c2s_image_object *container = c2s_keras_variables_find(index, group);
    if (!container)
        return c2s_error(graph->context, error, CNN2SNN_E_MALFORMED, "F-weights",
                         "no Keras file: it has no group 'layers'");
    return assign_container(&assignment, graph, c2s_image_number(index, container));
}
