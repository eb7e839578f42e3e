/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when the settings of a conversion, or the input scaling of a model, can't be met (spec/legacy.md g.1, g.2).
 */
#include <math.h>

#include "layers/attributes.h"
#include "plan/rule.h"

bool c2s_version_is_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    c2s_found_set(found, 0, "v%d", (int)view->settings->akida_version);
    return view->settings->akida_version != CNN2SNN_AKIDA_DEFAULT &&
           view->settings->akida_version != CNN2SNN_AKIDA_V1;
}

bool c2s_rescaling_and_scaling(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    if (!view->rescaling || !view->settings->has_input_scaling)
        return false;
    found->layer = view->rescaling->name;
    c2s_found_set(found, 0, "(%g, %g)", view->settings->input_scale, view->settings->input_shift);
    return true;
}

bool c2s_rescaling_by_channel(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    if (!view->rescaling || view->settings->has_input_scaling)
        return false;
    const struct c2s_rescaling_attributes *attributes = view->rescaling->attributes;
    found->layer = view->rescaling->name;
    c2s_found_set(found, 0, "%zu", attributes->scale_count);
    c2s_found_set(found, 1, "%zu", attributes->offset_count);
    return attributes->scale_count != 1 || attributes->offset_count != 1;
}

/* The scale is used as float32: it must stay a positive finite number there. */
bool c2s_scale_is_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    if (view->rescaling)
        found->layer = view->rescaling->name;
    c2s_found_set(found, 0, "%g", view->scale);
    float scale = (float)view->scale;
    return !(scale > 0.0F) || !isfinite(scale);
}

bool c2s_shift_is_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    if (view->rescaling)
        found->layer = view->rescaling->name;
    c2s_found_set(found, 0, "%g", view->shift);
    return !isfinite(view->shift);
}

bool c2s_padding_value_is_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    if (!view->image || !isfinite(view->shift))
        return false;
    if (view->rescaling)
        found->layer = view->rescaling->name;
    double value = trunc(view->shift);
    c2s_found_set(found, 0, "%.0f", value);
    return value < 0.0 || value > 255.0;
}

bool c2s_shift_is_fractional(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    if (!view->image || !isfinite(view->shift))
        return false;
    c2s_found_set(found, 0, "%g", view->shift);
    c2s_found_set(found, 1, "%.0f", trunc(view->shift));
    return trunc(view->shift) != view->shift;
}

bool c2s_shift_of_events(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    c2s_found_set(found, 0, "%g", view->shift);
    /* a Rescaling layer's is no warning but a fault: L-G2-RESCALING */
    return !view->image && !view->rescaling && view->shift != 0.0;
}

bool c2s_input_size_is_open(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    if (!view->chain->input_known)
        return false;
    c2s_found_shape(found, 0, &view->chain->input);
    return !c2s_shape_is_known(&view->chain->input);
}
