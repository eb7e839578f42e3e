/* SPDX-License-Identifier: Apache-2.0 */
/* What every command does the same way: a context, messages, errors, models in and out. */
#ifndef SESSION_H
#define SESSION_H

#include <cnn2snn/cnn2snn.h>

#include "arguments.h"
#include "progress.h"

enum { STATUS_DONE = 0, STATUS_CANNOT = 1, STATUS_USAGE = 2 };

struct session {
    cnn2snn_context *context;
    struct arguments arguments;
    struct progress progress;
};

/* Gives STATUS_DONE, or STATUS_CANNOT with the reason printed. */
int session_open(struct session *session);
void session_close(struct session *session);

/*
 * Prints why the command can't: every fault with layer, rule and remedy on stderr, with --json on stdout as well.
 * Destroys the error. Gives STATUS_CANNOT.
 */
int session_fail(struct session *session, cnn2snn_error *error);
/* The same for what the command itself finds. */
int session_fail_text(struct session *session, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One line for the user, unless -q or --json. */
void session_say(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads the model of -m. NULL: the reason is printed. */
cnn2snn_model *session_load_model(struct session *session, int allow_unknown_layers);
/* Writes a Keras model, says so ("Quantized model saved in FILE"), and destroys it. */
int session_save_model(struct session *session, cnn2snn_model *model, const char *path, const char *what);
/* {"output": ..., "warnings": [...]}; report may be NULL. */
void session_print_done(struct session *session, const char *path, const cnn2snn_report *report);

/* True for files that are Akida models: by their name, or because they aren't HDF5. */
int is_akida_file(const char *path);

#endif
