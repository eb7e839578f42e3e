/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A weight quantizer of one's own: scale factors that are powers of two, so that a shift does for a product. The
 * rounding is inherited, since only the scale factor is given. Printed: which layer has which scale. own_quantizer
 * MODEL.h5
 */
#include <math.h>
#include <stdio.h>

#include <cnn2snn/cnn2snn.h>

static cnn2snn_status power_of_two(void *user_data, cnn2snn_context *context, const char *config, int32_t bitwidth,
                                   const cnn2snn_tensor *weights, cnn2snn_tensor **out_scale, cnn2snn_error **error)
{
    (void)user_data;
    (void)config;
    const float *w = cnn2snn_tensor_get_data(weights);
    float largest = 1e-10f;
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(weights); i++)
        largest = fmaxf(largest, fabsf(w[i]));
    cnn2snn_status status = cnn2snn_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 0, NULL, out_scale, error);
    if (!status) {
        float *scale = cnn2snn_tensor_get_writable_data(*out_scale);
        *scale = exp2f(floorf(log2f((exp2f((float)bitwidth - 1) - 1) / largest)));
    }
    return status;
}

/* Called for each layer that is quantized; for separable ones twice. */
static cnn2snn_status choose(void *user_data, const cnn2snn_layer *layer, cnn2snn_quantizer *by_default,
                             cnn2snn_quantizer **out_quantizer, cnn2snn_error **error)
{
    void *const *objects = user_data; /* context, custom objects */
    char json[128];
    (void)layer;
    snprintf(json, sizeof json, "{\"class_name\": \"PowerOfTwo\", \"config\": {\"bitwidth\": %d}}",
             (int)cnn2snn_quantizer_get_bitwidth(by_default));
    return cnn2snn_quantizer_create_from_config(objects[0], json, objects[1], out_quantizer, error);
}

static void print_scales(const cnn2snn_model *model)
{
    for (size_t i = 0; i < cnn2snn_model_get_layer_count(model); i++) {
        const cnn2snn_layer *layer = cnn2snn_model_get_layer(model, (int64_t)i);
        const cnn2snn_quantizer *quantizer = cnn2snn_layer_get_quantizer(layer);
        cnn2snn_tensor *scale = NULL;
        if (!quantizer || cnn2snn_quantizer_scale_factor(quantizer, cnn2snn_layer_get_weight(layer, 0), &scale, NULL))
            continue;
        printf("%-16s %s, %d bits, scale factor %g\n", cnn2snn_layer_get_name(layer),
               cnn2snn_quantizer_get_class_name(quantizer), (int)cnn2snn_quantizer_get_bitwidth(quantizer),
               (double)*(const float *)cnn2snn_tensor_get_data(scale));
        cnn2snn_tensor_destroy(scale);
    }
}

int main(int argc, char **argv)
{
    cnn2snn_context *context = NULL;
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_model *model = NULL, *quantized = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_quantizer_class class = CNN2SNN_QUANTIZER_CLASS_INIT;
    cnn2snn_quantize_options options = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    class.scale_factor = power_of_two;
    if (argc != 2) {
        fprintf(stderr, "usage: own_quantizer MODEL.h5\n");
        return 2;
    }
    cnn2snn_status status = cnn2snn_context_create(CNN2SNN_ABI_VERSION, NULL, &context, &error);
    if (!status)
        status = cnn2snn_custom_objects_create(context, &custom, &error);
    if (!status)
        status = cnn2snn_custom_objects_add_quantizer(custom, "PowerOfTwo", &class, &error);
    if (!status)
        status = cnn2snn_model_load(context, argv[1], NULL, &model, &error);
    void *objects[] = {context, custom};
    options.weight_quantization = options.activ_quantization = 4;
    options.quantizer_function = choose;
    options.quantizer_function_user_data = objects;
    if (!status)
        status = cnn2snn_model_quantize(model, &options, &quantized, &error);
    if (status)
        fprintf(stderr, "%s\n", cnn2snn_error_get_text(error));
    else
        print_scales(quantized);
    cnn2snn_error_destroy(error);
    cnn2snn_model_destroy(quantized);
    cnn2snn_model_destroy(model);
    cnn2snn_custom_objects_destroy(custom);
    cnn2snn_context_destroy(context);
    return status ? 1 : 0;
}
