/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions of old releases, which gave other numbers than today's. */
#ifndef OLD_RELEASE_H
#define OLD_RELEASE_H

#include <cnn2snn/cnn2snn.h>

/*
 * What sets the conversion apart that the release did which wrote the file, where that explains all differences from
 * today's conversion of the same Keras model; NULL where it doesn't.
 */
const char *old_release_explains(const cnn2snn_akida_model *file, const cnn2snn_akida_model *own);

#endif
