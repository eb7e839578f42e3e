/* SPDX-License-Identifier: Apache-2.0 */
/* Decides whether an Akida model is what the conversion of an old release gives. */
#include "old_release.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FEW_BITS_OF_BIASES = 1, STEPS_OF_16_BITS = 2, LARGEST_STEP = 65535, LARGEST_BIAS = 128 };
#define FLOAT_ROUNDING 5e-7 /* some roundings of float32 */

/* A layer of the file and that of today's conversion. */
struct pair {
    const cnn2snn_akida_model *models[2];
    size_t layers[2];
    const char *kind;
};

static const cnn2snn_tensor *variable(const struct pair *pair, int which, const char *name)
{
    return cnn2snn_akida_model_get_variable(pair->models[which], pair->layers[which], name);
}

static double value_of(const cnn2snn_tensor *tensor, uint64_t index)
{
    const void *data = cnn2snn_tensor_get_data(tensor);
    switch (cnn2snn_tensor_get_dtype(tensor)) {
    case CNN2SNN_DTYPE_FLOAT32:
        return (double)((const float *)data)[index];
    case CNN2SNN_DTYPE_INT32:
        return ((const int32_t *)data)[index];
    case CNN2SNN_DTYPE_UINT8:
        return ((const uint8_t *)data)[index];
    default:
        return ((const int8_t *)data)[index];
    }
}

static int same_form(const cnn2snn_tensor *a, const cnn2snn_tensor *b)
{
    return cnn2snn_tensor_get_dtype(a) == cnn2snn_tensor_get_dtype(b) &&
           cnn2snn_tensor_get_size(a) == cnn2snn_tensor_get_size(b) &&
           cnn2snn_tensor_get_count(a) == cnn2snn_tensor_get_count(b);
}

static int same_values(const cnn2snn_tensor *a, const cnn2snn_tensor *b)
{
    return same_form(a, b) &&
           !memcmp(cnn2snn_tensor_get_data(a), cnn2snn_tensor_get_data(b), cnn2snn_tensor_get_size(a));
}

/* Biases of which one has fewer bits: no further apart than half of its last one. */
static int biases_are_near(const struct pair *pair)
{
    const cnn2snn_tensor *bias[2], *shift[2];
    for (int i = 0; i < 2; i++) {
        bias[i] = variable(pair, i, "bias");
        shift[i] = variable(pair, i, "bias_shift");
        if (!bias[i] || !shift[i] || !same_form(bias[0], bias[i]) || !same_form(shift[0], shift[i]) ||
            cnn2snn_tensor_get_count(bias[i]) != cnn2snn_tensor_get_count(shift[i]))
            return 0;
    }
    for (uint64_t f = 0; f < cnn2snn_tensor_get_count(bias[0]); f++) {
        double step[2], whole[2];
        for (int i = 0; i < 2; i++) {
            step[i] = ldexp(1, (int)value_of(shift[i], f));
            whole[i] = value_of(bias[i], f) * step[i];
        }
        if (fabs(whole[0] - whole[1]) > fmax(step[0], step[1]) / 2)
            return 0;
    }
    return 1;
}

static int floats_are_near(const cnn2snn_tensor *a, const cnn2snn_tensor *b)
{
    if (!same_form(a, b) || cnn2snn_tensor_get_dtype(a) != CNN2SNN_DTYPE_FLOAT32)
        return 0;
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(a); i++)
        if (!(fabs(value_of(a, i) - value_of(b, i)) <= FLOAT_ROUNDING * fabs(value_of(b, i))))
            return 0;
    return 1;
}

/*
 * On Akida 1.0 biases are thresholds, each in units of its filter. By steps of the activation they are numbers of one
 * kind, which the old releases rounded to 8 bits of the power of two above the layer's largest: no further apart than
 * half of such a step, and what whole numbers add.
 */
static int thresholds_are_near(const struct pair *pair)
{
    const cnn2snn_tensor *found = variable(pair, 0, "threshold"), *ours = variable(pair, 1, "threshold");
    const cnn2snn_tensor *steps = variable(pair, 1, "act_step");
    uint64_t count = steps ? cnn2snn_tensor_get_count(steps) : 0;
    double largest = 0;
    if (!count || !same_form(found, ours) || cnn2snn_tensor_get_count(ours) != count)
        return 0;
    for (uint64_t f = 0; f < count; f++)
        largest = fmax(largest, fabs(value_of(ours, f)) / value_of(steps, f));
    for (uint64_t f = 0; f < count; f++)
        if (!(fabs(value_of(found, f) - value_of(ours, f)) <= largest / LARGEST_BIAS * value_of(steps, f) + 1))
            return 0;
    return 1;
}

/* Whether filter `f` of the layer had its step limited to 16 bits. */
static int is_limited(const struct pair *image, uint64_t f)
{
    const cnn2snn_tensor *found = variable(image, 0, "act_step"), *ours = variable(image, 1, "act_step");
    return found && ours && same_form(found, ours) && f < cnn2snn_tensor_get_count(found) &&
           value_of(found, f) == LARGEST_STEP && value_of(ours, f) > LARGEST_STEP;
}

/* Differs in limited filters only: `inner` values are of one filter each, in turns; one behind the other. */
static int differs_where_limited(const struct pair *image, const cnn2snn_tensor *a, const cnn2snn_tensor *b,
                                 uint64_t inner)
{
    const cnn2snn_tensor *steps = variable(image, 0, "act_step");
    uint64_t filters = steps ? cnn2snn_tensor_get_count(steps) : 0;
    if (!filters || !inner || !same_form(a, b))
        return 0;
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(a); i++)
        if (value_of(a, i) != value_of(b, i) && !is_limited(image, i / inner % filters))
            return 0;
    return 1;
}

/* ------------------------------------------------------------------------------------------------ layers */

static int is_everywhere(const cnn2snn_tensor *tensor, double value)
{
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(tensor); i++)
        if (value_of(tensor, i) != value)
            return 0;
    return 1;
}

/* What only the file has: it may not change anything. */
static int explains_more(const struct pair *pair)
{
    const char *name;
    for (size_t i = 0; (name = cnn2snn_akida_model_get_variable_name(pair->models[0], pair->layers[0], i)); i++)
        if (!variable(pair, 1, name) && strcmp(name, "wta_groups") &&
            (strcmp(name, "output_scales") || !is_everywhere(variable(pair, 0, name), 1)))
            return 0;
    return strcmp(pair->kind, "Add") ||
           !cnn2snn_akida_model_get_parameter(pair->models[0], pair->layers[0], "activation", 0);
}

static int explains_variable(const struct pair *pair, const struct pair *image, int rule, const char *name)
{
    const cnn2snn_tensor *found = variable(pair, 0, name), *ours = variable(pair, 1, name);
    if (!found)
        return !strcmp(name, "padding_value") &&
               is_everywhere(ours, cnn2snn_akida_model_get_parameter(pair->models[0], pair->layers[0], name, -1));
    if (same_values(found, ours))
        return 1;
    if (rule == STEPS_OF_16_BITS) {
        int first = !strcmp(pair->kind, "InputConvolutional"), weights = !strcmp(name, "weights");
        const int64_t *shape = cnn2snn_tensor_get_shape(found);
        if (first)
            return !weights && differs_where_limited(image, found, ours, 1);
        return weights && image->kind && pair->layers[0] == image->layers[0] + 1 &&
               cnn2snn_tensor_get_rank(found) == 4 && differs_where_limited(image, found, ours, (uint64_t)shape[3]);
    }
    if (!strcmp(name, "bias") || !strcmp(name, "bias_shift"))
        return biases_are_near(pair);
    if (!strcmp(name, "threshold"))
        return thresholds_are_near(pair);
    if (!strcmp(name, "act_step") || !strcmp(name, "scales"))
        return floats_are_near(found, ours);
    return 0;
}

/* Parameters that say how wide buffers are, or that came later. */
static int explains_parameter(const struct pair *pair, const char *name)
{
    static const char *const forms[] = {"buffer_bits", "post_op_buffer_bits", "weights_bits"};
    int32_t ours = cnn2snn_akida_model_get_parameter(pair->models[1], pair->layers[1], name, INT32_MIN);
    int32_t found = cnn2snn_akida_model_get_parameter(pair->models[0], pair->layers[0], name, INT32_MIN);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (!strcmp(name, forms[i]))
            return 1;
    return found == ours || (!strcmp(name, "output_bits") && found > 8 && ours > 8);
}

static int explains_layer(const struct pair *pair, const struct pair *image, int rule)
{
    const char *name;
    const char *ours = cnn2snn_akida_model_get_layer_kind(pair->models[1], pair->layers[1]);
    if (strcmp(pair->kind, ours) && (strcmp(pair->kind, "Dense2D") || strcmp(ours, "Dense1D")))
        return 0;
    for (size_t i = 0; (name = cnn2snn_akida_model_get_parameter_name(pair->models[1], pair->layers[1], i)); i++)
        if (!explains_parameter(pair, name))
            return 0;
    for (size_t i = 0; (name = cnn2snn_akida_model_get_variable_name(pair->models[1], pair->layers[1], i)); i++)
        if (!explains_variable(pair, image, rule, name))
            return 0;
    return explains_more(pair);
}

static int explains(const cnn2snn_akida_model *file, const cnn2snn_akida_model *own, int rule)
{
    size_t count = cnn2snn_akida_model_get_layer_count(file);
    struct pair image = {.kind = NULL};
    if (count != cnn2snn_akida_model_get_layer_count(own))
        return 0;
    for (size_t i = 0; i < count; i++) {
        struct pair pair = {{file, own}, {i, i}, cnn2snn_akida_model_get_layer_kind(file, i)};
        if (strcmp(cnn2snn_akida_model_get_layer_name(file, i), cnn2snn_akida_model_get_layer_name(own, i)))
            return 0;
        if (!strcmp(pair.kind, "InputConvolutional"))
            image = pair;
        if (!explains_layer(&pair, &image, rule))
            return 0;
    }
    return 1;
}

const char *old_release_explains(const cnn2snn_akida_model *file, const cnn2snn_akida_model *own)
{
    int major = 0, minor = 0;
    if (sscanf(cnn2snn_akida_model_get_version(file), "%d.%d", &major, &minor) != 2)
        return NULL;
    int release = 100 * major + minor;
    if (release < 211 && explains(file, own, FEW_BITS_OF_BIASES))
        return "releases before 2.11 kept other bits of biases";
    if (release < 219 && explains(file, own, STEPS_OF_16_BITS))
        return "releases before 2.19 limited the steps of images' layers to 16 bits";
    return NULL;
}
