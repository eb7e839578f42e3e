/* SPDX-License-Identifier: Apache-2.0 */
/* A program of somebody else's, as C99 and as C++11: quantizes two weights through the installed library. */
#include <cnn2snn/cnn2snn.h>
#include <stdio.h>
#include <string.h>

static int fail(cnn2snn_error *error)
{
    fprintf(stderr, "%s\n", cnn2snn_error_get_text(error));
    cnn2snn_error_destroy(error);
    return 1;
}

int main(void)
{
    static const float data[] = {0.6f, -1.0f};
    static const int64_t shape[] = {2};
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    cnn2snn_context *context = NULL;
    cnn2snn_quantizer *quantizer = NULL;
    cnn2snn_tensor *weights = NULL, *quantized = NULL;
    cnn2snn_error *error = NULL;
    const float *result;
    if (cnn2snn_abi_version() != CNN2SNN_ABI_VERSION || strcmp(cnn2snn_version_string(), CNN2SNN_VERSION)) {
        fprintf(stderr, "header %s, library %s\n", CNN2SNN_VERSION, cnn2snn_version_string());
        return 1;
    }
    options.threads = 2;
    if (cnn2snn_context_create(CNN2SNN_ABI_VERSION, &options, &context, &error) ||
        cnn2snn_quantizer_create(context, CNN2SNN_QUANTIZER_MAX, 2, 0, &quantizer, &error) ||
        cnn2snn_tensor_wrap(context, CNN2SNN_DTYPE_FLOAT32, 1, shape, NULL, data, NULL, NULL, &weights, &error) ||
        cnn2snn_quantizer_quantize(quantizer, weights, &quantized, &error))
        return fail(error);
    result = (const float *)cnn2snn_tensor_get_data(quantized);
    printf("%g %g\n", (double)result[0], (double)result[1]);
    cnn2snn_tensor_destroy(quantized);
    cnn2snn_tensor_destroy(weights);
    cnn2snn_quantizer_destroy(quantizer);
    cnn2snn_context_destroy(context);
    return 0;
}
