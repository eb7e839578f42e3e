# SPDX-License-Identifier: Apache-2.0
"""Small Keras models, written as files layer by layer."""
import json

import h5py
import numpy as np


def layer(kind, name, inputs=None, weights=(), **config):
    """inputs: names of the layers in front (default: the one before it); weights: (name, shape) pairs."""
    return dict(kind=kind, config=dict(name=name, **config), inputs=inputs, weights=weights)


def conv(name, channels, filters, size=3, inputs=None, **config):
    groups = config.get("groups", 1)
    return layer("Conv2D", name, inputs, [("kernel", (size, size, channels // groups, filters)), ("bias", (filters,))], filters=filters,
                 kernel_size=[size, size], **{"padding": "same", **config})


def separable(name, channels, filters, size=3, multiplier=1, **config):
    return layer("SeparableConv2D", name, None, [("depthwise_kernel", (size, size, channels, multiplier)), (
        "pointwise_kernel", (1, 1, channels * multiplier, filters)), ("bias", (filters,))], filters=filters, kernel_size=[size, size],
        padding="same", depth_multiplier=multiplier, **config)


def dense(name, channels, units, **config):
    return layer("Dense", name, None, [("kernel", (channels, units)), ("bias", (units,))], units=units, **config)


def relu(name, inputs=None, **config):
    return layer("ReLU", name, inputs, **{"max_value": 6.0, **config})


def batchnorm(name, channels, **config):
    names = ["gamma"] * config.get("scale", True) + ["beta"] * config.get("center", True) + ["moving_mean", "moving_variance"]
    return layer("BatchNormalization", name, None, [(n, (channels,)) for n in names], axis=[3], **config)


def config_of(shape, layers, functional):
    inputs = [l for l in layers if l["kind"] == "InputLayer"]
    if not inputs:
        layers = [layer("InputLayer", "in", [], batch_input_shape=[None, *shape]), *layers]
        inputs = layers[:1]
    if not functional:
        return {"class_name": "Sequential", "config": {"name": "net", "layers": [
            {"class_name": l["kind"], "config": l["config"]} for l in layers]}}
    entries, before = [], None
    for l in layers:
        name = l["config"]["name"]
        sources = l["inputs"] if l["inputs"] is not None else [before]
        calls = sources if sources and isinstance(sources[0], list) else [sources]
        entries.append({"class_name": l["kind"], "config": l["config"], "name": name, "inbound_nodes": [
            [[s.split(":")[0], int((s + ":0").split(":")[1]), 0, {}] for s in call] for call in calls if call]})
        before = name
    used = {n[0] for e in entries for call in e["inbound_nodes"] for n in call}
    return {"class_name": "Functional", "config": {
        "name": "net", "layers": entries, "input_layers": [[i["config"]["name"], 0, 0] for i in inputs],
        "output_layers": [[e["name"], 0, 0] for e in entries if e["name"] not in used]}}


def write_model(path, shape, layers, seed=1):
    """Sequential, or functional where a layer names its inputs ("name", or "name:1" for its second call)."""
    rng = np.random.default_rng(seed)
    functional = any(l["inputs"] is not None for l in layers)
    with h5py.File(path, "w") as f:
        f.attrs["model_config"] = json.dumps(config_of(shape, layers, functional))
        root = f.create_group("model_weights")
        for group in (f, root):
            group.attrs["keras_version"], group.attrs["backend"] = "2.15.0", "tensorflow"
        root.attrs["layer_names"] = [l["config"]["name"].encode() for l in layers]
        for l in layers:
            name = l["config"]["name"]
            group = root.create_group(name)
            group.attrs["weight_names"] = [("%s/%s:0" % (name, w)).encode() for w, _ in l["weights"]] or np.zeros((0,), "S1")
            for w, extents in l["weights"]:
                value = rng.normal(size=extents) * .2 if "kernel" in w else np.ones(extents) if w != "bias" else np.zeros(extents)
                group["%s/%s:0" % (name, w)] = l.get("values", {}).get(w, value).astype("float32")
