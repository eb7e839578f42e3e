/* SPDX-License-Identifier: Apache-2.0 */
/* The last part of making a plan: where its values lie. */
#ifndef C2S_PLAN_MEMORY_H
#define C2S_PLAN_MEMORY_H

#include "evaluate/execution_plan.h"

/* Fills in the slots of a plan whose steps are complete. */
cnn2snn_status c2s_plan_assign_memory(struct c2s_execution_plan *plan, cnn2snn_error **error);

#endif
