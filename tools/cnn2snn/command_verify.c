/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn verify: a Keras model and the Akida model made of it, layer by layer. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "old_release.h"
#include "output.h"
#include "verification.h"

static const struct option options[] = {
    OPTION("-i", "--input", OPTION_LIST, 1, inputs, "FILE",
           "the Akida model's samples (.npy, .npz), or a folder of PNG and JPEG images"),
    OPTION(NULL, "--resize", OPTION_FLAG, 0, resize, NULL, "images of other sizes are scaled to the model's"),
    OPTION(NULL, "--float", OPTION_TEXT, 0, float_model, "FILE",
           "the float model (.h5): how far the other two are from it is told as well"),
    OPTION(NULL, "--input-scaling", OPTION_PAIR, 0, input_scaling, "SCALE,SHIFT",
           "as in convert: the Akida model's input is SCALE * the Keras model's + SHIFT"),
    OPTION(
        NULL, "--min-sqnr", OPTION_INTEGER, 0, min_sqnr, "DB",
        "a layer below this ratio of signal to noise diverges, and one with a channel 10 dB below it: judge by this "
        "alone (otherwise by 20, for a float model 5, and by the integers)"),
    THREADS_OPTION,
};

enum { QUANTIZED_MIN_SQNR = 20, FLOAT_MIN_SQNR = 5, CHANNEL_ALLOWANCE = 10 };

static const char *check(const struct arguments *a)
{
    return a->input_scaling.given && !(a->input_scaling.values[0] > 0) ? "--input-scaling: SCALE must be positive"
                                                                       : NULL;
}

/* ------------------------------------------------------------------------------------------------ judging */

struct judgement {
    double min_sqnr;
    int by_integers; /* not only by the ratio */
};

/* One channel alone is hardly seen in the whole, and has more noise than the whole. */
static int is_noisy(const struct row *row, double min_sqnr)
{
    uint64_t channel;
    return row->compared &&
           (!(measure_sqnr(&row->integer) >= min_sqnr) ||
            !(measure_worst_sqnr(row->of_channels, row->channels, &channel) >= min_sqnr - CHANNEL_ALLOWANCE));
}

/* Integers say it exactly: those of the library's own conversion, whose rounding is no fault, or else the Keras
 * model's. Without either the ratio has to do. */
static int diverges(const struct verification *v, const struct row *row, const struct judgement *judgement)
{
    if (!judgement->by_integers || (!v->own_is_equal && !row->judged && !row->values))
        return is_noisy(row, judgement->min_sqnr);
    if (v->own_is_equal)
        return 0;
    return row->judged ? row->unlike || row->altered : row->unequal != 0;
}

static size_t count_noisy(const struct verification *v, const struct judgement *judgement)
{
    size_t count = 0;
    for (size_t i = 0; i < v->count; i++)
        count += is_noisy(&v->rows[i], judgement->min_sqnr) != 0;
    return count;
}

/* ------------------------------------------------------------------------------------------------ printing */

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

static const char *const source_names[] = {"float", "step", "derived", "fitted"};

static void print_json_row(const struct verification *v, const struct row *row, const struct judgement *judgement)
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
        if (row->values)
            printf(", \"unequal_integers\": %llu", (unsigned long long)row->unequal);
        if (row->integer_to_float.count) {
            print_json_measure("quantized_to_float", &row->quantized_to_float);
            print_json_measure("integer_to_float", &row->integer_to_float);
        }
    }
    if (row->judged || v->own_is_equal)
        printf(", \"unlike_own_conversion\": %llu", (unsigned long long)row->unlike);
    if (row->altered) {
        printf(", \"altered_variable\": ");
        print_json_string(stdout, row->altered);
    }
    printf(", \"diverges\": %s}", diverges(v, row, judgement) ? "true" : "false");
}

static void print_ratio(const struct measure *measure, int width)
{
    if (measure->count)
        printf("  %*.1f", width, measure_sqnr(measure));
    else
        printf("  %*s", width, "-");
}

static void print_row(const struct verification *v, const struct row *row, const struct judgement *judgement)
{
    const char *end = diverges(v, row, judgement) ? "  diverges" : "";
    printf("%-20s  ", row->name);
    if (!row->compared) {
        printf("not in the Keras model%s\n", end);
        return;
    }
    uint64_t channel;
    double worst = measure_worst_sqnr(row->of_channels, row->channels, &channel);
    printf("%-20s  %-7s  %10.4g  %10.4g  %6.1f  %6.1f", row->keras_name, source_names[row->source],
           row->integer.largest, measure_mse(&row->integer), measure_sqnr(&row->integer), worst);
    if (v->reference.model) {
        print_ratio(&row->quantized_to_float, 15);
        print_ratio(&row->integer_to_float, 15);
    }
    printf("%s\n", end);
}

/* Why the layer is said to diverge. */
static void print_reason(const struct row *row, const struct judgement *judgement)
{
    uint64_t channel;
    if (judgement->by_integers && row->judged && !row->unlike)
        printf("layer %s diverges: %s isn't that of this library's conversion of the Keras model, though no value of "
               "these samples shows it\n",
               row->name, row->altered);
    else if (judgement->by_integers && row->judged)
        printf("layer %s diverges: %llu values differ from those of this library's conversion of the Keras model\n",
               row->name, (unsigned long long)row->unlike);
    else if (judgement->by_integers && row->values)
        printf("layer %s diverges: %llu of %llu integers differ from those of the Keras model\n", row->name,
               (unsigned long long)row->unequal, (unsigned long long)row->values);
    else
        printf("layer %s diverges: SQNR %.1f dB, of its worst channel %.1f dB, expected %g and %g or more\n",
               row->name, measure_sqnr(&row->integer), measure_worst_sqnr(row->of_channels, row->channels, &channel),
               judgement->min_sqnr, judgement->min_sqnr - CHANNEL_ALLOWANCE);
}

/* Why the release that wrote the file gave other numbers; NULL where that isn't known, or isn't all. */
static const char *explanation_of(const struct verification *v)
{
    return v->own.akida ? old_release_explains(v->akida.akida, v->own.akida) : NULL;
}

static void print_text(const struct verification *v, const struct row *first, const struct judgement *judgement)
{
    printf("%-20s  %-20s  %-7s  %10s  %10s  %6s  %6s%s\n", "Akida layer", "Keras layer", "scale", "max", "mse",
           "SQNR", "worst", v->reference.model ? "  Keras and float  Akida and float" : "");
    for (size_t i = 0; i < v->count; i++)
        print_row(v, &v->rows[i], judgement);
    if (first)
        print_reason(first, judgement);
    const char *explanation = first ? explanation_of(v) : NULL;
    if (explanation)
        printf("the file is of an old release (%s): %s, and nothing else differs from today's conversion\n",
               cnn2snn_akida_model_get_version(v->akida.akida), explanation);
    size_t noisy = first ? 0 : count_noisy(v, judgement);
    if (noisy)
        printf("%zu layers are below %g dB: the conversion's rounding, each value is as it has to be\n", noisy,
               judgement->min_sqnr);
    if (!first)
        printf("no layer diverges\n");
}

static void print_json(const struct verification *v, const struct row *first, const struct judgement *judgement)
{
    printf("{\n  \"min_sqnr\": %g,\n  \"first_divergent\": ", judgement->min_sqnr);
    if (first)
        print_json_string(stdout, first->name);
    else
        printf("null");
    printf(",\n  \"explained_by_release\": ");
    const char *explanation = first ? explanation_of(v) : NULL;
    if (explanation)
        print_json_string(stdout, explanation);
    else
        printf("null");
    printf(",\n  \"layers\": [");
    for (size_t i = 0; i < v->count; i++) {
        printf(i ? ",\n    " : "\n    ");
        print_json_row(v, &v->rows[i], judgement);
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
    struct judgement judgement = {has_quantized_layers(v->keras.model) ? QUANTIZED_MIN_SQNR : FLOAT_MIN_SQNR,
                                  !a->min_sqnr.given};
    if (a->min_sqnr.given)
        judgement.min_sqnr = a->min_sqnr.value;
    for (size_t i = 0; i < v->count; i++) {
        compared += v->rows[i].compared != 0;
        if (!first && diverges(v, &v->rows[i], &judgement))
            first = &v->rows[i];
    }
    if (!compared)
        return session_fail_text(session, a->second_positional, "no layer has the name and size of one of %s",
                                 a->positional);
    if (a->json)
        print_json(v, first, &judgement);
    else
        print_text(v, first, &judgement);
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
        result = verification_convert(session, &v);
    if (!result)
        result = verification_run(session, &v, &inputs);
    if (!result)
        result = report(session, &v);
    inputs_close(&inputs);
    verification_free(&v);
    return result;
}

const struct command verify_command = {
    .name = "verify",
    .positional = "KERAS",
    .second_positional = "AKIDA",
    .summary = "Compares an Akida model (.fbz) with its Keras model (.h5), layer by layer.",
    .details =
        "Integers become floats by what one of them stands for: in a QuantizeML model that follows from its weights\n"
        "(derived), in a CNN2SNN model it is the step of the activation (step); of a float model it is fitted to "
        "the\n"
        "first samples (fitted); some layers give floats already (float). Where the library converts the Keras "
        "model\n"
        "itself, a layer whose integers are not the same diverges; where it can't, one whose derived integers "
        "differ\n"
        "from the Keras model's. Of a file that an old release wrote it is told where that release's conversion\n"
        "explains all differences. Exit status 0: no layer diverges; 1: one does.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .check = check,
    .run = run,
};
