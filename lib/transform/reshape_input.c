/* SPDX-License-Identifier: Apache-2.0 */
/* Gives a Sequential another input size (spec/legacy.md e.9): rows and columns are new, channels and weights stay. */
#include "transform/transform.h"

#include <inttypes.h>

#include "base/allocator.h"
#include "base/error.h"
#include "base/report.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "transform/rewrite.h"

static cnn2snn_status make_input(const struct c2s_graph *graph, int64_t rows, int64_t columns,
                                 cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    const cnn2snn_layer *input = graph->layers[0];
    const struct c2s_input_attributes *attributes = input->attributes;
    if (rows < 1 || columns < 1)
        return c2s_layer_error(graph->context, error, CNN2SNN_E_VALUE, "L-E9", input->name,
                               "input size %" PRId64 " x %" PRId64 ", expected 1 x 1 or more", rows, columns);
    if (!attributes->shape.rank)
        return c2s_layer_error(graph->context, error, CNN2SNN_E_VALUE, "L-E9", input->name,
                               "input without dimensions, expected channels at least");
    int64_t channels = attributes->shape.extents[attributes->shape.rank - 1];
    struct c2s_shape shape = {.rank = 3, .extents = {rows, columns, channels}};
    return c2s_input_layer_create(graph->context, input->name, &shape, attributes->dtype, out_layer, error);
}

/* Old files keep the input's shape in the config of the first layer: it would contradict the new one. */
static cnn2snn_status without_input_shape(const cnn2snn_layer *layer, cnn2snn_layer **out_layer,
                                          cnn2snn_error **error)
{
    if (!json_object_get(layer->config, "batch_input_shape")) {
        *out_layer = c2s_layer_retain(layer);
        return CNN2SNN_OK;
    }
    json_t *config = json_copy(layer->config);
    if (!config)
        return c2s_error_no_memory(error);
    json_object_del(config, "batch_input_shape");
    cnn2snn_status status = c2s_layer_remake(layer, NULL, config, 0, NULL, out_layer, error);
    json_decref(config);
    return status;
}

cnn2snn_status c2s_reshape_input(const struct c2s_graph *graph, int64_t rows, int64_t columns,
                                 struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct c2s_layer_list list;
    cnn2snn_layer *input = NULL, *layer = NULL;
    cnn2snn_status status = CNN2SNN_OK;
    C2S_TRY(c2s_require_sequential(graph, "reshape", error));
    c2s_layer_list_init(&list, graph->context);
    C2S_GOTO(make_input(graph, rows, columns, &input, error));
    for (size_t i = 1; i < graph->layer_count; i++) {
        C2S_GOTO(without_input_shape(graph->layers[i], &layer, error));
        C2S_GOTO(c2s_layer_list_add_take(&list, layer, error));
    }
    status = c2s_sequential_create(graph->context, graph->name, input, &list, out_graph, error);
    if (status == CNN2SNN_E_VALUE) /* weights that depend on the size */
        c2s_error_set_remedy(error,
                             "a Dense behind Flatten has weights for one size: reshape the model without them, "
                             "or train it with GlobalAveragePooling2D in their place");
done:
    c2s_layer_release(input);
    c2s_layer_list_free(&list);
    return status;
}
