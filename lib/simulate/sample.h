/* SPDX-License-Identifier: Apache-2.0 */
/* Samples on their way into the first stage and out of the last: types, shapes, quantizing of real inputs. */
#ifndef C2S_SAMPLE_H
#define C2S_SAMPLE_H

#include "simulate/stage.h"

/* Type of the first stage's input; a Quantizer takes float32 as well. */
cnn2snn_dtype c2s_sample_dtype(const struct c2s_stage *first);
/* CNN2SNN_E_VALUE where the first stage can't take such a tensor. */
cnn2snn_status c2s_sample_check(const struct c2s_stage *first, const cnn2snn_tensor *input, cnn2snn_error **error);
/* Puts a sample in place; real numbers are quantized. */
void c2s_sample_load(const struct c2s_stage *first, const cnn2snn_tensor *input, size_t sample, int32_t *out);

/* The same for a stage that keeps its output as bytes. */
void c2s_sample_load_bytes(const struct c2s_stage *first, const cnn2snn_tensor *input, size_t sample, uint8_t *out);
/* Where a sample of bytes lies. */
const uint8_t *c2s_sample_bytes(const struct c2s_stage *first, const cnn2snn_tensor *input, size_t sample);

/* Puts a stage's output into the tensor, in its type. */
void c2s_sample_store(const struct c2s_stage *stage, const int32_t *values, cnn2snn_tensor *output, size_t sample);

/* CNN2SNN_E_INCOMPATIBLE where the last layer gives no potentials. */
cnn2snn_status c2s_sample_check_predict(const cnn2snn_akida_model *model, const struct c2s_stage *last,
                                        cnn2snn_error **error);
/* Potentials as floats. */
void c2s_sample_predict(const struct c2s_stage *last, const int32_t *values, cnn2snn_tensor *output, size_t sample);

#endif
