/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of an error, for error.c and the public getters. */
#ifndef C2S_ERROR_OBJECT_H
#define C2S_ERROR_OBJECT_H

#include "cnn2snn/base.h"

struct cnn2snn_error {
    cnn2snn_context *context;
    cnn2snn_status code;
    int64_t offset;   /* -1: unknown */
    const char *rule; /* a literal */
    char *message;
    char *layer; /* NULL: unknown */
    char *file;  /* NULL: unknown */
    char *text;  /* everything in one line; NULL when there was no memory for it */
    cnn2snn_report *report;
};

void c2s_error_destroy(cnn2snn_error *error);

#endif
