/* SPDX-License-Identifier: Apache-2.0 */
/* Decides with what inputs models are compared. */
#include "same_outputs.h"

#include <math.h>

enum { SAMPLES = 8, OPEN_EXTENT = 32 };

/* Pixels, or with a scale of 1/255 what a model that scales them itself would see. */
static cnn2snn_status random_input(struct session *session, const cnn2snn_model *model, float scale,
                                   cnn2snn_tensor **out, cnn2snn_error **error)
{
    int64_t shape[CNN2SNN_MAX_RANK + 1] = {SAMPLES};
    size_t rank = 0;
    uint32_t state = 12345;
    cnn2snn_status status = cnn2snn_model_get_input_shape(model, 0, CNN2SNN_MAX_RANK, shape + 1, &rank, error);
    for (size_t i = 1; i <= rank; i++)
        if (shape[i] < 0)
            shape[i] = OPEN_EXTENT;
    if (!status)
        status = cnn2snn_tensor_create(session->context, CNN2SNN_DTYPE_FLOAT32, rank + 1, shape, out, error);
    if (status)
        return status;
    float *values = cnn2snn_tensor_get_writable_data(*out);
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(*out); i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 24) * scale;
    }
    return CNN2SNN_OK;
}

static cnn2snn_status predict(const cnn2snn_model *model, const cnn2snn_tensor *input, cnn2snn_tensor **out,
                              cnn2snn_error **error)
{
    return cnn2snn_model_predict(model, 1, &input, NULL, 1, out, error);
}

static double difference_of(const cnn2snn_tensor *first, const cnn2snn_tensor *second)
{
    const float *a = cnn2snn_tensor_get_data(first), *b = cnn2snn_tensor_get_data(second);
    double largest = 0, difference = 0;
    if (cnn2snn_tensor_get_count(first) != cnn2snn_tensor_get_count(second))
        return INFINITY;
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(first); i++) {
        double apart = fabs((double)a[i] - b[i]);
        if (!isnan(difference) && !(apart <= difference))
            difference = apart; /* not a number stays */
        largest = fmax(largest, fabs(a[i]));
    }
    return difference == 0 ? 0 : difference / largest;
}

static int difference_at(struct session *session, const cnn2snn_model *first, const cnn2snn_model *second,
                         float scale, double *out_difference)
{
    cnn2snn_tensor *input = NULL, *outputs[2] = {NULL, NULL};
    cnn2snn_error *error = NULL;
    int failed = random_input(session, first, scale, &input, &error) || predict(first, input, &outputs[0], &error) ||
                 predict(second, input, &outputs[1], &error);
    if (!failed)
        *out_difference = difference_of(outputs[0], outputs[1]);
    cnn2snn_tensor_destroy(input);
    cnn2snn_tensor_destroy(outputs[0]);
    cnn2snn_tensor_destroy(outputs[1]);
    return failed ? session_fail(session, error) : STATUS_DONE;
}

/* In two ranges: large inputs take a final softmax to 0 and 1, where little shows. */
int find_difference(struct session *session, const cnn2snn_model *first, const cnn2snn_model *second,
                    double *out_difference)
{
    double large = 0, small = 0;
    int result = difference_at(session, first, second, 1, &large);
    if (!result)
        result = difference_at(session, first, second, 1.0F / 255, &small);
    *out_difference = isnan(large) || large > small ? large : small;
    return result;
}
