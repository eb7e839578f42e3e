#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the library for 64-bit ARM (-Druntime_only=true) on x86-64 Debian, and under qemu, as a processor with and as one without
# dot products, runs the tests of kernels and simulator, and Akida models whose outputs must be those of this machine's build.
# Where the folder named by CNN2SNN_SHARED (default ../shared) exists, some golden cases as well. Takes some minutes.
#   tests/cross/aarch64.sh [--install] [--host DIR] [--build DIR] [meson setup options ...]
# --install gets compiler, emulator and libraries; --host names a build for this machine (default build-test).
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build-aarch64 host=build-test options=()
while [ $# -gt 0 ]; do
    case $1 in
    --install)
        dpkg --add-architecture arm64
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc-aarch64-linux-gnu qemu-user \
            libc6-dev:arm64 zlib1g-dev:arm64 libsnappy-dev:arm64 check:arm64 libpng-dev:arm64 libjpeg62-turbo-dev:arm64
        ;;
    --host) host=$2; shift ;;
    --build) build=$2; shift ;;
    *) options+=("$1") ;;
    esac
    shift
done
shared=$(realpath -m "${CNN2SNN_SHARED:-../shared}")
processors=(max cortex-a53)
golden='^(mnist|qml_convert_v[12]/(conv_pool_2_s2_same|conv_k5_s2_valid|depthwise_k5|depthwise_s2|dense_flatten|input_int16|int_resnet|lut_dense|add_844|concat_3|.*dvs.*|.*eye)$)'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# Runs a command that is right when it ends with 0.
checked() {
    if "$@" >"$work/log" 2>&1; then passed=$((passed + 1)); else
        cat "$work/log"
        echo "FAILED: $*"
        failed=$((failed + 1))
    fi
}

[ -f "$build/build.ninja" ] ||
    meson setup "$build" --cross-file tests/cross/aarch64.ini -Druntime_only=true -Ddocs=disabled "${options[@]}"
ninja -C "$build"
arm=$work/cnn2snn
printf '#!/bin/sh\nexec qemu-aarch64 "%s" "$@"\n' "$(realpath "$build/tools/cnn2snn/cnn2snn")" >"$arm"
chmod +x "$arm"
here=$host/tools/cnn2snn/cnn2snn
mnist=tests/data/mnist
[ ! -x "$here" ] || "$here" convert -m $mnist/mnist_iq8_wq4_aq4_qat.h5 -o "$work/mnist.fbz" >/dev/null
for processor in "${processors[@]}"; do
    echo "== $processor"
    export QEMU_CPU=$processor CK_DEFAULT_TIMEOUT=600
    for test in "$build"/tests/unit/test_{byte_product,byte_depthwise,convolution,functions,vectors,simul*[0-9ri]}; do
        echo "$test"
        checked qemu-aarch64 "$test"
        grep -h skipped "$work/log" | sort -u || true
    done
    if [ -x "$here" ]; then
        "$here" run -m "$work/mnist.fbz" -i $mnist/images_1000.npy -o "$work/here.npy"
        for kernels in plain neon neondot neoni8mm; do
            CNN2SNN_KERNELS=$kernels "$arm" run -m "$work/mnist.fbz" -i $mnist/images_1000.npy -o "$work/$kernels.npy" 2>"$work/said" ||
                { grep -q "expected one of" "$work/said" && echo "skipped: $kernels" && continue; }
            checked cmp "$work/here.npy" "$work/$kernels.npy"
        done
    else
        echo "skipped: no build for this machine in $host"
    fi
    [ -d "$shared/golden" ] || continue
    checked /usr/bin/python3 "$shared/tools/golden_run.py" --cli "$arm" --golden "$shared/golden" --what simulate,layers \
        --match "$golden" -j 2
    tail -n 1 "$work/log"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
