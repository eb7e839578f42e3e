#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Layers of Akida 2.0 with random widths, shifts and extreme values, run by the akida package and by `cnn2snn run`: all bits
must be the same. To be run with the reference's own Python (it needs akida and numpy).

simulate_random.py CLI [SEED [ROUNDS]]
"""
import os
import subprocess
import sys
import tempfile

import akida
import numpy as np

POOL, PADDING, ACTIVATION = akida.PoolType, akida.Padding, akida.ActivationType
RANGES = {"output_shift": (-14, 3), "bias_shift": (0, 12), "max_value_shift": (0, 16), "activation_shift": (-12, 2),
          "output_scales": (0, 256), "activation_scales": (0, 256), "max_value": (0, 256), "padding_value": (0, 256),
          "lut_values": (-1000, 1000)}


def layers(rng):
    """Lists of layers: an input and one more."""
    common = dict(buffer_bits=int(rng.integers(12, 33)), post_op_buffer_bits=int(rng.integers(16, 33)), weights_bits=8, name="l",
                  output_bits=int(rng.choice([1, 2, 4, 5, 8, 8, 8, 12, 16, 24, 32])),
                  activation=[ACTIVATION.NoActivation, ACTIVATION.ReLU, ACTIVATION.LUT][rng.integers(0, 3)])
    bits = int(rng.choice([4, 8]))

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


def fill(layer, rng):
    for name in layer.get_variable_names():
        old = layer.get_variable(name)
        if name in ("weights", "bias"):
            new = rng.choice([-128, 127, 0, 5, -77, 100], old.shape)
        elif name == "input_shift":
            new = rng.integers(0, rng.integers(1, 20), old.shape)
        else:
            new = rng.integers(*RANGES[name], old.shape)
        layer.set_variable(name, new.astype(old.dtype))


def main():
    cli, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[3]) if len(sys.argv) > 3 else 20
    rng = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    count = bad = 0
    with tempfile.TemporaryDirectory() as folder:
        path, x_path, y_path = (os.path.join(folder, n) for n in ("m.fbz", "x.npy", "y.npy"))
        for _ in range(rounds):
            for parts in layers(rng):
                model = akida.Model()
                for part in parts:
                    model.add(part)
                fill(model.layers[-1], rng)
                first = model.layers[0].to_dict()["parameters"]
                signed = bool(first.get("input_signed"))
                top = 1 << first.get("input_bits", 8)
                x = rng.integers(-top // 2 if signed else 0, top // 2 if signed else top, (3, *model.input_shape))
                x = x.astype("int8" if signed else "uint8")
                want = model.forward(x)
                model.save(path)
                np.save(x_path, x)
                r = subprocess.run([cli, "run", "-q", "-m", path, "-i", x_path, "-o", y_path], capture_output=True, text=True)
                got = None if r.returncode else np.load(y_path)
                count += 1
                if got is None or got.dtype != want.dtype or got.shape != want.shape or got.tobytes() != want.tobytes():
                    bad += 1
                    print(model.layers[-1].to_dict()["parameters"], r.stderr.strip() or "other numbers")
    print("%d layers, %d differ" % (count, bad))
    return 1 if bad else 0


sys.exit(main())
