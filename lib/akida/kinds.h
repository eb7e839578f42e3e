/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of Akida layers: one row each. */
#ifndef C2S_KINDS_H
#define C2S_KINDS_H

#include <stdbool.h>

#include "akida/akida_model.h"

struct c2s_akida_kind_row {
    int32_t kind;
    int32_t version;  /* 1, 2 or 12 */
    int32_t inbounds; /* -1: a first layer; InputConvolutional and InputConv2D may follow a Quantizer */
    bool current;     /* today's runtime has it */
    const char *name;
    const char *keys; /* parameters of today's form in byte order, each with a space behind it */
};

/* NULL for unknown codes. */
const struct c2s_akida_kind_row *c2s_akida_kind_find(int32_t kind);
/* True if `name` is one of the words in `words`, each of which has a space behind it. */
bool c2s_akida_words_have(const char *words, const char *name);

#endif
