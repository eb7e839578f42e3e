/* SPDX-License-Identifier: Apache-2.0 */
/* Keras HDF5 files, good and bad ones (tests/data/make_hdf5.py), with libhdf5 in this process and in a child. */
#include "formats_testing.h"

#include <dirent.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "formats/hdf5_extract.h"
#include "formats/keras_hdf5.h"

/* A context that reads HDF5 files in this process (0) or in a child (1). */
static void isolate(int process)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.hdf5_isolation = process ? CNN2SNN_ISOLATION_PROCESS : CNN2SNN_ISOLATION_NONE;
    c2s_context_release(context);
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
}

static const char *fixture(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/hdf5/%s.h5", TEST_DATA, name);
    return path;
}

static cnn2snn_status load(const char *path, cnn2snn_model **model)
{
    struct c2s_keras_read_settings settings = {0};
    return c2s_keras_hdf5_load(context, path, &settings, model, &error);
}

static cnn2snn_model *loaded(const char *name)
{
    cnn2snn_model *model;
    cnn2snn_status status = load(fixture(name), &model);
    ck_assert_msg(!status, "%s", text_of(error));
    return model;
}

static const cnn2snn_tensor *weight_of(const cnn2snn_model *model, const char *layer, size_t number)
{
    int64_t index = c2s_graph_find_layer(model->graph, layer);
    ck_assert_int_ge(index, 0);
    ck_assert_uint_gt(model->graph->layers[index]->weight_count, number);
    return model->graph->layers[index]->weights[number].tensor;
}

/* The weights of all layers in order, each with its number as first value. */
static const struct {
    const char *layer;
    size_t number;
    uint64_t count;
} weights[] = {{"conv", 0, 54}, {"conv", 1, 3}, {"bn", 0, 3},     {"bn", 1, 3},
               {"bn", 2, 3},    {"bn", 3, 3},   {"dense", 0, 96}, {"dense", 1, 2}};

static void expect_weights(const cnn2snn_model *model, float tolerance)
{
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
        const cnn2snn_tensor *tensor = weight_of(model, weights[i].layer, weights[i].number);
        ck_assert_uint_eq(tensor->count, weights[i].count);
        ck_assert_int_eq(tensor->dtype, CNN2SNN_DTYPE_FLOAT32);
        for (uint64_t k = 0; k < tensor->count; k++) {
            float expected = (float)((double)i + 0.01 * (double)k);
            ck_assert_msg(fabsf(c2s_f32(tensor)[k] - expected) <= tolerance, "%s, weight %zu: value %d is %g",
                          weights[i].layer, weights[i].number, (int)k, c2s_f32(tensor)[k]);
        }
    }
}

/* ------------------------------------------------------------------------------------------------ good files */

START_TEST(l069_writers_differ_and_the_model_is_the_same)
{
    static const char *const names[] = {"sequential", "trained", "fixed_strings", "chunked_names", "space_padded",
                                        "packed",     "latest",  "user_block",    "no_version",    "cycle"};
    isolate(_i);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cnn2snn_model *model = loaded(names[i]);
        expect_weights(model, 0);
        ck_assert_str_eq(model->graph->name, "net");
        c2s_model_destroy(model);
    }
}

START_TEST(number_types_are_converted)
{
    isolate(_i);
    cnn2snn_model *model = loaded("number_types");
    expect_weights(model, 1); /* some are integers */
    c2s_model_destroy(model);
}

START_TEST(l069_files_in_memory_are_read)
{
    struct c2s_keras_read_settings settings = {0};
    cnn2snn_buffer *buffer;
    cnn2snn_model *model;
    isolate(_i);
    ck_assert_int_eq(c2s_file_read(context, fixture("user_block"), &buffer, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_keras_hdf5_read(context, buffer->data, buffer->size, &settings, &model, &error), CNN2SNN_OK);
    c2s_buffer_destroy(buffer);
    expect_weights(model, 0);
    c2s_model_destroy(model);
}

START_TEST(l071_training_and_optimizer_are_carried)
{
    cnn2snn_model *model = loaded("trained");
    ck_assert_str_eq(model->keras_version, "2.19.0");
    ck_assert_str_eq(model->backend, "tensorflow");
    ck_assert_ptr_nonnull(strstr(model->training_config, "SGD"));
    ck_assert_uint_eq(model->optimizer_weight_count, 4);
    ck_assert_str_eq(model->optimizer_weights[0].name, "iteration:0");
    ck_assert_int_eq(model->optimizer_weights[0].tensor->dtype, CNN2SNN_DTYPE_INT64);
    ck_assert_uint_eq(model->optimizer_weights[0].tensor->rank, 0);
    ck_assert(c2s_tensor_get_double(model->optimizer_weights[0].tensor, 0) == 7);
    ck_assert_int_eq(model->optimizer_weights[2].tensor->dtype, CNN2SNN_DTYPE_FLOAT16);
    ck_assert_int_eq(model->optimizer_weights[3].tensor->dtype, CNN2SNN_DTYPE_BOOL);
    c2s_model_destroy(model);
}

START_TEST(weights_that_are_not_finite_load)
{
    cnn2snn_model *model = loaded("not_a_number");
    ck_assert(isnan(c2s_f32(weight_of(model, "dense", 0))[7]));
    ck_assert(isinf(c2s_f32(weight_of(model, "dense", 0))[8]));
    c2s_model_destroy(model);
}

START_TEST(theano_kernels_are_turned)
{
    cnn2snn_model *model = loaded("theano");
    /* the last of 3 x 3 places comes first; 6 values a place */
    ck_assert(c2s_f32(weight_of(model, "conv", 0))[0] == (float)(0.01 * 48));
    c2s_model_destroy(model);
}

/* ------------------------------------------------------------------------------------------------ bad files */

static const struct {
    const char *name;
    cnn2snn_status code;
    const char *words;
} bad_files[] = {
    {"bad_soft", CNN2SNN_E_UNSUPPORTED, "dense: array 'dense/kernel:0' can't be read: a soft link"},
    {"bad_soft_group", CNN2SNN_E_UNSUPPORTED, "group 'dense' can't be read: a soft link"},
    {"bad_external", CNN2SNN_E_UNSUPPORTED, "a link to another file"},
    {"bad_external_storage", CNN2SNN_E_UNSUPPORTED, "external storage"},
    {"bad_virtual", CNN2SNN_E_UNSUPPORTED, "a virtual dataset"},
    {"bad_lzf", CNN2SNN_E_UNSUPPORTED, "filter lzf"},
    {"bad_unknown_filter", CNN2SNN_E_UNSUPPORTED, "number 307"},
    {"bad_huge", CNN2SNN_E_LIMIT, "1152921504606846976 elements"},
    {"bad_large", CNN2SNN_E_MALFORMED, "can't be an array of 1073741824 bytes"},
    {"bad_unwritten", CNN2SNN_E_MALFORMED, "0 bytes stored"},
    {"bad_strings", CNN2SNN_E_UNSUPPORTED, "strings of 1 bytes"},
    {"bad_nine_axes", CNN2SNN_E_UNSUPPORTED, "9 dimensions"},
    {"bad_no_rows", CNN2SNN_E_VALUE, "dense: kernel has shape (0, 2), expected (48, 2)"},
    {"bad_other_shape", CNN2SNN_E_VALUE, "dense: kernel has shape (24, 4), expected (48, 2)"},
    {"bad_twice", CNN2SNN_E_UNSUPPORTED, "another name"},
    {"bad_deep_groups", CNN2SNN_E_LIMIT, "max_depth"},
    {"bad_no_array", CNN2SNN_E_MALFORMED, "dense: the file has no array 'dense/kernel:0'"},
    {"bad_no_group", CNN2SNN_E_MALFORMED, "layer_names has 'dense'"},
    {"bad_no_weights", CNN2SNN_E_MALFORMED, "model_weights"},
    {"bad_no_config", CNN2SNN_E_MALFORMED, "model_config"},
    {"bad_no_layer_names", CNN2SNN_E_MALFORMED, "layer_names"},
    {"bad_no_weight_names", CNN2SNN_E_VALUE, "2 layers with weights, but the model 3"},
    {"bad_names_are_numbers", CNN2SNN_E_MALFORMED, "layer_names"},
    {"bad_config_is_list", CNN2SNN_E_MALFORMED, "model_config"},
    {"bad_json", CNN2SNN_E_MALFORMED, "line 1"},
    {"bad_keras1", CNN2SNN_E_UNSUPPORTED, "Keras 1.2.2"},
};

START_TEST(l069_bad_files_are_refused_with_a_reason)
{
    isolate(_i);
    for (size_t i = 0; i < sizeof bad_files / sizeof *bad_files; i++) {
        cnn2snn_model *model;
        ck_assert_int_eq(load(fixture(bad_files[i].name), &model), bad_files[i].code);
        ck_assert_ptr_null(model);
        ck_assert_str_eq(error->file, fixture(bad_files[i].name));
        expect_error(bad_files[i].code, bad_files[i].words);
    }
}

START_TEST(truncated_and_flipped_files_do_no_harm)
{
    struct c2s_keras_read_settings settings = {0};
    cnn2snn_buffer *buffer;
    uint32_t random = 1;
    isolate(1);
    ck_assert_int_eq(c2s_file_read(context, fixture("packed"), &buffer, NULL), CNN2SNN_OK);
    for (size_t size = 0; size < buffer->size; size += 1 + buffer->size / 40) {
        cnn2snn_model *model;
        ck_assert_int_ne(c2s_keras_hdf5_read(context, buffer->data, size, &settings, &model, &error), CNN2SNN_OK);
        ck_assert_ptr_null(model);
        ck_assert_ptr_nonnull(error);
        c2s_error_clear(&error);
    }
    for (int i = 0; i < 60; i++) {
        cnn2snn_model *model;
        random = random * 1664525 + 1013904223;
        size_t at = random % buffer->size;
        buffer->data[at] ^= (char)(1 << (random >> 29));
        cnn2snn_status status = c2s_keras_hdf5_read(context, buffer->data, buffer->size, &settings, &model, &error);
        ck_assert_int_eq(status == CNN2SNN_OK, model != NULL);
        c2s_model_destroy(model);
        c2s_error_clear(&error);
        buffer->data[at] ^= (char)(1 << (random >> 29));
    }
    c2s_buffer_destroy(buffer);
}

/* Dies where the process is not the one that the test began in. */
static pid_t own_process;

static void *allocate_or_die(void *user_data, size_t size, size_t alignment)
{
    if (getpid() != own_process)
        _exit(3);
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void deallocate(void *user_data, void *pointer, size_t size, size_t alignment)
{
    free(pointer);
}

START_TEST(death_of_the_child_is_an_error)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    cnn2snn_allocator allocator = {sizeof allocator, NULL, allocate_or_die, deallocate};
    cnn2snn_model *model;
    own_process = getpid();
    options.allocator = &allocator;
    options.hdf5_isolation = CNN2SNN_ISOLATION_PROCESS;
    c2s_context_release(context);
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
    ck_assert_int_eq(load(fixture("sequential"), &model), CNN2SNN_E_MALFORMED);
    expect_error(CNN2SNN_E_MALFORMED, "child process");
}

START_TEST(limits_of_the_context_hold)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    cnn2snn_model *model;
    for (int what = 0; what < 3; what++) {
        options = (cnn2snn_context_options)CNN2SNN_CONTEXT_OPTIONS_INIT;
        options.hdf5_isolation = _i ? CNN2SNN_ISOLATION_PROCESS : CNN2SNN_ISOLATION_NONE;
        options.max_file_bytes = what == 0 ? 10000 : 0;
        options.max_tensor_elements = what == 1 ? 95 : 0;
        options.max_total_bytes = what == 2 ? 512 : 0;
        c2s_context_release(context);
        ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
        ck_assert_int_eq(load(fixture("sequential"), &model), CNN2SNN_E_LIMIT);
        expect_error(CNN2SNN_E_LIMIT, what == 0   ? "max_file_bytes"
                                      : what == 1 ? "max_tensor_elements"
                                                  : "max_total_bytes");
    }
}

START_TEST(l069_other_formats_are_named)
{
    struct c2s_keras_read_settings settings = {0};
    cnn2snn_model *model;
    ck_assert_int_eq(load(TEST_DATA, &model), CNN2SNN_E_UNSUPPORTED);
    expect_error(CNN2SNN_E_UNSUPPORTED, "folder");
    ck_assert_int_eq(load(fixture("not_there"), &model), CNN2SNN_E_IO);
    expect_error(CNN2SNN_E_IO, "No such file");
    ck_assert_int_eq(load("/dev/null", &model), CNN2SNN_E_IO);
    expect_error(CNN2SNN_E_IO, "no regular file");
    ck_assert_int_eq(load(TEST_DATA "/make_hdf5.py", &model), CNN2SNN_E_MALFORMED);
    expect_error(CNN2SNN_E_MALFORMED, "no HDF5 file");
    ck_assert_int_eq(c2s_keras_hdf5_read(context, "PK\3\4rest", 8, &settings, &model, &error), CNN2SNN_E_UNSUPPORTED);
    expect_error(CNN2SNN_E_UNSUPPORTED, ".keras");
    ck_assert_int_eq(c2s_keras_hdf5_read(context, "", 0, &settings, &model, &error), CNN2SNN_E_MALFORMED);
    expect_error(CNN2SNN_E_MALFORMED, "no HDF5 file");
}

static herr_t own_printer(hid_t stack, void *user_data)
{
    return 0;
}

START_TEST(state_of_libhdf5_is_given_back)
{
    H5E_auto2_t printer;
    void *data;
    unsigned plugins = 7;
    cnn2snn_model *model;
    int here;
    H5Eset_auto2(H5E_DEFAULT, own_printer, &here);
    H5PLset_loading_state(H5PL_FILTER_PLUGIN);
    ck_assert_int_ne(load(fixture("bad_huge"), &model), CNN2SNN_OK);
    model = loaded("sequential");
    c2s_model_destroy(model);
    H5Eget_auto2(H5E_DEFAULT, &printer, &data);
    H5PLget_loading_state(&plugins);
    ck_assert(printer == own_printer && data == &here);
    ck_assert_uint_eq(plugins, H5PL_FILTER_PLUGIN);
    ck_assert_int_eq(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
}

/* ------------------------------------------------------------------------------------------------ saving */

static cnn2snn_buffer *saved(const cnn2snn_model *model)
{
    cnn2snn_buffer *buffer;
    cnn2snn_status status = c2s_keras_hdf5_write(model, &buffer, &error);
    ck_assert_msg(!status, "%s", text_of(error));
    return buffer;
}

static cnn2snn_model *reloaded(const cnn2snn_model *model)
{
    struct c2s_keras_read_settings settings = {0};
    cnn2snn_buffer *buffer = saved(model);
    cnn2snn_model *again;
    cnn2snn_status status = c2s_keras_hdf5_read(context, buffer->data, buffer->size, &settings, &again, &error);
    ck_assert_msg(!status, "%s", text_of(error));
    c2s_buffer_destroy(buffer);
    return again;
}

START_TEST(saved_models_load_with_all_that_they_had)
{
    cnn2snn_model *model = loaded("trained"), *again = reloaded(model);
    expect_weights(again, 0);
    ck_assert_str_eq(again->training_config, model->training_config);
    ck_assert_uint_eq(again->optimizer_weight_count, 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_str_eq(again->optimizer_weights[i].name, model->optimizer_weights[i].name);
        ck_assert_int_eq(again->optimizer_weights[i].tensor->dtype, model->optimizer_weights[i].tensor->dtype);
        ck_assert_mem_eq(again->optimizer_weights[i].tensor->data, model->optimizer_weights[i].tensor->data,
                         model->optimizer_weights[i].tensor->size);
    }
    ck_assert_str_eq(json_string_value(json_object_get(again->graph->layers[1]->config, "note")), "kept");
    c2s_model_destroy(model);
    c2s_model_destroy(again);
}

START_TEST(the_same_model_gives_the_same_bytes)
{
    cnn2snn_model *model = loaded("trained"), *again = reloaded(model);
    cnn2snn_buffer *first = saved(model);
    sleep(1); /* a time in the file would show */
    cnn2snn_buffer *second = saved(again);
    ck_assert_uint_eq(first->size, second->size);
    ck_assert_mem_eq(first->data, second->data, first->size);
    c2s_buffer_destroy(first);
    c2s_buffer_destroy(second);
    c2s_model_destroy(model);
    c2s_model_destroy(again);
}

START_TEST(files_have_the_bytes_of_buffers)
{
    char folder[] = "/tmp/test_keras_hdf5_XXXXXX", path[64];
    cnn2snn_model *model = loaded("sequential");
    cnn2snn_buffer *buffer = saved(model), *read;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/m.h5", folder);
    ck_assert_int_eq(c2s_keras_hdf5_save(model, path, &error), CNN2SNN_OK);
    ck_assert_int_eq(c2s_file_read(context, path, &read, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(read->size, buffer->size);
    ck_assert_mem_eq(read->data, buffer->data, read->size);
    c2s_buffer_destroy(read);
    c2s_buffer_destroy(buffer);
    unlink(path);
    snprintf(path, sizeof path, "%s/gone/m.h5", folder);
    ck_assert_int_eq(c2s_keras_hdf5_save(model, path, &error), CNN2SNN_E_IO);
    ck_assert_str_eq(error->file, path);
    expect_error(CNN2SNN_E_IO, "");
    c2s_model_destroy(model);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing is left in it */
}

static void expect_names(const struct c2s_image_index *index, const char *group, const char *attribute, size_t count,
                         const char *const *names)
{
    struct c2s_image_text path = {group, strlen(group)};
    const struct c2s_image_object *object = c2s_image_find(index, 0, path);
    ck_assert_ptr_nonnull(object);
    const struct c2s_image_attribute *found =
        c2s_image_find_attribute(index, c2s_image_number(index, object), attribute);
    ck_assert_ptr_nonnull(found);
    ck_assert_uint_eq(found->count, count);
    size_t position = found->position;
    for (size_t i = 0; i < count; i++) {
        struct c2s_image_text name = c2s_image_next_string(index, &position);
        ck_assert_uint_eq(name.size, strlen(names[i]));
        ck_assert_mem_eq(name.bytes, names[i], name.size);
    }
}

START_TEST(saved_files_are_laid_out_as_tf_keras_does)
{
    cnn2snn_model *model = loaded("no_version");
    cnn2snn_buffer *buffer = saved(model);
    struct c2s_hdf5_source source = {.data = buffer->data, .size = buffer->size};
    struct c2s_image *image;
    struct c2s_image_index *index;
    ck_assert_int_eq(c2s_hdf5_read_image(context, &source, &image, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_image_open(image, &index, NULL), CNN2SNN_OK);
    static const char *const version[] = {"2.19.0"}, *const backend[] = {"tensorflow"};
    static const char *const layers[] = {"conv", "bn", "relu", "flatten", "dense"};
    static const char *const arrays[] = {"bn/gamma:0", "bn/beta:0", "bn/moving_mean:0", "bn/moving_variance:0"};
    expect_names(index, "", "keras_version", 1, version);
    expect_names(index, "model_weights", "keras_version", 1, version);
    expect_names(index, "model_weights", "backend", 1, backend);
    expect_names(index, "model_weights", "layer_names", 5, layers);
    expect_names(index, "model_weights/bn", "weight_names", 4, arrays);
    expect_names(index, "model_weights/relu", "weight_names", 0, NULL);
    expect_names(index, "model_weights/top_level_model_weights", "weight_names", 0, NULL);
    c2s_image_close(index);
    c2s_image_release(image);
    c2s_buffer_destroy(buffer);
    c2s_model_destroy(model);
}

START_TEST(l071_training_of_keras3_is_not_written)
{
    cnn2snn_model *model = loaded("trained");
    strcpy(model->keras_version, "3.1.0");
    cnn2snn_model *again = reloaded(model);
    ck_assert_ptr_null(again->training_config);
    ck_assert_uint_eq(again->optimizer_weight_count, 0);
    c2s_model_destroy(model);
    c2s_model_destroy(again);
}

/* A Sequential of Dense layers with long names. */
static cnn2snn_model *many_layers(size_t count)
{
    struct c2s_text text;
    struct c2s_keras_read_settings settings = {0};
    json_t *document;
    struct c2s_graph *graph;
    cnn2snn_model *model;
    c2s_text_init(&text, context);
    c2s_text_add(&text,
                 "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": [{\"class_name\": "
                 "\"InputLayer\", \"config\": {\"name\": \"in\", \"batch_input_shape\": [null, 1]}}");
    for (size_t i = 0; i < count; i++)
        c2s_text_format(&text, ", {\"class_name\": \"Dense\", \"config\": {\"name\": \"%0100zu\", \"units\": 1}}", i);
    c2s_text_add(&text, "]}}");
    ck_assert_int_eq(c2s_json_parse(context, text.data, text.size, "", &document, NULL), CNN2SNN_OK);
    c2s_text_free(&text);
    ck_assert_int_eq(c2s_keras_config_read(context, document, &settings, &graph, NULL), CNN2SNN_OK);
    json_decref(document);
    ck_assert_int_eq(c2s_graph_build(graph, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_model_create(context, graph, &model, NULL), CNN2SNN_OK);
    c2s_graph_release(graph);
    return model;
}

START_TEST(long_lists_are_cut_in_parts)
{
    cnn2snn_model *model = many_layers(1300), *again = reloaded(model); /* 130,000 bytes of names: three parts */
    ck_assert_uint_eq(again->graph->layer_count, 1301);
    ck_assert_str_eq(again->graph->layers[1300]->name, model->graph->layers[1300]->name);
    c2s_model_destroy(model);
    c2s_model_destroy(again);
}

START_TEST(models_without_weights_are_not_saved)
{
    struct c2s_graph *graph =
        graph_of("{'class_name': 'Sequential', 'config': {'name': 's', 'layers': [{'class_name': 'Dense', "
                 "'config': {'name': 'd', 'units': 1, 'batch_input_shape': [null, 1]}}]}}");
    cnn2snn_model *model;
    cnn2snn_buffer *buffer;
    ck_assert_int_eq(c2s_model_create(context, graph, &model, NULL), CNN2SNN_OK);
    c2s_graph_release(graph);
    ck_assert_int_eq(c2s_keras_hdf5_write(model, &buffer, &error), CNN2SNN_E_STATE);
    ck_assert_ptr_null(buffer);
    expect_error(CNN2SNN_E_STATE, "d: has no weights yet");
    c2s_model_destroy(model);
}

int main(void)
{
    TCase *test_case = tcase_create("keras_hdf5");
    Suite *suite = suite_create("keras_hdf5");
    static const TTest *const *const both[] = {&l069_writers_differ_and_the_model_is_the_same, &number_types_are_converted,
                                               &l069_files_in_memory_are_read, &l069_bad_files_are_refused_with_a_reason,
                                               &limits_of_the_context_hold};
    static const TTest *const *const once[] = {&l071_training_and_optimizer_are_carried,
                                               &weights_that_are_not_finite_load,
                                               &theano_kernels_are_turned,
                                               &truncated_and_flipped_files_do_no_harm,
                                               &death_of_the_child_is_an_error,
                                               &l069_other_formats_are_named,
                                               &state_of_libhdf5_is_given_back,
                                               &saved_models_load_with_all_that_they_had,
                                               &the_same_model_gives_the_same_bytes,
                                               &files_have_the_bytes_of_buffers,
                                               &saved_files_are_laid_out_as_tf_keras_does,
                                               &l071_training_of_keras3_is_not_written,
                                               &long_lists_are_cut_in_parts,
                                               &models_without_weights_are_not_saved};
    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_set_timeout(test_case, 60);
    for (size_t i = 0; i < sizeof both / sizeof *both; i++)
        tcase_add_loop_test(test_case, *both[i], 0, 2);
    for (size_t i = 0; i < sizeof once / sizeof *once; i++)
        tcase_add_test(test_case, *once[i]);
    suite_add_tcase(suite, test_case);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
