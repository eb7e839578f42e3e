#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random float models of our own: the reference's check_model_compatibility and `cnn2snn check` must say the same.

  <oracle venv>/bin/python check_random.py --shared ../shared --cli CNN2SNN [--seed N] [--count N] [--keep DIR] [--dump DUMP_QUANTIZED]

Yes and no must be equal, and a layer that the reference's message names must be among those with faults. With --keep the
models of cases that differ stay in DIR. With --dump (the program dump_quantized of this folder's meson.build) the quantized
models are compared, too: names, classes, connections, output quantizers, bits and shapes of weights. Not a part of `meson test`: it needs the toolkit.
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--shared", default="../shared")
ap.add_argument("--cli", required=True)
ap.add_argument("--seed", type=int, default=1)
ap.add_argument("--count", type=int, default=60)
ap.add_argument("--keep")
ap.add_argument("--dump")
ap.add_argument("-v", action="store_true")
options = ap.parse_args()
sys.path.insert(0, str(Path(options.shared).resolve() / "oracle"))

import numpy as np  # noqa: E402
from oracle_common import L, keras, randomize  # noqa: E402
import cnn2snn  # noqa: E402
import quantizeml  # noqa: E402
from cnn2snn import AkidaVersion, set_akida_version  # noqa: E402
from quantizeml import layers as Q  # noqa: E402


class Chooser:
    def __init__(self, rng):
        self.rng = rng

    def of(self, *values):
        return values[int(self.rng.integers(len(values)))]

    def chance(self, p):
        return float(self.rng.uniform()) < p


# ------------------------------------------------------------------ pieces of models: functions of a tensor
def relu(r, v1):
    return r.of(L.ReLU(6.0), L.ReLU(6.0), L.ReLU(2.5), L.ReLU(6.0) if v1 and r.chance(0.9) else L.ReLU(),
                L.ReLU(6.0) if r.chance(0.8) else r.of(L.Activation("relu"), L.Activation("swish"), L.LeakyReLU(0.1),
                                                       L.ReLU(6.0, negative_slope=0.1), L.Activation("relu6"),
                                                       L.PReLU(shared_axes=[1, 2]), Q.Activation("gelu"), L.Activation("tanh")))


def conv(r, v1, wild):
    filters = r.of(4, 6, 8, 3, 16)
    kernel = r.of(3, 3, 3, 1, 5, 7) if r.chance(1 - wild) else r.of(2, 4, 6, (3, 1), (2, 3), 8)
    strides = r.of(1, 1, 1, 2) if r.chance(1 - wild) else r.of(2, 3, (1, 2))
    if not wild and strides == 2:
        kernel = r.of(1, 3)
    keys = dict(padding=r.of("same", "same", "same", "valid") if wild else "same", use_bias=r.chance(0.6))
    if r.chance(0.15 * wild):
        keys.update(dilation_rate=2)
        strides = 1
    elif r.chance(0.1 * wild):
        keys.update(groups=2)
    if r.chance(0.15 if wild else 0.05):
        keys.update(activation=r.of("relu", "relu", "swish", "sigmoid", "gelu"))
    return L.Conv2D(filters, kernel, strides=strides, **keys)


def middle(r, v1, wild):
    k = r.of(3, 3, 3, 5, 7) if r.chance(1 - wild / 2) else r.of(2, 4, 6, 1)
    s = r.of(1, 1, 2) if wild or k == 3 else 1
    keys = dict(padding=r.of("same", "same", "same", "valid") if wild else "same", use_bias=r.chance(0.6), strides=s)
    if v1 and r.chance(0.8):
        return r.of(conv(r, v1, wild), L.SeparableConv2D(r.of(4, 8, 12), k, **keys))
    return r.of(conv(r, v1, wild), conv(r, v1, wild), L.DepthwiseConv2D(k, **keys), L.DepthwiseConv2D(k, **keys),
                L.Conv2DTranspose(r.of(4, 6), r.of(3, 4, 2) if wild else r.of(3, 4), strides=r.of(2, 2, 1) if wild else 2,
                                   padding="same"),
                L.SeparableConv2D(6, k, **keys) if r.chance(wild) else conv(r, v1, wild))


def batchnorm(r, wild):
    return L.BatchNormalization(scale=not r.chance(0.2 * wild), center=not r.chance(0.1 * wild), epsilon=r.of(1e-3, 1e-5))


def pool(r, wild, x):
    if min(d or 1 for d in x.shape[1:3]) < 4:
        return x
    size = r.of(2, 2, 3)
    strides = r.of(None, 2, 1) if r.chance(1 - wild) else r.of(3, 4)
    return (L.MaxPooling2D(size, strides=strides, padding=r.of("same", "same", "valid") if wild else "same") if r.chance(1 - wild / 3) else
            L.AveragePooling2D())(x)


def block(r, v1, wild, x, first=False):
    if len(x.shape) == 4 and min(x.shape[1:3]) >= 4 and r.chance(0.1):
        p = r.of(1, 1, (2, 1), ((0, 1), (0, 1)))
        x = L.ZeroPadding2D(p)(x)
        x = L.Conv2D(6, r.of(3, 3, 5), strides=r.of(1, 2), padding="valid")(x)
    else:
        x = (conv if first else middle)(r, v1, wild)(x)
    order = r.of("bpa", "bap", "pba", "ba", "ba", "a", "ab", "p", "abp") if wild else r.of("bpa", "bap", "pba", "ba", "ba", "a")
    for step in order:
        x = {"b": lambda x: batchnorm(r, wild)(x), "a": lambda x: relu(r, v1)(x), "p": lambda x: pool(r, wild, x)}[step](x)
    return x


def branches(r, v1, wild, x):
    a = block(r, v1, 0, x)
    b = r.of(lambda: x, lambda: L.Conv2D(a.shape[-1], 1)(x), lambda: block(r, v1, 0, x))()
    if a.shape[1:3] == b.shape[1:3] and (a.shape[-1] == b.shape[-1]) and r.chance(0.6):
        y = L.Add()([a, b])
    elif a.shape[1:3] == b.shape[1:3]:
        y = L.Concatenate()([a, b] + ([x] if x.shape[1:3] == a.shape[1:3] and r.chance(0.3) else []))
    else:
        return a
    if r.chance(0.5):
        y = relu(r, v1)(y)
    return y


def build(r, v1, wild):
    channels = r.of(1, 3, 3, 3, 4, 2)
    size = r.of((16, 16), (12, 10), (15, 15), (9, 11), (32, 32))
    idtype = r.of("uint8", "int8") if r.chance(0.15) else None
    i = keras.Input((*size, channels), dtype=idtype) if idtype else keras.Input((*size, channels))
    x = i
    if idtype or r.chance(0.35):
        x = r.of(L.Rescaling(1 / 255), L.Rescaling(1 / 127.5, offset=-1.0), L.Rescaling(2.0),
                 L.Rescaling(list(np.linspace(0.5, 1, channels)), offset=list(np.linspace(-1, 0, channels))))(x)
    if r.chance(0.02 + 0.15 * wild):
        x = r.of(L.MaxPooling2D(2), L.DepthwiseConv2D(3, padding="same"), L.Conv2DTranspose(4, 3, strides=2, padding="same"))(x)
    x = block(r, v1, wild, x, first=True)
    for _ in range(int(r.rng.integers(0, 4))):
        if min(x.shape[1:3]) < 3:
            break
        what = r.rng.uniform()
        if what < 0.2 and not (v1 and r.chance(0.7)):
            x = branches(r, v1, wild, x)
        elif what < 0.2 + 0.12 * wild:
            x = r.of(L.UpSampling2D(), L.Permute((2, 1, 3)), L.Dropout(0.2), L.SpatialDropout2D(0.2), L.Softmax(),
                     L.Activation("sigmoid"), L.LayerNormalization() if False else L.Dropout(0.1))(x)
        else:
            x = block(r, v1, wild, x)
    end = r.rng.uniform()
    if end < 0.35:
        if v1 and r.chance(0.7):
            x = L.ReLU(6.0)(L.GlobalAveragePooling2D()(L.Conv2D(8, 3, padding="same")(x)))
        else:
            x = L.GlobalAveragePooling2D(keepdims=r.chance(0.2))(x)
        if len(x.shape) == 4:
            x = L.Flatten()(x)
    elif end < 0.8:
        x = r.of(L.Flatten(), L.Flatten(), L.Flatten() if v1 else L.Reshape((-1,)), L.Reshape((1, 1, int(np.prod(x.shape[1:])))))(x)
        if r.chance(0.2):
            x = (L.Flatten() if v1 else L.Reshape((-1,)))(x)
    if end < 0.8:
        if r.chance(0.4):
            x = L.Dense(r.of(6, 16))(x)
            if r.chance(0.4):
                x = batchnorm(r, wild)(x)
            x = relu(r, v1)(x)
        if r.chance(0.2):
            x = L.Dropout(0.3)(x)
        x = L.Dense(r.of(1, 4, 10), activation=r.of(None, None, "softmax"))(x)
    if r.chance(0.05 * wild):
        return keras.Model(i, [x, L.Conv2D(2, 1)(i) if not idtype else x])
    if r.chance(0.1):
        x = L.Softmax()(x) if len(x.shape) == 2 else x
    return keras.Model(i, x)


# ------------------------------------------------------------------ judging
def layers_named(message, model_names):
    text = message.split("only possible if")[-1] if "only possible if" in message else message
    found = [n for n in model_names if re.search(r"(?<![\w/])%s(?![\w])" % re.escape(n), text)]
    return found


def check(m, path, version, dtype):
    try:
        with set_akida_version(AkidaVersion.v1 if version == "v1" else AkidaVersion.v2), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cnn2snn.check_model_compatibility(m, input_dtype=dtype)
        reference = None
    except Exception as e:  # noqa: BLE001
        reference = f"{type(e).__name__}: {e}"
    r = subprocess.run([options.cli, "check", "-m", path, "--target", version, "--input-dtype", dtype, "--json"],
                       capture_output=True, text=True)
    return reference, json.loads(r.stdout) if r.stdout.startswith("{") else {"crash": r.stderr[-500:], "rc": r.returncode}


def inbounds(layer):
    layers = layer.inbound_nodes[0].inbound_layers if layer.inbound_nodes else []
    return [l.name for l in (layers if isinstance(layers, list) else [layers])]


def reference_rows(m, version, dtype):
    """The reference's quantized model in the form that dump_quantized prints; None where it has none."""
    bits = dict(activation_bits=4, weight_bits=4, input_weight_bits=4, per_tensor_activations=True) if version == "v1" else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            q = quantizeml.models.quantize(m, qparams=quantizeml.models.QuantizationParams(input_dtype=dtype, **bits), num_samples=1)
    except Exception:  # noqa: BLE001
        return None
    rows = []
    for layer in q.layers:
        out = getattr(layer, "out_quantizer", None)
        weight = getattr(layer, "weight_quantizer", None) or getattr(layer, "dw_weight_quantizer", None)
        own = [v for v in layer.weights if not re.search("quantizer|range_|rescaling_rate", v.name.split("/", 1)[-1])]
        rows.append((layer.name, type(layer).__name__, ",".join(inbounds(layer)),
                     f"{out.bitwidth} {'signed' if out.signed else 'unsigned'} {out.axis}" if out else "",
                     str(weight.bitwidth) if weight else "0",
                     " ".join("x".join(map(str, v.shape)) for v in own)))
    return rows


def same_architecture(m, path, version, dtype, number):
    """Prints what differs, the order of the layers included; None where the reference has no quantized model."""
    want = reference_rows(m, version, dtype)
    r = subprocess.run([options.dump, path, version, dtype], capture_output=True, text=True)
    got = [tuple(line.split("\t")) for line in r.stdout.splitlines()]
    if want is None:
        return None
    if want == got:
        return True
    print(f"ARCHITECTURE {options.seed}/{number} {version} {dtype}:",
          "order of layers" if sorted(want) == sorted(got) else "",
          "\n   reference " + str(sorted(set(want) - set(got))) + "\n   ours " + str(sorted(set(got) - set(want))))
    return False


def main():
    alike = {None: 0, True: 0, False: 0}
    bad = named = refused = made = 0
    for n in range(options.count):
        rng = np.random.default_rng([options.seed, n])
        r = Chooser(rng)
        version = r.of("v1", "v2", "v2")
        wild = r.of(0.0, 0.0, 0.3, 0.8)
        dtype = r.of("uint8", "uint8", "uint8", "int8") if version == "v1" else r.of("uint8", "uint8", "int8")
        keras.backend.clear_session()
        try:
            m = randomize(build(r, version == "v1", wild), rng)
        except (ValueError, TypeError, IndexError) as e:
            print(n, "not a model:", str(e)[:80])
            continue
        made += 1
        with tempfile.TemporaryDirectory() as t:
            path = str(Path(t) / "m.h5")
            m.save(path, include_optimizer=False)
            if options.dump:
                alike[same_architecture(m, path, version, dtype, n)] += 1
            reference, ours = check(m, path, version, dtype)
            if "crash" in ours or ours["compatible"] != (reference is None):
                bad += 1
                if options.keep:
                    Path(options.keep).mkdir(parents=True, exist_ok=True)
                    m.save(f"{options.keep}/{options.seed}_{n}_{version}_{dtype}.h5", include_optimizer=False)
                print(f"DIFFERENT {options.seed}/{n} {version} {dtype}: reference {reference and reference[:300]!r}\n   ours {ours}")
                continue
            if reference:
                refused += 1
                layers = [f["layer"] for f in ours["faults"]]
                names = [l.name for l in m.layers] + layers
                wanted = layers_named(reference, set(n for n in names if n))
                step = re.search(r"during (\w+)", reference).group(1)
                steps = {f["step"] for f in ours["faults"]}
                good = not wanted or bool(set(wanted) & set(layers))
                named += good
                if not good or step not in steps or options.v:
                    print(f"{'' if good else 'LAYER '}{'' if step in steps else 'STEP '}{options.seed}/{n} {version} {dtype}: "
                          f"{reference[:230]!r}\n   ours {[(f['step'][:3], f['rule'], f['layer'], f['message'][:90]) for f in ours['faults']]}")
    print(f"{made} models, {refused} refused by both, {named} of them with the reference's layer, {bad} different")
    if options.dump:
        print(f"{alike[True]} quantized models alike, {alike[False]} not, {alike[None]} not quantized by the reference")
    sys.exit(bool(bad or alike[False]))


main()
