#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random models of our own, judged by the reference toolkit, in the form of the golden cases.

  <oracle venv>/bin/python random_cases.py --shared ../shared --out OUT [--seed N] [--count N] [--group G]...
  python3 ../shared/tools/golden_run.py --cli CNN2SNN --golden OUT --what load,quantize,transforms,convert --formats h5

Groups: keras_load (graphs of all float layers), legacy_quantize, legacy_transforms, legacy_convert, legacy_errors (rows of
layers out of order, for the legacy check; --what errors), qml_convert_v2 and qml_convert_v1 (models quantized by QuantizeML;
--what convert,fake,simulate,layers). A model that the
reference refuses is a case, too: the library must refuse it. Not a part of `meson test`: it needs the toolkit, which the
project doesn't depend on.
"""
import argparse
import shutil
import sys
from pathlib import Path

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--shared", default="../shared")
ap.add_argument("--out", required=True)
ap.add_argument("--seed", type=int, default=1)
ap.add_argument("--count", type=int, default=20, help="cases of each group")
ap.add_argument("--odd", action="store_true", help="strange models for legacy_quantize and legacy_transforms")
ap.add_argument("--group", action="append", help="default: keras_load and legacy_*; the others take seconds a case")
options = ap.parse_args()
sys.path.insert(0, str(Path(options.shared).resolve() / "oracle"))

import numpy as np  # noqa: E402
from oracle_common import Case, L, images, keras, randomize  # noqa: E402


class Chooser:
    """Random choices by a numpy generator."""

    def __init__(self, rng):
        self.rng = rng

    def of(self, *values):
        return values[int(self.rng.integers(len(values)))]

    def chance(self, p):
        return float(self.rng.uniform()) < p


# ------------------------------------------------------------------ sequential models as the legacy flow takes them
def neural(r, first=False, rank=4, odd=True):
    if rank == 2:
        return L.Dense(r.of(1, 3, 10, 17, 33), use_bias=r.chance(0.7))
    size = r.of(1, 3, 3, 3, 5, 7) if odd else r.of(1, 2, 3, 4)
    kernel = (size, r.of(1, 3, 5)) if r.chance(0.15) and odd else size
    stride = r.of(1, 1, 1, 2) if size > 1 or first else 1
    if r.chance(0.1) and size > 2:
        stride = (1, 2)
    keys = dict(strides=stride, padding=r.of("same", "same", "valid"), use_bias=r.chance(0.6))
    filters = r.of(1, 2, 4, 6, 7, 8, 12, 16, 31)
    if not first and r.chance(0.4):
        if isinstance(stride, tuple):
            keys["strides"] = 2  # depthwise convolutions of TensorFlow want square strides
        return L.SeparableConv2D(filters, kernel, **keys)
    return L.Conv2D(filters, kernel, **keys)


def activation(r):
    return r.of(lambda: L.ReLU(), lambda: L.ReLU(6.0), lambda: L.ReLU(max_value=float(r.rng.uniform(0.5, 9))))()


def add_block(r, layers, first, rank, padding_of):
    layer = neural(r, first, rank)
    layers.append(layer)
    order = [layer]
    with_bn, late_bn = r.chance(0.5), r.chance(0.3)
    bn = lambda: L.BatchNormalization(epsilon=r.of(1e-3, 1e-2, 1e-5))  # noqa: E731
    if with_bn and not late_bn:
        layers.append(bn())
    if rank == 4 and r.chance(0.3):
        size = r.of(2, 2, 3, (2, 3))
        strides = r.of(None, 1, 2) if not isinstance(size, tuple) else None
        pool = L.MaxPooling2D(size, strides=strides, padding=padding_of(layer))
        if r.chance(0.25):
            layers += [activation(r), pool]
            return order
        layers.append(pool)
    if with_bn and late_bn:
        layers.append(bn())
    layers.append(activation(r))
    if r.chance(0.15):
        layers.append(L.Dropout(0.2))
    return order


def sequential(r):
    """A Sequential, or the same as a functional model, of a shape that the legacy flow may or may not take."""
    channels = r.of(1, 3, 3, 3, 2, 4, 8)
    flat = r.chance(0.12)
    shape = (r.of(5, 20, 33),) if flat else (int(r.rng.integers(9, 24)), int(r.rng.integers(9, 24)), channels)
    layers = []
    if not flat and r.chance(0.25):
        layers.append(L.Rescaling(r.of(1 / 255., 1 / 128., 0.5), offset=r.of(0, -1, -0.5)))
    padding_of = lambda layer: layer.padding if r.chance(0.95) else r.of("same", "valid")  # noqa: E731
    for n in range(int(r.rng.integers(1, 5))):
        add_block(r, layers, n == 0, 2 if flat else 4, padding_of)
    if not flat and r.chance(0.5):
        layers.append(neural(r))
        late = [L.GlobalAveragePooling2D(keepdims=r.chance(0.2))]
        if r.chance(0.4):
            late.append(L.BatchNormalization())
        layers += late + [activation(r)]
    elif not flat and r.chance(0.7):
        layers.append(L.Flatten())
    layers.append(L.Dense(r.of(2, 5, 10), use_bias=r.chance(0.8)))
    if r.chance(0.3):
        layers.append(r.of(lambda: L.Softmax(), lambda: L.Activation("softmax"), lambda: L.ReLU())())
    inputs = keras.Input(shape, name=r.of(None, "images"))
    if r.chance(0.5):
        model = keras.Sequential([inputs] + layers)
    else:
        x = inputs
        for layer in layers:
            x = layer(x)
        model = keras.Model(inputs, x, name=r.of(None, "net"))
    return model


def branched(r):
    """Two branches that end in a Concatenate, with more behind it."""
    inputs = keras.Input((int(r.rng.integers(8, 16)), int(r.rng.integers(8, 16)), r.of(1, 3, 5)))
    x = L.ReLU()(L.BatchNormalization()(L.Conv2D(6, 3, padding="same")(inputs)))
    if r.chance(0.5):
        x = L.Dropout(0.1)(x)
    ends = []
    for _ in range(2):
        y = x
        for _ in range(int(r.rng.integers(1, 3))):
            y = r.of(L.Conv2D, L.SeparableConv2D)(r.of(3, 5, 8), r.of(1, 3), padding="same")(y)
            if r.chance(0.5):
                y = L.BatchNormalization()(y)
            y = activation(r)(y)
        ends.append(y)
    x = L.Concatenate()(ends)
    x = L.Conv2D(4, 3)(x)
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, x)


def odd_block(r, x):
    """Layers that the legacy flow may meet, but for what it is known to compute otherwise (docs/differences.md): a
    BatchNormalization behind Conv2DTranspose or behind an activation of the layer's own, Concatenate on axis 3."""
    channels = x.shape[-1]
    filters, pad = r.of(1, 3, 4, 6), r.of("same", "valid") if min(x.shape[1:3]) > 4 else "same"
    own = lambda y: L.ReLU()(y)  # noqa: E731
    picks = [
        lambda y: own(L.Conv2D(filters, 3, padding=pad, activation=r.of("relu", "tanh", "sigmoid"))(y)),
        lambda y: L.SeparableConv2D(filters, 3, padding=pad, depth_multiplier=2, use_bias=r.chance(0.5))(y),
        lambda y: own(L.DepthwiseConv2D(3, padding=pad, depth_multiplier=r.of(1, 2))(y)),
        lambda y: own(L.Conv2DTranspose(filters, 3, strides=r.of(1, 2), padding="same")(y)),
        lambda y: L.Conv2D(2 * channels, 3, padding=pad, groups=channels)(y),
        lambda y: L.Conv2D(filters, 3, padding="same", dilation_rate=r.of(1, 1, 2))(y),
        lambda y: L.BatchNormalization(axis=r.of(-1, 3, 3, 1), scale=r.chance(0.9), center=r.chance(0.9))(y),
        lambda y: L.BatchNormalization()(L.BatchNormalization(epsilon=0.1)(y)),
        lambda y: L.BatchNormalization()(L.ReLU(r.of(None, 6.0), negative_slope=r.of(0, 0.1), threshold=r.of(0, 0, 0.5))(y)),
        lambda y: r.of(L.LeakyReLU, L.PReLU, L.ELU)()(y),
        lambda y: L.Activation(r.of("relu", "swish"))(y),
        lambda y: L.MaxPooling2D(2, padding="same")(L.ReLU()(L.ReLU()(y))),
        lambda y: L.BatchNormalization()(L.MaxPooling2D(2, padding="same")(L.MaxPooling2D(r.of(1, 2), padding="same")(y))),
        lambda y: L.BatchNormalization()(L.AveragePooling2D(2, padding="same")(y)),
        lambda y: r.of(L.SpatialDropout2D, L.GaussianDropout, L.Dropout)(0.3)(y),
        lambda y: L.ZeroPadding2D(1)(y),
        lambda y: L.Rescaling(0.5, offset=r.of(0, 1))(y),
        lambda y: keras.Sequential([keras.Input(y.shape[1:]), L.Conv2D(filters, 1), L.BatchNormalization(), L.ReLU(4.0)])(y),
        lambda y: L.BatchNormalization()(L.Conv2D(filters, 3, padding=pad, use_bias=r.chance(0.5))(y)),
        lambda y: L.ReLU(6.0)(L.BatchNormalization()(L.MaxPooling2D(2, padding="same")(
            L.SeparableConv2D(filters, 3, padding="same", depth_multiplier=r.of(1, 2))(y)))),
    ]
    return r.of(*picks)(x)


def odd_joint(r, x):
    """Where more than one way leads on."""
    channels = x.shape[-1]
    shared = L.Conv2D(channels, 1)
    return r.of(lambda y: L.Add()([y, L.Conv2D(channels, 3, padding="same")(y)]),
                lambda y: L.Concatenate()([y, L.Conv2D(2, 1)(y)]),
                lambda y: shared(L.ReLU()(shared(y))),
                lambda y: L.Concatenate()([L.ReLU()(L.Conv2D(2, 1)(y)), L.BatchNormalization()(L.Conv2D(3, 1)(y))]),
                lambda y: L.Concatenate()([L.Conv2D(1, 1)(y), L.Conv2D(2, 1)(y), L.Conv2D(3, 1)(y)]))(x)


def odd(r):
    """Models as nobody should write them: nested, shared, with layers in strange places."""
    inputs = x = keras.Input((int(r.rng.integers(6, 12)), int(r.rng.integers(6, 12)), r.of(1, 3, 4)))
    joint = int(r.rng.integers(8))  # in less than half of them
    for n in range(int(r.rng.integers(2, 6))):
        x = odd_joint(r, x) if n == joint else odd_block(r, x)
        if min(x.shape[1:3]) < 2:
            break
    ends = r.of(0, 1, 2)
    if ends:
        x = L.BatchNormalization()(L.GlobalAveragePooling2D(keepdims=r.chance(0.2))(x)) if ends == 1 else L.Flatten()(x)
        x = L.Dense(3, activation=r.of(None, None, "softmax"))(x)
    return keras.Model(inputs, x)


def as_sequential(r, model):
    """The same layers as a Sequential where each has one input, in some cases."""
    if r.chance(0.6) and not any(isinstance(x.input, list) or len(x.inbound_nodes) > 1 for x in model.layers[1:]):
        return keras.Sequential([keras.Input(model.input_shape[1:])] + model.layers[1:])
    return model


# ------------------------------------------------------------------ graphs of all float layers
def any_layer(r, x):
    """One layer, or a few, on x; the rank of x is 4 (with the batch) or 2."""
    if len(x.shape) == 2:
        return r.of(lambda y: L.Dense(r.of(3, 8), activation=r.of(None, "relu", "tanh", "softmax", "elu"))(y),
                    lambda y: L.BatchNormalization()(y), lambda y: L.ReLU(r.of(None, 1.5))(y),
                    lambda y: L.Activation(r.of("sigmoid", "selu", "softplus", "softsign", "gelu", "hard_sigmoid"))(y),
                    lambda y: L.PReLU()(y), lambda y: L.Dropout(0.5)(y),
                    lambda y: L.RepeatVector(3)(y) if r.chance(0.2) else y)(x)
    rows, columns, channels = x.shape[1:]
    big = rows > 4 and columns > 4
    pad = lambda: r.of("same", "valid") if big else "same"  # noqa: E731
    pick = [
        lambda y: L.Conv2D(r.of(3, 4, 8), r.of(1, 2, 3, (3, 2)), strides=r.of(1, 2), padding=pad(), use_bias=r.chance(0.5),
                           activation=r.of(None, "relu", "swish"))(y),
        lambda y: L.Conv2D(r.of(4, 6), r.of(2, 3), dilation_rate=r.of(2, (1, 2)), padding="same")(y),
        lambda y: L.Conv2D(2 * channels, 3, groups=channels, padding="same")(y),
        lambda y: L.SeparableConv2D(r.of(3, 5), r.of(2, 3), strides=r.of(1, 2), padding=pad(),
                                    depth_multiplier=r.of(1, 2), use_bias=r.chance(0.5))(y),
        lambda y: L.DepthwiseConv2D(r.of(2, 3), strides=r.of(1, 2), padding=pad(), depth_multiplier=r.of(1, 2))(y),
        lambda y: L.Conv2DTranspose(r.of(2, 5), r.of(2, 3), strides=r.of(1, 2), padding=r.of("same", "valid"),
                                    output_padding=r.of(None, None, None, 0))(y),
        lambda y: L.BatchNormalization(scale=r.chance(0.7), center=r.chance(0.7), epsilon=r.of(1e-3, 0.1),
                                       axis=r.of(-1, 3, 1, 2))(y),
        lambda y: L.ReLU(r.of(None, 6.0, 0.5), negative_slope=r.of(0, 0.1), threshold=r.of(0, 0.3))(y),
        lambda y: L.LeakyReLU(r.of(0.3, 0.05))(y), lambda y: L.PReLU(shared_axes=r.of(None, [1, 2]))(y),
        lambda y: L.ELU(r.of(1.0, 0.4))(y), lambda y: L.ThresholdedReLU(r.of(1.0, 0.2))(y),
        lambda y: L.Softmax(r.of(-1, 1))(y),
        lambda y: L.Activation(r.of("relu6", "tanh", "exponential", "mish", "leaky_relu"))(L.Activation("tanh")(y)),
        lambda y: L.MaxPooling2D(r.of(2, 3, (1, 2)), strides=r.of(None, 1, 2), padding=pad())(y),
        lambda y: L.AveragePooling2D(r.of(2, 3), strides=r.of(None, 1), padding=pad())(y),
        lambda y: L.ZeroPadding2D(r.of(1, (2, 1), ((1, 0), (0, 2))))(y),
        lambda y: L.Cropping2D(((1, 0), (0, 1)))(y) if big else y,
        lambda y: L.UpSampling2D(r.of(2, (1, 3)), interpolation=r.of("nearest", "bilinear"))(y) if rows < 20 else y,
        lambda y: L.Permute(r.of((2, 1, 3), (3, 1, 2), (1, 3, 2)))(y),
        lambda y: L.Reshape((columns, rows, channels))(y),
        lambda y: L.Rescaling(r.of(0.5, 2.0), offset=r.of(0.0, -1.0))(y),
        lambda y: r.of(L.Dropout, L.SpatialDropout2D, L.GaussianDropout, L.AlphaDropout)(0.3)(y),
        lambda y: L.Dense(r.of(3, 6))(y),
        lambda y: r.of(L.Add, L.Multiply, L.Average, L.Maximum, L.Minimum)()(
            [y, L.Conv2D(channels, 1)(y), L.DepthwiseConv2D(3, padding="same")(y)]),
        lambda y: L.Subtract()([y, L.Conv2D(channels, 3, padding="same")(y)]),
        lambda y: L.Concatenate(axis=r.of(-1, 3))([y, L.Conv2D(2, 1)(y)]),
        lambda y: L.Multiply()([y, L.GlobalAveragePooling2D(keepdims=True)(y)]),
    ]
    return pick[int(r.rng.integers(len(pick)))](x)


def any_graph(r):
    inputs = x = keras.Input((int(r.rng.integers(7, 14)), int(r.rng.integers(7, 14)), r.of(1, 2, 3, 4)))
    kept = []
    for _ in range(int(r.rng.integers(2, 7))):
        x = any_layer(r, x)
        if min(x.shape[1:]) < 3 or np.prod(x.shape[1:]) > 40000:
            break
    if r.chance(0.4):
        inner_in = keras.Input(x.shape[1:])
        inner = keras.Model(inner_in, L.ReLU()(L.BatchNormalization()(L.Conv2D(x.shape[-1], 1)(inner_in)))) \
            if r.chance(0.5) else keras.Sequential([keras.Input(x.shape[1:]), L.Conv2D(x.shape[-1], 1),
                                                    L.BatchNormalization(trainable=r.chance(0.5))])
        x = inner(x)
        if r.chance(0.5):
            x = inner(x)
    if r.chance(0.3):
        shared = L.Conv2D(x.shape[-1], 3, padding="same")
        x = L.Add()([shared(x), shared(shared(x))])
    if r.chance(0.4):
        kept.append(L.GlobalMaxPooling2D()(x))
    x = r.of(lambda y: L.Flatten()(y), lambda y: L.GlobalAveragePooling2D()(y), lambda y: y)(x)
    if len(x.shape) == 2 and x.shape[1] < 3000:
        for _ in range(int(r.rng.integers(1, 4))):
            if len(x.shape) == 2:
                x = any_layer(r, x)
    return keras.Model(inputs, [x] + kept if kept else x)


# ------------------------------------------------------------------ cases
def attempt(c, call):
    try:
        return call()
    except Exception as e:  # noqa: BLE001
        c.doc["expected_error"] = {"type": type(e).__name__, "message": " ".join(str(a) for a in e.args)}
        c.doc["tolerance"] = "error"
        return None


def float_inputs(r, model, n=3):
    shape = tuple(model.input_shape[1:])
    if any(isinstance(x, L.Rescaling) for x in model.layers[:2]):
        return images(r.rng, n, shape).astype("float32")
    return r.rng.uniform(-1, 1, (n,) + shape).astype("float32")


def keras_load(c, r):
    model = randomize(any_graph(r), r.rng)
    c.doc.update(summary="random graph", function="load_model", args={"filepath": "model.h5"}, tolerance="float32")
    c.save_model(model, "model.h5", "input model")
    x = r.rng.normal(0, 1, (2,) + tuple(model.input_shape[1:])).astype("float32")
    y = model(x, training=False)
    y = y if isinstance(y, (list, tuple)) else [y]
    c.save_npz("io.npz", "inputs and outputs", in_0=x, **{f"out_{n}": v for n, v in enumerate(y)})


def bits_of(r):
    return r.of((4, 4, 8), (4, 4, 8), (2, 2, 8), (8, 4, 8), (4, 2, 4), (2, 1, 2), (4, 4, None), (3, 5, 7))


def legacy_quantize(c, r):
    import cnn2snn
    model = randomize(as_sequential(r, odd(r)) if options.odd else branched(r) if r.chance(0.2) else sequential(r), r.rng)
    w, a, i = bits_of(r)
    fold = r.chance(0.7)
    if r.chance(0.2):
        model = attempt(c, lambda: cnn2snn.quantize(model, *bits_of(r), fold)) or model
        c.doc.pop("expected_error", None)
    c.doc.update(summary="random model", function="quantize", tolerance="float32",
                 args={"weight_quantization": w, "activ_quantization": a, "input_weight_quantization": i, "fold_BN": fold})
    c.save_model(model, "model.h5", "input model")
    q = attempt(c, lambda: cnn2snn.quantize(model, w, a, i, fold))
    if q is not None:
        c.save_model(q, "expected.h5", "expected quantized model")
        x = float_inputs(r, model)
        c.save_npz("io.npz", "input and output", input=x, output=q(x, training=False))


def legacy_transforms(c, r):
    from cnn2snn import transforms as T
    name = r.of("sequentialize", "syncretize", "invert_batchnorm_pooling", "fold_batchnorm", "reshape")
    if options.odd:
        name = r.of(name, name, "normalize_separable_model")
        model = randomize(as_sequential(r, odd(r)), r.rng)
        # The reference takes a channel's multiples for one, and the pointwise rows of others for theirs.
        if name.startswith("normalize") and any(getattr(x, "depth_multiplier", 1) > 1 for x in model.layers):
            raise ValueError("depth_multiplier")
    else:
        model = randomize(branched(r) if r.chance(0.3) and name in ("sequentialize", "syncretize") else sequential(r), r.rng)
    # Here syncretize sequentializes what isn't yet, which the reference refuses (docs/differences.md).
    if name == "syncretize" or name != "sequentialize" and r.chance(0.9):
        model = attempt(c, lambda: T.sequentialize(model)) or model
        c.doc.pop("expected_error", None)
    size = (int(r.rng.integers(9, 30)), int(r.rng.integers(9, 30)))
    args = {"input_x": size[0], "input_y": size[1]} if name == "reshape" else {}
    c.doc.update(summary="random model", function="transforms." + name, args=args, tolerance="float32")
    c.save_model(model, "model.h5", "input model")
    result = attempt(c, lambda: getattr(T, name)(model, *args.values()))
    if result is not None:
        c.save_model(result, "expected.h5", "expected model")
        x = float_inputs(r, result)
        c.save_npz("io.npz", "input and output", input=x, output=result(x, training=False))


def legacy_convert(c, r):
    import cnn2snn
    from cnn2snn import MaxQuantizer, StdPerAxisQuantizer, StdWeightQuantizer
    model = randomize(sequential(r), r.rng)
    function = r.of(None, None, None, lambda layer, q: MaxQuantizer(bitwidth=q.bitwidth),
                    lambda layer, q: StdPerAxisQuantizer(threshold=2.5, bitwidth=q.bitwidth) if layer.name[0] != "s" else q,
                    lambda layer, q: StdWeightQuantizer(bitwidth=q.bitwidth))
    q = cnn2snn.quantize(model, *bits_of(r), quantizer_function=function)
    c.save_model(q, "model.h5", "input quantized model")
    rescales = any(isinstance(x, L.Rescaling) for x in q.layers[:2])
    scaling = None if rescales or r.chance(0.4) else r.of((255, 0), (128, 128), (127.5, 127), (16.0, 0), (1, 3))
    c.doc.update(summary="random model", function="convert", release="2.19.3", tolerance="exact",
                 args={"input_scaling": list(scaling) if scaling else None})
    akida = attempt(c, lambda: cnn2snn.convert(q, input_scaling=scaling))
    if akida is not None:
        c.save_akida(akida)
        shape = tuple(q.input_shape[1:])
        high = 255 if shape[-1] in (1, 3) and len(shape) == 3 else 15
        x = images(r.rng, 3, shape, 0, high) if len(shape) == 3 else r.rng.integers(0, high + 1, (3,) + shape).astype("uint8")
        x = x if x.ndim == 4 else x.reshape(3, 1, 1, -1)
        c.save_npz("akida_io.npz", "input and output of the Akida model", input=x, akida_forward=akida.forward(x))


def stray_layer(r):
    """A layer that may be out of place."""
    size = r.of(1, 3)
    return r.of(lambda: L.ReLU(), lambda: L.ReLU(), lambda: L.MaxPooling2D(2, padding=r.of("same", "valid")),
                lambda: L.GlobalAveragePooling2D(keepdims=r.chance(0.3)), lambda: L.BatchNormalization(),
                lambda: L.BatchNormalization(axis=r.of(1, 2, [1, 2])), lambda: L.Dropout(0.5), lambda: L.SpatialDropout2D(0.5),
                lambda: L.Flatten(), lambda: L.Reshape((-1,)), lambda: L.Reshape((1, 1, -1)), lambda: L.Rescaling(0.5),
                lambda: L.Activation(r.of("relu", "sigmoid")), lambda: L.Softmax(), lambda: L.LeakyReLU(), lambda: L.AveragePooling2D(2),
                lambda: L.Conv2D(4, size, padding="same"), lambda: L.SeparableConv2D(4, size), lambda: L.Dense(4),
                lambda: L.DepthwiseConv2D(size), lambda: L.GaussianNoise(0.1), lambda: L.Conv2D(4, 3, dilation_rate=2))()


def legacy_errors(c, r):
    """A model with up to two changes: a layer more, one less, two exchanged. Yes or no of the legacy check."""
    import contextlib
    import io
    from cnn2snn.compatibility_checks import check_model_compatibility
    model = sequential(r)
    layers = [x for x in model.layers if not isinstance(x, L.InputLayer)]
    for _ in range(r.of(0, 1, 1, 2)):
        at = int(r.rng.integers(len(layers)))
        change = r.of("more", "more", "less", "exchange")
        if change == "more":
            layers.insert(at, stray_layer(r))
        elif change == "less":
            del layers[at]
        else:
            layers[at - 1], layers[at] = layers[at], layers[at - 1]
    fresh = [x.__class__.from_config({k: v for k, v in x.get_config().items() if k != "batch_input_shape"}) for x in layers]
    model = randomize(keras.Sequential([keras.Input(model.input_shape[1:])] + fresh), r.rng)
    c.save_model(model, "model.h5", "float model")
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            result = {"returns": check_model_compatibility(model), "printed": printed.getvalue()}
    except ValueError as e:
        result = {"returns": False, "printed": str(e)}  # a fault like the others here
    c.doc.update(summary=" ".join(x.__class__.__name__ for x in fresh), function="check_model_compatibility", args={},
                 results={"compatibility_checks.check_model_compatibility(model) [2.19.3]": result}, tolerance="exact")


# ------------------------------------------------------------------ models for QuantizeML
def qml_relu(r, bounded):
    return L.ReLU(r.of(6.0, 4.5, float(r.rng.uniform(0.5, 9))) if bounded or r.chance(0.6) else None)


def qml_conv(r, x, first, v1):
    size = r.of(1, 3, 3, 3, 5)
    stride = 2 if size == 3 and r.chance(0.3) and min(x.shape[1:3]) > 6 else 1
    keys = dict(strides=stride, padding=r.of("same", "same", "valid") if min(x.shape[1:3]) > 6 else "same",
                use_bias=r.chance(0.5))
    filters = r.of(3, 4, 7, 8, 16, 20)
    layer = L.SeparableConv2D if v1 and not first and r.chance(0.5) else L.Conv2D
    x = layer(filters, size, **keys)(x)
    if r.chance(0.5):
        x = L.BatchNormalization()(x)
    if r.chance(0.25) and min(x.shape[1:3]) > 4 and (not v1 or not first):
        x = L.MaxPooling2D(2, padding=keys["padding"] if size > 1 else "same")(x)
    return qml_relu(r, v1)(x)


def qml_depthwise(r, x):
    x = L.DepthwiseConv2D(3, strides=r.of(1, 1, 2), padding="same", use_bias=r.chance(0.5))(x)
    if r.chance(0.5):
        x = L.BatchNormalization()(x)
    return qml_relu(r, False)(x) if r.chance(0.7) else x


def qml_branches(r, x):
    channels = r.of(4, 6, 8)
    a, b = (L.Conv2D(channels, r.of(1, 3), padding="same")(x) for _ in range(2))
    if r.chance(0.5):
        a = qml_relu(r, False)(a)
    if r.chance(0.5):
        return L.Concatenate()([a, b])
    return L.Add()([a, b])


def qml_build(r, v1):
    def build():
        import cases_qml
        channels = r.of(1, 3, 3, 2, 5) if not v1 else r.of(1, 3)
        x = inputs = cases_qml.In((int(r.rng.integers(8, 20)), int(r.rng.integers(8, 20)), channels))
        if r.chance(0.4) or cases_qml._input_dtype[0]:
            scale = r.of(1 / 255., 1 / 127.5, 1 / 128.)
            x = L.Rescaling(scale, offset=-1 if scale > 1 / 200. and r.chance(0.5) else 0)(x)
        x = qml_conv(r, x, True, v1)
        for _ in range(int(r.rng.integers(0, 4))):
            kind = 0 if v1 else r.of(0, 0, 1, 1, 2, 3)
            if kind == 0:
                x = qml_conv(r, x, False, v1)
            elif kind == 1:
                x = qml_depthwise(r, x)
            elif kind == 2:
                x = L.Conv2D(8, 3, padding="same")(qml_branches(r, x))
                x = qml_relu(r, False)(x)
            elif min(x.shape[1:3]) < 8:
                x = qml_relu(r, False)(L.Conv2DTranspose(r.of(4, 6), r.of(3, 4), strides=2, padding="same")(x))
        if r.chance(0.5):
            if v1:
                x = qml_relu(r, True)(L.GlobalAveragePooling2D()(L.Conv2D(12, 3, padding="same")(x)))
            else:
                x = L.GlobalAveragePooling2D()(x)
        else:
            x = L.Flatten()(x)
        if r.chance(0.4):
            x = qml_relu(r, v1)(L.Dense(r.of(6, 16))(x))
        return keras.Model(inputs, L.Dense(r.of(1, 4, 10), use_bias=r.chance(0.8))(x))
    return build


def qml_case(c, r, version):
    import cases_qml
    idtype = r.of(None, None, "uint8")
    v1 = version == "v1"
    bits = r.of((8, 4, 4), (8, 4, 4), (4, 4, 4), (8, 2, 2), (8, 4, 1)) if v1 else \
        r.of((8, 8, 8), (8, 8, 8), (8, 4, 4), (4, 4, 4), (8, 4, 8))
    real = idtype is None
    dtype = "uint8" if v1 or idtype or r.chance(0.6) else "int8"
    cases_qml.qml_case(c, qml_build(r, v1), version, bits, None if v1 else r.chance(0.3), dtype, summary="random model",
                       idtype=idtype, real=real and not v1)


def qml_convert_v2(c, r):
    qml_case(c, r, "v2")


def qml_convert_v1(c, r):
    qml_case(c, r, "v1")


def main():
    makers = {f.__name__: f for f in (keras_load, legacy_quantize, legacy_transforms, legacy_convert, legacy_errors,
                                      qml_convert_v2, qml_convert_v1)}
    for group in options.group or list(makers)[:5]:
        made = tried = 0
        while made < options.count and tried < 8 * options.count:
            tried += 1
            c = Case(options.out, group, f"random_{options.seed}_{tried:03d}")
            c.dir.mkdir(parents=True, exist_ok=True)
            keras.backend.clear_session()
            try:
                makers[group](c, Chooser(c.rng))
                c.write()
                made += 1
            except Exception as e:  # noqa: BLE001  (a model that Keras itself doesn't make)
                print(f"{group} {c.name}: left out: {type(e).__name__}: {str(e)[:100]}", flush=True)
                shutil.rmtree(c.dir)
        refused = sum('"expected_error"' in p.read_text() for p in Path(options.out, group).glob("*/case.json"))
        print(f"{group}: {made} cases, {refused} of them refused by the reference", flush=True)


if __name__ == "__main__":
    main()
