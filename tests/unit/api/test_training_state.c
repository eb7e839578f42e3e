/* SPDX-License-Identifier: Apache-2.0 */
/* How a model was trained, from files of Keras 2 and 3 (tests/data/trained): read, kept by saving, left out where
 * asked. */
#include "api_fixture.h"

#include <math.h>

#include "base/allocator.h"
#include "ir/model.h"

#define FIXTURE(name) TEST_DATA "/trained/" name ".h5"

static cnn2snn_model *load(const char *path)
{
    cnn2snn_model *model = NULL;
    DONE(cnn2snn_model_load(context, path, NULL, &model, error));
    return model;
}

static cnn2snn_training *training_of(cnn2snn_model *model)
{
    cnn2snn_training *training = NULL;
    DONE(cnn2snn_model_get_training(model, &training, error));
    return training;
}

/* The state of a file; the model goes, the state stays. */
static cnn2snn_training *load_training(const char *path)
{
    cnn2snn_model *model = load(path);
    ck_assert_int_eq(cnn2snn_model_is_compiled(model), 1);
    cnn2snn_training *training = training_of(model);
    cnn2snn_model_destroy(model);
    return training;
}

/* The buffer holds `part`, or is empty for "". */
static void expect_json(cnn2snn_buffer *json, const char *part)
{
    if (!*part)
        ck_assert_uint_eq(cnn2snn_buffer_get_size(json), 0);
    else
        ck_assert_ptr_nonnull(strstr(cnn2snn_buffer_get_data(json), part));
    cnn2snn_buffer_destroy(json);
}

static void expect_loss(const cnn2snn_training *training, size_t output, const char *name, const char *config,
                        double weight)
{
    cnn2snn_buffer *json = NULL;
    ck_assert_pstr_eq(cnn2snn_training_get_loss_name(training, output), name);
    DONE(cnn2snn_training_get_loss_config(training, output, &json, error));
    expect_json(json, config);
    ck_assert_double_eq(cnn2snn_training_get_loss_weight(training, output), weight);
}

static void expect_metric(const cnn2snn_training *training, size_t output, int32_t weighted, const char *name,
                          const char *config)
{
    cnn2snn_buffer *json = NULL;
    ck_assert_uint_eq(cnn2snn_training_get_metric_count(training, output, weighted), 1);
    ck_assert_pstr_eq(cnn2snn_training_get_metric_name(training, output, weighted, 0), name);
    DONE(cnn2snn_training_get_metric_config(training, output, weighted, 0, &json, error));
    expect_json(json, config);
    ck_assert_ptr_null(cnn2snn_training_get_metric_name(training, output, weighted, 1));
}

static double hyperparameter(const cnn2snn_training *training, const char *name)
{
    double value = -1;
    DONE(cnn2snn_training_get_hyperparameter(training, name, &value, error));
    return value;
}

static void expect_weight(const cnn2snn_training *training, size_t index, const char *name, cnn2snn_dtype dtype,
                          size_t rank, int64_t first_extent)
{
    const cnn2snn_tensor *weight = cnn2snn_training_get_optimizer_weight(training, index);
    ck_assert_pstr_eq(cnn2snn_training_get_optimizer_weight_name(training, index), name);
    ck_assert_int_eq(cnn2snn_tensor_get_dtype(weight), dtype);
    ck_assert_uint_eq(cnn2snn_tensor_get_rank(weight), rank);
    if (rank)
        ck_assert_int_eq(cnn2snn_tensor_get_shape(weight)[0], first_extent);
}

START_TEST(l071_adam_of_keras_2)
{
    cnn2snn_training *training = load_training(FIXTURE("k2_adam"));
    expect_loss(training, 0, "mse", "", 1);
    expect_metric(training, 0, 0, "mae", "\"fn\": \"mean_absolute_error\"");
    ck_assert_uint_eq(cnn2snn_training_get_metric_count(training, 0, 1), 0);
    ck_assert_str_eq(cnn2snn_training_get_optimizer_name(training), "Adam");
    cnn2snn_buffer *json = NULL;
    DONE(cnn2snn_training_get_optimizer_config(training, &json, error));
    expect_json(json, "\"beta_2\": 0.999");
    ck_assert_float_eq((float)hyperparameter(training, "learning_rate"), 0.001f);
    ck_assert_double_eq(hyperparameter(training, "beta_1"), 0.9);
    ck_assert_double_eq(hyperparameter(training, "amsgrad"), 0);
    ck_assert_int_eq(cnn2snn_training_get_iterations(training), 4);
    ck_assert_uint_eq(cnn2snn_training_get_optimizer_weight_count(training), 5);
    expect_weight(training, 0, "iteration:0", CNN2SNN_DTYPE_INT64, 0, 0);
    expect_weight(training, 1, "Adam/m/d/kernel:0", CNN2SNN_DTYPE_FLOAT32, 2, 3);
    expect_weight(training, 2, "Adam/v/d/kernel:0", CNN2SNN_DTYPE_FLOAT32, 2, 3);
    expect_weight(training, 3, "Adam/m/d/bias:0", CNN2SNN_DTYPE_FLOAT32, 1, 2);
    expect_weight(training, 4, "Adam/v/d/bias:0", CNN2SNN_DTYPE_FLOAT32, 1, 2);
    cnn2snn_training_destroy(training);
}
END_TEST

START_TEST(l071_momentum_and_classes_of_the_users)
{
    cnn2snn_training *training = load_training(FIXTURE("k2_sgd"));
    expect_loss(training, 0, "Huber", "\"delta\": 0.5", 0.5);
    expect_metric(training, 0, 0, "spread", "\"class_name\": \"mine>Spread\"");
    expect_metric(training, 0, 1, "mse", "\"fn\": \"mean_squared_error\"");
    ck_assert_str_eq(cnn2snn_training_get_optimizer_name(training), "SGD");
    ck_assert_double_eq(hyperparameter(training, "momentum"), 0.9);
    ck_assert_double_eq(hyperparameter(training, "nesterov"), 1);
    ck_assert_uint_eq(cnn2snn_training_get_optimizer_weight_count(training), 3);
    expect_weight(training, 2, "SGD/m/d/bias:0", CNN2SNN_DTYPE_FLOAT32, 1, 2);
    cnn2snn_training_destroy(training);
}
END_TEST

START_TEST(l071_each_output_has_its_own)
{
    cnn2snn_training *training = load_training(FIXTURE("k2_rmsprop"));
    expect_loss(training, 0, "mse", "", 0.25);
    expect_loss(training, 1, "MeanAbsoluteError", "\"name\": \"mean_absolute_error\"", 2);
    ck_assert_uint_eq(cnn2snn_training_get_metric_count(training, 0, 0), 2);
    ck_assert_str_eq(cnn2snn_training_get_metric_name(training, 0, 0, 1), "a_mse");
    expect_metric(training, 1, 0, "b_mae", "mean_absolute_error");
    double value = 7;
    FAILS(CNN2SNN_E_TYPE, "learning_rate of the optimizer is ExponentialDecay, expected a number",
          cnn2snn_training_get_hyperparameter(training, "learning_rate", &value, error));
    FAILS(CNN2SNN_E_VALUE, "the optimizer has no beta_1",
          cnn2snn_training_get_hyperparameter(training, "beta_1", &value, error));
    ck_assert_double_eq(value, 7);
    cnn2snn_training_destroy(training);
    training = load_training(FIXTURE("k2_adamw"));
    expect_loss(training, 0, "mse", "", 1);
    expect_loss(training, 1, "mine", "", 1);
    expect_metric(training, 1, 0, "b_mine", "\"fn\": \"mine\"");
    ck_assert_str_eq(cnn2snn_training_get_optimizer_name(training), "AdamW");
    ck_assert_double_eq(hyperparameter(training, "weight_decay"), 0.004);
    ck_assert_uint_eq(cnn2snn_training_get_optimizer_weight_count(training), 9);
    cnn2snn_training_destroy(training);
    training = load_training(FIXTURE("k2_one_loss_of_two"));
    expect_loss(training, 0, NULL, "", 1);
    expect_loss(training, 1, "mse", "", 1);
    cnn2snn_training_destroy(training);
}
END_TEST

START_TEST(l071_optimizers_of_older_releases)
{
    cnn2snn_training *training = load_training(FIXTURE("k2_legacy_adam"));
    ck_assert_str_eq(cnn2snn_training_get_optimizer_name(training), "Adam");
    ck_assert_int_eq(cnn2snn_training_get_iterations(training), 4);
    ck_assert_float_eq((float)hyperparameter(training, "learning_rate"), 0.02f);
    expect_weight(training, 0, "Adam/iter:0", CNN2SNN_DTYPE_INT64, 0, 0);
    expect_weight(training, 4, "Adam/d/bias/v:0", CNN2SNN_DTYPE_FLOAT32, 1, 2);
    cnn2snn_training_destroy(training);
    training = load_training(FIXTURE("k2_legacy_sgd"));
    ck_assert_double_eq(hyperparameter(training, "decay"), 0.01);
    ck_assert_uint_eq(cnn2snn_training_get_optimizer_weight_count(training), 3);
    cnn2snn_training_destroy(training);
    training = load_training(FIXTURE("k2_legacy_rmsprop"));
    ck_assert_double_eq(hyperparameter(training, "centered"), 1);
    ck_assert_uint_eq(cnn2snn_training_get_optimizer_weight_count(training), 7);
    cnn2snn_training_destroy(training);
}
END_TEST

START_TEST(l071_files_of_keras_3)
{
    cnn2snn_training *training = load_training(FIXTURE("k3_adam"));
    ck_assert_str_eq(cnn2snn_training_get_optimizer_name(training), "Adam");
    ck_assert_int_eq(cnn2snn_training_get_iterations(training), 4);
    expect_metric(training, 0, 0, "mae", "");
    expect_weight(training, 0, "adam/iteration", CNN2SNN_DTYPE_INT64, 0, 0);
    expect_weight(training, 1, "adam/learning_rate", CNN2SNN_DTYPE_FLOAT32, 0, 0);
    expect_weight(training, 5, "adam/d_bias_velocity", CNN2SNN_DTYPE_FLOAT32, 1, 2);
    cnn2snn_training_destroy(training);
    training = load_training(FIXTURE("k3_sgd"));
    expect_loss(training, 0, "Huber", "\"name\": \"huber_loss\"", 1);
    expect_metric(training, 0, 0, "spread", "mine>Spread");
    expect_metric(training, 0, 1, "mse", "");
    cnn2snn_training_destroy(training);
    training = load_training(FIXTURE("k3_rmsprop"));
    expect_loss(training, 0, "mse", "", 0.25);
    expect_loss(training, 1, "MeanAbsoluteError", "sum_over_batch_size", 2);
    ck_assert_uint_eq(cnn2snn_training_get_metric_count(training, 0, 0), 2);
    cnn2snn_training_destroy(training);
    training = load_training(FIXTURE("k3_untrained")); /* one metric for each output, not both for each */
    expect_metric(training, 0, 0, "mae", "");
    expect_metric(training, 1, 0, "mse", "");
    ck_assert_int_eq(cnn2snn_training_get_iterations(training), 0);
    cnn2snn_training_destroy(training);
}
END_TEST

static cnn2snn_model *save_and_load(const cnn2snn_model *model)
{
    cnn2snn_buffer *file = NULL;
    cnn2snn_model *again = NULL;
    DONE(cnn2snn_model_save_memory(model, &file, error));
    DONE(cnn2snn_model_load_memory(context, cnn2snn_buffer_get_data(file), cnn2snn_buffer_get_size(file), NULL,
                                   &again, error));
    cnn2snn_buffer_destroy(file);
    return again;
}

START_TEST(l071_saving_keeps_the_optimizer_where_it_stood)
{
    static const char *const files[] = {FIXTURE("k2_adam"),        FIXTURE("k2_sgd"),
                                        FIXTURE("k2_rmsprop"),     FIXTURE("k2_adamw"),
                                        FIXTURE("k2_legacy_adam"), FIXTURE("k2_legacy_rmsprop"),
                                        FIXTURE("k2_legacy_sgd"),  FIXTURE("k2_untrained")};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        cnn2snn_model *model = load(files[i]), *again = save_and_load(model);
        cnn2snn_training *before = training_of(model), *after = training_of(again);
        size_t count = cnn2snn_training_get_optimizer_weight_count(before);
        ck_assert_str_eq(cnn2snn_model_get_training_config(again), cnn2snn_model_get_training_config(model));
        ck_assert_uint_gt(count, 0);
        ck_assert_uint_eq(cnn2snn_training_get_optimizer_weight_count(after), count);
        for (size_t k = 0; k < count; k++) {
            const cnn2snn_tensor *old = cnn2snn_training_get_optimizer_weight(before, k);
            const cnn2snn_tensor *new = cnn2snn_training_get_optimizer_weight(after, k);
            ck_assert_str_eq(cnn2snn_training_get_optimizer_weight_name(after, k),
                             cnn2snn_training_get_optimizer_weight_name(before, k));
            ck_assert_int_eq(cnn2snn_tensor_get_dtype(new), cnn2snn_tensor_get_dtype(old));
            ck_assert_uint_eq(cnn2snn_tensor_get_size(new), cnn2snn_tensor_get_size(old));
            ck_assert_mem_eq(cnn2snn_tensor_get_data(new), cnn2snn_tensor_get_data(old),
                             cnn2snn_tensor_get_size(old));
        }
        cnn2snn_training_destroy(before);
        cnn2snn_training_destroy(after);
        cnn2snn_model_destroy(model);
        cnn2snn_model_destroy(again);
    }
}
END_TEST

/* The reference clones layers and sets weights: what it returns is not compiled. */
START_TEST(l071_a_quantized_model_is_not_compiled)
{
    cnn2snn_model *model = load(FIXTURE("k2_adam")), *quantized = NULL;
    cnn2snn_quantize_options options = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    options.weight_quantization = 4;
    DONE(cnn2snn_model_quantize(model, &options, &quantized, error));
    ck_assert_int_eq(cnn2snn_model_is_compiled(quantized), 0);
    ck_assert_int_eq(cnn2snn_model_is_compiled(model), 1);
    cnn2snn_model_destroy(quantized);
    cnn2snn_model_destroy(model);
}
END_TEST

static cnn2snn_model *load_without_training(const char *path)
{
    cnn2snn_model *model = NULL;
    cnn2snn_load_options options = CNN2SNN_LOAD_OPTIONS_INIT;
    options.without_training = 1;
    DONE(cnn2snn_model_load(context, path, &options, &model, error));
    return model;
}

START_TEST(l073_training_is_left_out_where_asked)
{
    cnn2snn_model *model = load_without_training(FIXTURE("k2_adam")), *again = save_and_load(model);
    cnn2snn_model *both[] = {model, again};
    for (size_t i = 0; i < 2; i++) {
        cnn2snn_training *training = (cnn2snn_training *)&training;
        ck_assert_int_eq(cnn2snn_model_is_compiled(both[i]), 0);
        ck_assert_ptr_null(cnn2snn_model_get_training_config(both[i]));
        FAILS(CNN2SNN_E_STATE, "the model isn't compiled", cnn2snn_model_get_training(both[i], &training, error));
        ck_assert_ptr_null(training);
        cnn2snn_model_destroy(both[i]);
    }
}
END_TEST

static void collect(void *user_data, cnn2snn_log_level level, const char *text, size_t size)
{
    (void)level, (void)size;
    if (strstr(text, "no training configuration"))
        ++*(int *)user_data;
}

/* What the reference warns of; nothing here needs a compiled model, so that it is worth no warning. */
START_TEST(l073_a_file_without_training_is_told)
{
    int told = 0;
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.log = collect;
    options.log_user_data = &told;
    options.log_level = CNN2SNN_LOG_INFO;
    cnn2snn_context *old = context;
    DONE(cnn2snn_context_create(CNN2SNN_ABI_VERSION, &options, &context, error));
    cnn2snn_model *model = load(TEST_DATA "/hdf5/sequential.h5");
    ck_assert_int_eq(cnn2snn_model_is_compiled(model), 0);
    cnn2snn_model_destroy(model);
    ck_assert_int_eq(told, 1);
    cnn2snn_model_destroy(load_without_training(TEST_DATA "/hdf5/sequential.h5"));
    cnn2snn_model_destroy(load(FIXTURE("k2_adam")));
    ck_assert_int_eq(told, 1);
    cnn2snn_context_destroy(context);
    context = old;
}
END_TEST

START_TEST(l071_what_is_not_there_is_told)
{
    cnn2snn_training *training = load_training(FIXTURE("k2_adam"));
    cnn2snn_buffer *json = NULL;
    ck_assert_ptr_null(cnn2snn_training_get_loss_name(training, 1));
    ck_assert(isnan(cnn2snn_training_get_loss_weight(training, 1)));
    ck_assert_uint_eq(cnn2snn_training_get_metric_count(training, 1, 0), 0);
    ck_assert_ptr_null(cnn2snn_training_get_metric_name(training, 1, 0, 0));
    ck_assert_ptr_null(cnn2snn_training_get_optimizer_weight(training, 5));
    ck_assert_ptr_null(cnn2snn_training_get_optimizer_weight_name(training, 5));
    FAILS(CNN2SNN_E_INDEX, "output 1, the model has 1", cnn2snn_training_get_loss_config(training, 1, &json, error));
    FAILS(CNN2SNN_E_INDEX, "output 1, the model has 1",
          cnn2snn_training_get_metric_config(training, 1, 0, 0, &json, error));
    FAILS(CNN2SNN_E_INDEX, "metric 1, the output has 1",
          cnn2snn_training_get_metric_config(training, 0, 0, 1, &json, error));
    cnn2snn_training_destroy(training);
    ck_assert_int_eq(cnn2snn_model_is_compiled(NULL), 0);
    ck_assert_int_eq(cnn2snn_training_get_iterations(NULL), -1);
    ck_assert_ptr_null(cnn2snn_training_get_optimizer_name(NULL));
    ck_assert_uint_eq(cnn2snn_training_get_optimizer_weight_count(NULL), 0);
    cnn2snn_training_destroy(NULL);
}
END_TEST

static void expect_summary(const char *path, int32_t json, const char *part)
{
    cnn2snn_model *model = load(path);
    cnn2snn_buffer *text = NULL;
    DONE(cnn2snn_model_summary(model, json, &text, error));
    const char *data = cnn2snn_buffer_get_data(text);
    ck_assert_msg(strstr(data, part) != NULL, "%s", data);
    cnn2snn_buffer_destroy(text);
    cnn2snn_model_destroy(model);
}

START_TEST(l071_the_summary_has_a_line_of_it)
{
    expect_summary(FIXTURE("k2_adam"), 0, "\ntraining: Adam, learning rate 0.001, 4 steps, loss mse, metrics mae\n");
    expect_summary(FIXTURE("k2_rmsprop"), 0,
                   "\ntraining: RMSprop, 4 steps, loss mse + MeanAbsoluteError, metrics a_mae a_mse b_mae\n");
    expect_summary(FIXTURE("k2_one_loss_of_two"), 0, "loss none + mse\n");
    expect_summary(FIXTURE("k2_rmsprop"), 1,
                   "\"outputs\": [{\"loss\": \"mse\", \"loss_weight\": 0.25, \"metrics\": [\"a_mae\", \"a_mse\"], "
                   "\"weighted_metrics\": []}, ");
    expect_summary(TEST_DATA "/hdf5/sequential.h5", 1, "\"training\": null");
}
END_TEST

/* A model with this configuration of training in place of its own. */
static cnn2snn_model *load_with(const char *config)
{
    cnn2snn_model *model = load(FIXTURE("k2_adam"));
    c2s_free(model->context, model->training_config);
    model->training_config = c2s_strdup(model->context, config);
    ck_assert_ptr_nonnull(model->training_config);
    return model;
}

START_TEST(l071_a_weight_that_is_no_number_is_written_as_python_does)
{
    cnn2snn_model *model = load_with("{\"loss\": \"mse\", \"loss_weights\": Infinity}");
    cnn2snn_buffer *text = NULL;
    DONE(cnn2snn_model_summary(model, 1, &text, error));
    ck_assert_ptr_nonnull(strstr(cnn2snn_buffer_get_data(text), "\"loss_weight\": Infinity, "));
    cnn2snn_buffer_destroy(text);
    cnn2snn_model_destroy(model);
}
END_TEST

/* Time must not grow with the square of their number: the test would not end in time. */
START_TEST(l071_many_metrics_take_no_time)
{
    enum { COUNT = 90000 };
    static char config[5 * COUNT + 32] = "{\"metrics\": [\"a\"";
    for (size_t used = strlen(config), i = 1; i < COUNT; i++, used += 4)
        memcpy(config + used, ",\"a\"", 5);
    strcat(config, "]}");
    cnn2snn_model *model = load_with(config);
    cnn2snn_buffer *text = NULL;
    DONE(cnn2snn_model_summary(model, 0, &text, error));
    ck_assert_uint_gt(cnn2snn_buffer_get_size(text), 2 * COUNT);
    cnn2snn_buffer_destroy(text);
    cnn2snn_model_destroy(model);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("training_state");
    tcase_add_test(tests, l071_adam_of_keras_2);
    tcase_add_test(tests, l071_momentum_and_classes_of_the_users);
    tcase_add_test(tests, l071_each_output_has_its_own);
    tcase_add_test(tests, l071_optimizers_of_older_releases);
    tcase_add_test(tests, l071_files_of_keras_3);
    tcase_add_test(tests, l071_saving_keeps_the_optimizer_where_it_stood);
    tcase_add_test(tests, l071_a_quantized_model_is_not_compiled);
    tcase_add_test(tests, l071_what_is_not_there_is_told);
    tcase_add_test(tests, l071_the_summary_has_a_line_of_it);
    tcase_add_test(tests, l071_a_weight_that_is_no_number_is_written_as_python_does);
    tcase_add_test(tests, l071_many_metrics_take_no_time);
    tcase_add_test(tests, l073_training_is_left_out_where_asked);
    tcase_add_test(tests, l073_a_file_without_training_is_told);
    return run_suite("training_state", tests);
}
