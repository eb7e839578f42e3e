#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random models of every row of QuantizeML layers that becomes an Akida layer, quantized and converted by the reference and by us.

  <oracle venv>/bin/python qml_cases.py --cli CNN2SNN --out OUT [--shared ../shared] [--seed N] [--count N] [--version v1|v2]

Each case draws its input (type, channels, rectangle, Rescaling), blocks, kernel sizes, strides, widths and biases. A line for
each, then how often each row was there in models that both converted, then "N right, N wrong". Models that the reference
refuses must be refused here. Not a part of `meson test`: it needs the toolkit, which the project doesn't depend on.
"""
import argparse
import collections
import json
import shutil
import sys
import time
from pathlib import Path

from judge import Judge, compiled

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--cli", required=True)
ap.add_argument("--out", required=True)
ap.add_argument("--shared", default="../shared")
ap.add_argument("--seed", type=int, default=1)
ap.add_argument("--count", type=int, default=40)
ap.add_argument("--version", default="v2", choices=("v1", "v2"))
options = ap.parse_args()
judge = Judge(options.cli, options.shared)

import cases_qml  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from oracle_common import Case, L, keras  # noqa: E402
from quantizeml import layers as Q  # noqa: E402

cases_qml.store_layer_outputs = lambda *a, **k: None
cases_qml.run_keras = compiled
FUNCTIONS = ("gelu", "swish", "hard_silu", "leaky_relu")


class Model:
    """A model on its way: random choices, the last value, and the rows that it has so far."""

    def __init__(self, rng, v1):
        self.rng, self.v1, self.rows, self.settings = rng, v1, [], {}

    def of(self, *values):
        return values[int(self.rng.integers(len(values)))]

    def chance(self, p):
        return float(self.rng.uniform()) < p

    def relu(self):
        return L.ReLU(self.of(6.0, float(self.rng.uniform(0.4, 9)), float(self.rng.uniform(0.4, 9)), 1.0))

    def activation(self, kind):
        if kind == "ReLU":
            return self.relu() if self.v1 or self.chance(0.6) else L.ReLU()
        if kind == "Activation":
            return Q.Activation(self.of(*FUNCTIONS))
        return None

    def small(self, x):
        return min(x.shape[1:3]) < 5

    # ---------------------------------------------------------------- blocks
    def tail(self, x, row, kinds, padding="same"):
        """MaxPool, activation and GAP behind a layer, as a row has them."""
        for kind in kinds:
            if kind == "MaxPool":
                size = self.of(2, 2, 3)
                x = L.MaxPooling2D(size, strides=self.of(None, 2, 1) if size == 2 else self.of(2, 3), padding=padding)(x)
            elif kind == "GAP":
                x = L.GlobalAveragePooling2D()(x)
            else:
                x = self.activation(kind)(x)
        self.rows.append("+".join([row] + list(kinds)))
        return x

    def norm(self, x):
        return L.BatchNormalization()(x) if self.chance(0.3) else x

    def conv(self, x, kinds, first=False):
        size = self.of(1, 3, 3, 5, 7) if min(x.shape[1:3]) > 7 else self.of(1, 3)
        stride = self.of(1, 2, 2, 3) if first else self.of(1, 1, 2) if size in (1, 3) and not self.small(x) else 1
        if self.v1 and not first and stride == 2 and size == 1:
            stride = 1
        padding = "same" if min(x.shape[1:3]) < (10 if "MaxPool" in kinds else 5) else self.of("same", "same", "valid")
        x = L.Conv2D(self.of(1, 3, 4, 7, 8, 16, 33), size, strides=stride, padding=padding, use_bias=self.chance(0.6))(x)
        x = self.norm(x)
        return self.tail(x, "Conv2D", kinds, padding if size > 1 else "same")

    def depthwise(self, x, kinds):
        size = self.of(3, 3, 5, 7) if not self.small(x) else 3
        x = L.DepthwiseConv2D(size, strides=self.of(1, 2) if size == 3 else 1, padding="same", use_bias=self.chance(0.6))(x)
        return self.tail(self.norm(x), "DepthwiseConv2D", kinds)

    def separable(self, x, kinds):
        size = self.of(3, 3, 5) if not self.small(x) else 3
        padding = "same" if min(x.shape[1:3]) < (10 if "MaxPool" in kinds else 5) else self.of("same", "same", "valid")
        x = L.SeparableConv2D(self.of(3, 4, 8, 12, 17), size, strides=self.of(1, 2), padding=padding, use_bias=self.chance(0.6))(x)
        return self.tail(self.norm(x), "SeparableConv2D", kinds, padding)

    def transpose(self, x, kinds):
        x = L.Conv2DTranspose(self.of(2, 4, 7), self.of(3, 4), strides=2, padding="same", use_bias=self.chance(0.6))(x)
        return self.tail(x, "Conv2DTranspose", kinds)

    def depthwise_transpose(self, x, kinds):
        x = Q.DepthwiseConv2DTranspose(self.of(3, 4), strides=2, padding="same", use_bias=self.chance(0.6))(x)
        return self.tail(x, "DepthwiseConv2DTranspose", kinds)

    def add(self, x):
        channels = x.shape[-1]
        y = L.Conv2D(channels, self.of(1, 3), padding="same")(x)
        if self.chance(0.5):
            y = L.ReLU()(y)
        self.rows += ["Conv2D", "Add"]
        if self.chance(0.3):
            return Q.Add(average=True)([x, y])
        z = L.Add()([x, y] if self.chance(0.7) else [y, x])
        return L.ReLU()(z) if self.chance(0.3) else z

    def concatenate(self, x):
        y = L.Conv2D(self.of(2, 5, 8), self.of(1, 3), padding="same")(x)
        y = self.activation(self.of("ReLU", "Activation"))(y) if self.chance(0.7) else y
        z = x if self.chance(0.5) else L.ReLU(4.0)(L.Conv2D(4, 1)(x))
        self.rows += ["Concatenate"]
        return L.Concatenate()([y, z] if self.chance(0.5) else [z, y])

    def temporal(self, x, depthwise, kinds):
        size = int(self.rng.integers(2, 6))
        layer = Q.DepthwiseBufferTempConv(size, use_bias=self.chance(0.5)) if depthwise else \
            Q.BufferTempConv(self.of(3, 6, 9), size, use_bias=self.chance(0.5))
        self.settings["frames"] = 6
        return self.tail(layer(x), ("Depthwise" if depthwise else "") + "BufferTempConv", kinds)

    def dense(self, x, kinds, units=None):
        """`kinds` with Flatten and Reshape in front of the layer."""
        flat = int(np.prod(x.shape[1:]))
        before = [k for k in kinds if k in ("Flatten", "Reshape")]
        for kind in before:
            if kind == "Flatten":
                x = L.Flatten()(x)
            else:
                x = L.Reshape(self.of((flat,), (1, 1, flat)) if len(before) == 1 else (x.shape[2], x.shape[1], x.shape[3]))(x)
        if not before and len(x.shape) > 2:
            x = L.Flatten()(x)
            before = ["Flatten"]
        x = L.Dense(units or self.of(1, 5, 9, 16), use_bias=self.chance(0.6))(x)
        self.rows.append("+".join(before + ["Dense"] + [k for k in kinds if k == "ReLU"]))
        return self.relu()(x) if "ReLU" in kinds else x


# -------------------------------------------------------------------- whole models
def image(m, channels, idtype):
    shape = (int(m.rng.integers(5, 18)), int(m.rng.integers(5, 18)), channels)
    x = inputs = keras.Input(shape, dtype=idtype)
    if m.settings.pop("rescaled", False):
        scale = m.of(1 / 255., 1 / 127.5, 1 / 128., 1 / 64.)
        x = L.Rescaling(scale, offset=m.of(-1, -0.5) if scale > 1 / 200. and m.settings["dtype"] == "uint8" and m.chance(0.5) else 0)(x)
    return inputs, x


def ending(m, x):
    if len(x.shape) == 2 or m.chance(0.6):
        kinds = m.of(("Flatten",), ("Flatten", "ReLU"), ("Reshape",), ("Reshape", "ReLU"), ("Reshape", "Flatten"),
                     ("Reshape", "Flatten", "ReLU")) if len(x.shape) == 4 else m.of((), ("ReLU",))
        x = m.dense(x, kinds)
        if m.chance(0.5) or m.v1 and "ReLU" in kinds:
            x = m.dense(x, ())
    if m.chance(0.2):
        x = L.Softmax()(x)
    return x


V2_BLOCKS = (
    [("conv", k) for k in ((), ("ReLU",), ("MaxPool", "ReLU"), ("Activation",), ("MaxPool", "Activation"))] +
    [("depthwise", k) for k in ((), ("ReLU",), ("MaxPool", "ReLU"), ("Activation",), ("MaxPool", "Activation"))] +
    [("transpose", k) for k in ((), ("ReLU",), ("Activation",))] +
    [("depthwise_transpose", k) for k in ((), ("ReLU",), ("Activation",))] +
    [("add", None), ("add", None), ("concatenate", None), ("concatenate", None)])
V2_TEMPORAL = [(d, k) for d in (False, True) for k in ((), ("ReLU",))]
V2_FIRST = [("ReLU",), ("MaxPool", "ReLU"), ("Activation",), ("MaxPool", "Activation")]
V2_LAST = [("GAP",), ("ReLU", "GAP"), ("Activation", "GAP")]
V1_BLOCKS = [(b, k) for b in ("conv", "separable") for k in (("ReLU",), ("ReLU",), ("MaxPool", "ReLU"))]
V1_LAST = [(b, k) for b in ("conv", "separable") for k in ((), ("GAP",), ("GAP", "ReLU"))]


def model_v2(m, number):
    """One row after another has its turn (`number`), with others around it at random."""
    s = m.settings
    s["dtype"] = m.of("uint8", "uint8", "int8", "int16") if m.chance(0.9) else "int8"
    idtype = m.of(None, None, s["dtype"])
    channels = m.of(1, 3, 3, 1, 2, 4, 5, 16, 33)
    s["rescaled"] = idtype is not None or m.chance(0.3)
    images = s["dtype"] == "uint8" and channels in (1, 3)
    if not images and s["dtype"] == "uint8" and m.chance(0.95):
        s["dtype"] = "int8"
        idtype = idtype and "int8"
    inputs, x = image(m, channels, idtype)
    if images:
        x = m.conv(x, V2_FIRST[number % len(V2_FIRST)], first=True)
    elif m.chance(0.5):
        x = m.conv(x, m.of((), ("ReLU",), ("Activation",)))
    turns = [V2_BLOCKS[number % len(V2_BLOCKS)]] + [m.of(*V2_BLOCKS) for _ in range(int(m.rng.integers(0, 2)))]
    if number % 8 == 7 and idtype is None:
        depthwise, kinds = V2_TEMPORAL[number // 8 % len(V2_TEMPORAL)]
        x = m.temporal(x, depthwise, kinds)
    for name, kinds in turns:
        if "transpose" in name and max(x.shape[1:3]) > 12:
            x = m.conv(x, ("MaxPool", "ReLU")) if not m.small(x) else x
        x = getattr(m, name)(x) if kinds is None else getattr(m, name)(x, kinds)
    if number % 3 == 0:
        x = m.conv(x, V2_LAST[number // 3 % len(V2_LAST)])
    return keras.Model(inputs, ending(m, x))


def dense_only(m, number):
    m.settings["dtype"] = "int8"
    x = inputs = keras.Input((m.of(1, 5, 20, 33),) if m.chance(0.6) else (1, 1, m.of(4, 17)))
    for _ in range(int(m.rng.integers(1, 4))):
        x = m.dense(x, m.of((), ("ReLU",)))
    return keras.Model(inputs, L.Dense(m.of(1, 3))(x))


def recurrent(m, number, pico=False):
    """Rows of StatefulRecurrent on 16-bit inputs, with a PicoPostProcessing of the input's size behind them."""
    steps, channels = m.of(4, 8, 16), m.of(1, 2, 5)
    m.settings.update(dtype="int16", frames=5, ns=2, weights=False)
    x = inputs = keras.Input((steps, channels), batch_size=1, dtype="int16")
    x = L.Rescaling(1 / 32768.)(x)
    for n in range(int(m.rng.integers(1, 3))):
        size = m.of(3, 8)
        x = Q.StatefulProjection(size, use_bias=False)(x)
        layer = Q.StatefulRecurrent()
        x = layer(x)
        radius, angle = m.rng.uniform(0.55, 0.97, size), m.rng.uniform(0.1, 0.8, size)
        layer.set_weights([(radius * np.cos(angle)).astype("f4"), (radius * np.sin(angle)).astype("f4")])
        x = Q.ExtractToken(token=0, axis=-1)(x)
        last = pico and n
        units = channels if pico else m.of(1, 4, 6)
        x = Q.StatefulProjection(units, use_bias=m.chance(0.5), subsample=1 if pico else m.of(1, 2))(x)
        relu = m.chance(0.5) and not last
        m.rows.append("StatefulProjection+StatefulRecurrent+ExtractToken+StatefulProjection" + ("+ReLU" if relu else ""))
        x = L.ReLU()(x) if relu else x
        if pico:
            break
    if pico:
        x = Q.PicoPostProcessing(threshold=int(m.of(100, 3000, 20000)))(x, inputs)
        m.rows.append("PicoPostProcessing")
    return keras.Model(inputs, x)


def model_v1(m, number):
    s = m.settings
    s["dtype"] = "uint8"
    channels = m.of(1, 3, 3, 1, 4, 2, 9)
    events = channels not in (1, 3)
    s["rescaled"] = m.chance(0.4) or events
    if events:  # declared signed, yet Akida 1.0 takes unsigned events
        s.update(dtype="int8", low=0, high=15)
    inputs, x = image(m, channels, "int8" if events else None)
    x = m.conv(x, m.of(("ReLU",), ("MaxPool", "ReLU")) if channels in (1, 3) else ("ReLU",), first=channels in (1, 3))
    for name, kinds in [V1_BLOCKS[number % len(V1_BLOCKS)]][:int(m.rng.integers(0, 3)) + 1]:
        x = getattr(m, name)(x, kinds)
    if number % 2:
        name, kinds = V1_LAST[number // 2 % len(V1_LAST)]
        x = getattr(m, name)(x, kinds)
        if kinds in ((), ("GAP",)):
            return keras.Model(inputs, x)
    return keras.Model(inputs, ending(m, x))


def draw(m, number):
    if m.v1:
        return model_v1(m, number)
    if number % 12 == 10:
        return dense_only(m, number)
    if number % 12 in (5, 11):
        return recurrent(m, number, number % 24 == 11)
    return model_v2(m, number)


def bits_of(m):
    if m.v1 and "high" in m.settings:  # the first layer is no image's
        return m.of((4, 4, 4), (4, 4, 2), (2, 2, 4), (4, 4, 1))
    if m.v1:
        return m.of((8, 4, 4), (8, 4, 4), (4, 4, 4), (8, 2, 2), (8, 4, 1), (8, 2, 4), (4, 2, 2))
    return m.of((8, 8, 8), (8, 8, 8), (8, 4, 4), (4, 4, 4), (8, 4, 8), (4, 8, 8), (8, 8, 4))


def make(c, number):
    m = Model(c.rng, options.version == "v1")
    model = draw(m, number)
    s = m.settings
    real = not m.v1 and model.input.dtype == tf.float32 and not any(isinstance(x, L.Rescaling) for x in model.layers[:2]) and \
        s["dtype"] != "int16"
    ours, pico = s.pop("frames", 0), "PicoPostProcessing" in m.rows
    cases_qml.qml_case(c, lambda: model, options.version, bits_of(m), True if m.v1 else m.chance(0.3), s.pop("dtype"), ns=s.pop("ns", 8),
                       frames=ours, real=real and not ours, summary=" ".join(m.rows), outputs=not pico, **s)
    if pico and "expected_error" not in c.doc:
        add_outputs(c, model.input_shape[1:])
    return m.rows


def add_outputs(c, shape):
    """Of Keras only: the runtime's process ends at shifts below -31."""
    from cnn2snn import load_quantized_model
    x = np.stack([c.rng.integers(-32768, 32768, shape) // 2 ** int(c.rng.integers(0, 12)) for _ in range(6)]).astype("int16")
    model = load_quantized_model(c.path("model.h5"))
    c.save_npy(x, "input.npy", "input")
    c.save_npy(np.concatenate([compiled(model, x[i:i + 1]) for i in range(len(x))]), "keras_output.npy", "output of Keras")


def main():
    counts = collections.Counter()
    right = wrong = refused = 0
    for number in range(options.count):
        c = Case(options.out, "qml_convert_" + options.version, "drawn_%d_%03d" % (options.seed, number))
        shutil.rmtree(c.dir, ignore_errors=True)
        c.dir.mkdir(parents=True)
        keras.backend.clear_session()
        start = time.time()
        try:
            rows = make(c, number)
            c.write()
        except Exception as e:  # noqa: BLE001  (a model that the reference doesn't build or quantize)
            print("left   %s %s: %s" % (c.name, type(e).__name__, " ".join(str(e).split())[-160:]), flush=True)
            shutil.rmtree(c.dir)
            continue
        good, said = judge.judge(c.dir)
        both = said.startswith("refused by")
        right, wrong, refused = right + good, wrong + (not good), refused + both
        if good and not both:
            counts.update(set(rows))
        text = json.loads((c.dir / "case.json").read_text())["summary"]
        print("%s  %s %s: %s (%.0f s)" % ("right" if good else "WRONG", c.name, text[-90:], said, time.time() - start), flush=True)
    for row, n in sorted(counts.items()):
        print("%4d %s" % (n, row))
    print("%d right (%d of them refused by both), %d wrong" % (right, refused, wrong))
    return 1 if wrong or not right else 0


if __name__ == "__main__":
    sys.exit(main())
