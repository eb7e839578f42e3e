/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which inputs a model takes, and the types of its outputs (spec/simulator.md 1 and 2). */
#include "simulate/sample.h"

#include <math.h>
#include <string.h>

#include "akida/kinds.h"
#include "base/error.h"
#include "base/report.h"

cnn2snn_dtype c2s_sample_dtype(const struct c2s_stage *first)
{
    bool image = first->layer->kind == C2S_AKIDA_INPUT_CONVOLUTIONAL || first->layer->kind == C2S_AKIDA_INPUT_CONV2D;
    return image ? CNN2SNN_DTYPE_UINT8 : first->dtype;
}

cnn2snn_status c2s_sample_check(const struct c2s_stage *first, const cnn2snn_tensor *input, cnn2snn_error **error)
{
    cnn2snn_dtype dtype = c2s_sample_dtype(first);
    bool takes_floats = first->layer->kind == C2S_AKIDA_QUANTIZER;
    bool flat = input->rank == 2 && first->in[0] == 1 && first->in[1] == 1 && input->shape[1] == first->in[2];
    char found[160], expected[160];
    if (input->dtype != dtype && !(takes_floats && input->dtype == CNN2SNN_DTYPE_FLOAT32))
        return c2s_advise(error,
                          c2s_error(input->context, error, CNN2SNN_E_VALUE, "S-INPUT",
                                    "the input is %s, expected %s%s", c2s_dtype_name(input->dtype),
                                    takes_floats ? "float32 or " : "", c2s_dtype_name(dtype)),
                          "hand in values of that type, integers as they are and not scaled to 1");
    if (!flat && (input->rank != 4 || memcmp(input->shape + 1, first->in, sizeof first->in))) {
        const int64_t shape[4] = {-1, first->in[0], first->in[1], first->in[2]};
        return c2s_advise(error,
                          c2s_error(input->context, error, CNN2SNN_E_VALUE, "S-INPUT",
                                    "the input's shape is %s, expected %s",
                                    c2s_shape_print(input->rank, input->shape, found, sizeof found),
                                    c2s_shape_print(4, shape, expected, sizeof expected)),
                          "resize or reshape the samples: the batch is the first axis, channels are the last");
    }
    return CNN2SNN_OK;
}

/* Rounded to the nearest, halves away from zero; NaN becomes the smallest. */
static int32_t quantize(const struct c2s_stage *first, float value, int64_t channel)
{
    double rounded = round((double)(value * first->float_scales[channel])) + first->threshold[channel];
    int32_t bits = first->output_bits;
    double low = first->is_unsigned ? 0 : -ldexp(1, bits - 1),
           high = first->is_unsigned ? ldexp(1, bits) - 1 : -low - 1;
    return (int32_t)(rounded >= low ? (rounded > high ? high : rounded) : low);
}

static int32_t value_at(const cnn2snn_tensor *tensor, uint64_t index)
{
    switch (tensor->dtype) {
    case CNN2SNN_DTYPE_UINT8:
        return ((const uint8_t *)tensor->data)[index];
    case CNN2SNN_DTYPE_INT8:
        return ((const int8_t *)tensor->data)[index];
    case CNN2SNN_DTYPE_UINT16:
        return ((const uint16_t *)tensor->data)[index];
    default:
        return ((const int16_t *)tensor->data)[index];
    }
}

void c2s_sample_load(const struct c2s_stage *first, const cnn2snn_tensor *input, size_t sample, int32_t *out)
{
    bool quantizer = first->layer->kind == C2S_AKIDA_QUANTIZER, real = input->dtype == CNN2SNN_DTYPE_FLOAT32;
    int64_t channels = first->out[2], places = first->out[0] * first->out[1];
    bool channels_first = quantizer && c2s_akida_layer_get_parameter(first->layer, "channels_first", 0);
    uint64_t count = (uint64_t)(first->in[0] * first->in[1] * first->in[2]), base = sample * count;
    if (!quantizer) {
        for (uint64_t i = 0; i < count; i++)
            out[i] = value_at(input, base + i);
        return;
    }
    for (int64_t i = 0; i < places; i++)
        for (int64_t c = 0; c < channels; c++) {
            uint64_t at = base + (uint64_t)(channels_first ? c * places + i : i * channels + c);
            out[i * channels + c] = real ? quantize(first, c2s_f32(input)[at], c) : value_at(input, at);
        }
}

const uint8_t *c2s_sample_bytes(const struct c2s_stage *first, const cnn2snn_tensor *input, size_t sample)
{
    return (const uint8_t *)input->data + sample * (size_t)(first->in[0] * first->in[1] * first->in[2]);
}

/* What a Quantizer does to a channel, in numbers that floats hold exactly. */
struct quantizing {
    float scale, low, high; /* low and high: one beyond the ends, in front of the zero point */
    int32_t zero, least, largest;
    uint8_t flip;
};

/* False where floats don't hold the numbers. */
static bool find_quantizing(const struct c2s_stage *first, int64_t channel, struct quantizing *out)
{
    int32_t bits = first->output_bits, zero = first->threshold[channel];
    int32_t least = first->is_unsigned ? 0 : -(1 << (bits - 1)), largest = least + (1 << bits) - 1;
    if (zero > 1 << 20 || zero < -(1 << 20))
        return false;
    *out = (struct quantizing){.scale = first->float_scales[channel],
                               .low = (float)(least - zero - 1),
                               .high = (float)(largest - zero + 1),
                               .zero = zero,
                               .least = least,
                               .largest = largest,
                               .flip = first->is_unsigned ? 0 : 128};
    return true;
}

/* As quantize does, without double precision: so that loops of it become vectors. */
static inline uint8_t quantize_quickly(const struct quantizing *how, float value)
{
    float scaled = value * how->scale;
    scaled = scaled > how->low ? scaled : how->low; /* NaN as well */
    scaled = scaled < how->high ? scaled : how->high;
    int32_t whole = (int32_t)scaled;
    float rest = scaled - (float)whole;
    whole += (rest >= 0.5f) - (rest <= -0.5f) + how->zero;
    whole = whole > how->least ? whole : how->least;
    whole = whole < how->largest ? whole : how->largest;
    return (uint8_t)whole ^ how->flip;
}

/* `count` values of a channel, in steps. */
static void quantize_channel(const struct c2s_stage *first, int64_t channel, const float *in, size_t in_step,
                             uint8_t *out, size_t out_step, size_t count)
{
    struct quantizing how;
    if (find_quantizing(first, channel, &how)) {
        for (size_t i = 0; i < count; i++)
            out[i * out_step] = quantize_quickly(&how, in[i * in_step]);
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i * out_step] = (uint8_t)quantize(first, in[i * in_step], channel) ^ (first->is_unsigned ? 0 : 128);
}

static bool channels_are_alike(const struct c2s_stage *first)
{
    for (int64_t c = 1; c < first->out[2]; c++)
        if (memcmp(&first->float_scales[c], &first->float_scales[0], sizeof *first->float_scales) ||
            first->threshold[c] != first->threshold[0])
            return false;
    return true;
}

static void quantize_sample(const struct c2s_stage *first, const float *sample, uint8_t *out)
{
    size_t channels = (size_t)first->out[2], places = (size_t)(first->out[0] * first->out[1]);
    bool channels_first = c2s_akida_layer_get_parameter(first->layer, "channels_first", 0);
    if (!channels_first && channels_are_alike(first)) {
        quantize_channel(first, 0, sample, 1, out, 1, places * channels);
        return;
    }
    for (size_t c = 0; c < channels; c++)
        quantize_channel(first, (int64_t)c, sample + c * (channels_first ? places : 1), channels_first ? 1 : channels,
                         out + c, channels, places);
}

void c2s_sample_load_bytes(const struct c2s_stage *first, const cnn2snn_tensor *input, size_t sample, uint8_t *out)
{
    size_t count = (size_t)(first->in[0] * first->in[1] * first->in[2]);
    uint8_t flip = first->dtype == CNN2SNN_DTYPE_INT8 ? 128 : 0;
    bool quantizer = first->layer->kind == C2S_AKIDA_QUANTIZER;
    if (input->dtype == CNN2SNN_DTYPE_FLOAT32) {
        quantize_sample(first, c2s_f32(input) + sample * count, out);
        return;
    }
    const uint8_t *bytes = c2s_sample_bytes(first, input, sample);
    if (quantizer && c2s_akida_layer_get_parameter(first->layer, "channels_first", 0)) {
        size_t channels = (size_t)first->out[2], places = count / channels;
        for (size_t i = 0; i < count; i++)
            out[i] = bytes[i % channels * places + i / channels] ^ flip;
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = bytes[i] ^ flip;
}

void c2s_sample_store(const struct c2s_stage *stage, const int32_t *values, cnn2snn_tensor *output, size_t sample)
{
    size_t count = (size_t)(stage->out[0] * stage->out[1] * stage->out[2]), base = sample * count;
    const uint8_t *bytes = (const uint8_t *)values;
    uint8_t flip = stage->dtype == CNN2SNN_DTYPE_INT8 ? 128 : 0;
    if (stage->has_bytes) {
        for (size_t i = 0; i < count; i++)
            ((uint8_t *)output->data)[base + i] = bytes[i] ^ flip;
        return;
    }
    switch (output->dtype) {
    case CNN2SNN_DTYPE_UINT8:
    case CNN2SNN_DTYPE_INT8:
        for (size_t i = 0; i < count; i++)
            ((uint8_t *)output->data)[base + i] = (uint8_t)values[i];
        break;
    case CNN2SNN_DTYPE_UINT16:
    case CNN2SNN_DTYPE_INT16:
        for (size_t i = 0; i < count; i++)
            ((uint16_t *)output->data)[base + i] = (uint16_t)values[i];
        break;
    default: /* int32 or float32 */
        memcpy((int32_t *)output->data + base, values, count * sizeof *values);
    }
}

cnn2snn_status c2s_sample_check_predict(const cnn2snn_akida_model *model, const struct c2s_stage *last,
                                        cnn2snn_error **error)
{
    bool potentials = c2s_akida_kind_version(last->layer->kind) == 1 && !last->activation;
    if (potentials || last->layer->kind == C2S_AKIDA_DEQUANTIZER)
        return CNN2SNN_OK;
    return c2s_layer_error(model->context, error, CNN2SNN_E_INCOMPATIBLE, "S-PREDICT", last->layer->name,
                           "the last layer gives no potentials: expected one without activation, or a Dequantizer");
}

void c2s_sample_predict(const struct c2s_stage *last, const int32_t *values, cnn2snn_tensor *output, size_t sample)
{
    if (last->dtype == CNN2SNN_DTYPE_FLOAT32) {
        c2s_sample_store(last, values, output, sample);
        return;
    }
    int64_t places = last->out[0] * last->out[1], filters = last->out[2];
    float *out = c2s_f32_writable(output) + sample * (size_t)(places * filters);
    for (int64_t i = 0; i < places; i++)
        for (int64_t f = 0; f < filters; f++) {
            int64_t excess = (int64_t)values[i * filters + f] - last->threshold[f];
            out[i * filters + f] = (float)excess / last->act_step[f];
        }
}
