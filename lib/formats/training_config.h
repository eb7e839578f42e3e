/* SPDX-License-Identifier: Apache-2.0 */
/* Keras's training_config: what compile() was told, in the forms that Keras 2.0 to 3 have given it. */
#ifndef C2S_TRAINING_CONFIG_H
#define C2S_TRAINING_CONFIG_H

#include <jansson.h>
#include <stdbool.h>

#include "cnn2snn/base.h"

/* An output of the model, as losses and metrics are looked up for it. */
struct c2s_training_output {
    const char *name; /* of its layer */
    size_t index;
    bool metrics_by_output[2]; /* of metrics and weighted metrics: c2s_training_has_metrics_by_output() */
};

/* CNN2SNN_E_MALFORMED for members that can't be what they are named. The other functions take what has passed. */
cnn2snn_status c2s_training_config_check(cnn2snn_context *context, const json_t *config, cnn2snn_error **error);

/* Borrowed: a name or an object {"class_name", "config"}; NULL: the output has no loss. */
const json_t *c2s_training_loss(const json_t *config, const struct c2s_training_output *output);
double c2s_training_loss_weight(const json_t *config, const struct c2s_training_output *output);
/* Has a list of metrics one entry for each output, or all of them for each? In Keras 3 a flat one has the former. To
 * be asked once: it looks at the whole list. */
bool c2s_training_has_metrics_by_output(const json_t *config, bool weighted, size_t output_count, bool of_keras3);
size_t c2s_training_metric_count(const json_t *config, bool weighted, const struct c2s_training_output *output);
const json_t *c2s_training_metric(const json_t *config, bool weighted, const struct c2s_training_output *output,
                                  size_t index);

/* What a loss or a metric is called: by its own name where it has one and `own_name`, else by class or function. */
const char *c2s_training_object_name(const json_t *object, bool own_name);
/* Class without the "Custom>" that Keras 2 writes before its own; NULL without optimizer. */
const char *c2s_training_optimizer_name(const json_t *config);
/* The optimizer's arguments, or NULL. */
const json_t *c2s_training_optimizer_config(const json_t *config);

#endif
