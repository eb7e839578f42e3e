/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge of the API: arguments are checked, outputs and errors are in the state that base.h promises, whatever the
 * rooms inside leave behind. A public function reads:
 *
 *     C2S_OUT(error, out_tensor);            // *error and *out_tensor are NULL from here on
 *     C2S_NEED(error, context);
 *     C2S_RETURN(context, c2s_tensor_create(..., out_tensor, error), out_tensor, error);
 */
#ifndef C2S_EDGE_H
#define C2S_EDGE_H

#include "base/context.h"
#include "base/error.h"

/* Starts a call: no error yet. */
static inline void c2s_edge_start(cnn2snn_error **error)
{
    if (error)
        *error = NULL;
}

/* CNN2SNN_E_INVALID_ARGUMENT naming the argument that is NULL. */
cnn2snn_status c2s_edge_null(cnn2snn_error **error, const char *argument);

/* CNN2SNN_E_UNSUPPORTED for a reserved field that is not 0. */
cnn2snn_status c2s_edge_reserved(cnn2snn_context *context, int32_t value, const char *what, cnn2snn_error **error);

/* Ends a call: an error object goes with a failure, and only with a failure. Gives `status`. */
cnn2snn_status c2s_edge_end(cnn2snn_context *context, cnn2snn_status status, cnn2snn_error **error);

/* A shape given by a caller: CNN2SNN_E_VALUE for more than CNN2SNN_MAX_RANK extents. */
struct c2s_shape;
cnn2snn_status c2s_edge_shape(cnn2snn_context *context, size_t rank, const int64_t *extents, struct c2s_shape *shape,
                              cnn2snn_error **error);

#define C2S_NEED(error, argument)                                                                                    \
    do {                                                                                                             \
        if (!(argument))                                                                                             \
            return c2s_edge_null(error, #argument);                                                                  \
    } while (0)

#define C2S_OUT(error, out)                                                                                          \
    do {                                                                                                             \
        c2s_edge_start(error);                                                                                       \
        C2S_NEED(error, out);                                                                                        \
        *(out) = NULL;                                                                                               \
    } while (0)

#define C2S_RETURN(context, call, out, error)                                                                        \
    do {                                                                                                             \
        cnn2snn_status c2s_return_status = (call);                                                                   \
        if (c2s_return_status)                                                                                       \
            *(out) = NULL;                                                                                           \
        return c2s_edge_end(context, c2s_return_status, error);                                                      \
    } while (0)

#endif
