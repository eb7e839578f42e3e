/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the API share: a context, small layers and models, made through the public functions. */
#ifndef API_FIXTURE_H
#define API_FIXTURE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <cnn2snn/cnn2snn.h>

static cnn2snn_context *context;

#define DONE(call)                                                                                                   \
    do {                                                                                                             \
        cnn2snn_error *fixture_error = NULL;                                                                         \
        cnn2snn_error **error = &fixture_error;                                                                      \
        cnn2snn_status fixture_status = (call);                                                                      \
        ck_assert_msg(!fixture_status, "%s: %s", #call, cnn2snn_error_get_text(fixture_error));                      \
        ck_assert_ptr_null(fixture_error);                                                                           \
    } while (0)

/* The call fails with `code`, an error object that says `word`, and no memory is lost. */
#define FAILS(code, word, call)                                                                                      \
    do {                                                                                                             \
        cnn2snn_error *fixture_error = NULL;                                                                         \
        cnn2snn_error **error = &fixture_error;                                                                      \
        cnn2snn_status fixture_status = (call);                                                                      \
        ck_assert_msg(fixture_status == (code), "%s: status %d (%s)", #call, (int)fixture_status,                    \
                      cnn2snn_error_get_text(fixture_error));                                                        \
        ck_assert_int_eq(cnn2snn_error_get_code(fixture_error), (code));                                             \
        ck_assert_msg(strstr(cnn2snn_error_get_text(fixture_error), word) != NULL, "%s says %s", #call,              \
                      cnn2snn_error_get_text(fixture_error));                                                        \
        cnn2snn_error_destroy(fixture_error);                                                                        \
    } while (0)

static inline void create_context(void)
{
    DONE(cnn2snn_context_create(CNN2SNN_ABI_VERSION, NULL, &context, error));
}

static inline void destroy_context(void)
{
    cnn2snn_context_destroy(context);
    context = NULL;
}

static inline cnn2snn_layer *make_layer(const char *class_name, const char *config)
{
    cnn2snn_layer *layer = NULL;
    DONE(cnn2snn_layer_create(context, class_name, config, NULL, &layer, error));
    return layer;
}

/* A Sequential of new layers; pairs of class and config. */
static inline cnn2snn_model *make_sequential(size_t rank, const int64_t *shape, size_t count,
                                             const char *const layers[][2])
{
    cnn2snn_layer *handles[16];
    cnn2snn_model *model = NULL;
    ck_assert_uint_le(count, 16);
    for (size_t i = 0; i < count; i++)
        handles[i] = make_layer(layers[i][0], layers[i][1]);
    DONE(cnn2snn_model_create_sequential(context, "small", rank, shape, count, handles, &model, error));
    for (size_t i = 0; i < count; i++)
        cnn2snn_layer_destroy(handles[i]);
    return model;
}

/* A float32 tensor of ascending numbers. */
static inline cnn2snn_tensor *make_tensor(size_t rank, const int64_t *shape)
{
    cnn2snn_tensor *tensor = NULL;
    DONE(cnn2snn_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, rank, shape, &tensor, error));
    float *data = cnn2snn_tensor_get_writable_data(tensor);
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(tensor); i++)
        data[i] = (float)i;
    return tensor;
}

static inline int run_suite(const char *name, TCase *tests)
{
    Suite *suite = suite_create(name);
    tcase_add_checked_fixture(tests, create_context, destroy_context);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
