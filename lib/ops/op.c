/* SPDX-License-Identifier: Apache-2.0 */
/* The table from kinds of layers to what they compute, and what all of them share. */
#include "ops/op.h"

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "ops/integer_op.h"
#include "ops/op_kind.h"

static const struct c2s_op_kind kinds[] = {
    {C2S_KIND_CUSTOM, false, C2S_OP_SEPARATE, NULL, c2s_op_custom},
    {C2S_KIND_CUSTOM_ACTIVATION, false, C2S_OP_IN_PLACE, NULL, c2s_op_quantized_activation},
    {C2S_KIND_INPUT, false, C2S_OP_VIEW, NULL, c2s_op_copy},
    {C2S_KIND_RESCALING, false, C2S_OP_IN_PLACE, c2s_op_prepare_rescaling, c2s_op_rescaling},
    {C2S_KIND_CONV2D, true, C2S_OP_SEPARATE, c2s_op_prepare_convolution, c2s_op_convolution},
    {C2S_KIND_SEPARABLE_CONV2D, true, C2S_OP_SEPARATE, c2s_op_prepare_separable, c2s_op_separable},
    {C2S_KIND_DEPTHWISE_CONV2D, true, C2S_OP_SEPARATE, c2s_op_prepare_depthwise, c2s_op_depthwise},
    {C2S_KIND_CONV2D_TRANSPOSE, true, C2S_OP_SEPARATE, c2s_op_prepare_transpose, c2s_op_convolution},
    {C2S_KIND_DENSE, false, C2S_OP_SEPARATE, c2s_op_prepare_dense, c2s_op_dense},
    {C2S_KIND_QUANTIZED_CONV2D, true, C2S_OP_SEPARATE, c2s_op_prepare_convolution, c2s_op_convolution},
    {C2S_KIND_QUANTIZED_SEPARABLE_CONV2D, true, C2S_OP_SEPARATE, c2s_op_prepare_separable, c2s_op_separable},
    {C2S_KIND_QUANTIZED_DEPTHWISE_CONV2D, true, C2S_OP_SEPARATE, c2s_op_prepare_depthwise, c2s_op_depthwise},
    {C2S_KIND_QUANTIZED_DENSE, false, C2S_OP_SEPARATE, c2s_op_prepare_dense, c2s_op_dense},
    {C2S_KIND_BATCH_NORMALIZATION, false, C2S_OP_IN_PLACE, c2s_op_prepare_batch_normalization,
     c2s_op_batch_normalization},
    {C2S_KIND_RELU, false, C2S_OP_IN_PLACE, NULL, c2s_op_relu},
    {C2S_KIND_QUANTIZED_RELU, false, C2S_OP_IN_PLACE, NULL, c2s_op_quantized_activation},
    {C2S_KIND_ACTIVATION_DISCRETE_RELU, false, C2S_OP_IN_PLACE, NULL, c2s_op_quantized_activation},
    {C2S_KIND_ACTIVATION, false, C2S_OP_IN_PLACE, NULL, c2s_op_activation},
    {C2S_KIND_SOFTMAX, false, C2S_OP_IN_PLACE, NULL, c2s_op_softmax},
    {C2S_KIND_LEAKY_RELU, false, C2S_OP_IN_PLACE, NULL, c2s_op_activation},
    {C2S_KIND_PRELU, false, C2S_OP_IN_PLACE, NULL, c2s_op_prelu},
    {C2S_KIND_ELU, false, C2S_OP_IN_PLACE, NULL, c2s_op_activation},
    {C2S_KIND_THRESHOLDED_RELU, false, C2S_OP_IN_PLACE, NULL, c2s_op_activation},
    {C2S_KIND_MAX_POOLING2D, true, C2S_OP_SEPARATE, NULL, c2s_op_max_pooling},
    {C2S_KIND_AVERAGE_POOLING2D, true, C2S_OP_SEPARATE, NULL, c2s_op_average_pooling},
    {C2S_KIND_GLOBAL_AVERAGE_POOLING2D, true, C2S_OP_SEPARATE, NULL, c2s_op_global_average},
    {C2S_KIND_GLOBAL_MAX_POOLING2D, true, C2S_OP_SEPARATE, NULL, c2s_op_global_max},
    {C2S_KIND_ZERO_PADDING2D, true, C2S_OP_SEPARATE, NULL, c2s_op_zero_padding},
    {C2S_KIND_CROPPING2D, true, C2S_OP_SEPARATE, NULL, c2s_op_cropping},
    {C2S_KIND_UP_SAMPLING2D, true, C2S_OP_SEPARATE, NULL, c2s_op_up_sampling},
    {C2S_KIND_FLATTEN, false, C2S_OP_VIEW, NULL, c2s_op_flatten},
    {C2S_KIND_RESHAPE, false, C2S_OP_VIEW, NULL, c2s_op_copy},
    {C2S_KIND_PERMUTE, false, C2S_OP_SEPARATE, NULL, c2s_op_permute},
    {C2S_KIND_REPEAT_VECTOR, false, C2S_OP_SEPARATE, NULL, c2s_op_repeat_vector},
    {C2S_KIND_DROPOUT, false, C2S_OP_VIEW, NULL, c2s_op_copy},
    {C2S_KIND_TRAINING_NOISE, false, C2S_OP_VIEW, NULL, c2s_op_copy},
    {C2S_KIND_ADD, false, C2S_OP_SEPARATE, NULL, c2s_op_merge},
    {C2S_KIND_SUBTRACT, false, C2S_OP_SEPARATE, NULL, c2s_op_merge},
    {C2S_KIND_MULTIPLY, false, C2S_OP_SEPARATE, NULL, c2s_op_merge},
    {C2S_KIND_AVERAGE, false, C2S_OP_SEPARATE, NULL, c2s_op_merge},
    {C2S_KIND_MAXIMUM, false, C2S_OP_SEPARATE, NULL, c2s_op_merge},
    {C2S_KIND_MINIMUM, false, C2S_OP_SEPARATE, NULL, c2s_op_merge},
    {C2S_KIND_CONCATENATE, false, C2S_OP_SEPARATE, NULL, c2s_op_concatenate},
    /* QuantizeML's, on integers */
    {C2S_KIND_QML_INPUT_QUANTIZER, false, C2S_OP_SEPARATE, c2s_op_prepare_input_quantizer, c2s_op_input_quantizer},
    {C2S_KIND_QML_DEQUANTIZER, false, C2S_OP_SEPARATE, NULL, c2s_op_dequantizer},
    {C2S_KIND_QML_CONV2D, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_neural, c2s_op_integer_convolution},
    {C2S_KIND_QML_CONV2D_TRANSPOSE, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_neural,
     c2s_op_integer_convolution},
    {C2S_KIND_QML_DEPTHWISE_CONV2D, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_neural,
     c2s_op_integer_convolution},
    {C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_neural,
     c2s_op_integer_convolution},
    {C2S_KIND_QML_SEPARABLE_CONV2D, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_neural, c2s_op_integer_separable},
    {C2S_KIND_QML_DENSE, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_neural, c2s_op_integer_dense},
    {C2S_KIND_QML_STATEFUL_PROJECTION, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_neural, c2s_op_integer_dense},
    {C2S_KIND_QML_RELU, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_elements, c2s_op_integer_relu},
    {C2S_KIND_QML_ACTIVATION, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_elements, c2s_op_integer_look_up},
    {C2S_KIND_QML_ADD, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_elements, c2s_op_integer_add},
    {C2S_KIND_QML_CONCATENATE, false, C2S_OP_SEPARATE, NULL, c2s_op_integer_concatenate},
    {C2S_KIND_QML_MAX_POOLING2D, false, C2S_OP_SEPARATE, NULL, c2s_op_integer_max_pooling},
    {C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_elements,
     c2s_op_integer_global_average},
    {C2S_KIND_QML_FLATTEN, false, C2S_OP_VIEW, c2s_op_prepare_integer_elements, c2s_op_integer_copy},
    {C2S_KIND_QML_RESHAPE, false, C2S_OP_VIEW, NULL, c2s_op_integer_copy},
    {C2S_KIND_QML_PERMUTE, false, C2S_OP_SEPARATE, NULL, c2s_op_integer_permute},
    {C2S_KIND_QML_DROPOUT, false, C2S_OP_VIEW, NULL, c2s_op_integer_copy},
    {C2S_KIND_QML_RESCALING, false, C2S_OP_VIEW, NULL, c2s_op_integer_copy},
    {C2S_KIND_QML_EXTRACT_TOKEN, false, C2S_OP_SEPARATE, NULL, c2s_op_extract_token},
    {C2S_KIND_EXTRACT_TOKEN, false, C2S_OP_SEPARATE, NULL, c2s_op_extract_token},
    {C2S_KIND_PADDED_CONV2D, false, C2S_OP_SEPARATE, c2s_op_prepare_convolution, c2s_op_padded_convolution},
    {C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE, false, C2S_OP_SEPARATE, c2s_op_prepare_depthwise_transpose,
     c2s_op_depthwise_transpose},
    {C2S_KIND_QML_FLOAT_ACTIVATION, false, C2S_OP_IN_PLACE, NULL, c2s_op_qml_activation},
    {C2S_KIND_QML_FLOAT_ADD, false, C2S_OP_SEPARATE, NULL, c2s_op_qml_add},
    {C2S_KIND_BUFFER_TEMP_CONV, false, C2S_OP_SEPARATE, NULL, c2s_op_qml_temporal},
    {C2S_KIND_DEPTHWISE_BUFFER_TEMP_CONV, false, C2S_OP_SEPARATE, NULL, c2s_op_qml_temporal},
    {C2S_KIND_STATEFUL_PROJECTION, false, C2S_OP_SEPARATE, c2s_op_prepare_dense, c2s_op_qml_projection},
    {C2S_KIND_STATEFUL_RECURRENT, false, C2S_OP_SEPARATE, c2s_op_prepare_qml_recurrent, c2s_op_qml_recurrent},
    {C2S_KIND_PICO_POST_PROCESSING, false, C2S_OP_SEPARATE, NULL, c2s_op_qml_pico},
    {C2S_KIND_QML_BUFFER_TEMP_CONV, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_temporal, c2s_op_integer_temporal},
    {C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_temporal,
     c2s_op_integer_temporal},
    {C2S_KIND_QML_STATEFUL_RECURRENT, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_recurrent,
     c2s_op_integer_recurrent},
    {C2S_KIND_QML_BATCH_NORMALIZATION, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_neural, c2s_op_integer_dense},
    {C2S_KIND_QML_PICO_POST_PROCESSING, false, C2S_OP_SEPARATE, c2s_op_prepare_integer_elements, c2s_op_integer_pico},
};

static const struct c2s_op_kind *find_kind(enum c2s_kind_id id)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].id == id)
            return &kinds[i];
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ runs */

cnn2snn_status c2s_run_init(struct c2s_run *run, cnn2snn_context *context, int32_t threads, cnn2snn_error **error)
{
    *run = (struct c2s_run){.context = context, .kernels = c2s_kernels_get(context->instructions)};
    return c2s_worker_pool_create(context, threads > 0 ? threads : context->threads, &run->pool, error);
}

void c2s_run_free(struct c2s_run *run)
{
    c2s_worker_pool_destroy(run->pool);
    c2s_free(run->context, run->scratch);
    *run = (struct c2s_run){.context = run->context};
}

cnn2snn_status c2s_run_check_size(const struct c2s_run *run, size_t size, cnn2snn_error **error)
{
    if (size <= run->context->max_total_bytes)
        return CNN2SNN_OK;
    return c2s_error(run->context, error, CNN2SNN_E_LIMIT, "R-memory",
                     "%zu bytes needed beside the values, expected at most the context's max_total_bytes, %llu", size,
                     (unsigned long long)run->context->max_total_bytes);
}

cnn2snn_status c2s_run_reserve(struct c2s_run *run, size_t size, void **out_scratch, cnn2snn_error **error)
{
    C2S_TRY(c2s_run_check_size(run, size, error));
    if (size > run->scratch_size) {
        c2s_free(run->context, run->scratch);
        run->scratch_size = 0;
        run->scratch = c2s_alloc(run->context, size);
        if (!run->scratch)
            return c2s_error_no_memory(error);
        run->scratch_size = size;
    }
    *out_scratch = run->scratch;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ ops */

enum c2s_op_memory c2s_op_memory(const cnn2snn_layer *layer)
{
    const struct c2s_op_kind *kind = find_kind(c2s_layer_id(layer));
    if (!kind)
        return C2S_OP_SEPARATE;
    if (kind->id == C2S_KIND_FLATTEN && c2s_layer_is_channels_first(layer))
        return C2S_OP_SEPARATE;
    if (kind->id == C2S_KIND_ACTIVATION) {
        const struct c2s_activation_attributes *activation = layer->attributes;
        return activation->function == C2S_GLU ? C2S_OP_SEPARATE : C2S_OP_IN_PLACE;
    }
    return kind->memory;
}

enum c2s_op_memory c2s_op_derived_memory(const struct c2s_derived *derived)
{
    const struct c2s_op_kind *kind = find_kind(c2s_layer_id(derived->layer));
    return !kind || derived->integers[C2S_FLATTEN_SHIFT] ? C2S_OP_SEPARATE : kind->memory;
}

cnn2snn_dtype c2s_number_dtype(const struct c2s_number *number)
{
    enum { NARROW_BITS = 31 };
    if (!number->value_bits)
        return CNN2SNN_DTYPE_FLOAT32;
    return number->value_bits > NARROW_BITS ? CNN2SNN_DTYPE_INT64 : CNN2SNN_DTYPE_INT32;
}

/* Of an image with its channels in front that is the columns: hardly what anybody meant. */
static bool goes_along_last_axis(enum c2s_function function)
{
    return function == C2S_SOFTMAX || function == C2S_LOG_SOFTMAX || function == C2S_GLU || function == C2S_SPARSEMAX;
}

cnn2snn_status c2s_op_check(const cnn2snn_layer *layer, cnn2snn_error **error)
{
    if (c2s_layer_id(layer) == C2S_KIND_MODEL)
        return CNN2SNN_OK;
    if (!find_kind(c2s_layer_id(layer)))
        return c2s_layer_error(layer->context, error, CNN2SNN_E_UNSUPPORTED, "R-class", layer->name,
                               "class %s can't be run", layer->class_name);
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    if (conv && conv->channels_first && goes_along_last_axis(conv->activation.function))
        return c2s_layer_error(
            layer->context, error, CNN2SNN_E_UNSUPPORTED, "R-channels-first", layer->name,
            "%s with data_format channels_first and an activation along the last axis can't be run",
            layer->class_name);
    return CNN2SNN_OK;
}

/* An op of a kind that is known, to be prepared. */
static struct c2s_op *create_op(const cnn2snn_layer *layer)
{
    const struct c2s_op_kind *kind = find_kind(c2s_layer_id(layer));
    struct c2s_op *op = kind ? c2s_calloc(layer->context, 1, sizeof *op) : NULL;
    if (!op)
        return NULL;
    op->context = layer->context;
    op->layer = layer;
    op->forward = kind->forward;
    op->channels_first = kind->image && c2s_layer_is_channels_first(layer);
    return op;
}

/* Takes the op over, also on failure. */
static cnn2snn_status prepare_op(struct c2s_op *op, struct c2s_op **out_op, cnn2snn_error **error)
{
    const struct c2s_op_kind *kind = find_kind(c2s_layer_id(op->layer));
    cnn2snn_status status = kind->prepare ? kind->prepare(op, error) : CNN2SNN_OK;
    if (status) {
        c2s_error_set_layer(error, op->layer->name);
        c2s_op_destroy(op);
        return status;
    }
    *out_op = op;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_prepare(const cnn2snn_layer *layer, struct c2s_op **out_op, cnn2snn_error **error)
{
    *out_op = NULL;
    C2S_TRY(c2s_op_check(layer, error));
    if (c2s_layer_is_qml_quantized(layer))
        return c2s_layer_error(layer->context, error, CNN2SNN_E_UNSUPPORTED, "R-class", layer->name,
                               "%s computes on integers, which are known in a whole model only", layer->class_name);
    struct c2s_op *op = create_op(layer);
    return op ? prepare_op(op, out_op, error) : c2s_error_no_memory(error);
}

cnn2snn_status c2s_op_prepare_derived(const struct c2s_derived *derived, size_t input_count,
                                      const struct c2s_shape *inputs, const struct c2s_shape *output,
                                      struct c2s_op **out_op, cnn2snn_error **error)
{
    *out_op = NULL;
    C2S_TRY(c2s_op_check(derived->layer, error));
    struct c2s_op *op = create_op(derived->layer);
    if (!op)
        return c2s_error_no_memory(error);
    op->derived = derived;
    op->integer = c2s_calloc(op->context, 1, sizeof *op->integer);
    if (!op->integer) {
        c2s_op_destroy(op);
        return c2s_error_no_memory(error);
    }
    op->integer->input = input_count ? inputs[0] : (struct c2s_shape){.rank = 0};
    op->integer->output = *output;
    return prepare_op(op, out_op, error);
}

static void destroy_integer(struct c2s_op *op)
{
    struct c2s_integer_op *integer = op->integer;
    if (!integer)
        return;
    for (size_t i = 0; i < C2S_INTEGER_STAGES; i++) {
        c2s_free(op->context, integer->stages[i].packed.data);
        c2s_free(op->context, integer->stages[i].factors);
    }
    for (size_t i = 0; i < integer->array_count; i++)
        c2s_free(op->context, integer->arrays[i]);
    c2s_free(op->context, integer->arrays);
    c2s_free(op->context, integer);
}

void c2s_op_destroy(struct c2s_op *op)
{
    if (!op)
        return;
    for (size_t i = 0; i < op->packed_count; i++)
        c2s_free(op->context, op->packed[i].data);
    c2s_free(op->context, op->packed);
    c2s_free(op->context, op->vectors);
    destroy_integer(op);
    for (size_t i = 0; i < sizeof op->kernels / sizeof *op->kernels; i++)
        c2s_tensor_release(op->kernels[i]);
    c2s_free(op->context, op);
}

cnn2snn_status c2s_op_forward(const struct c2s_op *op, struct c2s_run *run, size_t input_count,
                              cnn2snn_tensor *const *inputs, cnn2snn_tensor *output, cnn2snn_error **error)
{
    struct c2s_op_call call = {op, run, input_count, inputs, output};
    cnn2snn_status status = op->channels_first ? c2s_op_channels_first(&call, error) : op->forward(&call, error);
    if (status)
        c2s_error_set_layer(error, op->layer->name);
    return status;
}
