/* SPDX-License-Identifier: Apache-2.0 */
/* .fbz files: Snappy block around a FlatBuffer (docs/formats/fbz.md). */
#ifndef C2S_FBZ_H
#define C2S_FBZ_H

#include "akida/akida_model.h"

cnn2snn_status c2s_fbz_read(cnn2snn_context *context, const void *data, size_t size, cnn2snn_akida_model **out_model,
                            cnn2snn_error **error);
cnn2snn_status c2s_fbz_load(cnn2snn_context *context, const char *path, cnn2snn_akida_model **out_model,
                            cnn2snn_error **error);
/* The FlatBuffer alone, decompressed. */
cnn2snn_status c2s_fbz_read_payload(cnn2snn_context *context, const unsigned char *data, size_t size,
                                    cnn2snn_akida_model **out_model, cnn2snn_error **error);
/* version NULL: the model's own is not written either: no version string. */
cnn2snn_status c2s_fbz_write(const cnn2snn_akida_model *model, const char *version, cnn2snn_buffer **out_buffer,
                             cnn2snn_error **error);
cnn2snn_status c2s_fbz_save(const cnn2snn_akida_model *model, const char *path, const char *version,
                            cnn2snn_error **error);

#endif
