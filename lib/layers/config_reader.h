/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads typed values from a layer's config. The first fault is kept in `status` and `error`; afterwards every call
 * gives its default, so that a parser reads one key a line and looks at the status once.
 *
 * null means absent. Tuples and 0-d arrays in Keras's object form are taken as lists and numbers.
 */
#ifndef C2S_CONFIG_READER_H
#define C2S_CONFIG_READER_H

#include "layers/attributes.h"
#include "layers/layer_kind.h"

struct c2s_config {
    const cnn2snn_layer *layer;
    const json_t *object;
    bool constructed; /* faults are those of a constructor's arguments, otherwise those of a file */
    cnn2snn_error **error;
    cnn2snn_status status;
};

/* For c2s_config_int: there is no default. */
#define C2S_REQUIRED INT64_MIN

struct c2s_config c2s_config_open(const cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                  cnn2snn_error **error);

/* The value, or NULL when it is absent or null. */
const json_t *c2s_config_value(const struct c2s_config *config, const char *key);
/* Without the wrapping of tuples and 0-d arrays. */
const json_t *c2s_config_unwrap(const json_t *value);

/* Each records a fault: key is missing; its value is of the wrong type; its value is out of range. */
void c2s_config_missing(struct c2s_config *config, const char *key);
void c2s_config_wrong_type(struct c2s_config *config, const char *key, const json_t *value, const char *expected);
void c2s_config_wrong_value(struct c2s_config *config, const char *key, const json_t *value, const char *expected);
/* A key whose non-null, non-false value means something that the library doesn't do. */
void c2s_config_refuse(struct c2s_config *config, const char *key);

/* Whole numbers from `least` to 2^31 - 1, also when written as floats. */
int64_t c2s_config_int(struct c2s_config *config, const char *key, int64_t otherwise, int64_t least);
/* The same of a value found elsewhere, such as in a list. */
int64_t c2s_config_int_of(struct c2s_config *config, const char *key, const json_t *value, int64_t least);
/* One number for both, or a list of two. otherwise C2S_REQUIRED: no default. */
void c2s_config_pair(struct c2s_config *config, const char *key, int64_t otherwise, int64_t least, int64_t pair[2]);
bool c2s_config_bool(struct c2s_config *config, const char *key, bool otherwise);
/* Finite numbers in the range of float32. */
double c2s_config_number(struct c2s_config *config, const char *key, double otherwise);
double c2s_config_number_of(struct c2s_config *config, const char *key, const json_t *value);
/* NULL when it is absent. */
const char *c2s_config_string(struct c2s_config *config, const char *key);
/* One axis or a list of 1 to CNN2SNN_MAX_RANK different ones, as written, from -CNN2SNN_MAX_RANK to CNN2SNN_MAX_RANK.
 */
void c2s_config_axes(struct c2s_config *config, const char *key, int64_t otherwise, int64_t axes[CNN2SNN_MAX_RANK],
                     size_t *count);
enum c2s_padding c2s_config_padding(struct c2s_config *config);
bool c2s_config_channels_first(struct c2s_config *config);

#endif
