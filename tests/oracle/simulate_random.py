#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random layers of Akida 1.0 and 2.0, and chains of them, with extreme and with lively values, run by the akida package and by
`cnn2snn run`: all bits must be the same. To be run with the reference's own Python (it needs akida and numpy).

simulate_random.py CLI [SEED [ROUNDS [FOLDER]]]    FOLDER keeps the models that differ, with their inputs
"""
import collections
import os
import shutil
import subprocess
import sys
import tempfile

import akida
import numpy as np

VERBOSE = "VERBOSE" in os.environ
POOL, PADDING, ACTIVATION = akida.PoolType, akida.Padding, akida.ActivationType
RANGES = {"output_shift": (-14, 3), "bias_shift": (0, 12), "max_value_shift": (0, 16), "activation_shift": (-12, 2),
          "output_scales": (0, 256), "activation_scales": (0, 256), "max_value": (0, 256), "padding_value": (0, 256),
          "lut_values": (-1000, 1000), "a_shift": (0, 4), "b_shift": (0, 4)}


def pick(rng, *values):
    return values[rng.integers(0, len(values))]


def kind_of(layer):
    return layer.to_dict()["parameters"]["layer_type"]


def tails(rng):
    """What all layers of Akida 2.0 with weights have."""
    return dict(buffer_bits=int(rng.integers(12, 33)), post_op_buffer_bits=int(rng.integers(16, 33)), weights_bits=8,
                output_bits=pick(rng, 1, 2, 4, 5, 8, 8, 8, 12, 16, 24, 32),
                activation=pick(rng, ACTIVATION.NoActivation, ACTIVATION.ReLU, ACTIVATION.LUT))


def single_layers(rng):
    """Lists of layers: an input and one more, of Akida 2.0 with fixed shapes."""
    bits, common = pick(rng, 4, 8), dict(tails(rng), name="l")

    def events(*shape):
        return akida.InputData(shape, bits, name="in")

    yield [events(7, 6, 5), akida.Conv2D(9, 3, **common)]
    yield [events(7, 6, 20), akida.Conv2D(33, 1, **common)]
    yield [events(7, 6, 5), akida.Conv2D(9, 3, kernel_stride=2, padding=PADDING.SameUpper, **common)]
    yield [events(8, 6, 5), akida.Conv2D(9, 3, pool_type=POOL.Max, pool_size=2, pool_stride=2, **common)]
    yield [events(8, 6, 5), akida.Conv2D(9, 3, pool_type=POOL.Average, **common)]
    yield [events(7, 6, 5), akida.DepthwiseConv2D(3, **common)]
    yield [events(5, 6, 5), akida.Conv2DTranspose(9, 3, **common)]
    yield [events(5, 6, 5), akida.DepthwiseConv2DTranspose(4, **common)]
    yield [events(5, 6, 5), akida.BufferTempConv(9, 4, **common)]
    yield [events(5, 6, 5), akida.DepthwiseBufferTempConv(4, **common)]
    yield [events(3, 2, 9), akida.Dense1D(11, **common)]
    yield [akida.InputConv2D((9, 8, 3), 10, 3, **common)]


# ------------------------------------------------------------------------------------------------------------ random layers

def pair(rng, low, high):
    return int(rng.integers(low, high + 1)), int(rng.integers(low, high + 1))


def pools_v1(rng):
    if rng.integers(0, 2):
        return dict(pool_type=pick(rng, POOL.NoPooling, POOL.NoPooling, POOL.Average))
    size = pair(rng, 1, 3)
    return dict(pool_type=POOL.Max, pool_size=size, pool_stride=tuple(int(rng.integers(1, s + 1)) for s in size))


def window_v1(rng, kernel):
    return dict(padding=pick(rng, PADDING.Same, PADDING.Valid), kernel_stride=tuple(int(rng.integers(1, min(k, 3) + 1)) for k in kernel),
                **pools_v1(rng))


def layer_v1(rng, name, first):
    odd = int(rng.integers(0, 4) * 2 + 1), int(rng.integers(0, 4) * 2 + 1)
    kernel, filters = pick(rng, pair(rng, 1, 7) if first else odd, (1, 1), (3, 3), (3, 3)), pick(rng, 1, 2, 3, 8, 15, 16, 17, 33, 64, 70)
    tail = dict(name=name, weights_bits=pick(rng, 1, 2, 4), activation=bool(rng.integers(0, 4)), act_bits=pick(rng, 1, 2, 4))
    kind = rng.integers(0, 5)
    if first:
        tail["weights_bits"] = pick(rng, 1, 2, 4, 8, 8)
        shape = (*pair(rng, 1, 14), pick(rng, 1, 3))
        return akida.InputConvolutional(shape, kernel, filters, padding_value=int(rng.integers(0, 256)), **window_v1(rng, kernel), **tail)
    if kind == 0:
        return akida.FullyConnected(filters, **tail)
    if kind < 3:
        return akida.Convolutional(kernel, filters, **window_v1(rng, kernel), **tail)
    return akida.SeparableConvolutional(kernel, filters, **window_v1(rng, kernel), **tail)


def pools_v2(rng):
    kind, size = pick(rng, POOL.NoPooling, POOL.NoPooling, POOL.Max, POOL.Average), int(rng.integers(2, 4))
    return dict(pool_type=kind, **(dict(pool_size=size, pool_stride=int(rng.integers(1, size + 1))) if kind == POOL.Max else {}))


def window_v2(rng, kernel):
    stride = pick(rng, 1, 1, 2) if kernel in (1, 3) else 1
    padding, pools = pick(rng, PADDING.Same, PADDING.Valid, *[PADDING.SameUpper] * (stride - 1)), pools_v2(rng)
    if padding == PADDING.SameUpper and pools["pool_type"] == POOL.Max and pools["pool_size"] % 2 == 0:
        pools = {}  # akida pools rows of another length than those it computed: docs/differences.md
    return dict(kernel_stride=stride, padding=padding, **pools)


def layer_v2(rng, name, first):
    kernel, filters, tail = pick(rng, 1, 3, 3, 5, 7), pick(rng, 1, 2, 5, 8, 16, 17, 33, 64, 70), dict(tails(rng), name=name)
    if rng.integers(0, 4):
        tail.update(buffer_bits=28, post_op_buffer_bits=32)
    tail["output_bits"] = pick(rng, 8, 8, 8, 8, tail["output_bits"])
    if first:
        window, kernel = window_v2(rng, 3), int(rng.integers(1, 8))
        if window["padding"] == PADDING.SameUpper:
            kernel |= 1  # even ones: docs/differences.md
        if window["padding"] != PADDING.SameUpper:
            window["kernel_stride"] = int(rng.integers(1, 4))
        return akida.InputConv2D((*pair(rng, 3, 14), pick(rng, 1, 3)), filters, kernel, **window, **tail)
    kind, size = rng.integers(0, 12), int(rng.integers(1, 6))
    if kind < 4:
        return akida.Conv2D(filters, kernel, **window_v2(rng, kernel), **tail)
    if kind < 7:
        return akida.DepthwiseConv2D(kernel, **window_v2(rng, kernel), **tail)
    if kind < 9:
        return akida.Dense1D(filters, **tail) if kind == 7 else akida.Conv2DTranspose(filters, size, **tail)
    return (akida.DepthwiseConv2DTranspose(size, **tail) if kind == 9 else akida.BufferTempConv(filters, size + 1, **tail) if kind == 10
            else akida.DepthwiseBufferTempConv(size + 1, **tail))


def join(rng, name, model):
    """An Add or Concatenate of the last layer and another: (layer, inbounds), or None if there is none of its shape."""
    last = model.layers[-1]
    axes, kind = pick(rng, (3, "add"), (2, "concatenate"))
    others = [layer for layer in model.layers[:-1] if list(layer.output_dims)[:axes] == list(last.output_dims)[:axes]]
    if not others:
        return None
    inbounds = [last, pick(rng, *others)]
    rng.shuffle(inbounds)
    return (akida.Add(output_bits=pick(rng, 4, 8, 8, 16), name=name) if kind == "add" else akida.Concatenate(name=name)), inbounds


# ------------------------------------------------------------------------------------------------------------------- values

def set_values(layer, values):
    for name in layer.get_variable_names():
        if name in values:
            old = layer.get_variable(name)
            layer.set_variable(name, np.broadcast_to(values[name], old.shape).astype(old.dtype))


def fill_extreme(layer, rng):
    for name in layer.get_variable_names():
        shape = layer.get_variable(name).shape
        if name in ("weights", "bias"):
            new = rng.choice([-128, 127, 0, 5, -77, 100], shape)
        elif name == "input_shift":
            new = rng.integers(0, rng.integers(1, 20), shape)
        else:
            new = rng.integers(*RANGES[name], shape)
        set_values(layer, {name: new})


def sums_of(layer, most_input):
    """About how large the layer's sums are."""
    taps = layer.get_variable("weights").size / (1 if kind_of(layer) == "SeparableConvolutional" else layer.output_dims[2])
    return np.sqrt(taps) * most_input * (1 << layer.to_dict()["parameters"].get("weights_bits", 8)) / 8


def fill_lively_v1(layer, rng, most_input):
    bits = layer.to_dict()["parameters"]["weights_bits"]
    for name in ("weights", "weights_pw"):
        if name in layer.get_variable_names():
            high = 1 if bits == 1 else (1 << (bits - 1)) - 1
            low = 0 if bits == 1 else -high - (bits == 8)
            set_values(layer, {name: rng.integers(low, high + 1, layer.get_variable(name).shape)})
    size = sums_of(layer, most_input)
    filters = layer.output_dims[2]
    set_values(layer, {"threshold": rng.normal(0, size / 2, filters).astype(int),
                       "act_step": np.maximum(size * 2.0 ** rng.uniform(-9, 1, filters), 1 / 16).astype("float32")})


def fill_lively_v2(layer, rng, most_input):
    fill_extreme(layer, rng)
    for name in ("input_shift", "a_shift", "b_shift"):
        set_values(layer, {name: 0 if rng.integers(0, 3) else rng.integers(0, 4, layer.output_dims[2] if name != "input_shift" else 1)})
    if "weights" not in layer.get_variable_names():
        return
    set_values(layer, {"weights": rng.integers(-128, 128, layer.get_variable("weights").shape)})
    parameters, filters = layer.to_dict()["parameters"], layer.output_dims[2]
    size, top = sums_of(layer, most_input), 1 << (parameters["output_bits"] - 1)
    scales = rng.integers(20, 256, filters)
    if parameters.get("activation") == 2:
        set_values(layer, {"activation_scales": scales, "lut_values": rng.integers(-127, 128, 2048),
                           "activation_shift": np.clip(np.round(np.log2(700 / (size * scales))), -31, 31)})
        size = 128
    set_values(layer, {"output_scales": scales, "bias_shift": rng.integers(0, 8, filters), "max_value": rng.integers(1, 256, filters),
                       "max_value_shift": rng.integers(max(int(np.log2(size)) - 8, 0), int(np.log2(size)) + 2, filters),
                       "output_shift": np.clip(np.round(np.log2(top / (size * scales)) + rng.integers(-2, 3, filters)), -31, 31)})


# ------------------------------------------------------------------------------------------------------------------- models

def input_of(rng, version):
    bits = pick(rng, 1, 2, 4) if version == 1 else pick(rng, 2, 4, 8, 8, 8)
    return akida.InputData((*pair(rng, 1, 12), pick(rng, 1, 2, 4, 5, 16, 20, 33, 64, 70)), bits, name="in")


def fill_lively(model, rng, version):
    """Of the last layer."""
    layer = model.layers[-1]
    before = model.layers[-2].to_dict()["parameters"] if len(model.layers) > 1 else {"act_bits": 8, "output_bits": 9}
    bits = before.get("act_bits", before.get("output_bits", before.get("input_bits", 8)))
    if version == 1:
        fill_lively_v1(layer, rng, 1 << bits)
    elif rng.integers(0, 8):
        fill_lively_v2(layer, rng, 1 << (bits - 1))
    else:
        fill_extreme(layer, rng)


def add_layer(model, rng, version):
    """False where akida refuses the layer."""
    name, count = "l%d" % len(model.layers), len(model.layers)
    try:
        joined = join(rng, name, model) if version == 2 and count > 2 and rng.integers(0, 3) == 0 else None
        layer, inbounds = joined or ((layer_v1 if version == 1 else layer_v2)(rng, name, not count), [])
        model.add(layer, inbounds)
    except (RuntimeError, ValueError) as e:
        if VERBOSE:
            print(str(e)[:150], len(model.layers) - count)
        return False
    return True


def random_chain(rng, version, length):
    """An input, where it isn't an image, and so many layers behind it, or fewer where akida refuses many."""
    model = akida.Model()
    if rng.integers(0, 3):
        model.add(input_of(rng, version))
        length += 1
    for _ in range(10 * length):
        if len(model.layers) == length or len(model.layers) and np.prod(model.layers[-1].output_dims) > 60000:
            break
        if add_layer(model, rng, version):
            fill_lively(model, rng, version)
        if version == 1 and len(model.layers) and not model.layers[-1].to_dict()["parameters"].get("activation", 1):
            break
    return model


def models(rng):
    for parts in single_layers(rng):
        model = akida.Model()
        for part in parts:
            model.add(part)
        fill_extreme(model.layers[-1], rng)
        yield model
    for _ in range(12):
        yield random_chain(rng, 1, 1)
    for _ in range(4):
        yield random_chain(rng, 2, 1)
    for version in (1, 2):
        for _ in range(4):
            yield random_chain(rng, version, int(rng.integers(2, 7)))


# ------------------------------------------------------------------------------------------------------------------ judging

def samples_for(model, rng):
    first = model.layers[0].to_dict()["parameters"]
    signed = first.get("input_signed")
    top = 1 << first.get("input_bits", 8)
    shape = (3, *model.input_shape)
    x = rng.integers(-top // 2 if signed else 0, top // 2 if signed else top, shape)
    if rng.integers(0, 3) == 0:
        x = rng.choice([x.min(), x.max()], shape)
    return x.astype("int8" if signed else "uint8")


def run(cli, files, *options):
    r = subprocess.run([cli, "run", "-q", "-m", files[0], "-i", files[1], "-o", files[2], *options], capture_output=True, text=True)
    return None if r.returncode else np.load(files[2]), r.stderr.strip()


def same(got, want):
    return got is not None and got.dtype == want.dtype and got.shape == want.shape and got.tobytes() == want.tobytes()


def judge(cli, model, rng, files):
    """Empty, or what is wrong; and whether outputs are of many values."""
    x = samples_for(model, rng)
    model.save(files[0])
    np.save(files[1], x)
    want = model.forward(x)
    got, text = run(cli, files)
    if not same(got, want):
        return text or "other numbers", False
    last = model.layers[-1].to_dict()["parameters"]
    if "act_bits" in last and not last["activation"]:
        got, text = run(cli, files, "--predict")
        if not same(got, model.predict(x)):
            return "predict: " + (text or "other numbers"), False
    return "", len(np.unique(want)) > 4 or "act_bits" in last and len(np.unique(want)) > 1


DULL, LIVELY, WRONG, CRASHED = range(4)


def judge_apart(cli, model, rng, files):
    """akida's loops read outside of their memory for some models: these end a process of their own."""
    pid = os.fork()
    if pid == 0:
        wrong, is_lively = judge(cli, model, rng, files)
        if wrong:
            print([layer.to_dict()["parameters"] for layer in model.layers], wrong, flush=True)
        os._exit(WRONG if wrong else LIVELY if is_lively else DULL)
    status = os.waitpid(pid, 0)[1]
    return CRASHED if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def main():
    cli, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[3]) if len(sys.argv) > 3 else 20
    rng = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    kept = sys.argv[4] if len(sys.argv) > 4 else None
    results, kinds = collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        files = [os.path.join(folder, n) for n in ("m.fbz", "x.npy", "y.npy")]
        for _ in range(rounds):
            for model in models(rng):
                if not len(model.layers):
                    continue
                result = judge_apart(cli, model, rng.spawn(1)[0], files)
                results[result] += 1
                kinds.update(kind_of(layer) for layer in model.layers)
                for path in files[:2] if kept and result == WRONG else []:
                    shutil.copy(path, os.path.join(kept, "%d_%s" % (sum(results.values()), os.path.basename(path))))
    print(", ".join("%s %d" % item for item in sorted(kinds.items())))
    print("%d models, %d with lively outputs, %d not judged as akida crashes, %d differ" %
          (sum(results.values()), results[LIVELY], results[CRASHED], results[WRONG]))
    return 1 if results[WRONG] else 0


sys.exit(main())
