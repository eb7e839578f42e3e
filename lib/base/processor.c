/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which instructions kernels may use. */
#include "base/processor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#include "base/error.h"

/* Each name stands for a kind of processor, with all that such ones have. */
static const struct choice {
    const char *name;
    uint32_t instructions;
} choices[] = {
    {"plain", 0},
#if defined(__x86_64__)
    {"avx2", C2S_HAS_AVX2},
    {"avx512", C2S_HAS_AVX2 | C2S_HAS_AVX512},
    {"avxvnni", C2S_HAS_AVX2 | C2S_HAS_AVX_VNNI},
    {"avx512vnni", C2S_HAS_AVX2 | C2S_HAS_AVX512 | C2S_HAS_AVX512_VNNI},
#ifdef C2S_HAVE_AMX
    {"amx", C2S_HAS_AVX2 | C2S_HAS_AVX512 | C2S_HAS_AVX512_VNNI | C2S_HAS_AMX},
#endif
#elif defined(__aarch64__)
    {"neon", C2S_HAS_NEON},
    {"neondot", C2S_HAS_NEON | C2S_HAS_NEON_DOT},
    {"neoni8mm", C2S_HAS_NEON | C2S_HAS_NEON_DOT | C2S_HAS_NEON_I8MM},
#endif
};

#if defined(__x86_64__)
/* Compilers' __builtin_cpu_supports doesn't know it everywhere. */
static int has_avx_vnni(void)
{
    unsigned eax = 0, ebx, ecx, edx;
    return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & 1u << 4);
}

/* Tiles are large, so that Linux gives room for them only to processes that ask: once, for all threads. */
static int may_use_tiles(void)
{
#if defined(__linux__)
    enum { ASK_FOR_STATE = 0x1023, TILE_DATA = 18 };
    return !syscall(SYS_arch_prctl, ASK_FOR_STATE, TILE_DATA);
#else
    return 0;
#endif
}

static int has_amx(void)
{
    enum { AMX_TILE = 1 << 24, AMX_INT8 = 1 << 25, TILE_STATE = 1 << 17 | 1 << 18 };
    unsigned eax = 0, ebx, ecx, edx = 0;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || (edx & AMX_TILE) == 0 || (edx & AMX_INT8) == 0)
        return 0;
    __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0)); /* there, as AVX2 is */
    return (eax & TILE_STATE) == TILE_STATE && may_use_tiles();
}

uint32_t c2s_processor_instructions(void)
{
    uint32_t found = 0;
    if (!__builtin_cpu_supports("avx2"))
        return found;
    found |= C2S_HAS_AVX2 | (has_avx_vnni() ? C2S_HAS_AVX_VNNI : 0);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        found |= C2S_HAS_AVX512 | (__builtin_cpu_supports("avx512vnni") ? C2S_HAS_AVX512_VNNI : 0);
    return found;
}

uint32_t c2s_processor_all_instructions(void)
{
    uint32_t found = c2s_processor_instructions();
    return found & C2S_HAS_AVX512_VNNI && has_amx() ? found | C2S_HAS_AMX : found;
}
#elif defined(__aarch64__)
uint32_t c2s_processor_instructions(void)
{
    uint32_t found = C2S_HAS_NEON; /* all of them have it */
#ifdef __ARM_FEATURE_DOTPROD
    found |= C2S_HAS_NEON_DOT;
#endif
#ifdef __ARM_FEATURE_MATMUL_INT8
    found |= C2S_HAS_NEON_I8MM;
#endif
#if defined(__linux__)
    enum { DOT_PRODUCTS = 1 << 20, MATRIX_PRODUCTS = 1 << 13 }; /* the kernel's bits of AT_HWCAP and AT_HWCAP2 */
    if (getauxval(AT_HWCAP) & DOT_PRODUCTS)
        found |= C2S_HAS_NEON_DOT;
    if (getauxval(AT_HWCAP2) & MATRIX_PRODUCTS)
        found |= C2S_HAS_NEON_I8MM;
#endif
    return found;
}
#else
uint32_t c2s_processor_instructions(void)
{
    return 0;
}
#endif

#if !defined(__x86_64__)
uint32_t c2s_processor_all_instructions(void)
{
    return c2s_processor_instructions();
}
#endif

const char *c2s_processor_choice(size_t number, uint32_t *out_instructions)
{
    if (number >= sizeof choices / sizeof *choices)
        return NULL;
    *out_instructions = choices[number].instructions;
    return choices[number].name;
}

static cnn2snn_status refuse_name(const char *what, const char *name, cnn2snn_error **error)
{
    uint32_t found = c2s_processor_all_instructions(), wanted;
    char usable[80] = "";
    size_t used = 0;
    const char *choice;
    for (size_t i = 0; (choice = c2s_processor_choice(i, &wanted)); i++)
        if (!(wanted & ~found) && used < sizeof usable)
            used += (size_t)snprintf(usable + used, sizeof usable - used, "%s%s", i ? ", " : "", choice);
    return c2s_error(NULL, error, CNN2SNN_E_VALUE, "A-range", "%s is '%.40s', expected one of %s", what, name,
                     usable);
}

cnn2snn_status c2s_processor_choose(const char *name, uint32_t *out_instructions, cnn2snn_error **error)
{
    const char *text = name ? name : getenv("CNN2SNN_KERNELS"), *choice;
    uint32_t found = c2s_processor_instructions(), wanted;
    *out_instructions = found;
    if (!text)
        return CNN2SNN_OK;
    for (size_t i = 0; (choice = c2s_processor_choice(i, &wanted)); i++) {
        if (strcmp(choice, text))
            continue;
        if (wanted & ~found && wanted & ~c2s_processor_all_instructions())
            break;
        *out_instructions = wanted;
        return CNN2SNN_OK;
    }
    return refuse_name(name ? "kernels" : "environment variable CNN2SNN_KERNELS", text, error);
}
