/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a quant_config means: widths, axes, and where there is an output quantizer. */
#include "layers/quantizeml_config.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { DEFAULT_BITS = 8, DEFAULT_BUFFER_BITS = 32, MAX_BUFFER_BITS = 44, MAX_SCALE_BITS = 16 };

/* A reader of an object within `config`; absent and null are empty. */
static struct c2s_config open_member(struct c2s_config *config, const char *key)
{
    const json_t *value = c2s_config_value(config, key);
    if (value && !json_is_object(value))
        c2s_config_wrong_type(config, key, value, "an object");
    struct c2s_config inner = *config;
    inner.object = json_is_object(value) ? value : NULL;
    return inner;
}

static void close_member(struct c2s_config *config, const struct c2s_config *inner, const char *key)
{
    if (config->status || !inner->status)
        return;
    config->status = inner->status;
    c2s_error_prefix(config->error, key);
}

struct c2s_config c2s_quant_config_open(struct c2s_config *config)
{
    return open_member(config, "quant_config");
}

void c2s_quant_config_close(struct c2s_config *config, struct c2s_config *quant)
{
    close_member(config, quant, "quant_config");
}

static int32_t read_bits(struct c2s_config *config, const char *key, int32_t otherwise, int32_t least, int32_t most)
{
    int64_t bits = c2s_config_int(config, key, otherwise, 0);
    if (bits < least || bits > most) {
        char expected[64];
        snprintf(expected, sizeof expected, "%d to %d", (int)least, (int)most);
        c2s_config_wrong_value(config, key, c2s_config_value(config, key), expected);
        return least;
    }
    return (int32_t)bits;
}

int32_t c2s_quant_config_bits(struct c2s_config *quant, const char *member, int32_t otherwise, int32_t least,
                              int32_t most)
{
    struct c2s_config inner = open_member(quant, member);
    int32_t bits = read_bits(&inner, "bitwidth", otherwise, least, most);
    close_member(quant, &inner, member);
    return bits;
}

static int read_weight_axis(struct c2s_config *config, int rank, int otherwise)
{
    const json_t *value = json_object_get(config->object, "axis");
    if (!value)
        return otherwise;
    const char *text = json_string_value(value);
    if (json_is_null(value) || (text && !strcmp(text, "per-tensor")))
        return C2S_NO_AXIS;
    if (text && !strcmp(text, "per-axis"))
        return rank - 1;
    int64_t axis = c2s_config_int_of(config, "axis", value, -rank);
    if (axis < rank)
        return (int)(axis < 0 ? axis + rank : axis);
    c2s_config_wrong_value(config, "axis", value, "an axis of the weights");
    return otherwise;
}

int c2s_quant_config_axis(struct c2s_config *quant, int rank, int otherwise)
{
    struct c2s_config inner = open_member(quant, "weight_quantizer");
    int axis = read_weight_axis(&inner, rank, otherwise);
    close_member(quant, &inner, "weight_quantizer");
    return axis;
}

int32_t c2s_quant_config_buffer(struct c2s_config *quant)
{
    return read_bits(quant, "buffer_bitwidth", DEFAULT_BUFFER_BITS, 2, MAX_BUFFER_BITS);
}

static bool read_per_axis(struct c2s_config *config)
{
    const char *axis = c2s_config_string(config, "axis");
    if (axis && strcmp(axis, "per-axis") && strcmp(axis, "per-tensor"))
        c2s_config_wrong_value(config, "axis", c2s_config_value(config, "axis"), "\"per-axis\" or \"per-tensor\"");
    return axis && !strcmp(axis, "per-axis");
}

struct c2s_output_quantizer c2s_quant_config_output(struct c2s_config *quant)
{
    struct c2s_config inner = open_member(quant, "output_quantizer");
    struct c2s_output_quantizer output = {.present = json_object_size(inner.object) > 0};
    if (output.present) {
        output.is_signed = c2s_config_bool(&inner, "signed", true);
        output.bitwidth = read_bits(&inner, "bitwidth", DEFAULT_BITS, output.is_signed ? 2 : 1, 31);
        output.per_axis = read_per_axis(&inner);
        output.scale_bits = read_bits(&inner, "scale_bits", DEFAULT_BITS, 1, MAX_SCALE_BITS);
        output.buffer_bitwidth = read_bits(&inner, "buffer_bitwidth", DEFAULT_BUFFER_BITS, 2, MAX_BUFFER_BITS);
    }
    close_member(quant, &inner, "output_quantizer");
    return output;
}

void c2s_quant_config_add_ranges(const struct c2s_output_quantizer *output, int64_t channels,
                                 struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *count)
{
    if (!output->present)
        return;
    struct c2s_shape shape = {.rank = 0};
    if (output->per_axis)
        shape = (struct c2s_shape){1, {channels}};
    specs[(*count)++] = (struct c2s_weight_spec){.name = "output_quantizer/range_max", .shape = shape, .initial = 1};
    specs[(*count)++] = (struct c2s_weight_spec){
        .name = "output_quantizer/rescaling_rate", .shape = shape, .initial = 1, .optional = true};
}
