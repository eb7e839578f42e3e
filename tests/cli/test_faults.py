#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a model, as the command line tells it: every fault with its rule, its layer and what to do.

  test_faults.py CLI DATA [unittest arguments]      DATA: tests/data
Needs numpy and h5py.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

from keras_files import batchnorm, conv, dense, layer, relu, separable, write_model

CLI, DATA = os.path.abspath(sys.argv.pop(1)), Path(sys.argv.pop(1)).resolve()


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)

    def cli(self, *args, status=None):
        r = subprocess.run([CLI, *map(str, args)], capture_output=True, text=True, cwd=self.dir, timeout=60)
        if status is not None:
            self.assertEqual(r.returncode, status, r.stdout + r.stderr)
        return r

    def write(self, shape, *layers, name="m.h5"):
        write_model(self.dir / name, shape, layers)

    def refused(self, rule, layer_name, remedy, *args):
        """One fault on stderr and as JSON, with a remedy, and no file."""
        r = self.cli(*args, status=1)
        where = "%s: " % layer_name if layer_name else ""
        self.assertRegex(r.stderr, r"(?s)^(cnn2snn: warning: [^\n]*\n)*cnn2snn: error: %s[^\n]* \[%s\]\n    remedy: [^\n]*%s[^\n]*\n$" % (
            where, re.escape(rule), remedy))
        fault, = json.loads(self.cli(*args, "--json", status=1).stdout)["faults"]
        self.assertEqual((fault["rule"], fault["layer"]), (rule, layer_name))
        self.assertRegex(fault["remedy"], remedy)
        self.assertIn(fault["message"], r.stderr)
        self.assertEqual([p.name for p in self.dir.iterdir()], ["m.h5"])

    def faults(self, *args, status=1):
        return [(f["rule"], f["layer"], f["remedy"]) for f in json.loads(self.cli(*args, "--json", status=status).stdout)["faults"]]


class Remedies(Case):
    """Commands that end at the first fault say what to do about it."""

    def quantize_is_refused(self, rule, layer_name, remedy, *layers, shape=(8, 8, 3)):
        self.write(shape, *layers)
        self.refused(rule, layer_name, remedy, "quantize", "-m", "m.h5")

    def test_residual_nets(self):
        self.quantize_is_refused("L-H4", "add", "leave the merge out, or quantize by QuantizeML for Akida 2.0", conv("a", 3, 4), conv("b", 4, 4),
                                 layer("Add", "add", ["a", "b"]), relu("r"))

    def test_shared_layers(self):
        self.quantize_is_refused("L-H4", "b", "check --fix", conv("a", 3, 3), conv("b", 3, 3, inputs=[["a"], ["b"]]), relu("r", ["b:1"]))
        self.cli("check", "-m", "m.h5", "--fix", "mended.h5")

    def test_branches(self):
        self.quantize_is_refused("L-009", "", "--no-fold-BN", conv("a", 3, 4), conv("b", 4, 4, inputs=["a"]), conv("c", 4, 4, inputs=["a"]),
                                 layer("Concatenate", "cat", ["b", "c"], axis=-1), relu("r"))
        self.cli("quantize", "-m", "m.h5", "--no-fold-BN", status=0)

    def test_concatenate(self):
        self.quantize_is_refused("L-H5", "cat", "last axis", conv("a", 3, 4), conv("b", 4, 4, inputs=["a"]), conv("c", 4, 4, inputs=["a"]),
                                 layer("Concatenate", "cat", ["b", "c"], axis=1), relu("r"))
        self.quantize_is_refused("L-H5", "cat", "two branches", conv("a", 3, 4), *(conv(n, 4, 4, inputs=["a"]) for n in "bcd"),
                                 layer("Concatenate", "cat", ["b", "c", "d"], axis=-1), relu("r"))

    def test_inputs_and_outputs(self):
        two = [layer("InputLayer", n, [], batch_input_shape=[None, 8, 8, 3]) for n in ("x", "y")]
        self.quantize_is_refused("L-H3", "", "split the model", *two, layer("Add", "add", ["x", "y"]), conv("c", 3, 4))
        self.quantize_is_refused("L-H3", "", "split the model", conv("a", 3, 4), conv("b", 4, 4, inputs=["a"]), conv("c", 4, 4, inputs=["a"]))

    def test_layers_that_can_not_be_quantized_as_they_are(self):
        for rule, name, remedy, planted in (
                ("L-H2", "c", "larger kernel", conv("c", 3, 4, dilation_rate=[2, 2])),
                ("L-H1", "c", "channels_last", conv("c", 8, 4, data_format="channels_first")),
                ("L-018", "c", "layer of its own", conv("c", 3, 4, activation="relu")),
                ("L-018", "c", "split the layer", conv("c", 3, 6, groups=3)),
                ("L-018", "s", "depth_multiplier 1", separable("s", 3, 4, multiplier=2))):
            with self.subTest(rule=rule, remedy=remedy):
                self.quantize_is_refused(rule, name, remedy, planted)

    def test_batch_normalization(self):
        null = batchnorm("bn", 4)
        null["values"] = {"gamma": np.array([1, 0, 1, 1])}
        negative = batchnorm("bn", 4)
        negative["values"] = {"gamma": np.array([1, -1, 1, 1])}
        pool = layer("MaxPooling2D", "p", pool_size=[2, 2])
        self.quantize_is_refused("L-H8", "bn", "remove the filters", conv("c", 3, 4), null)
        self.quantize_is_refused("L-H7", "bn", "in front of the pooling", conv("c", 3, 4), pool, negative)
        self.quantize_is_refused("L-H9", "bn", "scale and center", conv("c", 3, 4), batchnorm("bn", 4, scale=False))
        wrong = batchnorm("bn", 8)
        wrong["config"]["axis"] = [1]
        self.quantize_is_refused("L-H8", "bn", "last axis", conv("c", 3, 4), wrong)

    def test_bits(self):
        self.write((8, 8, 3), conv("c", 3, 4), relu("r"), conv("d", 4, 4))
        self.refused("L-017", "r", "0 to leave it float", "quantize", "-m", "m.h5", "-aq", "-1")
        self.cli("quantize", "-m", "m.h5", "-o", "q.h5", status=0)
        os.replace(self.dir / "q.h5", self.dir / "m.h5")
        self.refused("L-017", "c", "quantize the float model", "quantize", "-m", "m.h5", "-wq", "0")
        self.refused("L-017", "r", "quantize the float model", "quantize", "-m", "m.h5", "-aq", "0")
        self.refused("L-025", "", "inspect", "quantize", "-m", "m.h5", "--layer", "nobody", "--bitwidth", "4")

    def test_transforms(self):
        self.write((8, 8, 3), conv("c", 3, 4), layer("Flatten", "f"), dense("d", 256, 5))
        self.refused("K-weights", "d", "GlobalAveragePooling2D", "reshape", "-m", "m.h5", "-iw", "4", "-ih", "4")
        self.write((8, 8, 3), conv("c", 3, 4, inputs=["in"]), relu("r"))
        for args in (("transform", "fold_batchnorm"), ("transform", "invert_batchnorm_pooling"), ("reshape", "-iw", "4", "-ih", "4")):
            self.refused("L-E", "", "sequentialize", *args, "-m", "m.h5")

    def test_calibration(self):
        np.savez(self.dir.parent / "s.npz", np.zeros((2, 8, 8, 3), "f4"))
        self.addCleanup(os.remove, self.dir.parent / "s.npz")
        self.write((8, 8, 3), conv("c", 3, 4))
        for method, rule in (("bc", "L-088"), ("adaround", "L-089")):
            self.refused(rule, "", "quantize the model first", "calibrate", method, "-m", "m.h5", "-sa", self.dir.parent / "s.npz")


def pool(name, **config):
    return layer("MaxPooling2D", name, None, pool_size=[2, 2], **{"padding": "same", **config})


def depthwise(name, channels):
    return layer("DepthwiseConv2D", name, None, [("depthwise_kernel", (3, 3, channels, 1)), ("bias", (channels,))], kernel_size=[3, 3],
                 padding="same")


class Planted(Case):
    """Several faults in one model: each is told, and nothing else."""

    def told(self, planted, *args):
        """As JSON and as text: (rule, layer, words of the remedy)."""
        found = self.faults(*args)
        self.assertEqual(sorted(f[:2] for f in found), sorted(p[:2] for p in planted))
        r = self.cli(*args, status=1)
        lines = (r.stdout + r.stderr).splitlines()
        for rule, name, remedy in planted:
            at = [i for i, l in enumerate(lines) if re.search(r"(error|fault( of \w+)?): %s: .* \[%s\]$" % (re.escape(name), re.escape(rule)), l)]
            self.assertEqual(len(at), 1, (rule, name, lines))
            self.assertRegex(lines[at[0] + 1], "^ +remedy: .*" + remedy)

    def float_model(self):
        self.write((16, 16, 3), conv("c1", 3, 8), relu("r1"), conv("c2", 8, 8, dilation_rate=[2, 2]), relu("r2"),
                   conv("c3", 8, 8, size=4, strides=[2, 2]), relu("r3"), conv("c4", 8, 8), pool("p4", padding="valid"),
                   relu("r4", max_value=None), depthwise("dw", 8), relu("r5"), layer("Permute", "perm", dims=[2, 1, 3]), conv("c6", 8, 8),
                   relu("r6"), layer("Flatten", "f"), dense("d", 128, 5))

    def test_float_models_for_akida_1(self):
        self.float_model()
        self.told([("Q-050", "c2", "larger kernel"), ("Q-080", "c3", "odd kernel"), ("Q-071", "p4", "padding of its convolution"),
                   ("Q-079", "r4", "max_value"), ("Q-056", "dw", "SeparableConv2D"), ("Q-056", "c6", "remove Permute")],
                  "check", "-m", "m.h5", "--target", "v1")

    def test_float_models_for_akida_2(self):
        self.float_model()
        self.told([("Q-050", "c2", "larger kernel"), ("Q-070", "c3", "odd kernel"), ("Q-071", "p4", "padding of its convolution"),
                   ("Q-056", "c6", "remove Permute")], "check", "-m", "m.h5", "--target", "v2")

    def test_float_models_for_the_legacy_flow(self):
        self.float_model()
        self.told([("L-H2", "c2", "larger kernel"), ("L-H16", "p4", "padding of its convolution"), ("L-H21", "dw", "replace"),
                   ("L-H21", "perm", "replace")], "check", "-m", "m.h5", "--legacy")

    def test_quantized_models(self):
        self.write((16, 16, 3), conv("c1", 3, 8), relu("r1"), conv("c2", 8, 8, size=4), relu("r2"), separable("s3", 8, 8), relu("r3"),
                   conv("c4", 8, 8, strides=[4, 4]), pool("p4", padding="valid"), relu("r4"), layer("Flatten", "f"), dense("d", 32, 5))
        self.cli("quantize", "-m", "m.h5", "-iq", 8, "-o", "q.h5", status=0)
        for args in (("q.h5", "--layer", "s3", "--bitwidth", 3), ("q.h5", "--layer", "r3", "--bitwidth", 5)):
            self.cli("quantize", "-m", *args, "-o", "q.h5", status=0)
        planted = [("L-G3-KERNEL", "c2", "odd kernel"), ("L-G3-WEIGHT-BITS", "s3", "2, 4 or 8"), ("L-G3-ACTIVATION-BITS", "r3", "1, 2 or 4"),
                   ("L-G3-STRIDE", "c4", "smaller strides"), ("L-H16", "p4", "padding of its convolution")]
        self.told(planted, "convert", "-m", "q.h5", "-o", "q.fbz")
        self.told(planted, "check", "-m", "q.h5")
        self.assertFalse((self.dir / "q.fbz").exists())

    def test_one_fault_less_when_it_is_mended(self):
        """Each planted fault is told because of what was planted."""
        fine = dict(c2=conv("c2", 8, 8), c3=conv("c3", 8, 8, strides=[2, 2]), p4=pool("p4"), r4=relu("r4"))
        broken = dict(c2=conv("c2", 8, 8, dilation_rate=[2, 2]), c3=conv("c3", 8, 8, size=4, strides=[2, 2]), p4=pool("p4", padding="valid"),
                      r4=relu("r4", max_value=None))
        rules = dict(c2="Q-050", c3="Q-080", p4="Q-071", r4="Q-079")
        for mended in [None, *broken]:
            now = {**broken, **({mended: fine[mended]} if mended else {})}
            self.write((16, 16, 3), conv("c1", 3, 8), relu("r1"), now["c2"], relu("r2"), now["c3"], relu("r3"), conv("c4", 8, 8), now["p4"],
                       now["r4"], layer("Flatten", "f"), dense("d", 128, 5))
            found = self.faults("check", "-m", "m.h5", "--target", "v1")
            self.assertEqual(sorted(f[:2] for f in found), sorted((rules[l], l) for l in broken if l != mended))
        self.write((16, 16, 3), conv("c1", 3, 8), relu("r1"), fine["c2"], relu("r2"), fine["c3"], relu("r3"), conv("c4", 8, 8), fine["p4"],
                   fine["r4"], layer("Flatten", "f"), dense("d", 128, 5))
        for target in ("v1", "v2"):
            self.assertEqual(self.faults("check", "-m", "m.h5", "--target", target, status=0), [])


if __name__ == "__main__":
    unittest.main()
