/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides the ranges of a quantized model: those that the float model's values have for one random sample
 * (spec/quantizeml-ptq.md 6), as check_model_compatibility calibrates. The sample is the same in each run.
 */
#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "evaluate/evaluate.h"
#include "quantize/qml_stages.h"
#include "transform/rewrite.h"
#include "transform/sanitize.h"

/* What a calibration may take: models that need more keep the ranges that their layers have at first. */
enum { MAX_VALUES = 1 << 27, PRODUCTS_PER_VALUE = 512 };

struct calibration {
    const struct c2s_qml_work *work;
    const struct c2s_graph *graph; /* quantized, node i calls layer i */
    struct c2s_calls calls;
    cnn2snn_layer **layers;   /* of the quantized graph, as they become; NULL: as they are */
    cnn2snn_tensor **samples; /* one for each input */
};

/* ------------------------------------------------------------------------------------------------ what it costs */

static int64_t saturating(int64_t a, int64_t b, int64_t limit)
{
    return a > 0 && b > limit / a ? limit + 1 : a * b;
}

/* Values and products of a sample, each up to its limit and one more. */
static bool is_affordable(const struct c2s_qml_work *work)
{
    uint64_t limit = work->context->max_tensor_elements;
    const int64_t most = limit < MAX_VALUES ? (int64_t)limit : MAX_VALUES, most_products = most * PRODUCTS_PER_VALUE;
    int64_t values = 0, products = 0;
    for (size_t i = 0; i < work->graph->node_count; i++) {
        const cnn2snn_layer *layer = work->graph->layers[i];
        int64_t count = c2s_shape_elements(&work->graph->nodes[i].shapes[0]);
        int64_t weights = layer->weight_count ? (int64_t)layer->weights[0].tensor->count : 1;
        int64_t filters = work->graph->nodes[i].shapes[0].rank
                              ? work->graph->nodes[i].shapes[0].extents[work->graph->nodes[i].shapes[0].rank - 1]
                              : 1;
        if (!work->reached[i])
            continue;
        if (count < 0 || count > most)
            return false;
        values += count;
        products += saturating(filters > 0 ? count / filters : count, weights, most_products);
        if (values > most || products > most_products)
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------------------------------------ samples */

/* Integers over the whole range of the type, one after another out of a linear congruential generator. */
static cnn2snn_status make_sample(const struct c2s_qml_work *work, const struct c2s_shape *shape, cnn2snn_dtype dtype,
                                  cnn2snn_tensor **out_sample, cnn2snn_error **error)
{
    int64_t extents[CNN2SNN_MAX_RANK + 1] = {1};
    if (shape->rank >= CNN2SNN_MAX_RANK)
        return c2s_error(work->context, error, CNN2SNN_E_UNSUPPORTED, "P-043", "an input of %zu axes", shape->rank);
    memcpy(extents + 1, shape->extents, shape->rank * sizeof *extents);
    C2S_TRY(c2s_tensor_create(work->context, CNN2SNN_DTYPE_FLOAT32, shape->rank + 1, extents, out_sample, error));
    size_t bits = 8 * c2s_dtype_size(dtype);
    bool is_signed = c2s_dtype_is_integer(dtype) && !c2s_dtype_is_unsigned(dtype); /* bool isn't */
    double size = ldexp(1, (int)bits), least = is_signed ? -size / 2 : 0;
    uint64_t state = 0x9e3779b97f4a7c15U;
    for (uint64_t i = 0; i < (*out_sample)->count; i++) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        c2s_f32_writable(*out_sample)[i] = (float)(least + floor((double)(state >> 11) * 0x1p-53 * size));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status make_samples(struct calibration *c, const struct c2s_graph *graph, cnn2snn_error **error)
{
    for (size_t i = 0; i < graph->input_count; i++) {
        const struct c2s_node *node = &graph->nodes[graph->inputs[i]];
        const struct c2s_input_attributes *input = graph->layers[node->layer]->attributes;
        cnn2snn_dtype dtype = input->dtype;
        if (c2s_dtype_is_float(dtype))
            dtype = c->work->parameters->input_dtype;
        C2S_TRY(make_sample(c->work, &node->shapes[0], dtype, &c->samples[i], error));
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ observing */

static const cnn2snn_layer *current(const struct calibration *c, size_t at)
{
    return c->layers[at] ? c->layers[at] : c->graph->layers[at];
}

static void observe(const cnn2snn_tensor *values, bool per_axis, float *range)
{
    uint64_t channels = per_axis ? (uint64_t)values->shape[values->rank - 1] : 1;
    for (uint64_t i = 0; i < channels; i++)
        range[i] = 0;
    for (uint64_t i = 0; i < values->count; i++)
        range[i % channels] = fmaxf(range[i % channels], fabsf(c2s_f32(values)[i]));
}

cnn2snn_status c2s_qml_set_weight(const cnn2snn_layer *layer, const char *name, cnn2snn_tensor *value,
                                  cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_tensor *weights[C2S_MAX_LAYER_WEIGHTS];
    for (size_t i = 0; i < layer->weight_count; i++)
        weights[i] = strcmp(layer->weights[i].name, name) ? layer->weights[i].tensor : value;
    return c2s_layer_with_weights(layer, layer->weight_count, weights, out_layer, error);
}

/* Replaces a weight of a layer of the quantized graph. */
static cnn2snn_status set_weight(struct calibration *c, size_t at, const char *name, cnn2snn_tensor *value,
                                 cnn2snn_error **error)
{
    cnn2snn_layer *made = NULL;
    C2S_TRY(c2s_qml_set_weight(current(c, at), name, value, &made, error));
    c2s_layer_release(c->layers[at]);
    c->layers[at] = made;
    return CNN2SNN_OK;
}

static cnn2snn_status observe_layer(void *user_data, const char *layer_name, const cnn2snn_tensor *output,
                                    cnn2snn_error **error)
{
    struct calibration *c = user_data;
    int64_t at = c2s_graph_find_layer(c->graph, layer_name);
    if (at < 0)
        return CNN2SNN_OK;
    const struct c2s_output_quantizer *quantizer = c2s_layer_output_quantizer(c->graph->layers[at]);
    const cnn2snn_tensor *old = c2s_layer_weight(c->graph->layers[at], "output_quantizer/range_max");
    if (!quantizer || !old || (quantizer->per_axis && old->count != (uint64_t)output->shape[output->rank - 1]))
        return CNN2SNN_OK;
    cnn2snn_tensor *range = NULL;
    C2S_TRY(c2s_tensor_create(c->work->context, CNN2SNN_DTYPE_FLOAT32, old->rank, old->shape, &range, error));
    observe(output, quantizer->per_axis, c2s_f32_writable(range));
    cnn2snn_status status = set_weight(c, (size_t)at, "output_quantizer/range_max", range, error);
    c2s_tensor_release(range);
    return status;
}

static cnn2snn_status run(struct calibration *c, const struct c2s_graph *graph, cnn2snn_error **error)
{
    const struct c2s_evaluate_options options = {
        .batch_size = 1, .layer_output = observe_layer, .layer_output_user_data = c};
    cnn2snn_tensor **outputs = c2s_calloc(c->work->context, graph->output_count, sizeof *outputs);
    if (!outputs)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_graph_evaluate(graph, graph->input_count, (const cnn2snn_tensor *const *)c->samples,
                                               &options, outputs, error);
    for (size_t i = 0; i < graph->output_count; i++)
        c2s_tensor_release(outputs[i]);
    c2s_free(c->work->context, outputs);
    return status;
}

/* ------------------------------------------------------------------------------------------------ the input */

/* Smallest and largest of each channel; unsigned integers begin at 0 at least. */
static cnn2snn_status observe_input(struct calibration *c, size_t at, const cnn2snn_tensor *sample,
                                    cnn2snn_error **error)
{
    const cnn2snn_layer *layer = c->graph->layers[at];
    const struct c2s_qml_input_quantizer_attributes *attributes = layer->attributes;
    const cnn2snn_tensor *old = layer->weights[0].tensor;
    cnn2snn_tensor *least = NULL, *most = NULL;
    uint64_t channels = attributes->per_axis ? (uint64_t)sample->shape[sample->rank - 1] : 1;
    if (channels != old->count || !sample->count)
        return CNN2SNN_OK;
    cnn2snn_status status =
        c2s_tensor_create(c->work->context, CNN2SNN_DTYPE_FLOAT32, old->rank, old->shape, &least, error);
    if (!status)
        status = c2s_tensor_create(c->work->context, CNN2SNN_DTYPE_FLOAT32, old->rank, old->shape, &most, error);
    for (uint64_t i = 0; !status && i < sample->count; i++) {
        float value = c2s_f32(sample)[i], *low = &c2s_f32_writable(least)[i % channels];
        float *high = &c2s_f32_writable(most)[i % channels];
        *low = i < channels || value < *low ? value : *low;
        *high = i < channels || value > *high ? value : *high;
    }
    for (uint64_t i = 0; !status && !attributes->is_signed && i < channels; i++)
        c2s_f32_writable(least)[i] = fminf(c2s_f32(least)[i], 0);
    if (!status)
        status = set_weight(c, at, "range_min", least, error);
    if (!status)
        status = set_weight(c, at, "range_max", most, error);
    c2s_tensor_release(least);
    c2s_tensor_release(most);
    return status;
}

static bool all_zero(const cnn2snn_tensor *tensor)
{
    for (uint64_t i = 0; i < tensor->count; i++)
        if (c2s_f32(tensor)[i] != 0)
            return false;
    return true;
}

/* What the integer 0 stands for goes into the layer that takes the input, over a Rescaling. */
static cnn2snn_status fold_zero_point(struct calibration *c, size_t at, cnn2snn_error **error)
{
    const struct c2s_qml_input_quantizer_attributes *attributes = c->graph->layers[at]->attributes;
    const cnn2snn_tensor *least = c2s_layer_weight(current(c, at), "range_min");
    if (attributes->is_signed || all_zero(least))
        return CNN2SNN_OK;
    double scale = 1;
    size_t next = at;
    do {
        if (c2s_calls_user_count(&c->calls, next) != 1)
            break;
        next = c->calls.users[c->calls.first_user[next]];
        if (c2s_layer_id(c->graph->layers[next]) == C2S_KIND_QML_RESCALING)
            scale *= ((const struct c2s_rescaling_attributes *)c->graph->layers[next]->attributes)->scale[0];
    } while (c2s_layer_id(c->graph->layers[next]) == C2S_KIND_QML_RESCALING);
    double *offsets = c2s_calloc(c->work->context, least->count, sizeof *offsets);
    cnn2snn_layer *made = NULL;
    if (!offsets)
        return c2s_error_no_memory(error);
    for (uint64_t i = 0; i < least->count; i++)
        offsets[i] = (double)(c2s_f32(least)[i] * (float)scale);
    cnn2snn_status status = c2s_layer_fold_offset(current(c, next), least->count, offsets, &made, error);
    c2s_free(c->work->context, offsets);
    if (status)
        return status;
    c2s_layer_release(c->layers[next]);
    c->layers[next] = made;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ all of it */

/* Each layer in the model's order: its range made even, which changes the weights behind it. */
static cnn2snn_status apply(struct calibration *c, cnn2snn_error **error)
{
    for (size_t i = 0; i < c->graph->layer_count; i++) {
        if (c2s_layer_id(c->graph->layers[i]) == C2S_KIND_QML_INPUT_QUANTIZER && c->samples[0]) {
            C2S_TRY(observe_input(c, i, c->samples[0], error));
            C2S_TRY(fold_zero_point(c, i, error));
        } else if (c2s_layer_output_quantizer(c->graph->layers[i])) {
            C2S_TRY(c2s_qml_equalize(c->graph, &c->calls, i, c->layers, error));
        }
    }
    return CNN2SNN_OK;
}

/* Layers that can't be run leave the ranges as they are. */
static cnn2snn_status find_ranges(struct calibration *c, cnn2snn_error **error)
{
    struct c2s_graph *floats = NULL;
    cnn2snn_error *cause = NULL;
    cnn2snn_status status = c2s_qml_make_float_graph(c->work, &floats, &cause);
    if (!status)
        status = make_samples(c, floats, &cause);
    if (!status)
        status = run(c, floats, &cause);
    c2s_graph_release(floats);
    status = c2s_status_of_cause(status, cause);
    if (!status || status == CNN2SNN_E_UNSUPPORTED) {
        c2s_error_clear(&cause);
        return CNN2SNN_OK;
    }
    return c2s_report_add_cause(c->work->report, status, cause, "P-044", error);
}

static cnn2snn_status calibrate(struct calibration *c, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    C2S_TRY(c2s_calls_find(c->graph, &c->calls, error));
    C2S_TRY(find_ranges(c, error));
    C2S_TRY(apply(c, error));
    return c2s_graph_with_layers(c->graph, c->layers, out_graph, error);
}

cnn2snn_status c2s_qml_calibrate(const struct c2s_qml_work *work, const struct c2s_graph *graph,
                                 struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct calibration c = {.work = work, .graph = graph};
    if (!is_affordable(work)) {
        *out_graph = c2s_graph_retain(graph);
        return CNN2SNN_OK;
    }
    c.layers = c2s_calloc(work->context, graph->layer_count, sizeof(cnn2snn_layer *));
    c.samples = c2s_calloc(work->context, work->graph->input_count, sizeof(cnn2snn_tensor *));
    cnn2snn_status status = c.layers && c.samples ? calibrate(&c, out_graph, error) : c2s_error_no_memory(error);
    for (size_t i = 0; c.layers && i < graph->layer_count; i++)
        c2s_layer_release(c.layers[i]);
    for (size_t i = 0; c.samples && i < work->graph->input_count; i++)
        c2s_tensor_release(c.samples[i]);
    c2s_free(work->context, c.layers);
    c2s_free(work->context, c.samples);
    c2s_calls_free(work->context, &c.calls);
    return status;
}
