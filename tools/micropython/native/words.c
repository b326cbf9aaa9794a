// SPDX-License-Identifier: Apache-2.0
// Products of long numbers, the lowest word first: what both SM2 and RSA are made of.
#include <string.h>
#include "sm.h"

#pragma GCC optimize("O2")

#if defined(__ARM_ARCH_6M__)
uint32_t add_product(uint32_t *to, const uint32_t *a, uint32_t count, uint32_t by) {
    uint32_t carry = 0, top, x = by & 0xFFFF, y = by >> 16, z = (uint32_t)(a + count);
    // As below, carries in the flag: 37 cycles a word, where gcc makes 58 of it.
    __asm__ volatile(
        ".syntax unified\n"
        // kept by hand: gcc that optimises for size takes them for nobody's (and saves none)
        "mov %[top], r8\n"
        "push {%[top]}\n"
        "mov %[top], r9\n"
        "push {%[top]}\n"
        "mov %[top], r10\n"
        "push {%[top]}\n"
        "mov r8, %[x]\n" // low
        "mov r9, %[y]\n" // high
        "mov r10, %[z]\n" // end
        "1:\n"
        "ldmia %[a]!, {%[x]}\n"
        "uxth %[y], %[x]\n"
        "lsrs %[x], %[x], #16\n" // x above, y below
        "movs %[top], #0\n"
        "mov %[z], r8\n"
        "muls %[z], %[y]\n"
        "adds %[carry], %[carry], %[z]\n" // low * below
        "adcs %[top], %[top]\n"
        "mov %[z], r9\n"
        "muls %[y], %[z]\n" // high * below
        "muls %[z], %[x]\n"
        "adds %[top], %[top], %[z]\n" // high * above
        "mov %[z], r8\n"
        "muls %[x], %[z]\n" // low * above
        "lsls %[z], %[y], #16\n"
        "lsrs %[y], %[y], #16\n"
        "adds %[carry], %[carry], %[z]\n"
        "adcs %[top], %[y]\n"
        "lsls %[z], %[x], #16\n"
        "lsrs %[x], %[x], #16\n"
        "adds %[carry], %[carry], %[z]\n"
        "adcs %[top], %[x]\n"
        "ldr %[z], [%[to]]\n"
        "movs %[x], #0\n"
        "adds %[carry], %[carry], %[z]\n"
        "adcs %[top], %[x]\n"
        "stmia %[to]!, {%[carry]}\n"
        "mov %[carry], %[top]\n"
        "cmp %[a], r10\n"
        "bne 1b\n"
        "pop {%[top]}\n"
        "mov r10, %[top]\n"
        "pop {%[top]}\n"
        "mov r9, %[top]\n"
        "pop {%[top]}\n"
        "mov r8, %[top]\n"
        : [a] "+l"(a), [to] "+l"(to), [carry] "+l"(carry), [x] "+l"(x), [y] "+l"(y), [z] "+l"(z), [top] "=&l"(top)
        :
        : "r8", "r9", "r10", "cc", "memory");
    return carry;
}
#elif defined(SM_HALF_WORDS)
uint32_t add_product(uint32_t *to, const uint32_t *a, uint32_t count, uint32_t by) {
    uint32_t low = by & 0xFFFF, high = by >> 16, carry = 0;
    for (const uint32_t *end = a + count; a < end; a++, to++) {
        uint32_t below = *a & 0xFFFF, above = *a >> 16;
        uint32_t sum = low * below;
        uint32_t middle = high * below;
        uint32_t other = low * above;
        above *= high;
        below = middle << 16;
        sum += below;
        above += (middle >> 16) + (sum < below);
        below = other << 16;
        sum += below;
        above += (other >> 16) + (sum < below);
        sum += carry;
        above += sum < carry;
        below = *to;
        sum += below;
        carry = above + (sum < below);
        *to = sum;
    }
    return carry;
}
#else
uint32_t add_product(uint32_t *to, const uint32_t *a, uint32_t count, uint32_t by) {
    uint32_t carry = 0;
    for (uint32_t at = 0; at < count; at++) {
        uint64_t sum = (uint64_t)by * a[at] + to[at] + carry;
        to[at] = (uint32_t)sum;
        carry = (uint32_t)(sum >> 32);
    }
    return carry;
}
#endif

static int less(const uint32_t *a, const uint32_t *b, uint32_t count) {
    while (count--) {
        if (a[count] != b[count]) {
            return a[count] < b[count];
        }
    }
    return 0;
}

void rsa_product(uint32_t *x, const uint32_t *y, const uint32_t *modulus, uint32_t count) {
    uint32_t c[2 * RSA_WORDS + 1], by = 1;
    memset(c, 0, sizeof c);
    for (int times = 0; times < 5; times++) { // 1 / modulus modulo 2^32 (Newton): right bits double
        by *= 2 - modulus[0] * by;
    }
    for (uint32_t i = 0; i < count; i++) { // a word at a time: what makes the lowest one 0 (Montgomery)
        uint64_t sum = (uint64_t)c[i + count] + add_product(c + i, y, count, x[i]);
        c[i + count] = (uint32_t)sum;
        c[i + count + 1] += (uint32_t)(sum >> 32);
        sum = (uint64_t)c[i + count] + add_product(c + i, modulus, count, -(c[i] * by));
        c[i + count] = (uint32_t)sum;
        c[i + count + 1] += (uint32_t)(sum >> 32);
    }
    const uint32_t *made = c + count;
    if (made[count] || !less(made, modulus, count)) {
        uint32_t borrow = 0;
        for (uint32_t at = 0; at < count; at++) {
            uint64_t difference = (uint64_t)made[at] - modulus[at] - borrow;
            x[at] = (uint32_t)difference;
            borrow = (uint32_t)(difference >> 32) & 1;
        }
    } else {
        memcpy(x, made, count * sizeof(uint32_t));
    }
}
