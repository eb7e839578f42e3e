/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of reading and writing configs fails once: a clean error, and nothing is left behind. */
#include <check.h>
#include <string.h>

#include "base/error_object.h"
#include "base/json.h"
#include "formats/keras_config.h"

#include "../support/counted_memory.h"

static struct counted_memory memory;
static cnn2snn_context *context;
static cnn2snn_error *error;
static const struct c2s_keras_read_settings settings = {.allow_unknown_layers = true};

static void set_up(void)
{
    context = counted_context(&memory);
    error = NULL;
}

static void tear_down(void)
{
    c2s_context_release(context);
    ck_assert_int_eq(memory.alive, 0);
}

static const char config[] =
    "{\"class_name\": \"Functional\", \"config\": {\"name\": \"f\", \"trainable\": true, \"layers\": ["
    "{\"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"batch_input_shape\": [null, 4, 4, 2], "
    "\"name\": \"in\"}, "
    "\"inbound_nodes\": []}, {\"class_name\": \"Sequential\", \"name\": \"s\", \"config\": [{\"class_name\": "
    "\"Dense\", \"config\": "
    "{\"name\": \"d\", \"units\": 2}}, {\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"ReLU\", "
    "\"config\": {\"name\": "
    "\"r\"}}]}], \"inbound_nodes\": [[[\"in\", 0, 0, {\"training\": false}]], [[\"s\", 0, 0, {}]]]}, "
    "{\"class_name\": \"Mine\", \"name\": "
    "\"m\", \"config\": {\"name\": \"m\"}, \"inbound_nodes\": [[[\"s\", 1, 0, {}], [\"in\", 0, 0, {}]]]}], "
    "\"input_layers\": [[\"in\", 0, "
    "0]], \"output_layers\": [[\"m\", 0, 0]]}}";

START_TEST(configs_fail_cleanly)
{
    json_t *document = NULL, *again = NULL;
    struct c2s_graph *graph = NULL;
    ck_assert_int_eq(c2s_json_parse(context, config, strlen(config), "config", &document, NULL), CNN2SNN_OK);
    fail_each_allocation_of(memory, error, c2s_keras_config_read(context, document, &settings, &graph, &error));
    fail_each_allocation_of(memory, error, c2s_keras_config_write(graph, &again, &error));
    ck_assert_uint_eq(graph->layer_count, 3);
    c2s_graph_release(graph);
    json_decref(document);
    json_decref(again);
}

int main(void)
{
    TCase *test_case = tcase_create("config_memory");
    Suite *suite = suite_create("config_memory");
    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_set_timeout(test_case, 60);
    tcase_add_test(test_case, configs_fail_cleanly);
    suite_add_tcase(suite, test_case);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
