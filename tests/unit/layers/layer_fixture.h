/* SPDX-License-Identifier: Apache-2.0 */
/* A context, layers made of a line of JSON (with ' for "), and what tests of layers say about them. */
#ifndef LAYER_FIXTURE_H
#define LAYER_FIXTURE_H

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "base/json.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"

/* Some of it is unused in each program. */
#define FIXTURE __attribute__((unused)) static

static cnn2snn_context *context;

/* Extents of a shape; OPEN for those that are not known. */
enum { OPEN = -1 };
#define SHAPE(...)                                                                                                   \
    ((struct c2s_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .extents = {__VA_ARGS__}})
#define SCALAR ((struct c2s_shape){.rank = 0})

FIXTURE void set_up(void)
{
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
}

FIXTURE void tear_down(void)
{
    c2s_context_release(context);
}

/* Puts the tests into a suite with a context for each, and runs it. */
FIXTURE int run(const char *name, const TTest *const *tests, size_t count)
{
    TCase *test_case = tcase_create(name);
    tcase_add_checked_fixture(test_case, set_up, tear_down);
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

FIXTURE json_t *json(const char *text)
{
    char *quoted = strdup(text);
    for (char *c = quoted; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *value = NULL;
    cnn2snn_error *error = NULL;
    if (c2s_json_parse(context, quoted, strlen(quoted), "test", &value, &error))
        ck_abort_msg("%s: %s", text, error->message);
    free(quoted);
    return value;
}

FIXTURE cnn2snn_status create(const char *class_name, const char *config, const struct c2s_layer_source *source,
                              cnn2snn_layer **out, cnn2snn_error **error)
{
    json_t *object = json(config);
    cnn2snn_status status = c2s_layer_create(context, class_name, object, source, out, error);
    json_decref(object);
    return status;
}

FIXTURE cnn2snn_layer *make_from(const char *class_name, const char *config, const struct c2s_layer_source *source)
{
    cnn2snn_layer *layer = NULL;
    cnn2snn_error *error = NULL;
    if (create(class_name, config, source, &layer, &error))
        ck_abort_msg("%s %s: %s", class_name, config, error->text);
    return layer;
}

FIXTURE cnn2snn_layer *make(const char *class_name, const char *config)
{
    return make_from(class_name, config, NULL);
}

FIXTURE cnn2snn_layer *construct(const char *class_name, const char *config)
{
    return make_from(class_name, config, &(struct c2s_layer_source){.constructed = true});
}

/* `part` is some of the error's text. */
FIXTURE void expect_failure(cnn2snn_status status, cnn2snn_error *error, cnn2snn_status expected, const char *part)
{
    ck_assert_int_eq(status, expected);
    ck_assert_ptr_nonnull(error);
    if (!strstr(error->text, part))
        ck_abort_msg("\"%s\" is not in \"%s\"", part, error->text);
    c2s_error_destroy(error);
}

FIXTURE void expect_refused(const char *class_name, const char *config, bool constructed, cnn2snn_status expected,
                            const char *part)
{
    cnn2snn_layer *layer = (cnn2snn_layer *)&context;
    cnn2snn_error *error = NULL;
    cnn2snn_status status =
        create(class_name, config, &(struct c2s_layer_source){.constructed = constructed}, &layer, &error);
    if (!status)
        ck_abort_msg("%s %s is taken", class_name, config);
    ck_assert_ptr_null(layer);
    expect_failure(status, error, expected, part);
}

FIXTURE void expect_same_shape(const struct c2s_shape *found, const struct c2s_shape *expected, const char *what)
{
    char a[C2S_SHAPE_TEXT], b[C2S_SHAPE_TEXT];
    if (!c2s_shape_equal(found, expected))
        ck_abort_msg("%s: %s, expected %s", what, c2s_shape_text(found, a, sizeof a),
                     c2s_shape_text(expected, b, sizeof b));
}

FIXTURE void expect_shape_of(const char *class_name, const char *config, size_t count, const struct c2s_shape *inputs,
                             struct c2s_shape expected)
{
    cnn2snn_layer *layer = make(class_name, config);
    struct c2s_shape found;
    cnn2snn_error *error = NULL;
    if (c2s_layer_output_shape(layer, count, inputs, &found, &error))
        ck_abort_msg("%s %s: %s", class_name, config, error->text);
    expect_same_shape(&found, &expected, config);
    c2s_layer_release(layer);
}

FIXTURE void expect_shape(const char *class_name, const char *config, struct c2s_shape input,
                          struct c2s_shape expected)
{
    expect_shape_of(class_name, config, 1, &input, expected);
}

FIXTURE void expect_no_shape_of(const char *class_name, const char *config, size_t count,
                                const struct c2s_shape *inputs, cnn2snn_status expected, const char *part)
{
    cnn2snn_layer *layer = make(class_name, config);
    struct c2s_shape found;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_layer_output_shape(layer, count, inputs, &found, &error);
    if (!status)
        ck_abort_msg("%s %s has a shape", class_name, config);
    expect_failure(status, error, expected, part);
    c2s_layer_release(layer);
}

FIXTURE void expect_no_shape(const char *class_name, const char *config, struct c2s_shape input,
                             cnn2snn_status expected, const char *part)
{
    expect_no_shape_of(class_name, config, 1, &input, expected, part);
}

struct expected_weight {
    const char *name;
    struct c2s_shape shape;
    float initial;
    bool trainable;
};

/* The specs, and that building makes such weights. input unranked: the specs only. */
FIXTURE void expect_weights(const char *class_name, const char *config, struct c2s_shape input, size_t count,
                            const struct expected_weight *expected)
{
    cnn2snn_layer *layer = make(class_name, config);
    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS];
    size_t found;
    bool ranked = !c2s_shape_is_unranked(&input);
    ck_assert_int_eq(c2s_layer_weight_specs(layer, 1, ranked ? &input : NULL, specs, &found, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(found, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_eq(specs[i].name, expected[i].name);
        expect_same_shape(&specs[i].shape, &expected[i].shape, specs[i].name);
        ck_assert(specs[i].initial == expected[i].initial);
        ck_assert(specs[i].trainable == expected[i].trainable);
    }
    if (ranked) {
        ck_assert(!layer->built);
        ck_assert_int_eq(c2s_layer_build(layer, 1, &input, NULL), CNN2SNN_OK);
        ck_assert(layer->built);
        ck_assert_uint_eq(layer->weight_count, count);
    }
    for (size_t i = 0; i < layer->weight_count; i++) {
        ck_assert_str_eq(layer->weights[i].name, expected[i].name);
        ck_assert(c2s_weight_fits(&specs[i], layer->weights[i].tensor));
        ck_assert(c2s_f32(layer->weights[i].tensor)[layer->weights[i].tensor->count - 1] == expected[i].initial);
    }
    c2s_layer_release(layer);
}

/* get_config() as text in Python's form, with ' for ". */
FIXTURE void expect_config(const cnn2snn_layer *layer, const char *expected)
{
    json_t *config = NULL;
    ck_assert_int_eq(c2s_layer_get_config(layer, &config, NULL), CNN2SNN_OK);
    struct c2s_text text;
    c2s_text_init(&text, context);
    c2s_json_dump(&text, config, false);
    for (char *c = text.data; *c; c++)
        if (*c == '"')
            *c = '\'';
    ck_assert_str_eq(text.data, expected);
    c2s_text_free(&text);
    json_decref(config);
}

#endif
