/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two Keras models compute the same. */
#ifndef SAME_OUTPUTS_H
#define SAME_OUTPUTS_H

#include "session.h"

/*
 * Runs both on the same random inputs, integers from 0 to 255 as Akida models get them. *out_difference: the largest
 * difference of outputs as a part of the largest output. Gives a STATUS_, with the reason printed.
 */
int find_difference(struct session *session, const cnn2snn_model *first, const cnn2snn_model *second,
                    double *out_difference);

#endif
