/* SPDX-License-Identifier: Apache-2.0 */
/* ZIP archives written in memory: stored members, no clock, the same bytes for the same members. */
#ifndef C2S_ZIP_WRITER_H
#define C2S_ZIP_WRITER_H

#include <stdint.h>

#include "base/text.h"

struct c2s_zip_written;

struct c2s_zip_writer {
    cnn2snn_context *context;
    struct c2s_text *out; /* the file so far; its failure is the writer's */
    struct c2s_zip_written *members;
    size_t count, capacity;
};

enum { C2S_ZIP_MAX_NAME = 65535 };

/* Writes to `out`, which is empty. */
void c2s_zip_writer_init(struct c2s_zip_writer *writer, struct c2s_text *out);
/* Starts a member, whose bytes the caller then adds to `out`, before the call of _end. name: UTF-8, stays. */
void c2s_zip_writer_begin(struct c2s_zip_writer *writer, const char *name);
void c2s_zip_writer_end(struct c2s_zip_writer *writer);
/* Writes the directory and frees the writer, but not `out`. */
void c2s_zip_writer_finish(struct c2s_zip_writer *writer);

#endif
