/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a difference between outputs amounts to. */
#include "measure.h"

#include <math.h>

void measure_add(struct measure *measure, double reference, double other)
{
    double difference = fabs(reference - other);
    if (!(difference <= measure->largest)) /* not a number stays */
        measure->largest = difference;
    measure->signal += reference * reference;
    measure->noise += difference * difference;
    measure->count++;
}

double measure_mse(const struct measure *measure)
{
    return measure->count ? measure->noise / (double)measure->count : 0;
}

double measure_sqnr(const struct measure *measure)
{
    if (measure->noise == 0)
        return INFINITY;
    return 10 * log10(measure->signal / measure->noise);
}

double measure_worst_sqnr(const struct measure *measures, uint64_t channels, uint64_t *out_channel)
{
    double average = 0, worst = INFINITY;
    *out_channel = 0;
    for (uint64_t c = 0; c < channels; c++)
        average += measures[c].signal / (double)channels;
    for (uint64_t c = 0; c < channels; c++) {
        double ratio = INFINITY;
        if (measures[c].noise != 0)
            ratio = 10 * log10(fmax(measures[c].signal, average / 100) / measures[c].noise);
        if (!(ratio >= worst)) {
            worst = ratio;
            *out_channel = c;
        }
    }
    return worst;
}

static double near_power_of_two(double scale)
{
    if (!(scale > 0) || !isfinite(scale))
        return scale;
    double power = exp2(round(log2(scale)));
    return fabs(scale / power - 1) < 0.001 ? power : scale;
}

static double fit(const double *reference, const double *integers, uint64_t count, uint64_t first, uint64_t step)
{
    double products = 0, squares = 0;
    for (uint64_t i = first; i < count; i += step) {
        products += reference[i] * integers[i];
        squares += integers[i] * integers[i];
    }
    return squares > 0 ? products / squares : 0;
}

void fit_scales(const double *reference, const double *integers, uint64_t count, uint64_t channels, double *scales)
{
    double all = fit(reference, integers, count, 0, 1);
    for (uint64_t c = 0; c < channels; c++) {
        scales[c] = near_power_of_two(fit(reference, integers, count, c, channels));
        if (!(scales[c] > 0)) /* zeros, or the opposite of what it should be */
            scales[c] = all;
    }
}
