/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn verify: a Keras model and the Akida model made of it, layer by layer. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "inputs.h"
#include "measure.h"
#include "output.h"
#include "trace.h"

static const struct option options[] = {
    OPTION("-i", "--input", OPTION_LIST, 1, inputs, "FILE",
           "the Akida model's samples (.npy, .npz), or a folder of PNG and JPEG images"),
    OPTION(NULL, "--resize", OPTION_FLAG, 0, resize, NULL, "images of other sizes are scaled to the model's"),
    OPTION(NULL, "--float", OPTION_TEXT, 0, float_model, "FILE",
           "the float model (.h5): how far the other two are from it is told as well"),
    OPTION(NULL, "--input-scaling", OPTION_PAIR, 0, input_scaling, "SCALE,SHIFT",
           "as in convert: the Akida model's input is SCALE * the Keras model's + SHIFT"),
    OPTION(NULL, "--min-sqnr", OPTION_INTEGER, 0, min_sqnr, "DB",
           "a layer below this ratio of signal to noise diverges, and one with a channel 10 dB below it (default 20, "
           "for "
           "a float model 5)"),
    THREADS_OPTION,
};

enum { PART = 64, QUANTIZED_MIN_SQNR = 20, FLOAT_MIN_SQNR = 5, CHANNEL_ALLOWANCE = 10 };

/* Where a layer's scale, which makes floats of its integers, comes from. */
enum scale_source { SCALE_ONE, SCALE_STEP, SCALE_FITTED };

struct row { /* an Akida layer */
    char *name, *keras_name;
    int compared;
    enum scale_source source;
    double *scales; /* of each channel */
    uint64_t channels;
    struct measure *of_channels;
    struct measure integer, quantized_to_float, integer_to_float;
};

struct verification {
    struct runner keras, akida, reference; /* reference: the float model, if any */
    struct row *rows;
    size_t count;
};

static const char *check(const struct arguments *a)
{
    return a->input_scaling.given && !(a->input_scaling.values[0] > 0) ? "--input-scaling: SCALE must be positive"
                                                                       : NULL;
}

/* ------------------------------------------------------------------------------------------------ scales */

/* The step of the last quantized activation from one Keras output to another; NaN: there is none. */
static double step_between(const cnn2snn_model *model, const struct trace *keras, int64_t first, int64_t last)
{
    double step = NAN;
    for (int64_t i = first; i <= last; i++) {
        float own = cnn2snn_layer_get_step(cnn2snn_model_find_layer(model, keras->layers[i].name));
        if (own > 0)
            step = own;
    }
    return step;
}

/* Outputs that are floats already: of a Dequantizer, and potentials. */
static int is_float(const struct runner *akida, const char *name)
{
    int64_t index = cnn2snn_akida_model_find_layer(akida->akida, name);
    size_t layer = (size_t)index;
    if (!strcmp(cnn2snn_akida_model_get_layer_kind(akida->akida, layer), "Dequantizer"))
        return 1;
    return cnn2snn_akida_model_get_akida_version(akida->akida) == CNN2SNN_AKIDA_V1 &&
           layer + 1 == cnn2snn_akida_model_get_layer_count(akida->akida) &&
           !cnn2snn_akida_model_get_parameter(akida->akida, layer, "activation", 1);
}

/* Decides on the first part's values, for all parts. */
static int find_scales(struct session *session, const struct verification *v, const struct trace *keras,
                       const struct traced *layer, int64_t at, struct row *row)
{
    const int64_t *shape = cnn2snn_tensor_get_shape(layer->values);
    row->channels = (uint64_t)shape[cnn2snn_tensor_get_rank(layer->values) - 1];
    row->scales = calloc(row->channels ? row->channels : 1, sizeof *row->scales);
    row->of_channels = calloc(row->channels ? row->channels : 1, sizeof *row->of_channels);
    if (!row->scales || !row->of_channels)
        return session_fail_text(session, NULL, "out of memory");
    double step = step_between(v->keras.model, keras, trace_find(keras, layer->name), at);
    row->source = is_float(&v->akida, layer->name) ? SCALE_ONE : step > 0 ? SCALE_STEP : SCALE_FITTED;
    if (row->source == SCALE_FITTED)
        fit_scales(cnn2snn_tensor_get_data(keras->layers[at].values), cnn2snn_tensor_get_data(layer->values),
                   cnn2snn_tensor_get_count(layer->values), row->channels, row->scales);
    for (uint64_t c = 0; row->source != SCALE_FITTED && c < row->channels; c++)
        row->scales[c] = row->source == SCALE_ONE ? 1 : step;
    return STATUS_DONE;
}

static char *copy_name(const char *name)
{
    size_t size = strlen(name) + 1;
    char *copy = malloc(size);
    return copy ? memcpy(copy, name, size) : NULL;
}

static int make_rows(struct session *session, struct verification *v, const struct trace *keras,
                     const struct trace *akida)
{
    v->rows = calloc(akida->count ? akida->count : 1, sizeof *v->rows);
    if (!v->rows)
        return session_fail_text(session, NULL, "out of memory");
    v->count = akida->count;
    for (size_t i = 0; i < akida->count; i++) {
        struct row *row = &v->rows[i];
        int64_t at = trace_counterpart(v->keras.model, keras, akida, i);
        row->name = copy_name(akida->layers[i].name);
        row->keras_name = copy_name(at < 0 ? "" : keras->layers[at].name);
        row->compared = at >= 0;
        if (!row->name || !row->keras_name)
            return session_fail_text(session, NULL, "out of memory");
        int result = row->compared ? find_scales(session, v, keras, &akida->layers[i], at, row) : STATUS_DONE;
        if (result)
            return result;
    }
    return STATUS_DONE;
}

/* ------------------------------------------------------------------------------------------------ measuring */

/* floats: the float model's values, or NULL. */
static void measure_row(struct row *row, const float *quantized, const float *integers, const float *floats,
                        uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t channel = i % row->channels;
        double value = row->scales[channel] * integers[i];
        measure_add(&row->integer, quantized[i], value);
        measure_add(&row->of_channels[channel], quantized[i], value);
        if (!floats)
            continue;
        measure_add(&row->quantized_to_float, floats[i], quantized[i]);
        measure_add(&row->integer_to_float, floats[i], value);
    }
}

static int measure_part(struct session *session, struct verification *v, const struct trace *keras,
                        const struct trace *akida, const struct trace *floats)
{
    int result = v->rows ? STATUS_DONE : make_rows(session, v, keras, akida);
    for (size_t i = 0; !result && i < v->count; i++) {
        int64_t at = trace_find(keras, v->rows[i].keras_name);
        int64_t float_at = v->reference.model ? trace_counterpart(v->reference.model, floats, akida, i) : -1;
        if (!v->rows[i].compared || at < 0)
            continue;
        measure_row(&v->rows[i], cnn2snn_tensor_get_data(keras->layers[at].values),
                    cnn2snn_tensor_get_data(akida->layers[i].values),
                    float_at < 0 ? NULL : cnn2snn_tensor_get_data(floats->layers[float_at].values),
                    cnn2snn_tensor_get_count(akida->layers[i].values));
    }
    return result;
}

/* What the Keras models get for the Akida model's input. */
static int scale_inputs(struct session *session, const struct arrays *inputs, struct arrays *out)
{
    const struct pair_argument *scaling = &session->arguments.input_scaling;
    cnn2snn_error *error = NULL;
    *out = (struct arrays){.items = calloc(1, sizeof *out->items)};
    if (!out->items)
        return session_fail_text(session, NULL, "out of memory");
    int64_t shape[CNN2SNN_MAX_RANK];
    size_t rank = cnn2snn_tensor_get_rank(inputs->items[0]);
    memcpy(shape, cnn2snn_tensor_get_shape(inputs->items[0]), rank * sizeof *shape);
    cnn2snn_tensor *floats = NULL;
    if (cnn2snn_tensor_convert(inputs->items[0], CNN2SNN_DTYPE_FLOAT32, &floats, &error) ||
        cnn2snn_tensor_create(session->context, CNN2SNN_DTYPE_FLOAT32, rank, shape, &out->items[0], &error)) {
        cnn2snn_tensor_destroy(floats);
        return session_fail(session, error);
    }
    out->count = 1;
    const float *from = cnn2snn_tensor_get_data(floats);
    float *to = cnn2snn_tensor_get_writable_data(out->items[0]);
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(floats); i++)
        to[i] = scaling->given ? (float)((from[i] - scaling->values[1]) / scaling->values[0]) : from[i];
    cnn2snn_tensor_destroy(floats);
    return STATUS_DONE;
}

static int verify_part(struct session *session, struct verification *v, const struct inputs *inputs, uint64_t first,
                       uint64_t count)
{
    struct arrays arrays = {0}, scaled = {0};
    struct trace keras = {0}, akida = {0}, floats = {0};
    int result = inputs_take(session, inputs, first, count, &arrays);
    if (!result && arrays.count != 1)
        result = session_fail_text(session, NULL, "%zu input arrays given, expected 1", arrays.count);
    if (!result)
        result = scale_inputs(session, &arrays, &scaled);
    if (!result)
        result = trace_run(session, &v->akida, &arrays, &akida);
    if (!result)
        result = trace_run(session, &v->keras, &scaled, &keras);
    if (!result && v->reference.model)
        result = trace_run(session, &v->reference, &scaled, &floats);
    if (!result)
        result = measure_part(session, v, &keras, &akida, &floats);
    trace_free(&keras);
    trace_free(&akida);
    trace_free(&floats);
    arrays_free(&arrays);
    arrays_free(&scaled);
    return result;
}

static int verify_all(struct session *session, struct verification *v, const struct inputs *inputs)
{
    int result = STATUS_DONE;
    uint64_t part = inputs->divisible ? PART : inputs->samples;
    if (!inputs->samples)
        return session_fail_text(session, session->arguments.inputs.items[0], "no samples");
    for (uint64_t first = 0; !result && first < inputs->samples; first += part) {
        uint64_t count = inputs->samples - first < part ? inputs->samples - first : part;
        progress_part(&session->progress, first, count, inputs->samples);
        progress_show(&session->progress, "verify", 0, 1);
        result = verify_part(session, v, inputs, first, count);
    }
    progress_part(&session->progress, 0, 0, 0);
    progress_hide(&session->progress);
    return result;
}

/* ------------------------------------------------------------------------------------------------ printing */

/* One channel alone is hardly seen in the whole, and has more noise than the whole. */
static int diverges(const struct row *row, double min_sqnr)
{
    uint64_t channel;
    return row->compared &&
           (!(measure_sqnr(&row->integer) >= min_sqnr) ||
            !(measure_worst_sqnr(row->of_channels, row->channels, &channel) >= min_sqnr - CHANNEL_ALLOWANCE));
}

static void print_number(double value)
{
    if (isfinite(value))
        printf("%.6g", value);
    else
        printf("null");
}

static void print_json_measure(const char *key, const struct measure *measure)
{
    printf(", \"%s\": {\"max\": ", key);
    print_number(measure->largest);
    printf(", \"mse\": ");
    print_number(measure_mse(measure));
    printf(", \"sqnr\": ");
    print_number(measure_sqnr(measure)); /* null where mse is 0 */
    printf("}");
}

static const char *const source_names[] = {"float", "step", "fitted"};

static void print_json_row(const struct verification *v, const struct row *row, double min_sqnr)
{
    printf("{\"layer\": ");
    print_json_string(stdout, row->name);
    printf(", \"keras_layer\": ");
    if (row->compared)
        print_json_string(stdout, row->keras_name);
    else
        printf("null");
    if (row->compared) {
        printf(", \"scale\": \"%s\"", source_names[row->source]);
        print_json_measure("integer", &row->integer);
        uint64_t channel;
        double worst = measure_worst_sqnr(row->of_channels, row->channels, &channel);
        printf(", \"worst_channel\": {\"channel\": %llu, \"sqnr\": ", (unsigned long long)channel);
        print_number(worst);
        printf("}");
        if (row->integer_to_float.count) {
            print_json_measure("quantized_to_float", &row->quantized_to_float);
            print_json_measure("integer_to_float", &row->integer_to_float);
        }
    }
    printf(", \"diverges\": %s}", diverges(row, min_sqnr) ? "true" : "false");
}

static void print_ratio(const struct measure *measure, int width)
{
    if (measure->count)
        printf("  %*.1f", width, measure_sqnr(measure));
    else
        printf("  %*s", width, "-");
}

static void print_row(const struct verification *v, const struct row *row, double min_sqnr)
{
    printf("%-20s  ", row->name);
    if (!row->compared) {
        printf("not in the Keras model\n");
        return;
    }
    uint64_t channel;
    double worst = measure_worst_sqnr(row->of_channels, row->channels, &channel);
    printf("%-20s  %-6s  %10.4g  %10.4g  %6.1f  %6.1f", row->keras_name, source_names[row->source],
           row->integer.largest, measure_mse(&row->integer), measure_sqnr(&row->integer), worst);
    if (v->reference.model) {
        print_ratio(&row->quantized_to_float, 15);
        print_ratio(&row->integer_to_float, 15);
    }
    printf("%s\n", diverges(row, min_sqnr) ? "  diverges" : "");
}

static void print_text(const struct verification *v, const struct row *first, double min_sqnr)
{
    printf("%-20s  %-20s  %-6s  %10s  %10s  %6s  %6s%s\n", "Akida layer", "Keras layer", "scale", "max", "mse",
           "SQNR", "worst", v->reference.model ? "  Keras and float  Akida and float" : "");
    for (size_t i = 0; i < v->count; i++)
        print_row(v, &v->rows[i], min_sqnr);
    uint64_t channel;
    if (first)
        printf("layer %s diverges: SQNR %.1f dB, of its worst channel %.1f dB, expected %g and %g or more\n",
               first->name, measure_sqnr(&first->integer),
               measure_worst_sqnr(first->of_channels, first->channels, &channel), min_sqnr,
               min_sqnr - CHANNEL_ALLOWANCE);
    else
        printf("no layer diverges\n");
}

static void print_json(const struct verification *v, const struct row *first, double min_sqnr)
{
    printf("{\n  \"min_sqnr\": %g,\n  \"first_divergent\": ", min_sqnr);
    if (first)
        print_json_string(stdout, first->name);
    else
        printf("null");
    printf(",\n  \"layers\": [");
    for (size_t i = 0; i < v->count; i++) {
        printf(i ? ",\n    " : "\n    ");
        print_json_row(v, &v->rows[i], min_sqnr);
    }
    printf("]\n}\n");
}

static int has_quantized_layers(const cnn2snn_model *model)
{
    if (cnn2snn_model_is_quantized(model))
        return 1;
    for (size_t i = 0; i < cnn2snn_model_get_layer_count(model); i++)
        if (strstr(cnn2snn_layer_get_class_name(cnn2snn_model_get_layer(model, (int64_t)i)), "Quantized"))
            return 1;
    return 0;
}

static int report(struct session *session, const struct verification *v)
{
    const struct arguments *a = &session->arguments;
    const struct row *first = NULL;
    size_t compared = 0;
    double min_sqnr = has_quantized_layers(v->keras.model) ? QUANTIZED_MIN_SQNR : FLOAT_MIN_SQNR;
    if (a->min_sqnr.given)
        min_sqnr = a->min_sqnr.value;
    for (size_t i = 0; i < v->count; i++) {
        compared += v->rows[i].compared != 0;
        if (!first && diverges(&v->rows[i], min_sqnr))
            first = &v->rows[i];
    }
    if (!compared)
        return session_fail_text(session, a->second_positional, "no layer has the name and size of one of %s",
                                 a->positional);
    if (a->json)
        print_json(v, first, min_sqnr);
    else
        print_text(v, first, min_sqnr);
    return first ? STATUS_CANNOT : STATUS_DONE;
}

/* ------------------------------------------------------------------------------------------------ the command */

static int open_model(struct session *session, const char *path, int is_akida, struct runner *out)
{
    session->arguments.model = path;
    int result = runner_open(session, out);
    if (!result && (out->model == NULL) != is_akida)
        result = session_fail_text(session, path,
                                   is_akida ? "a Keras model, expected an Akida model (.fbz)"
                                            : "an Akida model, expected a Keras model (.h5)");
    return result;
}

static void close_all(struct verification *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->rows[i].name);
        free(v->rows[i].keras_name);
        free(v->rows[i].scales);
        free(v->rows[i].of_channels);
    }
    free(v->rows);
    runner_close(&v->keras);
    runner_close(&v->akida);
    runner_close(&v->reference);
}

static int run(struct session *session)
{
    const struct arguments *a = &session->arguments;
    struct verification v = {0};
    struct inputs inputs = {0};
    int result = open_model(session, a->positional, 0, &v.keras);
    if (!result && a->float_model)
        result = open_model(session, a->float_model, 0, &v.reference);
    if (!result)
        result = open_model(session, a->second_positional, 1, &v.akida);
    if (!result)
        result = inputs_open(session, &v.akida, &inputs);
    if (!result)
        result = verify_all(session, &v, &inputs);
    if (!result)
        result = report(session, &v);
    inputs_close(&inputs);
    close_all(&v);
    return result;
}

const struct command verify_command = {
    .name = "verify",
    .positional = "KERAS",
    .second_positional = "AKIDA",
    .summary = "Compares an Akida model (.fbz) with its Keras model (.h5), layer by layer.",
    .details =
        "Integers become floats by the step of the Keras model's quantized activation (step), by scales fitted to "
        "the\n"
        "first samples (fitted), or are floats already (float). Exit status 0: no layer diverges; 1: one does.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .check = check,
    .run = run,
};
