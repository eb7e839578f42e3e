/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which Akida 1.0 layers a plan becomes, with which parameters (spec/legacy.md g.3). */
#include "convert/convert.h"

#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "base/text.h"
#include "convert/block_variables.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"

struct parameter {
    const char *name;
    int64_t value;
};

/* The rules have seen to it that the values fit. */
static cnn2snn_status set_parameters(cnn2snn_akida_model *model, struct c2s_akida_layer *layer,
                                     const struct parameter *parameters, size_t count, cnn2snn_error **error)
{
    for (size_t i = 0; i < count; i++)
        C2S_TRY(c2s_akida_layer_set_parameter(model, layer, parameters[i].name, (int32_t)parameters[i].value, error));
    return CNN2SNN_OK;
}

#define SET(model, layer, parameters, error)                                                                         \
    set_parameters(model, layer, parameters, sizeof(parameters) / sizeof(parameters)[0], error)

/* Underscores that `name` has behind `base`, or -1 where it is something else. */
static int64_t count_underscores(const char *name, const char *base)
{
    size_t size = strlen(base), more = strncmp(name, base, size) ? 0 : strlen(name + size);
    if (strncmp(name, base, size) || strspn(name + size, "_") != more)
        return -1;
    return (int64_t)more;
}

/* A name for the InputData layer that no other layer has: as the reference's, from the model's. */
static cnn2snn_status input_name(const struct c2s_plan *plan, struct c2s_text *name, cnn2snn_error **error)
{
    int64_t taken = -1;
    c2s_text_init(name, plan->context);
    c2s_text_format(name, "%s_input", plan->graph->name && *plan->graph->name ? plan->graph->name : "sequential");
    if (name->failed)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < plan->block_count; i++) {
        int64_t count = count_underscores(plan->blocks[i].neural->name, name->data);
        taken = count > taken ? count : taken;
    }
    for (int64_t i = 0; i <= taken; i++)
        c2s_text_add(name, "_");
    return name->failed ? c2s_error_no_memory(error) : CNN2SNN_OK;
}

static cnn2snn_status add_input_data(const struct c2s_plan *plan, cnn2snn_akida_model *model, cnn2snn_error **error)
{
    struct c2s_text name;
    struct c2s_akida_layer *layer = NULL;
    const struct parameter parameters[] = {{"input_bits", 4},
                                           {"input_channels", plan->input_dims[2]},
                                           {"input_height", plan->input_dims[1]},
                                           {"input_signed", 0},
                                           {"input_width", plan->input_dims[0]}};
    cnn2snn_status status;
    C2S_GOTO(input_name(plan, &name, error));
    C2S_GOTO(c2s_akida_model_add_layer(model, C2S_AKIDA_INPUT_DATA, name.data, -1, &layer, error));
    status = SET(model, layer, parameters, error);
done:
    c2s_text_free(&name);
    return status;
}

static int32_t akida_kind(const struct c2s_plan_block *block, bool image)
{
    switch (c2s_layer_id(block->neural)) {
    case C2S_KIND_QUANTIZED_DENSE:
        return C2S_AKIDA_FULLY_CONNECTED;
    case C2S_KIND_QUANTIZED_SEPARABLE_CONV2D:
        return C2S_AKIDA_SEPARABLE_CONVOLUTIONAL;
    default:
        return image ? C2S_AKIDA_INPUT_CONVOLUTIONAL : C2S_AKIDA_CONVOLUTIONAL;
    }
}

static cnn2snn_status set_pooling(cnn2snn_akida_model *model, struct c2s_akida_layer *layer,
                                  const cnn2snn_layer *pooling, cnn2snn_error **error)
{
    static const struct c2s_pool_attributes none = {.pool_size = {-1, -1}, .strides = {-1, -1}};
    bool max = pooling && c2s_layer_id(pooling) == C2S_KIND_MAX_POOLING2D;
    const struct c2s_pool_attributes *pool = max ? pooling->attributes : &none;
    const struct parameter parameters[] = {{"pool_type", max       ? C2S_POOL_MAX
                                                         : pooling ? C2S_POOL_AVERAGE
                                                                   : C2S_POOL_NONE},
                                           {"pooling_width", pool->pool_size[0]},
                                           {"pooling_height", pool->pool_size[1]},
                                           {"pooling_stride_x", pool->strides[0]},
                                           {"pooling_stride_y", pool->strides[1]}};
    return SET(model, layer, parameters, error);
}

static cnn2snn_status set_convolution(const struct c2s_plan *plan, const struct c2s_plan_block *block,
                                      cnn2snn_akida_model *model, struct c2s_akida_layer *layer,
                                      cnn2snn_error **error)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(block->neural);
    const struct parameter parameters[] = {
        {"filters", conv->filters},
        {"kernel_width", conv->kernel_size[0]},
        {"kernel_height", conv->kernel_size[1]},
        {"stride_x", conv->strides[0]},
        {"stride_y", conv->strides[1]},
        {"padding", conv->padding == C2S_SAME ? C2S_PADDING_SAME : C2S_PADDING_VALID}};
    C2S_TRY(SET(model, layer, parameters, error));
    C2S_TRY(set_pooling(model, layer, block->pooling, error));
    if (layer->kind != C2S_AKIDA_INPUT_CONVOLUTIONAL)
        return CNN2SNN_OK;
    const struct parameter image[] = {{"input_width", plan->input_dims[0]},
                                      {"input_height", plan->input_dims[1]},
                                      {"input_channels", plan->input_dims[2]},
                                      {"padding_value", (int64_t)plan->shift}};
    return SET(model, layer, image, error);
}

/* Element type of the file for weights (spec/fbz.md 2.4). */
static int32_t weight_type(int32_t bits)
{
    return bits == 1 ? 6 : bits == 2 ? 8 : bits == 4 ? 7 : 3;
}

static cnn2snn_status set_variables(const struct c2s_plan_block *block, const struct c2s_block_variables *variables,
                                    cnn2snn_akida_model *model, struct c2s_akida_layer *layer, cnn2snn_error **error)
{
    int32_t type = weight_type(c2s_layer_quantizer(block->neural)->bitwidth);
    C2S_TRY(c2s_akida_layer_set_variable(model, layer, "weights", type, 0, variables->weights, error));
    if (variables->pointwise)
        C2S_TRY(c2s_akida_layer_set_variable(model, layer, "weights_pw", type, 0, variables->pointwise, error));
    C2S_TRY(c2s_akida_layer_set_variable(model, layer, "act_step", -1, 1, variables->act_step, error));
    return c2s_akida_layer_set_variable(model, layer, "threshold", -1, 1, variables->threshold, error);
}

static cnn2snn_status set_layer(const struct c2s_plan *plan, const struct c2s_plan_block *block,
                                cnn2snn_akida_model *model, struct c2s_akida_layer *layer, cnn2snn_error **error)
{
    const struct c2s_quantized_activation_attributes *activation =
        block->activation ? c2s_layer_quantized_activation(block->activation) : NULL;
    const struct parameter parameters[] = {{"weights_bits", c2s_layer_quantizer(block->neural)->bitwidth},
                                           {"activation", activation != NULL},
                                           {"act_bits", activation ? activation->bitwidth : 1}};
    C2S_TRY(SET(model, layer, parameters, error));
    if (layer->kind != C2S_AKIDA_FULLY_CONNECTED)
        return set_convolution(plan, block, model, layer, error);
    const struct parameter units[] = {{"units", c2s_layer_dense(block->neural)->units}};
    return SET(model, layer, units, error);
}

static cnn2snn_status report_range(const struct c2s_plan_block *block, uint64_t count, cnn2snn_report *report,
                                   cnn2snn_error **error)
{
    if (!count)
        return CNN2SNN_OK;
    int bits = (int)c2s_layer_quantizer(block->neural)->bitwidth;
    return c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_VALUE, "L-G4-RANGE", block->neural->name,
                          "the quantizer's quantize(w) * scale_factor(w) must keep its bitwidth's range", error,
                          "%llu integer weights exceed %d bits", (unsigned long long)count, bits);
}

static cnn2snn_status add_block(const struct c2s_plan *plan, size_t index, cnn2snn_akida_model *model,
                                cnn2snn_report *report, cnn2snn_error **error)
{
    const struct c2s_plan_block *block = &plan->blocks[index];
    struct c2s_block_input input = {plan->scale, index == 0 ? plan->shift : 0.0, index == 0 && plan->image};
    if (index > 0) /* float32, as the reference has it with NumPy 2 */
        input.scale = 1.0F / c2s_layer_quantized_activation(plan->blocks[index - 1].activation)->step;
    struct c2s_akida_layer *layer = NULL;
    struct c2s_block_variables variables;
    C2S_TRY(c2s_akida_model_add_layer(model, akida_kind(block, input.image), block->neural->name,
                                      (int64_t)model->layer_count - 1, &layer, error));
    C2S_TRY(set_layer(plan, block, model, layer, error));
    C2S_TRY(c2s_block_variables_create(plan->context, block, &input, &variables, error));
    cnn2snn_status status = set_variables(block, &variables, model, layer, error);
    if (!status)
        status = report_range(block, variables.out_of_range, report, error);
    c2s_block_variables_free(&variables);
    return status;
}

static cnn2snn_status make_layers(const struct c2s_plan *plan, cnn2snn_akida_model *model, cnn2snn_report *report,
                                  cnn2snn_error **error)
{
    if (!plan->image)
        C2S_TRY(add_input_data(plan, model, error));
    for (size_t i = 0; i < plan->block_count; i++) {
        C2S_TRY(c2s_progress(plan->context, "convert", i, plan->block_count, error));
        C2S_TRY(add_block(plan, i, model, report, error));
    }
    return c2s_progress(plan->context, "convert", plan->block_count, plan->block_count, error);
}

cnn2snn_status c2s_convert_v1(const struct c2s_plan *plan, cnn2snn_report *report, cnn2snn_akida_model **out_model,
                              cnn2snn_error **error)
{
    cnn2snn_akida_model *model = NULL;
    cnn2snn_error *cause = NULL;
    *out_model = NULL;
    cnn2snn_status status;
    C2S_GOTO(c2s_akida_model_create(plan->context, &model, &cause));
    C2S_GOTO(make_layers(plan, model, report, &cause));
    if (!c2s_report_count_errors(report)) /* integers that wrapped would be told twice */
        C2S_GOTO(c2s_akida_model_verify(model, report, &cause));
    if (!c2s_report_count_errors(report))
        C2S_GOTO(c2s_akida_fix_v1_activation_variables(model, report, out_model, &cause));
done:
    c2s_akida_model_release(model);
    return status ? c2s_fault_from_error(status, cause, "L-G4", report, error) : CNN2SNN_OK;
}
