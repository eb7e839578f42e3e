/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main job in five calls: load, quantize, convert, save, and every fault where the model can't.
 *     convert_keras MODEL.h5 OUT.fbz
 */
#include <stdio.h>

#include <cnn2snn/cnn2snn.h>

/* A failed conversion says everything that is in the way, not only the first thing. */
static void print_error(const cnn2snn_error *error)
{
    fprintf(stderr, "%s\n", cnn2snn_error_get_text(error));
    const cnn2snn_report *report = cnn2snn_error_get_report(error);
    for (size_t i = 0; report && i < cnn2snn_report_get_count(report); i++)
        fprintf(stderr, "  %s: %s (%s)\n", cnn2snn_report_get_layer(report, i), cnn2snn_report_get_message(report, i),
                cnn2snn_report_get_remedy(report, i));
}

static void print_layers(const cnn2snn_akida_model *akida)
{
    for (size_t i = 0; i < cnn2snn_akida_model_get_layer_count(akida); i++) {
        int64_t shape[3] = {0, 0, 0};
        cnn2snn_akida_model_get_output_shape(akida, i, shape, NULL);
        printf("%-24s %-24s (%d, %d, %d)\n", cnn2snn_akida_model_get_layer_name(akida, i),
               cnn2snn_akida_model_get_layer_kind(akida, i), (int)shape[0], (int)shape[1], (int)shape[2]);
    }
}

int main(int argc, char **argv)
{
    cnn2snn_context *context = NULL;
    cnn2snn_model *model = NULL, *quantized = NULL;
    cnn2snn_akida_model *akida = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_quantize_options options = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    if (argc != 3) {
        fprintf(stderr, "usage: convert_keras MODEL.h5 OUT.fbz\n");
        return 2;
    }
    options.weight_quantization = options.activ_quantization = 4;
    options.input_weight_quantization = 8;
    cnn2snn_status status = cnn2snn_context_create(CNN2SNN_ABI_VERSION, NULL, &context, &error);
    if (!status)
        status = cnn2snn_model_load(context, argv[1], NULL, &model, &error);
    if (!status)
        status = cnn2snn_model_quantize(model, &options, &quantized, &error);
    if (!status)
        status = cnn2snn_convert_to_file(quantized, NULL, argv[2], &akida, NULL, &error);
    if (status)
        print_error(error);
    else
        print_layers(akida);
    cnn2snn_error_destroy(error);
    cnn2snn_akida_model_destroy(akida);
    cnn2snn_model_destroy(quantized);
    cnn2snn_model_destroy(model);
    cnn2snn_context_destroy(context);
    return status ? 1 : 0;
}
