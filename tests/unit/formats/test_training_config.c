/* SPDX-License-Identifier: Apache-2.0 */
/* Whose loss and metrics are whose, in all the forms that files have. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/json.h"
#include "formats/training_config.h"

static cnn2snn_context *context;
static json_t *config;

static void start(void)
{
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
}

static void end(void)
{
    c2s_context_release(context);
}

static cnn2snn_status read_text(const char *json, cnn2snn_error **error)
{
    json_decref(config);
    config = NULL;
    char text[512];
    size_t size = 0;
    for (; json[size]; size++)
        text[size] = json[size] == '\'' ? '"' : json[size];
    ck_assert_int_eq(c2s_json_parse(context, text, size, "training_config", &config, error), CNN2SNN_OK);
    return c2s_training_config_check(context, config, error);
}

static void config_is(const char *json)
{
    ck_assert_int_eq(read_text(json, NULL), CNN2SNN_OK);
}

/* The two outputs are called a and b. */
static struct c2s_training_output output(size_t index, bool of_keras3)
{
    struct c2s_training_output output = {.name = index ? "b" : "a", .index = index};
    for (int weighted = 0; weighted < 2; weighted++)
        output.metrics_by_output[weighted] = c2s_training_has_metrics_by_output(config, weighted, 2, of_keras3);
    return output;
}

/* Names of the losses of both outputs, "-" for none. */
static void expect_losses(const char *json, const char *first, const char *second)
{
    const char *expected[] = {first, second};
    config_is(json);
    for (size_t i = 0; i < 2; i++) {
        struct c2s_training_output o = output(i, false);
        const char *name = c2s_training_object_name(c2s_training_loss(config, &o), false);
        ck_assert_str_eq(name ? name : "-", expected[i]);
    }
    json_decref(config);
    config = NULL;
}

START_TEST(l071_a_loss_is_for_all_outputs_or_by_output)
{
    expect_losses("{}", "-", "-");
    expect_losses("{'loss': null}", "-", "-");
    expect_losses("{'loss': 'mse'}", "mse", "mse");
    expect_losses("{'loss': {'class_name': 'Huber', 'config': {'name': 'h'}}}", "Huber", "Huber");
    expect_losses("{'loss': ['mse', 'mae']}", "mse", "mae");
    expect_losses("{'loss': [null, 'mae']}", "-", "mae");
    expect_losses("{'loss': ['mse']}", "mse", "-");
    expect_losses("{'loss': [['mse'], [[]]]}", "mse", "-");
    expect_losses("{'loss': {'b': 'mse'}}", "-", "mse");
    expect_losses("{'loss': {'a': {'class_name': 'mine>L'}, 'b': null}}", "mine>L", "-");
    expect_losses("{'loss': {'class_name': 'function', 'config': 'my_loss', 'module': 'builtins'}}", "my_loss",
                  "my_loss");
}
END_TEST

/* Names of the metrics of both outputs. */
static void expect_metrics(const char *json, bool of_keras3, const char *first, const char *second)
{
    const char *expected[] = {first, second};
    config_is(json);
    for (size_t i = 0; i < 2; i++) {
        struct c2s_training_output o = output(i, of_keras3);
        char names[128] = "";
        for (size_t k = 0; k < c2s_training_metric_count(config, false, &o); k++) {
            const char *name = c2s_training_object_name(c2s_training_metric(config, false, &o, k), true);
            strcat(strcat(names, names[0] ? " " : ""), name ? name : "-");
        }
        ck_assert_msg(!strcmp(names, expected[i]), "%s: output %zu has '%s'", json, i, names);
        ck_assert_ptr_null(c2s_training_metric(config, false, &o, 100));
    }
    json_decref(config);
    config = NULL;
}

START_TEST(l071_metrics_are_for_all_outputs_or_by_output)
{
    expect_metrics("{}", false, "", "");
    expect_metrics("{'metrics': null}", true, "", "");
    expect_metrics("{'metrics': 'acc'}", false, "acc", "acc");
    expect_metrics("{'metrics': ['acc', 'mse']}", false, "acc mse", "acc mse");
    expect_metrics("{'metrics': ['acc', 'mse']}", true, "acc", "mse");
    expect_metrics("{'metrics': [['acc', 'mse'], []]}", false, "acc mse", "");
    expect_metrics("{'metrics': [['acc'], 'mse']}", false, "acc", "mse");
    expect_metrics("{'metrics': [null, ['mse', 'acc']]}", true, "", "mse acc");
    expect_metrics("{'metrics': {'b': ['mse', 'acc']}}", true, "", "mse acc");
    expect_metrics("{'metrics': {'a': 'mse'}}", false, "mse", "");
    expect_metrics("{'metrics': [[{'class_name': 'MeanMetricWrapper', 'config': {'name': 'a_acc', 'fn': 'acc'}}],"
                   " [{'class_name': 'mine>M', 'config': {}}, {'class_name': 'N'}]]}",
                   false, "a_acc", "mine>M N");
    expect_metrics("{'metrics': [['acc', null, ['mse']], []]}", false, "acc - -", "");
}
END_TEST

START_TEST(l071_what_losses_weigh)
{
    static const struct {
        const char *json;
        double expected[2];
    } cases[] = {{"{}", {1, 1}},
                 {"{'loss_weights': null}", {1, 1}},
                 {"{'loss_weights': [0.5, 2]}", {0.5, 2}},
                 {"{'loss_weights': [0.5]}", {0.5, 1}},
                 {"{'loss_weights': {'b': 0}}", {1, 0}},
                 {"{'loss_weights': 3}", {3, 3}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        config_is(cases[i].json);
        for (size_t k = 0; k < 2; k++) {
            struct c2s_training_output o = output(k, false);
            ck_assert_double_eq(c2s_training_loss_weight(config, &o), cases[i].expected[k]);
        }
        json_decref(config);
        config = NULL;
    }
}
END_TEST

START_TEST(l071_the_optimizer_is_named_without_the_package_that_keras_gives_its_own)
{
    static const struct {
        const char *json, *name;
    } cases[] = {{"{}", NULL},
                 {"{'optimizer_config': null}", NULL},
                 {"{'optimizer_config': {'class_name': 'SGD', 'config': {'lr': 1}}}", "SGD"},
                 {"{'optimizer_config': {'class_name': 'Custom>Adam'}}", "Adam"},
                 {"{'optimizer_config': {'class_name': 'mine>Adam'}}", "mine>Adam"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        config_is(cases[i].json);
        const char *name = c2s_training_optimizer_name(config);
        ck_assert_pstr_eq(name, cases[i].name);
        ck_assert((c2s_training_optimizer_config(config) != NULL) == (i == 2));
        json_decref(config);
        config = NULL;
    }
}
END_TEST

START_TEST(l071_what_can_not_be_a_training_config_is_refused)
{
    static const struct {
        const char *json, *part;
    } bad[] = {{"[1]", "the document isn't an object"},
               {"{'loss': 3}", "loss isn't a name"},
               {"{'loss': [true]}", "loss isn't a name"},
               {"{'metrics': {'a': [['x', 2]]}}", "metrics isn't a name"},
               {"{'weighted_metrics': {'class_name': 5}}", "weighted_metrics isn't an object with a class"},
               {"{'loss_weights': 'x'}", "loss_weights isn't a number"},
               {"{'loss_weights': [1, '2']}", "an entry of loss_weights isn't a number"},
               {"{'loss_weights': {'a': []}}", "an entry of loss_weights isn't a number"},
               {"{'optimizer_config': 'sgd'}", "optimizer_config isn't an object"},
               {"{'optimizer_config': {'config': {}}}", "optimizer_config isn't an object with a class"},
               {"{'optimizer_config': {'class_name': 'SGD', 'config': 7}}", "optimizer_config's config"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cnn2snn_error *error = NULL;
        ck_assert_int_eq(read_text(bad[i].json, &error), CNN2SNN_E_MALFORMED);
        const char *text = cnn2snn_error_get_text(error);
        ck_assert_msg(strstr(text, bad[i].part) != NULL, "%s: %s", bad[i].json, text);
        cnn2snn_error_destroy(error);
        json_decref(config);
        config = NULL;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("training_config");
    TCase *tests = tcase_create("training_config");
    tcase_add_checked_fixture(tests, start, end);
    tcase_add_test(tests, l071_a_loss_is_for_all_outputs_or_by_output);
    tcase_add_test(tests, l071_metrics_are_for_all_outputs_or_by_output);
    tcase_add_test(tests, l071_what_losses_weigh);
    tcase_add_test(tests, l071_the_optimizer_is_named_without_the_package_that_keras_gives_its_own);
    tcase_add_test(tests, l071_what_can_not_be_a_training_config_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
