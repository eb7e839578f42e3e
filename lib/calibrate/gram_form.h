/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mean squared error of a layer without its activation, over all samples of a batch at once. Its outputs are X
 * times the kernel as a matrix K; with G = X'X the error of another kernel is |X(K - K0)|^2 = trace((K - K0)' G (K -
 * K0)), and the gradient 2G(K - K0): what is gathered of the samples once serves every epoch. The two kernels of a
 * separable layer are one matrix by the chain rule.
 */
#ifndef C2S_GRAM_FORM_H
#define C2S_GRAM_FORM_H

#include "calibrate/sampler.h"

struct c2s_gram_form {
    cnn2snn_context *context;
    cnn2snn_layer *layer;
    size_t depth, filters;
    size_t batches;
    double *elements; /* of the outputs, by batch */
    float *grams;     /* G, by batch */
    float *original;  /* K0 */
    float *matrix, *product;
};

/* Elements of all batches' G at most: what bounds their memory. */
enum { C2S_GRAM_MAX_ELEMENTS = 2048 * 2048 };

/* Does the selected layer have the form, within that memory? */
bool c2s_gram_form_fits(const cnn2snn_sampler *sampler);
/* And with less work in so many epochs than going through the samples takes? */
bool c2s_gram_form_serves(const cnn2snn_sampler *sampler, int64_t epochs);

/* For the selected layer; its weights now are those that errors are taken from. Freed by _free, also on failure. */
cnn2snn_status c2s_gram_form_init(struct c2s_gram_form *form, cnn2snn_sampler *sampler, cnn2snn_error **error);
void c2s_gram_form_free(struct c2s_gram_form *form);

/* The error on a batch for these kernels (two for a separable layer), and its gradients (NULL: not wanted). */
cnn2snn_status c2s_gram_form_evaluate(struct c2s_gram_form *form, struct c2s_run *run, size_t batch,
                                      cnn2snn_tensor *const *kernels, cnn2snn_tensor *const *gradients,
                                      double *out_error, cnn2snn_error **error);

#endif
