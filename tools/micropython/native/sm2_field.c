// SPDX-License-Identifier: Apache-2.0
// The field of SM2, P = 2^256 - 2^224 - 2^96 + 2^64 - 1 (GB/T 32918.5 2).
//
// A processor whose multiplication gives 32 bits alone (Cortex-M0+) multiplies halves of words.
// Loops are not unrolled: on an RP2040 that would save a tenth of the time and cost 10 KB. Reduction needs no multiplication: 2^256 is 2^224 + 2^96 - 2^64 + 1, and what each
// upper word comes to in the lower eight is written out in reduce().
#include <string.h>
#include "sm.h"

#pragma GCC optimize("O2")

static const sm_number P = {
    0xFFFFFFFF, 0xFFFFFFFF, 0x00000000, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE,
};

void field_load(sm_number to, const uint8_t *from) {
    for (int at = 0; at < 8; at++) {
        const uint8_t *four = from + 4 * (7 - at);
        to[at] = (uint32_t)four[0] << 24 | (uint32_t)four[1] << 16 | (uint32_t)four[2] << 8 | four[3];
    }
}

void field_store(uint8_t *to, const sm_number from) {
    for (int at = 0; at < 8; at++, to += 4) {
        uint32_t word = from[7 - at];
        to[0] = word >> 24;
        to[1] = word >> 16;
        to[2] = word >> 8;
        to[3] = word;
    }
}

int field_is_zero(const sm_number a) {
    uint32_t any = 0;
    for (int at = 0; at < 8; at++) {
        any |= a[at];
    }
    return any == 0;
}

// to = a + b, returns the carry
static uint32_t plus(sm_number to, const sm_number a, const sm_number b) {
    uint64_t sum = 0;
    for (int at = 0; at < 8; at++) {
        sum += (uint64_t)a[at] + b[at];
        to[at] = (uint32_t)sum;
        sum >>= 32;
    }
    return (uint32_t)sum;
}

// to = a - b, returns the borrow, 0 or 1
static uint32_t minus(sm_number to, const sm_number a, const sm_number b) {
    uint32_t borrow = 0;
    for (int at = 0; at < 8; at++) {
        uint64_t difference = (uint64_t)a[at] - b[at] - borrow;
        to[at] = (uint32_t)difference;
        borrow = (uint32_t)(difference >> 32) & 1;
    }
    return borrow;
}

static int at_least_p(const sm_number a) {
    for (int at = 7; at >= 0; at--) {
        if (a[at] != P[at]) {
            return a[at] > P[at];
        }
    }
    return 1;
}

void field_add(sm_number to, const sm_number a, const sm_number b) {
    if (plus(to, a, b) || at_least_p(to)) {
        minus(to, to, P);
    }
}

void field_sub(sm_number to, const sm_number a, const sm_number b) {
    if (minus(to, a, b)) {
        plus(to, to, P);
    }
}

// to = c modulo P, c of sixteen words
static void reduce(sm_number to, const uint32_t c[16]) {
    int64_t t = (int64_t)c[13] + c[14] + c[15];
    int64_t all = t + t + c[8] + c[9] + c[10] + c[11] + c[12];
    // The carry has a sign, because of the third word; >> keeps it (gcc). The sum is never below 0.
    int64_t sum = all + c[0];
    to[0] = (uint32_t)sum;
    sum = (sum >> 32) + all - c[8] - c[13] + c[1];
    to[1] = (uint32_t)sum;
    sum = (sum >> 32) + c[2] - c[8] - c[9] - c[13] - c[14];
    to[2] = (uint32_t)sum;
    sum = (sum >> 32) + t + c[13] + c[12] + c[11] + c[8] + c[3];
    to[3] = (uint32_t)sum;
    sum = (sum >> 32) + t + c[14] + c[12] + c[9] + c[4];
    to[4] = (uint32_t)sum;
    sum = (sum >> 32) + t + c[15] + c[10] + c[5];
    to[5] = (uint32_t)sum;
    sum = (sum >> 32) + c[15] + c[14] + c[11] + c[6];
    to[6] = (uint32_t)sum;
    sum = (sum >> 32) + all + c[12] + c[15] + c[7];
    to[7] = (uint32_t)sum;
    uint32_t over = (uint32_t)(sum >> 32);
    while (over) { // at most 14 the first time, then at most 1
        uint64_t up = (uint64_t)to[0] + over;
        to[0] = (uint32_t)up;
        up = (up >> 32) + to[1];
        to[1] = (uint32_t)up;
        up = (up >> 32) + to[2] + 0x100000000u - over;
        to[2] = (uint32_t)up;
        up = (up >> 32) + to[3] + over - 1;
        to[3] = (uint32_t)up;
        for (int at = 4; at < 7; at++) {
            up = (up >> 32) + to[at];
            to[at] = (uint32_t)up;
        }
        up = (up >> 32) + to[7] + over;
        to[7] = (uint32_t)up;
        over = (uint32_t)(up >> 32);
    }
    if (at_least_p(to)) {
        minus(to, to, P);
    }
}

#if defined(__ARM_ARCH_6M__) || defined(SM_HALF_WORDS)
static uint64_t square_of(uint32_t a) {
    uint32_t low = a & 0xFFFF, high = a >> 16;
    return ((uint64_t)(high * high) << 32 | low * low) + ((uint64_t)(low * high) << 17);
}
#else
static uint64_t square_of(uint32_t a) { return (uint64_t)a * a; }
#endif

void field_mul(sm_number to, const sm_number a, const sm_number b) {
    uint32_t c[16];
    memset(c, 0, sizeof(sm_number));
    for (int i = 0; i < 8; i++) {
        c[i + 8] = add_product(c + i, b, 8, a[i]);
    }
    reduce(to, c);
}

void field_square(sm_number to, const sm_number a) {
    uint32_t c[16];
    memset(c, 0, sizeof c);
    for (int i = 0; i < 7; i++) { // what comes twice, once
        c[i + 8] = add_product(c + 2 * i + 1, a + i + 1, 7 - i, a[i]);
    }
    uint32_t bit = 0, carry = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t square = square_of(a[i]);
        uint32_t low = c[2 * i], high = c[2 * i + 1];
        uint64_t sum = (uint64_t)(low << 1 | bit) + (uint32_t)square + carry;
        c[2 * i] = (uint32_t)sum;
        sum = (sum >> 32) + (high << 1 | low >> 31) + (square >> 32);
        c[2 * i + 1] = (uint32_t)sum;
        carry = (uint32_t)(sum >> 32);
        bit = high >> 31;
    }
    reduce(to, c);
}

static void half(sm_number a, uint32_t top) { // (a + top * 2^256) / 2
    for (int at = 0; at < 7; at++) {
        a[at] = a[at] >> 1 | a[at + 1] << 31;
    }
    a[7] = a[7] >> 1 | top << 31;
}

static void half_modulo(sm_number a) {
    half(a, a[0] & 1 ? plus(a, a, P) : 0);
}

// 1 / a by halving (Stein); 0 for 0.
void field_inverse(sm_number to, const sm_number a) {
    sm_number u, v, x = {1}, y = {0};
    memcpy(u, a, sizeof u);
    memcpy(v, P, sizeof v);
    if (field_is_zero(u)) {
        memset(to, 0, sizeof u);
        return;
    }
    for (;;) { // a * x = u and a * y = v modulo P; v is odd, and u at the end 0
        while (!(u[0] & 1)) {
            half(u, 0);
            half_modulo(x);
        }
        sm_number difference;
        if (minus(difference, u, v)) { // u < v: they change places
            minus(difference, v, u);
            memcpy(v, u, sizeof v);
            memcpy(u, difference, sizeof u);
            sm_number before;
            memcpy(before, x, sizeof before);
            field_sub(x, y, x);
            memcpy(y, before, sizeof y);
        } else {
            memcpy(u, difference, sizeof u);
            field_sub(x, x, y);
        }
        if (field_is_zero(u)) {
            memcpy(to, y, sizeof y);
            return;
        }
    }
}

void sm2_product(uint8_t out[SM_NUMBER], const uint8_t *a, const uint8_t *b) {
    sm_number x, y;
    field_load(x, a);
    field_load(y, b);
    if (at_least_p(x)) {
        minus(x, x, P);
    }
    if (at_least_p(y)) {
        minus(y, y, P);
    }
    field_mul(x, x, y);
    field_store(out, x);
}
