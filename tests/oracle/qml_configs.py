#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Models that QuantizeML quantizes otherwise than by default, converted by the reference and by us.

  <oracle venv>/bin/python qml_configs.py --cli CNN2SNN --out OUT [--shared ../shared] [--match REGEX] [--seed N] [--count N]

Models with a purpose (names, branches, widths, kernels, several outputs, ...), quantized by default, with other
QuantizationParams, up to a layer (quantize_until), and with drawn q_configs: bits, axes and scales of single layers. A line
for each, then "N right, N wrong"; what the reference refuses must be refused here. Not a part of `meson test`: it needs the
toolkit, which the project doesn't depend on.
"""
import argparse
import contextlib
import re
import shutil
import sys
import time
from pathlib import Path

from judge import Judge, compiled

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--cli", required=True)
ap.add_argument("--out", required=True)
ap.add_argument("--shared", default="../shared")
ap.add_argument("--match", default="")
ap.add_argument("--seed", type=int, default=1)
ap.add_argument("--count", type=int, default=2, help="drawn q_configs of each model")
options = ap.parse_args()
judge = Judge(options.cli, options.shared)

import cases_qml  # noqa: E402
import numpy as np  # noqa: E402
from cnn2snn import convert, set_akida_version  # noqa: E402
from oracle_common import Case, L, keras, randomize  # noqa: E402
from quantizeml import layers as Q  # noqa: E402
from quantizeml.models import QuantizationParams, dump_config, quantize  # noqa: E402


# ------------------------------------------------------------------ models
def head(x, units=5):
    return L.Dense(units)(L.Flatten()(x))


def block(x, filters, size=3, act=6.0, **keys):
    x = L.BatchNormalization()(L.Conv2D(filters, size, **{"padding": "same", **keys})(x))
    return x if act == 0 else L.ReLU(act)(x)


def residual():
    i = keras.Input((11, 9, 3))
    x = block(i, 8)
    return keras.Model(i, head(L.ReLU()(L.Add()([x, block(x, 8, act=0)]))))


def unet():
    i = keras.Input((12, 12, 3))
    a = block(i, 7)
    b = block(a, 9, strides=2)
    c = L.ReLU()(L.Conv2DTranspose(5, 3, strides=2, padding="same")(b))
    return keras.Model(i, L.Conv2D(4, 1)(block(L.Concatenate()([a, c]), 8)))


def mobile():
    i = keras.Input((17, 13, 3))
    x = block(i, 8, strides=2)
    for f, s in ((11, 1), (16, 2), (24, 1)):
        x = L.ReLU(6.0)(L.BatchNormalization()(L.DepthwiseConv2D(3, strides=s, padding="same")(x)))
        x = block(x, f, 1)
    return keras.Model(i, L.Dense(7)(L.GlobalAveragePooling2D()(x)))


def separable():
    i = keras.Input((17, 13, 1))
    x = block(i, 6, 5, strides=2)
    for f, s in ((9, 1), (16, 2)):
        x = L.ReLU(6.0)(L.BatchNormalization()(L.SeparableConv2D(f, 3, strides=s, padding="same")(x)))
    return keras.Model(i, head(x))


def tables():
    i = keras.Input((9, 9, 1))
    x = Q.Activation("gelu")(L.Conv2D(6, 3, padding="same")(i))
    x = Q.Activation("swish")(L.DepthwiseConv2D(3, padding="same")(x))
    return keras.Model(i, head(Q.Activation("leaky_relu")(L.Conv2D(5, 3, strides=2, padding="same")(x))))


def temporal():
    i = keras.Input((7, 6, 2))
    x = block(i, 6)
    x = L.ReLU()(Q.DepthwiseBufferTempConv(4)(x))
    x = L.ReLU()(Q.BufferTempConv(9, 3)(x))
    x = block(x, 8, strides=2)
    x = Q.BufferTempConv(5, 2, use_bias=False)(x)
    return keras.Model(i, L.Dense(4)(L.GlobalAveragePooling2D()(L.ReLU()(L.Conv2D(7, 1)(x)))))


def spatiotemporal():
    """As the toolkit's own models: two parts of a 3-D convolution, which become BufferTempConvs."""
    i = keras.Input((8, 12, 10, 2))
    x = i
    for f, s in ((4, 2), (6, 2)):
        x = L.Conv3D(f, (3, 1, 1), padding="valid", use_bias=False)(L.ZeroPadding3D(((2, 0), (0, 0), (0, 0)))(x))
        x = L.ReLU()(L.BatchNormalization()(x))
        x = L.Conv3D(f, (1, 3, 3), strides=(1, s, s), padding="same", use_bias=False)(x)
        x = L.ReLU()(L.BatchNormalization()(x))
    return keras.Model(i, L.Dense(3)(L.AveragePooling3D((1, 3, 3))(x)))


def slashes():
    i = keras.Input((9, 9, 3), name="in/put")
    x = L.ReLU(6.0, name="b/0/conv/relu")(L.Conv2D(6, 3, padding="same", name="b/0/conv")(i))
    x = L.ReLU(6.0, name="b/1/re")(L.DepthwiseConv2D(3, padding="same", name="b/1/dw/kernel")(x))
    return keras.Model(i, L.Dense(4, name="head/a/b")(L.Flatten(name="flat/ten")(x)), name="a/model")


def sequential():
    return keras.Sequential([L.Conv2D(6, 3, padding="same", input_shape=(9, 9, 3)), L.BatchNormalization(), L.ReLU(4.0),
                             L.MaxPool2D(padding="same"), L.Dropout(0.2), L.Flatten(), L.Dense(9), L.ReLU(3.0), L.Dense(4)], name="seq")


def nested_sequential():
    i = keras.Input((9, 9, 3))
    body = keras.Sequential([L.Conv2D(6, 3, padding="same"), L.BatchNormalization(), L.ReLU(4.0)])
    return keras.Model(i, head(block(body(i), 5)))


def nested_functional():
    i = keras.Input((9, 9, 6))
    body = keras.Model(i, block(i, 4))
    o = keras.Input((9, 9, 3))
    return keras.Model(o, head(body(block(o, 6))))


def shared_layer():
    i = keras.Input((9, 9, 3))
    x = block(i, 6)
    conv = L.Conv2D(6, 3, padding="same")
    return keras.Model(i, head(L.ReLU()(conv(L.ReLU()(conv(x))))))


def two_outputs():
    i = keras.Input((9, 9, 3))
    x = block(i, 6)
    return keras.Model(i, [head(x, 3), head(block(x, 4, strides=2), 5)])


def two_inputs():
    i, j = keras.Input((9, 9, 3)), keras.Input((9, 9, 3))
    return keras.Model([i, j], head(L.Add()([block(i, 6), block(j, 6)])))


def diamond():
    """A value that three branches read."""
    i = keras.Input((9, 9, 3))
    x = block(i, 8)
    a, b = block(x, 8), L.DepthwiseConv2D(3, padding="same")(x)
    y = L.Add()([a, b])
    y = L.Concatenate()([y, block(x, 4, 1), block(y, 3)])
    return keras.Model(i, head(block(y, 6, strides=2)))


def wide_dense():
    i = keras.Input((1, 1, 3000))
    return keras.Model(i, L.Dense(3)(L.ReLU()(L.Dense(1100)(L.Flatten()(i)))))


def dense_2d():
    return keras.Sequential([keras.Input((60,)), L.Dense(33), L.ReLU(), L.Dense(17), L.ReLU(3.0), L.Dense(1)])


def dense_sequence():
    """The input's name comes from the first layer."""
    return keras.Sequential([L.Dense(33, input_shape=(20,)), L.ReLU(), L.Dense(4)])


def odd_channels():
    i = keras.Input((9, 7, 5))
    x = block(i, 13)
    x = block(L.ReLU(2.5)(L.DepthwiseConv2D(5, padding="same")(x)), 37, 1)
    return keras.Model(i, head(block(x, 1, 3, strides=2), 11))


def dilated():
    i = keras.Input((12, 12, 3))
    return keras.Model(i, head(block(block(i, 6), 5, dilation_rate=2)))


def dilated_depthwise():
    i = keras.Input((12, 12, 3))
    return keras.Model(i, head(block(L.DepthwiseConv2D(3, dilation_rate=2, padding="same")(block(i, 6)), 5)))


def grouped():
    i = keras.Input((12, 12, 3))
    return keras.Model(i, head(block(block(i, 6), 4, groups=2)))


def upsampled():
    i = keras.Input((6, 6, 3))
    return keras.Model(i, L.Conv2D(2, 1)(L.UpSampling2D()(block(i, 6))))


def softmax_twice():
    i = keras.Input((6, 6, 3))
    return keras.Model(i, L.Softmax()(L.Dense(4, activation="softmax")(L.Flatten()(block(i, 6)))))


def activation_strings():
    i = keras.Input((8, 8, 3))
    x = L.Conv2D(5, 3, activation="relu", padding="same")(i)
    x = L.Conv2D(4, 3, activation="swish", padding="same", strides=2)(x)
    return keras.Model(i, L.Dense(3, activation="sigmoid")(L.Flatten()(x)))


def zero_padding():
    i = keras.Input((16, 16, 3))
    x = block(L.ZeroPadding2D(1)(i), 6, 3, strides=2, padding="valid")
    return keras.Model(i, head(block(L.ZeroPadding2D(((0, 1), (0, 1)))(x), 5, strides=2, padding="valid")))


def rescaled(scale, offset, dtype="uint8", channels=3):
    def b():
        i = keras.Input((9, 9, channels), dtype=dtype)
        return keras.Model(i, head(block(block(L.Rescaling(scale, offset)(i), 6), 5)))
    return b


def kernels(size, stride, first, padding="same", channels=3, depthwise=False):
    """A convolution of the size in front or behind one."""
    def b():
        i = keras.Input((19, 17, channels))
        x = i if first else block(i, 4)
        if depthwise:
            x = L.ReLU()(L.DepthwiseConv2D(size, strides=stride, padding=padding)(x))
        else:
            x = block(x, 6, size, strides=stride, padding=padding)
        return keras.Model(i, head(block(x, 5)))
    return b


def pooled(size, stride, padding):
    def b():
        i = keras.Input((19, 17, 3))
        x = L.ReLU(6.0)(L.MaxPool2D(size, stride, padding)(L.Conv2D(6, 3, padding=padding)(block(i, 4))))
        return keras.Model(i, head(block(x, 5)))
    return b


def pads(scale):
    """An addition of values whose ranges are far apart."""
    def b():
        i = keras.Input((9, 9, 3))
        x = block(i, 6)
        y = L.Conv2D(6, 3, padding="same", name="large", kernel_initializer=keras.initializers.RandomUniform(-scale, scale))(x)
        return keras.Model(i, head(L.ReLU()(L.Add()([x, y]))))
    return b


MODELS = dict(residual=residual, unet=unet, mobile=mobile, separable=separable, tables=tables, temporal=temporal,
              spatiotemporal=spatiotemporal, slashes=slashes, sequential=sequential, nested_sequential=nested_sequential,
              nested_functional=nested_functional, shared_layer=shared_layer, two_outputs=two_outputs, two_inputs=two_inputs,
              diamond=diamond, wide_dense=wide_dense, dense_2d=dense_2d, dense_sequence=dense_sequence, odd_channels=odd_channels,
              dilated=dilated, dilated_depthwise=dilated_depthwise, grouped=grouped, upsampled=upsampled,
              softmax_twice=softmax_twice, activation_strings=activation_strings, zero_padding=zero_padding, far_add=pads(30.0))
SIGNED = ("temporal", "spatiotemporal", "wide_dense", "dense_2d", "dense_sequence", "odd_channels")
DRAWN = ("residual", "unet", "mobile", "separable", "tables", "temporal", "spatiotemporal", "sequential", "diamond", "dense_2d",
         "odd_channels")
PARAMETERS = dict(w4=dict(weight_bits=4), w2=dict(weight_bits=2), a4=dict(activation_bits=4), iw4=dict(input_weight_bits=4),
                  o4=dict(output_bits=4), o16=dict(output_bits=16), a16=dict(activation_bits=16), buffer24=dict(buffer_bits=24),
                  last8=dict(last_output_bits=8), last4=dict(last_output_bits=4), last16=dict(last_output_bits=16),
                  per_tensor=dict(per_tensor_activations=True), w3=dict(weight_bits=3), a2=dict(activation_bits=2))


def redraw(config, rng):
    """Other bits, axes and scales for some layers."""
    def of(*values):
        return values[int(rng.integers(len(values)))]

    def chance(p):
        return float(rng.uniform()) < p
    for entry in config.values():
        for key in ("weight_quantizer", "pw_weight_quantizer", "dw_weight_quantizer"):
            if key in entry and chance(0.6):
                entry[key]["bitwidth"] = of(4, 4, 8) if chance(0.96) else of(2, 3, 5, 6)
            if key == "weight_quantizer" and key in entry and chance(0.2):
                entry[key]["axis"] = of(None, -1)
        out = entry.get("output_quantizer")
        if out and out["bitwidth"] <= 8 and chance(0.5):
            out["bitwidth"] = of(2, 3, 4, 4, 5, 6, 7, 8, 8)
        elif out and chance(0.05):
            out["bitwidth"] = of(9, 10, 11, 12, 16)
        if out and chance(0.3):
            out["axis"] = "per-tensor"
        if out and chance(0.2):
            out["scale_bits"] = of(3, 4, 6, 7)
        if out and chance(0.1):
            out["signed"] = of(True, False)
        if out and chance(0.03):
            del entry["output_quantizer"]
        if chance(0.2):
            entry["bias_quantizer"] = {"bitwidth": of(4, 6, 8)}
    return config


# ------------------------------------------------------------------ cases
def cases():
    for name, build in MODELS.items():
        dtype = "int8" if name in SIGNED else "uint8"
        for version in ("v2", "v1"):
            yield "%s_%s" % (name, version), dict(build=build, version=version, dtype=dtype)
        if name not in SIGNED:
            yield name + "_int8_v2", dict(build=build, version="v2", dtype="int8")
        if name in DRAWN:
            for key, params in PARAMETERS.items() if name in ("residual", "tables", "temporal", "sequential") else ():
                yield "%s_%s_v2" % (name, key), dict(build=build, version="v2", dtype=dtype, params=params)
            for n in range(options.count):
                yield "%s_drawn%d_%d_v2" % (name, options.seed, n), dict(build=build, version="v2", dtype=dtype, draw=True)
        if name in ("separable", "sequential"):
            for n in range(options.count * 2):
                yield "%s_drawn%d_%d_v1" % (name, options.seed, n), dict(build=build, version="v1", dtype=dtype, draw=True)
    for name, build, layer in (("residual", residual, "re_lu"), ("mobile", mobile, "re_lu_2"), ("mobile", mobile, "conv2d_1"),
                               ("tables", tables, "activation_1"), ("unet", unet, "conv2d_transpose"),
                               ("sequential", sequential, "max_pooling2d"), ("diamond", diamond, "add"),
                               ("two_outputs", two_outputs, "re_lu"), ("temporal", temporal, "buffer_temp_conv")):
        for version in ("v2", "v1"):
            yield "%s_until_%s_%s" % (name, layer, version), dict(build=build, version=version, until=layer,
                                                                  dtype="int8" if name in SIGNED else "uint8")
    for n, (scale, offset, dtype) in enumerate(((1 / 255., 0, "uint8"), (1 / 127.5, -1, "uint8"), ([0.01, 0.02, 0.5], 0, "uint8"),
                                                ([0.01, 0.02, 0.03], [-1, 0.1, 0], "uint8"), (1 / 128., 0, "int8"), (2.0, 0, "uint8"),
                                                (1 / 127.5, -1, "float32"), (1 / 128., 0.5, "int8"), (-0.01, 0, "uint8"))):
        for version in ("v2", "v1"):
            yield "rescaled_%d_%s" % (n, version), dict(build=rescaled(scale, offset, dtype), version=version,
                                                       dtype="int8" if dtype == "int8" else "uint8")
    for size in range(1, 8):
        for stride in (1, 2, 3):
            for first in (True, False):
                for padding in ("same", "valid"):
                    for version in ("v2", "v1"):
                        yield "k%d_s%d_%s_%s_%s" % (size, stride, "first" if first else "inner", padding, version), dict(
                            build=kernels(size, stride, first, padding), version=version, dtype="uint8")
            yield "dw%d_s%d_v2" % (size, stride), dict(build=kernels(size, stride, False, depthwise=True), version="v2", dtype="uint8")
    for size, stride in ((2, 2), (3, 2), (2, 1), (3, 1), (3, 3), (1, 1), (4, 2), ((2, 1), (2, 1)), ((1, 2), None), (2, 3)):
        for padding in ("same", "valid"):
            for version in ("v2", "v1"):
                yield "pool_%s_%s_%s_%s" % (size, stride, padding, version), dict(build=pooled(size, stride, padding), version=version,
                                                                                  dtype="uint8")


def make(c, build, version, dtype, params=None, draw=False, until=None):
    bits = dict(activation_bits=4, weight_bits=4, per_tensor_activations=True) if version == "v1" else {}
    c.doc.update(summary=c.name, function="convert", tolerance="exact", args={"akida_version": version})
    with set_akida_version(cases_qml.VERSION[version]):
        model = build()
        randomize(model, c.rng)
        temporal = any("BufferTemp" in type(x).__name__ for x in model.layers) or len(model.input_shape) == 5
        xs = cases_qml.samples_for(c.rng, model, 8, dtype)
        xs = xs.astype("float32") if "float" in model.input.dtype.name else xs
        keys = dict(qparams=QuantizationParams(input_dtype=dtype, **{**bits, **(params or {})}), samples=xs, num_samples=8, batch_size=8)
        config = None
        if draw:
            config = redraw(dump_config(quantize(model, **keys)), c.rng)
            c.doc["q_config"] = config
        q = quantize(model, q_config=config, quantize_until=until, **keys)
        c.save_model(q, "model.h5", "quantized model")
        try:
            ak = convert(q)
        except Exception as e:  # noqa: BLE001
            cases_qml._expect(c, e)
            return
        c.save_akida(ak)
        if temporal:
            return cases_qml._frames(c, q, ak, model, 6, dtype, None, None)
        x = cases_qml.samples_for(c.rng, model, 3, dtype)
        c.save_npy(x, "input.npy", "input")
        cut = any(isinstance(x, Q.Dequantizer) for x in q.layers[:-1])  # Akida takes the part in front of it
        if not cut:
            c.save_npy(compiled(q, x), "keras_output.npy", "output of Keras")
        xa = x if x.ndim == 4 else x.reshape(len(x), 1, 1, -1)
        with contextlib.suppress(Exception):
            c.save_npy(ak.forward(xa), "akida_forward.npy", "akida.Model.forward")


def reason(e):
    """What the toolkit says, without the framework's report around it."""
    text = str(e)
    for mark in ("Exception encountered when calling layer", "Call arguments received"):
        if mark in text:
            text = text.split(mark)[1 if "encountered" in mark else 0]
    return " ".join(text.split())[:260]


def main():
    right = wrong = refused = left = 0
    for name, keys in cases():
        if not re.search(options.match, name):
            continue
        c = Case(options.out, "qml_convert_" + keys["version"], re.sub(r"[^a-z0-9_]+", "-", name))
        shutil.rmtree(c.dir, ignore_errors=True)
        c.dir.mkdir(parents=True)
        keras.backend.clear_session()
        start = time.time()
        try:
            make(c, **keys)
            c.write()
        except Exception as e:  # noqa: BLE001  (a model that the reference doesn't quantize)
            print("left   %s %s: %s" % (c.name, type(e).__name__, reason(e)), flush=True)
            shutil.rmtree(c.dir)
            left += 1
            continue
        good, said = judge.judge(c.dir)
        right, wrong, refused = right + good, wrong + (not good), refused + said.startswith("refused by")
        print("%s  %s: %s (%.0f s)" % ("right" if good else "WRONG", c.name, said, time.time() - start), flush=True)
    print("%d right (%d of them refused by both), %d wrong, %d left" % (right, refused, wrong, left))
    return 1 if wrong or not right else 0


if __name__ == "__main__":
    sys.exit(main())
