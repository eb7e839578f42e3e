/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line can say: each command lists its options in a table, one parser reads them all. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

struct integer_argument {
    int given;
    int32_t value;
};

struct real_argument {
    int given;
    double value;
};

struct pair_argument { /* "A,B" */
    int given;
    double values[2];
};

struct list_argument { /* an option that may be given several times */
    const char **items;
    size_t count;
};

/* The options of all commands. Texts point into argv. */
struct arguments {
    const char *positional, *second_positional;
    const char *model, *output;
    int json, quiet;
    struct integer_argument weight_bits, activation_bits, input_bits, bitwidth; /* quantize */
    int no_fold_batchnorm;
    const char *quantizer, *layer;
    struct integer_argument scale, shift; /* convert */
    struct pair_argument input_scaling;
    int image_input, no_image_input;
    const char *target, *akida_release; /* supported-ops: target */
    const char *input_dtype;            /* check */
    int flatten_shifts;
    int exact_scales;
    int legacy;                            /* check */
    struct integer_argument rows, columns; /* reshape */
    struct pair_argument input_size;       /* transform */
    const char *samples;
    struct integer_argument batch_size;
    struct integer_argument epochs; /* calibrate */
    struct real_argument learning_rate;
    int include_activation, no_prepare;
    const char *optimizer;
    struct list_argument inputs; /* run, evaluate */
    const char *layers, *labels;
    int predict, resize, confusion;
    const char *float_model; /* verify */
    const char *fix;         /* check */
    struct integer_argument min_sqnr;
    struct integer_argument threads; /* commands that compute */
};

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_INTEGER, OPTION_REAL, OPTION_PAIR, OPTION_LIST };

struct option {
    const char *short_form; /* "-m", or NULL */
    const char *long_form;  /* "--model", or NULL */
    enum option_type type;
    int required;
    size_t offset;     /* in struct arguments */
    const char *value; /* what the help calls the value; NULL for flags */
    const char *help;
};

#define OPTION(short_form, long_form, type, required, member, value, help)                                           \
    {                                                                                                                \
        short_form, long_form, type, required, offsetof(struct arguments, member), value, help                       \
    }

/* Of the commands that compute. */
#define THREADS_OPTION                                                                                               \
    OPTION(NULL, "--threads", OPTION_INTEGER, 0, threads, "N",                                                       \
           "threads that compute (default: as many as the process may use); not seen in the results")

struct session;

struct command {
    const char *name;
    const char *positional, *second_positional; /* what the help calls them; NULL: none */
    const char *summary;
    const char *details; /* more lines for --help, or NULL */
    const struct option *options;
    size_t option_count;
    int completes_output; /* -o may be a folder, or in one that isn't there yet */
    int leaves_model;     /* -o may name the model itself (a Keras model rewritten), or run() looks at that */
    const char *(*check)(const struct arguments *arguments); /* what is wrong with the whole, or NULL */
    int (*run)(struct session *session);
};

enum { ARGUMENTS_READY, ARGUMENTS_HELP, ARGUMENTS_WRONG };

/* Reads argv[0..argc-1], which stand behind the command's name. ARGUMENTS_HELP: the help is printed. ARGUMENTS_WRONG:
 * the message and the usage are printed on stderr. */
int parse_arguments(const struct command *command, int argc, char **argv, struct arguments *out);
void free_arguments(struct arguments *arguments);

#endif
