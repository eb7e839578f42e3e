#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_corpus.py GOLDEN DUMP_IMAGE: corpora of keras_config, keras_model and hdf5_bytes from keras_load cases and tests/data,
and of rewrite from cases of the legacy toolkit.

Configs lose what no reader looks at (initializers, regularizers, constraints); models are taken where they are small.
DUMP_IMAGE is the program that the build makes of dump_image.c (ninja tests/fuzz/dump_image).
"""
import json
import pathlib
import shutil
import subprocess
import sys

import h5py

HERE = pathlib.Path(__file__).resolve().parent
IGNORED = ("_initializer", "_regularizer", "_constraint")
LARGEST_MODEL = 40_000


def slim(value):
    if isinstance(value, dict):
        return {k: slim(v) for k, v in value.items() if not k.endswith(IGNORED)}
    return [slim(v) for v in value] if isinstance(value, list) else value


def rewrites(golden):
    """Small architectures, each with another rewrite (byte 0) and other weights (byte 1)."""
    (HERE / "corpus/rewrite").mkdir(parents=True, exist_ok=True)
    paths = [p for g in ("legacy_transforms", "legacy_quantize", "legacy_errors") for p in sorted(golden.glob(g + "/*/model.h5"))]
    for number, path in enumerate(paths):
        with h5py.File(path) as file:
            text = json.dumps(slim(json.loads(file.attrs["model_config"])), separators=(",", ":")).encode()
        if len(text) < 3000:
            (HERE / "corpus/rewrite" / path.parent.name).write_bytes(bytes([number % 12, number]) + text)


def main():
    golden, dump_image = pathlib.Path(sys.argv[1]), sys.argv[2]
    rewrites(golden)
    for target in ("keras_config", "keras_model", "hdf5_bytes"):
        (HERE / "corpus" / target).mkdir(parents=True, exist_ok=True)
    models = sorted(golden.glob("keras_load/*_h5/model.h5")) + sorted((HERE.parent / "data/hdf5").glob("*.h5"))
    for path in models:
        name = path.parent.name if path.name == "model.h5" else path.stem
        try:
            with h5py.File(path) as file:
                config = slim(json.loads(file.attrs["model_config"]))
                flags = 1 if file.attrs.get("keras_version", "2")[0] == "2" else 7
            text = json.dumps(config, separators=(",", ":")).encode()
            if len(text) < 8000:
                (HERE / "corpus/keras_config" / name).write_bytes(bytes([flags]) + text)
        except (OSError, KeyError, TypeError, ValueError):
            pass
        if path.stat().st_size > LARGEST_MODEL:
            continue
        if path.parent.name == "hdf5" or "edit" in name:
            shutil.copyfile(path, HERE / "corpus/hdf5_bytes" / name)
        subprocess.run([dump_image, path, HERE / "corpus/keras_model" / name], check=False)


main()
