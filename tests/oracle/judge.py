# SPDX-License-Identifier: Apache-2.0
"""Judges a case of a model that QuantizeML quantized: `cnn2snn convert` must give the reference's file, which the akida package
must load and run alike, `cnn2snn run` on the quantized .h5 the outputs of Keras, and on the .fbz those of the akida runtime."""
import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np


def compiled(model, x):
    """Outputs of Keras as `predict` gives them: eager calls divide scales by constants, and differ where that rounds."""
    return model.predict(x.astype(model.inputs[0].dtype.as_numpy_dtype), batch_size=len(x), verbose=0)


class Judge:
    def __init__(self, cli, shared):
        self.cli, self.tools = str(Path(cli).resolve()), Path(shared).resolve() / "tools"
        sys.path.insert(0, str(self.tools.parent / "oracle"))

    def call(self, *args):
        r = subprocess.run([self.cli, *map(str, args)], capture_output=True, text=True, timeout=600)
        return r.returncode, (r.stderr or r.stdout).strip()

    def run(self, model, x, folder):
        np.save(folder / "in.npy", x)
        status, message = self.call("run", "-q", "-m", model, "-i", folder / "in.npy", "-o", folder / "out.npy")
        if status:
            raise RuntimeError(message[-300:])
        return np.load(folder / "out.npy")

    def differences(self, case, ours):
        import check
        # in a process of its own: the toolkit's Python lacks Snappy
        r = subprocess.run(["/usr/bin/python3", self.tools / "fbz.py", "diff", ours, case / "model.fbz", "--ignore-version"],
                           capture_output=True, text=True)
        if r.returncode:
            yield from (r.stdout or r.stderr).strip().splitlines()[-3:]
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                check.check(case, ours)
        except check.Bad as e:
            yield "check.py: %s" % e

    def outputs(self, case, ours, arrays):
        """Ours against those of Keras and of the akida runtime; the first is a tuple of how many differ and by how much."""
        if "akida_forward" in arrays:
            x = arrays["input"]
            x = x if x.ndim == 4 else x.reshape((len(x), 1) + x.shape[1:]) if x.ndim == 3 else x.reshape(len(x), 1, 1, -1)
            got, want = self.run(ours, x, case), arrays["akida_forward"]
            if got.dtype != want.dtype or got.size != want.size or (got.reshape(want.shape) != want).any():
                yield "%d of %d outputs of the .fbz differ" % ((got.reshape(want.shape) != want).sum(), want.size)

        elif "keras_output" in arrays:  # the runtime ends its process on these models
            x, want = arrays["input"], arrays["keras_output"]
            got = self.run(ours, x.reshape((len(x), 1) + x.shape[1:]), case).reshape(want.shape)
            if (got != want).any():
                yield "%d of %d outputs of the .fbz are not those of Keras" % ((got != want).sum(), want.size)

    def fake(self, case, arrays):
        """How many outputs of the quantized Keras model differ, and the largest difference by the range of all."""
        if "keras_output" not in arrays:
            return None
        want = arrays["keras_output"].astype("f8")
        got = self.run(case / "model.h5", arrays["input"], case).astype("f8").reshape(want.shape)
        span = max(float(np.abs(want).max()), 1e-30)
        off = np.abs(got - want) / span
        return int((off > 1e-6).sum()), float(off.max()), want.size

    def judge(self, case):
        """(right, what is to say) of a case folder."""
        case = Path(case)
        doc = json.loads((case / "case.json").read_text())
        ours = case / "ours" / "model.fbz"
        ours.parent.mkdir(exist_ok=True)
        ours.unlink(missing_ok=True)
        status, message = self.call("convert", "-m", case / "model.h5", "-o", ours, "--target",
                                    doc["args"]["akida_version"])
        error = doc.get("expected_error")
        if error:
            text = error["type"] + ": " + " ".join(error["message"].split())[:110]
            return status == 1 and not ours.exists(), "refused by both: " + text if status == 1 else "not refused: " + text
        if status:
            return False, "refused: " + message[-300:]
        arrays = dict(np.load(case / "arrays.npz").items()) if (case / "arrays.npz").exists() else {}
        faults = list(self.differences(case, ours))[:3] + list(self.outputs(case, ours, arrays))
        said = "file and outputs equal" if "akida_forward" in arrays else "file equal"
        try:
            fake = self.fake(case, arrays)
        except RuntimeError as e:
            return False, "; ".join(faults + ["run of the .h5: %s" % e])
        if fake:
            said += ", Keras outputs " + ("equal" if not fake[0] else "%d of %d differ, by at most %.2g of the range" %
                                          (fake[0], fake[2], fake[1]))
            recurrent = b"StatefulRecurrent" in (case / "model.h5").read_bytes()
            if fake[0] > 0.005 * fake[2] and not recurrent:  # Keras computes those in binary32 (docs/differences.md)
                faults.append("Keras outputs: %d of %d differ, by up to %.2g of the range" % (fake[0], fake[2], fake[1]))
        return not faults, "; ".join(faults) or said
