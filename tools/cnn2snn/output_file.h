/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a command may write: none of those that it reads. */
#ifndef OUTPUT_FILE_H
#define OUTPUT_FILE_H

#include "session.h"

/*
 * Looks at the files that -o, --layers and --fix name, before anything is read. `leaves_model`: the model itself may
 * be written to, or is looked at later. Gives STATUS_DONE, or STATUS_USAGE with the reason printed.
 */
int check_outputs(struct session *session, int leaves_model);
/* The same for the file that the command itself has named or completed. */
int check_output_path(struct session *session, const char *path);

/* True for devices and pipes, which are written as they are named. */
int is_special_file(const char *path);

#endif
