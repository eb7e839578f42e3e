/* SPDX-License-Identifier: Apache-2.0 */
/* What a model's summary says of its training. */
#ifndef C2S_TRAINING_SUMMARY_H
#define C2S_TRAINING_SUMMARY_H

#include "base/text.h"
#include "cnn2snn/model.h"

/* One line, nothing for a model that isn't compiled. A configuration that can't be read is said so and no error. */
cnn2snn_status c2s_training_add_text(struct c2s_text *text, const cnn2snn_model *model, cnn2snn_error **error);
/* The member "training" with a comma behind, null for a model that isn't compiled or whose configuration can't be
 * read. */
cnn2snn_status c2s_training_add_json(struct c2s_text *text, const cnn2snn_model *model, cnn2snn_error **error);

#endif
