#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every architecture of akida_models, with random weights, quantized by QuantizeML and converted by the reference and by us.

  <oracle venv>/bin/python architectures.py --cli CNN2SNN --out OUT [--shared ../shared] [--match REGEX] [--keep]

A line for each model, then "N right, N wrong". A model that the reference refuses must be refused here. --keep judges what
lies in OUT without making it anew. Not a part of `meson test`: it needs the toolkit, which the project doesn't depend on.
"""
import argparse
import re
import shutil
import sys
import time
from pathlib import Path

from judge import Judge

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--cli", required=True)
ap.add_argument("--out", required=True)
ap.add_argument("--shared", default="../shared")
ap.add_argument("--match", default="")
ap.add_argument("--keep", action="store_true")
options = ap.parse_args()
judge = Judge(options.cli, options.shared)

import cases_qml  # noqa: E402
import numpy as np  # noqa: E402
from cnn2snn import set_akida_version  # noqa: E402
from judge import compiled  # noqa: E402
from oracle_common import Case, L, keras, randomize  # noqa: E402

cases_qml.store_layer_outputs = lambda *a, **k: None  # only the ends count here
cases_qml.run_keras = compiled


def with_softmax(build, version):
    def b():
        model = build()
        return keras.Model(model.input, L.Softmax()(model.output))
    return b


def edge(**keys):
    """An AkidaNet with the head for learning at the edge."""
    def b():
        import akida_models
        with set_akida_version(cases_qml.VERSION["v1"]):
            base = akida_models.akidanet_imagenet(**keys)
            return akida_models.akidanet_edge_imagenet(base, classes=20)
    return b


def recurrent(name, threshold=None, timesteps=1, **keys):
    """As akida_models makes it for the hardware: states instead of kernels."""
    def b():
        import akida_models
        from akida_models.tenn_recurrent.convert_recurrent import convert_to_stateful
        model = getattr(akida_models, name)(**keys)
        for layer in model.layers:  # the recurrent parameters keep their own initializers
            if isinstance(layer, L.BatchNormalization):
                randomize(layer, np.random.default_rng(5))
        return convert_to_stateful(model, timesteps=timesteps, threshold=threshold)
    return b


def signed(build):
    """The same model for inputs of int8, not of uint8."""
    def b():
        model = build()
        config = model.get_config()
        for layer in config["layers"]:
            if layer["class_name"] == "InputLayer":
                layer["config"]["dtype"] = "int8"
            elif layer["class_name"] == "Rescaling":
                layer["config"].update(scale=1 / 128., offset=0)
        return keras.Model.from_config(config)
    return b


IMAGE = dict(classes=10)
V2 = {
    "ds_cnn_kws": {},
    "akidanet_imagenet": dict(input_shape=(96, 96, 3), alpha=0.5, **IMAGE),
    "akidanet18_imagenet": dict(input_shape=(64, 64, 3), **IMAGE),
    "mobilenet_imagenet": dict(input_shape=(96, 96, 3), alpha=0.5, **IMAGE),
    "akida_unet_portrait128": dict(input_shape=(64, 64, 3)),
    "yolo_base": dict(input_shape=(96, 96, 3), classes=3, alpha=0.5),
    "centernet_base": dict(input_shape=(64, 64, 3), classes=3),
    "convtiny_dvs": {},
    "gxnor_mnist": {},
    "vgg_utk_face": {},
    "pointnet_plus_modelnet40": dict(selected_points=32, knn_points=16, classes=10),
    "tenn_spatiotemporal_dvs128": dict(input_length=8, input_shape=(64, 64, 2)),
    "tenn_spatiotemporal_eye": dict(input_length=8, input_shape=(40, 53, 2)),
    "tenn_spatiotemporal_jester": dict(input_shape=(8, 36, 36, 3), n_classes=5),
}
V1 = {k: V2[k] for k in ("ds_cnn_kws", "akidanet_imagenet", "mobilenet_imagenet", "yolo_base", "convtiny_dvs", "gxnor_mnist",
                         "vgg_utk_face", "akidanet18_imagenet", "akida_unet_portrait128", "centernet_base",
                         "pointnet_plus_modelnet40")}
TEMPORAL = dict(dtype="int8", frames=10, ns=2)


def v2_cases():
    for name, keys in V2.items():
        build = cases_qml.am(name, **keys)
        more = dict(n=2, ns=4)
        if name == "convtiny_dvs":
            more.update(dtype="int8", low=0, high=15)
        elif name.startswith("tenn_spatio"):
            more = dict(TEMPORAL, dtype="uint8" if name.endswith("jester") else "int8")
        every = name in ("ds_cnn_kws", "akidanet_imagenet", "akidanet18_imagenet", "mobilenet_imagenet", "akida_unet_portrait128")
        for bits in ((8, 8, 8), (8, 4, 4), (8, 4, 8))[:3 if every else 2]:
            yield name, dict(build=build, version="v2", bits=bits, **more)
        if every:
            yield name + "_per_tensor", dict(build=build, version="v2", per_tensor=True, **more)
    yield "akidanet_imagenet_softmax", dict(build=with_softmax(cases_qml.am("akidanet_imagenet", **V2["akidanet_imagenet"]), "v2"),
                                            version="v2", ns=4)
    yield "mobilenet_imagenet_real_size", dict(build=cases_qml.am("mobilenet_imagenet"), version="v2", n=1, ns=2)
    yield "akidanet_imagenet_real_size", dict(build=cases_qml.am("akidanet_imagenet"), version="v2", n=1, ns=2)
    yield "yolo_base_real_size", dict(build=cases_qml.am("yolo_base", classes=20), version="v2", n=1, ns=2)
    yield "akidanet18_imagenet_signed", dict(build=signed(cases_qml.am("akidanet18_imagenet", **V2["akidanet18_imagenet"])),
                                             version="v2", dtype="int8", ns=4)
    yield "akidanet18_imagenet_real_size", dict(build=cases_qml.am("akidanet18_imagenet"), version="v2", n=1, ns=2)


def recurrent_cases():
    more = dict(version="v2", dtype="int16", frames=4, ns=2, weights=False)
    for name in ("tenn_recurrent_sc12", "tenn_recurrent_uored"):  # 256 steps make one output
        yield name, dict(build=recurrent(name, timesteps=256), **more)
        yield name + "_512_steps", dict(build=recurrent(name, timesteps=512), **more)
    yield "tenn_recurrent_uored_pico", dict(build=recurrent("tenn_recurrent_uored", 500, 256, num_classes=1), **more)


def v1_cases():
    for name, keys in V1.items():
        build = cases_qml.am(name, "v1", **keys)
        more = dict(version="v1", n=2, ns=4)
        if name == "convtiny_dvs":
            more.update(high=15)
        for bits in ((4, 4, 4), (2, 2, 1)) if name in ("gxnor_mnist", "convtiny_dvs") else ((8, 4, 4), (8, 2, 2)):
            yield name, dict(build=build, bits=bits, **more)
    yield "yolo_base_real_size", dict(build=cases_qml.am("yolo_base", "v1", classes=20), bits=(8, 4, 4), version="v1", n=1, ns=2)
    yield "akidanet_edge", dict(build=edge(**V2["akidanet_imagenet"]), bits=(8, 4, 4), version="v1", ns=4)


def main():
    right = wrong = refused = 0
    for name, keys in (*v2_cases(), *recurrent_cases(), *v1_cases()):
        version, bits = keys["version"], keys.get("bits", (8, 8, 8))
        full = "%s_%s_%s" % (name, version, "".join(map(str, bits)))
        if not re.search(options.match, full):
            continue
        c = Case(options.out, "qml_convert_" + version, full)
        start = time.time()
        if not (options.keep and (c.dir / "case.json").exists()):
            shutil.rmtree(c.dir, ignore_errors=True)
            c.dir.mkdir(parents=True)
            keras.backend.clear_session()
            try:
                cases_qml.qml_case(c, summary=name, **keys)
                c.write()
            except Exception as e:  # noqa: BLE001  (the reference doesn't come as far as its conversion)
                print("left   %-46s %s: %s" % (full, type(e).__name__, " ".join(str(e).split())[:200]), flush=True)
                shutil.rmtree(c.dir)
                continue
        good, said = judge.judge(c.dir)
        right, wrong, refused = right + good, wrong + (not good), refused + said.startswith("refused by")
        print("%s  %-46s %s (%.0f s)" % ("right" if good else "WRONG", full, said, time.time() - start), flush=True)
    print("%d right (%d of them refused by both), %d wrong" % (right, refused, wrong))
    return 1 if wrong or not right else 0


if __name__ == "__main__":
    sys.exit(main())
