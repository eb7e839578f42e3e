/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions and matrix products on packed weights. */
#ifndef C2S_CONVOLUTION_H
#define C2S_CONVOLUTION_H

#include "base/worker_pool.h"
#include "kernels/kernels.h"
#include "kernels/window.h"

/* A matrix in the order in which the product reads it. */
struct c2s_packed_matrix {
    size_t depth, columns;
    size_t panel_stride; /* floats from one panel of 16 columns to the next */
    float *data;
};

/* Packs rows of `columns` floats, `stride` apart. Freed with c2s_free(context, data). */
cnn2snn_status c2s_packed_matrix_create(cnn2snn_context *context, const float *matrix, size_t depth, size_t columns,
                                        size_t stride, struct c2s_packed_matrix *out_packed, cnn2snn_error **error);

struct c2s_convolution {
    struct c2s_window window;
    size_t channels; /* of the input, all groups */
    size_t groups;   /* filters are in `groups` equal parts */
    const struct c2s_packed_matrix
        *weights;      /* one for each group: [kernel rows * columns * channels / groups][filters] */
    const float *bias; /* all filters, or NULL */
    struct c2s_epilogue epilogue;
};

/* Bytes of working memory. */
size_t c2s_convolution_scratch(size_t threads);

/* y[samples][out rows][out columns][filters] of x[samples][in rows][in columns][channels]. */
void c2s_convolve(const struct c2s_convolution *convolution, const struct c2s_kernels *kernels,
                  struct c2s_worker_pool *pool, void *scratch, size_t samples, const float *x, float *y);

/*
 * The inputs under the windows of outputs [first, first + rows) as rows of a matrix, C2S_GATHER_STRIDE apart; of each
 * row the part [begin, end), in the order of the kernel's rows, columns and channels of the group. `rows` is at most
 * C2S_GATHER_ROWS, the part C2S_GATHER_DEPTH. Outputs count through samples, rows and columns.
 */
enum { C2S_GATHER_ROWS = 120, C2S_GATHER_DEPTH = 256, C2S_GATHER_STRIDE = C2S_GATHER_DEPTH + 16 };
void c2s_convolution_gather(const struct c2s_convolution *convolution, const struct c2s_kernels *kernels,
                            const float *x, size_t first, size_t rows, size_t group, size_t begin, size_t end,
                            float *to);

/* Depthwise: weights [kernel rows][kernel columns][channels][multiplier]; filter = channel * multiplier + i. */
struct c2s_depthwise {
    struct c2s_window window;
    size_t channels, multiplier;
    const float *weights;
    const float *bias; /* or NULL */
    struct c2s_epilogue epilogue;
};

size_t c2s_depthwise_scratch(const struct c2s_depthwise *depthwise, size_t threads);
void c2s_convolve_depthwise(const struct c2s_depthwise *depthwise, const struct c2s_kernels *kernels,
                            struct c2s_worker_pool *pool, void *scratch, size_t samples, const float *x, float *y);
/* The same for some outputs, counted through samples, rows and columns: y[count][channels][multiplier]; without the
 * epilogue. */
void c2s_convolve_depthwise_outputs(const struct c2s_depthwise *depthwise, const struct c2s_kernels *kernels,
                                    struct c2s_worker_pool *pool, void *scratch, size_t count, const size_t *outputs,
                                    const float *x, float *y);

#endif
