/* SPDX-License-Identifier: Apache-2.0 */
/* A context, configs written as JSON with ' for ", and what the tests of formats say about graphs and errors. */
#ifndef FORMATS_TESTING_H
#define FORMATS_TESTING_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/keras_config.h"
#include "ir/model.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"

/* Some of it is unused in each program. */
#define TESTING __attribute__((unused)) static

static cnn2snn_context *context;
static cnn2snn_error *error;

TESTING void set_up(void)
{
    error = NULL;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
}

TESTING void tear_down(void)
{
    c2s_error_clear(&error);
    c2s_context_release(context);
}

TESTING int run(const char *name, const TTest *const *tests, size_t count)
{
    TCase *test_case = tcase_create(name);
    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_set_timeout(test_case, 60);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(test_case, tests[i]);
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, test_case);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
#define RUN(name, ...)                                                                                               \
    run(name, (const TTest *const[]){__VA_ARGS__}, sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(TTest *))

TESTING json_t *json(const char *text)
{
    json_t *value = NULL;
    char *quoted = strdup(text);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    cnn2snn_status status = c2s_json_parse(context, quoted, strlen(quoted), "config", &value, &error);
    ck_assert_msg(!status, "%s in %s", error ? error->text : "", quoted);
    free(quoted);
    return value;
}

/* Status of reading a config; the graph, or NULL, goes to *graph. */
TESTING cnn2snn_status read_with(const struct c2s_keras_read_settings *settings, const char *text,
                                 struct c2s_graph **graph)
{
    json_t *document = json(text);
    cnn2snn_status status = c2s_keras_config_read(context, document, settings, graph, &error);
    json_decref(document);
    return status;
}

TESTING struct c2s_graph *graph_of(const char *text)
{
    struct c2s_keras_read_settings settings = {0};
    struct c2s_graph *graph = NULL;
    cnn2snn_status status = read_with(&settings, text, &graph);
    ck_assert_msg(!status, "%s", error ? error->text : "");
    return graph;
}

TESTING bool has_words(const char *text, const char *words)
{
    return strstr(text, words) != NULL;
}

TESTING const char *text_of(const cnn2snn_error *told)
{
    return told && told->text ? told->text : "no error";
}

/* The config is refused with this code, and the error's text has these words. */
#define expect_refused(text, code_, words)                                                                           \
    expect_refused_with(&(struct c2s_keras_read_settings){0}, text, code_, words)
#define expect_refused_with(settings, text, code_, words)                                                            \
    do {                                                                                                             \
        struct c2s_graph *graph_ = NULL;                                                                             \
        ck_assert_int_eq(read_with(settings, text, &graph_), code_);                                                 \
        ck_assert_ptr_null(graph_);                                                                                  \
        expect_error(code_, words);                                                                                  \
    } while (0)
#define expect_error(code_, words)                                                                                   \
    do {                                                                                                             \
        ck_assert_ptr_nonnull(error);                                                                                \
        ck_assert_int_eq(error->code, code_);                                                                        \
        ck_assert_msg(has_words(error->text, words), "%s", text_of(error));                                          \
        c2s_error_clear(&error);                                                                                     \
    } while (0)

/* Shape of the first output, as text. */
#define expect_output(graph, text_)                                                                                  \
    do {                                                                                                             \
        char shape_[C2S_SHAPE_TEXT];                                                                                 \
        struct c2s_value value_ = (graph)->outputs[0];                                                               \
        ck_assert_str_eq(c2s_shape_text(&(graph)->nodes[value_.node].shapes[value_.output], shape_, sizeof shape_),  \
                         text_);                                                                                     \
    } while (0)

#endif
