/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/tensor.h about samples. */
#include "tensor/samples.h"

#include "api/edge.h"

cnn2snn_status cnn2snn_samples_create(const cnn2snn_tensor *tensor, cnn2snn_samples **out_samples,
                                      cnn2snn_error **error)
{
    C2S_OUT(error, out_samples);
    C2S_NEED(error, tensor);
    C2S_RETURN(tensor->context, c2s_samples_create(tensor, out_samples, error), out_samples, error);
}

cnn2snn_status cnn2snn_samples_open(cnn2snn_context *context, const char *path, cnn2snn_samples **out_samples,
                                    cnn2snn_error **error)
{
    C2S_OUT(error, out_samples);
    C2S_NEED(error, context);
    C2S_NEED(error, path);
    C2S_RETURN(context, c2s_samples_open(context, path, out_samples, error), out_samples, error);
}

int64_t cnn2snn_samples_get_count(const cnn2snn_samples *samples)
{
    return samples ? c2s_samples_count(samples) : 0;
}

size_t cnn2snn_samples_get_rank(const cnn2snn_samples *samples)
{
    return samples ? c2s_samples_rank(samples) : 0;
}

const int64_t *cnn2snn_samples_get_shape(const cnn2snn_samples *samples)
{
    return samples ? c2s_samples_shape(samples) : NULL;
}

cnn2snn_status cnn2snn_samples_read(cnn2snn_samples *samples, int64_t first, int64_t count,
                                    cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    C2S_OUT(error, out_tensor);
    C2S_NEED(error, samples);
    C2S_RETURN(c2s_samples_context(samples), c2s_samples_read(samples, first, count, out_tensor, error), out_tensor,
               error);
}

void cnn2snn_samples_destroy(cnn2snn_samples *samples)
{
    c2s_samples_release(samples);
}
