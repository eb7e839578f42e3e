#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzz targets with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer and runs each over its corpus.
#   tests/fuzz/run.sh [--build DIR] [--seconds N] [--new DIR] [TARGET ...]
# --new DIR: keep what is found beside the corpus there (otherwise it is thrown away).
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build-fuzz seconds=5 new="" targets=()
while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2; shift ;;
    --seconds) seconds=$2; shift ;;
    --new) new=$2; shift ;;
    *) targets+=("$1") ;;
    esac
    shift
done
[ -f "$build/build.ninja" ] || CC=clang meson setup "$build" -Dfuzzing_engine=libfuzzer -Ddocs=disabled >/dev/null
ninja -C "$build" $(cd "$build" && ninja -t targets all | sed -nE 's,^(tests/fuzz/fuzz_[a-z0-9_]+):.*,\1,p') >/dev/null
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
[ ${#targets[@]} -gt 0 ] || targets=($(cd tests/fuzz/corpus && echo *))
build=$(cd "$build" && pwd) corpus=$PWD/tests/fuzz/corpus
bad=0
for target in "${targets[@]}"; do
    found=${new:-$scratch}/$target
    mkdir -p "$found"
    if (cd "$scratch" && ASAN_OPTIONS=detect_leaks=1 "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -rss_limit_mb=4096 \
        -timeout=25 -print_final_stats=1 "$found" "$corpus/$target") >"$scratch/log" 2>&1; then
        printf 'ok      %-16s %s executions in %d s\n' "$target" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log")" "$seconds"
    else
        bad=$((bad + 1))
        printf 'FAILED  %s\n' "$target"
        tail -n 40 "$scratch/log"
    fi
done
[ "$bad" = 0 ]
