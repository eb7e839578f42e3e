/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which values of two models are compared, and in which units. */
#include "verification.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "progress.h"
#include "trace.h"

enum { PART = 16 };
#define FLOAT_TOLERANCE 1e-5 /* of the largest value */

/* ------------------------------------------------------------------------------------------- our own conversion */

static int starts_with_events(const cnn2snn_akida_model *model)
{
    const char *kind = cnn2snn_akida_model_get_layer_kind(model, 0);
    return kind && !strcmp(kind, "InputData");
}

static int is_equal(const cnn2snn_akida_model *first, const cnn2snn_akida_model *second)
{
    int32_t equal = 0;
    cnn2snn_buffer *differences = NULL;
    if (cnn2snn_akida_model_diff(first, second, 1, &equal, &differences, NULL))
        return 0;
    cnn2snn_buffer_destroy(differences);
    return equal != 0;
}

/* NULL where the model doesn't convert. */
static cnn2snn_akida_model *convert(const struct session *session, const struct verification *v, int flatten_shifts)
{
    const struct pair_argument *scaling = &session->arguments.input_scaling;
    cnn2snn_convert_options settings = CNN2SNN_CONVERT_OPTIONS_INIT;
    cnn2snn_akida_model *model = NULL;
    cnn2snn_error *error = NULL;
    settings.has_input_scaling = scaling->given;
    if (scaling->given) {
        settings.input_scale = scaling->values[0];
        settings.input_shift = scaling->values[1];
    }
    settings.input_mode = starts_with_events(v->akida.akida) ? CNN2SNN_INPUT_EVENTS : CNN2SNN_INPUT_AUTO;
    settings.akida_version = cnn2snn_akida_model_get_akida_version(v->akida.akida);
    settings.flatten_shifts = flatten_shifts;
    if (cnn2snn_convert(v->keras.model, &settings, &model, NULL, &error))
        cnn2snn_error_destroy(error);
    return model;
}

/* Of the ways in which a model may be converted the one that gives the Akida model, or the usual one. */
int verification_convert(struct session *session, struct verification *v)
{
    cnn2snn_error *error = NULL;
    cnn2snn_akida_model *usual = convert(session, v, 0), *shifted = NULL;
    if (!usual)
        return STATUS_DONE;
    v->own_is_equal = is_equal(usual, v->akida.akida);
    if (!v->own_is_equal) {
        shifted = convert(session, v, 1);
        v->own_is_equal = shifted && is_equal(shifted, v->akida.akida);
    }
    cnn2snn_akida_model_destroy(shifted);
    if (v->own_is_equal) {
        cnn2snn_akida_model_destroy(usual);
        return STATUS_DONE;
    }
    v->own.akida = usual;
    return cnn2snn_simulator_create(usual, NULL, &v->own.simulator, &error) ? session_fail(session, error)
                                                                            : STATUS_DONE;
}

/* ------------------------------------------------------------------------------------------------ scales */

/* The step of the last quantized activation from one Keras layer to another; NaN: there is none. */
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

static int has_derived_scales(const struct traced *keras, uint64_t channels)
{
    uint64_t count = keras->scales ? cnn2snn_tensor_get_count(keras->scales) : 0;
    return count == 1 || (count && count == channels);
}

static enum scale_source source_of(const struct verification *v, const struct traced *layer,
                                   const struct traced *keras, uint64_t channels, double step)
{
    if (is_float(&v->akida, layer->name))
        return SCALE_ONE;
    if (has_derived_scales(keras, channels))
        return SCALE_DERIVED;
    return step > 0 ? SCALE_STEP : SCALE_FITTED;
}

/* Decides on the first part's values, for all parts. */
static int find_scales(struct session *session, const struct verification *v, const struct trace *keras,
                       const struct traced *layer, int64_t at, struct row *row)
{
    const int64_t *shape = cnn2snn_tensor_get_shape(layer->values);
    const struct traced *counterpart = &keras->layers[at];
    row->channels = (uint64_t)shape[cnn2snn_tensor_get_rank(layer->values) - 1];
    row->scales = calloc(row->channels ? row->channels : 1, sizeof *row->scales);
    row->of_channels = calloc(row->channels ? row->channels : 1, sizeof *row->of_channels);
    if (!row->scales || !row->of_channels)
        return session_fail_text(session, NULL, "out of memory");
    double step = step_between(v->keras.model, keras, trace_find(keras, layer->name), at);
    row->source = source_of(v, layer, counterpart, row->channels, step);
    if (row->source == SCALE_FITTED)
        fit_scales(cnn2snn_tensor_get_data(counterpart->values), cnn2snn_tensor_get_data(layer->values),
                   cnn2snn_tensor_get_count(layer->values), row->channels, row->scales);
    const double *derived = row->source == SCALE_DERIVED ? cnn2snn_tensor_get_data(counterpart->scales) : NULL;
    uint64_t one = derived && cnn2snn_tensor_get_count(counterpart->scales) == 1;
    for (uint64_t c = 0; row->source != SCALE_FITTED && c < row->channels; c++)
        row->scales[c] = row->source == SCALE_ONE ? 1 : derived ? derived[one ? 0 : c] : step;
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
static void measure_row(struct row *row, const struct traced *keras, const struct traced *akida,
                        const struct traced *floats)
{
    int derived = row->source == SCALE_DERIVED;
    const double *quantized = cnn2snn_tensor_get_data(derived ? keras->integers : keras->values);
    const double *integers = cnn2snn_tensor_get_data(akida->values);
    const double *real = floats ? cnn2snn_tensor_get_data(floats->values) : NULL;
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(akida->values); i++) {
        uint64_t channel = i % row->channels;
        double value = row->scales[channel] * integers[i];
        double expected = derived ? row->scales[channel] * quantized[i] : quantized[i];
        measure_add(&row->integer, expected, value);
        measure_add(&row->of_channels[channel], expected, value);
        row->values += derived;
        row->unequal += derived && quantized[i] != integers[i];
        if (!real)
            continue;
        measure_add(&row->quantized_to_float, real[i], expected);
        measure_add(&row->integer_to_float, real[i], value);
    }
}

/* The layer of our own conversion: of that name, or of that place and kind. */
static int64_t find_own(const struct verification *v, const struct trace *own, size_t index)
{
    int64_t at = trace_find(own, v->rows[index].name);
    if (at >= 0 || own->count != v->count)
        return at;
    const char *kind = cnn2snn_akida_model_get_layer_kind(v->akida.akida, index);
    const char *own_kind = cnn2snn_akida_model_get_layer_kind(v->own.akida, index);
    return kind && own_kind && !strcmp(kind, own_kind) ? (int64_t)index : -1;
}

/* Floats may differ by what a sum in another order makes of them. */
static int is_same(const cnn2snn_tensor *a, const cnn2snn_tensor *b)
{
    uint64_t size = cnn2snn_tensor_get_size(a);
    if (cnn2snn_tensor_get_dtype(a) != cnn2snn_tensor_get_dtype(b) || size != cnn2snn_tensor_get_size(b))
        return 0;
    if (cnn2snn_tensor_get_dtype(a) != CNN2SNN_DTYPE_FLOAT32)
        return !memcmp(cnn2snn_tensor_get_data(a), cnn2snn_tensor_get_data(b), size);
    const float *x = cnn2snn_tensor_get_data(a), *y = cnn2snn_tensor_get_data(b);
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(a); i++)
        if (!(fabs((double)x[i] - y[i]) <= FLOAT_TOLERANCE * fabs(y[i])))
            return 0;
    return 1;
}

/* The samples needn't show every change of a weight. */
static const char *find_altered(const cnn2snn_akida_model *model, size_t layer, const cnn2snn_akida_model *own,
                                size_t own_layer)
{
    for (size_t i = 0; i < cnn2snn_akida_model_get_variable_count(model, layer); i++) {
        const char *name = cnn2snn_akida_model_get_variable_name(model, layer, i);
        const cnn2snn_tensor *expected = cnn2snn_akida_model_get_variable(own, own_layer, name);
        if (expected && !is_same(cnn2snn_akida_model_get_variable(model, layer, name), expected))
            return name;
    }
    return NULL;
}

static double largest_of(const double *values, uint64_t count)
{
    double largest = 0;
    for (uint64_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(values[i]));
    return largest;
}

/* Integers must be the same; floats may differ by what a sum in another order makes of their scales. */
static void judge_row(struct row *row, const struct traced *akida, const struct traced *own, int is_real)
{
    uint64_t count = cnn2snn_tensor_get_count(akida->values);
    const double *found = cnn2snn_tensor_get_data(akida->values), *expected = cnn2snn_tensor_get_data(own->values);
    row->judged = 1;
    if (cnn2snn_tensor_get_count(own->values) != count) {
        row->unlike += count;
        return;
    }
    double allowed = is_real ? FLOAT_TOLERANCE * largest_of(expected, count) : 0;
    for (uint64_t i = 0; i < count; i++)
        row->unlike += !(fabs(found[i] - expected[i]) <= allowed);
}

static int measure_part(struct session *session, struct verification *v, const struct trace *keras,
                        const struct trace *akida, const struct trace *floats, const struct trace *own)
{
    int result = v->rows ? STATUS_DONE : make_rows(session, v, keras, akida);
    for (size_t i = 0; !result && i < v->count; i++) {
        struct row *row = &v->rows[i];
        int64_t at = trace_find(keras, row->keras_name);
        int64_t float_at = v->reference.model ? trace_counterpart(v->reference.model, floats, akida, i) : -1;
        int64_t own_at = v->own.simulator ? find_own(v, own, i) : -1;
        if (own_at >= 0 && !row->altered) {
            const char *altered = find_altered(v->akida.akida, i, v->own.akida, (size_t)own_at);
            row->altered = altered ? copy_name(altered) : NULL;
        }
        if (own_at >= 0)
            judge_row(row, &akida->layers[i], &own->layers[own_at], is_float(&v->akida, row->name));
        if (row->compared && at >= 0)
            measure_row(row, &keras->layers[at], &akida->layers[i], float_at < 0 ? NULL : &floats->layers[float_at]);
    }
    return result;
}

/* Integers that a Quantizer would take as quantized already are real numbers to the Keras model: they become floats.
 */
static int make_real(struct session *session, const struct verification *v, struct arrays *arrays)
{
    cnn2snn_tensor *real = NULL;
    cnn2snn_error *error = NULL;
    if (!cnn2snn_simulator_accepts_float32(v->akida.simulator))
        return STATUS_DONE;
    if (cnn2snn_tensor_convert(arrays->items[0], CNN2SNN_DTYPE_FLOAT32, &real, &error))
        return session_fail(session, error);
    cnn2snn_tensor_destroy(arrays->items[0]);
    arrays->items[0] = real;
    return STATUS_DONE;
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

static int run_part(struct session *session, struct verification *v, const struct inputs *inputs, uint64_t first,
                    uint64_t count)
{
    struct arrays arrays = {0}, scaled = {0};
    struct trace keras = {0}, akida = {0}, floats = {0}, own = {0};
    int result = inputs_take(session, inputs, first, count, &arrays);
    if (!result && arrays.count != 1)
        result = session_fail_text(session, NULL, "%zu input arrays given, expected 1", arrays.count);
    if (!result)
        result = make_real(session, v, &arrays);
    if (!result)
        result = scale_inputs(session, &arrays, &scaled);
    if (!result)
        result = trace_run(session, &v->akida, &arrays, &akida);
    if (!result && v->own.simulator)
        result = trace_run(session, &v->own, &arrays, &own);
    if (!result)
        result = trace_run(session, &v->keras, &scaled, &keras);
    if (!result && v->reference.model)
        result = trace_run(session, &v->reference, &scaled, &floats);
    if (!result)
        result = measure_part(session, v, &keras, &akida, &floats, &own);
    trace_free(&keras);
    trace_free(&akida);
    trace_free(&floats);
    trace_free(&own);
    arrays_free(&arrays);
    arrays_free(&scaled);
    return result;
}

/* With a state, samples follow each other in time: the Keras model's starts anew with each call. */
static int has_state(const cnn2snn_akida_model *model)
{
    for (size_t i = 0; i < cnn2snn_akida_model_get_layer_count(model); i++) {
        const char *kind = cnn2snn_akida_model_get_layer_kind(model, i);
        if (strstr(kind, "BufferTempConv") || strstr(kind, "StatefulRecurrent"))
            return 1;
    }
    return 0;
}

int verification_run(struct session *session, struct verification *v, const struct inputs *inputs)
{
    int result = STATUS_DONE;
    uint64_t part = inputs->divisible && !has_state(v->akida.akida) ? PART : inputs->samples;
    if (!inputs->samples)
        return session_fail_text(session, session->arguments.inputs.items[0], "no samples");
    for (uint64_t first = 0; !result && first < inputs->samples; first += part) {
        uint64_t count = inputs->samples - first < part ? inputs->samples - first : part;
        progress_part(&session->progress, first, count, inputs->samples);
        progress_show(&session->progress, "verify", 0, 1);
        result = run_part(session, v, inputs, first, count);
    }
    progress_part(&session->progress, 0, 0, 0);
    progress_hide(&session->progress);
    return result;
}

void verification_free(struct verification *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->rows[i].name);
        free(v->rows[i].keras_name);
        free(v->rows[i].altered);
        free(v->rows[i].scales);
        free(v->rows[i].of_channels);
    }
    free(v->rows);
    runner_close(&v->keras);
    runner_close(&v->akida);
    runner_close(&v->reference);
    runner_close(&v->own);
}
