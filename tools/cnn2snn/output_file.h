/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a command may write: none of those that it reads. */
#ifndef OUTPUT_FILE_H
#define OUTPUT_FILE_H

#include "session.h"

/*
 * Looks at the files that -o, --layers and --fix name, before anything is read: whether they can be written at all,
 * and are none of the inputs. Gives a STATUS_, with the reason printed.
 */
int check_outputs(struct session *session, const struct command *command);
/* Looks whether the file that the command itself has named or completed is one of the inputs. */
int check_output_path(struct session *session, const char *path);

/* True for devices and pipes, which are written as they are named. */
int is_special_file(const char *path);

#endif
