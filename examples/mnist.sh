#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing (Debian 12), builds, and runs the main job on the shipped model: a float network of
# handwritten digits is quantized, converted for Akida 1.0, and evaluated on 1,000 images.
set -euo pipefail
cd "$(dirname "$0")/.."
step() { printf '\n[%d/6] %s\n' "$1" "$2"; }

step 1 "Installing what is missing"
tools/install-dependencies.sh
step 2 "Building"
[ -f build/build.ninja ] || meson setup build -Dtests=false -Ddocs=disabled >/dev/null
ninja -C build | tail -n 1
cnn2snn=build/tools/cnn2snn/cnn2snn data=tests/data/mnist out=build/mnist
mkdir -p "$out"
step 3 "The float model"
"$cnn2snn" inspect -m "$data/mnist_float.h5"
"$cnn2snn" evaluate -m "$data/mnist_float.h5" -i "$data/images_1000.npy" -l "$data/labels_1000.npy"
step 4 "Quantizing to 4-bit weights and activations (8 bits in the first layer)"
"$cnn2snn" quantize -m "$data/mnist_float.h5" -wq 4 -aq 4 -iq 8 -o "$out/mnist_iq8_wq4_aq4.h5"
"$cnn2snn" evaluate -m "$out/mnist_iq8_wq4_aq4.h5" -i "$data/images_1000.npy" -l "$data/labels_1000.npy"
step 5 "Converting for Akida 1.0, and the same for the model that was trained further after quantizing"
"$cnn2snn" convert -m "$out/mnist_iq8_wq4_aq4.h5"
"$cnn2snn" evaluate -m "$data/mnist_iq8_wq4_aq4_qat.h5" -i "$data/images_1000.npy" -l "$data/labels_1000.npy"
"$cnn2snn" convert -m "$data/mnist_iq8_wq4_aq4_qat.h5" -o "$out/mnist_iq8_wq4_aq4_qat.fbz"
step 6 "The Akida model"
"$cnn2snn" inspect -m "$out/mnist_iq8_wq4_aq4_qat.fbz"
echo
echo "Akida models: $PWD/$out/mnist_iq8_wq4_aq4.fbz"
echo "              $PWD/$out/mnist_iq8_wq4_aq4_qat.fbz"
