/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which array of a file becomes which weight: by order, as the writer's version did; names count only for
 * layers that hold whatever the file has. Kernels of old writers are turned to today's layout.
 */
#include "formats/keras_weights.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "formats/keras_kernels.h"
#include "layers/quantizeml_attributes.h"

/* A layer of the file that has weights. */
struct stored_layer {
    struct c2s_image_text name;
    size_t group;
    struct c2s_image_text *weights;
    size_t count;
};

struct assignment {
    cnn2snn_context *context;
    const struct c2s_image_index *index;
    size_t group;
    struct c2s_kernel_history history;
    struct stored_layer *stored;
    size_t stored_count;
    bool first_release; /* of QuantizeML */
    cnn2snn_error **error;
};

/* For messages: long names are cut. */
static int shown(struct c2s_image_text text)
{
    return (int)(text.size < 200 ? text.size : 200);
}

static bool is_name(struct c2s_image_text text, const char *name)
{
    return text.size == strlen(name) && !memcmp(text.bytes, name, text.size);
}

/* ------------------------------------------------------------------------------------------------ reading */

static cnn2snn_status append_names(const struct c2s_image_index *index, const struct c2s_image_attribute *attribute,
                                   struct c2s_image_text **names, size_t *count, size_t *capacity,
                                   cnn2snn_error **error)
{
    if (c2s_array_reserve(index->context, names, capacity, *count + attribute->count, sizeof **names))
        return c2s_error_no_memory(error);
    size_t position = attribute->position;
    for (uint32_t i = 0; i < attribute->count; i++)
        (*names)[(*count)++] = c2s_image_next_string(index, &position);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_keras_read_names(const struct c2s_image_index *index, size_t group, const char *attribute,
                                    struct c2s_image_text **out, size_t *out_count, cnn2snn_error **error)
{
    const struct c2s_image_attribute *found = c2s_image_find_attribute(index, group, attribute);
    size_t capacity = 0;
    *out = NULL;
    *out_count = 0;
    if (found)
        return append_names(index, found, out, out_count, &capacity, error);
    for (unsigned part = 0;; part++) {
        char name[64];
        snprintf(name, sizeof name, "%s%u", attribute, part);
        found = c2s_image_find_attribute(index, group, name);
        if (!found)
            break;
        cnn2snn_status status = append_names(index, found, out, out_count, &capacity, error);
        if (status) {
            c2s_free(index->context, *out);
            *out = NULL;
            return status;
        }
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_keras_read_array(const struct c2s_image_index *index, size_t group, struct c2s_image_text path,
                                    const char *layer, bool as_float, cnn2snn_tensor **out, cnn2snn_error **error)
{
    const struct c2s_image_object *object = c2s_image_find(index, group, path);
    *out = NULL;
    if (!object || object->kind == C2S_IMAGE_GROUP)
        return c2s_layer_error(index->context, error, CNN2SNN_E_MALFORMED, "F-weights", layer,
                               "the file has no array '%.*s'", shown(path), path.bytes);
    if (object->kind == C2S_IMAGE_REFUSED)
        return c2s_layer_error(index->context, error, CNN2SNN_E_UNSUPPORTED, "F-hdf5-refused", layer,
                               "array '%.*s' can't be read: %.*s", shown(path), path.bytes, shown(object->reason),
                               object->reason.bytes);
    cnn2snn_status status = c2s_image_tensor(index, object, as_float, out, error);
    if (status)
        c2s_error_set_layer(error, layer);
    return status;
}

static cnn2snn_status find_stored(struct assignment *assignment, struct c2s_image_text name)
{
    const struct c2s_image_index *index = assignment->index;
    const struct c2s_image_object *group = c2s_image_find(index, assignment->group, name);
    if (group && group->kind == C2S_IMAGE_REFUSED)
        return c2s_error(assignment->context, assignment->error, CNN2SNN_E_UNSUPPORTED, "F-hdf5-refused",
                         "group '%.*s' can't be read: %.*s", shown(name), name.bytes, shown(group->reason),
                         group->reason.bytes);
    if (!group || group->kind != C2S_IMAGE_GROUP)
        return c2s_error(assignment->context, assignment->error, CNN2SNN_E_MALFORMED, "F-weights",
                         "layer_names has '%.*s', but the file has no such group", shown(name), name.bytes);
    struct stored_layer *stored = &assignment->stored[assignment->stored_count];
    stored->name = name;
    stored->group = c2s_image_number(index, group);
    C2S_TRY(c2s_keras_read_names(index, stored->group, "weight_names", &stored->weights, &stored->count,
                                 assignment->error));
    if (stored->count)
        assignment->stored_count++;
    return CNN2SNN_OK;
}

static cnn2snn_status read_stored(struct assignment *assignment)
{
    struct c2s_image_text *names;
    size_t count;
    C2S_TRY(
        c2s_keras_read_names(assignment->index, assignment->group, "layer_names", &names, &count, assignment->error));
    assignment->stored = c2s_calloc(assignment->context, count + 1, sizeof *assignment->stored);
    cnn2snn_status status = assignment->stored ? CNN2SNN_OK : c2s_error_no_memory(assignment->error);
    for (size_t i = 0; i < count && !status; i++)
        status = find_stored(assignment, names[i]);
    c2s_free(assignment->context, names);
    return status;
}

static const struct stored_layer *stored_by_name(const struct assignment *assignment, const char *name)
{
    for (size_t i = 0; i < assignment->stored_count; i++)
        if (is_name(assignment->stored[i].name, name))
            return &assignment->stored[i];
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ one layer */

/* Puts a weight into its layer, which gets room for all of them with the first. */
static cnn2snn_status fill_slot(const struct assignment *assignment, const struct stored_layer *stored,
                                struct c2s_image_text path, const struct c2s_weight_slot *slot)
{
    cnn2snn_layer *layer = slot->layer;
    cnn2snn_tensor *read = NULL, *turned = NULL;
    cnn2snn_status status;
    if (layer->weight_count != slot->count)
        C2S_TRY(c2s_layer_reset_weights(layer, slot->count, assignment->error));
    C2S_GOTO(
        c2s_keras_read_array(assignment->index, stored->group, path, layer->name, true, &read, assignment->error));
    C2S_GOTO(
        c2s_kernel_convert(layer, slot->index, &slot->spec, &assignment->history, read, &turned, assignment->error));
    C2S_GOTO(c2s_layer_check_weight(layer, &slot->spec, turned, assignment->error));
    c2s_tensor_release(layer->weights[slot->index].tensor);
    layer->weights[slot->index] = (struct c2s_weight){slot->spec.name, turned};
    turned = NULL;
    layer->built = true;
done:
    c2s_tensor_release(read);
    c2s_tensor_release(turned);
    return status;
}

/* Is "a/output_quantizer/rescaling_rate:0" an array for this slot? What is in front of the last '/' may differ. */
static bool is_for_slot(struct c2s_image_text path, const struct c2s_weight_slot *slot)
{
    const char *last = strrchr(slot->spec.name, '/');
    last = last ? last + 1 : slot->spec.name;
    size_t size = strlen(last), end = path.size;
    if (end > 2 && path.bytes[end - 2] == ':')
        end -= 2;
    return end >= size && !memcmp(path.bytes + end - size, last, size) &&
           (end == size || path.bytes[end - size - 1] == '/');
}

/* An optional weight that the file lacks: its initial value, in the shape of the weight in front of it. */
static cnn2snn_status fill_absent(const struct assignment *assignment, const struct c2s_weight_slot *slot)
{
    cnn2snn_layer *layer = slot->layer;
    struct c2s_weight *weights = layer->weights;
    cnn2snn_tensor *tensor;
    if (layer->weight_count != slot->count || !slot->index || !weights[slot->index - 1].tensor)
        return c2s_layer_error(assignment->context, assignment->error, CNN2SNN_E_VALUE, "F-weights", layer->name,
                               "the file has no %s, nor what is in front of it", slot->spec.name);
    const cnn2snn_tensor *model = weights[slot->index - 1].tensor;
    C2S_TRY(c2s_tensor_create(assignment->context, CNN2SNN_DTYPE_FLOAT32, model->rank, model->shape, &tensor,
                              assignment->error));
    for (uint64_t i = 0; i < tensor->count; i++)
        c2s_f32_writable(tensor)[i] = slot->spec.initial;
    c2s_tensor_release(weights[slot->index].tensor);
    weights[slot->index] = (struct c2s_weight){slot->spec.name, tensor};
    return CNN2SNN_OK;
}

/* "query/kernel" of "outer/mine/query/kernel:0" for a layer "mine"; NULL when the layer isn't in the path. */
static const char *name_within(struct c2s_image_text path, const char *layer, size_t *out_size)
{
    size_t size = strlen(layer);
    const char *end = path.bytes + path.size;
    if (path.size > 2 && end[-2] == ':' && end[-1] >= '0' && end[-1] <= '9')
        end -= 2;
    for (const char *at = path.bytes; at + size < end; at++) {
        if (!memcmp(at, layer, size) && at[size] == '/' && (at == path.bytes || at[-1] == '/')) {
            *out_size = (size_t)(end - at) - size - 1;
            return at + size + 1;
        }
    }
    return NULL;
}

struct taken {
    cnn2snn_tensor **tensors;
    char **names;
    size_t count;
};

static cnn2snn_status take_weights(const struct assignment *assignment, const struct stored_layer *stored,
                                   const char *layer, bool all, bool *used, struct taken *taken)
{
    for (size_t i = 0; i < stored->count; i++) {
        size_t size = stored->weights[i].size;
        const char *name = name_within(stored->weights[i], layer, &size);
        if (used[i] || (!name && !all))
            continue;
        used[i] = true;
        size_t number = taken->count++;
        taken->names[number] = c2s_strndup(assignment->context, name ? name : stored->weights[i].bytes, size);
        if (!taken->names[number])
            return c2s_error_no_memory(assignment->error);
        C2S_TRY(c2s_keras_read_array(assignment->index, stored->group, stored->weights[i], layer, false,
                                     &taken->tensors[number], assignment->error));
    }
    return CNN2SNN_OK;
}

/* A layer that holds whatever the file has: `all` of the group, or what has the layer's name in its path. */
static cnn2snn_status fill_free_layer(const struct assignment *assignment, const struct stored_layer *stored,
                                      cnn2snn_layer *layer, bool all, bool *used)
{
    cnn2snn_context *context = assignment->context;
    struct taken taken = {c2s_calloc(context, stored->count, sizeof *taken.tensors),
                          c2s_calloc(context, stored->count, sizeof *taken.names), 0};
    cnn2snn_status status = taken.tensors && taken.names ? CNN2SNN_OK : c2s_error_no_memory(assignment->error);
    if (!status)
        status = take_weights(assignment, stored, layer->name, all, used, &taken);
    if (!status)
        status = c2s_layer_set_named_weights(layer, taken.count, (const char *const *)taken.names, taken.tensors,
                                             assignment->error);
    for (size_t i = 0; i < taken.count; i++) {
        c2s_free(context, taken.names[i]);
        c2s_tensor_release(taken.tensors[i]);
    }
    c2s_free(context, taken.tensors);
    c2s_free(context, taken.names);
    return status;
}

/* How many weights the file may lack. */
static size_t count_optional(const struct c2s_weight_order *order)
{
    size_t count = 0;
    for (size_t i = 0; i < order->count; i++)
        count += order->slots[i].spec.optional;
    return count;
}

/* The slots in their order; while some are to be left out, optional ones of another name than the next array's are.
 */
static cnn2snn_status fill_slots(const struct assignment *assignment, const struct stored_layer *stored,
                                 const struct c2s_weight_order *order, size_t absent, const bool *used)
{
    size_t next = 0;
    for (size_t i = 0; i < order->count; i++) {
        while (next < stored->count && used[next])
            next++;
        const struct c2s_weight_slot *slot = &order->slots[i];
        bool leave_out = absent && slot->spec.optional;
        if (leave_out && (next == stored->count || !is_for_slot(stored->weights[next], slot))) {
            C2S_TRY(fill_absent(assignment, slot));
            absent--;
        } else if (next < stored->count) {
            C2S_TRY(fill_slot(assignment, stored, stored->weights[next++], slot));
        } else {
            return c2s_layer_error(assignment->context, assignment->error, CNN2SNN_E_VALUE, "F-weights",
                                   slot->layer->name, "the file has no %s", slot->spec.name);
        }
    }
    return CNN2SNN_OK;
}

/* The range of outputs as QuantizeML's first release calls it, which lacks its rescaling_rate. */
static bool has_first_ranges(const struct stored_layer *stored)
{
    static const struct c2s_weight_slot range = {.spec = {.name = "max_value"}};
    for (size_t i = 0; i < stored->count; i++)
        if (is_for_slot(stored->weights[i], &range))
            return true;
    return false;
}

static cnn2snn_status fill_layer(const struct assignment *assignment, const struct stored_layer *stored,
                                 cnn2snn_layer *layer, const struct c2s_weight_order *order, bool *used)
{
    for (size_t i = 0; i < order->free_count; i++)
        C2S_TRY(fill_free_layer(assignment, stored, order->free_layers[i], !layer->graph, used));
    size_t left = 0;
    for (size_t i = 0; i < stored->count; i++)
        left += !used[i];
    if (left > order->count || order->count - left > count_optional(order))
        return c2s_layer_error(assignment->context, assignment->error, CNN2SNN_E_VALUE, "F-weights", layer->name,
                               "the file has %zu weights ('%.*s'), expected %zu", left, shown(stored->name),
                               stored->name.bytes, order->count);
    return fill_slots(assignment, stored, order, order->count - left, used);
}

/* ------------------------------------------------------------------------------------------------ the model */

static void mark_built(cnn2snn_layer *layer)
{
    if (!layer->graph)
        return;
    layer->built = true;
    for (size_t i = 0; i < layer->graph->layer_count; i++) {
        mark_built(layer->graph->layers[i]);
        layer->built = layer->built && layer->graph->layers[i]->built;
    }
}

/* Does the order of layers count this one? Those that hold anything have weights when the file says so. */
static bool has_weights(const struct assignment *assignment, const cnn2snn_layer *layer,
                        const struct c2s_weight_order *order)
{
    return order->count || (order->free_count && stored_by_name(assignment, layer->name));
}

static cnn2snn_status assign_layer(struct assignment *assignment, struct c2s_graph *graph,
                                   const struct c2s_node *call, size_t *next)
{
    cnn2snn_layer *layer = graph->layers[call->layer];
    struct c2s_weight_order order;
    C2S_TRY(c2s_weight_order_of(graph, call, &order, assignment->error));
    cnn2snn_status status = CNN2SNN_OK;
    if (has_weights(assignment, layer, &order)) {
        if (*next < assignment->stored_count) {
            const struct stored_layer *stored = &assignment->stored[*next];
            assignment->first_release = assignment->first_release || (count_optional(&order) && has_first_ranges(stored));
            bool *used = c2s_calloc(assignment->context, stored->count, sizeof *used);
            status =
                used ? fill_layer(assignment, stored, layer, &order, used) : c2s_error_no_memory(assignment->error);
            c2s_free(assignment->context, used);
        }
        ++*next;
    }
    c2s_weight_order_free(&order);
    mark_built(layer);
    return status;
}

static cnn2snn_status assign(struct assignment *assignment, struct c2s_graph *graph)
{
    size_t next = 0, *first;
    C2S_TRY(read_stored(assignment));
    C2S_TRY(c2s_first_calls(graph, &first, assignment->error));
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; i < graph->layer_count && !status; i++)
        status = assign_layer(assignment, graph, &graph->nodes[first[i]], &next);
    c2s_free(assignment->context, first);
    C2S_TRY(status);
    if (next != assignment->stored_count)
        return c2s_error(assignment->context, assignment->error, CNN2SNN_E_VALUE, "F-weights",
                         "the file has %zu layers with weights, but the model %zu", assignment->stored_count, next);
    return assignment->first_release ? c2s_graph_mark_first_release(graph, assignment->error) : CNN2SNN_OK;
}

static cnn2snn_status refuse_own_weights(struct assignment *assignment)
{
    static const char name[] = "top_level_model_weights";
    const struct c2s_image_object *own =
        c2s_image_find(assignment->index, assignment->group, (struct c2s_image_text){name, sizeof name - 1});
    if (!own || own->kind != C2S_IMAGE_GROUP)
        return CNN2SNN_OK;
    struct c2s_image_text *names;
    size_t count;
    C2S_TRY(c2s_keras_read_names(assignment->index, c2s_image_number(assignment->index, own), "weight_names", &names,
                                 &count, assignment->error));
    c2s_free(assignment->context, names);
    return count ? c2s_error(assignment->context, assignment->error, CNN2SNN_E_UNSUPPORTED, "F-weights",
                             "the model has %zu weights of its own, beside its layers", count)
                 : CNN2SNN_OK;
}

cnn2snn_status c2s_keras_weights_assign(struct c2s_graph *graph, const struct c2s_image_index *index, size_t group,
                                        cnn2snn_error **error)
{
    struct assignment assignment = {.context = graph->context,
                                    .index = index,
                                    .group = group,
                                    .history = c2s_kernel_history_of(index, group),
                                    .error = error};
    cnn2snn_status status = refuse_own_weights(&assignment);
    if (!status)
        status = assign(&assignment, graph);
    for (size_t i = 0; i <= assignment.stored_count && assignment.stored; i++)
        c2s_free(assignment.context, assignment.stored[i].weights);
    c2s_free(assignment.context, assignment.stored);
    return status;
}
