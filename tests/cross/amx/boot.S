/* SPDX-License-Identifier: Apache-2.0 */
/* A processor as GRUB leaves it, in 32 bits, is brought to 64 bits with vectors and tiles allowed; then run_tests(). */
.set MAGIC, 0xe85250d6                  /* multiboot2 */
.set LARGE_PAGES, 512                   /* of 2 MiB: the first GiB, where addresses stay what they are */
.set PAGING_FEATURES, 0x40620           /* of CR4: PAE, OSFXSR, OSXMMEXCPT, OSXSAVE */
.set STATES, 0x600e7                    /* of XCR0: x87, SSE, AVX, AVX-512, configuration and data of tiles */

.section .multiboot, "a"
.balign 8
header:
    .long MAGIC, 0, header_end - header, -(MAGIC + (header_end - header))
    .short 0, 0
    .long 8
header_end:

.section .bss
.balign 4096
level4: .skip 4096
level3: .skip 4096
level2: .skip 4096
.skip 1 << 18
stack:

.section .rodata
.balign 8
segments: .quad 0, 0x00af9a000000ffff
segments_pointer:
    .short 15
    .long segments

.section .text
.code32
.globl _start
_start:
    cli
    movl $level3 + 3, level4
    movl $level2 + 3, level3
    xorl %ecx, %ecx
map:
    movl %ecx, %eax
    shll $21, %eax
    orl $0x83, %eax
    movl %eax, level2(, %ecx, 8)
    movl $0, level2 + 4(, %ecx, 8)
    incl %ecx
    cmpl $LARGE_PAGES, %ecx
    jne map
    movl $level4, %eax
    movl %eax, %cr3
    movl %cr4, %eax
    orl $PAGING_FEATURES, %eax
    movl %eax, %cr4
    movl $0xc0000080, %ecx              /* EFER: long mode */
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl %cr0, %eax
    andl $~4, %eax                      /* no emulation of the FPU */
    orl $0x80000002, %eax               /* paging */
    movl %eax, %cr0
    lgdt segments_pointer
    ljmp $8, $in_64_bits

.code64
in_64_bits:
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %ecx, %ecx
    xorl %edx, %edx
    movl $STATES, %eax
    xsetbv
    movq $stack, %rsp
    call run_tests
stop:
    hlt
    jmp stop

.section .note.GNU-stack, "", @progbits
