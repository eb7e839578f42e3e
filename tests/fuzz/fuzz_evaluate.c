/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model_config: a graph that can be built is run, on images of 5 pixels where an extent is open. The results are the
 * same for both samples at once, one by one, and by two threads; without samples there are the same shapes. The first
 * byte chooses settings as for fuzz_keras_config.
 */
#include "fuzz.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "evaluate/evaluate.h"
#include "formats/keras_config.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"

enum { MOST_VALUES = 8, OPEN_EXTENT = 5 };

static void fill(cnn2snn_tensor *tensor, size_t seed)
{
    for (size_t i = 0; i < tensor->count; i++)
        c2s_f32_writable(tensor)[i] = (float)((i * 37 + seed * 11) % 64) * 0.0625f - 1.5f;
}

/* An input for `samples` samples, or NULL for shapes that no tensor can have. */
static cnn2snn_tensor *make_input(const struct c2s_graph *graph, size_t index, int64_t samples)
{
    const cnn2snn_layer *layer = graph->layers[graph->nodes[graph->inputs[index]].layer];
    const struct c2s_input_attributes *input = layer->attributes;
    int64_t shape[CNN2SNN_MAX_RANK + 1] = {samples};
    cnn2snn_tensor *tensor = NULL;
    for (size_t i = 0; i < input->shape.rank; i++)
        shape[i + 1] = input->shape.extents[i] < 0 ? OPEN_EXTENT : input->shape.extents[i];
    if (c2s_tensor_create(graph->context, CNN2SNN_DTYPE_FLOAT32, input->shape.rank + 1, shape, &tensor, NULL))
        return NULL;
    fill(tensor, index);
    return tensor;
}

static cnn2snn_status run(const struct c2s_graph *graph, int64_t samples, int64_t batch, int32_t threads,
                          cnn2snn_tensor **outputs)
{
    const struct c2s_evaluate_options options = {.batch_size = batch, .threads = threads};
    cnn2snn_tensor *inputs[MOST_VALUES] = {NULL};
    cnn2snn_error *error = NULL;
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; !status && i < graph->input_count; i++) {
        inputs[i] = make_input(graph, i, samples);
        status = inputs[i] ? CNN2SNN_OK : CNN2SNN_E_LIMIT;
    }
    if (!status) {
        status = c2s_graph_evaluate(graph, graph->input_count, (const cnn2snn_tensor *const *)inputs, &options,
                                    outputs, &error);
        fuzz_require((status == 0) == (error == NULL));
        c2s_error_clear(&error);
    }
    for (size_t i = 0; i < graph->input_count; i++)
        c2s_tensor_release(inputs[i]);
    return status;
}

static void forget(const struct c2s_graph *graph, cnn2snn_tensor **outputs)
{
    for (size_t i = 0; i < graph->output_count; i++)
        c2s_tensor_release(outputs[i]);
}

static void run_all_ways(const struct c2s_graph *graph)
{
    cnn2snn_tensor *first[MOST_VALUES], *other[MOST_VALUES];
    if (run(graph, 2, 2, 1, first))
        return;
    for (int way = 0; way < 2; way++) {
        fuzz_require(!run(graph, 2, way ? 2 : 1, way ? 2 : 1, other));
        for (size_t i = 0; i < graph->output_count; i++)
            fuzz_require(c2s_tensor_same_shape(first[i], other[i]) &&
                         !memcmp(first[i]->data, other[i]->data, first[i]->size));
        forget(graph, other);
    }
    fuzz_require(!run(graph, 0, 0, 1, other));
    for (size_t i = 0; i < graph->output_count; i++)
        fuzz_require(
            other[i]->rank == first[i]->rank && !other[i]->count &&
            !memcmp(other[i]->shape + 1, first[i]->shape + 1, (first[i]->rank - 1) * sizeof *first[i]->shape));
    forget(graph, other);
    forget(graph, first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    cnn2snn_context *context = fuzz_context(CNN2SNN_ISOLATION_NONE);
    json_t *document = NULL;
    struct c2s_graph *graph = NULL;
    struct c2s_keras_read_settings settings = {.allow_unknown_layers = data[0] & 1,
                                               .keras_generation = data[0] & 4 ? 2 + (data[0] >> 1 & 1) : 0};
    context->max_tensor_elements = 4096;
    context->max_nodes = 60;
    cnn2snn_status status =
        c2s_json_parse(context, (const char *)data + 1, size - 1, "model_config", &document, NULL);
    if (!status)
        status = c2s_keras_config_read(context, document, &settings, &graph, NULL);
    if (!status)
        status = c2s_graph_build(graph, NULL);
    if (!status && graph->input_count <= MOST_VALUES && graph->output_count <= MOST_VALUES) {
        for (size_t l = 0; l < graph->layer_count; l++)
            for (size_t i = 0; i < graph->layers[l]->weight_count; i++)
                if (!strstr(graph->layers[l]->weights[i].name, "variance"))
                    fill(graph->layers[l]->weights[i].tensor, l + i);
        run_all_ways(graph);
    }
    c2s_graph_release(graph);
    json_decref(document);
    c2s_context_release(context);
    return 0;
}
