/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: finds the command. Exit status 0 done, 1 the model can't, 2 wrong usage. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "output_file.h"
#include "session.h"

static const struct command *const commands[] = {
    &quantize_command,  &convert_command, &reshape_command, &transform_command,
    &calibrate_command, &inspect_command, &check_command,   &run_command,
    &evaluate_command,  &diff_command,    &verify_command,  &supported_ops_command,
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_usage(FILE *file)
{
    fprintf(file, "usage: cnn2snn COMMAND [options]\n       cnn2snn COMMAND --help\n       cnn2snn --version\n\n"
                  "Quantizes Keras models and converts them for Akida processors.\n\ncommands:\n");
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "  %-15s%s\n", commands[i]->name, commands[i]->summary);
}

static int usage_error(const char *message, const char *what)
{
    fprintf(stderr, "cnn2snn: error: %s%s%s\n", message, what ? " " : "", what ? what : "");
    print_usage(stderr);
    return STATUS_USAGE;
}

static int run_command_line(const struct command *command, int argc, char **argv)
{
    struct session session = {0};
    int parsed = parse_arguments(command, argc, argv, &session.arguments);
    int result = parsed == ARGUMENTS_WRONG ? STATUS_USAGE : STATUS_DONE;
    if (parsed == ARGUMENTS_READY) {
        result = check_outputs(&session, command);
        if (!result)
            result = session_open(&session);
        if (!result)
            result = command->run(&session);
    }
    session_close(&session);
    return result;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2)
        return usage_error("no command given", NULL);
    if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
        print_usage(stdout);
        return STATUS_DONE;
    }
    if (!strcmp(argv[1], "--version")) {
        printf("cnn2snn %s\n", cnn2snn_version_string());
        return STATUS_DONE;
    }
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp(argv[1], commands[i]->name))
            return run_command_line(commands[i], argc - 2, argv + 2);
    return usage_error("unknown command", argv[1]);
}

int main(int argc, char **argv)
{
#ifdef SIGXFSZ
    signal(SIGXFSZ, SIG_IGN); /* a file that gets too large is an error of its writer */
#endif
    int result = dispatch(argc, argv);
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "cnn2snn: error: standard output can't be written\n");
        return STATUS_CANNOT;
    }
    return result;
}
