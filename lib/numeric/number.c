/* SPDX-License-Identifier: Apache-2.0 */
/* What integers stand for. */
#include "numeric/number.h"

#include "base/error.h"

void c2s_number_free(struct c2s_number *number)
{
    c2s_tensor_release(number->frac_bits);
    c2s_tensor_release(number->scales);
    *number = c2s_number_none();
}

struct c2s_number c2s_number_retain(const struct c2s_number *number)
{
    struct c2s_number copy = *number;
    if (copy.frac_bits)
        c2s_tensor_retain(copy.frac_bits);
    if (copy.scales)
        c2s_tensor_retain(copy.scales);
    return copy;
}

bool c2s_number_is_per_tensor(const struct c2s_number *number)
{
    return number->frac_bits->count == 1 && (!number->scales || number->scales->count == 1);
}

cnn2snn_status c2s_scalar_create(cnn2snn_context *context, float value, cnn2snn_tensor **out, cnn2snn_error **error)
{
    C2S_TRY(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 0, NULL, out, error));
    *c2s_f32_writable(*out) = value;
    return CNN2SNN_OK;
}
