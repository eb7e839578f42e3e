/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn evaluate: how many samples a classifier gets right. */
#include <stdio.h>

#include "commands.h"
#include "inputs.h"
#include "output.h"
#include "score.h"

static const struct option options[] = {
    OPTION("-m", "--model", OPTION_TEXT, 1, model, "FILE", "the Keras model (.h5) or Akida model (.fbz)"),
    OPTION("-i", "--input", OPTION_LIST, 1, inputs, "FILE",
           "the samples (.npy, .npz), or a folder of PNG and JPEG images, taken by name"),
    OPTION("-l", "--labels", OPTION_TEXT, 1, labels, "FILE", "their classes, integers from 0 (.npy)"),
    OPTION(NULL, "--resize", OPTION_FLAG, 0, resize, NULL, "images of other sizes are scaled to the model's"),
    OPTION(NULL, "--confusion", OPTION_FLAG, 0, confusion, NULL,
           "print how often each class's samples were taken for each class (always there with --json)"),
    THREADS_OPTION,
};

enum { PART = 256 }; /* samples run together */

struct evaluation {
    const struct runner *runner;
    const struct inputs *inputs;
    const int64_t *labels;
    int are_unsigned;    /* were uint64: a negative one is a large one */
    char shape_text[96]; /* of the labels */
    uint64_t count;
    struct score score;
    double seconds; /* of running the model */
};

static int is_integer_type(cnn2snn_dtype dtype)
{
    return dtype >= CNN2SNN_DTYPE_INT8 && dtype <= CNN2SNN_DTYPE_UINT64;
}

static void format_shape(const cnn2snn_tensor *tensor, char *text, size_t size)
{
    size_t rank = cnn2snn_tensor_get_rank(tensor), at = (size_t)snprintf(text, size, "(");
    for (size_t i = 0; i < rank && at < size; i++)
        at += (size_t)snprintf(text + at, size - at, i ? ", %lld" : "%lld",
                               (long long)cnn2snn_tensor_get_shape(tensor)[i]);
    if (at < size)
        snprintf(text + at, size - at, rank == 1 ? ",)" : ")");
}

/* The labels as int64. */
static int load_labels(struct session *session, struct evaluation *e, cnn2snn_tensor **out)
{
    const char *path = session->arguments.labels;
    cnn2snn_tensor *labels = NULL;
    cnn2snn_error *error = NULL;
    if (cnn2snn_tensor_load(session->context, path, &labels, &error))
        return session_fail(session, error);
    int result = STATUS_DONE;
    if (!is_integer_type(cnn2snn_tensor_get_dtype(labels)))
        result = session_fail_text(session, path, "labels of type %s, expected integers: the class of each sample",
                                   cnn2snn_dtype_name(cnn2snn_tensor_get_dtype(labels)));
    else if (cnn2snn_tensor_convert(labels, CNN2SNN_DTYPE_INT64, out, &error))
        result = session_fail(session, error);
    e->are_unsigned = cnn2snn_tensor_get_dtype(labels) == CNN2SNN_DTYPE_UINT64;
    format_shape(labels, e->shape_text, sizeof e->shape_text);
    cnn2snn_tensor_destroy(labels);
    return result;
}

static int refuse_label(struct session *session, const struct evaluation *e, uint64_t sample, uint64_t classes)
{
    char label[24];
    snprintf(label, sizeof label, e->are_unsigned ? "%llu" : "%lld", (long long)e->labels[sample]);
    return session_fail_text(
        session, session->arguments.labels, "label %s of sample %llu, the model has %llu classes: expected 0 to %llu",
        label, (unsigned long long)sample, (unsigned long long)classes, (unsigned long long)classes - 1);
}

static int add_outputs(struct session *session, struct evaluation *e, const cnn2snn_tensor *output, uint64_t first,
                       uint64_t count)
{
    uint64_t classes = cnn2snn_tensor_get_count(output) / count;
    const float *values = cnn2snn_tensor_get_data(output);
    if (classes < 2)
        return session_fail_text(session, session->arguments.model,
                                 "%llu output a sample, expected one for each class", (unsigned long long)classes);
    if (!first && !score_init(&e->score, classes))
        return session_fail_text(session, NULL, "out of memory");
    for (uint64_t i = 0; i < count; i++) {
        int64_t label = e->labels[first + i];
        if (label < 0 || (uint64_t)label >= classes)
            return refuse_label(session, e, first + i, classes);
        score_add(&e->score, values + i * classes, (uint64_t)label);
    }
    return STATUS_DONE;
}

static int evaluate_part(struct session *session, struct evaluation *e, uint64_t first, uint64_t count)
{
    struct arrays arrays = {0}, outputs = {0};
    struct timespec start;
    int result = inputs_take(session, e->inputs, first, count, &arrays);
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (!result)
        result = runner_run(session, e->runner, &arrays, 1, NULL, NULL, &outputs);
    e->seconds += seconds_since(&start);
    if (!result && outputs.count != 1)
        result = session_fail_text(session, session->arguments.model, "the model has %zu outputs, expected 1",
                                   outputs.count);
    if (!result)
        result = add_outputs(session, e, outputs.items[0], first, count);
    arrays_free(&outputs);
    arrays_free(&arrays);
    return result;
}

/* The shapes tell one-hot labels, and samples that aren't what the model takes. */
static int refuse_count(struct session *session, const struct evaluation *e)
{
    char shape[96] = "";
    if (e->inputs->arrays.count)
        format_shape(e->inputs->arrays.items[0], shape, sizeof shape);
    return session_fail_text(session, session->arguments.labels,
                             "%llu labels for %llu samples, expected one for each (labels of shape %s%s%s)",
                             (unsigned long long)e->count, (unsigned long long)e->inputs->samples, e->shape_text,
                             *shape ? ", samples of shape " : "", shape);
}

static int evaluate_all(struct session *session, struct evaluation *e)
{
    uint64_t part = e->inputs->divisible ? PART : e->count;
    int result = STATUS_DONE;
    if (!e->count || e->inputs->samples != e->count)
        return refuse_count(session, e);
    for (uint64_t first = 0; !result && first < e->count; first += part) {
        uint64_t count = e->count - first < part ? e->count - first : part;
        progress_part(&session->progress, first, count, e->count);
        progress_show(&session->progress, "evaluate", 0, 1);
        result = evaluate_part(session, e, first, count);
    }
    progress_part(&session->progress, 0, 0, 0);
    progress_hide(&session->progress);
    return result;
}

static int print_score(struct session *session, const struct evaluation *e)
{
    const struct score *score = &e->score;
    const struct arguments *a = &session->arguments;
    double top1 = (double)score->top1 / (double)score->count, top5 = (double)score->top5 / (double)score->count;
    double rate = e->seconds > 0 ? (double)score->count / e->seconds : 0;
    if (a->json) {
        printf("{\n  \"model\": ");
        print_json_string(stdout, a->model);
        printf(",\n  \"count\": %llu,\n  \"top1\": %.9g,\n  \"top5\": %.9g,\n  \"samples_per_second\": %.6g,\n"
               "  \"confusion\": ",
               (unsigned long long)score->count, top1, top5, rate);
        score_print_json_matrix(score, stdout);
        printf(",\n  \"memory\": ");
        print_json_memory(stdout, e->runner->simulator);
        printf("\n}\n");
        return STATUS_DONE;
    }
    printf("%s: %llu samples, top-1 %.2f %%", a->model, (unsigned long long)score->count, 100 * top1);
    if (score->classes > 5)
        printf(", top-5 %.2f %%", 100 * top5);
    printf(", %.*f samples/s\n", rate < 100, rate);
    if (a->confusion && score->matrix)
        score_print_matrix(score, stdout);
    else if (a->confusion)
        return session_fail_text(session, a->model, "%llu classes, a confusion matrix has %d at most",
                                 (unsigned long long)score->classes, SCORE_MAX_MATRIX);
    return STATUS_DONE;
}

static int evaluate(struct session *session, const struct runner *runner, const struct inputs *inputs)
{
    struct evaluation e = {.runner = runner, .inputs = inputs};
    cnn2snn_tensor *labels = NULL;
    int result = load_labels(session, &e, &labels);
    if (result)
        return result;
    e.labels = cnn2snn_tensor_get_data(labels);
    e.count = cnn2snn_tensor_get_count(labels);
    result = evaluate_all(session, &e);
    if (!result)
        result = print_score(session, &e);
    score_free(&e.score);
    cnn2snn_tensor_destroy(labels);
    return result;
}

static int run(struct session *session)
{
    return inputs_use(session, evaluate);
}

const struct command evaluate_command = {
    .name = "evaluate",
    .summary = "Says how many samples a model classifies right.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
