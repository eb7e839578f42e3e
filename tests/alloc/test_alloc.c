/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of the main flows fails once, and once with all that follow it: each time the call says
 * CNN2SNN_E_NO_MEMORY (or its own fault), leaves its outputs NULL, and gives every block back.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cnn2snn/cnn2snn.h>

#include "failing_allocator.h"

/* What the flows work on, made once by `setup` without failures. */
static struct failing_allocator memory;
static cnn2snn_context *context;
static cnn2snn_model *float_model, *quantized_model, *broken_model;
static cnn2snn_akida_model *akida_model;
static cnn2snn_buffer *h5_file, *fbz_file, *config;
static cnn2snn_tensor *input;

#define MUST(call) ck_assert_int_eq(call, CNN2SNN_OK)

/* ------------------------------------------------------------------------------------------------ fixtures */

static cnn2snn_status add_layer(const char *class_name, const char *arguments, cnn2snn_layer **out,
                                cnn2snn_error **error)
{
    return cnn2snn_layer_create(context, class_name, arguments, NULL, out, error);
}

enum { LAYERS = 8, BROKEN_LAYERS = 14 };

static cnn2snn_status build_model(size_t count, const char *const layers[][2], cnn2snn_model **out,
                                  cnn2snn_error **error)
{
    static const int64_t shape[] = {6, 6, 1};
    cnn2snn_layer *handles[BROKEN_LAYERS] = {NULL};
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; !status && i < count; i++)
        status = add_layer(layers[i][0], layers[i][1], &handles[i], error);
    if (!status)
        status = cnn2snn_model_create_sequential(context, "small", 3, shape, count, handles, out, error);
    for (size_t i = 0; i < count; i++)
        cnn2snn_layer_destroy(handles[i]);
    return status;
}

static cnn2snn_status build_float_model(cnn2snn_model **out, cnn2snn_error **error)
{
    static const char *const layers[LAYERS][2] = {
        {"Conv2D", "{\"filters\": 3, \"kernel_size\": 3, \"padding\": \"same\", \"use_bias\": false}"},
        {"BatchNormalization", "{}"},
        {"MaxPooling2D", "{\"padding\": \"same\"}"},
        {"ReLU", "{\"max_value\": 6}"},
        {"SeparableConv2D", "{\"filters\": 4, \"kernel_size\": 3, \"padding\": \"same\"}"},
        {"ReLU", "{}"},
        {"Flatten", "{}"},
        {"Dense", "{\"units\": 2}"},
    };
    return build_model(LAYERS, layers, out, error);
}

static cnn2snn_status build_broken_model(cnn2snn_model **out, cnn2snn_error **error)
{
    static const char *const layers[BROKEN_LAYERS][2] = {
        {"ReLU", "{}"},
        {"MaxPooling2D", "{\"pool_size\": 1}"},
        {"Conv2D", "{\"filters\": 3, \"kernel_size\": 2, \"padding\": \"same\", \"dilation_rate\": [2, 2]}"},
        {"BatchNormalization", "{\"scale\": false}"},
        {"MaxPooling2D", "{}"},
        {"Activation", "{\"activation\": \"relu\"}"},
        {"ReLU", "{\"max_value\": 6}"},
        {"BatchNormalization", "{}"},
        {"Dense", "{\"units\": 4, \"use_bias\": false, \"activation\": \"relu\"}"},
        {"DepthwiseConv2D", "{\"kernel_size\": 1, \"activation\": \"relu\"}"},
        {"ZeroPadding2D", "{\"padding\": 1}"},
        {"Conv2D", "{\"filters\": 2, \"kernel_size\": 3}"},
        {"Flatten", "{}"},
        {"Reshape", "{\"target_shape\": [3, 3, 2]}"},
    };
    return build_model(BROKEN_LAYERS, layers, out, error);
}

/* Weights that are not all equal, so that folding and quantizing have something to do. */
static void fill_weights(cnn2snn_model *model)
{
    for (int64_t i = 0; i < (int64_t)cnn2snn_model_get_layer_count(model); i++) {
        const char *name = cnn2snn_layer_get_name(cnn2snn_model_get_layer(model, i));
        char copy[64];
        snprintf(copy, sizeof copy, "%s", name);
        for (size_t k = 0; k < cnn2snn_layer_get_weight_count(cnn2snn_model_get_layer(model, i)); k++) {
            const cnn2snn_tensor *old = cnn2snn_layer_get_weight(cnn2snn_model_get_layer(model, i), k);
            cnn2snn_tensor *value = NULL;
            MUST(cnn2snn_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, cnn2snn_tensor_get_rank(old),
                                       cnn2snn_tensor_get_shape(old), &value, NULL));
            float *data = cnn2snn_tensor_get_writable_data(value);
            for (uint64_t e = 0; e < cnn2snn_tensor_get_count(value); e++)
                data[e] = 0.25f + 0.5f * (float)((e * 7 + k) % 11) / 11.0f;
            MUST(cnn2snn_model_set_weight(model, copy, k, value, NULL));
            cnn2snn_tensor_destroy(value);
        }
    }
}

static cnn2snn_status quantize(cnn2snn_model **out, cnn2snn_error **error)
{
    cnn2snn_quantize_options options = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    options.weight_quantization = options.activ_quantization = 4;
    options.input_weight_quantization = 8;
    return cnn2snn_model_quantize(float_model, &options, out, error);
}

static void setup(void)
{
    static const int64_t shape[] = {3, 6, 6, 1};
    memory = (struct failing_allocator){.fail_at = -1};
    cnn2snn_allocator callbacks = failing_allocator_callbacks(&memory);
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.allocator = &callbacks;
    MUST(cnn2snn_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL));
    MUST(build_float_model(&float_model, NULL));
    fill_weights(float_model);
    MUST(build_broken_model(&broken_model, NULL));
    fill_weights(broken_model);
    MUST(quantize(&quantized_model, NULL));
    MUST(cnn2snn_convert(quantized_model, NULL, &akida_model, NULL, NULL));
    MUST(cnn2snn_model_save_memory(quantized_model, &h5_file, NULL));
    MUST(cnn2snn_akida_model_save_memory(akida_model, NULL, &fbz_file, NULL));
    MUST(cnn2snn_model_get_config(float_model, &config, NULL));
    MUST(cnn2snn_tensor_create(context, CNN2SNN_DTYPE_UINT8, 4, shape, &input, NULL));
}

static void teardown(void)
{
    cnn2snn_tensor_destroy(input);
    cnn2snn_buffer_destroy(config);
    cnn2snn_buffer_destroy(fbz_file);
    cnn2snn_buffer_destroy(h5_file);
    cnn2snn_akida_model_destroy(akida_model);
    cnn2snn_model_destroy(quantized_model);
    cnn2snn_model_destroy(float_model);
    cnn2snn_model_destroy(broken_model);
    cnn2snn_context_destroy(context);
    ck_assert_int_eq(memory.live, 0);
    ck_assert_int_eq(memory.wrong, 0);
}

/* ------------------------------------------------------------------------------------------------ flows */

/* A flow destroys what it got, and says whether a failed call left an output behind. */
typedef cnn2snn_status (*flow_fn)(int *left_behind, cnn2snn_error **error);

static cnn2snn_status drop_model(cnn2snn_status status, cnn2snn_model *const *model, int *left_behind)
{
    *left_behind = status && *model;
    if (!status)
        cnn2snn_model_destroy(*model);
    return status;
}

static cnn2snn_status drop_buffer(cnn2snn_status status, cnn2snn_buffer *const *buffer, int *left_behind)
{
    *left_behind = status && *buffer;
    if (!status)
        cnn2snn_buffer_destroy(*buffer);
    return status;
}

static cnn2snn_status drop_akida(cnn2snn_status status, cnn2snn_akida_model *const *model, int *left_behind)
{
    *left_behind = status && *model;
    if (!status)
        cnn2snn_akida_model_destroy(*model);
    return status;
}

static cnn2snn_status drop_tensor(cnn2snn_status status, cnn2snn_tensor *const *tensor, int *left_behind)
{
    *left_behind = status && *tensor;
    if (!status)
        cnn2snn_tensor_destroy(*tensor);
    return status;
}

static cnn2snn_status create_context_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_allocator callbacks = failing_allocator_callbacks(&memory);
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    cnn2snn_context *other = NULL;
    options.allocator = &callbacks;
    cnn2snn_status status = cnn2snn_context_create(CNN2SNN_ABI_VERSION, &options, &other, error);
    *left_behind = status && other;
    cnn2snn_context_destroy(other);
    return status;
}

static cnn2snn_status build_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_model *model = NULL;
    return drop_model(build_float_model(&model, error), &model, left_behind);
}

/* Two inputs, a shared layer, a merge. */
static cnn2snn_status build_values(cnn2snn_model_builder *builder, cnn2snn_layer *dense, cnn2snn_layer *add,
                                   cnn2snn_model **out, cnn2snn_error **error)
{
    static const int64_t shape[] = {3};
    int32_t first, second, values[2], sum;
    cnn2snn_status status =
        cnn2snn_model_builder_add_input(builder, NULL, 1, shape, CNN2SNN_DTYPE_NONE, &first, error);
    if (!status)
        status = cnn2snn_model_builder_add_input(builder, "other", 1, shape, CNN2SNN_DTYPE_FLOAT32, &second, error);
    if (!status)
        status = cnn2snn_model_builder_call(builder, dense, 1, &first, &values[0], error);
    if (!status)
        status = cnn2snn_model_builder_call(builder, dense, 1, &second, &values[1], error);
    if (!status)
        status = cnn2snn_model_builder_call(builder, add, 2, values, &sum, error);
    if (!status)
        status = cnn2snn_model_builder_finish(builder, 1, &sum, out, error);
    return status;
}

static cnn2snn_status builder_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_model_builder *builder = NULL;
    cnn2snn_layer *dense = NULL, *add = NULL;
    cnn2snn_model *model = NULL;
    cnn2snn_status status = cnn2snn_model_builder_create(context, "two", &builder, error);
    if (!status)
        status = add_layer("Dense", "{\"units\": 2}", &dense, error);
    if (!status)
        status = add_layer("Add", NULL, &add, error);
    if (!status)
        status = build_values(builder, dense, add, &model, error);
    cnn2snn_layer_destroy(add);
    cnn2snn_layer_destroy(dense);
    cnn2snn_model_builder_destroy(builder);
    return drop_model(status, &model, left_behind);
}

static cnn2snn_status load_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_model *model = NULL;
    return drop_model(cnn2snn_model_load_memory(context, cnn2snn_buffer_get_data(h5_file),
                                                cnn2snn_buffer_get_size(h5_file), NULL, &model, error),
                      &model, left_behind);
}

static cnn2snn_status save_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_buffer *buffer = NULL;
    return drop_buffer(cnn2snn_model_save_memory(quantized_model, &buffer, error), &buffer, left_behind);
}

static cnn2snn_status load_json_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_model *model = NULL;
    return drop_model(cnn2snn_model_create_from_json(context, cnn2snn_buffer_get_data(config),
                                                     cnn2snn_buffer_get_size(config), NULL, &model, error),
                      &model, left_behind);
}

static cnn2snn_status save_json_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_buffer *buffer = NULL;
    return drop_buffer(cnn2snn_model_get_config(float_model, &buffer, error), &buffer, left_behind);
}

static cnn2snn_status clone_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_model *model = NULL;
    return drop_model(cnn2snn_model_clone(float_model, &model, error), &model, left_behind);
}

static cnn2snn_status quantize_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_model *model = NULL;
    return drop_model(quantize(&model, error), &model, left_behind);
}

static cnn2snn_status quantize_layer_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_model *model = NULL;
    return drop_model(cnn2snn_model_quantize_layer(float_model, -1, 4, NULL, NULL, &model, error), &model,
                      left_behind);
}

static cnn2snn_status syncretize_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_model *model = NULL;
    return drop_model(cnn2snn_model_prepare_to_convert(float_model, &model, error), &model, left_behind);
}

static cnn2snn_status convert_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_akida_model *model = NULL;
    return drop_akida(cnn2snn_convert(quantized_model, NULL, &model, NULL, error), &model, left_behind);
}

/* A float model: a report of faults. */
static cnn2snn_status refuse_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_akida_model *model = NULL;
    cnn2snn_report *report = NULL;
    cnn2snn_status status = cnn2snn_convert(float_model, NULL, &model, &report, error);
    *left_behind = model || report;
    return status;
}

static cnn2snn_status save_fbz_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_buffer *buffer = NULL;
    return drop_buffer(cnn2snn_akida_model_save_memory(akida_model, NULL, &buffer, error), &buffer, left_behind);
}

static cnn2snn_status load_fbz_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_akida_model *model = NULL;
    return drop_akida(cnn2snn_akida_model_load_memory(context, cnn2snn_buffer_get_data(fbz_file),
                                                      cnn2snn_buffer_get_size(fbz_file), &model, error),
                      &model, left_behind);
}

static cnn2snn_status fix_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_akida_model *model = NULL;
    return drop_akida(cnn2snn_akida_model_fix_v1_activation_variables(akida_model, &model, error), &model,
                      left_behind);
}

/* A model with many places to mend. */
static cnn2snn_status mend_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_model *model = NULL;
    cnn2snn_report *report = NULL;
    cnn2snn_status status = cnn2snn_model_mend(broken_model, &model, &report, error);
    *left_behind = status && (model || report);
    if (!status) {
        cnn2snn_model_destroy(model);
        cnn2snn_report_destroy(report);
    }
    return status;
}

static cnn2snn_status diff_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_buffer *buffer = NULL;
    cnn2snn_akida_model *other = NULL;
    int32_t equal = 0;
    cnn2snn_status status = cnn2snn_akida_model_load_memory(context, cnn2snn_buffer_get_data(fbz_file),
                                                            cnn2snn_buffer_get_size(fbz_file), &other, error);
    if (!status)
        status = cnn2snn_akida_model_diff(akida_model, other, 1, &equal, &buffer, error);
    cnn2snn_akida_model_destroy(other);
    return drop_buffer(status, &buffer, left_behind);
}

static cnn2snn_status run_flow(int *left_behind, cnn2snn_error **error)
{
    const cnn2snn_tensor *inputs[] = {input};
    cnn2snn_tensor *output = NULL;
    cnn2snn_status status = cnn2snn_model_predict(quantized_model, 1, inputs, NULL, 1, &output, error);
    return drop_tensor(status, &output, left_behind);
}

static cnn2snn_status summary_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_buffer *buffer = NULL;
    cnn2snn_status status = cnn2snn_model_summary(quantized_model, 0, &buffer, error);
    if (status)
        return drop_buffer(status, &buffer, left_behind);
    cnn2snn_buffer_destroy(buffer);
    buffer = NULL;
    return drop_buffer(cnn2snn_model_summary(quantized_model, 1, &buffer, error), &buffer, left_behind);
}

/* The state of training of a file, looked at and summed up. */
static cnn2snn_status training_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_model *model = NULL;
    cnn2snn_training *training = NULL;
    cnn2snn_buffer *buffer = NULL;
    cnn2snn_status status = cnn2snn_model_load(context, TEST_DATA "/trained/k2_rmsprop.h5", NULL, &model, error);
    if (!status)
        status = cnn2snn_model_get_training(model, &training, error);
    if (!status)
        status = cnn2snn_training_get_loss_config(training, 1, &buffer, error);
    cnn2snn_buffer_destroy(buffer);
    buffer = NULL;
    cnn2snn_training_destroy(training);
    if (!status)
        status = cnn2snn_model_summary(model, 1, &buffer, error);
    cnn2snn_model_destroy(model);
    return drop_buffer(status, &buffer, left_behind);
}

static cnn2snn_status akida_summary_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_buffer *buffer = NULL;
    cnn2snn_status status = cnn2snn_akida_model_summary(akida_model, 0, &buffer, error);
    if (status)
        return drop_buffer(status, &buffer, left_behind);
    cnn2snn_buffer_destroy(buffer);
    buffer = NULL;
    return drop_buffer(cnn2snn_akida_model_summary(akida_model, 1, &buffer, error), &buffer, left_behind);
}

static cnn2snn_status one_scale(void *user_data, cnn2snn_context *c, const char *text, int32_t bitwidth,
                                const cnn2snn_tensor *weights, cnn2snn_tensor **out_scale, cnn2snn_error **error)
{
    (void)user_data, (void)text, (void)bitwidth, (void)weights;
    cnn2snn_status status = cnn2snn_tensor_create(c, CNN2SNN_DTYPE_FLOAT32, 0, NULL, out_scale, error);
    if (!status)
        *(float *)cnn2snn_tensor_get_writable_data(*out_scale) = 2.0f;
    return status;
}

static void count_destroy(void *user_data)
{
    ++*(int *)user_data;
}

static cnn2snn_status custom_flow(int *left_behind, cnn2snn_error **error)
{
    static const char identifier[] = "{\"class_name\": \"Mine\", \"config\": {\"bitwidth\": 4}}";
    int destroyed = 0;
    cnn2snn_quantizer_class mine = CNN2SNN_QUANTIZER_CLASS_INIT;
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_quantizer *quantizer = NULL;
    cnn2snn_tensor *result = NULL;
    mine.user_data = &destroyed;
    mine.destroy_user_data = count_destroy;
    mine.scale_factor = one_scale;
    cnn2snn_status status = cnn2snn_custom_objects_create(context, &custom, error);
    int added = !status;
    if (!status)
        status = cnn2snn_custom_objects_add_quantizer(custom, "Mine", &mine, error);
    if (!status)
        status = cnn2snn_quantizer_create_from_config(context, identifier, custom, &quantizer, error);
    if (!status)
        status = cnn2snn_quantizer_quantize(quantizer, input, &result, error);
    cnn2snn_quantizer_destroy(quantizer);
    cnn2snn_custom_objects_destroy(custom);
    ck_assert_int_eq(destroyed, added);
    return drop_tensor(status, &result, left_behind);
}

static cnn2snn_status archive_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_archive *archive = NULL, *loaded = NULL;
    cnn2snn_status status = cnn2snn_archive_create(context, &archive, error);
    if (!status)
        status = cnn2snn_archive_add(archive, "a", input, error);
    if (!status)
        status = cnn2snn_archive_add(archive, "b", input, error);
    if (!status)
        status = cnn2snn_archive_save(archive, "alloc.npz", error);
    if (!status)
        status = cnn2snn_archive_load(context, "alloc.npz", &loaded, error);
    *left_behind = status && loaded;
    cnn2snn_archive_destroy(archive);
    cnn2snn_archive_destroy(loaded);
    return status;
}

static cnn2snn_status convert_file_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_akida_model *model = NULL;
    cnn2snn_status status = cnn2snn_convert_to_file(quantized_model, NULL, "alloc-folder/model", &model, NULL, error);
    if (!status) {
        cnn2snn_akida_model_destroy(model);
        model = NULL;
        status = cnn2snn_akida_model_load(context, "alloc-folder/model.fbz", &model, error);
    }
    return drop_akida(status, &model, left_behind);
}

static cnn2snn_status check_flow(int *left_behind, cnn2snn_error **error)
{
    cnn2snn_status status = CNN2SNN_OK;
    const cnn2snn_model *const models[] = {float_model, broken_model, quantized_model};
    for (size_t i = 0; !status && i < 6; i++) {
        cnn2snn_check_options options = CNN2SNN_CHECK_OPTIONS_INIT;
        cnn2snn_report *report = NULL;
        int32_t compatible = 0;
        options.flow = CNN2SNN_CHECK_QUANTIZEML;
        options.akida_version = i % 2 ? CNN2SNN_AKIDA_V1 : CNN2SNN_AKIDA_V2;
        status = cnn2snn_check_model_compatibility(models[i / 2], &options, &compatible, &report, error);
        *left_behind = status && report;
        cnn2snn_report_destroy(report);
    }
    return status;
}

static const struct {
    const char *name;
    flow_fn run;
    cnn2snn_status expected; /* when nothing fails */
} flows[] = {
    {"create a context", create_context_flow, CNN2SNN_OK},
    {"build a sequential model", build_flow, CNN2SNN_OK},
    {"build a functional model", builder_flow, CNN2SNN_OK},
    {"load .h5", load_flow, CNN2SNN_OK},
    {"save .h5", save_flow, CNN2SNN_OK},
    {"load JSON", load_json_flow, CNN2SNN_OK},
    {"save JSON", save_json_flow, CNN2SNN_OK},
    {"clone", clone_flow, CNN2SNN_OK},
    {"quantize", quantize_flow, CNN2SNN_OK},
    {"quantize a layer", quantize_layer_flow, CNN2SNN_OK},
    {"prepare to convert", syncretize_flow, CNN2SNN_OK},
    {"convert", convert_flow, CNN2SNN_OK},
    {"refuse to convert", refuse_flow, CNN2SNN_E_TYPE},
    {"save .fbz", save_fbz_flow, CNN2SNN_OK},
    {"load .fbz", load_fbz_flow, CNN2SNN_OK},
    {"fix activation variables", fix_flow, CNN2SNN_OK},
    {"mend", mend_flow, CNN2SNN_OK},
    {"check compatibility", check_flow, CNN2SNN_OK},
    {"differences", diff_flow, CNN2SNN_OK},
    {"run", run_flow, CNN2SNN_OK},
    {"summary", summary_flow, CNN2SNN_OK},
    {"state of training", training_flow, CNN2SNN_OK},
    {"summary of an Akida model", akida_summary_flow, CNN2SNN_OK},
    {"custom classes", custom_flow, CNN2SNN_OK},
    {"archives", archive_flow, CNN2SNN_OK},
    {"convert to a file", convert_file_flow, CNN2SNN_OK},
};

enum { FLOWS = sizeof flows / sizeof *flows };

/* Runs a flow with one failure and checks what it leaves. */
static void check_one(int flow, long fail_at, int forever)
{
    long live = memory.live;
    int left_behind = 0;
    cnn2snn_error *error = NULL;
    memory.calls = 0;
    memory.fail_at = fail_at;
    memory.forever = forever;
    cnn2snn_status status = flows[flow].run(&left_behind, &error);
    memory.fail_at = -1;
    ck_assert_msg(status == CNN2SNN_E_NO_MEMORY || (flows[flow].expected && status == flows[flow].expected),
                  "%s: allocation %ld fails: status %d", flows[flow].name, fail_at, (int)status);
    ck_assert_msg(error != NULL, "%s: allocation %ld fails: no error object", flows[flow].name, fail_at);
    ck_assert_ptr_nonnull(cnn2snn_error_get_text(error));
    if (status == CNN2SNN_E_NO_MEMORY)
        ck_assert_int_eq(cnn2snn_error_get_code(error), CNN2SNN_E_NO_MEMORY);
    cnn2snn_error_destroy(error);
    ck_assert_msg(!left_behind, "%s: allocation %ld fails: an output is left", flows[flow].name, fail_at);
    ck_assert_msg(memory.live == live, "%s: allocation %ld fails: %ld blocks leak", flows[flow].name, fail_at,
                  memory.live - live);
    ck_assert_msg(!memory.wrong, "%s: allocation %ld fails: a block came back wrong", flows[flow].name, fail_at);
}

START_TEST(every_failing_allocation_is_a_clean_error)
{
    int left_behind = 0;
    cnn2snn_error *error = NULL;
    long live = memory.live;
    memory.calls = 0;
    ck_assert_int_eq(flows[_i].run(&left_behind, &error), flows[_i].expected);
    cnn2snn_error_destroy(error);
    ck_assert_int_eq(memory.live, live);
    long count = memory.calls;
    ck_assert_int_gt(count, 0);
    printf("%-28s %5ld allocations\n", flows[_i].name, count);
    for (long i = 0; i < count; i++) {
        check_one(_i, i, 0);
        check_one(_i, i, 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("alloc");
    TCase *tests = tcase_create("alloc");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, every_failing_allocation_is_a_clean_error, 0, FLOWS);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
