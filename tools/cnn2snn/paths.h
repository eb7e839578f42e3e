/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the files that commands write, beside their inputs. All results are malloc's. */
#ifndef PATHS_H
#define PATHS_H

/* printf into memory; ends the program with a message when there is none. */
char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* True if the file's name ends so. */
int has_suffix(const char *path, const char *suffix);

/* The path without the last extension of its file's name. */
char *path_base(const char *path);

/* The same for a model that gets a new quantization suffix: an old "_iqN_wqN_aqN" goes, with what follows it. */
char *path_unquantized_base(const char *path);

#endif
