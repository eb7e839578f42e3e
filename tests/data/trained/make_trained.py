#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the files beside it: small models, compiled and trained for four steps, by tf_keras (k2_) and by Keras 3 (k3_);
expected.json says what Keras itself had when it wrote them.

    python make_trained.py k2|k3        in an environment that has tf_keras 2.19, or keras 3
"""
import json
import os
import pathlib
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")
import numpy as np  # noqa: E402

WHICH = sys.argv[1]
OUT = pathlib.Path(__file__).resolve().parent
if WHICH == "k2":
    import tf_keras as keras
    register, mean = keras.utils.register_keras_serializable, keras.backend.mean
else:
    import keras
    register, mean = keras.saving.register_keras_serializable, keras.ops.mean
optimizers, losses = keras.optimizers, keras.losses
keras.utils.set_random_seed(1)
expected = {}


@register(package="mine")
class Spread(keras.metrics.MeanSquaredError):
    pass


def mine(truth, output):
    return mean(output)


def one():
    x = keras.Input((3,), name="x")
    return keras.Model(x, keras.layers.Dense(2, name="d")(x), name="one"), np.ones((4, 2), "float32")


def two():
    x = keras.Input((3,), name="x")
    outputs = [keras.layers.Dense(2, name="a")(x), keras.layers.Dense(1, name="b")(x)]
    return keras.Model(x, outputs, name="two"), [np.ones((4, 2), "float32"), np.ones((4, 1), "float32")]


def save(name, make, epochs=2, **settings):
    model, y = make()
    model.compile(**settings)
    if epochs:
        model.fit(np.arange(12, dtype="float32").reshape(4, 3) / 12, y, epochs=epochs, batch_size=2, verbose=0)
    path = str(OUT / ("%s_%s.h5" % (WHICH, name)))
    model.save(path)
    o = model.optimizer
    variables = o.variables() if callable(o.variables) else o.variables
    expected["%s_%s" % (WHICH, name)] = {
        "optimizer": type(o).__name__, "iterations": int(np.array(o.iterations)),
        # Keras 2's new optimizers count their rate among the variables, but don't save it.
        "weights": [[list(v.shape), float(np.sum(np.array(v), dtype="float64"))] for v in variables
                    if WHICH == "k3" or not v.name.startswith("learning_rate")]}


save("adam", one, optimizer="adam", loss="mse", metrics=["mae"])
save("sgd", one, optimizer=optimizers.SGD(0.1, momentum=0.9, nesterov=True), loss=losses.Huber(0.5),
     metrics=[Spread(name="spread")], weighted_metrics=["mse"], loss_weights=[0.5] if WHICH == "k2" else None)
save("rmsprop", two, optimizer=optimizers.RMSprop(optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)),
     loss={"a": "mse", "b": losses.MeanAbsoluteError()}, metrics={"a": ["mae", "mse"], "b": ["mae"]},
     loss_weights={"a": 0.25, "b": 2.0})
save("adamw", two, optimizer=optimizers.AdamW(0.01, weight_decay=0.004), loss=["mse", mine], metrics=[["mae"], [mine]])
save("one_loss_of_two", two, optimizer="sgd", loss=[None, "mse"])
save("untrained", two, epochs=0, optimizer="sgd", loss="mse", metrics=["mae", "mse"])
if WHICH == "k2":
    legacy = optimizers.legacy
    save("legacy_adam", one, optimizer=legacy.Adam(0.02), loss="mse", metrics=["mae"])
    save("legacy_sgd", one, optimizer=legacy.SGD(0.1, momentum=0.9, decay=0.01), loss="mse")
    save("legacy_rmsprop", one, optimizer=legacy.RMSprop(0.1, centered=True, momentum=0.5), loss="mse")
everything = json.loads((OUT / "expected.json").read_text()) if (OUT / "expected.json").exists() else {}
everything.update(expected)
lines = ",\n".join("%s: %s" % (json.dumps(k), json.dumps(everything[k])) for k in sorted(everything))
(OUT / "expected.json").write_text("{\n%s\n}\n" % lines)
