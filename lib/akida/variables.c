/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which variables an Akida layer may hold (spec/fbz.md 4.2 and 4.3). */
#include "akida/variables.h"

#include <string.h>

#include "base/checked.h"

#define KIND(name) (1u << C2S_AKIDA_##name)

enum {
    VERSION_1 =
        KIND(INPUT_CONVOLUTIONAL) | KIND(FULLY_CONNECTED) | KIND(CONVOLUTIONAL) | KIND(SEPARABLE_CONVOLUTIONAL),
    CONVOLUTIONS_1 = KIND(INPUT_CONVOLUTIONAL) | KIND(CONVOLUTIONAL),
    CONVOLUTIONS_2 = KIND(INPUT_CONV2D) | KIND(CONV2D) | KIND(CONV2D_TRANSPOSE),
    DEPTHWISE = KIND(DEPTHWISE_CONV2D) | KIND(DEPTHWISE_CONV2D_TRANSPOSE),
    TEMPORAL = KIND(BUFFER_TEMP_CONV) | KIND(DEPTHWISE_BUFFER_TEMP_CONV),
    DENSE = KIND(DENSE1D) | KIND(DENSE2D),
    SHIFTED = KIND(CONV2D) | KIND(CONV2D_TRANSPOSE) | DEPTHWISE | TEMPORAL | KIND(STATEFUL_RECURRENT),
    BIASED = SHIFTED | KIND(INPUT_CONV2D) | DENSE,
    NORMALIZATION = KIND(BATCH_NORMALIZATION)
};

static const struct c2s_akida_variable_row rows[] = {
    {VERSION_1, "act_step", CNN2SNN_DTYPE_FLOAT32, "F", C2S_ALWAYS, 1},
    {VERSION_1, "threshold", CNN2SNN_DTYPE_INT32, "F", C2S_ALWAYS, 0},
    {VERSION_1, "threshold_learning", CNN2SNN_DTYPE_INT32, "F", C2S_WHEN_LEARNING, 0},
    {VERSION_1, "thswap", CNN2SNN_DTYPE_INT32, "F", C2S_WHEN_LEARNING, 0},
    {KIND(INPUT_CONVOLUTIONAL), "wta_groups", CNN2SNN_DTYPE_INT32, "F", C2S_WHEN_LEARNING, 0},
    {CONVOLUTIONS_1, "weights", CNN2SNN_DTYPE_INT8, "xyCF", C2S_ALWAYS, 0},
    {KIND(SEPARABLE_CONVOLUTIONAL), "weights", CNN2SNN_DTYPE_INT8, "xyC1", C2S_ALWAYS, 0},
    {KIND(SEPARABLE_CONVOLUTIONAL), "weights_pw", CNN2SNN_DTYPE_INT8, "11CF", C2S_ALWAYS, 0},
    {KIND(FULLY_CONNECTED), "weights", CNN2SNN_DTYPE_INT8, "11NF", C2S_ALWAYS, 0},
    {CONVOLUTIONS_2, "weights", CNN2SNN_DTYPE_INT8, "kkCF", C2S_ALWAYS, 0},
    {DEPTHWISE, "weights", CNN2SNN_DTYPE_INT8, "kkC1", C2S_ALWAYS, 0},
    {KIND(BUFFER_TEMP_CONV), "weights", CNN2SNN_DTYPE_INT8, "11MF", C2S_ALWAYS, 0},
    {KIND(DEPTHWISE_BUFFER_TEMP_CONV), "weights", CNN2SNN_DTYPE_INT8, "11TC", C2S_ALWAYS, 0},
    {DENSE, "weights", CNN2SNN_DTYPE_INT8, "NF", C2S_ALWAYS, 0},
    {BIASED, "bias", CNN2SNN_DTYPE_INT8, "F", C2S_ALWAYS, 0},
    {BIASED, "bias_shift", CNN2SNN_DTYPE_UINT8, "F", C2S_ALWAYS, 0},
    {SHIFTED | NORMALIZATION, "input_shift", CNN2SNN_DTYPE_UINT8, "C", C2S_ALWAYS, 0},
    {DENSE, "input_shift", CNN2SNN_DTYPE_UINT8, "N", C2S_ALWAYS, 0},
    {BIASED | NORMALIZATION, "output_scales", CNN2SNN_DTYPE_UINT8, "F", C2S_ALWAYS, 1},
    {KIND(ADD), "output_scales", CNN2SNN_DTYPE_UINT8, "F", C2S_WHEN_OLD, 1},
    {BIASED | NORMALIZATION | KIND(ADD), "output_shift", CNN2SNN_DTYPE_INT8, "F", C2S_ALWAYS, 0},
    {BIASED | NORMALIZATION | KIND(ADD), "max_value", CNN2SNN_DTYPE_UINT8, "F", C2S_WHEN_RELU, 127},
    {BIASED | NORMALIZATION | KIND(ADD), "max_value_shift", CNN2SNN_DTYPE_UINT8, "F", C2S_WHEN_RELU, 31},
    {BIASED, "activation_scales", CNN2SNN_DTYPE_UINT8, "F", C2S_WHEN_LUT, 1},
    {BIASED, "activation_shift", CNN2SNN_DTYPE_INT8, "F", C2S_WHEN_LUT, 0},
    {BIASED, "lut_values", CNN2SNN_DTYPE_INT32, "L", C2S_WHEN_LUT, 0}, /* initially -1024 .. 1023 */
    {KIND(INPUT_CONV2D), "padding_value", CNN2SNN_DTYPE_UINT8, "C", C2S_ALWAYS, 0},
    {KIND(ADD), "a_shift", CNN2SNN_DTYPE_UINT8, "C", C2S_ALWAYS, 0},
    {KIND(ADD), "b_shift", CNN2SNN_DTYPE_UINT8, "C", C2S_ALWAYS, 0},
    {NORMALIZATION, "a", CNN2SNN_DTYPE_INT8, "C", C2S_WHEN_OLD, 0},
    {NORMALIZATION, "b", CNN2SNN_DTYPE_INT8, "C", C2S_WHEN_OLD, 0},
    {NORMALIZATION, "b_shift", CNN2SNN_DTYPE_UINT8, "C", C2S_WHEN_OLD, 0},
    {KIND(DEQUANTIZER), "scales", CNN2SNN_DTYPE_FLOAT32, "C", C2S_ALWAYS, 1},
    {KIND(QUANTIZER), "scales", CNN2SNN_DTYPE_FLOAT32, "F", C2S_ALWAYS, 0},
    {KIND(QUANTIZER), "zero_points", CNN2SNN_DTYPE_UINT8, "F", C2S_ALWAYS, 0},
    {KIND(STATEFUL_RECURRENT), "A_imag", CNN2SNN_DTYPE_INT16, "S", C2S_ALWAYS, 0},
    {KIND(STATEFUL_RECURRENT), "A_real", CNN2SNN_DTYPE_INT16, "S", C2S_ALWAYS, 0},
    {KIND(STATEFUL_RECURRENT), "in_proj", CNN2SNN_DTYPE_INT8, "CS", C2S_ALWAYS, 0},
    {KIND(STATEFUL_RECURRENT), "out_proj", CNN2SNN_DTYPE_INT8, "SF", C2S_ALWAYS, 0},
    {KIND(STATEFUL_RECURRENT), "internal_state_outputs_shift", CNN2SNN_DTYPE_INT8, "S", C2S_ALWAYS, 0},
    {KIND(STATEFUL_RECURRENT), "new_state_scale", CNN2SNN_DTYPE_UINT8, "S", C2S_ALWAYS, 1},
    {KIND(STATEFUL_RECURRENT), "new_state_shift", CNN2SNN_DTYPE_INT8, "S", C2S_ALWAYS, 0},
    {KIND(PICO_POST_PROCESSING), "input_scales", CNN2SNN_DTYPE_UINT16, "C", C2S_ALWAYS, 0},
    {KIND(PICO_POST_PROCESSING), "input_shift", CNN2SNN_DTYPE_INT8, "C", C2S_ALWAYS, 0},
    {KIND(PICO_POST_PROCESSING), "threshold", CNN2SNN_DTYPE_UINT16, "C", C2S_ALWAYS, 0},
};

static bool applies(const struct c2s_akida_variable_row *row, const struct c2s_akida_layer *layer)
{
    if (layer->kind < 0 || layer->kind > 31 || !(row->kinds >> layer->kind & 1))
        return false;
    int32_t activation = c2s_akida_layer_get_parameter(layer, "activation", 0);
    return (row->condition != C2S_WHEN_RELU || activation == 1) &&
           (row->condition != C2S_WHEN_LUT || activation == 2);
}

const struct c2s_akida_variable_row *c2s_akida_variable_find(const struct c2s_akida_layer *layer, const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (applies(&rows[i], layer) && !strcmp(rows[i].name, name))
            return &rows[i];
    return NULL;
}

bool c2s_akida_layer_knows_variable(const struct c2s_akida_layer *layer, const char *name)
{
    return c2s_akida_variable_find(layer, name) != NULL;
}

static int64_t product(int64_t a, int64_t b)
{
    int64_t result;
    return c2s_mul_i64(a, b, &result) ? result : INT64_MAX;
}

static int64_t extent(const struct c2s_akida_layer *layer, const struct c2s_akida_shapes *shapes, char letter)
{
    switch (letter) {
    case 'F': /* channels of the output */
        return shapes->output[2];
    case 'C': /* channels of the input */
        return shapes->input[2];
    case 'N': /* elements of the input; Dense2D may keep the positions apart */
        if (layer->kind == C2S_AKIDA_DENSE2D && !c2s_akida_layer_get_parameter(layer, "collapse_dims", 1))
            return shapes->input[2];
        return product(product(shapes->input[0], shapes->input[1]), shapes->input[2]);
    case 'x':
        return c2s_akida_layer_get_parameter(layer, "kernel_width", 0);
    case 'y':
        return c2s_akida_layer_get_parameter(layer, "kernel_height", 0);
    case 'k':
        return c2s_akida_layer_get_parameter(layer, "kernel_size", 0);
    case 'T': /* frames in the FIFO */
        return c2s_akida_layer_get_parameter(layer, "fifo_size", 0);
    case 'M':
        return product(c2s_akida_layer_get_parameter(layer, "fifo_size", 0), shapes->input[2]);
    case 'S':
        return c2s_akida_layer_get_parameter(layer, "stateful_channels", 0);
    case 'L': /* entries of a table over 11 bits */
        return 2048;
    default:
        return 1;
    }
}

size_t c2s_akida_variable_shape(const struct c2s_akida_layer *layer, const struct c2s_akida_shapes *shapes,
                                const struct c2s_akida_variable_row *row, int64_t extents[CNN2SNN_MAX_RANK])
{
    size_t rank = 0;
    for (const char *letter = row->shape; *letter; letter++)
        extents[rank++] = extent(layer, shapes, *letter);
    return rank;
}

bool c2s_akida_variable_fits(const struct c2s_akida_layer *layer, const struct c2s_akida_shapes *shapes,
                             const struct c2s_akida_variable_row *row, const cnn2snn_tensor *tensor)
{
    int64_t extents[CNN2SNN_MAX_RANK];
    size_t rank = c2s_akida_variable_shape(layer, shapes, row, extents);
    return tensor->dtype == row->dtype && tensor->rank == rank &&
           !memcmp(tensor->shape, extents, rank * sizeof *extents);
}
