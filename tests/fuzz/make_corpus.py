#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_corpus.py GOLDEN DUMP_IMAGE: corpora of keras_config, keras_model and hdf5_bytes from keras_load and qml cases and tests/data,
and of rewrite from cases of the legacy toolkit.

Configs lose what no reader looks at (initializers, regularizers, constraints); models are taken where they are small.
DUMP_IMAGE is the program that the build makes of dump_image.c (ninja tests/fuzz/dump_image).
"""
import json
import math
import pathlib
import shutil
import subprocess
import sys

import h5py

HERE = pathlib.Path(__file__).resolve().parent
IGNORED = ("_initializer", "_regularizer", "_constraint")
LARGEST_MODEL = 40_000
# What libhdf5 sees nothing of is left to keras_model: a child process for each input takes time.
SECOND_STAGE = ("bad_no_", "bad_names", "bad_json", "bad_keras1", "bad_other_shape", "bad_config", "bad_soft_group", "theano",
                "not_a_number", "no_version")
FIRST_STAGE = ("edit_libver", "edit_gzip", "edit_fixed_strings", "edit_chunked_names", "edit_number_types")


def node(kind, name, calls, **config):
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": calls}


def functional(*layers, inputs=(("in", 0, 0),), outputs=(("r", 0, 0),)):
    first = node("InputLayer", "in", [], batch_input_shape=[None, 4, 4, 2])
    return {"class_name": "Functional",
            "config": {"name": "f", "layers": [first, *layers], "input_layers": inputs, "output_layers": outputs}}


def sequential(*layers, **config):
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(layers), **config}}


def keras3(*calls):
    return [{"args": [[{"class_name": "__keras_tensor__", "config": {"keras_history": c}} for c in calls]], "kwargs": {"mask": None}}]


def relu(calls, name="r", kind="ReLU", **config):
    return node(kind, name, calls, **config)


PLAIN = {"class_name": "Dense", "config": {"name": "d", "units": 2}}
INNER = sequential(PLAIN)

# Small configs for the paths that real models don't take, most of them errors.
CONFIGS = {
    "call_bare": functional(relu([["in", 0, 0, {}]])),
    "call_named": functional(relu([{"x": ["in", 0, 0]}])),
    "call_loop": functional(relu([[["r", 0, 0]]])),
    "call_missing": functional(relu([[["gone", 0, 0]]])),
    "call_number": functional(relu([[["in", 3, 0]]])),
    "call_output": functional(relu([[["in", 0, 3]]])),
    "call_nothing": functional(relu([[]])),
    "call_scalar": functional(relu([[3]])),
    "call_constant": functional(relu([[["_CONSTANT_VALUE", -1, 0.5, {}]]])),
    "call_form": functional(relu([[["in", "a", 0]]])),
    "call_training": functional(relu([[["in", 0, 0, {"training": True}]]], kind="BatchNormalization")),
    "call_keras3": functional(relu(keras3(["in", 0, 0], ["in", 0, 0]), kind="Add")),
    "call_keras3_scalar": functional(relu([{"args": [0.5, {"class_name": "__keras_tensor__", "config": {
        "keras_history": ["in", 0, 0]}}], "kwargs": {"y": {"class_name": "__keras_tensor__", "config": {
            "keras_history": ["in", 0, 0]}}}}], kind="Add")),
    "end_bare": functional(relu([[["in", 0, 0]]]), outputs=("r", 0, 0)),
    "end_named": functional(relu([[["in", 0, 0]]]), outputs={"a": ("r", 0, 0)}),
    "end_missing": functional(relu([[["in", 0, 0]]]), outputs=None),
    "end_empty": functional(relu([[["in", 0, 0]]]), inputs=[]),
    "end_twice": functional(relu([[["in", 0, 0]]]), inputs=(("in", 0, 0), ("in", 0, 0))),
    "end_no_input": functional(relu([[["in", 0, 0]]]), inputs=(("r", 0, 0),)),
    "layer_twice": functional(relu([[["in", 0, 0]]]), relu([[["in", 0, 0]]])),
    "layer_uncalled": functional(relu([]), outputs=(("in", 0, 0),)),
    "layer_unnamed": functional({"class_name": "ReLU", "config": {}}),
    "layer_registered": functional(relu([[["in", 0, 0]]], kind="Custom>QuantizedReLU", quant_config={})),
    "layer_operation": functional({**relu([[["in", 0, 0]]], kind="Add"), "module": "keras.src.ops.numpy"}),
    "layer_stranger": functional({**relu([[["in", 0, 0]]]), "module": "my.layers", "registered_name": "Pack>ReLU"}),
    "layer_keras1": functional(relu([[["in", 0, 0]]], kind="Conv2D", nb_filter=3)),
    "nested_late_input": functional(node("Flatten", "x", [[["in", 0, 0]]]), {**INNER, "name": "t", "inbound_nodes": [[["x", 0, 0]]]},
                                    relu([[["t", 0, 0]]])),
    "nested_number": functional({**INNER, "name": "t", "inbound_nodes": [[["in", 0, 0]]]}, relu([[["t", 1, 0]]])),
    "nested_uncalled": functional({**INNER, "name": "t", "inbound_nodes": []}, relu([[["in", 0, 0]]])),
    "nested_unnamed": {"class_name": "Sequential", "config": [
        {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "sequential", "units": 2,
                                                                              "batch_input_shape": [None, 3]}}]},
        {"class_name": "Sequential", "config": [{"class_name": "ReLU", "config": {"name": "x"}}]}]},
    "sequential_no_shape": INNER,
    "sequential_build_shape": sequential(PLAIN, build_input_shape={"class_name": "TensorShape", "items": [None, 3]}),
    "sequential_late_input": sequential(PLAIN, node("InputLayer", "in", [], batch_input_shape=[None, 3])),
    "sequential_scalar": sequential(node("InputLayer", "in", [], batch_shape=[None, 3]), 3),
    "sequential_two_outputs": sequential(node("InputLayer", "in", [], batch_shape=[None, 4, 4, 2]),
                                         {**functional(outputs=(("in", 0, 0), ("in", 0, 0))), "name": "t"}, INNER),
    "input_shape": sequential(node("InputLayer", "in", [], shape=[3], dtype={"config": {"name": "mixed_float16"}}), PLAIN),
    "subclassed": {"class_name": "MyModel", "config": {}},
    "keras3_form": sequential(
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "optional": False, "name": "in"}},
        {"class_name": "Dense", "config": {
            "name": "d", "units": 2, "dtype": {"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}},
            "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": {}, "input_axes": None}},
            "activation": {"class_name": "LeakyReLU", "config": {"name": "l", "negative_slope": 0.25}}}},
        {"class_name": "LeakyReLU", "config": {"name": "l", "negative_slope": 0.25}},
        {"class_name": "BatchNormalization", "config": {"name": "b", "renorm": False, "renorm_momentum": 0.9}},
        {"class_name": "Activation", "config": {"name": "a", "activation": "hard_sigmoid"}},
        {"class_name": "Activation", "config": {"name": "k", "activation": "hard_sigmoid_keras3"}}),
}


def quantized(kind, *calls, bits=8, axis="per-axis", **config):
    """A QuantizeML layer, named as its class, with an output quantizer."""
    output = {"bitwidth": bits, "axis": axis}
    config = {"quant_config": {"output_quantizer": output, "buffer_bitwidth": 32}, **config}
    return node("Custom>Quantized" + kind, kind.lower(), [[[c, 0, 0, {}] for c in calls]], **config)


CONV = {"filters": 2, "kernel_size": [3, 3], "padding": "same"}
CONFIGS["qml_vision"] = functional(
    node("Custom>InputQuantizer", "q", [[["in", 0, 0]]], bitwidth=8, signed=False, axis="per-axis", quant_config={}),
    quantized("Rescaling", "q", scale=0.5, offset=0), quantized("Conv2D", "rescaling", padding_value=[1.0, 2.0], **CONV),
    quantized("DepthwiseConv2D", "conv2d", kernel_size=[3, 3], padding="same"),
    quantized("MaxPool2D", "depthwiseconv2d", pool_size=[2, 2], strides=[1, 1], padding="same"),
    quantized("ReLU", "maxpool2d", max_value=6.0), quantized("SeparableConv2D", "relu", **CONV),
    quantized("Add", "conv2d", "separableconv2d", average=True), quantized("Conv2DTranspose", "add", strides=[2, 2], **CONV),
    quantized("Activation", "conv2dtranspose", activation="hard_silu"), quantized("Concatenate", "activation", "activation", axis=-1),
    quantized("DepthwiseConv2DTranspose", "concatenate", kernel_size=3, strides=2, padding="same"),
    quantized("GlobalAveragePooling2D", "depthwiseconv2dtranspose", axis="per-tensor"), quantized("Dropout", "globalaveragepooling2d", rate=0.5),
    quantized("Dense", "dropout", units=2), node("Custom>Dequantizer", "r", [[["dense", 0, 0]]]))
CONFIGS["qml_time"] = functional(
    quantized("BufferTempConv", "in", filters=2, kernel_size=3, use_bias=True), quantized("DepthwiseBufferTempConv", "buffertempconv", kernel_size=2),
    quantized("Reshape", "depthwisebuffertempconv", target_shape=[16, 2]), quantized("Permute", "reshape", dims=[1, 2]),
    quantized("StatefulProjection", "permute", units=3, subsample=2, quant_config={}),
    quantized("StatefulRecurrent", "statefulprojection", bits=16, axis="per-tensor"),
    quantized("ExtractToken", "statefulrecurrent", token=0, axis=-1), quantized("Flatten", "extracttoken"),
    quantized("PicoPostProcessing", "flatten", "flatten", threshold=2.5), node("Custom>Dequantizer", "r", [[["picopostprocessing", 0, 0]]]))
CONFIGS["qml_named"] = functional(
    quantized("Dense", "in", units=2, quant_config={}),
    node("Custom>QuantizedPicoPostProcessing", "r", [[["dense", 0, 0, {"y_true": ["in", 0, 0]}]]], threshold=2))
CONFIGS["qml_old"] = functional(
    quantized("Conv2D", "in", quant_config=None, padding_value=1.0, **CONV),
    quantized("SeparableConv2D", "conv2d", quant_config={"dw_weight_quantizer": {"bitwidth": 4, "axis": "per-tensor"}}, **CONV),
    quantized("Add", "conv2d", "separableconv2d", activation=True),
    quantized("BatchNormalization", "add", axis=-1, epsilon=0.001), node("Custom>Dequantizer", "r", [[["batchnormalization", 0, 0]]]))


def slim(value):
    if isinstance(value, dict):
        return {k: slim(v) for k, v in value.items() if not k.endswith(IGNORED)}
    return [slim(v) for v in value] if isinstance(value, list) else value


def image_string(text):
    return len(text).to_bytes(4, "little") + text.encode()


def image(config, layers):
    """An image (lib/formats/hdf5_image.h) of layers {name: {weight: shape or reason}}, all values 0."""
    def attribute(name, listed, strings):
        return b"A" + image_string(name) + bytes([listed]) + len(strings).to_bytes(4, "little") + b"".join(map(image_string, strings))
    structure, size = b"G" + image_string(""), 0
    structure += attribute("model_config", 0, [json.dumps(config)]) + attribute("keras_version", 0, ["2.4.0"])
    structure += b"G" + image_string("model_weights")
    for layer, weights in layers.items():
        structure += b"G" + image_string(layer) + attribute("weight_names", 1, list(weights))
        for weight, shape in weights.items():
            if isinstance(shape, str):
                structure += b"R" + image_string(weight) + image_string(shape)
            elif shape is not None:
                bytes_of_it = 4 * math.prod(shape)
                structure += b"D" + image_string(weight) + b"f\4\0" + bytes([len(shape)])
                structure += b"".join(n.to_bytes(8, "little") for n in (*shape, size, bytes_of_it))
                size += (bytes_of_it + 63) // 64 * 64
        structure += b"E"
    structure += attribute("layer_names", 1, list(layers)) + b"EE"
    front = b"C2SIMAGE" + b"".join(n.to_bytes(8, "little") for n in (len(structure), size, 0)) + structure
    return front + bytes(-len(front) % 64 + size)


def variables(container, tree):
    """An image of .weights.h5: {group: list of shapes, or a tree}."""
    size = 0

    def group(name, content):
        nonlocal size
        record = b"G" + image_string(name)
        if isinstance(content, dict):
            return record + b"".join(group(k, v) for k, v in content.items()) + b"E"
        record += b"G" + image_string("vars")
        for i, shape in enumerate(content):
            bytes_of_it = 4 * math.prod(shape)
            record += b"D" + image_string(str(i)) + b"f\4\0" + bytes([len(shape)])
            record += b"".join(n.to_bytes(8, "little") for n in (*shape, size, bytes_of_it))
            size += (bytes_of_it + 63) // 64 * 64
        return record + b"EE"
    structure = b"G" + image_string("") + group(container, tree) + b"E"
    front = b"C2SIMAGE" + b"".join(n.to_bytes(8, "little") for n in (len(structure), size, 0)) + structure
    return front + bytes(-len(front) % 64 + size)


# For the fixed model of fuzz_keras_model.c.
OPAQUE, FROZEN = {"layers": {"mine": [(1,)] * 11}}, {"layers": {"dense": [(2, 1), (1,)]}}
VARIABLES = {
    "variables": ("layers", {"dense": [(3, 2), (2,)], "sequential": OPAQUE, "sequential_1": FROZEN}),
    "variables_212": ("_layer_checkpoint_dependencies", {"dense": [(3, 2), (2,)], "sequential": OPAQUE, "sequential_2": FROZEN}),
    "variables_few": ("layers", {"dense": [(3, 2)]}),
    "variables_shape": ("layers", {"dense": [(3, 2), (3,)]}),
    "variables_none": ("layers", {"dense": [(3, 2), (2,)]}),
}

DENSE_MODEL = sequential(node("InputLayer", "in", [], batch_input_shape=[None, 3]), PLAIN,
                         {"class_name": "Mine", "config": {"name": "m"}})
OUTER = sequential(node("InputLayer", "in", [], batch_input_shape=[None, 3]), {**sequential(
    PLAIN, {"class_name": "Mine", "config": {"name": "m"}},
    {"class_name": "BatchNormalization", "config": {"name": "b", "trainable": False}}), "name": "inner"})
OUTER["config"]["layers"][1]["config"]["trainable"] = False
CONVOLUTION = sequential(node("InputLayer", "in", [], batch_input_shape=[None, 4, 4, 1]), {
    "class_name": "Conv2D", "config": {"name": "c", "filters": 3, "kernel_size": [2, 1], "use_bias": False}})
BOTH = {"kernel:0": (3, 2), "bias:0": (2,)}

QUANTIZED = sequential(node("InputLayer", "in", [], batch_input_shape=[None, 3]),
                       node("Custom>QuantizedDense", "d", [], units=2, quant_config={"output_quantizer": {"axis": "per-axis"}}),
                       node("Custom>QuantizedReLU", "r", [], max_value=6.0, quant_config={"output_quantizer": {"bitwidth": 8}}))

IMAGES = {
    "qml": (QUANTIZED, {"d": {**BOTH, "range_max:0": (2,), "rescaling_rate:0": (2,)}, "r": {"range_max:0": (), "rescaling_rate:0": ()}}),
    "qml_old": (QUANTIZED, {"d": {**BOTH, "max_value:0": (2,)}, "r": {"max_value:0": ()}}),
    "qml_few": (QUANTIZED, {"d": BOTH, "r": {"max_value:0": ()}}),
    "opaque": (DENSE_MODEL, {"d": BOTH, "m": {"m/query/kernel:0": (2,), "key": (3, 1)}}),
    "opaque_refused": (DENSE_MODEL, {"d": BOTH, "m": {"m": "a soft link"}}),
    "nested": (OUTER, {"inner": {**BOTH, "x/m/query:0": (2,), "0": (2,), "1": (2,), "2": (2,), "3": (2,)}}),
    "turned": (CONVOLUTION, {"c": {"kernel": (1, 3, 1, 2)}}),
    "few": (DENSE_MODEL, {"d": {"kernel:0": (3, 2)}}),
    "none": (DENSE_MODEL, {}),
    "shape": (DENSE_MODEL, {"d": {"kernel:0": (2, 3), "bias:0": (2,)}}),
    "missing": (DENSE_MODEL, {"d": {"kernel:0": None, "bias:0": (2,)}}),
    "refused": (DENSE_MODEL, {"d": {"kernel:0": "a soft link", "bias:0": (2,)}}),
    "own": (DENSE_MODEL, {"top_level_model_weights": {"w": (1,)}, "d": BOTH}),
}


def rewrites(golden):
    """Small architectures, each with another rewrite (byte 0) and other weights (byte 1)."""
    (HERE / "corpus/rewrite").mkdir(parents=True, exist_ok=True)
    paths = [p for g in ("legacy_transforms", "legacy_quantize", "legacy_errors") for p in sorted(golden.glob(g + "/*/model.h5"))]
    for number, path in enumerate(paths):
        with h5py.File(path) as file:
            text = json.dumps(slim(json.loads(file.attrs["model_config"])), separators=(",", ":")).encode()
        if len(text) < 3000:
            (HERE / "corpus/rewrite" / path.parent.name).write_bytes(bytes([number % 12, number]) + text)


# Models of QuantizeML, by group: what each other one lacks.
QML_MODELS = {
    "qml_old": ("2.3.7_transpose", "2.3.7_rescaling", "2.11.2_residual", "2.18.2_swish"),
    "qml_convert_v1": ("separable_s2", "gap_last"),
    "qml_convert_v2": ("add", "concat", "lut_input", "conv_transpose_last", "input_real", "separable_transpose", "input_only", "int_dense_int8"),
}


def dump(path, name, dump_image):
    """The config without what no reader looks at, and, of small models, the image."""
    try:
        with h5py.File(path) as file:
            config = slim(json.loads(file.attrs["model_config"]))
            flags = 1 if file.attrs.get("keras_version", "2")[0] == "2" else 7
        text = json.dumps(config, separators=(",", ":")).encode()
        if len(text) < 8000:
            (HERE / "corpus/keras_config" / name).write_bytes(bytes([flags]) + text)
    except (OSError, KeyError, TypeError, ValueError):
        pass
    if path.stat().st_size <= LARGEST_MODEL:
        subprocess.run([dump_image, path, HERE / "corpus/keras_model" / name], check=False)


def main():
    golden, dump_image = pathlib.Path(sys.argv[1]), sys.argv[2]
    rewrites(golden)
    for target in ("keras_config", "keras_model", "hdf5_bytes"):
        (HERE / "corpus" / target).mkdir(parents=True, exist_ok=True)
    for name, config in CONFIGS.items():
        text = json.dumps(config, separators=(",", ":")).encode()
        (HERE / "corpus/keras_config" / ("made_" + name)).write_bytes(b"\1" + text)
        (HERE / "corpus/keras_config" / ("made_strict_" + name)).write_bytes(b"\6" + text)
    for name, (config, layers) in IMAGES.items():
        (HERE / "corpus/keras_model" / ("made_" + name)).write_bytes(image(config, layers))
    for name, (container, tree) in VARIABLES.items():
        (HERE / "corpus/keras_model" / ("made_" + name)).write_bytes(variables(container, tree))
    models = sorted(golden.glob("keras_load/*_h5/model.h5")) + sorted((HERE.parent / "data/hdf5").glob("*.h5"))
    for path in models:
        name = path.parent.name if path.name == "model.h5" else path.stem
        dump(path, name, dump_image)
        wanted = name.startswith(FIRST_STAGE) or (path.parent.name == "hdf5" and not name.startswith(SECOND_STAGE))
        if path.stat().st_size <= LARGEST_MODEL and wanted:
            shutil.copyfile(path, HERE / "corpus/hdf5_bytes" / name)
    for name in ("k2_adamw", "k2_rmsprop", "k3_sgd"):
        path = HERE.parent / "data/trained" / (name + ".h5")
        subprocess.run([dump_image, path, HERE / "corpus/keras_model" / ("trained_" + name)], check=True)
    for group, names in QML_MODELS.items():
        for name in names:
            dump(golden / group / name / "model.h5", "qml_" + name, dump_image)


main()
