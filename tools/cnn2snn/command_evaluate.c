/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn evaluate: how many samples a classifier gets right. */
#include <stdio.h>

#include "akida_run.h"
#include "arrays.h"
#include "commands.h"
#include "output.h"
#include "session.h"

static const struct option options[] = {
    OPTION("-m", "--model", OPTION_TEXT, 1, model, "FILE", "the Keras model (.h5) or Akida model (.fbz)"),
    OPTION("-i", "--input", OPTION_LIST, 1, inputs, "FILE", "the samples (.npy)"),
    OPTION("-l", "--labels", OPTION_TEXT, 1, labels, "FILE", "their classes, integers from 0 (.npy)"),
};

struct score {
    uint64_t count, top1, top5;
    uint64_t classes;
};

static int is_integer_type(cnn2snn_dtype dtype)
{
    return dtype >= CNN2SNN_DTYPE_INT8 && dtype <= CNN2SNN_DTYPE_UINT64;
}

/* The labels as int64. */
static int load_labels(struct session *session, cnn2snn_tensor **out)
{
    const char *path = session->arguments.labels;
    cnn2snn_tensor *labels = NULL;
    cnn2snn_error *error = NULL;
    if (cnn2snn_tensor_load(session->context, path, &labels, &error))
        return session_fail(session, error);
    int result = STATUS_DONE;
    if (!is_integer_type(cnn2snn_tensor_get_dtype(labels)))
        result = session_fail_text(session, path, "labels of type %s, expected integers",
                                   cnn2snn_dtype_name(cnn2snn_tensor_get_dtype(labels)));
    else if (cnn2snn_tensor_convert(labels, CNN2SNN_DTYPE_INT64, out, &error))
        result = session_fail(session, error);
    cnn2snn_tensor_destroy(labels);
    return result;
}

/* How many classes go before the label's: those with larger values, and equal ones in front of it. */
static uint64_t rank_of(const float *values, uint64_t classes, uint64_t label)
{
    uint64_t rank = 0;
    for (uint64_t i = 0; i < classes; i++)
        rank += i < label ? values[i] >= values[label] : values[i] > values[label];
    return rank;
}

static int score_all(struct session *session, const cnn2snn_tensor *output, const cnn2snn_tensor *labels,
                     struct score *score)
{
    const char *path = session->arguments.labels;
    const int64_t *label = cnn2snn_tensor_get_data(labels);
    const float *values = cnn2snn_tensor_get_data(output);
    score->count = cnn2snn_tensor_get_count(labels);
    uint64_t elements = cnn2snn_tensor_get_count(output);
    uint64_t samples = cnn2snn_tensor_get_rank(output) ? (uint64_t)cnn2snn_tensor_get_shape(output)[0] : 1;
    score->classes = samples ? elements / samples : 0;
    if (!score->count || samples != score->count)
        return session_fail_text(session, path, "%llu labels for %llu samples", (unsigned long long)score->count,
                                 (unsigned long long)samples);
    if (score->classes < 2)
        return session_fail_text(session, session->arguments.model,
                                 "%llu output a sample, expected one for each class",
                                 (unsigned long long)score->classes);
    for (uint64_t i = 0; i < score->count; i++) {
        if (label[i] < 0 || (uint64_t)label[i] >= score->classes)
            return session_fail_text(session, path, "label %lld of sample %llu, the model has %llu classes",
                                     (long long)label[i], (unsigned long long)i, (unsigned long long)score->classes);
        const float *row = values + i * score->classes;
        /* A sample whose output is not a number is wrong. */
        uint64_t rank =
            row[label[i]] == row[label[i]] ? rank_of(row, score->classes, (uint64_t)label[i]) : score->classes;
        score->top1 += rank < 1;
        score->top5 += rank < 5;
    }
    return STATUS_DONE;
}

static void print_score(struct session *session, const struct score *score)
{
    double top1 = (double)score->top1 / (double)score->count, top5 = (double)score->top5 / (double)score->count;
    if (session->arguments.json) {
        printf("{\n  \"model\": ");
        print_json_string(stdout, session->arguments.model);
        printf(",\n  \"count\": %llu,\n  \"top1\": %.9g,\n  \"top5\": %.9g\n}\n", (unsigned long long)score->count,
               top1, top5);
        return;
    }
    printf("%s: %llu samples, top-1 %.2f %%", session->arguments.model, (unsigned long long)score->count, 100 * top1);
    if (score->classes > 5)
        printf(", top-5 %.2f %%", 100 * top5);
    printf("\n");
}

/* model NULL: the Akida model of -m. */
static int evaluate(struct session *session, const cnn2snn_model *model, const struct arrays *inputs)
{
    cnn2snn_tensor *labels = NULL;
    cnn2snn_predict_options settings = CNN2SNN_PREDICT_OPTIONS_INIT;
    struct arrays outputs = {0};
    struct score score = {0};
    int result = load_labels(session, &labels);
    if (!result)
        result = model ? arrays_predict(session, model, inputs, &settings, &outputs)
                       : akida_run(session, inputs, 1, NULL, NULL, &outputs);
    if (!result && outputs.count != 1)
        result = session_fail_text(session, session->arguments.model, "the model has %zu outputs, expected 1",
                                   outputs.count);
    if (!result)
        result = score_all(session, outputs.items[0], labels, &score);
    progress_hide(&session->progress);
    if (!result)
        print_score(session, &score);
    arrays_free(&outputs);
    cnn2snn_tensor_destroy(labels);
    return result;
}

static int run(struct session *session)
{
    const struct arguments *a = &session->arguments;
    struct arrays inputs;
    cnn2snn_model *model = NULL;
    if (!is_akida_file(a->model)) {
        model = session_load_model(session, 0);
        if (!model)
            return STATUS_CANNOT;
    }
    int result = arrays_load(session, &a->inputs, &inputs);
    if (!result) {
        result = evaluate(session, model, &inputs);
        arrays_free(&inputs);
    }
    cnn2snn_model_destroy(model);
    return result;
}

const struct command evaluate_command = {
    .name = "evaluate",
    .summary = "Says how many samples a model classifies right.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
