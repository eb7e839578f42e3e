#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/hdf5: small Keras files by h5py, good ones in the ways that writers differ, and bad ones.

    /usr/bin/python3 tests/data/make_hdf5.py

The model is always the same: an image of 4 x 4 x 2, a Conv2D of 3 filters (3 x 3), BatchNormalization, ReLU, Flatten, Dense 2. Its
weights are w0, w1, ...: 0.01 * k + the number of the weight, k counting their values, but positive variances.
"""
import json
import pathlib

import h5py
import numpy as np

OUT = pathlib.Path(__file__).resolve().parent / "hdf5"

LAYERS = [
    ("InputLayer", {"batch_input_shape": [None, 4, 4, 2], "dtype": "float32", "name": "image"}),
    ("Conv2D", {"name": "conv", "filters": 3, "kernel_size": [3, 3], "padding": "same", "note": "kept"}),
    ("BatchNormalization", {"name": "bn", "axis": [3]}),
    ("ReLU", {"name": "relu", "max_value": 6.0}),
    ("Flatten", {"name": "flatten"}),
    ("Dense", {"name": "dense", "units": 2}),
]
SHAPES = {
    "conv": [("kernel", (3, 3, 2, 3)), ("bias", (3,))],
    "bn": [("gamma", (3,)), ("beta", (3,)), ("moving_mean", (3,)), ("moving_variance", (3,))],
    "dense": [("kernel", (48, 2)), ("bias", (2,))],
}


def config():
    return {"class_name": "Sequential",
            "config": {"name": "net", "layers": [{"class_name": c, "config": dict(k)} for c, k in LAYERS]}}


def values(number, shape):
    return (number + 0.01 * np.arange(np.prod(shape))).astype("float32").reshape(shape)


def weights():
    number, all_of_them = 0, {}
    for layer, shapes in SHAPES.items():
        for name, shape in shapes:
            all_of_them[layer, name] = values(number, shape)
            number += 1
    return all_of_them


def default_store(group, name, array):
    group.create_dataset(name, data=array)


def write(name, edit=None, store=default_store, names=lambda n: n, versions=True, **options):
    """The model; edit(file) changes it afterwards."""
    if name.startswith("bad_"):
        options["libver"] = "latest"  # smaller
    with h5py.File(OUT / (name + ".h5"), "w", **options) as file:
        file.attrs["model_config"] = json.dumps(config())
        group = file.create_group("model_weights")
        for where in (file, group):
            if versions:
                where.attrs["keras_version"] = "2.19.0"
                where.attrs["backend"] = "tensorflow"
        layers = [k["name"] for c, k in LAYERS[1:]]
        group.attrs["layer_names"] = names(layers)
        for layer in layers:
            sub = group.create_group(layer)
            listed = [f"{layer}/{n}:0" for n, _ in SHAPES.get(layer, [])]
            sub.attrs["weight_names"] = names(listed)
            for weight, _ in SHAPES.get(layer, []):
                store(sub, f"{layer}/{weight}:0", weights()[layer, weight])
        if edit:
            edit(file)


def fixed(listed):
    return np.array([n.encode() for n in listed]) if listed else np.zeros(0)


def other_types(group, name, array):
    """Each weight in another type and order of bytes."""
    kinds = [">f4", "<f8", ">f8", "<f2", ">f2", "<i2", ">u4", "<i8"]
    group.create_dataset(name, data=array.astype(kinds[sum(map(ord, name)) % len(kinds)]))


def packed(group, name, array):
    group.create_dataset(name, data=array, chunks=tuple(max(1, n // 2) for n in array.shape), compression="gzip",
                         shuffle=True, fletcher32=True)


def trained(file):
    file.attrs["training_config"] = json.dumps({"loss": "mse", "optimizer_config": {"class_name": "SGD", "config": {}}})
    group = file.create_group("optimizer_weights")
    listed = ["iteration:0", "SGD/m/conv/kernel:0", "ratio:0", "flags:0"]
    group.attrs["weight_names"] = listed
    group.create_dataset(listed[0], data=np.int64(7))
    group.create_dataset(listed[1], data=np.ones((3, 3, 2, 3), "float32"))
    group.create_dataset(listed[2], data=np.array([0.5, 0.25], "float16"))
    group.create_dataset(listed[3], data=np.array([True, False]))


def chunked_names(file):
    group = file["model_weights"]
    listed = list(group.attrs["layer_names"])
    del group.attrs["layer_names"]
    group.attrs["layer_names0"] = fixed(listed[:3])
    group.attrs["layer_names1"] = fixed(listed[3:])
    sub = group["bn"]
    listed = list(sub.attrs["weight_names"])
    del sub.attrs["weight_names"]
    for i, part in enumerate((listed[:1], listed[1:3], listed[3:])):
        sub.attrs[f"weight_names{i}"] = fixed(part)


def space_padded(file):
    group = file["model_weights"]
    del group.attrs["keras_version"]
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(12)
    kind.set_strpad(h5py.h5t.STR_SPACEPAD)
    attribute = h5py.h5a.create(group.id, b"keras_version", kind, h5py.h5s.create(h5py.h5s.SCALAR))
    attribute.write(np.array(b"2.19.0      ", "S12"), mtype=kind)


def replace(path, make):
    """The object at a path of model_weights is made anew by make(group, name)."""
    def edit(file):
        del file["model_weights"][path]
        make(file["model_weights"], path)
    return edit


KERNEL = "dense/dense/kernel:0"


def soft(group, name):
    group[name] = h5py.SoftLink("/model_weights/conv")


def external(group, name):
    group[name] = h5py.ExternalLink("sequential.h5", "/model_weights/" + name)


def external_storage(group, name):
    group.create_dataset(name, (48, 2), "float32", external=[("/etc/hostname", 0, 384)])


def virtual(group, name):
    layout = h5py.VirtualLayout((48, 2), "float32")
    layout[:] = h5py.VirtualSource("sequential.h5", "/model_weights/" + name, (48, 2))
    group.create_virtual_dataset(name, layout)


def lzf(group, name):
    group.create_dataset(name, data=values(6, (48, 2)), compression="lzf")


def unknown_filter(group, name):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((48, 2))
    plist.set_filter(307, h5py.h5z.FLAG_OPTIONAL)
    h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((48, 2)), plist)


def huge(group, name):
    group.create_dataset(name, (1 << 30, 1 << 30), "float32", chunks=(1, 1))


def large(group, name):
    group.create_dataset(name, (1 << 14, 1 << 14), "float32", chunks=(64, 64), compression="gzip")


def unwritten(group, name):
    group.create_dataset(name, (48, 2), "float32")


def strings(group, name):
    group.create_dataset(name, data=np.array([b"a", b"b"]))


def nine_axes(group, name):
    group.create_dataset(name, (1,) * 9, "float32", data=np.zeros((1,) * 9, "float32"))


def no_rows(group, name):
    group.create_dataset(name, (0, 2), "float32")


def other_shape(group, name):
    group.create_dataset(name, data=values(6, (24, 4)))


def nan(group, name):
    array = values(6, (48, 2))
    array[3, 1], array[4, 0] = np.nan, np.inf
    group.create_dataset(name, data=array)


def cycle(file):
    file["model_weights/conv/conv/again"] = file["model_weights"]
    file["model_weights/conv/conv/root"] = file["/"]


def twice(file):
    del file["model_weights/bn/bn/beta:0"]
    file["model_weights/bn/bn/beta:0"] = file["model_weights/bn/bn/gamma:0"]


def deep_groups(file):
    group = file["model_weights/conv/conv"]
    for _ in range(1000):
        group = group.create_group("a")


def without(path, attribute):
    def edit(file):
        del file[path].attrs[attribute]
    return edit


def with_attribute(path, attribute, value):
    def edit(file):
        file[path].attrs[attribute] = value
    return edit


def custom_layer():
    """A Dense that copies its 2 inputs, and a layer of a class of the user's, weights in an order of its own."""
    layers = [("Dense", {"name": "same", "units": 2, "batch_input_shape": [None, 2], "use_bias": False}),
              ("pkg>Line", {"name": "line", "note": "mine"})]
    weights = {"same": [("kernel", np.eye(2, dtype="float32"))],
               "line": [("zoom", np.array([2, 3], "float32")), ("add", np.array([1, -1], "float32"))]}
    with h5py.File(OUT / "custom_layer.h5", "w", libver="latest") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {
            "name": "net", "layers": [{"class_name": c, "config": k} for c, k in layers]}})
        file.attrs["keras_version"], file.attrs["backend"] = "2.15.0", "tensorflow"
        group = file.create_group("model_weights")
        group.attrs["keras_version"], group.attrs["backend"] = "2.15.0", "tensorflow"
        group.attrs["layer_names"] = [k["name"] for _, k in layers]
        for layer, listed in weights.items():
            sub = group.create_group(layer)
            sub.attrs["weight_names"] = ["%s/%s:0" % (layer, name) for name, _ in listed]
            for name, array in listed:
                sub.create_dataset("%s/%s:0" % (layer, name), data=array)


def main():
    OUT.mkdir(exist_ok=True)
    # good ones
    write("sequential")
    write("trained", trained)
    write("fixed_strings", names=fixed)
    write("chunked_names", chunked_names)
    write("space_padded", space_padded)
    write("number_types", store=other_types)
    write("packed", store=packed)
    write("latest", libver="latest")
    write("user_block", userblock_size=512)
    write("no_version", versions=False)
    write("theano", with_attribute("model_weights", "backend", "theano"))
    write("not_a_number", replace(KERNEL, nan))
    write("cycle", cycle)
    custom_layer()
    # bad ones
    for make in (soft, external, external_storage, virtual, lzf, unknown_filter, huge, large, unwritten, strings, nine_axes,
                 no_rows, other_shape):
        write("bad_" + make.__name__, replace(KERNEL, make))
    write("bad_twice", twice)
    write("bad_deep_groups", deep_groups)
    write("bad_soft_group", replace("dense", soft))
    write("bad_no_array", lambda f: f["model_weights"].__delitem__(KERNEL))
    write("bad_no_group", lambda f: f["model_weights"].__delitem__("dense"))
    write("bad_no_weights", lambda f: f.__delitem__("model_weights"))
    write("bad_no_config", without("/", "model_config"))
    write("bad_no_layer_names", without("model_weights", "layer_names"))
    write("bad_no_weight_names", without("model_weights/dense", "weight_names"))
    write("bad_names_are_numbers", with_attribute("model_weights", "layer_names", np.arange(5)))
    write("bad_config_is_list", with_attribute("/", "model_config", ["a", "b"]))
    write("bad_json", with_attribute("/", "model_config", '{"class_name": "Sequential", "config": '))
    write("bad_keras1", with_attribute("/", "keras_version", "1.2.2"))


main()
