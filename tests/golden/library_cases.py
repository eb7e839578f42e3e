#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden cases that the command line has no words for: arrays of quantizers, callbacks, constructors, error classes.

  library_cases.py [--golden DIR] [--match RE] [-v]     the library by LIBCNN2SNN, as bindings/python has it

Needs numpy. Ends with `N passed, N failed, N skipped`; status 1 if any failed or none passed.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent.parent / "bindings" / "python"))
import numpy as np  # noqa: E402

import libcnn2snn as c2s  # noqa: E402


class Skip(Exception):
    pass


def need(ok, text):
    if not ok:
        raise AssertionError(text)


def close(a, b, tolerance, what, outliers=0.0):
    need(a.shape == b.shape, "%s: shape %s, expected %s" % (what, a.shape, b.shape))
    bad = ~(np.abs(a.astype("f8") - b) <= tolerance * np.maximum(1e-12, np.abs(b).max() if b.size else 1))
    need(bad.mean() <= outliers if bad.size else True, "%s: %d of %d values off" % (what, bad.sum(), bad.size))


# ------------------------------------------------------------------ legacy_quantizers
def weight_quantizer(x, doc, z):
    a = doc["args"]
    std = a["class"].startswith("Std")
    for key in z.files:
        kind, *rest = key.split("/")
        if kind != "sf":
            continue
        bits, name = rest
        q = x.quantizer(a["class"], int(bits), a.get("threshold", 3.0))
        w, want = z["w/" + name], z[key]
        scale = q.scale_factor(w)
        need(scale.shape == want.shape, "%s: shape %s" % (key, scale.shape))
        need(np.allclose(scale, want, rtol=2e-6 if std else 0, atol=0), "%s: %s, expected %s" % (key, scale, want))
        got = q.quantize(w)
        integers, exact = np.rint(got * scale), z["int/%s/%s" % (bits, name)]
        off = int((integers != exact).sum())
        need(off <= (0.0001 * w.size + 1 if std else 0), "%s: %d integers differ" % (key, off))
        if not std:
            need(np.array_equal(got, z["q/%s/%s" % (bits, name)]), key + ": quantized weights differ")
    want, got = doc["config_at_bitwidth_5"], x.quantizer(a["class"], 5, a.get("threshold", 3.0)).config()
    need(list(got) == list(want), "config keys %s, expected %s" % (list(got), list(want)))
    need({**got, "name": 0} == {**want, "name": 0}, "config %s, expected %s" % (got, want))


def quantized_activation(x, doc, z):
    for key in z.files:
        kind, *rest = key.split("/")
        if kind != "x":
            continue
        bits, limit = rest
        config = {"bitwidth": int(bits)}
        if limit != "default":
            config["max_value"] = None if limit in ("null", "None") else float(limit)
        layer = x.layer(doc["function"], **config)
        tail = "/".join(rest)
        need(np.float32(layer.step) == z["step/" + tail], "step/%s: %r" % (tail, layer.step))
        need(np.float32(layer.threshold) == z["threshold/" + tail], "threshold/%s: %r" % (tail, layer.threshold))
        got, want = layer.quantized_activation(z[key]), z["y/" + tail]
        off = np.abs(got - want) > 1e-6 * np.maximum(1, np.abs(want))
        need(not off.any(), "y/%s: %d of %d differ" % (tail, off.sum(), off.size))
        need(np.array_equal(layer(z[key]), got), "y/%s: call differs" % tail)
    want, got = doc["config"], x.layer(doc["function"], bitwidth=doc["config"]["bitwidth"]).config()
    need({**got, "name": 0} == {**want, "name": 0}, "config %s, expected %s" % (got, want))


def float_checks(x, case, doc):
    """check_model_compatibility of a float model: yes or no as the reference says, in the same step, about the same layer."""
    a, error = doc["args"], next(iter(doc["results"].values())).get("error")
    command = [ARGS.cli, "check", "-m", str(case / a["model"]), "--target", a["akida_version"], "--input-dtype", a["input_dtype"], "--json"]
    r = subprocess.run(command, capture_output=True, text=True)
    answer = json.loads(r.stdout)
    need(answer["compatible"] == (error is None) == (r.returncode == 0), "%s, but the reference says %s" % (answer, error))
    need(all(f["rule"] and f["message"] and f["step"] in ("quantization", "conversion") for f in answer["faults"]), r.stdout)
    if error:
        step = re.search("found during ([a-z]+):", error["message"]).group(1)
        told = [f["layer"] for f in answer["faults"] if f["step"] == step]
        need(told, "no fault of " + step)
        layers = [n for n in told if n and re.search(r"(?<!\w)%s(?!\w)" % re.escape(n), error["message"])]
        need(layers or told == [""], "faults of %s, but the reference says %s" % (told, error["message"]))


def quantizers(x, case, doc):
    z = np.load(case / "arrays.npz")
    if doc["function"] == "WeightQuantizer":
        weight_quantizer(x, doc, z)
    elif doc["function"] == "forward":
        close(x.load(case / "model.h5").predict(z["input"]), z["output"], 1e-4, "output", 0.005)
    else:
        quantized_activation(x, doc, z)


# ------------------------------------------------------------------ legacy_quantize with callbacks
def judge(x, model, case, expected="expected.h5"):
    sys.path.insert(0, str(ARGS.tools))
    import golden_run
    with tempfile.TemporaryDirectory() as t:
        out = Path(t) / "o.h5"
        model.save(out)
        difference = golden_run.same_h5(out, case / expected, 2e-6)
        need(difference is None, difference)
        return x.load(out)


def callbacks(x, case, doc):
    a = doc["args"]
    model = x.load(case / "model.h5")
    if isinstance(a, list):
        for i, step in enumerate(a):
            model = model.quantize_layer(step["target_layer"], step["bitwidth"])
            judge(x, model, case, "expected.h5" if i + 1 == len(a) else "expected_%d.h5" % (i + 1))
        return
    if not a.get("quantizer_function"):
        raise Skip("golden_run.py does it")
    calls = iter(doc.get("quantizer_function_calls", ()))

    def function(layer, default):
        if doc["function"] == "quantize_layer":
            return x.quantizer("MaxQuantizer" if a["quantizer_function"] == "max" else "MaxPerAxisQuantizer", default.bitwidth)
        c = next(calls)
        seen = (layer.name, default.class_name, default.bitwidth)
        need(seen == (c["layer"], c["default"], c["bitwidth"]), "call %s, expected %s" % (seen, c))
        need(len(layer.weights()) > 0, "no weights at the call")
        return x.quantizer(c["returned"], c["config"]["bitwidth"], c["config"].get("threshold", 3.0))
    if doc["function"] == "quantize_layer":
        result = model.quantize_layer(a["target_layer"], a["bitwidth"], function)
    else:
        result = model.quantize(a["weight_quantization"], a["activ_quantization"], a["input_weight_quantization"],
                                a["fold_BN"], function)
        need(next(calls, None) is None, "fewer calls than the reference makes")
    result = judge(x, result, case)
    z = np.load(case / "arrays.npz")
    close(result.predict(z["input"]), z["output"], 1e-4, "output", 0.005)


# ------------------------------------------------------------------ legacy_errors
MAX4 = {"class_name": "MaxQuantizer", "config": {"bitwidth": 4}}
CONSTRUCTORS = {
    "conv_activation": lambda x: x.layer("QuantizedConv2D", filters=4, kernel_size=3, quantizer=MAX4, activation="relu"),
    "conv_data_format": lambda x: x.layer("QuantizedConv2D", filters=4, kernel_size=3, quantizer=MAX4, data_format="channels_last"),
    "dense_activation": lambda x: x.layer("QuantizedDense", units=4, quantizer=MAX4, activation="relu"),
    "separable_multiplier": lambda x: x.layer("QuantizedSeparableConv2D", filters=4, kernel_size=3, quantizer=MAX4,
                                              depth_multiplier=2),
    "quantizer_bitwidth_1": lambda x: x.quantizer("MaxQuantizer", 1),
    "quantizer_bitwidth_0": lambda x: x.quantizer("MaxQuantizer", 0),
    "quantizer_bitwidth_float": lambda x: x.quantizer("MaxQuantizer", 2.5),
    "std_threshold_0": lambda x: x.quantizer("StdWeightQuantizer", 4, 0),
    "std_threshold_negative": lambda x: x.quantizer("StdWeightQuantizer", 4, -1),
    "discrete_relu_0": lambda x: x.layer("ActivationDiscreteRelu", bitwidth=0),
    "quantized_relu_0": lambda x: x.layer("QuantizedReLU", bitwidth=0),
    "quantized_relu_negative_max": lambda x: x.layer("QuantizedReLU", bitwidth=4, max_value=-1.0),
    "quantized_relu_zero_max": lambda x: x.layer("QuantizedReLU", bitwidth=4, max_value=0.0),
    "conv_quantizer_none": lambda x: x.layer("QuantizedConv2D", filters=4, kernel_size=3, quantizer=None),
    "conv_quantizer_unknown": lambda x: x.layer("QuantizedConv2D", filters=4, kernel_size=3,
                                                quantizer={"class_name": "Nothing", "config": {}}),
}
# What each case breaks: rule and layer, where there is one. Cases that aren't here break nothing.
FAULTS = {name: (rule, *layer) for name, rule, *layer in (line.split() for line in """
bias_correction_functional L-E
compat_activation_first L-H13 re_lu
compat_add_branches L-H4 add
compat_bn_after_activation L-H21 batch_normalization
compat_bn_axis L-H8 batch_normalization
compat_bn_first L-H21 batch_normalization
compat_bn_negative_gamma_pool L-H7 batch_normalization
compat_bn_null_gamma L-H8 batch_normalization
compat_channels_first L-H1 conv2d
compat_concat_axis L-H5 concatenate
compat_concat_three L-H5 concatenate
compat_dense_4d L-H11 dense
compat_depthwise L-H21 depthwise_conv2d
compat_dilation L-H2 conv2d
compat_flatten_before_conv L-H17 flatten
compat_flatten_before_relu L-H17 flatten
compat_gap_after_activation L-H15 global_average_pooling2d
compat_input_3d L-H3 input_1
compat_maxpool_and_gap L-H15 global_average_pooling2d
compat_pool_after_dense L-H15 max_pooling2d
compat_pool_first L-H14 max_pooling2d
compat_pool_padding L-H16 max_pooling2d
compat_rescaling_in_middle L-H19 rescaling
compat_reshape_bad L-H18 reshape
compat_shared_layer L-H4 conv2d
compat_sigmoid_in_middle L-H20 activation
compat_softmax_in_middle L-H20 softmax
compat_two_activations L-H13 re_lu_1
compat_two_branches L-H6
compat_two_inputs L-H3
compat_two_neural L-H12 conv2d_1
compat_two_outputs L-H3
compat_two_pools L-H15 max_pooling2d_1
compat_unsupported_avgpool L-H21 average_pooling2d
compat_unsupported_layer L-H21 zero_padding2d
compat_unsupported_leaky L-H21 leaky_re_lu
constructor_conv_activation L-C quantized_conv2d
constructor_conv_data_format L-C quantized_conv2d
constructor_conv_quantizer_none L-a5 quantized_conv2d
constructor_conv_quantizer_unknown L-a5 quantized_conv2d
constructor_dense_activation L-C quantized_dense
constructor_discrete_relu_0 K-config activation_discrete_relu
constructor_quantized_relu_0 K-config quantized_re_lu
constructor_quantizer_bitwidth_0 L-a1
constructor_quantizer_bitwidth_1 L-a1
constructor_separable_multiplier L-C quantized_separable_conv2d
convert_float_model L-G2-FIRST conv2d
convert_per_channel_rescaling L-G1-CHANNELS rescaling
convert_rescaling_and_scaling L-G1-RESCALING rescaling
convert_scaling_0 L-G1-SCALE
convert_scaling_1 L-G1-SCALE
convert_two_bitwidths_separable L-G3-SEPARABLE quantized_separable_conv2d
convert_w0_a4_i0 L-G2-FIRST conv2d
convert_w0_a4_i8 L-G3-FLOAT conv2d_1
convert_w3_a4_i8 L-G3-WEIGHT-BITS conv2d_1
convert_w4_a0_i8 L-G3-FLOAT re_lu
convert_w4_a3_i8 L-G3-ACTIVATION-BITS re_lu
convert_w4_a8_i8 L-G3-ACTIVATION-BITS re_lu
convert_w5_a4_i8 L-G3-WEIGHT-BITS conv2d_1
convert_w8_a8_i8 L-G3-ACTIVATION-BITS re_lu
fold_bn_per_tensor L-H8 quantized_conv2d
fold_not_sequential L-E
invert_not_sequential L-E
normalize_separable_layer_type L-080 conv2d
quantize_conv_activation_arg L-018 conv2d
quantize_conv_groups L-018 conv2d
quantize_layer_bitwidth_0 L-029
quantize_layer_bitwidth_1 L-a1 conv2d
quantize_layer_bitwidth_m1 L-029
quantize_layer_target_index L-024
quantize_layer_target_name L-025
quantize_layer_target_type L-028
quantize_separable_multiplier L-018 separable_conv2d
quantize_w1_a4_i8 L-a1 conv2d_1
quantize_w4_a4_i1 L-a1 conv2d
quantize_w4_am1_i8 L-017 re_lu
quantize_wm2_a4_i8 L-a1 conv2d_1
requantize_zero_activations L-017 re_lu
requantize_zero_weights L-017 conv2d_1
reshape_dense_mismatch K-weights dense
reshape_functional L-E
sampler_activation L-084 re_lu
sampler_batch L-085
sampler_none L-085
sampler_none_float L-085
""".split("\n") if line)}


def fault_of(case):
    rule, layer = (*FAULTS.get(case.name, ("",)), "")[:2]
    return rule, layer


INCOMPATIBLE = -6
CODES = {"ValueError": -8, "TypeError": -9, "IndexError": -10, "RuntimeError": -6, "AssertionError": -12, "SystemError": -11}


def misuse(model, what):
    sampler = c2s.QuantizationSampler(model, np.zeros((4, *model.input_shape()), "f4"))
    if what == "activation":
        sampler.select_layer(model.layers[1])
    elif what == "none":
        sampler.quantized_outputs()
    elif what == "none_float":
        sampler.float_outputs()
    else:
        sampler.select_layer(model.layers[0])
        sampler.quantized_outputs(7)


def attempt(x, case, function, a):
    if function.startswith("constructor "):
        return CONSTRUCTORS[function.split()[1]](x)
    m = x.load(case / "model.h5")
    if function == "convert":
        return m.convert(input_scaling=a.get("input_scaling"))
    if function == "QuantizationSampler":
        return misuse(m, a["misuse"])
    if function == "bias_correction":
        return m.bias_correction(np.zeros((4, 16, 16, 1), "f4"))
    if function == "quantize":
        return m.quantize(a["weight_quantization"], a["activ_quantization"], a["input_weight_quantization"])
    if function == "quantize_layer":
        return m.quantize_layer(a["target_layer"], a["bitwidth"])
    name = function.split(".")[-1]
    if name == "normalize_separable_layer":
        import ctypes
        f = c2s.lib.cnn2snn_model_normalize_separable_layer
        f.restype, f.argtypes = ctypes.c_int32, (ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p))
        return c2s.call("model_normalize_separable_layer", m.handle, m.layers[a["layer"]].name.encode())
    return m.transform(name, *([a["input_x"], a["input_y"]] if name == "reshape" else []))


def errors(x, case, doc):
    if doc["function"].startswith("check_model"):
        return checks(case, doc)
    (what, want), = doc["results"].items()
    try:
        attempt(x, case, doc["function"], doc["args"])
        code, text, found = 0, "", ("", "")
    except c2s.Error as e:
        code, text, found = e.code, str(e), (e.rule, e.layer)
    expected = CODES[want["error"]["type"]] if "error" in want else 0
    need(code == expected, "%s: status %d (%s), expected %d" % (what, code, text, expected))
    need(found == fault_of(case), "%s: %s, expected %s" % (what, found, fault_of(case)))
    need(not (case.name in FAULTS) or text, "no message")


def checks(case, doc):
    """The legacy check: yes or no as each release of the reference says, with rule and layer of the first fault."""
    for what, want in doc["results"].items():
        if "check_model_compatibility" not in what:
            continue
        mode = ["--image-input"] if "=True" in what else ["--no-image-input"] if "=False" in what else []
        r = subprocess.run([ARGS.cli, "check", "-m", case / "model.h5", "--legacy", "--json", *mode], capture_output=True, text=True)
        need(r.returncode in (0, 1), "%s: status %d: %s" % (what, r.returncode, r.stderr))
        compatible = want.get("returns", False)  # an error that escapes is a fault here
        need((r.returncode == 0) == compatible, "%s: status %d, expected %s" % (what, r.returncode, compatible))
        faults = json.loads(r.stdout)["faults"]
        first = (faults[0]["rule"], faults[0]["layer"]) if faults else ("", "")
        if mode == ["--image-input"] and first[0] == "L-H10":
            need(first[1] in want["printed"], "%s: layer %s, not in: %s" % (what, first[1], want["printed"]))
        else:
            need(first == (fault_of(case) if not compatible else ("", "")), "%s: %s, expected %s" % (what, first, fault_of(case)))


# ------------------------------------------------------------------ compat_*: what quantize and convert say
def outcome(call):
    try:
        return call(), 0, ""
    except c2s.Error as e:
        return None, e.code, str(e)


def converts(x, case, doc):
    """quantize and convert refuse exactly the models that the reference refuses, with the same class."""
    model = x.load(case / "model.h5")
    quantized = x.load(case / "quantized.h5") if (case / "quantized.h5").exists() else None
    for what, result in doc["results"].items():
        expected = CODES[result["error"]["type"]] if "error" in result else 0
        if what.startswith("quantize("):
            got, code, text = outcome(lambda: model.quantize(4, 4, 8, "fold_BN=True" in what))
            quantized = quantized or got
        elif what.startswith("convert("):
            image = {"=True)": True, "=False": False}.get(what[what.find("is_image") + 8:][:6])
            got, code, text = outcome(lambda: quantized.convert(input_is_image=image))
        else:
            continue
        need(code == expected, "%s: status %d (%s), expected %d" % (what, code, text, expected))


# ------------------------------------------------------------------ legacy_calibration
class KerasMeanSquaredError:
    """As keras.metrics has it: a running mean."""
    def reset(self):
        self.total = self.count = 0

    def update(self, y_true, y_pred):
        self.total += ((y_true.astype("f8") - y_pred) ** 2).mean(-1).sum()
        self.count += y_true[..., 0].size

    def result(self):
        return self.total / self.count


def sampler(x, case, doc):
    if doc["function"] != "QuantizationSampler":
        raise Skip("golden_run.py does it")
    z = np.load(case / "arrays.npz")
    model, samplers = x.load(case / "model.h5"), {}
    for s in doc["selections"]:
        act = s["include_activation"]
        q = samplers.setdefault(act, c2s.QuantizationSampler(model, case / "samples.npz", doc["args"]["batch_size"]))
        need(q.n_batches == s["n_batches"], "%d batches, expected %d" % (q.n_batches, s["n_batches"]))
        q.select_layer(s["layer"], act)
        key = "%s/%s" % (s["layer"], "act" if act else "noact")
        close(q.quantized_outputs(s["batch_index"]), z["quantized/" + key], 1e-6, "quantized/" + key, 0.002 if act else 0)
        close(q.float_outputs(s["batch_index"]), z["float/" + key], 1e-6, "float/" + key, 0.002 if act else 0)
        for metric, expected in (("mse", s["mean_squared_error"]), ("mae", s["mean_absolute_error"]),
                                 (KerasMeanSquaredError(), s["mean_squared_error"])):
            got = q.quantization_error(metric)
            need(abs(got - expected) <= 1e-5 * expected + 1e-12, "%s: %s %r, expected %r" % (key, metric, got, expected))


def rescaled(x, case, doc):
    if doc["function"] != "activations_rescaling":
        raise Skip("golden_run.py does it")
    z = np.load(case / "arrays.npz")
    samples = np.load(case / "samples.npz")
    result = judge(x, x.load(case / "model.h5").activations_rescaling(samples[samples.files[0]]), case)
    close(result.predict(z["input"]), z["output"], 1e-4, "output", 0.005)


# ------------------------------------------------------------------ qml_old
FOUR_BITS = 7  # element type of the file (docs/formats/fbz.md)


def weight_bits(x, case, doc):
    """Files of releases that didn't write weights_bits: the case tells the bits of each layer, where golden_run.py takes 8."""
    newest = doc.get("newest", "")
    bits = {name: int(n) for n, names in re.findall(r"weights_bits absent became (\d+) in ([^;]+)", newest)
            for name in names.split(", ")}
    if not newest.startswith("same") or set(bits.values()) <= {8}:
        raise Skip("golden_run.py does it")
    sys.path.insert(0, str(ARGS.tools))
    import fbz
    import golden_run
    with tempfile.TemporaryDirectory() as t:
        out = Path(t) / "m.fbz"
        r = subprocess.run([ARGS.cli, "convert", "-m", case / "model.h5", "-o", out], capture_output=True, text=True)
        need(r.returncode == 0, "convert: " + r.stderr)
        got, want = (fbz.Model.from_bytes(p.read_bytes()) for p in (out, case / "model.fbz"))
    for layer in want.layers:
        if layer.name in bits:
            layer.params["weights_bits"] = bits[layer.name]
            for variable in layer.variables:
                if variable.name == "weights" and bits[layer.name] == 4:
                    variable.code = FOUR_BITS
    golden_run.modern(got), golden_run.modern(want)
    difference = next(iter(fbz.differences(got, want, False, True)), None)
    need(difference is None, difference)


# ------------------------------------------------------------------ check --fix
MENDED = ("activation_first", "bn_after_activation", "bn_first", "bn_null_gamma", "dense_4d", "depthwise", "dilation",
          "flatten_before_conv", "flatten_before_relu", "pool_after_dense", "pool_first", "pool_padding", "rescaling_in_middle", "reshape_bad", "two_activations",
          "two_pools", "unsupported_layer")


def mended(x, case, doc):
    """Models that check refuses and --fix mends are compatible afterwards, and convert."""
    def run(*arguments, status=0):
        r = subprocess.run([ARGS.cli, *arguments, "-q"], capture_output=True, text=True)
        need(r.returncode == status, "%s: status %d: %s" % (arguments[0], r.returncode, r.stderr))
    run("check", "-m", case / "model.h5", "--legacy", status=1)
    with tempfile.TemporaryDirectory() as t:
        model, quantized = Path(t) / "mended.h5", Path(t) / "quantized.h5"
        run("check", "-m", case / "model.h5", "--legacy", "--fix", model)
        run("check", "-m", model, "--legacy")
        run("quantize", "-m", model, "-wq", "4", "-aq", "4", "-iq", "8", "-o", quantized)
        run("convert", "-m", quantized, "-o", Path(t) / "m.fbz")


# ------------------------------------------------------------------ every .fbz
def same_file(x, file, version=None):
    """Reading and writing again gives the same bytes."""
    again = file.with_name("again.fbz")
    x.load_akida(file).save(again, version)
    need(file.read_bytes() == again.read_bytes(), "%s: read and written again, other bytes" % file.name)


def round_trip(x, case, doc):
    """What the reference wrote says the same when it is read and written again; what this library wrote stays to the byte."""
    sys.path.insert(0, str(ARGS.tools))
    import fbz
    for file in sorted(case.glob("*.fbz")):
        with tempfile.TemporaryDirectory() as t:
            written, model = Path(t) / "written.fbz", x.load_akida(file)
            model.save(written, model.version or None)
            want, got = (fbz.Model.from_bytes(p.read_bytes()) for p in (file, written))
            difference = next(iter(fbz.differences(want, got)), None)
            need(difference is None, "%s: %s" % (file.name, difference))
            same_file(x, written, want.version)


def round_trip_own(x, case, doc):
    """The same of what convert and --akida-release write."""
    a = doc.get("args", {})
    model = x.load(case / "model.h5")
    akida = model.convert(input_scaling=a.get("input_scaling"), akida_version=1 if a.get("akida_version") == "v1" else 0)
    written = 0
    for release in (None, "2.18.2", "2.16.1", "2.11.2", "2.7.2", "2.4.0"):
        with tempfile.TemporaryDirectory() as t:
            file = Path(t) / "converted.fbz"
            try:
                akida.save(file, akida_release=release)
            except c2s.Error as e:
                need(release and e.code == INCOMPATIBLE, "%s: %s" % (release, e))
                continue
            same_file(x, file)
            written += 1
    need(written, "nothing was written")


# ------------------------------------------------------------------ verify of old releases' files
def verified(x, case, doc):
    """Files of old releases are told from wrong ones; but where no conversion of today's is there to compare with."""
    scaling = doc["args"].get("input_scaling")
    with tempfile.TemporaryDirectory() as t:
        np.save(t + "/x.npy", np.load(case / "arrays.npz")["input"][:4])
        r = subprocess.run([ARGS.cli, "verify", case / "model.h5", case / "model.fbz", "-i", t + "/x.npy", "--json",
                            *(["--input-scaling", "%g,%g" % tuple(scaling)] if scaling else [])], capture_output=True, text=True)
    answer = json.loads(r.stdout)
    need((answer["first_divergent"] is None) == (r.returncode == 0), r.stdout)
    if not case.name.endswith("norm_after_add"):
        need(not answer["first_divergent"] or answer["explained_by_release"], r.stdout)


# ------------------------------------------------------------------ mnist
def mnist(x, case, doc):
    golden, cli = case, ARGS.cli
    figures = json.loads((golden / "accuracy.json").read_text())
    for name, key in (("mnist_float.h5", "float"), ("mnist_iq8_wq4_aq4_ptq.h5", "legacy_8_4_4_ptq"),
                      ("mnist_iq8_wq4_aq4_qat.h5", "legacy_8_4_4_qat"), ("mnist_v2_float.h5", "float_v2"),
                      ("mnist_v2_i8_w8_a8.h5", "qml_i8_w8_a8"), ("mnist_v2_i8_w4_a4.h5", "qml_i8_w4_a4"),
                      ("mnist_v1.fbz", "akida_v1"), ("mnist_v2_i8_w8_a8.fbz", "akida_v2_i8_w8_a8"),
                      ("mnist_v2_i8_w4_a4.fbz", "akida_v2_i8_w4_a4")):
        r = subprocess.run([cli, "evaluate", "-m", golden / name, "-i", golden / "images_1000.npy", "-l",
                            golden / "labels_1000.npy", "--json"], capture_output=True, text=True)
        need(r.returncode == 0, "evaluate %s: %s" % (name, r.stderr))
        top1 = json.loads(r.stdout)["top1"]
        within = 1e-9 if name.endswith(".fbz") else 0.002
        need(abs(top1 - figures[key]) <= within, "%s: accuracy %.4f, expected %.4f" % (name, top1, figures[key]))
    sys.path.insert(0, str(ARGS.tools))
    import fbz
    for name, expected in (("mnist_iq8_wq4_aq4_qat.h5", "mnist_v1.fbz"), ("mnist_v2_i8_w8_a8.h5", "mnist_v2_i8_w8_a8.fbz"),
                           ("mnist_v2_i8_w4_a4.h5", "mnist_v2_i8_w4_a4.fbz")):
        with tempfile.TemporaryDirectory() as t:
            out = Path(t) / "m.fbz"
            r = subprocess.run([cli, "convert", "-m", golden / name, "-o", out], capture_output=True, text=True)
            need(r.returncode == 0, "convert: " + r.stderr)
            got, want = (fbz.Model.from_bytes(p.read_bytes()) for p in (out, golden / expected))
        difference = next(iter(fbz.differences(got, want, False, True)), None)
        need(difference is None, "%s: %s" % (name, difference))


def main():
    global ARGS
    shared = Path(os.environ.get("CNN2SNN_SHARED", here.parent.parent.parent / "shared"))
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--golden", type=Path, default=shared / "golden")
    p.add_argument("--tools", type=Path, default=shared / "tools")
    p.add_argument("--cli", required=True)
    p.add_argument("--match", default="")
    p.add_argument("-v", action="store_true")
    ARGS = p.parse_args()
    jobs = [(fn, c.parent) for group, fn in (("legacy_quantizers", quantizers), ("legacy_quantize", callbacks),
                                             ("legacy_errors", errors), ("legacy_errors", converts),
                                             ("legacy_errors", mended),
                                             ("legacy_calibration", sampler), ("legacy_calibration", rescaled),
                                             ("qml_errors", float_checks), ("qml_old", weight_bits))
            for c in sorted((ARGS.golden / group).glob("*/case.json"))
            if (fn is not mended or c.parent.name.removeprefix("compat_") in MENDED)
            and (fn is not converts or c.parent.name.startswith("compat_"))] + [(mnist, ARGS.golden / "mnist")]
    jobs += [(round_trip, case) for case in sorted({file.parent for file in ARGS.golden.rglob("*.fbz")})]
    jobs += [(verified, file.parent) for group in ("legacy_old", "qml_old")
             for file in sorted((ARGS.golden / group).glob("*/model.fbz"))]
    jobs += [(round_trip_own, file.parent) for group in ("legacy_convert", "qml_convert_v1", "qml_convert_v2")
             for file in sorted((ARGS.golden / group).glob("*/model.fbz")) if (file.parent / "model.h5").exists()]
    x, tally, reasons = c2s.Context(), collections.Counter(), collections.Counter()
    for fn, case in jobs:
        name = "%s/%s" % (case.parent.name, case.name)
        if not re.search(ARGS.match, name):
            continue
        doc = json.loads((case / "case.json").read_text()) if (case / "case.json").exists() else {}
        try:
            fn(x, case, doc)
            tally["passed"] += 1
            if ARGS.v:
                print("ok     ", fn.__name__, name)
        except Skip as e:
            tally["skipped"] += 1
            reasons[str(e)] += 1
        except Exception as e:
            tally["failed"] += 1
            print("FAILED ", fn.__name__, name, "%s: %s" % (type(e).__name__, e))
    for reason, n in sorted(reasons.items()):
        print("skipped %4d  %s" % (n, reason))
    print("%d passed, %d failed, %d skipped" % (tally["passed"], tally["failed"], tally["skipped"]))
    return 1 if tally["failed"] or not tally["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
