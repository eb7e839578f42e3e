/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs an Akida model on images, with memory from an allocator of the host's own, and counts what it was asked for.
 *     run_akida MODEL.fbz IMAGES.npy
 */
#include <stdio.h>
#include <stdlib.h>

#include <cnn2snn/cnn2snn.h>

struct pool {
    size_t now, most;
};

static void *take(void *user_data, size_t size, size_t alignment)
{
    struct pool *pool = user_data;
    pool->now += size;
    if (pool->now > pool->most)
        pool->most = pool->now;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void give(void *user_data, void *pointer, size_t size, size_t alignment)
{
    (void)alignment;
    ((struct pool *)user_data)->now -= size;
    free(pointer);
}

/* The largest output of each image; outputs are (N, X, Y, C), here with one place. */
static void print_classes(const cnn2snn_tensor *outputs)
{
    const int64_t *shape = cnn2snn_tensor_get_shape(outputs);
    const float *values = cnn2snn_tensor_get_data(outputs);
    int64_t classes = shape[1] * shape[2] * shape[3];
    for (int64_t i = 0; i < shape[0] && i < 10; i++) {
        int64_t best = 0;
        for (int64_t c = 1; c < classes; c++)
            if (values[i * classes + c] > values[i * classes + best])
                best = c;
        printf("image %d: class %d\n", (int)i, (int)best);
    }
}

int main(int argc, char **argv)
{
    struct pool pool = {0, 0};
    cnn2snn_allocator allocator = {sizeof allocator, &pool, take, give};
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    cnn2snn_context *context = NULL;
    cnn2snn_akida_model *model = NULL;
    cnn2snn_simulator *simulator = NULL;
    cnn2snn_tensor *images = NULL, *outputs = NULL;
    cnn2snn_error *error = NULL;
    options.allocator = &allocator;
    if (argc != 3) {
        fprintf(stderr, "usage: run_akida MODEL.fbz IMAGES.npy\n");
        return 2;
    }
    cnn2snn_status status = cnn2snn_context_create(CNN2SNN_ABI_VERSION, &options, &context, &error);
    if (!status)
        status = cnn2snn_akida_model_load(context, argv[1], &model, &error);
    if (!status)
        status = cnn2snn_simulator_create(model, NULL, &simulator, &error);
    if (!status)
        status = cnn2snn_tensor_load(context, argv[2], &images, &error);
    if (!status)
        status = cnn2snn_simulator_predict(simulator, images, &outputs, &error);
    if (status)
        fprintf(stderr, "%s\n", cnn2snn_error_get_text(error));
    else
        print_classes(outputs);
    cnn2snn_error_destroy(error);
    cnn2snn_tensor_destroy(outputs);
    cnn2snn_tensor_destroy(images);
    cnn2snn_simulator_destroy(simulator);
    cnn2snn_akida_model_destroy(model);
    cnn2snn_context_destroy(context);
    printf("%zu bytes at the most, %zu left\n", pool.most, pool.now);
    return status || pool.now ? 1 : 0;
}
