/* SPDX-License-Identifier: Apache-2.0 */
/* Who calls whom in a functional graph, layer by layer, as far as the outputs need it. */
#ifndef C2S_CALLS_H
#define C2S_CALLS_H

#include "ir/graph.h"

struct c2s_calls {
    size_t *count;      /* calls of each layer */
    size_t *node;       /* a call of each layer, where there is one */
    size_t *first_user; /* users[first_user[i] .. first_user[i + 1] - 1] take the output of layer i */
    size_t *users;      /* in the order of the layers; a layer that takes it twice stands there twice */
};

cnn2snn_status c2s_calls_find(const struct c2s_graph *graph, struct c2s_calls *calls, cnn2snn_error **error);
void c2s_calls_free(cnn2snn_context *context, struct c2s_calls *calls);

static inline size_t c2s_calls_user_count(const struct c2s_calls *calls, size_t layer)
{
    return calls->first_user[layer + 1] - calls->first_user[layer];
}

#endif
