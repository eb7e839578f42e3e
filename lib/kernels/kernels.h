/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The float inner loops, each built for several instruction sets behind one table. All variants give the same bits:
 * sums are taken in the same order and products are rounded before they are added (no fused multiply-add), so that a
 * model computes the same on every processor.
 */
#ifndef C2S_KERNELS_H
#define C2S_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Columns of a panel of a packed matrix, for all variants. */
enum { C2S_PANEL_COLUMNS = 16 };

/* Piecewise linear activation that is computed along with sums. */
struct c2s_epilogue {
    bool relu;
    float slope, threshold, limit;
};

/* NaN goes through all of them: a result that a NaN takes part in is NaN. Steps are 0 (one value for all) or 1. */
struct c2s_kernels {
    const char *name;
    /*
     * c[rows x columns] = a[rows x depth] * b, or += b's with `accumulate`; each sum in the order of depth, from what
     * c holds or 0 on. b: panels of 16 columns, `panel_stride` floats apart, each [depth][16]; columns beyond the
     * last are there but not read into c.
     */
    void (*multiply)(const float *a, size_t a_stride, size_t rows, const float *b, size_t panel_stride, size_t depth,
                     float *c, size_t c_stride, size_t columns, bool accumulate);
    /*
     * c[rows x columns] += transposed a * b, a being [depth][rows] and b [depth][columns], whose rows are a_stride
     * and b_stride floats apart; each sum in the order of depth, from what c holds on.
     */
    void (*multiply_turned)(const float *a, size_t a_stride, size_t rows, const float *b, size_t b_stride,
                            size_t depth, float *c, size_t c_stride, size_t columns);
    /* Copies rows of `count` floats. */
    void (*copy_rows)(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows, size_t count);
    /* Adds the bias (or NULL) to each row of c and applies the epilogue. */
    void (*finish)(float *c, size_t c_stride, size_t rows, size_t columns, const float *bias,
                   const struct c2s_epilogue *epilogue);
    /*
     * y[p * y_step + i] = sum over taps of x[tap][p * x_step + i] * w[tap][i], plus bias[i] unless that is NULL, for
     * p < pixels and i < count.
     */
    void (*sum_products)(const float *const *x, size_t x_step, const float *const *w, size_t taps, const float *bias,
                         float *y, size_t y_step, size_t pixels, size_t count);
    /* y[i] = sum over taps of x[tap][i]. */
    void (*sum)(const float *const *x, size_t taps, float *y, size_t count);
    /* y[i] = largest of x[tap][i]; -infinity without taps. */
    void (*largest)(const float *const *x, size_t taps, float *y, size_t count);
    void (*add)(const float *a, size_t a_step, const float *b, size_t b_step, float *y, size_t count);
    void (*subtract)(const float *a, size_t a_step, const float *b, size_t b_step, float *y, size_t count);
    void (*multiply_elements)(const float *a, size_t a_step, const float *b, size_t b_step, float *y, size_t count);
    void (*divide)(const float *a, size_t a_step, const float *b, size_t b_step, float *y, size_t count);
    void (*maximum)(const float *a, size_t a_step, const float *b, size_t b_step, float *y, size_t count);
    void (*minimum)(const float *a, size_t a_step, const float *b, size_t b_step, float *y, size_t count);
    /* y = x > 0 ? x : a * x: PReLU. */
    void (*slope)(const float *x, const float *a, size_t a_step, float *y, size_t count);
    /* y = (x - mean) * scale + shift. */
    void (*normalize)(const float *x, const float *mean, const float *scale, const float *shift, size_t step,
                      float *y, size_t count);
    /* y = limit where x >= limit, x where x > threshold, slope * (x - threshold) elsewhere (0 for slope 0). */
    void (*relu)(const float *x, float *y, size_t count, float slope, float threshold, float limit);
    /* y = step * clip(ceil((x - step / 2) / step), 0, levels), for levels up to 2^24. */
    void (*quantize)(const float *x, float *y, size_t count, float step, float levels);
};

/* The fastest variant that needs no more than these instructions (base/processor.h). */
const struct c2s_kernels *c2s_kernels_get(uint32_t instructions);

/* All variants that this processor runs, by number; NULL behind the last. The first is the plain one. */
const struct c2s_kernels *c2s_kernels_variant(size_t number);

#endif
