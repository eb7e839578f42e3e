/* SPDX-License-Identifier: Apache-2.0 */
/* Decides where a block of layers begins and ends, and which layers feed it (spec/quantizeml-conversion.md 3 to 6).
 */
#include "plan/qml_blocks.h"

#include "base/allocator.h"
#include "base/error.h"
#include "layers/attributes.h"
#include "layers/quantizeml_attributes.h"
#include "plan/qml_faults.h"

static const cnn2snn_layer *layer_of(const struct c2s_graph *graph, size_t node)
{
    return graph->layers[graph->nodes[node].layer];
}

/* ------------------------------------------------------------------------------------------------ order */

/* Nodes by the position of their layers, as long as each stands behind what it takes; otherwise as they are. */
static cnn2snn_status sort_nodes(const struct c2s_graph *graph, size_t *order, cnn2snn_error **error)
{
    size_t *places = c2s_calloc(graph->context, graph->layer_count + 1, sizeof *places);
    size_t *rank = c2s_calloc(graph->context, graph->node_count, sizeof *rank);
    bool ordered = true;
    if (places && rank) {
        for (size_t i = 0; i < graph->node_count; i++)
            places[graph->nodes[i].layer + 1]++;
        for (size_t i = 0; i < graph->layer_count; i++)
            places[i + 1] += places[i];
        for (size_t i = 0; i < graph->node_count; i++)
            order[rank[i] = places[graph->nodes[i].layer]++] = i;
        for (size_t i = 0; i < graph->node_count; i++)
            for (size_t j = 0; j < graph->nodes[i].input_count; j++)
                ordered = ordered && rank[graph->nodes[i].inputs[j].node] < rank[i];
        for (size_t i = 0; !ordered && i < graph->node_count; i++)
            order[i] = i;
    }
    cnn2snn_status status = places && rank ? CNN2SNN_OK : c2s_error_no_memory(error);
    c2s_free(graph->context, places);
    c2s_free(graph->context, rank);
    return status;
}

static void count_consumers(struct c2s_qml_split *split)
{
    const struct c2s_graph *graph = split->graph;
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct c2s_node *node = &graph->nodes[i];
        for (size_t j = 0; j < node->input_count; j++) {
            size_t from = node->inputs[j].node, again = 0;
            while (again < j && node->inputs[again].node != from)
                again++;
            if (again == j && !split->consumer_count[from]++)
                split->consumer[from] = i;
        }
    }
}

cnn2snn_status c2s_qml_split_create(const struct c2s_graph *graph, cnn2snn_akida_version version,
                                    struct c2s_qml_split *split, cnn2snn_error **error)
{
    size_t count = graph->node_count;
    *split = (struct c2s_qml_split){.graph = graph, .version = version, .count = count};
    split->order = c2s_calloc(graph->context, count, sizeof *split->order);
    split->consumer_count = c2s_calloc(graph->context, count, sizeof *split->consumer_count);
    split->consumer = c2s_calloc(graph->context, count, sizeof *split->consumer);
    split->block_of = c2s_calloc(graph->context, count, sizeof *split->block_of);
    if (!split->order || !split->consumer_count || !split->consumer || !split->block_of)
        return c2s_error_no_memory(error);
    C2S_TRY(sort_nodes(graph, split->order, error));
    count_consumers(split);
    for (size_t i = 0; i < count; i++)
        split->block_of[i] = C2S_NO_BLOCK;
    while (split->end < count && c2s_layer_id(layer_of(graph, split->order[split->end])) != C2S_KIND_QML_DEQUANTIZER)
        split->end++;
    return CNN2SNN_OK;
}

void c2s_qml_split_free(struct c2s_qml_split *split)
{
    if (!split->graph)
        return;
    cnn2snn_context *context = split->graph->context;
    c2s_free(context, split->order);
    c2s_free(context, split->consumer_count);
    c2s_free(context, split->consumer);
    c2s_free(context, split->block_of);
}

/* ------------------------------------------------------------------------------------------------ skipping */

/* Extents that are not 1, one after another. */
static size_t next_extent(const struct c2s_shape *shape, size_t at)
{
    while (at < shape->rank && shape->extents[at] == 1)
        at++;
    return at;
}

static bool is_neutral_reshape(const struct c2s_graph *graph, size_t node)
{
    const struct c2s_node *call = &graph->nodes[node];
    if (call->input_count != 1)
        return false;
    const struct c2s_shape *in = &graph->nodes[call->inputs[0].node].shapes[call->inputs[0].output];
    const struct c2s_shape *out = &call->shapes[0];
    size_t i = next_extent(in, 0), j = next_extent(out, 0);
    while (i < in->rank && j < out->rank && in->extents[i] == out->extents[j]) {
        i = next_extent(in, i + 1);
        j = next_extent(out, j + 1);
    }
    return i == in->rank && j == out->rank;
}

bool c2s_qml_is_skipped(const struct c2s_graph *graph, size_t node)
{
    switch (c2s_layer_id(layer_of(graph, node))) {
    case C2S_KIND_INPUT:
    case C2S_KIND_RESCALING:
    case C2S_KIND_ACTIVATION:
    case C2S_KIND_SOFTMAX:
    case C2S_KIND_DROPOUT:
    case C2S_KIND_QML_RESCALING: /* part of the scales */
    case C2S_KIND_QML_DROPOUT:
        return true;
    case C2S_KIND_QML_RESHAPE:
        return is_neutral_reshape(graph, node);
    default:
        return false;
    }
}

/* ------------------------------------------------------------------------------------------------ splitting */

/* First and last node of a block; those between are found by their only inputs. */
struct span {
    size_t first, last;
};

struct splitter {
    struct c2s_qml_split *split;
    cnn2snn_report *report;
    cnn2snn_error **error;
    struct span *spans; /* from the output to the input */
    size_t span_count;
};

static bool is_token_of_time(const cnn2snn_layer *layer)
{
    return c2s_layer_id(layer) == C2S_KIND_QML_EXTRACT_TOKEN &&
           ((const struct c2s_qml_token_attributes *)layer->attributes)->axis == 1;
}

/* Does a block begin behind this node? */
static bool cuts(const struct c2s_qml_split *split, size_t node)
{
    const cnn2snn_layer *layer = layer_of(split->graph, node);
    const struct c2s_output_quantizer *output = c2s_layer_output_quantizer(layer);
    if (c2s_layer_id(layer) == C2S_KIND_QML_INPUT_QUANTIZER)
        return true;
    if (split->version == CNN2SNN_AKIDA_V1)
        return output && output->present;
    return (output && output->present && output->bitwidth < 9) || split->graph->nodes[node].input_count > 1 ||
           is_token_of_time(layer);
}

/* Grows the block that ends with `last` towards the input. */
static cnn2snn_status add_span(struct splitter *at, size_t last)
{
    const struct c2s_graph *graph = at->split->graph;
    size_t node = last;
    ptrdiff_t index = (ptrdiff_t)at->span_count;
    at->split->block_of[node] = index;
    while (graph->nodes[node].input_count == 1) {
        size_t before = graph->nodes[node].inputs[0].node;
        if (cuts(at->split, before))
            break;
        if (at->split->consumer_count[before] > 1 && !c2s_qml_is_skipped(graph, before)) {
            if (at->split->consumer[before] == node) /* told once */
                C2S_TRY(c2s_qml_report_shared(at->report, layer_of(graph, before), at->error));
            break;
        }
        if (at->split->block_of[before] != C2S_NO_BLOCK)
            break;
        node = before;
        at->split->block_of[node] = index;
    }
    at->spans[at->span_count++] = (struct span){node, last};
    return CNN2SNN_OK;
}

static bool ends_block(const struct splitter *at, size_t node)
{
    if (!at->span_count || at->split->consumer_count[node] > 1)
        return true;
    if (!at->split->consumer_count[node])
        return false;
    size_t consumer = at->split->consumer[node];
    ptrdiff_t block = at->split->block_of[consumer];
    return block != C2S_NO_BLOCK && at->spans[block].first == consumer;
}

/* The first Dequantizer is a block of its own, but behind a PicoPostProcessing, which gives what it is. */
static bool drops_dequantizer(const struct c2s_graph *graph, size_t node)
{
    const struct c2s_node *call = &graph->nodes[node];
    return call->input_count == 1 &&
           c2s_layer_id(layer_of(graph, call->inputs[0].node)) == C2S_KIND_QML_PICO_POST_PROCESSING;
}

static cnn2snn_status split_all(struct splitter *at)
{
    struct c2s_qml_split *split = at->split;
    if (split->end < split->count && !drops_dequantizer(split->graph, split->order[split->end])) {
        size_t node = split->order[split->end];
        split->block_of[node] = 0;
        at->spans[at->span_count++] = (struct span){node, node};
    }
    for (size_t i = split->end; i-- > 0;) {
        size_t node = split->order[i];
        if (split->block_of[node] != C2S_NO_BLOCK)
            continue;
        if (ends_block(at, node))
            C2S_TRY(add_span(at, node));
        else
            C2S_TRY(c2s_qml_report_loose(at->report, layer_of(split->graph, node), at->error));
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ matching */

/* A span without what is skipped, from its first layer to its last. */
struct row {
    size_t *nodes;
    enum c2s_kind_id *kinds;
    size_t count;
};

static void fill_row(const struct c2s_graph *graph, const struct span *span, struct row *row)
{
    row->count = 0;
    for (size_t node = span->last;; node = graph->nodes[node].inputs[0].node) {
        if (!c2s_qml_is_skipped(graph, node))
            row->nodes[row->count++] = node;
        if (node == span->first)
            break;
    }
    for (size_t i = 0; i < row->count / 2; i++) {
        size_t swapped = row->nodes[i];
        row->nodes[i] = row->nodes[row->count - 1 - i];
        row->nodes[row->count - 1 - i] = swapped;
    }
    for (size_t i = 0; i < row->count; i++)
        row->kinds[i] = c2s_layer_id(layer_of(graph, row->nodes[i]));
}

static const struct c2s_input_attributes *model_input(const struct c2s_graph *graph)
{
    return graph->input_count ? layer_of(graph, graph->inputs[0])->attributes : NULL;
}

/* Images: 1 or 3 channels of uint8. Floats count as such. */
static bool takes_images(const struct c2s_graph *graph)
{
    const struct c2s_input_attributes *input = model_input(graph);
    if (!input || !input->shape.rank)
        return false;
    int64_t channels = input->shape.extents[input->shape.rank - 1];
    return (channels == 1 || channels == 3) &&
           (input->dtype == CNN2SNN_DTYPE_UINT8 || c2s_dtype_is_float(input->dtype));
}

/* May a block with so many `before` it be the one for images? It is the first, or the second behind a Quantizer of
 * unsigned 8 bits. */
static bool may_be_input(const struct c2s_qml_plan *plan, size_t before)
{
    if (!before)
        return true;
    if (before > 1 || !plan->block_count || plan->blocks[0].pattern->kind != C2S_BLOCK_QUANTIZER)
        return false;
    const struct c2s_qml_input_quantizer_attributes *quantizer =
        c2s_qml_block_layer(plan, &plan->blocks[0], 0)->attributes;
    return !quantizer->is_signed && quantizer->bitwidth == 8;
}

static const struct c2s_block_pattern *match(const struct c2s_block_patterns *patterns,
                                             const struct c2s_qml_plan *plan, size_t before, const struct row *row)
{
    const struct c2s_block_pattern *pattern = NULL;
    if (may_be_input(plan, before))
        pattern = c2s_block_pattern_find(patterns, plan->version, true, row->count, row->kinds);
    if (pattern && pattern->kind != C2S_BLOCK_QUANTIZER && !takes_images(plan->graph))
        pattern = NULL;
    return pattern ? pattern : c2s_block_pattern_find(patterns, plan->version, false, row->count, row->kinds);
}

static cnn2snn_status add_block(struct c2s_qml_plan *plan, const struct c2s_block_pattern *pattern,
                                const struct row *row, cnn2snn_error **error)
{
    if (c2s_array_reserve(plan->context, &plan->blocks, &plan->block_capacity, plan->block_count + 1,
                          sizeof *plan->blocks))
        return c2s_error_no_memory(error);
    struct c2s_qml_block *block = &plan->blocks[plan->block_count++];
    *block = (struct c2s_qml_block){.pattern = pattern, .count = row->count};
    for (size_t i = 0; i < row->count; i++)
        block->nodes[i] = row->nodes[i];
    return CNN2SNN_OK;
}

/* On Akida 1.0 the outputs between blocks are those of ReLU layers. */
static cnn2snn_status check_end_v1(const struct splitter *at, size_t node)
{
    const struct c2s_qml_split *split = at->split;
    const cnn2snn_layer *layer = layer_of(split->graph, node);
    enum c2s_kind_id id = c2s_layer_id(layer);
    if (split->version != CNN2SNN_AKIDA_V1 || id == C2S_KIND_QML_RELU || id == C2S_KIND_QML_INPUT_QUANTIZER ||
        !cuts(split, node) || !split->consumer_count[node])
        return CNN2SNN_OK;
    const cnn2snn_layer *behind = layer_of(split->graph, split->consumer[node]);
    if (c2s_layer_id(behind) == C2S_KIND_QML_DEQUANTIZER)
        return CNN2SNN_OK;
    return c2s_qml_report_cut(at->report, layer, behind, at->error);
}

static cnn2snn_status match_all(const struct splitter *at, const struct c2s_block_patterns *patterns,
                                struct c2s_qml_plan *plan, struct row *row)
{
    size_t before = 0;
    for (size_t i = at->span_count; i-- > 0;) {
        fill_row(plan->graph, &at->spans[i], row);
        if (!row->count)
            continue;
        const struct c2s_block_pattern *pattern = match(patterns, plan, before++, row);
        for (size_t j = 0; j < row->count; j++)
            at->split->block_of[row->nodes[j]] = pattern ? (ptrdiff_t)plan->block_count : C2S_NO_BLOCK;
        C2S_TRY(check_end_v1(at, at->spans[i].last));
        if (pattern)
            C2S_TRY(add_block(plan, pattern, row, at->error));
        else
            C2S_TRY(c2s_qml_report_pattern(at->report, patterns, plan, row->count, row->nodes, at->error));
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ inbounds */

/* The block that a value comes from, across what is skipped. */
static ptrdiff_t source_of(const struct c2s_qml_split *split, size_t node)
{
    const struct c2s_graph *graph = split->graph;
    while (c2s_qml_is_skipped(graph, node)) {
        if (!graph->nodes[node].input_count)
            return C2S_MODEL_INPUT;
        node = graph->nodes[node].inputs[0].node;
    }
    return split->block_of[node];
}

static cnn2snn_status connect(const struct c2s_qml_split *split, struct c2s_qml_plan *plan, size_t index,
                              bool *has_input_data, cnn2snn_report *report, cnn2snn_error **error)
{
    struct c2s_qml_block *block = &plan->blocks[index];
    const struct c2s_node *node = &plan->graph->nodes[block->nodes[0]];
    const cnn2snn_layer *layer = c2s_qml_block_main(plan, block);
    bool merges = c2s_layer_is(layer, C2S_FAMILY_MERGE) || block->pattern->kind == C2S_BLOCK_PICO;
    size_t expected = merges ? 2 : 1;
    if (node->input_count != expected)
        return c2s_qml_report_inbounds(report, layer, node->input_count, expected, error);
    for (size_t i = 0; i < node->input_count; i++)
        block->inbounds[block->inbound_count++] = source_of(split, node->inputs[i].node);
    if (block->pattern->input_only)
        return CNN2SNN_OK;
    bool behind_quantizer = block->inbound_count == 1 && block->inbounds[0] >= 0 &&
                            plan->blocks[block->inbounds[0]].pattern->kind == C2S_BLOCK_QUANTIZER;
    bool is_first = index == 0 && block->inbounds[0] == C2S_MODEL_INPUT;
    block->input_data = is_first || behind_quantizer;
    *has_input_data = *has_input_data || is_first;
    for (size_t i = 0; i < block->inbound_count; i++)
        if (block->inbounds[i] == C2S_MODEL_INPUT && !*has_input_data)
            return c2s_qml_report_input_use(report, layer, error);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_qml_make_blocks(struct c2s_qml_split *split, const struct c2s_block_patterns *patterns,
                                   struct c2s_qml_plan *plan, cnn2snn_report *report, cnn2snn_error **error)
{
    cnn2snn_context *context = plan->context;
    size_t count = plan->graph->node_count;
    struct splitter at = {.split = split, .report = report, .error = error};
    struct row row = {c2s_calloc(context, count, sizeof *row.nodes), c2s_calloc(context, count, sizeof *row.kinds),
                      0};
    at.spans = c2s_calloc(context, count, sizeof *at.spans);
    bool has_input_data = false;
    cnn2snn_status status = CNN2SNN_OK;
    if (!row.nodes || !row.kinds || !at.spans)
        C2S_GOTO(c2s_error_no_memory(error));
    C2S_GOTO(split_all(&at));
    C2S_GOTO(match_all(&at, patterns, plan, &row));
    for (size_t i = 0; i < plan->block_count; i++)
        C2S_GOTO(connect(split, plan, i, &has_input_data, report, error));
done:
    c2s_free(context, row.nodes);
    c2s_free(context, row.kinds);
    c2s_free(context, at.spans);
    return status;
}
