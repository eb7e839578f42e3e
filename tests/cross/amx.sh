#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the products on x86's tiles (AMX-INT8) on an emulated processor that has them, and compares them with plain C.
#   tests/cross/amx.sh [BOCHS]
# Needs Bochs 3.0 or newer (Debian 12's is older; BOCHS may be a command with its arguments, such as "chroot DIR bochs") with its
# BIOS in /usr/share/bochs, grub-pc-bin, grub-common and xorriso. No operating system is needed: GRUB starts the test. Not part of CI.
set -euo pipefail
cd "$(dirname "$0")/../.."
bochs=${1:-bochs} work=${AMX_WORK:-$(mktemp -d)} inside=${AMX_INSIDE:-}
[ -n "$inside" ] || inside=$work # where BOCHS sees the folder
flags="-O2 -ffreestanding -fno-stack-protector -fno-pic -fno-pie -fcf-protection=none -std=gnu11 -Wall -Wextra -Ilib -Iinclude -DC2S_HAVE_AMX=1"
mkdir -p "$work/iso/boot/grub"
cc -c tests/cross/amx/boot.S -o "$work/boot.o"
cc $flags -mgeneral-regs-only -c tests/cross/amx/run_tests.c -o "$work/run_tests.o"
for variant in plain avx512vnni amx; do
    cc $flags -O3 -c "lib/kernels/byte_kernels_$variant.c" -o "$work/$variant.o"
done
ld -n -static -z noexecstack --no-warn-rwx-segments -T tests/cross/amx/amx.ld -o "$work/iso/boot/test" "$work"/*.o
printf 'set timeout=0\nmenuentry test {\n multiboot2 /boot/test\n boot\n}\n' >"$work/iso/boot/grub/grub.cfg"
grub-mkrescue -o "$work/test.iso" "$work/iso" >"$work/grub.log" 2>&1
cat >"$work/bochsrc" <<END
cpu: model=sapphire_rapids, ips=100000000, reset_on_triple_fault=0
memory: guest=256, host=256
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
display_library: rfb, options="timeout=0"
ata0-master: type=cdrom, path=$inside/test.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$inside/serial
log: $inside/log
panic: action=fatal
speaker: enabled=0
clock: sync=none
END
$bochs -q -f "$inside/bochsrc" >"$work/bochs.log" 2>&1 &
process=$!
trap 'kill -9 $process 2>/dev/null || true' EXIT
for _ in $(seq 200); do
    sleep 1
    line=$(grep -a 'passed' "$work/serial" 2>/dev/null | tr -d '\r') && break
    kill -0 $process 2>/dev/null || break
done
[ -n "${line:-}" ] || { echo "no result within 200 s: see $work/log"; exit 1; }
echo "$line"
[[ $line == *" 0 failed"* ]]
