/* SPDX-License-Identifier: Apache-2.0 */
/* .fbz files: what is read in each form, what is written, and that bad bytes are errors and nothing else. */
#include "akida_test.h"

#include <fcntl.h>
#include <snappy-c.h>
#include <sys/stat.h>
#include <unistd.h>

#include "akida/snappy_block.h"
#include "base/allocator.h"

static const char *const fixtures[] = {"current_v1.fbz", "current_v2.fbz", "typed.fbz",   "typed_events.fbz",
                                       "unknown.fbz",    "old_v2.fbz",     "learning.fbz"};
enum { FIXTURE_COUNT = sizeof fixtures / sizeof *fixtures };

static int32_t parameter(const cnn2snn_akida_model *model, const char *layer, const char *key)
{
    const struct c2s_akida_layer *found = layer_named(model, layer);
    ck_assert_msg(c2s_akida_layer_has_parameter(found, key), "%s has no %s", layer, key);
    return c2s_akida_layer_get_parameter(found, key, 0);
}

static cnn2snn_status read_bytes(const void *data, size_t size, cnn2snn_error **error)
{
    cnn2snn_akida_model *model = NULL;
    cnn2snn_status status = c2s_fbz_read(context, data, size, &model, error);
    c2s_akida_model_release(model);
    return status;
}

/* The FlatBuffer of a fixture. */
static unsigned char *payload_of(const char *name, size_t *out_size)
{
    size_t size;
    unsigned char *data = read_fixture(name, &size), *payload;
    ck_assert_int_eq(c2s_snappy_decompress(context, data, size, UINT64_MAX, &payload, out_size, NULL), CNN2SNN_OK);
    free(data);
    return payload;
}

/* ------------------------------------------------------------------------------------------------ reading */

START_TEST(parameters_variables_and_inbounds_are_read)
{
    cnn2snn_akida_model *model = load_fixture("current_v2.fbz");
    ck_assert_uint_eq(model->layer_count, 8);
    ck_assert_str_eq(model->version, "2.19.3");
    ck_assert_int_eq(layer_named(model, "cat")->kind, C2S_AKIDA_CONCATENATE);
    ck_assert_uint_eq(layer_named(model, "cat")->inbound_count, 2);
    ck_assert_str_eq(model->layers[layer_named(model, "cat")->inbounds[0]].name, "sum");
    ck_assert_str_eq(model->layers[layer_named(model, "cat")->inbounds[1]].name, "a");
    ck_assert_uint_eq(layer_named(model, "q")->inbound_count, 0);
    ck_assert_int_eq(parameter(model, "image", "pool_size"), -1);
    ck_assert_int_eq(parameter(model, "image", "pool_type"), 0);
    ck_assert(!c2s_akida_layer_has_parameter(layer_named(model, "image"), "layer_type"));
    const cnn2snn_tensor *scales = variable_of(model, "dq", "scales");
    ck_assert_int_eq(scales->dtype, CNN2SNN_DTYPE_FLOAT32);
    ck_assert_float_eq(((float *)scales->data)[2], 2.0f);
    ck_assert_int_eq(c2s_akida_layer_find_variable(layer_named(model, "a"), "weights")->element_type, 7);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(shapes_of_column_major_variables_are_turned_round)
{
    cnn2snn_akida_model *model = load_fixture("current_v1.fbz");
    const cnn2snn_tensor *weights = variable_of(model, "conv", "weights");
    static const int64_t shape[4] = {3, 1, 2, 3};
    ck_assert_uint_eq(weights->rank, 4);
    ck_assert_mem_eq(weights->shape, shape, sizeof shape);
    ck_assert_ptr_null(model->version);
    ck_assert_int_eq(c2s_akida_model_version(model), CNN2SNN_AKIDA_V1);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(typed_parameters_of_old_files_get_todays_names)
{
    cnn2snn_akida_model *model = load_fixture("typed.fbz");
    static const struct {
        const char *layer, *key;
        int32_t value;
    } expected[] = {
        {"image", "input_width", 8},
        {"image", "input_height", 4},
        {"image", "input_channels", 3},
        {"image", "filters", 2},
        {"image", "weights_bits", 8},
        {"image", "padding_value", 127},
        {"image", "kernel_width", 3},
        {"image", "kernel_height", 1},
        {"image", "padding", 1},
        {"image", "stride_x", 2},
        {"image", "stride_y", 1},
        {"image", "pooling_width", -1},
        {"image", "pooling_stride_y", -1},
        {"image", "pool_type", 0},
        {"image", "act_bits", 4},
        {"image", "activation", 1},
        {"conv", "filters", 3},
        {"conv", "weights_bits", 4},
        {"separable", "filters", 5},
        {"separable", "pooling_height", -1},
        {"dense", "units", 6},
        {"dense", "weights_bits", 1},
        {"dense", "act_bits", 4},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        ck_assert_int_eq(parameter(model, expected[i].layer, expected[i].key), expected[i].value);
    ck_assert_uint_eq(layer_named(model, "image")->parameter_count, 18);
    ck_assert_uint_eq(layer_named(model, "separable")->parameter_count, 14);
    ck_assert_uint_eq(model->learning_count, 7);
    ck_assert_str_eq(model->learning[1].name, "learning_competition");
    ck_assert_double_eq(model->learning[1].value, 0.1);
    ck_assert_str_eq(model->learning[5].name, "num_weights");
    ck_assert_double_eq(model->learning[5].value, 40);
    c2s_akida_model_release(model);

    model = load_fixture("typed_events.fbz");
    ck_assert_int_eq(parameter(model, "events", "input_channels"), 5);
    ck_assert_int_eq(parameter(model, "events", "input_bits"), 4);
    ck_assert_int_eq(parameter(model, "events", "input_signed"), 0);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(what_nobody_knows_is_kept)
{
    cnn2snn_akida_model *model = load_fixture("unknown.fbz"), *again;
    cnn2snn_buffer *buffer;
    ck_assert_int_eq(c2s_fbz_write(model, NULL, &buffer, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_fbz_read(context, buffer->data, buffer->size, &again, NULL), CNN2SNN_OK);
    const struct c2s_akida_layer *odd = layer_named(again, "odd");
    ck_assert_int_eq(odd->kind, 99);
    ck_assert_str_eq(odd->kind_text, "unknown (99)");
    ck_assert_uint_eq(odd->parameter_count, 2);
    ck_assert_int_eq(parameter(again, "odd", "ape"), 0);
    ck_assert_int_eq(parameter(again, "odd", "zebra"), -3);
    ck_assert_int_eq(parameter(again, "in", "novel"), 5);
    ck_assert_uint_eq(odd->inbound_count, 1); /* none in the file: the layer before */
    ck_assert_uint_eq(odd->inbounds[0], 0);
    ck_assert_int_eq(c2s_akida_model_version(again), CNN2SNN_AKIDA_DEFAULT);
    c2s_buffer_destroy(buffer);
    c2s_akida_model_release(model);
    c2s_akida_model_release(again);
}
END_TEST

START_TEST(layers_of_old_runtimes_are_read)
{
    cnn2snn_akida_model *model = load_fixture("old_v2.fbz");
    ck_assert_int_eq(parameter(model, "image", "padding_value"), 9);
    ck_assert_int_eq(parameter(model, "sum", "activation"), 1);
    ck_assert_str_eq(layer_named(model, "norm")->kind_text, "BatchNormalization");
    ck_assert_str_eq(layer_named(model, "dense")->kind_text, "Dense2D");
    ck_assert_int_eq(c2s_akida_model_version(model), CNN2SNN_AKIDA_V2);
    c2s_akida_model_release(model);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ writing */

START_TEST(reading_and_writing_again_gives_the_same_bytes)
{
    cnn2snn_akida_model *model = load_fixture(fixtures[_i]), *again;
    cnn2snn_buffer *first, *second;
    ck_assert_int_eq(c2s_fbz_write(model, model->version, &first, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_fbz_read(context, first->data, first->size, &again, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_fbz_write(again, again->version, &second, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(first->size, second->size);
    ck_assert_mem_eq(first->data, second->data, first->size);
    ck_assert_uint_eq(model->layer_count, again->layer_count);
    ck_assert_uint_eq(model->learning_count, again->learning_count);
    for (size_t i = 0; i < model->layer_count; i++) {
        const struct c2s_akida_layer *a = &model->layers[i], *b = &again->layers[i];
        ck_assert_int_eq(a->kind, b->kind);
        ck_assert_uint_eq(a->parameter_count, b->parameter_count);
        ck_assert_uint_eq(a->variable_count, b->variable_count);
        for (size_t j = 0; j < a->variable_count; j++) {
            const cnn2snn_tensor *x = a->variables[j].tensor, *y = b->variables[j].tensor;
            ck_assert_int_eq(a->variables[j].element_type, b->variables[j].element_type);
            ck_assert(c2s_tensor_same_shape(x, y));
            ck_assert_mem_eq(x->data, y->data, x->size);
        }
    }
    c2s_buffer_destroy(first);
    c2s_buffer_destroy(second);
    c2s_akida_model_release(model);
    c2s_akida_model_release(again);
}
END_TEST

START_TEST(a_file_is_as_long_as_the_reference_makes_it_and_zero_behind_the_block)
{
    cnn2snn_akida_model *model = load_fixture("current_v1.fbz");
    cnn2snn_buffer *buffer;
    size_t size, used;
    ck_assert_int_eq(c2s_fbz_write(model, NULL, &buffer, NULL), CNN2SNN_OK);
    const unsigned char *data = (const unsigned char *)buffer->data;
    ck_assert_int_eq(c2s_snappy_measure(context, data, buffer->size, &size, &used, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(buffer->size, 32 + size + size / 6);
    ck_assert_uint_eq(size % 4, 0);
    for (size_t i = used; i < buffer->size; i++)
        ck_assert_int_eq(data[i], 0);
    c2s_buffer_destroy(buffer);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(the_version_string_is_written_on_request_only)
{
    cnn2snn_akida_model *model = load_fixture("current_v2.fbz"), *again;
    cnn2snn_buffer *buffer;
    for (int with = 0; with < 2; with++) {
        ck_assert_int_eq(c2s_fbz_write(model, with ? "1.2" : NULL, &buffer, NULL), CNN2SNN_OK);
        ck_assert_int_eq(c2s_fbz_read(context, buffer->data, buffer->size, &again, NULL), CNN2SNN_OK);
        if (with)
            ck_assert_str_eq(again->version, "1.2");
        else
            ck_assert_ptr_null(again->version);
        c2s_buffer_destroy(buffer);
        c2s_akida_model_release(again);
    }
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(an_empty_model_and_an_empty_variable_pass)
{
    cnn2snn_akida_model *model = new_model(), *again;
    cnn2snn_buffer *buffer;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(c2s_fbz_write(model, NULL, &buffer, NULL), CNN2SNN_OK);
        ck_assert_int_eq(c2s_fbz_read(context, buffer->data, buffer->size, &again, NULL), CNN2SNN_OK);
        ck_assert_uint_eq(again->layer_count, (size_t)i);
        c2s_buffer_destroy(buffer);
        c2s_akida_model_release(again);
        struct c2s_akida_layer *layer = add_layer(model, 50, "", NULL);
        set_variable(model, layer, "", CNN2SNN_DTYPE_INT8, 2, (int64_t[]){0, 3}, NULL);
    }
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(files_are_saved_and_loaded)
{
    cnn2snn_akida_model *model = load_fixture("current_v1.fbz"), *again;
    cnn2snn_error *error = NULL;
    char path[] = "/tmp/c2s-test-XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    ck_assert_int_eq(c2s_fbz_save(model, path, NULL, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_fbz_load(context, path, &again, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(again->layer_count, 4);
    c2s_akida_model_release(again);
    ck_assert_int_eq(truncate(path, 100), 0);
    ck_assert_int_eq(c2s_fbz_load(context, path, &again, &error), CNN2SNN_E_MALFORMED);
    ck_assert_str_eq(error->file, path);
    c2s_error_clear(&error);
    unlink(path);
    ck_assert_int_eq(c2s_fbz_load(context, path, &again, &error), CNN2SNN_E_IO);
    c2s_error_clear(&error);
    ck_assert_int_eq(c2s_fbz_save(model, "/nonexistent/x.fbz", NULL, &error), CNN2SNN_E_IO);
    c2s_error_clear(&error);
    c2s_akida_model_release(model);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ bad bytes */

START_TEST(a_file_cut_at_any_length_is_an_error)
{
    size_t size, payload_size, used;
    unsigned char *data = read_fixture(fixtures[_i], &size);
    ck_assert_int_eq(c2s_snappy_measure(context, data, size, &payload_size, &used, NULL), CNN2SNN_OK);
    for (size_t cut = 0; cut <= size; cut++) {
        unsigned char *part = malloc(cut + 1); /* of its own, so that reads beyond the end are seen */
        memcpy(part, data, cut);
        part = realloc(part, cut ? cut : 1);
        cnn2snn_error *error = NULL;
        cnn2snn_status status = read_bytes(part, cut, &error);
        ck_assert_int_eq(status, cut < used ? CNN2SNN_E_MALFORMED : CNN2SNN_OK);
        ck_assert((status != 0) == (error != NULL));
        c2s_error_clear(&error);
        free(part);
    }
    free(data);
}
END_TEST

static void read_payload(const unsigned char *payload, size_t size)
{
    cnn2snn_akida_model *model = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_fbz_read_payload(context, payload, size, &model, &error);
    ck_assert((status != 0) == (error != NULL));
    ck_assert((status == 0) == (model != NULL));
    c2s_error_clear(&error);
    if (model) {
        cnn2snn_buffer *buffer;
        ck_assert_int_eq(c2s_fbz_write(model, NULL, &buffer, NULL), CNN2SNN_OK);
        ck_assert_int_eq(read_bytes(buffer->data, buffer->size, NULL), CNN2SNN_OK);
        c2s_buffer_destroy(buffer);
    }
    c2s_akida_model_release(model);
}

START_TEST(a_payload_cut_at_any_length_is_no_danger)
{
    size_t size;
    unsigned char *payload = payload_of(fixtures[_i], &size);
    for (size_t cut = 0; cut<size; cut += size> 1000 ? 5 : 1) {
        unsigned char *part = malloc(cut ? cut : 1);
        memcpy(part, payload, cut);
        read_payload(part, cut);
        free(part);
    }
    c2s_free(context, payload);
}
END_TEST

START_TEST(any_bit_may_be_wrong)
{
    size_t size;
    unsigned char *payload = payload_of(fixtures[_i], &size), *copy = malloc(size);
    for (size_t bit = 0; bit<8 * size; bit += size> 3000 ? 3 : 1) {
        memcpy(copy, payload, size);
        copy[bit / 8] ^= (unsigned char)(1u << bit % 8);
        read_payload(copy, size);
    }
    free(copy);
    c2s_free(context, payload);
}
END_TEST

START_TEST(any_word_may_be_hostile)
{
    static const uint32_t words[] = {0, 1, 4, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff, 0x10000000};
    size_t size;
    unsigned char *payload = payload_of(fixtures[_i], &size), *copy = malloc(size);
    for (size_t at = 0; at + 4 <= size; at += size > 1000 ? 36 : 4)
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            memcpy(copy, payload, size);
            memcpy(copy + at, &words[i], 4);
            read_payload(copy, size);
        }
    free(copy);
    c2s_free(context, payload);
}
END_TEST

START_TEST(memory_is_bounded_by_the_file)
{
    /* A block of one literal byte and copies of 64: the largest ratio there is. */
    size_t size = 1 << 16;
    unsigned char *data = malloc(size);
    size_t wanted = 1 + 64 * ((size - 5) / 3), at = 0;
    for (; at < 3; at++)
        data[at] = (unsigned char)((wanted >> 7 * at & 127) | (at < 2 ? 128 : 0));
    data[at++] = 0;
    data[at++] = 'x';
    for (; at + 3 <= size; at += 3)
        memcpy(data + at, "\xfe\x01\x00", 3);
    test_heap.largest = 0;
    ck_assert_int_eq(read_bytes(data, size, NULL), CNN2SNN_E_MALFORMED);
    ck_assert_uint_lt(test_heap.largest, 24 * size);

    static const unsigned char lie[] = {0xff, 0xff, 0xff, 0xff, 0x07, 0, 'x', 0xfe, 1, 0};
    test_heap.largest = 0;
    ck_assert_int_eq(read_bytes(lie, sizeof lie, NULL), CNN2SNN_E_MALFORMED);
    ck_assert_uint_lt(test_heap.largest, 4096);
    free(data);
}
END_TEST

/* Puts the payload into a block of literals. */
static cnn2snn_status read_modified(const unsigned char *payload, size_t size, cnn2snn_error **error)
{
    cnn2snn_akida_model *model = NULL;
    cnn2snn_status status = c2s_fbz_read_payload(context, payload, size, &model, error);
    c2s_akida_model_release(model);
    return status;
}

/* Finds a text in the payload. */
static unsigned char *find(unsigned char *payload, size_t size, const char *text)
{
    for (size_t i = 0; i + strlen(text) <= size; i++)
        if (!memcmp(payload + i, text, strlen(text)))
            return payload + i;
    ck_abort_msg("no %s", text);
    return NULL;
}

static const struct {
    const char *fixture, *text, *other, *message;
} renamings[] = {
    {"current_v2.fbz", "layer_type", "later_type", "a layer has no parameter layer_type"},
    {"current_v2.fbz", "kernel_size", "pool_sizezz", NULL},
    {"current_v2.fbz", "pool_size", "layer_typ", NULL},
    {"learning.fbz", "act_bits", "act_bit\0", "a string isn't UTF-8, or holds a NUL"},
    {"learning.fbz", "act_bits", "act_bit\xff", "a string isn't UTF-8, or holds a NUL"},
    {"learning.fbz", "act_bits", "act_b\xed\xa0\x80", "a string isn't UTF-8, or holds a NUL"},
    {"learning.fbz", "act_bits", "act_bi\xc3\xa9", NULL},
    {"learning.fbz", "act_step", "threshol", NULL},
    {"current_v1.fbz", "weights_pw", "threshold\x01", NULL},
    {"current_v1.fbz", "weights_bits", "pool_type\xc3\xa9\x01", NULL},
};

START_TEST(names_are_checked)
{
    size_t size;
    unsigned char *payload = payload_of(renamings[_i].fixture, &size);
    cnn2snn_error *error = NULL;
    memcpy(find(payload, size, renamings[_i].text), renamings[_i].other, strlen(renamings[_i].text));
    cnn2snn_status status = read_modified(payload, size, &error);
    ck_assert_int_eq(status, renamings[_i].message ? CNN2SNN_E_MALFORMED : CNN2SNN_OK);
    if (status)
        ck_assert_str_eq(error->message, renamings[_i].message);
    c2s_error_clear(&error);
    c2s_free(context, payload);
}
END_TEST

static cnn2snn_status write_and_read(const cnn2snn_akida_model *model, cnn2snn_error **error)
{
    cnn2snn_buffer *buffer;
    ck_assert_int_eq(c2s_fbz_write(model, NULL, &buffer, NULL), CNN2SNN_OK);
    cnn2snn_status status = read_bytes(buffer->data, buffer->size, error);
    c2s_buffer_destroy(buffer);
    return status;
}

START_TEST(two_layers_of_one_name_are_refused)
{
    cnn2snn_akida_model *model = new_model();
    cnn2snn_error *error = NULL;
    add_layer(model, 1, "b", NULL);
    add_layer(model, 4, "a", NULL);
    add_layer(model, 4, "b", NULL);
    ck_assert_int_eq(write_and_read(model, &error), CNN2SNN_E_MALFORMED);
    ck_assert_str_eq(error->message, "two layers have the same name");
    c2s_error_clear(&error);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(an_inbound_layer_from_behind_is_refused)
{
    cnn2snn_akida_model *model = new_model();
    cnn2snn_error *error = NULL;
    add_layer(model, 1, "b", NULL);
    add_layer(model, 4, "a", NULL);
    model->layers[1].inbounds[0] = 1;
    ck_assert_int_eq(write_and_read(model, &error), CNN2SNN_E_MALFORMED);
    ck_assert_str_eq(error->layer, "a");
    ck_assert_str_eq(error->message, "an inbound layer isn't one of the layers before it");
    c2s_error_clear(&error);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(limits_of_the_context_hold)
{
    cnn2snn_error *error = NULL;
    size_t size;
    unsigned char *data = read_fixture("current_v2.fbz", &size);
    context->max_nodes = 7;
    ck_assert_int_eq(read_bytes(data, size, &error), CNN2SNN_E_LIMIT);
    c2s_error_clear(&error);
    context->max_nodes = 8;
    ck_assert_int_eq(read_bytes(data, size, &error), CNN2SNN_OK);
    context->max_total_bytes = 1000;
    ck_assert_int_eq(read_bytes(data, size, &error), CNN2SNN_E_LIMIT);
    c2s_error_clear(&error);
    context->max_total_bytes = 1000000;
    context->max_tensor_elements = 100;
    ck_assert_int_eq(read_bytes(data, size, &error), CNN2SNN_E_LIMIT);
    ck_assert_str_eq(error->layer, "dense");
    c2s_error_clear(&error);
    free(data);
}
END_TEST

START_TEST(too_many_keys_are_refused)
{
    for (int count = 999; count <= 1000; count++) {
        cnn2snn_akida_model *model = new_model();
        struct c2s_akida_layer *layer = add_layer(model, 1, "a", NULL);
        for (int i = 0; i < count; i++) {
            char key[16];
            snprintf(key, sizeof key, "k%d", i);
            ck_assert_int_eq(c2s_akida_layer_set_parameter(model, layer, key, i, NULL), CNN2SNN_OK);
        }
        ck_assert_int_eq(write_and_read(model, NULL), count < 1000 ? CNN2SNN_OK : CNN2SNN_E_LIMIT);
        c2s_akida_model_release(model);
    }
}
END_TEST

START_TEST(each_allocation_of_reading_and_writing_may_fail)
{
    size_t size;
    unsigned char *data = read_fixture(fixtures[_i], &size);
    cnn2snn_status status = CNN2SNN_E_NO_MEMORY;
    for (long n = 1; status; n++) {
        cnn2snn_akida_model *model = NULL;
        cnn2snn_buffer *buffer = NULL;
        cnn2snn_error *error = NULL;
        long live = test_heap.live;
        test_heap.allocations = 0;
        test_heap.fail_at = n;
        status = c2s_fbz_read(context, data, size, &model, &error);
        if (!status)
            status = c2s_fbz_write(model, model->version, &buffer, &error);
        ck_assert(!status || status == CNN2SNN_E_NO_MEMORY);
        ck_assert((status != 0) == (error != NULL));
        c2s_buffer_destroy(buffer);
        c2s_akida_model_release(model);
        ck_assert_int_eq(test_heap.live, live);
        ck_assert_int_lt(n, 5000);
    }
    test_heap.fail_at = 0;
    free(data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fbz");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, parameters_variables_and_inbounds_are_read);
    tcase_add_test(tests, shapes_of_column_major_variables_are_turned_round);
    tcase_add_test(tests, typed_parameters_of_old_files_get_todays_names);
    tcase_add_test(tests, what_nobody_knows_is_kept);
    tcase_add_test(tests, layers_of_old_runtimes_are_read);
    tcase_add_loop_test(tests, reading_and_writing_again_gives_the_same_bytes, 0, FIXTURE_COUNT);
    tcase_add_test(tests, a_file_is_as_long_as_the_reference_makes_it_and_zero_behind_the_block);
    tcase_add_test(tests, the_version_string_is_written_on_request_only);
    tcase_add_test(tests, an_empty_model_and_an_empty_variable_pass);
    tcase_add_test(tests, files_are_saved_and_loaded);
    tcase_add_loop_test(tests, a_file_cut_at_any_length_is_an_error, 0, FIXTURE_COUNT);
    tcase_add_loop_test(tests, a_payload_cut_at_any_length_is_no_danger, 0, FIXTURE_COUNT);
    tcase_add_loop_test(tests, any_bit_may_be_wrong, 0, FIXTURE_COUNT);
    tcase_add_loop_test(tests, any_word_may_be_hostile, 0, FIXTURE_COUNT);
    tcase_add_test(tests, memory_is_bounded_by_the_file);
    tcase_add_loop_test(tests, names_are_checked, 0, sizeof renamings / sizeof *renamings);
    tcase_add_test(tests, two_layers_of_one_name_are_refused);
    tcase_add_test(tests, an_inbound_layer_from_behind_is_refused);
    tcase_add_test(tests, limits_of_the_context_hold);
    tcase_add_test(tests, too_many_keys_are_refused);
    tcase_add_loop_test(tests, each_allocation_of_reading_and_writing_may_fail, 0, FIXTURE_COUNT);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
