/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when a block's bits, inputs and activation don't suit its Akida layer (spec/quantizeml-conversion.md 5, 6).
 */
#include <math.h>

#include "layers/attributes.h"
#include "layers/quantizeml_attributes.h"
#include "plan/qml_rules.h"

static const struct c2s_qml_block *block_at(const struct c2s_qml_view *view, size_t index)
{
    return &view->plan->blocks[index];
}

static const cnn2snn_layer *main_of(const struct c2s_qml_view *view, size_t index)
{
    return c2s_qml_block_main(view->plan, block_at(view, index));
}

static const struct c2s_quant_config *config_of(const struct c2s_qml_view *view, size_t index)
{
    return c2s_layer_quant_config(main_of(view, index));
}

/* ------------------------------------------------------------------------------------------------ inputs */

static const struct c2s_input_attributes *model_input(const struct c2s_qml_view *view)
{
    const struct c2s_graph *graph = view->plan->graph;
    return graph->layers[graph->nodes[graph->inputs[0]].layer]->attributes;
}

/* Does an InputData take the model's input itself? */
static bool takes_model_input(const struct c2s_qml_view *view, size_t index)
{
    const struct c2s_qml_block *block = block_at(view, index);
    return block->input_data && block->inbound_count && block->inbounds[0] == C2S_MODEL_INPUT &&
           view->plan->graph->input_count;
}

static const char *name_of_main(const struct c2s_qml_view *view, size_t index)
{
    return c2s_plain_class_name(main_of(view, index)->kind);
}

bool c2s_qml_dtype_is_unsigned(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    if (!takes_model_input(view, index))
        return false;
    cnn2snn_dtype dtype = model_input(view)->dtype;
    c2s_found_set(found, 0, "%s", c2s_dtype_name(dtype));
    c2s_found_set(found, 1, "%s", name_of_main(view, index));
    return c2s_dtype_is_unsigned(dtype) || dtype == CNN2SNN_DTYPE_BOOL;
}

/* The InputQuantizer in front of an InputData, or NULL. */
static const struct c2s_qml_input_quantizer_attributes *quantizer_before(const struct c2s_qml_view *view,
                                                                         size_t index)
{
    const struct c2s_qml_block *block = block_at(view, index);
    if (!block->input_data || !block->inbound_count || block->inbounds[0] < 0)
        return NULL;
    return c2s_qml_block_layer(view->plan, block_at(view, (size_t)block->inbounds[0]), 0)->attributes;
}

/* The runtime takes data of more than 4 bits as signed, others as unsigned. */
bool c2s_qml_sign_differs(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_qml_input_quantizer_attributes *quantizer = quantizer_before(view, index);
    if (!quantizer)
        return false;
    bool is_signed = quantizer->bitwidth > 4;
    c2s_found_set(found, 0, "%s %d bits", quantizer->is_signed ? "signed" : "unsigned", (int)quantizer->bitwidth);
    c2s_found_set(found, 1, "%s", name_of_main(view, index));
    c2s_found_set(found, 2, "%s", is_signed ? "signed" : "unsigned");
    return quantizer->is_signed != is_signed;
}

bool c2s_qml_input_is_signed_v1(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)found;
    const struct c2s_qml_input_quantizer_attributes *quantizer = quantizer_before(view, index);
    return quantizer && quantizer->is_signed && quantizer->bitwidth > 4;
}

bool c2s_qml_rank_exceeds(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_qml_block *block = block_at(view, index);
    bool is_input = takes_model_input(view, index) || block->pattern->kind == C2S_BLOCK_QUANTIZER;
    if (!is_input || model_input(view)->shape.rank <= 3)
        return false;
    c2s_found_shape(found, 0, &model_input(view)->shape);
    return true;
}

static const struct c2s_qml_input_quantizer_attributes *quantizer_at(const struct c2s_qml_view *view, size_t index)
{
    return c2s_qml_block_layer(view->plan, block_at(view, index), 0)->attributes;
}

bool c2s_qml_quantizer_bits_are_wrong(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    int bits = (int)quantizer_at(view, index)->bitwidth;
    c2s_found_set(found, 0, "%d", bits);
    return bits != 4 && bits != 8;
}

bool c2s_qml_quantizer_clamps(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    c2s_found_set(found, 0, "%d", (int)quantizer_at(view, index)->bitwidth);
    return !quantizer_at(view, index)->is_signed;
}

/* ------------------------------------------------------------------------------------------------ weights */

bool c2s_qml_weights_are_not_4_8(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    int bits = (int)config_of(view, index)->weight_bitwidth;
    c2s_found_set(found, 0, "%d", bits);
    return bits != 4 && bits != 8;
}

bool c2s_qml_weights_are_not_1_2_4(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    int bits = (int)config_of(view, index)->weight_bitwidth;
    c2s_found_set(found, 0, "%d", bits);
    return bits != 1 && bits != 2 && bits != 4;
}

/* Of both projections of a recurrent layer. */
bool c2s_qml_weights_exceed_8(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    int bits = (int)config_of(view, index)->weight_bitwidth;
    if (block_at(view, index)->pattern->kind == C2S_BLOCK_RECURRENT) {
        const cnn2snn_layer *input = c2s_qml_block_layer(view->plan, block_at(view, index), 0);
        int other = (int)c2s_layer_quant_config(input)->weight_bitwidth;
        bits = other > bits ? other : bits;
    }
    c2s_found_set(found, 0, "%d", bits);
    return bits > 8;
}

bool c2s_qml_pointwise_differs(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_quant_config *config = config_of(view, index);
    c2s_found_set(found, 0, "%d", (int)config->weight_bitwidth);
    c2s_found_set(found, 1, "%d", (int)config->pointwise_bitwidth);
    return config->weight_bitwidth != config->pointwise_bitwidth;
}

bool c2s_qml_is_grouped(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_qml_conv_attributes *conv = c2s_layer_qml_conv(main_of(view, index));
    bool grouped = conv->conv.groups != 1;
    c2s_found_set(found, 0, "%s %lld", grouped ? "groups" : "depth_multiplier",
                  (long long)(grouped ? conv->conv.groups : conv->conv.depth_multiplier));
    return grouped || conv->conv.depth_multiplier != 1;
}

bool c2s_qml_dense_input_is_wrong(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_qml_block *block = block_at(view, index);
    const struct c2s_shape *in = c2s_qml_block_input_shape(view->plan, block, c2s_block_pattern_main(block->pattern));
    c2s_found_shape(found, 0, in);
    return !in->rank || (c2s_shape_is_known(in) && c2s_shape_elements(in) != in->extents[in->rank - 1]);
}

/* ------------------------------------------------------------------------------------------------ activations */

static const cnn2snn_layer *relu_of(const struct c2s_qml_view *view, size_t index)
{
    return c2s_qml_block_find(view->plan, block_at(view, index), C2S_KIND_QML_RELU);
}

bool c2s_qml_relu_is_unbounded(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)found;
    const cnn2snn_layer *relu = relu_of(view, index);
    if (relu)
        found->layer = relu->name;
    return relu && isinf(((const struct c2s_qml_relu_attributes *)relu->attributes)->max_value);
}

static const struct c2s_output_quantizer *relu_output(const struct c2s_qml_view *view, size_t index,
                                                      struct c2s_found *found)
{
    const cnn2snn_layer *relu = relu_of(view, index);
    if (!relu)
        return NULL;
    found->layer = relu->name;
    return c2s_layer_output_quantizer(relu);
}

bool c2s_qml_relu_has_no_output(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_output_quantizer *output = relu_output(view, index, found);
    return relu_of(view, index) && (!output || !output->present);
}

bool c2s_qml_relu_is_per_axis(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_output_quantizer *output = relu_output(view, index, found);
    return output && output->present && output->per_axis;
}

bool c2s_qml_activation_bits_are_wrong(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_output_quantizer *output = relu_output(view, index, found);
    if (!output || !output->present)
        return false;
    c2s_found_set(found, 0, "%d", (int)output->bitwidth);
    return output->bitwidth != 1 && output->bitwidth != 2 && output->bitwidth != 4;
}

bool c2s_qml_gap_is_large(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_qml_block *block = block_at(view, index);
    ptrdiff_t position = c2s_block_pattern_position(block->pattern, C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D);
    if (position < 0)
        return false;
    const struct c2s_shape *in = c2s_qml_block_input_shape(view->plan, block, (size_t)position);
    found->layer = c2s_qml_block_layer(view->plan, block, (size_t)position)->name;
    if (in->rank != 3 || !c2s_shape_is_known(in))
        return false;
    int64_t elements = c2s_shape_elements(in), channels = in->extents[2];
    int64_t area = elements < 0 || !channels ? INT64_MAX : elements / channels;
    c2s_found_set(found, 0, "%lld", (long long)area);
    return area > 256;
}

bool c2s_qml_output_bits_are_wrong(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_quant_config *config = config_of(view, index);
    const struct c2s_output_quantizer *output = c2s_qml_block_output(view->plan, block_at(view, index));
    if (block_at(view, index)->pattern->kind == C2S_BLOCK_PICO)
        return false;
    if (config && config->buffer_bitwidth > 32) {
        c2s_found_set(found, 0, "buffer");
        c2s_found_set(found, 1, "%d", (int)config->buffer_bitwidth);
        return true;
    }
    if (!output)
        return false;
    bool wide = output->bitwidth > 32;
    c2s_found_set(found, 0, "%s", wide ? "output" : "buffer of the output quantizer");
    c2s_found_set(found, 1, "%d", (int)(wide ? output->bitwidth : output->buffer_bitwidth));
    return wide || output->buffer_bitwidth > 32;
}

/* ------------------------------------------------------------------------------------------------ others */

bool c2s_qml_add_has_relu(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)found;
    return ((const struct c2s_qml_merge_attributes *)main_of(view, index)->attributes)->fused_relu;
}

bool c2s_qml_fifo_is_wrong(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    int64_t size = ((const struct c2s_qml_temporal_attributes *)main_of(view, index)->attributes)->kernel_size;
    c2s_found_set(found, 0, "%lld", (long long)size);
    return size < 2 || size > 10;
}

static const cnn2snn_layer *input_projection(const struct c2s_qml_view *view, size_t index)
{
    return c2s_qml_block_layer(view->plan, block_at(view, index), 0);
}

bool c2s_qml_projection_has_output(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_output_quantizer *output = c2s_layer_output_quantizer(input_projection(view, index));
    found->layer = input_projection(view, index)->name;
    return output && output->present;
}

bool c2s_qml_projection_has_bias(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    found->layer = input_projection(view, index)->name;
    return c2s_layer_qml_dense(input_projection(view, index))->dense.use_bias;
}

bool c2s_qml_projection_subsamples(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    int64_t subsample = c2s_layer_qml_dense(input_projection(view, index))->subsample;
    found->layer = input_projection(view, index)->name;
    c2s_found_set(found, 0, "%lld", (long long)subsample);
    return subsample != 1;
}

bool c2s_qml_buffers_differ(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    int32_t in = c2s_layer_quant_config(input_projection(view, index))->buffer_bitwidth;
    int32_t out = config_of(view, index)->buffer_bitwidth;
    c2s_found_set(found, 0, "%d", (int)in);
    c2s_found_set(found, 1, "%d", (int)out);
    return in != out;
}

bool c2s_qml_threshold_is_wrong(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    double threshold = ((const struct c2s_qml_pico_attributes *)main_of(view, index)->attributes)->threshold;
    c2s_found_set(found, 0, "%g", threshold);
    return !(threshold >= 0 && threshold <= 65535);
}

bool c2s_qml_nothing_is_dequantized(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    (void)found;
    for (size_t i = 0; i < view->plan->block_count; i++)
        if (view->plan->blocks[i].pattern->kind != C2S_BLOCK_QUANTIZER &&
            view->plan->blocks[i].pattern->kind != C2S_BLOCK_DEQUANTIZER)
            return false;
    return true;
}
