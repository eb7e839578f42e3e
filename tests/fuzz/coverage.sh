#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints which share of the lines of each file that reads what others wrote is reached by the fuzz corpora, file by file.
#   tests/fuzz/coverage.sh [--build DIR] [--least PERCENT] [--lines FILE] [TARGET ...]
# Without TARGET: those of .fbz files and of images. --least: fail where a file is below (default 80).
# --lines FILE: print the lines of FILE (lib/akida/fbz_read.c) that nothing reaches.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build-coverage least=80 lines="" targets=()
while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2; shift ;;
    --least) least=$2; shift ;;
    --lines) lines=$2; shift ;;
    *) targets+=("$1") ;;
    esac
    shift
done
[ ${#targets[@]} -gt 0 ] || targets=(fbz fbz_run image)
flags="-fprofile-instr-generate -fcoverage-mapping"
[ -f "$build/build.ninja" ] || CC=clang meson setup "$build" -Ddocs=disabled --buildtype=debug -Dc_args="$flags" \
    -Dc_link_args="$flags" >/dev/null
ninja -C "$build" "${targets[@]/#/tests/fuzz/fuzz_}" >/dev/null
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
objects=() sources=()
for target in "${targets[@]}"; do
    LLVM_PROFILE_FILE="$scratch/$target.profraw" "$build/tests/fuzz/fuzz_$target" "tests/fuzz/corpus/$target" >/dev/null
    objects+=(-object "$build/tests/fuzz/fuzz_$target")
    case $target in
    fbz*) sources+=(lib/akida/fbz_read.c lib/akida/fbz_old.c lib/akida/flatbuffer_reader.c lib/akida/snappy_block.c
        lib/akida/akida_model.c lib/akida/akida_shapes.c lib/akida/akida_verify.c lib/akida/variables.c lib/akida/kinds.c) ;;
    image) sources+=(tools/cnn2snn/image.c tools/cnn2snn/image_png.c tools/cnn2snn/image_jpeg.c) ;;
    keras*) sources+=(lib/formats/keras_*.c) ;;
    esac
done
objects=("${objects[@]:1}") # the first one goes without its option
llvm-profdata merge -sparse "$scratch"/*.profraw -o "$scratch/all"
llvm-cov export "${objects[@]}" -instr-profile="$scratch/all" -summary-only >"$scratch/summary"
if [ -n "$lines" ]; then
    llvm-cov show "${objects[@]}" -instr-profile="$scratch/all" | sed 's/\x1b\[[0-9;]*m//g' |
        awk -v file="$lines" '/^\// { on = index($0, "/" file ":") } on && /^ *[0-9]+\| *0\|/'
    exit 0
fi
python3 -c '
import json, os, sys
least, wanted, bad = float(sys.argv[2]), set(sys.argv[3:]), 0
print("%-34s %6s %8s %8s" % ("file", "lines", "reached", "percent"))
for file in json.load(open(sys.argv[1]))["data"][0]["files"]:
    name, lines = os.path.relpath(file["filename"]), file["summary"]["lines"]
    if name in wanted:
        wanted.remove(name)
        bad += lines["percent"] < least
        print("%-34s %6d %8d %8.1f" % (name, lines["count"], lines["covered"], lines["percent"]))
sys.exit("below %g %%: %d files" % (least, bad) if bad else "not there: %s" % ", ".join(wanted) if wanted else 0)' \
    "$scratch/summary" "$least" "${sources[@]}"
