#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rust.sh RUSTC MAIN.rs LIBRARY MODEL.h5: compiles the program against the library and runs it. Ends with 77 (skipped)
# without a compiler.
set -eu
command -v "$1" >/dev/null || exit 77
library=$(dirname "$(realpath "$3")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" --edition 2021 -D warnings -o "$work/main" "$2" -L "$library" -l dylib=cnn2snn
LD_LIBRARY_PATH=$library "$work/main" "$4" "$work"
