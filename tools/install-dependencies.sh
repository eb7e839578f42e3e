#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs by apt what is missing to build libcnn2snn on Debian 12; with --tests what its tests need as well.
set -euo pipefail
packages="gcc libc6-dev meson ninja-build pkg-config libhdf5-dev libjansson-dev libsnappy-dev zlib1g-dev libpng-dev libjpeg62-turbo-dev"
[ "${1:-}" != --tests ] || packages="$packages g++ check clang llvm libclang-rt-14-dev doxygen python3 python3-numpy python3-h5py python3-snappy"
if [ "${1:-}" = --tests ] && ! command -v cargo >/dev/null; then
    packages="$packages cargo"
fi
missing=""
for p in $packages; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
root=""
[ "$(id -u)" = 0 ] || root=sudo
echo "installing:$missing"
$root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
