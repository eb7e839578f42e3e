/* SPDX-License-Identifier: Apache-2.0 */
/* How far two layers' outputs are apart. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <stdint.h>

struct measure {
    double largest, signal, noise; /* largest difference; sums of squares of the reference and of the differences */
    uint64_t count;
};

void measure_add(struct measure *measure, double reference, double other);
/*
 * The lowest ratio of any channel, in dB, and which it is; `measures` has one entry a channel. A channel counts with
 * a hundredth of the average signal at least.
 */
double measure_worst_sqnr(const struct measure *measures, uint64_t channels, uint64_t *out_channel);
double measure_mse(const struct measure *measure);
/* Signal to noise in dB; infinity for no difference, NaN for values that are no numbers. */
double measure_sqnr(const struct measure *measure);

/*
 * Scales of each channel with which integers come closest to a reference: the least squares', or the power of two
 * beside it (within 0.1 %), since most are. A channel of zeros has the scale of all.
 */
void fit_scales(const double *reference, const double *integers, uint64_t count, uint64_t channels, double *scales);

#endif
