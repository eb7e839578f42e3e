/* SPDX-License-Identifier: Apache-2.0 */
/* The commands, one file each. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "arguments.h"

extern const struct command quantize_command, convert_command, reshape_command, transform_command, inspect_command,
    check_command, run_command, evaluate_command, diff_command, verify_command, calibrate_command,
    supported_ops_command;

#endif
