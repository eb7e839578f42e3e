/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a call that breaks the contract of the API is told. */
#include "api/edge.h"

#include "ir/shape.h"

cnn2snn_status c2s_edge_null(cnn2snn_error **error, const char *argument)
{
    return c2s_error(NULL, error, CNN2SNN_E_INVALID_ARGUMENT, "A-null", "argument %s is NULL", argument);
}

cnn2snn_status c2s_edge_reserved(cnn2snn_context *context, int32_t value, const char *what, cnn2snn_error **error)
{
    if (!value)
        return CNN2SNN_OK;
    return c2s_error(context, error, CNN2SNN_E_UNSUPPORTED, "A-newer", "%s sets fields that library %s does not know",
                     what, CNN2SNN_VERSION);
}

cnn2snn_status c2s_edge_end(cnn2snn_context *context, cnn2snn_status status, cnn2snn_error **error)
{
    if (!error)
        return status;
    if (!status)
        c2s_error_clear(error);
    else if (status == CNN2SNN_E_NO_MEMORY)
        c2s_error_no_memory(error);
    else if (!*error)
        c2s_error(context, error, status, "A-callback", "failed without saying how");
    return status;
}

cnn2snn_status c2s_edge_shape(cnn2snn_context *context, size_t rank, const int64_t *extents, struct c2s_shape *shape,
                              cnn2snn_error **error)
{
    if (rank && !extents)
        return c2s_edge_null(error, "shape");
    if (rank > CNN2SNN_MAX_RANK)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-rank", "%zu dimensions, expected at most %d", rank,
                         CNN2SNN_MAX_RANK);
    *shape = (struct c2s_shape){.rank = rank};
    for (size_t i = 0; i < rank; i++) {
        if (extents[i] < -1)
            return c2s_error(context, error, CNN2SNN_E_VALUE, "A-shape", "extent %lld, expected 0 or more, or -1",
                             (long long)extents[i]);
        shape->extents[i] = extents[i];
    }
    return CNN2SNN_OK;
}
