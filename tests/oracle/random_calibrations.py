#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bias_correction and adaround of random models, here and in the reference toolkit.

  <oracle venv>/bin/python random_calibrations.py make OUT [--shared ../shared] [--seed N] [--count N]
  LIBCNN2SNN=.../libcnn2snn.so python3 random_calibrations.py check OUT [--threads N]

What is compared. SGD: each weight, by how far the reference moved the layer's weights. Adam and RMSprop make full-size steps
of gradients that are rounding noise, as all of the first ones are: half of the weights must agree, nine tenths roughly, and the
error that each layer is left with. The first gradient of MAE is nothing but signs of rounding noise: there only the sizes of
steps and errors are compared.
Not a part of `meson test`: it needs the toolkit.
"""
import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("action", choices=["make", "check"])
ap.add_argument("out")
ap.add_argument("--shared", default="../shared")
ap.add_argument("--seed", type=int, default=1)
ap.add_argument("--count", type=int, default=48)
ap.add_argument("--threads", type=int, default=2)
options = ap.parse_args()


# ------------------------------------------------------------------ with the toolkit
def make_model(r, number):
    import cnn2snn
    from oracle_common import L, keras, randomize
    of = lambda *v: v[int(r.integers(len(v)))]  # noqa: E731
    flat = number % 8 == 7
    x = inputs = keras.Input((of(6, 15),) if flat else (int(r.integers(6, 13)), int(r.integers(6, 13)), of(1, 2, 3)))
    for n in range(of(1, 2, 3)):
        if flat:
            x = L.Dense(of(5, 17), use_bias=of(True, False))(x)
        elif n and of(True, False):
            x = L.SeparableConv2D(of(4, 7), 3, strides=of(1, 2), padding=of("same", "valid") if min(x.shape[1:3]) > 4 else "same",
                                  use_bias=of(True, False))(x)
        else:
            x = L.Conv2D(of(3, 6, 17), of(1, 3), strides=of(1, 1, 2), padding="same", use_bias=of(True, False))(x)
        if not flat and min(x.shape[1:3]) > 3:
            x = of(lambda y: y, lambda y: L.MaxPooling2D(2, padding="same")(y))(x)
        x = L.ReLU(of(None, 3.0, 6.0))(x)
    if not flat:
        x = L.Flatten()(x)
    model = randomize(keras.Model(inputs, L.Dense(of(2, 5))(x)), r)
    return cnn2snn.quantize(model, *of((4, 4, 8), (2, 2, 4), (4, 2, 4), (3, 4, 3)))


def layer_errors(model, samples, act):
    import cnn2snn.quantization_layers as ql
    from cnn2snn.calibration import QuantizationSampler
    from oracle_common import keras
    sampler, errors = QuantizationSampler(model, samples), []
    for layer in model.layers:
        if isinstance(layer, (ql.QuantizedConv2D, ql.QuantizedDense, ql.QuantizedSeparableConv2D)):
            sampler.select_layer(layer, act)
            errors.append(float(sampler.quantization_error(keras.metrics.MeanSquaredError())))
    return errors


def make_case(folder, number, r):
    import contextlib
    import io
    from cnn2snn.calibration import adaround, bias_correction
    from oracle_common import keras
    of = lambda *v: v[int(r.integers(len(v)))]  # noqa: E731
    folder.mkdir(parents=True, exist_ok=True)
    model = make_model(r, number)
    shape = tuple(model.input_shape[1:])
    samples = r.uniform(-1, 1, (of(12, 23, 30),) + (shape if len(shape) == 3 else shape)).astype("float32")
    case = {"batch_size": of(None, 5, 8, len(samples))}
    model.save(folder / "model.h5", include_optimizer=False)
    np.save(folder / "samples.npy", samples)
    with contextlib.redirect_stdout(io.StringIO()):
        if len(shape) == 3 and number % 6 == 5:
            case["method"] = "bias_correction"
            result = bias_correction(model, samples, case["batch_size"])
        else:
            case.update(method="adaround", optimizer=("sgd", "adam", "rmsprop")[number % 3], epochs=of(1, 3, 6),
                        learning_rate=of(0.01, 0.05), loss=("mse", "mse", "huber", "mae")[number // 3 % 4],
                        include_activation=bool(number % 2), momentum=of(0.0, 0.9))
            if case["optimizer"] == "sgd":
                case["learning_rate"] = of(0.5, 5.0)
            make = {"sgd": lambda: keras.optimizers.SGD(case["learning_rate"], momentum=case["momentum"]),
                    "adam": lambda: keras.optimizers.Adam(case["learning_rate"]),
                    "rmsprop": lambda: keras.optimizers.RMSprop(case["learning_rate"])}
            loss = {"mse": keras.losses.MeanSquaredError(), "mae": keras.losses.MeanAbsoluteError(),
                    "huber": keras.losses.Huber(0.2)}[case["loss"]]
            if len(shape) == 1:  # the reference's sampler takes images only
                case["expected"] = "refused by the reference"
                result = model
            else:
                result = adaround(model, samples, make[case["optimizer"]](), case["epochs"], loss, case["batch_size"],
                                  case["include_activation"])
                case["errors"] = layer_errors(result, samples, case["include_activation"])
    result.save(folder / "expected.h5", include_optimizer=False)
    (folder / "case.json").write_text(json.dumps(case))


def make():
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.path.insert(0, str(Path(options.shared).resolve() / "oracle"))
    from oracle_common import keras
    for number in range(options.count):
        keras.backend.clear_session()
        make_case(Path(options.out, "%03d" % number), number, np.random.default_rng([options.seed, number]))
    print("%d cases" % options.count)


# ------------------------------------------------------------------ with the library
def run(c2s, model, samples, case):
    if case["method"] == "bias_correction":
        return model.bias_correction(samples, batch_size=case["batch_size"])
    optimizer = c2s.Optimizer(case["optimizer"], case["learning_rate"],
                              momentum=case["momentum"] if case["optimizer"] == "sgd" else 0.0)
    loss = c2s.Loss(case["loss"], delta=0.2)
    return model.adaround(samples, optimizer=optimizer, epochs=case["epochs"], loss=loss, batch_size=case["batch_size"],
                          include_activation=case["include_activation"])


def layer_faults(layer, before, found, expected, case):
    """before, found, expected: arrays of one weight."""
    moved, off = np.abs(expected - before), np.abs(found - expected)
    scale = max(float(moved.max()), 1e-6)
    if case["method"] == "bias_correction":
        return [] if off.max() <= 1e-4 * scale + 1e-6 else ["%s: off by %g of %g" % (layer, off.max(), scale)]
    if case["loss"] == "mae":
        ratio = float(np.abs(found - before).max()) / scale
        return [] if 0.2 < ratio < 5 or scale < 1e-5 else ["%s: moved by %g times %g" % (layer, ratio, scale)]
    if case["optimizer"] == "sgd":
        return [] if off.max() <= 1e-2 * scale + 1e-6 else ["%s: off by %g of %g" % (layer, off.max(), scale)]
    half, most = np.quantile(off, [0.5, 0.9])
    if half <= 5e-2 * scale + 1e-6 and most <= 0.25 * scale + 1e-6:
        return []
    return ["%s: half within %g, 90 %% within %g of %g" % (layer, half, most, scale)]


def check_case(c2s, folder):
    context = c2s.Context(threads=options.threads)
    case, samples = json.loads((folder / "case.json").read_text()), np.load(folder / "samples.npy")
    model, expected = context.load(folder / "model.h5"), context.load(folder / "expected.h5")
    result, faults = run(c2s, model, samples, case), []
    if "expected" in case:
        return case, faults
    for a, b, c in zip(model.layers, result.layers, expected.layers):
        for i, wanted in enumerate(c.weights()):
            before = a.weights()[i] if i < len(a.weights()) else np.zeros_like(wanted)
            faults += layer_faults("%s/%d" % (c.name, i), before, b.weights()[i], wanted, case)
    if "errors" in case:
        sampler, number = c2s.QuantizationSampler(result, samples), 0
        for layer in result.layers:
            if layer.class_name in ("QuantizedConv2D", "QuantizedSeparableConv2D", "QuantizedDense"):
                sampler.select_layer(layer.name, case["include_activation"])
                error, wanted = sampler.quantization_error("mse"), case["errors"][number]
                number += 1
                if abs(error - wanted) > (1 if case["loss"] == "mae" or case["optimizer"] != "sgd" else 0.2) * wanted + 1e-5:
                    faults.append("%s: error %g, expected %g" % (layer.name, error, wanted))
    return case, faults


def check():
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "bindings" / "python"))
    import libcnn2snn as c2s
    failed = 0
    folders = sorted(p for p in Path(options.out).iterdir() if (p / "case.json").exists())
    for folder in folders:
        case, faults = check_case(c2s, folder)
        failed += bool(faults)
        for fault in faults:
            print("%s %s: %s" % (folder.name, {k: v for k, v in case.items() if k != "errors"}, fault))
    print("%d passed, %d failed" % (len(folders) - failed, failed))
    return failed > 0


sys.exit(make() if options.action == "make" else check())
