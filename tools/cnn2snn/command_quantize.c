/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn quantize: a whole model, or with --layer one of its layers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "paths.h"
#include "session.h"

static const struct option options[] = {
    OPTION("-m", "--model", OPTION_TEXT, 1, model, "FILE", "the Keras model (.h5)"),
    OPTION("-o", "--output", OPTION_TEXT, 0, output, "FILE",
           "where to write; otherwise beside the model, named ..._iqN_wqN_aqN.h5"),
    OPTION("-wq", "--weight_quantization", OPTION_INTEGER, 0, weight_bits, "BITS",
           "bits of weights; 0: they stay float (default 4)"),
    OPTION("-aq", "--activ_quantization", OPTION_INTEGER, 0, activation_bits, "BITS",
           "bits of activations; 0: they stay float (default 4)"),
    OPTION("-iq", "--input_weight_quantization", OPTION_INTEGER, 0, input_bits, "BITS",
           "bits of the first layer's weights; -1: as -wq (default -1)"),
    OPTION(NULL, "--no-fold-BN", OPTION_FLAG, 0, no_fold_batchnorm, NULL,
           "leave BatchNormalization layers as they are"),
    OPTION(NULL, "--quantizer", OPTION_TEXT, 0, quantizer, "CLASS",
           "weight quantizer: MaxQuantizer, MaxPerAxisQuantizer (default), StdWeightQuantizer, StdPerAxisQuantizer"),
    OPTION(NULL, "--layer", OPTION_TEXT, 0, layer, "NAME", "quantize this layer only, by name or index"),
    OPTION(NULL, "--bitwidth", OPTION_INTEGER, 0, bitwidth, "BITS", "its bits"),
};

static const struct {
    const char *name;
    cnn2snn_quantizer_kind kind;
    cnn2snn_quantizer_kind per_tensor; /* for depthwise kernels, whose last axis is 1 */
} quantizers[] = {
    {"MaxQuantizer", CNN2SNN_QUANTIZER_MAX, CNN2SNN_QUANTIZER_MAX},
    {"MaxPerAxisQuantizer", CNN2SNN_QUANTIZER_MAX_PER_AXIS, CNN2SNN_QUANTIZER_MAX},
    {"StdWeightQuantizer", CNN2SNN_QUANTIZER_STD, CNN2SNN_QUANTIZER_STD},
    {"StdPerAxisQuantizer", CNN2SNN_QUANTIZER_STD_PER_AXIS, CNN2SNN_QUANTIZER_STD},
};

enum { QUANTIZER_COUNT = sizeof quantizers / sizeof *quantizers };

static int find_quantizer(const char *name)
{
    for (int i = 0; i < QUANTIZER_COUNT; i++)
        if (!strcmp(quantizers[i].name, name))
            return i;
    return -1;
}

static const char *check(const struct arguments *a)
{
    if (a->quantizer && find_quantizer(a->quantizer) < 0)
        return "--quantizer: expected MaxQuantizer, MaxPerAxisQuantizer, StdWeightQuantizer or StdPerAxisQuantizer";
    if (!a->layer != !a->bitwidth.given)
        return "--layer and --bitwidth go together";
    if (a->layer && (a->weight_bits.given || a->activation_bits.given || a->input_bits.given || a->no_fold_batchnorm))
        return "--layer quantizes one layer: -wq, -aq, -iq and --no-fold-BN are for whole models";
    return NULL;
}

/* A cnn2snn_quantizer_fn for --quantizer. */
static cnn2snn_status choose_quantizer(void *user_data, const cnn2snn_layer *layer,
                                       cnn2snn_quantizer *default_quantizer, cnn2snn_quantizer **out_quantizer,
                                       cnn2snn_error **error)
{
    const struct session *session = user_data;
    int choice = find_quantizer(session->arguments.quantizer);
    int depthwise = cnn2snn_quantizer_get_kind(default_quantizer) == CNN2SNN_QUANTIZER_MAX;
    (void)layer;
    return cnn2snn_quantizer_create(session->context,
                                    depthwise ? quantizers[choice].per_tensor : quantizers[choice].kind,
                                    cnn2snn_quantizer_get_bitwidth(default_quantizer), 3, out_quantizer, error);
}

static int value_or(struct integer_argument argument, int otherwise)
{
    return argument.given ? argument.value : otherwise;
}

static cnn2snn_status quantize_model(struct session *session, const cnn2snn_model *model, cnn2snn_model **out_model,
                                     char **out_path, cnn2snn_error **error)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_quantize_options settings = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    settings.weight_quantization = value_or(a->weight_bits, 4);
    settings.activ_quantization = value_or(a->activation_bits, 4);
    settings.input_weight_quantization = value_or(a->input_bits, -1);
    if (settings.input_weight_quantization == -1)
        settings.input_weight_quantization = settings.weight_quantization;
    settings.skip_fold_batchnorm = a->no_fold_batchnorm;
    if (a->quantizer) {
        settings.quantizer_function = choose_quantizer;
        settings.quantizer_function_user_data = session;
    }
    char *base = path_unquantized_base(a->model);
    *out_path = format_text("%s_iq%d_wq%d_aq%d.h5", base, (int)settings.input_weight_quantization,
                            (int)settings.weight_quantization, (int)settings.activ_quantization);
    free(base);
    return cnn2snn_model_quantize(model, &settings, out_model, error);
}

/* A name that is there goes before an index. */
static int is_index(const cnn2snn_model *model, const char *text, int64_t *out_index)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || cnn2snn_model_find_layer(model, text))
        return 0;
    *out_index = value;
    return 1;
}

static cnn2snn_status quantize_layer(struct session *session, const cnn2snn_model *model, cnn2snn_model **out_model,
                                     char **out_path, cnn2snn_error **error)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_quantizer_fn function = a->quantizer ? choose_quantizer : NULL;
    int64_t index;
    char *base = path_base(a->model), *name = format_text("%s", a->layer);
    for (char *c = name; *c; c++)
        if (*c == '/') /* a layer's name is no path */
            *c = '_';
    *out_path = format_text("%s_%s_%dbit.h5", base, name, (int)a->bitwidth.value);
    free(name);
    free(base);
    if (is_index(model, a->layer, &index))
        return cnn2snn_model_quantize_layer(model, index, a->bitwidth.value, function, session, out_model, error);
    return cnn2snn_model_quantize_named_layer(model, a->layer, a->bitwidth.value, function, session, out_model,
                                              error);
}

static int run(struct session *session)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_model *model = session_load_model(session, 0), *quantized = NULL;
    cnn2snn_error *error = NULL;
    char *path = NULL;
    if (!model)
        return STATUS_CANNOT;
    cnn2snn_status status = (a->layer ? quantize_layer : quantize_model)(session, model, &quantized, &path, &error);
    cnn2snn_model_destroy(model);
    int result = status ? session_fail(session, error)
                        : session_save_model(session, quantized, a->output ? a->output : path, "Quantized model");
    free(path);
    return result;
}

const struct command quantize_command = {
    .name = "quantize",
    .summary = "Quantizes weights and activations of a Keras model.",
    .details = "A quantization suffix in the model's name is replaced by the new one.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .leaves_model = 1,
    .check = check,
    .run = run,
};
